"""A pipeline in sentences, and what a step takes in words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, TypeGuard, TypeVar

from pydantic.fields import FieldInfo

from augkit.core.sampling import SamplingOptions
from augkit.errors import FileError, Unreachable, is_absence
from augkit.pipeline.pipeline import Pipeline
from augkit.transforms import Transform
from augkit.transforms.colour import ColorStatistics
from augkit.transforms.combinators import Maybe
from augkit.transforms.finding import ForeignStep
from augkit.transforms.style import Style
from augkit.transforms.transform import LOG_UNIFORM, CountsFor, labels, summary

T = TypeVar("T")
Line: TypeAlias = tuple[int, str]  # depth of nesting, text

FRACTIONS = {Fraction(1, 2): "half", Fraction(1, 3): "a third", Fraction(1, 4): "a quarter"}
HOW = {
    "linear": "linearly",
    "cubic": "by cubic convolution",
    "lanczos": "by Lanczos' kernel of three lobes",
    "nearest": "from the nearest pixel",
}
BORDERS = {
    "reflect": "its reflection",
    "constant": "the colour {fill}, in masks class {mask_fill}",
    "replicate": "its edge, drawn out",
    "wrap": "the picture again, as tiles",
}


def explain(pipeline: Pipeline) -> list[Line]:
    """Return a numbered line a step, with its arguments one level deeper, and a last line on how pixels are sampled."""
    lines = _steps(pipeline.labels, pipeline.steps, 0) or [(0, "No steps: copies come out as they went in.")]
    change = pipeline.policy.mirror_changes
    mirrored = [(0, f"Where a copy comes out mirrored, {change}.")] if change else []
    return [*lines, *mirrored, (0, _sampling(pipeline.policy))]


def defaults(cls: type[Transform]) -> list[tuple[str, str]]:
    """Return the transform's arguments, each with its default in words."""
    named = ((item.name, item.default) for item in fields(cls) if item.name != "name")
    return [(name, "required" if default is MISSING else _default(name, default)) for name, default in named]


def headline(path: Path) -> str:
    """Return the comment that a pipeline file begins with, or nothing.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, ValueError) as fault:
        kind = Unreachable if isinstance(fault, OSError) and not is_absence(fault) else FileError
        raise kind(f"must be a readable text file, got: {fault}.", str(path)) from fault
    told = first.removeprefix("#").strip() if first.startswith("#") else ""
    return "" if told == path.name else told  # a comment that repeats the file's name says nothing


def _default(name: str, value: object) -> str:
    return "none" if value is None else _value(name, value)


def _steps(names: Sequence[str], steps: Sequence[Transform], depth: int, prefix: str = "") -> list[Line]:
    return [
        line
        for number, (name, step) in enumerate(zip(names, steps, strict=True), start=1)
        for line in _step(name, step, depth, f"{prefix}{number}")
    ]


def _step(name: str, step: Transform, depth: int, number: str) -> list[Line]:
    chances = []
    while isinstance(step, Maybe):
        chances.append(_share(step.chance))
        step = step.step
    cls = type(step)
    title = name if name.partition("#")[0] == step.called else f"{name} ({step.called})"
    lines = [(depth, f"{number}. {title}: {summary(cls)}")]
    words = "; ".join(word for word in [", and of those ".join(chances), *_arguments(step)] if word)
    lines += [(depth + 1, words)] * bool(words)
    for item in fields(cls):
        inner = getattr(step, item.name)
        if isinstance(inner, tuple) and inner and isinstance(inner[0], Transform):
            branch = "" if item.name == "steps" else f"{item.name}."
            lines += _steps(labels(inner), inner, depth + 1, f"{number}.{branch}")
    return lines


def _share(chance: float) -> str:
    """Say how many pictures a chance is.

    >>> _share(0.5), _share(0.1)
    ('in half of the pictures', 'in 10 % of the pictures')
    """
    if chance in (0.0, 1.0):
        return "always" if chance else "never"
    return f"in {FRACTIONS.get(Fraction(chance), f'{100 * chance:.4g} %')} of the pictures"


def _arguments(step: Transform) -> list[str]:
    """Say every argument that what the step does depends on; those of another package as they are written."""
    if isinstance(step, ForeignStep):
        return [f"{name} {json.dumps(value)}" for name, value in step.arguments.items()]
    names = [item.name for item in fields(step) if item.name != "name"]
    return [_argument(step, name, getattr(step, name)) for name in names]


def _argument(step: Transform, name: str, value: object) -> str:
    """Say one argument's value; nothing of inner steps, which have lines of their own, and of what changes nothing."""
    if value is None or isinstance(value[0] if isinstance(value, tuple) and value else value, Transform):
        return ""
    known: Mapping[str, FieldInfo] = type(step).__pydantic_fields__  # type: ignore[attr-defined]  # on every transform
    for fact in known[name].metadata:
        if isinstance(fact, CountsFor) and getattr(step, fact.argument) not in fact.kinds:
            return ""
    how = LOG_UNIFORM if LOG_UNIFORM in known[name].metadata else "uniform"
    return f"{name} {f'{how} from ' * _is_range(name, value)}{_value(name, value)}"


def _is_range(name: str, value: object) -> bool:
    return name != "weights" and _is_pair(value, float) and value[0] != value[1]


def _value(name: str, value: object) -> str:
    if isinstance(value, ColorStatistics):
        return f"of your own data, with eigenvalues {_value(name, value.eigenvalues)}"
    if isinstance(value, Style):
        return "of your own pictures"
    if name == "size" and _is_pair(value, int):
        return f"{value[0]} x {value[1]}" if value[0] == value[1] else f"{value[0]} high and {value[1]} wide"
    if name != "weights" and (_is_pair(value, float) or _is_pair(value, int)):
        return f"{value[0]:.4g}" if value[0] == value[1] else f"{value[0]:.4g} to {value[1]:.4g}"
    if isinstance(value, tuple):
        return ", ".join(_value(name, item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_pair(value: object, kind: type[T]) -> TypeGuard[tuple[T, T]]:
    return _holds(value, kind) and len(value) == 2


def _holds(values: object, kind: type[T]) -> TypeGuard[tuple[T, ...]]:
    return isinstance(values, tuple) and bool(values) and all(isinstance(value, kind) for value in values)


def _of_old(policy: SamplingOptions) -> str:
    return " Steps mean what they meant before augkit 0.4 (behaviour 1)." if policy.behaviour == 1 else ""


def _sampling(policy: SamplingOptions) -> str:
    how = HOW[policy.interpolation]
    outside = BORDERS[policy.border].format(fill=_value("fill", policy.fill), mask_fill=policy.mask_fill)
    levels = "" if policy.range is None else f" Black is {policy.range[0]:g} and white {policy.range[1]:g}."
    return (
        f"Sampling: {how}, masks from the nearest pixel; outside the picture lies {outside}; a box is dropped when less"
        f" than {100 * policy.min_visible:.4g} % of it is left.{levels}{_of_old(policy)}"
    )
