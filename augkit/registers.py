"""Registers: things that add themselves from a file of their own, in this package or in another one, found by name."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from threading import get_ident
from types import FunctionType
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
        self._faults: list[ExtensionError] = []
        self._done: set[str] = set()
        self._busy: set[tuple[str, int]] = set()  # work, and the thread that does it

    def add(self, name: str, thing: T) -> T:
        """Add a thing, and return it. One from outside of augkit comes after all of augkit's own.

        A class or function of the same module and name takes the place of the one before, as in a notebook's cell that
        is run again.

        Raises:
            ArgumentError: another one has the name.
        """
        if not thing.__module__.startswith("augkit."):
            self.load()
        known = self._things.get(name)
        if known is not None and known is not thing and _origin(known) != _origin(thing):
            raise ArgumentError(f"must be a new name, got that of another {self.kind}.", name)
        self._things[name] = thing
        return thing

    def added(self) -> list[T]:
        """Return what was added so far, and import nothing."""
        return list(self._things.values())

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
        if isinstance(name, str) and (name in self._things or name in self):  # there, as for every picture
            return self._things[name]
        nearest = closest(str(name), self)
        raise ArgumentError(f"must be one of {', '.join(self)}, got {name!r:.60}.{nearest}", where)

    def __getitem__(self, name: str) -> T:
        if name not in self:
            raise KeyError(name)
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        if name in self._things:
            return True
        self.load()
        if name not in self._things:
            self._once(self._import_extensions)
            if name not in self._things and self._faults:  # it may be in one of those
                raise self._faults[0]
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        self.load()
        self._once(self._import_extensions)
        if self._faults:
            raise self._faults[0]
        return iter(list(self._things))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def own(self) -> list[str]:
        """Return the names that were added so far, augkit's own among them, without a look at other distributions."""
        self.load()
        return list(self._things)

    def load(self) -> None:
        """Import the modules of the packages, so that whatever they add comes in the order of their names."""
        self._once(self._import_packages)

    def _import_packages(self) -> None:
        for package in self.packages:
            for module in sorted(found.name for found in iter_modules(import_module(package).__path__)):
                import_module(f"{package}.{module}")

    def _import_extensions(self) -> None:
        faults = []
        groups = () if self.group is None else entry_points(group=self.group)
        for found in sorted(groups, key=lambda entry: (entry.name, entry.value)):
            try:
                found.load()
            except (Exception, SystemExit) as fault:  # whatever another package raises
                package = found.dist.name if found.dist is not None else found.value
                what = f"must be importable, got {type(fault).__name__}: {str(fault).rstrip('.')}"
                faults.append(ExtensionError(f"{what}. Update or remove {package}.", f"{self.group} {found.name}"))
        self._faults = faults

    def _once(self, work: Callable[[], None]) -> None:
        """Do some work, unless it is done, or this thread does it: modules may look in here while they are imported.

        Threads that come meanwhile do it too, and so wait for each module as Python lets them; for a lock held here
        one could wait that imports what is waited for.
        """
        mine = (work.__name__, get_ident())
        if work.__name__ not in self._done and mine not in self._busy:
            self._busy.add(mine)
            try:
                work()
                self._done.add(work.__name__)
            finally:
                self._busy.discard(mine)


def _origin(thing: object) -> object:
    """Return where a class or function was made; any other thing is its own."""
    return (thing.__module__, thing.__qualname__) if isinstance(thing, type | FunctionType) else thing


def names_of_files(package: str, ending: str) -> list[str]:
    """Return what modules of a package are called before an ending such as ``_task``, without importing them.

    Rooms whose things are heavy to load name each file after the thing in it, so that help can list them.
    """
    spec = find_spec(package)
    found = iter_modules(None if spec is None else spec.submodule_search_locations)
    return sorted(module.name.removesuffix(ending) for module in found if module.name.endswith(ending))
