"""Measure TrivialAugment beside each of its operations alone, on photos of 224 x 224.

An operation alone is the transform that it is made of, over the same range. One thread; TrivialAugment and all of its
operations take turns, round by round, and TrivialAugment gets as many pictures in a round as they get together.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import augkit as ak
from benchmarks.photos import Photo, photos
from benchmarks.six_tactics import one_thread

__all__ = ["measure", "table"]

SIDE = 224
SHEAR = 44.7  # degrees, whose tangent is 0.99
SHIFT = 32 / SIDE
ALONE: dict[str, tuple[ak.Transform, ...]] = {
    "Identity": (),
    "AutoContrast": (ak.AutoContrast(),),
    "Equalize": (ak.Equalize(),),
    "Rotate": (ak.Rotate((-135.0, 135.0)),),
    "Solarize": (ak.Solarize((0.0, 1.0)),),
    "Color": (ak.Saturation((0.01, 2.0)),),
    "Posterize": (ak.Posterize((2, 8)),),
    "Contrast": (ak.Contrast((0.01, 2.0)),),
    "Brightness": (ak.Brightness((0.01, 2.0)),),
    "Sharpness": (ak.Convolve("gaussian"),),  # as large a kernel
    "ShearX": (ak.Shear((-SHEAR, SHEAR), 0.0),),
    "ShearY": (ak.Shear(0.0, (-SHEAR, SHEAR)),),
    "TranslateX": (ak.Translate((-SHIFT, SHIFT), 0.0),),
    "TranslateY": (ak.Translate(0.0, (-SHIFT, SHIFT)),),
}


def measure(count: int = 16, rounds: int = 30) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    several = photos(count, (SIDE, SIDE))
    policy = ak.Pipeline([ak.TrivialAugment()])
    alone = {name: ak.Pipeline(steps) for name, steps in ALONE.items()}
    whole: list[float] = []
    parts: dict[str, list[float]] = {name: [] for name in alone}
    with one_thread():
        for turn in range(rounds + 1):  # round 0 warms up and is not told
            turns = range(turn * len(alone), (turn + 1) * len(alone))
            mixed = statistics.fmean(_ms(policy, several, number) for number in turns)
            each = {name: _ms(pipeline, several, turn) for name, pipeline in alone.items()}
            if turn:
                whole.append(mixed)
                for name, ms in each.items():
                    parts[name].append(ms)
    means = [statistics.fmean(together) for together in zip(*parts.values(), strict=True)]
    ratios = [mixed / mean for mixed, mean in zip(whole, means, strict=True)]
    return {
        "question": __doc__.splitlines()[0],
        "photos": {"count": count, "shape": [SIDE, SIDE, 3], "rounds": rounds},
        "ms": {name: round(statistics.median(times), 4) for name, times in parts.items()},
        "trivial_augment_ms": round(statistics.median(whole), 4),
        "one_operation_ms": round(statistics.median(means), 4),
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    low, high = found["spread"]
    lines = [found["question"], *(f"  {name:24}{ms:8.3f} ms" for name, ms in found["ms"].items())]
    lines.append(f"  {'one of them, on average':24}{found['one_operation_ms']:8.3f} ms")
    ratio = f"{found['ratio']:.2f} times that ({low:.2f} - {high:.2f})"
    return "\n".join([*lines, f"  {'TrivialAugment':24}{found['trivial_augment_ms']:8.3f} ms, {ratio}"])


def _ms(pipeline: Callable[[ak.Sample, ak.Key], object], several: Sequence[Photo], turn: int) -> float:
    """Return the mean time of a picture: draw, fuse and run."""
    started = time.perf_counter()
    for number, photo in enumerate(several):
        pipeline(ak.Sample(photo), ak.Key(0, str(number), turn))
    return (time.perf_counter() - started) * 1000.0 / len(several)
