"""Parquet as Hugging Face `datasets` writes it: every column is read by its feature, or named."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import AugkitError, FileError
from augkit.images import decode, encode
from augkit.images.mask_colours import class_numbers
from support.data_sets import JPEG, MASK, PNG, lay, parquet_of, row_of
from support.folders import done
from support.mutations import mutations
from support.pictures import noise

hf = pytest.importorskip("datasets", reason="needs Hugging Face datasets")

CAT, DOG = (2, 3, 7, 10), (1, 1, 9, 5)
BOTH = [[2.0, 3.0, 5.0, 7.0], [1.0, 1.0, 8.0, 4.0]]
NAMES = ["dog", "cat"]


def written(
    tmp_path: Path, columns: dict[str, list[Any]], features: dict[str, Any], name: str = "t.parquet"
) -> DataSet:
    """What `datasets` writes of two pictures and more columns, read."""
    pictures = [{"bytes": data, "path": None} for data in (JPEG, PNG)]
    kinds = hf.Features({"image": hf.Image(), **features})
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    hf.Dataset.from_dict({"image": pictures, **columns}, kinds).to_parquet(str(tmp_path / name))
    return read(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["label", "labels", "class", "category", "fine_label", "coarse_label", "target", "tag"]
)
def test_the_one_column_of_classes_is_the_label_whatever_its_name(name: str, tmp_path: Path) -> None:
    data = written(tmp_path, {name: [1, 0]}, {name: hf.ClassLabel(names=NAMES)})
    assert [source.label for source in data.sources] == ["cat", "dog"]
    assert data.classes == ("dog", "cat")


def test_one_of_several_columns_of_classes_has_to_be_chosen(tmp_path: Path) -> None:
    features = {"fine_label": hf.ClassLabel(names=NAMES), "coarse_label": hf.ClassLabel(names=["pet"])}
    with pytest.raises(FileError, match=r"'coarse_label' is not understood\. One column is the class, now fine_label"):
        written(tmp_path, {"fine_label": [1, 0], "coarse_label": [0, 0]}, features)
    data = read(tmp_path / "t.parquet", ignore="fine_label")
    assert [source.label for source in data.sources] == ["pet", "pet"]
    assert data.classes == ("pet",)


def test_several_classes_a_picture(tmp_path: Path) -> None:
    data = written(tmp_path, {"labels": [[0, 1], []]}, {"labels": hf.Sequence(hf.ClassLabel(names=NAMES))})
    assert [source.label for source in data.sources] == [["dog", "cat"], []]


OBJECTS: dict[str, Any] = {
    "lists of an object": lambda kind: hf.Sequence({"bbox": hf.Sequence(hf.Value("float32"), 4), "category": kind}),
    "objects of a list": lambda kind: hf.List({"bbox": hf.Sequence(hf.Value("float64"), 4), "category": kind}),
    "as cppe-5": lambda kind: {
        "bbox": hf.Sequence(hf.Sequence(hf.Value("float32"), 4)),
        "category": hf.Sequence(kind),
    },
}


@pytest.mark.parametrize("name", list(OBJECTS))
def test_objects_in_their_order(name: str, tmp_path: Path) -> None:
    rows: list[Any] = [{"bbox": BOTH, "category": [1, 0]}, {"bbox": [], "category": []}]
    if name == "objects of a list":
        rows = [[{"bbox": BOTH[0], "category": 1}, {"bbox": BOTH[1], "category": 0}], []]
    data = written(tmp_path, {"objects": rows}, {"objects": OBJECTS[name](hf.ClassLabel(names=NAMES))})
    first, second = (source.annotations.instances for source in data.sources)  # type: ignore[union-attr]
    assert [(one.label, one.box) for one in first or ()] == [("cat", CAT), ("dog", DOG)]
    assert second == ()
    assert data.classes == ("dog", "cat")


def test_ids_and_areas_of_objects_go_along(tmp_path: Path) -> None:
    """The columns of cppe-5."""
    kind = {
        "id": hf.Sequence(hf.Value("int64")), "area": hf.Sequence(hf.Value("int64")),
        "bbox": hf.Sequence(hf.Sequence(hf.Value("float32"), 4)), "category": hf.Sequence(hf.ClassLabel(names=NAMES)),
    }  # fmt: skip
    rows = [
        {"id": [7, 8], "area": [35, 32], "bbox": BOTH, "category": [1, 0]},
        {"id": [], "area": [], "bbox": [], "category": []},
    ]
    size = {"width": hf.Value("int32"), "height": hf.Value("int32")}
    data = written(tmp_path, {"objects": rows, "width": [32] * 2, "height": [24] * 2}, {"objects": kind, **size})
    annotations = data.sources[0].annotations
    assert annotations is not None
    assert annotations.size == (24, 32)
    assert [one.attributes for one in annotations.instances or ()] == [{"id": 7, "area": 35}, {"id": 8, "area": 32}]
    assert data.kinds == {"boxes"}


@pytest.mark.parametrize("name", ["label", "mask", "annotation", "segmentation_mask", "labels"])
def test_a_second_picture_is_the_mask(name: str, tmp_path: Path) -> None:
    masks = [{"bytes": MASK, "path": None}] * 2
    data = written(tmp_path, {name: masks}, {name: hf.Image()})
    for source in data.sources:
        assert source.label is None
        assert source.annotations is not None
        assert data.read(source.annotations.mask or "") == MASK
    done(tmp_path / "t.parquet", tmp_path / "out", form="parquet", pipeline="identity", copies=1, encoding="png")
    again = read(tmp_path / "out")
    for source in again.sources:
        assert source.annotations is not None
        assert (decode(again.read(source.annotations.mask or "")).image == decode(MASK).image).all()


def test_a_mask_of_colours_is_numbered(tmp_path: Path) -> None:
    colours = np.array([[0, 0, 0], [200, 0, 0], [0, 200, 0]], np.uint8)
    numbers = noise((24, 32), 1) % 3
    masks = [{"bytes": encode(colours[numbers], "png"), "path": None}] * 2
    data = written(tmp_path, {"label": masks}, {"label": hf.Image()})
    assert data.about["mask_colours"] == [[0, 0, 0], [0, 200, 0], [200, 0, 0]]
    done(tmp_path / "t.parquet", tmp_path / "out", form="parquet", pipeline="identity", copies=1, encoding="png")
    again = read(tmp_path / "out")
    found = class_numbers(again.read(again.sources[0].annotations.mask or ""))  # type: ignore[union-attr]
    assert (found == np.array([0, 2, 1])[numbers]).all()


UNREAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"depth": [3, 4]}, {"depth": "int64"}, "depth"),
    ({"embedding": [[0.5], [1.0]]}, {"embedding": ["float32"]}, "embedding"),
    ({"blob": [b"x", b"y"]}, {"blob": "binary"}, "blob"),
]


@pytest.mark.parametrize(("columns", "features", "name"), UNREAD, ids=[name for *_, name in UNREAD])
def test_other_columns_are_named(columns: Any, features: Any, name: str, tmp_path: Path) -> None:
    kinds = {
        key: hf.Sequence(hf.Value(one[0])) if isinstance(one, list) else hf.Value(one) for key, one in features.items()
    }
    with pytest.raises(FileError, match=rf"t\.parquet.*'{name}' is not understood"):
        written(tmp_path, columns, kinds)
    assert len(read(tmp_path / "t.parquet", ignore=name).sources) == 2


def test_captions_are_facts(tmp_path: Path) -> None:
    data = written(tmp_path, {"text": ["one", "two"]}, {"text": hf.Value("string")})
    assert [source.attributes for source in data.sources] == [{"text": "one"}, {"text": "two"}]
    done(tmp_path / "t.parquet", tmp_path / "out", form="parquet", pipeline="identity", copies=1)
    assert [source.attributes for source in read(tmp_path / "out").sources] == [{"text": "one"}, {"text": "two"}]


FEATURES: dict[str, Any] = {
    "of version 1": {
        "label": {"num_classes": 2, "names": NAMES, "names_file": None, "id": None, "_type": "ClassLabel"}
    },
    "by number": {"label": {"names": {"0": "dog", "1": "cat"}, "_type": "ClassLabel"}},
    "plain": {"label": {"names": NAMES, "_type": "ClassLabel"}},
}


@pytest.mark.parametrize("name", list(FEATURES))
def test_metadata_of_all_versions(name: str, tmp_path: Path) -> None:
    content = parquet_of([row_of("a.jpg", label=1), row_of("b.jpg", label=-1)], {"info": {"features": FEATURES[name]}})
    assert [source.label for source in read(lay(tmp_path, {"t.parquet": content})).sources] == ["cat", None]


LISTS: dict[str, Any] = {
    "old": [{"names": NAMES, "_type": "ClassLabel"}],
    "sequence": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "length": -1, "_type": "Sequence"},
    "list": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "List"},
    "large list": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "LargeList"},
}


@pytest.mark.parametrize("name", list(LISTS))
def test_lists_of_all_versions(name: str, tmp_path: Path) -> None:
    content = parquet_of([row_of("a.jpg", label=[1, 0])], {"info": {"features": {"label": LISTS[name]}}})
    assert read(lay(tmp_path, {"t.parquet": content})).sources[0].label == ["cat", "dog"]


def test_a_number_of_no_class_costs_its_row(tmp_path: Path) -> None:
    rows = [row_of("a.jpg", label=1), row_of("b.jpg", label=7)]
    content = parquet_of(rows, {"info": {"features": FEATURES["plain"]}})
    first, second = read(lay(tmp_path, {"t.parquet": content})).sources
    assert (first.label, first.fault) == ("cat", "")
    assert second.fault == "t.parquet row 1: label: must be the number of one of 2 classes, got 7."


def test_a_row_without_bytes_may_name_a_file(tmp_path: Path) -> None:
    rows = [{"image": {"bytes": None, "path": "a.jpg"}, "label": "x"}, row_of("b.jpg", label="y")]
    data = read(lay(tmp_path, {"t.parquet": parquet_of(rows), "a.jpg": JPEG}) / "t.parquet")
    assert {source.label: bool(source.fault) for source in data.sources} == {"x": False, "y": False}


def test_arrow_files_are_refused_by_name(tmp_path: Path) -> None:
    pictures = [{"bytes": JPEG, "path": None}]
    made = hf.Dataset.from_dict(
        {"image": pictures, "label": [0]}, hf.Features({"image": hf.Image(), "label": hf.Value("int64")})
    )
    made.save_to_disk(str(tmp_path / "saved"))
    with pytest.raises(FileError, match=r"arrow.*to_parquet"):
        read(tmp_path / "saved")


def test_damage_of_metadata_is_a_sentence_or_the_labels(tmp_path: Path) -> None:
    from pyarrow import parquet

    columns: dict[str, Any] = {
        "label": [1, 0],
        "objects": [{"bbox": BOTH, "category": [1, 0]}, {"bbox": [], "category": []}],
    }
    kind = {
        "bbox": hf.Sequence(hf.Sequence(hf.Value("float32"), 4)),
        "category": hf.Sequence(hf.ClassLabel(names=NAMES)),
    }
    written(tmp_path, columns, {"label": hf.ClassLabel(names=NAMES), "objects": kind})
    table = parquet.read_table(tmp_path / "t.parquet")
    features = table.schema.metadata[b"huggingface"]
    sentences = 0
    for damaged in mutations(features, 500, seed=3):
        file = io.BytesIO()
        parquet.write_table(table.replace_schema_metadata({"huggingface": damaged}), file)
        (tmp_path / "t.parquet").write_bytes(file.getvalue())
        try:
            data = read(tmp_path / "t.parquet")
        except AugkitError as fault:
            sentences += bool(str(fault))
            continue
        for source in data.sources:
            assert source.fault or source.label is not None, damaged
            assert source.fault or source.annotations is not None, damaged
    assert 50 < sentences < 500


def test_damage_of_a_file_is_a_sentence_or_harmless(tmp_path: Path) -> None:
    """Every byte of it: footer, pages and pictures."""
    content = parquet_of([row_of("a.jpg", label="x", boxes=json.dumps([[1, 2, 3, 4]])), row_of("b.jpg", label="y")])
    for damaged in mutations(content, 300, seed=5):
        (tmp_path / "t.parquet").write_bytes(damaged)
        try:
            read(tmp_path / "t.parquet")
        except AugkitError as fault:
            told = str(fault)
            assert told.startswith(str(tmp_path)), told
