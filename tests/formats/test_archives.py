"""Archives: any data set in a zip or a tar.gz is read where it lies, as the folder that was packed."""

from __future__ import annotations

import errno
import gzip
import io
import random
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import AugkitError, FileError, Unreachable
from augkit.expand import replay, verify
from augkit.images import encode
from augkit.storage import inflated
from augkit.storage.root import Archive, Folder, Root
from support.archives import stored_zip_of, tar_gz_of, zip_of
from support.data_sets import FORMS, JPEG, PNG, lay, tar_of
from support.folders import done, outputs
from support.mutations import mutations
from support.pictures import noise

Pack = Callable[[dict[str, bytes]], bytes]


PACKS: dict[str, Pack] = {"a.zip": zip_of, "b.zip": stored_zip_of, "c.tar.gz": tar_gz_of, "d.tgz": tar_gz_of}
FOLDERS = {name: files for name, (files, where) in FORMS.items() if not where} | {
    "class folders": {"roses/a.jpg": JPEG, "tulips/b.png": PNG, "roses/red/c.png": PNG},
    "split folders": {"train/roses/a.jpg": JPEG, "val/tulips/b.png": PNG},
    "a flat folder": {"a.jpg": JPEG, "b.png": PNG},
    "one split": {"train/roses/a.jpg": JPEG, "train/tulips/b.png": PNG},
}


def packed(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, in an order that is not sorted."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    random.Random(0).shuffle(paths)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def held(data: DataSet) -> list[object]:
    facts = [(s.id, s.size, s.label, s.split, s.group, s.attributes) for s in data.sources]
    texts = [s.annotations and s.annotations.text for s in data.sources]
    pixels = [data.read(s.id if s.place is None else s.place) for s in data.sources]
    masks = [s.annotations and s.annotations.mask and data.read(s.annotations.mask) for s in data.sources]
    return [data.form, data.classes, facts, texts, pixels, masks]


@pytest.mark.parametrize("top", ["", "set/", "set/version 2/", "./"])
@pytest.mark.parametrize("name", list(PACKS))
def test_a_packed_folder_is_the_folder(name: str, top: str, tmp_path: Path) -> None:
    for form, files in FOLDERS.items():
        if form == "a flat folder" and "/" in top.removeprefix("./"):
            continue  # see below
        folder = lay(tmp_path / form, files)
        archive = tmp_path / f"{form}-{name}"
        archive.write_bytes(PACKS[name]({f"{top}{path}": data for path, data in packed(folder).items()}))
        assert held(read(archive)) == held(read(folder)), form


def test_an_uncompressed_tar_of_a_folder_is_the_folder(tmp_path: Path) -> None:
    for form in ("coco", "yolo of roboflow", "class folders", "split folders"):
        folder = lay(tmp_path / form, FOLDERS[form])
        (tmp_path / f"{form}.tar").write_bytes(tar_of({f"x/{path}": data for path, data in packed(folder).items()}))
        assert held(read(tmp_path / f"{form}.tar")) == held(read(folder)), form


@pytest.mark.parametrize("name", ["a.zip", "c.tar.gz"])
def test_an_expansion_of_an_archive_is_that_of_its_folder(name: str, tmp_path: Path) -> None:
    files = {f"{label}/{n}.png": encode(noise((24, 32), seed=n), "png") for n in range(4) for label in ("a", "b")}
    folder = lay(tmp_path / "folder", dict(files))
    archive = lay(tmp_path, {name: PACKS[name](files)}) / name
    for source, out, workers in ((folder, "1", 0), (archive, "2", 2)):
        done(source, tmp_path / out, workers=workers)
    assert outputs(tmp_path / "1") == outputs(tmp_path / "2")
    assert verify(tmp_path / "2").is_sound
    id = next(id for id in outputs(tmp_path / "2") if id.endswith(".jpg"))
    assert replay(tmp_path / "2", id).is_identical
    moved = archive.rename(tmp_path / f"moved-{name}")
    with pytest.raises(AugkitError, match="--source"):
        replay(tmp_path / "2", id)
    assert replay(tmp_path / "2", id, moved).is_identical


def test_a_name_does_not_decide(tmp_path: Path) -> None:
    lay(tmp_path, {"noname": zip_of({"x/a.jpg": JPEG, "y/b.jpg": PNG}), "set.zip/x/a.jpg": JPEG})
    assert read(tmp_path / "noname").classes == ("x", "y")
    assert read(tmp_path / "set.zip").classes == ("x",)


def test_pictures_right_in_one_folder_keep_their_class(tmp_path: Path) -> None:
    lay(tmp_path, {"x.zip": zip_of({"roses/a.jpg": JPEG, "roses/b.jpg": PNG})})
    assert read(tmp_path / "x.zip").classes == ("roses",)
    (tmp_path / "x.zip").rename(tmp_path / "roses.zip")  # the folder itself was packed
    assert read(tmp_path / "roses.zip").classes == ()


def test_what_macos_and_windows_pack(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in {"set/é/a.jpg": JPEG, "__MACOSX/set/._a.jpg": b"x", "set/.DS_Store": b"x"}.items():
            info = zipfile.ZipInfo(name.encode().decode("cp437"))  # UTF-8 that does not say so
            archive.writestr(info, data)
    data = file.getvalue()
    (tmp_path / "mac.zip").write_bytes(data.replace(b"\x00\x08", b"\x00\x08"))
    assert [s.id.rpartition("/")[2] for s in read(tmp_path / "mac.zip").sources] == ["a.jpg"]
    (tmp_path / "win.zip").write_bytes(zip_of({"set\\x\\a.jpg": JPEG, "set\\y\\b.jpg": PNG}))
    assert read(tmp_path / "win.zip").classes == ("x", "y")


def test_links_of_a_tar_lead_to_their_files(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, kind, target in (
            ("x/a.jpg", tarfile.REGTYPE, ""),
            ("y/b.jpg", tarfile.LNKTYPE, "x/a.jpg"),
            ("y/c.jpg", tarfile.SYMTYPE, "../x/a.jpg"),
            ("y/d.jpg", tarfile.SYMTYPE, "/etc/passwd"),
            ("y/e.jpg", tarfile.SYMTYPE, "e.jpg"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, len(JPEG) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(JPEG))
    data = read(lay(tmp_path, {"x.tgz": file.getvalue()}) / "x.tgz")
    assert {s.id: data.read(s.id) for s in data.sources} == dict.fromkeys(("x/a.jpg", "y/b.jpg", "y/c.jpg"), JPEG)
    assert dict(data.left_out) == {"a link to what is not there": 2}


def encrypted() -> bytes:
    data = bytearray(zip_of({"a.jpg": JPEG}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + place] |= 1
    return bytes(data)


def overlapping() -> bytes:
    """Two entries of the directory with the bytes of one."""
    data = zip_of({"a.jpg": JPEG, "b.jpg": PNG})
    second = data.find(b"PK\x03\x04", 4)
    return data.replace(second.to_bytes(4, "little") + b"b.jpg", b"\0\0\0\0b.jpg")


def lying() -> bytes:
    """A size that is not that of the content, in the directory."""
    data, size = zip_of({"a.jpg": b"x" * 5000}), (5000).to_bytes(4, "little")
    place = data.rfind(size)
    return data[:place] + (400).to_bytes(4, "little") + data[place + 4 :]


HOSTILE: dict[str, tuple[bytes, str]] = {
    "encrypted.zip": (encrypted(), r"encrypted\.zip/a\.jpg: must not be encrypted"),
    "up.zip": (zip_of({"../a.jpg": JPEG}), r"\.\./a\.jpg: must be a path within the archive"),
    "up2.zip": (zip_of({"x/..\\..\\a.jpg": JPEG}), r"must be a path within the archive"),
    "root.zip": (zip_of({"/etc/a.jpg": JPEG}), r"must be a path within the archive"),
    "drive.zip": (zip_of({"C:/a.jpg": JPEG}), r"must be a path within the archive"),
    "up.tgz": (tar_gz_of({"../a.jpg": JPEG}), r"must be a path within the archive"),
    "root.tgz": (tar_gz_of({"/etc/a.jpg": JPEG}), r"must be a path within the archive"),
    "lzma.zip": (zip_of({"a.jpg": JPEG}, zipfile.ZIP_LZMA), r"a\.jpg: must be stored or deflated, got lzma"),
    "same.zip": (overlapping(), r"must have bytes of its own"),
    "cut.zip": (zip_of({"a.jpg": JPEG})[:-30], r"must be a whole zip"),
    "cut.tgz": (tar_gz_of({"a.jpg": JPEG, "b.jpg": noise((200, 200)).tobytes()})[:20_000], r"must be whole, got"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c", r"must be a zip, tar or tar\.gz, whose members can be read where they lie"),
    "a.tar.xz": (b"\xfd7zXZ\0", r"must be a zip, tar or tar\.gz"),
    "empty.zip": (zip_of({}), r"must hold pictures, got none"),
    "nested/x.zip": (zip_of({"a.zip": zip_of({"x.jpg": JPEG}), "b.jpg": JPEG}), r"'a\.zip' is not understood"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_an_archive_that_is_not_to_be_trusted_is_a_sentence(name: str, tmp_path: Path) -> None:
    data, words = HOSTILE[name]
    with pytest.raises(FileError, match=words) as caught:
        read(lay(tmp_path, {name: data}) / name)
    assert str(tmp_path) in str(caught.value)


def test_a_damaged_member_costs_its_picture_alone(tmp_path: Path) -> None:
    data = stored_zip_of({"a.jpg": JPEG, "b.png": PNG})
    lay(tmp_path, {"x.zip": data.replace(JPEG[-9:], b"123456789"), "lying.zip": lying()})
    found = read(tmp_path / "x.zip")
    assert found.read("b.png") == PNG
    with pytest.raises(FileError, match=r"a\.jpg: must be as it was packed, got another checksum"):
        found.read("a.jpg")
    with pytest.raises(FileError, match=r"a\.jpg: must be as large as it says, 400 bytes, got more"):
        read(tmp_path / "lying.zip").read("a.jpg")


def test_an_archive_within_a_folder_is_not_left_in_silence(tmp_path: Path) -> None:
    lay(tmp_path, {"x/a.jpg": JPEG, "more.zip": zip_of({"b.jpg": JPEG})})
    with pytest.raises(FileError, match=r"'more\.zip' is not understood"):
        read(tmp_path)
    assert len(read(tmp_path, ignore="more.zip").sources) == 1


def test_a_bomb_is_told_by_its_headers_and_by_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augkit.storage.archives.BOMB_BYTES", 1 << 20)
    monkeypatch.setattr("augkit.storage.inflated.BOMB_BYTES", 1 << 20)
    zeros = {"a.jpg": bytes(8 << 20)}
    for name, pack in (("x.zip", zip_of), ("x.tgz", tar_gz_of)):
        with pytest.raises(FileError, match="It looks like a bomb"):
            read(lay(tmp_path, {name: pack(zeros)}) / name)


@pytest.mark.parametrize("seed", range(3))
def test_a_deflated_stream_is_read_from_anywhere(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflated, "STEP_BYTES", 5000)
    monkeypatch.setattr(inflated, "MOST_COPIES", 8)
    monkeypatch.setattr(inflated, "CHUNK_BYTES", 777)
    rng = random.Random(seed)
    content = b"".join(rng.randbytes(rng.randrange(900)) + bytes(rng.randrange(2000)) for _ in range(200))
    joined = gzip.compress(content[:50_000]) + gzip.compress(b"") + gzip.compress(content[50_000:]) + bytes(100)
    path = lay(tmp_path, {"x": joined}) / "x"
    stream = inflated.Inflated(lambda: path.open("rb"), "x", 0, len(joined))
    for _ in range(300):
        offset, size = rng.randrange(len(content) + 10), rng.randrange(1, 3000)
        assert stream.read(offset, size) == content[offset : offset + size]
    assert len(stream._copies) <= 8


@pytest.mark.parametrize("name", ["x.zip", "y.zip", "z.tgz", "t.tar"])
def test_damage_is_a_sentence_or_costs_pictures(name: str, tmp_path: Path) -> None:
    files = {"x/a.jpg": JPEG[:200], "y/b.jpg": PNG[:200], "labels.csv": b"image,label\nx/a.jpg,cat\ny/b.jpg,dog\n"}
    pack = {"x.zip": zip_of, "y.zip": stored_zip_of, "z.tgz": tar_gz_of, "t.tar": tar_of}[name]
    told: list[str] = []
    for damaged in mutations(pack(files), 500, seed=len(name)):
        (tmp_path / name).write_bytes(damaged)
        try:
            data = read(tmp_path / name)
            for source in data.sources:
                assert source.fault or source.label is not None, damaged
                data.read(source.place or source.id)
        except AugkitError as fault:
            told.append(str(fault))
    assert 50 < len(told) <= 500
    assert not [text for text in told if "\n" in text]


@pytest.mark.parametrize("pack", [tar_of, tar_gz_of])
def test_a_damaged_header_does_not_end_a_tar(pack: Pack, tmp_path: Path) -> None:
    content = pack({"x/a.jpg": JPEG, "y/b.jpg": PNG})
    plain = content if pack is tar_of else gzip.decompress(content)
    damaged = plain.replace(b"y/b.jpg", b"y/c.jpg")  # its checksum is another one
    (tmp_path / "t.tar").write_bytes(damaged if pack is tar_of else gzip.compress(damaged))
    with pytest.raises(FileError, match="a damaged header at byte"):
        read(tmp_path / "t.tar")


def test_a_damaged_header_does_not_end_samples(tmp_path: Path) -> None:
    content = tar_of({"a.jpg": JPEG, "a.cls": b"x", "b.jpg": PNG, "b.cls": b"y"})
    (tmp_path / "t.tar").write_bytes(content.replace(b"b.jpg", b"c.jpg"))
    with pytest.raises(FileError, match="a damaged header at byte"):
        read(tmp_path / "t.tar")


@pytest.mark.slow
def test_five_thousand_pictures_take_five_times_as_long_as_one_thousand(tmp_path: Path) -> None:
    seconds = {}
    for count in (1000, 5000):
        names = [f"{n % 7}/{n:04d}.jpg" for n in range(count)]
        random.Random(0).shuffle(names)  # as a folder lists them: in no order
        pixels = np.random.default_rng(0).bytes(20_000)
        path = lay(tmp_path, {f"{count}.tgz": tar_gz_of(dict.fromkeys(names, pixels))}) / f"{count}.tgz"
        began = time.process_time()
        root = Root.at(path)
        assert isinstance(root, Archive)
        for found in sorted(root.walk(Counter())):
            assert len(root.read(found.path)) == 20_000
        seconds[count] = time.process_time() - began
    assert seconds[5000] < 12 * seconds[1000], seconds


class FailingFile(io.BytesIO):
    """A file that opens, and answers with an errno from its n-th reading on."""

    def __init__(self, data: bytes, readings: int) -> None:
        super().__init__(data)
        self.readings = readings

    def read(self, size: int | None = -1) -> bytes:
        self.readings -= 1
        if self.readings < 0:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        return super().read(size)


@pytest.mark.parametrize(
    ("name", "readings"), [("a.zip", 0), ("a.zip", 1), ("a.tar", 0), ("a.tar", 1), ("a.tgz", 0), ("tars/a.tar", 0)]
)
def test_a_disk_that_fails_while_an_archive_is_read_is_told_with_its_name(
    name: str, readings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.png": PNG, "a.cls": b"1", "b.png": PNG, "b.cls": b"0"}
    where = tmp_path / name
    where.parent.mkdir(exist_ok=True)
    where.write_bytes(zip_of(files) if name == "a.zip" else tar_gz_of(files) if name == "a.tgz" else tar_of(files))
    source = where if where.parent == tmp_path else where.parent
    monkeypatch.setattr(Folder, "open", lambda self, path: FailingFile((self.path / path).read_bytes(), readings))
    with pytest.raises(Unreachable, match="must be readable") as told:
        read(source)
    assert str(told.value.where).endswith(name)
