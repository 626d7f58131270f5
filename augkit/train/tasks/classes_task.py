"""Classes, of which a picture has one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor
from torch.nn import functional

from augkit.core.arrays import Array, Flags, JsonObject, Label, Reals
from augkit.errors import SampleError
from augkit.train.comparison.outcomes import ALL, Outcomes, of_pictures
from augkit.train.report import figures
from augkit.train.report.class_tables import class_section, confused
from augkit.train.report.report_page import Drawn, Section, percent, text
from augkit.train.tasks.headline import Headline, share_right
from augkit.train.tasks.log_loss import log_loss
from augkit.train.tasks.per_class import per_class
from augkit.train.tasks.task import (
    TASKS,
    Constant,
    Evaluation,
    Loss,
    Task,
    is_numeric,
    names_in,
    parsed,
    place_of,
    rounded,
)


@final
@dataclass(frozen=True)
class Classes(Task):
    """One of several classes; outputs are logits."""

    kind: ClassVar[str] = "classes"
    moves: ClassVar[bool] = False
    has_one: ClassVar[bool] = True
    labels_are: ClassVar[str] = "texts"
    options: ClassVar[frozenset[str]] = frozenset(
        {"smoothing", "class_weights", "balance", "mixup", "cutmix", "pipelines_for"}
    )
    score_name: ClassVar[str] = "accuracy"
    score_is_share: ClassVar[bool] = True
    output: ClassVar[str] = "logits"
    meaning: ClassVar[str] = "logits over the temperature: their softmax is the probability of each class"
    pictures: ClassVar[tuple[str, ...]] = ("confusion_matrix.png",)
    bets_are: ClassVar[str] = "the answer's confidence"
    is_less_better: ClassVar[bool] = False
    mistakes_are: ClassVar[str] = "Wrong answers, the surest first"

    @staticmethod
    def suits(labels: Sequence[Label]) -> bool:
        are_texts = all(isinstance(label, str) for label in labels)
        return are_texts and not (all(map(is_numeric, labels)) and any("." in label for label in labels))

    @classmethod
    def of(cls, labels: Sequence[Label], names: Sequence[str]) -> Self:
        held = {name for label in labels for name in _class_in(label)}
        known = tuple(dict.fromkeys(names))
        if len(held) < 2:
            advice = "Give pictures of another one too."
            raise SampleError(f"must be of two classes at least, got {next(iter(held))!r} only. {advice}", "labels")
        return cls((*known, *sorted(held - set(known))))

    def named(self, label: Label) -> list[str]:
        return _class_in(parsed(label))

    def encode(self, label: Label) -> Tensor:
        """Return the number of the class, a scalar."""
        return torch.tensor(place_of(self.named(label)[0], self.names))

    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        return lambda outputs, truth: functional.cross_entropy(
            outputs, truth, weight=weights, label_smoothing=smoothing
        )

    def balanced(self, truths: Tensor) -> Tensor:
        """Return the pictures over the classes times the class's pictures: the classes count alike as wholes."""
        counts = torch.bincount(truths, minlength=self.outputs).to(torch.float32)
        return len(truths) / (self.outputs * counts.clamp(min=1.0))

    def constant(self, truths: Tensor) -> Constant:
        counts = np.bincount(truths.numpy(), minlength=self.outputs)
        return Constant(f"always {self.names[int(counts.argmax())]!r}", np.log(np.maximum(counts, 0.5)))

    def answers(self, outputs: Array, temperature: float) -> Reals:
        return np.asarray(softmax(np.asarray(outputs, np.float64) / temperature, axis=1), np.float64)

    def truths(self, encoded: Array) -> Array:
        return encoded.astype(np.int64)

    def score(self, evaluation: Evaluation) -> float:
        return float((evaluation.truths == evaluation.outputs.argmax(axis=1)).mean())

    def headline(self, evaluation: Evaluation) -> Headline:
        return share_right("Accuracy", evaluation.answers().argmax(axis=1) == evaluation.truths)

    def measure(self, evaluation: Evaluation) -> JsonObject:
        truths, named = evaluation.truths, evaluation.outputs.argmax(axis=1)
        places = range(self.outputs)
        matrix = np.bincount(truths * self.outputs + named, minlength=self.outputs**2).reshape(-1, self.outputs)
        present = [place for place in places if matrix[place].any()]
        recalls = [float(matrix[place, place] / matrix[place].sum()) for place in present]
        rows = per_class(truths, named, self.names, present, labels=places)
        return {
            "balanced_accuracy": float(np.mean(recalls)),
            "accuracy": float((truths == named).mean()),
            "macro_f1": float(np.mean([rows[place]["f1"] for place in present])),
            "per_class": rows,
            "confusion": matrix.tolist(),
            "absent": [self.names[place] for place in places if place not in present],
        }

    def outcomes(self, evaluation: Evaluation) -> Outcomes:
        """Return whether each picture is right, of all and of each class: its recall."""
        truths = evaluation.truths
        right = (evaluation.outputs.argmax(axis=1) == truths).astype(np.float64)
        each = {name: (truths == place, right[truths == place]) for place, name in enumerate(self.names)}
        return of_pictures(evaluation.ids, {ALL: right, **each})

    def bets(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Array, float]:
        """Return how likely the likeliest class of each picture (n,) is, and whether it is right."""
        found, truths = evaluation.answers(temperature), evaluation.truths
        right = (found.argmax(axis=1) == truths).astype(np.int64)
        return found.max(axis=1), right, log_loss(truths, found)

    def mistakes(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Flags]:
        """Return how sure wrong answers are, and how unsure the right ones."""
        found = evaluation.answers(temperature)
        wrong = found.argmax(axis=1) != evaluation.truths
        return np.where(wrong, found.max(axis=1), -found.max(axis=1)), wrong

    def label(self, answers: Reals) -> Label:
        return self.names[int(answers.argmax())]

    def true_label(self, truth: Array) -> Label:
        return self.names[int(truth)]

    def confidence(self, answers: Reals) -> str:
        return f"{100 * answers.max():.1f} %"

    def cells(self, answers: Reals, top: int) -> dict[str, str]:
        cells: dict[str, str] = {}
        for place, (name, value) in enumerate(self._likeliest(answers, top), start=1):
            number = "" if place == 1 else str(place)
            cells |= {f"label{number}": name, f"probability{number}": repr(value)}
        return cells

    def json(self, answers: Reals, top: int) -> JsonObject:
        pairs = [{"label": name, "probability": value} for name, value in self._likeliest(answers, top)]
        return {**pairs[0], "top": pairs}

    def _likeliest(self, answers: Reals, top: int) -> list[tuple[str, float]]:
        places = (-answers).argsort(kind="stable")[:top]
        return [(self.names[place], rounded(answers[place])) for place in places]

    def tiles(self, metrics: JsonObject) -> list[tuple[str, str]]:
        return [
            ("Balanced accuracy", percent(metrics["balanced_accuracy"])),
            ("Macro F1", percent(metrics["macro_f1"])),
        ]

    def sections(self, evaluation: Evaluation, metrics: JsonObject) -> Iterator[Section]:
        matrix = np.array(metrics["confusion"])
        figure = Drawn(self.pictures[0], figures.confusion(matrix, self.names))
        limit = f" The {figures.MOST_CLASSES} classes with the most mistakes." * (self.outputs > figures.MOST_CLASSES)
        told = f"A row is a true class, its shade the part of that class's pictures.{limit}"
        shown = figure.html("Which classes were taken for which.")
        yield Section("Confusion matrix", f"{shown}\n<p>{text(told)}</p>", figure)
        columns = (("recall", "recall"), ("precision", "precision"), ("F1", "f1"))
        yield class_section("Per class", "class", metrics["per_class"], columns)
        pairs = confused(matrix, self.names)
        if pairs is not None:
            yield pairs

    def scale(self, temperature: float) -> tuple[float, float]:
        return 1.0 / temperature, 0.0


def _class_in(label: Label) -> list[str]:
    return names_in([label], label, "the name of a class")


TASKS.add(Classes.kind, Classes)
