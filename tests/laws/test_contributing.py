"""CONTRIBUTING.md tells the truth: each file that it adds works in a copy of the tree, at once and by itself."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.type_checker import type_checked

pytestmark = pytest.mark.slow  # in a copy of the package, by processes of its own

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTION = re.compile(r"^## (Add .*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections() -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Yield each title, with the files that it adds by path, and its commands."""
    for title, text in SECTION.findall(TEXT):
        blocks = FENCE.findall(text)
        files = {body.split("\n", 1)[0].removeprefix("# "): body for language, body in blocks if language == "python"}
        lines = [line for language, body in blocks if language == "console" for line in body.splitlines()]
        if files:
            yield title, files, lines


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with all that the page adds."""
    root = tmp_path_factory.mktemp("tree")
    for folder in ("augkit", "pipelines"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for _, files, _ in sections():
        for path, body in files.items():
            assert path.startswith("augkit/"), path
            assert not (root / path).exists(), "one file more, and none changed"
            (root / path).write_text(body)
    return root


@pytest.mark.slow
@pytest.mark.parametrize(("title", "lines"), [(title, lines) for title, _, lines in sections()])
def test_what_it_adds_works(title: str, lines: list[str], tree: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PATH": path}
    assert lines, title
    for line in lines:
        command = ["bash", "-ec", "set -o pipefail; " + line.removeprefix("$ ")]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_what_it_adds_passes_the_type_checker(tree: Path) -> None:
    done = type_checked(tree, *(path for _, files, _ in sections() for path in files))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_it_tells_how_to_add_everything() -> None:
    titles = {title for title, _ in SECTION.findall(TEXT)}
    things = ("a transform", "an operation", "a target", "a format", "a model", "an exporter", "an engine", "an option")
    assert titles >= {f"Add {thing}" for thing in things}


def test_the_screen_names_every_room() -> None:
    screen = TEXT.partition("## The packages in one screen")[2].partition("\n- ")[0]
    rooms = {path.stem for path in (ROOT / "augkit").iterdir() if path.suffix in ("", ".py") and path.stem[0] != "_"}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", screen)} <= {"callable_package", "pipelines"}
