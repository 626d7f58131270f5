"""Find out which drawn numbers of a run's augmentation raised the loss, and which labels may be wrong."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from augkit.callable_package import CallablePackage
from augkit.errors import MissingExtra

if TYPE_CHECKING:
    from augkit.why.explaining import Explained as Explained, why as why
    from augkit.why.why_config import WhyConfig as WhyConfig

_HOMES = {"WhyConfig": "why_config", "Explained": "explaining", "why": "explaining"}


def __getattr__(name: str) -> object:
    """Return a public name, found when it is first asked for: a configuration needs no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name != "WhyConfig":
        for package in ("torch", "safetensors", "scipy", "sklearn"):
            if find_spec(package) is None:
                raise MissingExtra("must be installed to explain a run. Run: pip install 'augkit[train]'", package)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


sys.modules[__name__].__class__ = CallablePackage  # ak.why(...)
