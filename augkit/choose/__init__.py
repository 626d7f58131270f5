"""Find out which augmentation helps on a data set, with the evidence for it."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from augkit.callable_package import CallablePackage
from augkit.errors import MissingExtra

if TYPE_CHECKING:
    from augkit.choose.choose_config import ChooseConfig as ChooseConfig
    from augkit.choose.choosing import Chosen as Chosen, choose as choose

_HOMES = {"ChooseConfig": "choose_config", "Chosen": "choosing", "choose": "choosing"}


def __getattr__(name: str) -> object:
    """Return a public name, found when it is first asked for: a configuration needs no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name != "ChooseConfig":
        for package in ("torch", "safetensors", "scipy", "sklearn"):
            if find_spec(package) is None:
                raise MissingExtra("must be installed to choose. Run: pip install 'augkit[train]'", package)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


sys.modules[__name__].__class__ = CallablePackage  # ak.choose(...)
