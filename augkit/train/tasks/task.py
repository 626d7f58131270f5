"""Tasks: what the outputs of a network mean, how far off they are, and what is written of them.

A task adds itself to `TASKS` from a file of its own, which is called after it: ``classes`` lies in classes_task.py.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import ClassVar, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array, Flags, JsonObject, Label, Reals
from augkit.errors import ArgumentError, SampleError, known
from augkit.registers import Register
from augkit.train.comparison.outcomes import Outcomes
from augkit.train.report.report_page import Section
from augkit.train.tasks.headline import Headline
from augkit.train.train_config import ClassWeights

Loss = Callable[[Tensor, Tensor], Tensor]  # outputs (B, k) and encoded truths -> one number, the mean

DECIMALS = 6


class Constant(NamedTuple):
    """An answer that looks at no picture."""

    name: str  # for people
    outputs: Reals  # (k,), as a network gives them


@dataclass(frozen=True)
class Task(ABC):
    """Say what the outputs of a network mean. Subclasses are final, and add themselves to `TASKS`."""

    names: tuple[str, ...]  # of the outputs, in their order

    kind: ClassVar[str]  # its name in `TASKS`
    moves: ClassVar[bool]  # whether the truth moves with the picture, as boxes do: it is then a `Dense`
    has_one: ClassVar[bool]  # of its names, every picture
    labels_are: ClassVar[str]  # in messages, as "lists of texts"
    options: ClassVar[frozenset[str]]  # of a training, that mean something for it alone, such as smoothing or robust
    score_name: ClassVar[str]  # of `score`, in the words of a figure
    score_is_share: ClassVar[bool]  # it lies between 0 and 1, and is told in per cent
    output: ClassVar[str]  # the name of an exported network's output
    meaning: ClassVar[str]  # of that output
    pictures: ClassVar[tuple[str, ...]]  # files of the figures that a report of it has
    bets_are: ClassVar[str]  # in the report: how sure an answer is
    is_less_better: ClassVar[bool]  # of the figures of `outcomes` and of the headline
    mistakes_are: ClassVar[str]  # in the report: which come first

    @staticmethod
    @abstractmethod
    def suits(labels: Sequence[Label]) -> bool:
        """Say whether labels look like this task's."""

    @classmethod
    @abstractmethod
    def of(cls, labels: Sequence[Label], names: Sequence[str]) -> Self:
        """Return the task that labels ask for, or raise SampleError where there is nothing to learn from them.

        `names` are those of classes that may have no picture here, in the data set's own order.
        """

    @abstractmethod
    def named(self, label: Label) -> list[str]:
        """Return the class, as a list of one, or the labels that a picture's label names; of numbers nothing."""

    @abstractmethod
    def encode(self, label: Label) -> Tensor:
        """Return a label as the loss takes it, or raise SampleError where it is none of this task's."""

    @abstractmethod
    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        """Return what training makes small.

        Args:
            weights: (k,) how much a class counts, or a label where it is present; see `weights`.
            smoothing: 0 up to 1: this part of the truth is spread evenly over all answers (Szegedy et al., 2016).
            is_robust: numbers that are off by more than a standard deviation count linearly (Huber, 1964).
        """

    @abstractmethod
    def balanced(self, truths: Tensor) -> Tensor:
        """Return how much each class or label (k,) has to count for them to weigh alike, from all encoded truths."""

    @abstractmethod
    def constant(self, truths: Tensor) -> Constant | None:
        """Return the best answer that is the same for every picture, of all encoded truths, or None without one."""

    @abstractmethod
    def answers(self, outputs: Array, temperature: float) -> Reals:
        """Return probabilities, or numbers in the units of the labels (n, k), of outputs (n, k).

        Logits are divided by the temperature first (Guo, Pleiss, Sun and Weinberger, ICML 2017).
        """

    @abstractmethod
    def truths(self, encoded: Array) -> Array:
        """Return encoded truths as people know them: numbers of classes (n), 0 and 1, or numbers in units (n, k)."""

    @abstractmethod
    def score(self, evaluation: Evaluation) -> float:
        """Return the figure that chooses between epochs; greater is better."""

    @abstractmethod
    def headline(self, evaluation: Evaluation) -> Headline:
        """Return the figure that stands for a network, with its interval."""

    @abstractmethod
    def measure(self, evaluation: Evaluation) -> JsonObject:
        """Return all further figures that the temperature does not move; what is undefined is None."""

    @abstractmethod
    def outcomes(self, evaluation: Evaluation) -> Outcomes:
        """Return the figure by which runs are compared, and that of each class, label or number, picture by picture."""

    @abstractmethod
    def bets(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Array, float] | None:
        """Return how sure each answer is, whether it is right, and the log loss of all; None without probabilities."""

    @abstractmethod
    def mistakes(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Flags]:
        """Return how bad the answer to each picture (n,) is, the worst greatest, and whether it is wrong (n,)."""

    @abstractmethod
    def label(self, answers: Reals) -> Label:
        """Return an answer (k,) as a label of a data set."""

    @abstractmethod
    def true_label(self, truth: Array) -> Label:
        """Return a truth, a row of `truths`, as a label of a data set."""

    @abstractmethod
    def confidence(self, answers: Reals) -> str:
        """Return how sure an answer (k,) is, for people, or nothing."""

    @abstractmethod
    def cells(self, answers: Reals, top: int) -> dict[str, str]:
        """Return the cells of an answer (k,) by the heads of their columns: the `top` classes, or all labels."""

    @abstractmethod
    def json(self, answers: Reals, top: int) -> JsonObject:
        """Return an answer (k,) as JSON holds it."""

    @abstractmethod
    def tiles(self, metrics: JsonObject) -> list[tuple[str, str]]:
        """Return what stands below the headline of a report, by its name."""

    @abstractmethod
    def sections(self, evaluation: Evaluation, metrics: JsonObject) -> Iterator[Section]:
        """Yield the sections of a report that are about this task."""

    @abstractmethod
    def scale(self, temperature: float) -> tuple[float | tuple[float, ...], float | tuple[float, ...]]:
        """Return what an exported network's outputs are multiplied by, and what is then added."""

    def told_score(self, score: float) -> str:
        """Return the figure that chooses between epochs in words, as ``accuracy 87.5 %``."""
        is_share = self.score_is_share and 0.0 <= score <= 1.0  # where there is none, minus the loss stands for it
        return f"{self.score_name} {100 * score:.1f} %" if is_share else f"{self.score_name} {score:.3f}"

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return len(self.names)

    def described(self) -> JsonObject:
        """Return plain data that JSON holds and `read_task` reads."""
        plain: JsonObject = json.loads(json.dumps({"kind": self.kind, **asdict(self)}))
        return plain

    def weights(self, wanted: ClassWeights, truths: Tensor) -> Tensor | None:
        """Return how much each class or label counts (k,), or None where all count alike.

        `wanted` is ``none``, ``auto`` for `balanced`, or weights above 0 by name, which leave the others at 1.
        """
        if isinstance(wanted, str):
            return None if wanted == "none" else self.balanced(truths)
        for name in wanted:
            if name not in self.names:
                raise ArgumentError(f"must name a class, got {name!r}.{known(name, self.names)}", "class-weights")
        return torch.tensor([float(wanted.get(name, 1.0)) for name in self.names])


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The outputs of a network for some pictures, beside the truth.

    Raises:
        SampleError: there is no picture, the shapes do not fit, or an output is not finite.
    """

    ids: tuple[str, ...]  # of the pictures, (n)
    outputs: Array  # (n, k), as the network gives them: logits, or scaled numbers; or what `Dense.kept` keeps (n, ...)
    encoded: Array  # truths as `Task.encode` has them: (n) numbers of classes; (n, k) 0 and 1, or scaled numbers
    task: Task  # what the outputs mean

    def __post_init__(self) -> None:
        wanted = (len(self.ids), *(self.outputs.shape[1:] if self.task.moves else (self.task.outputs,)))
        if not self.ids:
            raise SampleError("must be of one picture at least, got none.", "Evaluation.ids")
        if self.outputs.shape != wanted or self.encoded.shape[:1] != wanted[:1]:
            got = f"{self.outputs.shape} and {self.encoded.shape}"
            raise SampleError(f"must have shapes {wanted} and {wanted[:1]}, got {got}.", "Evaluation.outputs")
        if not np.isfinite(self.outputs).all():
            advice = "The training has diverged: take a smaller rate."
            raise SampleError(f"must be finite, got NaN or infinity. {advice}", "Evaluation.outputs")

    def answers(self, temperature: float = 1.0) -> Reals:
        """Return probabilities, or numbers in the units of the labels (n, k)."""
        return self.task.answers(self.outputs, temperature)

    @property
    def truths(self) -> Array:
        """The truths as people know them, see `Task.truths`."""
        return self.task.truths(self.encoded)


TASKS: Register[type[Task]] = Register("task", "augkit.train.tasks")


def task_for(labels: Sequence[Label], kind: str | None = None, names: Sequence[str] = ()) -> Task:
    """Return the task that the labels of the training pictures ask for.

    A text is a class, a list of texts labels, a number or a list of numbers numbers. In a CSV everything is text: a
    list is written as JSON, and texts are numbers if all are and one of them has a fraction.

    `kind` says the task, where it is not to be told from them; `names` are as in `Task.of`.
    """
    if not labels:
        raise SampleError("must be of one picture at least, got none.", "labels")
    values = [parsed(label) for label in labels]
    if without := values.count(None):
        advice = "Name the column that holds them with --label, or take those pictures out."
        raise SampleError(
            f"must be there for every picture, got {without:,} of {len(values):,} without. {advice}", "labels"
        )
    if kind is not None:
        return TASKS.find(kind, "task").of(values, names)
    _require_one_kind(values)
    found = next((task for task in TASKS.values() if task.suits(values)), None)
    if found is None:
        shown = " and ".join(f"{value!r:.40}" for value in {type(value): value for value in values}.values())
        *others, last = (task.labels_are for task in TASKS.values() if not task.moves)
        raise SampleError(f"must all be {', '.join(others)}, or {last}, got {shown}.", "labels")
    return found.of(values, names)


def _require_one_kind(values: Sequence[Label]) -> None:
    """Refuse texts of which most are numbers with fractions: a cell such as nan or n/a would make classes of all."""
    texts = [value for value in values if isinstance(value, str)]
    odd = [text for text in texts if not is_numeric(text)]
    are_numbers = any("." in text for text in texts if is_numeric(text))
    if odd and are_numbers and len(odd) < len(texts) / 2:
        what = f"must all be numbers, or all names, got {odd[0]!r:.40} among {len(texts) - len(odd):,} numbers"
        raise SampleError(f"{what}. Take its picture out, or pass --task classes.", "labels")


def read_task(data: JsonObject) -> Task:
    """Return the task that `Task.described` described, or raise ArgumentError."""
    try:
        task = TASKS.find(str(data["kind"]), "target")
        found = task(**{field.name: tuple(data[field.name]) for field in fields(task) if field.name in data})
        if found.names and all(isinstance(name, str) for name in found.names):
            return found
    except (LookupError, TypeError, ValueError):
        pass
    raise ArgumentError(f"must have a kind and names, got {data!r:.80}.", "target")


def parsed(label: Label) -> Label:
    """Return a label as it is meant: a cell of CSV that holds a JSON list is one."""
    if isinstance(label, str) and label.startswith("["):
        try:
            return json.loads(label)
        except ValueError:
            return label
    return label


def is_numeric(value: Label) -> bool:
    """Say whether a value is a finite number, or a text that says one."""
    try:
        return not isinstance(value, bool | list) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def names_in(values: Sequence[Label], label: Label, what: str) -> list[str]:
    """Return the names in a label as texts, also where they were written as whole numbers.

    Where one is no name, the SampleError tells the label, and `what` it must be.
    """
    found = [str(name) if isinstance(name, int) and not isinstance(name, bool) else name for name in values]
    if not all(isinstance(name, str) and name for name in found):
        raise SampleError(f"must be {what}, got {label!r:.60}.", "label")
    return found


def place_of(name: str, names: Sequence[str]) -> int:
    """Return the place of a name among those of the training pictures."""
    if name not in names:
        raise SampleError(f"must be one of the training pictures', got {name!r}.", "label")
    return names.index(name)


def rounded(value: float) -> float:
    """Return a number without what floating point leaves behind."""
    return float(f"{value:.{DECIMALS}g}")
