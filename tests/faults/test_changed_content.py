"""Content that changes under one's feet: files that were broken off, replaced between two reads, or made anew."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from augkit.datasets import DataSet, read
from augkit.errors import Changed, FileError
from augkit.images import encode
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
        (tmp_path / f"broken{suffix}").write_bytes(broken if suffix == ".tar" else gzip.compress(broken))
        with pytest.raises(FileError, match=r"must be a whole tar.*, got a fault: "):
            read(tmp_path / f"broken{suffix}")


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


def a_parquet(path: Path, pictures: list[bytes], labels: list[str]) -> None:
    images = [{"bytes": data, "path": f"{number}.png"} for number, data in enumerate(pictures)]
    parquet.write_table(pa.table({"image": images, "label": labels}), path, compression="zstd")


def pixels(data: DataSet) -> list[tuple[int, object]]:
    return [(int(data.decoded(source).image[0, 0, 0]), source.label) for source in data.sources]


def plain(value: int) -> bytes:
    """A picture of one value; all of them have one size in bytes."""
    return encode(np.full((6, 8, 3), value, np.uint8), "png")


def packed_in(form: str, path: Path, values: list[int]) -> Path:
    """Write a file that holds pictures of one value each, labelled with that value."""
    if form == "parquet":
        a_parquet(path / "a.parquet", [plain(value) for value in values], list(map(str, values)))
        return path / "a.parquet"
    suffix = {"zip": ".zip", "tar.gz": ".tar.gz"}.get(form, ".tar")
    folder = path / f"of{values[0]}{form}"
    for number, value in enumerate(values):
        place = folder / (f"{number}.png" if form == "webdataset" else f"{value}/{number}.png")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(plain(value))
        if form == "webdataset":
            place.with_suffix(".cls").write_text(str(value))
    if form == "zip":
        with zipfile.ZipFile(path / "a.zip", "w") as archive:
            for file in sorted(folder.rglob("*.*")):
                archive.write(file, file.relative_to(folder))
    else:
        tar_of(folder, path / f"a{suffix}", "w:gz" if form == "tar.gz" else "w")
    return path / f"a{suffix}"


PACKS = ["parquet", "tar", "tar.gz", "zip", "webdataset"]


@pytest.mark.parametrize("form", PACKS)
@pytest.mark.parametrize("how", ["replaced", "written over"])
def test_a_pack_that_is_another_one_now_is_read_anew(form: str, how: str, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new = packed_in(form, tmp_path / "old", [10, 20]), packed_in(form, tmp_path / "new", [30, 40])
    before = pixels(read(old))
    assert before == [(int(str(label)), label) for _, label in before]
    was = old.stat()
    if how == "replaced":
        os.utime(new, ns=(was.st_atime_ns, was.st_mtime_ns))
        new.replace(old)
    else:
        old.write_bytes(new.read_bytes())
    after = pixels(read(old))
    assert [label for _, label in after] != [label for _, label in before]
    assert after == [(int(str(label)), label) for _, label in after]


@pytest.mark.parametrize("form", ["parquet", "webdataset"])
def test_pictures_of_another_pack_than_the_labels_are_refused(form: str, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old, new = packed_in(form, tmp_path / "old", [10, 20]), packed_in(form, tmp_path / "new", [30, 40])
    data = read(old)
    new.replace(old)
    with pytest.raises(Changed, match="must be as it was when its labels were read, got another file"):
        pixels(data)
    assert pickle.loads(pickle.dumps(data)).stamps == data.stamps  # it goes to workers


@pytest.mark.parametrize("form", ["parquet", "tar", "zip"])
def test_a_pack_of_a_store_that_is_another_one_now_is_read_anew(form: str, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    files, found = fsspec.filesystem("memory"), []
    for name, values in (("old", [10, 20]), ("new", [30, 40])):
        (tmp_path / name).mkdir()
        pack = packed_in(form, tmp_path / name, values)
        files.pipe_file(f"/changed/{pack.name}", pack.read_bytes())
        found.append(pixels(read(f"memory://changed/{pack.name}")))
    assert found == [[(10, "10"), (20, "20")], [(30, "30"), (40, "40")]]
