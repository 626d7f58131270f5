"""Balance: every class comes to its target exactly, evenly, and whatever the order of its sources."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from augkit.errors import ArgumentError
from augkit.expand import ExpandConfig
from augkit.expand.balancing import wanted_copies
from support.folders import done, lines, picture, put

labels = st.lists(st.sampled_from("abcd"), min_size=1, max_size=40)


@given(labels, st.integers(1, 4), st.booleans(), st.integers(0, 50), st.randoms())
def test_every_class_comes_to_the_target(
    found: list[str], copies: int, is_passed: bool, more: int, order: object
) -> None:
    ids = [str(place) for place in range(len(found))]
    sizes = Counter(found)
    most = max(sizes.values()) * (copies + is_passed)
    for balance in ("max", most + more):
        wanted = wanted_copies(found, ids, copies, balance, is_passed, [0] * len(ids))
        for label, size in sizes.items():
            counts = [count for count, other in zip(wanted, found, strict=True) if other == label]
            assert sum(counts) + is_passed * size == (most if balance == "max" else balance)
            assert max(counts) - min(counts) <= 1
            assert min(counts) >= copies
        shuffled = list(range(len(ids)))
        order.shuffle(shuffled)  # type: ignore[attr-defined]
        again = wanted_copies(
            [found[place] for place in shuffled],
            [ids[place] for place in shuffled],
            copies,
            balance,
            is_passed,
            [0] * len(ids),
        )
        assert again == [wanted[place] for place in shuffled]


@given(labels, labels, st.integers(1, 3), st.integers(0, 3))
def test_an_extension_takes_nothing_away(first: list[str], second: list[str], copies: int, more: int) -> None:
    ids = [str(place) for place in range(len(first) + len(second))]
    before = wanted_copies(first, ids[: len(first)], copies, "max", False, [0] * len(first))
    existing = before + [0] * len(second)
    after = wanted_copies(first + second, ids, copies + more, "max", False, existing)
    assert all(new >= old for new, old in zip(after, existing, strict=True))
    totals = Counter[str]()
    for label, count in zip(first + second, after, strict=True):
        totals[label] += count
    assert len(set(totals.values())) == 1


def test_none_is_what_was_asked_for() -> None:
    assert wanted_copies(["a", None, ["x"]], ["1", "2", "3"], 4, "none", True, [0, 0, 9]) == [4, 4, 9]


@pytest.mark.parametrize(("found", "balance"), [(["a", "a"], 3), ([None], "max"), ([["a", "b"]], 5), ([0.5], "max")])
def test_refusals(found: list[object], balance: int | str) -> None:
    with pytest.raises(ArgumentError) as caught:
        wanted_copies(found, [str(place) for place in range(len(found))], 2, balance, False, [0] * len(found))  # type: ignore[arg-type]
    assert caught.value.where == "balance"


@pytest.mark.parametrize("text", ["", "0", "-1", "all", "1.5", "²"])
def test_what_is_no_balance(text: str) -> None:
    with pytest.raises(ArgumentError):
        ExpandConfig.of(source="src", out="out", pipeline="light", copies=1, balance=text)


def test_an_expansion_is_balanced(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / f"src/{'a' if number < 8 else 'b' if number < 11 else 'c'}/{number}.png", picture(number))
    done(tmp_path / "src", tmp_path / "out", balance="max", originals="include", copies=2)
    counts = Counter(entry["class"] for entry in lines(tmp_path / "out"))
    assert counts == {"a": 24, "b": 24, "c": 24}
    put(tmp_path / "src/a/new.png", picture(77))
    done(tmp_path / "src", tmp_path / "out", balance="max", originals="include", copies=2, extend=True)
    counts = Counter(entry["class"] for entry in lines(tmp_path / "out"))
    assert counts == {"a": 27, "b": 27, "c": 27}
