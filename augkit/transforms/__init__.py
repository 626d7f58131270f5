"""What may happen to a picture. Every module of this folder is imported, so a new file needs no line anywhere else."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

from augkit.errors import ArgumentError, closest
from augkit.transforms.other_names import ELSEWHERE
from augkit.transforms.transform import REGISTRY, Transform

__all__ = ["REGISTRY", "Transform", "find"]

_ALBUMENTATIONS = ("A", "Albumentations")

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


def find(name: str) -> type[Transform]:
    """Return the transform called `name`.

    Raises:
        ArgumentError: there is none; the sentence gives the nearest name, or ours for another library's.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    raise ArgumentError(f"no transform is called {name!r}.{_advice(name)}")


def _advice(name: str) -> str:
    """Say what is meant: ours for another library's name, however it is written, or the nearest."""
    package, _, inner = re.split(r"[^\w.]", name, maxsplit=1)[0].rpartition(".")
    folded = {other.lower(): ours for other, ours in ELSEWHERE.items()}
    if inner.lower() in folded:
        return f" Here that is {folded[inner.lower()]}."
    if inner in REGISTRY and inner != name and not package:  # Rotate(30), Rotate {degrees: 30}
        return f" Write {inner}: and its arguments behind it."
    if package in _ALBUMENTATIONS:
        return f" Write albumentations.{inner}."
    return (
        closest(inner or name, REGISTRY)
        or " `augkit list` names all; those of Albumentations are written albumentations.NAME."
    )
