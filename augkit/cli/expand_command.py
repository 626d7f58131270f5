"""``augkit expand``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli.options import configured
from augkit.cli.output import say
from augkit.cli.stopping import resumable

if TYPE_CHECKING:
    from augkit.expand import ExpandConfig, Progress, Summary

PLACE = 10  # in the help
MOST_ABSENT = 20  # lines


@configured("augkit.expand:ExpandConfig")
def command(
    config: ExpandConfig,
    strict_leaks: Annotated[
        bool, typer.Option("--strict-leaks", help="Exit with 1 if like pictures lie in different splits.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write augmented copies of every picture, each explained.

    SRC is a data set in any of the formats that augkit formats lists, and known by its
    names: class folders, COCO, YOLO, a manifest ... SRC and OUT may be URLs. The same seed
    gives the same files for any number of workers, and the same command goes on where a run
    was stopped. OUT/.augkit holds a line that explains each output, and rejected.jsonl says
    what was wrong with the others.
    """
    if dry_run:
        from augkit.expand import estimate

        found = estimate(**dict(config))
        described = asdict(found) | {"left_out": dict(found.left_out), "ignored": dict(found.ignored)}
        say(*([json.dumps(described)] if as_json else found.told().split("\n")))
        return
    summary = _expanded(config)
    if as_json:
        reasons = [{"reason": reason, "outputs": count} for reason, count in summary.reasons]
        counts = {"left_out": dict(summary.left_out), "ignored": dict(summary.ignored)}
        say(json.dumps(asdict(summary) | {"reasons": reasons} | counts))
    else:
        _tell(summary, config.out)
    if summary.over_budget:
        share = f"{summary.rejected / summary.planned:.1%} of the outputs were rejected"
        say(f"augkit: {share}, more than --max-rejected {config.max_rejected:g} allows.", is_error=True)
    if summary.leaks:
        told = f"{summary.leaks:,} sets of like pictures lie in different splits: {config.out}/.augkit/leaks.jsonl"
        say(f"augkit: {told}" if strict_leaks else f"Leaks: {told}", is_error=True)
    if summary.over_budget or (summary.leaks and strict_leaks):
        raise typer.Exit(1)


def _expanded(config: ExpandConfig) -> Summary:
    from augkit.cli.progress import progress_shown
    from augkit.expand import expand

    with resumable(config.out), progress_shown() as show:

        def progress(at: Progress) -> None:
            show(at.written + at.rejected + at.in_hand, at.planned, f" outputs, {at.rejected:,} rejected")

        return expand(**dict(config), progress=progress)


def _tell(summary: Summary, out: str) -> None:
    if summary.left_out:
        kinds = ", ".join(f"{kind} ({count:,})" for kind, count in summary.left_out)
        say(f"Left out: {kinds}.", is_error=True)
    for pattern, count in summary.ignored:
        say(f"Ignored: {pattern} ({count:,}).", is_error=True)
    for note in summary.notes:
        say(note, is_error=True)
    for reason, count in summary.reasons:
        say(f"Rejected {count:,} output{'s' * (count != 1)}: {reason}", is_error=True)
    if summary.reasons and summary.is_complete:
        say(f"Which they are: {out.rstrip('/')}/.augkit/rejected.jsonl", is_error=True)
    for split, label in summary.absent[:MOST_ABSENT]:
        say(f"No picture of {label} is in {split}.", is_error=True)
    if summary.resumed:
        say(f"{summary.resumed:,} outputs were done already.", is_error=True)
    rate = (summary.written + summary.rejected - summary.resumed) / summary.seconds
    copied = f" ({summary.copied:,} of them passed through)" if summary.copied else ""
    pictures = f"{summary.sources:,} picture" + "s" * (summary.sources != 1)
    say(
        f"{pictures}: {summary.planned:,} planned = {summary.written:,} written{copied}"
        f" + {summary.rejected:,} rejected, in {summary.seconds:.1f} s ({rate:,.0f} a second)."
    )
    if not summary.is_complete:
        say("Other parts of the job are not done yet; the last one closes the books (.augkit/).")
