"""Values of attributes as text, for files that hold nothing else, and back."""

import json

from augkit.core.arrays import Json


def typed(text: str) -> Json:
    """Return the value that a text means: JSON where it is written as JSON writes it, else the text itself.

    >>> [typed(text) for text in ("0.5", "true", "007", "1e3", "red", '"5"', "[1, 2]")]
    [0.5, True, '007', '1e3', 'red', '5', [1, 2]]
    """
    try:
        value = json.loads(text)
        is_json = text == written(value)
    except (ValueError, RecursionError):
        return text
    return value if is_json else text


def written(value: Json) -> str:
    """Return the text that `typed` reads a value from.

    >>> [written(value) for value in (0.5, True, "007", "red", "5", None)]
    ['0.5', 'true', '007', 'red', '"5"', 'null']
    """
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    try:
        meaning = json.loads(value)
    except (ValueError, RecursionError):
        return value
    is_ambiguous = isinstance(meaning, str) or json.dumps(meaning, ensure_ascii=False) == value
    return json.dumps(value, ensure_ascii=False) if is_ambiguous else value
