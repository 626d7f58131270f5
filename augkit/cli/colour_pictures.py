"""The colour pictures of a data set one by one, for the commands that fit something to them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["require_yaml", "shown"]


def require_yaml(output: Path) -> None:
    """Refuse a file that a pipeline could not name, before any work.

    Raises:
        ArgumentError: its name does not end in .yaml.
    """
    from augkit.cli.output import require_writable
    from augkit.errors import ArgumentError

    if output.suffix not in (".yaml", ".yml"):
        raise ArgumentError(f"must end in .yaml, got {output.name!r}.", "--output")
    require_writable(output)


def shown(source: str, use: Callable[[NDArray[Any]], None]) -> str:
    """Hand every colour picture to `use`; return in words how many there were, and what was left out.

    Raises:
        SampleError: there is none.
    """
    from augkit.cli.progress import progress_shown
    from augkit.datasets import read
    from augkit.errors import AugkitError, SampleError

    data = read(source)
    colour, grey, unreadable = 0, 0, list[AugkitError]()
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
            use(image)
            colour += 1
    for fault in unreadable:
        print(f"augkit: left out: {fault}", file=sys.stderr)
    if not colour:
        found = f"{grey} grey and {len(unreadable)} unreadable"
        raise SampleError(f"must hold colour pictures, got {found}.", source)
    left_out = f"; left out: {grey} grey, {len(unreadable)} unreadable" if grey or unreadable else ""
    return f"{colour} picture{'s' * (colour != 1)}{left_out}"
