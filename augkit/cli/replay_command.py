"""``augkit replay``."""

from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 30  # in the help


def command(
    out: Annotated[str, typer.Argument(metavar="OUT", help="What augkit expand wrote.")],
    id: Annotated[str, typer.Argument(metavar="ID", help="The output's path below OUT.")],
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")],
    source: Annotated[str | None, typer.Option(help="Where the sources lie.", show_default="where they lay")] = None,
    allow_urls: Annotated[bool, typer.Option("--allow-urls", help="The books may name URLs.")] = False,
    allow_links: Annotated[bool, typer.Option("--allow-links", help="Links may lead out of SRC.")] = False,
) -> None:
    """Make one output again, and say whether it is the same.

    It is made from its line in the books of OUT and from its source. Exit code 1 if it is not the same.
    """
    from augkit.expand import replay
    from augkit.storage.output_file import require_writable, write

    require_writable(file)
    made = replay(out, id, source, allow_urls=allow_urls, allow_links=allow_links)
    write(file, made.data)
    if made.is_identical:
        say(f"{file}: {made.id} again, identical ({len(made.data):,} bytes).")
        return
    others = "; ".join(f"{name} was {then}, is {now}" for name, then, now in made.other_versions)
    say(f"{file}: {made.id} again, NOT identical. {f'Versions differ: {others}.' if others else 'Versions agree.'}")
    raise typer.Exit(1)
