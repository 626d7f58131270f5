"""Albumentations' pipelines in Python source, as the data that saving them would write; the source is never run.

A transform becomes its name, its chance and the arguments that are given, by name; what it was not given stands in
``albumentations_arguments.yaml``. What cannot be read is kept as a fault with its line, to be told.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from augkit import yaml_file
from augkit.convert.albumentations_renames import OLDER_ORDER, renewed
from augkit.convert.conversion import Differs
from augkit.convert.python_source import Source, called, given
from augkit.core.arrays import Json, JsonObject
from augkit.errors import closest

CLASS, WHERE, FAULT, NOTES = "__class_fullname__", "__line__", "__fault__", "__notes__"
_HOLDERS = {  # their arguments in order, and their chance
    "Compose": ("transforms bbox_params keypoint_params additional_targets p", 1.0),
    "OneOf": ("transforms p", 0.5),
    "OneOrOther": ("first second transforms p", 0.5),
    "RandomOrder": ("transforms n replace p", 1.0),
    "ReplayCompose": ("transforms bbox_params keypoint_params additional_targets p", 1.0),
    "SelectiveChannelTransform": ("transforms channels p", 1.0),
    "Sequential": ("transforms p", 0.5),
    "SomeOf": ("transforms n replace p", 1.0),
}
_BOXES = ("format", "label_fields", "min_area", "min_visibility", "min_width", "min_height")  # of BboxParams, in order
_REQUIRED = "required"
_OPENCV = {  # its constants, by which borders and interpolations are given
    "BORDER_CONSTANT": 0, "BORDER_REPLICATE": 1, "BORDER_REFLECT": 2, "BORDER_WRAP": 3, "BORDER_REFLECT_101": 4,
    "BORDER_REFLECT101": 4, "BORDER_DEFAULT": 4, "INTER_NEAREST": 0, "INTER_LINEAR": 1, "INTER_CUBIC": 2,
    "INTER_AREA": 3, "INTER_LANCZOS4": 4, "INTER_LINEAR_EXACT": 5, "INTER_NEAREST_EXACT": 6,
}  # fmt: skip


@cache
def arguments() -> Mapping[str, JsonObject]:
    """Return the arguments of every transform in order, with their defaults."""
    found: Mapping[str, JsonObject] = yaml_file.read(Path(__file__).with_name("albumentations_arguments.yaml")).data
    return found


def defaults(name: str) -> JsonObject:
    """Return the defaults of a transform's arguments, but for its chance."""
    known = arguments().get(name, {})
    return {key: value for key, value in known.items() if value != _REQUIRED and key != "p"}


def described(source: Source, call: ast.expr) -> JsonObject:
    """Return what a call of Albumentations makes, as data: see `CLASS`, `WHERE` and `FAULT`."""
    call = source.resolved(call)
    where: JsonObject = {WHERE: f"line {call.lineno}"}
    if not isinstance(call, ast.Call):
        return where | {CLASS: f"{ast.unparse(call):.60}", FAULT: "only calls of transforms can be read"}
    name = called(call)
    try:
        if name in _HOLDERS:
            return where | _holder(source, name, call)
        return where | {CLASS: name} | _transform(source, name, call)
    except Differs as fault:
        return where | {CLASS: name, FAULT: str(fault)}


def _transform(source: Source, name: str, call: ast.Call) -> JsonObject:
    known = arguments().get(name)
    if known is None:
        raise Differs.altogether(name)
    names = list(known)
    if name in OLDER_ORDER and len(call.args) > 1 and isinstance(_value(source, call.args[1]), int):
        names = [*OLDER_ORDER[name], *known]
    found = {key: _value(source, node) for key, node in given(call, names).items()}
    notes = renewed(name, found)
    always = found.pop("always_apply", False)
    for key in found:
        if key not in known:
            raise Differs(f"2.0.8 has no argument {key!r}.{closest(key, known)}")
    chance = found.pop("p", known["p"])
    return {NOTES: notes, "p": 1.0 if always is True else chance} | found


def _holder(source: Source, name: str, call: ast.Call) -> JsonObject:
    words, chance = _HOLDERS[name]
    found = given(call, words.split())
    inner = found.pop("transforms", None)
    if name == "OneOrOther" and inner is None:
        nodes = [found.pop(part) for part in ("first", "second") if part in found]
    else:
        nodes = source.elements(inner)
    described_: JsonObject = {CLASS: name, "transforms": [described(source, node) for node in nodes]}
    boxes = found.pop("bbox_params", None)
    if boxes is not None:
        described_["bbox_params"] = _boxes(source, source.resolved(boxes))
    beside = ("n", "replace", "p")
    return described_ | {"p": chance} | {key: source.value(found[key]) for key in beside if key in found}


def _boxes(source: Source, node: ast.expr) -> JsonObject:
    if isinstance(node, ast.Call) and called(node) == "BboxParams":
        parts = given(node, _BOXES)
        return {key: source.value(value) for key, value in parts.items() if key != "label_fields"}
    found = source.value(node)
    return found if isinstance(found, dict) else {}


def _value(source: Source, node: ast.expr) -> Json:
    """Return an argument's value, constants of OpenCV as their numbers."""
    return _numbered(source.value(node, lambda dotted: dotted.rpartition(".")[2] in _OPENCV))


def _numbered(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _numbered(item) for key, item in value.items()}
    return _OPENCV.get(value, value) if isinstance(value, str) else value
