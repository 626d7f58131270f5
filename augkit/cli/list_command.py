"""``augkit list``."""

import shutil
from inspect import cleandoc
from itertools import groupby, zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 130  # in the help


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="All of one transform.", show_default=False)
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a PNG that shows all transforms on one picture.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="PICTURE", help="That picture.", show_default="a photo of scikit-learn's")
    ] = None,
) -> None:
    """List, or draw, all transforms and the bundled pipelines.

    Of one transform by its NAME: its arguments, what it draws and what comes of it.
    """
    if name is not None:
        _tell(name)
        return
    if pictures is not None:
        _draw(pictures, on)
        return
    if on is not None:
        from augkit.errors import ArgumentError

        raise ArgumentError("must go with --pictures FILE.", "--on")
    from augkit.pipeline.pipeline_file import bundled
    from augkit.preview import defaults, headline
    from augkit.transforms import TRANSFORMS
    from augkit.transforms.finding import FOREIGN
    from augkit.transforms.transform import summary

    width = min(100, shutil.get_terminal_size((80, 24)).columns)
    names = max(len(name) for name in [*bundled(), *TRANSFORMS]) + 4
    taken = {cls: defaults(cls) for cls in TRANSFORMS.values()}
    told = {cls: [f"{argument} {default}" for argument, default in pairs] for cls, pairs in taken.items()}
    arguments = max(len(text) for texts in told.values() for text in texts) + 2

    def show(name: str, middle: list[str], text: str) -> None:
        room = max(24, width - names - (arguments if middle else 0))
        margin = arguments if middle else 0
        for first, second, third in zip_longest([f"  {name}"], middle, wrap(text, room), fillvalue=""):
            say(f"{first.ljust(names)}{second.ljust(margin)}{third}".rstrip())

    say("Pipelines")
    for name, path in bundled().items():
        show(name, [], headline(path))
    for family, group in groupby(TRANSFORMS.items(), lambda item: _family(item[1].__module__)):
        say("", f"Transforms: {family}")
        for name, cls in group:
            show(name, told[cls] or ["-"], summary(cls))
    say("", "More of a pipeline: `augkit explain NAME`; of a transform: `augkit list NAME`.")
    say("For your editor: `augkit schema`.")
    for library in FOREIGN:
        say(f"Those of {library.capitalize()} are steps too: `{library}.NAME: {{...}}`.")


def _family(module: str) -> str:
    """Return what transforms of a module are listed under: a file of ours, another library, or another's package."""
    package, *rooms = module.split(".")
    return rooms[1] if package == "augkit" else package


def _tell(name: str) -> None:
    from augkit.errors import ArgumentError
    from augkit.pipeline.pipeline_file import bundled
    from augkit.transforms import find

    if name in bundled():
        raise ArgumentError(f"must be a transform, got a pipeline. Run: augkit explain {name}", name)
    cls = find(name)
    say(*f"{name}: {cleandoc(cls.__doc__ or '')}".splitlines())


def _draw(output: Path, source: str | None) -> None:
    from augkit.errors import ArgumentError
    from augkit.images import encode, read
    from augkit.preview import gallery
    from augkit.storage.output_file import require_writable, write

    if output.suffix.lower() != ".png":
        raise ArgumentError(f"must end in .png, got {output.name!r}.", "--pictures")
    require_writable(output)
    if source is None:
        from augkit.cli.demo_command import photos

        source = str(photos()[0])
    sheet = gallery(read(source))
    write(output, encode(sheet, "png"))
    say(f"{output}: {sheet.shape[1]} x {sheet.shape[0]} pixels.")
