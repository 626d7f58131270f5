"""Columns of labels: what a manifest's row, or the JSON beside a picture in a tar, says, checked before it is believed.

The numbers that formats with files of their own hold are checked with the same functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.errors import FileError

_KINDS = {int, float}


def numbers(value: Json, where: str, count: int | None = None) -> tuple[float, ...]:
    """Return a list of numbers as floats.

    Args:
        value: what the file holds.
        where: for messages.
        count: how many there must be, if that is known.

    Raises:
        FileError: it is something else.
    """
    try:
        if isinstance(value, list) and set(map(type, value)) <= _KINDS and count in (None, len(value)):
            found = tuple(map(float, value))
            if isfinite(sum(found)):
                return found
    except OverflowError:  # an integer beyond every float
        pass
    wanted = "a list of numbers" if count is None else f"{count} numbers"
    raise FileError(f"must be {wanted}, got {shown(value)}.", where)


def shown(value: Json) -> str:
    """Return a value as messages show it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True)
class Columns:
    """One row of a file, read column by column.

    Args:
        values: by column; one that is None says nothing.
        where: for messages.
        label: of the picture: the class of boxes and lines that have no labels of their own.
        size: (height, width) that the row tells of the picture, or None.
        count: how many boxes it has, or None where there is no column of boxes.
    """

    values: Mapping[str, Json]
    where: str
    label: Label = None
    size: Size | None = None
    count: int | None = None

    def place(self, name: str, number: int | None = None) -> str:
        """Name a column, or an entry of it, for messages."""
        return f"{self.where} {name}" if number is None else f"{self.where} {name}[{number}]"

    def listed(self, name: str, count: int | None = None) -> list[Json] | None:
        """Return a column that has one entry each, or None if there is no such column.

        Raises:
            FileError: it is no list, or has not `count` entries.
        """
        value = self.values.get(name)
        if value is not None and not isinstance(value, list):
            raise FileError(f"must be a list, one each, got {value!r:.60}.", self.place(name))
        if value is not None and count not in (None, len(value)):
            raise FileError(f"must be one each, {count}, got {len(value)}.", self.place(name))
        return value

    def facts(self, name: str, count: int) -> list[JsonObject] | None:
        """Return a column of facts that do not move, a JSON object each, or None if there is no such column.

        Raises:
            FileError: it holds something else.
        """
        value = self.listed(name, count)
        for place, entry in enumerate(value or ()):
            if not isinstance(entry, dict | None):
                raise FileError(f"must be an object, got {shown(entry)}.", self.place(name, place))
        return None if value is None else [entry or {} for entry in value]

    def names(self, name: str, count: int) -> list[str]:
        """Return a column of labels; without one, all have the picture's class.

        Raises:
            FileError: they are no names, or not as many.
        """
        value = self.listed(name, count)
        if value is None and (isinstance(self.label, str) or count == 0):
            return [self.label] * count
        if value is None or not all(isinstance(label, str | int) for label in value):
            raise FileError(f"must be a list of names, one each, got {value!r:.60}.", self.place(name))
        return [str(label) for label in value]
