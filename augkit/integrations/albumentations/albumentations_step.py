"""Transforms of Albumentations as steps under their own names, and Albumentations as the `Library` of `External`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
import pydantic

from augkit.core.arrays import Json, JsonObject, Points, Rows
from augkit.core.key import Stream
from augkit.core.ops import External, Op
from augkit.core.ops.external import LIBRARIES, MAX_SEED, Library, Subject, frozen_params
from augkit.core.spatial import IDENTITY, Matrix, Size, apply, mirror, onto_corners, size_of
from augkit.errors import SampleError
from augkit.integrations.albumentations.inside import as_step
from augkit.integrations.albumentations.reference_pictures import files_of, identified, named, pinned, seen_from
from augkit.integrations.albumentations.registry import check_arguments, motion_of, without_derived
from augkit.integrations.albumentations.running import MASK, perform
from augkit.targets.scene import Scene
from augkit.transforms.finding import FOREIGN, ForeignStep
from augkit.transforms.transform import transform

LIBRARY = "albumentations"
PACKAGES = (LIBRARY, "albucore", "scipy")

_FLIPS = {"HorizontalFlip": "horizontal", "TimeReverse": "horizontal", "VerticalFlip": "vertical"}  # need no try
_BY_MASK = ("CropNonEmptyMaskIfExists",)  # they choose by what a mask shows, which no scene knows
_BY_BOXES = ("AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "RandomSizedBBoxSafeCrop")
_FIT_PX = 0.02  # float32 holds no finer place in a large picture
# Corners first, clockwise; the others must lie where the corners' homography brings them.
_PROBES = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.25, 0.6], [0.7, 0.2]])


@transform
class Albumentations(ForeignStep):
    """Do a transform of the package Albumentations.

    In YAML it is written ``albumentations.RandomRain: {...}``, with its arguments, and chance and name as for others.
    Masks, boxes, keypoints, polygons, lines, rotated boxes and named pictures go through it. It is done where it
    stands, on finished pixels, and knows no border rule of ours; what its border reflects has no labels.
    RandomGridShuffle and Mosaic tear the picture, and refuse polygons, lines and rotated boxes; Mosaic masks and
    pictures by name too.

    Args:
        transform: the name of one of its public classes, such as ``RandomRain``.
        params: its arguments by name, plain data, all but p; under ``metadata`` what its call takes beside the
            picture, pictures by their paths. Kept as the text of a JSON object.

    Draws: the seed that its random numbers begin at. Where it may move points by a homography or change the size, it is
    tried on a blank picture when the scene goes on to the next step, so that later steps know where boxes lie and
    whether the picture is mirrored.
    Emits: an External, a barrier.

    >>> Albumentations("GaussNoise", {"std_range": [0.1, 0.2]})
    Albumentations(transform='GaussNoise', params='{"std_range": [0.1, 0.2]}')
    """

    transform: Annotated[str, pydantic.Field(strict=True)]
    params: Annotated[Json, pydantic.AfterValidator(frozen_params)] = "{}"

    def __post_init__(self) -> None:
        check_arguments(self.transform, self.params)

    @property
    def called(self) -> str:
        return f"{LIBRARY}.{self.transform}"

    @property
    def packages(self) -> tuple[str, ...]:
        return PACKAGES

    @property
    def arguments(self) -> JsonObject:
        found: JsonObject = json.loads(self.params)
        return found

    @classmethod
    def written(cls, transform: str, arguments: Mapping[str, Json], folder: str, name: str | None) -> Albumentations:
        return cls(transform, seen_from("", dict(arguments), folder), name=name)

    @classmethod
    def saved(cls, transform: str, arguments: Mapping[str, Json]) -> Albumentations:
        return cls(transform, without_derived(transform, arguments))

    @classmethod
    def seen_from(cls, folder: str, arguments: JsonObject) -> JsonObject:
        return seen_from(folder, arguments, "")

    @classmethod
    def identified(cls, arguments: JsonObject) -> JsonObject:
        return identified(arguments)

    @classmethod
    def files(cls, arguments: JsonObject) -> dict[str, str]:
        return files_of(arguments)

    @classmethod
    def host(cls, augment: Any, p: float, name: str) -> object:
        return as_step(augment, p, name)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (External(self.transform, self.params, stream.integers(MAX_SEED)),)


def _settled(op: External, size: Size, channels: int, dtype: str, boxes: Rows) -> External:
    if op.size or op.matrix or op.boxes is not None:
        return op
    op = replace(op, params=pinned(op.params))
    if op.name in _BY_BOXES:
        rows = (boxes.round(3) + 0.0).tolist()
        op = replace(op, boxes=tuple((left, top, right, bottom) for left, top, right, bottom in rows))
    return _rehearsed(op, size, channels, dtype)


@lru_cache(maxsize=64)  # a combinator asks for its next step, and the pipeline asks again
def _rehearsed(op: External, size: Size, channels: int, dtype: str) -> External:
    """Return the operation with the size that comes out and how it moves points, as a try with the same seed tells."""
    motion = motion_of(op.name)
    if motion not in ("map", "mix"):
        return op
    if op.name in _FLIPS:
        return replace(op, matrix=mirror(_FLIPS[op.name], size))
    shape = (*size, channels) if channels > 1 else size
    grey = motion == "map"  # pixels are of no interest, and one channel is the cheapest
    subject = Subject(np.zeros(size if grey else shape, np.uint8 if grey else dtype))
    if grey:
        subject = replace(subject, points=_PROBES * size[::-1])
    if op.name in _BY_MASK:
        subject = replace(subject, beside={MASK: np.zeros(size, np.uint8)})
    try:
        done = perform(op, subject, 0.0)
    except SampleError:
        if not grey or channels == 1:
            raise
        done = perform(op, replace(subject, image=np.zeros(shape, dtype)), 0.0)  # it wants all of its colours
    found = size_of(done.image)
    matrix = None if op.name in _BY_MASK else _homography(done.points, size)
    is_still = found == size
    return replace(op, size=None if is_still else found, matrix=None if is_still and matrix == IDENTITY else matrix)


def _homography(moved: Points | None, size: Size) -> Matrix | None:
    """Return the homography that moves the probes, rounded to what float32 tells; None where none does."""
    if moved is None or not np.isfinite(moved).all():
        return None
    corners: Sequence[tuple[float, float]] = [(x, y) for x, y in moved[:4].tolist()]
    try:
        rows = onto_corners(size, corners)
    except ZeroDivisionError:
        return None
    (a, b, c), (d, e, f), (g, h, i) = rows
    matrix = (
        (round(a, 6) + 0.0, round(b, 6) + 0.0, round(c, 3) + 0.0),
        (round(d, 6) + 0.0, round(e, 6) + 0.0, round(f, 3) + 0.0),
        (round(g, 9) + 0.0, round(h, 9) + 0.0, i),
    )
    away = np.abs(apply(matrix, _PROBES * [size[1], size[0]]) - moved)
    return matrix if away.max() <= _FIT_PX * max(1.0, max(size) / 1000) else None


FOREIGN.add(LIBRARY, Albumentations)
LIBRARIES.add(LIBRARY, Library(_settled, motion_of, perform, named))
