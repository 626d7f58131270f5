"""Folds: every picture is judged once, by a network that neither learnt from it nor chose by it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from augkit.cli.train_command import _told
from augkit.datasets import Source, read
from augkit.datasets.folds import folds_of
from augkit.errors import ArgumentError, SampleError
from augkit.train import TrainConfig, predict, train
from augkit.train.files.artefact import load
from augkit.train.parts.parts import ROLES, divide
from augkit.train.several.label_doubts import doubts
from support import trainings
from support.folders import done, put
from support.html_page import Page
from support.tiny_backbone import NAME
from support.trainings import CLASSES, drawn, manifest, prepared, settings, several

OTHERS = dict(zip(CLASSES, (*CLASSES[1:], CLASSES[0]), strict=True))
FILES = ("predictions.csv", "folds.json", "label_doubts.csv")


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), min_size=1, max_size=120),
    st.integers(2, 7),
    st.integers(),
)
def test_groups_are_whole_and_classes_are_dealt_evenly(rows: list[tuple[str, int]], count: int, seed: int) -> None:
    sources = [Source(f"{place}.png", 1, label) for place, (label, _) in enumerate(rows)]
    groups = [f"{label}{group}" for label, group in rows]
    folds = folds_of(sources, groups, count, seed)
    assert set(folds) <= set(range(1, count + 1))
    assert len(set(zip(groups, folds, strict=True))) == len(set(groups))
    largest = Counter(groups)
    for name in {label for label, _ in rows}:
        mine = [fold for fold, (label, _) in zip(folds, rows, strict=True) if label == name]
        most = max(size for group, size in largest.items() if group[0] == name)
        counts = Counter(mine)
        assert all(abs(counts[fold] - len(mine) / count) < most + 1e-9 for fold in range(1, count + 1))


def test_every_picture_is_judged_in_one_fold(tmp_path: Path) -> None:
    data = read(trainings.fill(tmp_path / "data", each=11))
    judged = list[str]()
    for number in range(1, 5):
        parts = divide(data, fold=(number, 4))
        ids = [{source.id for source in parts[role].sources} for role in ROLES]
        assert sum(map(len, ids)) == len(set().union(*ids)) == 33
        assert all({source.label for source in parts[role].sources} == set(CLASSES) for role in ROLES)
        judged += ids[2]
    assert sorted(judged) == [source.id for source in data.sources]


def folded(data: Path, out: Path, told: list[str] | None = None, **options: Any) -> Any:
    wanted = settings(data, out, **{"folds": 3, "epochs": 2} | options)
    return train(wanted, tell=(told if told is not None else []).append)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, list[str]]:
    """Train by three folds, with a picture in twenty under another class's name."""
    root = tmp_path_factory.mktemp("folds")
    trainings.fill(root / "data", each=38)
    for kind, other in OTHERS.items():
        for place in range(2):
            put(root / f"data/{other}/moved-{kind}-{place}.png", drawn(kind, 900 + place))
    told: list[str] = []
    return root, folded(root / "data", root / "run", told, epochs=12, keep="last"), told


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_figures_are_of_all_pictures_each_judged_once(run: tuple[Path, Any, list[str]]) -> None:
    root, result, _ = run
    rows = rows_of(root / "run/predictions.csv")
    assert [row["path"] for row in rows] == [source.id for source in read(root / "data").sources]
    assert result.metrics["accuracy"] == pytest.approx(np.mean([row["truth"] == row["label"] for row in rows]))
    assert result.metrics["count"] == result.pictures["test"] == 120
    each = {row["path"]: row for n in (1, 2, 3) for row in rows_of(root / f"run/fold-{n}/predictions.csv")}
    assert {row["path"]: row["label"] for row in rows} == {path: row["label"] for path, row in each.items()}
    for row in rows:
        assert float(row["probability"]) == pytest.approx(float(each[row["path"]]["probability"]), abs=1e-5)
    shares = [fold["value"] for fold in result.metrics["folds"]]
    counts = [fold["pictures"] for fold in result.metrics["folds"]]
    assert np.average(shares, weights=counts) == pytest.approx(result.metrics["accuracy"])
    assert result.metrics["baselines"][0]["headline"]["value"] <= 0.4
    (line,) = [line for line in _told(result) if "each judged once" in line]
    assert line.startswith(f"Accuracy {100 * result.metrics['accuracy']:.1f} % (95 %: ")
    assert "on 120 pictures, each judged once by one of 3 networks" in line
    page = (root / "run/report.html").read_text()
    assert "Each of 120 pictures was judged once, not augmented, by the one of 3 networks that neither" in page


@pytest.mark.slow
def test_labels_that_were_changed_are_told_with_how_many_and_which(run: tuple[Path, Any, list[str]]) -> None:
    root, _, told = run
    moved = {f"{other}/moved-{kind}-{place}.png" for kind, other in OTHERS.items() for place in (0, 1)}
    found = [row["path"] for row in rows_of(root / "run/label_doubts.csv")]
    assert len(moved & set(found)) >= 5
    assert len(moved & set(found[:6])) >= 4
    (sentence,) = [sentence for sentence in told if "may be wrong" in sentence]
    assert sentence.startswith(f"{len(found)} labels of 120 may be wrong")
    assert found[0] in sentence
    section = Page((root / "run/report.html").read_text()).text.split("Labels that may be wrong")[-1]
    assert section.index(found[0]) < section.index(found[1])


@pytest.mark.slow
def test_a_plain_run_doubts_labels_of_pictures_that_it_did_not_learn_from(
    run: tuple[Path, Any, list[str]], tmp_path: Path
) -> None:
    root, _, _ = run
    told: list[str] = []
    wanted = settings(root / "data", tmp_path / "run", epochs=12, keep="last", split="train=0.5,val=0.2,test=0.3")
    result = train(wanted, tell=told.append)
    lines = [json.loads(line) for line in (tmp_path / "run/pictures.jsonl").read_text().splitlines()]
    judged = [line["id"] for line in lines if line["role"] != "train"]
    moved = [id for id in judged if "moved-" in id]
    found = [row["path"] for row in rows_of(tmp_path / "run/label_doubts.csv")]
    assert moved
    assert found[0] in moved
    assert set(found) <= set(judged)
    (sentence,) = [sentence for sentence in told if "may be wrong" in sentence]
    assert sentence in result.notes
    assert f" of {len(judged)} may be wrong" in sentence
    assert "Labels that may be wrong" in Page((tmp_path / "run/report.html").read_text()).text


@pytest.mark.slow
def test_the_same_command_goes_on_and_says_the_same(run: tuple[Path, Any, list[str]]) -> None:
    root, result, _ = run
    before = {name: (root / "run" / name).read_bytes() for name in FILES}
    (root / "run/fold-2/model.safetensors").unlink()
    again = folded(root / "data", root / "run", epochs=12, keep="last")
    assert again.metrics == result.metrics
    assert before == {name: (root / "run" / name).read_bytes() for name in before}
    with pytest.raises(ArgumentError, match="begun with"):
        folded(root / "data", root / "run", epochs=11, keep="last")


@pytest.mark.slow
def test_the_network_that_is_kept_answers_with_the_mean(run: tuple[Path, Any, list[str]]) -> None:
    root, result, _ = run
    picture = root / "data/lines/000.png"
    folders = [root / "run", *(root / f"run/fold-{number}" for number in (1, 2, 3))]
    joined, *each = (np.array(next(iter(predict(folder, picture))).answers) for folder in folders)
    np.testing.assert_allclose(joined, np.mean(each, axis=0), atol=1e-5)
    assert load(root / "run").metrics == result.metrics
    assert any("answers with the mean of these 3 networks" in note for note in result.notes)
    assert "was judged once" in (root / "run/model_card.md").read_text()


@pytest.mark.slow
def test_a_fold_alone_is_that_of_all(run: tuple[Path, Any, list[str]], tmp_path: Path) -> None:
    """As trained on another machine, and copied to where the others are."""
    root, _, _ = run
    folded(root / "data", tmp_path / "run", epochs=12, keep="last", fold=2)
    for name in ("pictures.jsonl", "log.jsonl", "answers.npy"):
        assert (tmp_path / "run" / name).read_bytes() == (root / "run/fold-2" / name).read_bytes()


@pytest.mark.slow
def test_labels_and_numbers_are_judged_likewise(tmp_path: Path) -> None:
    listed = manifest(tmp_path / "listed", lambda kind, place: several(kind, place))
    result = folded(listed, tmp_path / "labels")
    assert result.metrics["count"] == 30
    numbers = manifest(tmp_path / "numbers", lambda kind, place: kind + place / 10)
    result = folded(numbers, tmp_path / "numbers-run")
    rows = rows_of(tmp_path / "numbers-run/predictions.csv")
    name = next(name for name in rows[0] if name not in ("path", "truth"))
    errors = [abs(float(row["truth"]) - float(row[name])) for row in rows]
    assert result.metrics["headline"]["value"] == pytest.approx(np.mean(errors), rel=1e-4)
    assert not (tmp_path / "numbers-run/label_doubts.csv").exists()


@pytest.mark.slow
def test_folds_of_an_expansion_are_of_its_originals(tmp_path: Path) -> None:
    source = trainings.fill(tmp_path / "source", each=9)
    done(source, tmp_path / "data", copies=2, pipeline="digits", encoding="png")
    result = folded(tmp_path / "data", tmp_path / "run", epochs=1)
    rows = rows_of(tmp_path / "run/predictions.csv")
    assert [row["path"] for row in rows] == [source.id for source in read(source).sources]
    lines = [json.loads(line) for line in (tmp_path / "run/fold-1/pictures.jsonl").read_text().splitlines()]
    origins = {role: {line["origin"] for line in lines if line["role"] == role} for role in ROLES}
    assert not origins["test"] & (origins["train"] | origins["val"])
    assert result.metrics["count"] == 27


@pytest.mark.parametrize("task", ["classes", "detect"])
def test_folds_have_one_input_whatever_the_sizes_of_their_pictures(tmp_path: Path, task: str) -> None:
    """Their networks could not be one otherwise, which nobody would like to hear after the last."""
    rows = []
    for number in range(12):
        kind, side = CLASSES[number % 3], 20 + 3 * number
        put(tmp_path / f"{number}.png", drawn(kind, number, side))
        objects = {"boxes": [[0, 0, side / 2, 4 + number]], "box_labels": [kind]}
        rows.append(json.dumps({"image": f"{number}.png", **(objects if task == "detect" else {"label": kind})}))
    (tmp_path / "list.jsonl").write_text("\n".join(rows) + "\n")
    model = NAME if task == "detect" else "lenet"
    wanted = TrainConfig(data=str(tmp_path), out=str(tmp_path / "run"), model=model, epochs=1, folds=3)
    inputs = {prepared(wanted.replaced(fold=fold)).architecture.preprocessing.input for fold in range(4)}
    assert len(inputs) == 1


def test_what_cannot_be_folded_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "own", each=4, splits=("train", "test"))
    with pytest.raises(ArgumentError, match="must go with a data set that is not divided"):
        folded(data, tmp_path / "run")
    rare = trainings.fill(tmp_path / "rare", each=6)
    put(rare / "seldom/0.png", drawn("plain", 77))
    with pytest.raises(SampleError, match=r"class 'seldom'.*must have training pictures"):
        folded(rare, tmp_path / "run")
    for words in ({"folds": 1}, {"folds": 3, "split": "train=0.5,val=0.5"}, {"fold": 2}, {"folds": 2, "fold": 3}):
        with pytest.raises(ArgumentError):
            TrainConfig.of(data="data", out="run", **words)
    assert not (tmp_path / "run").exists()


def test_doubts_are_of_what_others_are_as_sure_of_as_of_their_own() -> None:
    """A class that all are unsure of is not doubted as a whole."""
    names = ("cat", "dog")
    unsure = np.tile([0.55, 0.45], (10, 1))  # dogs, of which every network thinks so
    sure = np.tile([0.98, 0.02], (10, 1))
    wrong = np.array([[0.99, 0.01]])
    labels = np.array([1] * 10 + [0] * 10 + [1])
    found = doubts([str(n) for n in range(21)], np.concatenate([unsure, sure, wrong]), labels, names)
    assert [one.id for one in found] == ["20"]
    assert (found[0].label, found[0].rather) == ("dog", "cat")


def test_networks_that_have_learnt_little_doubt_nothing() -> None:
    """Three classes, of which every answer is a third or a little more, at random."""
    said = np.random.default_rng(0).dirichlet([60.0] * 3, 200)
    assert said.max() < 0.5
    assert doubts([str(n) for n in range(200)], said, np.arange(200) % 3, ("a", "b", "c")) == []
