"""Headers of a tar's members, one after the other, in every dialect: ustar, GNU, pax and what came before.

Python's `tarfile` reads a block of a header here, and no more: it believes sizes. A member of size -512 leads it back
to where it was, a name of 70 TB makes it ask for that much memory, and pages of pax cost it time and memory by the
square of their length (CVE-2025-8194, CVE-2024-6232).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from augkit.storage.tar_ends import require_end

MOST_HEADER_BYTES = 1 << 20  # of a name, or of a page of pax
MOST_PAGES = 16  # before one member: names, targets of links, pages of pax
_BLOCK = tarfile.BLOCKSIZE
_PAGES = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE)
_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_SPARSE = "GNU.sparse."  # begins the keys of a file with holes
_READ = ("path", "linkpath", "size")
_MOST_DIGITS = 19  # of a size, or of the length of a record
_IS_EXTENDED, _GOES_ON = 482, 504  # in the header of a file with holes, and in the blocks that follow it


class TarMember(NamedTuple):
    """A member of a tar.

    Args:
        name: its path, with whatever it holds.
        offset: of its content, in bytes.
        size: of that.
        kind: file, folder, symbolic (link), hard (link) or special: a device, a pipe, a file with holes.
        target: of a link.
    """

    name: str
    offset: int
    size: int
    kind: str
    target: str = ""


def tar_members(file: BinaryIO) -> Iterator[TarMember]:
    """Yield the members of a tar; between two of them the file may be read elsewhere.

    Raises:
        tarfile.ReadError: a header is damaged, or the tar does not end as tars do; see `require_end`.
        OSError: the file cannot be read.
    """
    offset, everywhere = 0, dict[str, str]()
    while True:
        facts, pages = dict[str, str](), 0
        while True:
            file.seek(offset)
            block = file.read(_BLOCK)
            head = _head(block)
            if head is None:
                if pages:
                    raise tarfile.ReadError(f"a damaged header at byte {offset:,}")
                require_end(offset, file)
                return
            offset += _BLOCK
            if head.type not in (*_PAGES, *_LONG):
                break
            pages += 1
            if pages > MOST_PAGES or not 0 <= head.size <= MOST_HEADER_BYTES:
                what = f"a name or other facts of {head.size:,} bytes" if pages <= MOST_PAGES else "too many of them"
                raise tarfile.ReadError(f"a damaged header at byte {offset - _BLOCK:,}, with {what}")
            page = file.read(head.size)
            if len(page) < head.size:
                raise tarfile.ReadError(f"a header at byte {offset - _BLOCK:,} that is cut short")
            offset += _filled(head.size)
            if head.type in _LONG:
                facts.setdefault(_LONG[head.type], _text(page.partition(b"\0")[0]))
            elif head.type == tarfile.XGLTYPE:
                everywhere |= _records(page)
            else:
                facts = _records(page) | facts
        member = _member(head, everywhere | facts, file, block, offset)
        yield member
        offset = member.offset + (_filled(member.size) if _has_content(head, member) else 0)


def _head(block: bytes) -> tarfile.TarInfo | None:
    """Return what a block says, or None where that is no header."""
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return None


def _has_content(head: tarfile.TarInfo, member: TarMember) -> bool:
    return member.kind == "file" or head.isreg() or head.type not in tarfile.SUPPORTED_TYPES


def _member(head: tarfile.TarInfo, facts: dict[str, str], file: BinaryIO, block: bytes, offset: int) -> TarMember:
    has_holes = head.type == tarfile.GNUTYPE_SPARSE or any(key.startswith(_SPARSE) for key in facts)
    goes_on = head.type == tarfile.GNUTYPE_SPARSE and block[_IS_EXTENDED]
    while goes_on:
        more = file.read(_BLOCK)
        if len(more) < _BLOCK:
            raise tarfile.ReadError(f"a header at byte {offset:,} that is cut short")
        goes_on, offset = more[_GOES_ON], offset + _BLOCK
    size = _number(facts["size"]) if "size" in facts else head.size
    name = facts.get("path", head.name)
    if size < 0:
        raise tarfile.ReadError(f"a damaged header: {name!r:.60} of {size:,} bytes")
    is_old = block[156:157] == tarfile.AREGTYPE  # a folder's name ends with a slash; a long one may have one anywhere
    kind = "file" if (head.isreg() or is_old) and not has_holes else "special"
    if head.isdir() and not (is_old and not name.endswith("/")):
        kind, name = "folder", name.rstrip("/")
    elif head.issym() or head.islnk():
        kind = "symbolic" if head.issym() else "hard"
    return TarMember(name, offset, size, kind, facts.get("linkpath", head.linkname))


def _records(page: bytes) -> dict[str, str]:
    """Return what a page of pax says that is of use here: records of their length, a key and a value."""
    found, at = dict[str, str](), 0
    while at < len(page) and page[at]:
        length = _number(_text(page[at : at + _MOST_DIGITS + 1].partition(b" ")[0]))
        record = page[at : at + length]
        key, equals, value = record.partition(b" ")[2].partition(b"=")
        if length <= 0 or len(record) < length or not equals or not record.endswith(b"\n"):
            raise tarfile.ReadError("a damaged page of pax")
        if (name := _text(key)) in _READ or name.startswith(_SPARSE):
            found[name] = _text(value[:-1])
        at += length
    return found


def _number(text: str) -> int:
    if len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        raise tarfile.ReadError(f"{text!r:.40} in place of a number")
    return int(text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _filled(size: int) -> int:
    """Return how many bytes a content takes with the zeros that fill its last block."""
    return -(-size // _BLOCK) * _BLOCK
