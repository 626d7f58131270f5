"""A contender's process as its caller sees it: what it can do, and rounds of calls that it times itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peers.environments import PEERS, ROOT, interpreter
from benchmarks.peers.given import Given, write_given

__all__ = ["Contender", "Failed", "contenders"]

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON", "VECLIB")  # whose threads are held to one


class Failed(Exception):
    """What a peer said when it could not do what was asked."""


class Contender:
    """One process that does one contender's cases."""

    def __init__(self, name: str) -> None:
        self.name = name
        one = {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}
        self._process = subprocess.Popen(
            [str(interpreter(PEERS[name])), "-m", "benchmarks.peers.server", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=os.environ | one | {"PYTHONPATH": str(ROOT), "NO_ALBUMENTATIONS_UPDATE": "1"},
        )
        try:
            self._answer()  # ready
            about = self.asked(do="about")
        except Failed:
            self.close()
            raise
        self.cases: list[str] = about["cases"]
        self.versions: dict[str, str] = about["versions"]

    def asked(self, **what: object) -> dict[str, Any]:
        """Return the answer to a question; see `server`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"{self.name} ended") from None
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Failed(f"{self.name} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer


@contextmanager
def contenders(
    given: dict[str, Sequence[Given]], names: Sequence[str] = tuple(PEERS)
) -> Iterator[tuple[list[Contender], dict[str, str]]]:
    """Start contenders that have read the pictures; yield them, and why each of the others cannot take part."""
    found, absent = [], {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="augkit-bench-")))
        for number, pictures in enumerate(given.values()):
            write_given(folder / f"{number}.npz", pictures)
        for name in names:
            try:
                contender = Contender(name)
            except Failed as failure:
                absent[name] = str(failure)
                continue
            stack.callback(contender.close)
            for number, kind in enumerate(given):
                contender.asked(do="read", given=kind, path=str(folder / f"{number}.npz"))
            found.append(contender)
        yield found, absent
