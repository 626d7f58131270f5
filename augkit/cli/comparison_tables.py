"""Trainings that were repeated, as a table."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.cli.output import say

if TYPE_CHECKING:
    from augkit.train.repeats import Difference, Repeats, Spread


def tell_repeats(found: Sequence[Repeats], folder: Path, as_json: bool) -> None:
    """Print what each pipeline came to over all seeds, and what each changed against the first, class by class.

    All of it is written to the folder that holds theirs too.
    """
    from augkit.train.repeats import best, compared, differences, write

    files = write(folder, found)
    if as_json:
        say(json.dumps(compared(found)))
        return
    first, headline = found[0], found[0].results[0].metrics["headline"]
    is_fraction, count = headline["is_fraction"], len(first.results)
    say(f"{headline['name']} over {count} seed{'s' * (count != 1)}")
    width = max(len(one.pipeline) for one in found)
    say(*(f"  {one.pipeline:{width}}  {_spread(one.headline, is_fraction)}" for one in found))
    for other in found[1:]:
        say(f"{other.pipeline} against {first.pipeline}")
        say(*(f"  {line}" for line in _table(differences(first, other), is_fraction)))
    words = shlex.join(["augkit", "predict", best(found).out])
    say(
        f"All about it: {' and '.join(map(str, files))}",
        f"To use the run that did best on the pictures that choose: {words} PICTURES",
    )


def _spread(spread: Spread, is_fraction: bool) -> str:
    tail = "" if spread.std is None else f", standard deviation {_number(spread.std, is_fraction)}"
    return f"{_number(spread.mean, is_fraction)}{' %' * is_fraction}{tail}"


def _table(rows: Sequence[Difference], is_fraction: bool) -> Iterator[str]:
    width = max(len(row.name) for row in rows)
    for row in rows:
        spread = "" if row.spread is None else f" ± {_number(row.spread, is_fraction)}"
        both = f"{_number(row.before, is_fraction):>7} -> {_number(row.after, is_fraction):>7}"
        sign = "+" if row.gain >= 0 else "-"
        yield f"{row.name:{width}}  {both}  {sign}{_number(abs(row.gain), is_fraction)}{spread}  {row.verdict}"


def _number(value: float, is_fraction: bool) -> str:
    return f"{100 * value:.1f}" if is_fraction else f"{value:.3g}"
