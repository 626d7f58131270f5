"""The operation that another package does: a transform of Albumentations by its name, with all that it is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from augkit.core.facts import are_numbers, is_size, require
from augkit.core.spatial import Matrix, Size
from augkit.errors import ArgumentError

__all__ = ["MAX_SEED", "External", "check_external", "frozen_params"]

MAX_SEED = 2**53  # beyond it, other readers of JSON round whole numbers


@dataclass(frozen=True)
class External:
    """Do a transform of Albumentations, its random numbers begun at a seed.

    Args:
        name: of its class.
        params: its arguments, as the text of a JSON object with sorted keys.
        seed: 0 to below 2**53.
        size: (height, width) of what comes out; None keeps the size.
        matrix: 3 x 3, how it moves points, to 0.01 px, where that is one homography; None where it leaves them, bends
            the picture, or chooses by what it finds there.
        boxes: each left, top, right, bottom in pixels: those that it looks for, whatever the picture comes with.
    """

    name: str
    params: str
    seed: int
    size: Size | None = None
    matrix: Matrix | None = None
    boxes: tuple[tuple[float, float, float, float], ...] | None = None


def frozen_params(params: Any) -> str:
    """Return arguments as the text of a JSON object with sorted keys, which is hashable and reads back the same.

    Args:
        params: a dictionary of plain data, or such a text.

    Raises:
        ArgumentError: something in it is no text, number, truth value, list or dictionary with texts as keys.
    """
    rule = "must be a dictionary of texts, numbers, lists and dictionaries"
    try:
        data = json.loads(params) if isinstance(params, str) else params
        text = json.dumps(data, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as fault:
        raise ArgumentError(f"{rule}, got {params!r:.60}: {fault}.") from None
    if not isinstance(data, dict) or not _has_text_keys(data):
        raise ArgumentError(f"{rule} with texts as keys, got {params!r:.60}.")
    return text


def _has_text_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_text_keys(item) for key, item in value.items())
    return all(map(_has_text_keys, value)) if isinstance(value, list | tuple) else True


def check_external(op: External) -> None:
    """Refuse what no draw would have made.

    Raises:
        ArgumentError: a field is not what it must be.
    """
    require(isinstance(op.name, str) and op.name.isidentifier(), "External.name", "be a transform's name", op.name)
    require(isinstance(op.params, str), "External.params", "be the text of a JSON object", op.params)
    try:
        frozen_params(op.params)
    except ArgumentError as error:
        raise error.at("External.params") from None
    fits = type(op.seed) is int and 0 <= op.seed < MAX_SEED
    require(fits, "External.seed", f"be a whole number from 0 to below {MAX_SEED}", op.seed)
    require(op.size is None or is_size(op.size), "External.size", "be (height, width) in whole pixels", op.size)
    fits = op.matrix is None or are_numbers(op.matrix, 3, 3)
    require(fits, "External.matrix", "be 3 rows of 3 finite numbers", op.matrix)
    fits = op.boxes is None or are_numbers(op.boxes, 0, 4)
    require(fits, "External.boxes", "be left, top, right, bottom each", op.boxes)
