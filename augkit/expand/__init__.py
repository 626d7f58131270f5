"""The offline expander: a small data set becomes a larger one, and every picture in it can be explained."""

from augkit.expand.audit import Report, verify
from augkit.expand.estimate import Estimate, estimate
from augkit.expand.expansion import Progress, Summary, expand
from augkit.expand.layout import JobError
from augkit.expand.remake import Replay, replay

__all__ = ["Estimate", "JobError", "Progress", "Replay", "Report", "Summary", "estimate", "expand", "replay", "verify"]
