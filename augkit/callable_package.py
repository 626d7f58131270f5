"""Packages that can be called like the one function they are named after."""

from collections.abc import Callable, Container, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import Signature, getdoc, signature
from types import ModuleType

from augkit.errors import AugkitError, MissingExtra

TRAINING = ("torch", "safetensors", "scipy", "sklearn")  # packages of the extra `train`


class CallablePackage(ModuleType):
    """Let ``ak.expand(...)`` be a call, and ``augkit.expand`` a package all the same.

    Importing ``augkit.expand`` sets the attribute of that name in ``augkit``, so that no function could keep it. A
    package takes part with ``sys.modules[__name__].__class__ = CallablePackage``, as Python's data model describes.
    """

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Call the package's function."""
        return self._function(*args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[str], ModuleType], tuple[str]]:
        """Be pickled by name, as a function is."""
        return import_module, (self.__name__,)

    @property
    def _function(self) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self, self.__name__.rpartition(".")[2])
        return found

    @property
    def __signature__(self) -> Signature:
        return signature(self._function)

    def _help(self) -> str:
        own: str = self.__dict__["__doc__"]
        try:
            function = self._function
        except AugkitError:  # what the package needs is not installed
            return own
        return f"{own}\n\n{function.__name__}{signature(function)}\n\n{getdoc(function)}"

    __doc__ = property(_help)  # so that `help` tells of the function too


def found_later(
    package: str, homes: Mapping[str, str], needs: Iterable[str] = (), without: Container[str] = (), why: str = ""
) -> Callable[[str], object]:
    """Return a package's ``__getattr__``, which imports a public name when it is first asked for.

    So a configuration needs no torch, and help no NumPy.

    Args:
        package: its name.
        homes: the module of each name, below the package; one that begins with a point lies beside it.
        needs: other packages, of the extra `train`, that must be installed.
        without: the names that can do without them.
        why: what they must be installed for, as a verb.
    """

    def found(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if name not in without:
            for needed in needs:
                if find_spec(needed) is None:
                    raise MissingExtra(f"must be installed to {why}. Run: pip install 'augkit[train]'", needed)
        return getattr(import_module(f".{homes[name]}", package), name)

    return found
