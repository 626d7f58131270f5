"""WebDataset: every member and every key is read, or named, and what is written is what webdataset reads."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import AugkitError, FileError
from augkit.expand import verify
from augkit.images import encode
from augkit.targets.records import record
from support.archives import zip_of
from support.data_sets import JPEG, MASK, PNG, lay, tar_of
from support.folders import done
from support.mutations import mutations
from support.pictures import noise


def tar(tmp_path: Path, members: dict[str, bytes], **options: Any) -> DataSet:
    return read(lay(tmp_path, {"t.tar": tar_of(members)}) / "t.tar", **options)


def js(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


ODD: dict[str, tuple[dict[str, bytes], Any]] = {
    "a number": ({"a.jpg": JPEG, "a.cls": b"3"}, "3"),
    "a name": ({"a.jpg": JPEG, "a.cls": b"cat\n"}, "cat"),
    "in any order": ({"a.cls": b"cat", "a.jpg": JPEG}, "cat"),
    "in JSON": ({"a.jpg": JPEG, "a.json": js(label=["x", 1])}, ["x", 1]),
    "called otherwise in JSON": ({"a.jpg": JPEG, "a.json": js(category="cat")}, "cat"),
    "in both": ({"a.jpg": JPEG, "a.cls": b"3", "a.json": js(label="cat")}, "cat"),
    "in folders": ({"x/y/a.jpg": JPEG, "x/y/a.cls": b"cat"}, "cat"),
    "a point in front": ({"./a.jpg": JPEG, "./a.cls": b"cat"}, "cat"),
    "points in folders": ({"v1.2/a.jpg": JPEG, "v1.2/a.cls": b"cat"}, "cat"),
    "capitals": ({"a.JPG": JPEG, "a.CLS": b"cat"}, "cat"),
    "a longer suffix": ({"a.image.jpg": JPEG, "a.cls": b"cat"}, "cat"),
    "another picture format": ({"a.png": PNG, "a.cls": b"cat"}, "cat"),
    "a mark": ({"a.jpg": JPEG, "a.cls": b"\xef\xbb\xbfcat"}, "cat"),
    "no label": ({"a.jpg": JPEG}, None),
}


@pytest.mark.parametrize("name", list(ODD))
def test_a_class_in_any_place(name: str, tmp_path: Path) -> None:
    members, label = ODD[name]
    (source,) = tar(tmp_path, members).sources
    assert (source.label, source.fault) == (label, "")


@pytest.mark.parametrize("name", ["mask.png", "seg.png", "segmentation.png", "label.tif"])
def test_a_mask(name: str, tmp_path: Path) -> None:
    data = tar(tmp_path, {"a.jpg": JPEG, f"a.{name}": MASK})
    assert data.sources[0].annotations is not None
    assert data.read(data.sources[0].annotations.mask or "") == MASK


def test_a_caption_is_a_fact(tmp_path: Path) -> None:
    data = tar(
        tmp_path, {"a.jpg": JPEG, "a.txt": b"a cat sits\n", "a.json": js(url="x://y", status="success", key="a")}
    )
    assert data.sources[0].attributes == {"text": "a cat sits", "url": "x://y", "status": "success"}


UNREAD: list[tuple[dict[str, bytes], str, str]] = [
    ({"a.jpg": JPEG, "a.npy": b"x"}, r"'\*\.npy' is not understood\. Members that are read", "*.npy"),
    ({"a.jpg": JPEG, "a.bbox.json": b"[]"}, r"'\*\.bbox\.json' is not", "*.bbox.json"),
    ({"a.jpg": JPEG, "a.depth.png": PNG}, r"'\*\.depth\.png' is not", "*.depth.png"),
    ({"a.jpg": JPEG, "a.json": js(angle=3)}, "'angle' is not understood", "angle"),
    ({"a.jpg": JPEG, "a.json": js(objects={"bbox": [], "category": [], "z": []})}, None, ""),  # type: ignore[list-item]
    ({"a.jpg": JPEG, "a.json": js(objects=[{"bbox": [1, 2, 3, 4], "z": 1}])}, r"'objects\.z' is not", "objects.z"),
]


@pytest.mark.parametrize(("members", "words", "pattern"), [row for row in UNREAD if row[1]])
def test_what_is_not_understood_is_named(members: dict[str, bytes], words: str, pattern: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=words):
        tar(tmp_path, members)
    data = tar(tmp_path, members, ignore=pattern)
    assert len(data.sources) == 1
    assert data.ignored == ((pattern, 1),)


FAULTS: list[tuple[dict[str, bytes], str]] = [
    ({"a.json": b"{"}, "t.tar a.json:1: must be valid JSON"),
    ({"a.json": b"[1]"}, "t.tar a.json: must be an object, got [1]"),
    ({"a.cls": b"\xff"}, "t.tar a.cls:1: must be UTF-8"),
    ({"a.json": js(boxes=[[1, 2]], label="x")}, "t.tar a.json boxes[0]: must be 4 numbers"),
]


@pytest.mark.parametrize(("members", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_a_bad_sample_costs_its_picture_alone(members: dict[str, bytes], words: str, tmp_path: Path) -> None:
    first, second = tar(tmp_path, {"a.jpg": JPEG, "b.jpg": JPEG, "b.cls": b"cat", **members}).sources
    assert first.fault.startswith(words)
    assert (second.label, second.fault) == ("cat", "")


def test_labels_without_a_picture_are_told(tmp_path: Path) -> None:
    first, second = tar(tmp_path, {"a.jpg": JPEG, "a.cls": b"1", "b.cls": b"2"}).sources
    assert (first.fault, second.fault) == ("", "t.tar b: must have a picture, got b.cls.")


def test_a_tar_of_class_folders_keeps_its_classes(tmp_path: Path) -> None:
    data = tar(tmp_path, {"cat/a.jpg": JPEG, "dog/b.png": PNG})
    assert (data.form, data.classes) == ("folder", ("cat", "dog"))
    done(tmp_path / "t.tar", tmp_path / "out", copies=1, workers=0)
    assert read(tmp_path / "out").classes == ("cat", "dog")


def test_folders_in_tars_beside_others_are_told(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"s/t.tar": tar_of({"cat/a.jpg": JPEG, "dog/b.png": PNG})}) / "s")
    assert (data.form, data.classes) == ("webdataset", ())
    assert "lie in folders in their tars (cat, dog)" in data.notes[0]


@pytest.mark.parametrize("suffix", ["tar.gz", "zip"])
def test_samples_in_other_archives(suffix: str, tmp_path: Path) -> None:
    members = {"x/a.jpg": JPEG, "x/a.cls": b"cat", "x/a.json": js(caption="c"), "x/b.png": PNG, "x/b.mask.png": MASK}
    content = zip_of(members) if suffix == "zip" else gzip.compress(tar_of(members))
    data = read(lay(tmp_path, {f"train.{suffix}": content}) / f"train.{suffix}")
    first, second = data.sources
    assert data.form == "webdataset"
    assert (first.label, first.split, first.attributes) == ("cat", "train", {"caption": "c"})
    assert data.read(first.place or first.id) == JPEG
    assert second.annotations is not None
    assert data.read(second.annotations.mask or "") == MASK


def test_a_mask_of_colours_is_numbered(tmp_path: Path) -> None:
    colours = np.array([[0, 0, 0], [200, 0, 0], [0, 200, 0]], np.uint8)
    data = tar(tmp_path, {"a.jpg": JPEG, "a.seg.png": encode(colours[noise((24, 32), 1) % 3], "png")})
    assert data.about["mask_colours"] == [[0, 0, 0], [0, 200, 0], [200, 0, 0]]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves its tars open
def test_what_is_written_is_read_by_webdataset_and_by_us(tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset", reason="needs webdataset")
    row = {"image": "a.jpg", "label": "cat", "attributes": {"text": "a cat", "rain": True}, "boxes": [[1, 2, 9, 9]],
           "box_labels": ["x"], "box_attributes": [{"score": 0.5}]}  # fmt: skip
    lay(tmp_path / "src", {"a.jpg": JPEG, "t.jsonl": json.dumps(row)})
    out = tmp_path / "out"
    done(tmp_path / "src/t.jsonl", out, form="webdataset", pipeline="identity", copies=1, encoding="png", workers=0)
    assert verify(out).is_sound
    (source,) = read(out).sources
    assert (source.label, source.attributes) == ("cat", row["attributes"])
    assert source.annotations is not None
    (one,) = source.annotations.instances or ()
    assert (one.box, one.attributes) == ((1, 2, 9, 9), {"score": 0.5})
    (name,) = out.glob("*.tar")
    samples = list(webdataset.WebDataset([str(name)], shardshuffle=False, empty_check=False))
    sample = samples[0]
    assert (sample["cls"], sample["txt"]) == (b"0", b"a cat")
    assert json.loads(sample["json"])["attributes"] == {"rain": True}


def test_damage_is_a_sentence_or_the_labels(tmp_path: Path) -> None:
    fields = js(
        label="x", boxes=[[1, 2, 3, 4]], box_labels=["x"], caption="c", picture_size=[24, 32], keypoints=[[1, 2]]
    )
    other = js(label="y")
    sentences: list[str] = []
    for damaged in mutations(fields, 2000, seed=2):
        (tmp_path / "t.tar").write_bytes(tar_of({"a.jpg": JPEG, "a.json": damaged, "b.jpg": JPEG, "b.json": other}))
        try:
            data = read(tmp_path / "t.tar")
        except AugkitError as fault:
            sentences.append(str(fault))
            continue
        first, second = data.sources
        assert second.label == "y"
        if not first.fault and first.annotations is not None:
            kinds = {name for name, value in record(first.annotations.targets).items() if value}
            is_told = bool(data.left_out) or b"null" in damaged or b"[]" in damaged  # a box without area
            assert kinds >= {"instances", "keypoints"} or is_told, damaged
        assert first.fault or first.label is not None or b"null" in damaged, damaged
    assert 200 < len(sentences) < 1900
    assert not [text for text in sentences if "\n" in text]
