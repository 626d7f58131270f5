"""Archives that are read in place, zip and tar, also tar.gz: their members by path, and what each of them holds.

Nothing is extracted. A member of a zip is read by itself; one of a tar is a part of the file; for one of a tar.gz see
`augkit.storage.inflated`. What headers claim is believed of nothing: sizes and checksums are compared with what comes
out, paths that lead out of the archive are refused, and so is what was encrypted.
"""

from __future__ import annotations

import posixpath
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from augkit.errors import FileError, raise_outage
from augkit.images import MAX_FILE_BYTES
from augkit.storage.archive_members import Entry, MemberTable
from augkit.storage.inflated import BOMB_BYTES, BOMB_RATIO, GZIP, GZIP_MAGIC, RAW, Inflated, InflatedFile
from augkit.storage.tar_headers import tar_members

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ArchiveKind = Literal["zip", "tar", "tar.gz"]
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
# They can be read from front to back alone, and in no order; or no package of Python's own reads them.
REFUSED = (".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lz4", ".tar.z", ".7z", ".rar")
HEAD_BYTES = 512
_ZIP, _EMPTY_ZIP, _LOCAL = b"PK\x03\x04", b"PK\x05\x06", 30
_OTHER_ZIPS = (".npz", ".pt", ".pth", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".jar", ".whl", ".keras", ".epub")
_RUBBISH = "__MACOSX"  # of macOS, beside what it packs
HIDDEN = "hidden"
_LINK, _SPECIAL, _REPLACED = "a link to what is not there", "no regular file", "a member that a later one replaces"
_MOST_LINKS = 8
MOST_LETTERS = 4096  # of a path, as Linux has it
MOST_LEVELS = 100  # of folders
_SHOWN = 200  # letters of it in messages


def archive_kind(name: str, head: bytes, where: str) -> ArchiveKind | None:
    """Return which kind of archive a file is by its first `HEAD_BYTES`, or None; its name speaks only against it.

    Raises:
        FileError: it is one of those that cannot be read in place.
    """
    lower = name.lower()
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return None if lower.endswith(_OTHER_ZIPS) else "zip"
    if head.startswith(GZIP_MAGIC):
        try:
            inner = zlib.decompressobj(GZIP).decompress(head, HEAD_BYTES)
        except zlib.error:
            inner = b""
        return "tar.gz" if lower.endswith((".tar.gz", ".tgz")) or _is_tar(inner) else None
    if lower.endswith(REFUSED):
        what = "must be a zip, tar or tar.gz, whose members can be read where they lie, got another archive"
        raise FileError(f"{what}. Unpack it, or pack it as one of these.", where)
    return "tar" if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    """Return whether a block begins a tar: its checksum says so in every dialect."""
    if len(head) < tarfile.BLOCKSIZE:
        return head[257:262] == b"ustar"  # the beginning of one, of what was packed
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


@dataclass
class Contents:
    """What an archive holds.

    Args:
        open: opens it.
        where: its name, for messages.
        kind: of archive.
        entries: its files, by path, without the one folder that may hold all of them.
        left_out: counts of what is no file.
    """

    open: Callable[[], BinaryIO]
    where: str
    kind: ArchiveKind
    entries: MemberTable = field(default_factory=MemberTable)
    left_out: Counter[str] = field(default_factory=Counter)
    inflated: Inflated | None = None

    def __post_init__(self) -> None:
        with self.open() as file:
            if self.kind == "tar.gz":
                self.inflated = Inflated(self.open, self.where, 0, file.seek(0, 2))
            try:
                found, links = _zip_members(self, file) if self.kind == "zip" else _tar_members(self, file)
            except FileError:
                raise
            except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, OverflowError) as fault:
                raise_outage(fault, self.where)
                what = f"must be a whole {self.kind}, got a fault: {fault}. Copy it again from where it came."
                raise FileError(what, self.where) from None
            except (NotImplementedError, struct.error) as fault:
                raise FileError(f"must be a {self.kind} of a common kind, got: {fault}.", self.where) from None
        for path, target in links.items():
            entry = _resolved(target, found, links)
            if entry is None:
                self.left_out[_LINK] += 1
            else:
                found[path] = entry
        stem = self.where.rpartition("/")[2].partition(".")[0]
        top = _top_of([path for path in found if not is_hidden(path)], stem)
        self.entries = MemberTable({path[len(top) :]: entry for path, entry in found.items() if path.startswith(top)})

    def read(self, path: str, offset: int = 0, size: int | None = None) -> bytes:
        """Return what a member holds, or a part of it.

        Raises:
            FileError: there is none, or it is damaged.
        """
        entry, where = self.entry(path), f"{self.where}/{path}"
        size = entry.size - offset if size is None else size
        if size > MAX_FILE_BYTES:
            raise FileError(f"must be at most {MAX_FILE_BYTES:,} bytes, got {size:,}.", where)
        if size < 0 or offset + size > entry.size:
            raise FileError(f"must have {size:,} bytes at {offset:,}, got {entry.size:,} in all. Is it whole?", where)
        if self.inflated is not None:
            return _all(self.inflated.read(entry.start + offset, size), size, where)
        with self.open() as file:
            start = self._start(file, entry, where)
            if not entry.is_deflated:
                file.seek(start + offset)
                data = _all(file.read(size), size, where)
            elif size < entry.size:
                data = self._stream(start, entry, where).read(offset, size)
            else:
                file.seek(start)
                data = _inflated(file.read(entry.packed), size, where)
        if entry.crc is not None and size == entry.size and zlib.crc32(data) != entry.crc:
            raise FileError("must be as it was packed, got another checksum. Pack it again.", where)
        return data

    def member(self, path: str) -> BinaryIO:
        """Open a member to read it with leaps."""
        entry, where = self.entry(path), f"{self.where}/{path}"
        raw: RawIOBase
        if entry.is_deflated:
            with self.open() as file:
                start = self._start(file, entry, where)
            raw = InflatedFile(self._stream(start, entry, where), entry.size)
        else:
            raw = _Part(self, path, entry.size)
        return cast("BinaryIO", BufferedReader(raw, 1 << 16))

    def entry(self, path: str) -> Entry:
        if (entry := self.entries.get(path)) is None:
            raise FileError("must be readable, got: no such member of the archive.", f"{self.where}/{path}")
        return entry

    def _stream(self, start: int, entry: Entry, where: str) -> Inflated:
        return Inflated(self.open, where, start, start + entry.packed, RAW)

    def _start(self, file: BinaryIO, entry: Entry, where: str) -> int:
        """Return where a member's bytes begin: in a zip, behind a header with a name and more."""
        if self.kind != "zip":
            return entry.start
        file.seek(entry.start)
        head = file.read(_LOCAL)
        if len(head) < _LOCAL or not head.startswith(_ZIP):
            raise FileError("must have its header in the archive, got none. Copy the archive again.", where)
        name, more = struct.unpack("<HH", head[26:30])
        return entry.start + _LOCAL + int(name) + int(more)


class _Part(RawIOBase):
    """A member that was not packed by itself, as a file."""

    def __init__(self, contents: Contents, path: str, size: int) -> None:
        self.contents, self.path, self.size, self.place = contents, path, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = max(0, offset + (0, self.place, self.size)[whence])
        return self.place

    def tell(self) -> int:
        return self.place

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self.place))
        if count:
            view[:count] = self.contents.read(self.path, self.place, count)
            self.place += count
        return count


Members = tuple[dict[str, Entry], dict[str, str]]  # files, and targets of links, both by path


def _zip_members(contents: Contents, file: BinaryIO) -> Members:
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        end = getattr(archive, "start_dir", None)
        found: dict[str, Entry] = {}
        links: dict[str, str] = {}
        for info, name in zip(infos, _zip_names(infos), strict=True):
            mode = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
            if name.endswith("/") or mode == stat.S_IFDIR:
                continue
            where = f"{contents.where}/{name:.{_SHOWN}}"
            path = _checked(name, where)
            if info.flag_bits & 1:
                raise FileError("must not be encrypted, but needs a password. Pack it again without.", where)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                method = zipfile.compressor_names.get(info.compress_type, info.compress_type)  # type: ignore[attr-defined]
                raise FileError(f"must be stored or deflated, got {method}. Pack it again with zip.", where)
            if path in found:
                contents.left_out[_REPLACED] += 1
            is_deflated = info.compress_type == zipfile.ZIP_DEFLATED
            entry = Entry(info.header_offset, info.compress_size, info.file_size, is_deflated, info.CRC)
            if not is_deflated and entry.size != entry.packed:
                raise FileError(f"must be as large as it says, {entry.size:,}, got {entry.packed:,}.", where)
            if mode == stat.S_IFLNK and entry.size < 4096:
                links[path] = posixpath.join(posixpath.dirname(path), archive.read(info).decode("utf-8", "replace"))
            elif mode not in (0, stat.S_IFREG):
                contents.left_out[_SPECIAL] += 1
            else:
                found[path] = entry
    _refuse_bombs(found, contents.where, end)
    return found, links


def _zip_names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Return the names as they were meant: many programs write UTF-8 without saying so, some write backslashes."""
    try:
        names = [info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode() for info in infos]
    except UnicodeError:
        names = [info.filename for info in infos]
    return [name if "/" in name else name.replace("\\", "/") for name in names]


def _refuse_bombs(found: dict[str, Entry], where: str, end: int | None) -> None:
    """Refuse what unpacks to something out of all proportion, or names the same bytes twice."""
    before, path = 0, ""
    for following, entry in sorted(found.items(), key=lambda item: item[1].start):
        if entry.start < before:
            what = f"must have bytes of its own, got some of {path!r}. It looks like a bomb."
            raise FileError(what, f"{where}/{following}")
        before, path = entry.start + _LOCAL + entry.packed, following
    if end is not None and before > end:
        raise FileError("must lie in the archive, got more bytes than there are. Copy it again.", f"{where}/{path}")
    packed, size = sum(entry.packed for entry in found.values()), sum(entry.size for entry in found.values())
    if size > BOMB_BYTES and size > BOMB_RATIO * max(packed, 1):
        what = f"must hold a data set, got {size:,} bytes out of {packed:,}"
        raise FileError(f"{what}. It looks like a bomb.", where)


def _tar_members(contents: Contents, file: BinaryIO) -> Members:
    found: dict[str, Entry] = {}
    links: dict[str, str] = {}
    end = None if contents.inflated else file.seek(0, 2)
    file.seek(0)
    raw = file if contents.inflated is None else cast("BinaryIO", InflatedFile(contents.inflated))
    for member in tar_members(raw):
        where = f"{contents.where}/{member.name:.{_SHOWN}}"
        if member.kind == "folder":
            continue
        path = _checked(member.name, where)
        if member.kind in ("symbolic", "hard"):
            links[path] = posixpath.join(posixpath.dirname(path) if member.kind == "symbolic" else "", member.target)
            continue
        if member.kind == "special":
            contents.left_out[_SPECIAL] += 1
            continue
        if path in found:
            contents.left_out[_REPLACED] += 1
        if end is not None and member.offset + member.size > end:
            raise tarfile.ReadError(f"{member.name!r} is cut short")
        found[path] = Entry(member.offset, member.size, member.size)
    return found, links


def _checked(name: str, where: str) -> str:
    """Return a member's path without detours.

    Raises:
        FileError: it leads out of the archive.
    """
    plain = name.replace("\\", "/")
    if len(name) > MOST_LETTERS:
        raise FileError(f"must be a path of at most {MOST_LETTERS:,} letters, got {len(name):,}. Rename it.", where)
    if plain.count("/") > MOST_LEVELS:
        raise FileError(f"must lie in at most {MOST_LEVELS} folders, got {plain.count('/'):,}. Pack it flatter.", where)
    if plain.startswith("/") or "\0" in name or ".." in plain.split("/") or plain[1:3] == ":/":
        raise FileError("must be a path within the archive. Do not trust it; pack it again without that.", where)
    return posixpath.normpath(name)


def _resolved(target: str, found: dict[str, Entry], links: dict[str, str]) -> Entry | None:
    """Return the file that a link leads to, over other links, or None."""
    for _ in range(_MOST_LINKS):
        path = posixpath.normpath(target)
        if path in found:
            return found[path]
        if path not in links:
            return None
        target = links[path]
    return None


# Folders that mean something by their names; one that holds all of an archive is the data set's own otherwise.
_MEANT = frozenset(("train", "training", "val", "valid", "validation", "test", "testing", "data", "images", "labels"))
_LABEL_SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".txt", ".xml", ".yaml", ".yml", ".names", ".parquet", ".tar")


def _top_of(paths: Collection[str], stem: str) -> str:
    """Return the one folder that all of an archive lies in, with its slash; nothing where that may be a class.

    Args:
        paths: of all files.
        stem: the archive's name: a folder of that name is what was packed.
    """
    if not paths:
        return ""
    shared = posixpath.commonprefix((min(paths), max(paths)))  # of all that lie between these
    top, folders = "", shared.split("/")[:-1]
    for place, first in enumerate(folders):
        below = f"{top}{first}/"
        if first.lower() in _MEANT:
            break
        is_flat = place == len(folders) - 1 and not any(
            "/" in path[len(below) :] or path.lower().endswith(_LABEL_SUFFIXES) for path in paths
        )
        if is_flat and first != stem:
            break  # pictures right in a folder: it is their class
        top = below
    return top


def is_hidden(path: str) -> bool:
    """Return whether a member is hidden, or rubbish."""
    return path.startswith((".", f"{_RUBBISH}/")) or "/." in path


def _all(data: bytes, size: int, where: str) -> bytes:
    if len(data) < size:
        raise FileError(f"must have {size:,} bytes, got {len(data):,}. Is the archive whole?", where)
    return data


def _inflated(packed: bytes, size: int, where: str) -> bytes:
    """Return what deflated bytes hold, of which the archive says how many there are."""
    state = zlib.decompressobj(RAW)
    try:
        data = state.decompress(packed, size + 1)
    except zlib.error as fault:
        raise FileError(f"must be whole, got a fault: {fault}. Pack it again.", where) from None
    if len(data) > size:
        raise FileError(f"must be as large as it says, {size:,} bytes, got more. Pack it again.", where)
    return _all(data, size, where)
