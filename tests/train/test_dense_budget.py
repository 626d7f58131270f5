"""Detectors and networks of pixels in minutes, and grown by epochs: stopped on the way they end alike, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from augkit.train.files.artefact import MODEL_FILE
from support.scenes import masked_scenes, scenes
from support.timed_trainings import Machine, run
from support.tiny_backbone import NAME
from support.trainings import Stopped, assert_same_weights, fitted, settings, weights_file

TINY: dict[str, Any] = {
    "model": NAME, "input": (64, 64, 3), "batch_size": 4, "views": 2, "pipeline": "digits", "checkpoint_every": 1,
}  # fmt: skip
LAID: dict[str, Callable[[Path, int], Path]] = {"detect": scenes, "segment": masked_scenes}


@pytest.fixture(scope="module", params=list(LAID))
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a training of a task begins with."""
    folder = tmp_path_factory.mktemp(request.param)
    return TINY | {"data": LAID[request.param](folder / "data", 10), "weights": weights_file(folder / "w.pt", NAME)}


def test_minutes_are_spent_as_ever(tiny: dict[str, Any], tmp_path: Path) -> None:
    """On the head, and then on all layers; the curve of each is at its end, however long it was to be."""
    options = tiny | {"epochs": 30, "unfreeze": 30, "minutes": 0.2, "patience": 0}
    whole, stopped = (settings(out=tmp_path / name, **options) for name in ("whole", "stopped"))
    machine, again = Machine({0: 1.0}), Machine({0: 1.0})
    state, weights = run(whole, machine)
    assert 9.0 <= machine.now <= 12.0
    assert {row["frozen"] for row in state.rows} == {True, False}
    for stop in (2, 5):
        with pytest.raises(Stopped):
            run(stopped, again, stop_after=stop)
        again.steps = 0
    resumed, found = run(stopped, again)
    assert_same_weights(found, weights)
    assert (resumed.rows, resumed.clock.bends) == (state.rows, state.clock.bends)


def test_more_epochs_are_trained_after_a_stop_too(tiny: dict[str, Any], tmp_path: Path) -> None:
    """Of the head alone; what it was before is where they begin."""
    ends = []
    for name in ("whole", "stopped"):
        begun, grown = (settings(out=tmp_path / name, **tiny | {"epochs": epochs, "keep": "last"}) for epochs in (1, 3))
        first, _ = fitted(begun)
        (tmp_path / name / MODEL_FILE).touch()  # the last that a run writes: it is complete
        if name == "stopped":
            with pytest.raises(Stopped):
                fitted(grown, stop_after=3)
        state, weights = fitted(grown)
        assert state.rows[:1] == first.rows
        assert len(state.rows) == 3
        ends.append(weights)
    assert_same_weights(*ends)
