"""The page ``docs/speed.md``: its tables and the sentences that hold figures are made of ``benchmarks/results/*.json``.

What stands between ``<!-- NAME -->`` and ``<!-- end -->`` is replaced, for every result that there is; the rest is
prose without figures. Losses are written out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.race import BY_HAND, OURS, Figures, fastest

__all__ = ["PAGE", "RESULTS", "SECTIONS", "made", "renew"]

ROOT = Path(__file__).parent.parent
PAGE, RESULTS = ROOT / "docs" / "speed.md", ROOT / "benchmarks" / "results"
NAMES = {
    "albumentations": "Albumentations",
    "albumentationsx": "AlbumentationsX",
    "variopinta": "variopinta",
    "augrs": "augrs",
    "torchvision": "torchvision v2",
    "kornia": "Kornia",
    "torchtransform": "torchtransform",
    "opencv": "OpenCV by hand",
}
Found = dict[str, Any]


def renew() -> None:
    """Write the page anew from the results."""
    PAGE.write_text(made(PAGE.read_text("utf-8")), "utf-8")


def made(page: str) -> str:
    """Return the page with all sections made of the results."""

    def section(match: re.Match[str]) -> str:
        name = match[1]
        path = RESULTS / f"{name}.json"
        if not path.is_file():
            return match[0]
        found = json.loads(path.read_text("utf-8"))
        return f"<!-- {name} -->\n{_circumstances(found)}\n\n{SECTIONS[name](found)}\n<!-- end -->"

    names = "|".join(SECTIONS)
    return re.sub(rf"<!-- ({names}) -->\n.*?<!-- end -->", section, page, flags=re.DOTALL)


def _circumstances(found: Found) -> str:
    machine, versions = found["machine"], found["versions"]
    told = f"{machine['cpu']}, {machine['cores']} cores, augkit {versions['augkit']}, Python {versions['python']}"
    told += f", kernels for {machine['kernels']}" if "kernels" in machine else ""
    peers = [
        f"{package} {version}"
        for name, packages in found.get("contenders", {}).items()
        if name != OURS and isinstance(packages, dict) and "ms" not in packages
        for package, version in list(packages.items())[:1]
    ]
    absent = [f"{NAMES[name]} could not take part ({why})" for name, why in found.get("absent", {}).items()]
    return f"{'; '.join([told, *(['against ' + ', '.join(peers)] if peers else []), *absent])}."


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def _milliseconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _lost(cases: dict[str, Figures], bound: float) -> str:
    """Say in how many cases augkit wins, and name every one that it loses, with peer and ratio."""
    ratios = {
        case: (figures["ratio"][peer], peer)
        for case, figures in cases.items()
        if (peer := fastest(figures)) is not None
    }
    order = sorted(ratio for ratio, _ in ratios.values())
    middle = order[len(order) // 2]
    won = sum(ratio >= bound for ratio in order)
    slower = sorted((ratio, case, peer) for case, (ratio, peer) in ratios.items() if ratio < 1.0)
    told = f"Of {len(ratios)} that a library has as well, {won} are at least {bound:g} times as fast as the fastest"
    told += f" (median {middle:.2f})."
    if not slower:
        return f"{told} None is slower."
    names = "; ".join(f"{case} ({1 / ratio:.2f} times the time of {NAMES[peer]})" for ratio, case, peer in slower)
    return f"{told} Slower than the fastest: {names}."


def _alone(found: Found) -> str:
    rows = []
    for case, figures in found["cases"].items():
        peer, ours = fastest(figures), figures["ms"][OURS]
        by_hand = _milliseconds(figures["ms"].get(BY_HAND))
        if peer is None:
            rows.append([case, _milliseconds(ours), "none", "", "", by_hand])
            continue
        low, high = figures["quartiles"][peer]
        spread = f"{_times(figures['ratio'][peer])} ({_times(low)} to {_times(high)})"
        rows.append([case, _milliseconds(ours), NAMES[peer], _milliseconds(figures["ms"][peer]), spread, by_hand])
    head = ["", "augkit, ms", "fastest library", "its ms", "times augkit's (quartiles)", "OpenCV by hand, ms"]
    hand = found["standings"].get("and OpenCV by hand", {}).get("lost", {})
    own = [case for case, (peer, _) in hand.items() if peer == BY_HAND]
    beside = f" The bare kernels of OpenCV, called by hand, are faster in: {', '.join(own)}." if own else ""
    return f"{_table(head, rows)}\n\n{_lost(found['cases'], 1.0)}{beside}"


def _chains(found: Found) -> str:
    parts = []
    for mode, told in (("cold", "Pictures in turn"), ("hot", "One picture again and again")):
        cases = found[mode]
        present = [name for name in NAMES if any(name in figures["ratio"] for figures in cases.values())]
        rows = [
            [
                case,
                _milliseconds(figures["ms"][OURS]),
                *(_times(figures["ratio"][name]) if name in figures["ratio"] else "" for name in present),
            ]
            for case, figures in cases.items()
        ]
        head = [told, "augkit, ms", *(f"{NAMES[name]}, times" for name in present)]
        parts.append(f"{_table(head, rows)}\n\n{_lost(cases, 1.3)}")
    return "\n\n".join(parts)


def _ratio(figures: dict[str, Any]) -> str:
    low, high = figures["spread"]
    return f"{figures['median']:.3g} ({low:.3g} to {high:.3g})"


def _goals(found: Found, told: dict[str, str], at_most: Sequence[str] = ()) -> str:
    rows, missed = [], []
    for name, text in told.items():
        if name not in found["ratios"]:
            continue
        figures, goal = found["ratios"][name], found["goals"].get(name)
        rows.append([text, _ratio(figures), "" if goal is None else f"{'at most' if name in at_most else ''} {goal:g}"])
        if goal is not None and (figures["median"] > goal) != (name in at_most) and figures["median"] != goal:
            continue
        if goal is not None and figures["median"] != goal:
            missed.append(text)
    table = _table(["", "median (rounds)", "wanted"], rows)
    return table + (f"\n\nMissed: {'; '.join(missed)}." if missed else "")


def _expansion(found: Found) -> str:
    milliseconds = [[name, _milliseconds(of["ms"]), f"{of['fixed_s']:.2f}"] for name, of in found["contenders"].items()]
    told = {
        "of_floor": "files, of the codec's own rate",
        "tars_of_floor": "tars, of the codec's own rate",
        "parquet_of_floor": "Parquet, of the codec's own rate",
        "overhead": "books and syncs, share of the whole",
        "two_workers": "two workers, times one worker's rate",
        "script": "times as fast as the script, one process",
        "scripts": "times as fast as the script, two processes",
    }
    parts = ", ".join(f"{name} {ms:.3f}" for name, ms in found["bare_parts_ms"].items())
    table = _table(["", "ms an output", "start and end, s"], milliseconds)
    return f"{table}\n\n{_goals(found, told, ('overhead',))}\n\nThe bare loop's parts, ms an output: {parts}."


def _large(found: Found) -> str:
    rows = [[name, _milliseconds(of["ms"])] for name, of in found["contenders"].items()]
    told = {
        "times_0.3": "`decode: scaled`, times the rate of 0.3",
        "whole_times_0.3": "`decode: full`, times the rate of 0.3",
        "scaled": "`decode: scaled`, times the rate of `full`",
    }
    return f"{_table(['', 'ms an output'], rows)}\n\n{_goals(found, told)}"


def _loading(found: Found) -> str:
    rows = [[name, _milliseconds(ms)] for name, ms in found["ms"].items()]
    told = {
        "two_workers": "two workers, times one worker's rate",
        "two_processes": "two bare loops that share nothing, times one's rate",
        "overhead": "what the loader adds to decoding and augmenting",
        "peer": "times as fast as Albumentations in torch's loader, two workers each",
    }
    return f"{_table(['', 'ms a picture'], rows)}\n\n{_goals(found, told, ('overhead',))}"


def _growth(found: Found) -> str:
    rows = [
        [
            f"{int(count):,}",
            f"{of['plan_s']:.2f}",
            f"{of['plan_s'] / int(count) * 1e6:.1f}",
            f"{of['epoch_s']:.3f}",
            f"{of['list_mb']:.0f}",
            f"{of['more_mb']:.0f}",
        ]
        for count, of in found["sources"].items()
    ]
    head = ["sources", "plan, s", "µs a source", "an epoch's order, s", "the list, MB", "the plan beside it, MB"]
    return _table(head, rows)


def _quality(found: Found) -> str:
    turns = list(next(iter(found["decibels"].values())))
    kernels = list(next(iter(found["decibels"].values()))[turns[0]])
    rows, worse = [], []
    for zoom, by_turn in found["decibels"].items():
        row = [f"{zoom}x"]
        for kernel in kernels:
            for turn in turns:
                cell = by_turn[turn][kernel]
                row.append(" / ".join(f"{cell[judge]['augkit']:.1f} ({cell[judge]['pillow']:.1f})" for judge in cell))
                if cell["result"]["augkit"] < cell["result"]["pillow"] - 1.0:
                    worse.append((cell["result"]["pillow"] - cell["result"]["augkit"], f"{kernel} at {zoom}x, {turn}°"))
        rows.append(row)
    head = ["zoom", *(f"{kernel}, {turn}°" for kernel in kernels for turn in turns)]
    plate = [
        [f"{zoom}x", *(f"{of[kernel]['augkit']:.2f} ({of[kernel]['pillow']:.2f})" for kernel in kernels)]
        for zoom, of in found["zone_plate"].items()
    ]
    rest = [
        [
            kernel,
            f"{found['contrast'][kernel]['least']:.3f} to {found['contrast'][kernel]['most']:.3f}",
            f"{found['contrast'][kernel]['step']:.2%}",
            f"{found['chain'][kernel]['one']:.1f}",
            f"{found['chain'][kernel]['several']:.1f}",
            f"{max(abs(of[kernel]) for of in found['bias'].values()):.4f}",
        ]
        for kernel in kernels
    ]
    names = ["", "contrast kept", "largest step of it", "five moves in one, dB", "one by one, dB", "mean bias, levels"]
    lost = ", ".join(f"{by:.1f} dB ({where})" for by, where in sorted(worse, reverse=True))
    told = (
        f"\n\nMore than 1 dB below Pillow's rotation and resize, judged along the result's axes: {lost}."
        if lost
        else ""
    )
    plates = _table(["zone plate, RMS", *kernels], plate)
    return f"{_table(head, rows)}{told}\n\n{plates}\n\n{_table(names, rest)}"


def _labels(found: Found) -> str:
    rows = [
        [
            name,
            *(
                f"{of[who]['median']:.3f} / {of[who]['max']:.2f}" if who in of else ""
                for who in (OURS, "albumentations")
            ),
        ]
        for name, of in found["px"].items()
    ]
    return _table(["median / largest error, px", "augkit", "Albumentations"], rows)


def _tactics(found: Found) -> str:
    rows = []
    for name, figures in found["distinct"].items():
        hot = found["hot"].get(name)
        rows.append(
            [
                name,
                _milliseconds(figures["ms"]),
                _times(figures["ratio"]),
                _milliseconds(hot["ms"]) if hot else "",
                _times(hot["ratio"]) if hot else "",
            ]
        )
    warps = ", ".join(f"{name} {of['std']:.1f} px, {of['local']:.0%} local" for name, of in found["warps_px"].items())
    parts = ", ".join(f"{name} {figures['ms']:.3f}" for name, figures in found["parts"].items() if name != OURS)
    table = _table(["", "ms", "times augkit's", "one hot photo, ms", "times augkit's"], rows)
    return f"{table}\n\nThe warps move points by (standard deviation): {warps}. Where augkit's time goes, ms: {parts}."


def _memory(found: Found) -> str:
    rows = [
        [f"{int(count):,}", method, f"{held['first']:.0f}", f"{held['later']:.0f}"]
        for count, methods in found["megabytes"].items()
        for method, held in methods.items()
    ]
    return _table(["pictures", "start method", "first batch, MB", "later, MB"], rows)


SECTIONS: dict[str, Callable[[Found], str]] = {
    "transforms_alone": _alone,
    "chains": _chains,
    "large_sources": _chains,
    "six_tactics": _tactics,
    "expansion": _expansion,
    "large_expansion": _large,
    "loading": _loading,
    "growth": _growth,
    "worker_memory": _memory,
    "picture_quality": _quality,
    "label_quality": _labels,
}
