"""The executor that defines what a plan means: float64 NumPy, slow and obvious. Others are tested against it."""

from augkit.executors.executor import EXECUTORS, Executor
from augkit.executors.reference.reference_kernels import blend
from augkit.executors.reference.sampling_runs import recolor, resample

EXECUTORS.add("reference", Executor("reference", resample, recolor, blend))
