"""Ridge regression and a logistic regression for each label: what scikit-learn finds, and copies kept together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from augkit.train import train
from augkit.train.rivals.linear_fit import SURE, fit_for
from augkit.train.rivals.ridge import PENALTIES, USUAL, fit_ridge
from augkit.train.tasks import task_for
from support import trainings
from support.folders import put
from support.trainings import settings


def rows_of(count: int, width: int, noise: float = 0.1) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features (n, F) of very different scales and two numbers that they tell of (n, 2)."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(count, width))
    numbers = rows @ random.normal(size=(width, 2)) + noise * random.normal(size=(count, 2))
    scaled = (numbers - numbers.mean(0)) / numbers.std(0)
    return torch.from_numpy(rows * np.geomspace(0.01, 100, width) + 5).float(), torch.from_numpy(scaled).float()


@pytest.mark.parametrize("width", [5, 90])
def test_it_is_ridge_regression_on_standardised_features(width: int) -> None:
    """Whether there are more rows than features or fewer."""
    features, numbers = rows_of(60, width)
    found = fit_ridge(features, numbers, list(map(str, range(60))), 0)
    assert found.strength in PENALTIES
    rows = StandardScaler().fit_transform(features.double())
    usual = Ridge(alpha=found.strength * (rows**2).sum() / 60).fit(rows, numbers)
    assert found.logits(features).numpy() == pytest.approx(usual.predict(rows), abs=1e-3)


def test_more_noise_asks_for_a_larger_penalty() -> None:
    groups = list(map(str, range(80)))
    sure, unsure = (fit_ridge(*rows_of(80, 60, noise), groups, 0).strength for noise in (0.01, 30.0))
    assert sure < unsure


def test_copies_stay_on_one_side_of_a_fold() -> None:
    """Numbers that are chance are told by heart, and only copies on the other side would praise that."""
    features, _ = rows_of(60, 40)
    numbers = torch.from_numpy(np.random.default_rng(1).normal(size=(60, 1))).float()
    names = list(map(str, range(60)))
    together = fit_ridge(features.repeat(4, 1), numbers.repeat(4, 1), names * 4, 0)
    apart = fit_ridge(features.repeat(4, 1), numbers.repeat(4, 1), list(map(str, range(240))), 0)
    assert together.strength > apart.strength
    assert fit_ridge(features[:5], numbers[:5], names[:5], 0).strength == USUAL


def test_each_label_is_told_from_the_pictures_without_it() -> None:
    features, numbers = rows_of(90, 6)
    truths = torch.cat([(numbers > 0).float(), torch.ones(90, 1), torch.zeros(90, 1)], 1)
    task = task_for([["a", "b", "c", "d"], ["c"]], "labels")
    found = fit_for(task, features, truths, list(map(str, range(90))), 0)
    rows = StandardScaler().fit_transform(features.double())
    usual = LogisticRegression(C=found.strength, tol=1e-8, max_iter=5000).fit(rows, truths[:, 0])
    said = found.logits(features).double().sigmoid().numpy()
    assert said[:, 0] == pytest.approx(usual.predict_proba(rows)[:, 1], abs=0.02)
    assert ((said[:, 1] > 0.5) == truths[:, 1].bool().numpy()).mean() > 0.9
    assert found.bias[2:].tolist() == [SURE, -SURE]
    heavy = fit_for(task, features, truths, list(map(str, range(90))), 0, torch.tensor([20.0, 1.0, 1.0, 1.0]))
    assert (heavy.logits(features)[:, 0] > 0).sum() > (found.logits(features)[:, 0] > 0).sum()


@pytest.mark.parametrize(
    ("kind", "name", "is_frozen"),
    [
        ("labels", "logistic regression", True),
        ("numbers", "ridge regression", True),
        ("numbers", "ridge regression", False),
    ],
)
def test_it_stands_beside_a_network_and_is_taken_where_it_is_better(
    tmp_path: Path, kind: str, name: str, is_frozen: bool
) -> None:
    rows: list[str] = []
    for place in range(24):
        drawn = trainings.CLASSES[place % 3]
        label = [drawn] if kind == "labels" else float(place % 3)
        put(tmp_path / "data" / f"{place}.png", trainings.drawn(drawn, place))
        rows.append(json.dumps({"id": f"{place}.png", "label": label}))
    (tmp_path / "data" / "list.jsonl").write_text("\n".join(rows), "utf-8")
    weights = trainings.weights_file(tmp_path / "w.pt", "lenet", outputs=3) if is_frozen else None
    wanted = settings(tmp_path / "data" / "list.jsonl", tmp_path / "run", weights=weights, rate=1e-9, epochs=1)
    result = train(wanted)
    constant, entry = result.metrics["baselines"]
    assert entry["name"] == name
    assert entry["is_taken"] == is_frozen
    assert (entry["headline"] == result.metrics["headline"]) == is_frozen
    assert constant["name"] != name
