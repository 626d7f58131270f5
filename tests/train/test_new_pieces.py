"""A file more is a model or an exporter more, a field more an option: in a copy of the tree, as users have it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import trainings
from support.packages import install

pytestmark = pytest.mark.slow  # in a copy of the package, by processes of its own

ROOT = Path(__file__).parent.parent.parent
TINY = """
from augkit.train.models import MODELS, Model
from augkit.train.models.preprocessing import plain_input

LAYERS = [{"conv": {"filters": 2, "kernel": 3}}, "relu", "global_mean", {"dense": "classes"}]
MODELS.add("tiny", Model(plain_input((16, 16, 3)), layers=LAYERS))
"""
EXPORTER = """
import io
import numpy as np
import torch
from augkit.train.exporters.exporter import EXPORTERS, Exporter

def write(deployed, example, output, described):
    buffer = io.BytesIO()
    np.savez(buffer, **{name.replace(".", "/"): value.numpy() for name, value in deployed.state_dict().items()})
    return buffer.getvalue(), lambda pixels: deployed(torch.from_numpy(pixels)).detach().numpy()

EXPORTERS.add("npz", Exporter("NumPy", write))
"""
FIELD = '    label_noise: float = Field(0.0, ge=0.0, le=0.5, description="Of the truth.")\n'
QUICK = ("--epochs", "1", "--batch-size", "8", "--threads", "1")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("data") / "pictures", each=10)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("augkit", "pipelines"):
        shutil.copytree(ROOT / folder, tmp_path / "copy" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def run(lines: list[list[str]], *paths: Path) -> list[tuple[int, str]]:
    """Run command lines in one new process; return the exit code of each and what it said."""
    code = """
import contextlib, io, json, sys
from augkit.cli import main
told = []
for line in json.loads(sys.argv[1]):
    sys.argv, text = ["augkit", *line], io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try: main()
        except SystemExit as end: told.append((end.code or 0, text.buffer.getvalue().decode()))
print(json.dumps(told))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    words = [sys.executable, "-c", code, json.dumps(lines)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=paths[0], check=True)
    return [(code, text) for code, text in json.loads(done.stdout)]


def test_a_model_and_an_exporter_are_a_file_each(copy: Path, pictures: Path, tmp_path: Path) -> None:
    (copy / "augkit/train/models/tiny.py").write_text(TINY)
    (copy / "augkit/train/exporters/npz_exporter.py").write_text(EXPORTER)
    out, files = str(tmp_path / "run"), [str(tmp_path / name) for name in ("m.npz", "m.data")]
    told = run(
        [
            ["model"],
            ["model", "tiny", "--json"],
            ["train", str(pictures), "--out", out, "--model", "tiny", *QUICK],
            ["predict", out, str(pictures / "plain/000.png"), "--json"],
            ["export", "--help"],
            ["export", out, "-o", files[0]],
            ["export", out, "-o", files[1], "--format", "npz"],
            ["export", out, "-o", str(tmp_path / "m.zip")],
            ["train", str(pictures), "--out", out + "2", "--model", "tinny"],
        ],
        copy,
    )
    assert [code for code, _ in told] == [0, 0, 0, 0, 0, 0, 0, 2, 2], told
    texts = [text for _, text in told]
    assert "tiny" in texts[0]
    assert json.loads(texts[1])["model"] == "tiny"
    assert json.loads(texts[3])["label"] in trainings.CLASSES
    assert ".npz" in texts[4]
    assert "must end in .npz or .onnx or .pt2" in texts[7]
    assert "Did you mean tiny?" in texts[8]
    assert all(Path(file).stat().st_size for file in files)


def test_a_model_of_another_package_is_found(pictures: Path, tmp_path: Path) -> None:
    site = install(
        tmp_path / "site", "augkit-tiny", {"augkit_tiny.py": TINY}, {"augkit.models": {"tiny": "augkit_tiny"}}
    )
    lines = [["model"], ["train", str(pictures), "--out", str(tmp_path / "run"), "--model", "tiny", *QUICK]]
    (_, listed), (code, told) = run(lines, ROOT, site)
    assert "tiny" in listed
    assert code == 0, told


def test_an_option_is_a_field(copy: Path, pictures: Path, tmp_path: Path) -> None:
    """In help, checks, settings.json, the report, the command that repeats it and the comparison at a resume."""
    path = copy / "augkit/train/train_config.py"
    text = path.read_text()
    path.write_text(text.replace("    optimizer: Optimizer", FIELD + "    optimizer: Optimizer", 1))
    out = tmp_path / "run"
    words = ["train", str(pictures), "--out", str(out), "--model", "lenet", "--input", "28x28x3", *QUICK]
    told = run(
        [["train", "--help"], *([*words, "--label-noise", noise] for noise in ("0.7", "x", "0.25", "0.125"))], copy
    )
    assert [code for code, _ in told] == [0, 2, 2, 0, 2], told
    assert "--label-noise <float>" in told[0][1]
    assert "label_noise: must be a number from 0 to 0.5, got 0.7" in told[1][1]
    assert "label_noise must be 0.25, got 0.125" in told[4][1]
    books = json.loads((out / "settings.json").read_text())
    assert [books[part]["label_noise"] for part in ("settings", "effective", "deciding")] == [0.25] * 3
    report = (out / "report.html").read_text()
    assert "label noise" in report
    assert "--label-noise 0.25" in report
