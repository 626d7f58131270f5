"""``augkit fit-pca``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def command(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A folder of pictures, or another data set.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The YAML file to write.")],
) -> None:
    """Fit a data set's colours, for PCAColorShift.

    Their principal components are written as YAML. All pixels of all colour pictures count
    alike, in one pass. Grey pictures have no colour to fit and are left out, alpha is
    ignored; a picture that cannot be read is named and left out.

    Use the file in a pipeline that lies beside it:

    - PCAColorShift: {statistics: pca.yaml}
    """
    from augkit.cli.output import require_writable, write
    from augkit.cli.progress import progress_shown
    from augkit.datasets import read
    from augkit.datasets.color_statistics import ColorSums
    from augkit.errors import ArgumentError, AugkitError, SampleError
    from augkit.yaml_file import dumps

    if output.suffix not in (".yaml", ".yml"):
        raise ArgumentError(f"must end in .yaml, got {output.name!r}.", "--output")
    require_writable(output)
    data = read(source)
    total, colour, grey, unreadable = ColorSums(), 0, 0, list[AugkitError]()
    with progress_shown() as show:
        for done, picture in enumerate(data.sources):
            show(done, len(data.sources), "")
            try:
                image = data.decoded(picture).image
            except AugkitError as error:
                unreadable.append(error)
                continue
            if image.ndim == 2:
                grey += 1
                continue
            total += ColorSums.of(image)
            colour += 1
    for fault in unreadable:
        print(f"augkit: left out: {fault}", file=sys.stderr)
    if total.count < 2:
        found = f"{grey} grey and {len(unreadable)} unreadable"
        raise SampleError(f"must hold colour pictures, got {found}.", source)
    statistics = total.statistics()
    comment = f"# Principal components of RGB in [0, 1] over {total.count:,} pixels; one eigenvector a column.\n"
    write(output, (comment + dumps(asdict(statistics))).encode())
    left_out = f"; left out: {grey} grey, {len(unreadable)} unreadable" if grey or unreadable else ""
    print(f"{output}: fitted to {total.count:,} pixels of {colour} picture{'s' * (colour != 1)}{left_out}.")
    print(f"In a pipeline beside it:  - PCAColorShift: {{std: 0.1, statistics: {output.name}}}")
