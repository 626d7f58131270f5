"""Registers: things that add themselves from a file of their own, in this package or in another one, found by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Generic, TypeVar

from augkit.errors import ArgumentError, ExtensionError, closest

T = TypeVar("T")


class Register(Mapping[str, T], Generic[T]):
    """Hold what the modules of one package add, and what other distributions add through entry points.

    A module adds with ``register.add(name, thing)`` while it is imported. The package's own modules are imported when
    the register is first looked into; entry points, which cost a look at every installed distribution, when a name is
    not among them or all are asked for.

    Args:
        kind: what one of them is called in messages, such as ``model``.
        package: the name of the package whose modules add to it.
        group: of entry points, such as ``augkit.models``; each names a module, or an object of one.
        more: names of further packages whose modules add to it.
    """

    def __init__(self, kind: str, package: str, group: str | None = None, *more: str) -> None:
        self.kind, self.packages, self.group = kind, (package, *more), group
        self._things: dict[str, T] = {}
        self._is_loaded = self._has_extensions = False

    def add(self, name: str, thing: T) -> T:
        """Add a thing, and return it. One from outside of augkit comes after all of augkit's own.

        Raises:
            ArgumentError: another one has the name.
        """
        if not thing.__module__.startswith("augkit."):
            self.load()
        if self._things.setdefault(name, thing) is not thing:
            raise ArgumentError(f"must be a new name, got that of another {self.kind}.", name)
        return thing

    def remove(self, name: str) -> None:
        """Take a thing out again."""
        del self._things[name]

    def find(self, name: str, where: str) -> T:
        """Return the thing of that name.

        Args:
            name: of it.
            where: for the message, such as ``format``.

        Raises:
            ArgumentError: there is none; the sentence names all, and the nearest.
        """
        if isinstance(name, str) and name in self:
            return self._things[name]
        nearest = closest(str(name), self)
        raise ArgumentError(f"must be one of {', '.join(self)}, got {name!r:.60}.{nearest}", where)

    def __getitem__(self, name: str) -> T:
        if name not in self:
            raise KeyError(name)
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        self.load()
        if name not in self._things:
            self._load_extensions()
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        self.load()
        self._load_extensions()
        return iter(list(self._things))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def load(self) -> None:
        """Import the modules of the packages, so that whatever they add comes in the order of their names."""
        if not self._is_loaded:
            self._is_loaded = True  # before: modules of the package may look into it while they are imported
            try:
                for package in self.packages:
                    for module in sorted(found.name for found in iter_modules(import_module(package).__path__)):
                        import_module(f"{package}.{module}")
            except BaseException:
                self._is_loaded = False
                raise

    def _load_extensions(self) -> None:
        if self._has_extensions or self.group is None:
            return
        self._has_extensions = True
        for found in sorted(entry_points(group=self.group), key=lambda entry: (entry.name, entry.value)):
            try:
                found.load()
            except Exception as fault:  # whatever another package raises
                package = found.dist.name if found.dist is not None else found.value
                what = f"must be importable, got {type(fault).__name__}: {fault}. Update or remove {package}"
                raise ExtensionError(f"{what}.", f"{self.group} {found.name}") from fault


def names_of_files(package: str, ending: str) -> list[str]:
    """Return what modules of a package are called before an ending such as ``_task``, without importing them.

    Rooms whose things are heavy to load name each file after the thing in it, so that help can list them.
    """
    spec = find_spec(package)
    found = iter_modules(None if spec is None else spec.submodule_search_locations)
    return sorted(module.name.removesuffix(ending) for module in found if module.name.endswith(ending))
