"""Packages that some kinds of files need, asked for by the pip command that brings them."""

from importlib import import_module
from types import ModuleType

from augkit.errors import DecodeError, raise_outage


def needed(package: str, extra: str, kind: str) -> ModuleType:
    """Return a package.

    Args:
        package: its name in Python.
        extra: of augkit, which brings it.
        kind: of files that need it, with its article.

    Raises:
        DecodeError: it is not installed, or does not work here.
    """
    try:
        return import_module(package)
    except Exception as fault:  # a package that is built for another machine raises anything
        raise_outage(fault, package)
        what = f"is {kind}, which needs {package}. Run: pip install 'augkit[{extra}]'."
        raise DecodeError(what) from fault
