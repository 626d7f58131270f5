"""Executors: what does a plan to pixels. `reference` says what is right, `cpu` is fast."""

from augkit.executors.execution import default_executor, run
from augkit.executors.executor import EXECUTORS, KERNELS, Executor, Sampling, implements
from augkit.executors.reuse import reusing

__all__ = ["EXECUTORS", "KERNELS", "Executor", "Sampling", "default_executor", "implements", "reusing", "run"]
