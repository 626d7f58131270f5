"""Report of an explanation: all that was found, in sentences and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from augkit.core.arrays import JsonObject
from augkit.pipeline import Pipeline
from augkit.train.trials.evidence import LEVEL, Gain
from augkit.why.doubted_labels import Doubted
from augkit.why.drawn_numbers import DONE, Number
from augkit.why.narrowed import Change
from augkit.why.thresholds import CUTS, Finding

PAGE, JSON, PIPELINE = "why.html", "why.json", "why.yaml"
MOST_TOLD = 8


@dataclass(frozen=True)
class Told:
    """A finding with its names.

    Args:
        finding: as above.
        number: that it is about.
        of_class: the class, or "" for all pictures.
        examples: ids and copies that cost most, the worst first.
    """

    finding: Finding
    number: Number
    of_class: str
    examples: tuple[tuple[str, int], ...] = ()

    @property
    def where(self) -> str:
        """Which numbers it is about, in words."""
        if self.number.argument == DONE:
            return self.number.label
        return f"{self.number.name} {self.finding.side} {self.finding.threshold:.3g}"

    def sentence(self) -> str:
        """Return the finding in words."""
        one = self.finding
        whom = f"class {self.of_class}" if self.of_class else "all classes together"
        verb = "hurts" if one.is_grave else "is harder for"
        of = "where it is not done" if self.number.argument == DONE else "in the rest of the range"
        return (
            f"{self.where} {verb} {whom}: the loss is higher by {one.rise:.2f} ({one.low:.2f} to {one.high:.2f}) than"
            f" {of}, and {100 * one.right_beyond:.0f} % of the answers are right, not {100 * one.right_within:.0f} %"
            f" ({one.copies:,} copies of {one.pictures:,} pictures, p = {one.p:.3f})."
        )


@dataclass(frozen=True)
class Left:
    """A step, and what copies with it cost more than the same copies without it."""

    label: str
    rise: Gain


@dataclass(frozen=True)
class Curve:
    """The mean rise of the loss along a number: the middle of each bin, the mean, and its 95 % interval."""

    number: Number
    points: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class WhyReport:
    """All that was found of a run.

    Args:
        part: the part that was asked: of val nothing was learnt.
        pictures, copies: of it, that were looked at.
        right_plain, right_copies: the shares of right answers to pictures as they are, and to their copies.
        numbers: that were looked at.
        findings: in val, the surest first.
        learnt: in the copies of train that the run learnt from.
        curves: of each number.
        left: what each step costs.
        pipeline: narrowed; the run's own where nothing is changed.
        changes: what was narrowed.
        gain: what the loss of other copies is lower by with the narrowed pipeline; None where nothing is changed.
        learning: what the held-out loss of pictures of train is lower by where networks learn with it, not with the
            run's own; None where nothing is changed, or labels were not looked at.
        doubts: labels that may be wrong; None where they were not looked for.
        judged: labels that were looked at.
        notes: further sentences.
        seconds: it took.
    """

    part: str
    pictures: int
    copies: int
    right_plain: float
    right_copies: float
    numbers: tuple[Number, ...]
    findings: tuple[Told, ...]
    learnt: tuple[Told, ...]
    curves: tuple[Curve, ...]
    left: tuple[Left, ...]
    pipeline: Pipeline
    changes: tuple[Change, ...]
    gain: Gain | None
    learning: Gain | None
    doubts: tuple[Doubted, ...] | None
    judged: int
    notes: tuple[str, ...]
    seconds: float

    def told(self) -> list[str]:
        """Return what was found, in sentences, the most important first."""
        looked = (
            f"{self.copies:,} copies of {self.pictures:,} pictures of {self.part}, which the run did not learn from:"
            f" {100 * self.right_copies:.0f} % of the answers are right, of the pictures as they are"
            f" {100 * self.right_plain:.0f} %."
        )
        lines = [looked, *_sentences(self.findings)]
        if self.findings and not any(one.finding.is_grave for one in self.findings):
            lines.append("Such copies are harder, and may teach all the same: nothing is narrowed.")
        if not self.findings:
            lines.append("No drawn number raised the loss beyond chance: nothing is to be narrowed.")
        lines += [f"Narrowed: {change.sentence()}" for change in self.changes]
        if self.gain is not None:
            lines.append(f"Other copies cost {_interval(self.gain)} less with {PIPELINE}.")
        if self.learning is not None:
            lines.append(_learnt_with(self.learning))
        if self.doubts:
            first = ", ".join(
                f"{one.doubt.id} ({one.doubt.label}, rather {one.doubt.rather})" for one in self.doubts[:MOST_TOLD]
            )
            lines.append(f"{len(self.doubts):,} of {self.judged:,} labels of train may be wrong: {first}.")
        elif self.doubts is not None:
            lines.append(f"No label of {self.judged:,} in train is doubted.")
        return lines

    def described(self) -> JsonObject:
        """Return all figures as plain data."""
        return {
            "part": self.part,
            "pictures": self.pictures,
            "copies": self.copies,
            "right_plain": self.right_plain,
            "right_copies": self.right_copies,
            "numbers": [asdict(one) | {"name": one.name} for one in self.numbers],
            "findings": [_plain(one) for one in self.findings],
            "learnt": [_plain(one) for one in self.learnt],
            "curves": [{"number": one.number.name, "points": [list(p) for p in one.points]} for one in self.curves],
            "steps": [{"step": one.label, **_gain(one.rise)} for one in self.left],
            "changes": [asdict(one) for one in self.changes],
            "narrowed_gain": None if self.gain is None else _gain(self.gain),
            "narrowed_learning": None if self.learning is None else _gain(self.learning),
            "doubts": None
            if self.doubts is None
            else [asdict(one.doubt) | {"named_otherwise": one.otherwise} for one in self.doubts],
            "labels_judged": self.judged,
            "notes": list(self.notes),
            "seconds": self.seconds,
        }


def _sentences(found: Sequence[Told]) -> list[str]:
    lines = [one.sentence() for one in found[:MOST_TOLD]]
    more = len(found) - MOST_TOLD
    return [*lines, f"The page tells {more:,} more."] if more > 0 else lines


def _learnt_with(one: Gain) -> str:
    """Say what is learnt with the narrowed pipeline."""
    told = (
        f"Networks that learn with {PIPELINE} lose {_interval(one)} less on {one.pictures:,} held-out pictures of train"
    )
    if one.p < LEVEL:
        return f"{told}: it is {'better' if one.mean > 0.0 else 'worse'} to learn from."
    return f"{told}: no evidence that more is learnt, or less."


def _plain(one: Told) -> JsonObject:
    examples = [{"id": id, "copy": copy} for id, copy in one.examples]
    named = {"number": one.number.name, "class": one.of_class or None, "told": one.sentence()}
    figures = {name: value for name, value in asdict(one.finding).items() if name not in ("number", "of_class")}
    return figures | named | {"is_grave": one.finding.is_grave, "examples": examples, "parts": CUTS}


def _gain(one: Gain) -> JsonObject:
    known = {"mean": one.mean, "low": one.low, "high": one.high, "p": one.p}
    return {name: value if value == value else None for name, value in known.items()}


def _interval(one: Gain) -> str:
    return f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})" if one.low == one.low else f"{one.mean:.3f}"
