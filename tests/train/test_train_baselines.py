"""Baselines that a network is measured by, and figures in which small classes count."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score, mean_absolute_error

from augkit.cli.train_command import _told
from augkit.train import train
from augkit.train.metrics import measure
from augkit.train.rivals.baselines import constant_answer, told
from augkit.train.setup import prepare
from augkit.train.tasks import Evaluation
from support import trainings
from support.artefacts import CLASSES, LABELS, NUMBERS, spoken
from support.folders import put
from support.trainings import drawn, settings


def test_the_majority_class_is_that_of_the_training_pictures() -> None:
    """As scikit-learn's dummy has it; what is most frequent among those reported on is not known in advance."""
    found = spoken(CLASSES, 40)
    learnt = torch.tensor([1] * 9 + [0] * 5 + [2] * 3)
    (entry,) = constant_answer(found, learnt)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((17, 1)), learnt)
    assert entry["headline"]["value"] == pytest.approx(dummy.score(np.zeros((40, 1)), found.encoded))
    assert entry["name"] == f"always {CLASSES.names[1]!r}"
    assert entry["headline"]["low"] < entry["headline"]["value"] < entry["headline"]["high"]


def test_labels_and_numbers_have_such_an_answer_too() -> None:
    (entry,) = constant_answer(spoken(LABELS, 40), torch.tensor([[0.0] * LABELS.outputs, [1.0] * LABELS.outputs]))
    shares = np.asarray(spoken(LABELS, 40).truths).mean(axis=0)
    assert entry["headline"]["value"] == pytest.approx(shares[shares > 0].mean())
    found = spoken(NUMBERS, 40)
    learnt = torch.tensor(np.random.default_rng(0).normal(size=(21, NUMBERS.outputs)))
    (entry,) = constant_answer(found, learnt)
    medians = np.median(NUMBERS.truths(learnt.numpy()), axis=0)
    wanted = mean_absolute_error(found.truths, np.repeat(medians[None], 40, axis=0))
    assert entry["headline"]["value"] == pytest.approx(wanted)


def test_balanced_accuracy_is_the_mean_over_the_classes() -> None:
    truths = np.array([0] * 97 + [1] * 2 + [2])
    outputs = np.eye(3)[np.where(truths == 1, 0, truths)]
    metrics = measure(Evaluation(tuple(map(str, range(100))), outputs, truths, CLASSES))
    named = outputs.argmax(axis=1)
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(truths, named))
    assert metrics["accuracy"] == 0.98


def uneven(root: Path, few: int, many: int) -> Path:
    for kind, count in (("plain", many), ("spots", few)):
        for place in range(count):
            put(root / kind / f"{place:03d}.png", drawn(kind, place))
    return root


@pytest.mark.parametrize(("few", "is_told"), [(10, True), (40, False)])
def test_a_class_with_a_tenth_of_another_is_named(tmp_path: Path, few: int, is_told: bool) -> None:
    said: list[str] = []
    ready = prepare(settings(uneven(tmp_path / "data", few, 160), tmp_path / "run"), said.append, lambda *_: None)
    counts = [sum(source.label == name for source in ready.surveyed.parts.train.sources) for name in ("spots", "plain")]
    beginning = f"A class has at most a tenth of the {counts[1]:,} training pictures of 'plain': 'spots' {counts[0]}."
    (*_,) = found = [sentence for sentence in said if sentence.startswith(beginning)]
    assert len(found) == is_told
    if is_told:
        assert "Pass --balance or --class-weights auto" in found[0]
        said.clear()
        weighted = settings(tmp_path / "data", tmp_path / "run", class_weights="auto")
        prepare(weighted, said.append, lambda *_: None)
        assert any(sentence.startswith(beginning) and "Pass" not in sentence for sentence in said)


def test_every_run_tells_it_on_the_terminal_in_the_report_and_in_its_result(tmp_path: Path) -> None:
    result = train(settings(trainings.fill(tmp_path / "data", each=12), tmp_path / "run", epochs=1))
    entry: dict[str, Any] = result.metrics["baselines"][0]
    sentence = told(result.metrics)
    assert sentence in _told(result)
    assert sentence.startswith(f"Balanced accuracy {100 * result.metrics['balanced_accuracy']:.1f} %. Beside it: ")
    assert f"{entry['name']} {100 * entry['headline']['value']:.1f} %" in sentence
    page = (tmp_path / "run/report.html").read_text()
    assert "Beside it: always" in page
    assert json.loads(json.dumps(result.metrics)) == result.metrics
