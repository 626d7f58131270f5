"""A new transform is one file: it is known everywhere at once, and the laws of the table judge it unasked."""

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

import augkit as ak
from augkit.errors import ArgumentError
from augkit.transforms import TRANSFORMS
from augkit.transforms.transform import example, transform

pytestmark = pytest.mark.slow  # pytest within pytest
ROOT = Path(__file__).parent.parent.parent
IMPORTS = """
import math
import random

from augkit.core.key import Stream
from augkit.core.ops import Curve, Filter, Homography, Op
from augkit.targets.scene import Scene
from augkit.core.spatial import about, product, rotation, shear
from augkit.transforms.transform import Range, Transform, pick, transform
"""
NEW = f'''"""A transform that did not exist before: one class in one file."""
{IMPORTS}

@transform
class Wobble(Transform):
    """Turn the picture a little, shear it by the same angle, and darken it with the angle.

    Args:
        degrees: range of the angle.

    Draws: the angle, uniform. Emits: a Homography and a Curve.

    >>> Wobble((-3, 3))
    Wobble(degrees=(-3.0, 3.0))
    """

    degrees: Range

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        degrees = pick(stream, self.degrees)
        turn = product(shear(degrees, 0.0), rotation(degrees))
        darker = Curve((("gain", round(math.cos(math.radians(degrees)), 12)),))
        return (Homography(about(turn, scene.size), scene.size), darker)
'''
OFFENDERS = {  # what a transform does wrong, in its draw, and the law that must tell
    "Deaf": ("Curve((('gain', round(stream.uniform(0.5, 0.9), 12)),))", "every_argument_changes_what_is_drawn"),
    "Moody": ("Curve((('gain', round(pick(stream, self.factor) + hash('mood') % 99 / 1e3, 12)),))", "every_worker"),
    "Dicing": ("Curve((('gain', round(random.uniform(*self.factor), 12)),))", "global_generators_are_left_alone"),
    "Numeric": ("Curve((('gain', __import__('numpy').float64(pick(stream, self.factor))),))", "survive_json"),
    "Sneaky": ("Filter(((0.0, 0.0, round(pick(stream, self.factor), 6)),), (1, 1), (0, 1))", "lie_on_their_blobs"),
}


def offender(name: str, op: str) -> str:
    body = f"        return ({op},)\n"
    return (
        f"\n\n@transform\nclass {name}(Transform):\n    factor: Range = (0.5, 0.9)\n\n"
        f"    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:\n{body}"
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with two files more."""
    root = tmp_path_factory.mktemp("tree")
    for folder in ("augkit", "pipelines", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "augkit/transforms/wobble.py").write_text(NEW)
    (root / "augkit/transforms/wrong.py").write_text(
        IMPORTS + "".join(offender(name, op) for name, (op, _) in OFFENDERS.items())
    )
    return root


def within(tree: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run([sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def judged(tree: Path) -> dict[str, dict[str, bool]]:
    """Return by transform, and by law, whether it holds: the table is cut to those that are new."""
    with (tree / "tests/support/table.py").open("a") as table:
        table.write(f"\nROWS = [step for step in ROWS if type(step).__name__ in {['Wobble', *OFFENDERS]!r}]\n")
    laws = [f"tests/laws/test_{name}.py" for name in ("transforms", "labels", "outlines", "beside")]
    chosen = ["-k", " or ".join(["Wobble", *OFFENDERS]), "-p", "no:cacheprovider", "--junitxml=laws.xml"]
    done = within(tree, "-m", "pytest", *laws, *chosen)
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for case in ElementTree.parse(tree / "laws.xml").iter("testcase"):
        law, _, rest = case.attrib["name"].partition("[")
        name = next((name for name in ("Wobble", *OFFENDERS) if name in rest), "")
        holds = case.find("failure") is None and case.find("error") is None
        found[name][law] = found[name].get(law, True) and holds
    assert len(found) == 1 + len(OFFENDERS), done.stdout + done.stderr
    return found


def test_a_new_transform_is_judged_by_every_law(judged: dict[str, dict[str, bool]]) -> None:
    assert all(judged["Wobble"].values()), judged["Wobble"]
    words = (
        "lie_on_their_blobs", "survive_json", "yaml_and_back", "every_worker_makes", "agrees_with_the_reference",
        "every_argument_changes", "hold_their_moved_outline", "comes_out_as_it_would_alone", "boxes_hold_the_mask",
    )  # fmt: skip
    for law in words:
        assert any(law in judging for judging in judged["Wobble"]), law


@pytest.mark.parametrize(("name", "law"), [(name, law) for name, (_, law) in OFFENDERS.items()])
def test_an_offender_is_caught(name: str, law: str, judged: dict[str, dict[str, bool]]) -> None:
    assert any(law in broken for broken, holds in judged[name].items() if not holds), judged[name]


def test_a_name_is_given_once_and_an_example_must_be_shown() -> None:
    body = {"__annotations__": {"degrees": float}, "__doc__": "Turn.", "draw": lambda self, stream, scene: ()}
    try:
        silent = transform(type("Silent", (ak.Transform,), dict(body)))  # type: ignore[var-annotated]
        with pytest.raises(ArgumentError, match=r"^Silent: must show one in its docstring, on a line '>>> Silent"):
            example(silent)
        with pytest.raises(ArgumentError, match=r"^Mirror: must be a new name, got that of another transform"):
            transform(type("Mirror", (ak.Transform,), dict(body)))
    finally:
        TRANSFORMS.remove("Silent")


def test_it_is_known_everywhere(tree: Path) -> None:
    (tree / "w.yaml").write_text("steps:\n  - Wobble: {degrees: 3, chance: 0.5}\n")
    used = (
        "import augkit as ak; from pathlib import Path; from augkit.pipeline.pipeline_schema import schema;"
        "from augkit.preview.gallery import examples; from augkit.images import read;"
        "assert ak.__file__.startswith(str(Path.cwd())); import numpy as np;"
        "assert ak.load('w.yaml') == ak.Pipeline([ak.Maybe(0.5, ak.Wobble(3))]);"
        "assert 'Wobble' in str(schema());"
        "assert examples(ak.Sample(np.zeros((9, 9, 3), np.uint8)))['Wobble']() == ak.Wobble((-3, 3))"
    )
    done = within(tree, "-c", used)
    assert done.returncode == 0, done.stderr
    assert "Wobble" in within(tree, "-m", "augkit", "list").stdout
