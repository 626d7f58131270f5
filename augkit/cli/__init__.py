"""The command line: one thin command per file, found by its name in `COMMANDS`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from augkit.cli.options import Commands
from augkit.errors import AugkitError

__all__ = ["COMMANDS", "app", "main"]

# Each is a module of this folder with a function `command`; its docstring is the help. They import the standard library
# and typer at their top, and the other rooms of augkit, with all they load, inside: so `augkit --help` stays quick.
COMMANDS = (
    "expand",
    "verify",
    "replay",
    "explain",
    "show",
    "fit-pca",
    "fit-style",
    "train",
    "model",
    "predict",
    "export",
    "convert",
    "list",
    "schema",
    "demo",
)

app = typer.Typer(
    cls=Commands,
    help="Turn a small image data set into a large, trustworthy one.",
    add_completion=False,
    rich_markup_mode=None,  # Rich's help would take twice the time of all the rest
    pretty_exceptions_enable=False,
)
for _name in COMMANDS:
    app.command(_name)(import_module(f"{__name__}.{_name.replace('-', '_')}_command").command)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        print(version("augkit"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_tell_version)] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: a user's mistake is one sentence and exit code 2, an interruption is 130."""
    _ready_streams()
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="augkit", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except TyperException as error:  # an option or argument that does not fit
        print(f"augkit: {error.format_message().rstrip('.')}. See augkit --help.", file=sys.stderr)
        sys.exit(error.exit_code)
    except AugkitError as error:
        print(f"augkit: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("augkit: interrupted.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _drop_output()
        sys.exit(0)
    except OSError as error:  # of all that a command opens it tells itself; this is what it prints to, or the machine
        _drop_output()
        with suppress(OSError):
            print(f"augkit: {error.filename or 'output'}: must be usable, got: {error.strerror}.", file=sys.stderr)
        sys.exit(1)


def _ready_streams() -> None:
    """Have something to print to where the caller closed it; print names that it cannot show as escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what is still to be printed go nowhere: Python tries again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
