"""The quality of what is sampled: as sharp as Pillow's antialiased resize at every zoom and turn, as free of aliases.

The judge is a sinc of many lobes in float64, see ``benchmarks/ideal_sampling.py``. Zooms are source pixels a pixel of
the result. All by the default executor; that it agrees with the reference is another law. What the edge can reach is
left out: Pillow leaves out taps beyond the edge, and here they repeat it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import augkit as ak
from augkit.core.plan import SpatialRun
from augkit.core.warp import pull as pull_of
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

Picture = NDArray[np.uint8]
Kernel = Literal["linear", "cubic", "lanczos"]
PILLOW: dict[Kernel, Image.Resampling] = {
    "linear": Image.Resampling.BILINEAR,
    "cubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
ZOOMS = (1.05, 1.3, 1.75, 1.95, 2.05, 2.3, 3.0, 3.9, 4.2, 6.3, 8.0, 12.0)
KEY = ak.Key(0, "a")


@cache
def photo(side: int) -> Picture:
    """Return a grey photo; a large one is none too sharp, but what is left at its zoom is."""
    return np.ascontiguousarray(photos(1, (side, side))[0][..., 1])


def shown(picture: NDArray[np.uint8 | np.float32], steps: Sequence[ak.Transform], interpolation: Kernel) -> Reals:
    made = ak.Pipeline(list(steps), interpolation=interpolation)(ak.Sample(picture), KEY).image
    return made.astype(np.float64)


def turned(size: tuple[int, int], source: tuple[int, int], degrees: float) -> Pull:
    """Return the map of a rotation and a resize: where points of the result lie in the source."""
    zoom = np.array([source[1] / size[1], source[0] / size[0]])
    centre = np.array([source[1] / 2, source[0] / 2])
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def pull(points: Reals) -> Reals:
        x, y = np.moveaxis(points * zoom - centre, -1, 0)
        moved: Reals = np.stack([x * cos - y * sin, x * sin + y * cos], -1) + centre
        return moved

    return pull


def resized(picture: Picture, size: tuple[int, int], interpolation: Kernel) -> Reals:
    """Return Pillow's antialiased resize, in real numbers, rounded once."""
    real = Image.fromarray(picture.astype(np.float32)).resize(size[::-1], PILLOW[interpolation])
    return np.clip(np.rint(np.asarray(real, np.float64)), 0, 255)


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_picture_is_as_sharp_as_pillows_at_every_zoom_turned_or_not(zoom: float) -> None:
    side = round(min(max(40 * zoom, 96), 240))
    source, size = photo(side), (round(side / zoom), round(side / zoom))
    zoom = side / size[0]
    pillow: dict[Kernel, float] = {}
    for degrees in (0.0, 10.0, 45.0):
        pull = turned(size, source.shape, degrees)
        truth = ideal_along_source(source, size, pull, (zoom, zoom))
        chosen = inner(size, source.shape, pull, zoom)
        for interpolation in PILLOW:
            if not degrees:
                pillow[interpolation] = decibel(resized(source, size, interpolation), truth, chosen)
            found = decibel(shown(source, [ak.Rotate(degrees), ak.Resize(size)], interpolation), truth, chosen)
            least = pillow[interpolation] - 1.0
            assert found > least, f"{interpolation}, {degrees} degrees: {found:.2f} dB, not {least:.2f}"


@pytest.mark.parametrize("degrees", [10.0, 45.0])
def test_a_turned_picture_of_the_same_size_is_sharper_the_better_the_interpolation(degrees: float) -> None:
    source = photo(96)
    pull = turned(source.shape, source.shape, degrees)
    truth = ideal(source, source.shape, pull, 1.0)
    chosen = inner(source.shape, source.shape, pull, 1.0)
    made = {name: shown(source, [ak.Rotate(degrees)], name) for name in PILLOW}
    linear, cubic, lanczos = (decibel(picture, truth, chosen) for picture in made.values())
    pillow = np.asarray(Image.fromarray(source).rotate(degrees, Image.Resampling.BILINEAR))
    assert linear > decibel(pillow, truth, chosen) - 0.1
    assert cubic > linear + 3.0
    assert lanczos > cubic + 3.0


@pytest.mark.parametrize("interpolation", PILLOW)
@pytest.mark.parametrize(("rows", "columns"), [(1.3, 3.0), (4.2, 1.0), (2.0, 2.6)])
def test_every_axis_is_reduced_by_its_own_zoom(rows: float, columns: float, interpolation: Kernel) -> None:
    source = photo(192)
    size = (round(192 / rows), round(192 / columns))
    difference = shown(source, [ak.Resize(size)], interpolation) - resized(source, size, interpolation)
    difference = np.abs(difference[MARGIN:-MARGIN, MARGIN:-MARGIN])
    assert difference.max() <= 1
    assert difference.mean() < 0.05


@pytest.mark.parametrize("interpolation", PILLOW)
@pytest.mark.parametrize("zoom", [1.3, 1.75, 1.95, 2.3, 3.9, 7.0])
def test_rings_that_are_too_fine_turn_grey_as_they_do_in_pillow(zoom: float, interpolation: Kernel) -> None:
    side = 256 if zoom < 5.0 else 768  # enough rings below the limit
    size = (round(side / zoom), round(side / zoom))
    source = zone_plate(side)
    y, x = (np.mgrid[: size[0], : size[1]] + 0.5) * side / size[0] - side / 2
    radius = np.hypot(x, y) / side
    grey = (radius > 0.55 / zoom) & (radius < 0.5 - MARGIN * zoom / side)

    def alias(picture: Reals) -> float:
        return float(np.sqrt(np.mean((picture[grey].astype(float) - 127.5) ** 2)))

    pillow = alias(resized(source, size, interpolation))
    assert alias(shown(source, [ak.Resize(size)], interpolation)) < pillow + 0.1
    assert alias(shown(source, [ak.Rotate(30.0), ak.Resize(size)], interpolation)) < pillow * 1.1 + 0.1


@pytest.mark.parametrize("interpolation", PILLOW)
@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_contrast_does_not_step_between_neighbouring_zooms(degrees: float, interpolation: Kernel) -> None:
    """A wave of five pixels of the result keeps as much contrast at one zoom as at the next, 3 % further."""
    kept = []
    for number in range(84):
        side = round(48 * 1.05 * 1.03**number)  # to 12.2
        source = wave((side, side), 5.0 * side / 48, degrees)
        kept.append(contrast(shown(source, [ak.Rotate(degrees), ak.Resize((48, 48))], interpolation), 5.0))
    steps = [abs(after / before - 1.0) for before, after in pairwise(kept)]
    assert max(steps) < 0.03
    assert min(kept) > 0.85


@pytest.mark.parametrize(("interpolation", "least"), [("linear", 45.0), ("cubic", 50.0), ("lanczos", 54.0)])
def test_a_chain_of_five_moves_is_sampled_once(interpolation: Kernel, least: float) -> None:
    source = blurred(photo(240))
    steps = [ak.Rotate(7.0), ak.Scale(1.1), ak.Shear(5.0, 0.0), ak.Translate(0.02, 0.01), ak.Perspective(0.03)]
    sample = ak.Sample(source)
    plan = ak.Pipeline(steps, interpolation=interpolation).draw(KEY, ak.Scene.of(sample))
    (run,) = plan.steps
    assert isinstance(run, SpatialRun)
    truth = ideal(source, plan.size, partial(pull_of, run.ops), 1.0)
    chosen = inner(plan.size, source.shape, partial(pull_of, run.ops), 8.0)
    assert decibel(ak.run(plan, sample).image, truth, chosen) > least
    for step in steps:
        sample = ak.Pipeline([step], interpolation=interpolation)(sample, KEY)
    assert decibel(sample.image, truth, chosen) < least


def blurred(picture: Picture) -> Picture:
    """Return the picture as a lens shows it that a sensor can follow."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(0.9)))


@pytest.mark.parametrize("interpolation", PILLOW)
@pytest.mark.parametrize("zoom", [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.3])
def test_no_zoom_makes_pictures_brighter(zoom: float, interpolation: Kernel) -> None:
    """Values of 8 bits are on average what values of real numbers are, to a hundredth of a level."""
    noise = np.random.default_rng(0).integers(20, 236, (300, 400, 3)).astype(np.uint8)
    size = (round(300 / zoom), round(400 / zoom))
    bias = []
    for degrees in (0.0, 20.0):
        steps = [ak.Rotate(degrees), ak.Resize(size)]
        made = shown(noise, steps, interpolation)
        real = shown(noise.astype(np.float32) / np.float32(255), steps, interpolation) * 255
        bias.append(float((made - real).mean()))
    spread = 0.29 / math.sqrt(made.size)  # of a mean of rounding errors
    assert max(map(abs, bias)) < 0.01 + 2 * spread, bias
