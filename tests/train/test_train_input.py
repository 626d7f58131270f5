"""Mistakes of a user are answered in a sentence, before a step is trained, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from augkit.errors import ArgumentError, FileError, SampleError
from augkit.train import TrainConfig, train
from augkit.train.loop.schedule import set_rates
from augkit.train.run_folder import behaviour_of, law_of, open_run
from augkit.train.setup import prepare
from augkit.train.train_errors import Diverged
from augkit.train.trainer import begin
from support import trainings
from support.folders import put
from support.tiny_backbone import NAME
from support.trainings import CLASSES, Stopped, drawn, fitted, prepared, settings, weights_file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return trainings.fill(tmp_path / "pictures")


def told(wanted: TrainConfig) -> list[str]:
    sentences: list[str] = []
    prepare(wanted, sentences.append, lambda *_: None)
    return sentences


def test_an_empty_class_is_left_out_and_told(pictures: Path, tmp_path: Path) -> None:
    (pictures / "waves").mkdir()
    wanted = settings(pictures, tmp_path / "run")
    assert any("'waves'" in sentence for sentence in told(wanted))
    assert prepared(wanted).task.names == CLASSES


def test_a_class_with_one_picture(pictures: Path, tmp_path: Path) -> None:
    """It is told where nothing can be judged of it; where nothing can be learnt of it, it is refused."""
    outcomes = set()
    for number in range(12):
        put(pictures / "rare" / f"{number}.png", drawn("spots", 500 + number))
        try:
            sentences = told(settings(pictures, tmp_path / "run"))
            assert "Class rare has no picture in validation." in sentences
            assert "Class rare has no picture in test." in sentences
            outcomes.add("told")
        except SampleError as error:
            assert str(error) == (  # noqa: PT017 - which of the two comes depends on the hash
                "class 'rare': must have training pictures, got its 1 in validation and test."
                " Give more, or take it out."
            )
            outcomes.add("refused")
        shutil.rmtree(pictures / "rare")
    assert outcomes == {"told", "refused"}


def test_a_single_class_is_refused(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path / "data/plain" / f"{number}.png", drawn("plain", number))
    with pytest.raises(SampleError, match="must be of two classes at least, got 'plain' only"):
        prepared(settings(tmp_path / "data", tmp_path / "run"))


def test_pictures_without_classes_are_refused(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path / "data" / f"{number}.png", drawn("plain", number))
    with pytest.raises(SampleError, match="must be there for every picture"):
        prepared(settings(tmp_path / "data", tmp_path / "run"))


def test_a_folder_of_unreadable_files_is_refused(pictures: Path, tmp_path: Path) -> None:
    for path in pictures.rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(FileError, match=r"got 36 of 36 that are not. The first: .*lines/001\.png"):
        prepared(settings(pictures, tmp_path / "run"))
    with pytest.raises(FileError, match="must leave pictures for train, got none that can be read"):
        prepared(settings(pictures, tmp_path / "run", max_rejected=1.0))


def test_a_few_unreadable_files_are_left_out(pictures: Path, tmp_path: Path) -> None:
    ready = prepared(settings(pictures, tmp_path / "run"))
    victim = ready.surveyed.parts.train.sources[3].id
    (pictures / victim).write_bytes((pictures / victim).read_bytes()[:60])
    wanted = settings(pictures, tmp_path / "run", max_rejected=0.05)
    sentences = told(wanted)
    assert any(victim in sentence and sentence.startswith("Left out: ") for sentence in sentences)
    ready = prepared(wanted)
    assert victim not in {source.id for source in ready.surveyed.parts.train.sources}
    open_run(tmp_path / "run", ready, is_fresh=False)
    (row,) = [json.loads(line) for line in (tmp_path / "run/rejected.jsonl").read_text().splitlines()]
    assert (row["role"], row["id"]) == ("train", victim)
    with pytest.raises(FileError, match="pass a greater --max-rejected"):
        prepared(wanted.replaced(max_rejected=0.02))


def test_weights_of_another_model_are_refused(pictures: Path, tmp_path: Path) -> None:
    weights = weights_file(tmp_path / "w.pt", "mobilenet_v2")
    with pytest.raises(FileError, match=r"w\.pt"):
        prepared(settings(pictures, tmp_path / "run", model="resnet18", weights=weights))


def begun(pictures: Path, out: Path, **options: Any) -> TrainConfig:
    wanted = settings(pictures, out, **{"checkpoint_seconds": 0.0, **options})
    with pytest.raises(Stopped):
        fitted(wanted, stop_after=5)
    return wanted


@pytest.mark.parametrize("change", ["new", "gone", "other", "moved"])
def test_a_run_of_other_pictures_is_refused(pictures: Path, tmp_path: Path, change: str) -> None:
    """The sentence names a picture; --fresh begins anew."""
    wanted = begun(pictures, tmp_path / "run")
    victim = prepared(wanted).surveyed.parts.train.sources[0].id
    words = {
        "new": "'spots/new.png' is new", "gone": f"{victim!r} is gone", "other": f"{victim!r} holds something else",
        "moved": "is new",
    }[change]  # fmt: skip
    if change == "new":
        put(pictures / "spots/new.png", drawn("spots", 99))
    elif change == "gone":
        (pictures / victim).unlink()
    elif change == "other":
        put(pictures / victim, drawn("spots", 99))
    else:
        (pictures / victim).rename(pictures / "spots" / "moved.png")
    with pytest.raises(ArgumentError, match=words):
        fitted(wanted)
    checkpoint = tmp_path / "run/checkpoints/last.pt"
    assert checkpoint.exists()
    ready = prepared(wanted)
    open_run(tmp_path / "run", ready, is_fresh=True)
    assert not checkpoint.exists()
    fitted(wanted)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": 0.1}, r"rate must be null, got 0\.1"), ({"seed": 1}, "seed must be 0, got 1"),
        ({"epochs": 9}, "epochs must be 3, got 9"), ({"pipeline": "digits"}, "pipeline must be null"),
        ({"input": (40, 32, 3)}, r"model\.preprocessing\.size"), ({"threads": 2}, "threads must be 1, got 2"),
        ({"split_seed": 4}, "data: .* is put elsewhere"), ({"class_weights": {"plain": 2.0}}, "class_weights"),
    ],
)  # fmt: skip
def test_a_run_of_other_settings_is_refused(pictures: Path, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    wanted = begun(pictures, tmp_path / "run")
    with pytest.raises(ArgumentError, match=f"{words}.*pass --fresh to start anew"):
        fitted(wanted.replaced(**change))


def test_what_changes_nothing_may_change(pictures: Path, tmp_path: Path) -> None:
    wanted = begun(pictures, tmp_path / "run")
    moved = shutil.move(pictures, tmp_path / "elsewhere")
    fitted(wanted.replaced(data=str(moved), max_rejected=0.5, checkpoint_every=2))


def test_a_folder_with_something_else_is_refused(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.tex").write_text("precious")
    for is_fresh in (False, True):
        with pytest.raises(FileError, match=r"thesis\.tex"):
            open_run(tmp_path / "run", prepared(settings(pictures, tmp_path / "run")), is_fresh)
    (tmp_path / "run/settings.json").write_text("{}")
    with pytest.raises(FileError, match="damaged file"):
        open_run(tmp_path / "run", prepared(settings(pictures, tmp_path / "run")), is_fresh=False)
    assert (tmp_path / "run/thesis.tex").read_text() == "precious"


@pytest.mark.parametrize("deciding", [{"split_law": "x"}, {"split_law": None}, {"pipeline": {"behaviour": []}}])
def test_books_of_no_run_are_told(tmp_path: Path, deciding: object) -> None:
    books = {"settings": {}, "effective": {}, "deciding": deciding}
    (tmp_path / "settings.json").write_text(json.dumps(books))
    for asked in (law_of, behaviour_of):
        with pytest.raises(FileError, match="damaged file"):
            asked(tmp_path)


@pytest.mark.slow
def test_fresh_removes_what_a_run_wrote_and_no_more(pictures: Path, tmp_path: Path) -> None:
    """Every file of a whole run goes, whatever it learns; what a user put beside them stays."""
    out, names = tmp_path / "run", [path.relative_to(pictures) for path in sorted(pictures.rglob("*.png"))]
    rows = [f"{name},{place % 5}.5" for place, name in enumerate(names)]
    (pictures / "numbers.csv").write_text("\n".join(["filename,label", *rows]))
    weights = weights_file(tmp_path / "w.pt", NAME)
    frozen = settings(pictures, out, model=NAME, weights=weights, epochs=1)
    for wanted in (frozen, settings(pictures / "numbers.csv", out, epochs=1)):
        train(wanted)
        (out / "log.csv.unfinished").write_text("")
        (out / ".0123abcd.augkit").write_text("")
        own = [out / name for name in ("notes.txt", "checkpoints/kept.pt", "features/why.md", "plots/report.html")]
        for path in own:
            path.parent.mkdir(exist_ok=True)
            path.write_text("precious")
        open_run(out, prepared(wanted.replaced(seed=1)), is_fresh=True)
        begun_anew = {out / name for name in ("settings.json", "pictures.jsonl", "rejected.jsonl")}
        assert {path for path in out.rglob("*") if path.is_file()} == {*own, *begun_anew}
        shutil.rmtree(out)
    train(frozen)
    open_run(out, prepared(frozen.replaced(seed=1)), is_fresh=True)
    assert not [path for path in out.iterdir() if path.is_dir()]


@pytest.mark.parametrize(("data", "out"), [("set", "set/run"), ("set", "set"), ("run/set", "run"), ("set", "x/../set")])
def test_a_run_in_its_data_set_is_refused(tmp_path: Path, data: str, out: str) -> None:
    """Its figures would be pictures of it the next time; and a run's folder is no place for a data set."""
    trainings.fill(tmp_path / data)
    before = sorted(tmp_path.rglob("*"))
    for place in (tmp_path / data, Path(os.path.relpath(tmp_path / data))):
        with pytest.raises(ArgumentError, match=r"^out: must lie outside .*set.* Choose another --out\.$"):
            train(settings(place, tmp_path / out))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_loss_that_is_no_number_ends_the_training(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="Pass a smaller --rate, or --clip 1") as caught:
        fitted(settings(pictures, tmp_path / "run", optimizer="sgd", rate=1000.0, epochs=20))
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("model", ["lenet", "resnet18"])
def test_weights_that_the_last_step_made_no_numbers_end_the_training(
    pictures: Path, tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No loss comes after it; the whole network, or a frozen one's head."""
    weights = None if model == "lenet" else weights_file(tmp_path / "w.pt", model)
    monkeypatch.setattr("augkit.train.loop.training_loop.set_rates", lambda optimizer, part: set_rates(optimizer, 1e38))
    options = {"optimizer": "sgd", "batch_size": 64, "epochs": 1, "model": model, "weights": weights}
    with pytest.raises(Diverged, match=r"must be a number, got NaN or infinity\. Pass a smaller --rate, or --clip 1"):
        train(settings(pictures, tmp_path / "run", **options))
    assert not (tmp_path / "run/model.safetensors").exists()


def test_the_model_is_chosen_by_the_pictures_size(tmp_path: Path) -> None:
    small = prepared(TrainConfig(data=str(trainings.fill(tmp_path / "small", each=8)), out=str(tmp_path / "run")))
    assert (small.config.model, small.config.weights, small.config.input) == ("resnet_small", None, (28, 28, 3))
    assert small.config.keep == "last"
    large = prepared(
        TrainConfig(data=str(trainings.fill(tmp_path / "large", each=8, side=80)), out=str(tmp_path / "run"))
    )
    assert (large.config.model, large.config.weights) == ("efficientnet_lite0", "pretrained")
    assert large.schedule.is_frozen(0)


def test_grey_pictures_are_learnt_from_as_such(tmp_path: Path) -> None:
    for kind in CLASSES:
        for number in range(12):
            put(tmp_path / "data" / kind / f"{number}.png", drawn(kind, number)[:, :, 0])
    ready = prepared(TrainConfig(data=str(tmp_path / "data"), out=str(tmp_path / "run")))
    assert ready.architecture.preprocessing.channels == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_goes_during_the_training_is_named(pictures: Path, tmp_path: Path, workers: int) -> None:
    ready = prepared(settings(pictures, tmp_path / "run", pipeline="digits", workers=workers, wait=0))
    training, _ = begin(ready)
    victim = ready.surveyed.parts.train.sources[0].id
    (pictures / victim).unlink()
    with pytest.raises(FileError, match=r"^\S*.*" + victim) as caught:
        _ = [list(pieces) for pieces in training.pictures(0, 0)]
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)
