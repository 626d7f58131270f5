"""Fusion of drawn operations into a plan: neighbours become one, and only barriers split runs.

Spatial operations pass tonal ones (a pointwise change of colour commutes with moving the points), so between two
barriers everything spatial is one run and everything tonal another. Neighbouring homographies multiply, neighbouring
colour matrices too, curves concatenate, what does nothing goes.
"""

import math
from collections.abc import Iterable

from augkit.core.ops import Blend, ColorMatrix, ControlPoints, Curve, Homography, Op, Spatial, Tonal, Warp
from augkit.core.plan import BlendRun, ColorRun, Plan, SpatialRun, Step, size_after
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import IDENTITY, Matrix, Size, inverse, linearised, product, rounded
from augkit.core.validation import MAX_SIDE
from augkit.core.warp import joined


def fuse(ops: Iterable[Op], source: Size, policy: SamplingOptions = SamplingOptions()) -> Plan:  # noqa: B008 - frozen
    """Join the operations drawn for a picture of size `source` into as few passes as they can be done in."""
    steps: list[Step] = []
    spatial: list[Spatial] = []
    tonal: list[Tonal] = []
    size = source
    for op in ops:
        if isinstance(op, Spatial):
            spatial.append(op)
        elif isinstance(op, Tonal):
            tonal.append(op)
        else:
            steps += _runs(spatial, tonal, size, policy)
            size = spatial[-1].size if spatial else size
            spatial, tonal = [], []
            if isinstance(op, Blend):
                steps.append(BlendRun(tuple(fuse(branch, size, policy).steps for branch in op.branches), op.weights))
            else:
                steps.append(op)
            size = size_after(steps[-1], size)
    steps += _runs(spatial, tonal, size, policy)
    return Plan(source, tuple(steps), policy)


def _runs(spatial: list[Spatial], tonal: list[Tonal], size: Size, policy: SamplingOptions) -> list[Step]:
    """Return the runs of what stands between two barriers, on a picture of `size`."""
    found: list[Step] = []
    if spatial:
        run = _spatial_run(spatial, policy)
        if run.ops or run.size != size:
            found.append(run)
    if tonal and (colors := _joined_colors(tonal)):
        found.append(ColorRun(colors))
    return found


def _spatial_run(ops: list[Spatial], policy: SamplingOptions) -> SpatialRun:
    kept: list[Spatial] = []
    last: Homography | None = None  # and the product of those before it that no warp parts from it
    matrix = IDENTITY
    for op in ops:
        if isinstance(op, Homography):
            last, matrix = op, op.matrix if last is None else product(op.matrix, matrix)
        elif not _is_still(op):
            kept += _homography(matrix, last)
            kept.append(op)
            last = None
    kept += _homography(matrix, last)
    done, size = tuple(kept), ops[-1].size
    if policy.behaviour == 1:
        return SpatialRun(done, size, _halvings(done, size) if policy.interpolation == "linear" else (0, 0))
    return SpatialRun(done, size, reduction=(1.0, 1.0) if policy.interpolation == "nearest" else _reduction(done, size))


def _homography(matrix: Matrix, last: Homography | None) -> tuple[Homography, ...]:
    """Return the one that does what a product does, into the frame of its last; none where it does nothing."""
    if last is None:
        return ()
    matrix = rounded(matrix)
    return () if matrix == IDENTITY else (Homography(matrix, last.size),)


def _is_still(warp: Warp) -> bool:
    if isinstance(warp.field, ControlPoints):
        return not warp.field.base64.strip("A=")  # base64 of zeros
    return warp.field.alpha * warp.field.scale == 0.0


def _joined_colors(ops: list[Tonal]) -> tuple[Tonal, ...]:
    kept: list[Tonal] = []
    for op in ops:
        last = kept[-1] if kept else None
        if isinstance(op, ColorMatrix) and isinstance(last, ColorMatrix):
            kept[-1] = op.after(last)
        elif isinstance(op, Curve) and isinstance(last, Curve):
            kept[-1] = Curve(last.functions + op.functions)
        else:
            kept.append(op)
    done = [op.rounded() if isinstance(op, ColorMatrix) else op for op in kept]
    done = [op for op in done if isinstance(op, Curve) or not op.is_identity]
    # Between two matrices even a curve that changes nothing clamps; at the ends of a run there is nothing to clamp.
    while done and done[0].is_identity:
        del done[0]
    while done and done[-1].is_identity:
        del done[-1]
    return tuple(done)


def _reduction(ops: tuple[Spatial, ...], size: Size) -> tuple[float, float]:
    """Return how many source pixels along y and x a target pixel stands for, 1 or more.

    The footprint of a target pixel along an axis of the source is the length of that row of the homographies' Jacobian;
    warps keep lengths but for a factor about 1. Where a perspective shrinks more here and less there, one number serves
    all: the geometric mean of the most and the least, and at most twice the least, so that no horizon blurs what lies
    near. Measured at the corners of the result and at its centre, in so far as they show anything.
    """
    back = inverse(joined(ops))
    (a, b, _), (d, e, _), (g, h, last) = back
    if g == h == 0.0:
        depth = abs(last)
        return _factor(math.hypot(d, e) / depth), _factor(math.hypot(a, b) / depth)
    height, width = size
    corners = ((x, y) for x in (0.5, width - 0.5) for y in (0.5, height - 0.5))
    points = [(x, y) for x, y in ((width / 2, height / 2), *corners) if g * x + h * y + last > 0.0]
    slopes = [linearised(back, x, y)[1] for x, y in points] or [(1.0, 0.0, 0.0, 1.0)]
    along_x = [math.hypot(xx, xy) for xx, xy, _, _ in slopes]
    along_y = [math.hypot(yx, yy) for _, _, yx, yy in slopes]
    return _one_for_all(along_y), _one_for_all(along_x)


def _one_for_all(footprints: list[float]) -> float:
    most, least = max(footprints), min(footprints)
    return _factor(math.sqrt(min(most, 4.0 * least) * least))


def _factor(footprint: float) -> float:
    # The last digits of a turn are noise, and must not show.
    return 1.0 if footprint <= 1.0 else round(min(footprint, 2.0 * MAX_SIDE), 6)


def _halvings(ops: tuple[Spatial, ...], size: Size) -> tuple[int, int]:
    """Count the halvings along y and x that leave less than 2 source pixels to a target pixel.

    The footprint of a target pixel is measured at the centre of the result, by the derivative of the homographies'
    pull; warps keep areas but for a factor near 1.
    """
    _, (xx, xy, yx, yy) = linearised(inverse(joined(ops)), size[1] / 2, size[0] / 2)
    return _count(math.hypot(yx, yy)), _count(math.hypot(xx, xy))


def _count(footprint: float) -> int:
    # The last digits of a footprint of exactly 2 are noise; they must not decide between two pictures.
    return max(0, math.frexp(footprint + 1e-9)[1] - 1)
