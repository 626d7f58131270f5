"""Find out which augmentation helps on a data set, with the evidence for it."""

import sys
from typing import TYPE_CHECKING

from augkit.callable_package import TRAINING, CallablePackage, found_later

if TYPE_CHECKING:
    from augkit.choose.choose_config import ChooseConfig as ChooseConfig
    from augkit.choose.choosing import Chosen as Chosen, choose as choose

_HOMES = {"ChooseConfig": "choose_config", "Chosen": "choosing", "choose": "choosing"}

__getattr__ = found_later(__name__, _HOMES, TRAINING, without=("ChooseConfig",), why="choose")
sys.modules[__name__].__class__ = CallablePackage  # ak.choose(...)
