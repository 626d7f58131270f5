"""Content that changes under one's feet: files that were broken off, replaced between two reads, or made anew."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from augkit.datasets import read
from augkit.errors import FileError
from support.folders import fill


def tar_of(folder: Path, path: Path, mode: str = "w") -> bytes:
    """Pack the files of a folder, without it, in the order of their names."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for file in sorted(folder.rglob("*.*")):
            tar.add(file, file.relative_to(folder))
    return path.read_bytes()


def ends_of_members(data: bytes) -> list[int]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [member.offset for member in tar][1:]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
@pytest.mark.parametrize("left", [0.2, 0.5, 0.7])
def test_a_tar_whose_rest_is_zeros_is_no_shorter_data_set(suffix: str, left: float, tmp_path: Path) -> None:
    whole = tar_of(fill(tmp_path / "src"), tmp_path / "whole.tar")
    for cut in (int(len(whole) * left), *[end for end in ends_of_members(whole) if end > len(whole) * left][:1]):
        with tarfile.open(tmp_path / "whole.tar") as tar:
            assert len(tar.getmembers()) == len(read(tmp_path / "whole.tar").sources) == 24
        broken = whole[:cut] + bytes(len(whole) - cut)
        (tmp_path / f"broken{suffix}").write_bytes(broken if suffix == ".tar" else gzipped(broken))
        with pytest.raises(FileError, match=r"must be a whole tar.*, got a fault: "):
            read(tmp_path / f"broken{suffix}")


def gzipped(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data)


@pytest.mark.parametrize("form", ["archive", "webdataset"])
def test_a_tar_that_stops_between_two_members_is_no_shorter_data_set(form: str, tmp_path: Path) -> None:
    src = tmp_path / "src"
    if form == "archive":
        fill(src)
    else:
        fill(tmp_path / "pictures", 8)
        src.mkdir()
        for number, path in enumerate(sorted((tmp_path / "pictures").rglob("*.*"))):
            (src / f"{number:03d}{path.suffix}").write_bytes(path.read_bytes())
            (src / f"{number:03d}.cls").write_text("1")
    whole = tar_of(src, tmp_path / "whole.tar")
    assert len(read(tmp_path / "whole.tar").sources)
    for end in ends_of_members(whole)[-2:]:
        (tmp_path / "cut.tar").write_bytes(whole[:end])
        with pytest.raises(FileError, match=r"must be a whole tar.*it stops without the zeros that end a tar"):
            read(tmp_path / "cut.tar")


@pytest.mark.parametrize("zeros", [512, 1024, 10240 - 512, 1 << 20])
def test_a_tar_may_end_as_programs_end_theirs(zeros: int, tmp_path: Path) -> None:
    """With one block of zeros, with two, or with as many as fill its last record: of a tape, up to 1 MiB."""
    whole = tar_of(fill(tmp_path / "src", 4), tmp_path / "whole.tar").rstrip(b"\0")
    whole += bytes(-len(whole) % 512)
    record = 10240 if zeros == 10240 - 512 else zeros
    end = bytes(zeros) if zeros <= 1024 else bytes(1024 + -(len(whole) + 1024) % record)
    (tmp_path / "a.tar").write_bytes(whole + end)
    assert len(read(tmp_path / "a.tar").sources) == 4
