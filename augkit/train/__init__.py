"""Train a convolutional network on a data set, from scratch or on the weights of another."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from augkit.callable_package import CallablePackage
from augkit.errors import MissingExtra

if TYPE_CHECKING:
    from augkit.train.repeats import repeat as repeat
    from augkit.train.results import Result as Result
    from augkit.train.train_config import Settings as Settings
    from augkit.train.trainer import train as train

for _package in ("torch", "safetensors", "scipy", "sklearn"):
    if find_spec(_package) is None:
        raise MissingExtra("must be installed to train. Run: pip install 'augkit[train]'", _package)

_HOMES = {"Result": "results", "Settings": "train_config", "repeat": "repeats", "train": "trainer"}


def __getattr__(name: str) -> Any:
    """Return a public name, found when it is first asked for: a table of layers needs no scikit-learn."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


sys.modules[__name__].__class__ = CallablePackage  # ak.train(...)
