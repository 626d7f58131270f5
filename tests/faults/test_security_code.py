"""Security, code: nothing that input holds is run, by Python, a browser, a spreadsheet or a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import augkit as ak
from augkit.convert import convert
from augkit.core.plan import Plan
from augkit.datasets import read
from augkit.datasets.splits import wanted_splits
from augkit.errors import AugkitError, FileError
from augkit.expand import replay, verify
from augkit.preview import show
from support.artefacts import artefact, run_folder, taught
from support.commands import augkit, command
from support.cvat_files import dump, image
from support.data_sets import JPEG, MASK, PNG, lay, tar_of
from support.folders import done, fill, lines, picture, put
from support.html_page import Page
from support.trainings import fill as fill_kinds, settings

ROOT = Path(__file__).parent.parent.parent


class Bomb:
    """An object that leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "it was run"


def test_modules_beside_the_data(canary: Path, tmp_path: Path) -> None:
    """Python looks for modules in the working directory as it starts processes; that may be a data set."""
    src = fill(tmp_path / "src", 3)
    for name in ("pickle", "socket", "struct", "random", "numpy", "cv2", "augkit", "signal", "sitecustomize", "torch"):
        (src / f"{name}.py").write_text(f"import os\nos.mkdir({str(canary)!r})\n")
    lay(tmp_path / "bin", {"augkit": "from augkit.cli import main\nif __name__ == '__main__':\n    main()\n"})
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for method in ("spawn", "forkserver"):
        words = ("expand", ".", tmp_path / method, "--pipeline", "identity", "--copies", "1", "--workers", "2")
        command = [sys.executable, tmp_path / "bin/augkit", *words, "--start-method", method]
        ended = subprocess.run(command, cwd=src, env=env, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        assert not canary.exists()
    code = "import augkit as ak\nif __name__ == '__main__':\n    ak.expand('.', '../api', 'identity', 1, workers=1)\n"
    (tmp_path / "bin/job.py").write_text(code)
    ended = subprocess.run(
        [sys.executable, tmp_path / "bin/job.py"], cwd=src, env=env, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert not canary.exists()


def pickles(canary: Path) -> dict[str, bytes]:
    """Return files that run something where they are unpickled."""
    bomb = Bomb(canary)
    weights, array = io.BytesIO(), io.BytesIO()
    torch.save({"state_dict": bomb}, weights)
    np.save(array, np.array([bomb], object), allow_pickle=True)
    return {"pkl": pickle.dumps(bomb), "pt": weights.getvalue(), "npy": array.getvalue()}


def test_pickles(canary: Path, tmp_path: Path) -> None:
    for suffix, data in pickles(canary).items():
        members = {"a.jpg": JPEG, "a.cls": b"0"}
        for name in (f"a.{suffix}", "a.json", "a.pyd", "a.mask.npy", "a.pickle", "a.pth"):
            with suppress(AugkitError):
                found = read(lay(tmp_path / f"{suffix}-{name}", {"x.tar": tar_of({**members, name: data})}))
                [found.decoded(source) for source in found.sources]
        for place in (
            "c/a.png",
            "masks/a.png",
            "labels.pkl",
            f"a.{suffix}",
            "x.json",
            "data.yaml",
            "x.parquet",
            "x.zip",
        ):
            with suppress(AugkitError):
                found = read(lay(tmp_path / f"{suffix}-{place[0]}", {place: data, "images/a.png": PNG}))
                [found.decoded(source) for source in found.sources]
        file = tmp_path / f"w.{suffix}"
        file.write_bytes(data)
        for ask in (
            lambda file=file: ak.load(file),
            lambda file=file: ak.read(file),
            lambda file=file: ak.verify(file),
            lambda file=file: list(ak.predict(file, tmp_path)),
        ):
            with suppress(AugkitError):
                ask()
    assert not canary.exists()


@pytest.mark.slow
def test_pickles_of_trainings(canary: Path, tmp_path: Path) -> None:
    data = fill_kinds(tmp_path / "data", 8)
    options: dict[str, Any] = {"model": "lenet", "epochs": 1, "input": (32, 32, 3)}
    for suffix, content in pickles(canary).items():
        (tmp_path / f"w.{suffix}").write_bytes(content)
        with pytest.raises(AugkitError):
            ak.train(settings(data, tmp_path / suffix, **options, weights=str(tmp_path / f"w.{suffix}")))
        for name in ("model.safetensors", "checkpoint.pt")[: 1 + (suffix == "pt")]:
            run = run_folder(tmp_path / f"run-{suffix}-{name}", artefact())
            (run / name).write_bytes(content)
            with suppress(AugkitError):
                list(ak.predict(run, data))
            with suppress(AugkitError):
                ak.train(settings(data, run, **options))
    assert not canary.exists()


def test_pickles_in_parquet(canary: Path, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet is not tested without pyarrow")
    from pyarrow import parquet

    extension = {b"ARROW:extension:name": b"arrow.py_extension_type"}
    for name in (b"arrow.py_extension_type", b"arrow.fixed_shape_tensor", b"pandas.object"):
        metadata = {**extension, b"ARROW:extension:name": name, b"ARROW:extension:metadata": pickle.dumps(Bomb(canary))}
        fields = [
            pyarrow.field("image", pyarrow.binary(), metadata=metadata),
            pyarrow.field("label", pyarrow.string(), metadata=metadata),
        ]
        schema = pyarrow.schema(fields, metadata={"pandas": "{}", "huggingface": pickle.dumps(Bomb(canary), 0)})
        made = pyarrow.Table.from_arrays([pyarrow.array([PNG]), pyarrow.array(["x"])], schema=schema)
        parquet.write_table(made, tmp_path / "x.parquet")
        with suppress(AugkitError):
            found = read(tmp_path / "x.parquet")
            [found.decoded(source) for source in found.sources]
    assert not canary.exists()


YAML = (
    "!!python/object/apply:os.mkdir ['{}']",
    "!!python/object/new:os.mkdir ['{}']",
    "!!python/name:os.mkdir",
    "!!python/module:antigravity",
    "!!python/object:augkit.Sample {{}}",
    "!ruby/object:Gem::Installer\ni: x",
)


def test_objects_in_yaml(canary: Path, tmp_path: Path) -> None:
    files: dict[str, Any] = {"images/a.png": PNG, "labels/a.txt": "0 .5 .5 .1 .1\n"}
    for text in YAML:
        value = text.format(canary)
        for whole in (f"steps:\n  - Rotate: {{degrees: {value}}}\n", f"steps: {value}\n", f"{value}\n"):
            with pytest.raises(AugkitError):
                ak.load(lay(tmp_path / "set", {"p.yaml": whole}) / "p.yaml")
        with pytest.raises(AugkitError):
            read(lay(tmp_path / "data", {**files, "data.yaml": f"train: images\nnames: {value}\n"}))
    assert not canary.exists()


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "__import__", "augkit.expand", "Pipeline", "", "eval"])
def test_names_of_code(name: str, tmp_path: Path) -> None:
    with pytest.raises(AugkitError):
        ak.load(lay(tmp_path, {"p.yaml": f"steps:\n  - {name or '~'}: {{command: 'true'}}\n"}) / "p.yaml")
    src = fill(tmp_path / "src", 2)
    done(src, tmp_path / "out", 1, pipeline="identity")
    first, *rest = lines(tmp_path / "out")
    entry = first | {
        "plan": {"format": 2, "source": [24, 32], "steps": [{"ops": [{"External": {"name": name, "params": {}}}]}]}
    }
    book = tmp_path / "out/.augkit/lineage/00000.jsonl"
    book.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (entry, *rest)))
    with pytest.raises(AugkitError):
        replay(tmp_path / "out", first["id"])
    with pytest.raises(AugkitError):
        Plan.from_json(json.dumps(entry["plan"]))


def test_python_source_is_not_run(canary: Path, tmp_path: Path) -> None:
    run = f"os.mkdir({str(canary)!r})"
    source = f"import os, albumentations as A\n{run}\npipeline = A.Compose([A.HorizontalFlip(p={run} or 1)])\n"
    file = lay(tmp_path, {"p.py": source}) / "p.py"
    with suppress(AugkitError):
        convert(file)
    for words in (("convert", file), ("explain", file), ("list", file)):
        assert "Traceback" not in command(*words).stderr
    assert not canary.exists()


ENTITIES = {
    "of its own": '<!DOCTYPE a [<!ENTITY b "cat">]>',
    "of a file": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>',
    "of a URL": '<!DOCTYPE a [<!ENTITY b SYSTEM "http://127.0.0.1:9/">]>',
    "of a parameter": '<!DOCTYPE a [<!ENTITY % c SYSTEM "file:///etc/hostname"> %c;]>',
    "a billion laughs": '<!DOCTYPE a [<!ENTITY b "x">'
    + "".join(f'<!ENTITY b{n} "{"&b" + str(n - 1) + ";" if n else "&b;"}{"&b;" * 9}">' for n in range(9))
    + "]>",
    "a document elsewhere": '<!DOCTYPE a SYSTEM "file:///etc/hostname">',
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_of_xml(kind: str, tmp_path: Path) -> None:
    declared = ENTITIES[kind]
    voc = f"{declared}<annotation><filename>a.jpg</filename><object><name>&b;</name></object></annotation>"
    cvat = dump(image(name="a.jpg")).replace("?>\n", f"?>\n{declared}").replace("dog", "&b;")
    for name, text in {"a.xml": voc, "annotations.xml": cvat}.items():
        src = lay(tmp_path / name, {name: text, "a.jpg": JPEG})
        try:
            data = read(src)
        except FileError:
            continue
        assert all(source.fault for source in data.sources)


MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</title><svg onload=x>",
)


def assert_runs_nothing(text: str) -> None:
    for tag, attributes in Page(text).elements:
        assert tag not in ("script", "iframe", "object", "embed", "link", "base", "form", "svg"), tag
        assert not [name for name in attributes if name.startswith("on")], attributes
        for name in ("src", "href", "srcset", "action"):
            assert (attributes.get(name) or "data:image/png").startswith("data:image/png"), attributes
    assert "Content-Security-Policy" in text
    assert "default-src 'none'" in text


@pytest.mark.slow
def test_markup_of_names_in_pages(tmp_path: Path) -> None:
    rows = [
        {
            "image": f"{n}.png",
            "label": MARKUP[n % 2],
            "id": f"{MARKUP[n % 4]}{n}",
            "boxes": [[1, 1, 9, 9]],
            "box_labels": [MARKUP[3]],
        }
        for n in range(16)
    ]
    src = lay(tmp_path, {"l.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}) / "l.jsonl"
    for n in range(16):
        put(tmp_path / f"{n}.png", picture(n, (32, 32, 3)))
    page = tmp_path / "page.html"
    show(src, ak.Pipeline([ak.Mirror()]), page, rows=4)
    assert_runs_nothing(page.read_text())
    ak.train(settings(src, tmp_path / "<b>run", model="lenet", epochs=1, task="classes", input=(32, 32, 3)))
    assert_runs_nothing((tmp_path / "<b>run/report.html").read_text())


FORMULAS = ("=cmd|' /C calc'!A0", "+1+cmd|x", "-1+2", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "'=1", "-", "=")


def test_formulas_of_names_in_tables(tmp_path: Path) -> None:
    names = [name for name in FORMULAS if "/" not in name]
    rows = [
        {"image": f"{n}.png", "label": name, "id": f"{name}x{n}", "group": name} for n, name in enumerate(names * 4)
    ]
    src = lay(tmp_path, {"l.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}) / "l.jsonl"
    for n in range(len(rows)):
        lay(tmp_path, {f"{n}.png": PNG})
    augkit("split", src, "--split", "train=0.5,val=0.5", "-o", tmp_path / "splits.csv", "--groups", "group")
    with (tmp_path / "splits.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r＝")]
    wanted = wanted_splits(str(tmp_path / "splits.csv"))
    assert not isinstance(wanted, dict)
    assert len(done(src, tmp_path / "out", 1, split=str(tmp_path / "splits.csv")).reasons) == 0
    run = run_folder(tmp_path / "run", taught(0))
    for name in ("=x.png", "-y.png", "@z.png"):
        shutil.copy(tmp_path / "0.png", tmp_path / name)
    ended = augkit("predict", run, "--", "=x.png", "-y.png", "@z.png", cwd=tmp_path)
    assert [row[0][:2] for row in csv.reader(ended.stdout.splitlines())][1:] == ["'=", "'-", "'@"]
    classes: dict[str, Any] = {
        "images/a.png": PNG,
        "masks/a.png": MASK,
        "classes.csv": "number,name,r,g,b\n0,'=1,,,\n1,-x,,,\n",
    }
    done(lay(tmp_path / "masks", classes), tmp_path / "masked", 1, encoding="png")
    assert (tmp_path / "masked/classes.csv").read_text() == "number,name,r,g,b\n0,'=1,,,\n1,'-x,,,\n"
    assert read(tmp_path / "masked").about["mask_classes"] == ["=1", "-x"]


CONTROL = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\n\u202e\u2066"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_what_a_terminal_would_obey(tmp_path: Path) -> None:
    src = tmp_path / f"src{CONTROL}"
    for n in range(6):
        put(src / f"a{CONTROL}" / f"{n}{CONTROL}.png", picture(n, (32, 32, 3)))
        put(src / f"b{CONTROL}" / f"{n}.png", picture(n + 9, (32, 32, 3)))
    (src / f"b{CONTROL}" / f"bad{CONTROL}.png").write_bytes(b"x")
    out, run = tmp_path / f"out{CONTROL}", tmp_path / f"run{CONTROL}"
    made = ("--pipeline", "identity", "--copies", 1, "--workers", 0, "--max-rejected", 1)
    training = (
        "--model",
        "lenet",
        "--epochs",
        1,
        "--max-rejected",
        1,
        "--input",
        "32x32x3",
        "--split",
        "train=0.6,val=0.4",
    )
    for words in (
        ("expand", src, out, *made, "--dry-run"), ("expand", src, out, *made), ("expand", src, out, *made, "--json"),
        ("expand", src, out, "--copies", CONTROL), ("expand", CONTROL, out, *made), (CONTROL,), ("verify", CONTROL),
        ("verify", out), ("replay", out, CONTROL, "-o", tmp_path / "x"), ("split", src), ("split", src, "--json"),
        ("show", src, "--pipeline", CONTROL, "-o", tmp_path / "x.png"), ("model", CONTROL), ("list", CONTROL),
        ("show", src, "--pipeline", "identity", "-o", tmp_path / f"x{CONTROL}.png"), ("convert", CONTROL),
        ("fit-pca", src, "-o", tmp_path / f"p{CONTROL}.yaml"), ("explain", CONTROL),
        ("fit-style", src, "-o", tmp_path / f"s{CONTROL}.yaml"), ("train", CONTROL, "--out", run),
        ("train", src, "--out", run, *training), ("predict", run, src), ("predict", run, src, "--json"),
        ("predict", CONTROL, src), ("export", run, "-o", tmp_path / f"x{CONTROL}.bad"),
    ):  # fmt: skip
        ended = command(*words)
        assert "Traceback" not in ended.stderr, words
        odd = [letter for letter in ended.stdout + ended.stderr if not (letter.isprintable() or letter == "\n")]
        assert not odd, (words[0], odd)
    assert verify(out).is_sound
