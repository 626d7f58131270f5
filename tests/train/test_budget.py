"""A training that has a budget ends its curve within it, and goes on from where it was to the bit."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from augkit.train.loop.budget import progress_of, steps_within
from augkit.train.loop.schedule import Schedule
from support import trainings
from support.timed_trainings import Machine, run
from support.tiny_backbone import NAME
from support.trainings import Stopped, assert_same_weights, fitted, prepared, settings

LENGTHS = st.integers(1, 60)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("budget"), each=8)


@given(LENGTHS, st.lists(st.tuples(st.integers(1, 59), st.integers(1, 60)), max_size=4))
def test_a_bent_curve_rises_from_nothing_to_its_end(length: int, more: list[tuple[int, int]]) -> None:
    bends = [[0, length]]
    for start, rest in sorted(dict(more).items()):
        if bends[-1][0] < start < bends[-1][1]:
            bends.append([start, start + rest])
    found = [progress_of(bends, step) for step in range(bends[-1][1] + 1)]
    assert found[0] == 0.0 or bends[-1][1] == 0
    assert found == sorted(found)
    assert found[-1] == pytest.approx(1.0)


@given(LENGTHS, st.integers(1, 2000), st.integers(1, 50), st.integers(0, 100), st.integers(0, 100))
def test_pictures_are_as_many_steps_in_the_proportion_of_the_phases(
    length: int, pictures: int, size: int, first: int, second: int
) -> None:
    steps = -(-length // size)
    found = steps_within(pictures, (length, steps), (first, second))
    assert (sum(found) - 1) * length / steps < pictures <= sum(found) * length / steps + 1e-6
    assert min(found) >= 0
    if first + second:
        assert abs(found[0] - sum(found) * first / (first + second)) <= 1
        assert second or not found[1]
    schedule = Schedule(3, 2, length, limits=(3 * length, 2 * length))
    assert [schedule.rate(e, s) for e in range(5) for s in range(length)] == [
        Schedule(3, 2, length).rate(e, s) for e in range(5) for s in range(length)
    ]


@pytest.mark.parametrize("batch_size", [7, 64])
def test_pictures_are_epochs_where_they_are_whole_ones(pictures: Path, tmp_path: Path, batch_size: int) -> None:
    """Also where batches are smaller than they may be: 25 pictures are four of six or seven, or one."""
    wanted = settings(pictures, tmp_path / "epochs", epochs=3, batch_size=batch_size)
    count = len(prepared(wanted).truths["train"])
    _, epochs = fitted(wanted)
    asked = settings(pictures, tmp_path / "pictures", epochs=99, batch_size=batch_size, pictures=3 * count)
    state, found = fitted(asked)
    assert_same_weights(found, epochs)
    assert len(state.rows) == 3


def test_an_epoch_may_end_in_its_middle(pictures: Path, tmp_path: Path) -> None:
    """And is told of as any; the curve is at its end then, and stops change nothing."""
    whole, stopped = (
        settings(pictures, tmp_path / name, batch_size=5, pictures=31, checkpoint_every=1) for name in ("a", "b")
    )
    state, weights = fitted(whole)
    steps = prepared(whole).schedule.steps
    assert state.epoch == len(state.rows) == -(-7 // steps)
    assert state.rows[-1]["rate"] < 0.3 * 4e-3
    for stop in (2, 3):
        with pytest.raises(Stopped):
            fitted(stopped, stop_after=stop)
    resumed, found = fitted(stopped)
    assert_same_weights(found, weights)
    assert resumed == state


@pytest.mark.parametrize(
    ("seconds", "least"),
    [({0: 1.0}, 0.9), ({0: 0.3}, 0.9), ({0: 1.0, 20: 3.0}, 0.85), ({0: 4.0, 3: 0.5}, 0.85), ({0: 60.0}, 0.5)],
)
def test_a_curve_ends_within_its_minutes(
    pictures: Path, tmp_path: Path, seconds: dict[int, float], least: float
) -> None:
    """However fast a machine is, and if it becomes slower or faster on the way."""
    machine = Machine(seconds)
    state, _ = run(settings(pictures, tmp_path / "run", epochs=400, batch_size=5, minutes=1.0, patience=0), machine)
    assert least * 60.0 <= machine.now <= 60.0
    assert state.clock.spent == pytest.approx(machine.now)
    if machine.steps > 5:
        assert machine.rates[-1] < 0.2 * max(machine.rates)  # at its end
        assert max(machine.rates) > 0.9 * 4e-3  # and it was at its height


def test_minutes_that_are_enough_change_nothing(pictures: Path, tmp_path: Path) -> None:
    wanted = settings(pictures, tmp_path / "whole", epochs=3)
    _, whole = fitted(wanted)
    state, found = run(settings(pictures, tmp_path / "run", epochs=3, minutes=1.0), Machine({0: 0.01}))
    assert_same_weights({"network": found["network"]}, {"network": whole["network"]})
    assert state.epoch == 3


def test_stopped_on_the_way_minutes_are_spent_as_ever(pictures: Path, tmp_path: Path) -> None:
    """For two phases, the second of which has what is left."""
    options = {"model": NAME, "weights": trainings.weights_file(tmp_path / "w.pt", NAME), "epochs": 30, "unfreeze": 30}
    options |= {"minutes": 0.5, "patience": 0}
    whole, stopped = (settings(pictures, tmp_path / name, checkpoint_every=1, **options) for name in ("whole", "stop"))
    machine = Machine({0: 1.0})
    state, weights_of = run(whole, machine)
    assert 25.0 <= machine.now <= 30.0
    frozen = [row["frozen"] for row in state.rows]
    assert True in frozen
    assert False in frozen
    again = Machine({0: 1.0})
    for stop in (4, 9):
        with pytest.raises(Stopped):
            run(stopped, again, stop_after=stop)
        again.steps = 0
    resumed, found = run(stopped, again)
    assert_same_weights(found, weights_of)
    assert resumed.rows == state.rows
    assert resumed.clock.bends == state.clock.bends
