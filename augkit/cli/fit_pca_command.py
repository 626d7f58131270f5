"""``augkit fit-pca``."""

from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 60  # in the help


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A folder of pictures, or another data set.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The YAML file to write.")],
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="Read pictures that tables name by URLs.")] = False,
    allow_links: Annotated[bool, typer.Option("--allow-links", help="Follow links that lead out of SRC.")] = False,
) -> None:
    """Fit a data set's colours, for PCAColorShift.

    Their principal components are written as YAML. All pixels of all colour pictures count
    alike, in one pass. Grey pictures have no colour to fit and are left out, alpha is
    ignored; a picture that cannot be read is named and left out.

    Use the file in a pipeline that lies beside it:

    - PCAColorShift: {statistics: pca.yaml}
    """
    from augkit.cli.colour_pictures import save, summed
    from augkit.datasets.picture_statistics import ColorSums

    total, told = summed(source, output, ColorSums(), allow_urls=allow_urls, allow_links=allow_links)
    comment = f"Principal components of RGB in [0, 1] over {total.count:,} pixels; one eigenvector a column."
    save(output, comment, total.statistics())
    say(f"{output}: fitted to {total.count:,} pixels of {told}.")
    say(f"In a pipeline beside it:  - PCAColorShift: {{std: 0.1, statistics: {output.name}}}")
