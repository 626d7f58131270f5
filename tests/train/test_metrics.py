"""Figures: scikit-learn's, sound where a class is missing, and calibration that does what it says."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, average_precision_score, classification_report, f1_score, r2_score

from augkit.errors import SampleError
from augkit.train.metrics import BINS, fit_temperature, measure, reliability
from augkit.train.report.reliability import Reliability
from augkit.train.tasks import Evaluation, Task
from augkit.train.tasks.classes_task import Classes
from augkit.train.tasks.headline import Headline
from augkit.train.tasks.labels_task import Labels
from augkit.train.tasks.numbers_task import Numbers
from support.artefacts import CLASSES, LABELS, NUMBERS, spoken

THREE = Classes(("a", "b", "c"))


def evaluation(truths: list[int], named: list[int], task: Task = THREE, sure: float = 3.0) -> Evaluation:
    """Return an evaluation of pictures that were given these names."""
    outputs = np.zeros((len(named), task.outputs))
    outputs[np.arange(len(named)), named] = sure
    return Evaluation(tuple(map(str, range(len(named)))), outputs, np.array(truths), task)


def headline(found: Evaluation) -> Headline:
    return found.task.headline(found)


def loss_of(found: Evaluation, temperature: float = 1.0) -> float:
    return calibrated(found, temperature).log_loss


def calibrated(found: Evaluation, temperature: float = 1.0) -> Reliability:
    told = reliability(found, temperature)
    assert told is not None
    return told


def assert_plain(figures: dict[str, Any]) -> None:
    """Assert that JSON holds the figures, without NaN."""
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def miscalibrated(factor: float, count: int = 4000, seed: int = 0) -> Evaluation:
    """Return logits that are `factor` times those which the truths were drawn from."""
    generator = np.random.default_rng(seed)
    honest = generator.normal(0, 1.5, (count, 3))
    truths = [int(generator.choice(3, p=row)) for row in softmax(honest, axis=1)]
    return Evaluation(tuple(map(str, range(count))), honest * factor, np.array(truths), THREE)


@pytest.mark.parametrize("task", [CLASSES, LABELS, NUMBERS])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_figures_are_plain_and_the_headline_is_among_them(task: Task, count: int) -> None:
    found = spoken(task, count)
    figures = measure(found, 1.3)
    assert_plain(figures)
    assert figures["count"] == count
    top = headline(found)
    assert figures["headline"]["value"] == top.value
    if top.low is not None and top.high is not None:
        assert top.low <= top.value <= top.high


def test_classes_are_scikit_learns() -> None:
    found = spoken(THREE, 90, noise=2.0)
    figures, named = measure(found), found.outputs.argmax(axis=1)
    report = classification_report(found.encoded, named, target_names=THREE.names, output_dict=True)
    assert figures["accuracy"] == accuracy_score(found.encoded, named)
    assert figures["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"])
    for row in figures["per_class"]:
        for key, name in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score"), ("support", "support")):
            assert row[key] == pytest.approx(report[row["name"]][name])
    assert np.sum(figures["confusion"]) == 90
    assert np.trace(figures["confusion"]) == round(90 * figures["accuracy"])
    assert found.task.score(found) == figures["accuracy"]


def test_the_interval_is_wilsons() -> None:
    top = headline(evaluation([0] * 10, [0] * 9 + [1]))
    p, n, z = 0.9, 10, 1.959963984540054
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert top.low == pytest.approx((middle - half) / (1 + z * z / n))
    assert top.high == pytest.approx((middle + half) / (1 + z * z / n))
    perfect = headline(evaluation([0, 1, 2], [0, 1, 2]))
    assert perfect.low is not None
    assert perfect.low < 0.5
    assert perfect.high == 1.0


def test_a_class_without_pictures_is_left_out_of_means() -> None:
    figures = measure(evaluation([0, 0, 1, 1], [0, 1, 1, 1]))
    assert figures["absent"] == ["c"]
    assert figures["macro_f1"] == pytest.approx(f1_score([0, 0, 1, 1], [0, 1, 1, 1], average="macro"))
    unseen = dict.fromkeys(("precision", "recall", "low", "high", "f1"))
    assert figures["per_class"][2] == {"name": "c", **unseen, "support": 0}
    named = measure(evaluation([0, 0, 1, 1], [0, 2, 1, 1]))["per_class"]
    assert named[2]["precision"] == 0.0
    assert named[2]["recall"] is None
    never = measure(evaluation([0, 1, 2], [0, 1, 1]))["per_class"][2]
    assert (never["precision"], never["recall"], never["f1"]) == (None, 0.0, 0.0)


def test_one_class_alone_and_one_picture_are_measured() -> None:
    for found in (evaluation([1], [1]), evaluation([1], [0]), evaluation([0, 0], [0, 0])):
        assert_plain(measure(found, fit_temperature(found)))


def test_labels_are_scikit_learns() -> None:
    found = spoken(LABELS, 60, noise=3.0)
    figures, named = measure(found), (found.outputs >= 0).astype(int)
    wanted = average_precision_score(found.encoded, found.outputs, average="macro")
    assert figures["mean_average_precision"] == pytest.approx(wanted)
    assert found.task.score(found) == pytest.approx(wanted)
    assert figures["macro_f1"] == pytest.approx(f1_score(found.encoded, named, average="macro"))
    assert figures["micro_f1"] == pytest.approx(f1_score(found.encoded, named, average="micro"))
    assert figures["exact"] == np.mean((named == found.encoded).all(axis=1))
    alike = np.round(found.outputs / 2)  # many are held to be equally likely
    wanted = average_precision_score(found.encoded, alike, average="macro")
    assert found.task.score(Evaluation(found.ids, alike, found.encoded, LABELS)) == pytest.approx(wanted)


def test_a_label_without_pictures_is_left_out_of_means() -> None:
    whole = spoken(LABELS, 30)
    targets = whole.encoded.copy()
    targets[:, 2] = 0
    figures = measure(Evaluation(whole.ids, whole.outputs, targets, LABELS))
    assert figures["absent"] == ["wide"]
    assert figures["per_class"][2]["average_precision"] is None
    two = average_precision_score(targets[:, :2], whole.outputs[:, :2], average="macro")
    assert figures["mean_average_precision"] == pytest.approx(two)
    nothing = Evaluation(whole.ids, whole.outputs, np.zeros_like(targets), LABELS)
    assert_plain(measure(nothing))
    assert measure(nothing)["mean_average_precision"] is None
    assert (headline(nothing).name, headline(nothing).value) == ("All labels right", measure(nothing)["exact"])
    assert nothing.task.score(nothing) == -loss_of(nothing)
    assert_plain(measure(Evaluation(("a", "b"), np.array([[1.0], [-1.0]]), np.array([[1], [1]]), Labels(("x",)))))


def test_numbers_are_in_the_units_of_the_labels() -> None:
    found = spoken(NUMBERS, 50)
    figures = measure(found)
    truths, said = found.encoded * [10, 0.5] + [5, -2], found.outputs * [10, 0.5] + [5, -2]
    assert figures["mae"] == pytest.approx(np.abs(truths - said).mean())
    assert figures["per_value"][1]["rmse"] == pytest.approx(np.sqrt(np.mean((truths - said)[:, 1] ** 2)))
    assert figures["r2"] == pytest.approx(r2_score(truths, said))
    assert found.task.score(found) == figures["r2"]


def test_numbers_that_are_all_the_same_have_no_r2() -> None:
    same = Evaluation(
        ("a", "b", "c"), np.array([[0.1], [0.2], [0.3]]), np.zeros((3, 1)), Numbers(("x",), (1.0,), (2.0,))
    )
    figures = measure(same)
    assert figures["r2"] is None
    assert figures["mae"] == pytest.approx(0.4)
    assert same.task.score(same) == -figures["rmse"]


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_what_was_done(factor: float) -> None:
    found = miscalibrated(factor)
    temperature = fit_temperature(found)
    assert temperature == pytest.approx(factor, rel=0.08)
    assert calibrated(found, temperature).error < 0.03
    assert loss_of(found, temperature) <= loss_of(found)
    if factor != 1.0:
        assert calibrated(found).error > 0.05


@pytest.mark.parametrize("task", [CLASSES, LABELS])
def test_the_temperature_never_raises_the_loss_it_was_fitted_to(task: Task) -> None:
    for seed in range(5):
        found = spoken(task, 30, seed, noise=2.0)
        temperature = fit_temperature(found)
        assert 0.01 <= temperature <= 100
        assert loss_of(found, temperature) <= loss_of(found)


@pytest.mark.parametrize(("task", "kept"), [(CLASSES, "accuracy"), (LABELS, "macro_f1")])
def test_a_temperature_changes_no_name(task: Task, kept: str) -> None:
    found = spoken(task, 30, noise=2.0)
    assert measure(found)[kept] == measure(found, 3.0)[kept]


def test_nothing_is_concluded_from_answers_that_are_all_right() -> None:
    assert fit_temperature(evaluation([0, 1, 2], [0, 1, 2])) == 1.0
    assert fit_temperature(spoken(NUMBERS)) == 1.0
    assert fit_temperature(evaluation([0, 1, 2], [1, 2, 0])) == pytest.approx(100, rel=0.01)


def test_a_temperature_is_fitted_without_a_picture_of_every_class() -> None:
    assert 0.01 <= fit_temperature(evaluation([0, 0, 1, 1], [0, 1, 1, 1])) <= 100


def test_every_class_has_wilsons_interval() -> None:
    found = spoken(THREE, 90, noise=2.0)
    for row in measure(found)["per_class"]:
        right = int(
            ((found.encoded == THREE.names.index(row["name"])) & (found.outputs.argmax(1) == found.encoded)).sum()
        )
        low, high = binomtest(right, row["support"]).proportion_ci(0.95, method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((low, high))


def surely(sure: NDArray[Any], right: NDArray[Any]) -> Evaluation:
    """Return an evaluation of pictures that were answered so surely, and rightly or not."""
    outputs = np.log(np.stack([sure, (1 - sure) * 0.6, (1 - sure) * 0.4], axis=1))
    return Evaluation(tuple(map(str, range(len(sure)))), outputs, np.where(right, 0, 1), THREE)


def test_the_calibration_error_is_that_of_bins_by_count() -> None:
    """Of 60 answers in three bins of 20, by hand: those that are equally sure lie in one, whatever their order."""
    generator = np.random.default_rng(1)
    sure = np.repeat([0.7, 0.8, 0.97], 20)
    right = np.concatenate([np.arange(20) < hits for hits in (11, 18, 20)])
    order = generator.permutation(60)
    told = calibrated(surely(sure[order], right[order]))
    assert told.counts == (20, 20, 20)
    assert told.confidence == pytest.approx((0.7, 0.8, 0.97))
    assert told.accuracy == pytest.approx((0.55, 0.9, 1.0))
    assert told.error == pytest.approx((0.15 + 0.1 + 0.03) / 3)
    assert told.intervals[0] == pytest.approx(binomtest(11, 20).proportion_ci(0.95, method="wilson"))


@pytest.mark.parametrize(("count", "bins"), [(1, 1), (39, 1), (40, 2), (4000, BINS)])
def test_no_bin_has_too_few_answers(count: int, bins: int) -> None:
    sure = np.random.default_rng(0).uniform(0.6, 0.99, count)
    counts = calibrated(surely(sure, sure > 0.7)).counts
    assert len(counts) == bins
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == count


def test_answers_that_are_all_equally_sure_are_one_bin() -> None:
    told = calibrated(surely(np.full(900, 0.9), np.arange(900) < 450))
    assert told.counts == (900,)
    assert told.error == pytest.approx(0.4)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(SampleError, match="one picture at least"):
        Evaluation((), np.zeros((0, 3)), np.zeros(0), THREE)
    with pytest.raises(SampleError, match="must have shapes"):
        Evaluation(("a",), np.zeros((1, 2)), np.zeros(1), THREE)
    with pytest.raises(SampleError, match="diverged"):
        Evaluation(("a",), np.full((1, 3), np.nan), np.zeros(1), THREE)
