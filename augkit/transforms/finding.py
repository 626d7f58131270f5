"""Transforms found by name, with advice where there is none: the nearest, or ours for the name of another library."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from augkit.errors import ArgumentError, closest
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
