"""Smooth displacement fields on a uniform cubic B-spline grid: evaluate, keep from folding, invert, draw Simard's.

Control point (row, column) lies at ((column - 1) * spacing_x, (row - 1) * spacing_y), so a frame of n cells has n + 3
control points an axis and every point of the frame has its sixteen neighbours. Beyond the frame the outermost control
points repeat, and the field goes on as smoothly as inside. Points go through a chain of fields and matrices by `pull`,
from target to source, and by `push`, from source to target.

References: Rueckert et al., "Nonrigid registration using free-form deformations", IEEE TMI 1999; Choi and Lee,
"Injectivity conditions of 2D and 3D uniform cubic B-spline functions", Graphical Models 2000; Simard, Steinkraus and
Platt, "Best practices for convolutional neural networks", ICDAR 2003.
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Reals
from augkit.core.elastic import elastic_pushes
from augkit.core.key import Stream
from augkit.core.ops import ControlPoints, ElasticField, Homography, Spatial, Warp
from augkit.core.spatial import IDENTITY, Matrix, Points, Size, apply, inverse, product

# A field whose control points are pushed by less than about 0.48 spacings along each axis cannot fold (Choi and Lee).
# Fields stay at 0.8 of what could fold, which bounds the stretch of their inverse as well.
MARGIN = 0.8
UNFOLDED_PUSH = 0.48
SPACINGS_PER_SIGMA = 2.0
FEW = 8192  # coordinates: labels', not a picture's; above, the memory for all parts at once costs more than calls
INVERSE_TOLERANCE_PX = 1e-9  # each point stops by itself, so that it does not matter which others go with it

Weigh = Callable[[Reals], tuple[Reals, ...]]


@dataclass(frozen=True, eq=False)
class Grid:
    """Hold control points ready for arithmetic: spacing (y, x) in pixels, pushes (2, rows, columns), x first."""

    spacing: tuple[float, float]
    pushes: Reals


@lru_cache(maxsize=2)  # grids of large pictures take tens of megabytes
def grid_of(warp: Warp) -> Grid:
    """Return the control points of a warp, decoded or drawn from its recipe."""
    field = warp.field
    if isinstance(field, ElasticField):
        if field.smoothed:
            return Grid((field.sigma, field.sigma), elastic_pushes(field, warp.size))
        spacing = field.sigma / SPACINGS_PER_SIGMA
        drawn = _elastic_pushes(field.stream, field.alpha, field.sigma, warp.size)
        return Grid((spacing, spacing), drawn * field.scale)
    pushes = np.frombuffer(b64decode(field.base64), "<f4").reshape(2, field.rows, field.columns)
    return Grid(field.spacing, pushes.astype(np.float64))


def control_points(pushes: Reals, spacing: tuple[float, float]) -> ControlPoints:
    """Write down pushes (2, rows, columns), x first, in pixels, each shortened to what cannot fold."""
    limit_y, limit_x = (side * (MARGIN * UNFOLDED_PUSH) for side in spacing)
    if compiled.library is not None:
        data = compiled.library.shortened(np.ascontiguousarray(pushes), limit_x, limit_y)
    else:
        along_x, along_y = np.abs(pushes)
        excess = np.maximum(np.maximum(along_x / limit_x, along_y / limit_y), 1.0)
        # + 0.0 makes negative zeros positive: a field at rest is all zero bytes.
        data = (pushes / excess + 0.0).astype("<f4").tobytes()
    return ControlPoints(spacing, pushes.shape[1], pushes.shape[2], b64encode(data).decode())


@lru_cache(maxsize=2)
def straightness(warp: Warp, px: float) -> float:
    """Return the length of an edge, in pixels, that a warp bends away from its chord by about `px` pixels at most.

    The second derivatives of a uniform cubic B-spline are means of the second differences of its control points, over
    the square of their spacing. Where the bend must be measured after all, edges of half a spacing miss none.
    """
    grid = grid_of(warp)
    y, x = grid.spacing
    pushes = np.pad(grid.pushes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    along_y, along_x = np.diff(pushes, 2, axis=1) / (y * y), np.diff(pushes, 2, axis=2) / (x * x)
    across = np.diff(np.diff(pushes, axis=1), axis=2) / (x * y)
    bend = max(float(np.abs(part).max(initial=0.0)) for part in (along_y, along_x)) + float(np.abs(across).max())
    return max(min(y, x) / 2.0, math.sqrt(px / bend)) if bend > 1e-12 else math.inf  # its inverse may bend more


def bspline_weights(t: Reals) -> tuple[Reals, ...]:
    """Return the weights (4 arrays) of a point's four control points along an axis, at the fraction `t` of its cell."""
    u = 1.0 - t
    return (
        u * u * u / 6.0,
        (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
        (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0,
        t * t * t / 6.0,
    )


def _bspline_slopes(t: Reals) -> tuple[Reals, ...]:
    u = 1.0 - t
    return (-u * u / 2.0, t * (3.0 * t - 4.0) / 2.0, u * (4.0 - 3.0 * u) / 2.0, t * t / 2.0)


def displacement(
    grid: Grid, points: Points, weigh_y: Weigh = bspline_weights, weigh_x: Weigh = bspline_weights
) -> Points:
    """Return d at points (..., 2), in pixels, same shape; with slopes for weights, its derivative in cells."""
    rows, columns = grid.pushes.shape[1:]
    cell_y, t_y = _cells(points[..., 1], grid.spacing[0])
    cell_x, t_x = _cells(points[..., 0], grid.spacing[1])
    weights_y, weights_x = weigh_y(t_y), weigh_x(t_x)
    if points.size <= FEW:  # the same bits: sums over the first axis are made one after the other, as the loop's are
        four = np.arange(4).reshape(4, *[1] * cell_y.ndim)
        index = np.clip(cell_y + four, 0, rows - 1)[:, None] * columns + np.clip(cell_x + four, 0, columns - 1)
        pushes = np.ascontiguousarray(grid.pushes.transpose(1, 2, 0)).reshape(-1, 2)
        parts = pushes.take(index, axis=0) * (np.stack(weights_y)[:, None] * np.stack(weights_x))[..., None]
        summed: Points = parts.reshape(16, *points.shape).sum(axis=0)
        return summed
    index_x = [np.clip(cell_x + k, 0, columns - 1) for k in range(4)]
    total = np.zeros((2, *points.shape[:-1]))
    for k, weight_y in enumerate(weights_y):
        index_y = np.clip(cell_y + k, 0, rows - 1)
        for i_x, weight_x in zip(index_x, weights_x, strict=True):
            total += grid.pushes[:, index_y, i_x] * (weight_y * weight_x)
    return np.moveaxis(total, 0, -1)


def _cells(position: Reals, spacing: float) -> tuple[NDArray[np.intp], Reals]:
    scaled = np.clip(np.nan_to_num(position / spacing), -1e6, 1e6)  # far points have no cell of their own anyway
    cell = np.floor(scaled)
    return cell.astype(np.intp), scaled - cell


def unwarp(grid: Grid, points: Points) -> Points:
    """Return the target points q with q + d(q) = p, for source points p (..., 2): Newton's method, damped.

    A step that does not bring a point nearer is halved; fields that do not fold converge everywhere.
    """
    if compiled.library is not None:
        found: Points = np.array(points, np.float64, order="C")
        pushes, columns = np.ascontiguousarray(grid.pushes), grid.pushes.shape[2]
        compiled.library.unwarp(pushes, columns, *grid.spacing, INVERSE_TOLERANCE_PX**2, found)
        return found
    with np.errstate(all="ignore"):  # beyond a horizon lies nothing but infinities
        return _unwarped(grid, points)


def _unwarped(grid: Grid, points: Points) -> Points:
    """Return what `unwarp` does: the twin of ``warps.c``, for all points at once."""
    target = points - displacement(grid, points)
    error = target + displacement(grid, target) - points
    for _ in range(60):
        distance = error[..., 0] ** 2 + error[..., 1] ** 2
        if not (distance > INVERSE_TOLERANCE_PX**2).any():
            break
        a, c = np.moveaxis(displacement(grid, target, weigh_x=_bspline_slopes) / grid.spacing[1], -1, 0)
        b, d = np.moveaxis(displacement(grid, target, weigh_y=_bspline_slopes) / grid.spacing[0], -1, 0)
        determinant = np.maximum((1 + a) * (1 + d) - b * c, 1e-3)
        step = np.stack([(1 + d) * error[..., 0] - b * error[..., 1], (1 + a) * error[..., 1] - c * error[..., 0]], -1)
        step /= determinant[..., None]
        step[~(distance > INVERSE_TOLERANCE_PX**2)] = 0.0
        for _ in range(8):
            moved = target - step
            new_error = moved + displacement(grid, moved) - points
            worse = new_error[..., 0] ** 2 + new_error[..., 1] ** 2 > distance
            if not worse.any():
                break
            step[worse] *= 0.5
        target, error = moved, new_error
    return target


def elastic_warp(stream: Stream, alpha: float, sigma: float, size: Size) -> Warp:
    """Return Simard's elastic field as a recipe, scaled back where it would fold.

    The largest factor s with det(I + s grad d) > 0 on a lattice of half the control spacing is the limit; the field is
    scaled to 0.8 of it where 1 lies beyond that.
    """
    spacing = sigma / SPACINGS_PER_SIGMA
    pushes = _elastic_pushes(stream.name, alpha, sigma, size)
    limit = min(_folding_factor(*slopes) for slopes in _lattice_slopes(pushes / spacing))
    return Warp(size, ElasticField(stream.name, alpha, sigma, round(min(1.0, MARGIN * limit), 9)))


@lru_cache(maxsize=1)  # drawn for the limit, and at once again for the picture
def _elastic_pushes(stream: str, alpha: float, sigma: float, size: Size) -> Reals:
    """Return control points (2, rows, columns) whose field has the spectrum of Gaussian-smoothed uniform pixel noise.

    A cell of h x h pixels holds white noise of variance h^2 / 3, that is h times a uniform number of [-1, 1). The
    cubic B-spline smooths with variance h^2 / 3 of its own; a Gaussian on the grid supplies the rest of sigma^2.
    """
    spacing = sigma / SPACINGS_PER_SIGMA
    rows, columns = (math.ceil(side / spacing) + 3 for side in size)
    std = math.sqrt(SPACINGS_PER_SIGMA**2 - 1.0 / 3.0)
    radius = math.ceil(4.0 * std)
    taps = [round(math.exp(-0.5 * (k / std) ** 2), 14) for k in range(-radius, radius + 1)]
    shares = [tap / math.fsum(taps) for tap in taps]
    noise = Stream.from_name(stream).uniforms(2, rows + 2 * radius, columns + 2 * radius) * 2.0 - 1.0
    smooth = sum((share * noise[:, k : k + rows] for k, share in enumerate(shares)), np.zeros(()))
    smooth = sum((share * smooth[:, :, k : k + columns] for k, share in enumerate(shares)), np.zeros(()))
    pushes: Reals = smooth * (alpha / spacing)
    return pushes


def _lattice_slopes(pushes: Reals) -> list[tuple[Reals, Reals, Reals, Reals]]:
    """Return the four derivatives of a field (pushes in spacings) on four lattices: nodes, centres, middles of edges.

    The repeated control points outside take part: the field may fold as little there.
    """
    pushes = np.pad(pushes, ((0, 0), (3, 3), (3, 3)), mode="edge")
    halves = np.array([0.0, 0.5])
    weights, slopes = np.stack(bspline_weights(halves), 1).tolist(), np.stack(_bspline_slopes(halves), 1).tolist()
    found = []
    for at_x in (0, 1):
        sloped, weighed = _along(pushes, slopes[at_x], 2), _along(pushes, weights[at_x], 2)
        for at_y in (0, 1):
            along_x, along_y = _along(sloped, weights[at_y], 1), _along(weighed, slopes[at_y], 1)
            found.append((along_x[0], along_y[0], along_x[1], along_y[1]))
    return found


def _along(values: Reals, taps: list[float], axis: int) -> Reals:
    count = values.shape[axis] - 3
    pieces = (tap * values.take(range(k, k + count), axis) for k, tap in enumerate(taps) if tap)
    return sum(pieces, np.zeros(()))


def _folding_factor(xx: Reals, xy: Reals, yx: Reals, yy: Reals) -> float:
    """Return the smallest s > 0 at which det(I + s J) = 1 + s trace + s^2 det vanishes anywhere, or infinity."""
    trace, det = xx + yy, xx * yy - xy * yx
    with np.errstate(divide="ignore", invalid="ignore"):
        # The root nearest to 0 in the form that does not cancel: 2 / (-trace + sqrt(trace^2 - 4 det)).
        root = 2.0 / (-trace + np.sqrt(trace * trace - 4.0 * det))
    return float(np.min(root, initial=np.inf, where=np.isfinite(root) & (root > 0)))


def joined(ops: Iterable[Spatial]) -> Matrix:
    """Return the one matrix of all homographies of a chain, warps left aside."""
    matrix = None
    for op in ops:
        if isinstance(op, Homography):
            matrix = op.matrix if matrix is None else product(op.matrix, matrix)
    return IDENTITY if matrix is None else matrix


def pull(ops: Sequence[Spatial], points: Points) -> Points:
    """Return the source points (..., 2) that the target points show."""
    with np.errstate(all="ignore"):  # beyond a horizon lies nothing but infinities
        for op in reversed(ops):
            if isinstance(op, Homography):
                points = apply(inverse(op.matrix), points)
            else:
                points = points + displacement(grid_of(op), points)
    return points


def push(ops: Sequence[Spatial], points: Points) -> Points:
    """Return the target points (..., 2) where the source points come out."""
    for op in ops:
        points = apply(op.matrix, points) if isinstance(op, Homography) else unwarp(grid_of(op), points)
    return points
