"""Train a convolutional network on a data set, from scratch or on the weights of another."""

from __future__ import annotations

from importlib.util import find_spec

from augkit.errors import MissingExtra

for _package in ("torch", "safetensors", "sklearn"):
    if find_spec(_package) is None:
        raise MissingExtra("must be installed to train. Run: pip install 'augkit[train]'", _package)

from augkit.train.closing import Result
from augkit.train.run import train
from augkit.train.settings import Settings

__all__ = ["Result", "Settings", "train"]
