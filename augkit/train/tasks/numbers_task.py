"""Numbers, as many for every picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from augkit.core.arrays import Array, Flags, JsonObject, Label, Reals
from augkit.errors import SampleError
from augkit.train.comparison.outcomes import ALL, Outcomes, of_pictures
from augkit.train.report import figures
from augkit.train.report.report_page import Drawn, Section, table
from augkit.train.tasks.headline import Headline, mean_error, mean_of
from augkit.train.tasks.task import TASKS, Constant, Evaluation, Loss, Task, is_numeric, parsed, rounded

MOST = 1e30  # of a label: its square is a number, too


@final
@dataclass(frozen=True)
class Numbers(Task):
    """Numbers of any range; outputs are scaled to mean 0 and standard deviation 1 over the training pictures."""

    mean: tuple[float, ...]  # of each, over the training pictures
    std: tuple[float, ...]  # likewise, above 0; outputs times `std` plus `mean` are in the units of the labels

    kind: ClassVar[str] = "numbers"
    moves: ClassVar[bool] = False
    has_one: ClassVar[bool] = False
    labels_are: ClassVar[str] = "numbers"
    options: ClassVar[frozenset[str]] = frozenset({"robust"})
    score_name: ClassVar[str] = "R²"
    score_is_share: ClassVar[bool] = False
    output: ClassVar[str] = "values"
    meaning: ClassVar[str] = "numbers in the units of the labels"
    pictures: ClassVar[tuple[str, ...]] = ("scatter.png",)
    bets_are: ClassVar[str] = ""
    is_less_better: ClassVar[bool] = True
    mistakes_are: ClassVar[str] = "The answers that are furthest off first"

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.mean) == len(self.std):
            raise ValueError("must have a mean and a std for each name")

    @staticmethod
    def suits(labels: Sequence[Label]) -> bool:
        if any(isinstance(label, str) for label in labels):  # of a CSV, where classes may be whole numbers
            return all(isinstance(label, str) and is_numeric(label) for label in labels)
        return all(isinstance(label, list) or is_numeric(label) for label in labels)

    @classmethod
    def of(cls, labels: Sequence[Label], names: Sequence[str]) -> Self:
        values = [_numbers_in(label) for label in labels]
        lengths = {len(value) for value in values}
        if len(lengths) > 1:
            what = f"must be as many numbers for every picture, got {min(lengths)} and {max(lengths)}"
            raise SampleError(f"{what}.", "labels")
        rows = np.array(values, np.float64)
        if np.abs(rows).max() > MOST:
            what = f"must be numbers of at most {MOST:g}, got {rows.flat[np.abs(rows).argmax()]:g}"
            raise SampleError(f"{what}. Give them in another unit.", "labels")
        std = rows.std(axis=0)
        if not std.all():
            place = int(np.flatnonzero(std == 0)[0])
            raise SampleError(f"must differ between pictures, got {rows[0, place]:g} for all.", "labels")
        count = rows.shape[1]
        numbered = ("value",) if count == 1 else tuple(f"value {place}" for place in range(count))
        return cls(numbered, tuple(map(float, rows.mean(axis=0))), tuple(map(float, std)))

    def named(self, label: Label) -> list[str]:
        return []

    def encode(self, label: Label) -> Tensor:
        """Return scaled numbers (k,)."""
        numbers = _numbers_in(parsed(label))
        if len(numbers) != self.outputs:
            raise SampleError(f"must be {self.outputs} numbers, got {len(numbers)}.", "label")
        scaled = (np.array(numbers) - np.array(self.mean)) / np.array(self.std)
        return torch.tensor(scaled, dtype=torch.float32)

    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        measure = functional.huber_loss if is_robust else functional.mse_loss
        return lambda outputs, truth: measure(outputs, truth)

    def balanced(self, truths: Tensor) -> Tensor:
        return torch.ones(self.outputs)

    def constant(self, truths: Tensor) -> Constant:
        """Return the medians, of which the mean absolute error is the least."""
        return Constant("always the median", np.median(truths.double().numpy(), axis=0))

    def answers(self, outputs: Array, temperature: float) -> Reals:
        return self.truths(np.asarray(outputs, np.float64))

    def truths(self, encoded: Array) -> Array:
        values: Reals = np.asarray(encoded, np.float64) * np.array(self.std) + np.array(self.mean)
        return values

    def score(self, evaluation: Evaluation) -> float:
        """Return the mean R2, or minus the error where it is undefined: one picture, or numbers that are all alike."""
        truths, found = evaluation.truths, evaluation.answers()
        explained = mean_of(_explained(found, truths))
        return -_rmse(truths, found) if explained is None else explained

    def headline(self, evaluation: Evaluation) -> Headline:
        errors = np.abs(evaluation.answers() - evaluation.truths).mean(axis=1)
        return mean_error("Mean absolute error", errors)

    def measure(self, evaluation: Evaluation) -> JsonObject:
        truths, found = evaluation.truths, evaluation.answers()
        explained, columns = _explained(found, truths), zip(truths.T, found.T, strict=True)
        errors = [(float(np.abs(truth - said).mean()), _rmse(truth, said)) for truth, said in columns]
        return {
            "mae": float(np.abs(truths - found).mean()),
            "rmse": _rmse(truths, found),
            "r2": mean_of(explained),
            "per_value": [
                {"name": name, "mae": error, "rmse": root, "r2": r2}
                for name, (error, root), r2 in zip(self.names, errors, explained, strict=True)
            ],
        }

    def outcomes(self, evaluation: Evaluation) -> Outcomes:
        """Return how far off each picture is, in the units of the labels: of all numbers, and of each."""
        errors = np.abs(evaluation.answers() - evaluation.truths)
        each = dict(zip(self.names, errors.T, strict=True))
        return of_pictures(evaluation.ids, {ALL: errors.mean(axis=1), **each})

    def bets(self, evaluation: Evaluation, temperature: float) -> None:
        return None

    def mistakes(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Flags]:
        """Return how far off answers are, in standard deviations of the labels."""
        badness: Reals = np.abs(evaluation.outputs - evaluation.encoded).max(axis=1)
        return badness, badness > 0

    def label(self, answers: Reals) -> Label:
        values = [rounded(value) for value in answers]
        return values[0] if len(values) == 1 else values

    def true_label(self, truth: Array) -> Label:
        return self.label(truth)

    def confidence(self, answers: Reals) -> str:
        return ""

    def cells(self, answers: Reals, top: int) -> dict[str, str]:
        return {name: repr(rounded(value)) for name, value in zip(self.names, answers, strict=True)}

    def json(self, answers: Reals, top: int) -> JsonObject:
        return {"values": {name: rounded(value) for name, value in zip(self.names, answers, strict=True)}}

    def tiles(self, metrics: JsonObject) -> list[tuple[str, str]]:
        explained = "undefined" if metrics["r2"] is None else f"{metrics['r2']:.3f}"
        return [("Root mean squared error", f"{metrics['rmse']:.4g}"), ("R²", explained)]

    def sections(self, evaluation: Evaluation, metrics: JsonObject) -> Iterator[Section]:
        truths, found = evaluation.truths, evaluation.answers()
        figure = Drawn(self.pictures[0], figures.scatter(truths, found, self.names))
        yield Section("Predicted and true", figure.html("Predicted over true numbers."), figure)
        rows = [
            [row["name"], *(None if row[key] is None else f"{row[key]:.4g}" for key in ("mae", "rmse", "r2"))]
            for row in sorted(metrics["per_value"], key=lambda row: (row["r2"] is None, row["r2"]))
        ]
        yield Section(
            "Per number, the weakest first",
            table(("number", "mean absolute error", "root mean squared error", "R²"), rows),
        )

    def scale(self, temperature: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return self.std, self.mean


def _numbers_in(label: Label) -> list[float]:
    numbers = label if isinstance(label, list) else [label]
    if not numbers or not all(map(is_numeric, numbers)):
        raise SampleError(f"must be a number, or a list of them, got {label!r:.60}.", "label")
    return [float(number) for number in numbers]


def _rmse(truths: Reals, found: Reals) -> float:
    """Return the root of the mean squared error of numbers (n, k), the mean over them."""
    return float(np.sqrt(((truths - found) ** 2).mean(axis=0)).mean())


def _explained(found: Reals, truths: Reals) -> list[float | None]:
    """Return R2 of every number, where it is defined."""
    return [
        float(1.0 - ((truth - said) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
        if len(truth) > 1 and np.ptp(truth) > 0
        else None
        for truth, said in zip(truths.T, found.T, strict=True)
    ]


TASKS.add(Numbers.kind, Numbers)
