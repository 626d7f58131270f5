"""Pipelines of Albumentations, translated: a transform that has an equal becomes it, the rest is kept as it is."""

from collections.abc import Mapping, Sequence

from augkit.convert.albumentations_rules import RULES
from augkit.convert.albumentations_source import CLASS, FAULT, NOTES, WHERE, defaults
from augkit.convert.conversion import Conversion, Differs, as_one
from augkit.core.arrays import Json
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.combinators import OneOf, RandomOrder, Sequence as InOrder, SomeOf
from augkit.transforms.finding import FOREIGN

_ELSEWHERE = {
    "Normalize": "done by the model's own preprocessing",
    "ToTensorV2": "done by the loader",
    "NoOp": "does nothing",
}
_GROUPS = ("Compose", "ReplayCompose", "Sequential")
_CHOICES = ("OneOf", "OneOrOther", "RandomOrder", "SomeOf")


def albumentations_steps(data: Json, name: str) -> Conversion:
    """Translate a serialised pipeline; `name` is that of its file."""
    top = data.get("transform") if isinstance(data, Mapping) else None
    if not isinstance(top, Mapping) or not isinstance(top.get(CLASS), str):
        raise FileError("must hold what albumentations.save wrote, got something else.", name)
    found = Conversion(name)
    boxes = top.get("bbox_params")
    if isinstance(boxes, Mapping):
        found.min_visible = float(boxes.get("min_visibility") or 0.0)
        odd = [key for key in ("min_area", "min_width", "min_height", "max_accept_ratio") if boxes.get(key)]
        found.left_out += [f"bbox_params {key}: boxes are dropped by min_visible alone" for key in odd]
    found.steps += _steps(top, "transform", found, always=_short(top) in _GROUPS and top.get("p", 1.0) >= 1.0)
    return found


def _short(node: Mapping[str, Json]) -> str:
    return str(node.get(CLASS)).rpartition(".")[2]


def _items(node: Mapping[str, Json], where: str, found: Conversion) -> list[Mapping[str, Json]]:
    items = node.get("transforms")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise FileError("must be a list of transforms, got something else.", f"{found.name}: {where}.transforms")
    return items


def _parts(items: Sequence[Mapping[str, Json]], where: str, found: Conversion) -> list[list[Transform]]:
    return [_steps(item, f"{where}.transforms[{n}]", found, False) for n, item in enumerate(items)]


def _steps(node: Mapping[str, Json], where: str, found: Conversion, always: bool) -> list[Transform]:
    """Return the steps of one node; whatever has no equal is named in `found`."""
    where = str(node.get(WHERE, where))
    name, chance = _short(node), _chance(node, where, found)
    if FAULT in node:
        found.left_out.append(f"{where} {name}: {node[FAULT]}")
        return []
    if name in _GROUPS:
        steps = [step for part in _parts(_items(node, where, found), where, found) for step in part]
        return steps if always or not steps or chance >= 1.0 else [as_one([InOrder(tuple(steps))], chance)]
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        return []
    if name in _CHOICES:
        try:
            choice = _choice(name, node, where, found)
        except Differs as fault:
            found.left_out.append(f"{where} {name}: {fault}")
            return []
        return [as_one([choice], 1.0 if name == "OneOrOther" else chance)]
    given = {key: value for key, value in node.items() if key not in (CLASS, WHERE, NOTES, "p")}
    found.notes += [f"{where} {name}: {note}" for note in node.get(NOTES, ())]
    stated = {**defaults(name), **given} if WHERE in node else given  # code states what is not as by default
    try:
        if name not in RULES:
            raise Differs.altogether(name)
        equals = found.equal(name, RULES[name], stated)
        return [as_one(equals, chance)] if equals else []
    except Differs as fault:
        reason = str(fault)
    try:
        kept = as_one([FOREIGN["albumentations"].saved(name, given)], chance)
    except AugkitError as fault:
        found.left_out.append(f"{where} {name}: {reason}; nor can it be kept: {fault}")
        return []
    found.kept.append(f"{where} {name}: {reason}")
    return [kept]


def _chance(node: Mapping[str, Json], where: str, found: Conversion) -> float:
    chance = node.get("p", 1.0)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0.0 <= chance <= 1.0:
        raise FileError(f"must lie within 0 and 1, got {chance!r}.", f"{found.name}: {where}.p")
    return float(chance)


def _choice(name: str, node: Mapping[str, Json], where: str, found: Conversion) -> Transform:
    """Return a choice of steps.

    Raises:
        Differs: it has no equal, or something of it is not all there, so that a choice of the rest would be another.
    """
    items, lost = _items(node, where, found), len(found.left_out)
    # What one of them chooses from is done, and of OneOf the chances are its weights.
    inside = [{**item, "p": 1.0} for item in items] if name in ("OneOf", "OneOrOther") else items
    idle = [_short(item) == "NoOp" and name == "OneOf" for item in items]
    parts = _parts([item for item, rests in zip(inside, idle, strict=True) if not rests], where, found)
    if len(found.left_out) > lost or not all(parts) or not parts:
        raise Differs("a choice of what is not all there would be another")
    steps = tuple(map(as_one, parts))
    if name == "OneOf":
        weights = [_chance(item, f"{where}.transforms[{n}]", found) for n, item in enumerate(items)]
        return _one_of(steps, weights, idle)
    if name == "OneOrOther":
        chance = _chance(node, where, found)
        return OneOf((steps[0], steps[-1]), (chance, 1.0 - chance))
    count = node.get("n", 1)
    if node.get("replace", False) or type(count) is not int or count < 0:
        raise Differs("a choice of one step several times has no equal")
    if name == "SomeOf":
        return SomeOf(min(count, len(steps)), steps)
    if count < len(steps):
        raise Differs("some steps in a random order have no equal: take SomeOf, or RandomOrder of all")
    return RandomOrder(steps)


def _one_of(steps: tuple[Transform, ...], weights: list[float], idle: list[bool]) -> Transform:
    """Return a choice of steps, and of nothing as often as the idle ones would be chosen."""
    chosen = tuple(weight for weight, rests in zip(weights, idle, strict=True) if not rests)
    choice = OneOf(steps, chosen if len(set(chosen)) > 1 else None)
    return as_one([choice], sum(chosen) / sum(weights)) if any(idle) else choice
