"""The house rules of imports, names and sizes, read from the source with `ast`. Every rule is tried on an offender."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "augkit").rglob("*.py"))
}
# A room may import itself and every floor before its own.
FLOORS = [
    {"errors", "callable_package"},
    {"registers"},
    {"core"},
    {"targets"},
    {"yaml_file", "images"},
    {"storage", "integrations"},  # integrations know the core and pictures, and no other library of ours
    {"transforms", "executors"},
    {"pipeline", "datasets"},
    {"loader", "preview", "expand", "convert"},
    {"train"},  # may import loader, and no more of that floor
    {"cli"},
    {"__main__"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
BARRED = {("train", "preview"), ("train", "expand"), ("integrations", "storage")}
BARRED |= {(room, "images") for room in ("transforms", "executors")}
HOMES = {  # the only modules that may import a package
    "torch": ("augkit.executors.gpu", "augkit.loader", "augkit.train"),
    "yaml": ("augkit.yaml_file",),
    "ray": ("augkit.expand",),
    "fsspec": ("augkit.storage",),
    "pyarrow": ("augkit.datasets",),
    "pycocotools": ("augkit.datasets",),
    "scipy": ("augkit.train",),
    "sklearn": ("augkit.train.calibration", "augkit.train.metrics", "augkit.cli.demo_command"),
    "safetensors": ("augkit.train.artefact", "augkit.train.weights"),
    "matplotlib": ("augkit.train.figures",),
    "tensorboard": ("augkit.train.log",),
    **dict.fromkeys(("onnx", "onnxscript", "onnxruntime"), ("augkit.train.onnx_export",)),
    "albumentations": ("augkit.integrations.albumentations.package",),
}
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager"}
HEAVY = {"torch", "cv2", "numpy", "yaml", "pydantic", "PIL", "sklearn"}


def imports(module: str, source: str, is_package: bool = False, in_functions: bool = True) -> Iterator[str]:
    """Yield the full names of what a module imports; `from augkit.core import plan` is `augkit.core.plan`."""
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            yield from (".".join([*above, *filter(None, [node.module]), alias.name]) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (
                arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            )
        skipped = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        nodes += ast.iter_child_nodes(node) if in_functions or not skipped else []


def inside(module: str, homes: tuple[str, ...]) -> bool:
    """Say whether a module is one of `homes`, lies in one, or begins with one as `gpu_warp` does with `gpu`."""
    return any(module == home or module.startswith((home + ".", home + "_")) for home in homes)


def complaints(module: str, source: str, is_package: bool = False) -> Iterator[str]:
    """Yield every import that breaks a rule of the house."""
    room = [*module.split("."), ""][1]
    if room and room not in FLOOR:
        yield f"{module} is on no floor"
        return
    for name in imports(module, source, is_package):
        package, *rest = name.split(".")
        if package in HOMES and not inside(module, HOMES[package]):
            yield f"{module} imports {package}"
        if package == "cv2" and (room in ("core", "transforms") or inside(module, ("augkit.executors.reference",))):
            yield f"{module} imports cv2"
        if room == "core" and package not in {"augkit", "numpy", *sys.stdlib_module_names}:
            yield f"{module} imports {package}, not only NumPy"
        if package != "augkit" or not room:  # augkit/__init__.py only hands out names, lazily
            continue
        other = rest[0] if rest else ""
        if other not in FLOOR:
            yield f"{module} imports {name} past its floor"
        elif other != room and (FLOOR[other] >= FLOOR[room] or (room, other) in BARRED):
            yield f"{module} looks up or across to {name}"


def circle(sources: dict[str, tuple[str, bool]]) -> list[str]:
    """Return one circle of imports that happen while modules load, or nothing."""
    graph = {
        module: {
            name if name in sources else name.rpartition(".")[0] for name in imports(module, source, package, False)
        }
        for module, (source, package) in sources.items()
    }
    try:
        TopologicalSorter({module: names & (sources.keys() - {module}) for module, names in graph.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def loaded_by(statement: str) -> set[str]:
    """Return the heavy packages that a fresh interpreter has loaded after `statement`."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.split())


def misfits(path: Path, lines: int) -> Iterator[str]:
    """Yield what is wrong with the name and the length of a file."""
    yield from (f"{path} is called {part}" for part in path.with_suffix("").parts if part in BANNED_NAMES)
    if lines > 300:
        yield f"{path} has {lines} lines"


def test_every_import_goes_down() -> None:
    found = [
        c for name, path in MODULES.items() for c in complaints(name, path.read_text("utf-8"), path.stem == "__init__")
    ]
    assert not found, "\n".join(found)


def test_no_circle() -> None:
    assert not circle({name: (path.read_text("utf-8"), path.stem == "__init__") for name, path in MODULES.items()})


def test_names_and_sizes() -> None:
    files = [path for folder in ("augkit", "tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [m for path in files for m in misfits(path.relative_to(ROOT), len(path.read_text("utf-8").splitlines()))]
    assert not found, "\n".join(found)


def test_importing_augkit_is_light() -> None:
    assert loaded_by("import augkit") == set()


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("augkit.errors", "from augkit.core import Key", "looks up"),
        ("augkit.transforms.colour", "from augkit.executors import cpu", "looks up or across"),
        ("augkit.transforms.colour", "from ..executors.cpu import run", "looks up or across"),
        ("augkit.transforms.colour", "def f():\n    import augkit.images", "looks up or across"),
        ("augkit.pipeline.pipeline", "from augkit import expand", "looks up or across"),
        ("augkit.pipeline.pipeline", "from ..datasets import folder", "looks up or across"),
        ("augkit.pipeline.pipeline_file", "import augkit.datasets.coco", "looks up or across"),
        ("augkit.expand.shard", "from augkit.loader import Augmented", "looks up or across"),
        ("augkit.train.training_loop", "import importlib\nimportlib.import_module('augkit.cli')", "looks up or across"),
        ("augkit.train.trainer", "from augkit.expand import expand", "looks up or across"),
        ("augkit.loader.sampler", "from augkit.train import train", "looks up or across"),
        ("augkit.pipeline.pipeline", "from augkit import Mirror", "past its floor"),
        ("augkit.pipeline.pipeline", "import augkit", "past its floor"),
        ("augkit.tools", "", "on no floor"),
        ("augkit.executors.cpu.run", "if TYPE_CHECKING:\n    import torch", "imports torch"),
        ("augkit.pipeline.pipeline", "def f():\n    from torch.nn import Module", "imports torch"),
        ("augkit.pipeline.pipeline_file", "import yaml", "imports yaml"),
        ("augkit.cli.expand_command", "import ray.util", "imports ray"),
        ("augkit.executors.reference", "from scipy import ndimage", "imports scipy"),
        ("augkit.train.training_loop", "from sklearn.metrics import log_loss", "imports sklearn"),
        ("augkit.train.report", "import matplotlib.pyplot", "imports matplotlib"),
        ("augkit.loader.folders", "import safetensors", "imports safetensors"),
        ("augkit.train.training_loop", "def f():\n    import onnxruntime", "imports onnxruntime"),
        ("augkit.cli.train_command", "import tensorboard", "imports tensorboard"),
        ("augkit.core.plan", "import cv2", "imports cv2"),
        ("augkit.transforms.filters", "import cv2.ximgproc", "imports cv2"),
        ("augkit.core.plan", "import scipy.ndimage", "not only NumPy"),
        ("augkit", "import torch", "imports torch"),
    ],
)
def test_an_offender_is_caught(module: str, source: str, words: str) -> None:
    assert any(words in complaint for complaint in complaints(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "augkit.core.plan",
            "import json\nimport numpy as np\nfrom augkit.errors import at\nfrom . import ops\nfrom .key import Key",
        ),
        (
            "augkit.pipeline.pipeline_file",
            "from augkit.pipeline.pipeline import Pipeline\nfrom augkit import yaml_file",
        ),
        ("augkit.executors.gpu", "import torch"),
        ("augkit.executors.gpu_warp", "import torch\nfrom .targets import points"),
        ("augkit.expand.engines.ray", "import ray"),
        ("augkit.train.parts", "from augkit.loader import Augmented"),
        ("augkit.cli.train_command", "from augkit.train import loop\nfrom augkit.loader import Augmented"),
        ("augkit.__main__", "from augkit.cli import main"),
        ("augkit", "def __getattr__(name):\n    from augkit.pipeline.pipeline import Pipeline"),
    ],
)
def test_good_manners_pass(module: str, source: str) -> None:
    assert not list(complaints(module, source))


def test_a_circle_is_caught() -> None:
    a, b = "augkit.core.a", "augkit.core.b"
    assert circle({a: ("from augkit.core import b", False), b: ("from .a import f", False)})
    assert circle({"augkit.core": ("from .a import f", True), a: ("from augkit.core import f", False)})
    assert not circle({a: ("from . import b", False), b: ("def f():\n    from . import a", False)})
    assert not circle({a: ("from . import b", False), b: ("if TYPE_CHECKING:\n    from . import a", False)})


def test_misfits_are_caught() -> None:
    assert list(misfits(Path("augkit/core/utils.py"), 1))
    assert list(misfits(Path("augkit/helpers/x.py"), 1))
    assert list(misfits(Path("tests/long.py"), 301))
    assert not list(misfits(Path("tests/database.py"), 300))


def test_a_heavy_import_is_seen() -> None:
    assert loaded_by("import numpy") == {"numpy"}


def test_an_extra_names_what_its_rooms_import() -> None:
    """Every package with a home is asked for by the core or by an extra, and not only by another package of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: asked for name, asked in project["optional-dependencies"].items() if name not in ("test", "bench")}
    asked = {
        re.split(r"[\[<>=~! ]", word)[0] for words in (project["dependencies"], *extras.values()) for word in words
    }
    names = {"sklearn": "scikit-learn", "yaml": "PyYAML"}
    assert {names.get(package, package) for package in HOMES} <= asked
