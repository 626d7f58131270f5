"""Data sets in WebDataset's form: tars of samples, whose members share all before the first dot of their names.

    roses/0001.jpg  roses/0001.cls  roses/0001.json  roses/0001.mask.png

Tars are read from header to header and never extracted: a picture is a place within its tar. ``cls`` is its class, the
field ``label`` of ``json`` more of it, and the other fields of ``json`` are those of `augkit.datasets.fields`. The
split is the one that the tar's name mentions.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from augkit.datasets import json_file
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.fields import annotations_of
from augkit.datasets.form import Reader
from augkit.datasets.naming import SPLIT_NAMES, classes_of, is_picture, split_in
from augkit.datasets.places import Member
from augkit.errors import FileError
from augkit.storage.root import Found, Root, inside

__all__ = ["WebDatasetReader"]

PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
MASKS = ("mask.png", "seg.png")
MAX_LABEL_BYTES = 2**24
NO_FILE, ODD_NAME, OTHER = "a member that is no file", "a member with a path out of the tar", "another member of a tar"
NO_PICTURE, NO_TAR = "a sample without a picture", "no tar by its name"


class WebDatasetReader(Reader):
    """Read WebDataset tars, streamed; one pass over their headers."""

    name = "webdataset"

    def recognises(self, root: Root) -> bool:
        if root.is_file():
            return str(root).lower().endswith((".tar", *PACKED))
        if not root.is_folder():
            return False
        names = root.names()
        inner = [
            name for folder in names if folder in SPLIT_NAMES and root.is_folder(folder) for name in root.names(folder)
        ]
        tars = [name for name in (*names, *inner) if name.lower().endswith((".tar", *PACKED))]
        return bool(tars) and not any(map(is_picture, (*names, *inner)))

    def read(self, root: Root) -> DataSet:
        left_out: Counter[str] = Counter()
        if root.is_file():
            root, name = root.above()
            found = [Found(name, 0)]
        else:
            found = sorted(root.walk(left_out))
        sources: list[Source] = []
        for path, _ in found:
            if path.lower().endswith(PACKED):
                what = "must be an uncompressed tar, whose members can be read where they lie. Decompress it"
                raise FileError(f"{what} (gunzip, zstd -d).", f"{root}/{path}")
            if path.lower().endswith(".tar"):
                sources += _Tar(root, path, left_out).sources()
            else:
                left_out[NO_TAR] += 1
        classes = classes_of({source.label for source in sources if isinstance(source.label, str)})
        return DataSet.of(self.name, root, sources, left_out, classes)


class _Tar:
    """One tar: samples by key, each the places of its members by extension."""

    def __init__(self, root: Root, path: str, left_out: Counter[str]) -> None:
        self.path, self.where, self.left_out = path, f"{root}/{path}", left_out
        self.samples: dict[str, dict[str, Member]] = {}
        self.texts: dict[tuple[str, str], bytes] = {}
        with root.open(path) as file:
            try:
                self._read(file)
            except (tarfile.TarError, EOFError, OSError, OverflowError, ValueError) as fault:
                what = f"must be a whole tar, got a fault: {fault}. Copy it again from where it came."
                raise FileError(what, self.where) from None

    def _read(self, file: BinaryIO) -> None:
        end = file.seek(0, 2)
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined]  # it would grow with the tar
                key, extension = self._named(member)
                if not key:
                    continue
                place = Member(self.path, member.offset_data, member.size)
                if place.offset + place.size > end:
                    raise tarfile.ReadError(f"{member.name!r} is cut short")
                sample = self.samples.setdefault(key, {})
                if extension in sample:
                    what = f"must name every member once, got {member.name!r} twice."
                    raise FileError(what, self.where)
                sample[extension] = place
                if extension in ("cls", "json") and place.size <= MAX_LABEL_BYTES:
                    self.texts[key, extension] = _peeked(file, place)

    def _named(self, member: tarfile.TarInfo) -> tuple[str, str]:
        """Return the key and the extension of a member, or nothing of one that is left out."""
        folder, name = posixpath.split(member.name.removeprefix("./"))
        stem, _, extension = name.partition(".")
        if member.isdir():
            return "", ""
        if not member.isreg() or member.issparse():
            self.left_out[NO_FILE] += 1
            return "", ""
        try:
            inside(member.name)
        except FileError:
            self.left_out[ODD_NAME] += 1
            return "", ""
        if not stem or not extension:
            self.left_out[OTHER] += 1
            return "", ""
        return posixpath.join(folder, stem), extension.lower()

    def sources(self) -> Iterator[Source]:
        """Yield the samples that have a picture."""
        folder, _, name = self.path.rpartition("/")
        split = split_in(name) or split_in(folder.rpartition("/")[2])
        for key, members in self.samples.items():
            pictures = [extension for extension in members if "." not in extension and is_picture(f".{extension}")]
            masks = [extension for extension in MASKS if extension in members]
            if len(pictures) > 1 or len(masks) > 1:
                got = ", ".join(pictures if len(pictures) > 1 else masks)
                what = f"must have one picture and one mask, got {got}. Call a mask {key}.mask.png."
                raise FileError(what, f"{self.where} {key}")
            self.left_out[OTHER] += len(members.keys() - {*pictures, *masks, "cls", "json"})
            if pictures:
                yield self._source(key, pictures[0], members.get(masks[0]) if masks else None, split)
            else:
                self.left_out[NO_PICTURE] += 1

    def _source(self, key: str, extension: str, mask: Member | None, split: Split | None) -> Source:
        where = f"{self.where} {key}.json"
        text = self.texts.pop((key, "json"), b"{}")
        fields = json_file.parse(text, where)
        fields = fields if isinstance(fields, dict) else {}
        label = self._label(key, fields)
        place = self.samples[key][extension]
        group = fields.get("group")
        return Source(
            f"{self.path}/{key}.{extension}", place.size, label, split, None if group is None else str(group), place,
            annotations_of(fields, label, mask, where, self.left_out),
        )  # fmt: skip

    def _label(self, key: str, fields: dict[str, Any]) -> Any:
        named = self.texts.pop((key, "cls"), None)
        if "label" in fields or named is None:
            return fields.get("label")
        try:
            return named.decode().strip()
        except UnicodeDecodeError:
            raise FileError("must be UTF-8.", f"{self.where} {key}.cls") from None


def _peeked(file: BinaryIO, place: Member) -> bytes:
    """Return what a member holds; the file stays where it was."""
    before = file.tell()
    file.seek(place.offset)
    data = file.read(place.size)
    file.seek(before)
    return data
