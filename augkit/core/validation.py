"""Validation by pydantic: types of fields with their limits, dataclasses that hold to them, complaints in one form."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, wraps
from numbers import Real
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeGuard, TypeVar, dataclass_transform

import pydantic
from pydantic_core import ErrorDetails, core_schema

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError, closest, listed

T = TypeVar("T")

MAX_SIDE = 1_000_000  # of a picture, in pixels
MOST = 1e30  # of a number in a plan: sums of its products with 65,535 still fit into float32

# Metadata of a field that came after plans were written: it is written only where it is not as by default.
LATER = MappingProxyType({"later": True})

_CHANCES = ("chance", "p", "prob", "probability")  # what other libraries call it, and what it is called beside a step
_WORDS = {
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid string": "a text",
    "a valid tuple": "a list",
    "an instance of Transform": "a step",
}
_HELD = re.compile(r"a dictionary or an instance of (\w+)")  # pydantic's word for a dataclass


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether `value` is a finite number that a float can hold, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


@dataclass(frozen=True)
class Within:
    """Validate a finite number between two limits, and keep it as it is, whole or not.

    Args:
        low, high: the limits, both allowed.
    """

    low: float = -MOST
    high: float = MOST

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def validate(self, value: object) -> float:
        """Return the number, or refuse what is none, or lies beyond a limit."""
        if not is_number(value):
            raise ArgumentError(f"must be a number within {self.low:g} and {self.high:g}, got {value!r:.60}.")
        if not self.low <= value <= self.high:
            raise ArgumentError(f"must lie within {self.low:g} and {self.high:g}, got {value!r:.60}.")
        return value


Number: TypeAlias = Annotated[float, Within()]
Triple: TypeAlias = tuple[Number, Number, Number]
Square: TypeAlias = tuple[Triple, Triple, Triple]  # the rows of a matrix
Side: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=1, le=MAX_SIDE)]
Sides: TypeAlias = tuple[Side, Side]  # (height, width)
Count: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=0)]


def is_size(value: object) -> bool:
    """Tell whether `value` is (height, width), each from 1 to `MAX_SIDE` pixels."""
    return isinstance(value, tuple) and len(value) == 2 and all(type(n) is int and 1 <= n <= MAX_SIDE for n in value)


@cache
def left_out(cls: type) -> Mapping[str, object]:
    """Return the defaults of the fields that are left out where they have them."""
    return {item.name: item.default for item in fields(cls) if item.metadata == LATER}


def written(value: object) -> JsonObject:
    """Return the fields of a dataclass that are written, by name."""
    parts = dict(vars(value))
    for name, default in left_out(type(value)).items():  # type: ignore[arg-type]  # mypy hashes the value, not its class
        if parts[name] == default:
            del parts[name]
    return parts


@cache
def _checker(cls: type[Any]) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(cls)


def read(cls: type[T], given: Mapping[str, object]) -> T:
    """Return a dataclass, which checks nothing when it is made, of fields that were read, checked by annotations."""
    try:
        made: T = _checker(cls).validate_python(given)  # type: ignore[arg-type]  # mypy hashes the value, not its class
        return made
    except pydantic.ValidationError as error:
        raise readable(cls, error.errors(), (), given) from None


@dataclass_transform(frozen_default=True)
def value(cls: type[T], has_repr: bool = True) -> type[T]:
    """Make a class a value that is given by name: frozen, validated when it is made, refusing unknown arguments."""
    config = pydantic.ConfigDict(extra="forbid")
    made: Any = pydantic.dataclasses.dataclass(frozen=True, repr=has_repr, config=config)(cls)
    validate = made.__init__

    @wraps(validate)
    def init(self: T, *args: object, **kwargs: object) -> None:
        try:
            validate(self, *args, **kwargs)
        except pydantic.ValidationError as error:
            raise readable(made, error.errors(), args, kwargs) from None

    made.__init__ = init
    done: type[T] = made
    return done


def readable(
    cls: type, faults: Sequence[ErrorDetails], args: Sequence[object], kwargs: Mapping[str, object]
) -> ArgumentError:
    """Return one sentence: of an argument that there is none of, or of the one that is most at fault.

    A value that may be one of several kinds has a fault for each kind.
    """
    unknown = next((fault for fault in faults if fault["type"] == "unexpected_keyword_argument"), None)
    if unknown is not None and len(unknown["loc"]) == 1:
        name = str(unknown["loc"][0])
        told = f"has no argument {name!r:.60}.{_instead(cls, name, args, kwargs)}"
        return ArgumentError(told, f"{cls.__name__}.{name:.60}")
    fault = max(faults, key=lambda fault: len(fault["loc"]))
    where = _place(cls, fault)
    match fault["type"]:
        case "unexpected_positional_argument":
            count = len(_positional(cls))
            counted = f"takes {count} argument{'s' * (count != 1)}"
            return ArgumentError(f"{counted}, got another: {fault['input']!r:.80}.{_taken(cls)}", cls.__name__)
        case "missing" | "missing_argument":
            return ArgumentError("must be given.", where)
    own = fault.get("ctx", {}).get("error")
    if isinstance(own, ArgumentError) and own.where:
        return own
    kinds = [other for other in faults if _place(cls, other) == where and other["input"] is fault["input"]]
    if isinstance(own, ArgumentError) and len(kinds) == 1:
        return own.at(where)
    advice = next(filter(None, map(_nearest_word, kinds)), "")
    return ArgumentError(f"must {_either(kinds)}, got {fault['input']!r:.80}.{advice}", where)


def _place(cls: type, fault: ErrorDetails) -> str:
    where = cls.__name__
    positional = _positional(cls)
    for place, part in enumerate(fault["loc"]):
        if isinstance(part, str) and part[0].islower() and part.isidentifier():  # else the branch of a union
            where += f".{part:.60}"
        elif isinstance(part, int):
            where += f".{positional[part]}" if place == 0 and part < len(positional) else f"[{part}]"
    return where


def _either(kinds: Sequence[ErrorDetails]) -> str:
    """Join what each kind of value must, as ``be 'otsu' or lie within 0 and 1``."""
    rules = list(dict.fromkeys(map(_rule, kinds)))
    told = [
        rule.removeprefix("be ") if before.startswith("be ") else rule
        for before, rule in zip(["", *rules], rules, strict=False)
    ]
    return listed(told)


def _rule(fault: ErrorDetails) -> str:
    """Return what one fault asks for, a verb first."""
    own = fault.get("ctx", {}).get("error")
    if isinstance(own, ArgumentError):
        return own.message.partition(", got ")[0].removeprefix("must ")
    text = fault["msg"].removeprefix("Input should be ")
    held = _HELD.fullmatch(text)
    return f"be {_WORDS.get(text, text)}" if held is None else f"be a {held[1]}, or a mapping of its values"


def _nearest_word(fault: ErrorDetails) -> str:
    """Return the nearest of the words that a fault names, or where a mapping may stand."""
    given, expected = fault["input"], str(fault.get("ctx", {}).get("expected", ""))
    if isinstance(given, str) and _HELD.search(fault["msg"]):
        return " In a pipeline file it may be the name of a .yaml file that holds them."
    return closest(given, re.findall(r"'([^']*)'", expected)) if isinstance(given, str) else ""


def _instead(cls: type, name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    names = [item.name for item in fields(cls)]
    if name in _CHANCES and "chance" not in names:
        others = (f"{other}={value!r}" for other, value in kwargs.items() if other != name)
        call = ", ".join([*map(repr, args), *others])
        inner = f"ak.{cls.__name__}({call if len(call) <= 80 else '...'})"
        return f" Write ak.Maybe({kwargs[name]!r:.20}, {inner}), in YAML chance: beside the step."
    return " Here that is chance." if name in _CHANCES else closest(name, names) + _taken(cls)


def _taken(cls: type) -> str:
    return f" It takes {', '.join(_positional(cls)) or 'none'}."


def _positional(cls: type) -> list[str]:
    return [item.name for item in fields(cls) if not item.kw_only]
