"""Files of ``albumentations.save``, translated: a transform that has an equal becomes it, the rest is kept as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from augkit.convert.albumentations_rules import RULES
from augkit.convert.conversion import Conversion, Differs, apply_rule, in_sequence, no_equal, with_chance
from augkit.core.arrays import Json
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.combinators import OneOf, RandomOrder, Sequence as InOrder, SomeOf
from augkit.transforms.foreign import FOREIGN

_CLASS = "__class_fullname__"
_ELSEWHERE = {
    "Normalize": "done by the model's own preprocessing",
    "ToTensorV2": "done by the loader",
    "NoOp": "does nothing",
}
_GROUPS = ("Compose", "Sequential")
_CHOICES = ("OneOf", "RandomOrder", "SomeOf")


def albumentations_steps(data: Json, name: str) -> Conversion:
    """Translate a serialised pipeline.

    Args:
        data: as it was read.
        name: of its file.

    Raises:
        FileError: it is no such pipeline.
    """
    top = data.get("transform") if isinstance(data, Mapping) else None
    if not isinstance(top, Mapping) or not isinstance(top.get(_CLASS), str):
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
    return str(node.get(_CLASS)).rpartition(".")[2]


def _items(node: Mapping[str, Json], where: str, found: Conversion) -> list[Mapping[str, Json]]:
    items = node.get("transforms")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise FileError("must be a list of transforms, got something else.", f"{found.name}: {where}.transforms")
    return items


def _parts(items: Sequence[Mapping[str, Json]], where: str, found: Conversion) -> list[list[Transform]]:
    return [_steps(item, f"{where}.transforms[{n}]", found, False) for n, item in enumerate(items)]


def _steps(node: Mapping[str, Json], where: str, found: Conversion, always: bool) -> list[Transform]:
    """Return the steps of one node; whatever has no equal is named in `found`."""
    name, chance = _short(node), _chance(node, where, found)
    if name in _GROUPS:
        steps = [step for part in _parts(_items(node, where, found), where, found) for step in part]
        return steps if always or not steps or chance >= 1.0 else [with_chance(chance, InOrder(tuple(steps)))]
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        return []
    if name in _CHOICES:
        try:
            choice = _choice(name, node, where, found)
        except Differs as fault:
            found.left_out.append(f"{where} {name}: {fault}")
            return []
        return [with_chance(chance, choice)]
    given = {key: value for key, value in node.items() if key not in (_CLASS, "p")}
    reason = no_equal(name)
    try:
        if name in RULES:
            equal = apply_rule(RULES[name], given, found)
            return [with_chance(chance, in_sequence(equal))] if equal else []
    except Differs as fault:
        reason = str(fault)
    try:
        kept = with_chance(chance, FOREIGN["albumentations"].saved(name, given))
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
    # Of what OneOf chooses from, the chances are its weights, and what is chosen is done.
    inside = [{**item, "p": 1.0} for item in items] if name == "OneOf" else items
    parts = _parts(inside, where, found)
    if len(found.left_out) > lost or not all(parts) or not parts:
        raise Differs("a choice of what is not all there would be another")
    steps = tuple(map(in_sequence, parts))
    if name == "OneOf":
        weights = tuple(_chance(item, f"{where}.transforms[{n}]", found) for n, item in enumerate(items))
        return OneOf(steps, weights if len(set(weights)) > 1 else None)
    count = node.get("n", 1)
    if node.get("replace", False) or type(count) is not int or count < 0:
        raise Differs("a choice of one step several times has no equal")
    if name == "SomeOf":
        return SomeOf(min(count, len(steps)), steps)
    if count < len(steps):
        raise Differs("some steps in a random order have no equal: take SomeOf, or RandomOrder of all")
    return RandomOrder(steps)
