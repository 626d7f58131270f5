"""``augkit train`` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from augkit.cli import app
from augkit.errors import AugkitError, SampleError
from augkit.images import decode
from support import trainings
from support.folders import put

ROOT = Path(__file__).parent.parent.parent
BROKEN = ("torchvision", "timm", "lightning", "pytorch_lightning", "torchmetrics", "tensorboard", "accelerate")
QUICK = ("--model", "lenet", "--input", "28x28x3", "--batch-size", "8")


def run(*words: str, more_path: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [more_path, str(ROOT)]))}
    done = subprocess.run(
        [sys.executable, "-m", "augkit", *words], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def seconds_of_children() -> float:
    """Return the processor's time that ended child processes took: what one core alone would need."""
    times = os.times()
    return times.children_user + times.children_system


def told(*words: str) -> str:
    """Return what a command prints, run in this process."""
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return trainings.fill(tmp_path / "pictures", each=10)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """Return a path on which every other trainer's package fails when it is imported."""
    for package in BROKEN:
        folder = tmp_path / "broken" / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise RuntimeError('built for another machine')")
    return str(tmp_path / "broken")


@pytest.mark.slow
def test_expand_train_predict_with_their_defaults(broken: str, tmp_path: Path) -> None:
    """Three commands in three minutes, with every other trainer's package broken."""
    pytest.importorskip("sklearn")
    began = seconds_of_children()
    source, out, folder = (str(tmp_path / name) for name in ("demo/digits", "out", "run"))
    trainings.digits(Path(source))
    run("expand", source, out, "--pipeline", "digits", "--copies", "20", more_path=broken)
    trained = run("train", out, "--out", folder, more_path=broken)
    assert "resnet_small, from scratch" in trained.stderr
    assert "Accuracy" in trained.stdout
    predicted = run("predict", folder, source, more_path=broken)
    assert seconds_of_children() - began < 180
    lines = predicted.stdout.splitlines()
    right = sum(line.split(",")[1] == Path(line.split(",")[0]).parent.name for line in lines[1:])
    assert len(lines) == 101
    assert right > 80


@pytest.mark.slow
def test_the_default_for_photos_and_its_export_need_no_other_trainer(broken: str, tmp_path: Path) -> None:
    pictures, folder = trainings.fill(tmp_path / "pictures", each=4, side=65), str(tmp_path / "run")
    trained = run("train", str(pictures), "--out", folder, "--epochs", "1", more_path=broken)
    assert "efficientnet_lite0, pretrained and frozen but for its head" in trained.stderr
    assert "random pictures" in run("export", folder, "-o", str(tmp_path / "model.onnx"), more_path=broken).stdout


@pytest.mark.slow
def test_the_result_as_json_and_once_more(pictures: Path, tmp_path: Path) -> None:
    """What is done is not done again, and says the same."""
    words = ("train", str(pictures), "--out", str(tmp_path / "run"), "--epochs", "2", *QUICK, "--json")
    first, second = (json.loads(told(*words)) for _ in range(2))
    for result in (first, second):
        del result["seconds"]
    assert first == second
    assert first["pictures"]["train"] + first["pictures"]["val"] + first["pictures"]["test"] == 30
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"settings.json", "model.safetensors", "log.jsonl", "log.csv", "report.html", "pictures.jsonl"} < files


@pytest.mark.slow
def test_the_command_in_the_settings_repeats_the_run(pictures: Path, tmp_path: Path) -> None:
    from augkit.train import TrainConfig

    told("train", str(pictures), "--out", str(tmp_path / "run"), "--epochs", "2", *QUICK)
    known = TrainConfig(**json.loads((tmp_path / "run/settings.json").read_text())["settings"])
    words = [word if word != known.out else str(tmp_path / "again") for word in known.words()]
    told("train", *words)
    one, other = (json.loads((tmp_path / name / "settings.json").read_text()) for name in ("run", "again"))
    assert one["deciding"] == other["deciding"]
    assert (tmp_path / "run/log.jsonl").read_bytes() == (tmp_path / "again/log.jsonl").read_bytes()


@pytest.mark.slow
def test_seeds_and_comparisons_are_told(pictures: Path, tmp_path: Path) -> None:
    words = ["train", str(pictures), "--out", str(tmp_path / "runs"), "--epochs", "1", *QUICK]
    lines = told(*words, "--seeds", "2", "--compare", "none,digits").splitlines()
    assert lines[0] == "Accuracy over 2 seeds"
    assert [line.split()[0] for line in lines[1:3]] == ["none", "digits"]
    assert lines[3] == "digits against none, gain and its 95 % interval"
    assert [line.split()[0] for line in lines[4:8]] == ["all", *trainings.CLASSES]
    assert all("no verdict" in line for line in lines[4:8])
    assert lines[9].startswith(f"All about it: {tmp_path / 'runs' / 'comparison.html'}")
    best = Path(lines[10].split("augkit predict ")[1].split()[0])
    for name in ("none", "digits"):
        for seed in (0, 1):
            assert (tmp_path / "runs" / name / f"seed-{seed}" / "report.html").exists()
    assert told("predict", str(best), str(pictures)).startswith("path,label")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--seeds", "2"), ("--compare", "none,digits")])
def test_repeats_take_the_default_model(pictures: Path, tmp_path: Path, words: tuple[str, str]) -> None:
    """Small grey pictures are given a network of which nothing is frozen: no cache is shared then."""
    out = tmp_path / "runs"
    lines = told("train", str(pictures), "--out", str(out), "--epochs", "1", *words).splitlines()
    assert lines[0] == f"Accuracy over {words[1] if words[0] == '--seeds' else 1} seed{'s' * (words[0] == '--seeds')}"
    assert len(list(out.rglob("report.html"))) == 2
    assert not list(out.rglob("features"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--model", "resnet19"), "Did you mean resnet18"),
        (("--optimizer", "adam"), "Did you mean adamw"),
        (("--weights", "pretrained", "--model", "resnet18"), "weights: must be a file for resnet18"),
        (("--weights", "nowhere.pt", "--model", "resnet18"), "nowhere.pt"),
        (("--pipeline", "sixx"), "Did you mean six"),
        (("--input", "32"), "--input: must be HEIGHTxWIDTHxCHANNELS"),
        (("--class-weights", "plane=2"), "Did you mean plain"),
        (("--class-weights", "7=2"), "must name a class, got '7'. There are lines, plain, spots."),
        (("--pipeline-for", "7=none", "--pipeline", "light"), "got '7'. There are lines, plain, spots."),
        (("--folds", "400"), "Give more, or fewer --folds than 400."),
        (("--new-splits",), "must go with --seeds 2 at least"),
        (("--label", "kind"), "must be of a data set that has some, got 'kind' of folder."),
        (("--input", "32x32x4", "--model", "lenet"), "must have 1 channel, for grey, or 3, as pictures are"),
        (("--split", "train=1.0"), "must leave pictures for test"),
        (("--epochs", "0"), "must be 1 at least"),
        (("--folds", "1"), "folds: must be 2 at least, or 0 for none"),
        (("--folds", "3", "--ensemble"), "must not go with --folds, whose networks are joined already"),
        (("--device", "cuda"), "Pass --device cpu"),
    ],
)
def test_a_mistake_is_a_sentence(pictures: Path, tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    if "cuda" in words and __import__("torch").cuda.is_available():
        pytest.skip("there is one")
    done = CliRunner().invoke(app, ["train", str(pictures), "--out", str(tmp_path / "run"), *words])
    assert isinstance(done.exception, AugkitError)
    assert sentence in str(done.exception)
    assert done.exception.exit_code == 2
    assert not (tmp_path / "run").exists()


def test_seeds_have_no_splits_of_their_own_where_they_are_settled(pictures: Path, tmp_path: Path) -> None:
    divided = trainings.fill(tmp_path / "divided", each=2, splits=("train", "val", "test"))
    file = tmp_path / "split.csv"
    places = [(kind, place) for kind in trainings.CLASSES for place in range(10)]
    rows = [f"{kind}/{place:03d}.png,{('train', 'val', 'test')[place % 3]}" for kind, place in places]
    file.write_text("\n".join(["id,split", *rows]) + "\n")
    for data, more in ((divided, []), (pictures, ["--split", str(file)])):
        words = ["train", str(data), "--out", str(tmp_path / "run"), "--seeds", "3", "--new-splits", *more]
        done = CliRunner().invoke(app, words)
        assert "must go with a data set that is not divided" in str(done.exception)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("words", [("--pipeline", "six"), ("--compare", "none,six")])
def test_a_pipeline_that_does_not_suit_is_told_before_anything_is_trained(
    tmp_path: Path, words: tuple[str, str]
) -> None:
    """Pictures of a few are grey, which six cannot shift the colours of."""
    pictures = trainings.fill(tmp_path / "pictures", each=10)
    for path in sorted(pictures.rglob("*.png"))[5:]:
        put(path, decode(path.read_bytes()).image[:, :, 0])
    done = CliRunner().invoke(app, ["train", str(pictures), "--out", str(tmp_path / "run"), *QUICK, *words])
    assert isinstance(done.exception, SampleError)
    assert str(pictures) in str(done.exception)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothere",), "nothere: must be readable"), ((".", "--pipeline", "sixx"), "Did you mean six"),
        ((".", "--compare", "none,sixx"), "Did you mean six"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_told_before_torch_is_loaded(words: tuple[str, ...], sentence: str) -> None:
    code = (
        "import sys; from augkit.cli import app; sys.modules['torch'] = None; app(sys.argv[1:], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "train", *words, "--out", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert sentence in done.stderr.splitlines()[-1]


def test_seeds_are_folded_into_one(pictures: Path, tmp_path: Path) -> None:
    words = ("train", str(pictures), "--out", str(tmp_path / "run"), *QUICK, "--epochs", "1", "--ensemble")
    assert "must go with --seeds 2 at least" in str(CliRunner().invoke(app, list(words)).exception)
    found = json.loads(told(*words, "--seeds", "2", "--json"))
    assert found["ensemble"]["out"] == str(tmp_path / "run")
    shown = told(*words, "--seeds", "2")
    assert "The 2 of them as one:\nAccuracy " in shown
    assert "was kept" not in shown.partition("as one:")[2]  # no epoch of several networks
    assert f"augkit predict {tmp_path / 'run'} PICTURES" in shown
    rows = told("predict", str(tmp_path / "run"), str(pictures)).splitlines()
    assert len(rows) == 31
