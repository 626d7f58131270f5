"""Loss of resolution, as an operation."""

from __future__ import annotations

from augkit.core.constraints import Sides
from augkit.core.ops.barrier import Barrier
from augkit.core.ops.operation import operation


@operation
class Downscale(Barrier):
    """Shrink the picture to a size (height, width) and enlarge it again; nothing else is moved."""

    size: Sides

    def describe(self) -> str:
        return f"shrink to {self.size[1]} x {self.size[0]} pixels and enlarge again"

    def caption(self) -> str:
        return f"downscaled to {self.size[1]} x {self.size[0]}"
