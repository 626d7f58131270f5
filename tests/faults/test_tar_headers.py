"""Headers of tars: all dialects as Python's tarfile reads them, and what that believes, refused at once."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from augkit.datasets import read
from augkit.errors import FileError
from augkit.storage.tar_headers import MOST_HEADER_BYTES, MOST_PAGES, TarMember, tar_members
from support.data_sets import PNG, lay

KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symbolic",
    tarfile.LNKTYPE: "hard",
    tarfile.FIFOTYPE: "special",
    tarfile.CHRTYPE: "special",
}
NAMES = ("a.png", "f/b.png", "ä/ö.png", "x" * 99, "y" * 100, "z" * 101, "long/" * 60 + "c.png", "w/" * 120 + "d")


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, **more: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in more.items():
        setattr(info, key, value)
    return info


def block(size: int | bytes, kind: bytes, name: bytes = b"a.png") -> bytes:
    """Return a header of ustar, of any size."""
    field = size if isinstance(size, bytes) else tarfile.itn(size, 12, tarfile.GNU_FORMAT)  # type: ignore[attr-defined]
    parts = [name.ljust(100, b"\0"), b"0000644\0", b"0000000\0" * 2, field, b"0" * 11 + b"\0", b" " * 8, kind]
    head = b"".join([*parts, b"\0" * 100, b"ustar\x0000"]).ljust(512, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def filled(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 512)


def page(data: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return block(len(data), kind) + filled(data)


END = b"\0" * 1024
FILE = block(3, tarfile.REGTYPE) + filled(b"abc")


@pytest.mark.parametrize("dialect", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_dialects_are_read_as_tarfile_reads_them(dialect: int) -> None:
    rng = random.Random(dialect)
    file = io.BytesIO()
    headers = {"comment": "hello", "GNU.other": "1"} if dialect == tarfile.PAX_FORMAT else None
    with tarfile.open(fileobj=file, mode="w", format=dialect, pax_headers=headers) as tar:
        for name in NAMES:
            if dialect == tarfile.USTAR_FORMAT and len(name) > 100:
                continue
            for kind in KINDS:
                if kind == tarfile.AREGTYPE and len(name) > 100:
                    continue  # where a slash ends the part of its name in the header, tarfile takes it for a folder
                size = rng.choice((0, 1, 511, 512, 513, 5000)) if KINDS[kind] == "file" else 0
                link = rng.choice(NAMES[:5]) if KINDS[kind] in ("symbolic", "hard") else ""
                tar.addfile(member(name, size, kind, linkname=link), io.BytesIO(rng.randbytes(size)))
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as tar:
        wanted = [TarMember(o.name, o.offset_data, o.size, KINDS[o.type], o.linkname) for o in tar]
    assert len(wanted) > 30
    assert list(tar_members(file)) == wanted


def test_a_page_for_all_members_and_one_of_the_members_own() -> None:
    everywhere = page(b"14 path=all.p\n", tarfile.XGLTYPE)
    own = page(b"13 path=own.\n" + b"10 size=3\n")
    found = list(tar_members(io.BytesIO(everywhere + own + block(0, b"0") + filled(b"abc") + FILE + END)))
    assert [(one.name, one.size) for one in found] == [("own.", 3), ("all.p", 3)]


def test_files_with_holes_are_special() -> None:
    holes = block(512, tarfile.GNUTYPE_SPARSE)
    more = bytearray(512)
    extended = bytearray(holes)
    extended[482] = 1
    extended[148:156] = b"%06o\0 " % (sum(extended[:148] + extended[156:]) + 8 * 32)
    more[504] = 1
    tar = bytes(extended) + bytes(more) + bytes(512) + bytes(512) + FILE + END
    assert [one.kind for one in tar_members(io.BytesIO(tar))] == ["special", "file"]
    modern = page(b"22 GNU.sparse.major=1\n") + block(512, b"0") + bytes(512) + FILE + END
    assert [one.kind for one in tar_members(io.BytesIO(modern))] == ["special", "file"]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "size -512": lambda: FILE + block(-512, b"0") + END,
    "size -512 of a kind that is not known": lambda: FILE + block(-512, b"9") + END,
    "size -512 of pax": lambda: FILE + page(b"13 size=-512\n") + block(3, b"0") + filled(b"abc") + END,
    "size of half a number": lambda: FILE + page(b"12 size=1e9\n") + block(3, b"0") + filled(b"abc") + END,
    "a name of 70 TB": lambda: FILE + block(70 << 40, tarfile.GNUTYPE_LONGNAME) + FILE + END,
    "a name of -512": lambda: FILE + block(-512, tarfile.GNUTYPE_LONGNAME) + FILE + END,
    "a page of -1": lambda: FILE + block(-1, tarfile.XHDTYPE) + FILE + END,
    "a page of 1 EB": lambda: FILE + block(1 << 60, tarfile.XGLTYPE) + FILE + END,
    "a member of 1 EB": lambda: FILE + block(1 << 60, b"0") + END,
    "names before names": lambda: FILE + 5000 * page(b"a\0", tarfile.GNUTYPE_LONGNAME) + FILE + END,
    "pages before pages": lambda: FILE + 5000 * page(b"13 path=a.pn\n") + FILE + END,
    "records of two bytes": lambda: FILE + page(b"2 " * (MOST_HEADER_BYTES // 2 - 2) + b"=\n") + FILE + END,
    "digits": lambda: FILE + page(b"1" * (MOST_HEADER_BYTES - 512)) + FILE + END,
    "a record of no length": lambda: FILE + page(b"0 path=a\n") + FILE + END,
    "no end of a sparse map": lambda: FILE + page(b"22 GNU.sparse.major=1\n") + block(512, b"0") + b"1" * 512,
}


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_what_sizes_claim_is_believed_of_nothing(made: Callable[[], bytes], tmp_path: Path) -> None:
    data = made()
    with pytest.raises(FileError, match="must be a whole tar"):
        read(lay(tmp_path, {"src.tar": data}) / "src.tar")
    (tmp_path / "src.tar").unlink()
    members = filled(PNG)
    samples = block(len(PNG), b"0", b"1.png") + members + block(1, b"0", b"1.cls") + filled(b"0")
    with pytest.raises(FileError, match=r"a\.tar: must be a whole tar"):
        read(lay(tmp_path, {"a.tar": samples + data.removeprefix(FILE)}))


def test_many_pages_before_a_member_are_fine() -> None:
    tar = MOST_PAGES * page(b"13 path=a.pn\n") + FILE + END
    assert [one.name for one in tar_members(io.BytesIO(tar))] == ["a.pn"]


def test_a_path_longer_than_any_systems_is_refused(tmp_path: Path) -> None:
    name = b"a/" * 200_000
    tar = page(name, tarfile.GNUTYPE_LONGNAME) + FILE + END
    with pytest.raises(FileError, match=r"must be a path of at most 4,096 letters, got 400,000\. Rename it\."):
        read(lay(tmp_path, {"src.tar": FILE + tar}) / "src.tar")
