"""The waist of augkit: what will happen to one picture, with no randomness left and no pixel touched.

Between two barriers a plan holds at most one `SpatialRun` (all spatial operations, to be evaluated point by point as
one map and sampled once) and one `ColorRun` (all tonal operations, in order, on what was sampled). A `BlendRun` is a
barrier that holds plans of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias, get_args

import pydantic

from augkit.core.arrays import Json, JsonObject
from augkit.core.frozen import frozen
from augkit.core.ops import Barrier, ColorMatrix, Curve, Homography, Moving, Spatial, Warp, to_jsonable
from augkit.core.ops.blend import require_one_size, require_weights
from augkit.core.ops.operation import as_tuples, from_jsonable
from augkit.core.sampling import Behaviour, SamplingOptions
from augkit.core.spatial import Size, determinant
from augkit.core.validation import MAX_SIDE, Number, Sides, Within, is_size, read, written
from augkit.errors import ArgumentError

FORMATS = get_args(Behaviour)  # of the JSON; a plan of another format is refused rather than guessed at

Halvings: TypeAlias = Annotated[int, pydantic.Field(strict=True, ge=0, lt=32)]
Reduction: TypeAlias = Annotated[float, Within(1.0, 2.0 * MAX_SIDE)]


@frozen
class SpatialRun:
    """One map of the bordered source plane, sampled once.

    Args:
        ops: in order; neighbouring homographies are one.
        size: (height, width) of what comes out.
        halvings: of behaviour 1: how many times the source is halved along y and x by exact means before it is sampled
            linearly.
        reduction: of behaviour 2: how many pixels of the source, 1 or more, a pixel of the result stands for along y
            and x of the source. The kernel of the interpolation reaches as much further.
    """

    ops: tuple[Homography | Warp, ...]
    size: Sides
    halvings: tuple[Halvings, Halvings] = (0, 0)
    reduction: tuple[Reduction, Reduction] = (1.0, 1.0)

    def describe(self, options: SamplingOptions) -> str:
        names = " then ".join(op.describe() for op in self.ops)
        halved = "".join(
            f", after halving the {side}" + f" {count} times" * (count > 1)
            for side, count in zip(("height", "width"), self.halvings, strict=True)
            if count
        )
        reduced = "".join(
            f", {factor:.4g} pixels of the {side} to one"
            for side, factor in zip(("height", "width"), self.reduction, strict=True)
            if factor > 1.0
        )
        return f"move every point once ({names}), sampled once ({options.interpolation}){halved}{reduced}"


@frozen
class ColorRun:
    """Pointwise colour operations in order, on real numbers, clamped and rounded once at the end."""

    ops: tuple[ColorMatrix | Curve, ...]

    def describe(self) -> str:
        return f"change colours ({' then '.join(op.describe() for op in self.ops)}), rounded once"


@frozen
class BlendRun:
    """Several branches of the same picture, added up with weights; labels follow the first.

    Args:
        branches: the steps of each.
        weights: one a branch.
    """

    branches: Annotated[tuple[tuple[Step, ...], ...], pydantic.PlainValidator(tuple)]
    weights: tuple[Number, ...]

    @pydantic.model_validator(mode="after")
    def _require_weights(self) -> BlendRun:
        require_weights(self.branches, self.weights)
        return self

    def describe(self, options: SamplingOptions) -> str:
        lists = (" then ".join(describe(inner, options) for inner in branch) for branch in self.branches)
        parts = (f"{weight:.4g} x ({words or 'nothing'})" for weight, words in zip(self.weights, lists, strict=True))
        return f"add {' and '.join(parts)}"


Step: TypeAlias = SpatialRun | ColorRun | BlendRun | Barrier
_RUNS: dict[str, type] = {"spatial": SpatialRun, "color": ColorRun, "blend": BlendRun}
_NAMES = {cls: name for name, cls in _RUNS.items()}


def describe(step: Step, options: SamplingOptions) -> str:
    """Return in words what a step of a plan does."""
    return step.describe(options) if isinstance(step, SpatialRun | BlendRun) else step.describe()


def size_after(step: Step, size: Size) -> Size:
    """Return (height, width) of what a step makes of a picture of `size`.

    Raises:
        SampleError: a window does not fit, or the branches of a blend come out at several sizes.
    """
    if isinstance(step, SpatialRun):
        return step.size
    if isinstance(step, BlendRun):
        found = [_size_after_all(branch, size) for branch in step.branches]
        require_one_size(found)
        return found[0]
    move = step.move(size) if isinstance(step, Moving) else None
    return move.size if move else size


def _size_after_all(steps: Iterable[Step], size: Size) -> Size:
    for step in steps:
        size = size_after(step, size)
    return size


@frozen
class Plan:
    """The steps that will be done to one picture.

    Args:
        source: (height, width) of the picture that the plan is for.
        steps: in order.
        policy: how pixels are sampled.
    """

    source: Size
    steps: tuple[Step, ...]
    policy: SamplingOptions = SamplingOptions()

    @property
    def size(self) -> Size:
        """(height, width) of what comes out."""
        return _size_after_all(self.steps, self.source)

    @property
    def is_mirrored(self) -> bool:
        """Whether the picture comes out as in a mirror: its maps reverse the orientation an odd number of times."""
        moves = (move for move, _ in _moves(self.steps, self.source))
        return sum(isinstance(move, Homography) and determinant(move.matrix) < 0.0 for move in moves) % 2 == 1

    @property
    def bends(self) -> bool:
        """Whether straight lines of labels come out bent."""
        return any(bends for _, bends in _moves(self.steps, self.source))

    def to_json(self) -> str:
        """Return the plan as one line of JSON; `from_json` gives the equal plan back."""
        behaviour, policy = self.policy.behaviour, written(self.policy)
        policy.pop("behaviour", None)  # which the format says
        steps = [_wrapped(step, behaviour) for step in self.steps]
        return _COMPACT.encode({"augkit_plan": behaviour, "source": self.source, "steps": steps, "policy": policy})

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Return the plan that `to_json` wrote.

        Raises:
            ArgumentError: the text is not such a plan.
        """
        try:
            described = json.loads(text)
            if (format := described["augkit_plan"]) not in FORMATS or isinstance(format, bool):
                raise ArgumentError(f"must be of format {' or '.join(map(str, FORMATS))}, got {format!r}.", "Plan")
            source = tuple(described["source"])
            if not is_size(source):
                raise ArgumentError(f"must be (height, width) in whole pixels, got {source}.", "Plan.source")
            policy = {name: as_tuples(value) for name, value in described["policy"].items()} | {"behaviour": format}
            plan = cls(source, tuple(map(_unwrapped, described["steps"])), read(SamplingOptions, policy))
            _ = plan.size  # every window must fit
            return plan
        except (AttributeError, ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, ArgumentError):
                raise
            raise ArgumentError(
                f"must be a plan as to_json writes it, got {text!r:.60}: {error!r:.80}.", "Plan"
            ) from None

    def explain(self) -> str:
        """Return the plan in sentences, a line a pass over the pixels."""
        levels = "" if self.policy.range is None else f", range {self.policy.range[0]:g} to {self.policy.range[1]:g}"
        lines = [f"source: {self.source[1]} x {self.source[0]} pixels, border {self.policy.border}{levels}"]
        lines += [f"pass {n}: {describe(step, self.policy)}" for n, step in enumerate(self.steps, start=1)]
        if self.is_mirrored and (change := self.policy.mirror_changes):
            lines.append(f"mirrored: {change}")
        return "\n".join([*lines, f"result: {self.size[1]} x {self.size[0]} pixels"])


def _moves(steps: Iterable[Step], size: Size) -> Iterator[tuple[Spatial | None, bool]]:
    """Yield how points move, and whether lines bend, step by step; labels follow the first branch of a blend."""
    for step in steps:
        if isinstance(step, BlendRun):
            yield from _moves(step.branches[0], size)
        elif isinstance(step, SpatialRun):
            yield from ((op, isinstance(op, Warp)) for op in step.ops)
        elif isinstance(step, Moving):
            yield step.move(size), step.bends
        size = size_after(step, size)


def _wrapped(step: Step, behaviour: Behaviour) -> JsonObject:
    """Return a step as plans write it, barriers and what operations hold left to `json`."""
    name = _NAMES.get(type(step))
    if name is None:
        return {"step": "barrier", "op": step}
    parts = {"step": name, **vars(step)}
    if name == "blend":
        parts["branches"] = [[_wrapped(inner, behaviour) for inner in branch] for branch in parts["branches"]]
    else:  # at once, which spares the encoder a call of Python
        parts["ops"] = list(map(to_jsonable, parts["ops"]))
    if name == "spatial":
        del parts["reduction" if behaviour == 1 else "halvings"]
    return parts


def _unwrapped(described: JsonObject) -> Step:
    """Return the step that `_wrapped` described."""
    kind = described["step"]
    if kind == "barrier":
        op = from_jsonable(described["op"])
        if not isinstance(op, Barrier):
            raise ArgumentError(f"must be a barrier, got {type(op).__name__}.", "Plan.steps")
        return op
    if kind not in _RUNS:
        raise ArgumentError(f"must be {', '.join(_RUNS)} or barrier, got {kind!r:.60}.", "Plan.steps")
    parts: dict[str, Json] = {name: part for name, part in described.items() if name != "step"}
    if kind == "blend":
        parts["branches"] = tuple(tuple(map(_unwrapped, branch)) for branch in parts["branches"])
    step: Step = read(_RUNS[kind], {name: as_tuples(part) for name, part in parts.items()})
    return step


_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False, default=to_jsonable)
