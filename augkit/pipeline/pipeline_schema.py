"""The JSON Schema of pipeline files, by which editors complete and check them."""

from __future__ import annotations

import re
from dataclasses import MISSING
from typing import Any

import pydantic

from augkit.core.sampling import CHOICES
from augkit.pipeline.pipeline_file import BESIDE, kind_of, positional
from augkit.transforms import TRANSFORMS, Transform
from augkit.transforms.foreign import FOREIGN
from augkit.transforms.transform import ANY_STEP, summary

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a pipeline file."""
    definitions: dict[str, Any] = {}
    forms: list[dict[str, Any]] = [{"enum": [name for name, cls in TRANSFORMS.items() if not _required(cls)]}]
    beside = {"chance": {"type": "number", "minimum": 0, "maximum": 1}, "name": {"type": "string"}}
    for name, cls in TRANSFORMS.items():
        arguments = _with_steps(pydantic.TypeAdapter(cls).json_schema())
        definitions |= arguments.pop("$defs", {})
        own = {
            key: _with_file(value) if kind_of(cls, key) == "mapping" else value
            for key, value in arguments["properties"].items()
        }
        first = [own[item.name] for item in positional(cls)[:1]]
        arguments["properties"] = beside | own
        arguments["description"] = summary(cls)
        either = (
            {"anyOf": [arguments, {"type": "null"}, *first]} if not _required(cls) else {"anyOf": [arguments, *first]}
        )
        step = {"type": "object", "properties": {name: either} | beside, "required": [name]}
        forms.append(step | {"additionalProperties": False})
    forms.append(_external_form(beside))
    definitions["step"] = {"anyOf": forms}
    label = {"type": ["string", "integer"]}
    number_or_list = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "minItems": 1}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "augkit pipeline",
        "type": "object",
        "properties": {
            **{name: {"enum": list(choices)} for name, choices in CHOICES.items()},
            "fill": number_or_list,
            "mask_fill": {"type": "integer"},
            "min_visible": {"type": "number", "minimum": 0, "maximum": 1},
            "keypoint_pairs": {"type": "array", "items": _pair_of({"type": "integer", "minimum": 0})},
            "mirrored_labels": {
                "anyOf": [
                    {"type": "object", "additionalProperties": label},
                    {"type": "array", "items": _pair_of(label)},
                ]
            },
            "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
        },
        "required": ["steps"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _external_form(beside: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a step of another package, whose arguments only that package knows."""
    pattern = rf"^({'|'.join(map(re.escape, FOREIGN))})\.[A-Za-z0-9]+$"
    arguments = {"anyOf": [{"type": "object", "properties": {"p": False} | beside}, {"type": "null"}]}
    step = {"type": "object", "patternProperties": {pattern: arguments}, "properties": beside}
    named = {"not": {"propertyNames": {"enum": list(BESIDE)}}}  # a chance alone is no step
    return {"anyOf": [step | named | {"additionalProperties": False}, {"type": "string", "pattern": pattern}]}


def _with_file(argument: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an argument that takes a mapping: it may name the YAML file that holds it."""
    kinds = argument.get("anyOf") or [{"$ref": argument["$ref"]}]
    kept = {key: value for key, value in argument.items() if key not in ("anyOf", "$ref")}
    return kept | {"anyOf": [*kinds, {"type": "string", "pattern": r"\.ya?ml$"}]}


def _pair_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


def _with_steps(node: Any) -> Any:
    """Return a part of a schema with references to the steps' own where any step may stand."""
    if node == ANY_STEP:
        return {"$ref": "#/$defs/step"}
    if isinstance(node, dict):
        return {key: _with_steps(value) for key, value in node.items()}
    return [_with_steps(item) for item in node] if isinstance(node, list) else node


def _required(cls: type[Transform]) -> bool:
    return any(item.default is MISSING for item in positional(cls))
