"""``augkit model``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from augkit.train.models import Row

PLACE = 90  # in the help


def command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, or a YAML file that lists layers.")],
    input: Annotated[
        str, typer.Option("--input", metavar="HxWxC", help="Height, width, channels; the model's own if left out.")
    ] = "",
    classes: Annotated[int, typer.Option("--classes", help="The width of the last layer.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a network as a table: sizes, kernels and parameters.

    Models are lenet, resnet18, resnet50, mobilenet_v2 and efficientnet_lite0, 1 and 2. Of
    a kernel, the channels come last. The input is what the network takes; pictures of any
    size are brought to it.
    """
    import json
    from dataclasses import asdict

    from augkit.train.models import architecture, parse_input, table

    found = architecture(model, classes, parse_input(input, "--input") if input else None)
    rows = table(found)
    total = sum(row.parameters for row in rows)
    if as_json:
        told = {"model": found.name, "layers": [asdict(row) for row in rows], "parameters": total}
        print(json.dumps(told, indent=2))
        return
    heads = ("layer", "kind", "output", "kernel", "stride", "padding", "channels", "parameters")
    lines = [heads, *map(_texts, rows), ("total", *[""] * 6, f"{total:,}")]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        *left, last = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        print(*left, last.strip().rjust(widths[-1]), sep="  ")


def _texts(row: Row) -> tuple[str, ...]:
    def sizes(value: tuple[int, ...] | str | None) -> str:
        return "x".join(map(str, value)) if isinstance(value, tuple) else value or ""

    channels = " -> ".join(map(str, row.channels or ()))
    parameters = f"{row.parameters:,}" if row.parameters else ""
    shapes = (row.output, row.kernel, row.stride, row.padding)
    return (row.layer, row.kind, *map(sizes, shapes), channels, parameters)
