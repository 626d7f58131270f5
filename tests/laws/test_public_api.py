"""The public names: listed, importable, documented, light to import, and the same to type checkers."""

import ast
import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import augkit as ak
from augkit.errors import AugkitError
from augkit.transforms import TRANSFORMS

ROOT = Path(__file__).parent.parent.parent
KEY = ak.Key(0, "x")
IMAGE = np.zeros((30, 40, 3), np.uint8)
SAMPLE = ak.Sample(IMAGE, id="x")
CONFIG = ak.ExpandConfig(source="src", out="out", pipeline=ak.Pipeline([ak.Mirror()]), copies=1)
FIXED = ak.__dict__["_HOMES"]  # type: ignore[index]


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed() -> tuple[dict[str, str], set[str]]:
    """Return what type checkers are told: names by their modules, and the modules all of whose names are public."""
    names, stars = {}, set()
    for node in ast.walk(ast.parse((ROOT / "augkit/__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("augkit."):
            for alias in node.names:
                if alias.name == "*":
                    stars.add(node.module)
                elif alias.asname == alias.name:
                    names[alias.name] = node.module.removeprefix("augkit.")
    return names, stars


def defined(module: str) -> set[str]:
    """Return the names that a module defines, without those that it keeps to itself."""
    found = set()
    for node in ast.parse(inspect.getsource(importlib.import_module(module))).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
        found |= {node.name} if isinstance(node, ast.ClassDef | ast.FunctionDef) else set()
    return {name for name in found if not name.startswith("_")}


def test_every_public_name_is_listed_in_order() -> None:
    assert ak.__all__ == sorted(ak.__all__, key=str.casefold)
    assert dir(ak) == sorted(ak.__all__)
    assert len(set(ak.__all__)) == len(ak.__all__)
    contract = {"Key", "Maybe", "Mirror", "Pipeline", "Plan", "RandomResizedCrop", "Sample", "Scene", "dump", "load"}
    assert contract | {"expand", "read", "replay", "run", "show", "train", "verify"} <= set(ak.__all__)


@pytest.mark.parametrize("name", [name for name in ak.__all__ if name != "__version__"])
def test_a_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(ak, name)
    assert getattr(ak, name) is found
    if name not in ("Op", "Range"):  # unions and annotations, which hold no docstring of their own
        assert inspect.getdoc(found), name


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ak.__version__ == project["version"], "installed from this checkout: make setup"
    texts = {path: path.read_text("utf-8") for path in (ROOT / "augkit").rglob("*.py")}
    assert not [path for path, text in texts.items() if f'"{project["version"]}"' in text]


@pytest.mark.slow
def test_importing_all_of_it_works_in_a_fresh_process() -> None:
    assert "True" in fresh("from augkit import *; print(Mirror.__name__ == 'Mirror' and callable(load))")
    assert fresh("import sys, augkit; print([m for m in sys.modules if m.startswith('augkit.')])").strip() == "[]"
    light = "import sys, augkit as ak; ak.__all__, ak.load('six'), ak.read, ak.run, ak.show, ak.verify"
    assert fresh(f"{light}; print('torch' in sys.modules)").strip() == "False"


def test_type_checkers_see_the_same_names() -> None:
    names, stars = typed()
    assert names.items() <= FIXED.items()
    modules = {cls.__module__ for cls in TRANSFORMS.values() if cls.__module__.startswith("augkit.transforms.")}
    assert stars == modules
    starred = {name for name, home in FIXED.items() if f"augkit.{home}" in stars}
    assert set(FIXED) - set(names) == starred
    told = {name for module in stars for name in defined(module)}
    assert told <= set(ak.__all__)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("expand", "import augkit.expand as room"),
        ("expand", "room = ak.expand"),
        ("expand", "from augkit import expand as room"),
        ("choose", "room = ak.choose"),
        ("why", "room = ak.why"),
        ("train", "room = ak.train"),
    ],
)
def test_a_room_is_called_like_its_function(name: str, first: str) -> None:
    lines = ["import inspect", "import augkit as ak", first, f"assert ak.{name} is room"]
    lines += [f"assert inspect.signature(room) == inspect.signature(room.{name})"]
    lines += [f"try: ak.{name}()", "except TypeError as error: print(error)"]
    assert f"{name}() missing" in fresh("\n".join(lines))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ak.load('six')(IMAGE)", r"got ndarray and no key\. Write pipeline\(ak\.Sample\(image\), ak\.Key\(seed=0"),
        ("ak.load('six')(IMAGE)", r"or pipeline\.as_transform\(seed=0\)\(image\) for pictures alone"),
        ("ak.load('six')(SAMPLE)", r"no key\. Write pipeline\(sample, ak\.Key\(seed=0, sample=sample\.id\)\)"),
        ("ak.load('six')(SAMPLE, 0)", r"got Sample and int\. Write pipeline\(sample, ak\.Key"),
        ("ak.load('six').draw(KEY, SAMPLE)", r"Give ak\.Scene\.of\(sample\)"),
        ("ak.run(ak.load('six'), SAMPLE)", r"Give pipeline\.draw\(key, ak\.Scene\.of\(sample\)\)"),
        ("ak.Mirror(chance=0.5)", r"Write ak\.Maybe\(0\.5, ak\.Mirror\(\)\), in YAML chance: beside the step"),
        ("ak.Mirror(p=0.5)", r"Write ak\.Maybe\(0\.5, ak\.Mirror\(\)\)"),
        ("ak.Rotate((-5, 5), p=0.3)", r"Write ak\.Maybe\(0\.3, ak\.Rotate\(\(-5, 5\)\)\)"),
        ("ak.Resize(size=32, prob=1)", r"Write ak\.Maybe\(1, ak\.Resize\(size=32\)\)"),
        ("ak.Compose", "Here that is Pipeline for the whole"),
        ("ak.HorizontalFlip", "Here that is Mirror"),
        ("ak.Pipelin", r"there is no such name\. Did you mean Pipeline\?"),
        ("ak.Miror", r"Did you mean Mirror\?"),
        ("ak.Pipeline('six')", r"Write ak\.load\('six'\)"),
        ("ak.Pipeline(ak.Mirror())", r"Write ak\.Pipeline\(\[first, second\]\)"),
        ("ak.Pipeline([ak.Mirror])", r"steps\[0\].*Write Mirror\(\)"),
        ("ak.Pipeline(['Mirror'])", r"steps\[0\].*such as ak\.Mirror\(\)"),
        ("ak.dump('six', 'six.yaml')", "must get a Pipeline"),
        ("ak.read(IMAGE)", r"write ak\.Sample\(image\)"),
        ("ak.Sample('a.jpg')", r"Write ak\.read\('a\.jpg'\)"),
        ("ak.load('six')(image=IMAGE)", r"got an argument 'image'\. Write pipeline\(ak\.Sample\(image\), ak\.Key"),
        ("ak.Mirror()(IMAGE)", r"Mirror: .* Write ak\.Pipeline\(\[ak\.Mirror\(\)\]\)\(sample, key\)\."),
        ("ak.Rotate(5)(image=IMAGE)", r"Write ak\.Pipeline\(\[ak\.Rotate\(\.\.\.\)\]\)\(sample, key\)\."),
        ("ak.show(IMAGE, 'six')", r"show\.source: .* got ndarray\. Of an array, write ak\.Sample\(image\)"),
        ("ak.show([IMAGE], 'six')", r"show\.source: .* got ndarray\."),
        ("ak.show(PIL.new('RGB', (4, 4)), 'six')", r"show\.source: .* got Image\."),
        ("ak.show(None, 'six')", r"show\.source: .* got NoneType\."),
        ("ak.show(SAMPLE, None)", r"show\.pipeline: .* got NoneType\."),
        ("ak.train('src')", r"train: .* got str\. Write ak\.train\(ak\.TrainConfig\(data=\.\.\., out=\.\.\.\)\)\."),
        ("ak.train({'data': 'src'})", r"got dict\. Write ak\.train\(ak\.TrainConfig"),
        ("ak.train('src', 'run')", r"got str, str\. Write ak\.train\(ak\.TrainConfig"),
        ("ak.TrainConfig('src', 'run')", r"got 'src' without one\. Write ak\.TrainConfig\(data=\.\.\., out=\.\.\.\)\."),
        ("ak.TrainConfig(data=None, out='run')", "data: must be text or a path, got None"),
        (
            "ak.TrainConfig(data='src', out='run', threads=10**21)",
            "threads: must be a whole number from 0 to 1,024, got 1",
        ),
        ("ak.expand('src')", "out: must be given, got nothing"),
        ("ak.expand(CONFIG, 'out')", r"got out beside it\. Write ak\.expand\(config\.replaced\(out=\.\.\.\)\)"),
        ("ak.verify(None)", "out: must be the path or URL of an expansion, got None"),
        ("ak.replay('out', None)", r"id: must be the path of an output below .*out, got None"),
        ("ak.predict(None, 'a.png')", r"predict\.run: must be the folder of a run, or its file, got NoneType"),
        ("ak.Sample(IMAGE, bboxes=[[0, 0, 1, 1]])", "Did you mean boxes"),
    ],
)
def test_a_newcomer_is_told_what_to_write(code: str, words: str) -> None:
    with pytest.raises((AugkitError, AttributeError, TypeError), match=words) as caught:
        eval(code, {"ak": ak, "IMAGE": IMAGE, "SAMPLE": SAMPLE, "KEY": KEY, "PIL": Image, "CONFIG": CONFIG})
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_step_of_albumentations_in_a_pipeline_is_told_its_name() -> None:
    albumentations = pytest.importorskip("albumentations")
    step: Any = albumentations.HorizontalFlip(p=0.5)
    with pytest.raises(AugkitError, match=r'Write ak\.Albumentations\("HorizontalFlip"'):
        ak.Pipeline([step])


def test_show_gives_the_sheet_and_the_page(tmp_path: Path) -> None:
    shown = ak.show(SAMPLE, "digits", tmp_path / "sheet.png", copies=2)
    assert (ak.read(tmp_path / "sheet.png").image == shown.sheet).all()
    assert shown.title == "digits"
    assert ak.show([SAMPLE], ak.Pipeline([ak.Mirror()]), tmp_path / "page.html", copies=1).page.startswith("<!doctype")
    assert (tmp_path / "page.html").read_text().startswith("<!doctype")
    with pytest.raises(AugkitError, match=r"must end in \.png or \.html"):
        ak.show(SAMPLE, "digits", "sheet.jpg")
    with pytest.raises(AugkitError, match="copies: must be a whole number from 1 to 50"):
        ak.show(SAMPLE, "digits", copies=0)
