"""``augkit model``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli.output import say

if TYPE_CHECKING:
    from augkit.train.models import Row

PLACE = 90  # in the help


def command(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model's name, or a YAML file that lists layers.")
    ] = None,
    input: Annotated[
        str, typer.Option("--input", metavar="HxWxC", help="Height, width, channels; the model's own if left out.")
    ] = "",
    classes: Annotated[int, typer.Option("--classes", help="The width of the last layer.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a network as a table: sizes, kernels and parameters.

    Without MODEL, the models that have a name are listed. Of a kernel, the channels come
    last. The input is what the network takes; pictures of any size are brought to it.
    """
    from augkit.train.input_size import parse_input
    from augkit.train.models import MODELS, architecture, table

    if model is None:
        known = [
            (name, _sizes(own.preprocessing.input), "yes" if own.pretrained else "no") for name, own in MODELS.items()
        ]
        if as_json:
            say(json.dumps([name for name, *_ in known]))
        else:
            say(*_columns([("model", "input", "pretrained weights"), *known]))
        return
    found = architecture(model, classes, parse_input(input, "--input") if input else None)
    rows = table(found)
    total = sum(row.parameters for row in rows)
    if as_json:
        told = {"model": found.name, "layers": [asdict(row) for row in rows], "parameters": total}
        say(*json.dumps(told, indent=2).splitlines())
        return
    heads = ("layer", "kind", "output", "kernel", "stride", "padding", "channels", "parameters")
    say(*_columns([heads, *map(_texts, rows), ("total", *[""] * 6, f"{total:,}")]))


def _columns(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        *left, last = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join([*left, last.strip().rjust(widths[-1])])


def _texts(row: Row) -> tuple[str, ...]:
    channels = " -> ".join(map(str, row.channels or ()))
    parameters = f"{row.parameters:,}" if row.parameters else ""
    shapes = (row.output, row.kernel, row.stride, row.padding)
    return (row.layer, row.kind, *map(_sizes, shapes), channels, parameters)


def _sizes(value: tuple[int, ...] | str | None) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else value or ""
