"""A comparison of ratios that are measured now with those that are committed: the check that nothing became slower.

Of every case the ratio to the peer that was the fastest is raced again. Ratios of one case move by some per cent from
run to run, more where the committed quartiles lie far apart. So a case may lose `ALLOWED`, or three times its
quartiles' distance if that is more, but half at most; one that lost more is raced once more, with more rounds, before
it counts. The median over all cases moves far less: it may lose `ALLOWED_TOGETHER`. Pictures do not depend on the
machine: decibels may lose `ALLOWED_DECIBELS`.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks import chains, picture_quality, transforms_alone
from benchmarks.race import OURS, Figures, fastest
from benchmarks.speed_page import RESULTS

__all__ = ["allowed", "compare", "worse", "worse_pictures"]

ALLOWED, MOST, ALLOWED_TOGETHER, ALLOWED_DECIBELS = 0.25, 0.5, 0.10, 0.2
LIBRARIES = (OURS, "albumentations", "albumentationsx", "variopinta", "augrs", "torchvision")
COUNT, ROUNDS, AGAIN = 12, 3, 9


def allowed(figures: Figures, peer: str) -> float:
    """Return the share of a case's ratio that may be lost before it counts."""
    low, high = figures["quartiles"][peer]
    return float(min(MOST, max(ALLOWED, 3.0 * (high - low) / figures["ratio"][peer])))


def worse(before: dict[str, Figures], now: dict[str, Figures]) -> dict[str, str]:
    """Return what became slower beside the peer that was the fastest, by case; and of all cases together."""
    found, changes = {}, []
    for case, figures in before.items():
        peer = fastest(figures)
        if peer is None or case not in now or peer not in now[case]["ratio"]:
            continue
        was, is_now, bound = figures["ratio"][peer], now[case]["ratio"][peer], allowed(figures, peer)
        changes.append(is_now / was)
        if is_now < was * (1.0 - bound):
            found[case] = f"{is_now:.2f} times as fast as {peer}, was {was:.2f} (may lose {bound:.0%})"
    if changes and statistics.median(changes) < 1.0 - ALLOWED_TOGETHER:
        lost = 1.0 - statistics.median(changes)
        found["all cases together"] = f"{lost:.0%} slower beside their peers (may lose {ALLOWED_TOGETHER:.0%})"
    return found


def worse_pictures(before: Any, now: Any, place: str = "decibels") -> Iterator[str]:
    """Yield where decibels fell."""
    for key, value in now.items():
        if isinstance(value, dict):
            yield from worse_pictures(before[key], value, f"{place} {key}")
        elif key == OURS and value < before[key] - ALLOWED_DECIBELS:
            yield f"{place}: {value:.2f} dB, was {before[key]:.2f}"


def compare() -> bool:
    """Race again what is committed, tell what became worse, and return whether anything did."""
    lost: list[str] = []
    for name, benchmark, mode in (("transforms_alone", transforms_alone, "cases"), ("chains", chains, "cold")):
        committed = _committed(name)[mode]
        now = benchmark.measure(COUNT, ROUNDS, tuple(committed), LIBRARIES)[mode]
        suspects = worse(committed, now)
        cases = tuple(case for case in suspects if case in committed)
        if cases:
            now |= benchmark.measure(COUNT, AGAIN, cases, LIBRARIES)[mode]
        found = worse(committed, now)
        print(f"{name}: {len(now)} cases, {len(suspects)} suspects, {len(found)} slower", flush=True)
        lost += [f"{case}: {told}" for case, told in found.items()]
    before = _committed("picture_quality")["decibels"]
    lost += worse_pictures(before, picture_quality.measure(side=240)["decibels"])
    print("\n".join(lost or ["nothing is slower or less sharp than committed, within the noise that is allowed"]))
    return bool(lost)


def _committed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found
