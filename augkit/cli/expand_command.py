"""``augkit expand``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from augkit.expand import Summary

PLACE = 10  # in the help
Option = typer.Option
MOST_ABSENT = 20  # lines
MOST_DIGITS = 40  # of I/N


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A data set: see below for its forms.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new or empty folder, or one that is unfinished.")],
    pipeline: Annotated[str, Option(help="A bundled pipeline's name, or a YAML file.")],
    copies: Annotated[int, Option(help="Augmented copies of every picture.")],
    seed: Annotated[int, Option(help="Another seed, other copies.")] = 0,
    workers: Annotated[
        int | None, Option(help="Processes; 0 works in this one.", show_default="the processors")
    ] = None,
    form: Annotated[
        str | None,
        Option("--format", help="folder, webdataset, parquet, coco or yolo.", show_default="that of SRC"),
    ] = None,
    encoding: Annotated[str, Option(help="jpeg, png or webp.")] = "jpeg",
    quality: Annotated[int, Option(help="1 to 100, for jpeg and webp.")] = 90,
    balance: Annotated[str, Option(help="none, max or N: outputs that every class is brought to.")] = "none",
    split: Annotated[str | None, Option(help="As train=0.8,val=0.1,test=0.1; only train is expanded.")] = None,
    split_seed: Annotated[int, Option(help="Another one, another split.")] = 0,
    groups: Annotated[
        str | None, Option(help="What stays together in a split: a pattern over ids, a CSV file or a column.")
    ] = None,
    originals: Annotated[str, Option(help="omit or include the pictures themselves.")] = "omit",
    pipeline_for: Annotated[
        list[str] | None, Option(metavar="CLASS=FILE", help="Another pipeline for a class; may be repeated.")
    ] = None,
    engine: Annotated[str, Option(help="processes or ray.")] = "processes",
    start_method: Annotated[str, Option(help="spawn or forkserver.")] = "spawn",
    timeout: Annotated[float, Option(help="Seconds that one picture may take.")] = 60.0,
    shards: Annotated[str | None, Option(metavar="I/N", help="Do part I of N, counted from 0.")] = None,
    finish: Annotated[bool, Option("--finish", help="Only close the books, when all parts are done.")] = False,
    fresh: Annotated[bool, Option("--fresh", help="Remove what an earlier job left in OUT.")] = False,
    extend: Annotated[bool, Option("--extend", help="Add copies or sources to a complete job.")] = False,
    max_rejected: Annotated[float, Option(help="Exit with 1 if a larger fraction was rejected.")] = 0.01,
    strict_leaks: Annotated[
        bool, Option("--strict-leaks", help="Exit with 1 if like pictures lie in different splits.")
    ] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Write augmented copies of every picture, each explained.

    SRC is class folders (with or without train, val and test above them), one flat folder,
    COCO (its folder or JSON file), YOLO (its folder or data.yaml), a CSV or JSONL manifest,
    WebDataset tars or Parquet; SRC and OUT may be URLs. The same seed gives the same files
    for any number of workers, and the same command goes on where a run was stopped.
    OUT/.augkit holds a line that explains each output, and rejected.jsonl says what was
    wrong with the others.
    """
    from augkit.expand import balancing

    making: dict[str, Any] = {
        "seed": seed,
        "form": form,
        "encoding": encoding,
        "quality": quality,
        "balance": balancing.parse_balance(balance),
        "split": split,
        "split_seed": split_seed,
        "groups": groups,
        "originals": originals,
        "pipelines_for": dict(_class_and_file(text) for text in pipeline_for or ()),
    }
    running: dict[str, Any] = {"workers": workers, "start_method": start_method, "timeout": timeout}
    if dry_run:
        from augkit.cli.stopping import terminated_as_interrupted

        with terminated_as_interrupted():  # which leaves no sample behind
            _tell_estimate(source, out, pipeline, copies, as_json, making | running)
        return
    running |= {"engine": engine, "finish": finish, "fresh": fresh, "extend": extend, "max_rejected": max_rejected}
    summary = _expanded(source, out, pipeline, copies, making | running | {"shards": _part(shards)})
    if as_json:
        reasons = [{"reason": reason, "outputs": count} for reason, count in summary.reasons]
        print(json.dumps(asdict(summary) | {"reasons": reasons, "left_out": dict(summary.left_out)}))
    else:
        _tell(summary, out)
    if summary.over_budget:
        share = f"{summary.rejected / summary.planned:.1%} of the outputs were rejected"
        print(f"augkit: {share}, more than --max-rejected {max_rejected:g} allows.", file=sys.stderr)
    if summary.leaks:
        found = f"{summary.leaks:,} sets of like pictures lie in different splits: {out}/.augkit/leaks.jsonl"
        print(f"augkit: {found}" if strict_leaks else f"Leaks: {found}", file=sys.stderr)
    if summary.over_budget or (summary.leaks and strict_leaks):
        raise typer.Exit(1)


def _expanded(source: str, out: str, pipeline: str, copies: int, options: dict[str, Any]) -> Summary:
    from augkit.cli.progress import progress_shown
    from augkit.cli.stopping import terminated_as_interrupted
    from augkit.expand import expand

    try:
        with terminated_as_interrupted(), progress_shown() as show:
            return expand(
                source,
                out,
                pipeline,
                copies,
                **options,
                progress=lambda at: show(
                    at.written + at.rejected + at.in_hand, at.planned, f", {at.rejected:,} rejected"
                ),
            )
    except KeyboardInterrupt:
        print(f"augkit: interrupted. The same command goes on from here; {out} is unfinished.", file=sys.stderr)
        raise typer.Exit(130) from None


def _class_and_file(text: str) -> tuple[str, str]:
    from augkit.errors import ArgumentError

    label, equals, file = text.partition("=")
    if not (label and equals and file):
        raise ArgumentError(f"must be CLASS=FILE, got {text!r}.", "--pipeline-for")
    return label, file


def _part(text: str | None) -> tuple[int, int] | None:
    from augkit.errors import ArgumentError

    if text is None:
        return None
    first, slash, second = text.partition("/")
    if not (slash and first.isdecimal() and second.isdecimal() and len(text) <= MOST_DIGITS):
        raise ArgumentError(f"must be I/N, such as 0/3, got {text!r:.60}.", "--shards")
    return int(first), int(second)


def _tell_estimate(source: str, out: str, pipeline: str, copies: int, as_json: bool, options: dict[str, Any]) -> None:
    from augkit.expand import estimate

    found = estimate(source, out, pipeline, copies, **options)
    print(json.dumps(asdict(found) | {"left_out": dict(found.left_out)}) if as_json else found.told())


def _tell(summary: Summary, out: str) -> None:
    if summary.left_out:
        kinds = ", ".join(f"{kind} ({count:,})" for kind, count in summary.left_out)
        print(f"Left out: {kinds}.", file=sys.stderr)
    for reason, count in summary.reasons:
        print(f"Rejected {count:,} output{'s' * (count != 1)}: {reason}", file=sys.stderr)
    if summary.reasons and summary.is_complete:
        print(f"Which they are: {out.rstrip('/')}/.augkit/rejected.jsonl", file=sys.stderr)
    for split, label in summary.absent[:MOST_ABSENT]:
        print(f"No picture of {label} is in {split}.", file=sys.stderr)
    if summary.resumed:
        print(f"{summary.resumed:,} outputs were done already.", file=sys.stderr)
    rate = (summary.written + summary.rejected - summary.resumed) / summary.seconds
    copied = f" ({summary.copied:,} of them passed through)" if summary.copied else ""
    pictures = f"{summary.sources:,} picture" + "s" * (summary.sources != 1)
    print(
        f"{pictures}: {summary.planned:,} planned = {summary.written:,} written{copied}"
        f" + {summary.rejected:,} rejected, in {summary.seconds:.1f} s ({rate:,.0f} a second)."
    )
    if not summary.is_complete:
        print("Other parts of the job are not done yet; the last one closes the books.")
