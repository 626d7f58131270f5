"""Targets: what labels mean, and the losses that go with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch.nn import functional

from augkit.errors import ArgumentError, SampleError
from augkit.train import train
from augkit.train.tasks import Target
from support import trainings
from support.folders import done
from support.trainings import CLASSES, manifest, prepared, settings, several


@pytest.mark.parametrize(
    ("labels", "kind", "names"),
    [
        (["b", "a", "b"], "classes", ("a", "b")),
        (["1", "2"], "classes", ("1", "2")),
        ([["b"], ["a", "b"], []], "labels", ("a", "b")),
        (['["b"]', '["a", "b"]', "[]"], "labels", ("a", "b")),
        ([1, 2.5], "numbers", ("value",)),
        (["1", "2.5"], "numbers", ("value",)),
        ([[1, 2], [3, 4.5]], "numbers", ("value 0", "value 1")),
    ],
)
def test_labels_tell_what_they_are(labels: list[Any], kind: str, names: tuple[str, ...]) -> None:
    target = Target.of(labels)
    assert (target.kind, target.names, target.outputs) == (kind, names, len(names))
    assert Target.read(json.loads(json.dumps(target.described()))) == target


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a", "a"], "two classes at least, got 'a' only"), (["a", 1], "must all be"), (["a", None], "--label"),
        ([3.0, 3.0], "must differ between pictures, got 3 for all"), ([[1.0], [1.0, 2.0]], "as many numbers"),
        ([True, False], "must be a text"), ([[], []], "must name a label"), ([[1, "a"], [2, 3]], "must be a number"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_refused(labels: list[Any], words: str) -> None:
    with pytest.raises(SampleError, match=words):
        Target.of(labels)


def test_the_kind_may_be_said() -> None:
    assert Target.of([3, 7, 3], "classes").names == ("3", "7")
    assert Target.of(["a", "b"], "labels").kind == "labels"
    assert Target.of(["3", "7"], "numbers").mean == (5.0,)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20).filter(lambda v: np.std(v) > 1e-3 * np.abs(v).max()))
def test_numbers_are_scaled_and_come_back(values: list[float]) -> None:
    target = Target.of(values)
    scaled = torch.stack([target.encode(value) for value in values])
    assert abs(float(scaled.mean())) < 1e-3
    assert abs(float(scaled.std(correction=0)) - 1.0) < 1e-3
    scale = max(map(abs, values))
    for back in (target.in_units(scaled), target.in_units(scaled.numpy())):
        np.testing.assert_allclose(np.asarray(back)[:, 0], values, rtol=1e-3, atol=1e-5 * scale)


def test_losses_are_those_of_the_kinds() -> None:
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    truth = torch.tensor([0, 1, 2, 1, 0, 2])
    classes, labels, numbers = Target("classes", ("a", "b", "c")), Target("labels", ("a", "b", "c")), Target.of([0, 2])
    weights = torch.tensor([1.0, 2.0, 0.5])
    assert classes.loss()(logits, truth) == functional.cross_entropy(logits, truth)
    expected = functional.cross_entropy(logits, truth, weight=weights, label_smoothing=0.1)
    assert classes.loss(weights, 0.1)(logits, truth) == expected
    several = functional.one_hot(truth, 3).float()
    assert labels.loss()(logits, several) == functional.binary_cross_entropy_with_logits(logits, several)
    assert numbers.loss()(logits, several) == ((logits - several) ** 2).mean()
    far = (3 * logits - several).abs()
    assert far.min() < 1.0 < far.max()
    huber = torch.where(far <= 1.0, far**2 / 2.0, far - 0.5).mean()
    assert float(numbers.loss(is_robust=True)(3 * logits, several)) == pytest.approx(float(huber), rel=1e-6)


def test_class_weights() -> None:
    classes, labels = Target("classes", ("a", "b")), Target("labels", ("a", "b"))
    truths = torch.tensor([0, 0, 0, 1])
    assert classes.weights("none", truths) is None
    auto = classes.weights("auto", truths)
    assert auto is not None
    assert (auto * torch.tensor([3.0, 1.0])).tolist() == [2.0, 2.0]  # all pictures of a class weigh alike
    assert labels.weights("auto", torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 1.0]])).tolist() == [3, 1]  # type: ignore[union-attr]
    assert classes.weights({"b": 3.0}, truths).tolist() == [1.0, 3.0]  # type: ignore[union-attr]
    with pytest.raises(ArgumentError, match="Did you mean b"):
        classes.weights({"B": 3.0}, truths)
    with pytest.raises(ArgumentError, match="must be none where the target is numbers"):
        Target.of([0, 1]).weights("auto", truths)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["list.jsonl", "list.csv"])
def test_several_labels_are_learnt(tmp_path: Path, name: str) -> None:
    data = manifest(tmp_path / "data", several, name)
    ready = prepared(settings(data, tmp_path / "run"))
    assert ready.target == Target("labels", ("marked", "striped"))
    if name == "list.csv":
        return
    result = train(settings(data, tmp_path / "run", epochs=12))
    assert result.metrics["kind"] == "labels"
    assert result.metrics["mean_average_precision"] > 0.8


def test_numbers_are_learnt(tmp_path: Path) -> None:
    data = manifest(tmp_path / "data", lambda kind, place: 100.0 + 50.0 * kind + place / 10, "list.csv", each=14)
    result = train(settings(data, tmp_path / "run", epochs=25, robust=True))
    assert result.metrics["kind"] == "numbers"
    assert result.metrics["r2"] > 0.5
    assert result.metrics["mae"] < 40.0  # in the units of the labels


def test_another_column_may_be_learnt(tmp_path: Path) -> None:
    root = trainings.fill(tmp_path / "data", each=10)
    rows = [f"{kind}/{place:03d}.png,{place}.5,{kind[0]}" for kind in CLASSES for place in range(10)]
    (root / "list.csv").write_text("image,age,letter\n" + "\n".join(rows) + "\n")
    assert prepared(settings(root / "list.csv", tmp_path / "run", label="age")).target.kind == "numbers"
    assert prepared(settings(root / "list.csv", tmp_path / "run", label="letter")).target.names == ("l", "p", "s")
    with pytest.raises(ArgumentError, match="Did you mean age"):
        prepared(settings(root / "list.csv", tmp_path / "run", label="aeg"))


NUMBERED = {"1.0": "lines", "1.5": "plain", "2.0": "spots"}


@pytest.mark.parametrize("form", [None, "folder", "webdataset"])
def test_folders_with_numbers_for_names_are_classes(tmp_path: Path, form: str | None) -> None:
    """And so are expansions of them; the texts of a CSV are numbers, in its expansion too."""
    trainings.fill(tmp_path / "named", each=10)
    for number, name in NUMBERED.items():
        (tmp_path / "named" / name).rename(tmp_path / "named" / number)
    listed = manifest(tmp_path / "listed", lambda kind, place: f"{1 + kind / 2:.1f}", "list.csv")
    for source, kind in ((tmp_path / "named", "classes"), (listed, "numbers")):
        data = source
        if form is not None:
            data = tmp_path / f"{kind}-{form}"
            done(source, data, copies=1, form=form, encoding="png")
        wanted = settings(data, tmp_path / "run")
        assert prepared(wanted).target.kind == kind
        other: Any = "numbers" if kind == "classes" else "classes"
        assert prepared(replace(wanted, task=other)).target.kind == other


@pytest.mark.parametrize("role", ["val", "test"])
def test_a_label_that_none_learns_from_is_named(tmp_path: Path, role: str) -> None:
    data = manifest(tmp_path / "data", several)
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    for place, row in enumerate(rows):
        row["split"] = ("train", "val", "test")[place % 3]
    late = [row for row in rows if row["split"] == role][:2]
    for row in late:
        row["label"] = [*row["label"], "rare"]
    data.write_text("\n".join(map(json.dumps, rows)))
    words = r"^label 'rare': must have pictures to learn from, got its 2 in the parts that judge\. Give more"
    with pytest.raises(SampleError, match=words):
        prepared(settings(data, tmp_path / "run"))
