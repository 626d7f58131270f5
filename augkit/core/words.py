"""Barriers in words, for explanations of plans."""

from __future__ import annotations

from augkit.core.barriers import (
    Adapt,
    Barrier,
    Downscale,
    Erase,
    External,
    Filter,
    Gaussian,
    Jpeg,
    Motion,
    Noise,
    Pool,
    Spectrum,
)

__all__ = ["told"]


def told(op: Barrier) -> str:
    """Return in words what the operation does."""
    match op:
        case Filter(kernel=kernel):
            if isinstance(kernel, Gaussian):
                name = f"a Gaussian of {kernel.sigma:.4g} px"
            elif isinstance(kernel, Motion):
                name = f"a motion of {kernel.length:.4g} px at {kernel.degrees:.4g} degrees"
            else:
                name = f"a kernel of {len(kernel)} x {len(kernel[0])}"
            return f"filter with {name}, stride {_pair(op.stride)}, padding {_pair(op.padding)}"
        case Pool():
            window = f"{op.size[0]} x {op.size[1]}"
            return f"take the {op.kind} of {window}, stride {_pair(op.stride)}, padding {_pair(op.padding)}"
        case Noise():
            return f"add {op.kind.replace('_', ' ')} noise of {op.amount:.4g}"
        case Jpeg():
            return f"write and read a JPEG of quality {op.quality}"
        case Downscale():
            return f"shrink to {op.size[1]} x {op.size[0]} pixels and enlarge again"
        case Erase():
            count = len(op.rectangles)
            return f"paint over {count} rectangle{'s' * (count != 1)}"
        case External():
            return f"do albumentations.{op.name}, seed {op.seed}"
        case Spectrum():
            return f"give waves of up to {op.reach} cycles other amplitudes"
        case Adapt(name="color_transfer"):
            return f"go {op.numbers[0]:.4g} of the way towards other colours"
        case Adapt():
            numbers = ", ".join(f"{number:.4g}" for number in op.numbers)
            return f"{op.name.replace('_', ' ')}, told by the pixels" + (f", with {numbers}" if numbers else "")


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} and {pair[1]}"
