"""Compression as a JPEG, as an operation."""

from __future__ import annotations

from typing import Annotated

import pydantic

from augkit.core.ops.barrier import Barrier
from augkit.core.ops.operation import operation


@operation
class Jpeg(Barrier):
    """Write the picture as a JPEG and read it again: three channels as RGB at 4:2:0, others each as grey, 8 bits deep.

    Args:
        quality: 1 to 100.
    """

    quality: Annotated[int, pydantic.Field(strict=True, ge=1, le=100)]

    def describe(self) -> str:
        return f"write and read a JPEG of quality {self.quality}"

    def caption(self) -> str:
        return f"JPEG {self.quality}"
