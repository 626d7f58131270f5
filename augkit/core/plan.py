"""The waist of augkit: what will happen to one picture, with no randomness left and no pixel touched.

Between two barriers a plan holds at most one `SpatialRun` (all spatial operations, to be evaluated point by point as
one map and sampled once) and one `ColorRun` (all tonal operations, in order, on what was sampled). A `BlendRun` is a
barrier that holds plans of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, get_args

from augkit.core.external import External
from augkit.core.facts import are_numbers, is_size
from augkit.core.ops import (
    Barrier,
    ColorMatrix,
    Curve,
    Homography,
    Op,
    Spatial,
    Tonal,
    Warp,
    from_jsonable,
    frozen,
    to_jsonable,
)
from augkit.core.policy import Policy
from augkit.core.spatial import Size, determinant
from augkit.core.windows import moved_by, require_one_size
from augkit.core.words import told
from augkit.errors import ArgumentError

__all__ = [
    "BlendRun",
    "ColorRun",
    "Plan",
    "SpatialRun",
    "Step",
    "size_after",
]

_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)
FORMAT = 1  # of the JSON; a plan of another format is refused rather than guessed at


@dataclass(frozen=True)
class SpatialRun:
    """One map of the bordered source plane, sampled once.

    Args:
        ops: in order; neighbouring homographies are one.
        size: (height, width) of what comes out.
        halvings: how many times the source is halved along y and x by exact means before it is sampled linearly.
    """

    ops: tuple[Spatial, ...]
    size: Size
    halvings: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class ColorRun:
    """Pointwise colour operations in order, on real numbers, clamped and rounded once at the end."""

    ops: tuple[Tonal, ...]


@dataclass(frozen=True)
class BlendRun:
    """What several branches make of the same picture, added up with weights; labels follow the first.

    Args:
        branches: the steps of each.
        weights: one a branch.
    """

    branches: tuple[tuple[Step, ...], ...]
    weights: tuple[float, ...]


Step = SpatialRun | ColorRun | BlendRun | Barrier


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
    move = None if isinstance(step, ColorRun) else moved_by(step, size)
    return move.size if move else size


def _size_after_all(steps: Iterable[Step], size: Size) -> Size:
    for step in steps:
        size = size_after(step, size)
    return size


@dataclass(frozen=True)
class Plan:
    """What will happen to one picture.

    Args:
        source: (height, width) of the picture that the plan is for.
        steps: in order.
        policy: how pixels are sampled.
    """

    source: Size
    steps: tuple[Step, ...]
    policy: Policy = field(default_factory=Policy)

    @property
    def size(self) -> Size:
        """(height, width) of what comes out."""
        return _size_after_all(self.steps, self.source)

    @property
    def is_mirrored(self) -> bool:
        """Whether the picture comes out as in a mirror: its maps reverse the orientation an odd number of times."""
        return _orientation(self.steps) < 0

    def to_json(self) -> str:
        """Return the plan as one line of JSON; `from_json` gives the equal plan back."""
        steps = [_describe(step) for step in self.steps]
        described = {"augkit_plan": FORMAT, "source": self.source, "steps": steps, "policy": self.policy.described()}
        return _COMPACT.encode(described)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Return the plan that `to_json` wrote.

        Raises:
            ArgumentError: the text is not such a plan.
        """
        try:
            described = json.loads(text)
            if described["augkit_plan"] != FORMAT:
                raise ArgumentError(f"must be of format {FORMAT}, got {described['augkit_plan']!r}.", "Plan")
            source = tuple(described["source"])
            if not is_size(source):
                raise ArgumentError(f"must be (height, width) in whole pixels, got {source}.", "Plan.source")
            policy = {name: frozen(value) for name, value in described["policy"].items()}
            plan = cls(source, tuple(map(_read_step, described["steps"])), Policy(**policy))
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
        lines = [f"source: {self.source[1]} x {self.source[0]} pixels, border {self.policy.border}"]
        lines += [f"pass {n}: {_sentence(step, self.policy)}" for n, step in enumerate(self.steps, start=1)]
        if self.is_mirrored and (change := self.policy.mirror_changes):
            lines.append(f"mirrored: {change}")
        return "\n".join([*lines, f"result: {self.size[1]} x {self.size[0]} pixels"])


def _orientation(steps: Iterable[Step]) -> int:
    """Return -1 where the steps leave a picture as in a mirror, else 1; a warp never folds, a blend's first counts."""
    sign = 1
    for step in steps:
        if isinstance(step, SpatialRun):
            mirrors = sum(isinstance(op, Homography) and determinant(op.matrix) < 0.0 for op in step.ops)
            sign *= (-1) ** mirrors
        elif isinstance(step, BlendRun):
            sign *= _orientation(step.branches[0])
        elif isinstance(step, External) and step.matrix is not None and determinant(step.matrix) < 0.0:
            sign = -sign
    return sign


def _describe(step: Step) -> dict[str, Any]:
    if isinstance(step, SpatialRun):
        ops = [to_jsonable(op) for op in step.ops]
        return {"step": "spatial", "ops": ops, "size": step.size, "halvings": step.halvings}
    if isinstance(step, ColorRun):
        return {"step": "color", "ops": [to_jsonable(op) for op in step.ops]}
    if isinstance(step, BlendRun):
        branches = [list(map(_describe, branch)) for branch in step.branches]
        return {"step": "blend", "branches": branches, "weights": step.weights}
    return {"step": "barrier", "op": to_jsonable(step)}


def _read_step(described: dict[str, Any]) -> Step:
    kind = described["step"]
    if kind == "spatial":
        size, halvings = tuple(described["size"]), tuple(described["halvings"])
        if not is_size(size) or len(halvings) != 2 or not all(type(n) is int and 0 <= n < 32 for n in halvings):
            raise ArgumentError(f"must have a size and two counts of halvings, got {size} and {halvings}.", "Plan")
        return SpatialRun(_read_ops(described["ops"], (Homography, Warp)), size, halvings)
    if kind == "color":
        return ColorRun(_read_ops(described["ops"], (ColorMatrix, Curve)))
    if kind == "barrier":
        barriers: tuple[Barrier, ...] = _read_ops([described["op"]], get_args(Barrier))
        return barriers[0]
    if kind == "blend":
        branches = tuple(tuple(map(_read_step, branch)) for branch in described["branches"])
        weights = tuple(described["weights"])
        if not branches or not are_numbers(weights, len(branches)):
            raise ArgumentError(f"must have branches, and one number a branch, got {weights!r:.80}.", "Plan")
        return BlendRun(branches, weights)
    raise ArgumentError(f"must be spatial, color, blend or barrier, got {kind!r}.", "Plan.steps")


def _read_ops(described: Iterable[Any], classes: tuple[type[Op], ...]) -> tuple[Any, ...]:
    ops = tuple(map(from_jsonable, described))
    for op in ops:
        if not isinstance(op, classes):
            names = " or ".join(cls.__name__ for cls in classes)
            raise ArgumentError(f"must be {names}, got {type(op).__name__}.", "Plan.steps")
    return ops


def _sentence(step: Step, policy: Policy) -> str:
    if isinstance(step, SpatialRun):
        names = " then ".join("one homography" if isinstance(op, Homography) else "one warp" for op in step.ops)
        halved = "".join(
            f", after {2**count}:1 means along {axis}" for axis, count in zip("yx", step.halvings, strict=True) if count
        )
        return f"move every point once ({names}), sampled once ({policy.interpolation}){halved}"
    if isinstance(step, ColorRun):
        names = " then ".join("a colour matrix" if isinstance(op, ColorMatrix) else _curve(op) for op in step.ops)
        return f"change colours ({names}), rounded once"
    if isinstance(step, BlendRun):
        lists = (" then ".join(_sentence(inner, policy) for inner in branch) for branch in step.branches)
        branches = (words or "nothing" for words in lists)
        parts = (f"{weight:.4g} x ({branch})" for weight, branch in zip(step.weights, branches, strict=True))
        return f"add {' and '.join(parts)}"
    return told(step)


def _curve(op: Curve) -> str:
    told = (name if (name, number) == ("invert", 1.0) else f"{name} {number:.4g}" for name, number in op.functions)
    return " then ".join(told)
