"""``augkit export``."""

from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say
from augkit.registers import names_of_files

PLACE = 110  # in the help

_SUFFIXES = " or .".join(names_of_files("augkit.train.exporters", "_exporter"))


def command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="What augkit train wrote: its folder, or the model in it.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help=f"A .{_SUFFIXES} file to write.")],
    form: Annotated[
        str | None, typer.Option("--format", help="Without its dot.", show_default="the suffix of FILE")
    ] = None,
) -> None:
    """Write a trained network as ONNX or torch.export.

    It takes any number of pictures of the network's size, (batch, height, width, channels)
    of uint8, and normalises them itself. It gives logits that are calibrated already, or
    numbers in units. Its metadata say how pictures are brought to that size, and what the
    outputs are called. It is run on random pictures first, and only written if it says
    what the network says.
    """
    from augkit.storage.output_file import require_writable
    from augkit.train import export

    require_writable(output)
    made = export(run, output, form)
    sides = " x ".join(map(str, made.input))
    say(
        f"{output}: batch x {sides} uint8 to {made.output}, {made.size / 1e6:,.1f} MB.",
        f"At most {made.difference:.1e} from the network on {made.pictures} random pictures.",
    )
