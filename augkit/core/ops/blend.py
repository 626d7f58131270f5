"""The whole alphabet of operations, and the one that holds others: the sum of several branches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, TypeAlias

import pydantic

from augkit.core.ops.barrier import Barrier, Moving
from augkit.core.ops.colouring import Tonal
from augkit.core.ops.moving import Spatial
from augkit.core.ops.operation import operation
from augkit.core.spatial import Size
from augkit.core.validation import Number
from augkit.errors import ArgumentError, SampleError


def _branches(value: object) -> object:
    branches = value if isinstance(value, tuple) else ()
    if not branches or not all(isinstance(b, tuple) and all(isinstance(op, Op) for op in b) for b in branches):
        raise ArgumentError(f"must be at least one list of operations, got {value!r:.60}.")
    return branches


@operation
class Blend:
    """Add up, each with its weight, what several branches make of the picture; labels follow the first.

    Args:
        branches: the operations of each; none leaves the picture as it is.
        weights: one a branch.
    """

    branches: Annotated[tuple[tuple[Op, ...], ...], pydantic.PlainValidator(_branches)]
    weights: tuple[Number, ...]

    @pydantic.model_validator(mode="after")
    def _require_weights(self) -> Blend:
        require_weights(self.branches, self.weights)
        return self


Op: TypeAlias = Spatial | Tonal | Barrier | Blend


def require_weights(branches: Sequence[object], weights: Sequence[float]) -> None:
    """Refuse other than one weight a branch, and none at all."""
    if not branches or len(weights) != len(branches):
        raise ArgumentError(f"must have branches, and one number a branch, got {weights!r:.80}.")


def require_one_size(sizes: Sequence[Size]) -> None:
    """Refuse branches that come out at several sizes."""
    if len(set(sizes)) > 1:
        told = " and ".join(f"{height} x {width}" for height, width in sizes)
        raise SampleError(f"must get branches of one size, got {told} (height x width).", "Blend")


def moves(ops: Iterable[Op], size: Size) -> tuple[Spatial, ...]:
    """Return how points move by operations on a picture of `size`, those of a `Blend` by its first branch.

    Raises:
        SampleError: a window does not fit, or the branches of a blend come out at several sizes.
    """
    found: list[Spatial] = []
    for op in ops:
        if isinstance(op, Spatial):
            found.append(op)
        elif isinstance(op, Tonal):  # soon told apart, and many are
            continue
        elif isinstance(op, Blend):
            branches = [moves(branch, size) for branch in op.branches]
            require_one_size([branch[-1].size if branch else size for branch in branches])
            found += branches[0]
        elif isinstance(op, Moving) and (move := op.move(size)):
            found.append(move)
        size = found[-1].size if found else size
    return tuple(found)
