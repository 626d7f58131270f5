"""The wheel: with the library in C where there is a compiler, of Python alone where there is none; both run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from augkit.pipeline.pipeline_file import bundled

ROOT = Path(__file__).parent.parent.parent
NO_COMPILER = {"CC": "/bin/false"}
SHOWN = "import augkit, augkit.compiled as compiled; print(augkit.__file__, compiled.path)"
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on this machine")
pytestmark = pytest.mark.slow


def built(folder: Path, **environment: str) -> Path:
    """Return the wheel that hatchling builds of this checkout, in an environment."""
    code = f"from hatchling.build import build_wheel; build_wheel({str(folder)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def ran(wheel: Path, folder: Path, **environment: str) -> tuple[str, ...]:
    """Return where augkit lies and which path it takes in a process that has nothing but the wheel of it."""
    ZipFile(wheel).extractall(folder)
    env = os.environ | {"PYTHONPATH": str(folder), "AUGKIT_NATIVE": ""} | environment
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return tuple(done.stdout.split())


@pytest.fixture
def hasty(tmp_path: Path) -> str:
    """Return a compiler that takes a quarter of the time, since it makes nothing faster."""
    path = tmp_path / "bin/cc"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec "{shutil.which("cc")}" "$@" -O0\n')
    path.chmod(0o755)
    return str(path)


@needs_compiler
def test_a_wheel_with_the_library_is_of_every_python_from_3_11_and_of_this_platform(tmp_path: Path, hasty: str) -> None:
    wheel = built(tmp_path, CC=hasty)
    names = ZipFile(wheel).namelist()
    assert "-cp311-abi3-" in wheel.name
    assert not wheel.name.endswith("-any.whl")
    assert [name for name in names if "compiled/_library." in name and not name.endswith(".pyi")]
    assert not [name for name in names if name.endswith((".c", ".h", "build_library.py"))]
    assert {Path(name).stem for name in names if name.startswith("augkit/pipelines/")} == set(bundled())
    place, path = ran(wheel, tmp_path / "site")
    assert Path(place).parent.parent == tmp_path / "site"
    assert path != "numpy"


def test_a_wheel_without_a_compiler_is_of_python_alone(tmp_path: Path) -> None:
    wheel = built(tmp_path, **NO_COMPILER)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in ZipFile(wheel).namelist() if name.endswith((".so", ".pyd"))]
    assert ran(wheel, tmp_path / "site")[1] == "numpy"


def test_a_wheel_to_be_published_needs_its_library(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="/bin/false"):
        built(tmp_path, AUGKIT_COMPILE="always", **NO_COMPILER)
    assert built(tmp_path, AUGKIT_COMPILE="never").name.endswith("-py3-none-any.whl")
