"""Laws of resized crops: windows as torchvision and Inception draw them, and as behaviour 1 drew them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

import augkit as ak
from augkit.core.ops import Homography
from augkit.core.sampling import Behaviour
from support.torchvision_models import torchvision

CHANCE = 1e-4  # of a law that holds to be called broken, were the keys drawn anew
Windows = NDArray[np.float64]  # (n, 4) of top, left, height, width
CASES = [
    ((375, 500), (0.08, 1.0), (3 / 4, 4 / 3)),
    ((224, 224), (0.08, 1.0), (3 / 4, 4 / 3)),
    ((224, 224), (0.5, 1.0), (3 / 4, 4 / 3)),
    ((60, 300), (0.3, 1.0), (0.5, 2.0)),  # a third of them must be drawn again and again
    ((300, 60), (0.9, 1.0), (0.9, 1.1)),  # none fits: the middle
    ((60, 300), (0.9, 1.0), (0.9, 1.1)),
    ((96, 128), (1.0, 1.0), (1.2, 2.0)),  # the picture's own aspect lies within
]


def ours(
    size: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float], count: int, behaviour: Behaviour = 2
) -> Windows:
    found = []
    for n in range(count):
        step, scene = ak.RandomResizedCrop(size=(10, 10), scale=scale, ratio=ratio), ak.Scene(size, behaviour=behaviour)
        (op,) = step.draw(ak.Key(n, "crops").stream("crop"), scene)
        assert isinstance(op, Homography)
        (across, _, x), (_, down, y), _ = op.matrix
        found.append([-y / down, -x / across, 10 / down, 10 / across])
    windows: Windows = np.array(found)
    assert np.abs(windows - np.rint(windows)).max() < 1e-6
    return windows.round()


def theirs(size: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float], count: int) -> Windows:
    torch.manual_seed(0)
    picture, judge = torch.zeros(1, *size), torchvision.transforms.RandomResizedCrop
    return np.array([judge.get_params(picture, list(scale), list(ratio)) for _ in range(count)], np.float64)


@pytest.mark.parametrize(("size", "scale", "ratio"), CASES, ids=str)
def test_windows_are_torchvisions(
    size: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float]
) -> None:
    one, other = ours(size, scale, ratio, 3000), theirs(size, scale, ratio, 3000)
    measures: tuple[Callable[[Windows], Windows], ...] = (
        lambda w: w[:, 2] * w[:, 3],
        lambda w: w[:, 3] / w[:, 2],
        lambda w: w[:, 0],
        lambda w: w[:, 1],
        lambda w: w[:, 0] / np.maximum(1, size[0] - w[:, 2]),
        lambda w: w[:, 1] / np.maximum(1, size[1] - w[:, 3]),
    )
    for measure in measures:
        assert stats.ks_2samp(measure(one), measure(other), method="asymp").pvalue > CHANCE


def test_where_nothing_fits_it_is_the_middle() -> None:
    assert {tuple(row) for row in ours((300, 60), (0.9, 1.0), (0.9, 1.1), 50)} == {(116, 0, 67, 60)}
    assert {tuple(row) for row in ours((60, 300), (0.9, 1.0), (0.9, 1.1), 50)} == {(0, 117, 60, 66)}
    assert {tuple(row) for row in ours((96, 128), (1.0, 1.0), (2.0, 3.0), 50)} == {(16, 0, 64, 128)}


@pytest.mark.parametrize(("behaviour", "share"), [(1, 0.33), (2, 0.064)])
def test_how_often_windows_are_nearly_the_picture(behaviour: Behaviour, share: float) -> None:
    """Of a photo of 3 to 2; torchvision's have that share, too."""
    windows = ours((300, 200), (0.08, 1.0), (3 / 4, 4 / 3), 3000, behaviour)
    large = np.mean(windows[:, 2] * windows[:, 3] > 0.7 * 300 * 200)
    assert large == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 3000))


def test_box_crops_draw_their_windows_alike() -> None:
    """Of a picture without boxes, with the ranges of the one given to the other."""
    step = ak.RandomBoxCrop(size=(10, 10), scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3))
    areas = []
    for n in range(3000):
        (op,) = step.draw(ak.Key(n, "boxes").stream("crop"), ak.Scene((375, 500)))
        assert isinstance(op, Homography)
        areas.append(100 / (op.matrix[0][0] * op.matrix[1][1]))
    windows = ours((375, 500), (0.08, 1.0), (3 / 4, 4 / 3), 3000)
    assert stats.ks_2samp(areas, windows[:, 2] * windows[:, 3], method="asymp").pvalue > CHANCE
