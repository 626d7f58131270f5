"""Another package adds a step, a format and a model: they are used from YAML and the command line like augkit's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.data_sets import JPEG, PNG, lay
from support.packages import LIST_FORMAT, install

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
STEP = '''"""A step: darken."""

from augkit.core.key import Stream
from augkit.core.ops import Curve, Op
from augkit.targets.scene import Scene
from augkit.transforms.transform import Range, Transform, pick, transform


@transform
class Dim(Transform):
    """Darken the picture.

    Args:
        factor: range of what values are multiplied with.

    Draws: the factor, uniform. Emits: a Curve.

    >>> Dim((0.2, 0.4))
    Dim(factor=(0.2, 0.4))
    """

    factor: Range

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("gain", round(pick(stream, self.factor), 12)),)),)
'''
MODEL = '''"""A model: one dense layer."""

from augkit.train.models.model import MODELS, Model
from augkit.train.models.preprocessing import plain_input

MODELS.add("tiny", Model(plain_input((8, 8, 3)), layers=["flatten", {"dense": "classes"}]))
'''
Command = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return a function that runs augkit in a folder of pictures, with the package installed."""
    install(
        tmp_path / "site",
        "augkit-more",
        {"more_steps.py": STEP, "more_formats.py": LIST_FORMAT, "more_models.py": MODEL},
        {
            "augkit.transforms": {"Dim": "more_steps"},
            "augkit.formats": {"list": "more_formats"},
            "augkit.models": {"tiny": "more_models"},
        },
    )
    lay(tmp_path, {"src/roses/a.jpg": JPEG, "src/tulips/b.png": PNG, "dim.yaml": "steps:\n  - Dim: {factor: 0.5}\n"})
    path = os.pathsep.join((str(tmp_path / "site"), str(ROOT)))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*args: object) -> str:
        command = [sys.executable, "-m", "augkit", *map(str, args)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.slow
def test_a_step_and_a_format_of_another_package(command: Command, tmp_path: Path) -> None:
    options = ["--pipeline", "dim.yaml", "--copies", 1, "--format", "list", "--encoding", "png"]
    summary = json.loads(command("expand", "src", "out", *options, "--workers", 1, "--json"))
    assert (summary["written"], summary["rejected"]) == (2, 0)
    assert len((tmp_path / "out/pictures.lst").read_text().splitlines()) == 2
    command("verify", "out")
    id = (tmp_path / "out/pictures.lst").read_text().partition("\t")[0]
    assert "identical" in command("replay", "out", id, "-o", "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "out" / id).read_bytes()


@pytest.mark.slow
def test_a_step_of_another_package_is_listed(command: Command) -> None:
    assert "Darken the picture." in command("list", "Dim")
    assert "Dim" in command("explain", "dim.yaml")
    assert '"Dim"' in command("schema")


def test_a_model_of_another_package(command: Command, tmp_path: Path) -> None:
    assert "tiny" in command("model")
    lay(tmp_path, {f"data/{label}/{number}.jpg": JPEG for label in ("a", "b") for number in range(4)})
    options = ["--model", "tiny", "--epochs", 1, "--split", "train=0.5,val=0.25,test=0.25", "--pipeline", "dim.yaml"]
    options += ["--duplicates", "ignore"]  # all pictures are the same
    command("train", "data", "--out", "run", *options)
    assert "data/a/0.jpg" in command("predict", "run", "data/a/0.jpg")
