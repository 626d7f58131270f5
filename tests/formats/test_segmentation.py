"""Segmentation folders: every layout that people have, masks of every kind, and what is refused by name."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augkit.core.key import Key
from augkit.datasets import read
from augkit.datasets.samples import named_sample
from augkit.errors import AugkitError, FileError
from augkit.executors import run
from augkit.expand import expand, verify
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.transforms.geometry import Mirror, Rotate
from support.data_sets import lay
from support.folders import lines, outputs
from support.masked import COLOURS, SIZE, TINTS, Files, coloured, found, jpeg, numbers, pairs, photo, png

TRAIN_VAL = ("train", "val")
# Pattern of pictures, pattern of masks; the split's name as {s}, the number as {n}.
LAYOUTS = {
    "images and masks": ("images/{n}.jpg", "masks/{n}.png"),
    "img and annotations": ("img/{n}.jpg", "annotations/{n}.png"),
    "imgs and labels": ("imgs/{n}.jpg", "labels/{n}.png"),
    "image and gt": ("Image/{n}.jpg", "GT/{n}.png"),
    "voc": ("JPEGImages/{n}.jpg", "SegmentationClass/{n}.png"),
    "ground truth": ("images/{n}.jpg", "ground_truth/{n}.png"),
    "the same names and suffixes": ("images/{n}.png", "masks/{n}.png"),
    "endings in two folders": ("images/{n}.jpg", "masks/{n}_mask.png"),
    "beginnings": ("images/image_{n}.jpg", "masks/mask_{n}.png"),
    "splits above": ("{s}/images/{n}.jpg", "{s}/masks/{n}.png"),
    "splits below": ("images/{s}/{n}.jpg", "masks/{s}/{n}.png"),
    "splits of other names": ("images/{s}ing/{n}.jpg", "annotations/{s}ing/{n}.png"),
    "cityscapes": ("leftImg8bit/{s}/aachen/a_{n}_leftImg8bit.png", "gtFine/{s}/aachen/a_{n}_gtFine_labelIds.png"),
    "camvid": ("{s}/{n}.png", "{s}annot/{n}.png"),
    "camvid of kaggle": ("{s}/0001TP_{n}.png", "{s}_labels/0001TP_{n}_L.png"),
    "camvid of fastai": ("images/0001TP_{n}.png", "labels/0001TP_{n}_P.png"),
    "carvana": ("{s}/{n}.jpg", "{s}_masks/{n}_mask.gif"),
    "flat": ("{n}.jpg", "{n}_mask.png"),
    "flat, dashed": ("{n}.jpg", "{n}-mask.png"),
    "flat, seg": ("ADE_{n}.jpg", "ADE_{n}_seg.png"),
    "flat, before": ("image_{n}.jpg", "mask_{n}.png"),
    "flat, satellite": ("{n}_sat.jpg", "{n}_mask.png"),
    "roboflow": ("{s}/p_jpg.rf.{n}.jpg", "{s}/p_jpg.rf.{n}_mask.png"),
    "pictures in the root": ("{n}.jpg", "masks/{n}.png"),
    "penn": ("PNGImages/Fudan{n}.png", "PedMasks/Fudan{n}_mask.png"),
    "pets": ("images/Abyssinian_{n}.jpg", "annotations/trimaps/Abyssinian_{n}.png"),
    "isic": ("ISIC2018_Task1-2_Training_Input/I_{n}.jpg", "ISIC2018_Task1_Training_GroundTruth/I_{n}_segmentation.png"),
    "loveda": ("Train/Rural/images_png/{n}.png", "Train/Rural/masks_png/{n}.png"),
    "under another folder": ("CamVid/images/{n}.jpg", "CamVid/masks/{n}.png"),
    "two suffixes": ("images/{n}.jpg", "masks/{n}.jpg.png"),
    "photos": ("photos/{n}.jpg", "masks/{n}.png"),
    "capitals": ("Images/{n}.JPG", "Masks/{n}.PNG"),
    "tiff": ("images/{n}.tif", "masks/{n}.tif"),
    "decomposed": ("images/cafe\u0301{n}.jpg", "masks/caf\u00e9{n}.png"),
}  # fmt: skip


def picture_of(n: int, path: str) -> bytes:
    kind = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "tif": "TIFF"}[path.rpartition(".")[2].lower()]
    if "mask" in path.lower() or kind == "GIF":
        return png(numbers(n), kind=kind)
    file = io.BytesIO()
    Image.fromarray(photo(numbers(n), n)).save(file, kind, quality=95)
    return file.getvalue()


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_each_picture_its_mask(name: str, tmp_path: Path) -> None:
    picture, mask = LAYOUTS[name]
    splits = ("train", "test") if "{s}ing" in picture else TRAIN_VAL
    files: Files = {}
    wanted: dict[str, tuple[int, str | None]] = {}
    for n in range(6):
        split = splits[n % 2] if "{s}" in picture else None
        path, other = (pattern.format(n=n, s=split) for pattern in (picture, mask))
        kind = {"gif": "GIF", "tif": "TIFF", "png": "PNG"}[other.rpartition(".")[2].lower()]
        files |= {path: picture_of(n, path.replace("mask", "")), other: png(numbers(n), kind=kind)}
        wanted[path] = n, split
    data = read(lay(tmp_path, files))
    assert data.form == "segmentation"
    assert data.kinds == {"masks"}
    assert {source.id for source in data.sources} == wanted.keys()
    for source in data.sources:
        n, split = wanted[source.id]
        assert source.split == (split or ("train" if name in ("isic", "loveda") else None))
        assert not source.fault
        assert source.label is None
        np.testing.assert_array_equal(named_sample(data, source).mask, numbers(n), err_msg=source.id)
    assert data.left_out == ()


def test_the_same_names_in_two_splits_are_two_pairs(tmp_path: Path) -> None:
    files = {**pairs("train/images/{}.jpg", "train/masks/{}.png"), **pairs("images/val/{}.jpg", "masks/val/{}.png")}
    for n in range(3):
        files |= {f"images/val/{n}.jpg": jpeg(n + 7), f"masks/val/{n}.png": png(numbers(n + 7))}
    for source, mask in found(read(lay(tmp_path, files))).items():
        np.testing.assert_array_equal(mask, numbers(int(source[-5]) + 7 * ("val" in source)))


# ---- what does not fit


def test_a_mask_without_a_picture_is_named(tmp_path: Path) -> None:
    files = {**pairs("images/{}.jpg", "masks/{}.png"), "masks/lost.png": png(numbers(9))}
    with pytest.raises(FileError, match=r"'masks/lost.png' is not understood.* has no picture") as fault:
        read(lay(tmp_path, files))
    assert "*.png" not in str(fault.value)  # which all masks are
    data = read(tmp_path, ignore="masks/lost.png")
    assert len(data.sources) == 3
    assert data.ignored == (("masks/lost.png", 1),)


def test_a_picture_without_a_mask_is_rejected_with_its_reason(tmp_path: Path) -> None:
    lay(tmp_path / "set", {**pairs("images/{}.jpg", "masks/{}.png"), "images/bare.jpg": jpeg(7)})
    bare = next(source for source in read(tmp_path / "set").sources if source.id == "images/bare.jpg")
    assert bare.fault == "images/bare.jpg: must have a mask, as others beside it do, got none of its name."
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0)
    assert (summary.written, summary.rejected, summary.over_budget) == (3, 1, True)
    assert "must have a mask" in (tmp_path / "out/.augkit/rejected.jsonl").read_text()


def test_pictures_of_a_split_without_any_mask_are_kept_and_told(tmp_path: Path) -> None:
    files = {**pairs("train/images/{}.jpg", "train/masks/{}.png"), "test/images/a.jpg": jpeg(7)}
    data = read(lay(tmp_path, files))
    assert [(source.split, source.annotations is None) for source in data.sources] == [
        ("test", True),
        *[("train", False)] * 3,
    ]
    assert any("1 pictures have no mask, none in test/images" in note for note in data.notes)


def test_a_mask_of_another_size_costs_its_picture(tmp_path: Path) -> None:
    made = lambda n: png(numbers(n, size=(41, 56) if n == 1 else SIZE))  # noqa: E731
    lay(tmp_path / "set", pairs("images/{}.jpg", "masks/{}.png", made=made))
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0, max_rejected=1.0)
    assert (summary.written, summary.rejected) == (2, 1)
    assert "mask: must have the image's shape (40, 56), got (41, 56)" in summary.reasons[0][0]


def test_a_mask_with_a_colour_of_no_class_costs_its_picture(tmp_path: Path) -> None:
    made = lambda n: png(coloured(numbers(n), [(0, 0, 0), (128, 0, 0), (1, 2, 3)] if n == 1 else COLOURS))  # noqa: E731
    table = "name,r,g,b\nsky,0,0,0\nbus,128,0,0\ncar,0,128,0\n"
    lay(tmp_path / "set", {**pairs("images/{}.jpg", "masks/{}.png", made=made), "class_dict.csv": table})
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0, max_rejected=1.0)
    assert (summary.written, summary.rejected) == (2, 1)
    assert "got (1, 2, 3) at x" in summary.reasons[0][0]


def test_a_damaged_mask_costs_its_picture(tmp_path: Path) -> None:
    made = lambda n: png(numbers(n))[: 60 if n == 1 else None]  # noqa: E731
    lay(tmp_path / "set", pairs("images/{}.jpg", "masks/{}.png", made=made))
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0, max_rejected=1.0)
    assert (summary.written, summary.rejected) == (2, 1)


def test_colours_that_loss_has_smeared_are_refused(tmp_path: Path) -> None:
    made = lambda n: png(coloured(numbers(n)), kind="JPEG")  # noqa: E731
    lay(tmp_path, pairs("images/{}.jpg", "masks/{}.jpg", made=made))
    with pytest.raises(FileError, match="masks"):
        read(tmp_path)


def test_several_masks_of_a_picture_are_named(tmp_path: Path) -> None:
    files = {**pairs("images/{}.jpg", "masks/{}.png"), **pairs("images/{}.jpg", "masks/{}_mask.png")}
    with pytest.raises(FileError, match=r"masks/0_mask.png.* has a mask already"):
        read(lay(tmp_path, files))
    assert len(read(tmp_path, ignore="*_mask.png").sources) == 3


@pytest.mark.parametrize("second", ["depth", "edges", "images_2", "instances", "anything"])
def test_a_second_folder_of_the_same_names_is_named(second: str, tmp_path: Path) -> None:
    files = {**pairs("images/{}.jpg", "masks/{}.png"), **pairs("images/{}.jpg", f"{second}/{{}}.png")}
    with pytest.raises(FileError, match=rf"'{second}/\*' .* pass --ignore '{second}/\*'"):
        read(lay(tmp_path, files))
    assert len(read(tmp_path, ignore=f"{second}/*").sources) == 3


def test_cityscapes_other_files_are_named_by_their_endings(tmp_path: Path) -> None:
    picture, mask = "leftImg8bit/train/aachen/a_{}_leftImg8bit.png", "gtFine/train/aachen/a_{}_gtFine_labelIds.png"
    files = pairs(picture, mask)
    for ending in ("color", "instanceIds"):
        files |= pairs(picture, f"gtFine/train/aachen/a_{{}}_gtFine_{ending}.png")
    files["gtFine/train/aachen/a_0_gtFine_polygons.json"] = "{}"
    lay(tmp_path, files)
    with pytest.raises(FileError, match=r"_color.png"):
        read(tmp_path)
    data = read(tmp_path, ignore=("*_color.png", "*_instanceIds.png", "*_polygons.json"))
    assert len(data.sources) == 3
    for source, found_mask in found(data).items():
        np.testing.assert_array_equal(found_mask, numbers(int(source.split("_")[1])))


def test_masks_of_single_objects_are_not_taken_for_others(tmp_path: Path) -> None:
    """Of the Data Science Bowl: a folder a picture, and in it a mask a cell, none of which has the picture's name."""
    files: Files = {}
    for n in range(3):
        below = f"stage1_train/p{n}"
        files[f"{below}/images/p{n}.png"] = png(photo(numbers(n)))
        files |= {f"{below}/masks/{name}{n}.png": png(numbers(n)) for name in "ab"}
    with pytest.raises(FileError, match=r"masks"):
        read(lay(tmp_path, files))


def test_what_else_lies_there_and_looks_like_labels_is_named(tmp_path: Path) -> None:
    files = {**pairs("images/{}.jpg", "masks/{}.png"), "annotations.xml": "<a/>", "README.md": "", "Thumbs.db": ""}
    with pytest.raises(FileError, match=r"'annotations.xml' is not understood"):
        read(lay(tmp_path, files))
    assert read(tmp_path, ignore="*.xml").left_out == (("documentation", 2),)


def test_files_of_classes_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    files: Files = {**pairs("images/{}.jpg", "masks/{}.png"), "classes.txt": "a\nb\n", "labels.txt": "a\nc\n"}
    with pytest.raises(FileError, match=r"labels.txt: must name the same classes as classes.txt"):
        read(lay(tmp_path, files))


def test_soft_masks_are_kept_and_told(tmp_path: Path) -> None:
    soft = lambda n: png(np.linspace(0, 255, SIZE[0] * SIZE[1]).reshape(SIZE).astype(np.uint8))  # noqa: E731
    data = read(lay(tmp_path, pairs("images/{}.jpg", "masks/{}.png", made=soft)))
    assert data.notes == (
        "Masks such as masks/0.png have many values, more than classes have: they are kept as they are.",
    )
    assert [len(np.unique(mask)) for mask in found(data).values() if mask is not None] == [256] * 3


def test_classes_above_pictures_and_masks_are_kept_and_told(tmp_path: Path) -> None:
    files = pairs("{}/x/images/p.jpg", "{}/x/masks/p.png")
    data = read(lay(tmp_path, files))
    assert {source.id: source.label for source in data.sources} == {f"{n}/x/images/p.jpg": str(n) for n in range(3)}
    assert data.notes == ("Classes are the folders 0, 1, 2.",)


def test_mvtec_has_masks_of_what_is_broken_alone(tmp_path: Path) -> None:
    files = pairs("test/broken/{}.png", "ground_truth/broken/{}_mask.png")
    files |= {f"{split}/good/{split}.png": png(photo(numbers(5))) for split in ("train", "test")}
    for n in range(3):
        files[f"test/broken/{n}.png"] = png(photo(numbers(n)))
    data = read(lay(tmp_path, files))
    assert {source.id: (source.label, source.split) for source in data.sources if source.annotations} == {
        f"test/broken/{n}.png": ("broken", "test") for n in range(3)
    }
    assert [source.fault for source in data.sources] == [""] * 5
    assert any("2 pictures have no mask, none in test/good, train/good" in note for note in data.notes)


def test_an_archive_is_read_as_its_folder(tmp_path: Path) -> None:
    files = pairs("set/images/{}.jpg", "set/masks/{}.png", made=lambda n: png(coloured(numbers(n))))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path, content in files.items():
            assert isinstance(content, bytes)
            archive.writestr(path, content)
    data = read(tmp_path / "set.zip")
    assert data.form == "segmentation"
    for source, mask in zip(data.sources, found(data).values(), strict=True):
        np.testing.assert_array_equal(mask, np.array([0, 2, 1])[numbers(int(source.id[-5]))])


def test_cvats_export_of_masks(tmp_path: Path) -> None:
    """CVAT, "Segmentation mask 1.1": colours, `labelmap.txt`, a list, and masks of objects."""
    made = lambda n: png(coloured(numbers(n)))  # noqa: E731
    files: Files = {
        **pairs("JPEGImages/{}.jpg", "SegmentationClass/{}.png", made=made),
        **pairs("JPEGImages/{}.jpg", "SegmentationObject/{}.png", made=made),
        "ImageSets/Segmentation/default.txt": "0\n1\n2\n",
        "labelmap.txt": "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:0,128,0::\nbus:128,0,0::\n",
    }
    data = read(lay(tmp_path, files), ignore="SegmentationObject/*")
    for source, mask in found(data).items():
        np.testing.assert_array_equal(mask, np.array([0, 2, 1])[numbers(int(source[-5]))])
    assert data.about["mask_classes"] == ["background", "car", "bus"]


# ---- written and read again


def aligned(picture: NDArray[Any], mask: NDArray[Any]) -> float:
    """Return the share of pixels whose colour is that of their class."""
    distances = ((picture[..., None, :].astype(np.int64) - TINTS) ** 2).sum(-1)
    return float(np.mean(distances.argmin(-1) == mask))


@pytest.mark.parametrize("splits", [False, True])
def test_masks_move_with_their_pictures_and_are_read_again(splits: bool, tmp_path: Path) -> None:
    above = "train/" if splits else ""
    made = lambda n: png(coloured(numbers(n)))  # noqa: E731
    table = "name,r,g,b\nsky,0,0,0\nbus,128,0,0\n007,0,128,0\n"
    files = {**pairs(f"{above}images/{{}}.jpg", f"{above}masks/{{}}.png", made=made), "class_dict.csv": table}
    if splits:
        files |= pairs("test/images/{}.jpg", "test/masks/{}.png", made=made, first=5, count=2)
    lay(tmp_path / "set", files)
    pipeline = Pipeline([Mirror(), Rotate((-10, 10))], border="replicate")
    out = tmp_path / "out"
    summary = expand(tmp_path / "set", out, pipeline, 2, workers=0, encoding="png", originals="include")
    assert summary.rejected == 0
    assert verify(out).is_sound
    again = read(out)
    assert again.form == "segmentation"
    assert again.about == read(tmp_path / "set").about
    assert len(again.sources) == summary.written == (11 if splits else 9)
    assert {source.split for source in again.sources} == ({"train", "test"} if splits else {None})
    for source in again.sources:
        sample = named_sample(again, source)
        assert sample.mask is not None
        assert set(np.unique(sample.mask)) <= {0, 1, 2}
        assert aligned(sample.image, sample.mask) > (0.97 if source.id.endswith(".png") else 0.9)
    written = [path for path in outputs(out) if "/masks/" in f"/{path}"]
    assert all(np.ndim(np.asarray(cv2.imread(str(out / path), cv2.IMREAD_UNCHANGED))) == 2 for path in written)


def test_written_masks_are_those_of_the_reference(tmp_path: Path) -> None:
    lay(tmp_path / "set", pairs("images/{}.png", "masks/{}.png"))
    for n in range(3):
        (tmp_path / f"set/images/{n}.png").write_bytes(png(photo(numbers(n), n)))
    pipeline = Pipeline([Mirror(), Rotate((-20, 20))], border="constant")
    expand(tmp_path / "set", tmp_path / "out", pipeline, 3, seed=4, workers=0, encoding="png")
    for entry in lines(tmp_path / "out"):
        n = int(entry["source"][7])
        sample = Sample(photo(numbers(n), n), numbers(n), id=entry["source"])
        plan = pipeline.draw(Key(4, entry["source"], entry["copy"]), Scene.of(sample))
        wanted = run(plan, sample, "reference").mask
        mask = cv2.imread(str(tmp_path / "out" / entry["id"].replace("images/", "masks/")), cv2.IMREAD_UNCHANGED)
        assert np.mean(mask != wanted) < 0.002, "a pixel on the border between two may go to either"


def test_plain_programs_read_what_is_written(tmp_path: Path) -> None:
    """Pairs by name, as every data set class in torch does it: sorted files, and NumPy of Pillow."""
    lay(tmp_path / "set", {**pairs("images/{}.jpg", "masks/{}.png"), "classes.txt": "sky\nbus, red\ncar\n"})
    expand(tmp_path / "set", tmp_path / "out", "light", 2, workers=0)
    images, masks = (sorted((tmp_path / "out" / name).iterdir()) for name in ("images", "masks"))
    assert [path.stem for path in images] == [path.stem for path in masks]
    for image, mask in zip(images, masks, strict=True):
        with Image.open(mask) as shown, Image.open(image) as picture:
            assert shown.size == picture.size
            assert np.array(shown).dtype == np.uint8
    rows = list(csv.DictReader((tmp_path / "out/classes.csv").read_text().splitlines()))
    assert [(row["number"], row["name"]) for row in rows] == [("0", "sky"), ("1", "bus, red"), ("2", "car")]


@pytest.mark.parametrize("form", ["folder", "coco", "yolo"])
def test_forms_without_a_place_for_masks_refuse_them_by_name(form: str, tmp_path: Path) -> None:
    lay(tmp_path / "set", pairs("images/{}.jpg", "masks/{}.png"))
    with pytest.raises(AugkitError, match=r"must have a place for masks.* --drop masks"):
        expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0, form=form)


@pytest.mark.parametrize("form", ["webdataset", "parquet"])
def test_forms_with_a_place_for_masks_hold_the_numbers(form: str, tmp_path: Path) -> None:
    made = lambda n: png(coloured(numbers(n)))  # noqa: E731
    lay(tmp_path / "set", pairs("images/{}.jpg", "masks/{}.png", made=made))
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0, form=form, encoding="png")
    assert (
        f"{form} holds the numbers of masks and not what they are called (#000000, #008000, ...)" in summary.notes[-1]
    )
    again = read(tmp_path / "out")
    masks = sorted(named_sample(again, source).mask.tobytes() for source in again.sources)  # type: ignore[union-attr]
    assert masks == sorted(np.array([0, 2, 1], np.uint8)[numbers(n)].tobytes() for n in range(3))
