"""Laws of registers: names are given once, whoever comes first, and what is not there is told with what is near."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.ops import Adapt
from augkit.errors import ArgumentError
from augkit.executors import EXECUTORS, Executor, Sampling
from support.packages import install


def test_a_name_that_is_not_there_is_told() -> None:
    with pytest.raises(ArgumentError, match=r"^executor: must be one of (\w+, ){2}\w+, got 'cpus'. Did you mean cpu"):
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


def test_threads_find_all_there_is_at_the_first_look() -> None:
    code = (
        "import threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import numpy as np\n"
        "import augkit as ak\n"
        "from augkit.datasets import FORMATS\n"
        "from augkit.expand.engines import ENGINES\n"
        "at_once = threading.Barrier(8)\n"
        "pipeline, sample = ak.Pipeline([ak.Mirror()]), ak.Sample(np.zeros((9, 9, 3), np.uint8))\n"
        "def look(number):\n"
        "    at_once.wait()\n"
        "    pipeline(sample, ak.Key(0, str(number)))\n"
        "    return FORMATS.find('yolo', 'format').name, ENGINES.find('ray', 'engine') is not None\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    assert set(threads.map(look, range(8))) == {('yolo', True)}"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_cell_of_a_notebook_runs_twice() -> None:
    code = (
        "import augkit as ak\n"
        "def cell():\n"
        "    @ak.transform\n"
        "    class Mine(ak.Transform):\n"
        "        def draw(self, stream, scene): return ()\n"
        "    return Mine\n"
        "first, second = cell(), cell()\n"
        "assert ak.Mine is second"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


STEP = """
from augkit.transforms.transform import Transform, transform


@transform
class Zzz(Transform):
    def draw(self, stream, scene):
        return ()
"""


@pytest.mark.parametrize("fault", ["import no_such_package", "raise SystemExit(3)", "1 / 0"])
def test_a_broken_package_hides_no_sound_one_and_is_told_every_time(tmp_path: Path, fault: str) -> None:
    install(tmp_path, "broken", {"aa_broken.py": fault}, {"augkit.transforms": {"aa": "aa_broken"}})
    install(tmp_path, "sound", {"zz_sound.py": STEP}, {"augkit.transforms": {"zz": "zz_sound"}})
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import augkit as ak\n"
        "from augkit.errors import ExtensionError\n"
        "from augkit.transforms import TRANSFORMS\n"
        "assert ak.Zzz.__name__ == 'Zzz'\n"
        "assert not hasattr(ak, 'Yyy')\n"
        "assert 'Zzz' not in dir(ak) and 'Mirror' in dir(ak)\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        list(TRANSFORMS)\n"
        "    except ExtensionError as fault:\n"
        "        assert 'Update or remove broken.' in str(fault), fault\n"
        "    else:\n"
        "        raise SystemExit('nothing was told')\n"
        "from augkit.datasets import readers\n"
        "assert readers()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rooms_are_found_and_their_functions_pickled() -> None:
    assert ak.images.read is ak.read
    assert pickle.loads(pickle.dumps(ak.expand)) is ak.expand


def test_an_executor_without_a_kernel_is_told_how_to_add_one() -> None:
    cpu: Any = EXECUTORS["cpu"]
    mine = Executor("mine", cpu.resample, cpu.recolor, cpu.blend)
    op = object.__new__(Adapt)
    with pytest.raises(ArgumentError, match=r"^executor mine: .* for Adapt.*@implements\(Adapt, \"mine\"\)\.$"):
        mine.barrier(np.zeros((4, 4, 3), np.uint8), op, Sampling("linear", "reflect", ()))


TAGS = """
from augkit.targets.target import PixelTarget, target
import augkit as ak
import numpy as np
IMAGE = np.zeros((4, 4, 3), np.uint8)
ak.Sample(IMAGE)
def add(keyword):
    try:
        target(type("Tags", (PixelTarget,), {"__module__": "__main__", "__annotations__": {keyword: object}}))
    except ak.ArgumentError as fault:
        print(fault)
"""


def test_a_kind_of_target_has_keywords_of_its_own() -> None:
    """One that comes after the first sample is known to the next."""
    code = f"{TAGS}for keyword in ('label', 'alpha', 'targets', 'box_labels', 'boxes', 'tags', 'tags'): add(keyword)\n"
    code += "print(ak.Sample(IMAGE).tags)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = [f"Tags.{name}: must be a new name, got that of Sample itself." for name in ("label", "alpha", "targets")]
    told.append("Tags.box_labels: must be a new name, got that of Boxes.")
    told.append("boxes: must be a new name, got that of another kind of target.")
    assert done.stdout.splitlines() == [*told, "None"]
