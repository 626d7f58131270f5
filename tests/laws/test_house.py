"""The house rules of imports, names and sizes, read from the source with `ast`. Every rule is tried on an offender."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "augkit").rglob("*.py"))
}
# A room may import itself and every floor before its own; `cli` and `train` say below what else they leave alone.
FLOORS = [
    {"addresses"},
    {"screen_text"},
    {"errors", "cached_attribute", "callable_package"},
    {"compiled", "apart"},
    {"registers", "configuration", "callable_package"},
    {"core"},
    {"targets"},
    {"yaml_file", "images"},
    {"executors", "transforms", "codec"},
    {"storage"},
    {"datasets"},
    {"pipeline"},
    {"integrations", "convert", "preview", "loader", "expand"},
    {"train"},  # may import loader, and no more of that floor
    {"choose"},  # says which augmentation helps, by trials of `train`
    {"why"},  # says which drawn numbers hurt, and which labels may be wrong
    {"cli"},
    {"__main__"},
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
BARRED = {("train", "preview"), ("train", "expand"), ("train", "convert")}
BARRED |= {(room, "integrations") for room in FLOOR}  # a register finds them by the name of their package
BARRED |= {("executors", "images"), ("transforms", "images"), ("pipeline", "storage"), ("pipeline", "datasets")}
HOMES = {  # the only modules that may import a package
    "torch": ("augkit.executors.gpu", "augkit.loader", "augkit.train"),
    "yaml": ("augkit.yaml_file",),
    "ray": ("augkit.expand",),
    "fsspec": ("augkit.storage",),
    "pyarrow": ("augkit.datasets",),
    "pycocotools": ("augkit.targets",),
    "scipy": ("augkit.train",),
    "sklearn": ("augkit.train.tasks", "augkit.cli.demo_command"),
    "safetensors": ("augkit.train.files.artefact", "augkit.train.files.weights"),
    "matplotlib": ("augkit.train.report.figures", "augkit.train.report.figure_colors"),
    "tensorboard": ("augkit.train.loop.log",),
    "timm": ("augkit.train.models.timm_models",),
    **dict.fromkeys(("onnx", "onnxscript", "onnxruntime"), ("augkit.train.exporters.onnx_exporter",)),
    **dict.fromkeys(("pydicom", "pillow_heif", "tifffile"), ("augkit.images",)),
    "albumentations": ("augkit.integrations.albumentations.registry",),
}
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager"}
HEAVY = {"torch", "cv2", "numpy", "yaml", "pydantic", "PIL", "sklearn"}


def imports(module: str, source: str, is_package: bool = False) -> Iterator[str]:
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
        nodes += ast.iter_child_nodes(node)


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
        if room == "core" and package not in {"augkit", "numpy", "pydantic", "pydantic_core", *sys.stdlib_module_names}:
            yield f"{module} imports {package}, not only NumPy and pydantic"
        if package != "augkit" or not room:  # augkit/__init__.py only hands out names, lazily
            continue
        other = rest[0] if rest else ""
        if other not in FLOOR:
            yield f"{module} imports {name} past its floor"
        elif other != room and (FLOOR[other] >= FLOOR[room] or (room, other) in BARRED):
            yield f"{module} looks up or across to {name}"


def circle(sources: dict[str, tuple[str, bool]]) -> list[str]:
    """Return one circle of imports, those in functions and for type checkers included, or nothing.

    `from augkit.images import decode` imports the package ``augkit.images``. A module of that package may do so only
    if the package's own file, which hands out names, does not import the module in turn.
    """
    graph = {
        module: {name if name in sources else name.rpartition(".")[0] for name in imports(module, source, package)}
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


QUESTIONS = ("What", "How", "Where", "Which", "Whether", "When", "Why", "Who", "Whose")
LOOKED_AT_TWICE: set[str] = set()  # files of more than 400 lines that hold one concept all the same


def misfits(path: Path, text: str) -> Iterator[str]:
    """Yield what is wrong with the name, the length and the first word of a file."""
    yield from (f"{path} is called {part}" for part in path.with_suffix("").parts if part in BANNED_NAMES)
    lines = len(text.splitlines())
    if lines > 400 and path.as_posix() not in LOOKED_AT_TWICE:
        yield f"{path} has {lines} lines: does it hold more than one concept?"
    first = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    if first.partition(" ")[0] in QUESTIONS or "?" in first:
        yield f"{path} begins with a question: {first}"


def c_misfits(path: Path, text: str) -> Iterator[str]:
    """Yield what is wrong with the length and the first words of a file in C."""
    lines = len(text.splitlines())
    if lines > 400:
        yield f"{path} has {lines} lines: does it hold more than one concept?"
    if not text.startswith("/* "):
        yield f"{path} does not begin with what it computes"


def namesakes(paths: Iterable[Path]) -> list[str]:
    """Return the names that two modules have."""
    counts = Counter(path.name for path in paths if not path.name.startswith("__"))
    return sorted(name for name, count in counts.items() if count > 1)


def test_every_import_goes_down() -> None:
    found = [
        c for name, path in MODULES.items() for c in complaints(name, path.read_text("utf-8"), path.stem == "__init__")
    ]
    assert not found, "\n".join(found)


def test_no_circle() -> None:
    assert not circle({name: (path.read_text("utf-8"), path.stem == "__init__") for name, path in MODULES.items()})


def test_names_and_sizes() -> None:
    files = [path for folder in ("augkit", "tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [m for path in files for m in misfits(path.relative_to(ROOT), path.read_text("utf-8"))]
    sources = sorted((ROOT / "augkit").rglob("*.[ch]"))
    assert sources
    found += [m for path in sources for m in c_misfits(path.relative_to(ROOT), path.read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_no_two_modules_have_one_name() -> None:
    assert not namesakes(MODULES.values())


def test_any_is_rare() -> None:
    """What has a type says it; `Any` stays for what another library does not type."""
    lines = [line for path in MODULES.values() for line in path.read_text("utf-8").splitlines()]
    assert sum(bool(re.search(r"\bAny\b", line)) for line in lines) < 250


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
        (
            "augkit.train.loop.training_loop",
            "import importlib\nimportlib.import_module('augkit.cli')",
            "looks up or across",
        ),
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
        ("augkit.train.loop.training_loop", "from sklearn.metrics import log_loss", "imports sklearn"),
        ("augkit.train.report", "import matplotlib.pyplot", "imports matplotlib"),
        ("augkit.loader.folders", "import safetensors", "imports safetensors"),
        ("augkit.train.loop.training_loop", "def f():\n    import onnxruntime", "imports onnxruntime"),
        ("augkit.cli.train_command", "import tensorboard", "imports tensorboard"),
        ("augkit.core.plan", "import cv2", "imports cv2"),
        ("augkit.transforms.filters", "import cv2.ximgproc", "imports cv2"),
        ("augkit.core.plan", "import scipy.ndimage", "not only NumPy and"),
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
        ("augkit.train.parts.parts", "from augkit.loader import Augmented"),
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
    assert circle({a: ("from . import b", False), b: ("def f():\n    from . import a", False)})
    assert circle({a: ("from . import b", False), b: ("if TYPE_CHECKING:\n    from . import a", False)})
    assert not circle({a: ("from . import b", False), b: ("import json", False)})


def test_misfits_are_caught() -> None:
    assert list(misfits(Path("augkit/core/utils.py"), ""))
    assert list(misfits(Path("augkit/helpers/x.py"), ""))
    assert list(misfits(Path("tests/long.py"), "\n" * 401))
    assert list(misfits(Path("augkit/x.py"), '"""What a plan is."""'))
    assert list(c_misfits(Path("augkit/compiled/x.c"), "int main;"))
    assert list(c_misfits(Path("augkit/compiled/x.c"), "/* Sums. */" + "\n" * 401))
    assert not list(c_misfits(Path("augkit/compiled/x.c"), "/* Sums. */" + "\n" * 390))
    assert not list(misfits(Path("tests/database.py"), '"""Whatever is read."""' + "\n" * 390))
    assert namesakes([Path("a/plan.py"), Path("b/plan.py"), Path("a/__init__.py"), Path("b/__init__.py")]) == [
        "plan.py"
    ]


def test_a_heavy_import_is_seen() -> None:
    assert loaded_by("import numpy") == {"numpy"}


def test_an_extra_names_what_its_rooms_import() -> None:
    """Every package with a home is asked for by the core or by an extra, and not only by another package of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: asked for name, asked in project["optional-dependencies"].items() if name not in ("test", "bench")}
    asked = {
        re.split(r"[\[<>=~! ]", word)[0] for words in (project["dependencies"], *extras.values()) for word in words
    }
    names = {"sklearn": "scikit-learn", "yaml": "PyYAML", "pillow_heif": "pillow-heif"}
    assert {names.get(package, package) for package in HOMES} <= asked
