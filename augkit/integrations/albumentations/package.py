"""The one door to the package Albumentations, opened when it is first needed."""

from __future__ import annotations

import os
import warnings
from functools import cache
from typing import Any

from augkit.errors import MissingExtra

_ASKS_THE_NETWORK = "NO_ALBUMENTATIONS_UPDATE"  # unless it is set, importing the package looks for a newer one


@cache
def albumentations() -> Any:
    """Return the package; importing it touches no network.

    Raises:
        MissingExtra: it is not installed, or cannot be imported.
    """
    before = os.environ.get(_ASKS_THE_NETWORK)
    os.environ[_ASKS_THE_NETWORK] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the packages it loads; nothing here can mend them
            import albumentations as package
    except Exception:  # whatever is wrong with it, nothing else depends on it
        advice = "Run: pip install 'augkit[albumentations]'"
        raise MissingExtra(f"must be installed to use its transforms. {advice}", "albumentations") from None
    finally:
        if before is None:
            del os.environ[_ASKS_THE_NETWORK]
        else:
            os.environ[_ASKS_THE_NETWORK] = before
    return package
