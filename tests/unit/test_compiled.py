"""The library in C, the path that is taken, and what is told where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from augkit import compiled
from augkit.compiled import build_library

ROOT = Path(__file__).parent.parent.parent
TOLD = "import augkit.compiled as c; c.tell_missing(); c.tell_missing(); print(c.path)"
needs_library = pytest.mark.skipif(compiled.library is None, reason="there is no library in C, or it is not wanted")


def asked(code: str, folder: Path = ROOT, **environment: str) -> tuple[str, str]:
    """Return what a process of augkit as it lies in `folder` prints, and what it says beside."""
    env = os.environ | {"PYTHONPATH": str(folder), "AUGKIT_NATIVE": ""} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout.strip(), done.stderr.strip()


@pytest.fixture(name="copy")
def copied(tmp_path: Path) -> Path:
    """Return a folder with what augkit's lowest floors need, as a checkout without a library has it."""
    shutil.copytree(
        ROOT / "augkit/compiled", tmp_path / "augkit/compiled", ignore=shutil.ignore_patterns("*.so", "*.pyd")
    )
    for name in ("__init__.py", "addresses.py", "errors.py", "screen_text.py"):
        shutil.copy2(ROOT / "augkit" / name, tmp_path / "augkit" / name)
    return tmp_path


def test_that_there_is_no_library_is_told_once_with_advice(copy: Path) -> None:
    path, told = asked(TOLD, copy)
    assert path == "numpy"
    assert told.startswith("augkit: its library in C was not compiled: NumPy does the same, to the same bytes")
    assert "apt install gcc" in told
    assert len(told.splitlines()) == 1
    assert asked(TOLD, copy, AUGKIT_NATIVE="numpy") == ("numpy", "")  # whoever asks for it knows
    assert asked(f"import warnings; warnings.simplefilter('error'); {TOLD}", copy)[0] == "numpy"


def test_a_path_that_is_not_there_is_an_error_with_advice(copy: Path) -> None:
    for wanted in ("avx2", "neon"):
        assert "must be numpy, got '" + wanted in asked(TOLD, copy, AUGKIT_NATIVE=wanted)[1].splitlines()[-1]
    assert "apt install gcc" in asked(TOLD, copy, AUGKIT_NATIVE="scalar")[1]
    assert "apt install gcc" not in asked(TOLD, copy, AUGKIT_NATIVE="sse9")[1]


def test_a_library_that_cannot_be_loaded_is_told(copy: Path) -> None:
    (copy / "augkit/compiled/_library.abi3.so").write_bytes(b"no library")
    path, told = asked(TOLD, copy)
    assert path == "numpy"
    assert "its library in C cannot be loaded (" in told


@needs_library
def test_a_library_older_than_its_sources_is_not_taken_until_it_is_built_again(copy: Path) -> None:
    (library,) = build_library.libraries()
    shutil.copy2(library, copy / "augkit/compiled" / library.name)
    assert asked(TOLD, copy) == asked(TOLD) != ("numpy", "")
    ahead = library.stat().st_mtime_ns + 10**9
    os.utime(copy / "augkit/compiled/module.c", ns=(ahead, ahead))
    path, told = asked(TOLD, copy)
    assert path == "numpy"
    assert "its library in C is older than its sources" in told


@needs_library
def test_every_path_can_be_asked_for() -> None:
    assert compiled.library is not None
    for name in [*compiled.library.paths(), "numpy"]:
        assert asked(TOLD, AUGKIT_NATIVE=name) == (name, "")
