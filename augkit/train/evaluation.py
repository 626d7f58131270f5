"""What a network said of pictures, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from augkit.errors import SampleError
from augkit.train.tasks import Target

__all__ = ["Evaluation", "answers"]

Reals = NDArray[np.float64]


def answers(outputs: NDArray[Any], target: Target, temperature: float = 1.0) -> Reals:
    """Return what a network's outputs (n, k) mean: probabilities, or numbers in the units of the labels.

    Args:
        outputs: logits, or scaled numbers.
        target: what they are of.
        temperature: what logits are divided by (Guo, Pleiss, Sun and Weinberger, ICML 2017).
    """
    values = np.asarray(outputs, np.float64)
    if target.kind == "numbers":
        return np.asarray(target.in_units(values))
    found = softmax(values / temperature, axis=1) if target.kind == "classes" else expit(values / temperature)
    return np.asarray(found, np.float64)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network said of pictures, beside the truth.

    Args:
        ids: of the pictures, (n).
        outputs: (n, k), as the network gives them: logits, or scaled numbers.
        targets: as `Target.encode` has them: numbers of classes (n), 0 and 1 for labels (n, k), scaled numbers (n, k).
        target: what the outputs mean.

    Raises:
        SampleError: there is no picture, the shapes do not fit, or an output is not finite.
    """

    ids: tuple[str, ...]
    outputs: NDArray[Any]
    targets: NDArray[Any]
    target: Target

    def __post_init__(self) -> None:
        count, wanted = len(self.ids), self.target.outputs
        truths = (count,) if self.target.kind == "classes" else (count, wanted)
        if not count:
            raise SampleError("must be of one picture at least, got none.", "Evaluation.ids")
        if self.outputs.shape != (count, wanted) or self.targets.shape != truths:
            got = f"{self.outputs.shape} and {self.targets.shape}"
            raise SampleError(f"must have shapes {(count, wanted)} and {truths}, got {got}.", "Evaluation.outputs")
        if not np.isfinite(self.outputs).all():
            advice = "The training has diverged: take a smaller rate."
            raise SampleError(f"must be finite, got NaN or infinity. {advice}", "Evaluation.outputs")

    def answers(self, temperature: float = 1.0) -> Reals:
        """Return probabilities, or numbers in the units of the labels (n, k)."""
        return answers(self.outputs, self.target, temperature)

    @property
    def truths(self) -> NDArray[Any]:
        """The targets as people know them: numbers of classes (n), 0 and 1 (n, k), or numbers in units (n, k)."""
        if self.target.kind == "numbers":
            return np.asarray(self.target.in_units(np.asarray(self.targets, np.float64)))
        return self.targets.astype(np.int64)
