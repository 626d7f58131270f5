"""The search: every step at every strength, the best of them together, and whole pipelines beside them.

1. **Screening.** Every family at every strength, and every whole pipeline, is judged once.
2. **Strengths.** Of each family the strength counts whose held-out loss is smallest, of those at which networks that
   learnt from pictures as they are still know half of what they know.
3. **Building.** The best step; then, round by round, the one that makes the loss smallest beside those that are there,
   until none makes it smaller by half a standard error.
4. **Finalists.** What was built, `none`, `light`, `TrivialAugment`, the best other whole pipeline and the user's own
   are judged in several repeats, all folds dealt anew.
5. **Ablation.** Each step of the best is left out, with all that others draw bit-equal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from augkit.choose.candidates import ALWAYS, NONE, Candidate, Edge
from augkit.choose.families import Family
from augkit.choose.held_out import Judge, Outcome
from augkit.core.arrays import Indices
from augkit.core.spatial import Size
from augkit.pipeline import Pipeline
from augkit.pipeline.ablation import without
from augkit.train.trials.evidence import Gain, gain

KNOWN_SHARE = 0.5  # of what is known of pictures as they are, that must be known of moved ones
WIDTH = 4  # families that are tried beside those that are there, in one round
PROGRESS_T = 0.5  # standard errors by which a further step must help, to be taken
PICK_T = 1.0  # standard errors by which the best must be better than none, to be picked (Breiman et al., 1984)


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate and what came of it.

    Args:
        candidate: as above.
        outcome: of all repeats that it was judged in.
        gain: in log loss against no augmentation, in the same repeats; above 0 is better.
        points: in the share of right answers, likewise.
    """

    candidate: Candidate
    outcome: Outcome
    gain: Gain
    points: Gain

    @property
    def loss(self) -> float:
        """The mean held-out log loss."""
        return float(self.outcome.loss.mean())

    @property
    def right(self) -> float:
        """The share of right answers."""
        return float(self.outcome.right.mean())

    @property
    def affinity(self) -> float:
        """The share of its augmented pictures that is known without having learnt from such."""
        return float(self.outcome.moved_right.mean())

    @property
    def diversity(self) -> float:
        """The log loss of its augmented pictures for networks that learnt from them."""
        return float(self.outcome.learnt_loss.mean())


@dataclass(frozen=True, eq=False)
class Left:
    """The pipeline without one of its steps.

    Args:
        label: of the step.
        judged: what is left.
        gain: in log loss by having the step; above 0 is better.
    """

    label: str
    judged: Judged
    gain: Gain


@dataclass(frozen=True, eq=False)
class Found:
    """All that a search found.

    Args:
        screened: single steps and whole pipelines, as they came.
        rounds: what was tried beside the steps that were there, round by round.
        finalists: the best first.
        best: the finalist of the smallest loss beside `none`.
        is_picked: whether it is picked; else nothing is.
        ablation: the best without each of its steps.
    """

    screened: tuple[Judged, ...]
    rounds: tuple[tuple[Judged, ...], ...]
    finalists: tuple[Judged, ...]
    best: Judged
    is_picked: bool
    ablation: tuple[Left, ...]

    @property
    def pick(self) -> Judged:
        """What is picked: the best, or `none`."""
        return self.best if self.is_picked else self.named(NONE)

    def named(self, name: str) -> Judged:
        """Return a finalist."""
        return next(one for one in self.finalists if one.candidate.name == name)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """Everything that was compared with no augmentation."""
        tried = tuple(one for found in self.rounds for one in found)
        return tuple(one for one in (*self.screened, *tried, *self.finalists) if one.candidate.name != NONE)


@dataclass(frozen=True, eq=False)
class Search:
    """Search for the augmentation that helps.

    Args:
        judge: of pipelines.
        edge: of the pictures.
        size: of a training's input, which crops are made for.
        repeats: in which finalists are judged.
        rounds: steps that are built at most.
        progress: is told how many were judged, of about how many.
        screening: judges what is no finalist yet, once; the judge himself, where it is None.
    """

    judge: Judge
    edge: Edge
    size: Size
    repeats: int
    rounds: int
    progress: Callable[[int, int, str], None]
    screening: Judge | None = None
    _known: dict[tuple[Pipeline | None, bool], Outcome] = field(default_factory=dict)
    _count: list[int] = field(default_factory=list)

    def found(self, steps: Sequence[Candidate], wholes: Sequence[Candidate]) -> Found:
        """Return what is found among single steps and whole pipelines."""
        none = Candidate(NONE, None)
        judgements = [one for one in (*steps, *wholes) if one.pipeline is not None]
        self._count.append(len(judgements) + WIDTH * max(self.rounds - 1, 0) + (4 + self.rounds) * self.repeats)
        screened = tuple(self.judged(one, False) for one in (none, *judgements))
        strengths = sorted(best_strengths(screened), key=lambda one: one.loss)
        built, rounds = self._built(strengths)
        others = [one for one in screened if one.candidate.kind == "whole" and one.candidate.name not in ALWAYS]
        own = [one.candidate for one in screened if one.candidate.kind == "own"]
        always = [one.candidate for one in screened if one.candidate.name in ALWAYS]
        best_other = [min(others, key=lambda one: one.loss).candidate] if others else []
        finalists = [*always, *best_other, *own, *([built] if built is not None else [])]
        judged = sorted((self.judged(one, True) for one in finalists), key=lambda one: one.loss)
        best = next(one for one in judged if one.candidate.name != NONE)
        is_picked = best.gain.mean > 0.0 and best.gain.t >= PICK_T
        return Found(screened, rounds, tuple(judged), best, is_picked, self._ablation(best))

    def judged(self, candidate: Candidate, is_finalist: bool) -> Judged:
        """Return a candidate, judged in all repeats as a finalist, or once."""
        none, outcome = self._outcome(None, is_finalist), self._outcome(candidate.pipeline, is_finalist)
        folds = self._folds(is_finalist)
        points = outcome.right.astype(float) - none.right
        return Judged(candidate, outcome, gain(none.loss - outcome.loss, folds), gain(points, folds))

    def _folds(self, is_finalist: bool) -> Indices:
        return self.judge.folds[: self.repeats] if is_finalist else (self.screening or self.judge).folds[:1]

    def _outcome(self, pipeline: Pipeline | None, is_finalist: bool) -> Outcome:
        if (pipeline, is_finalist) not in self._known:
            judge = self.judge if is_finalist else self.screening or self.judge
            self._known[pipeline, is_finalist] = judge.outcome(pipeline, self.repeats if is_finalist else 1)
            done = sum(self.repeats if finalist else 1 for _, finalist in self._known)
            self.progress(done, max(done, self._count[-1]), " judgements")
        return self._known[pipeline, is_finalist]

    def _built(self, strengths: Sequence[Judged]) -> tuple[Candidate | None, tuple[tuple[Judged, ...], ...]]:
        """Return the pipeline that is built step by step, and all that was tried on the way."""
        useful = [one for one in strengths if one.gain.mean > 0.0]
        if not useful or not self.rounds:
            return None, ()
        chosen, current, tried = [useful[0].candidate], useful[0], list[tuple[Judged, ...]]()
        for _ in range(1, self.rounds):
            rest = [one.candidate for one in useful if one.candidate.family not in {it.family for it in chosen}][:WIDTH]
            beside = tuple(self.judged(self._joined([*chosen, one]), False) for one in rest)
            tried += [beside] * bool(beside)
            best = min(range(len(beside)), key=lambda place: beside[place].loss, default=None)
            if best is None:
                break
            further = gain(current.outcome.loss - beside[best].outcome.loss, self._folds(False))
            if further.mean <= 0.0 or further.t < PROGRESS_T:
                break
            chosen, current = [*chosen, rest[best]], beside[best]
        return self._joined(chosen), tuple(tried)

    def _joined(self, steps: Sequence[Candidate]) -> Candidate:
        pipeline = self.edge.pipeline(*steps, size=self.size)
        return Candidate(" + ".join(step.name for step in steps), pipeline, "built")

    def _ablation(self, best: Judged) -> tuple[Left, ...]:
        whole = best.candidate.pipeline
        if whole is None or len(whole.steps) < 2:
            return ()
        found = []
        for label in whole.labels:
            rest = self.judged(Candidate(f"without {label}", without(whole, label), "built"), True)
            found.append(Left(label, rest, gain(rest.outcome.loss - best.outcome.loss, self._folds(True))))
        return tuple(found)


def best_strengths(screened: Sequence[Judged]) -> list[Judged]:
    """Return the strength of each family that counts."""
    plain = next(one for one in screened if one.candidate.name == NONE)
    by_family: dict[Family, list[Judged]] = {}
    for one in screened:
        if one.candidate.family is not None:
            by_family.setdefault(one.candidate.family, []).append(one)
    found = []
    for members in by_family.values():
        known = [one for one in members if one.affinity >= KNOWN_SHARE * plain.right]
        found.append(min(known or members[:1], key=lambda one: one.loss))
    return found
