"""Lists of torchvision v2 transforms in Python source, translated: the source is parsed, and never run."""

from __future__ import annotations

import ast

from augkit.convert.conversion import Conversion, Differs, apply_rule, in_sequence, no_equal, with_chance
from augkit.convert.torchvision_rules import RULES
from augkit.core.arrays import Json
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.combinators import OneOf, RandomOrder

_PREPARATION = (
    *("ToImage", "ToDtype", "ToTensor", "PILToTensor", "ConvertImageDtype", "ConvertDtype", "ToPureTensor"),
    *("ToPILImage", "Normalize"),
)
_ELSEWHERE = {"Identity": "does nothing"} | dict.fromkeys(
    _PREPARATION, "done by the loader and the model's own preprocessing"
)
_HOLDERS = {  # and their arguments, in order
    "Compose": "transforms",
    "RandomApply": "transforms p",
    "RandomChoice": "transforms p",
    "RandomOrder": "transforms",
}
_NORMALIZE = "mean std inplace"


def torchvision_steps(text: str, name: str) -> Conversion:
    """Translate the first ``Compose([...])`` in the source.

    Args:
        text: Python source.
        name: of its file.

    Raises:
        FileError: it is no Python, or holds no such list.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise FileError(f"must be Python source, got: {fault!s:.80}.", name) from None
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "Compose"]
    theirs = _names_of("albumentations", tree)  # some transforms have names of torchvision's, and other defaults
    whole.sort(key=lambda call: (call.lineno, call.col_offset))  # walked breadth first, inner ones come last
    calls = [call for call in whole if ast.unparse(call.func).partition(".")[0] not in theirs]
    if whole and not calls:
        advice = "Write it to a file, albumentations.save(pipeline, 'theirs.json'), and convert that."
        raise FileError(f"must hold torchvision's Compose([...]), got one of Albumentations. {advice}", name)
    if not calls:
        raise FileError("must hold a v2.Compose([...]), got none.", name)
    found = Conversion(name)
    others = [call for call in calls if call not in set(ast.walk(calls[0]))]
    found.notes += [f"line {call.lineno}: another Compose, which is not looked at" for call in others]
    found.steps += _steps(calls[0], found)
    return found


def _names_of(package: str, tree: ast.Module) -> set[str]:
    """Return the names that a source gives a package and what it takes from it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.asname or package for one in node.names if one.name.partition(".")[0] == package}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            found |= {one.asname or one.name for one in node.names}
    return found


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _steps(node: ast.expr, found: Conversion) -> list[Transform]:
    """Return the steps of one call; whatever has no equal is named in `found`."""
    where = f"line {node.lineno}"
    if not isinstance(node, ast.Call):
        found.left_out.append(f"{where} {ast.unparse(node):.60}: only calls of transforms can be read")
        return []
    name = _called(node)
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        if name == "Normalize":
            found.normalised = _normalised(node)
        return []
    try:
        if name not in RULES and name not in _HOLDERS:
            raise Differs(no_equal(name))
        if name in _HOLDERS:
            return _held(name, _given(node, _HOLDERS[name]), found)
        theirs = RULES[name]
        values = {key: _value(value) for key, value in _given(node, theirs.arguments).items()}
        chance = values.pop("p", theirs.chance)
        steps = apply_rule(theirs.rule, values, found)
        return [with_chance(chance, in_sequence(steps))] if steps else []
    except (Differs, AugkitError) as fault:
        found.left_out.append(f"{where} {name}: {fault}")
    return []


def _normalised(node: ast.Call) -> tuple[Json, Json]:
    """Return mean and standard deviation as they are written out, None where they are not."""
    try:
        given = {key: _value(value) for key, value in _given(node, _NORMALIZE).items()}
    except Differs:
        return None, None
    return given.get("mean"), given.get("std")


def _given(node: ast.Call, arguments: str) -> dict[str, ast.expr]:
    names = arguments.split()
    if len(node.args) > len(names) or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise Differs("its arguments cannot be read")
    given = dict(zip(names, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Differs("its arguments cannot be read")
        given[keyword.arg] = keyword.value
    return given


def _value(node: ast.expr) -> Json:
    """Return the value of an argument: plain values, quotients of numbers, and the last word of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        above, below = _value(node.left), _value(node.right)
        if not isinstance(above, int | float) or not isinstance(below, int | float) or below == 0:
            raise Differs(f"{ast.unparse(node):.40} cannot be read")
        return above / below
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(map(_value, node.elts))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise Differs(f"{ast.unparse(node):.40} cannot be read: only values that are written out") from None


def _held(name: str, given: dict[str, ast.expr], found: Conversion) -> list[Transform]:
    inner = given.get("transforms")
    if not isinstance(inner, ast.List | ast.Tuple):
        raise Differs("its transforms must be a list that is written out")
    before = len(found.left_out)
    parts = [_steps(item, found) for item in inner.elts]
    steps = tuple(step for part in parts for step in part)
    if name == "Compose":
        return list(steps)
    if len(found.left_out) > before or not all(parts) or not parts:
        raise Differs("what it holds is not all there, and a part would be another")
    chance = _value(given["p"]) if "p" in given else None
    if name == "RandomApply":
        return [with_chance(0.5 if chance is None else chance, in_sequence(steps))]
    whole = tuple(map(in_sequence, parts))
    return [OneOf(whole, chance)] if name == "RandomChoice" else [RandomOrder(whole)]
