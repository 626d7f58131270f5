"""MixUp, CutMix and Mosaic: functions of the key, from the data set's own pictures, labels in their true proportion."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import augkit as ak
from augkit.errors import ArgumentError, SampleError
from augkit.loader import Augmented, CutMix, Draw, EpochSampler, MixUp, Mosaic, collate
from augkit.loader.mixing import beta
from support.pictures import noise

PIPELINE = ak.Pipeline([ak.RandomCrop((16, 20)), ak.Rotate((-40, 40))])
STILL = ak.Pipeline([])
COUNT = 5


def flat(label: int) -> np.ndarray[Any, Any]:
    """A picture of one colour, by which it is known."""
    return np.full((24, 32, 3), 50 * label, np.uint8)


FLAT = Augmented([(flat(n), n) for n in range(COUNT)], STILL)
NOISY = Augmented([(noise((24, 32), seed=n), n) for n in range(COUNT)], PIPELINE, 7)
MIXERS: dict[str, Callable[[Any], Any]] = {
    "MixUp": lambda data: MixUp(data, 1.0, COUNT),
    "CutMix": lambda data: CutMix(data, 1.0, COUNT),
    "Mosaic": lambda data: Mosaic(data, (24, 32), classes=COUNT),
    "CutMix of MixUp": lambda data: CutMix(MixUp(data, 0.5, COUNT), 1.0, COUNT, chance=0.5),
    "MixUp of Mosaic": lambda data: MixUp(Mosaic(data, (24, 32), classes=COUNT, chance=0.9), 0.5, COUNT),
}


@pytest.mark.parametrize("name", ["MixUp", "CutMix", "Mosaic", "CutMix of MixUp"])
def test_a_mix_is_a_function_of_its_draw(name: str) -> None:
    mixed = MIXERS[name](NOISY)
    draws = [Draw(epoch, index, copy) for epoch in range(2) for index in range(COUNT) for copy in range(2)]
    pixels = [mixed[draw][0].numpy().tobytes() for draw in draws]
    assert len(set(pixels)) == len(draws)
    again = pickle.loads(pickle.dumps(mixed))
    assert [again[draw][0].numpy().tobytes() for draw in reversed(draws)] == pixels[::-1]
    sampler = EpochSampler(len(mixed), shuffle=False)
    loader = DataLoader(mixed, 2, sampler=sampler, num_workers=2, collate_fn=collate, multiprocessing_context="fork")
    loaded = [image.numpy().tobytes() for images, _ in loader for image in images]
    assert loaded == [mixed[Draw(0, index)][0].numpy().tobytes() for index in range(COUNT)]


@pytest.mark.parametrize("name", MIXERS)
def test_labels_are_mixed_as_the_pixels_are(name: str) -> None:
    data = Augmented([(flat(n), n) for n in range(COUNT)], ak.Pipeline([ak.Resize((24, 32))]))
    mixed = MIXERS[name](data)
    for epoch in range(40):
        image, label = mixed[Draw(epoch, 1)]
        assert label.dtype == torch.float32
        assert abs(float(label.sum()) - 1) < 1e-5
        assert abs(float(image.float().mean()) - 50 * float(label @ torch.arange(5.0))) <= 0.51  # rounded a pixel


def test_partners_are_any_but_itself() -> None:
    seen = set[int]()
    for epoch in range(60):
        _, label = CutMix(FLAT, 1.0, COUNT)[Draw(epoch, 2)]
        seen |= set(torch.nonzero(label).ravel().tolist())
        image, label = MixUp(FLAT, 1e-3, COUNT)[Draw(epoch, 2)]  # nearly one or the other
        assert min(float(image.float().std()), 1 - float(label.max())) < 0.01
    assert seen == set(range(COUNT))
    alone = MixUp(Augmented([(flat(3), 3)], STILL), 1.0, COUNT)
    assert alone[0][1].tolist() == [0, 0, 0, 1, 0]


def test_a_mix_takes_its_partner_as_that_epoch_shows_it() -> None:
    mixed = CutMix(NOISY, 1.0, COUNT)
    for epoch in range(10):
        image, label = mixed[Draw(epoch, 0, 1)]
        other = int(torch.argmax(label * torch.tensor([0.0, 1, 1, 1, 1])))
        one, two = (NOISY[Draw(epoch, index, 1)][0] for index in (0, other))
        assert ((image == one) | (image == two)).all()


def test_chance_is_the_share_that_is_mixed() -> None:
    mixed = CutMix(FLAT, 1.0, COUNT, chance=0.3)
    untouched = sum(float(mixed[Draw(epoch, 0)][1][0]) == 1 for epoch in range(500))
    assert 310 <= untouched <= 410  # and a few whose rectangle is empty


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 3.0, 40.0])
def test_shares_are_beta_distributed(alpha: float) -> None:
    from scipy.stats import beta as distribution, kstest

    stream = ak.Key(0, "beta").stream(str(alpha))
    drawn = [beta(stream, alpha) for _ in range(3000)]
    assert all(0 <= share <= 1 and math.isfinite(share) for share in drawn)
    assert abs(np.mean(drawn) - 0.5) < 4 * np.sqrt(0.25 / (2 * alpha + 1) / 3000)
    if alpha >= 0.2:  # below, most shares are nearer to 1 than a float can tell
        assert kstest(drawn, distribution(alpha, alpha).cdf).pvalue > 1e-3


def objects(count: int) -> Augmented:
    """Pictures of one class each, with a bright square, its box, its outline, its mask and the square's centre."""
    samples = []
    for number in range(count):
        image, mask = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
        left, top = 3 + 5 * number, 30 - 6 * number
        image[top : top + 8, left : left + 8], mask[top : top + 8, left : left + 8] = 50 + number, number + 1
        box = [left, top, left + 8, top + 8]
        ring = np.array([[left, top], [left + 8, top], [left + 8, top + 8], [left, top + 8]], float)
        more: dict[str, Any] = {"polygons": [ring], "keypoints": [[left + 4, top + 4]], "mask": mask}
        samples.append(ak.Sample(image, boxes=[box], box_labels=[number], id=str(number), label=number, **more))
    return Augmented(samples, STILL)


def test_a_mosaic_moves_all_labels_with_the_pixels() -> None:
    mosaic = Mosaic(objects(4), (60, 50), min_visible=0.0)
    boxes = 0
    for epoch in range(30):
        item = mosaic[Draw(epoch, epoch % 4)]
        image, mask = item["image"][0].numpy(), item["mask"].numpy()
        assert image.shape == mask.shape == (60, 50)
        assert (np.where(image > 0, image - 49, 0) == mask).all()
        covered = np.zeros_like(mask)
        for box, number, outline in zip(item["boxes"], item["box_labels"].tolist(), item["polygons"], strict=True):
            left, top, right, bottom = (int(side) for side in box)
            assert (image[top:bottom, left:right] == 50 + number).all()
            covered[top:bottom, left:right] = number + 1
            np.testing.assert_allclose(outline.mean(axis=0) - 4, outline.min(axis=0).values)
        assert (covered == mask).all()
        assert len(item["keypoints"]) == 4
        for point, visible in zip(item["keypoints"], item["keypoint_visible"], strict=True):
            if visible and (point > 0).all() and (point < torch.tensor([50.0, 60.0])).all():
                assert image[int(point[1]), int(point[0])] in (0, 50, 51, 52, 53)
        boxes += len(item["boxes"])
    assert boxes > 60


def test_a_mosaic_drops_boxes_of_which_little_is_left() -> None:
    counts = [
        sum(len(Mosaic(objects(4), (40, 40), min_visible=share)[Draw(epoch, 0)]["boxes"]) for epoch in range(20))
        for share in (0.0, 0.6, 1.0)
    ]
    assert counts[0] > counts[1] > counts[2] > 0


def test_a_mosaic_shows_the_fill_where_pictures_are_too_small() -> None:
    mosaic = Mosaic(FLAT, (200, 200), fill=(7, 8, 9), classes=COUNT)
    image, _ = mosaic[0]
    assert image[:, 0, 0].tolist() == image[:, -1, 0].tolist() == image[:, 0, -1].tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: MixUp([], 0.2, 3), "MixUp: must be Augmented, or mix it, got list"),  # type: ignore[arg-type]
        (lambda: MixUp(FLAT, 0.2), "MixUp.classes: must say how many classes there are"),
        (lambda: MixUp(FLAT, 0.0, 3), "MixUp.alpha: must be a number above 0"),
        (lambda: CutMix(FLAT, math.inf, 3), "CutMix.alpha: must be a number above 0"),
        (lambda: CutMix(FLAT, 1.0, 0), "CutMix.classes: must be a whole number from 1 on"),
        (lambda: CutMix(FLAT, 1.0, 3, chance=1.5), "CutMix.chance: must lie within 0 and 1"),
        (lambda: Mosaic(FLAT, (3, 9)), "Mosaic.size: must be .height, width., each at least 4"),
        (lambda: Mosaic(FLAT, (9, 9), min_visible=2), "Mosaic.min_visible: must lie within 0 and 1"),
    ],
)
def test_a_wrong_argument_is_told(made: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        made()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: MixUp(objects(3), 0.2, 3), r"MixUp dataset\[0\] '0' sample: must carry a class alone"),
        (lambda: CutMix(FLAT, 1.0, 1)[1:2], "must get a whole number or a Draw"),  # type: ignore[index]
        (lambda: CutMix(Augmented([(flat(0), "a"), (flat(1), 1)], STILL), 1.0, 2), "label: must be a class from 0"),
        (lambda: MixUp(Augmented([(flat(0), 0), (flat(1)[1:], 1)], STILL), 1.0, 2), "image: must have one shape"),
        (lambda: Mosaic(Augmented([ak.Sample(flat(0)), ak.Sample(flat(0), boxes=[[1, 1, 2, 2]])], STILL), (9, 9)),
         "sample: must carry the same in a mosaic, got uint8 of 3 channels and uint8 of 3 channels boxes"),
    ],
)  # fmt: skip
def test_samples_that_cannot_be_mixed_are_told(made: Any, words: str) -> None:
    with pytest.raises((SampleError, ArgumentError), match=words):
        [made()[Draw(epoch, 0)] for epoch in range(9)]
