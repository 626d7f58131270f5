"""The offline expander: a small data set becomes a larger one, and every picture in it can be explained."""

import sys
from typing import TYPE_CHECKING

from augkit.callable_package import CallablePackage, found_later

if TYPE_CHECKING:
    from augkit.errors import JobError as JobError
    from augkit.expand.estimation import Estimate as Estimate, estimate as estimate
    from augkit.expand.expand_config import ExpandConfig as ExpandConfig
    from augkit.expand.expansion import Progress as Progress, Summary as Summary, expand as expand
    from augkit.expand.replaying import Replay as Replay, replay as replay
    from augkit.expand.verification import Report as Report, verify as verify

_HOMES = {
    "JobError": ".errors",
    "Estimate": "estimation",
    "estimate": "estimation",
    "ExpandConfig": "expand_config",
    "Progress": "expansion",
    "Summary": "expansion",
    "expand": "expansion",
    "Replay": "replaying",
    "replay": "replaying",
    "Report": "verification",
    "verify": "verification",
}
__getattr__ = found_later(__name__, _HOMES)
sys.modules[__name__].__class__ = CallablePackage  # ak.expand(...)
