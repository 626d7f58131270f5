"""Budgets of a training: the curve of its rate ends with them, in pictures or in minutes.

In pictures a budget is a number of steps, and the weights are a function of it. Minutes depend on the machine: as the
training goes, the steps of a phase are told anew by what one has taken so far, and the curve bends there, from where
it is to its end. Bends are kept with the state, so that a training that goes on later has spent what it had.

Reference: of curves that are as long as a budget, Li, Yumer and Ramanan, "Budgeted training", ICLR 2020.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

Bend = list[int]  # the step of a phase from 0 that it begins at, and how many steps the phase is to have from then on

RESERVE = 0.03  # of the time, for the last validation
LATE, EARLY = 1.02, 0.9  # of the time that is left: outside of these a curve bends
FIRST = 3  # steps, after which a curve may bend
PARTS = 20  # of a phase's steps, between which a curve may bend
NEWEST = 0.1  # the share of the newest step in the pace
FIRST_SHARE = 0.5  # of the minutes, for the first of two phases


def progress_of(bends: Sequence[Bend], step: int) -> float:
    """Return how far the curve of a phase is at a step, 0 to 1.

    >>> [progress_of([[0, 10], [5, 7]], step) for step in (0, 4, 5, 6, 7)]
    [0.0, 0.4, 0.5, 0.75, 1.0]
    """
    progress = 0.0
    for place, (start, length) in enumerate(bends):
        end = bends[place + 1][0] if place + 1 < len(bends) else step
        progress += (1.0 - progress) * (min(end, step) - start) / max(1, length - start)
        if end >= step:
            break
    return min(1.0, progress)


def steps_within(pictures: int, epoch: tuple[int, int], phases: tuple[int, int]) -> tuple[int, int]:
    """Return how many steps two phases have that learn from as many pictures in all, in the proportion they had.

    An `epoch` has so many pictures in so many steps: a step may hold fewer than there is room for.

    >>> steps_within(1000, (100, 10), (300, 100))
    (75, 25)
    """
    total, had = max(1, -(-pictures * epoch[1] // epoch[0])), sum(phases)
    first = min(total, round(total * phases[0] / had)) if had else total
    return first, total - first


@dataclass
class Clock:
    """Time of a training that has a budget of it; kept with the training's state."""

    spent: float = 0.0  # seconds
    pace: float = 0.0  # seconds a step, of late
    bends: list[Bend] = field(default_factory=list)  # of the phase's curve; the first is its beginning

    def heed(self, now: float, step: int, longest: int, end: float) -> None:
        """Count a step, and bend the curve of its phase where its end would come too late, or much too early.

        Args:
            now: seconds spent so far.
            step: of the phase, the next one, 1 at least.
            longest: as many steps the phase has at most.
            end: seconds at which the phase is to have ended.
        """
        self.pace += max(NEWEST, 1.0 / step) * (now - self.spent - self.pace)
        self.spent = now
        self.bends = self.bends or [[0, longest]]
        start, length = self.bends[-1]
        is_soon = step < FIRST if start == 0 else PARTS * (step - start) < length - start
        if step == length or (is_soon and now < end):
            return
        left = max(0.0, end - now)
        needed = (length - step) * self.pace
        if needed > LATE * left or (length < longest and needed < EARLY * left):
            fitting = min(longest, step + int(left / self.pace)) if self.pace else longest
            if fitting != length:
                self.bends.append([step, fitting])


def end_of(minutes: float, is_first: bool) -> float:
    """Return the seconds at which a phase is to have ended, the first of two or the last."""
    return 60.0 * minutes * (1.0 - RESERVE) * (FIRST_SHARE if is_first else 1.0)
