"""A new operation is two files: its meaning, and its kernel; both executors, explanations and plans know it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # in a copy of the package, by processes of its own

ROOT = Path(__file__).parent.parent.parent
MEANING = '''"""Corners that are darker than the middle, as an operation."""

from __future__ import annotations

from typing import Annotated

from augkit.core.validation import Within
from augkit.core.ops.barrier import Barrier
from augkit.core.ops.operation import operation


@operation
class Vignette(Barrier):
    """Darken a picture towards its corners.

    Args:
        strength: how much darker the corners are, 0 to 1.
    """

    strength: Annotated[float, Within(0.0, 1.0)]

    def describe(self) -> str:
        return f"darken the corners by {self.strength:.4g}"

    def caption(self) -> str:
        return f"vignette {self.strength:.2f}"
'''
KERNEL = '''"""Corners that are darker than the middle, for all executors."""

from __future__ import annotations

import numpy as np

from augkit.core.arrays import Image
from augkit.core.ops.vignette import Vignette
from augkit.core.tonal import finish
from augkit.executors.executor import Sampling, implements


@implements(Vignette)
def darkened(image: Image, op: Vignette, how: Sampling) -> Image:
    """Return the picture with darker corners."""
    y, x = (np.linspace(-1.0, 1.0, side) ** 2 for side in image.shape[:2])
    lit = 1.0 - op.strength * (y[:, None] + x) / 2.0
    return finish(image * lit.reshape(lit.shape + (1,) * (image.ndim - 2)), image.dtype)
'''
TRANSFORM = '''"""A transform that draws it."""

from __future__ import annotations

from typing import Annotated

from augkit.core.key import Stream
from augkit.core.ops import Op
from augkit.core.ops.vignette import Vignette
from augkit.targets.scene import Scene
from augkit.transforms.transform import Interval, Range, Transform, pick, transform


@transform
class Dusk(Transform):
    """Darken the corners.

    Args:
        strength: range of it, 0 to 1.

    Draws: the strength, uniform. Emits: a Vignette, a barrier.
    """

    strength: Annotated[Range, Interval(0.0, 1.0)] = (0.2, 0.8)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Vignette(round(pick(stream, self.strength), 6)),)
'''
USED = """
import json
from pathlib import Path
import numpy as np
import augkit as ak
from augkit.errors import ArgumentError
from augkit.preview.numbers import numbers

assert ak.__file__.startswith(str(Path.cwd()))
Path("dusk.yaml").write_text("steps: [{Dusk: 0.5}, Mirror]")
sample = ak.Sample(np.full((21, 31, 3), 200, np.uint8), boxes=[[2, 3, 12, 13]])
plan = ak.load("dusk.yaml").draw(ak.Key(0, "a"), ak.Scene.of(sample))
assert "pass 1: darken the corners by 0.5" in plan.explain(), plan.explain()
assert numbers(plan)[0] == "vignette 0.50"
assert json.loads(plan.to_json())["steps"][0] == {"step": "barrier", "op": {"op": "Vignette", "strength": 0.5}}
assert ak.Plan.from_json(plan.to_json()) == plan
for executor in ("native", "cpu", "reference"):
    done = ak.run(plan, sample, executor)
    assert done.image[0, 0].tolist() == [100, 100, 100] and done.image[10, 15].tolist() == [200, 200, 200], executor
    assert done.boxes.tolist() == [[19, 3, 29, 13]]
try:
    ak.Plan.from_json(plan.to_json().replace("0.5", "3.5"))
except ArgumentError as error:
    print(error)
"""
REPLAYED = "import augkit as ak; print(ak.Plan.from_json(open('plan.json').read()).explain())"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with an operation and a transform more."""
    root = tmp_path_factory.mktemp("tree")
    for folder in ("augkit", "pipelines"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "augkit/core/ops/vignette.py").write_text(MEANING)
    (root / "augkit/executors/kernels/vignette_kernel.py").write_text(KERNEL)
    (root / "augkit/transforms/dusk.py").write_text(TRANSFORM)
    return root


def within(tree: Path, code: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_operation_is_two_files(tree: Path) -> None:
    assert within(tree, USED) == "Vignette.strength: must lie within 0 and 1, got 3.5."


def test_a_plan_alone_finds_its_operations(tree: Path) -> None:
    policy = '{"border": "reflect", "fill": 0, "mask_fill": 0, "interpolation": "linear", "min_visible": 0.1, '
    step = '{"step": "barrier", "op": {"op": "Vignette", "strength": 1.0}}'
    plan = f'{{"augkit_plan": 1, "source": [9, 9], "steps": [{step}], "policy": {policy}"decode": "full"}}}}'
    (tree / "plan.json").write_text(plan)
    assert "darken the corners by 1" in within(tree, REPLAYED)
