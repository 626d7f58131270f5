"""Rectangles that are painted over, as an operation."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import pydantic

from augkit.core.constraints import MAX_SIDE, Within
from augkit.core.ops.barrier import Barrier
from augkit.core.ops.operation import operation

Place: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=-MAX_SIDE, le=MAX_SIDE)]
Level: TypeAlias = Annotated[float, Within(0.0, 1.0)]


@operation
class Erase(Barrier):
    """Paint over rectangles.

    Args:
        rectangles: each left, top, right, bottom in whole pixels; what lies outside the picture is left out.
        fill: one number or one a channel, 0 to 1, or the name of a `Stream` of independent uniform pixels.
        mask_fill: what masks hold there afterwards; None leaves them alone.
    """

    rectangles: tuple[tuple[Place, Place, Place, Place], ...]
    fill: Annotated[tuple[Level, ...], pydantic.Field(min_length=1)] | str
    mask_fill: Annotated[int, pydantic.Field(strict=True)] | None = None

    def describe(self) -> str:
        count = len(self.rectangles)
        return f"paint over {count} rectangle{'s' * (count != 1)}"

    def caption(self) -> str:
        return f"erased {len(self.rectangles)}"
