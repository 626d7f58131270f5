"""All figures of a network, as plain data."""

from __future__ import annotations

from dataclasses import asdict

from augkit.core.arrays import JsonObject
from augkit.train.calibration import reliability
from augkit.train.tasks import Evaluation


def measure(evaluation: Evaluation, temperature: float = 1.0) -> JsonObject:
    """Return all figures as plain data that JSON holds; what is undefined is None.

    Undefined are the recall of a class that no picture has, the precision of one that was never named, the average
    precision of a label that no picture has, and R2 of one picture or of numbers that are all the same. Means leave
    out what is undefined. The temperature moves the loss and the calibration, not what is named.
    """
    task = evaluation.task
    figures = {"kind": task.kind, "count": len(evaluation.ids), "headline": asdict(task.headline(evaluation))}
    figures |= task.measure(evaluation)
    calibrated = reliability(evaluation, temperature)
    if calibrated is not None:
        figures |= {
            "temperature": temperature,
            "log_loss": calibrated.log_loss,
            "calibration_error": calibrated.error,
        }
    return figures
