"""The native sampler in NumPy: the same bytes as sampler.c, for tests, and where nothing was compiled.

A position u along an axis of the source (pixel j lies at u = j) has the taps floor(u) - radius + 1 to
floor(u) + radius. Their weights are the kernel, widened by the factor of the reduction, at the nearest phase of u; as
integers they sum to 2^14. Along x first: s = (sum of wx p + 2^7) >> 8, then along y: (sum of wy s + 2^19) >> 20,
clamped. Real pictures keep their sums in float64. Every sum is made in the written order.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from augkit.core.arrays import Array, Flags, Image, Indices, Reals
from augkit.core.spatial import Matrix
from augkit.executors.executor import EDGE_PX, Sampling
from augkit.executors.native.colours import recoloured
from augkit.executors.native.native_maps import Chain, Lattice, Map

WEIGHT_ONE = 1 << 14
SUM_BITS, LEVEL_BITS = 8, 20
PHASE_BITS, DEEP_PHASE_BITS, LEAST_PHASE_BITS = 9, 12, 5
SUPPORT = {"linear": 1, "cubic": 2, "lanczos": 3}
FARTHEST = 1e300


class Taps(NamedTuple):
    """Weights (taps, phases + 1) of an axis, in whole numbers."""

    radius: int
    phases: int
    weights: Array


def sample(
    image: Image,
    shown: Image,
    pull_map: Map,
    how: Sampling,
    reduction: tuple[float, float],
    band: tuple[int, int],
    program: bytes | None = None,
) -> None:
    """Write what a band of rows (top, bottom) shows, in the colours of a program, into `shown` (rows, width[, C])."""
    x, y = positions(pull_map, band, shown.shape[1])
    x, x_outside = enter(x, image.shape[1], how.border)
    y, y_outside = enter(y, image.shape[0], how.border)
    if how.interpolation == "nearest":
        rows = np.minimum(y + EDGE_PX, image.shape[0] - 1).astype(np.intp)
        columns = np.minimum(x + EDGE_PX, image.shape[1] - 1).astype(np.intp)
        shown[:] = image[rows, columns]
    else:
        shown[:] = _weighed(image, x, y, how.interpolation, reduction)
    if program is not None:
        shown[:] = recoloured(shown, program)
    if how.border == "constant":
        shown[np.broadcast_to(x_outside | y_outside, shown.shape[:2])] = how.fill


def positions(pull_map: Map, band: tuple[int, int], width: int) -> tuple[Reals, Reals]:
    """Return x and y of the source points that a band of rows shows, of shapes that broadcast to (rows, width)."""
    if isinstance(pull_map, Chain):
        x, y = pull_map.points(*band, width)
    elif isinstance(pull_map, Lattice):
        return _on_lattice(pull_map, band)
    else:
        return _through_matrix(pull_map, np.arange(*band)[:, None] + 0.5, np.arange(width)[None] + 0.5)
    return _or_nowhere(x), _or_nowhere(y)


def _through_matrix(matrix: Matrix, down: Array, across: Array) -> tuple[Reals, Reals]:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    if (g, h, i) == (0.0, 0.0, 1.0):
        x = a * across + (b * down + c) if b else a * across + c
        return x, d * across + (e * down + f) if d else e * down + f
    depth = g * across + (h * down + i)
    with np.errstate(all="ignore"):
        x, y = (a * across + (b * down + c)) / depth, (d * across + (e * down + f)) / depth
    is_seen = depth > 0.0
    return np.where(is_seen, _or_nowhere(x), -1.0), np.where(is_seen, _or_nowhere(y), -1.0)


def _or_nowhere(position: Reals) -> Reals:
    """Return positions, -1 beyond a horizon: nothing is there."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(position) <= FARTHEST, position, -1.0)


def _on_lattice(lattice: Lattice, band: tuple[int, int]) -> tuple[Reals, Reals]:
    rows, down = lattice.down[0][slice(*band)], lattice.down[1][:, slice(*band), None]
    columns, across = lattice.across
    n = lattice.nodes
    found = []
    for axis in range(2):
        s = [down[k] * n[axis, rows + k] for k in range(4)]
        summed = ((s[0] + s[1]) + s[2]) + s[3]
        s = [across[k] * summed[:, columns + k] for k in range(4)]
        found.append(((s[0] + s[1]) + s[2]) + s[3])
    return found[0], found[1]


def enter(position: Reals, side: int, border: str) -> tuple[Reals, Flags]:
    """Return positions along an axis brought into [0, side] by the border rule, and which are to get the fill."""
    outside = (position < -EDGE_PX) | (position > side + EDGE_PX)
    if border == "reflect":
        position = side - np.abs(side - np.abs(np.fmod(position, 2.0 * side)))
    elif border == "wrap":
        rest = np.fmod(position + EDGE_PX, float(side))
        position = np.where(rest < 0.0, rest + side, rest) - EDGE_PX
    return np.clip(position, 0.0, float(side)), outside


def _weighed(image: Image, x: Reals, y: Reals, interpolation: str, reduction: tuple[float, float]) -> Image:
    is_deep = image.dtype != np.uint8
    down, rows, y_phases = _cells(y, taps(interpolation, reduction[0], is_deep))
    across, columns, x_phases = _cells(x, taps(interpolation, reduction[1], is_deep))
    kind = np.int64 if image.dtype.kind == "u" else np.float64
    height, width = image.shape[:2]
    more = (1,) * (image.ndim - 2)
    if reduction == (1.0, 1.0) and not x_phases.any() and not y_phases.any():  # whole pixels: one tap has all weight
        found: Image = image[
            np.clip(rows + (down.radius - 1), 0, height - 1), np.clip(columns + (across.radius - 1), 0, width - 1)
        ]
        return found

    def along_x(row: Indices | slice) -> Array:
        total: Array = np.zeros((), kind)
        for k in range(2 * across.radius):
            weight = across.weights[k][x_phases]
            total = total + weight.reshape(weight.shape + more) * image[row, np.clip(columns + k, 0, width - 1)].astype(
                kind
            )
        return (total + (1 << (SUM_BITS - 1))) >> SUM_BITS if kind is np.int64 else total

    total: Array = np.zeros((), kind)
    if x.shape[0] == 1 < y.shape[0] and y.shape[1] == 1:  # along the axes the sums of a row serve all who show it
        columns, x_phases = columns[0], x_phases[0]
        first = int(np.clip(rows.min(), 0, height - 1))
        sums = along_x(slice(first, int(np.clip(rows.max() + 2 * down.radius, 1, height))))
    for i in range(2 * down.radius):
        row = np.clip(rows + i, 0, height - 1)
        weight = down.weights[i][y_phases]
        total = total + weight.reshape(weight.shape + more) * (
            sums[row[:, 0] - first] if columns.ndim == 1 else along_x(row)
        )
    if kind is np.int64:
        levels = (total + (1 << (LEVEL_BITS - 1))) >> LEVEL_BITS
        done: Image = np.clip(levels, 0, np.iinfo(image.dtype).max).astype(image.dtype)
    else:
        done = np.clip(total * (1.0 / WEIGHT_ONE / WEIGHT_ONE), 0.0, 1.0).astype(image.dtype)
    return done


def _cells(position: Reals, axis: Taps) -> tuple[Taps, Indices, Indices]:
    """Return the taps of an axis, the first tap's pixel and the phase of each position."""
    shifted = position + 0.5
    cell = shifted.astype(np.intp)
    return axis, cell - axis.radius, ((shifted - cell) * axis.phases + 0.5).astype(np.intp)


@lru_cache(maxsize=4)
def taps(interpolation: str, factor: float, is_deep: bool) -> Taps:
    """Return the weights of all phases: the kernel in the written order, scaled, rounded, the rest to the largest."""
    radius = math.ceil(SUPPORT[interpolation] * factor)
    if interpolation == "linear" and factor == 1.0:
        fraction = np.arange(WEIGHT_ONE + 1)
        return Taps(radius, WEIGHT_ONE, np.stack([WEIGHT_ONE - fraction, fraction]))
    bits, octave = DEEP_PHASE_BITS if is_deep else PHASE_BITS, 2.0
    while octave <= factor and bits > LEAST_PHASE_BITS:
        bits, octave = bits - 1, octave * 2.0
    phases = 1 << bits
    part = np.arange(phases + 1) / phases
    values = [_kernel(interpolation, np.abs((k - radius + 1 - part) / factor)) for k in range(2 * radius)]
    total = np.zeros(phases + 1)
    for value in values:
        total = total + value
    scale = WEIGHT_ONE / total
    weights = np.stack([np.floor(value * scale + 0.5).astype(np.int64) for value in values])
    weights[weights.argmax(axis=0), np.arange(phases + 1)] += WEIGHT_ONE - weights.sum(axis=0)
    return Taps(radius, phases, weights)


def _kernel(interpolation: str, t: Reals) -> Reals:
    if interpolation == "linear":
        return np.where(t < 1.0, 1.0 - t, 0.0)
    if interpolation == "cubic":
        near, far = (1.5 * t - 2.5) * t * t + 1.0, ((2.5 - 0.5 * t) * t - 4.0) * t + 2.0
        return np.where(t < 1.0, near, np.where(t < 2.0, far, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        windowed = _sine(t) * _sine(t / 3.0) / (t * t * (math.pi * math.pi / 3.0))
    return np.where(t < 1e-6, 1.0, np.where(t < 3.0, windowed, 0.0))


def _sine(t: Reals) -> Reals:
    """Return sin(pi t) for t >= 0 by Taylor's series: two libraries' sines differ in the last bit."""
    half_turns = (t + 0.5).astype(np.int64)
    z = (t - half_turns) * math.pi
    zz, s = z * z, np.ones(())
    for divisor in (342.0, 272.0, 210.0, 156.0, 110.0, 72.0, 42.0, 20.0, 6.0):
        s = 1.0 - zz / divisor * s
    return np.where(half_turns % 2 == 1, -(z * s), z * s)
