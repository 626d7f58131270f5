"""Logistic regression beside a head: it is scikit-learn's, keeps together what belongs so, and is taken if better."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import Tensor

from augkit.train import predict, train
from augkit.train.files.artefact import load
from augkit.train.models import architecture
from augkit.train.models.network import Network
from augkit.train.rivals.linear_head import STRENGTHS, USUAL, fit_linear
from augkit.train.rivals.log_losses import is_gain
from augkit.train.several.joined_networks import joined
from support import trainings
from support.trainings import INPUT, settings


def clusters(count: int, width: int, classes: int = 3, apart: float = 1.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return features (n, F) around a centre for each class, of very different scales, and the classes (n,)."""
    random = np.random.default_rng(seed)
    truths = np.arange(count) % classes
    rows = random.normal(size=(count, width)) + apart * random.normal(size=(classes, width))[truths]
    return torch.from_numpy(rows * np.geomspace(0.01, 100, width) + 5).float(), torch.from_numpy(truths)


def names(count: int) -> list[str]:
    return [f"{place}" for place in range(count)]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("width", [6, 90])
def test_it_is_logistic_regression_on_standardised_features(width: int, classes: int) -> None:
    """Whether there are more rows than features or fewer."""
    features, truths = clusters(60, width, classes)
    found = fit_linear(features, truths, names(60), classes, 0)
    assert found.strength in STRENGTHS
    scaler = StandardScaler().fit(features.double())
    usual = LogisticRegression(C=found.strength, tol=1e-8, max_iter=5000).fit(scaler.transform(features), truths)
    probabilities = found.logits(features).double().softmax(1).numpy()
    assert probabilities == pytest.approx(usual.predict_proba(scaler.transform(features)), abs=0.02)


def test_the_number_of_threads_changes_no_bit() -> None:
    features, truths = clusters(200, 300)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(fit_linear(features, truths, names(200), 3, 0))
    assert torch.equal(found[0].weight, found[1].weight)
    assert torch.equal(found[0].bias, found[1].bias)


def test_copies_of_one_original_stay_on_one_side_of_a_fold() -> None:
    """Classes that are chance are told by heart, and only copies on the other side would praise that."""
    features, _ = clusters(60, 40, apart=0.0)
    truths = torch.from_numpy(np.random.default_rng(1).integers(0, 2, 60))
    copies, classes = features.repeat(4, 1), truths.repeat(4)
    together = fit_linear(copies, classes, names(60) * 4, 2, 0)
    apart = fit_linear(copies, classes, names(240), 2, 0)
    assert together.strength <= 1e-3 < 0.1 <= apart.strength


def test_a_class_without_rows_is_never_named() -> None:
    features, truths = clusters(30, 8, classes=2)
    found = fit_linear(features, 2 * truths, names(30), 4, 0)
    assert set(found.logits(features).argmax(1).tolist()) <= {0, 2}


@pytest.mark.parametrize(("count", "classes"), [(2, 2), (4, 2), (6, 3), (9, 3), (40, 20)])
def test_too_few_for_folds_take_the_usual_strength(count: int, classes: int) -> None:
    features, truths = clusters(count, 8, classes)
    assert fit_linear(features, truths, names(count), classes, 0).strength == USUAL


def test_many_classes_take_no_hours() -> None:
    features, truths = clusters(1200, 300, classes=400, apart=3.0)
    began = time.process_time()
    found = fit_linear(features, truths, names(1200), 400, 0)
    assert time.process_time() - began < 30
    assert (found.logits(features).argmax(1) == truths).float().mean() > 0.9


def test_networks_are_not_joined_for_what_may_be_chance() -> None:
    """One picture of fifty that gains is none; a little for almost all of them is one."""
    before = np.full(50, 0.3)
    lucky, sure = before.copy(), before - 0.02 + np.random.default_rng(0).normal(0.0, 0.05, 50)
    lucky[0] -= 0.2
    assert not is_gain(before, lucky)
    assert is_gain(before, sure)
    assert not is_gain(before, before)
    assert not is_gain(before[:1], before[:1] - 1.0)


def test_weights_of_classes_count() -> None:
    features, truths = clusters(90, 8, classes=2, apart=0.2)
    plain = fit_linear(features, truths, names(90), 2, 0)
    heavy = fit_linear(features, truths, names(90), 2, 0, torch.tensor([1.0, 50.0]))
    named = [int((head.logits(features).argmax(1) == 1).sum()) for head in (plain, heavy)]
    assert named[0] < named[1]


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "is_taken"), [(1e-9, True), (4e-3, False)])
def test_it_is_taken_where_it_is_better_on_the_pictures_that_choose(
    tmp_path: Path, rate: float, is_taken: bool
) -> None:
    """A head that learns nothing loses to it; one that is as good does not, and the mean of both is kept."""
    data = trainings.fill(tmp_path / "data", each=20)
    weights = trainings.weights_file(tmp_path / "w.pt", "lenet", outputs=3)
    said: list[str] = []
    wanted = settings(data, tmp_path / "run", weights=weights, rate=rate, epochs=20, seed=1)
    result = train(wanted, tell=said.append)
    (entry,) = [one for one in result.metrics["baselines"] if one["name"] == "logistic regression"]
    assert entry["is_taken"] == is_taken
    assert any("did better on the pictures that choose" in sentence for sentence in said) == is_taken
    assert entry["is_joined"] != is_taken
    assert any("is the mean of the trained one and of logistic regression" in sentence for sentence in said) != is_taken
    kept = load(tmp_path / "run")
    if is_taken:
        assert entry["headline"] == result.metrics["headline"]
        began = architecture("lenet", 3, INPUT).build(1)
        assert not torch.equal(_weight(kept.network), _weight(began))
        again = load(train(wanted.replaced(out=str(tmp_path / "other"), cache=False)).out)
        assert torch.equal(_weight(kept.network), _weight(again.network))


def _weight(network: Network) -> Tensor:
    weight = network.last_layer.weight
    assert isinstance(weight, Tensor)
    return weight


@pytest.mark.slow
@pytest.mark.parametrize("model", ["lenet", "resnet_small"])
def test_beside_a_network_from_scratch_it_looks_at_edges(tmp_path: Path, model: str) -> None:
    """Lines and spots are told apart by them, whatever the network has learnt; the small one is joined with them."""
    data = trainings.fill(tmp_path / "data", each=20)
    said: list[str] = []
    wanted = settings(data, tmp_path / "run", model=model, epochs=2, pipeline="digits")
    result = train(wanted, tell=said.append)
    (entry,) = [one for one in result.metrics["baselines"] if one["name"] == "logistic regression"]
    assert "edges" in entry["on"]
    assert not entry["is_taken"]
    assert entry["headline"]["value"] > 0.8
    kept = load(tmp_path / "run")
    assert kept.architecture.name == ("lenet" if model == "lenet" else "ensemble")
    assert any("is joined with logistic regression on edges" in sentence for sentence in said) == (model != "lenet")
    if model == "lenet":
        return
    rows = list(predict(kept, [str(data)]))
    named = [row.path for row in rows if row.answers is not None and kept.task.label(row.answers) in row.path]
    assert len(named) > 0.8 * len(rows)
    _, architecture = joined([kept, kept])
    assert [data["name"] for data in architecture.arguments["members"]] == ["resnet_small", "edges"] * 2
    pictures = torch.rand(2, 3, *INPUT[:2])
    whole, _ = joined([replace(kept, temperature=1.0)] * 2)
    with torch.no_grad():
        assert torch.allclose(kept.network(pictures), whole(pictures), atol=1e-5)
