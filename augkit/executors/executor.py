"""Executors and their kernels: who does something to pixels, and what each does for an operation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar

from augkit.core.arrays import Image
from augkit.core.ops import Barrier
from augkit.core.plan import ColorRun, SpatialRun
from augkit.core.sampling import CURRENT, Behaviour, Border, Interpolation
from augkit.errors import ArgumentError
from augkit.registers import Register

# A point this near to the edge of a pixel, or of the plane, counts as beyond it (or inside it): what two machines'
# last bits disagree about must not decide which pixel is nearest.
EDGE_PX = 1e-3


@dataclass(frozen=True)
class Sampling:
    """Rules by which one array is sampled: the part of the plan's sampling options that concerns its kind.

    Args:
        interpolation: ``linear``, ``cubic``, ``lanczos`` or ``nearest``.
        border: what lies outside the source plane.
        fill: one number a channel, in the array's own units; none where the border needs none.
        behaviour: what runs that kernels make themselves mean.
    """

    interpolation: Interpolation
    border: Border
    fill: tuple[float, ...]
    behaviour: Behaviour = CURRENT


Kernel: TypeAlias = Callable[[Image, Any, Sampling], Image]  # a picture without alpha, left alone, an operation, how
K = TypeVar("K", bound=Kernel)

KERNELS: Register[Kernel] = Register("kernel", "augkit.executors.kernels")


@dataclass(frozen=True)
class Executor:
    """Do the passes of plans, leaving the pictures they get alone. Kernels of barriers are in `KERNELS`.

    Args:
        name: by which users ask for it.
        resample: shows a picture through the map of a run.
        recolor: changes colours point by point; the last argument says that the last channel is alpha.
        blend: adds up pictures, each times its weight.
        show: does a spatial run and the colour run behind it in one pass, without colouring the fill; the last argument
            says that the last channel is alpha. None where one is done after the other.
    """

    name: str
    resample: Callable[[Image, SpatialRun, Sampling], Image]
    recolor: Callable[[Image, ColorRun, bool], Image]
    blend: Callable[[Sequence[Image], Sequence[float]], Image]
    show: Callable[[Image, SpatialRun, ColorRun, Sampling, bool], Image] | None = None

    def barrier(self, image: Image, op: Barrier, how: Sampling) -> Image:
        """Return a picture without alpha, (H, W) or (H, W, C), after a barrier, of the same dtype.

        Raises:
            ArgumentError: no kernel does such an operation.
        """
        return _kernel(self.name, type(op))(image, op, how)


EXECUTORS: Register[Executor] = Register("executor", "augkit.executors")


def implements(op: type[Barrier], executor: str = "") -> Callable[[K], K]:
    """Say that a function is what is done for an operation.

    Args:
        op: the operation's class.
        executor: the name of the only one that does it so; all do without, but for those that have their own.
    """

    def add(kernel: K) -> K:
        KERNELS.add(f"{op.__name__} {executor}".strip(), kernel)
        return kernel

    return add


@cache
def _kernel(executor: str, op: type[Barrier]) -> Kernel:
    for name in (f"{op.__name__} {executor}", op.__name__):
        if name in KERNELS:
            return KERNELS[name]
    advice = f'Add one with @implements({op.__name__}, "{executor}").'
    raise ArgumentError(f"must have a kernel for {op.__name__}, got none. {advice}", f"executor {executor}")
