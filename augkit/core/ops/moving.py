"""Operations that move points: one matrix, or a smooth displacement."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, TypeAlias

import pydantic

from augkit.core.ops.operation import operation
from augkit.core.validation import LATER, MOST, Side, Sides, Square, Within
from augkit.errors import ArgumentError

Spacing: TypeAlias = Annotated[float, Within(1e-30, MOST)]


@operation
class Homography:
    """Move points by a 3 x 3 matrix, source to target, into a frame of `size` (height, width)."""

    matrix: Square
    size: Sides

    def describe(self) -> str:
        return "one homography"


@operation
class ControlPoints:
    """Hold the displacements of a uniform cubic B-spline grid, written out.

    Args:
        spacing: distance of the control points along y and x, in pixels. Row and column 0 lie one spacing outside.
        rows, columns: the grid's shape.
        base64: float32, little-endian, shape (2, rows, columns): the pushes along x, then along y, in pixels.
    """

    spacing: tuple[Spacing, Spacing]
    rows: Side
    columns: Side
    base64: str

    @pydantic.model_validator(mode="after")
    def _require_all_floats(self) -> ControlPoints:
        if len(self.base64) != 4 * -(-8 * self.rows * self.columns // 3):
            raise ArgumentError(f"must hold 2 x rows x columns floats in base64, got {len(self.base64)} letters.")
        return self


@operation
class ElasticField:
    """Hold the recipe of a large B-spline grid: Simard's elastic field, drawn again wherever it is needed.

    Where it would fold, all of it is scaled back, its control points half a sigma apart; or, if `smoothed`, it is made
    smoother there, its control points a sigma apart (``core/elastic.py``), which leaves it its strength.

    Args:
        stream: the name of the `Stream` that the noise comes from.
        alpha: factor on the smoothed noise.
        sigma: standard deviation of the Gaussian that smooths it, in pixels.
        scale: factor on the whole field that keeps it from folding, at most 1.
        smoothed: it is made smoother where it would fold.
    """

    stream: str
    alpha: Annotated[float, Within(0.0)]
    sigma: Annotated[float, Within(1.0)]
    scale: Annotated[float, Within(0.0, 1.0)]
    smoothed: Annotated[bool, pydantic.Strict()] = field(default=False, metadata=LATER)


@operation
class Warp:
    """Displace points smoothly: the target point q shows the source point q + d(q).

    d is a uniform cubic B-spline over the frame of `size`; beyond the frame its outermost control points repeat.
    """

    size: Sides
    field: ControlPoints | ElasticField

    @pydantic.model_validator(mode="after")
    def _require_cover(self) -> Warp:
        if isinstance(self.field, ControlPoints):
            shape = self.field.rows, self.field.columns
            cells = (side / spacing - 1e-6 for side, spacing in zip(self.size, self.field.spacing, strict=True))
            if any(points < count + 3 for points, count in zip(shape, cells, strict=True)):
                raise ArgumentError(f"must have control points that cover its frame, got {shape[0]} x {shape[1]}.")
        return self

    def describe(self) -> str:
        return "one warp"


Spatial = Homography | Warp
