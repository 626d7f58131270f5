"""Names never decide against content: suffixes come from bytes, and ids are one in any normal form of Unicode."""

from __future__ import annotations

import io
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from augkit.core.key import Key
from augkit.datasets import Inventory, Source, read
from augkit.datasets.data_set import DataSet
from augkit.expand import expand, replay, verify
from augkit.expand.output_names import Names, passed_suffix
from augkit.storage.root import Root
from support.data_sets import JPEG, PNG, lay, parquet_of
from support.folders import done, lines, outputs, tree

NFC, NFD = "roses/caf\u00e9 \u1e69.jpg", unicodedata.normalize("NFD", "roses/caf\u00e9 \u1e69.jpg")


def saved(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)).save(file, kind)
    return file.getvalue()


# ---- suffixes

NAMES = {
    "a.jpg": ("PNG", ".png"), "a.png": ("JPEG", ".jpg"), "a.JPEG": ("JPEG", ".jpeg"), "a.jpg.png": ("JPEG", ".jpg"),
    "a.bmp": ("WEBP", ".webp"), "a.gif": ("TIFF", ".tif"), "a.tiff": ("TIFF", ".tiff"), "a.dib": ("BMP", ".dib"),
    "a.webp": ("GIF", ".gif"), "a.ppm": ("PPM", ".ppm"), "a.tif": ("PPM", ".ppm"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_that_is_passed_through_has_the_suffix_of_its_bytes(name: str, tmp_path: Path) -> None:
    kind, suffix = NAMES[name]
    lay(tmp_path / "set", {f"test/x/{name}": saved(kind), "train/x/b.jpg": JPEG})
    done(tmp_path / "set", tmp_path / "out", copies=1)
    passed = next(path for path in outputs(tmp_path / "out") if path.startswith("test/"))
    assert passed.endswith(suffix)
    assert outputs(tmp_path / "out")[passed] == saved(kind)
    assert len(read(tmp_path / "out").sources) == 2
    assert verify(tmp_path / "out").is_sound
    assert replay(tmp_path / "out", passed).is_identical
    first = tree(tmp_path / "out")
    (tmp_path / "out/.augkit/done.json").unlink()
    done(tmp_path / "set", tmp_path / "out", copies=1)
    assert tree(tmp_path / "out") == first


@pytest.mark.parametrize("content", [PNG[:40], JPEG[:100], b"no picture", b""])
def test_a_rejected_picture_is_named_the_same_on_every_run(content: bytes, tmp_path: Path) -> None:
    lay(tmp_path / "set", {"test/x/a.jpg": content, "train/x/b.jpg": JPEG})
    for out in ("1", "2"):
        done(tmp_path / "set", tmp_path / out, copies=1)
        (rejected,) = (tmp_path / out / ".augkit/rejected.jsonl").read_text().splitlines()
        wanted = passed_suffix("a.jpg", content)
        assert f'{wanted}"' in rejected
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_rows_without_a_path_can_be_read_again_from_every_form(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for split in ("train", "test"):
        rows = [{"image": {"bytes": data, "path": None}, "label": "x"} for data in (JPEG, PNG)]
        lay(tmp_path / "set", {f"{split}-00000-of-00001.parquet": parquet_of(rows)})
    for form in ("folder", "webdataset", "parquet"):
        done(tmp_path / "set", tmp_path / form, copies=1, form=form)
        data = read(tmp_path / form)
        again = [source for source in data.sources if source.split == "test"]
        assert sorted(data.read(source.place or source.id) for source in again) == sorted((JPEG, PNG))


def test_files_without_a_known_suffix_that_are_pictures_are_read_and_told(tmp_path: Path) -> None:
    files: dict[str, Any] = {"x/1.jpg": JPEG, "x/2": PNG, "y/3.image": saved("GIF"), "y/4.picture": saved("BMP")}
    files |= {"y/notes": b"BM is how some words begin, and this is not a picture", "y/film.mp4": b"\0\0\0\x18ftypmp42"}
    data = read(lay(tmp_path / "set", files))
    assert [source.id for source in data.sources] == ["x/1.jpg", "x/2", "y/3.image", "y/4.picture"]
    assert data.notes == ("3 files are pictures by content, and not by name: 'x/2' first.",)
    assert data.left_out == (("no picture by its name", 2),)
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 1, workers=0, originals="include")
    assert (summary.written, summary.rejected) == (8, 0)
    assert {Path(path).suffix for path in outputs(tmp_path / "out")} == {".jpg", ".png", ".gif", ".bmp"}


def test_a_suffix_whose_first_files_are_no_pictures_is_not_looked_into_for_ever(tmp_path: Path) -> None:
    files: dict[str, Any] = {f"x/{n:03d}.film": b"a film" for n in range(40)} | {"x/a.jpg": JPEG}
    looked: list[str] = []
    inventory = Inventory(Root.at(lay(tmp_path, files)))
    head = inventory.head

    def watched(path: str, count: int = 4096) -> bytes:
        looked.append(path)
        return head(path, count)

    inventory.head = watched  # type: ignore[method-assign]
    assert list(inventory.pictures) == ["x/a.jpg"]
    assert len(looked) == 20


# ---- normal forms and case


def test_a_copy_of_macos_draws_and_splits_and_is_named_as_one_of_linux(tmp_path: Path) -> None:
    assert NFC != NFD
    found = {}
    for name, id in (("nfc", NFC), ("nfd", NFD)):
        lay(tmp_path / name, {id: JPEG, "tulips/b.png": PNG, "roses/c.jpg": JPEG})
        done(
            tmp_path / name,
            tmp_path / f"{name} out",
            copies=3,
            originals="include",
            split={"train": 0.6, "test": 0.4},
            split_seed=5,
        )
        found[name] = outputs(tmp_path / f"{name} out")
        assert id in {entry["source"] for entry in lines(tmp_path / f"{name} out")}
        for path in found[name]:
            assert replay(tmp_path / f"{name} out", path).is_identical
    assert found["nfc"] == found["nfd"]
    assert Key(3, NFC, 1).stream("x").random() == Key(3, NFD, 1).stream("x").random()


def test_a_job_goes_on_with_a_copy_whose_names_are_in_the_other_form(tmp_path: Path) -> None:
    for name, id in (("nfc", NFC), ("nfd", NFD)):
        lay(tmp_path / name, {id: JPEG, "tulips/b.png": PNG})
    done(tmp_path / "nfc", tmp_path / "out", copies=2)
    before = outputs(tmp_path / "out")
    (tmp_path / "out/.augkit/done.json").unlink()
    summary = done(tmp_path / "nfd", tmp_path / "out", copies=2)
    assert (summary.resumed, outputs(tmp_path / "out")) == (4, before)
    assert done(tmp_path / "nfd", tmp_path / "out", copies=3, extend=True).written == 6
    assert verify(tmp_path / "out").is_sound


def test_classes_in_both_forms_are_named_alike(tmp_path: Path) -> None:
    for name, folder in (("nfc", "caf\u00e9"), ("nfd", "cafe\u0301")):
        lay(tmp_path / name, {f"{folder}/a.jpg": JPEG, "x/b.png": PNG})
        done(tmp_path / name, tmp_path / f"{name} out", copies=1)
    assert outputs(tmp_path / "nfc out") == outputs(tmp_path / "nfd out")
    assert any(path.startswith("caf\u00e9/") for path in outputs(tmp_path / "nfd out"))


ALIKE = [(NFC, NFD, "normal form"), ("x/A.jpg", "x/a.jpg", "case"), ("X/a.jpg", "x/a.jpg", "case")]


@pytest.mark.parametrize(("one", "other", "how"), ALIKE)
def test_names_that_differ_in_case_or_form_alone_are_told_and_never_meet(
    one: str, other: str, how: str, tmp_path: Path
) -> None:
    lay(tmp_path / "set", {one: JPEG, other: PNG})
    data = read(tmp_path / "set")
    if len(data.sources) < 2:
        pytest.skip("this file system knows no such names")
    assert data.notes == (f"Names differ in {how} alone: {data.sources[0].id!a} and {data.sources[1].id!a}. "
                          "They count as different pictures.",)  # fmt: skip
    names = [Names(data.sources).stem(source) for source in data.sources]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == 2
    summary = expand(tmp_path / "set", tmp_path / "out", "identity", 2, workers=0, originals="include")
    assert summary.written == 6
    assert len({path.casefold() for path in outputs(tmp_path / "out")}) == 6


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_sources_are_in_one_order_in_both_forms(form: Literal["NFC", "NFD"]) -> None:
    ids = [unicodedata.normalize(form, id) for id in ("\u00e9/b", "e/c", "f/a", "e\u0301/a")]
    data = DataSet.of("x", Root.at("."), [Source(id, 1) for id in ids], Counter())
    composed = [unicodedata.normalize("NFC", source.id) for source in data.sources]
    assert composed == ["e/c", "f/a", "\u00e9/a", "\u00e9/b"]


def test_files_are_found_by_names_in_any_form(tmp_path: Path) -> None:
    lay(tmp_path, {NFD: JPEG, "x.txt": ""})
    inventory = Inventory(Root.at(tmp_path))
    assert inventory.find(NFC) == inventory.find(NFD) == NFD
    assert inventory.find("x.txt") == "x.txt"
    assert inventory.find("y.txt") is None
    assert inventory.find("\u00e9.txt") is None
