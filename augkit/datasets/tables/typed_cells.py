"""Cells of Parquet as JSON, with the names of classes for their numbers, as the file's metadata tells them.

Hugging Face `datasets` writes its features into the schema's metadata: ``{"info": {"features": {column: feature}}}``. A
feature is ``{"_type": "ClassLabel", "names": [...]}``, ``{"_type": "Sequence", "feature": ...}`` (``List`` and
``LargeList`` in newer versions, ``[feature]`` in older ones), an object of features, or of no concern here. A sequence
of objects may be stored as an object of lists, or as a list of objects.
"""

from __future__ import annotations

import datetime
import decimal
import math

from augkit.core.arrays import Json, JsonObject
from augkit.core.text_files import json_of
from augkit.errors import FileError

_LISTS = ("Sequence", "List", "LargeList")


def features_of(metadata: bytes, where: str) -> JsonObject:
    """Return the features that the metadata of `datasets` tells, by column; none where it tells none.

    Raises:
        FileError: it is not JSON.
    """
    found = json_of(metadata, f"{where} metadata")
    for key in ("info", "features"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def class_names(feature: Json) -> tuple[str, ...]:
    """Return the names of a feature of classes, or of one within lists; none where it is another.

    >>> class_names({"_type": "Sequence", "feature": {"_type": "ClassLabel", "names": ["a", "b"]}})
    ('a', 'b')
    """
    while True:
        if isinstance(feature, list) and len(feature) == 1:
            feature = feature[0]
        elif isinstance(feature, dict) and feature.get("_type") in _LISTS:
            feature = feature.get("feature")
        else:
            break
    names = feature.get("names") if isinstance(feature, dict) else None
    if isinstance(names, dict):  # by number, as cards of data sets have them
        names = [names[key] for key in sorted(names, key=lambda key: (len(key), key))]
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


def named(value: Json, feature: Json, where: str) -> Json:
    """Return a value with names for numbers of classes; -1, which stands for an unknown class, becomes None.

    Raises:
        FileError: a number is that of no class.
    """
    if isinstance(feature, dict) and feature.get("_type") in _LISTS:
        inner = feature.get("feature")
        if isinstance(value, dict):  # an object of lists
            inner = inner if isinstance(inner, dict) else {}
            return {
                key: named(part, {"_type": "List", "feature": inner.get(key)}, where) for key, part in value.items()
            }
        return [named(part, inner, where) for part in value] if isinstance(value, list) else value
    if isinstance(feature, list) and len(feature) == 1:
        return named(value, {"_type": "List", "feature": feature[0]}, where)
    names = class_names(feature)
    if names and isinstance(value, int) and not isinstance(value, bool):
        if value == -1:
            return None
        if not 0 <= value < len(names):
            raise FileError(f"must be the number of one of {len(names)} classes, got {value}.", where)
        return names[value]
    if isinstance(feature, dict) and isinstance(value, dict) and "_type" not in feature:
        return {key: named(part, feature.get(key), where) for key, part in value.items()}
    return value


def jsonable(value: object) -> Json:
    """Return what pyarrow makes of a cell as JSON; bytes, and what else has no place there, as text.

    >>> jsonable({"a": (1, 2.5), "b": b"x", "c": float("nan")})
    {'a': [1, 2.5], 'b': '1 bytes', 'c': None}
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): jsonable(part) for key, part in value.items()}
        case list() | tuple():
            return [jsonable(part) for part in value]
        case bytes():
            return f"{len(value):,} bytes"
        case decimal.Decimal():
            return float(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
    return str(value)
