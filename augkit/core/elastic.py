"""Simard's elastic fields that keep their strength: noise smoothed on a coarse grid, made smoother where it would fold.

The grid's control points lie one sigma apart. Noise of a cell, uniform in [-1, 1), is smoothed by a Gaussian and by the
cubic B-spline itself, of variance 1/3 cell^2, so that both together have variance sigma^2. Where the field would fold
(about one point in a thousand at the defaults), its control points there are replaced by the mean of their
neighbours until none does: the rest of the field stays as it is, so that its strength does not depend on the picture's
size. ``augkit/compiled/elastic.c`` does the same sums in the same order; here they are in NumPy.

References: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", ICDAR 2003.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Reals
from augkit.core.key import Stream
from augkit.core.ops import ElasticField
from augkit.core.spatial import Size

# alpha / sigma^2 beyond which a field grows no further: folds would be everywhere.
STEEPEST = 6.25
# A field stays at this share of what could fold, which bounds the stretch of its inverse as well.
MARGIN = 0.8

_STD = math.sqrt(1.0 - 1.0 / 3.0)  # of the Gaussian on the grid, in cells
_REACH = math.ceil(4.0 * _STD)
_GAUSSIAN = [math.exp(-0.5 * (place / _STD) ** 2) for place in range(-_REACH, _REACH + 1)]
# Rounded: another C library's last bit must not show.
TAPS = np.array([round(tap / math.fsum(_GAUSSIAN), 12) for tap in _GAUSSIAN])
# A cubic B-spline at a cell's edge, where the fourth control point has no weight, and at its middle.
_VALUES = ((1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0), (0.125 / 6.0, 2.875 / 6.0, 2.875 / 6.0, 0.125 / 6.0))
_SLOPES = ((-0.5, 0.0, 0.5), (-0.125, -0.625, 0.625, 0.125))
_CELLS = 3  # beyond the frame, that its outermost control points take part in
_ROUNDS = 16  # after which all pushes are shortened, for fields too wild to become smooth
_SHORTER = 0.8


def elastic_field(stream: Stream, alpha: float, sigma: float) -> ElasticField:
    """Return the recipe of a field that is made smoother where it would fold."""
    return ElasticField(stream.name, alpha, sigma, min(1.0, round(STEEPEST * sigma * sigma / max(alpha, 1.0), 9)), True)


def elastic_pushes(field: ElasticField, size: Size) -> Reals:
    """Return the control points (2, rows, columns) of such a field in pixels, x first; see `core.warp`."""
    rows, columns = (math.ceil(side / field.sigma) + 3 for side in size)
    noise = Stream.from_name(field.stream).uniforms(2, rows + 2 * _REACH, columns + 2 * _REACH)
    most = MARGIN * field.sigma  # the unit of pushes as `unfold` wants them
    pushes = smooth_noise(noise, field.alpha * field.scale / (field.sigma * most))
    unfold(pushes)
    pushes *= most
    return pushes


def smooth_noise(noise: Reals, factor: float) -> Reals:
    """Return noise (2, height, width) of [0, 1), each number u as 2 u - 1, smoothed by `TAPS` and times a factor."""
    rows, columns = (side - len(TAPS) + 1 for side in noise.shape[1:])
    library = compiled.library
    if library is not None:
        pushes = np.empty((2, rows, columns))
        library.smooth_noise(noise, TAPS, factor, pushes, rows, columns)
        return pushes
    across = _added((tap, noise[:, k : k + rows] * 2.0 - 1.0) for k, tap in enumerate(TAPS.tolist()))
    return _added((tap, across[:, :, k : k + columns]) for k, tap in enumerate(TAPS.tolist())) * factor


def unfold(pushes: Reals) -> int:
    """Make pushes (2, rows, columns) smoother, in place, until they fold nowhere; return in how many rounds.

    Their unit is the farthest that is allowed: the field of pushes u folds where det(I + s grad u) is not above 0 for
    some s of [0, 1]. That is asked at the corners, the centre and the middles of the edges of every cell.
    """
    library = compiled.library
    if library is not None:
        return library.unfold(pushes, *pushes.shape[1:])
    rounds = 0
    while (cells := _folded(pushes)).any():
        rounds += 1
        height, width = pushes.shape[1:]
        nodes = np.zeros((height, width), bool)
        for row in range(_CELLS + 1):
            for column in range(_CELLS + 1):
                nodes |= cells[row : row + height, column : column + width]
        around = np.pad(pushes, ((0, 0), (1, 1), (1, 1)), mode="edge")
        across = (around[:, :-2] + 2.0 * around[:, 1:-1] + around[:, 2:]) / 4.0
        smoother = (across[:, :, :-2] + 2.0 * across[:, :, 1:-1] + across[:, :, 2:]) / 4.0
        np.copyto(pushes, smoother, where=nodes)
        if rounds % _ROUNDS == 0:
            pushes *= _SHORTER
    return rounds


def _folded(pushes: Reals) -> NDArray[np.bool_]:
    """Return in which cells (rows + 3, columns + 3) of the grid and of its margin the field folds."""
    padded = np.pad(pushes, ((0, 0), (_CELLS, _CELLS), (_CELLS, _CELLS)), mode="edge")
    found = np.zeros((padded.shape[1] - _CELLS, padded.shape[2] - _CELLS), bool)
    for at_x in (0, 1):
        slopes, values = _along(padded, _SLOPES[at_x], 2), _along(padded, _VALUES[at_x], 2)
        for at_y in (0, 1):
            (xx, yx), (xy, yy) = _along(slopes, _VALUES[at_y], 1), _along(values, _SLOPES[at_y], 1)
            trace, det = xx + yy, xx * yy - xy * yx
            between = (trace < 0.0) & (det > 0.0) & (-trace < 2.0 * det) & (trace * trace >= 4.0 * det)
            found |= (1.0 + trace + det <= 0.0) | between
    return found


def _along(values: Reals, taps: tuple[float, ...], axis: int) -> Reals:
    count = values.shape[axis] - _CELLS
    return _added((tap, values.take(range(k, k + count), axis)) for k, tap in enumerate(taps) if tap)


def _added(parts: Iterable[tuple[float, Reals]]) -> Reals:
    """Return the sum of arrays, each times its weight, one after the other."""
    weighed = (weight * part for weight, part in parts)
    total = next(weighed)
    for part in weighed:
        total = total + part
    return total
