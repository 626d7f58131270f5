"""The package Albumentations, opened when it is first needed, and those of its transforms that can be a step.

They are found by name in its own registry, never by import path.
"""

import inspect
import json
import os
import re
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

from augkit.core.arrays import Json, JsonObject
from augkit.core.ops.external import Motion
from augkit.errors import ArgumentError, MissingExtra, closest

_ASKS_THE_NETWORK = "NO_ALBUMENTATIONS_UPDATE"  # unless it is set, importing the package looks for a newer one
METADATA = "metadata"  # beside the arguments: what a call of the transform takes beside the picture
REFUSED = {
    "Lambda": "it holds functions, which cannot be written down",
    "Normalize": "its values lie outside the picture's range, and normalisation belongs to the model",
    "ToRGB": "it changes the number of channels",
    "ToTensorV2": "a tensor is no picture: loaders make it",
}
_PLACES = "Give pictures by their paths, in a list or under 'image'."
_TARGETS = ("image", "mask", "bboxes", "keypoints")
_OURS = ("p", "strict")  # every transform has these; a chance belongs beside the step
# What becomes of the picture's points. All that are not named here and change more than colours move them by a
# homography, perhaps into a picture of another size.
_MOTIONS: dict[Motion, frozenset[str]] = {
    "stay": frozenset({
        *("CoarseDropout", "ConstrainedCoarseDropout", "Erasing", "FrequencyMasking", "GridDropout", "MaskDropout"),
        *("Morphological", "NoOp", "OverlayElements", "PixelDropout", "TimeMasking", "XYMasking"),
    }),
    "bend": frozenset({
        *("ElasticTransform", "GridDistortion", "GridElasticDeform", "OpticalDistortion", "PiecewiseAffine"),
        "ThinPlateSpline",
    }),
    "tear": frozenset({"RandomGridShuffle"}),
    "mix": frozenset({"Mosaic"}),
}  # fmt: skip
# These do nothing but resize: where points go, the size that comes out says better than they do, who round it.
RESIZES = frozenset({"LongestMaxSize", "RandomScale", "Resize", "SmallestMaxSize"})
# These count points from the picture's corner, all others from the centre of its first pixel.
_FROM_CORNER = RESIZES | {"CropAndPad", "Mosaic", "RandomResizedCrop", "RandomSizedBBoxSafeCrop", "RandomSizedCrop"}


@cache
def albumentations() -> Any:
    """Return the package; importing it touches no network.

    Raises:
        MissingExtra: it is not installed, or cannot be imported.
    """
    before = os.environ.get(_ASKS_THE_NETWORK)
    os.environ[_ASKS_THE_NETWORK] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages it loads; nothing here can mend them
            import albumentations as package
    except Exception:  # whatever is wrong with it, nothing else depends on it
        advice = "Run: pip install 'augkit[albumentations]'"
        raise MissingExtra(f"must be installed to use its transforms. {advice}", "albumentations") from None
    finally:
        if before is None:
            del os.environ[_ASKS_THE_NETWORK]
        else:
            os.environ[_ASKS_THE_NETWORK] = before
    return package


@cache
def names() -> Mapping[str, type]:
    """Return the public classes of transforms that take a picture, by name."""
    package = albumentations()
    interface = package.core.transforms_interface
    found: dict[str, type] = {}
    for cls in package.core.serialization.SERIALIZABLE_REGISTRY.values():
        name = cls.__name__
        if not issubclass(cls, interface.BasicTransform) or issubclass(cls, interface.Transform3D) or name in REFUSED:
            continue
        is_base = cls.apply is interface.BasicTransform.apply  # which does nothing by itself
        if not is_base and vars(package).get(name) == cls:
            found[name] = cls
    return dict(sorted(found.items()))


def find(name: str) -> type:
    """Return the class of a transform."""
    if name in REFUSED:
        raise ArgumentError(f"must be a transform that can be a step, got {name}: {REFUSED[name]}.", "albumentations")
    if name not in names():
        raise ArgumentError(f"no transform is called {name!r}.{closest(name, names())}", "albumentations")
    return names()[name]


def check_arguments(name: str, params: str) -> None:
    """Refuse arguments that the transform does not take."""
    given, where = json.loads(params), f"albumentations.{name}"
    known = [argument for argument in _taken(find(name)) if argument not in _OURS]
    for argument in given:
        if argument == "p":
            raise ArgumentError("has no argument 'p' here: the step is done always. Write chance beside it.", where)
        if argument not in (*known, METADATA):
            advice = f"{closest(argument, known)} It takes {', '.join(known) or 'none'}."
            raise ArgumentError(f"has no argument {argument!r}.{advice}", where)
    beside = wanted_beside(built(name, given))
    if beside and METADATA not in given:
        raise ArgumentError(f"must get {METADATA}: what its call takes as {beside}. {_PLACES}", where)
    if METADATA in given and not beside:
        raise ArgumentError(f"takes no {METADATA}. Leave it out.", where)
    if isinstance(given.get(METADATA), str):
        raise ArgumentError(f"must be what its call takes as {beside}, got a text. {_PLACES}", f"{where}.{METADATA}")


def without_derived(name: str, given: Mapping[str, Json]) -> JsonObject:
    """Return the arguments without those that only a base class takes: saving writes these too, made of the others."""
    cls = find(name)
    derived = {argument for base in cls.__mro__[1:-1] for argument in _taken(base)} - set(_taken(cls))
    return {argument: value for argument, value in given.items() if argument not in derived}


def _taken(cls: type[Any]) -> list[str]:
    return list(inspect.signature(cls.__init__).parameters)[1:]


def wanted_beside(transform: Any) -> str:
    """Return the keyword under which a transform's call wants more than the picture and its labels, or nothing."""
    return next((key for key in transform.targets_as_params if key not in _TARGETS), "")


def built(name: str, given: Mapping[str, Json]) -> Any:
    """Return a transform that is always done."""
    arguments = {argument: value for argument, value in given.items() if argument != METADATA}
    cls = find(name)
    strict = {"strict": True} if "InitSchema" in vars(cls) else {}  # else it would only warn, and take its defaults
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # advice to take another of its transforms
            return cls(**arguments, p=1.0, **strict)
    except (ValueError, TypeError, KeyError) as fault:
        told = " ".join(str(fault).split()).partition(" [type=")[0]
        told = re.sub(r"^\d+ validation errors? for InitSchema ", "", told)
        told = told.replace(" Input should be ", " must be ").removesuffix(".")
        raise ArgumentError(f"must get arguments that it takes, got: {told:.200}.", f"albumentations.{name}") from None


@cache
def motion_of(name: str) -> Motion:
    """Tell what becomes of the picture's points."""
    if issubclass(find(name), albumentations().ImageOnlyTransform):
        return "none"
    return next((motion for motion, found in _MOTIONS.items() if name in found), "map")


def origin_of(name: str) -> float:
    """Return how far from the picture's corner a transform's points have their origin, along x and y, in pixels."""
    return 0.0 if name in _FROM_CORNER else 0.5
