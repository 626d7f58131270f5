"""Formats are found by their register: the texts that name them, one more in this package, one of another package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from augkit.datasets import FORMATS, Format, Inventory, Reader, format_table, read, readers, writer, writers
from augkit.datasets.format import file_suffixes
from augkit.errors import ArgumentError, FileError
from augkit.storage.root import Root
from support.data_sets import JPEG, PNG, lay
from support.packages import LIST_FORMAT, install

ROOT = Path(__file__).parent.parent.parent


def augkit(*args: object, path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "augkit", *map(str, args)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def assert_list_is_a_format(path: Path, folder: Path) -> None:
    """Assert that the command line writes, reads and names the format ``list``."""
    lay(folder, {"src/roses/a.jpg": JPEG, "src/tulips/b.png": PNG})
    options = ["--pipeline", "identity", "--copies", 1, "--workers", 0]
    done = augkit("expand", "src", "first", *options, "--format", "list", path=path, cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = (folder / "first/pictures.lst").read_text().splitlines()
    assert [line.split("\t")[1] for line in lines] == ["roses", "tulips"]
    done = augkit("expand", "first/pictures.lst", "second", *options, path=path, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert len((folder / "second/pictures.lst").read_text().splitlines()) == 2
    done = augkit("formats", path=path, cwd=folder)
    assert re.search(r"(?m)^list +nothing", done.stdout)
    done = augkit("expand", "first/pictures.lst", "third", *options, "--format", "lisd", path=path, cwd=folder)
    assert done.returncode == 2
    assert "got 'lisd'. Did you mean list?" in done.stderr


@pytest.mark.slow
def test_a_new_format_is_one_file(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for folder in ("augkit", "pipelines"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "augkit/datasets/formats/list_file.py").write_text(LIST_FORMAT)
    assert_list_is_a_format(tree, tmp_path)


@pytest.mark.slow
def test_another_package_adds_a_format(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "augkit-list", {"augkit_list.py": LIST_FORMAT}, {"augkit.formats": {"list": "augkit_list"}})
    assert_list_is_a_format(Path(os.pathsep.join((str(site), str(ROOT)))), tmp_path)


@pytest.mark.slow
def test_a_package_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "augkit-broken", {"broken.py": "import nowhere"}, {"augkit.formats": {"lost": "broken"}})
    done = augkit("formats", path=Path(os.pathsep.join((str(site), str(ROOT)))), cwd=tmp_path)
    assert done.returncode == 2
    assert "augkit.formats lost: must be importable" in done.stderr
    assert "Update or remove augkit-broken." in done.stderr


def test_the_readme_has_the_table_of_formats() -> None:
    heading, *rows = format_table()
    lines = [f"| {' | '.join(heading)} |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {' | '.join(rest)} |" for name, *rest in rows]
    assert "\n".join(lines) in (ROOT / "README.md").read_text()


def test_texts_name_every_format(tmp_path: Path) -> None:
    assert {"folder", "webdataset", "parquet", "coco", "yolo", "segmentation"} <= set(writers())
    assert next(iter(writers())) == "folder"
    known = [reader.name for reader in readers()]
    first = ["coco", "yolo", "manifest", "webdataset", "parquet", "segmentation", "folder"]
    assert [name for name in known if name in first] == first
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(FileError, match=r"or a .*\.json, .*\.yaml, .*\.parquet, .* that names"):
        read(tmp_path / "a.txt")
    with pytest.raises(ArgumentError, match=r"format: must be one of folder, .*, got 'voc2'"):
        writer("voc2")


def test_every_format_says_what_it_is() -> None:
    for name, format in FORMATS.items():
        assert isinstance(format, Format)
        assert format.name == name
        assert format.summary
    ranks = [reader.rank for reader in readers()]
    assert len(set(ranks)) == len(ranks)
    for reader in readers():
        for suffix in reader.suffixes:
            assert suffix == suffix.lower()
            assert suffix.startswith(".")
    assert len(set(file_suffixes())) == len(file_suffixes())


@pytest.mark.parametrize("suffix", file_suffixes())
def test_a_file_is_recognised_by_one_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{suffix.upper()}"
    path.write_bytes(b"")
    found = [reader for reader in readers() if reader.recognises(Inventory(Root.at(path)))]
    assert [suffix in reader.suffixes for reader in found] == [True]
    assert all(isinstance(reader, Reader) for reader in found)
