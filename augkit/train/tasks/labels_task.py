"""Labels, of which a picture has any number."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from scipy.special import expit, logit
from torch import Tensor
from torch.nn import functional

from augkit.core.arrays import Array, Flags, Indices, JsonObject, Label, Reals
from augkit.errors import SampleError
from augkit.train.comparison.outcomes import ALL, Outcomes, jackknifed, of_pictures
from augkit.train.report.class_tables import class_section
from augkit.train.report.report_page import Section, percent
from augkit.train.tasks.headline import Headline, mean_of, resampled, share_right
from augkit.train.tasks.log_loss import log_loss
from augkit.train.tasks.per_class import per_class
from augkit.train.tasks.task import TASKS, Constant, Evaluation, Loss, Task, names_in, parsed, place_of, rounded

LEAST_SHARE = 1e-6  # for a label that no training picture has, or each
LIKELY = 0.5  # a label is named from this probability on


@final
@dataclass(frozen=True)
class Labels(Task):
    """Any number of several labels; outputs are logits."""

    kind: ClassVar[str] = "labels"
    moves: ClassVar[bool] = False
    has_one: ClassVar[bool] = False
    labels_are: ClassVar[str] = "lists of texts"
    options: ClassVar[frozenset[str]] = frozenset({"smoothing", "class_weights", "mixup", "cutmix"})
    score_name: ClassVar[str] = "mean average precision"
    score_is_share: ClassVar[bool] = True
    output: ClassVar[str] = "logits"
    meaning: ClassVar[str] = "logits over the temperature: their sigmoid is the probability of each label"
    pictures: ClassVar[tuple[str, ...]] = ()
    bets_are: ClassVar[str] = "the probability of every label"
    is_less_better: ClassVar[bool] = False
    mistakes_are: ClassVar[str] = "Pictures with a wrong label, those whose truth was held least likely first"

    @staticmethod
    def suits(labels: Sequence[Label]) -> bool:
        return all(isinstance(label, list) and all(isinstance(name, str) for name in label) for label in labels)

    @classmethod
    def of(cls, labels: Sequence[Label], names: Sequence[str]) -> Self:
        held = {name for label in labels for name in _labels_in(label)}
        if not held:
            raise SampleError("must name a label of one picture at least, got none.", "labels")
        return cls(tuple(sorted(held)))

    def named(self, label: Label) -> list[str]:
        return _labels_in(parsed(label))

    def encode(self, label: Label) -> Tensor:
        """Return 0 and 1 for every label (k,)."""
        encoded = torch.zeros(self.outputs)
        for name in self.named(label):
            encoded[place_of(name, self.names)] = 1.0
        return encoded

    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        return lambda outputs, truth: functional.binary_cross_entropy_with_logits(
            outputs, truth * (1.0 - smoothing) + smoothing / 2.0, pos_weight=weights
        )

    def balanced(self, truths: Tensor) -> Tensor:
        """Return a label's absences over its presences: present and absent count alike."""
        present = truths.sum(0)
        return (len(truths) - present).clamp(min=1.0) / present.clamp(min=1.0)

    def constant(self, truths: Tensor) -> Constant:
        share = truths.double().numpy().mean(axis=0).clip(LEAST_SHARE, 1.0 - LEAST_SHARE)
        return Constant("each label as often as in training", np.asarray(logit(share), np.float64))

    def answers(self, outputs: Array, temperature: float) -> Reals:
        return np.asarray(expit(np.asarray(outputs, np.float64) / temperature), np.float64)

    def truths(self, encoded: Array) -> Array:
        return encoded.astype(np.int64)

    def score(self, evaluation: Evaluation) -> float:
        """Return the mean average precision, or minus the loss where no picture has a label."""
        found = mean_of(_precisions(evaluation.answers(), evaluation.truths))
        return -self.bets(evaluation, 1.0)[2] if found is None else found

    def headline(self, evaluation: Evaluation) -> Headline:
        """Return the mean average precision, or the part of pictures with all labels right where there is none."""
        found, truths = evaluation.answers(), evaluation.truths
        value = mean_of(_precisions(found, truths))
        if value is None:
            return share_right("All labels right", ~_are_wrong(found, truths))
        return resampled(
            "Mean average precision",
            value,
            len(truths),
            lambda places: mean_of(_precisions(found[places], truths[places])),
        )

    def measure(self, evaluation: Evaluation) -> JsonObject:
        from sklearn.metrics import f1_score

        truths, found = evaluation.truths, evaluation.answers()
        named, precisions = (found >= LIKELY).astype(np.int64), _precisions(found, truths)
        present = np.flatnonzero(truths.sum(axis=0))
        if self.outputs == 1:  # scikit-learn takes one column for two classes
            rows = per_class(truths[:, 0], named[:, 0], self.names, present, labels=[1])
        else:
            rows = per_class(truths, named, self.names, present)
        return {
            "mean_average_precision": mean_of(precisions),
            "micro_f1": float(f1_score(truths.ravel(), named.ravel(), zero_division=0.0)),
            "macro_f1": mean_of([row["f1"] for row in rows]),
            "exact": float((truths == named).all(axis=1).mean()),
            "per_class": [row | {"average_precision": p} for row, p in zip(rows, precisions, strict=True)],
            "absent": [row["name"] for row in rows if not row["support"]],
        }

    def outcomes(self, evaluation: Evaluation) -> Outcomes:
        """Return the mean average precision and that of each label; or whether all labels are right without any."""
        found, truths = evaluation.answers(), evaluation.truths
        present = truths.sum(axis=0)
        if len(truths) < 2 or not present.any():
            return of_pictures(evaluation.ids, {ALL: (~_are_wrong(found, truths)).astype(np.float64)})

        def figures(places: Indices) -> list[float | None]:
            each = _precisions(found[places], truths[places])
            return [mean_of(each), *each]

        return jackknifed(evaluation.ids, (ALL, *self.names), figures, (len(truths), *map(int, present)))

    def bets(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Array, float]:
        """Return the probability of every label of every picture (n * k,), and whether the picture has it."""
        found, truths = evaluation.answers(temperature).ravel(), evaluation.truths.ravel()
        return found, truths, log_loss(truths, np.stack([1.0 - found, found], axis=1))

    def mistakes(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Flags]:
        """Return how unlikely the truth of each picture was held."""
        found, truths = evaluation.answers(temperature), evaluation.truths
        likely = np.where(truths == 1, found, 1.0 - found)
        badness: Reals = -np.log(np.clip(likely, np.finfo(np.float64).tiny, 1.0)).mean(axis=1)
        return badness, _are_wrong(found, truths)

    def label(self, answers: Reals) -> Label:
        return [name for name, value in zip(self.names, answers, strict=True) if value >= LIKELY]

    def true_label(self, truth: Array) -> Label:
        return self.label(np.asarray(truth, np.float64))

    def confidence(self, answers: Reals) -> str:
        return ""

    def cells(self, answers: Reals, top: int) -> dict[str, str]:
        values = zip(self.names, answers, strict=True)
        likely = {f"probability of {name}": repr(rounded(value)) for name, value in values}
        return {"labels": json.dumps(self.label(answers))} | likely

    def json(self, answers: Reals, top: int) -> JsonObject:
        values = {name: rounded(value) for name, value in zip(self.names, answers, strict=True)}
        return {"labels": self.label(answers), "probabilities": values}

    def tiles(self, metrics: JsonObject) -> list[tuple[str, str]]:
        keys = {"Micro F1": "micro_f1", "Macro F1": "macro_f1", "All labels right": "exact"}
        return [(name, percent(metrics[key])) for name, key in keys.items()]

    def sections(self, evaluation: Evaluation, metrics: JsonObject) -> Iterator[Section]:
        columns = (("average precision", "average_precision"), ("recall", "recall"), ("precision", "precision"))
        yield class_section("Per label", "label", metrics["per_class"], (*columns, ("F1", "f1")))

    def scale(self, temperature: float) -> tuple[float, float]:
        return 1.0 / temperature, 0.0


def _labels_in(label: Label) -> list[str]:
    return names_in(label if isinstance(label, list) else [label], label, "a list of names")


def _are_wrong(found: Reals, truths: Array) -> Flags:
    """Say of each picture whether a label is wrong."""
    wrong: Flags = ((found >= LIKELY) != (truths == 1)).any(axis=1)
    return wrong


def _precisions(found: Reals, truths: Array) -> list[float | None]:
    """Return the average precision of every label that a picture has."""
    return [
        _average_precision(found[:, place], truths[:, place]) if truths[:, place].any() else None
        for place in range(truths.shape[1])
    ]


def _average_precision(found: Reals, truths: Array) -> float:
    """Return the mean precision where the recall of a label rises, of which a picture has it.

    It is scikit-learn's `average_precision_score`, which takes a millisecond: intervals ask for thousands of them.
    """
    order = np.argsort(-found)
    last = np.flatnonzero(np.diff(found[order], append=-np.inf))  # of all that are held to be equally likely
    right = np.cumsum(truths[order])[last]
    return float(np.sum(np.diff(right, prepend=0) * right / (last + 1)) / right[-1])


TASKS.add(Labels.kind, Labels)
