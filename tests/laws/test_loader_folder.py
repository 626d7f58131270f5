"""A DataLoader from the path of a data set: any form, its classes as numbers, nothing left out silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import augkit as ak
from augkit.datasets import read
from augkit.errors import ArgumentError, AugkitError, DecodeError, FileError, SampleError
from augkit.images import decode
from augkit.loader import Augmented, Draw, EpochSampler, MixUp, Mosaic, Pictures, folder
from support.data_sets import FORMS, JPEG, lay, tar_of
from support.folders import SMALL, done, fill, lines, outputs, picture, put
from support.labelled import BENT, coco

STILL = ak.Pipeline([])


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = fill(tmp_path_factory.mktemp("classes") / "src")
    (root / "top.jpg").unlink()
    return root


@pytest.mark.parametrize("form", ["folder", "webdataset", "parquet"])
def test_what_was_expanded_is_loaded_in_every_form(form: str, classes: Path, tmp_path: Path) -> None:
    done(classes, tmp_path / "out", 2, form=form, encoding="png", split="train=0.7,val=0.3")
    written = (
        {decode(data).image.tobytes() for data in outputs(tmp_path / "out").values()} if form == "folder" else set()
    )
    for split in ("train", "val"):
        loader = folder(tmp_path / "out", batch_size=1, split=split)
        assert loader.dataset.classes == ("roses", "tulips")  # type: ignore[attr-defined]
        sources = [source for source in read(tmp_path / "out").sources if source.split == split]
        found = [(image[0].permute(1, 2, 0).numpy().tobytes(), int(label)) for image, label in loader]
        assert len(found) == len(set(found)) == len(sources) == len(loader)
        assert sum(label for _, label in found) == sum(source.label == "tulips" for source in sources)
        assert form != "folder" or {pixels for pixels, _ in found} <= written


def test_splits_must_be_chosen(classes: Path, tmp_path: Path) -> None:
    done(classes, tmp_path / "out", 1, split="train=0.7,val=0.3")
    with pytest.raises(ArgumentError, match=r"split: must be train or val or all of .*out, got None"):
        folder(tmp_path / "out")
    with pytest.raises(ArgumentError, match=r"got 'trian'. Did you mean train?"):
        folder(tmp_path / "out", split="trian")
    with pytest.raises(ArgumentError, match="got 'test'"):
        folder(tmp_path / "out", split="test")
    with pytest.raises(ArgumentError, match=r"split: must be all of .*src, got 'train'"):
        folder(classes, split="train")
    every, train, val = (
        len(folder(tmp_path / "out", split=split).dataset)  # type: ignore[arg-type]
        for split in ("all", "train", "val")
    )
    assert every == train + val


def test_passes_are_epochs_and_the_sampler_goes_back(classes: Path) -> None:
    loader = folder(classes, SMALL, batch_size=5, seed=4, drop_last=True)
    epochs = [[(image.clone(), label) for image, label in loader] for _ in range(2)]
    assert all(len(epoch) == 4 for epoch in epochs)
    assert not torch.equal(epochs[0][0][0], epochs[1][0][0])
    assert isinstance(loader.sampler, EpochSampler)
    loader.sampler.set_epoch(0)
    loader.sampler.start_at(10)
    rest = list(loader)
    assert len(rest) == 2
    assert all(torch.equal(one, two) for (one, _), (two, _) in zip(rest, epochs[0][2:], strict=True))


def test_weights_ranks_and_mixing(classes: Path) -> None:
    count = len(read(classes).sources)
    weights = [float(source.label == "roses") for source in read(classes).sources]
    labels = torch.cat([label for _, label in folder(classes, SMALL, weights=weights)])
    assert len(labels) == count
    assert (labels == 0).all()
    ranks = [folder(classes, SMALL, 3, shuffle=False, rank=rank, world=2) for rank in range(2)]
    images = torch.cat([image for loader in ranks for image, _ in loader])
    assert len({image.numpy().tobytes() for image in images}) == len(images) >= count
    mixed = folder(classes, SMALL, mix=lambda augmented: MixUp(augmented, 0.4))
    _, shares = next(iter(mixed))
    assert shares.shape == (count, 2)
    assert torch.allclose(shares.sum(dim=1), torch.ones(count))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_loaded(form: str, tmp_path: Path) -> None:
    files, where = FORMS[form]
    loader = folder(lay(tmp_path, files) / where, split="all", batch_size=2, shuffle=False)
    (batch,) = loader
    assert batch["image"].shape[1:] == (3, 24, 32)
    assert np.array_equal(batch["image"][0].permute(1, 2, 0).numpy(), decode(JPEG).image)
    names = loader.dataset.classes  # type: ignore[attr-defined]
    assert names == ("cat", "dog")
    for boxes, labels in zip(batch["boxes"], batch["box_labels"], strict=True):
        assert [names[number] for number in labels] == ["cat", "dog"]
        np.testing.assert_allclose(boxes, [[2, 3, 7, 10], [1, 1, 9, 5]], atol=1e-4)


def test_mosaic_over_a_detection_set(tmp_path: Path) -> None:
    files, where = FORMS["yolo"]
    loader = folder(lay(tmp_path, files) / where, split="all", mix=lambda data: Mosaic(data, (48, 64)))
    (batch,) = loader
    assert batch["image"].shape == (2, 3, 48, 64)
    assert all(len(boxes) == len(labels) for boxes, labels in zip(batch["boxes"], batch["box_labels"], strict=True))


def test_several_labels_numbers_and_masks_of_a_manifest(tmp_path: Path) -> None:
    rows = [{"image": "a.jpg", "label": ["wet", "cold"]}, {"image": "b.jpg", "label": ["cold"]}]
    lay(tmp_path, {"a.jpg": JPEG, "b.jpg": JPEG, "list.jsonl": "\n".join(map(json.dumps, rows))})
    loader = folder(tmp_path / "list.jsonl", shuffle=False)
    assert loader.dataset.classes == ("cold", "wet")  # type: ignore[attr-defined]
    ((_, labels),) = loader
    assert labels.tolist() == [[1, 1], [1, 0]]
    rows = [{"image": "a.jpg", "label": 1.5}, {"image": "b.jpg", "label": 3}]  # type: ignore[dict-item]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ((_, labels),) = folder(tmp_path / "list.jsonl", shuffle=False)
    assert labels.tolist() == [1.5, 3]
    flat = folder(lay(tmp_path / "flat", {"a.jpg": JPEG}))
    assert next(iter(flat))[1] == [None]


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("content", [JPEG[:-40], b"no picture", b""])
def test_a_picture_that_cannot_be_read_is_told_by_its_name(content: bytes, workers: int, tmp_path: Path) -> None:
    lay(tmp_path, {"a/1.jpg": JPEG, "a/2.jpg": content})
    loader = folder(tmp_path, shuffle=False, workers=workers)
    with pytest.raises(DecodeError, match=f"{tmp_path}/a/2.jpg"):
        list(loader)


@pytest.mark.parametrize("gone", ["whole", "mask"])
def test_a_file_that_is_gone_is_told_by_its_name(gone: str, tmp_path: Path) -> None:
    members = {"a.jpg": JPEG, "a.mask.png": JPEG}
    lay(tmp_path, {"train.tar": tar_of(members)})
    loader = folder(tmp_path, split="train")
    if gone == "whole":
        (tmp_path / "train.tar").unlink()
    with pytest.raises((FileError, DecodeError), match=f"{tmp_path}/train.tar"):
        list(loader)


def test_pictures_of_several_sizes_are_told(tmp_path: Path) -> None:
    for number, size in enumerate([(24, 32, 3), (24, 30, 3)]):
        put(tmp_path / f"a/{number}.png", picture(number, size))
    with pytest.raises(SampleError, match=r"must have one shape and dtype in a batch.*RandomResizedCrop"):
        list(folder(tmp_path))


def test_pictures_are_samples_with_names(tmp_path: Path) -> None:
    files, where = FORMS["coco"]
    data = read(lay(tmp_path, files) / where)
    pictures = Pictures(data, data.sources[1:], label=str, box_label=str.upper)
    assert len(pictures) == 1
    assert pictures[0].id == data.sources[1].id
    assert pictures[0].box_labels == ["CAT", "DOG"]
    assert pictures[0].label == "None"
    cat, dog = pictures[0].polygons or ()
    assert len(cat) == 0
    assert len(dog) == 1
    assert next(iter(folder(data, split="val")))["polygons"][0][0] == []


def test_labels_are_those_that_expand_writes(tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="needs run lengths")
    data = read(coco(tmp_path / "src"))
    done(tmp_path / "src", tmp_path / "out", 2, pipeline=BENT, encoding="png", seed=3)
    augmented = Augmented(Pictures(data), BENT, 3)
    index = {source.id: number for number, source in enumerate(data.sources)}
    for entry in lines(tmp_path / "out"):
        item, record = augmented[Draw(0, index[entry["source"]], entry["copy"])], entry["record"]
        assert list(item["box_labels"]) == [instance["label"] for instance in record["instances"]]
        boxes = [instance["box"] for instance in record["instances"]]
        np.testing.assert_allclose(item["boxes"], np.reshape(boxes, (-1, 4)), atol=2e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"batch_size": 0}, "batch_size: must be a whole number from 1 on"),
        ({"workers": -1}, "workers: must be a whole number from 0 on"),
        ({"pipeline": "sicks"}, "no pipeline is called 'sicks'"),
        ({"weights": [1.0]}, "weights: must be 23 numbers"),
        ({"rank": 2}, "rank: must be a whole number from 0 to 0"),
        ({"data": "nowhere"}, "nowhere: must be readable"),
    ],
)
def test_a_wrong_argument_is_told(arguments: dict[str, Any], words: str, classes: Path) -> None:
    with pytest.raises(AugkitError, match=words):
        folder(**{"data": classes, **arguments})


def test_pictures_take_a_data_set(classes: Path) -> None:
    with pytest.raises(ArgumentError, match=r"Pictures.data: must be a data set, got PosixPath. Give augkit.datasets"):
        Pictures(classes)  # type: ignore[arg-type]
