"""What a transform of Albumentations will do to size and points, found by a try on a blank picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from augkit.core.external import External
from augkit.core.spatial import IDENTITY, Matrix, Size, apply, mirror, onto_corners
from augkit.errors import SampleError
from augkit.integrations.albumentations.registry import motion_of
from augkit.integrations.albumentations.running import MASK, Subject, perform
from augkit.targets.scene import Scene

__all__ = ["rehearsed"]

_FLIPS = {"HorizontalFlip": "horizontal", "TimeReverse": "horizontal", "VerticalFlip": "vertical"}  # need no try
_BY_MASK = ("CropNonEmptyMaskIfExists",)  # they choose by what a mask shows, which no scene knows
_BY_BOXES = ("AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "RandomSizedBBoxSafeCrop")
_FIT_PX = 0.02  # float32 holds no finer place in a large picture
# Corners first, clockwise; the others must lie where the corners' homography brings them.
_PROBES = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.25, 0.6], [0.7, 0.2]])


def rehearsed(op: External, scene: Scene) -> External:
    """Return the operation with the size that comes out and how it moves points, as a try with the same seed tells."""
    motion = motion_of(op.name)
    if motion not in ("map", "mix"):
        return op
    if op.name in _FLIPS:
        return replace(op, matrix=mirror(_FLIPS[op.name], scene.size))
    height, width = scene.size
    grey = motion == "map"  # pixels are of no interest, and one channel is the cheapest
    shape = scene.size if grey or scene.channels == 1 else (*scene.size, scene.channels - scene.alpha)
    subject = Subject(np.zeros(shape, np.uint8 if grey else scene.dtype))
    if motion == "map":
        subject = replace(subject, points=_PROBES * [width, height])
    if op.name in _BY_MASK:
        subject = replace(subject, beside={MASK: np.zeros(scene.size, np.uint8)})
    if op.name in _BY_BOXES:
        boxes = scene.shown_boxes.round(3) + 0.0
        op = replace(op, boxes=tuple((left, top, right, bottom) for left, top, right, bottom in boxes.tolist()))
    try:
        done = perform(op, subject, 0.0)
    except SampleError:
        if not grey or scene.channels == 1:
            raise
        full = np.zeros((*scene.size, scene.channels - scene.alpha), scene.dtype)  # it wants all of its colours
        done = perform(op, replace(subject, image=full), 0.0)
    size = done.image.shape[0], done.image.shape[1]
    matrix = None if op.name in _BY_MASK else _homography(done.points, scene.size)
    is_still = size == scene.size
    return replace(op, size=None if is_still else size, matrix=None if is_still and matrix == IDENTITY else matrix)


def _homography(moved: np.ndarray | None, size: Size) -> Matrix | None:
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
