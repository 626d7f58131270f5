"""``augkit verify``."""

from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 20  # in the help


def command(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What augkit expand wrote.")],
) -> None:
    """Check every file of an expansion against its books.

    What is missing, changed or extra is named. Exit code 1 if anything is wrong. Where the
    sources lay is a hint for replay, and is not checked.
    """
    from augkit.expand import verify

    report = verify(out)
    lines = [f"missing {id}" for id in report.missing]
    lines += [f"changed {id}: {what}" for id, what in report.changed]
    lines += [f"extra {id}" for id in report.extra]
    lines += [f"unfinished: {report.unfinished}"] * bool(report.unfinished)
    say(*lines)
    verdict = "all is as it was written" if report.is_sound else f"{len(lines):,} things are wrong"
    say(f"{out}: {report.checked:,} files checked, {verdict}.")
    if not report.is_sound:
        raise typer.Exit(1)
