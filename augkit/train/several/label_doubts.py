"""Doubts of labels: pictures that networks which did not learn from them take for another class, surely enough.

How sure is enough is told by the pictures themselves: as sure as networks are of that class on average, where it is the
label, and surer than of all other classes together. So a class that is often taken for another one is not doubted as a
whole, and a network that has learnt little doubts nothing.

Reference: Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augkit.core.arrays import Indices, Reals
from augkit.core.csv_cells import line_of
from augkit.core.text_files import bytes_of
from augkit.storage.durable import replace_with
from augkit.train.parts.duplicates import counted
from augkit.train.tasks import Evaluation
from augkit.train.train_errors import written

FILE = "label_doubts.csv"  # in the folder of a run
MOST_NAMED = 5
LEAST = 0.5  # probability of another class, to doubt a label
DIGITS = 4


@dataclass(frozen=True)
class Doubt:
    """A picture whose label may be wrong."""

    id: str
    label: str
    rather: str  # the class that it may be of
    label_probability: float  # of its label, by a network that did not learn from it
    rather_probability: float  # of the other class


def doubts(ids: Sequence[str], probabilities: Reals, labels: Indices, names: Sequence[str]) -> list[Doubt]:
    """Return the pictures whose labels are doubted, the most doubtful first.

    Args:
        ids: of the pictures (n).
        probabilities: of each class (n, k), by networks that did not learn from the picture.
        labels: numbers of classes (n).
        names: of the classes (k).
    """
    places = np.arange(len(ids))
    sure = np.full(len(names), np.inf)  # of a class that no picture has nothing is known
    for number in np.unique(labels):
        sure[number] = probabilities[labels == number, number].mean()
    enough = np.where(probabilities >= np.maximum(sure, LEAST), probabilities, -1.0)
    rather = enough.argmax(axis=1)
    is_doubted = (enough.max(axis=1) > 0.0) & (rather != labels)
    margin = probabilities[places, rather] - probabilities[places, labels]
    order = sorted(places[is_doubted & (margin > 0.0)], key=lambda place: (-margin[place], ids[place]))
    return [
        Doubt(
            ids[place],
            names[labels[place]],
            names[rather[place]],
            float(probabilities[place, labels[place]]),
            float(probabilities[place, rather[place]]),
        )
        for place in order
    ]


def of_evaluations(evaluations: Sequence[Evaluation], temperature: float) -> list[Doubt]:
    """Return the doubts over some evaluations of one task, in which pictures have one class each; of others none."""
    task = evaluations[0].task
    if not task.has_one:
        return []
    ids = [id for one in evaluations for id in one.ids]
    answers, truths = (
        np.concatenate(some) for some in zip(*((e.answers(temperature), e.truths) for e in evaluations), strict=True)
    )
    return doubts(ids, answers, truths, task.names)


def told(found: Sequence[Doubt], judged: int, folder: Path) -> str:
    """Return a sentence that says how many labels are doubted, and which most; nothing without any."""
    if not found:
        return ""
    named = ", ".join(f"{one.id} ({one.label}, rather {one.rather})" for one in found[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
    what = f"{counted(len(found), 'label')} of {judged:,} may be wrong, by networks that did not learn from the picture"
    return f"{what}: {named}{more}. {folder / FILE} ranks them: look at the first ones."


def write(folder: Path, found: Sequence[Doubt]) -> None:
    """Write the doubts into the folder of a run, as CSV, the most doubtful first."""
    lines = [line_of(["path", "label", "rather", "label_probability", "rather_probability"])]
    for one in found:
        shown = (f"{value:.{DIGITS}f}" for value in (one.label_probability, one.rather_probability))
        lines.append(line_of([one.id, one.label, one.rather, *shown]))
    with written(folder / FILE):
        replace_with(folder / FILE, bytes_of("".join(lines)))
