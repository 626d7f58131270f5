"""Every barrier has words, in full for what a plan does and in brief for captions."""

from typing import Any

import pytest

from augkit.core.ops import (
    OPS,
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

LINE = ((-1.0, 2.0, -1.0),) * 2
WORDS = [
    (Filter(Gaussian(1.5), (1, 1), (6, 6)), "filter with a Gaussian of 1.5 px, stride 1, padding 6", "blur 1.50 px"),
    (
        Filter(Motion(7.0, -30.0), (2, 3)),
        "filter with a motion of 7 px at -30 degrees, stride 2 and 3, padding 0",
        "motion 7.0 px at -30°",
    ),
    (Filter(LINE), "filter with a kernel of 2 x 3, stride 1, padding 0", "kernel 2 x 3"),
    (Pool("max", (2, 3), (2, 3)), "take the max of 2 x 3, stride 2 and 3, padding 0", "max of 2 x 3"),
    (Noise("s", "salt_and_pepper", 0.25), "add salt and pepper noise of 0.25", "salt and pepper noise 0.250"),
    (Jpeg(30), "write and read a JPEG of quality 30", "JPEG 30"),
    (Downscale((20, 40)), "shrink to 40 x 20 pixels and enlarge again", "downscaled to 40 x 20"),
    (Erase(((0, 0, 5, 5),), (0.0,)), "paint over 1 rectangle", "erased 1"),
    (Erase(((0, 0, 5, 5), (7, 7, 9, 9)), "s"), "paint over 2 rectangles", "erased 2"),
    (Adapt("equalize", ()), "equalize, told by the pixels", "equalize"),
    (Adapt("auto_contrast", (0.0,)), "auto contrast, told by the pixels", "auto contrast"),
    (
        Adapt("auto_contrast", (0.25,)),
        "auto contrast, told by the pixels, 0.25 of them at both ends aside",
        "auto contrast cutoff 0.25",
    ),
    (
        Adapt("pca_shift", (0.5, -0.25, -0.001)),
        "pca shift, told by the pixels, with 0.5, -0.25, -0.001",
        "pca shift +0.50 -0.25 +0.00",
    ),
    (
        Adapt("color_transfer", (0.5, *(0.1,) * 12)),
        "go 0.5 of the way towards other colours",
        "colour transfer 0.50",
    ),
    (Spectrum(3, "A" * 448), "give waves of up to 3 cycles other amplitudes", "waves up to 3 cycles"),
    (External("RandomRain", "{}", 7), "do albumentations.RandomRain, seed 7", "RandomRain"),
]


def test_every_barrier_is_told() -> None:
    assert {type(op) for op, _, _ in WORDS} == {cls for cls in OPS.values() if issubclass(cls, Barrier)}


@pytest.mark.parametrize(("op", "in_full", "in_brief"), WORDS)
def test_words(op: Any, in_full: str, in_brief: str) -> None:
    assert (op.describe(), op.caption()) == (in_full, in_brief)
