"""Standings of races: the fastest peer of each case and how augkit stands to it, wins and losses alike."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.race import OURS, Figures, fastest

__all__ = ["standings", "told"]


def standings(cases: Mapping[str, Figures]) -> dict[str, Any]:
    """Return of cases the median ratio of the fastest peer to augkit, and where augkit is slower than that.

    Peers are libraries; what OpenCV by hand takes is a bound that no library reaches for small steps, and told apart.
    """
    found: dict[str, Any] = {}
    for by_hand in (False, True):
        ratios = {}
        for case, figures in cases.items():
            peer = fastest(figures, by_hand)
            if peer is not None:
                ratios[case] = (figures["ratio"][peer], peer)
        if not ratios:
            continue
        found["and OpenCV by hand" if by_hand else "libraries"] = {
            "cases": len(ratios),
            "median": round(statistics.median(ratio for ratio, _ in ratios.values()), 3),
            "lost": {case: [peer, ratio] for case, (ratio, peer) in ratios.items() if ratio < 1.0},
        }
    return found


def told(cases: Mapping[str, Figures]) -> str:
    """Return the figures of cases as lines: milliseconds of augkit, and times those of each peer, the slowest last."""
    lines = [f"{'':50}{'augkit, ms':>11}  times that: the peers, the fastest first"]
    for case, figures in cases.items():
        peer = fastest(figures)
        mark = " " if peer is None or figures["ratio"][peer] >= 1.0 else "!"
        ranks = sorted(figures["ratio"].items(), key=lambda entry: entry[1])
        peers = "  ".join(f"{name} {ratio:.2f}" for name, ratio in ranks)
        failed = "".join(f"  ({name}: {why})" for name, why in figures.get("failed", {}).items())
        lines.append(f"{mark}{case:49}{figures['ms'].get(OURS, float('nan')):11.3f}  {peers}{failed}")
    for group, stands in standings(cases).items():
        lost = ", ".join(f"{case} ({ratio:.2f} {peer})" for case, (peer, ratio) in stands["lost"].items())
        count = f"median of the fastest {stands['median']:.2f} in {stands['cases']} cases, {len(stands['lost'])} lost"
        lines.append(f"  {group}: {count}: {lost or '-'}")
    return "\n".join(lines)
