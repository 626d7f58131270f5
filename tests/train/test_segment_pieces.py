"""Pieces of segmentation: overlaps are those of scikit-learn, and what is ignored counts nowhere."""

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, jaccard_score
from torch.nn import functional

from augkit.errors import SampleError
from augkit.targets.sample import Sample
from augkit.train.report.overlays import HATCH_PX, WRONG, colours_of, mistaken, tinted
from augkit.train.tasks.mask_facts import MaskFacts, told_classes
from augkit.train.tasks.mask_numbers import IGNORED, MaskNumbers, meaning_of
from augkit.train.tasks.overlap import Overlap, confusion
from augkit.train.tasks.painted_objects import filled, painted
from augkit.train.tasks.pixel_loss import pixel_loss

CLASSES = 4


def _pictures(seed: int, count: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        truth = generator.integers(0, CLASSES - 1, (17, 23)).astype(np.uint8)  # of the last class none
        truth[generator.random(truth.shape) < 0.2] = IGNORED
        said = np.where(generator.random(truth.shape) < 0.6, truth % IGNORED, generator.integers(0, 3, truth.shape))
        made.append((truth, said.astype(np.uint8)))
    return made


def _overlap(pictures: list[tuple[np.ndarray, np.ndarray]]) -> Overlap:
    return Overlap(np.stack([confusion(truth, said, CLASSES) for truth, said in pictures]))


def test_the_overlap_of_all_pictures_is_that_of_all_their_pixels() -> None:
    pictures = _pictures(1)
    found = _overlap(pictures)
    truths, saids = (np.concatenate([pair[place].ravel() for pair in pictures]) for place in (0, 1))
    kept = truths != IGNORED
    wanted = jaccard_score(truths[kept], saids[kept], labels=range(CLASSES - 1), average=None)
    assert np.allclose(found.ious[:-1], wanted)
    assert np.isnan(found.ious[-1])  # neither true nor said
    assert found.mean_iou == pytest.approx(wanted.mean())
    assert found.right == pytest.approx((truths == saids)[kept].mean())
    assert np.array_equal(found.confusions.sum(0), confusion_matrix(truths[kept], saids[kept], labels=range(CLASSES)))
    assert found.at(np.array([0, 1, 2])) == found.mean_iou
    assert found.at(np.array([1, 1])) == pytest.approx(_overlap(pictures[1:2]).mean_iou)
    pairs = found.confused()
    assert [pixels for *_, pixels in pairs] == sorted((pixels for *_, pixels in pairs), reverse=True)
    assert sum(pixels for *_, pixels in pairs) == int((truths != saids)[kept].sum())


def test_a_picture_of_which_nothing_counts_moves_nothing() -> None:
    nothing = np.full((5, 5), IGNORED, np.uint8), np.zeros((5, 5), np.uint8)
    pictures = _pictures(2)[:1]
    some, both, empty = (_overlap(one) for one in (pictures, [*pictures, nothing], [nothing]))
    assert both.mean_iou == some.mean_iou
    assert both.right == some.right
    assert empty.mean_iou is None
    assert both.each()[1] == 1.0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 1.0, 2.0, 3.0])])
def test_ignored_pixels_have_no_say_in_the_loss(smoothing: float, weights: torch.Tensor | None) -> None:
    generator = torch.Generator().manual_seed(3)
    outputs = torch.randn(2, CLASSES, 6, 7, generator=generator, requires_grad=True)
    places = torch.randint(0, CLASSES, (2, 6, 7), generator=generator, dtype=torch.uint8)
    places[:, :2] = IGNORED
    loss = pixel_loss(outputs, places, weights, smoothing)
    kept = outputs[:, :, 2:].permute(0, 2, 3, 1).reshape(-1, CLASSES)
    wanted = functional.cross_entropy(kept, places[:, 2:].reshape(-1).long(), weights, label_smoothing=smoothing)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    loss.backward()  # type: ignore[no-untyped-call]
    assert outputs.grad is not None
    assert not outputs.grad[:, :, :2].any()
    none = pixel_loss(outputs, torch.full_like(places, IGNORED), weights, smoothing)
    assert none.item() == 0.0


def test_numbers_of_masks_mean_what_the_data_set_says() -> None:
    black_and_white = meaning_of({0, 255}, {})
    assert black_and_white.names == ("background", "foreground")
    assert black_and_white.numbers == (0, 255)
    with pytest.raises(SampleError):
        meaning_of({0, 255}, {}, is_voc=True)
    numbered = meaning_of({0, 1, 7, 255}, {})
    assert (numbered.names, numbered.ignored) == (("background", "1", "7"), (255,))
    camvid = meaning_of({0, 1, 2}, {"mask_classes": ["sky", "road", "Void"]})
    assert (camvid.names, camvid.ignored) == (("sky", "road"), (2, 255))
    named = meaning_of({1, 255}, {"mask_classes": ["", "cat", *[""] * 253, "dog"]})
    assert named.names == ("cat", "dog")
    mask = np.array([[0, 1, 7, 255, 3]], np.uint8)
    assert numbered.places(mask).tolist() == [[0, 1, 2, IGNORED, IGNORED]]
    assert numbered.mask(numbered.places(mask[:, :3])).tolist() == mask[:, :3].tolist()
    with pytest.raises(SampleError):
        meaning_of({0}, {})


def test_overlays_tint_classes_alone_and_redden_mistakes_alone() -> None:
    picture = np.random.default_rng(7).integers(0, 256, (30, 40, 3), np.uint8)
    truth, said = np.zeros((30, 40), np.uint8), np.zeros((30, 40), np.uint8)
    truth[:10], said[5:15], truth[:, -5:] = 1, 1, IGNORED
    shown = tinted(picture, truth, colours_of(2, True), 0)
    assert np.array_equal(shown[truth == 0], picture[truth == 0])
    assert (shown[truth == 1] != picture[truth == 1]).any(axis=1).all()
    rows, columns = np.mgrid[:30, :40]
    is_line = ((rows + columns) % HATCH_PX == 0) & (truth == IGNORED)
    assert (shown[is_line] == 255).all()
    red = (mistaken(picture, truth, said, 2) == WRONG).all(axis=2)
    assert np.array_equal(red, (truth != said) & (truth != IGNORED))


def test_colours_differ_as_long_as_eyes_tell_them_apart() -> None:
    made = colours_of(20, True)
    assert len(set(made)) == 20
    assert made[0] == (0, 0, 0)


def test_objects_are_painted_small_over_large_and_crowds_ignored() -> None:
    square = np.array([[2.0, 2.0], [22.0, 2.0], [22.0, 22.0], [2.0, 22.0]])
    hole = np.array([[8.0, 8.0], [14.0, 8.0], [14.0, 14.0], [8.0, 14.0]])
    sample = Sample(
        np.zeros((30, 40, 3), np.uint8),
        boxes=[[5, 5, 10, 10], [2, 2, 22, 22], [25, 2, 35, 12], [25, 15, 35, 25]],
        box_labels=["cat", "dog", "cat", "bird"],
        polygons=[np.array([[4.0, 4.0], [6.0, 4.0], [6.0, 6.0], [4.0, 6.0]]), [square, hole], [], []],
    )
    found = painted(sample, {"cat": 1, "dog": 2}, 0)
    wanted = np.zeros((30, 40), np.uint8)
    wanted[2:22, 2:22], wanted[8:14, 8:14], wanted[4:6, 4:6], wanted[2:12, 25:35] = 2, 0, 1, IGNORED
    assert np.array_equal(found, wanted)


def test_a_filled_outline_has_the_area_that_it_encloses() -> None:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    circle = np.stack([20.3 + 12.4 * np.cos(angles), 15.8 + 12.4 * np.sin(angles)], axis=1)
    area = 0.5 * abs(np.dot(circle[:, 0], np.roll(circle[:, 1], 1)) - np.dot(circle[:, 1], np.roll(circle[:, 0], 1)))
    assert filled([circle], (40, 50)).sum() == pytest.approx(area, rel=0.03)
    assert not filled([circle + 1000.0], (40, 50)).any()


def test_what_is_odd_of_masks_is_told_with_how_many() -> None:
    meant = MaskNumbers(("background", "disc", "square"), (0, 1, 2), (255,))
    train = [MaskFacts("a", ((0, 9), (1, 7))), MaskFacts("b", ((0, 9), (2, 7), (255, 1)))]
    told = list(told_classes(meant, {"train": train, "val": [train[0], None], "test": [None, None]}))
    assert told == [
        "Class square has no pixel in validation.",
        "1 picture of validation has no mask: all pixels there are ignored.",
        "Classes background, disc, square have no pixel in test.",
        "2 pictures of test have no mask: all pixels there are ignored.",
        "Ignored in masks: the number 255 (in 1 mask).",
    ]
