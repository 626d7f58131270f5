"""A pipeline narrowed where there is evidence: ranges end at the thresholds beyond which answers are lost."""

from collections.abc import Sequence
from dataclasses import dataclass

from augkit.errors import ArgumentError
from augkit.pipeline import Pipeline
from augkit.pipeline.ablation import without
from augkit.why.drawn_numbers import DONE, Number, inner, with_argument, with_inner
from augkit.why.thresholds import Finding

DIGITS = 4


@dataclass(frozen=True)
class Change:
    """What was changed of one step.

    Args:
        label: of the step.
        argument: that was narrowed; `DONE` where the step was left out.
        before, after: its range, as above.
    """

    label: str
    argument: str
    before: tuple[float, float]
    after: tuple[float, float]

    def sentence(self) -> str:
        """Return what was changed, in words."""
        if self.argument == DONE:
            return f"{self.label} is left out."
        before, after = (f"{low:g} to {high:g}" for low, high in (self.before, self.after))
        return f"{self.label} {self.argument}: {after}, where it was {before}."


def narrowed(pipeline: Pipeline, numbers: Sequence[Number], found: Sequence[Finding]) -> tuple[Pipeline, list[Change]]:
    """Return a pipeline without what costs answers, and what was changed; all else draws as before.

    Of two thresholds of one number that leave nothing between them, the surer one counts, which comes first. A step of
    which some numbers cost answers is narrowed; it is left out where it costs answers whatever its numbers are.
    """
    ranges: dict[int, tuple[float, float]] = {}
    grave = [one for one in found if one.is_grave]
    ranged = {numbers[one.number].label for one in grave if numbers[one.number].argument != DONE}
    for one in grave:
        number = numbers[one.number]
        if number.argument == DONE and number.label in ranged:
            continue
        low, high = ranges.get(one.number, (number.low, number.high))
        at = float(f"{one.threshold:.{DIGITS}g}")
        low, high = (low, min(high, at)) if one.side == "above" else (max(low, at), high)
        if low < high or number.argument == DONE:
            ranges[one.number] = low, high
    changes = list[Change]()
    for place, (low, high) in sorted(ranges.items()):
        number = numbers[place]
        if number.label not in pipeline.labels:  # left out before
            continue
        made = without(pipeline, number.label) if number.argument == DONE else _with(pipeline, number, low, high)
        if made is not None:
            pipeline = made
            changes.append(Change(number.label, number.argument, (number.low, number.high), (low, high)))
    return pipeline, changes


def _with(pipeline: Pipeline, number: Number, low: float, high: float) -> Pipeline | None:
    steps = list(pipeline.steps)
    at = pipeline.labels.index(number.label)
    try:
        steps[at] = with_inner(steps[at], with_argument(inner(steps[at]), number.argument, (low, high)))
    except ArgumentError:  # its other arguments do not go with that
        return None
    return Pipeline(steps, **pipeline.policy.given())
