"""The report of a choice: its sentences for people, and all its figures as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from augkit.choose.candidates import NONE, Candidate
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.search import Found, Judged, best_strengths
from augkit.choose.verdict import ClassRow, Verdict
from augkit.core.arrays import JsonObject
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import described
from augkit.train.trials.evidence import Gain

PIPELINE, JSON, PAGE = "choice.yaml", "choice.json", "choice.html"
MOST_NAMED = 5  # classes in a sentence
DIGITS = 6


@dataclass(frozen=True, eq=False)
class ChoiceReport:
    """All that was found.

    Args:
        config: the options.
        found: by the pictures that chose.
        verdict: on the best.
        pictures: that chose.
        confirming: pictures that had no say.
        folds: into which those that chose were dealt.
        seconds: that it took.
        notes: sentences that a reader must know.
    """

    config: ChooseConfig
    found: Found
    verdict: Verdict
    pictures: int
    confirming: int
    folds: int
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    file = PIPELINE

    def after(self, seconds: float, notes: Sequence[str]) -> "ChoiceReport":
        """Return the report of a choice that took so long, and said so much."""
        return replace(self, seconds=seconds, notes=tuple(notes))

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that is picked; without steps where none is."""
        return self.found.pick.candidate.pipeline or Pipeline([])

    @property
    def harmed(self) -> tuple[ClassRow, ...]:
        """The classes that are harmed beyond chance, the worst first."""
        return tuple(row for row in self.verdict.classes if row.is_harmed)

    @property
    def own(self) -> dict[str, Candidate]:
        """What is better for classes that the pick harms, by their names."""
        found = {row.name: row.own for row in self.harmed if row.own is not None and self.found.is_picked}
        return {name: one for name, one in found.items() if one is not self.found.pick.candidate}

    def headline(self) -> str:
        """Say what is picked, and whether it helps."""
        best = self.found.best.candidate.name
        picked = f"The pick is {best}" if self.found.is_picked else "The pick is no augmentation"
        beside = "" if self.found.is_picked else f"; the best tried was {best}"
        said = {
            "helps": "it helps, beyond chance, on pictures that had no say in it",
            "likely": "it helps those that chose it, beyond chance and after a correction for all that was tried, but"
            " those that had no say are too few to confirm it",
            "no evidence": "there is no evidence that augmentation helps here",
            "harms": "on pictures that had no say it harms, beyond chance",
        }[self.verdict.level]
        if not self.found.is_picked and self.verdict.level != "no evidence":
            said = "those that chose gave no reason to take it, whatever the others say"
        return f"{picked}{beside}: {said}."

    def told(self) -> Iterator[str]:
        """Yield what was found in sentences."""
        yield self.headline()
        best, none = self.found.best, self.found.named(NONE)
        yield (
            f"Out of fold, {self.pictures:,} pictures: loss {none.loss:.3f} without, {best.loss:.3f} with"
            f" {best.candidate.name}, {_moved(best.gain)}; {100 * none.right:.1f} % right without,"
            f" {100 * best.right:.1f} % with."
        )
        for one in self.verdict.comparisons:
            yield (
                f"On {self.confirming:,} pictures that had no say, against {one.other}: loss"
                f" {_moved(one.gain)}, {100 * one.points.mean:+.1f} points right (p {one.p:.3f})."
            )
        if self.harmed:
            names = [f"{row.name} ({100 * (row.after - row.before):+.1f} points)" for row in self.harmed]
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            yield f"It harms: {', '.join(names[:MOST_NAMED])}{more}."
        for left in self.found.ablation:
            if left.gain.mean < 0.0 and left.gain.p < 0.05:
                yield f"Its step {left.label} does harm there: without it the loss is {_interval(left.gain, -1)} less."

    def described(self) -> JsonObject:
        """Return all figures as plain data."""
        found = self.found
        return {
            "pick": found.pick.candidate.name,
            "verdict": self.verdict.level,
            "headline": self.headline(),
            "pipeline": described(self.pipeline),
            "pictures": {"chose": self.pictures, "had_no_say": self.confirming, "folds": self.folds},
            "seconds": round(self.seconds, 1),
            "options": self.config.portable().model_dump(mode="json"),
            "notes": list(self.notes),
            "finalists": [_judged(one) for one in found.finalists],
            "p_of_choice": _short(self.verdict.p_of_choice),
            "confirmed": [
                {"against": one.other, "loss": _gain(one.gain), "right": _gain(one.points), "p": _short(one.p)}
                for one in self.verdict.comparisons
            ],
            "classes": [
                {
                    "name": row.name,
                    "pictures": row.pictures,
                    "right_without": _short(row.before),
                    "right_with": _short(row.after),
                    "loss": _gain(row.gain),
                    "p": _short(row.p),
                    "affinity": _short(row.affinity),
                    "diversity": _short(row.diversity),
                    "is_harmed": row.is_harmed,
                    "own_pipeline": None if row.own is None else row.own.name,
                }
                for row in self.verdict.classes
            ],
            "ablation": [{"without": left.label, "loss": _gain(left.gain)} for left in found.ablation],
            "strengths": [one.candidate.name for one in best_strengths(found.screened)],
            "screened": [_judged(one) for one in found.screened],
            "rounds": [[_judged(one) for one in tried] for tried in found.rounds],
        }


def _judged(one: Judged) -> JsonObject:
    candidate = one.candidate
    return {
        "name": candidate.name,
        "family": None if candidate.family is None else candidate.family.name,
        "strength": candidate.strength if candidate.family is not None else None,
        "loss": _short(one.loss),
        "right": _short(one.right),
        "gain": _gain(one.gain),
        "points": _gain(one.points),
        "affinity": _short(one.affinity),
        "diversity": _short(one.diversity),
    }


def _gain(one: Gain) -> JsonObject:
    known = one.low == one.low
    low, high = (_short(one.low), _short(one.high)) if known else (None, None)
    return {"mean": _short(one.mean), "low": low, "high": high, "p": _short(one.p), "pictures": one.pictures}


def _moved(one: Gain) -> str:
    """Say by how much a loss is lower, or higher."""
    return f"lower by {_interval(one)}" if one.mean >= 0.0 else f"higher by {_interval(one, -1)}"


def _interval(one: Gain, sign: int = 1) -> str:
    if one.low != one.low:
        return f"{sign * one.mean:.3f}, without an interval,"
    low, high = sorted((sign * one.low, sign * one.high))
    return f"{sign * one.mean:.3f} (95 %: {low:.3f} to {high:.3f})"


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
