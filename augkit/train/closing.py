"""What is left of a training: its best weights as one file, and what they are worth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augkit.durable import replace_with
from augkit.train.data import Role
from augkit.train.judge import Judge
from augkit.train.loop import State
from augkit.train.models import Network
from augkit.train.preparation import Preparation

__all__ = ["Result", "close"]


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Args:
        out: its folder.
        metrics: of the pictures that were reported on.
        epochs: that were trained.
        best_epoch: whose weights were kept, from 1.
        pictures: how many had each role.
        rejected: how many could not be read.
    """

    out: str
    metrics: dict[str, Any]
    epochs: int
    best_epoch: int
    pictures: dict[str, int]
    rejected: int


def close(ready: Preparation, network: Network, state: State, judges: dict[Role, Judge], out: Path) -> Result:
    """Evaluate the best network, and write it down with all that belongs to it."""
    outputs = judges["report"].outputs(network, False)
    metrics = judges["report"](network, False).told
    del outputs
    result = Result(
        str(out),
        metrics,
        len(state.rows),
        state.best_epoch + 1,
        {r: len(t) for r, t in ready.truths.items()},
        len(ready.surveyed.rejected),
    )
    replace_with(out / "result.json", json.dumps(result.__dict__).encode())
    return result
