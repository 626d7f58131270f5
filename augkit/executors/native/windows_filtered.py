"""Filters of the native executor: kernels as whole numbers, in C, or here in NumPy to the same bytes.

Of 8 bits, a kernel that is the product of two symmetric ones, with or without the value itself added (Gaussians,
unsharp masks), is taken along x, kept with 6 bits of fraction, and then along y; any other is a list of taps. Weights
are fractions of a power of two and add up to what the kernel's do; halves go to the even neighbour. Pictures of 16 bits
and of reals, and kernels of very large numbers, are summed in float64, in a written order.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Dtype, Image, Reals
from augkit.core.ops import Filter, Gaussian, Unsharp
from augkit.core.ops.sliding import gaussian, kernel_of
from augkit.executors.executor import Sampling, implements
from augkit.executors.native.padded import fill_of, geometry_of, padded, result_of, rounded_reals, stepped

FRACTION = 6  # bits of values that were taken along x
MOST_BITS = 17  # of weights along an axis: more shows nowhere
LEAST_BITS = 6  # of taps: weights that leave no more are summed as reals
REAL_GRID = 2.0**40  # weights of reals are rounded to fractions of it, so that no processor's last bits show
_INT16, _INT32 = 2**15 - 1, 2**31 - 1
_ALMOST_INT16 = 32600  # what is left over goes to the middle
_TINY = 1e-7  # of what a kernel that is written out differs from a product
_TAIL = 2.0**-11  # of a kernel's weight at both ends of an axis: an eighth of a level between black and white

Whole = NDArray[np.int32]


class Two(NamedTuple):
    """Hold weights along x and y as whole numbers, and half of that of the value itself."""

    along_x: Whole
    shift_x: int
    along_y: Whole
    shift_y: int
    own: int


class Taps(NamedTuple):
    """Hold (n, 3) rows, columns and weights as whole numbers."""

    taps: Whole
    shift: int


class Product(NamedTuple):
    """Hold a kernel as the product of two symmetric ones, to which a share of the value itself is added."""

    along_x: Sequence[float]
    along_y: Sequence[float]
    own: float


@implements(Filter, "native")
def filtered(image: Image, op: Filter, how: Sampling) -> Image:
    """Return the picture after a filter."""
    source, out = np.ascontiguousarray(image), result_of(image, op)
    recipe = recipe_of(op) if image.dtype == np.uint8 else None
    library = compiled.library
    if library is None:
        values = padded(source, op, how)
        stepped(_two(values, recipe) if isinstance(recipe, Two) else _taps(values, recipe, op), op, out)
        return out
    geometry, fill = geometry_of(op, how.border), fill_of(how, image.dtype)
    if isinstance(recipe, Two):
        tails = [min(_zeros(recipe.along_y), op.padding[0]), min(_zeros(recipe.along_x), op.padding[1])]
        recipe = recipe._replace(along_x=_without(recipe.along_x, tails[1]), along_y=_without(recipe.along_y, tails[0]))
        library.filter_by_two(source, out, geometry - np.array([*tails, 0, 0, *tails, 0]) * _SHORTER, fill, *recipe)
    elif recipe is not None:
        library.filter_by_taps(source, out, geometry, fill, *recipe)
    else:
        product = product_of(op)
        if product is not None:
            library.filter_reals_by_two(source, out, geometry, fill, *_on_grid(product))
        else:
            library.filter_reals_by_taps(source, out, geometry, fill, *real_taps(op))
    return out


_SHORTER = np.array([2, 2, 0, 0, 1, 1, 0])  # a window loses both of its tails, the padding one


def _zeros(weights: Whole) -> int:
    """Return how many weights at either end of symmetric ones are 0."""
    return int(np.argmax(weights != 0))


def _without(weights: Whole, tail: int) -> Whole:
    return weights[tail : len(weights) - tail]


@lru_cache(maxsize=64)
def recipe_of(op: Filter) -> Two | Taps | None:
    """Return a kernel as whole numbers, None where int32 would not hold its sums at `LEAST_BITS`."""
    product = product_of(op)
    return (_as_two(product) if product is not None else None) or _as_taps(kernel_of(op))


@lru_cache(maxsize=64)
def product_of(op: Filter) -> Product | None:
    """Return a kernel as a product, None where it is none that `Two` takes, or small enough for taps."""
    if isinstance(op.kernel, Gaussian):
        weights = gaussian(op.kernel.sigma).tolist()
        return Product(weights, weights, 0.0)
    if isinstance(op.kernel, Unsharp):
        weights, amount = gaussian(op.kernel.sigma).tolist(), op.kernel.amount
        return Product(weights, [-amount * weight for weight in weights], 1.0 + amount)
    kernel = kernel_of(op)
    height, width = kernel.shape
    is_odd = height % 2 == 1 and width % 2 == 1 and min(height, width) > 1 and kernel.size > 9
    if not is_odd or (kernel != kernel[::-1]).any() or (kernel != kernel[:, ::-1]).any():
        return None
    row, column = kernel[height // 2 - 1], kernel[:, width // 2 - 1]  # none of them holds the middle
    pivot, total = float(row[width // 2 - 1]), math.fsum(row)
    if pivot == 0.0 or total == 0.0 or (row / total < 0.0).any():
        return None
    along_x, along_y = row / total, column * (total / pivot)
    rest = kernel - along_y[:, None] * along_x
    own, rest[height // 2, width // 2] = float(rest[height // 2, width // 2]), 0.0
    return Product(along_x.tolist(), along_y.tolist(), own) if np.abs(rest).max() <= _TINY else None


def _as_two(product: Product) -> Two | None:
    along_x, shift_x = _whole_across(tuple(product.along_x))
    total = math.fsum(product.along_y) + product.own
    most = max(*map(abs, product.along_y), abs(product.own) / 2.0)
    sums = (255 << FRACTION) * (math.fsum(map(abs, product.along_y)) + abs(product.own)) + 2**FRACTION
    for shift in range(MOST_BITS, LEAST_BITS, -1):
        if most * 2**shift <= _ALMOST_INT16 and sums * 1.001 * 2**shift <= _INT32:
            along_y = _rounded(product.along_y, shift)
            rest = round(total * 2.0**shift) - sum(along_y)
            own = rest // 2 if product.own else 0
            along_y[len(along_y) // 2] += rest - 2 * own
            return Two(along_x, shift_x - FRACTION, np.array(along_y, np.int32), shift + FRACTION, own)
    return None


@lru_cache(maxsize=64)
def _whole_across(weights: tuple[float, ...]) -> tuple[Whole, int]:
    """Return weights that sum to 1, and are not negative, as fractions of the power of two that is returned too."""
    shift = next(shift for shift in range(MOST_BITS, 0, -1) if max(weights) * 2**shift <= _ALMOST_INT16)
    whole = _rounded(weights, shift)
    whole[len(whole) // 2] += 2**shift - sum(whole)
    return np.array(whole, np.int32), shift


def _rounded(weights: Sequence[float], shift: int) -> list[int]:
    """Return weights as fractions of a power of two, tails that show nowhere as 0."""
    scale = 2.0**shift
    whole = [round(weight * scale) for weight in weights]
    tail, end = 0.0, 0
    while end < len(weights) // 2 and (tail := tail + 2.0 * abs(weights[end])) <= _TAIL:
        whole[end] = whole[-1 - end] = 0
        end += 1
    return whole


def _as_taps(kernel: Reals) -> Taps | None:
    rows, columns = np.nonzero(kernel)
    weights = kernel[rows, columns].tolist()
    if not weights:
        return Taps(np.zeros((0, 3), np.int32), LEAST_BITS)
    most, sums = max(map(abs, weights)), 255.0 * math.fsum(map(abs, weights)) + 1.0
    for shift in range(MOST_BITS + FRACTION, LEAST_BITS - 1, -1):
        if most * 2.0**shift <= _ALMOST_INT16 and sums * 1.001 * 2.0**shift <= _INT32:
            whole = [round(weight * 2.0**shift) for weight in weights]
            largest = max(range(len(whole)), key=lambda place: abs(whole[place]))
            whole[largest] += round(math.fsum(weights) * 2.0**shift) - sum(whole)
            return Taps(np.array([rows, columns, whole], np.int32).T.copy(), shift)
    return None


def _on_grid(product: Product) -> tuple[Reals, Reals, float]:
    """Return the weights up to the middle, each for two, and that of the value itself."""
    sides = [np.rint(np.array(weights) * REAL_GRID) / REAL_GRID for weights in (product.along_x, product.along_y)]
    along_x, along_y = (side[: len(side) // 2 + 1] * 1.0 for side in sides)
    along_x[-1] /= 2.0
    along_y[-1] /= 2.0
    return along_x, along_y, round(product.own * REAL_GRID) / REAL_GRID


@lru_cache(maxsize=64)
def real_taps(op: Filter) -> tuple[Whole, Reals]:
    """Return rows and columns (n, 2) and weights (n,) of the taps, in order."""
    kernel = np.rint(kernel_of(op) * REAL_GRID) / REAL_GRID
    places = np.ascontiguousarray(np.argwhere(kernel), np.int32)
    return places, kernel[places[:, 0], places[:, 1]]


def _two(values: Image, recipe: Two) -> Image:
    """Return what windows one pixel apart over a padded picture (H, W, C) of 8 bits give."""
    wide = values.astype(np.int32)
    height, width = len(recipe.along_y), len(recipe.along_x)
    rows, columns = wide.shape[0] - height + 1, wide.shape[1] - width + 1
    across = np.full((wide.shape[0], columns, wide.shape[2]), 2**recipe.shift_x // 2)
    for tap, weight in enumerate(recipe.along_x.tolist()):
        across += wide[:, tap : tap + columns] * weight
    across >>= recipe.shift_x
    own = wide[height // 2 : height // 2 + rows, width // 2 : width // 2 + columns]
    total = (own << FRACTION) * (2 * recipe.own)
    for tap, weight in enumerate(recipe.along_y.tolist()):
        total = total + across[tap : tap + rows] * weight
    return _shifted(total, recipe.shift_y)


def _taps(values: Image, recipe: Taps | None, op: Filter) -> Image:
    """Return the same by taps, of any dtype."""
    rows, columns = values.shape[0] - op.window[0] + 1, values.shape[1] - op.window[1] + 1
    if recipe is None:
        return _reals(values.astype(np.float64), op, rows, columns, values.dtype)
    wide, total = values.astype(np.int32), np.zeros((rows, columns, values.shape[2]), np.int32)
    for row, column, weight in recipe.taps.tolist():
        total += wide[row : row + rows, column : column + columns] * np.int32(weight)
    return _shifted(total, recipe.shift)


def _shifted(total: NDArray[np.signedinteger], shift: int) -> Image:
    """Return sums over a power of two, halves to even, as 8 bits."""
    nearest = (total + (2**shift // 2 - 1) + ((total >> shift) & 1)) >> shift
    levels: Image = np.clip(nearest, 0, 255).astype(np.uint8)
    return levels


def _reals(wide: Reals, op: Filter, rows: int, columns: int, dtype: Dtype) -> Image:
    """Return the same in float64, each sum in the order in which its terms are written."""
    product = product_of(op)
    if product is None:
        places, weights = real_taps(op)
        total = np.zeros((rows, columns, wide.shape[2]))
        for (row, column), weight in zip(places.tolist(), weights.tolist(), strict=True):
            total += wide[row : row + rows, column : column + columns] * weight
        return rounded_reals(total, dtype)
    along_x, along_y, own = _on_grid(product)
    height, width = op.window
    across = np.zeros((wide.shape[0], columns, wide.shape[2]))
    for tap, weight in enumerate(along_x.tolist()):
        mirrored = width - 1 - tap
        across += (wide[:, tap : tap + columns] + wide[:, mirrored : mirrored + columns]) * weight
    total = np.zeros((rows, columns, wide.shape[2]))
    for tap, weight in enumerate(along_y.tolist()):
        mirrored = height - 1 - tap
        total += (across[tap : tap + rows] + across[mirrored : mirrored + rows]) * weight
    total += wide[height // 2 : height // 2 + rows, width // 2 : width // 2 + columns] * own
    return rounded_reals(total, dtype)
