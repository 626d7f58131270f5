"""augkit: turn a small image data set into a large, trustworthy one, and train on it.

The public names, resolved when they are first used: importing augkit costs nothing, and never imports torch. They are
listed in ``augkit.__all__``: those below, and every transform. `docs/compatibility.md` says what they promise.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from augkit.choose import ChooseConfig as ChooseConfig, choose as choose
    from augkit.core.key import Key as Key, Stream as Stream
    from augkit.core.ops import (
        ColorMatrix as ColorMatrix,
        Curve as Curve,
        Homography as Homography,
        Op as Op,
        Warp as Warp,
    )
    from augkit.core.plan import Plan as Plan
    from augkit.errors import (
        ArgumentError as ArgumentError,
        AugkitError as AugkitError,
        DecodeError as DecodeError,
        ExtensionError as ExtensionError,
        FileError as FileError,
        JobError as JobError,
        MissingExtra as MissingExtra,
        SampleError as SampleError,
        Unreachable as Unreachable,
    )
    from augkit.executors import run as run
    from augkit.expand import ExpandConfig as ExpandConfig, expand as expand, replay as replay, verify as verify
    from augkit.images import read as read
    from augkit.integrations.albumentations import Albumentations as Albumentations
    from augkit.pipeline import Pipeline as Pipeline, dump as dump, load as load
    from augkit.preview import show as show
    from augkit.targets.box_forms import boxes as boxes, boxes_as as boxes_as
    from augkit.targets.sample import Sample as Sample
    from augkit.targets.scene import Scene as Scene
    from augkit.train import TrainConfig as TrainConfig, predict as predict, train as train
    from augkit.transforms.colour import *
    from augkit.transforms.combinators import *
    from augkit.transforms.crops import *
    from augkit.transforms.filters import *
    from augkit.transforms.geometry import *
    from augkit.transforms.levels import *
    from augkit.transforms.policies import *
    from augkit.transforms.style import *
    from augkit.transforms.texture import *
    from augkit.transforms.transform import Range as Range, Transform as Transform, pick as pick, transform as transform
    from augkit.transforms.warps import *
    from augkit.why import WhyConfig as WhyConfig, why as why

    __all__: list[str]
    __version__: str

# The names by their modules; transforms come from their register. A test holds this to the imports above.
_NAMES = {
    "choose": "ChooseConfig choose",
    "core.key": "Key Stream",
    "core.ops": "ColorMatrix Curve Homography Op Warp",
    "core.plan": "Plan",
    "errors": "ArgumentError AugkitError DecodeError ExtensionError FileError JobError"
    " MissingExtra SampleError Unreachable",
    "executors": "run",
    "expand": "ExpandConfig expand replay verify",
    "images": "read",
    "integrations.albumentations": "Albumentations",
    "pipeline": "Pipeline dump load",
    "preview": "show",
    "targets.box_forms": "boxes boxes_as",
    "targets.sample": "Sample",
    "targets.scene": "Scene",
    "train": "TrainConfig predict train",
    "transforms.colour": "ColorStatistics",
    "transforms.style": "Style",
    "transforms.transform": "Range Transform pick transform",
    "why": "WhyConfig why",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


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
    if name.islower() and find_spec(f"{__name__}.{name}") is not None:
        return import_module(f"{__name__}.{name}")  # a room
    from augkit.errors import ArgumentError, ExtensionError, closest
    from augkit.transforms import find
    from augkit.transforms.finding import elsewhere

    try:
        return find(name)
    except ArgumentError as error:
        nearest = "" if name in elsewhere() else closest(name, __dir__())
        message = f"there is no such name.{nearest}" if nearest else error.message
        raise AttributeError(f"augkit.{name}: {message}") from None
    except ExtensionError as error:  # the name may be that of a step in it
        raise AttributeError(f"augkit.{name}: {error}") from error


def __dir__() -> list[str]:
    from augkit.transforms import TRANSFORMS

    own = (name for name in TRANSFORMS.own() if TRANSFORMS[name].__module__.startswith(f"{__name__}."))
    return sorted(sorted({*_HOMES, *own, "__version__"}), key=str.casefold)  # Transform before transform, always
