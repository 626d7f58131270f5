"""Laws of registers: names are given once, whoever comes first, and what is not there is told with what is near."""

import subprocess
import sys

import pytest

from augkit.errors import ArgumentError
from augkit.executors import EXECUTORS


def test_a_name_that_is_not_there_is_told() -> None:
    with pytest.raises(ArgumentError, match=r"^executor: must be one of reference, cpu, got 'cpus'. Did you mean cpu"):
        EXECUTORS.find("cpus", "executor")
    with pytest.raises(KeyError):
        EXECUTORS["cpus"]
    assert "cpus" not in EXECUTORS


def test_own_names_are_taken_before_anybody_else_comes() -> None:
    """A script may add a step before any of augkit's was looked up: augkit's own keep their names."""
    code = (
        "from augkit.transforms.transform import TRANSFORMS, Transform, transform\n"
        "from augkit.errors import ArgumentError\n"
        "class Mirror(Transform):\n"
        "    def draw(self, stream, scene): return ()\n"
        "try:\n"
        "    transform(Mirror)\n"
        "except ArgumentError as fault:\n"
        "    print(fault)\n"
        "import augkit as ak\n"
        "print(ak.Mirror.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0].startswith("Mirror: must be a new name, got that of")
    assert done.stdout.splitlines()[1] == "augkit.transforms.geometry"
