"""``augkit show``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from augkit.targets.sample import Sample

MOST_COPIES, MOST_ROWS = 50, 100


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A picture, or a folder of them, or another data set.")],
    pipeline: Annotated[str, typer.Option("--pipeline", metavar="P", help="A bundled name, or a YAML file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="What to write: a .png, or a page .html.")
    ],
    copies: Annotated[int, typer.Option("--copies", help="Copies of each picture, up to 50.")] = 5,
    rows: Annotated[int, typer.Option("--rows", help="Pictures of a folder, up to 100.")] = 4,
    seed: Annotated[int, typer.Option("--seed", help="The copies are those that expanding with this seed makes.")] = 0,
) -> None:
    """Draw a contact sheet of pictures and their copies, as a picture or as a page.

    Each row is a picture and its copies, with the drawn numbers below. A picture of a
    folder that cannot be read, or that the pipeline refuses, is named, and another takes
    its row.
    """
    from augkit.cli.output import require_writable, write
    from augkit.core.key import Key
    from augkit.datasets import is_data_set
    from augkit.datasets import read as read_data_set
    from augkit.datasets.samples import named_sample
    from augkit.errors import ArgumentError, AugkitError
    from augkit.images import encode, read
    from augkit.pipeline import load
    from augkit.preview import contact_page, contact_sheet
    from augkit.targets.scene import Scene

    for name, value, most in (("--copies", copies, MOST_COPIES), ("--rows", rows, MOST_ROWS)):
        if not 1 <= value <= most:
            raise ArgumentError(f"must be a whole number from 1 to {most}, got {value}.", name)
    if output.suffix.lower() not in (".png", ".html"):
        raise ArgumentError(f"must end in .png or .html, got {output.name!r}.", "--output")
    require_writable(output)
    loaded = load(pipeline)

    def checked(sample: Sample, where: str) -> Sample:
        for copy in range(copies):
            try:
                loaded.draw(Key(seed, sample.id, copy), Scene.of(sample))
            except AugkitError as error:
                raise error.at(where) from None
        return sample

    samples: list[Sample] = []
    if is_data_set(source):
        data = read_data_set(source)
        refused: list[AugkitError] = []
        for index in _spread(len(data.sources), rows):
            found = data.sources[index]
            try:
                samples.append(checked(_drawable(named_sample(data, found)), f"{data.root}/{found.id}"))
            except AugkitError as error:
                refused.append(error)
            if len(samples) == rows:
                break
        if not samples:
            raise refused[0]
        for fault in refused:
            print(f"augkit: left out: {fault}", file=sys.stderr)
        samples.sort(key=lambda sample: sample.id)
    else:
        samples.append(checked(read(source), source))
    title = Path(pipeline).stem
    if output.suffix.lower() == ".html":
        write(output, contact_page(samples, loaded, copies, seed, title).encode())
        print(f"{output}: {len(samples)} x {copies} copies.")
        return
    sheet = contact_sheet(samples, loaded, copies, seed, title)
    write(output, encode(sheet, "png"))
    height, width = sheet.shape[:2]
    print(f"{output}: {len(samples)} x {copies} copies, {width} x {height} pixels.")


def _drawable(sample: Sample) -> Sample:
    """Return a sample without polygons where not every box has one: boxes will do."""
    return sample if all(map(len, sample.polygons or ())) else sample.changed(polygons=None)


def _spread(count: int, rows: int) -> list[int]:
    """Return all places 0 .. count - 1: first `rows` of them spread evenly, then the others in order.

    >>> _spread(9, 3)
    [0, 3, 6, 1, 2, 4, 5, 7, 8]
    """
    even = dict.fromkeys(row * count // min(rows, count) for row in range(min(rows, count)))
    return [*even, *(place for place in range(count) if place not in even)]
