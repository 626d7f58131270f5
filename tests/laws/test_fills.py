"""Laws of the constant fill: it is a colour of the finished picture, and no colour step of the plan changes it."""

from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.executors import EXECUTORS
from support.pictures import KEY, noise

executors = pytest.mark.parametrize("executor", list(EXECUTORS))
TURN = ak.Rotate(45.0)
COLOURS: dict[str, list[ak.Transform]] = {
    "curve": [ak.Invert()],
    "matrix": [ak.Saturation(0.2)],
    "shift": [ak.PCAColorShift(std=0.5)],
    "several": [ak.Brightness(0.5), ak.Hue(90.0), ak.Gamma(2.0)],
    "told by the pixels": [ak.Equalize()],
    "stretched": [ak.AutoContrast()],
}


def corner(steps: list[ak.Transform], executor: str, image: Any = None, **options: Any) -> Any:
    """Return the corner of a grey picture, which every turn by 45 degrees fills."""
    picture = np.full((60, 61, 3), 100, np.uint8) if image is None else image
    pipeline = ak.Pipeline(steps, border="constant", **options)
    return pipeline(ak.Sample(picture), KEY, executor).image[0, 0]


@executors
@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("fill", [0, 114, (10, 200, 30)], ids=str)
def test_colour_steps_leave_the_fill_alone(name: str, fill: Any, executor: str) -> None:
    wanted = np.broadcast_to(fill, 3).tolist()
    for steps in ([*COLOURS[name], TURN], [TURN, *COLOURS[name]]):
        assert corner(steps, executor, fill=fill).tolist() == wanted


@executors
def test_also_where_a_barrier_comes_between(executor: str) -> None:
    chains: list[list[ak.Transform]] = [
        [ak.Invert(), ak.Blur(radius=0.3), TURN],
        [TURN, ak.Blur(radius=0.3), ak.Invert()],
        [TURN, ak.Blur(radius=0.3), ak.Rotate(2.0), ak.Brightness(0.5)],
        [TURN, ak.Pool("mean"), ak.Invert()],
        [ak.OneOf((ak.Sequence((TURN, ak.Noise(amount=0.0), ak.Invert())),))],
    ]
    for steps in chains:
        assert corner(steps, executor, fill=114).tolist() == [114, 114, 114]


@executors
def test_what_is_not_the_fill_is_coloured(executor: str) -> None:
    image = noise((60, 61))
    steps: list[ak.Transform] = [TURN, ak.Noise(amount=0.0), ak.Invert()]
    filled = ak.Pipeline(steps, border="constant", fill=7)(ak.Sample(image), KEY, executor).image
    reflected = ak.Pipeline(steps)(ak.Sample(image), KEY, executor).image
    outside = ak.Pipeline([TURN], border="constant", mask_fill=1)(
        ak.Sample(image, mask=np.zeros((60, 61), np.uint8)), KEY, executor
    ).mask
    assert outside is not None
    assert 0.1 < outside.mean() < 0.9
    np.testing.assert_array_equal(filled[outside == 0], reflected[outside == 0])
    assert (filled[outside == 1] == 7).all()


@executors
@pytest.mark.parametrize("dtype", [np.uint16, np.float32], ids=str)
def test_of_every_depth(dtype: Any, executor: str) -> None:
    image = np.full((60, 61, 3), 0.25 if dtype is np.float32 else 20_000, dtype)
    fill = 0.75 if dtype is np.float32 else 50_000
    assert corner([ak.Invert(), TURN], executor, image, fill=fill).tolist() == [fill] * 3
    assert corner([TURN, ak.Saturation(0.5), ak.Gamma(2.0)], executor, image, fill=fill).tolist() == [fill] * 3


def test_behaviour_1_colours_it_as_it_did() -> None:
    assert corner([ak.Invert(), TURN], "cpu", behaviour=1).tolist() == [255, 255, 255]


def test_alpha_is_filled_as_it_was() -> None:
    image = np.full((60, 61, 4), 100, np.uint8)
    pipeline = ak.Pipeline([ak.Invert(), TURN], border="constant", fill=(1, 2, 3, 4))
    assert pipeline(ak.Sample(image, alpha=True), KEY).image[0, 0].tolist() == [1, 2, 3, 4]
