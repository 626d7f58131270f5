"""Points moved by the map that a transform of Albumentations draws, and by nothing else.

It moves points through bent pictures by painting and finding them, to whole pixels, and loses those that lie close
together; and where a border reflects, it gives their reflections too. Here a bent picture's map is solved for them, and
nothing is reflected: with border rules of ours, too, what a reflection shows has no labels.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from augkit.core.arrays import Array, Flags, Reals
from augkit.core.spatial import Size
from augkit.targets.outlines import outlines_of

_NODES = 24  # an axis: where the search for a point begins
_AT_ONCE = 1024  # points, of which each is compared with every node
_TOLERANCE_PX = 1e-4
_LOST_PX = 2.0  # a map that has seams misses by less; where it folds, some points are shown nowhere
_CONSTANT = 0  # OpenCV's border that reflects nothing


def steadied(transform: Any, count: int) -> None:
    """Have a transform move boxes and points by its map alone.

    Args:
        transform: of which an own function is called for each kind of label.
        count: so many of the points, the first, are dropped where the picture shows them no more.
    """
    functions = transform._key2func
    for kind, solve in (("bboxes", _solved_boxes), ("keypoints", partial(_solved_points, count=count))):
        if kind in functions:
            functions[kind] = _steady(transform, functions[kind], solve)


def looking_for(transform: Any, boxes: Sequence[Sequence[float]], size: Size) -> None:
    """Have a transform draw as if these were the boxes of a picture of `size`, left, top, right, bottom in pixels."""
    shares = (np.array(boxes, np.float64).reshape(-1, 4) / [*size[::-1], *size[::-1]]).astype(np.float32)
    theirs = transform.get_params_dependent_on_data
    transform.get_params_dependent_on_data = lambda params, data: theirs(params, data | {"bboxes": shares})


def _steady(transform: Any, theirs: Callable[..., Array], solve: Callable[..., Array]) -> Callable[..., Array]:
    def move(rows: Array, **params: Array) -> Array:
        if "map_x" in params:
            return solve(rows, np.stack([params["map_x"], params["map_y"]]).astype(np.float64))
        own = vars(transform)
        border = own.get("border_mode")
        try:
            if border is not None:
                own["border_mode"] = _CONSTANT
            return theirs(rows, **params)
        finally:
            if border is not None:
                own["border_mode"] = border

    return move


def _solved_points(rows: Array, maps: Reals, count: int) -> Array:
    """Return points (n, 2+) at pixel indices, moved; the last column tells which each is."""
    before, moved = rows[:, :2].astype(np.float64), rows.copy()
    moved[:, :2], lost = _pushed(before, maps)
    kept: Array = moved[~lost | (rows[:, -1] >= count)]
    return kept


def _solved_boxes(rows: Array, maps: Reals) -> Array:
    """Return boxes (n, 4+) in fractions of the sides, those that are seen, each the upright one around what is.

    That is the part of its outline that is shown, and the centres of all pixels that show its inside.
    """
    sides = np.array(maps.shape[:0:-1], np.float64)
    boxes = rows[:, :4].astype(np.float64) * np.tile(sides, 2) - 0.5
    outlines = outlines_of(boxes)
    found, lost = _pushed(outlines.reshape(-1, 2), maps)
    found[lost] = np.nan
    moved = np.empty((len(rows), 4))
    for box, outline, place in zip(boxes, found.reshape(outlines.shape), moved, strict=True):
        x, y = maps
        inside = np.nonzero((x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3]))
        points = np.concatenate([outline, np.stack(inside[::-1], axis=1)])
        points = points[~np.isnan(points[:, 0])]
        place[:] = np.concatenate([points.min(axis=0), points.max(axis=0)]) if len(points) else np.nan
    seen = np.isfinite(moved).all(axis=1)
    kept = rows[seen]
    kept[:, :4] = (moved[seen] + 0.5) / np.tile(sides, 2)
    return kept


def _pushed(points: Reals, maps: Reals) -> tuple[Reals, Flags]:
    """Return where source points come out, (n, 2) at pixel indices, and which do nowhere: Levenberg's method.

    Args:
        points: (n, 2).
        maps: (2, H, W), x and y of the source point that every target pixel shows.
    """
    height, width = maps.shape[1:]
    y, x = (np.unique(np.linspace(0, side - 1, _NODES).astype(int)) for side in (height, width))
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    shown = maps[:, nodes[:, 1], nodes[:, 0]].T
    parts = [points[start : start + _AT_ONCE] for start in range(0, len(points), _AT_ONCE)]
    nearest = [((part[:, None] - shown) ** 2).sum(axis=2).argmin(axis=1) for part in parts]
    found = nodes[np.concatenate(nearest)].astype(np.float64) if parts else points.copy()
    error, slopes = _misses(found, points, maps)
    for _ in range(40):
        distance = np.hypot(*error.T)
        if not (distance > _TOLERANCE_PX).any():
            break
        # Where the map is flat there is no step to take; elsewhere the damping is too small to matter.
        across = slopes.transpose(0, 2, 1)
        step = np.linalg.solve(across @ slopes + 1e-9 * np.eye(2), across @ error[:, :, None])[:, :, 0]
        for _ in range(8):
            other = found - step
            worse = np.hypot(*_misses(other, points, maps)[0].T) >= distance
            if not worse.any():
                break
            step[worse] *= 0.5
        found = np.where(worse[:, None], found, other)
        error, slopes = _misses(found, points, maps)
    return found, np.hypot(*error.T) > _LOST_PX


def _misses(found: Reals, points: Reals, maps: Reals) -> tuple[Reals, Reals]:
    """Return by how much target points (n, 2) show others than wanted, and the map's derivatives (n, 2, 2) there.

    Between pixels the map is bilinear; beyond them it goes on as a shift.
    """
    limits = np.array(maps.shape[:0:-1]) - 1
    inside = np.clip(found, 0, limits)
    cell = np.minimum(inside.astype(int), np.maximum(limits - 1, 0))
    share = inside - cell
    (left, top), (right, bottom) = cell.T, np.minimum(cell + 1, limits).T
    a, b, c, d = (maps[:, row, column].T for row in (top, bottom) for column in (left, right))
    across, down = share[:, :1], share[:, 1:]
    upper, lower = a + (b - a) * across, c + (d - c) * across
    slopes = np.stack([(b - a) * (1 - down) + (d - c) * down, lower - upper], axis=2)
    beyond = (found != inside) | (limits == 0)
    slopes = np.where(beyond[:, None, :], np.eye(2), slopes)
    return upper + (lower - upper) * down + (found - inside) - points, slopes
