"""Functions that run in a process of their own, where only that hangs, crashes or is short of memory."""

from augkit.apart.calling import Silent, be_expendable, run_apart
from augkit.apart.messages import Limits

__all__ = ["Limits", "Silent", "be_expendable", "run_apart"]
