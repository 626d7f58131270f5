"""Sums over the colour pictures of a data set, for the commands that fit something to them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from augkit.cli.output import say

if TYPE_CHECKING:
    from augkit.datasets.picture_statistics import ColorSums, StyleSums
    from augkit.transforms.colour import ColorStatistics
    from augkit.transforms.style import Style


S = TypeVar("S", "ColorSums", "StyleSums")


def summed(
    source: str, output: Path, total: S, *, allow_urls: bool = False, allow_links: bool = False
) -> tuple[S, str]:
    """Add all colour pictures to sums of none; return them, and in words how many there were and what was left out.

    Raises:
        ArgumentError: the output's name does not end in .yaml, so that no pipeline could name it.
        SampleError: there is no colour picture.
    """
    from augkit.cli.progress import progress_shown
    from augkit.datasets import read
    from augkit.datasets.picture_statistics import sums_of
    from augkit.errors import ArgumentError, AugkitError, SampleError
    from augkit.storage.output_file import require_writable

    if output.suffix not in (".yaml", ".yml"):
        raise ArgumentError(f"must end in .yaml, got {output.name!r}.", "--output")
    require_writable(output)
    data = read(source, pictures_only=True, allow_urls=allow_urls, allow_links=allow_links)
    colour, grey, unreadable = 0, 0, list[AugkitError]()
    with progress_shown() as show:
        for done, found in enumerate(sums_of(data, type(total))):
            show(done, len(data.sources), " pictures read")
            if isinstance(found, AugkitError):
                unreadable.append(found)
            elif found is None:
                grey += 1
            else:
                total += found
                colour += 1
    for fault in unreadable:
        say(f"augkit: left out: {fault}", is_error=True)
    if not colour:
        raise SampleError(f"must hold colour pictures, got {grey} grey and {len(unreadable)} unreadable.", source)
    left_out = f"; left out: {grey} grey, {len(unreadable)} unreadable" if grey or unreadable else ""
    return total, f"{colour} picture{'s' * (colour != 1)}{left_out}"


def save(output: Path, comment: str, fitted: ColorStatistics | Style) -> None:
    """Write what was fitted as YAML, below a comment."""
    from augkit.storage.output_file import write
    from augkit.yaml_file import dumps

    write(output, f"# {comment}\n{dumps(asdict(fitted))}".encode())
