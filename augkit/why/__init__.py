"""Find out which drawn numbers of a run's augmentation raised the loss, and which labels may be wrong."""

import sys
from typing import TYPE_CHECKING

from augkit.callable_package import TRAINING, CallablePackage, found_later

if TYPE_CHECKING:
    from augkit.why.explaining import Explained as Explained, why as why
    from augkit.why.why_config import WhyConfig as WhyConfig

_HOMES = {"WhyConfig": "why_config", "Explained": "explaining", "why": "explaining"}

__getattr__ = found_later(__name__, _HOMES, TRAINING, without=("WhyConfig",), why="explain a run")
sys.modules[__name__].__class__ = CallablePackage  # ak.why(...)
