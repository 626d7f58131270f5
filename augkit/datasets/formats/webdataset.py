"""WebDataset: tars of samples, whose members share all before the first dot of their names.

    roses/0001.jpg  roses/0001.cls  roses/0001.json  roses/0001.mask.png

Tars are read from header to header and never extracted: a picture is a place within its tar. ``cls`` is its class, the
field ``label`` of ``json`` more of it, and the other fields of ``json`` are those of `augkit.datasets.fields`. The
split is the one that the tar's name ends with, or that its folder is, where every tar has one.

Written is a tar a shard, the same bytes for the same pictures: ``<key>.<ext>``, ``.json``, ``.cls`` where there is one
class, and ``.mask.png``. webdataset's own TarWriter puts the time, or the user's name, into headers unless it is told
not to, and encodes by guess; Python's tarfile does what it is told.
"""

import json
import posixpath
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import BinaryIO

from augkit.core.arrays import JsonObject, Label
from augkit.core.text_files import json_of
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.fields import annotations_of
from augkit.datasets.format import FORMATS, Packed
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES, is_picture, splits_of
from augkit.datasets.places import Member
from augkit.datasets.writing import Add, Part, Record, Sink
from augkit.errors import FileError
from augkit.storage.root import Root, inside
from augkit.targets import records

MASKS = ("mask.png", "seg.png")
MAX_LABEL_BYTES = 2**24
LOOKED_AT = 1000  # members, to see whether there are samples in a tar
NO_FILE, ODD_NAME, OTHER = "a member that is no file", "a member with a path out of the tar", "another member of a tar"
NO_PICTURE = "a sample without a picture"


class WebDatasetFormat(Packed):
    """Read tars, streamed, in one pass over their headers; write one a shard."""

    name = "webdataset"
    summary = "WebDataset tars, streamed, not compressed"
    rank = 40
    suffixes = (".tar",)
    refused = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
    folders = SPLIT_NAMES

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is None or not inventory.file.lower().endswith(self.suffixes):
            return super().recognises(inventory)
        return _holds_samples(inventory.root, inventory.file)

    def read(self, inventory: Inventory) -> DataSet:
        root, paths, left_out = inventory.root, self.packs(inventory), inventory.left_out
        for path in paths:
            if path.lower().endswith(self.refused):
                what = "must be an uncompressed tar, whose members can be read where they lie. Decompress it"
                raise FileError(f"{what} (gunzip, zstd -d).", f"{root}/{path}")
        splits = splits_of(paths, inventory.note, str(root))
        sources = (source for path in paths for source in _Tar(root, path, splits[path], left_out).sources())
        return DataSet.of(self.name, root, sources, left_out)

    def file(self, part: Part) -> str:
        return f"{part.split}-{part.index:05d}.tar" if part.split else f"{part.index:05d}.tar"

    def member(self, record_name: str) -> str:
        return f"{_key(record_name)}.{record_name.rpartition('.')[2]}"

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        with sink.open(self.file(part)) as raw, tarfile.open(fileobj=raw, mode="w|", format=tarfile.PAX_FORMAT) as tar:

            def add(record: Record, data: bytes, mask: bytes | None) -> None:
                key = _key(record.name)
                _add(tar, self.member(record.name), data)
                if record.label is not None and str(record.label) in part.numbers:
                    _add(tar, f"{key}.cls", str(part.numbers[str(record.label)]).encode())
                _add(tar, f"{key}.json", _json({"label": record.label, **records.fields(record.targets, record.size)}))
                if mask is not None:
                    _add(tar, f"{key}.mask.png", mask)

            yield add

    def found(self, file: BinaryIO, member: str) -> bytes | None:
        with tarfile.open(fileobj=file) as tar:
            for info in tar:
                if info.name == member and (content := tar.extractfile(info)) is not None:
                    return content.read()
        return None


class _Tar:
    """One tar: samples by key, each the places of its members by extension."""

    def __init__(self, root: Root, path: str, split: Split | None, left_out: Counter[str]) -> None:
        self.path, self.where, self.split, self.left_out = path, f"{root}/{path}", split, left_out
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
                folder, name = posixpath.split(member.name.removeprefix("./"))
                stem, _, extension = name.partition(".")
                if member.isdir():
                    continue
                if fault := _fault(member, bool(stem and extension)):
                    self.left_out[fault] += 1
                    continue
                key, extension = posixpath.join(folder, stem), extension.lower()
                place = Member(self.path, member.offset_data, member.size)
                if place.offset + place.size > end:
                    raise tarfile.ReadError(f"{member.name!r} is cut short")
                sample = self.samples.setdefault(key, {})
                if extension in sample:
                    raise FileError(f"must name every member once, got {member.name!r} twice.", self.where)
                sample[extension] = place
                if extension in ("cls", "json") and place.size <= MAX_LABEL_BYTES:
                    file.seek(place.offset)  # tarfile goes on from where it was
                    self.texts[key, extension] = file.read(place.size)

    def sources(self) -> Iterator[Source]:
        """Yield the samples that have a picture."""
        for key, members in self.samples.items():
            pictures = [extension for extension in members if "." not in extension and is_picture(f".{extension}")]
            masks = [extension for extension in MASKS if extension in members]
            if len(pictures) > 1 or len(masks) > 1:
                got = ", ".join(pictures if len(pictures) > 1 else masks)
                what = f"must have one picture and one mask, got {got}. Call a mask {key}.mask.png."
                raise FileError(what, f"{self.where} {key}")
            self.left_out[OTHER] += len(members.keys() - {*pictures, *masks, "cls", "json"})
            if pictures:
                yield self._source(key, pictures[0], members.get(masks[0]) if masks else None)
            else:
                self.left_out[NO_PICTURE] += 1

    def _source(self, key: str, extension: str, mask: Member | None) -> Source:
        where = f"{self.where} {key}.json"
        fields = json_of(self.texts.pop((key, "json"), b"{}"), where)
        fields = fields if isinstance(fields, dict) else {}
        label, group = self._label(key, fields), fields.get("group")
        place = self.samples[key][extension]
        annotations = annotations_of(fields, label, mask, where, self.left_out)
        id, group = f"{self.path}/{key}.{extension}", None if group is None else str(group)
        return Source(id, place.size, label, self.split, group, place, annotations)

    def _label(self, key: str, fields: JsonObject) -> Label:
        named = self.texts.pop((key, "cls"), None)
        if "label" in fields or named is None:
            return fields.get("label")
        try:
            return named.decode().strip()
        except UnicodeDecodeError:
            raise FileError("must be UTF-8.", f"{self.where} {key}.cls") from None


def _holds_samples(root: Root, path: str) -> bool:
    """Return whether a tar holds samples, and not a folder of pictures: that is for others."""
    names: list[str] = []
    faults = (tarfile.TarError, EOFError, OSError, OverflowError, ValueError)
    with suppress(*faults), root.open(path) as file, tarfile.open(fileobj=file, mode="r:") as tar:
        names += [member.name for member, _ in zip(tar, range(LOOKED_AT), strict=False)]
    found: dict[str, set[str]] = {}
    for name in names:
        folder, base = posixpath.split(name.removeprefix("./"))
        stem, _, extension = base.partition(".")
        found.setdefault(posixpath.join(folder, stem), set()).add(extension.lower())
    pictures = [key for key, extensions in found.items() if any(is_picture(f".{one}") for one in extensions)]
    return any(len(found[key]) > 1 for key in pictures) or not any("/" in key for key in pictures)


def _fault(member: tarfile.TarInfo, is_named: bool) -> str:
    """Return why a member is left out, or nothing."""
    if not member.isreg() or member.issparse():
        return NO_FILE
    try:
        inside(member.name)
    except FileError:
        return ODD_NAME
    return "" if is_named else OTHER


def _key(record_name: str) -> str:
    """Return a name without its suffix, and without dots: a reader cuts the base name at the first."""
    folder, slash, name = record_name.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0].replace('.', '_')}"


def _json(facts: JsonObject) -> bytes:
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")  # of a name that is no UTF-8: what JSON, too, calls it


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)  # mode 0644, and neither a time nor an owner
    header.size = len(data)
    tar.addfile(header, BytesIO(data))


FORMATS.add("webdataset", WebDatasetFormat())
