"""Measure the pictures: decibels against an ideal sampler, aliases, contrast, one resample against five, and bias.

The ideal sampler is a sinc of many lobes, see ideal_sampling.py. At every zoom (source pixels a pixel of the result),
turned or not, beside Pillow's antialiased resize; turned, Pillow rotates first and resizes then. Limits of waves along
the axes of the source are how a reduction is defined here; along those of the result is what a camera that was turned
would see, and where turned pictures lose against Pillow's two steps.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import augkit as ak
from augkit.core.plan import SpatialRun
from augkit.core.warp import pull
from benchmarks.ideal_sampling import (
    MARGIN,
    Pull,
    Reals,
    contrast,
    decibel,
    ideal,
    ideal_along_source,
    inner,
    wave,
    zone_plate,
)
from benchmarks.photos import photos

__all__ = ["measure", "table"]

Kernel = Literal["linear", "cubic"]
Picture = NDArray[np.uint8]
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
PILLOW = {"linear": Image.Resampling.BILINEAR, "cubic": Image.Resampling.BICUBIC}
ZOOMS = (1.0, 1.3, 1.75, 1.95, 2.3, 3.0, 3.9, 6.3, 12.0)
TURNS = (0, 10, 45)
KEY = ak.Key(0, "a")
CHAIN = (ak.Rotate(7.0), ak.Scale(1.1), ak.Shear(5.0, 0.0), ak.Translate(0.02, 0.01), ak.Perspective(0.03))
SHARP = 99.0  # decibels that stand for no difference


def measure(zooms: tuple[float, ...] = ZOOMS, side: int = 960) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    return {
        "question": (__doc__ or "").splitlines()[0],
        "decibels": {f"{zoom:g}": _decibels(zoom) for zoom in zooms},
        "zone_plate": {f"{zoom:g}": _aliases(zoom, side) for zoom in zooms if zoom > 1.0},
        "contrast": {kernel: _steps(kernel) for kernel in KERNELS},
        "chain": {kernel: _chain(kernel) for kernel in KERNELS},
        "bias": {f"{zoom:g}": {kernel: _bias(zoom, kernel) for kernel in KERNELS} for zoom in zooms},
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as small tables."""
    lines = [found["question"], "decibels, augkit (Pillow), judged along the source's axes; along the result's axes:"]
    for zoom, turns in found["decibels"].items():
        cells = [
            f"{kernel} {degrees}: {of['source']['augkit']:.1f} ({of['source']['pillow']:.1f});"
            f" {of['result']['augkit']:.1f} ({of['result']['pillow']:.1f})"
            for degrees, kernels in turns.items()
            for kernel, of in kernels.items()
        ]
        lines.append(f"{zoom:>5}x  " + "   ".join(cells))
    lines.append("zone plate, RMS of what must be grey, levels, augkit (Pillow):")
    for zoom, kernels in found["zone_plate"].items():
        lines.append(
            f"{zoom:>5}x  " + "   ".join(f"{k} {v['augkit']:.2f} ({v['pillow']:.2f})" for k, v in kernels.items())
        )
    for kernel in KERNELS:
        steps, chain = found["contrast"][kernel], found["chain"][kernel]
        lines.append(f"{kernel}: contrast kept {steps['least']:.3f} to {steps['most']:.3f}, steps {steps['step']:.2%}")
        lines.append(f"{kernel}: five moves in one {chain['one']:.1f} dB, one after the other {chain['several']:.1f}")
    worst = max(abs(bias) for kernels in found["bias"].values() for bias in kernels.values())
    lines.append(f"mean bias of 8 bits, at most {worst:.4f} levels")
    return "\n".join(lines)


def _shown(picture: NDArray[np.uint8 | np.float32], steps: list[ak.Transform], kernel: Kernel) -> Reals:
    return ak.Pipeline(steps, interpolation=kernel)(ak.Sample(picture), KEY).image.astype(np.float64)


def _turned(size: tuple[int, int], source: tuple[int, ...], degrees: float) -> Pull:
    zoom, centre = np.array([source[1] / size[1], source[0] / size[0]]), np.array([source[1] / 2, source[0] / 2])
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def pulled(points: Reals) -> Reals:
        x, y = np.moveaxis(points * zoom - centre, -1, 0)
        moved: Reals = np.stack([x * cos - y * sin, x * sin + y * cos], -1) + centre
        return moved

    return pulled


def _photo(side: int) -> Picture:
    return np.ascontiguousarray(photos(1, (side, side))[0][..., 1])


def _decibels(zoom: float) -> dict[str, Any]:
    """Return, by turn and kernel, the decibels of augkit and Pillow under both judges."""
    side = round(min(max(40 * zoom, 96), 480))
    source, size = _photo(side), (round(side / zoom), round(side / zoom))
    exact = side / size[0]
    found: dict[str, Any] = {}
    for degrees in TURNS:
        map_back = _turned(size, source.shape, degrees)
        judges = {
            "source": ideal_along_source(source, size, map_back, (exact, exact)),
            "result": ideal(source, size, map_back, exact),
        }
        chosen = inner(size, source.shape, map_back, exact)
        found[str(degrees)] = {}
        for kernel in KERNELS:
            ours = _shown(source, [ak.Rotate(float(degrees)), ak.Resize(size)], kernel)
            theirs = Image.fromarray(source)
            if degrees:
                theirs = theirs.rotate(degrees, PILLOW[kernel])
            resized = np.asarray(theirs.resize(size[::-1], PILLOW[kernel]), np.float64)
            found[str(degrees)][kernel] = {
                judge: {"augkit": _capped(ours, truth, chosen), "pillow": _capped(resized, truth, chosen)}
                for judge, truth in judges.items()
            }
    return found


def _capped(shown: Reals, truth: Reals, chosen: NDArray[np.bool_]) -> float:
    return round(min(decibel(shown, truth, chosen), SHARP), 2)


def _aliases(zoom: float, side: int) -> dict[str, Any]:
    size = (round(side / zoom), round(side / zoom))
    source = zone_plate(side)
    y, x = (np.mgrid[: size[0], : size[1]] + 0.5) * side / size[0] - side / 2
    radius = np.hypot(x, y) / side
    grey = (radius > 0.55 / zoom) & (radius < 0.5 - MARGIN * zoom / side)

    def rms(picture: NDArray[np.generic]) -> float:
        return round(float(np.sqrt(np.mean((picture[grey].astype(np.float64) - 127.5) ** 2))), 3)

    return {
        kernel: {
            "augkit": rms(_shown(source, [ak.Resize(size)], kernel)),
            "pillow": rms(np.asarray(Image.fromarray(source).resize(size[::-1], PILLOW[kernel]))),
        }
        for kernel in KERNELS
    }


def _steps(kernel: Kernel) -> dict[str, float]:
    """Return the contrast of a wave of five pixels over zooms of 1.05 to 12.2, and its largest step within 3 %."""
    kept = []
    for number in range(84):
        side = round(48 * 1.05 * 1.03**number)
        kept.append(contrast(_shown(wave((side, side), 5.0 * side / 48), [ak.Resize((48, 48))], kernel), 5.0))
    steps = [abs(after / before - 1.0) for before, after in pairwise(kept)]
    return {"least": round(min(kept), 4), "most": round(max(kept), 4), "step": round(max(steps), 4)}


def _chain(kernel: Kernel) -> dict[str, float]:
    """Return decibels of five moves in one resample, and of the same one after the other."""
    source = np.asarray(Image.fromarray(_photo(240)).filter(ImageFilter.GaussianBlur(0.9)))
    sample = ak.Sample(source)
    plan = ak.Pipeline(list(CHAIN), interpolation=kernel).draw(KEY, ak.Scene.of(sample))
    (run,) = plan.steps
    assert isinstance(run, SpatialRun)
    map_back = partial(pull, run.ops)
    truth, chosen = ideal(source, plan.size, map_back, 1.0), inner(plan.size, source.shape, map_back, 8.0)
    several = sample
    for step in CHAIN:
        several = ak.Pipeline([step], interpolation=kernel)(several, KEY)
    one = ak.run(plan, sample).image
    return {"one": _capped(one, truth, chosen), "several": _capped(several.image, truth, chosen)}


def _bias(zoom: float, kernel: Kernel) -> float:
    """Return by how many levels 8-bit results are brighter than those of real numbers, on average."""
    noise = np.random.default_rng(0).integers(20, 236, (600, 800, 3)).astype(np.uint8)
    steps: list[ak.Transform] = [ak.Rotate(20.0), ak.Resize((round(600 / zoom), round(800 / zoom)))]
    real = _shown(noise.astype(np.float32) / np.float32(255), steps, kernel) * 255.0
    return round(float((_shown(noise, steps, kernel) - real).mean()), 5)
