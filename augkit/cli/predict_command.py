"""``augkit predict``."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say
from augkit.cli.progress import progress_shown
from augkit.errors import ArgumentError
from augkit.screen_text import printable

PLACE = 100  # in the help
Option = typer.Option


def command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="What augkit train wrote: its folder, or the model in it.")],
    images: Annotated[list[str], typer.Argument(metavar="IMAGES...", help="Pictures, folders of them, or data sets.")],
    output: Annotated[
        Path | None,
        Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .csv or .jsonl file to write; of boxes also COCO's .json.",
            show_default="print",
        ),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print a line of JSON for each picture, not CSV.")] = False,
    batch_size: Annotated[int, Option(help="Pictures that are asked together; it changes no answer.")] = 32,
    top: Annotated[int, Option(min=1, help="Classes of each picture, the likeliest first.")] = 5,
    tta: Annotated[int, Option(help="Augmented copies of each picture to take the mean with.")] = 0,
    overlays: Annotated[
        Path | None, Option(metavar="DIR", help="Of boxes and masks: a folder for pictures with them, and for masks.")
    ] = None,
    pipeline: Annotated[str | None, Option(metavar="P", help="Makes them: a bundled name, or a YAML file.")] = None,
    allow_urls: Annotated[bool, Option("--allow-urls", help="Read pictures that tables name by URLs.")] = False,
    allow_links: Annotated[bool, Option("--allow-links", help="Follow links that lead out of IMAGES.")] = False,
) -> None:
    """Say what pictures show, by a trained network.

    One row a picture, in the order of IMAGES: its path, the likeliest classes with their
    calibrated probabilities (or labels, numbers, boxes in pixels, or parts of its area), and
    what was wrong if it could not be read. Exit code 1 if that is so for any.
    """
    from augkit.core.text_files import bytes_of
    from augkit.pipeline.pipeline_file import load as load_pipeline
    from augkit.storage.output_file import require_writable, write
    from augkit.train import predict
    from augkit.train.answers.answer_files import coco_of, write_files
    from augkit.train.answers.predictions import Row, csv_of, find, json_of
    from augkit.train.files.artefact import load
    from augkit.train.tasks.dense import Dense
    from augkit.train.tasks.detect_task import Detect

    is_coco = output is not None and output.suffix == ".json" and not as_json
    if output is not None:
        endings = (".jsonl",) if as_json else (".csv", ".jsonl", ".json")
        if output.suffix not in endings:
            raise ArgumentError(f"must end in {' or '.join(endings)}, got {output.name!r}.", "--output")
        require_writable(output)
    artefact, augmenting = load(run), None if pipeline is None else load_pipeline(pipeline)
    if overlays is not None and not isinstance(artefact.task, Dense):
        what = f"must go with a run that finds boxes or masks, got one of {artefact.task.kind}. Leave it out."
        raise ArgumentError(what, "--overlays")
    if is_coco and not isinstance(artefact.task, Detect):
        raise ArgumentError(f"must end in .csv or .jsonl for {artefact.task.kind}, got {output}.", "--output")
    wanted = find(images, allow_urls=allow_urls, allow_links=allow_links)
    found, faulty = predict(artefact, wanted, batch_size, tta, augmenting), 0

    def rows() -> Iterator[Row]:
        nonlocal faulty
        with progress_shown() as show:
            for done, row in enumerate(found):
                show(done + 1, len(wanted), " pictures")
                if row.answers is None:
                    faulty += 1
                    say(f"augkit: {row.reason}", is_error=True)
                if overlays is not None and isinstance(artefact.task, Dense):
                    write_files(overlays, artefact.task, wanted[done], row)
                yield row

    is_json = as_json or (output is not None and output.suffix == ".jsonl")
    as_lines = (f"{json_of(row, artefact.task, top)}\n" for row in rows())
    lines = as_lines if is_json else csv_of(rows(), artefact.task, top)
    if is_coco and isinstance(artefact.task, Detect):
        lines = iter([coco_of(rows(), wanted, artefact.task)])
    lines = lines if output is not None else (f"{''.join(map(_shown, line[:-1]))}\n" for line in lines)
    told = map(bytes_of, lines)  # a path may hold any bytes
    if output is None and sys.stdout.isatty():
        say(*(line.removesuffix("\n") for line in list(lines)))  # when the bar is gone
    elif output is None:
        sys.stdout.buffer.writelines(told)
        sys.stdout.buffer.flush()
    else:
        write(output, b"".join(told))
        say(f"{output}: {len(wanted):,} picture{'s' * (len(wanted) != 1)}, {faulty:,} of them without an answer.")
    if faulty:
        raise typer.Exit(1)


def _shown(letter: str) -> str:
    """Return a letter that a terminal does not act on; bytes that are no text stay as they are."""
    return letter if "\ud800" <= letter <= "\udfff" else printable(letter)
