"""The same bytes on any processor: paths, compilers, threads, and what NumPy, OpenCV and BLAS are told of the machine.

Each process makes plans, pixels, labels and trees of every transform with the native executor and hashes them all; see
`support.byte_facts`; CONTRIBUTING says how the same is asked of another processor.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from augkit import compiled
from augkit.compiled import build_library
from augkit.images import encode
from support.byte_facts import photo

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "augkit/compiled/build_library.py"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
EIGHT_THREADS = {"OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "8"}
MACHINES = {  # what libraries may know of the processor: an old one, and two between that and this
    "old": {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "OPENCV_CPU_DISABLE": "SSE4_1,SSE4_2,AVX,FP16,AVX2,AVX512_SKX",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F",
        "JSIMD_FORCENONE": "1",
        **EIGHT_THREADS,
    },
    "middle": {
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "OPENCV_CPU_DISABLE": "AVX512_SKX",
        "AUGKIT_NATIVE": "scalar",
    },
    "new": {"OPENBLAS_CORETYPE": "SkylakeX", **EIGHT_THREADS},
}
PATHS = [*(compiled.library.paths() if compiled.library is not None else ()), "numpy"]
pytestmark = pytest.mark.slow


def made(environment: dict[str, str] | None = None, package: Path = ROOT, executor: str = "native") -> Any:
    """Return what a process of the package that lies in a folder makes; see `byte_facts`."""
    env = (
        os.environ
        | ONE_THREAD
        | {"PYTHONPATH": os.pathsep.join((str(package), str(ROOT / "tests")))}
        | (environment or {})
    )
    command = [sys.executable, "-W", "ignore", "-m", "support.byte_facts", executor, "small"]  # NumPy warns of old ones
    done = subprocess.run(command, cwd=package, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["package"]).parent == package / "augkit/compiled"
    return found


@cache
def here() -> Any:
    """Return what this process's library makes, on the path that is best here."""
    return made()


def assert_same(found: Any) -> None:
    wanted = here()["facts"]
    assert len(wanted) > 500
    assert found["facts"].keys() == wanted.keys()
    others = [name for name in wanted if wanted[name] != found["facts"][name]]
    assert not others, f"{len(others)} subjects differ on {found['path']}, such as {others[:10]}"


@pytest.mark.parametrize("path", PATHS)
def test_every_path_makes_the_same(path: str) -> None:
    found = made({"AUGKIT_NATIVE": path})
    assert found["path"] == path
    assert_same(found)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_makes_the_same(machine: str) -> None:
    assert_same(made(MACHINES[machine]))


def is_of_gcc() -> bool:
    """Say whether the gcc that is installed made the library of this checkout: compilers leave their names in it."""
    said = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    held = b"".join(path.read_bytes() for path in build_library.libraries())
    return f"GCC: {said.partition(' ')[2]}".encode() in held and b"clang" not in held


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_every_compiler_makes_the_same(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed: that its library makes the same bytes is NOT tested here")
    if compiler == "gcc" and is_of_gcc():
        assert here()["path"] != "numpy"  # what it made is what all others are compared with
        return
    package = tmp_path / "augkit"
    shutil.copytree(
        ROOT / "augkit/compiled", package / "compiled", ignore=shutil.ignore_patterns("*.so", "*.pyd", "*.c", "*.h")
    )
    for path in (ROOT / "augkit").iterdir():
        if path.name != "compiled":
            (package / path.name).symlink_to(path)
    (tmp_path / "pipelines").symlink_to(ROOT / "pipelines")
    command = [sys.executable, str(BUILD), str(package / "compiled")]
    env = os.environ | {"CC": compiler, "AUGKIT_COMPILE": "always"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = made(package=tmp_path)
    assert found["path"] != "numpy"
    assert_same(found)


def test_other_bytes_would_be_seen() -> None:
    wanted, other = here()["facts"], made(executor="cpu")["facts"]
    others = sum(wanted[name] != other[name] for name in wanted)
    assert others > 200


@pytest.mark.parametrize("path", PATHS)
def test_what_one_path_makes_another_verifies_and_makes_again(path: str, tmp_path: Path) -> None:
    """Run the commands, each with its own path: NumPy's and the best, either way round."""
    (sources := tmp_path / "in").mkdir()
    (sources / "0.png").write_bytes(encode(photo((33, 47)), "png"))
    other = PATHS[0] if path == "numpy" else "numpy"
    commands = {
        path: ["expand", "in", "out", "--pipeline", "strong", "--copies", "2", "--workers", "0", "--encoding", "png"],
        other: ["verify", "out"],
    }
    for native, command in commands.items():
        assert_runs(command, native, tmp_path)
    (made_by,) = (tmp_path / "out/.augkit/lineage").iterdir()
    lines = [json.loads(line) for line in made_by.read_text().splitlines()]
    assert [line["executor"] for line in lines] == ["native", "native"]
    assert json.loads((tmp_path / "out/.augkit/job.json").read_text())["executor"] == "native"
    for line in lines:
        assert_runs(["replay", "out", line["id"], "-o", "again.png"], other, tmp_path)
        assert (tmp_path / "again.png").read_bytes() == (tmp_path / "out" / line["id"]).read_bytes()
    assert_runs([*commands[path][:6], "3", *commands[path][7:], "--extend"], other, tmp_path)
    assert_runs(["verify", "out"], path, tmp_path)


def assert_runs(command: list[str], path: str, folder: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT), "AUGKIT_NATIVE": path}
    words = [sys.executable, "-m", "augkit", *command]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
