"""``augkit split``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augkit.cli.options import configured
from augkit.cli.output import say

if TYPE_CHECKING:
    from augkit.expand.split_config import SplitConfig

PLACE = 15  # in the help
MOST_ABSENT = 20  # lines


@configured("augkit.expand.split_config:SplitConfig")
def command(
    config: SplitConfig,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a CSV file of the splits.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Divide a data set into splits, and count each class.

    Every class has its share of each split, and groups stay whole; expand and train divide
    alike for the same options. A picture that comes or goes moves one other group of its
    class across each cut at most. No file of SRC is touched: the CSV file names the split
    of every picture by its id, and is what expand --split and train --split take.
    """
    from augkit.datasets import read
    from augkit.datasets.division import division_of
    from augkit.datasets.split_file import written
    from augkit.datasets.splits import wanted_splits
    from augkit.storage.output_file import require_writable, write

    if output is not None:
        require_writable(output)
        _require_outside(output, config.source)
    columns = () if config.groups is None else (config.groups,)
    data = read(
        config.source,
        ignore=config.ignore,
        columns=columns,
        allow_urls=config.allow_urls,
        allow_links=config.allow_links,
    )
    found = division_of(data, wanted_splits(config.split), config.groups, config.split_seed)
    if output is not None:
        write(output, written(found.dealt))
    for what, counts in (("Left out", data.left_out), ("Ignored", data.ignored)):
        for kind, count in counts:
            say(f"{what}: {kind} ({count:,}).", is_error=True)
    say(*data.notes, is_error=True)
    if as_json:
        say(json.dumps(found.described() | {"output": None if output is None else str(output)}))
        return
    say(*found.told())
    for name, split in found.absent[:MOST_ABSENT]:
        say(f"No picture of {name} is in {split}.", is_error=True)
    whole = f", in {found.groups:,} groups that stay whole" if found.groups < len(found.dealt) else ""
    own = "The splits are the data set's own: " if found.is_own else ""
    say(f"{own}{len(found.dealt):,} pictures{whole}.")
    if output is not None:
        say(f"{output}: pass it on as augkit expand ... --split {output}, or augkit train ... --split {output}.")


def _require_outside(output: Path, source: str) -> None:
    """Refuse a file within the data set, which it would then be a part of that nobody reads.

    Raises:
        FileError: it would lie there.
    """
    from augkit.errors import FileError

    folder = Path(source)
    if folder.is_dir() and folder.resolve() in output.resolve().parents:
        raise FileError(f"must not lie in the folder of the sources, {source}. Choose another.", str(output))
