"""Every form of data set, read: what its files say is what the sources carry, in any order of the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from augkit.datasets import read
from augkit.storage.root import Folder, Found
from support.data_sets import CAT, DOG, FORMS, JPEG, PNG, lay


@pytest.mark.parametrize("form", FORMS)
def test_two_objects_read_the_same_in_every_form(form: str, tmp_path: Path) -> None:
    files, where = FORMS[form]
    lay(tmp_path / "set", files)
    data = read(tmp_path / "set" / where)
    assert data.form == {"csv": "manifest", "jsonl": "manifest"}.get(form, form.split()[0].rstrip(","))
    assert data.kinds == {"boxes", "polygons"}
    assert data.left_out == ()
    ids = [source.id for source in data.sources]
    assert ids == sorted(set(ids))
    for source in data.sources:
        assert source.annotations is not None
        assert source.annotations.instances is not None
        for found, true in zip(source.annotations.instances, (CAT, DOG), strict=True):
            assert found.label == true.label
            np.testing.assert_allclose(found.box, true.box, atol=1e-9)
            assert len(found.rings) == len(true.rings)
            for ring, other in zip(found.rings, true.rings, strict=True):
                np.testing.assert_allclose(ring, other, atol=1e-9)
        assert source.annotations.size in (None, (24, 32))
        assert source.size == len(data.read(source.id if source.place is None else source.place)) == len(JPEG)
        assert data.decoded(source).image.shape == (24, 32, 3)
        split = "val" if "b.jpg" in source.id else None if form in ("csv", "coco, beside it") else "train"
        assert source.split == split
    if data.form in ("coco", "yolo"):
        assert data.classes == ("cat", "dog")


@pytest.mark.parametrize("form", FORMS)
def test_a_url_reads_as_the_folder_does(form: str, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra `remote` is not installed")
    files, where = FORMS[form]
    lay(tmp_path / "set", files)
    store = fsspec.filesystem("memory")
    try:
        store.put(str(tmp_path / "set"), "/set", recursive=True)
        here, there = read(tmp_path / "set" / where), read(f"memory://set/{where}".rstrip("/"))
        assert there.sources == here.sources
        assert there.classes == here.classes
        for source in there.sources:
            assert there.read(source.place or source.id) == JPEG
    finally:
        store.rm("/set", recursive=True)


@pytest.mark.parametrize("form", FORMS)
def test_the_order_of_files_does_not_show(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, where = FORMS[form]
    is_packed = form.startswith(("webdataset", "parquet"))
    lay(
        tmp_path,
        files if is_packed else {**files, "images/train/c.jpg": JPEG, "train/d.jpg": JPEG, "val2017/e.jpg": PNG},
    )
    forwards, walk = read(tmp_path / where), Folder.walk

    def backwards(self: Folder, left_out: Counter[str], below: str = "") -> Iterator[Found]:
        return iter(sorted(walk(self, left_out, below), reverse=True))

    monkeypatch.setattr(Folder, "walk", backwards)
    assert read(tmp_path / where).sources == forwards.sources
    assert read(tmp_path / where).left_out == forwards.left_out
