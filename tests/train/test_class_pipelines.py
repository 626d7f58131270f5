"""Pipelines of classes of their own: each picture is augmented by its class's, and every law of trainings holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from augkit.errors import ArgumentError, FileError
from augkit.loader import Draw
from augkit.train.batches.stream import Prepared
from support.trainings import Stopped, assert_same_weights, fill, fitted, prepared, settings, weights_file

QUICK: dict[str, Any] = {"pipeline": "digits", "batch_size": 5, "checkpoint_every": 1, "epochs": 2}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("pictures"), each=6)


def test_each_class_is_augmented_by_its_own(pictures: Path, tmp_path: Path) -> None:
    ready = prepared(settings(pictures, tmp_path / "run", pipelines_for={"spots": "small", "lines": "none"}, **QUICK))
    part, preprocessing = ready.surveyed.parts.train, ready.architecture.preprocessing
    mixed, digits, small, plain = (
        Prepared(part, preprocessing, ready.task, pipeline, 0, own=own)
        for pipeline, own in (
            (ready.pipeline, ready.own),
            (ready.pipeline, {}),
            (ready.own["spots"], {}),
            (ready.own["lines"], {}),
        )
    )
    by_class = {"spots": small, "lines": plain, "plain": digits}
    for place, label in enumerate(part.labels):
        one, other = (maker.one(Draw(1, place, 2))[0] for maker in (mixed, by_class[str(label)]))
        assert torch.equal(one, other)
        assert label == "plain" or not torch.equal(one, digits.one(Draw(1, place, 2))[0])


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_stopped_run_ends_as_one_that_nobody_stops(pictures: Path, tmp_path: Path, is_frozen: bool) -> None:
    options: dict[str, Any] = {**QUICK, "pipelines_for": {"spots": "none"}}
    if is_frozen:
        options |= {"weights": weights_file(tmp_path / "w.pt", "lenet"), "views": 2, "cache": str(tmp_path / "cache")}
        fitted(settings(pictures, tmp_path / "others", **{**options, "pipelines_for": {}}))  # same folder of features
    wanted, whole = (settings(pictures, tmp_path / name, **options) for name in ("stopped", "whole"))
    for stop in (1, 2):
        with pytest.raises(Stopped):
            fitted(wanted, stop_after=stop)
    fresh = whole.replaced(cache=str(tmp_path / "another")) if is_frozen else whole
    state, weights = fitted(fresh)
    resumed, found = fitted(wanted)
    assert_same_weights(found, weights)
    assert resumed == state
    with pytest.raises(ArgumentError, match=r"pipelines_for"):
        fitted(settings(pictures, tmp_path / "stopped", **{**options, "pipelines_for": {"spots": "small"}}))


def test_slips_are_told(pictures: Path, tmp_path: Path) -> None:
    def asked(**options: Any) -> None:
        prepared(settings(pictures, tmp_path / "run", **options))

    with pytest.raises(ArgumentError, match=r"must name a class.*got 'sopts'.*Did you mean spots"):
        asked(pipeline="digits", pipelines_for={"sopts": "small"})
    with pytest.raises(FileError, match="no pipeline is called"):
        asked(pipeline="digits", pipelines_for={"spots": "smal"})
    with pytest.raises(ArgumentError, match=r"must go with --pipeline.*identity"):
        asked(pipelines_for={"spots": "small"})
    with pytest.raises(ArgumentError, match="must be CLASS=FILE, got 'spots'"):
        settings(pictures, tmp_path / "run", pipelines_for=["spots"])


def test_words_say_it_again(pictures: Path, tmp_path: Path) -> None:
    asked = settings(pictures, tmp_path / "run", pipeline="six", pipelines_for=["b=/somewhere/x.yaml", "a=none"])
    assert asked.pipelines_for == {"a": "none", "b": "/somewhere/x.yaml"}
    words = list(asked.words())
    first = words.index("--pipeline-for")
    assert words[first : first + 4] == ["--pipeline-for", "a=none", "--pipeline-for", "b=/somewhere/x.yaml"]
    assert asked.portable().pipelines_for["b"] == "x.yaml"
    assert np.all([option in asked.described() for option in ("pipelines_for", "pipeline")])
    assert "pipelines_for" not in settings(pictures, tmp_path / "run").described()
