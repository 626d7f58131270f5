"""The command line, run in this process: what it prints, its exit code, and no half a second for an interpreter."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from augkit.cli import main

PLAIN = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}  # nothing that the terminal of who runs the tests decides


def augkit(*words: object, code: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that must end with an exit code, and tell of it without a traceback."""
    ended = command(*words, cwd=cwd)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


def command(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Do what ``python -m augkit`` does with these words, but that warnings are errors as in every test."""
    argv, out, err = ["augkit", *map(str, words)], _stream(), _stream()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(cwd or Path.cwd()))
        stack.enter_context(mock.patch.object(sys, "argv", argv))
        stack.enter_context(mock.patch.dict(os.environ, PLAIN))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int), code
    return subprocess.CompletedProcess(argv, code or 0, _text(out), _text(err))


def _stream() -> io.TextIOWrapper:
    """Return a stream that takes bytes below its text, as those of a process do."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    held = stream.buffer
    assert isinstance(held, io.BytesIO)
    return held.getvalue().decode("utf-8", "backslashreplace")
