"""``augkit show``."""

from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 50  # in the help


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A picture, or a folder of them, or another data set.")],
    pipeline: Annotated[str, typer.Option("--pipeline", metavar="P", help="A bundled name, or a YAML file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="What to write: a .png, or a page .html.")
    ],
    copies: Annotated[int, typer.Option("--copies", help="Copies of each picture, up to 50.")] = 5,
    rows: Annotated[int, typer.Option("--rows", help="Pictures of a folder, up to 100.")] = 4,
    ignore: Annotated[
        list[str], typer.Option("--ignore", metavar="PATTERN", help="Files, columns or keys that may be left.")
    ] = [],  # noqa: B006  Typer takes no other default of a list
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Read pictures that tables name by URLs.")] = False,
    allow_links: Annotated[bool, typer.Option("--allow-links", help="Follow links that lead out of SRC.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="The copies are those that expanding with this seed makes.")] = 0,
) -> None:
    """Draw a contact sheet of pictures and their copies.

    Each row is a picture and its copies, with what the whole chain did below. FILE is a
    picture or a page. A picture of a folder that cannot be read, or that the pipeline
    refuses, is named, and another takes its row.
    """
    from augkit.preview import show

    shown = show(
        source,
        pipeline,
        output,
        copies=copies,
        rows=rows,
        seed=seed,
        ignore=ignore,
        allow_urls=allow_urls,
        allow_links=allow_links,
    )
    for fault in shown.left_out:
        say(f"augkit: left out: {fault}", is_error=True)
    size = "" if output.suffix.lower() == ".html" else ", {1} x {0} pixels".format(*shown.sheet.shape)
    say(f"{output}: {len(shown.samples)} x {copies} copies{size}.")
