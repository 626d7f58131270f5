"""The JSON Schema of pipeline files, by which editors complete and check them."""

import re
from dataclasses import MISSING, fields

import pydantic

from augkit.core.arrays import Json, JsonObject
from augkit.core.sampling import CHOICES
from augkit.pipeline.pipeline_file import kind_of, positional
from augkit.transforms import TRANSFORMS, Transform
from augkit.transforms.finding import FOREIGN
from augkit.transforms.transform import ANY_STEP, summary

_STEP = {"$ref": "#/$defs/step"}
_BESIDE = {"chance": {"type": "number", "minimum": 0, "maximum": 1}, "name": {"type": "string"}}
_LABEL = {"type": ["string", "integer"]}


def schema() -> JsonObject:
    """Return the JSON Schema of a pipeline file."""
    definitions: JsonObject = {}
    forms: list[JsonObject] = [{"enum": [name for name, cls in TRANSFORMS.items() if not _required(cls)]}]
    for name, cls in TRANSFORMS.items():
        arguments = _with_steps(pydantic.TypeAdapter(cls).json_schema())
        definitions |= arguments.pop("$defs", {})
        own = {
            key: _with_file(value) if kind_of(cls, key) == "mapping" else value
            for key, value in arguments["properties"].items()
        }
        arguments |= {"properties": _BESIDE | own, "description": summary(cls)}
        ways = [arguments, *([] if _required(cls) else [{"type": "null"}]), *(own[key] for key in positional(cls)[:1])]
        step = {"type": "object", "properties": {name: {"anyOf": ways}} | _BESIDE, "required": [name]}
        forms.append(step | {"additionalProperties": False})
    definitions["step"] = {"anyOf": [*forms, _foreign_form()]}
    fill = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "minItems": 1}]}
    pairs_of_labels = [{"type": "object", "additionalProperties": _LABEL}, _pairs_of(_LABEL)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "augkit pipeline",
        "type": "object",
        "properties": {
            **{name: {"enum": list(choices)} for name, choices in CHOICES.items()},
            "fill": fill,
            "mask_fill": {"type": "integer"},
            "min_visible": {"type": "number", "minimum": 0, "maximum": 1},
            "keypoint_pairs": _pairs_of({"type": "integer", "minimum": 0}),
            "mirrored_labels": {"anyOf": pairs_of_labels},
            "range": {"type": "array", "items": {"type": "number", "minimum": 0}, "minItems": 2, "maxItems": 2},
            "steps": {"type": "array", "items": _STEP},
        },
        "required": ["steps"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _foreign_form() -> JsonObject:
    """Return the schema of a step of another package, whose arguments only that package knows."""
    pattern = rf"^({'|'.join(map(re.escape, FOREIGN))})\.[A-Za-z0-9]+$"
    arguments = {"anyOf": [{"type": "object", "properties": {"p": False} | _BESIDE}, {"type": "null"}]}
    step = {"type": "object", "patternProperties": {pattern: arguments}, "properties": _BESIDE}
    named = {"not": {"propertyNames": {"enum": list(_BESIDE)}}}  # a chance alone is no step
    return {"anyOf": [step | named | {"additionalProperties": False}, {"type": "string", "pattern": pattern}]}


def _with_file(argument: JsonObject) -> JsonObject:
    """Return the schema of an argument that takes a mapping: it may name the YAML file that holds it."""
    kinds = argument.get("anyOf") or [{"$ref": argument["$ref"]}]
    kept = {key: value for key, value in argument.items() if key not in ("anyOf", "$ref")}
    return kept | {"anyOf": [*kinds, {"type": "string", "pattern": r"\.ya?ml$"}]}


def _pairs_of(item: JsonObject) -> JsonObject:
    pair = {"type": "array", "items": item, "minItems": 2, "maxItems": 2}
    return {"type": "array", "items": pair}


def _with_steps(node: Json) -> Json:
    """Return a part of a schema with references to the steps' own where any step may stand."""
    if node == ANY_STEP:
        return _STEP
    if isinstance(node, dict):
        return {key: _with_steps(value) for key, value in node.items()}
    return [_with_steps(item) for item in node] if isinstance(node, list) else node


def _required(cls: type[Transform]) -> bool:
    return any(item.default is MISSING and not item.kw_only for item in fields(cls))
