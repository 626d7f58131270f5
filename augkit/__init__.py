"""augkit: turn a small image data set into a large, trustworthy one, and train on it.

The public names, resolved when they are first used: importing augkit costs nothing, and never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from augkit.core.key import Key as Key
    from augkit.core.key import Stream as Stream
    from augkit.core.ops import ColorMatrix as ColorMatrix
    from augkit.core.ops import Curve as Curve
    from augkit.core.ops import Homography as Homography
    from augkit.core.ops import Op as Op
    from augkit.core.ops import Warp as Warp
    from augkit.core.plan import Plan as Plan
    from augkit.executors import run as run
    from augkit.images import read as read
    from augkit.pipeline import Pipeline as Pipeline
    from augkit.pipeline.pipeline_file import dump as dump
    from augkit.pipeline.pipeline_file import load as load
    from augkit.targets.box_forms import boxes as boxes
    from augkit.targets.box_forms import boxes_as as boxes_as
    from augkit.targets.sample import Sample as Sample
    from augkit.targets.scene import Scene as Scene
    from augkit.transforms.colour import *
    from augkit.transforms.combinators import *
    from augkit.transforms.crops import *
    from augkit.transforms.external import *
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

_HOMES = {
    "Key": "core.key",
    "Stream": "core.key",
    "ColorMatrix": "core.ops",
    "Curve": "core.ops",
    "Homography": "core.ops",
    "Op": "core.ops",
    "Warp": "core.ops",
    "Plan": "core.plan",
    "Sample": "targets",
    "Scene": "targets",
    "ColorStatistics": "transforms.colour",
    "Pipeline": "pipeline",
    "Range": "transforms.transform",
    "Style": "transforms.style",
    "Transform": "transforms.transform",
    "boxes": "targets.box_forms",
    "boxes_as": "targets.box_forms",
    "pick": "transforms.transform",
    "dump": "pipeline",
    "load": "pipeline",
    "read": "images",
    "run": "executors",
    "transform": "transforms.transform",
}


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _HOMES:
        globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)  # found at once from now on
        return globals()[name]
    from augkit.errors import ArgumentError
    from augkit.transforms import find

    try:
        return find(name)
    except ArgumentError as error:
        raise AttributeError(f"augkit.{name}: {error.message}") from None


def __dir__() -> list[str]:
    from augkit.transforms import REGISTRY

    return sorted([*_HOMES, *REGISTRY])
