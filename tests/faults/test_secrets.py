"""Passwords and tokens of addresses are on no screen and in no file, and all that is done works with them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from augkit.datasets import read
from augkit.errors import AugkitError
from augkit.expand import ExpandConfig, expand, replay, verify
from augkit.storage.bucket import Bucket
from support.commands import augkit, command
from support.folders import outputs, tree
from support.guarded_server import SECRET, guarded
from support.trainings import fill

pytest.importorskip("aiohttp", reason="web servers are not read without aiohttp")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    file, source = io.BytesIO(), fill(tmp_path / "drawn", 6)
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(source.rglob("*.png")):
            packed.write(path, path.relative_to(source).as_posix())
    with guarded({"/set.zip": file.getvalue()}) as host:
        yield host


@pytest.fixture(params=["http://ann:{}@{}/set.zip", "http://{1}/set.zip?token={0}&more=a/b"], ids=["password", "token"])
def address(request: pytest.FixtureRequest, host: str) -> str:
    return str(request.param).format(SECRET, host)


def assert_no_secrets(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert SECRET not in str(path)
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_an_expansion_holds_none_and_is_that_of_a_folder(address: str, host: str, tmp_path: Path) -> None:
    expand(address, tmp_path / "out", "identity", 2, workers=0)
    assert (tmp_path / "out/.augkit/source.txt").read_text() == f"http://{host}/set.zip\n"
    expand(tmp_path / "drawn", tmp_path / "plain", "identity", 2, workers=0)
    (tmp_path / "plain/.augkit/source.txt").write_text(f"http://{host}/set.zip\n")
    assert tree(tmp_path / "out") == tree(tmp_path / "plain")
    assert verify(tmp_path / "out").is_sound
    first = next(iter(outputs(tmp_path / "out")))
    assert replay(tmp_path / "out", first, address).is_identical
    assert SECRET not in repr(ExpandConfig.of(source=address, out=address, pipeline="six", copies=1))
    assert expand(address, tmp_path / "out", "identity", 3, workers=0, extend=True).written == 54
    assert_no_secrets(tmp_path / "out")


def test_commands_print_and_write_none(host: str, tmp_path: Path) -> None:
    address = f"http://ann:{SECRET}@{host}/set.zip"
    run, files = tmp_path / "files/run", tmp_path / "files"
    files.mkdir()
    commands = [["train", address, "--out", run, "--epochs", "1", "--model", "lenet"], ["predict", run, address]]
    commands += [["show", address, "--pipeline", "identity", "--rows", "1", "-o", files / "a.html"]]
    commands += [["fit-pca", address, "-o", files / "a.yaml"], ["predict", run, address, "-o", files / "b.csv"]]
    commands += [["split", address, "-o", files / "a.csv"]]
    for words in commands:
        ended = augkit(*words)
        assert SECRET not in ended.stdout + ended.stderr
    assert_no_secrets(files)
    for name in ("model.safetensors", "report.html"):  # which are passed on
        assert str(tmp_path).encode() not in (run / name).read_bytes()


def test_what_a_server_answers_is_told_without_them(host: str, tmp_path: Path) -> None:
    for address in (f"http://ann:{SECRET}@{host}/none.zip", f"http://bob:{SECRET}@{host}/set.zip"):
        ended = command("expand", address, tmp_path / "out", "--pipeline", "six", "--copies", "1")
        assert ended.returncode in (1, 2)
        with pytest.raises(AugkitError, match=r"127\.0\.0\.1") as caught:
            read(address)
        for text in (ended.stdout, ended.stderr, str(caught.value), repr(caught.value)):
            assert SECRET not in text


def test_an_output_is_written_where_its_address_says_with_them(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    address = f"memory://ann:{SECRET}@host/out"  # whose file system takes all of it for a path
    summary = expand(fill(tmp_path / "src", 1), address, "identity", 2, workers=0)
    assert summary.written == 6
    assert verify(address).checked == 6
    assert SECRET not in str(Bucket(address))
    files = fsspec.filesystem("memory")
    for path in files.find(f"/ann:{SECRET}@host/out"):
        assert SECRET.encode() not in files.cat_file(path)
    files.rm(f"/ann:{SECRET}@host", recursive=True)
