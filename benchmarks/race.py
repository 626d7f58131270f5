"""Races: one case after the other, all contenders in turn, round by round, each on one thread of its own process.

Processor time is what is compared, as other programs of the machine do not change it much; the time that passed is told
beside it. A ratio is a peer's time by augkit's in the same round, so that a machine that slows down does so for both;
what is told is the median over the rounds, with its quartiles.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.peers.contender import Contender, Failed

__all__ = ["OURS", "Figures", "fastest", "race", "summary"]

OURS, BY_HAND = "augkit", "opencv"
LONG = 0.025  # seconds that a contender calculates in a round: long enough for its code to be warm again
FEWEST = 8  # pictures of a round at least, if it is not slower still
MOST = 16  # times that it gets the same pictures in a round
SLOW = 0.02  # seconds a picture, from which on it is two, or one
PATIENCE = 0.6  # seconds that a contender gets for a case: what is slower does fewer rounds, two at least

Figures = dict[str, Any]
"""Of one case: what each contender took, by its name; and what those said that could not do it, under ``failed``."""


def race(
    crew: Sequence[Contender], cases: Iterable[str], given: str, count: int, rounds: int, hot: bool = False
) -> dict[str, Figures]:
    """Time cases over `count` pictures, or over one picture as often (`hot`: what an expansion does).

    Args:
        crew: augkit first.
        cases: names of cases, of which a contender may lack some.
        given: the kind of pictures.
        count: pictures of a round, at most.
        rounds: how many are told; one more, the first, warms up.
        hot: always the same picture.
    """
    return {case: _raced(crew, case, given, count, rounds, hot) for case in cases}


def _raced(crew: Sequence[Contender], case: str, given: str, count: int, rounds: int, hot: bool) -> Figures:
    racing: list[tuple[Contender, list[int], int]] = []
    failed, shapes = {}, {}
    for contender in crew:
        if case not in contender.cases:
            continue
        try:
            prepared = contender.asked(do="prepare", case=case, given=given)
        except Failed as failure:
            failed[contender.name] = str(failure)
            continue
        shapes[contender.name] = prepared["shape"]
        pictures = _calls(prepared["seconds"], count)
        turns = max(2, min(rounds, int(PATIENCE / max(pictures * prepared["seconds"], 1e-9))))
        racing.append((contender, [0 if hot else number % count for number in range(pictures)], turns))
    times: dict[str, list[dict[str, float]]] = {contender.name: [] for contender, *_ in racing}
    for turn in range(rounds + 1):
        for contender, numbers, turns in racing:
            if turn > turns:
                continue
            took = contender.asked(do="round", case=case, given=given, numbers=numbers, turn=turn * 1000)
            if turn:
                times[contender.name].append(took)
    for contender, *_ in racing:
        contender.asked(do="drop")
    return summary(times) | {"shapes": shapes} | ({"failed": failed} if failed else {})


def _calls(seconds: float, count: int) -> int:
    if seconds > SLOW:
        return max(1, min(count, 2, int(10 * SLOW / seconds)))
    return max(min(count, FEWEST), min(MOST * count, int(LONG / max(seconds, 1e-9))))


def summary(times: Mapping[str, Sequence[Mapping[str, float]]]) -> Figures:
    """Return the medians of what contenders took in rounds, and of their ratios to augkit in the same round."""
    found: Figures = {"ms": {}, "wall_ms": {}, "ratio": {}, "quartiles": {}}
    ours = [took["cpu"] for took in times.get(OURS, ())]
    for name, rounds in times.items():
        cpu = [took["cpu"] for took in rounds]
        found["ms"][name] = _rounded(statistics.median(cpu) * 1e3)
        found["wall_ms"][name] = _rounded(statistics.median(took["wall"] for took in rounds) * 1e3)
        if name == OURS or not ours:
            continue
        ratios = sorted(theirs / mine for theirs, mine in zip(cpu, ours, strict=False))  # of rounds that it did
        found["ratio"][name] = _rounded(statistics.median(ratios))
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        found["quartiles"][name] = [_rounded(low), _rounded(high)]
    return found


def fastest(figures: Figures, by_hand: bool = False) -> str | None:
    """Return the name of the fastest peer of a case: of libraries, or OpenCV written by hand, too."""
    peers = {name: ratio for name, ratio in figures["ratio"].items() if by_hand or name != BY_HAND}
    return min(peers, key=peers.__getitem__) if peers else None


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
