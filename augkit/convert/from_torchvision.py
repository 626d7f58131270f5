"""Lists of torchvision v2 transforms in Python source, translated: the source is parsed, and never run."""

import ast

from augkit.convert.conversion import Conversion, Differs, as_one
from augkit.convert.python_source import Source, called, given
from augkit.convert.torchvision_rules import RULES
from augkit.core.arrays import Json
from augkit.errors import AugkitError
from augkit.transforms import Transform
from augkit.transforms.combinators import OneOf, RandomOrder

_PREPARATION = (
    *("ToImage", "ToDtype", "ToTensor", "PILToTensor", "ConvertImageDtype", "ConvertDtype", "ToPureTensor"),
    *("ToPILImage", "Normalize"),
)
_LABELS = ("SanitizeBoundingBoxes", "ClampBoundingBoxes", "ClampKeyPoints", "ConvertBoundingBoxFormat")
_ELSEWHERE = {
    "Identity": "does nothing",
    "RGB": "done by the loader and expand, `mode: rgb`",
    **dict.fromkeys(_PREPARATION, "done by the loader and the model's own preprocessing"),
    **dict.fromkeys(_LABELS, "labels are clipped and dropped at the end of every plan, by min_visible"),
}
_HOLDERS = {  # and their arguments, in order
    "Compose": "transforms",
    "RandomApply": "transforms p",
    "RandomChoice": "transforms p",
    "RandomOrder": "transforms",
}


def _is_word(dotted: str) -> bool:
    """Tell whether a dotted name is one of its enumerations', or one of Pillow's."""
    return dotted.split(".")[-2] in ("InterpolationMode", "AutoAugmentPolicy", "Image", "Resampling")


def torchvision_steps(source: Source, call: ast.Call, name: str) -> Conversion:
    """Translate a ``Compose([...])`` of Python source; `name` is that of its file."""
    found = Conversion(name)
    found.steps += _steps(source, call, found)
    return found


def _steps(source: Source, node: ast.expr, found: Conversion) -> list[Transform]:
    """Return the steps of one call; whatever has no equal is named in `found`."""
    node = source.resolved(node)
    where = f"line {node.lineno}"
    if not isinstance(node, ast.Call):
        found.left_out.append(f"{where} {ast.unparse(node):.60}: only calls of transforms can be read")
        return []
    name = called(node)
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        if name == "Normalize":
            found.normalised = _normalised(source, node)
        return []
    try:
        if name in _HOLDERS:
            return _held(source, name, given(node, _HOLDERS[name].split()), found)
        if name not in RULES:
            raise Differs.altogether(name)
        theirs = RULES[name]
        parts = given(node, theirs.arguments.split())
        values = {key: source.value(value, _is_word) for key, value in parts.items()}
        chance = values.pop("p", theirs.chance) if not theirs.own_chance else 1.0
        steps = found.equal(name, theirs.rule, values)
        return [as_one(steps, chance)] if steps else []
    except (Differs, AugkitError) as fault:
        found.left_out.append(f"{where} {name}: {fault}")
    return []


def _normalised(source: Source, node: ast.Call) -> tuple[Json, Json]:
    """Return mean and standard deviation as they are written out, None where they are not."""
    try:
        values = {key: source.value(value) for key, value in given(node, ["mean", "std", "inplace"]).items()}
    except Differs:
        return None, None
    return values.get("mean"), values.get("std")


def _held(source: Source, name: str, parts: dict[str, ast.expr], found: Conversion) -> list[Transform]:
    before = len(found.left_out)
    inner = [_steps(source, item, found) for item in source.elements(parts.get("transforms"))]
    steps = tuple(step for part in inner for step in part)
    if name == "Compose":
        return list(steps)
    if len(found.left_out) > before or not all(inner) or not inner:
        raise Differs("what it holds is not all there, and a part would be another")
    chance = source.value(parts["p"]) if "p" in parts else None
    if name == "RandomApply":
        return [as_one(steps, 0.5 if chance is None else chance)]
    whole = tuple(map(as_one, inner))
    return [OneOf(whole, chance)] if name == "RandomChoice" else [RandomOrder(whole)]
