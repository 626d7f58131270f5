"""Data sets in every format and container, as subjects of damage."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from augkit.datasets import read, writers
from augkit.datasets.format import Reader
from augkit.datasets.samples import named_sample
from augkit.errors import AugkitError
from augkit.expand import expand
from augkit.images import encode, encode_mask
from augkit.storage.store import BOOKS
from benchmarks.damage.subjects import Subject, assert_told

SIZES = ((30, 40), (36, 28))  # of pictures
PACKED = (".tar", ".parquet", ".zip", ".gz")
_BOXES = [[20.0, 15.0, 26.0, 25.5], [0.0, 3.25, 25.0, 20.0]]
_RINGS = [[[20.0, 15.0], [26.0, 18.0], [24.0, 25.5]], [[0.0, 3.25], [25.0, 5.0], [10.0, 20.0]]]
_NAMES = ["cat", "007"]
_KINDS: dict[str, tuple[set[str], dict[str, Any]]] = {
    "classes": (set(), {"label": "rose"}),
    "polygons": ({"boxes", "polygons"}, {"boxes": _BOXES, "box_labels": _NAMES, "polygons": _RINGS}),
    "keypoints": (
        {"boxes", "keypoints"},
        {"boxes": _BOXES, "box_labels": _NAMES, "box_keypoints": [[[22, 17, 2], [24, 20, 1]], [[2, 5, 2], [9, 9, 2]]]},
    ),
    "masks": ({"masks"}, {"mask": "mask{}.png"}),
    "rotated boxes": (
        {"rotated boxes"},
        {"rotated_boxes": [[15.0, 12.0, 10.0, 6.0, 25.0]], "rotated_box_labels": ["cat"]},
    ),
    "attributes": (
        {"boxes", "attributes"},
        {"boxes": _BOXES, "box_labels": _NAMES, "box_attributes": [{"occluded": True}, {}]},
    ),
}


def subjects() -> list[Subject]:
    """Return every format with every kind of label that it holds, tables, and containers of class folders."""
    found: list[Subject] = []
    for kind, (wanted, _) in _KINDS.items():
        for writer in writers().values():
            fits = not writer.is_for_objects if kind == "classes" else wanted <= writer.holds
            if isinstance(writer, Reader) and fits:
                found.append(SetSubject(f"{writer.name}: {kind}", kind, writer.name))
    found += [TableSubject("manifest: json lines", ".jsonl"), TableSubject("manifest: csv", ".csv")]
    found += [PackSubject(f"container: {name}", suffix, pack) for name, suffix, pack in _PACKS]
    return found


class _Read(Subject):
    """Data sets that are read with all pictures and labels of theirs."""

    where = ""  # below the folder

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        found = read(folder / self.where)
        faults = 0
        for source in found.sources:
            if source.fault:
                faults += 1
                assert_told(source.fault)
                continue
            try:
                named_sample(found, source)
            except AugkitError as fault:
                faults += 1
                assert_told(str(fault))
        return "a picture's sentence" if faults else "read"


def manifest(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Write pictures and masks into a folder, and return the rows of a manifest of a kind of labels."""
    rows = []
    for number, (height, width) in enumerate(SIZES):
        y, x = np.mgrid[:height, :width]
        picture = np.dstack([x * 5, y * 6, x + y]).astype(np.uint8)
        (folder / f"{number}.png").write_bytes(encode(picture, "png"))
        (folder / f"mask{number}.png").write_bytes(encode_mask((x // 9 + y // 8) % 3))
        columns = {key: value.format(number) if key == "mask" else value for key, value in _KINDS[kind][1].items()}
        rows.append({"image": f"{number}.png", **columns})
    return rows


class SetSubject(_Read):
    """A data set as augkit writes it in a format: its files but for pictures are damaged, or these, if it has none."""

    def __init__(self, name: str, kind: str, form: str) -> None:
        super().__init__(name)
        self.kind, self.form = kind, form

    def lay(self, folder: Path) -> None:
        given = folder.with_name(f"{folder.name}-given")
        given.mkdir()
        (given / "list.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in manifest(given, self.kind)))
        expand(given / "list.jsonl", folder, "identity", 1, form=self.form, encoding="png", workers=0)
        shutil.rmtree(folder / BOOKS)
        shutil.rmtree(given)
        found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        labels = {name: data for name, data in found.items() if not name.endswith((".png", ".md"))}
        self.files = labels or {name: data for name, data in found.items() if name.endswith(".png")}


class TableSubject(_Read):
    """A manifest with every kind of label."""

    def __init__(self, name: str, suffix: str) -> None:
        super().__init__(name)
        self.suffix, self.where = suffix, f"list{suffix}"

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        rows = manifest(folder, "polygons")
        more = [_KINDS[kind][1] for kind in ("keypoints", "rotated boxes", "attributes")]
        for row in rows:
            row |= {key: value for columns in more for key, value in columns.items()} | {"split": "train", "group": "g"}
        if self.suffix == ".jsonl":
            text = "".join(f"{json.dumps(row)}\n" for row in rows)
        else:
            cells = [[value if isinstance(value, str) else json.dumps(value) for value in row.values()] for row in rows]
            lines = [[f'"{cell.replace(chr(34), 2 * chr(34))}"' for cell in line] for line in [list(rows[0]), *cells]]
            text = "".join(f"{','.join(line)}\n" for line in lines)
        (folder / self.where).write_text(text)
        self.files = {self.where: text.encode()}


class PackSubject(_Read):
    """Class folders in one file, read in place."""

    def __init__(self, name: str, suffix: str, pack: Callable[[dict[str, bytes]], bytes]) -> None:
        super().__init__(name)
        self.where, self.pack = f"set{suffix}", pack

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        manifest(folder, "classes")
        picture = (folder / "0.png").read_bytes()
        names = ("roses/a.png", "tulips/b.png", f"roses/{'x' * 120}.png", "tulips/ö.png")
        members = dict.fromkeys(names, picture)
        shutil.rmtree(folder)
        folder.mkdir()
        self.files = {self.where: self.pack(members)}
        (folder / self.where).write_bytes(self.files[self.where])


def _tar(members: dict[str, bytes], mode: str = "w", kind: int = tarfile.GNU_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=kind) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def _zip(members: dict[str, bytes], method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


_PACKS: tuple[tuple[str, str, Callable[[dict[str, bytes]], bytes]], ...] = (
    ("tar", ".tar", _tar),
    ("tar, pax", ".tar", lambda members: _tar(members, kind=tarfile.PAX_FORMAT)),
    ("tar.gz", ".tar.gz", lambda members: _tar(members, "w:gz")),
    ("zip", ".zip", lambda members: _zip(members, zipfile.ZIP_DEFLATED)),
    ("zip, stored", ".zip", lambda members: _zip(members, zipfile.ZIP_STORED)),
)
