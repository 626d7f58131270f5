"""WebDataset: tars of samples, whose members share all before the first dot of their names.

    roses/0001.jpg  roses/0001.cls  roses/0001.json  roses/0001.mask.png

Tars are read from header to header and never extracted: a picture is a place within its tar. ``cls`` is its class, as a
number or a name, the field ``label`` of ``json`` more of it, ``txt`` a caption, ``mask.png`` or ``seg.png`` its mask;
the other fields of ``json`` are those of a table (`augkit.datasets.tables.table_columns`). Members of other kinds and
fields of other names are an error, unless they are to be ignored. The split is the one that the tar's name ends with,
or that its folder is, where every tar has one. Samples in a zip or a tar.gz are read, too. A tar of class folders, or
of another data set, is read as that. The reference is https://github.com/webdataset/webdataset.

Written is a tar a shard, the same bytes for the same pictures: ``<key>.<ext>``, ``.json``, ``.cls`` where there is one
class, ``.txt`` where there is a text, and ``.mask.png``. webdataset's own TarWriter puts the time, or the user's name,
into headers unless it is told not to, and encodes by guess.
"""

import json
import posixpath
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter
from typing import BinaryIO

from augkit.core.arrays import JsonObject
from augkit.core.text_files import json_of, text_of
from augkit.datasets.data_set import ATTRIBUTES, DataSet, Source, Split
from augkit.datasets.folders.mask_places import about_masks_of
from augkit.datasets.format import FORMATS, Packed
from augkit.datasets.inventory import DOCUMENTS, Inventory
from augkit.datasets.naming import SPLIT_NAMES, is_picture, splits_of
from augkit.datasets.places import Member, Place
from augkit.datasets.tables.table_columns import KNOWN
from augkit.datasets.tables.table_files import Row, Table, plain_name
from augkit.datasets.tables.table_rows import Described
from augkit.datasets.tables.tables import TableReader
from augkit.datasets.writing import Add, Part, Record, Sink
from augkit.errors import FileError, raise_outage
from augkit.storage.root import Archive, Root
from augkit.storage.tar_headers import TarMember, tar_members
from augkit.storage.tar_writing import TarAppender
from augkit.storage.trust import inside
from augkit.targets import records

MASKS = ("mask", "seg", "segmentation", "label", "labels", "annotation")  # before the suffix of a picture
TEXTS, TEXT = ("cls", "json", "txt"), "text"
MAX_LABEL_BYTES = 2**24
LOOKED_AT = 1000  # members, to see whether there are samples in a tar
_AS_TEXT = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
NO_FILE, ODD_NAME, OTHER = "a member that is no file", "a member with a path out of the tar", "another member of a tar"


class WebDatasetFormat(Packed):
    """Read tars, streamed, in one pass over their headers; write one a shard."""

    name = "webdataset"
    summary = "WebDataset tars, streamed, not compressed"
    rank = 40
    suffixes = (".tar",)
    refused = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
    folders = SPLIT_NAMES

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None and inventory.file.lower().endswith(self.suffixes):
            return _holds_samples(inventory.root, inventory.file)
        return super().recognises(inventory) or _are_packed_samples(inventory)

    def read(self, inventory: Inventory) -> DataSet:
        root, reader = inventory.root, TableReader(inventory)
        if _are_packed_samples(inventory):
            name = str(root).rpartition("/")[2]
            found = [_Samples(inventory, "", splits_of([name], inventory.note, str(root))[name])]
            found[0].add_files()
        else:
            paths = self.packs(inventory)
            for path in paths:
                if path.lower().endswith(self.refused):
                    what = "must be an uncompressed tar, whose members can be read where they lie. Decompress it"
                    raise FileError(f"{what} (gunzip, zstd -d).", f"{root}/{path}")
            splits = splits_of(paths, inventory.note, str(root))
            found = [_Samples(inventory, path, splits[path]) for path in paths]
        made = list(_sources(reader, found))
        folders = sorted({key.partition("/")[0] for one in found for key in one.samples if "/" in key})
        if len(folders) > 1 and not any(one.label is not None or one.annotations or one.attributes for one in made):
            told = f"The pictures have no labels, and lie in folders in their tars ({', '.join(folders[:4])})."
            inventory.note(f"{told} If these are the classes, pass a tar itself as SRC.")
        data = DataSet.of(self.name, root, made, inventory.left_out)
        return replace(data, columns=reader.left_columns(made), about=about_masks_of(inventory, made))

    def file(self, part: Part) -> str:
        return f"{part.split}-{part.index:05d}.tar" if part.split else f"{part.index:05d}.tar"

    def member(self, record_name: str) -> str:
        return _member(_key(record_name), record_name)

    @contextmanager
    def writing(self, sink: Sink, part: Part) -> Iterator[Add]:
        with sink.open(self.file(part)) as raw:
            tar = TarAppender(raw)

            def add(record: Record, data: bytes, mask: bytes | None) -> None:
                key = _key(record.name)
                tar.add(_member(key, record.name), data)
                if record.label is not None and str(record.label) in part.numbers:
                    tar.add(f"{key}.cls", str(part.numbers[str(record.label)]).encode())
                fields: JsonObject = {"label": record.label, **records.fields(record.targets, record.size)}
                if record.attributes:
                    facts = dict(record.attributes)
                    if isinstance(text := facts.get(TEXT), str) and _is_text(text):
                        tar.add(f"{key}.txt", facts.pop(TEXT).encode())
                    fields |= {ATTRIBUTES: facts} if facts else {}
                tar.add(f"{key}.json", _json(fields))
                if mask is not None:
                    tar.add(f"{key}.mask.png", mask)

            yield add
            tar.close()

    def found(self, file: BinaryIO, member: str) -> bytes | None:
        place = next((one for one in tar_members(file) if one.name == member and one.kind == "file"), None)
        if place is None:
            return None
        file.seek(place.offset)
        return file.read(place.size)


class _Samples:
    """Samples by key, each the places of its members by extension, of one tar or of the files of an archive.

    Args:
        inventory: of the data set.
        path: of the tar; empty where members are files.
        split: of all samples.
    """

    def __init__(self, inventory: Inventory, path: str, split: Split | None) -> None:
        self.inventory, self.path, self.split = inventory, path, split
        self.where = f"{inventory.root}/{path}" if path else str(inventory.root)
        self.samples: dict[str, dict[str, Place]] = {}
        self.texts: dict[tuple[str, str], bytes] = {}
        if path:
            inventory.stamp(path)
            with inventory.root.open(path) as file:
                try:
                    self._read(file)
                except (tarfile.TarError, EOFError, OSError, OverflowError, ValueError) as fault:
                    raise_outage(fault, self.where)
                    what = f"must be a whole tar, got a fault: {fault}. Copy it again from where it came."
                    raise FileError(what, self.where) from None

    def add_files(self) -> None:
        """Take the files of the data set as members."""
        for path in self.inventory.sizes:
            key, extension = _split(path)
            if self._add(key, extension, path, path) and extension in TEXTS:
                self.texts[key, extension] = self.inventory.root.read(path)
            self.inventory.use(path)

    def _read(self, file: BinaryIO) -> None:
        end = file.seek(0, 2)
        file.seek(0)
        for member in tar_members(file):
            key, extension = _split(member.name)
            if member.kind == "folder":
                continue
            if fault := _fault(member):
                self.inventory.left_out[fault] += 1
                continue
            place = Member(self.path, member.offset, member.size)
            if place.offset + place.size > end:
                raise tarfile.ReadError(f"{member.name!r} is cut short")
            if self._add(key, extension, place, member.name) and extension in TEXTS:
                if place.size > MAX_LABEL_BYTES:
                    raise FileError(f"must be at most {MAX_LABEL_BYTES:,} bytes.", f"{self.where} {key}.{extension}")
                file.seek(place.offset)
                self.texts[key, extension] = file.read(place.size)

    def _add(self, key: str, extension: str, place: Place, name: str) -> bool:
        """Add a member to its sample, if it has a meaning; note it as unread where it has none."""
        if not posixpath.basename(key) or not extension:
            self._judge(name)
            return False
        sample = self.samples.setdefault(key, {})
        if extension in sample:
            raise FileError(f"must name every member once, got {name!r} twice.", self.where)
        if extension not in TEXTS and not is_picture(f".{extension}"):
            if not self.inventory.ignores(name, "file"):
                advice = "Members that are read are pictures, cls, json, txt, mask.png and seg.png."
                self.inventory.unread("file", f"*.{extension}", self.where, advice)
            return False
        sample[extension] = place
        return True

    def _judge(self, name: str) -> None:
        """Count a member without a key, or note that it is not read."""
        last = posixpath.basename(name).lower()
        if last.startswith((".", *DOCUMENTS)):
            self.inventory.left_out[OTHER] += 1
        else:
            self.inventory.unread("file", name, self.where)

    def row(self, key: str) -> Row:
        """Return what the texts of a sample say."""
        row = Row(f"{key}.json", {})
        try:
            found = json_of(self.texts.pop((key, "json"), b"{}"), f"{key}.json")
            if not isinstance(found, dict):
                row.fault = f"must be an object, got {found!r:.60}."
                return row
            row.cells |= {name: value for name, value in found.items() if value is not None}
            for extension, name in (("cls", "label"), ("txt", TEXT)):
                data = self.texts.pop((key, extension), None)
                if data is not None and name not in found:
                    row.cells[name] = text_of(data, f"{key}.{extension}").strip()
        except FileError as fault:
            raise_outage(fault)
            row.fault = fault.message
            row.line = fault.where
        if str(row.cells.get("key", row.cells.get("__key__"))) == posixpath.basename(key):
            row.cells = {name: value for name, value in row.cells.items() if name not in ("key", "__key__")}
        return row

    def described(self, key: str, row: Row) -> Described:
        """Return the picture of a sample."""
        members = self.samples[key]
        images = [extension for extension in members if extension not in TEXTS]
        masks = [extension for extension in images if _is_mask(extension)]
        others = [extension for extension in images if extension not in masks]
        plain = [extension for extension in others if "." not in extension]
        pictures = plain or others
        if len(pictures) > 1 or len(masks) > 1:
            got = ", ".join(pictures if len(pictures) > 1 else masks)
            what = f"must have one picture and one mask, got {got}. Call a mask {key}.mask.png."
            raise FileError(what, f"{self.where} {key}")
        for extension in others:
            if extension not in pictures:
                self.inventory.unread("file", f"*.{extension}", self.where, "A sample has one picture.")
        above = f"{self.path}/" if self.path else ""
        if not pictures:
            got = ", ".join(f"{key}.{extension}" for extension in members)
            made = Described(None, f"{above}{key}", f"{above}{key}", bytes=0)
            made.blame(f"{self.path} {key}".strip() + f": must have a picture, got {got or 'none'}.")
            return made
        place = members[pictures[0]]
        size = place.size if isinstance(place, Member) else self.inventory.sizes[str(place)]
        made = Described(f"{above}{key}.{pictures[0]}", f"{self.path} {key}.json".strip(), key, place, size)
        made.mask = members[masks[0]] if masks else None
        if not self.path:
            made.path = str(place)  # as it is written
            made.place = None
        return made


def _sources(reader: TableReader, found: Sequence[_Samples]) -> Iterator[Source]:
    """Yield the samples; fields of JSON mean the same in all of them."""
    table = Table(found[0].path if len(found) == 1 else "", [], is_typed=True, mark=" ")
    rows = [
        (samples, key, samples.row(key)) for samples in found for key, members in samples.samples.items() if members
    ]
    table.rows = [row for *_, row in rows]
    table.names = list({name: None for row in table.rows for name in row.cells})
    means = reader.rows(table, "")
    for samples, own in groupby(rows, itemgetter(0)):
        pictures = []
        for _, key, row in own:
            means.table = replace(table, path=samples.path)
            picture = samples.described(key, row)
            means.fill(picture, row, f"{samples.where} {row.line}")
            pictures.append(picture)
        yield from reader.made(means, pictures, samples.split)


def _split(name: str) -> tuple[str, str]:
    """Return the key and the extension of a member."""
    folder, base = posixpath.split(name.removeprefix("./"))
    stem, _, extension = base.partition(".")
    return posixpath.join(folder, stem), extension.lower()


def _is_mask(extension: str) -> bool:
    return extension.partition(".")[0] in MASKS and "." in extension


def _is_text(text: str) -> bool:
    """Return whether a text comes back from a file of its own."""
    try:
        return text_of(text.encode(), "").strip() == text
    except (FileError, UnicodeEncodeError):
        return False


def _are_packed_samples(inventory: Inventory) -> bool:
    """Return whether a zip or a tar.gz holds samples: pictures with a class, or with JSON about them."""
    if not isinstance(inventory.root, Archive) or not inventory.is_whole or inventory.root.kind == "tar":
        return False
    stems = {path.rpartition(".")[0] for path in inventory.pictures}
    beside = [path for path in inventory.sizes if path.endswith((".cls", ".json")) and path.rpartition(".")[0] in stems]
    if any(path.endswith(".cls") for path in beside):
        return True
    try:
        first = json_of(inventory.root.read(beside[0]), "") if beside else None
    except FileError as fault:
        raise_outage(fault)
        return False
    return isinstance(first, dict) and bool(set(map(plain_name, first)) & KNOWN) and "shapes" not in first


def _holds_samples(root: Root, path: str) -> bool:
    """Return whether a tar holds samples, and not a folder of pictures: that is for others."""
    names: list[str] = []
    try:
        with root.open(path) as file:
            names += [member.name for member in islice(tar_members(file), LOOKED_AT)]
    except (tarfile.TarError, EOFError, OSError, OverflowError, ValueError) as fault:
        raise_outage(fault, f"{root}/{path}")
    found: dict[str, set[str]] = {}
    for name in names:
        key, extension = _split(name)
        found.setdefault(key, set()).add(extension)
    pictures = [key for key, extensions in found.items() if any(is_picture(f".{one}") for one in extensions)]
    return any(len(found[key]) > 1 for key in pictures) or not any("/" in key for key in pictures)


def _fault(member: TarMember) -> str:
    """Return why a member is left out, or nothing."""
    if member.kind != "file":
        return NO_FILE
    try:
        inside(member.name)
    except FileError:
        return ODD_NAME
    return ""


def _key(record_name: str) -> str:
    """Return a name without its suffix, and without dots: a reader cuts the base name at the first."""
    folder, slash, name = record_name.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0].replace('.', '_')}"


def _member(key: str, record_name: str) -> str:
    """Return the name of a picture in its tar."""
    stem, _, suffix = record_name.rpartition(".")
    return f"{key}.{suffix}" if stem else _key(f"{record_name}.")


def _json(facts: JsonObject) -> bytes:
    text = _AS_TEXT.encode(facts)
    return text.encode("utf-8", "backslashreplace")  # of a name that is no UTF-8: what JSON, too, calls it


FORMATS.add("webdataset", WebDatasetFormat())
