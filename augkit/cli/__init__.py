"""The command line: one thin command a file, found by the file's name."""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from pkgutil import iter_modules
from types import TracebackType
from typing import Annotated

import typer
from typer.exceptions import TyperException

from augkit.cli.options import Commands
from augkit.cli.output import drop, say
from augkit.cli.stopping import terminated_as_interrupted
from augkit.errors import AugkitError, outage_of

LAST = 1000
_UTF8 = ("-X", "utf8")
INTERRUPTED = 130  # what typer makes of a KeyboardInterrupt
STUCK_S = 1.0  # that threads are waited for where a command failed

app = typer.Typer(
    cls=Commands,
    help="Turn a small image data set into a large, trustworthy one.",
    add_completion=False,
    rich_markup_mode=None,  # Rich's help would take twice the time of all the rest
    pretty_exceptions_enable=False,
)


def _commands() -> Iterator[tuple[str, Callable[..., None]]]:
    """Yield the commands by name, in the order of help: as their `PLACE` says, those that name none last.

    Each is a module of this folder, ``fit_pca_command.py`` for ``fit-pca``, with a function `command`, whose docstring
    is the help. They import the standard library and typer at their top, and the other rooms of augkit, with all they
    load, inside: so ``augkit --help`` stays quick.
    """
    found = (item.name for item in iter_modules(__path__) if item.name.endswith("_command"))
    modules = {name: vars(import_module(f"{__name__}.{name}")) for name in sorted(found)}
    for name, module in sorted(modules.items(), key=lambda item: item[1].get("PLACE", LAST)):
        yield name.removesuffix("_command").replace("_", "-"), module["command"]


COMMANDS = dict(_commands())
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from augkit.compiled import missing

        say(version("augkit"))
        if missing:
            say(missing, is_error=True)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_tell_version)] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: a user's mistake is one sentence and exit code 2, an interruption is 130."""
    _name_files_in_utf8()
    try:
        _run()
    except SystemExit as ended:
        if isinstance(ended.code, int) and ended.code:
            _end_at_once(ended.code)
        raise


def _end_at_once(code: int) -> None:
    """End this process now if a thread does not come to an end, for which Python would wait: its disk is gone."""
    limit = time.monotonic() + STUCK_S
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(max(0.0, limit - time.monotonic()))
            if thread.is_alive():
                os._exit(code)


def _run() -> None:
    _ready_streams()
    sys.excepthook = _print_fault
    # Python would look in the working directory for its own modules as it starts processes: in a data set, maybe.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    code = 0
    try:
        with terminated_as_interrupted():
            code = app(sys.argv[1:] or ["--help"], prog_name="augkit", standalone_mode=False)
        if code == INTERRUPTED:
            say("augkit: interrupted.", is_error=True)
        sys.stdout.flush()
        sys.exit(code)
    except TyperException as error:  # an option or argument that does not fit
        context = getattr(error, "ctx", None)  # of the command that was meant; typer's public classes do not tell
        command = "augkit" if context is None else context.command_path
        say(f"augkit: {error.format_message().rstrip('.')}. See {command} --help.", is_error=True)
        sys.exit(error.exit_code)
    except AugkitError as error:
        say(f"augkit: {error}", is_error=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        drop(sys.stdout)
        sys.exit(code)
    except OSError as error:  # of all that a command opens it tells itself; this is what it prints to, or the machine
        drop(sys.stdout)
        if code:
            sys.exit(code)  # of a terminal that was closed, too
        say(f"augkit: {error.filename or 'output'}: must be usable, got: {error.strerror}.", is_error=True)
        sys.exit(1)
    except Exception as error:  # want of memory, which libraries tell in many ways
        if (outage := outage_of(error)) is None:
            raise
        say(f"augkit: {outage}", is_error=True)
        sys.exit(1)


def _print_fault(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Print a fault of augkit's own as Python does, but that nothing in it acts on a terminal or tells a secret."""
    told = "".join(traceback.format_exception(kind, fault, trace))
    say(*told.rstrip("\n").split("\n"), is_error=True)


def _name_files_in_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where a locale has another encoding.

    The same names of files would be other ids there, and so other draws and names of outputs.
    """
    if sys.getfilesystemencoding() == "utf-8" or not sys.executable or _UTF8[1] in sys.orig_argv:
        return
    os.environ["PYTHONUTF8"] = "1"  # for processes that are started from here, too
    os.execv(sys.executable, [sys.executable, *_UTF8, *sys.orig_argv[1:]])


def _ready_streams() -> None:
    """Have something to print to where the caller closed it; print names that it cannot show as escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
