"""Trainings by folds as they left them in their folders: answers of networks to what they did not learn from."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from scipy.special import logit

from augkit.core.arrays import Array, Image, Label, Reals
from augkit.core.csv_cells import line_of
from augkit.datasets import DataSet, Source
from augkit.errors import FileError
from augkit.loader import Draw
from augkit.train.batches.stream import Prepared
from augkit.train.files.artefact import Artefact, load
from augkit.train.loop.evaluator import overlaid
from augkit.train.models.ensemble_network import ENSEMBLE
from augkit.train.parts.parts import Part
from augkit.train.report.report_writing import PREDICTIONS
from augkit.train.results import ANSWERS, KEPT, Result
from augkit.train.run_folder import PICTURES
from augkit.train.tasks import Evaluation, Task
from augkit.train.tasks.dense import Dense
from augkit.train.train_errors import readable

LEAST = 1e-12  # probability that a logarithm is taken of


@dataclass(frozen=True)
class Fold:
    """What a training by one fold left in its folder."""

    result: Result
    artefact: Artefact
    ids: tuple[str, ...]  # of the pictures that it is reported on
    labels: tuple[Label, ...]
    held: tuple[Array, ...]  # answers (n, k): calibrated probabilities, or numbers; of dense tasks what is kept of them

    @classmethod
    def read(cls, result: Result) -> Fold:
        """Read it; raises FileError where a file is damaged."""
        out, artefact = Path(result.out), load(result.out)
        path = out / (KEPT if artefact.task.moves else ANSWERS)
        with readable(out / PICTURES):
            lines = [json.loads(line) for line in (out / PICTURES).read_text("utf-8").splitlines()]
        with readable(path):
            held = np.load(BytesIO(path.read_bytes()), allow_pickle=False)
        judged = [line for line in lines if line["role"] == "test"]
        found = (held["outputs"], held["encoded"]) if artefact.task.moves else (held,)
        if any(len(one) != len(judged) for one in found):
            raise FileError("must be as augkit train wrote it, got a damaged file. Pass --fresh.", str(path))
        ids, labels = (tuple(line[name] for line in judged) for name in ("id", "label"))
        return cls(result, artefact, ids, labels, found)

    @property
    def way(self) -> str:
        """What is kept: the network as it was "trained", "joined" with a linear model, or that "alone"."""
        entries = self.artefact.metrics.get("baselines", [])
        if self.artefact.architecture.name == ENSEMBLE or any(entry.get("is_joined") for entry in entries):
            return "joined"
        return "alone" if any(entry["is_taken"] for entry in entries) else "trained"

    def evaluation(self, task: Task) -> Evaluation:
        """Return its answers as a task of the same question has them: its scales of numbers may be others."""
        if isinstance(task, Dense):
            outputs, encoded = self.held
        else:
            outputs = _outputs(task, self.held[0])
            encoded = np.asarray(torch.stack([task.encode(label) for label in self.labels]).numpy())
        return Evaluation(self.ids, outputs, encoded, task)


def pooled_evaluation(folds: Sequence[Fold]) -> Evaluation:
    """Return the answers of all folds, sorted by the ids of the pictures."""
    task = folds[0].artefact.task
    each = [fold.evaluation(task) for fold in folds]
    ids = [id for one in each for id in one.ids]
    order = sorted(range(len(ids)), key=lambda place: ids[place])
    outputs = np.concatenate([one.outputs for one in each])[order]
    if isinstance(task, Dense):  # a picture may have more objects than any of another fold
        targets = [torch.from_numpy(row) for one in each for row in one.encoded]
        encoded = task.joined([targets[place] for place in order]).numpy()
    else:
        encoded = np.concatenate([one.encoded for one in each])[order]
    return Evaluation(tuple(ids[place] for place in order), outputs, encoded, task)


def pooled_predictions(folds: Sequence[Fold]) -> str:
    """Return the table of answers of all folds, sorted by the ids of the pictures, as CSV."""
    rows, head = list[list[str]](), list[str]()
    for fold in folds:
        path = Path(fold.result.out) / PREDICTIONS
        with readable(path), path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            head, *some = csv.reader(file)
            rows += some
    rows.sort(key=lambda row: row[0])
    return "".join(map(line_of, [head, *rows]))


def overlay(fold: Fold, data: DataSet, source: Source, wait_s: float) -> Image:
    """Return a picture as the network of a fold took it, with the truth and its answer on it, of a dense task."""
    task, preprocessing = fold.artefact.task, fold.artefact.architecture.preprocessing
    assert isinstance(task, Dense)
    prepared = Prepared(Part(data, (source,), (source.id,)), preprocessing, task, None, 0, wait_s)
    picture, target = prepared.joined([prepared.one(Draw(0, 0))])
    return overlaid(task, fold.artefact.network, preprocessing.normalise, picture, target[0])


def _outputs(task: Task, answers: Reals) -> Reals:
    """Return outputs (n, k) of which a task makes these answers, at a temperature of 1."""
    if task.kind == "numbers":
        known = task.described()  # its class must be registered after that of labels, and so not be imported here
        return np.asarray((answers - np.array(known["mean"])) / np.array(known["std"]), np.float64)
    if task.has_one:
        return np.asarray(np.log(np.clip(answers, LEAST, 1.0)), np.float64)
    return np.asarray(logit(np.clip(answers, LEAST, 1.0 - LEAST)), np.float64)
