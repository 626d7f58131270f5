"""Trainings on a machine whose steps take as many seconds as a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from augkit.train import TrainConfig
from augkit.train.loop.training_loop import State, fit
from augkit.train.run_folder import open_run
from augkit.train.trainer import begin, reproducible
from support.trainings import Stopped, prepared


@dataclass
class Machine:
    """A clock that steps move on: each takes as many seconds."""

    seconds: dict[int, float]  # of a step, from so many on
    steps: int = 0
    now: float = 0.0
    rates: list[float] = field(default_factory=list)

    def step(self) -> None:
        self.now += max((start, value) for start, value in self.seconds.items() if start <= self.steps)[1]
        self.steps += 1


def run(config: TrainConfig, machine: Machine, stop_after: int | None = None) -> tuple[State, dict[str, Any]]:
    """Train on a machine of some speed, to the end or until some steps are done."""
    begun = machine.steps

    def count(done: int, total: int, note: str) -> None:
        if "epoch" in note and stop_after is not None and machine.steps - begun >= stop_after:
            raise Stopped

    with reproducible():
        ready = prepared(config)
        open_run(Path(config.out), ready, is_fresh=False)
        training, _ = begin(ready, progress=count)
        step = training.optimizer.step

        def timed() -> None:
            step()
            machine.step()
            machine.rates.append(training.optimizer.param_groups[-1]["lr"])

        training.optimizer.step = timed  # type: ignore[method-assign, assignment]
        training.clock = lambda: machine.now
        state = fit(training)
        return state, {"network": training.network.state_dict(), "average": training.average.state_dict()}
