"""What a network is to say of a picture: one class, several labels, or numbers; and how far off its answer is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from augkit.errors import ArgumentError, SampleError, closest

__all__ = ["KINDS", "ClassWeights", "Loss", "Target", "TargetKind"]

TargetKind = Literal["classes", "labels", "numbers"]
KINDS: tuple[TargetKind, ...] = get_args(TargetKind)
ClassWeights = Literal["none", "auto"] | Mapping[str, float]
Loss = Callable[[Tensor, Tensor], Tensor]  # outputs (B, k) and encoded targets -> one number, the mean
Values = TypeVar("Values", Tensor, NDArray[Any])


@dataclass(frozen=True)
class Target:
    """Say what the outputs of a network mean.

    Args:
        kind: ``classes``, of which a picture has one; ``labels``, of which it has any number; or ``numbers``.
        names: of the outputs, in their order.
        mean: of numbers, over the training pictures; empty for the other kinds.
        std: likewise; outputs times `std` plus `mean` are in the units of the labels.
    """

    kind: TargetKind
    names: tuple[str, ...]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @classmethod
    def of(cls, labels: Sequence[Any], kind: TargetKind | None = None, names: Sequence[str] = ()) -> Target:
        """Return the target that the labels of the training pictures ask for.

        A text is a class, a list of texts labels, a number or a list of numbers numbers. In a CSV everything is text:
        a list is written as JSON, and texts are numbers if all are and one of them has a fraction.

        Args:
            labels: of the training pictures.
            kind: what they are, where it is not to be told from them.
            names: of classes that may have no picture here, in the data set's own order.

        Raises:
            SampleError: labels are missing, of several kinds, or all one class.
        """
        if not labels:
            raise SampleError("must be of one picture at least, got none.", "labels")
        values = [_parsed(label) for label in labels]
        found = kind or _kind_of(values)
        if found == "numbers":
            rows = np.array([_numbers(value) for value in _of_one_length(values)], np.float64)
            std = rows.std(axis=0)
            if not std.all():
                place = int(np.flatnonzero(std == 0)[0])
                raise SampleError(f"must differ between pictures, got {rows[0, place]:g} for all.", "labels")
            return cls(
                "numbers", _numbered(rows.shape[1]), tuple(map(float, rows.mean(axis=0))), tuple(map(float, std))
            )
        held = {name for value in values for name in _names(value, found)}
        known = tuple(dict.fromkeys(names)) if found == "classes" else ()
        ordered = (*known, *sorted(held - set(known)))
        if found == "classes" and len(held) < 2:
            advice = "Give pictures of another one too."
            raise SampleError(f"must be of two classes at least, got {next(iter(held))!r} only. {advice}", "labels")
        if not held:
            raise SampleError("must name a label of one picture at least, got none.", "labels")
        return cls(found, ordered)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Target:
        """Return the target that `described` described.

        Raises:
            ArgumentError: it is not one.
        """
        try:
            kind, names = data["kind"], tuple(data["names"])
            mean, std = tuple(map(float, data.get("mean", ()))), tuple(map(float, data.get("std", ())))
            is_sound = kind in KINDS and names and all(isinstance(name, str) for name in names)
        except (KeyError, TypeError, ValueError):
            is_sound = False
        if not is_sound or len(mean) != len(std) or (kind == "numbers") != (len(mean) == len(names)):
            raise ArgumentError(f"must have a kind and names, got {data!r:.80}.", "target")
        return cls(kind, names, mean, std)

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return len(self.names)

    def described(self) -> dict[str, Any]:
        """Return plain data that JSON holds and `read` reads."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain if self.kind == "numbers" else {"kind": plain["kind"], "names": plain["names"]}

    def named(self, label: Any) -> list[str]:
        """Return the class, as a list of one, or the labels that a picture's label names; of numbers nothing.

        Raises:
            SampleError: it is none of this kind.
        """
        return [] if self.kind == "numbers" else _names(_parsed(label), self.kind)

    def encode(self, label: Any) -> Tensor:
        """Return a label as the loss takes it: a class's number, 0 and 1 for every label (k,), or scaled numbers (k,).

        Raises:
            SampleError: it is none of this kind, or names what the training pictures did not.
        """
        if self.kind == "numbers":
            numbers = _numbers(_parsed(label))
            if len(numbers) != self.outputs:
                raise SampleError(f"must be {self.outputs} numbers, got {len(numbers)}.", "label")
            scaled = (np.array(numbers) - np.array(self.mean)) / np.array(self.std)
            return torch.tensor(scaled, dtype=torch.float32)
        found = self.named(label)
        for name in found:
            if name not in self.names:
                raise SampleError(f"must be one of the training pictures', got {name!r}.", "label")
        if self.kind == "classes":
            return torch.tensor(self.names.index(found[0]))
        return torch.tensor([float(name in found) for name in self.names])

    def in_units(self, outputs: Values) -> Values:
        """Return outputs (n, k), or encoded numbers, in the units of the labels; logits as they are."""
        if self.kind != "numbers":
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * outputs.new_tensor(self.std) + outputs.new_tensor(self.mean)
        restored: Values = outputs * np.array(self.std, outputs.dtype) + np.array(self.mean, outputs.dtype)
        return restored

    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        """Return what training makes small: cross entropy, binary cross entropy, or squared error.

        Args:
            weights: (k,) how much a class counts, or a label where it is present; see `weights`.
            smoothing: 0 up to 1: this part of the truth is spread evenly over all answers (Szegedy et al., 2016).
            is_robust: numbers that are off by more than a standard deviation count linearly (Huber, 1964).
        """
        if self.kind == "classes":
            return lambda outputs, truth: functional.cross_entropy(
                outputs, truth, weight=weights, label_smoothing=smoothing
            )
        if self.kind == "labels":
            return lambda outputs, truth: functional.binary_cross_entropy_with_logits(
                outputs, truth * (1.0 - smoothing) + smoothing / 2.0, pos_weight=weights
            )
        measure = functional.huber_loss if is_robust else functional.mse_loss
        return lambda outputs, truth: measure(outputs, truth)

    def weights(self, wanted: ClassWeights, truths: Tensor) -> Tensor | None:
        """Return how much each class or label counts (k,), or None where all count alike.

        ``auto`` makes the classes count alike as wholes: the pictures over the classes times the class's pictures;
        present and absent alike for a label: its absences over its presences. Named weights leave the others at 1.

        Args:
            wanted: ``none``, ``auto``, or weights above 0 by name.
            truths: of the training pictures, encoded, in one tensor.

        Raises:
            ArgumentError: numbers have no classes, or a name is none of theirs.
        """
        if wanted == "none":
            return None
        if self.kind == "numbers":
            raise ArgumentError("must be none where the target is numbers.", "class-weights")
        if wanted == "auto":
            if self.kind == "classes":
                counts = torch.bincount(truths, minlength=self.outputs).to(torch.float32)
                return len(truths) / (self.outputs * counts.clamp(min=1.0))
            present = truths.sum(0)
            return (len(truths) - present).clamp(min=1.0) / present.clamp(min=1.0)
        assert not isinstance(wanted, str)
        for name, weight in wanted.items():
            if name not in self.names:
                raise ArgumentError(f"must name a class, got {name!r}.{closest(name, self.names)}", "class-weights")
            if not (weight > 0.0 and math.isfinite(weight)):
                raise ArgumentError(f"must be above 0, got {weight!r} for {name!r}.", "class-weights")
        return torch.tensor([float(wanted.get(name, 1.0)) for name in self.names])


def _parsed(label: Any) -> Any:
    """Return a label as it is meant: a cell of CSV that holds a JSON list is one."""
    if isinstance(label, str) and label.startswith("["):
        try:
            return json.loads(label)
        except ValueError:
            return label
    return label


def _kind_of(values: Sequence[Any]) -> TargetKind:
    if any(value is None for value in values):
        advice = "Name the column that holds them with --label."
        raise SampleError(f"must be there for every picture, got some without. {advice}", "labels")
    kinds = {_kind(value): value for value in values}
    if len(kinds) == 1:
        (kind,) = kinds
    elif kinds.keys() == {"labels", "numbers"} and [] in values and all(v == [] or _is_texts(v) for v in values):
        kind = "labels"
    else:
        shown = " and ".join(f"{value!r:.40}" for value in kinds.values())
        raise SampleError(f"must all be texts, lists of texts, or numbers, got {shown}.", "labels")
    is_numeric = kind == "classes" and all(_is_number(value) for value in values)
    return "numbers" if is_numeric and any("." in value for value in values) else kind


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _kind(value: Any) -> TargetKind:
    if isinstance(value, str):
        return "classes"
    if _is_texts(value):
        return "labels"
    if _is_number(value) or isinstance(value, list):
        return "numbers"
    raise SampleError(f"must be a text, a number, or a list of one of them, got {value!r:.60}.", "label")


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool | list) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _numbers(value: Any) -> list[float]:
    numbers = value if isinstance(value, list) else [value]
    if not numbers or not all(_is_number(number) for number in numbers):
        raise SampleError(f"must be a number, or a list of them, got {value!r:.60}.", "label")
    return [float(number) for number in numbers]


def _of_one_length(values: Sequence[Any]) -> Sequence[Any]:
    lengths = {len(value) if isinstance(value, list) else 1 for value in values}
    if len(lengths) > 1:
        what = f"must be as many numbers for every picture, got {min(lengths)} and {max(lengths)}"
        raise SampleError(f"{what}.", "labels")
    return values


def _names(value: Any, kind: TargetKind) -> list[str]:
    """Return the class, as a list of one, or the labels that a value names."""
    names: Iterable[Any] = value if kind == "labels" and isinstance(value, list) else [value]
    found = [str(name) if isinstance(name, int) and not isinstance(name, bool) else name for name in names]
    if not all(isinstance(name, str) and name for name in found):
        what = "the name of a class" if kind == "classes" else "a list of names"
        raise SampleError(f"must be {what}, got {value!r:.60}.", "label")
    return found


def _numbered(count: int) -> tuple[str, ...]:
    return ("value",) if count == 1 else tuple(f"value {place}" for place in range(count))
