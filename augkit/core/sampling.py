"""Sampling options: what belongs to a pipeline and its data, never to a transform."""

from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Annotated, Literal, Self, TypeAlias, TypeVar, get_args

import numpy as np
import pydantic

from augkit.core.arrays import JsonObject, Label
from augkit.core.validation import LATER, Within, is_number, value
from augkit.errors import ArgumentError

Border = Literal["reflect", "constant", "replicate", "wrap"]
Interpolation = Literal["linear", "cubic", "lanczos", "nearest"]
Decode = Literal["full", "scaled"]
BoxRule = Literal["corners", "ellipse"]
Behaviour = Literal[1, 2]
CHOICES: dict[str, tuple[str | int, ...]] = {
    "border": get_args(Border),
    "interpolation": get_args(Interpolation),
    "decode": get_args(Decode),
    "box_rule": get_args(BoxRule),
    "behaviour": get_args(Behaviour),
}
CURRENT: Behaviour = 2  # what is new means
SINCE_2 = {"interpolation": ("cubic", "lanczos"), "decode": ("scaled",)}

T = TypeVar("T")
Pairs: TypeAlias = tuple[tuple[T, T], ...]


def _checked_fill(fill: object) -> object:
    levels = fill if isinstance(fill, tuple) and fill else (fill,)
    if not all(map(is_number, levels)):
        raise ArgumentError(f"must be a number, or one a channel, got {fill!r}.")
    return fill


def _checked_behaviour(behaviour: object) -> object:
    if type(behaviour) is not int or behaviour not in get_args(Behaviour):  # 2.0 and True are equal to whole numbers
        raise ArgumentError(f"must be 1 or 2, got {behaviour!r:.60}.")
    return behaviour


def _checked_range(levels: object) -> object:
    if levels is None:
        return None
    if not isinstance(levels, tuple) or len(levels) != 2 or not all(map(is_number, levels)):
        raise ArgumentError(f"must be (low, high), what black and white are, got {levels!r:.60}.")
    if not 0 <= levels[0] < levels[1]:
        raise ArgumentError(f"must be 0 or more, the first below the second, got {levels!r:.60}.")
    return levels


def _checked_pairs(meaning: str, fits: Callable[[object], bool], pairs: object) -> object:
    seen: set[object] = set()
    if not isinstance(pairs, tuple):
        raise ArgumentError(f"must be pairs of {meaning}, got {pairs!r:.60}.")
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(map(fits, pair)):
            raise ArgumentError(f"must be pairs of {meaning}, got {pair!r:.60}.")
        for part in pair:
            if part in seen:
                raise ArgumentError(f"must name each but once, got {part!r} again.")
            seen.add(part)
    return pairs


_points = partial(_checked_pairs, "two points, counted from 0", lambda part: type(part) is int and part >= 0)
_labels = partial(_checked_pairs, "two labels, texts or whole numbers", lambda part: type(part) in (str, int))


@value
class SamplingOptions:
    """Say how pixels are sampled and what a mirror exchanges: a property of the pipeline, never of a transform.

    Args:
        border: what lies outside the source plane: its reflection, a constant, its edge, or itself again.
        fill: the constant, in the picture's own units: one number, or one a channel.
        mask_fill: the constant for masks.
        interpolation: ``linear``, ``cubic`` (Keys, a = -0.5), ``lanczos`` (three lobes) or ``nearest``, for images;
            masks are always ``nearest``. Where a map shrinks, all but ``nearest`` reach as much further.
        min_visible: what is seen to less than this share of its moved outline is dropped: of the area of a box, its
            polygon or its mask, of the length of a line, 0 to 1.
        decode: ``full``, pictures are decoded at their full size; ``scaled``, a JPEG is decoded at a half, a quarter or
            an eighth of it where the plan shows no more.
        keypoint_pairs: the points of an object, counted from 0, that change places in a mirror: its two eyes.
        mirrored_labels: the labels that change places in a mirror, in pairs: a left hand's and a right hand's.
        range: what black and white are, in the picture's own units, where pictures use a part of their dtype's range:
            0 and 4095 of 12 bits in 16. Steps work on fractions of it, and the result keeps the picture's scale,
            clamped to it. None is all of the dtype's.
        box_rule: the outline of a box that comes without polygon or mask: its ``corners``, or the ``ellipse`` that it
            is around, which keeps the boxes of round things tight when they turn.
        behaviour: what steps and plans mean: 2, or 1 as augkit before 0.4 did it. See docs/compatibility.md.
    """

    border: Border = "reflect"
    fill: Annotated[float | tuple[float, ...], pydantic.PlainValidator(_checked_fill)] = 0
    mask_fill: Annotated[int, pydantic.Field(strict=True)] = 0
    interpolation: Interpolation = "linear"
    min_visible: Annotated[float, Within(0.0, 1.0)] = 0.1
    decode: Decode = "full"
    keypoint_pairs: Annotated[Pairs[int], pydantic.PlainValidator(_points)] = field(default=(), metadata=LATER)
    mirrored_labels: Annotated[Pairs[str | int], pydantic.PlainValidator(_labels)] = field(default=(), metadata=LATER)
    range: Annotated[tuple[float, float] | None, pydantic.PlainValidator(_checked_range)] = field(
        default=None, metadata=LATER
    )
    box_rule: BoxRule = field(default="corners", metadata=LATER)
    behaviour: Annotated[Behaviour, pydantic.PlainValidator(_checked_behaviour)] = field(
        default=CURRENT, metadata=LATER
    )

    @pydantic.model_validator(mode="after")
    def _require_known_then(self) -> Self:
        """Refuse of an older behaviour what it did not know."""
        for name, words in SINCE_2.items() if self.behaviour == 1 else ():
            if getattr(self, name) in words:
                what = f"must be of behaviour 2, got {getattr(self, name)!r} with behaviour 1. Leave behaviour out."
                raise ArgumentError(what, f"SamplingOptions.{name}")
        return self

    def given(self) -> JsonObject:
        """Return what is not as by default."""
        return {name: value for name, value in vars(self).items() if value != getattr(type(self), name)}

    def in_mirror(self, label: Label) -> Label:
        """Return what a label, or each of several, is called in a mirror; what no pair names stays.

        A text is also what a pair's whole number is called: classes that are read from files have names.

        >>> SamplingOptions(mirrored_labels=(("left", "right"),)).in_mirror(["right", "both"])
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
        """The exchanges of a mirror in words; an empty text where there are none."""
        points = ", ".join(f"{one} and {other}" for one, other in self.keypoint_pairs)
        labels = ", ".join(f"{one!r} and {other!r}" for one, other in self.mirrored_labels)
        told = [f"keypoints {points}"] * bool(points) + [f"labels {labels}"] * bool(labels)
        return f"{'; '.join(told)} change places" if told else ""
