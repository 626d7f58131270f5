"""The executor that defines what a plan means: float64 NumPy, slow and obvious. Others are tested against it."""

from augkit.executors.reference.barriers import barrier, blend
from augkit.executors.reference.runs import bilinear, finish, halve, recolor, resample

__all__ = ["barrier", "bilinear", "blend", "finish", "halve", "recolor", "resample"]
