"""The offline expander: a folder of pictures becomes a larger one, and every picture in it can be explained."""

from augkit.expand.audit import Report, verify
from augkit.expand.expansion import Progress, Summary, expand
from augkit.expand.layout import JobError
from augkit.expand.remake import Replay, replay

__all__ = ["JobError", "Progress", "Replay", "Report", "Summary", "expand", "replay", "verify"]
