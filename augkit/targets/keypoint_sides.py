"""Sides of keypoints: which change places in a mirror, as their names or a list of numbers say."""

import re
from collections.abc import Sequence

Pair = tuple[int, int]

_WORDS = re.compile(r"(?<![A-Za-z])(left|right|LEFT|RIGHT)|(Left|Right)")
# A letter by itself, before a capital (lEye, LEye), or last after a small letter (eyeL).
_LETTERS = re.compile(r"(?<![A-Za-z])[lrLR](?![A-Za-z])|(?<![A-Za-z])[lrLR](?=[A-Z][a-z])|(?<=[a-z])[LR](?![A-Za-z])")
_OTHERS = {"left": "right", "Left": "Right", "LEFT": "RIGHT", "l": "r", "L": "R"}
_OTHERS |= {other: one for one, other in _OTHERS.items()}


def pairs_of_names(names: Sequence[str]) -> tuple[Pair, ...]:
    """Return the pairs of places whose names differ in left and right alone.

    >>> pairs_of_names(["nose", "left_eye", "right_eye", "LeftEar", "RightEar", "l_hip", "r_hip", "bright"])
    ((1, 2), (3, 4), (5, 6))
    >>> pairs_of_names(["lEye", "rEye", "LKnee", "RKnee", "toeL", "toeR", "Lip", "Rip"])
    ((0, 1), (2, 3), (4, 5))
    """
    places = {name: place for place, name in enumerate(names)}
    found = []
    for place, name in enumerate(names):
        other = places.get(_mirrored(name), place)
        if place < other and _mirrored(names[other]) == name:
            found.append((place, other))
    return tuple(found)


def _mirrored(name: str) -> str:
    sides = _WORDS if _WORDS.search(name) else _LETTERS
    return sides.sub(lambda found: _OTHERS[found.group()], name)


def pairs_of_flips(flips: Sequence[int]) -> tuple[Pair, ...]:
    """Return the pairs of a list that says for every point which it becomes in a mirror, as YOLO's ``flip_idx`` does.

    >>> pairs_of_flips([0, 2, 1, 3])
    ((1, 2),)
    """
    return tuple((place, other) for place, other in enumerate(flips) if place < other)


def flips_of_pairs(pairs: Sequence[Pair], count: int) -> list[int]:
    """Return for each of `count` points which it becomes in a mirror.

    >>> flips_of_pairs([(1, 2)], 4)
    [0, 2, 1, 3]
    """
    flips = list(range(count))
    for one, other in pairs:
        flips[one], flips[other] = other, one
    return flips
