"""Operations as data: their register, and the way to JSON and back.

Every operation holds only numbers, texts and tuples of them, so that it is hashable, prints as valid Python and is the
same after a journey through JSON. A draw makes thousands of them, so nothing is checked when one is made; when one is
read, pydantic checks every field against its annotation.
"""

from dataclasses import fields
from typing import TypeVar, dataclass_transform

from augkit.core.arrays import Json, JsonObject
from augkit.core.frozen import frozen
from augkit.core.validation import left_out, read
from augkit.core.written_floats import require_floats
from augkit.errors import ArgumentError
from augkit.registers import Register

T = TypeVar("T")

# Operations, and the parts that they hold, by the names of their classes.
OPS: Register[type] = Register("operation", "augkit.core.ops", group="augkit.transforms")
_WRITTEN: dict[type, tuple[str, tuple[tuple[str, object], ...]]] = {}  # their names, and what is left out as by default


@dataclass_transform(frozen_default=True)
def operation(cls: type[T]) -> type[T]:
    """Make a class an operation, or a part of one: a frozen dataclass, known to plans under its name."""
    made = frozen(cls)
    _WRITTEN[made] = cls.__name__, tuple(left_out(made).items())  # type: ignore[arg-type]  # mypy hashes values
    return OPS.add(cls.__name__, made)


def to_jsonable(op: object) -> JsonObject:
    """Return an operation as a dictionary; `json` asks the same of those it holds where this is its `default`."""
    if type(op) not in _WRITTEN:
        raise TypeError(f"must be an operation, got {op!r:.60}")
    name, later = _WRITTEN[type(op)]
    described = {"op": name, **vars(op)}
    for field, default in later:
        if described[field] == default:
            del described[field]
    return described


def from_jsonable(described: Json) -> object:
    """Return the operation that `to_jsonable` described, or refuse what it would not have written."""
    name = str(described.get("op") if isinstance(described, dict) else described)
    cls = OPS.find(name, "op")
    given = {field: as_tuples(value) for field, value in described.items() if field != "op"}
    wanted = {item.name for item in fields(cls)}
    if given.keys() | left_out(cls).keys() != wanted:
        raise ArgumentError(f"must have the fields {', '.join(sorted(wanted))}, got {sorted(given)}.", name)
    if isinstance(text := given.get("base64"), str):
        require_floats(text, name)
    return read(cls, given)


def as_tuples(value: Json) -> Json:
    """Return what JSON gave with tuples for lists and operations for dictionaries."""
    if isinstance(value, list):
        return tuple(map(as_tuples, value))
    return from_jsonable(value) if isinstance(value, dict) else value
