"""``augkit convert``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 120  # in the help


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .json, .yaml or .py file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.  [default: the screen]")
    ] = None,
    line: Annotated[
        int | None, typer.Option("--line", metavar="N", help="Of the Compose, in source.  [default: the first]")
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What a name in source stands for; may come several times."),
    ] = None,
) -> None:
    """Translate a pipeline of Albumentations or torchvision.

    FILE is what albumentations.save wrote (.json, .yaml), or Python source with a Compose([...])
    of Albumentations or torchvision v2 in it (.py), which is read and never run. What of
    Albumentations has no equal is kept as a step albumentations.NAME; what differs is noted.
    Exit code 1 if something had to be left out.
    """
    from augkit.convert import convert
    from augkit.errors import ArgumentError
    from augkit.storage.output_file import write

    given = {}
    for text in values or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ArgumentError(f"must be NAME=VALUE, got {text!r:.60}.", "--set")
        given[name.strip()] = value.strip()
    found = convert(file, line, given)
    text = f"# Translated from {file.name}\n{found.yaml().rstrip()}\n"
    if output is None and sys.stdout.isatty():
        say(*text.split("\n")[:-1])
    elif output is None:
        sys.stdout.write(text)
    else:
        write(output, text.encode())
    for word, lines in (("kept", found.kept), ("note", found.notes), ("LEFT OUT", found.left_out)):
        for told in dict.fromkeys(lines):  # what holds of several steps is noted by each
            say(f"augkit: {word}: {told}", is_error=True)
    if found.left_out:
        raise typer.Exit(1)
