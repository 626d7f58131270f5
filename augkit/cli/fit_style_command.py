"""``augkit fit-style``."""

from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 70  # in the help


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A folder of pictures, or another data set.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The YAML file to write.")],
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Read pictures that tables name by URLs.")] = False,
    allow_links: Annotated[bool, typer.Option("--allow-links", help="Follow links that lead out of SRC.")] = False,
) -> None:
    """Fit reference pictures' look, for steps that transfer style.

    The steps are ColorTransfer and FourierStyle. Mean and covariance of the colours are
    written as YAML, and the mean amplitudes of low frequencies. Grey pictures are left out,
    alpha is ignored; a picture that cannot be read is named and left out.

    Use the file in a pipeline that lies beside it:

    - ColorTransfer: {reference: style.yaml}
    """
    from augkit.cli.colour_pictures import save, summed
    from augkit.datasets.picture_statistics import StyleSums

    total, told = summed(source, output, StyleSums(), allow_urls=allow_urls, allow_links=allow_links)
    comment = "The look of reference pictures: mean and covariance of RGB in [0, 1], amplitudes of slow waves."
    save(output, comment, total.style())
    say(f"{output}: fitted to {told}.")
    say(f"In a pipeline beside it:  - ColorTransfer: {{reference: {output.name}}}")
