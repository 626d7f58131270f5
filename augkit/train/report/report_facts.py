"""What a report tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from augkit.train.artefact import Artefact
from augkit.train.evaluation import Evaluation
from augkit.train.figures import Curves

__all__ = ["ReportFacts"]


@dataclass(frozen=True)
class ReportFacts:
    """What a report tells.

    Args:
        title: of the page: the run's name.
        artefact: what was trained, with its settings, versions and temperature; its metrics are those that `measure`
            gives of `evaluation` with that temperature.
        evaluation: of the pictures that are reported on; its ids are what `picture` takes.
        split: what the data set calls those pictures: test, or val.
        chosen_on: what it calls those that picked the epoch and fitted the temperature.
        counts: how many pictures taught the network, chose, and are reported on.
        curves: how the training went.
        settings: of the training, by name, as they are after what was left open was found out.
        command: the words of a command that repeats the run.
        picture: gives a picture by its id: (H, W) or (H, W, C), four channels with alpha; it may raise an AugkitError.
        seconds: how long the training took.
        notes: further sentences that a reader must know.
    """

    title: str
    artefact: Artefact
    evaluation: Evaluation
    split: str
    chosen_on: str
    counts: tuple[int, int, int]
    curves: Curves
    settings: Mapping[str, Any]
    command: Sequence[str]
    picture: Callable[[str], NDArray[Any]]
    seconds: float
    notes: Sequence[str] = ()
