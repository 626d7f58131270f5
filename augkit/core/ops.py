"""The closed alphabet of operations: frozen facts that a transform draws and an executor runs.

Spatial operations move points, tonal operations change colours point by point, and barriers need finished pixels::

    Spatial = Homography | Warp        Tonal = ColorMatrix | Curve        Barrier: `augkit.core.barriers`

A `Blend` adds what several branches of operations make of the same picture.

Every operation holds only numbers, texts and tuples of them, so that it is hashable, prints as valid Python and is the
same after a journey through JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from augkit.core.barriers import BARRIER_CHECKS, Adapt, Barrier, External
from augkit.core.facts import are_numbers, is_number, is_size, require
from augkit.core.spatial import Matrix, Size
from augkit.errors import ArgumentError, closest

__all__ = [
    "CURVES",
    "Adapt",
    "Barrier",
    "Blend",
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
    "frozen",
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
class Blend:
    """Add up, each with its weight, what several branches make of the picture; labels follow the first.

    Args:
        branches: the operations of each; none leaves the picture as it is.
        weights: one a branch.
    """

    branches: tuple[tuple[Op, ...], ...]
    weights: tuple[float, ...]


# The ranges of their numbers. What they do: `augkit.core.tonal.FUNCTIONS`.
CURVES = {
    "gain": (0.0, 1e6),
    "contrast": (0.0, 1e6),
    "gamma": (1e-3, 1e3),
    "invert": (0.0, 1.0),
    "posterize": (0.0, 16.0),
    "solarize": (0.0, 1.0),
    "threshold": (0.0, 1.0),
}

Spatial = Homography | Warp
Tonal = ColorMatrix | Curve
Op = Spatial | Tonal | Barrier | Blend

_CLASSES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (Homography, Warp, ControlPoints, ElasticField, ColorMatrix, Curve, *BARRIER_CHECKS, Blend)
}
_FIELDS = {cls: tuple(field.name for field in fields(cls)) for cls in _CLASSES.values()}
_LATER = {External: ("boxes", "matrix")}  # written only where they are given


def to_jsonable(op: Any) -> dict[str, Any]:
    """Return the operation as a dictionary that `json` writes without loss."""
    described: dict[str, Any] = {"op": type(op).__name__}
    later = _LATER.get(type(op), ())
    for name in _FIELDS[type(op)]:
        value = getattr(op, name)
        if name in later and value is None:
            continue
        if name == "branches":  # the only field of operations in tuples: to look into every tuple costs every lineage
            described[name] = [list(map(to_jsonable, branch)) for branch in value]
        else:
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
    given = {name: frozen(value) for name, value in described.items() if name != "op"}
    wanted = _FIELDS[cls]
    if set(given) | set(_LATER.get(cls, ())) != set(wanted):
        raise ArgumentError(f"must have the fields {', '.join(sorted(wanted))}, got {sorted(given)}.", cls.__name__)
    op = cls(**given)
    _CHECKS[cls](op)
    return op


def frozen(value: Any) -> Any:
    """Return what JSON gave with tuples for lists and operations for dictionaries."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return from_jsonable(value) if isinstance(value, dict) else value


def _check_homography(op: Homography) -> None:
    require(are_numbers(op.matrix, 3, 3), "Homography.matrix", "be 3 rows of 3 finite numbers", op.matrix)
    require(is_size(op.size), "Homography.size", "be (height, width) in whole pixels", op.size)


def _check_warp(op: Warp) -> None:
    require(is_size(op.size), "Warp.size", "be (height, width) in whole pixels", op.size)
    known = isinstance(op.field, ControlPoints | ElasticField)
    require(known, "Warp.field", "be ControlPoints or an ElasticField", op.field)
    if isinstance(op.field, ControlPoints):
        cells = [side / spacing - 1e-6 for side, spacing in zip(op.size, op.field.spacing, strict=True)]
        covers = op.field.rows >= cells[0] + 3 and op.field.columns >= cells[1] + 3
        require(covers, "ControlPoints", "cover the warp's frame", (op.field.rows, op.field.columns))


def _check_control_points(op: ControlPoints) -> None:
    fits = are_numbers(op.spacing, 2) and min(op.spacing) > 0
    require(fits, "ControlPoints.spacing", "be two positive numbers", op.spacing)
    shaped = is_size((op.rows, op.columns)) and isinstance(op.base64, str)
    length = 4 * -(-8 * op.rows * op.columns // 3) if shaped else 0
    require(shaped and len(op.base64) == length, "ControlPoints.base64", "hold 2 x rows x columns floats", op.base64)


def _check_elastic_field(op: ElasticField) -> None:
    fits = all(is_number(value) for value in (op.alpha, op.sigma, op.scale)) and isinstance(op.stream, str)
    bounded = fits and op.alpha >= 0 and op.sigma >= 1 and 0 <= op.scale <= 1
    require(bounded, "ElasticField", "be a stream's name, alpha >= 0, sigma >= 1 and a scale from 0 to 1", op)


def _check_color_matrix(op: ColorMatrix) -> None:
    fits = are_numbers(op.matrix, 3, 3) and are_numbers(op.offset, 3)
    require(fits, "ColorMatrix", "be 3 rows of 3 finite numbers and 3 more", op)


def _check_curve(op: Curve) -> None:
    functions: object = op.functions
    fits = isinstance(functions, tuple) and all(map(_is_function, functions))
    require(fits, "Curve.functions", f"be pairs of {', '.join(CURVES)} and a number of its range", op.functions)


def _is_function(pair: object) -> bool:
    """Tell whether this is the name of a curve and a number of its range."""
    if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str) or pair[0] not in CURVES:
        return False
    low, high = CURVES[pair[0]]
    return is_number(pair[1]) and low <= pair[1] <= high


def _check_blend(op: Blend) -> None:
    branches: object = op.branches
    fits = isinstance(branches, tuple) and all(
        isinstance(branch, tuple) and all(isinstance(inner, Op) for inner in branch) for branch in branches
    )
    require(fits and bool(op.branches), "Blend.branches", "be at least one list of operations", op.branches)
    require(are_numbers(op.weights, len(op.branches)), "Blend.weights", "be one number a branch", op.weights)


_CHECKS: dict[type[Any], Any] = {
    Homography: _check_homography,
    Warp: _check_warp,
    ControlPoints: _check_control_points,
    ElasticField: _check_elastic_field,
    ColorMatrix: _check_color_matrix,
    Curve: _check_curve,
    Blend: _check_blend,
} | BARRIER_CHECKS
