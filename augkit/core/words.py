"""Barriers in words: in full for explanations of plans, in brief for captions."""

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

__all__ = ["brief", "told"]


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
        case Adapt(name="auto_contrast", numbers=(share,)):
            return "auto contrast, told by the pixels" + f", {share:.4g} of them at both ends aside" * bool(share)
        case Adapt():
            numbers = ", ".join(f"{number:.4g}" for number in op.numbers)
            return f"{op.name.replace('_', ' ')}, told by the pixels" + (f", with {numbers}" if numbers else "")


def brief(op: Barrier) -> str:
    """Return the operation's numbers in few words, for captions."""
    match op:
        case Filter(kernel=kernel):
            if isinstance(kernel, Gaussian):
                return f"blur {kernel.sigma:.2f} px"
            if isinstance(kernel, Motion):
                return f"motion {kernel.length:.1f} px at {kernel.degrees:+.0f}°"
            return f"kernel {len(kernel)} x {len(kernel[0])}"
        case Pool():
            return f"{op.kind} of {op.size[0]} x {op.size[1]}"
        case Noise():
            return f"{op.kind.replace('_', ' ')} noise {op.amount:.3f}"
        case Jpeg():
            return f"JPEG {op.quality}"
        case Downscale():
            return f"downscaled to {op.size[1]} x {op.size[0]}"
        case Erase():
            return f"erased {len(op.rectangles)}"
        case Spectrum():
            return f"waves up to {op.reach} cycles"
        case Adapt(name="color_transfer"):
            return f"colour transfer {op.numbers[0]:.2f}"
        case External():
            return op.name
        case Adapt(name="auto_contrast", numbers=(share,)):
            return "auto contrast" + f" cutoff {share:.2f}" * bool(share)
        case Adapt():
            numbers = " ".join(f"{round(number, 2) + 0.0:+.2f}" for number in op.numbers[:3])
            return f"{op.name.replace('_', ' ')} {numbers}".strip()


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} and {pair[1]}"
