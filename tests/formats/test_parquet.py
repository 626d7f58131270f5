"""Parquet, read: what was written comes back, wherever in the file it lies and however it is packed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import Cell, DataSet, Member, parquet_files, places, read
from augkit.datasets.formats import parquet
from augkit.errors import FileError
from augkit.expand import replay, verify
from augkit.images import encode
from support.data_sets import JPEG, MASK, PNG, lay, parquet_of, row_of
from support.folders import done, fill, lines, outputs
from support.labelled import BENT, coco
from support.pictures import noise

pytest.importorskip("pyarrow", reason="Parquet is not tested without pyarrow")

PICTURES = [encode(noise((24, 32), seed=seed), "png") for seed in range(20)]
PLAIN = {"compression": "none", "use_dictionary": False}


def rows() -> list[dict[str, Any]]:
    return [{"image": {"bytes": data, "path": f"{n:02d}.png"}, "label": n % 3} for n, data in enumerate(PICTURES)]


def classes(*names: str) -> dict[str, Any]:
    return {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}


def assert_holds_all(data: DataSet) -> None:
    assert [data.read(source.place) for source in data.sources] == PICTURES  # type: ignore[arg-type]
    assert [source.size for source in data.sources] == list(map(len, PICTURES))
    assert data.read(data.sources[7].place) == PICTURES[7]  # type: ignore[arg-type]  # out of turn


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (PLAIN, Member),
        (PLAIN | {"row_group_size": 3, "data_page_size": 100}, Member),
        (PLAIN | {"data_page_version": "2.0"}, Member),
        ({"compression": "zstd", "row_group_size": 7}, Cell),
        ({"compression": "snappy", "use_dictionary": True}, Cell),
    ],
)
def test_every_picture_is_found_however_it_is_packed(options: dict[str, Any], kind: type, tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"a.parquet": parquet_of(rows(), **options)}))
    assert {type(source.place) for source in data.sources} == {kind}
    assert_holds_all(data)


def test_a_row_group_that_is_too_large_to_hold_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "KEPT_BYTES", 100)
    assert_holds_all(read(lay(tmp_path, {"a.parquet": parquet_of(rows(), compression="zstd", row_group_size=15)})))


def test_equal_pictures_and_pictures_within_pictures_have_places_of_their_own(tmp_path: Path) -> None:
    inner, outer = PNG, b"x" + len(PNG).to_bytes(4, "little") + PNG
    held = [inner, outer, inner, inner]
    table = [{"image": {"bytes": data, "path": f"{n}.png"}} for n, data in enumerate(held)]
    data = read(lay(tmp_path, {"a.parquet": parquet_of(table, **PLAIN)}))  # type: ignore[arg-type]
    assert [data.read(source.place) for source in data.sources] == held  # type: ignore[arg-type]
    assert len({source.place for source in data.sources}) == 4


def test_what_datasets_writes_of_classes_is_read(tmp_path: Path) -> None:
    table = [{"label": number, "image": {"bytes": JPEG, "path": None}} for number in (1, 0, -1)]
    data = read(lay(tmp_path, {"data/test-0.parquet": parquet_of(table, classes("tulip", "rose", "daisy"))}))
    assert [source.label for source in data.sources] == ["rose", "tulip", None]
    assert data.classes == ("tulip", "rose", "daisy")
    assert [source.id for source in data.sources] == [f"data/test-0.parquet/{number}" for number in range(3)]
    assert {source.split for source in data.sources} == {"test"}


def test_plain_bytes_masks_and_rows_without_pictures(tmp_path: Path) -> None:
    table = [{"picture": JPEG, "mask": MASK, "group": 3}, {"picture": None, "mask": None, "group": 4}]
    data = read(lay(tmp_path, {"a.parquet": parquet_of(table)}))  # type: ignore[arg-type]
    source, empty = data.sources
    assert source.group == "3"
    assert source.annotations is not None
    assert source.annotations.mask is not None
    assert data.read(source.annotations.mask) == MASK
    assert empty.fault == "a.parquet row 1: must hold the bytes of a picture, got none."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (parquet_of(rows())[:-9], "must be a whole Parquet file"),
        (b"PAR1", "must be a whole Parquet file"),
        (parquet_of([{"label": "a"}]), "must have a column image"),
        (parquet_of([{"front": JPEG, "back": JPEG}]), "must have a column image"),
        (parquet_of([row_of("a.jpg", split="holdout")]), "row 0 split: must be train, val or test"),
        (parquet_of([row_of("a.jpg", boxes="[[1,2]]")]), r"row 0 boxes\[0\]: must be 4 numbers"),
        (parquet_of([row_of("a.jpg", boxes="[")]), "row 0 boxes: must be valid JSON"),
        (parquet_of([row_of("a.jpg", label=7)], classes("x")), "one of 1 classes"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_file(content: bytes, words: str, tmp_path: Path) -> None:
    lay(tmp_path, {"a.parquet": content})
    with pytest.raises(FileError, match=words) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/a.parquet")


def test_a_file_that_was_cut_since_is_told(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"a.parquet": parquet_of(rows(), row_group_size=5)}))
    lay(tmp_path, {"a.parquet": parquet_of(rows())[:2000]})
    with pytest.raises(FileError, match=r"a\.parquet: must be as it was when its labels were read"):
        data.read(data.sources[0].place)  # type: ignore[arg-type]


def test_columns_of_other_lengths_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, {"a.parquet": parquet_of(rows())})

    def cut(where: str, function: Callable[..., Any], *args: Any) -> Any:
        found = look(where, function, *args)
        return found[:-1] if function is parquet_files.entries else found

    look = parquet_files.look
    monkeypatch.setattr(parquet, "look", cut)
    with pytest.raises(FileError, match="as many rows in all columns"):
        read(tmp_path)


def test_paths_that_lead_out_are_no_ids(tmp_path: Path) -> None:
    data = read(lay(tmp_path, {"a.parquet": parquet_of([row_of("../a.jpg"), row_of("/b.jpg")])}))
    assert [source.id for source in data.sources] == ["a.parquet/0", "a.parquet/1"]


@pytest.mark.parametrize("labels", [["3", "4"], [3, 4], [[0.5, 1], "x"], [{"a": ["b"]}, None]])
def test_labels_of_any_kind_come_back_as_they_were(labels: list[Any], tmp_path: Path) -> None:
    told = "".join(json.dumps({"image": f"{n}.png", "label": label}) + "\n" for n, label in enumerate(labels))
    lay(tmp_path / "src", {"list.jsonl": told, "0.png": PNG, "1.png": PNG})
    done(tmp_path / "src/list.jsonl", tmp_path / "out", 1, form="parquet")
    assert [source.label for source in read(tmp_path / "out").sources] == labels


@pytest.mark.slow
def test_what_was_expanded_is_read_and_expanded_again(tmp_path: Path) -> None:
    done(fill(tmp_path / "src"), tmp_path / "once", 2, form="parquet", encoding="png", originals="include")
    data = read(tmp_path / "once")
    written = lines(tmp_path / "once")
    assert [source.id for source in data.sources] == sorted(entry["id"] for entry in written)
    assert {source.id: source.label for source in data.sources} == {entry["id"]: entry["class"] for entry in written}
    assert {type(source.place) for source in data.sources} == {Member}
    done(tmp_path / "once", tmp_path / "twice", 1, encoding="png", workers=2)
    assert verify(tmp_path / "twice").is_sound
    entry = lines(tmp_path / "twice")[5]
    assert replay(tmp_path / "twice", entry["id"]).is_identical


def test_replay_reads_a_cell(tmp_path: Path) -> None:
    lay(tmp_path / "src", {"train-0.parquet": parquet_of(rows(), row_group_size=6)})
    done(tmp_path / "src", tmp_path / "out", 1, form="folder")
    for id in outputs(tmp_path / "out"):
        assert replay(tmp_path / "out", id).is_identical


def test_boxes_polygons_masks_and_keypoints_come_back(tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="needs run lengths")
    coco(tmp_path / "src")
    done(tmp_path / "src", tmp_path / "out", 1, pipeline=BENT, form="parquet", encoding="png")
    by_name = {entry["record"]["name"]: entry["record"] for entry in lines(tmp_path / "out")}
    for source in read(tmp_path / "out").sources:
        told = by_name[source.id.partition(".parquet/")[2]]
        assert source.annotations is not None
        found = source.annotations.instances or ()
        assert [instance.label for instance in found] == [instance["label"] for instance in told.get("instances", [])]
        for instance, wanted in zip(found, told.get("instances", []), strict=True):
            np.testing.assert_allclose(instance.box, wanted["box"])
            np.testing.assert_allclose(instance.keypoints, wanted["keypoints"])
            assert instance.rle == wanted["rle"]
            assert len(instance.rings) == len(wanted["rings"])
