"""OUT below the folder of a file that is the data set: allowed, and what lies there is never a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from augkit.errors import FileError
from augkit.expand import expand, verify
from support.data_sets import JPEG, LINES, lay
from support.folders import done, outputs

FILES: dict[str, tuple[dict[str, Any], str]] = {
    "list.csv": ({"list.csv": "image,label\np/a.jpg,x\np/b.jpg,y\n", "p/a.jpg": JPEG, "p/b.jpg": JPEG}, "out"),
    "data.yaml": (
        {
            "data.yaml": "train: images\nnames: [cat, dog]\n",
            "images/a.jpg": JPEG,
            "labels/a.txt": LINES.splitlines()[0],
        },
        "images/out",  # where a look for pictures would find it
    ),
    "x.json": (
        {"x.json": {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}, "a.jpg": JPEG},
        "out",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_was_written_is_no_source_on_resume(name: str, tmp_path: Path) -> None:
    files, where = FILES[name]
    lay(tmp_path / "set", files)
    source, out = tmp_path / "set" / name, tmp_path / "set" / where
    first = done(source, out)
    written = outputs(out)
    again = done(source, out)
    assert (again.planned, again.resumed) == (first.planned, first.planned)
    assert first.written == first.planned > 0
    assert outputs(out) == written
    assert verify(out).is_sound
    min(out.rglob("*.jpg")).unlink()
    (out / ".augkit/done.json").unlink()
    min((out / ".augkit/shards").iterdir()).unlink()
    done(source, out)
    assert outputs(out) == written


def test_out_may_not_be_the_folder_nor_hold_it_nor_lie_in_a_data_set_that_is_a_folder(tmp_path: Path) -> None:
    lay(tmp_path / "set", FILES["list.csv"][0])
    source = tmp_path / "set/list.csv"
    for out in (tmp_path / "set", tmp_path, tmp_path / "set/../set"):
        with pytest.raises(FileError, match=r"must not (lie in|hold)"):
            expand(source, out, "identity", 1, workers=0)
    source.unlink()
    with pytest.raises(FileError, match="must not lie in the folder of the sources"):
        expand(tmp_path / "set", tmp_path / "set/out", "identity", 1, workers=0)
