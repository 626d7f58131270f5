"""Steps of other libraries, as pipeline files, sentences and conversions ask for them.

A step that another library does is written ``LIBRARY.NAME`` in a pipeline file. Its class comes from a module of
``augkit.integrations``, which adds it to `FOREIGN`; nothing here, nor in any other room, imports that module by itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from augkit.core.arrays import Json, JsonObject
from augkit.registers import Register
from augkit.transforms.transform import Transform


class ForeignStep(Transform):
    """A step that a transform of another library does."""

    @property
    @abstractmethod
    def arguments(self) -> JsonObject:
        """The library's arguments as plain data."""

    @classmethod
    @abstractmethod
    def written(cls, transform: str, arguments: Mapping[str, Json], folder: str, name: str | None) -> ForeignStep:
        """Return the step that a file in `folder`, from which its paths are relative, writes as ``LIBRARY.transform``.

        Raises:
            ArgumentError: there is no such transform, or an argument is not what it must be.
            MissingExtra: the library is not installed.
        """

    @classmethod
    @abstractmethod
    def saved(cls, transform: str, arguments: Mapping[str, Json]) -> ForeignStep:
        """Return the step that the library itself wrote with these arguments, and with others made of them."""

    @classmethod
    @abstractmethod
    def seen_from(cls, folder: str, arguments: JsonObject) -> JsonObject:
        """Return arguments as a file in `folder` writes them, whose relative paths began in the current one."""

    @classmethod
    @abstractmethod
    def host(cls, augment: object, p: float, name: str) -> object:
        """Return a transform of the library that does a `Pipeline`, with chance p, saved under a name.

        Raises:
            ArgumentError: p is no probability, or the name no text.
            MissingExtra: the library is not installed.
        """


FOREIGN: Register[type[ForeignStep]] = Register("library", "augkit.integrations")


def foreign(name: str) -> tuple[type[ForeignStep], str] | None:
    """Return the class and the transform that a step's name stands for, None where it is a name of ours."""
    library, _, transform = name.partition(".")
    return (FOREIGN[library], transform) if transform and library in FOREIGN else None
