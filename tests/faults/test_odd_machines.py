"""Machines unlike ours: locales, homes, temporary folders, umasks, clocks; the same tree, or a sentence."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.folders import fill, picture, put, tree

ROOT = Path(__file__).parent.parent.parent
NOWHERE = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ODD = {
    "no home, no folder for temporary files": NOWHERE,
    "a locale of ASCII": NO_UTF8,
    "a locale that is not there, and other hashes": {"LC_ALL": "xx_YY.UTF-8", "PYTHONHASHSEED": "77"},
}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no locales of that kind")


def run(command: str, env: dict[str, str], prefix: str = "", code: int = 0) -> str:
    """Run a command of augkit as a process of its own, in a shell; return what it told."""
    words = f"{prefix} exec {shlex.quote(sys.executable)} -m augkit {command}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    ended = subprocess.run(
        ["sh", "-c", words], env=plain | {"PYTHONPATH": str(ROOT)} | env, capture_output=True, check=False
    )
    told = (ended.stdout + ended.stderr).decode()
    assert ended.returncode == code, told
    assert "Traceback" not in told, told
    return told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("odd")
    fill(top / "src", 3)
    put(top / "src/ros\u00e9s/\u6771\u4eac.png", picture(3))
    run(f"expand {top}/src {top}/whole --pipeline light --copies 1 --workers 0", {})
    return top


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD)
def test_the_same_tree_comes_of_it(odd: str, made: Path, tmp_path: Path) -> None:
    workers = int("folder" in odd)
    run(f"expand {made}/src {tmp_path}/out --pipeline light --copies 1 --workers {workers}", ODD[odd])
    assert tree(tmp_path / "out") == tree(made / "whole")


@pytest.mark.slow
def test_the_umask_is_kept(made: Path, tmp_path: Path) -> None:
    run(f"expand {made}/src {tmp_path}/out --pipeline light --copies 1 --workers 0", {}, "umask 027;")
    assert tree(tmp_path / "out") == tree(made / "whole")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*")}
    assert modes == {0o750, 0o640}


@pytest.mark.slow
def test_python_says_how_names_are_read(made: Path) -> None:
    """Only the command line can begin anew in another encoding."""
    code = f"import augkit.datasets; augkit.datasets.read({str(made / 'src')!a})"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | NO_UTF8, capture_output=True, check=False, text=True
    )
    assert "must be read where names of files are UTF-8, got ascii. Set PYTHONUTF8=1, and run again." in ended.stderr


@pytest.mark.slow
def test_a_working_directory_that_is_gone_is_told(made: Path, tmp_path: Path) -> None:
    gone = f"mkdir {tmp_path}/gone; cd {tmp_path}/gone; rmdir {tmp_path}/gone;"
    words = f"expand {made}/src {tmp_path}/out --pipeline light --copies 1"
    assert "working directory: must be a folder that is there" in run(f"{words} --workers 1", {}, gone, code=1)
    run(f"{words} --workers 0", {}, gone)
    assert tree(tmp_path / "out") == tree(made / "whole")
