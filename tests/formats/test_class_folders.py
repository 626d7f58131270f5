"""Class folders: what is a class, what is a split, and what belongs to another folder, by names and by content."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augkit.datasets import DataSet, read
from augkit.datasets.naming import split_in, split_of_folder, splits_of
from augkit.errors import FileError
from augkit.images import encode
from support.data_sets import JPEG, PNG, lay, parquet_of, row_of, tar_of
from support.folders import done
from support.masked import numbers, photo, png
from support.pictures import noise

Files = dict[str, bytes | str | dict[str, Any]]


def facts(data: DataSet) -> dict[str, tuple[Any, Any]]:
    return {source.id: (source.label, source.split) for source in data.sources}


# ---- splits

SPLITS = [
    ("Train", "Test"), ("TRAIN", "VAL"), ("training", "testing"), ("train", "valid", "test"), ("train", "dev"),
    ("Training", "Validation"), ("training_set", "test_set"), ("train2017", "val2017"), ("train_images", "test_images"),
]  # fmt: skip
MEANT = {"tra": "train", "val": "val", "dev": "val", "tes": "test"}


@pytest.mark.parametrize("names", SPLITS)
def test_folders_of_splits_are_splits_where_every_picture_lies_in_one(names: tuple[str, ...], tmp_path: Path) -> None:
    wanted = {name: MEANT[name[:3].lower()] for name in names}
    for place, (above, below) in enumerate((("", "/cat"), ("cat/", ""), ("images/", "/cat"), ("", "/images/cat"))):
        root = lay(tmp_path / str(place), {f"{above}{name}{below}/0.png": PNG for name in names})
        data = read(root)
        found = {source.id: source.split for source in data.sources}
        assert found == {f"{above}{name}{below}/0.png": split for name, split in wanted.items()}
        assert data.classes == ("cat",), place
        assert any("Splits are those of the folders" in note and names[0] in note for note in data.notes)


@pytest.mark.parametrize("others", [("unlabelled",), ("extra", "x"), ("images_2",)])
def test_a_mix_of_splits_and_others_are_classes_and_it_is_told(others: tuple[str, ...], tmp_path: Path) -> None:
    names = ("train", "val", *others)
    data = read(lay(tmp_path, {f"{name}/cat/{name}.png": PNG for name in names}))
    assert facts(data) == {f"{name}/cat/{name}.png": (name, None) for name in names}
    assert any("There are no splits" in note and "--ignore" in note for note in data.notes)
    data = read(tmp_path, ignore=[f"{name}/*" for name in others])
    assert {source.split for source in data.sources} == {"train", "val"}


def test_a_class_that_is_called_train_is_a_class_and_it_is_told(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"train/1.jpg": JPEG, "bus/2.jpg": JPEG, "test_tubes/3.jpg": JPEG}))
    assert data.classes == ("bus", "test_tubes", "train")
    assert data.notes == (
        "There are no splits: train is called so, but pictures lie in bus, too: all folders are taken for classes.",
    )


def test_pictures_beside_splits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"must lie in a split, as others do in 'train', got pictures beside it"):
        read(lay(tmp_path, {"train/a.jpg": JPEG, "val/b.jpg": JPEG, "c.jpg": JPEG}))


@pytest.mark.parametrize("name", ["007", "1e3", "null", "true", "NaN", "1.0", "0x10", "~", "None", " a", "é"])
def test_names_of_classes_are_text_as_written(name: str, tmp_path: Path) -> None:
    lay(tmp_path / "set", {f"{name}/1.jpg": JPEG, "other/2.jpg": JPEG})
    assert facts(read(tmp_path / "set"))[f"{name}/1.jpg"] == (name, None)
    done(tmp_path / "set", tmp_path / "out", copies=1, form="webdataset")
    assert {source.label for source in read(tmp_path / "out").sources} == {name, "other"}


def test_deeper_folders_and_a_lone_one_are_told(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"set/cat/1.jpg": JPEG, "set/dog/1.jpg": JPEG}))
    assert data.classes == ("set",)
    note = (
        "The class of a picture is the first folder: of those in set/cat it is set. It is the only one; if the folders"
    )
    assert data.notes == (f"{note} below it are the classes, name it as SRC.",)
    data = read(lay(tmp_path / "2", {"set/train/cat/1.jpg": JPEG, "set/val/dog/1.jpg": JPEG}))
    assert (data.classes, {source.split for source in data.sources}) == (("cat", "dog"), {"train", "val"})


@pytest.mark.parametrize("name", ["images", "JPEGImages", "img", "Images"])
def test_one_folder_of_images_is_no_class(name: str, tmp_path: Path) -> None:
    data = read(lay(tmp_path, {f"{name}/1.jpg": JPEG, f"{name}/2.jpg": JPEG}))
    assert {source.label for source in data.sources} == {None}
    assert data.notes == (f"{name}: holds all pictures, and is no class.",)
    data = read(lay(tmp_path / "2", {f"{name}/cat/1.jpg": JPEG, f"{name}/dog/2.jpg": JPEG}))
    assert data.classes == ("cat", "dog")


NAMED = {
    "instances_val2017.json": "val", "imagenet-train-0001.tar": "train", "train-00000-of-00001.parquet": "train",
    "my_dataset.test.jsonl": "test", "validation-00000.parquet": "val", "Train.CSV": "train",
    "train_images.tar": "train",
    "person_keypoints_val2017.json": "val", "testing.tar": "test", "dev-0.parquet": "val",
    "test_tubes.parquet": None, "training_shoes.tar": None, "trainers.tar": None, "contest.tar": None, "0000.tar": None,
    "train_val.json": None, "trainval.json": None, "latest.parquet": None, "retrain-x.tar": None, "value.csv": None,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_split_is_a_word_by_itself_at_the_end_of_a_name(name: str) -> None:
    assert split_in(name) == NAMED[name]


def test_names_of_folders_are_splits_alone() -> None:
    assert [split_of_folder(name) for name in ("cat_train", "training_shoes", "testing", "x", "")] == [
        None,
        None,
        "test",
        None,
        None,
    ]


def test_files_have_splits_where_all_have_one() -> None:
    told: list[str] = []
    assert splits_of(["train-0.tar", "val-0.tar"], told.append, "x") == {"train-0.tar": "train", "val-0.tar": "val"}
    assert told == []
    assert splits_of(["beakers.parquet", "test.parquet"], told.append, "x") == {
        "beakers.parquet": None,
        "test.parquet": None,
    }
    assert told == ["There are no splits: 'test.parquet' names one, but 'beakers.parquet' does not."]
    with pytest.raises(FileError, match=r"must be in a split as others are .* 'extra.tar'"):
        splits_of(["train.tar", "val.tar", "extra.tar"], told.append, "x")


def test_a_file_called_test_tubes_is_no_split(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    files: Files = {
        "test_tubes.parquet": parquet_of([row_of("a.jpg", label="x")]),
        "beakers.parquet": parquet_of([row_of("b.jpg", label="y")]),
    }
    assert {source.split for source in read(lay(tmp_path / "a", files)).sources} == {None}
    files = {
        "training_shoes.tar": tar_of({"a.jpg": JPEG, "a.cls": b"x"}),
        "train/0.tar": tar_of({"b.jpg": JPEG, "b.cls": b"y"}),
    }
    data = read(lay(tmp_path / "b", files))
    assert {source.split for source in data.sources} == {None}
    assert "There are no splits" in data.notes[0]


# ---- second folders, both ways


def folder_of(name: str, made: Callable[[int], bytes], first: int = 0, suffix: str = "png") -> Files:
    return {f"{name}/{n}.{suffix}": made(n) for n in range(first, first + 6)}


def grey(n: int) -> bytes:
    return encode(photo(numbers(n), n)[..., 1], "png")


def seed_photo(offset: int) -> Callable[[int], bytes]:
    return lambda n: encode(photo(numbers(n + offset), n + offset), "png")


def edges(n: int) -> bytes:
    mask = numbers(n).astype(int)
    found = (np.abs(np.diff(mask, axis=0, prepend=0)) + np.abs(np.diff(mask, axis=1, prepend=0)) > 0).astype(
        np.uint8
    ) * 255
    return encode(found, "png")


def depth(n: int) -> bytes:
    return encode((numbers(n).astype(np.uint16) * 9000 + 500), "png")


def drawing(n: int) -> bytes:
    """Return black on white, of nothing that any photo shows."""
    return png(
        (np.random.default_rng(n + 77).random((10, 14)) < 0.4).astype(np.uint8).repeat(4, 0).repeat(4, 1)
        * np.uint8(255)
    )


SECOND: dict[str, tuple[str, Callable[[int], bytes], str]] = {
    "depth beside images": ("images", depth, "depth"),
    "edges beside images": ("images", edges, "edges"),
    "images_2 beside images": ("images", seed_photo(0), "images_2"),
    "the smaller beside images": ("images", lambda n: encode(photo(numbers(n), n)[::2, ::2].copy(), "png"), "images_2"),
    "normals beside rgb": ("rgb", seed_photo(9), "normals"),
    "depth beside photos": ("photos", depth, "depth"),
    "edges beside a": ("a", edges, "edges"),
    "instances beside frames": ("frames", lambda n: png(numbers(n).astype(np.uint16)), "instances"),
    "numbers beside a": ("a", lambda n: png(numbers(n)), "b"),
    "0 and 255 beside a": ("a", lambda n: png((numbers(n) > 0).astype(np.uint8) * np.uint8(255)), "b"),
    "a palette beside a": ("a", lambda n: png(numbers(n), palette=[(9, 9, 9), (200, 0, 0), (0, 0, 200)]), "b"),
    "masks that are photos beside images": ("images", seed_photo(0), "labels"),
}


@pytest.mark.parametrize("name", SECOND)
def test_a_folder_that_belongs_to_another_is_no_class(name: str, tmp_path: Path) -> None:
    base, made, second = SECOND[name]
    lay(tmp_path, {**folder_of(base, seed_photo(0)), **folder_of(second, made)})
    with pytest.raises(FileError, match=rf"{second}/\*' is not understood.*--ignore '{second}/\*'"):
        read(tmp_path)
    assert {source.id.partition("/")[0] for source in read(tmp_path, ignore=f"{second}/*").sources} == {base}
    for split, first in (("train", 0), ("val", 6)):
        both = folder_of(f"{split}/{base}", seed_photo(0), first) | folder_of(f"{split}/{second}", made, first)
        lay(tmp_path / "split", both)
    with pytest.raises(FileError, match=rf"{second}/\*'.* not understood"):
        read(tmp_path / "split")


QUARTET = [(0, 0, 0), (9, 0, 0), (0, 9, 0), (255, 255, 255)]


def noisy(n: int) -> bytes:
    return encode(noise((24, 32), seed=n), "png")


def plain(*colour: int) -> bytes:
    return encode(np.full((24, 32, 3)[: 2 + (len(colour) > 1)], colour, np.uint8), "png")


def logo(n: int) -> bytes:
    return png(np.random.default_rng(n).integers(0, 4, (40, 56), np.uint8), palette=QUARTET)


CLASSES: dict[str, dict[str, Callable[[int], bytes]]] = {
    "photos": {"cat": seed_photo(0), "dog": seed_photo(50)},
    "noise": {"cat": noisy, "dog": lambda n: noisy(n + 9)},
    "the same photos": {"cat": seed_photo(0), "dog": seed_photo(0)},
    "greys": {"0": grey, "1": lambda n: grey(n + 20), "2": lambda n: grey(n + 40)},
    "grey and colour": {"night": grey, "day": seed_photo(30)},
    "digits of two values": {"0": edges, "1": lambda n: edges(n + 9)},
    "drawings and photos": {"drawing": drawing, "photo": seed_photo(3)},
    "drawings in a palette": {"logo": logo, "photo": seed_photo(3)},
    "plain colours": {"red": lambda n: plain(200, n, 0), "noisy": noisy},
    "plain greys": {"dark": plain, "noisy": noisy},
    "mask and no_mask": {"mask": seed_photo(0), "no_mask": seed_photo(60)},
    "mask and no_mask in grey": {"mask": grey, "no_mask": lambda n: grey(n + 60)},
    "with_mask and without_mask": {"with_mask": seed_photo(0), "without_mask": seed_photo(60)},
    "normal and not": {"normal": grey, "abnormal": seed_photo(4)},
    "label and others": {"label": seed_photo(0), "box": seed_photo(60), "pallet": seed_photo(20)},
    "edges": {"edges": seed_photo(0), "dents": seed_photo(60)},
    "sketch, photo": {"sketch": grey, "photo": seed_photo(4), "cartoon": seed_photo(9)},
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_classes_that_number_their_pictures_alike_stay_classes(name: str, suffix: str, tmp_path: Path) -> None:
    files: Files = {}
    for folder, made in CLASSES[name].items():
        files |= folder_of(folder, made if suffix == "png" else lambda n, made=made: as_jpeg(made(n)), suffix=suffix)  # type: ignore[misc]
    data = read(lay(tmp_path, files))
    assert data.form == "folder"
    assert data.classes == tuple(sorted(CLASSES[name]))
    assert len(data.sources) == len(files)


def as_jpeg(data: bytes) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("RGB" if picture.mode == "P" else picture.mode).save(file, "JPEG")
    return file.getvalue()


def test_folders_of_the_same_names_that_might_be_masks_are_told(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {**folder_of("drawing", drawing), **folder_of("photo", seed_photo(3))}))
    assert data.notes == ("drawing and photo hold pictures of the same names: they are taken for classes.",)


def test_two_folders_of_the_same_names_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    files: Files = {f"{folder}/{name}.png": seed_photo(n)(n) for n, folder in enumerate("AB") for name in ("x", "y")}
    data = read(lay(tmp_path, files))
    assert data.notes == ("B and A hold pictures of the same names: they are taken for classes.",)


def test_single_masks_in_class_folders_are_named(tmp_path: Path) -> None:
    files: Files = {
        **folder_of("cat", seed_photo(0)),
        **folder_of("dog", seed_photo(50)),
        "cat/0_mask.png": png(numbers(0)),
    }
    with pytest.raises(FileError, match=r"'cat/0_mask.png' is not understood"):
        read(lay(tmp_path, files))


@pytest.mark.parametrize(
    "name", ["a.json", "cat/a.txt", "cat/a.xml", "labels.csv", "cat/a.npy", "_annotations.txt", "x.mat"]
)
def test_files_that_look_like_labels_beside_pictures_are_named(name: str, tmp_path: Path) -> None:
    lay(tmp_path, {"cat/a.jpg": JPEG, "dog/b.jpg": JPEG, name: "what is this\n"})
    with pytest.raises(FileError, match=rf"{name.rpartition('/')[2]}"):
        read(tmp_path)
    assert len(read(tmp_path, ignore=name).sources) == 2


def test_classes_whose_folders_are_called_otherwise_are_told(tmp_path: Path) -> None:
    files: Files = {"Cat/a.jpg": JPEG, "cat/b.jpg": JPEG, "dog/c.jpg": JPEG}
    lay(tmp_path / "s", files)
    told = [note for note in done(tmp_path / "s", tmp_path / "folders", 1).notes if "Not every file system" in note]
    assert len(told) == 1
    assert "class 'cat' is folder '%63at'. " in told[0]
    assert "manifest" in told[0]
    kept = done(tmp_path / "s", tmp_path / "rows", 1, form="manifest").notes
    assert not any("Not every file system" in note for note in kept)
