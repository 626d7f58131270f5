"""What may happen to a picture. Every module of this folder is imported, so a new file needs no line anywhere else."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from augkit.errors import ArgumentError, closest
from augkit.transforms.names import ELSEWHERE
from augkit.transforms.transform import REGISTRY, Transform

__all__ = ["REGISTRY", "Transform", "find"]

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


def find(name: str) -> type[Transform]:
    """Return the transform called `name`.

    Raises:
        ArgumentError: there is none; the sentence gives the nearest name, or ours for another library's.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    if name in ELSEWHERE:
        raise ArgumentError(f"no transform is called {name!r}. Here that is {ELSEWHERE[name]}.")
    raise ArgumentError(f"no transform is called {name!r}.{closest(name, REGISTRY)}")
