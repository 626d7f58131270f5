"""What is left of a training: its best weights as one file with all that is needed to use them, and a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.train import report
from augkit.train.artefact import MODEL_FILE, Artefact, save, versions
from augkit.train.calibration import fit_temperature
from augkit.train.evaluation import Evaluation
from augkit.train.evaluator import Judge
from augkit.train.figures import Curves
from augkit.train.metrics import measure
from augkit.train.models import Network
from augkit.train.parts import Role
from augkit.train.report import ReportFacts
from augkit.train.setup import Preparation
from augkit.train.training_loop import State

__all__ = ["Result", "close"]


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Args:
        out: its folder.
        report: the page that tells all of it.
        metrics: of the pictures that were reported on, as `augkit.train.metrics.measure` gives them.
        epochs: how many were trained.
        best_epoch: whose weights were kept, from 1.
        pictures: how many had each role.
        rejected: how many could not be read.
        seconds: that this took, without what was done before it was stopped, if it was.
        notes: what else a user must know.
        score: of the epoch that was kept, by the pictures that choose; more is better.
    """

    out: str
    report: str
    metrics: dict[str, Any]
    epochs: int
    best_epoch: int
    pictures: dict[Role, int]
    rejected: int
    seconds: float
    notes: tuple[str, ...]
    score: float


def close(
    ready: Preparation,
    network: Network,
    state: State,
    judges: dict[Role, Judge],
    notes: list[str],
    seconds: float,
) -> Result:
    """Evaluate the best network by pictures that had no say in it, and write it down with all that belongs to it.

    Args:
        ready: what was trained on what.
        network: with the best weights.
        state: at the end.
        judges: of the parts.
        notes: what was told.
        seconds: that the training took.

    Raises:
        Unwritten: a file cannot be written.
    """
    out = Path(ready.settings.out)
    temperature = fit_temperature(_evaluation(ready, network, "choose", judges["choose"]))
    found = _evaluation(ready, network, "report", judges["report"])
    metrics = measure(found, temperature)
    artefact = Artefact(
        network,
        ready.architecture,
        ready.target,
        ready.settings.described(),
        ready.deciding["data"],
        versions(),
        metrics,
        temperature,
    )
    save(out / MODEL_FILE, artefact)
    parts = ready.surveyed.parts
    counts = {role: len(parts[role].sources) for role in ready.truths}
    sources = {source.id: source for source in parts.report.sources}

    def picture(id: str) -> NDArray[Any]:
        return parts.report.data.decoded(sources[id]).image

    facts = ReportFacts(
        title=out.absolute().name,
        artefact=artefact,
        evaluation=found,
        split=parts.reported_split,
        chosen_on=parts.choosing_split,
        counts=(counts["fit"], counts["choose"], counts["report"]),
        curves=_curves(ready, state),
        settings=ready.effective,
        command=ready.settings.command(),
        picture=picture,
        seconds=seconds,
        notes=notes,
    )
    page = report.write(out, facts)
    return Result(
        str(out),
        str(page),
        metrics,
        len(state.rows),
        state.best_epoch + 1,
        counts,
        len(ready.surveyed.rejected),
        seconds,
        tuple(notes),
        next(row["val_score"] for row in state.rows if row["epoch"] == state.best_epoch + 1),
    )


def _evaluation(ready: Preparation, network: Network, role: Role, judge: Judge) -> Evaluation:
    outputs = judge.outputs(network, False).double().cpu().numpy()
    truths: NDArray[Any] = np.asarray(ready.truths[role].numpy())
    return Evaluation(tuple(s.id for s in ready.surveyed.parts[role].sources), outputs, truths, ready.target)


def _curves(ready: Preparation, state: State) -> Curves:
    rows = state.rows
    epochs = [row["epoch"] - 1 for row in rows]  # of which a phase that ended early leaves some out
    unfrozen = next((place for place, row in enumerate(rows) if not row["frozen"]), None)
    return Curves(
        [row["loss"] for row in rows],
        [row["val_loss"] for row in rows],
        [row["val_score"] for row in rows],
        {"classes": "accuracy", "labels": "mean average precision", "numbers": "R²"}[ready.target.kind],
        epochs.index(state.best_epoch),
        unfrozen if unfrozen else None,
    )
