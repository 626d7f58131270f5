"""``augkit expand``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from augkit.expand import Summary


def command(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Class folders of pictures, or one flat folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder, not inside SRC.")],
    pipeline: Annotated[str, typer.Option(help="A bundled pipeline's name, or a YAML file.")],
    copies: Annotated[int, typer.Option(help="Augmented copies of every picture.")],
    seed: Annotated[int, typer.Option(help="Another seed, other copies.")] = 0,
    workers: Annotated[
        int | None, typer.Option(help="Processes; 0 works in this one.", show_default="the processors")
    ] = None,
    encoding: Annotated[str, typer.Option(help="jpeg, png or webp.")] = "jpeg",
    quality: Annotated[int, typer.Option(help="1 to 100, for jpeg and webp.")] = 90,
    max_rejected: Annotated[float, typer.Option(help="Exit with 1 if a larger fraction was rejected.")] = 0.01,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write augmented copies of every picture, each explained.

    The same seed gives the same files for any number of workers, and OUT/.augkit holds a
    line that explains each of them. A picture's class is the first folder below SRC; its
    copies go to OUT/CLASS. Pictures that cannot be used are rejected and listed with their
    reasons in OUT/.augkit/rejected.jsonl.
    """
    from augkit.cli.progress import progress_shown
    from augkit.expand import expand

    try:
        with progress_shown() as show:
            summary = expand(
                source,
                out,
                pipeline,
                copies,
                seed=seed,
                workers=workers,
                encoding=encoding,
                quality=quality,
                max_rejected=max_rejected,
                progress=lambda at: show(at.written + at.rejected, at.planned, f", {at.rejected:,} rejected"),
            )
    except KeyboardInterrupt:
        print(f"augkit: interrupted. {out} is unfinished; remove it to begin anew.", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        reasons = [{"reason": reason, "outputs": count} for reason, count in summary.reasons]
        print(json.dumps(asdict(summary) | {"reasons": reasons, "left_out": dict(summary.left_out)}))
    else:
        _tell(summary, out, copies)
    if summary.over_budget:
        share = f"{summary.rejected / summary.planned:.1%} of the outputs were rejected"
        print(f"augkit: {share}, more than --max-rejected {max_rejected:g} allows.", file=sys.stderr)
        raise typer.Exit(1)


def _tell(summary: Summary, out: Path, copies: int) -> None:
    if summary.left_out:
        kinds = ", ".join(f"{kind} ({count:,})" for kind, count in summary.left_out)
        print(f"Left out: {kinds}.", file=sys.stderr)
    for reason, count in summary.reasons:
        print(f"Rejected {count:,} outputs: {reason}", file=sys.stderr)
    if summary.reasons:
        print(f"Which they are: {out / '.augkit' / 'rejected.jsonl'}", file=sys.stderr)
    rate = summary.written / summary.seconds
    print(
        f"{summary.sources:,} pictures x {copies:,} copies: {summary.planned:,} planned = {summary.written:,} written"
        f" + {summary.rejected:,} rejected, in {summary.seconds:.1f} s ({rate:,.0f} a second)."
    )
