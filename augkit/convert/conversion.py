"""A translation as it grows: steps of ours, and the names of what has no equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from augkit.core.arrays import Json, JsonObject
from augkit.core.sampling import Border, Interpolation, SamplingOptions
from augkit.errors import AugkitError
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import described
from augkit.transforms import TRANSFORMS, Transform
from augkit.transforms.combinators import Maybe, OneOf, Sequence as InOrder
from augkit.transforms.crops import Pad, ResizeSide
from augkit.transforms.finding import elsewhere, foreign
from augkit.yaml_file import dumps


class Differs(Exception):
    """Something is asked for that has no equal here; the text says why."""

    @classmethod
    def altogether(cls, name: str) -> Self:
        """Return it for a transform that has no equal here, with what comes nearest to it."""
        nearest = name if name in TRANSFORMS else elsewhere().get(name, "")
        is_ours = nearest and not foreign(nearest)
        return cls("no transform of ours means the same" + f"; nearest is {nearest}" * bool(is_ours))


class Arguments:
    """The arguments of one foreign transform, each to be taken once, so that none is passed over."""

    def __init__(self, name: str, given: Mapping[str, Json]) -> None:
        self.name, self.given = name, dict(given)

    def take(self, name: str, default: Json = None) -> Json:
        """Return an argument's value, lists as tuples."""
        value = self.given.pop(name, default)
        return tuple(value) if isinstance(value, list) else value

    def only(self, *names: str, **wanted: Json) -> None:
        """Take arguments that may have one value only, and those in `names` whatever they are."""
        for name in names:
            self.given.pop(name, None)
        for name, value in wanted.items():
            got = self.take(name, value)
            if got != value:
                raise Differs(f"{name}={got!r} has no equal")


Rule = Callable[[Arguments, "Conversion"], Sequence[Transform]]


def equal(
    make: Callable[[Arguments], Transform],
    *ignored: str,
    also: Callable[[Arguments, Conversion], None] = lambda arguments, found: None,
    **wanted: Json,
) -> Rule:
    """Return a rule for a transform that is one of ours.

    Args:
        make: makes ours of the arguments that it takes.
        ignored: arguments that may have any value.
        also: takes what several rules have in common, and notes what is to be known.
        wanted: arguments that must have these values, if they are given.
    """

    def rule(arguments: Arguments, found: Conversion) -> Sequence[Transform]:
        arguments.only(*ignored, **wanted)
        also(arguments, found)
        return (make(arguments),)

    return rule


@dataclass
class Conversion:
    """A translation as it grows.

    Args:
        name: of the file.
        steps: ours, in order.
        kept: of the other library, as they were, to run through it.
        left_out: what was asked for and is not there, each with its reason.
        notes: what is done elsewhere, or sampled otherwise.
        borders: what lies outside the picture, by the first step that says so: border, fill and mask fill.
        interpolation: how pixels are sampled, by the first step that moves them.
        min_visible: of boxes, where the file says so.
        normalised: mean and standard deviation that what follows sees pixels after, where there are any.
    """

    name: str
    steps: list[Transform] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    borders: tuple[Border, float | tuple[float, ...], int] | None = None
    interpolation: Interpolation | None = None
    min_visible: float | None = None
    normalised: tuple[Json, Json] | None = None

    def outside(self, border: Border | None, fill: Json = 0, mask_fill: Json = 0) -> None:
        """Agree on what lies outside the picture: it belongs to the pipeline, so all steps must say the same."""
        if border is None:
            raise Differs("its border has no equal")
        fills = tuple(fill) if isinstance(fill, list | tuple) else fill
        wanted = (border, fills, int(mask_fill)) if border == "constant" else (border, 0, 0)
        if self.borders not in (None, wanted):
            raise Differs("its border is another than that of a step before")
        self.borders = wanted

    def sampled(self, how: Interpolation, name: str) -> None:
        """Agree on how pixels are sampled: steps that move points are one map here, which is sampled once."""
        if self.interpolation is None:
            self.interpolation = how
        if self.interpolation != how:
            once = f"here all that moves points is sampled once, {self.interpolation}, as the first says"
            self.notes.append(f"{name}: sampled {how} there; {once}")

    def aliased(self, name: str) -> None:
        """Note of a step that it may shrink the picture without smoothing it first."""
        self.notes.append(
            f"{name}: where it shrinks, single pixels are taken there; here they are smoothed first (antialiased)"
        )

    def equal(self, name: str, rule: Rule, given: Mapping[str, Json]) -> Sequence[Transform]:
        """Return the steps that a rule makes of a transform's arguments, all of which it must take.

        Raises:
            Differs: they have no equal.
        """
        arguments, attempt = Arguments(name, given), replace(self, notes=list(self.notes))
        try:
            steps = rule(arguments, attempt)
            if arguments.given:  # nobody took it
                raise Differs(f"{', '.join(arguments.given)} has no equal")
        except AugkitError as fault:
            raise Differs(str(fault)) from None
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):  # a text where a number should be, ...
            raise Differs("its arguments cannot be read") from None
        self.notes, self.borders = attempt.notes, attempt.borders  # of a rule that failed nothing is left
        self.interpolation = attempt.interpolation
        return steps

    def pipeline(self) -> Pipeline:
        """Return the translated pipeline."""
        policy: JsonObject = dict(zip(("border", "fill", "mask_fill"), self.borders or (), strict=False))
        if self.min_visible is not None:
            policy["min_visible"] = self.min_visible
        if self.interpolation is not None:
            policy["interpolation"] = self.interpolation
        return Pipeline(self.steps, **SamplingOptions(**policy).given())

    def yaml(self) -> str:
        """Return the text of its file."""
        pipeline = self.pipeline()
        return dumps({"behaviour": pipeline.policy.behaviour} | described(pipeline))


def reflected(arguments: Arguments, found: Conversion) -> None:
    """Note of a kernel that it reaches beyond the picture's edge, which is reflected there."""
    found.notes.append(f"{arguments.name}: beyond the picture's edge it sees the pipeline's border, there a reflection")


def as_one(steps: Sequence[Transform], chance: float = 1.0) -> Transform:
    """Return several steps as one, which has a chance."""
    step = steps[0] if len(steps) == 1 else InOrder(tuple(steps))
    return step if chance >= 1.0 else Maybe(float(chance), step)


def one_side(lengths: Json, side: Literal["shorter", "longer"]) -> Transform:
    """Return a side brought to one length, or to one of several, all alike."""
    steps = [ResizeSide(length, side) for length in (lengths if isinstance(lengths, tuple) else (lengths,))]
    return steps[0] if len(steps) == 1 else OneOf(tuple(steps))


def margins(given: Json) -> Pad:
    """Return the margins that both libraries write as one number, as (x, y), or as (left, top, right, bottom)."""
    sides = given if isinstance(given, tuple) else (given,)
    return Pad(*{1: sides * 4, 2: sides * 2, 4: sides}[len(sides)])
