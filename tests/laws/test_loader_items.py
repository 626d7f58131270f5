"""Whatever a data set gives comes out as tensors, whole batches of it too; what does not fit is told with its place."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import augkit as ak
from augkit.errors import ArgumentError, AugkitError, SampleError
from augkit.loader import Augmented, Draw, collate
from support.pictures import channels_of, noise

PIPELINE = ak.Pipeline([ak.RandomCrop((16, 20)), ak.Rotate((-40, 40))], border="constant")
RGB = noise((24, 32))


def sample(number: int = 0, **more: Any) -> ak.Sample:
    boxes = np.array([[2.0, 3, 20, 21], [5, 5, 30, 15], [0, 0, 9, 9]])[: number % 4]
    return ak.Sample(
        noise((24, 32), seed=number),
        **{"mask": noise((24, 32), 1, seed=9), "boxes": boxes, "box_labels": list(range(len(boxes))),
           "polygons": [np.array([[2.0, 2], [9, 3], [5, 12]]) for _ in boxes], "keypoints": [[3, 4], [50, 2]],
           "id": f"{number}.png", **more},
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_of_any_kind_gives_the_same_tensor(dtype: str, channels: int) -> None:
    array = channels_of(channels, (24, 32), dtype)
    deep = array.reshape(24, 32, channels)
    kinds = [array, deep, torch.from_numpy(deep).permute(2, 0, 1)]
    if channels == 3 and dtype == "uint8":
        kinds.append(Image.fromarray(array))
    wanted = PIPELINE(ak.Sample(array), ak.Key(4, "x")).image.reshape(16, 20, channels)
    for kind in kinds:
        image, label = Augmented([(kind, "rose")], PIPELINE, 4, ids=["x"])[0]
        assert label == "rose"
        assert image.dtype == getattr(torch, dtype)
        assert image.is_contiguous()
        assert np.array_equal(image.permute(1, 2, 0).numpy(), wanted)


def test_what_a_sample_carries_moves_as_the_pipeline_moves_it() -> None:
    one = sample(3)
    made = PIPELINE(one, ak.Key(0, "3.png", 2, 5))
    item = Augmented([one], PIPELINE)[Draw(5, 0, 2)]
    assert list(item) == [
        *("image", "label", "mask", "boxes", "box_labels", "polygons", "keypoints", "keypoint_visible", "id")
    ]
    assert item["id"] == "3.png"
    assert np.array_equal(item["image"].permute(1, 2, 0).numpy(), made.image)
    assert np.array_equal(item["mask"].numpy(), made.mask)  # type: ignore[arg-type]
    assert item["box_labels"].tolist() == made.box_labels
    for name in ("boxes", "keypoints"):
        assert item[name].dtype == torch.float32
        np.testing.assert_allclose(item[name], getattr(made, name), atol=1e-4)
    for outline, wanted in zip(item["polygons"], made.polygons or (), strict=True):
        np.testing.assert_allclose(outline, wanted, atol=1e-4)
    assert item["keypoint_visible"].tolist() == made.keypoint_visible.tolist()  # type: ignore[union-attr]


def test_an_item_has_what_its_sample_has_and_no_more() -> None:
    assert len(Augmented([ak.Sample(RGB, label=3, id="a")], PIPELINE)[0]) == 2
    assert list(Augmented([ak.Sample(RGB, keypoints=[[1, 2]])], PIPELINE)[0]) == [
        *("image", "label", "keypoints", "keypoint_visible", "id")
    ]


def test_ids_decide_and_places_do_not() -> None:
    named = [ak.Sample(RGB, id="a"), ak.Sample(RGB, id="b"), ak.Sample(RGB)]
    pixels = [image.numpy() for image, _ in Augmented(named, PIPELINE)]  # type: ignore[attr-defined]
    turned = [image.numpy() for image, _ in Augmented(named[::-1], PIPELINE)]  # type: ignore[attr-defined]
    assert np.array_equal(pixels[0], turned[2])
    assert np.array_equal(pixels[1], turned[1])
    assert np.array_equal(pixels[2], PIPELINE(ak.Sample(RGB), ak.Key(0, "2")).image.transpose(2, 0, 1))
    given = Augmented(named, PIPELINE, ids=["b", "a", "c"])
    assert np.array_equal(given[0][0].numpy(), pixels[1])


def test_a_plain_index_is_copy_0_of_the_first_epoch_or_of_the_one_that_is_set() -> None:
    augmented = Augmented([(RGB, 0), (RGB, 1)], PIPELINE)
    assert torch.equal(augmented[1][0], augmented[Draw(0, 1, 0)][0])
    augmented = Augmented([(RGB, 0), (RGB, 1)], PIPELINE)
    augmented.set_epoch(3)
    assert torch.equal(augmented[-1][0], augmented[np.int64(1)][0])  # type: ignore[index]
    assert torch.equal(augmented[1][0], augmented[Draw(3, 1, 0)][0])
    draws = [Draw(0, 1), Draw(1, 1), Draw(0, 1, 1), Draw(0, 0)]
    assert len({augmented[draw][0].numpy().tobytes() for draw in draws}) == 4
    assert len(list(augmented)) == 2  # type: ignore[call-overload]


def test_a_data_set_can_be_sent_to_a_worker() -> None:
    augmented = Augmented([(RGB, 0)], "light", 3, ["x"])
    assert torch.equal(pickle.loads(pickle.dumps(augmented))[0][0], augmented[0][0])


class Faulty(list[Any]):
    def __getitem__(self, index: Any) -> Any:
        raise {1: KeyError, 2: IndexError}[len(self)]("lost")


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ([RGB], r"dataset\[0\]: must be \(image, label\) or a Sample, got ndarray"),
        ([(RGB, 1, 2)], r"dataset\[0\]: must be \(image, label\) or a Sample, got 3 parts"),
        ([("a.jpg", 1)], r"dataset\[0\] image: must be an array, a PIL image or a tensor, got str"),
        ([(RGB.astype(float), 1)], r"dataset\[0\] Sample.image: must be uint8"),
        ([ak.Sample(noise((24, 32), 1), id="a/b")], r"dataset\[0\] 'a/b' steps\[0\] Grayscale: must get an RGB"),
    ],
)  # fmt: skip
def test_an_item_that_does_not_fit_is_told_with_its_place(dataset: Any, words: str) -> None:
    with pytest.raises(SampleError, match=words):
        Augmented(dataset, ak.Pipeline([ak.Grayscale()]))[0]


def test_a_fault_of_the_data_set_s_own_is_told_with_its_place() -> None:
    with pytest.raises(KeyError) as caught:
        Augmented(Faulty([1]), PIPELINE)[0]
    assert caught.value.__notes__ == ["augkit: dataset[0] could not be read."]


def test_a_data_set_that_is_shorter_than_it_says_does_not_look_whole() -> None:
    with pytest.raises(SampleError, match=r"dataset\[0\]: must be there, got an IndexError: lost"):
        list(Augmented(Faulty([1, 2]), PIPELINE))  # type: ignore[call-overload]


@pytest.mark.parametrize("item", [2, -3, Draw(0, 2), Draw(1, -3)])
def test_an_index_beyond_the_data_set_is_told(item: Any) -> None:
    with pytest.raises(IndexError, match="Augmented: must get an index below 2, got"):
        Augmented([(RGB, 0), (RGB, 1)], PIPELINE)[item]


class Stream(torch.utils.data.IterableDataset[Any]):
    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Any]:
        return iter([(RGB, 0)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((iter([]), PIPELINE), "dataset: must be a map-style data set, got list_iterator"),
        ((Stream(), PIPELINE), "dataset: must be a map-style data set, got Stream"),
        (([], "sicks"), "no pipeline is called 'sicks'"),
        (([], 3), "load: must be a name or a path"),
        (([], PIPELINE, "0"), "Key.seed: must be a whole number"),
        (([1, 2], PIPELINE, 0, ["a"]), "ids: must be one an item, 2, got 1"),
        (([1, 2], PIPELINE, 0, [0, 1]), "ids: must be texts, got 0"),
        (([1, 2, 3], PIPELINE, 0, ["a", "b", "a"]), "ids: must differ, got 'a' twice"),
    ],
)
def test_a_wrong_argument_is_told_at_once(arguments: Any, words: str) -> None:
    with pytest.raises(AugkitError, match=words):
        Augmented(*arguments)


@pytest.mark.parametrize("item", ["0", 1.0, True, (0, 1, 2), slice(2)])
def test_what_is_no_index_is_told(item: Any) -> None:
    with pytest.raises(ArgumentError, match="must get a whole number or a Draw"):
        Augmented([(RGB, 0), (RGB, 1)], PIPELINE)[item]


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ([0, np.int64(4)], torch.tensor([0, 4])),
        ([0.5, 1], torch.tensor([0.5, 1.0])),
        ([True, False], torch.tensor([True, False])),
        ([[1, 2.5], (3, 4)], torch.tensor([[1.0, 2.5], [3.0, 4.0]])),
        ([torch.ones(2), torch.zeros(2)], torch.tensor([[1.0, 1.0], [0.0, 0.0]])),
        (["rose", "tulip"], ["rose", "tulip"]),
        ([["a"], ["b", "c"]], [["a"], ["b", "c"]]),
        ([[], []], [[], []]),
        ([None, 1], [None, 1]),
        ([{"a": 1}, 2], [{"a": 1}, 2]),
    ],
)
def test_labels_become_tensors_where_they_are_numbers(labels: list[Any], wanted: Any) -> None:
    images, found = collate([(torch.zeros(3, 4, 4), label) for label in labels])
    assert images.shape == (2, 3, 4, 4)
    assert type(found) is type(wanted)
    if isinstance(wanted, torch.Tensor):
        assert found.dtype == wanted.dtype
        assert torch.equal(found, wanted)
    else:
        assert found == wanted


@pytest.mark.parametrize("numbers", [(0, 1, 3), (2, 2)])
def test_what_varies_in_number_is_a_list_even_where_it_does_not_vary(numbers: tuple[int, ...]) -> None:
    items = [Augmented([sample(number, label=number)], PIPELINE)[0] for number in numbers]
    batch = collate(items)
    assert batch["image"].shape == (len(numbers), 3, 16, 20)
    assert batch["mask"].shape == (len(numbers), 16, 20)
    assert batch["label"].tolist() == list(numbers)
    assert batch["id"] == [f"{number}.png" for number in numbers]
    for name in ("boxes", "box_labels", "polygons", "keypoints", "keypoint_visible"):
        assert isinstance(batch[name], list)
        assert all(one is item[name] for one, item in zip(batch[name], items, strict=True))


def test_items_that_carry_different_things_go_together() -> None:
    plain, full = Augmented([(RGB, 1), sample(2)], PIPELINE)  # type: ignore[misc]
    batch = collate([plain, full])  # type: ignore[has-type]
    assert batch["image"].shape[0] == 2
    assert batch["boxes"][0] is None
    assert batch["mask"][0] is None


@pytest.mark.parametrize("other", [torch.zeros(3, 4, 5), torch.zeros(1, 4, 4), torch.zeros(3, 4, 4, dtype=torch.uint8)])
def test_images_that_cannot_be_stacked_are_told(other: torch.Tensor) -> None:
    with pytest.raises(SampleError, match="image: must have one shape and dtype in a batch"):
        collate([(torch.zeros(3, 4, 4), 0), (other, 1)])
