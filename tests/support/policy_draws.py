"""Draws of policies, read as the papers write them: an operation's name and its number."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import stats

import augkit as ak
from augkit.core.ops import Adapt, ColorMatrix, Curve, Filter, Homography, Op
from support.table import drawn

SIZE = (120, 160)
CURVES = {"gain": "Brightness", "contrast": "Contrast", "solarize": "Solarize", "posterize": "Posterize"}
CHANCE = 1e-4  # of a law that holds to be called broken, were the keys drawn anew

Reading = tuple[str, float]


def reading(op: Op) -> Reading:
    """Return the paper's name of a drawn operation and its number, in the paper's units (shifts in sides)."""
    match op:
        case Adapt(name="equalize"):
            return "Equalize", 0.0
        case Adapt(name="auto_contrast"):
            return "AutoContrast", 0.0
        case Curve(functions=(("invert", _),)):
            return "Invert", 0.0
        case Curve(functions=((name, number),)):
            return CURVES[name], number * 255.0 if name == "solarize" else number
        case ColorMatrix(matrix=matrix):
            return "Color", matrix[0][0] - matrix[1][0]  # what is left of red where the others have none
        case Filter(kernel=kernel):
            return "Sharpness", 1.0 - 13.0 * kernel[0][0]  # type: ignore[index]
        case Homography(matrix=((a, b, x), (c, _, y), _)):
            height, width = SIZE
            if b == c == 0.0:
                return ("TranslateX", x / width) if x else ("TranslateY", y / height)
            if b and c:
                return "Rotate", math.degrees(math.atan2(b, a))
            return ("ShearX", b) if b else ("ShearY", c)
    raise AssertionError(op)


def draws(step: ak.Transform, count: int) -> Iterator[tuple[Op, ...]]:
    """Yield what is drawn for many pictures."""
    for n in range(count):
        yield drawn(step, ak.Key(n, "policies"), ak.Scene(SIZE))


def readings(step: ak.Transform, count: int) -> Iterator[tuple[Reading, ...]]:
    """Yield the readings of what is drawn, without what does nothing."""
    for ops in draws(step, count):
        found = [reading(op) for op in ops]
        yield tuple((name, round(number, 6)) for name, number in found if (name, number) != ("TranslateY", 0.0))


def seen(step: ak.Transform, count: int) -> dict[str, set[float]]:
    """Return all numbers of each operation."""
    found = defaultdict(set)
    for several in readings(step, count):
        for name, number in several:
            found[name].add(number)
    return dict(found)


def assert_numbers(found: dict[str, set[float]], expected: dict[str, Any]) -> None:
    """The same operations with the same numbers."""
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        np.testing.assert_allclose(sorted(found[name]), sorted(set(np.round(numbers, 6))), atol=2e-6, err_msg=name)


def assert_frequencies(found: Counter[Any], shares: dict[Any, float]) -> None:
    """Every outcome is drawn as often as its share says (chi-square), and no other."""
    total = sum(found.values())
    assert found.keys() <= shares.keys()
    assert math.isclose(sum(shares.values()), 1.0)
    common = [outcome for outcome, share in shares.items() if share * total >= 5]
    observed = [found[outcome] for outcome in common]
    expected = [shares[outcome] * total for outcome in common]
    if total - sum(expected) > 1e-6:
        observed.append(total - sum(observed))
        expected.append(total - sum(expected))
    assert stats.chisquare(observed, expected).pvalue > CHANCE
