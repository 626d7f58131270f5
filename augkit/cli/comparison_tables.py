"""Trainings that were repeated, as a table."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from augkit.cli.output import say

if TYPE_CHECKING:
    from augkit.train import Result, TrainConfig
    from augkit.train.comparison.verdicts import Difference
    from augkit.train.several.repeats import Repeats, Spread


def tell_repeats(
    config: TrainConfig, found: Sequence[Repeats], words: Sequence[str], as_json: bool, folded: Result | None = None
) -> None:
    """Print what each way came to over all seeds, and what each changed against the first, class by class.

    All of it is written to the folder that holds theirs too; `words` are the command that does it again, and `folded`
    is what came of all of them as one, for JSON.
    """
    from augkit.train.several.repeats import best, compared, gains, write

    told = gains(found) if len(found) > 1 else {}
    files = write(config, found, told, shlex.join(words))
    if as_json:
        say(json.dumps(compared(found, told) | ({} if folded is None else {"ensemble": asdict(folded)})))
        return
    first, headline = found[0], found[0].results[0].metrics["headline"]
    is_fraction, count = headline["is_fraction"], len(first.results)
    say(f"{headline['name']} over {count} seed{'s' * (count != 1)}")
    width = max(len(one.name) for one in found)
    say(*(f"  {one.name:{width}}  {_spread(one.headline, is_fraction)}" for one in found))
    for name, rows in told.items():
        say(f"{name} against {first.name}, gain and its 95 % interval")
        say(*(f"  {line}" for line in _table(rows, is_fraction)))
    if told and all(row.adjusted is None for rows in told.values() for row in rows):
        say("For a verdict pass --seeds 5, and give the classes ten pictures to be judged by, or --folds 5.")
    elif told:
        say("All verdicts together hold a wrong one with 5 % at most (Holm); the page says what they rest on.")
    use = shlex.join(["augkit", "predict", best(found).out])
    say(
        f"All about it: {', '.join(map(str, files))}",
        f"To use the run that did best on the pictures that choose: {use} PICTURES",
    )


def _spread(spread: Spread, is_fraction: bool) -> str:
    tail = "" if spread.std is None else f", standard deviation {_number(spread.std, is_fraction)}"
    return f"{_number(spread.mean, is_fraction)}{' %' * is_fraction}{tail}"


def _table(rows: Sequence[Difference], is_fraction: bool) -> Iterator[str]:
    width = max(len(row.name) for row in rows)
    for row in rows:
        both = f"{_number(row.before, is_fraction):>7} -> {_number(row.after, is_fraction):>7}"
        gain = f"{_signed(row.gain, is_fraction):>6}"
        if row.low is not None and row.high is not None:
            gain += f" ({_signed(row.low, is_fraction)} to {_signed(row.high, is_fraction)})"
        chance = "" if row.adjusted is None else f", p = {row.adjusted:.2g}"
        yield f"{row.name:{width}}  {both}  {gain}  {row.verdict}{chance}"


def _signed(value: float, is_fraction: bool) -> str:
    return f"{'+' * (value >= 0)}{_number(value, is_fraction)}"


def _number(value: float, is_fraction: bool) -> str:
    return f"{100 * value:.1f}" if is_fraction else f"{value:.3g}"
