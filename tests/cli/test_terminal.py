"""Commands on a terminal: a bar above which sentences stand, and names that cannot act on it."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from augkit.cli import _print_fault
from support.data_sets import JPEG, lay

pty = pytest.importorskip("pty", reason="there are no terminals to be had here")
TITLE = "\x1b]0;owned\x07"  # makes a terminal change its title


def on_terminal(*words: str, seconds: float = 60.0) -> tuple[int, str]:
    """Return the exit code of a command and all that it prints to a terminal; it is killed if it takes for ever."""
    child, terminal = pty.fork()
    if child == 0:
        try:
            os.execv(sys.executable, [sys.executable, *words])
        finally:
            os._exit(99)
    killing = threading.Timer(seconds, os.kill, (child, 9))
    killing.start()
    told = b""
    try:
        while piece := os.read(terminal, 1 << 16):
            told += piece
    except OSError:  # as Linux says that nobody writes any more
        pass
    finally:
        killing.cancel()
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told.decode("utf-8", "backslashreplace")


BAR = f"""
import time
from augkit.cli.output import say
from augkit.cli.progress import progress_shown
with progress_shown() as show:
    for done in range(4):
        show(done, 4, " pictures")
        say({TITLE!r} + f"{{done}} is odd", is_error=True)
        time.sleep(0.15)  # the bar is drawn ten times a second
say("done")
"""


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_bar_leaves_room_for_sentences_and_ends() -> None:
    code, told = on_terminal("-c", BAR)
    assert code == 0, told[-2000:]
    for number in range(4):
        assert f"\\x1b]0;owned\\x07{number} is odd" in told
    assert "pictures" in told
    assert TITLE not in told
    assert told.rstrip().endswith("done")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_names_do_not_act_on_the_terminal(tmp_path: Path) -> None:
    src = lay(tmp_path / "src", {f"{TITLE}{name}/\u202egpj.{name}.jpg": JPEG for name in "ab"})
    lay(src, {f"{TITLE}a/bad{TITLE}.jpg": JPEG[:200]})
    for words in (
        ["expand", str(src), str(tmp_path / "out"), "--pipeline", "identity", "--copies", "1", "--dry-run"],
        ["fit-pca", str(src), "-o", str(tmp_path / f"{TITLE}.yaml")],
    ):
        _, told = on_terminal("-m", "augkit", *words)
        assert "owned" in told
        assert TITLE not in told
        assert "\u202e" not in told
        assert "Traceback" not in told


def test_a_fault_of_ours_does_not_act_on_it_either(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise RuntimeError(f"{TITLE} http://ann:hunter2@host/x")
    except RuntimeError as fault:
        _print_fault(type(fault), fault, fault.__traceback__)
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):\n  File ")
    assert told.endswith("RuntimeError: \\x1b]0;owned\\x07 http://host/x\n")
