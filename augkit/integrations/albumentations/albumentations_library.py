"""Albumentations as the library of `External` operations: what comes out of one, as a try on a blank picture tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from augkit.core.arrays import Points, Rows
from augkit.core.ops import External
from augkit.core.ops.external import LIBRARIES, Library, Motion, Subject
from augkit.core.spatial import IDENTITY, Matrix, Size, apply, mirror, onto_corners
from augkit.errors import SampleError
from augkit.integrations.albumentations.reference_pictures import pinned
from augkit.integrations.albumentations.registry import motion_of
from augkit.integrations.albumentations.running import MASK, perform

_FLIPS = {"HorizontalFlip": "horizontal", "TimeReverse": "horizontal", "VerticalFlip": "vertical"}  # need no try
_BY_MASK = ("CropNonEmptyMaskIfExists",)  # they choose by what a mask shows, which no scene knows
_BY_BOXES = ("AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "RandomSizedBBoxSafeCrop")
_FIT_PX = 0.02  # float32 holds no finer place in a large picture
# Corners first, clockwise; the others must lie where the corners' homography brings them.
_PROBES = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.25, 0.6], [0.7, 0.2]])


class AlbumentationsLibrary(Library):
    """Answer for the transforms of Albumentations, which is imported when the first is asked for."""

    def settled(self, op: External, size: Size, channels: int, dtype: str, boxes: Rows) -> External:
        if op.size or op.matrix or op.boxes is not None:
            return op
        op = replace(op, params=pinned(op.params))
        if op.name in _BY_BOXES:
            rows = (boxes.round(3) + 0.0).tolist()
            op = replace(op, boxes=tuple((left, top, right, bottom) for left, top, right, bottom in rows))
        return _rehearsed(op, size, channels, dtype)

    def motion(self, name: str) -> Motion:
        return motion_of(name)

    def perform(self, op: External, subject: Subject, min_visible: float) -> Subject:
        return perform(op, subject, min_visible)


LIBRARIES.add("albumentations", AlbumentationsLibrary())


@lru_cache(maxsize=64)  # a combinator asks for its next step, and the pipeline asks again
def _rehearsed(op: External, size: Size, channels: int, dtype: str) -> External:
    """Return the operation with the size that comes out and how it moves points, as a try with the same seed tells.

    Args:
        op: with nothing of that.
        size: (height, width) of the picture.
        channels: without alpha.
        dtype: of the picture.
    """
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
    found = done.image.shape[0], done.image.shape[1]
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
