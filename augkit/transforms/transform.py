"""Transforms: frozen, validated descriptions with one method, `draw`.

A transform only says which numbers it draws and which operations they make::

    @transform
    class Tilt(Transform):
        degrees: Range = (-5.0, 5.0)

        def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
            turn = about(rotation(pick(stream, self.degrees)), scene.size)
            return (Homography(turn, scene.size),)

Masks, boxes, keypoints, YAML, JSON Schema, lineage and replay follow from the operations.
"""

from __future__ import annotations

import math
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from itertools import chain
from typing import Annotated, NoReturn, TypeVar, dataclass_transform

import pydantic
from pydantic_core import core_schema

from augkit.core.arrays import JsonObject
from augkit.core.key import Stream
from augkit.core.ops import Op
from augkit.core.validation import is_number, is_size, value
from augkit.errors import ArgumentError
from augkit.registers import Register
from augkit.targets.scene import Scene

T = TypeVar("T", bound="Transform")


@dataclass(frozen=True)
class Interval:
    """Validate a range: a pair (low, high), or one number for a fixed value; both within the given limits.

    Args:
        low, high: the limits.
        of: what the numbers are fractions of, for the complaint; empty where they have another unit, or none.
    """

    low: float = -math.inf
    high: float = math.inf
    of: str = ""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, schema: object, handler: object) -> JsonObject:
        limits = {"minimum": self.low, "maximum": self.high}
        number = {"type": "number"} | {name: limit for name, limit in limits.items() if math.isfinite(limit)}
        return {"anyOf": [number, {"type": "array", "items": number, "minItems": 2, "maxItems": 2}]}

    def validate(self, value: object) -> tuple[float, float]:
        pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
        if len(pair) != 2 or not all(is_number(end) for end in pair):
            raise ArgumentError(f"must be a number or a pair (low, high), got {value!r}.")
        low, high = float(pair[0]), float(pair[1])
        if low > high:
            raise ArgumentError(f"must have low <= high, got {value!r}. Swap the two.")
        if low < self.low or high > self.high:
            unit = f" as a fraction of {self.of}" * bool(self.of)
            raise ArgumentError(f"must lie within {self.low:g} and {self.high:g}{unit}, got {value!r}.")
        return low, high


def _pixels(value: object) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if not is_size(pair):
        raise ArgumentError(f"must be (height, width) in whole pixels, at least 1, got {value!r}.")
    return pair


LOG_UNIFORM = "log-uniform"  # in the annotation of a range whose logarithm is drawn uniformly


@dataclass(frozen=True)
class CountsFor:
    """Say in an argument's annotation that only some kinds of its step look at it.

    Args:
        argument: the one that says the kind.
        kinds: those that look at it.
    """

    argument: str
    kinds: tuple[str, ...]


def ordered(value: int | tuple[int, int]) -> int | tuple[int, int]:
    """Refuse a range of whole numbers that is given the wrong way round; for an argument's annotation."""
    if isinstance(value, tuple) and value[0] > value[1]:
        raise ArgumentError(f"must have low <= high, got {value}. Swap the two.")
    return value


def pick_whole(stream: Stream, value: int | tuple[int, int]) -> int:
    """Draw a whole number from a range, both ends alike; a number by itself is that number."""
    low, high = value if isinstance(value, tuple) else (value, value)
    return low + stream.integers(high - low + 1)


Range = Annotated[float | tuple[float, float], Interval()]
_SIDE = {"type": "integer", "minimum": 1}
# (height, width), or one number for a square; always a pair once validated.
PixelSize = Annotated[
    tuple[int, int],
    pydantic.PlainValidator(_pixels),
    pydantic.WithJsonSchema({"anyOf": [_SIDE, {"type": "array", "items": _SIDE, "minItems": 2, "maxItems": 2}]}),
]


@pydantic.dataclasses.dataclass(frozen=True, repr=False)
class Transform(ABC):
    """A step of a pipeline. Subclasses are final, made with `transform`, and draw."""

    name: Annotated[str, pydantic.Field(strict=True, min_length=1)] | None = field(default=None, kw_only=True)

    @abstractmethod
    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        """Draw this step's numbers from its own stream and return the operations they make."""

    def __call__(self, *given: object, **named: object) -> NoReturn:
        """Refuse a call: a transform draws, and a pipeline of it is called."""
        name, arguments = type(self).__name__, "..." * bool(self.given())
        advice = f"Write ak.Pipeline([ak.{name}({arguments})])(sample, key)"
        raise ArgumentError(f"must be called in a pipeline, got a call of its own. {advice}.", name)

    @property
    def carrier(self) -> Transform:
        """The step whose label and stream this one uses: itself, but for a step that only wraps another."""
        return self

    @property
    def called(self) -> str:
        """The label of a step without a name: its class, but for a step that stands for many."""
        return type(self).__name__

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages beside ours whose versions decide what comes out: those of the steps it holds."""
        values = (getattr(self, item.name) for item in fields(self))
        held = chain.from_iterable(value if isinstance(value, tuple) else (value,) for value in values)
        return tuple(dict.fromkeys(chain.from_iterable(step.packages for step in held if isinstance(step, Transform))))

    def given(self) -> JsonObject:
        """Return the arguments that are not as by default."""
        values = ((item, getattr(self, item.name)) for item in fields(self))
        return {item.name: value for item, value in values if item.default is MISSING or value != item.default}

    def __repr__(self) -> str:
        told = (f"{name}={value!r}" for name, value in self.given().items())
        return f"{type(self).__name__}({', '.join(told)})"


# Stands in a transform's JSON Schema for any step: pydantic would try to resolve a reference at once.
ANY_STEP = {"description": "any step"}
Step = Annotated[pydantic.InstanceOf[Transform], pydantic.WithJsonSchema(ANY_STEP)]  # where a combinator holds any


# Steps by name: of this package, of other libraries, and of other people's packages through entry points.
TRANSFORMS: Register[type[Transform]] = Register(
    "transform", "augkit.transforms", "augkit.transforms", "augkit.integrations"
)


@dataclass_transform(frozen_default=True)
def transform(cls: type[T]) -> type[T]:
    """Make a class a transform: frozen, validated, refusing unknown arguments, known to YAML under its name.

    Raises:
        ArgumentError: another transform has that name, or a field has that of what every transform does.
    """
    hidden = next((name for name in vars(cls).get("__annotations__", {}) if name in vars(Transform)), None)
    if hidden is not None:
        raise ArgumentError(
            "must be another name: every transform has something of that name.", f"{cls.__name__}.{hidden}"
        )
    made = value(cls, has_repr=False)
    TRANSFORMS.add(cls.__name__, made)
    return made


def summary(cls: type[Transform]) -> str:
    """Return what a transform does: the first sentence of its docstring."""
    return (cls.__doc__ or "").strip().partition("\n")[0]


def example(cls: type[T]) -> T:
    """Return one such transform: as by default, or, where an argument must be given, as its docstring shows it."""
    if all(item.default is not MISSING for item in fields(cls)):
        return cls()
    shown = re.search(rf"^ *>>> ({cls.__name__}\(.*\))(  # .*)?$", cls.__doc__ or "", re.MULTILINE)
    if shown is None:
        raise ArgumentError(f"must show one in its docstring, on a line '>>> {cls.__name__}(...)'.", cls.__name__)
    # What is evaluated stands in the class's own file, which was imported and so run already.
    made: T = eval(shown[1], dict(TRANSFORMS) | vars(sys.modules[cls.__module__]))
    return made


def draw_in_turn(scene: Scene, draws: Iterable[Callable[[Scene], tuple[Op, ...]]]) -> tuple[Op, ...]:
    """Return what is drawn one after the other, each for the scene that those before it made."""
    drawn: tuple[Op, ...] = ()
    for draw in draws:
        ops, scene = scene.advanced(draw(scene))
        drawn += ops
    return drawn


def pick(stream: Stream, span: float | tuple[float, float]) -> float:
    """Draw uniformly from a range; a fixed value takes a number off the stream too, so that nothing else moves."""
    return stream.uniform(*ends(span))


def ends(span: float | tuple[float, float]) -> tuple[float, float]:
    """Return (low, high) of a range."""
    return span if isinstance(span, tuple) else (span, span)


@lru_cache(maxsize=1024)
def labels(steps: tuple[Transform, ...]) -> tuple[str, ...]:
    """Return the stream label of every step: its name, or its class with ``#2``, ``#3`` ... from the second on."""
    counts: dict[str, int] = {}
    found = []
    carriers = [step.carrier for step in steps]
    for step in carriers:
        label = step.name or step.called
        counts[label] = counts.get(label, 0) + 1
        found.append(label if counts[label] == 1 else f"{label}#{counts[label]}")
    for step in carriers:
        if step.name and (counts[step.name] > 1 or found.count(step.name) > 1):
            raise ArgumentError(f"must each have another name, got {step.name!r} twice.")
    return tuple(found)
