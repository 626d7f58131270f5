"""Verdicts of a choice, on judgements that are made up: who is harmed is named, and noise is no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pytest

from augkit.choose.candidates import Candidate, Edge
from augkit.choose.choice_report import ChoiceReport
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.held_out import Judge, Outcome
from augkit.choose.search import Found, Judged, Left
from augkit.choose.verdict import verdict_on
from augkit.core.arrays import Array, Indices, JsonObject, Reals
from augkit.pipeline import Pipeline
from augkit.train.trials.evidence import gain
from augkit.train.trials.learner import Learner, Learnt
from augkit.transforms.geometry import Mirror, Rotate

REPEATS, EACH, FOLDS = 3, 40, 4
NAMES = ("cat", "left", "few")
CLASSES = np.array([0] * EACH + [1] * EACH + [2] * 9)
DEALT = np.stack([(np.arange(len(CLASSES)) * 7 + repeat) % FOLDS for repeat in range(REPEATS)])


@final
@dataclass(frozen=True, eq=False)
class Told(Learnt):
    """Chances that were made up: those of a view's first number."""

    better: float

    def log_chances(self, view: Array) -> Reals:
        rows = np.zeros((len(view), 3))
        rows[:, 0] = view[:, 0] + self.better
        found: Reals = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
        return found


@final
@dataclass(frozen=True)
class Teller(Learner):
    """Learn nothing but how many copies there are: of augmented ones, `better` is added to the first class."""

    better: float

    def learnt(self, views: Sequence[Array], classes: Array, seed: int) -> Told:
        return Told(self.better * (len(views) > 1) + 0.01 * seed)

    def described(self) -> JsonObject:
        return {}


def _judge(better: float) -> Judge:
    return Judge(lambda pipeline, copy: np.zeros((len(CLASSES), 1)), Teller(better), CLASSES, DEALT, 2, 0)


def _judged(candidate: Candidate, less: Reals, none: Reals) -> Judged:
    loss = none - less
    outcome = Outcome(loss, loss < 0.7, np.ones(len(CLASSES)), np.ones(len(CLASSES)))
    return Judged(candidate, outcome, gain(less, DEALT), gain((loss < 0.7).astype(np.float64) - (none < 0.7), DEALT))


def _found(less: Reals, seed: int = 0) -> Found:
    """Return what a search finds where the best lowers the loss of each picture by so much."""
    none = np.random.default_rng(seed).gamma(2.0, 0.3, (1, len(CLASSES))) * np.ones((REPEATS, 1))
    best = Candidate("both", Pipeline([Mirror(), Rotate()]), "built")
    half = _judged(Candidate("without Mirror", Pipeline([Rotate()]), "built"), np.abs(less) * 0.1, none)
    judged = [_judged(Candidate("none", None), 0 * less, none), _judged(best, less, none)]
    return Found((judged[0],), (), tuple(judged[::-1]), judged[1], True, (Left("Mirror", half, half.gain),))


def _less(of_class: Sequence[float], seed: int = 1) -> Reals:
    noise = np.random.default_rng(seed).normal(0.0, 0.1, (REPEATS, len(CLASSES)))
    found: Reals = np.array(of_class, np.float64)[CLASSES] + noise
    return found


NOBODY: tuple[Array, Indices] = np.zeros((0, 1)), np.zeros(0, np.intp)


def test_the_harmed_class_is_named_first_and_gets_what_is_better_for_it() -> None:
    verdict = verdict_on(_found(_less([0.4, -0.3, -5.0])), _judge(0.0), *NOBODY, NAMES)
    rows = {row.name: row for row in verdict.classes}
    assert [row.name for row in verdict.classes] == ["few", "left", "cat"]
    assert rows["left"].is_harmed
    assert rows["left"].own is not None
    assert rows["left"].own.name == "without Mirror"
    assert rows["cat"].is_helped
    assert rows["cat"].own is None
    assert not rows["few"].is_harmed  # of nine pictures there is no verdict
    assert rows["few"].p == 1.0


def test_by_who_chose_it_is_likely_at_most() -> None:
    assert verdict_on(_found(_less([0.4, 0.4, 0.4])), _judge(0.0), *NOBODY, NAMES).level == "likely"
    assert verdict_on(_found(_less([0.0, 0.0, 0.0])), _judge(0.0), *NOBODY, NAMES).level == "no evidence"


@pytest.mark.parametrize(("better", "level"), [(2.0, "helps"), (-2.0, "harms"), (0.0, "no evidence")])
def test_pictures_without_a_say_decide(better: float, level: str) -> None:
    others = np.random.default_rng(3).normal(0.0, 0.3, (60, 1))
    verdict = verdict_on(_found(_less([0.0, 0.0, 0.0])), _judge(better), others, np.zeros(60, np.intp), NAMES)
    assert verdict.level == level
    assert [one.other for one in verdict.comparisons] == ["none"]


def test_noise_is_called_harm_of_a_class_in_few_of_many_choices() -> None:
    told = 0
    for seed in range(150):
        found = _found(_less([0.0, 0.0, 0.0], seed), seed)
        told += any(row.is_harmed or row.is_helped for row in verdict_on(found, _judge(0.0), *NOBODY, NAMES).classes)
    assert told <= 0.05 * 150 + 5


def test_an_edge_without_steps_is_empty() -> None:
    assert Edge(None).pipeline(None, size=(8, 8)) == Pipeline([])


@pytest.mark.parametrize(("less", "said"), [(0.3, "lower by 0."), (-0.3, "higher by 0.")])
def test_a_loss_that_grew_is_called_higher(less: float, said: str) -> None:
    found = _found(_less([less] * 3))
    verdict = verdict_on(found, _judge(0.0), *NOBODY, NAMES)
    sentences = list(ChoiceReport(ChooseConfig(data="photos", out="choice"), found, verdict, 89, 0, FOLDS).told())
    assert any(said in one for one in sentences)
    assert not any("by -" in one for one in sentences)
