"""Steps found by name: ours, with advice where there is none, and those that other libraries do.

A step of another library is written ``LIBRARY.NAME`` in a pipeline file. Its class comes from a module of
``augkit.integrations``, which adds it to `FOREIGN`; nothing here, nor in any other room, imports that module by itself.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from augkit.core.arrays import Json, JsonObject
from augkit.errors import ArgumentError, closest
from augkit.registers import Register
from augkit.transforms.transform import TRANSFORMS, Transform
from augkit.yaml_file import read

_ALBUMENTATIONS = ("A", "Albumentations")


def find(name: str) -> type[Transform]:
    """Return the transform called `name`.

    Raises:
        ArgumentError: there is none; the sentence gives the nearest name, or ours for another library's.
    """
    if name in TRANSFORMS:
        return TRANSFORMS[name]
    raise ArgumentError(f"no transform is called {name!r}.{_advice(name)}")


def _advice(name: str) -> str:
    """Say what is meant: ours for another library's name, however it is written, or the nearest."""
    package, _, inner = re.split(r"[^\w.]", name, maxsplit=1)[0].rpartition(".")
    folded = {other.lower(): ours for other, ours in elsewhere().items()}
    if inner.lower() in folded:
        return f" Here that is {folded[inner.lower()]}."
    if inner in TRANSFORMS and inner != name and not package:  # Rotate(30), Rotate {degrees: 30}
        return f" Write {inner}: and its arguments behind it."
    if package in _ALBUMENTATIONS:
        return f" Write albumentations.{inner}."
    return (
        closest(inner or name, TRANSFORMS)
        or " `augkit list` names all; those of Albumentations are written albumentations.NAME."
    )


@cache
def elsewhere() -> Mapping[str, str]:
    """Return what each name of another library is called here."""
    found: Mapping[str, str] = read(Path(__file__).with_name("other_names.yaml")).data
    return found


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
    def identified(cls, arguments: JsonObject) -> JsonObject:
        """Return arguments as books hold them, that name files by their content, wherever they lie.

        Raises:
            FileError: one is not there.
        """

    @classmethod
    @abstractmethod
    def files(cls, arguments: JsonObject) -> dict[str, str]:
        """Return the absolute paths of the files that arguments name, by the SHA-256 of their content.

        Raises:
            FileError: one is not there.
        """

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
