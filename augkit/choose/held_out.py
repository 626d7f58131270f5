"""Held-out judgement: every picture is judged by networks that did not learn from it, once in every repeat."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from augkit.core.arrays import Array, Flags, Indices, Reals
from augkit.datasets.strata import number
from augkit.pipeline import Pipeline
from augkit.train.trials.kept_arrays import keep, kept, place_of_array
from augkit.train.trials.learner import Learner, Learnt

TEMPERATURES = np.geomspace(0.25, 8.0, 41)

Task = TypeVar("Task")
Made = TypeVar("Made")
Look = Callable[[Pipeline | None, int], Array]  # gives a view of all pictures, by the pipeline and the copy


@dataclass(frozen=True, eq=False)
class Outcome:
    """Judgement of all n pictures in R repeats.

    Args:
        loss: (R, n) the log loss of each picture as it is.
        right: (R, n) whether it was named right.
        moved_right: (n,) in what share of its augmented views it was named right by networks that learnt from
            pictures as they are: the affinity of the augmentation.
        learnt_loss: (n,) the log loss of its augmented views for networks that learnt from them: the diversity.
    """

    loss: Reals
    right: Flags
    moved_right: Reals
    learnt_loss: Reals


@dataclass(frozen=True, eq=False)
class _Fold:
    """What came of one fold: log chances of its m pictures, and of the first repeat what `Outcome` says of views."""

    logs: Reals
    moved_right: Reals
    learnt_loss: Reals


def folds_of(classes: Sequence[int], groups: Sequence[str], count: int, seed: int) -> Indices:
    """Return the fold (n,) of each picture: every class is spread evenly, and groups stay whole.

    Args:
        classes: the number of each picture's class.
        groups: that of each picture; a group has the class that its first picture has.
        count: of folds, at least 2.
        seed: another one deals them otherwise.
    """
    members: dict[int, dict[str, None]] = defaultdict(dict)
    known: dict[str, int] = {}
    for label, group in zip(classes, groups, strict=True):
        members[known.setdefault(group, label)][group] = None
    dealt: dict[str, int] = {}
    for label, found in members.items():
        ordered = sorted(found, key=lambda group: (number(f"{seed}:{group}", b"augkit folds"), group))
        first = int(number(f"{seed}:class {label}", b"augkit folds") * count)
        dealt |= {group: (first + place) % count for place, group in enumerate(ordered)}
    return np.array([dealt[group] for group in groups])


@dataclass(frozen=True)
class Keeping:
    """Say where judgements are kept.

    Args:
        folder: as above.
        deciding: gives all that decides the views of a pipeline, as JSON holds it.
        others: all that decides the view of other pictures, which confirm.
    """

    folder: Path
    deciding: Callable[[Pipeline | None], Mapping[str, object]]
    others: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Judge:
    """Judge pipelines by what is learnt of their pictures.

    Args:
        look: gives views.
        learner: learns from them.
        classes: the number of each picture's class (n,).
        folds: (R, n) fold of each picture in each repeat.
        copies: views of each picture that are learnt from in one repeat.
        seed: of the learner.
        keeping: where judgements are kept; None keeps none.
        threads: learners that may learn side by side; they play no part in what is found.
    """

    look: Look
    learner: Learner
    classes: Indices
    folds: Indices
    copies: int
    seed: int
    keeping: Keeping | None = None
    threads: int = 1
    _plain: dict[int, Learnt] = field(default_factory=dict)  # by fold, what was learnt from pictures as they are

    def outcome(self, pipeline: Pipeline | None, repeats: int = 1) -> Outcome:
        """Return the judgement of a pipeline, or of no augmentation, in the first `repeats` repeats."""
        if self.keeping is None:
            return self._made(pipeline, repeats)
        own = self._deciding(pipeline, self.keeping) | {"folds": self.folds[:repeats].tolist()}
        path = place_of_array(self.keeping.folder, own, "outcome")
        rows = kept(path)
        if rows is not None:
            return Outcome(rows[:repeats], rows[repeats:-2] > 0.5, rows[-2], rows[-1])
        made = self._made(pipeline, repeats)
        keep(path, np.vstack([made.loss, made.right, made.moved_right, made.learnt_loss]).astype("<f8"))
        return made

    def _made(self, pipeline: Pipeline | None, repeats: int) -> Outcome:
        count, rounds = len(self.classes), range(repeats)
        logs: Reals = np.zeros((repeats, count, int(self.classes.max()) + 1))
        moved_right, learnt_loss = np.zeros(count), np.zeros(count)
        # Views are made here: what gives them is asked by one at a time.
        plain, views = self.look(None, 0), {repeat: self.views(pipeline, repeat) for repeat in rounds}
        tasks = [(repeat, int(fold)) for repeat in rounds for fold in np.unique(self.folds[repeat])]
        for (repeat, fold), found in zip(
            tasks, self._each(lambda one: self._fold(one, plain, views[one[0]]), tasks), strict=True
        ):
            judged = self.folds[repeat] == fold
            logs[repeat, judged] = found.logs
            if repeat == 0:
                moved_right[judged] = found.moved_right
                learnt_loss[~judged] += found.learnt_loss / (len(np.unique(self.folds[0])) - 1)
        right = logs.argmax(axis=2) == self.classes
        return Outcome(tempered(logs, self.classes), right, moved_right, learnt_loss)

    def _fold(self, task: tuple[int, int], plain: Array, views: Sequence[Array]) -> "_Fold":
        """Return the judgement of one fold in one repeat."""
        repeat, fold = task
        judged = self.folds[repeat] == fold
        rest = np.flatnonzero(~judged)
        learnt = self.learner.learnt([view[rest] for view in views], self.classes[rest], self.seed + repeat)
        logs = learnt.log_chances(plain[judged])
        if repeat:
            return _Fold(logs, np.zeros(0), np.zeros(0))
        before = self._known_plainly(fold, plain, rest)
        moved = [before.log_chances(view[judged]).argmax(axis=1) == self.classes[judged] for view in views]
        own = [losses(learnt.log_chances(view[rest]), self.classes[rest]) for view in views]
        return _Fold(logs, np.mean(moved, axis=0), np.mean(own, axis=0))

    def _each(self, work: Callable[[Task], Made], tasks: Sequence[Task]) -> list[Made]:
        """Return what comes of tasks, some of which are done side by side."""
        with ThreadPoolExecutor(max(1, min(self.threads, len(tasks)))) as pool:
            return list(pool.map(work, tasks))

    def confirmed(self, pipeline: Pipeline | None, others: Array, classes: Indices) -> tuple[Reals, Flags]:
        """Return log losses and right answers (R, m) of other pictures, by what is learnt of all that are judged.

        Args:
            pipeline: whose copies are learnt from, others in each repeat.
            others: the view of the other pictures, as they are.
            classes: the number of each one's class (m,).
        """
        path = None
        if self.keeping is not None:
            more = {"repeats": len(self.folds), "others": self.keeping.others, "their_classes": classes.tolist()}
            path = place_of_array(self.keeping.folder, self._deciding(pipeline, self.keeping) | more, "confirmed")
        found = None if path is None else kept(path)
        if found is None:
            views = {repeat: self.views(pipeline, repeat) for repeat in range(len(self.folds))}
            logs = np.stack(self._each(lambda repeat: self._answers(views[repeat], repeat, others), list(views)))
            found = np.stack([tempered(logs, classes), logs.argmax(axis=2) == classes]).astype("<f8")
            if path is not None:
                keep(path, found)
        return found[0], found[1] > 0.5

    def _answers(self, views: Sequence[Array], repeat: int, others: Array) -> Reals:
        learnt = self.learner.learnt(views, self.classes, self.seed + repeat)
        return learnt.log_chances(others)

    def _deciding(self, pipeline: Pipeline | None, keeping: Keeping) -> dict[str, object]:
        mine = {"classes": self.classes.tolist(), "copies": self.copies, "seed": self.seed}
        return {**mine, "learner": self.learner.described(), "of": keeping.deciding(pipeline)}

    def _known_plainly(self, fold: int, plain: Array, rest: Indices) -> Learnt:
        """Return what is learnt from the pictures of other folds as they are, in the first repeat."""
        if fold not in self._plain:
            self._plain[fold] = self.learner.learnt([plain[rest]], self.classes[rest], self.seed)
        return self._plain[fold]

    def views(self, pipeline: Pipeline | None, repeat: int) -> list[Array]:
        """Return the views that are learnt from in a repeat."""
        if pipeline is None:
            return [self.look(None, 0)]
        return [self.look(pipeline, copy) for copy in range(repeat * self.copies, (repeat + 1) * self.copies)]


def losses(logs: Reals, classes: Array) -> Reals:
    """Return the log loss (n,) of logarithms of chances (n, k) for the numbers of classes (n,)."""
    found: Reals = -logs[np.arange(len(classes)), classes]
    return found


def tempered(logs: Reals, classes: Array) -> Reals:
    """Return log losses (R, n) of logarithms of chances (R, n, k), at the one temperature that makes them smallest.

    A network says that it is surer or less sure than it is often right, and more so after some hundred steps than after
    all of a training, which is put right at its end, too. What is compared is what it knows.
    """
    flat, truths = logs.reshape(-1, logs.shape[2]), np.tile(classes, len(logs))
    tried = [losses(log_softmax(flat / heat), truths) for heat in TEMPERATURES]
    found: Reals = min(tried, key=lambda one: float(one.mean())).reshape(logs.shape[:2])
    return found


def log_softmax(values: Reals) -> Reals:
    """Return logarithms of chances (n, k) for values that are those but for one number a row."""
    shifted = values - values.max(axis=1, keepdims=True)
    found: Reals = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return found
