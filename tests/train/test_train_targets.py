"""Tasks: what labels mean, and the losses that go with them."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from torch.nn import functional

from augkit.errors import ArgumentError, FileError, SampleError
from augkit.train import train
from augkit.train.tasks import TASKS, read_task, task_for
from augkit.train.tasks.classes_task import Classes
from augkit.train.tasks.labels_task import Labels
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
    task = task_for(labels)
    assert (task.kind, task.names, task.outputs) == (kind, names, len(names))
    assert read_task(json.loads(json.dumps(task.described()))) == task


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a", "a"], "two classes at least, got 'a' only"), (["a", 1], "must all be"), (["a", None], "--label"),
        ([3.0, 3.0], "must differ between pictures, got 3 for all"), ([[1.0], [1.0, 2.0]], "as many numbers"),
        ([True, False], "must all be texts, lists of texts, or numbers, got"),
        (["0.5", "1.5", "nan"], "all be numbers, or all names, got 'nan' among 2 numbers.* --task classes"),
        ([1.0, 1e300], r"at most 1e\+30, got 1e\+300"), (["a", None, None], "got 2 of 3 without"),
        ([[], []], "must name a label"), ([[1, "a"], [2, 3]], "must be a number"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_refused(labels: list[Any], words: str) -> None:
    with pytest.raises(SampleError, match=words):
        task_for(labels)


@pytest.mark.parametrize("kind", ["classes", "labels", "numbers"])
def test_a_label_that_is_missing_is_told_whatever_the_kind(kind: str) -> None:
    with pytest.raises(SampleError, match="must be there for every picture, got 2 of 3 without"):
        task_for(["1", None, None], kind)


def test_the_kind_may_be_said() -> None:
    assert task_for([3, 7, 3], "classes").names == ("3", "7")
    assert task_for(["a", "b"], "labels").kind == "labels"
    assert task_for(["3", "7"], "numbers").mean == (5.0,)  # type: ignore[attr-defined]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20).filter(lambda v: np.std(v) > 1e-3 * np.abs(v).max()))
def test_numbers_are_scaled_and_come_back(values: list[float]) -> None:
    task = task_for(values)
    scaled = torch.stack([task.encode(value) for value in values])
    assert abs(float(scaled.mean())) < 1e-3
    assert abs(float(scaled.std(correction=0)) - 1.0) < 1e-3
    scale = max(map(abs, values))
    for back in (task.truths(scaled.numpy()), task.answers(scaled.numpy(), 1.0)):
        np.testing.assert_allclose(back[:, 0], values, rtol=1e-3, atol=1e-5 * scale)


def test_losses_are_those_of_the_kinds() -> None:
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    truth = torch.tensor([0, 1, 2, 1, 0, 2])
    classes, labels, numbers = Classes(("a", "b", "c")), Labels(("a", "b", "c")), task_for([0, 2])
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
    classes, labels = Classes(("a", "b")), Labels(("a", "b"))
    truths = torch.tensor([0, 0, 0, 1])
    assert classes.weights("none", truths) is None
    auto = classes.weights("auto", truths)
    assert auto is not None
    assert (auto * torch.tensor([3.0, 1.0])).tolist() == [2.0, 2.0]  # all pictures of a class weigh alike
    assert labels.weights("auto", torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 1.0]])).tolist() == [3, 1]  # type: ignore[union-attr]
    assert classes.weights({"b": 3.0}, truths).tolist() == [1.0, 3.0]  # type: ignore[union-attr]
    with pytest.raises(ArgumentError, match="Did you mean b"):
        classes.weights({"B": 3.0}, truths)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["list.jsonl", "list.csv"])
def test_several_labels_are_learnt(tmp_path: Path, name: str) -> None:
    data = manifest(tmp_path / "data", several, name)
    ready = prepared(settings(data, tmp_path / "run"))
    assert ready.task == Labels(("marked", "striped"))
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
    wanted = settings(root / "list.csv", tmp_path / "run", label="age", ignore=["letter"])
    assert prepared(wanted).task.kind == "numbers"
    assert prepared(wanted.replaced(label="letter", ignore=["age"])).task.names == ("l", "p", "s")
    with pytest.raises(FileError, match="'letter' is not understood"):
        prepared(wanted.replaced(ignore=[]))
    with pytest.raises(FileError, match=r"'aeg' is no column\. Did you mean age"):
        prepared(wanted.replaced(label="aeg"))
    with pytest.raises(ArgumentError, match="must be a column of the manifest"):
        prepared(wanted.replaced(label="other", ignore=["age", "letter"]))


pytestmark = pytest.mark.figures
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
        assert prepared(wanted).task.kind == kind
        other: Any = "numbers" if kind == "classes" else "classes"
        assert prepared(wanted.replaced(task=other)).task.kind == other


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
    words = r"^label 'rare': must have training pictures, got its 2 in validation and test\. Give more"
    with pytest.raises(SampleError, match=words):
        prepared(settings(data, tmp_path / "run"))


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_says_all_that_is_asked_of_it(kind: str) -> None:
    """What a class attribute must say no type checker asks for."""
    asked = {name for one in TASKS[kind].__mro__ for name in vars(one).get("__annotations__", {})} - {"names"}
    own = {field.name for field in fields(TASKS[kind])}
    assert {name for name in asked - own if not hasattr(TASKS[kind], name)} == set()
