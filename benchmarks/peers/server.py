"""The program of a contender's process: prepare cases and time rounds of calls, as lines of JSON ask for.

Run as ``python -m benchmarks.peers.server NAME`` by the interpreter of the contender's environment. Lines come from
standard input and are answered on what standard output was; whatever a library prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.given import Case, Given, Maker, read_given

PATIENCE = 0.5  # seconds that trying may take
TRIED = 6  # calls that a case must survive before it is timed, one of which must change the picture


class Server:
    """Hold the pictures and the cases of one contender."""

    def __init__(self, name: str) -> None:
        module = import_module(f"benchmarks.peers.{name}_cases")
        self.makers: dict[str, Maker] = module.CASES
        self.pictures: int = getattr(module, "PICTURES", 1)  # that one call of a case does
        self.packages: Sequence[str] = module.PACKAGES
        self.given: dict[str, list[Given]] = {}
        self.cases: dict[tuple[str, str], Case] = {}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do one thing that is asked and return what came of it."""
        match asked["do"]:
            case "about":
                return {"cases": list(self.makers), "versions": {name: _version(name) for name in self.packages}}
            case "read":
                self.given[asked["given"]] = read_given(Path(asked["path"]))
                return {}
            case "prepare":
                return self._prepared(asked["case"], asked["given"])
            case "round":
                return self._timed(self.cases[asked["given"], asked["case"]], asked["numbers"], asked["turn"])
            case "drop":
                self.cases.clear()
                return {}
        raise ValueError(asked["do"])

    def _prepared(self, name: str, given: str) -> dict[str, Any]:
        pictures = self.given[given]
        case = self.makers[name](pictures)
        started, made = time.process_time(), list[np.ndarray[Any, Any]]()
        while len(made) < TRIED and (not made or time.process_time() - started < PATIENCE):
            made.append(_array(case(0, len(made))))
        taken = pictures[0].image
        forms = (taken, np.moveaxis(taken, -1, 0))
        if all(any(one.shape == form.shape and (one == form).all() for form in forms) for one in made):
            raise ValueError(f"{name} changes nothing")
        self.cases[given, name] = case
        started = time.process_time()
        case(0, TRIED)
        took = time.process_time() - started
        return {"shape": list(made[0].shape), "dtype": str(made[0].dtype), "seconds": took / self.pictures}

    def _timed(self, case: Case, numbers: Sequence[int], turn: int) -> dict[str, Any]:
        calls = numbers[:: self.pictures]
        wall, started = time.perf_counter(), time.process_time()
        for place, number in enumerate(calls):
            case(number, turn + place)
        spent, passed = time.process_time() - started, time.perf_counter() - wall
        each = len(calls) * self.pictures
        return {"cpu": spent / each, "wall": passed / each}


def _array(made: Any) -> np.ndarray[Any, Any]:
    """Return the first picture of what a case made, whatever its form."""
    if isinstance(made, dict):
        made = made["image"]
    if isinstance(made, tuple | list):
        made = made[0]
    array = np.asarray(made)
    return array[0] if array.ndim == 4 else array


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def main(name: str) -> None:
    """Answer line by line until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")
    try:
        server = Server(name)
    except Exception as error:  # whatever a peer raises when it is imported is told, not fatal
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        answers.flush()
        return
    answers.write("{}\n")
    answers.flush()
    for line in sys.stdin:
        try:
            answer = server.answer(json.loads(line))
        except Exception as error:  # one case that a peer cannot do; the others go on
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
