"""The closed alphabet of operations: frozen facts that a transform draws and an executor runs.

Spatial operations move points, tonal operations change colours point by point, and barriers need finished pixels::

    Spatial = Homography | Warp        Tonal = ColorMatrix | Curve        Barrier = Adapt

Every operation holds only numbers, texts and tuples of them, so that it is hashable, prints as valid Python and is the
same after a journey through JSON.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

from augkit.core.spatial import Matrix, Size
from augkit.errors import ArgumentError, closest

__all__ = [
    "CURVES",
    "Adapt",
    "Barrier",
    "ColorMatrix",
    "ControlPoints",
    "Curve",
    "ElasticField",
    "Homography",
    "Op",
    "Spatial",
    "Tonal",
    "Warp",
    "from_jsonable",
    "to_jsonable",
]


@dataclass(frozen=True)
class Homography:
    """Move points by a 3 x 3 matrix, source to target, into a frame of `size` (height, width)."""

    matrix: Matrix
    size: Size


@dataclass(frozen=True)
class ControlPoints:
    """Hold the displacements of a uniform cubic B-spline grid, written out.

    Args:
        spacing: distance of the control points along y and x, in pixels. Row and column 0 lie one spacing outside.
        rows, columns: the grid's shape.
        base64: float32, little-endian, shape (2, rows, columns): the pushes along x, then along y, in pixels.
    """

    spacing: tuple[float, float]
    rows: int
    columns: int
    base64: str


@dataclass(frozen=True)
class ElasticField:
    """Hold the recipe of a large B-spline grid: Simard's elastic field, drawn again wherever it is needed.

    Args:
        stream: the name of the `Stream` that the noise comes from.
        alpha: factor on the smoothed noise.
        sigma: standard deviation of the Gaussian that smooths it, in pixels.
        scale: factor on the whole field that keeps it from folding, at most 1.
    """

    stream: str
    alpha: float
    sigma: float
    scale: float


@dataclass(frozen=True)
class Warp:
    """Displace points smoothly: the target point q shows the source point q + d(q).

    d is a uniform cubic B-spline over the frame of `size`; beyond the frame its outermost control points repeat.
    """

    size: Size
    field: ControlPoints | ElasticField


@dataclass(frozen=True)
class ColorMatrix:
    """Map an RGB value v (1 = the top of the dtype's range) to matrix v + offset, unclamped."""

    matrix: Matrix
    offset: tuple[float, float, float]


@dataclass(frozen=True)
class Curve:
    """Apply pointwise functions in order, each a name of `augkit.core.tonal.FUNCTIONS` and its number."""

    functions: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Adapt:
    """Do what must look at the pixels first, by name.

    ``pca_shift``: add V (numbers * lambda), eigenvectors and eigenvalues being those of this picture's RGB covariance.
    """

    name: str
    numbers: tuple[float, ...]


MAX_SIDE = 1_000_000  # of a picture, in pixels
CURVES = ("gain", "contrast", "gamma")  # what they do: `augkit.core.tonal.FUNCTIONS`

Spatial = Homography | Warp
Tonal = ColorMatrix | Curve
Barrier = Adapt
Op = Spatial | Tonal | Barrier

_CLASSES: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (Homography, Warp, ControlPoints, ElasticField, ColorMatrix, Curve, Adapt)
}
_FIELDS = {cls: tuple(field.name for field in fields(cls)) for cls in _CLASSES.values()}


def to_jsonable(op: Any) -> dict[str, Any]:
    """Return the operation as a dictionary that `json` writes without loss."""
    described: dict[str, Any] = {"op": type(op).__name__}
    for name in _FIELDS[type(op)]:
        value = getattr(op, name)
        described[name] = to_jsonable(value) if type(value) in _FIELDS else value
    return described


def from_jsonable(described: Any) -> Any:
    """Return the operation that `to_jsonable` described.

    Raises:
        ArgumentError: the class, a field or a number is not one that `to_jsonable` writes.
    """
    if not isinstance(described, dict) or described.get("op") not in _CLASSES:
        name = str(described.get("op")) if isinstance(described, dict) else repr(described)
        raise ArgumentError(f"must be one of {', '.join(_CLASSES)}, got {name}.{closest(name, _CLASSES)}", "op")
    cls = _CLASSES[described["op"]]
    given = {name: _frozen(value) for name, value in described.items() if name != "op"}
    wanted = _FIELDS[cls]
    if set(given) != set(wanted):
        raise ArgumentError(f"must have the fields {', '.join(sorted(wanted))}, got {sorted(given)}.", cls.__name__)
    op = cls(**given)
    _CHECKS[cls](op)
    return op


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return from_jsonable(value) if isinstance(value, dict) else value


def _require(holds: bool, where: str, rule: str, value: object) -> None:
    if not holds:
        raise ArgumentError(f"must {rule}, got {value!r:.80}.", where)


def is_number(value: object) -> bool:
    """Tell whether `value` is a finite number that a float can hold, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _numbers(value: object, *shape: int) -> bool:
    """Tell whether `value` is nested tuples of finite numbers; a length of 0 stands for any length."""
    if not shape:
        return is_number(value)
    if not isinstance(value, tuple) or (shape[0] and len(value) != shape[0]):
        return False
    return all(_numbers(item, *shape[1:]) for item in value)


def is_size(value: object) -> bool:
    """Tell whether `value` is (height, width), each from 1 to `MAX_SIDE` pixels."""
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(side) is int and 0 < side <= MAX_SIDE for side in value)
    )


def _check_homography(op: Homography) -> None:
    _require(_numbers(op.matrix, 3, 3), "Homography.matrix", "be 3 rows of 3 finite numbers", op.matrix)
    _require(is_size(op.size), "Homography.size", "be (height, width) in whole pixels", op.size)


def _check_warp(op: Warp) -> None:
    _require(is_size(op.size), "Warp.size", "be (height, width) in whole pixels", op.size)
    known = isinstance(op.field, ControlPoints | ElasticField)
    _require(known, "Warp.field", "be ControlPoints or an ElasticField", op.field)
    if isinstance(op.field, ControlPoints):
        cells = [side / spacing - 1e-6 for side, spacing in zip(op.size, op.field.spacing, strict=True)]
        covers = op.field.rows >= cells[0] + 3 and op.field.columns >= cells[1] + 3
        _require(covers, "ControlPoints", "cover the warp's frame", (op.field.rows, op.field.columns))


def _check_control_points(op: ControlPoints) -> None:
    fits = _numbers(op.spacing, 2) and min(op.spacing) > 0
    _require(fits, "ControlPoints.spacing", "be two positive numbers", op.spacing)
    shaped = is_size((op.rows, op.columns)) and isinstance(op.base64, str)
    length = 4 * -(-8 * op.rows * op.columns // 3) if shaped else 0
    _require(shaped and len(op.base64) == length, "ControlPoints.base64", "hold 2 x rows x columns floats", op.base64)


def _check_elastic_field(op: ElasticField) -> None:
    fits = all(is_number(value) for value in (op.alpha, op.sigma, op.scale)) and isinstance(op.stream, str)
    bounded = fits and op.alpha >= 0 and op.sigma >= 1 and 0 <= op.scale <= 1
    _require(bounded, "ElasticField", "be a stream's name, alpha >= 0, sigma >= 1 and a scale from 0 to 1", op)


def _check_color_matrix(op: ColorMatrix) -> None:
    fits = _numbers(op.matrix, 3, 3) and _numbers(op.offset, 3)
    _require(fits, "ColorMatrix", "be 3 rows of 3 finite numbers and 3 more", op)


def _check_curve(op: Curve) -> None:
    functions: object = op.functions
    pairs = isinstance(functions, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and pair[0] in CURVES and is_number(pair[1]) for pair in functions
    )
    _require(pairs, "Curve.functions", f"be pairs of {', '.join(CURVES)} and a finite number", op.functions)


def _check_adapt(op: Adapt) -> None:
    fits = op.name == "pca_shift" and _numbers(op.numbers, 3)
    _require(fits, "Adapt", "be 'pca_shift' with 3 finite numbers", op)


_CHECKS: dict[type[Any], Any] = {
    Homography: _check_homography,
    Warp: _check_warp,
    ControlPoints: _check_control_points,
    ElasticField: _check_elastic_field,
    ColorMatrix: _check_color_matrix,
    Curve: _check_curve,
    Adapt: _check_adapt,
}
