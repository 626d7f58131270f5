"""The offline expander: a small data set becomes a larger one, and every picture in it can be explained."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from augkit.callable_package import CallablePackage

if TYPE_CHECKING:
    from augkit.errors import JobError as JobError
    from augkit.expand.estimation import Estimate as Estimate, estimate as estimate
    from augkit.expand.expand_config import ExpandConfig as ExpandConfig
    from augkit.expand.expansion import Progress as Progress, Summary as Summary, expand as expand
    from augkit.expand.replaying import Replay as Replay, replay as replay
    from augkit.expand.verification import Report as Report, verify as verify

_HOMES = {
    "augkit.errors": ("JobError",),
    "augkit.expand.estimation": ("Estimate", "estimate"),
    "augkit.expand.expand_config": ("ExpandConfig",),
    "augkit.expand.expansion": ("Progress", "Summary", "expand"),
    "augkit.expand.replaying": ("Replay", "replay"),
    "augkit.expand.verification": ("Report", "verify"),
}


def __getattr__(name: str) -> object:
    """Return a public name, found when it is first asked for: help needs no NumPy."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


sys.modules[__name__].__class__ = CallablePackage  # ak.expand(...)
