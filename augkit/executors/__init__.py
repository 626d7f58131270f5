"""How a plan is done: `reference` says what is right, `cpu` is fast."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from augkit.core.plan import Plan
from augkit.errors import ArgumentError, closest
from augkit.executors.execution import Pixels, execute
from augkit.executors.reuse import reusing
from augkit.targets.sample import Sample

__all__ = ["EXECUTORS", "reusing", "run"]

EXECUTORS = ("cpu", "reference")  # modules of this folder, each with the functions of `Pixels`


def run(plan: Plan, sample: Sample, executor: str = "cpu") -> Sample:
    """Do what a plan says to a picture and its labels.

    The same plan may run on several pictures of one size.

    Args:
        plan: from ``pipeline.draw`` or `Plan.from_json`.
        sample: its picture has the plan's source size.
        executor: ``cpu`` (OpenCV) or ``reference`` (float64 NumPy).

    Returns:
        A new sample: dtype, number of channels, label and id as they went in.

    Raises:
        SampleError: the picture does not fit the plan.
        ArgumentError: there is no such executor.
    """
    return execute(plan, sample, _pixels(executor))


@cache
def _pixels(executor: str) -> Pixels:
    if executor not in EXECUTORS:
        raise ArgumentError(
            f"must be cpu or reference, got {executor!r}.{closest(str(executor), EXECUTORS)}", "executor"
        )
    module = import_module(f"{__name__}.{executor}")
    return Pixels(module.resample, module.recolor, module.barrier, module.blend)
