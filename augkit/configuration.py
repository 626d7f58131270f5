"""Configurations: each option of a command is one field of a model, and all else about it is made of that field.

The command line takes a field's type, default and description for its parameters and help; the checks complain in the
words of its type and bounds; the books of a job hold the fields that decide what comes out, and a resume compares them.
Importing a configuration costs no more than pydantic: what it needs of a heavy library is imported when it is needed.
"""

import json
import os
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, Literal, Self, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator, ConfigDict, FieldSerializationInfo, ValidationError, field_serializer
from pydantic.fields import FieldInfo

from augkit.addresses import shown_address
from augkit.errors import ArgumentError, AugkitError, closest, listed

KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_BOUNDS = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt"}

Given = TypeVar("Given", contravariant=True)
Held = TypeVar("Held", covariant=True)

if TYPE_CHECKING:

    class Takes(Generic[Given, Held]):
        """Field that is given values of one type and holds those of another; its default needs `validate_default`."""

        def __get__(self, instance: object, owner: object) -> Held: ...

        def __set__(self, instance: object, value: Given) -> None: ...

else:

    class Takes:
        """Type of what a field holds; type checkers know what it may be given, too."""

        def __class_getitem__(cls, kinds: tuple[object, object]) -> object:
            return kinds[1]


def converted(convert: Callable[[object], object]) -> BeforeValidator:
    """Return a validator that converts values first; one that is of a wrong type for that is told as not fitting."""

    def checked(given: object) -> object:
        try:
            return convert(given)
        except (TypeError, AttributeError, OverflowError) as fault:
            raise ValueError(fault) from None

    return BeforeValidator(checked)


def _path_as_text(given: object) -> object:
    return os.fspath(given) if isinstance(given, os.PathLike) else given


FROM_PATH = converted(_path_as_text)
Place = Annotated[Takes[str | os.PathLike[str], str], FROM_PATH]  # a path, or a name that stands for one
PlaceOrNone = Annotated[Takes[str | os.PathLike[str] | None, str | None], FROM_PATH]


def _as_texts(given: object) -> object:
    """Return texts as a tuple, without repetitions; a text by itself is one."""
    if not isinstance(given, str | Iterable | None):
        raise TypeError(given)
    return tuple(dict.fromkeys([given] if isinstance(given, str) else given or ()))


Texts = Annotated[Takes[str | Iterable[str], tuple[str, ...]], converted(_as_texts)]


def _without_folder(value: object) -> object:
    """Return a path, or a mapping to such, by names alone where they are whole ones."""
    if isinstance(value, Mapping):
        return {key: _without_folder(one) for key, one in value.items()}
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _told(value: object) -> object:
    """Return a value without secrets in addresses."""
    return shown_address(value) if isinstance(value, str) else value


def _as_it_is(value: object) -> object:
    return value


@dataclass(frozen=True, kw_only=True)
class Option:
    """Facts of a field beside its type, default and description; a field without one has these defaults.

    Args:
        key: its name in books and messages, if not the field's.
        name: of the option, without dashes at its beginning; else the key with dashes for underscores.
        argument: what help calls it if it is an argument, which has a place and no name.
        metavar: what help calls its value.
        shown_default: what help says of the default; else it is shown as it is.
        refused_help: of the option that gives False where the field takes text or False.
        is_many: whether the option may be given several times; the field then takes a list of texts.
        decides: whether another value makes other results: then it stands in the books and is compared at a resume.
        is_later: it came after jobs were begun without it: the books name it only where it is not the default.
        choices: gives the values that it may have, such as the names in a register.
        rule: what it must be, if type and bounds do not say it.
        written: gives the value as the books hold it.
        text: gives the value as the command line takes it.
    """

    key: str = ""
    name: str = ""
    argument: str = ""
    metavar: str | None = None
    shown_default: str | None = None
    refused_help: str = ""
    is_many: bool = False
    decides: bool = True
    is_later: bool = False
    choices: Callable[[], Iterable[str]] | None = None
    rule: str = ""
    written: Callable[..., object] = _as_it_is
    text: Callable[..., str] = str


@dataclass(frozen=True)
class Entry:
    """A field of a configuration by its name in Python, as pydantic has it and with its metadata."""

    field: str
    info: FieldInfo
    option: Option

    @property
    def key(self) -> str:
        """Its name in books and messages."""
        return self.option.key or self.field

    @property
    def name(self) -> str:
        """Its name on the command line, without the dashes before it."""
        return self.option.name or self.key.replace("_", "-")

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.info.is_required()

    @property
    def default(self) -> object:
        """The default, if there is one."""
        return None if self.is_required else self.info.get_default(call_default_factory=True)

    @property
    def kind(self) -> type | None:
        """The one of bool, int, float and str that it holds, or None for what is made of text."""
        first, *more = {part for part in _parts(self.info.annotation) if part is not type(None)}
        return next((kind for kind in KINDS if kind is first and not more), None)

    @property
    def is_refusable(self) -> bool:
        """Whether it takes text, or False for having none of it, which is an option of its own."""
        return self.kind is None and bool in _parts(self.info.annotation)

    @property
    def choices(self) -> list[str]:
        """The values that it may have, if they can be counted."""
        return list(map(str, self._literals if self.option.choices is None else self.option.choices()))

    @property
    def _literals(self) -> list[object]:
        literals = [part for part in _parts(self.info.annotation) if get_origin(part) is Literal]
        return [value for part in literals for value in get_args(part)]

    def chosen(self, text: object) -> object:
        """Return the choice of another type, such as 2, that a text stands for; else what was given."""
        return next((value for value in self._literals if str(value) == text), text)

    @property
    def help(self) -> str:
        """The description, with the choices in the place of ``{choices}``."""
        text = self.info.description or ""
        return text.replace("{choices}", listed(self.choices)) if "{choices}" in text else text

    @property
    def rule(self) -> str:
        """The rule for its value, as complaints say it."""
        if self.option.rule:
            return self.option.rule
        choices = self.choices
        if choices:
            return listed(choices) if len(choices) == 2 else f"one of {', '.join(choices)}"
        kind = "text or a path" if FROM_PATH in self.info.metadata else KINDS[self.kind or str]
        known = (part for part in self.info.metadata if type(part) in _BOUNDS)
        bounds = {type(part): _number(getattr(part, _BOUNDS[type(part)])) for part in known}
        if Ge in bounds and Le in bounds:
            return f"{kind} from {bounds[Ge]} to {bounds[Le]}"
        low = f", {bounds[Ge]} or more" if Ge in bounds else f" above {bounds[Gt]}" if Gt in bounds else ""
        high = f"at most {bounds[Le]}" if Le in bounds else f"below {bounds[Lt]}" if Lt in bounds else ""
        joint = " and " if low and high else ", " if Le in bounds else " " if high else ""
        return f"{kind}{low}{joint}{high}"

    def complaint(self, value: object) -> ArgumentError:
        """Return what is to be said of a value that does not fit."""
        near = closest(value, self.choices) if isinstance(value, str) else ""
        return ArgumentError(f"must be {self.rule}, got {_shown(value)}.{near}", self.key)


class Configuration(BaseModel):
    """Abilities of every configuration; its fields are those of a subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    def __init__(self, *unnamed: object, **values: object) -> None:
        """Check every value.

        Raises:
            ArgumentError: one does not fit, is missing, or has an unknown name or none.
        """
        if unnamed:
            kind, required = type(self).__name__, (entry for entry in self.entries() if entry.is_required)
            advice = f"Write ak.{kind}({', '.join(f'{entry.field}=...' for entry in required)})."
            raise ArgumentError(f"must get all by name, got {unnamed[0]!r:.60} without one. {advice}", kind)
        try:
            super().__init__(**values)
        except ValidationError as fault:
            raise _complaint(type(self), fault) from None
        for entry in self.entries():
            value = getattr(self, entry.field)
            if entry.option.choices is not None and value != entry.default and value not in entry.choices:
                raise entry.complaint(value)

    def __hash__(self) -> int:
        return hash(tuple(value for value in dict(self).values() if isinstance(value, str | int | float)))

    @field_serializer("*", when_used="json")
    def _as_in_books(self, value: object, info: FieldSerializationInfo) -> object:
        entry = next(entry for entry in self.entries() if entry.field == info.field_name)
        return _told(entry.option.written(value))

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        yield from ((name, _told(value)) for name, value in dict(self).items())

    @classmethod
    def of(cls, **values: object) -> Self:
        """Return a configuration of values that may be of any type, such as texts that stand for others."""
        made: Callable[..., Self] = cls
        return made(**values)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Show in help every field with its description, and in the signature its default."""
        cls.__doc__ = f"{cls.__doc__}\n\n    Args:\n{cls.documented()}\n    "
        parameters = [
            Parameter(
                entry.field, Parameter.KEYWORD_ONLY, default=Parameter.empty if entry.is_required else entry.default
            )
            for entry in cls.entries()
        ]
        cls.__signature__ = Signature(parameters)

    @classmethod
    @cache
    def entries(cls) -> tuple[Entry, ...]:
        """Return the fields in order."""
        return tuple(
            Entry(name, info, next((part for part in info.metadata if isinstance(part, Option)), Option()))
            for name, info in cls.model_fields.items()
        )

    def replaced(self, **values: object) -> Self:
        """Return the same with other values, checked again; these, and what was given before, count as given."""
        return self.of(**{name: value for name, value in dict(self).items() if name in self.model_fields_set} | values)

    def described(self) -> dict[str, object]:
        """Return what decides the results, by key, as the books of a job hold it."""
        return {
            entry.key: entry.option.written(getattr(self, entry.field))
            for entry in self.entries()
            if entry.option.decides and not (entry.option.is_later and getattr(self, entry.field) == entry.default)
        }

    def portable(self) -> Self:
        """Return the same with files and folders by their names alone: what is passed on tells nothing of a machine."""
        places = {
            entry.field: getattr(self, entry.field) for entry in self.entries() if FROM_PATH in entry.info.metadata
        }
        return self.model_copy(update={name: _without_folder(value) for name, value in places.items()})

    def words(self) -> Iterator[str]:
        """Yield the words of a command that says the same: the arguments, then the options that are no defaults."""
        yield from (shown_address(str(getattr(self, entry.field))) for entry in self.entries() if entry.option.argument)
        for entry in self.entries():
            value = getattr(self, entry.field)
            if entry.option.argument or (value == entry.default and not entry.is_required):
                continue
            if entry.option.is_many:
                items = [f"{key}={one}" for key, one in value.items()] if isinstance(value, Mapping) else value
                yield from (word for item in items for word in (f"--{entry.name}", shown_address(item)))
                continue
            yield f"--{'no-' * (value is False)}{entry.name}"
            if not isinstance(value, bool):
                yield shown_address(entry.option.text(value))

    @classmethod
    def documented(cls) -> str:
        """Return the fields with their descriptions, a line each, as a docstring lists arguments."""
        return "\n".join(f"        {entry.field}: {entry.help}" for entry in cls.entries())

    @classmethod
    def with_defaults(cls, books: Mapping[str, object]) -> dict[str, object]:
        """Return what books say, and of options that came after them the defaults, by which they went."""
        later = (
            entry
            for entry in cls.entries()
            if entry.option.decides and not (entry.is_required or entry.option.is_later)
        )
        return {entry.key: entry.option.written(entry.default) for entry in later} | dict(books)


def difference(then: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Say in which entry two descriptions of a job differ, as ``seed must be 0, got 1``; nothing if in none.

    >>> difference({"seed": 0, "split": {"train": 0.5}}, {"seed": 0, "split": {"train": 0.6}})
    'split.train must be 0.5, got 0.6'
    """
    for name in (*now, *(name for name in then if name not in now)):
        before, after = (json.loads(json.dumps(side.get(name))) for side in (then, now))
        if before != after:
            if isinstance(before, dict) and isinstance(after, dict):
                return f"{name}.{difference(before, after)}"
            return f"{name} must be {_as_json(before)}, got {_as_json(after)}"
    return ""


def _complaint(kind: type[Configuration], fault: ValidationError) -> AugkitError:
    details = fault.errors(include_url=False)[0]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, AugkitError):  # of a validator, which said it all
        return cause
    by_name = {entry.field: entry for entry in kind.entries()}
    name = str(details["loc"][0]) if details["loc"] else ""
    if name not in by_name:
        return ArgumentError(f"must be an option that there is, got {name!r}.{closest(name, by_name)}", kind.__name__)
    if details["type"] == "missing":
        return ArgumentError("must be given, got nothing.", by_name[name].key)
    return by_name[name].complaint(details["input"])


def _parts(annotation: object) -> Iterator[object]:
    """Yield the members of a union, without what annotates them."""
    if get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    elif get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    else:
        yield annotation


def _shown(value: object) -> str:
    """Return a value on one line, or its type where it cannot be written."""
    try:
        return re.sub(r"\n\s*", " ", repr(value))[:60]
    except ValueError:  # a number of thousands of digits
        return f"one of type {type(value).__name__}"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
