"""Image folders of Hugging Face: metadata is read, and what is written is read by `datasets` itself."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augkit.datasets import DataSet, read
from augkit.errors import AugkitError, FileError
from augkit.expand import verify
from augkit.images import decode
from support.data_sets import JPEG, MASK, PNG, lay, parquet_of
from support.folders import done
from support.mutations import mutations

PICTURES: dict[str, Any] = {"a.jpg": JPEG, "b.png": PNG}
CAT, DOG = (2, 3, 7, 10), (1, 1, 9, 5)


def folder(tmp_path: Path, rows: list[dict[str, Any]], **files: Any) -> DataSet:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return read(lay(tmp_path, {**PICTURES, "metadata.jsonl": text, **files}))


def boxes(data: DataSet) -> dict[str, Any]:
    found = {}
    for source in data.sources:
        assert not source.fault
        assert source.annotations is not None
        found[source.id] = [(one.label, one.box) for one in source.annotations.instances or ()]
    return found


BOTH = [[2, 3, 5, 7], [1, 1, 8, 4]]
OBJECTS: dict[str, Any] = {
    "the documentation's": {"bbox": BOTH, "categories": ["cat", "dog"]},
    "category": {"bbox": BOTH, "category": ["cat", "dog"]},
    "label": {"bbox": BOTH, "label": ["cat", "dog"]},
    "with ids and areas": {"id": [7, 8], "bbox": BOTH, "area": [35, 32], "category": ["cat", "dog"]},
    "a list of objects": [{"bbox": BOTH[0], "category": "cat"}, {"bbox": BOTH[1], "category": "dog"}],
    "floats": {"bbox": [[2.0, 3.0, 5.0, 7.0], [1.0, 1.0, 8.0, 4.0]], "category": ["cat", "dog"]},
}


@pytest.mark.parametrize("name", list(OBJECTS))
def test_objects_in_any_spelling(name: str, tmp_path: Path) -> None:
    empty: Any = [] if isinstance(OBJECTS[name], list) else {"bbox": [], "categories": []}
    rows = [{"file_name": "a.jpg", "objects": OBJECTS[name]}, {"file_name": "b.png", "objects": empty}]
    data = folder(tmp_path, rows)
    assert data.form == "imagefolder"
    assert boxes(data) == {"a.jpg": [("cat", CAT), ("dog", DOG)], "b.png": []}
    assert data.notes == ("Boxes of metadata.jsonl are read as COCO's: left, top, width, height.",)


def test_numbers_of_classes_without_names_are_their_names(tmp_path: Path) -> None:
    data = folder(tmp_path, [{"file_name": "a.jpg", "objects": {"bbox": BOTH, "categories": [0, 1]}}])
    assert boxes(data) == {"a.jpg": [("0", CAT), ("1", DOG)]}


def test_objects_without_classes_are_told(tmp_path: Path) -> None:
    data = folder(tmp_path, [{"file_name": "a.jpg", "objects": {"bbox": BOTH}}])
    assert boxes(data) == {"a.jpg": [("object", CAT), ("object", DOG)]}
    assert "Boxes of metadata.jsonl have no class: they are called object." in data.notes
    with pytest.raises(FileError, match="must have a category each, or none"):
        folder(tmp_path, [{"file_name": "a.jpg", "objects": {"bbox": BOTH, "category": ["x", None]}}])


def test_csv_and_parquet(tmp_path: Path) -> None:
    lay(tmp_path / "csv", {**PICTURES, "metadata.csv": "file_name,label\na.jpg,007\nb.png,dog\n"})
    assert [source.label for source in read(tmp_path / "csv").sources] == ["007", "dog"]
    pytest.importorskip("pyarrow", reason="Parquet is not tested without pyarrow")
    rows = [{"file_name": "a.jpg", "label": 1, "text": "x"}, {"file_name": "b.png", "label": 0, "text": None}]
    feature = {"label": {"_type": "ClassLabel", "names": ["dog", "cat"]}}
    packed = parquet_of(rows, {"info": {"features": feature}})
    data = read(lay(tmp_path / "parquet", {**PICTURES, "metadata.parquet": packed}))
    assert [(source.label, source.attributes) for source in data.sources] == [("cat", {"text": "x"}), ("dog", None)]


def test_splits_have_metadata_of_their_own(tmp_path: Path) -> None:
    line = '{"file_name": "a.jpg", "label": "%s"}\n'
    for split, label in (("train", "cat"), ("test", "dog")):
        lay(tmp_path, {f"{split}/a.jpg": JPEG, f"{split}/metadata.jsonl": line % label})
    found = [(source.id, source.label, source.split) for source in read(tmp_path).sources]
    assert found == [("test/a.jpg", "dog", "test"), ("train/a.jpg", "cat", "train")]


def test_splits_are_folders_below_one_metadata_file(tmp_path: Path) -> None:
    rows = "file_name,label\ntrain/a.jpg,cat\ntest/a.jpg,dog\n"
    data = read(lay(tmp_path, {"train/a.jpg": JPEG, "test/a.jpg": PNG, "metadata.csv": rows}))
    assert [(source.label, source.split) for source in data.sources] == [("dog", "test"), ("cat", "train")]
    assert "Splits are those of the folders that the pictures lie in: test, train." in data.notes


def test_folders_are_classes_where_no_column_says_them(tmp_path: Path) -> None:
    rows = "file_name,text\ncat/a.jpg,one\ndog/a.jpg,two\n"
    data = read(lay(tmp_path, {"cat/a.jpg": JPEG, "dog/a.jpg": PNG, "metadata.csv": rows}))
    assert [(source.label, source.attributes) for source in data.sources] == [
        ("cat", {"text": "one"}),
        ("dog", {"text": "two"}),
    ]
    assert data.classes == ("cat", "dog")


def test_a_mask_is_a_picture_of_its_own(tmp_path: Path) -> None:
    rows = [{"file_name": "a.jpg", "mask_file_name": "m/a.png"}]
    (source,) = folder(tmp_path, rows, **{"m/a.png": MASK}).sources
    assert source.annotations is not None
    assert source.annotations.mask == "m/a.png"


UNREAD: list[tuple[dict[str, Any], str]] = [
    ({"file_name": "a.jpg", "depth": 3}, "'depth'"),
    ({"file_name": "a.jpg", "other_file_name": "b.png"}, "'other_file_name'"),
    ({"file_name": "a.jpg", "objects": {"bbox": BOTH, "categories": [0, 1], "angle": [3, 4]}}, "'objects.angle'"),
    ({"file_name": "a.jpg", "label": 1, "fine_label": 2}, "'fine_label'"),
]


@pytest.mark.parametrize(("row", "words"), UNREAD, ids=[words for _, words in UNREAD])
def test_what_is_not_understood_is_named(row: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=f"metadata.jsonl.*{words} is not understood"):
        folder(tmp_path, [row])
    assert len(read(tmp_path, ignore=words.strip("'")).sources) == 1


def test_a_bad_row_costs_its_picture(tmp_path: Path) -> None:
    bad = {"bbox": [[1, 2, 3]], "categories": [0]}
    rows = [{"file_name": "a.jpg", "objects": bad}, {"file_name": "b.png", "objects": {"bbox": [], "categories": []}}]
    first, second = folder(tmp_path, rows).sources
    assert first.fault == "metadata.jsonl:1 objects[0] bbox: must be 4 numbers, got [1, 2, 3]."
    assert second.fault == ""


SOURCE: list[dict[str, Any]] = [
    {"image": "a.jpg", "label": "pets", "boxes": [CAT, DOG], "box_labels": ["cat", "dog"], "crowds": [False, True],
     "box_attributes": [{"score": 0.5}, {}], "mask": "m.png", "attributes": {"text": "two", "rain": True}},
    {"image": "b.png", "boxes": [], "box_labels": [], "split": "val", "attributes": {"text": "none"}},
]  # fmt: skip


def test_what_is_written_is_read_by_datasets_and_by_us(tmp_path: Path) -> None:
    hf = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    rows = [{"split": "train", **row} for row in SOURCE]
    lay(tmp_path / "src", {**PICTURES, "m.png": MASK, "t.jsonl": "\n".join(map(json.dumps, rows))})
    out = tmp_path / "out"
    done(tmp_path / "src/t.jsonl", out, form="imagefolder", pipeline="identity", encoding="png", copies=2)
    assert verify(out).is_sound
    data = read(out)
    assert data.form == "imagefolder"
    train, val = data.sources[:2], data.sources[2]
    for source in train:
        assert (source.label, source.split, source.attributes) == ("pets", "train", {"text": "two", "rain": True})
        assert source.annotations is not None
        cat, dog = source.annotations.instances or ()
        assert (cat.label, cat.box, cat.is_crowd, cat.attributes) == ("cat", CAT, False, {"score": 0.5})
        assert (dog.label, dog.box, dog.is_crowd) == ("dog", DOG, True)
        mask = decode(data.read(source.annotations.mask or "")).image
        assert (mask == decode(MASK).image).all()
    assert (val.label, val.split, val.attributes) == (None, "val", {"text": "none"})
    loaded = hf.load_dataset("imagefolder", data_dir=str(out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(part) for split, part in loaded.items()} == {"train": 2, "validation": 1}
    row = loaded["train"][0]
    assert (row["label"], row["text"]) == ("pets", "two")
    assert row["objects"]["bbox"] == [[2, 3, 5, 7], [1, 1, 8, 4]]
    assert row["objects"]["category"] == ["cat", "dog"]
    assert np.asarray(row["image"]).shape == (24, 32, 3)
    assert (np.asarray(row["mask"]) == np.asarray(Image.open(io.BytesIO(MASK)))).all()


@pytest.mark.parametrize(
    "labels", [[3, 4], ["3", 4], [["x", "y"], []], [{"a": [1]}, None], [0.5, 1.5], ["007", "null"]]
)
def test_labels_of_any_kind_come_back(labels: list[Any], tmp_path: Path) -> None:
    rows = [{"image": "a.jpg", "label": labels[0], "boxes": []}, {"image": "b.png", "label": labels[1], "boxes": []}]
    lay(tmp_path / "src", {**PICTURES, "t.jsonl": "\n".join(map(json.dumps, rows))})
    done(tmp_path / "src/t.jsonl", tmp_path / "out", form="imagefolder", pipeline="identity", copies=1, workers=0)
    assert [source.label for source in read(tmp_path / "out").sources] == labels


def test_what_datasets_documents_is_read_as_datasets_reads_it(tmp_path: Path) -> None:
    hf = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    rows = [{"file_name": "a.jpg", "text": "one"}, {"file_name": "b.png", "text": "two"}]
    data = folder(tmp_path / "set", rows)
    loaded = hf.load_dataset("imagefolder", data_dir=str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))["train"]
    assert [row["text"] for row in loaded] == [
        source.attributes and source.attributes["text"] for source in data.sources
    ]


def test_damage_is_a_sentence_or_the_labels(tmp_path: Path) -> None:
    rows = [
        {"file_name": "a.jpg", "label": "x", "objects": OBJECTS["with ids and areas"], "text": "a"},
        {"file_name": "b.png", "label": "y", "objects": {"id": [], "bbox": [], "area": [], "category": []}, "text": ""},
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    lay(tmp_path, PICTURES)
    sentences: list[str] = []
    for damaged in mutations(data, 2000, seed=7):
        (tmp_path / "metadata.jsonl").write_bytes(damaged)
        try:
            found = read(tmp_path)
        except AugkitError as fault:
            sentences.append(str(fault))
            continue
        told = sum(bool(source.fault) or source.label is not None for source in found.sources)
        assert told == 2 or damaged.count(b"\n") < 2 or any("entry" in what for what, _ in found.left_out), damaged
    assert 400 < len(sentences) < 2000
    assert not [text for text in sentences if "\n" in text]
