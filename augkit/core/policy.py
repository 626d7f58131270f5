"""What belongs to a pipeline and its data, never to a transform: how pixels are sampled, what a mirror exchanges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import numpy as np

from augkit.core.facts import is_number
from augkit.errors import ArgumentError, closest

__all__ = ["CHOICES", "Border", "Decode", "Interpolation", "Pairs", "Policy"]

Border = Literal["reflect", "constant", "replicate", "wrap"]
Interpolation = Literal["linear", "nearest"]
Decode = Literal["full"]
CHOICES = {"border": get_args(Border), "interpolation": get_args(Interpolation), "decode": get_args(Decode)}
_LATER = ("keypoint_pairs", "mirrored_labels")  # plans were written before these were known

T = TypeVar("T")
Pairs: TypeAlias = tuple[tuple[T, T], ...]


@dataclass(frozen=True)
class Policy:
    """How pixels are sampled and what a mirror exchanges: a property of the pipeline, never of a transform.

    Args:
        border: what lies outside the source plane: its reflection, a constant, its edge, or itself again.
        fill: the constant, in the picture's own units: one number, or one a channel.
        mask_fill: the constant for masks.
        interpolation: ``linear`` or ``nearest``, for images; masks are always ``nearest``.
        min_visible: boxes are dropped when less than this fraction of their moved area is left, 0 to 1.
        decode: ``full``, pictures are decoded at their full size.
        keypoint_pairs: the points of an object, counted from 0, that change places in a mirror: its two eyes.
        mirrored_labels: the labels that change places in a mirror, in pairs: a left hand's and a right hand's.
    """

    border: Border = "reflect"
    fill: float | tuple[float, ...] = 0
    mask_fill: int = 0
    interpolation: Interpolation = "linear"
    min_visible: float = 0.1
    decode: Decode = "full"
    keypoint_pairs: Pairs[int] = ()
    mirrored_labels: Pairs[str | int] = ()

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                advice = closest(value, choices) if isinstance(value, str) else ""
                raise ArgumentError(f"must be {' or '.join(choices)}, got {value!r}.{advice}", name)
        fills = self.fill if isinstance(self.fill, tuple) and self.fill else (self.fill,)
        if not all(is_number(value) for value in fills):
            raise ArgumentError(f"must be a number, or one a channel, got {self.fill!r}.", "fill")
        if type(self.mask_fill) is not int:
            raise ArgumentError(f"must be a whole number, got {self.mask_fill!r}.", "mask_fill")
        if not is_number(self.min_visible) or not 0.0 <= self.min_visible <= 1.0:
            raise ArgumentError(f"must lie within 0 and 1, got {self.min_visible!r}.", "min_visible")
        _check_pairs("keypoint_pairs", self.keypoint_pairs, "two points, counted from 0", _is_place)
        _check_pairs("mirrored_labels", self.mirrored_labels, "two labels, texts or whole numbers", _is_label)

    def given(self) -> dict[str, Any]:
        """Return what is not as by default."""
        return {name: value for name, value in vars(self).items() if value != getattr(type(self), name)}

    def described(self) -> dict[str, Any]:
        """Return all of it, as plans write it: what came later only where it is given."""
        return {name: value for name, value in vars(self).items() if name not in _LATER or value}

    def in_mirror(self, label: Any) -> Any:
        """Return what a label, or each of several, is called in a mirror; what no pair names stays.

        A text is also what a pair's whole number is called: classes that are read from files have names.

        >>> Policy(mirrored_labels=(("left", "right"),)).in_mirror(["right", "both"])
        ['left', 'both']
        """
        if isinstance(label, np.ndarray):
            changed = [self.in_mirror(value) for value in label.tolist()]
            return np.array(changed, None if label.dtype.kind == "U" else label.dtype).reshape(label.shape)
        if isinstance(label, np.generic):
            value = self.in_mirror(label.item())
            return label if value == label.item() else type(label)(value)
        if isinstance(label, list | tuple):
            return type(label)(self.in_mirror(value) for value in label)
        if type(label) in (str, int):
            for pair in self.mirrored_labels:
                one, other = map(str, pair) if type(label) is str else pair
                if label in (one, other):
                    return other if label == one else one
        return label

    @property
    def exchanges(self) -> bool:
        """Whether anything changes places in a mirror."""
        return bool(self.keypoint_pairs or self.mirrored_labels)

    @property
    def mirror_changes(self) -> str:
        """What changes places in a mirror, in words; an empty text where nothing does."""
        points = ", ".join(f"{one} and {other}" for one, other in self.keypoint_pairs)
        labels = ", ".join(f"{one!r} and {other!r}" for one, other in self.mirrored_labels)
        told = [f"keypoints {points}"] * bool(points) + [f"labels {labels}"] * bool(labels)
        return f"{'; '.join(told)} change places" if told else ""


def _is_place(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_label(value: object) -> bool:
    return type(value) in (str, int)


def _check_pairs(name: str, pairs: object, meaning: str, fits: Callable[[object], bool]) -> None:
    if not isinstance(pairs, tuple):
        raise ArgumentError(f"must be pairs of {meaning}, got {pairs!r:.60}.", name)
    seen: set[object] = set()
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(map(fits, pair)):
            raise ArgumentError(f"must be pairs of {meaning}, got {pair!r:.60}.", name)
        for part in pair:
            if part in seen:
                raise ArgumentError(f"must name each but once, got {part!r} again.", name)
            seen.add(part)
