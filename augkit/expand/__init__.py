"""The offline expander: a small data set becomes a larger one, and every picture in it can be explained."""

import sys

from augkit.callable_package import CallablePackage
from augkit.expand.estimate import Estimate, estimate
from augkit.expand.expansion import Progress, Summary, expand
from augkit.expand.layout import JobError
from augkit.expand.replay import Replay, replay
from augkit.expand.verify import Report, verify

__all__ = ["Estimate", "JobError", "Progress", "Replay", "Report", "Summary", "estimate", "expand", "replay", "verify"]

sys.modules[__name__].__class__ = CallablePackage  # ak.expand(...)
