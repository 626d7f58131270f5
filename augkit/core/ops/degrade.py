"""Operations that take something from a picture: rectangles painted over, noise, resolution, compression."""

from typing import Annotated, Literal, TypeAlias

import pydantic

from augkit.core.ops.barrier import Barrier
from augkit.core.ops.operation import operation
from augkit.core.validation import MAX_SIDE, Sides, Within
from augkit.errors import ArgumentError

LEAST_NOISE = 1e-12  # below it, the photons are too many to count

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


def _countable(amount: float) -> float:
    if 0.0 < amount < LEAST_NOISE:
        raise ArgumentError(f"must be 0, or {LEAST_NOISE} to 1, got {amount}.")
    return amount


@operation
class Noise(Barrier):
    """Disturb every value; what the kinds mean stands in ``executors/kernels``.

    Args:
        stream: the name of the `Stream` that the noise comes from.
        kind: ``gaussian``, ``salt_and_pepper`` or ``poisson``.
        amount: standard deviation of the first, share of pixels of the second, standard deviation at white of the
            third.
    """

    stream: str
    kind: Literal["gaussian", "salt_and_pepper", "poisson"]
    amount: Annotated[float, Within(0.0, 1.0), pydantic.AfterValidator(_countable)]

    def describe(self) -> str:
        return f"add {self.kind.replace('_', ' ')} noise of {self.amount:.4g}"

    def caption(self) -> str:
        return f"{self.kind.replace('_', ' ')} noise {self.amount:.3f}"


@operation
class Downscale(Barrier):
    """Shrink the picture to a size (height, width) and enlarge it again; nothing else is moved."""

    size: Sides

    def describe(self) -> str:
        return f"shrink to {self.size[1]} x {self.size[0]} pixels and enlarge again"

    def caption(self) -> str:
        return f"downscaled to {self.size[1]} x {self.size[0]}"


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
