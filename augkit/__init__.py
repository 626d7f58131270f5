"""augkit: turn a small image data set into a large, trustworthy one, and train on it.

The public names, resolved when they are first used: importing augkit costs nothing, and never imports torch. They are
listed in ``augkit.__all__``: those below, and every transform. `docs/compatibility.md` says what they promise.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from augkit.core.key import Key as Key
    from augkit.core.key import Stream as Stream
    from augkit.core.ops import ColorMatrix as ColorMatrix
    from augkit.core.ops import Curve as Curve
    from augkit.core.ops import Homography as Homography
    from augkit.core.ops import Op as Op
    from augkit.core.ops import Warp as Warp
    from augkit.core.plan import Plan as Plan
    from augkit.errors import ArgumentError as ArgumentError
    from augkit.errors import AugkitError as AugkitError
    from augkit.errors import DecodeError as DecodeError
    from augkit.errors import ExtensionError as ExtensionError
    from augkit.errors import FileError as FileError
    from augkit.errors import JobError as JobError
    from augkit.errors import MissingExtra as MissingExtra
    from augkit.errors import SampleError as SampleError
    from augkit.errors import Unreachable as Unreachable
    from augkit.executors import run as run
    from augkit.expand import ExpandConfig as ExpandConfig
    from augkit.expand import expand as expand
    from augkit.expand import replay as replay
    from augkit.expand import verify as verify
    from augkit.images import read as read
    from augkit.integrations.albumentations import Albumentations as Albumentations
    from augkit.pipeline import Pipeline as Pipeline
    from augkit.pipeline import dump as dump
    from augkit.pipeline import load as load
    from augkit.preview import show as show
    from augkit.targets.box_forms import boxes as boxes
    from augkit.targets.box_forms import boxes_as as boxes_as
    from augkit.targets.sample import Sample as Sample
    from augkit.targets.scene import Scene as Scene
    from augkit.train import train as train
    from augkit.transforms.colour import *
    from augkit.transforms.combinators import *
    from augkit.transforms.crops import *
    from augkit.transforms.filters import *
    from augkit.transforms.geometry import *
    from augkit.transforms.levels import *
    from augkit.transforms.policies import *
    from augkit.transforms.style import *
    from augkit.transforms.texture import *
    from augkit.transforms.transform import Range as Range
    from augkit.transforms.transform import Transform as Transform
    from augkit.transforms.transform import pick as pick
    from augkit.transforms.transform import transform as transform
    from augkit.transforms.warps import *

    __all__: list[str]
    __version__: str

# Where the names come from; transforms come from their register. A test holds this to what type checkers read above.
_HOMES = {
    "Albumentations": "integrations.albumentations",
    "ArgumentError": "errors",
    "AugkitError": "errors",
    "ColorMatrix": "core.ops",
    "ColorStatistics": "transforms.colour",
    "Curve": "core.ops",
    "DecodeError": "errors",
    "ExpandConfig": "expand",
    "ExtensionError": "errors",
    "FileError": "errors",
    "Homography": "core.ops",
    "JobError": "errors",
    "Key": "core.key",
    "MissingExtra": "errors",
    "Op": "core.ops",
    "Pipeline": "pipeline",
    "Plan": "core.plan",
    "Range": "transforms.transform",
    "Sample": "targets.sample",
    "SampleError": "errors",
    "Scene": "targets.scene",
    "Stream": "core.key",
    "Style": "transforms.style",
    "Transform": "transforms.transform",
    "Unreachable": "errors",
    "Warp": "core.ops",
    "boxes": "targets.box_forms",
    "boxes_as": "targets.box_forms",
    "dump": "pipeline",
    "expand": "expand",
    "load": "pipeline",
    "pick": "transforms.transform",
    "read": "images",
    "replay": "expand",
    "run": "executors",
    "show": "preview",
    "train": "train",
    "transform": "transforms.transform",
    "verify": "expand",
}


def __getattr__(name: str) -> object:
    if name == "__all__":
        return __dir__()
    if name == "__version__":
        from importlib.metadata import version

        return version("augkit")
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HOMES:
        home = import_module(f"{__name__}.{_HOMES[name]}")
        if name == _HOMES[name]:  # a package that is called like its function
            return home
        globals()[name] = getattr(home, name)  # found at once from now on
        return globals()[name]
    from augkit.errors import ArgumentError, closest
    from augkit.transforms import find
    from augkit.transforms.other_names import ELSEWHERE

    try:
        return find(name)
    except ArgumentError as error:
        nearest = "" if name in ELSEWHERE else closest(name, __dir__())
        message = f"there is no such name.{nearest}" if nearest else error.message
        raise AttributeError(f"augkit.{name}: {message}") from None


def __dir__() -> list[str]:
    from augkit.transforms import TRANSFORMS

    own = (name for name, cls in TRANSFORMS.items() if cls.__module__.startswith(f"{__name__}."))
    return sorted({*_HOMES, *own, "__version__"}, key=str.casefold)
