"""Damage files of every kind that is read, 10,000 times each, and see that each is refused in a sentence or read.

As a command: ``python -m benchmarks.mutations [--count N] [--seed N] [--out FILE] [WORD...]``; words choose kinds by
their names. What was done stands in the file, and the same command goes on from there. Each kind is damaged in a
process that may die. It is a fault where a file takes more than 1.5 GB or 20 s of computing beyond the sound one, where
it ends the process, raises anything but an `AugkitError`, or is told in several lines.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augkit.errors import AugkitError
from benchmarks.damage.subjects import Subject
from benchmarks.damage.ways import damaged

__all__ = ["measure", "table"]

ROOT = Path(__file__).parent.parent
OUT = ROOT / "benchmarks/results/mutations.json"
COUNT, MOST_BYTES, MOST_S = 10_000, 1_500_000_000, 20.0
ROOM = 6_000_000_000  # of addresses, beyond those of the libraries
QUIET_S = 150.0  # without a word, after which a process is ended
BATCH = 500  # mutations of a process
MOST_SAID = 4000  # bytes of what a process said last
KEPT = 25  # faults of a kind that are written down


def subjects() -> dict[str, Subject]:
    """Return all kinds by name."""
    from benchmarks.damage import data_subjects, network_subjects, picture_subjects, plan_subjects

    rooms = (picture_subjects, data_subjects, plan_subjects, network_subjects)
    return {subject.name: subject for room in rooms for subject in room.subjects()}


# ---- in the process that may die


def work(names: Sequence[str], seed: int, first: int, last: int) -> None:
    """Damage kinds, and print a line of JSON a mutation: its number, what came of it, seconds and bytes."""
    faulthandler.enable()
    known = subjects()
    for name in names:
        folder = Path(tempfile.mkdtemp(prefix="augkit-damage-"))
        try:
            work_in(known[name], folder / "set", seed, first, last)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def work_in(subject: Subject, folder: Path, seed: int, first: int, last: int) -> None:
    """Do it in a folder that is not there yet."""
    subject.lay(folder)
    for file, data in subject.files.items():
        if folder.is_dir():
            (folder / file).write_bytes(data)
        assert subject.ask(folder, file, data), "the sound file must be read"
    resource.setrlimit(resource.RLIMIT_AS, (_held("VmSize") + ROOM, resource.getrlimit(resource.RLIMIT_AS)[1]))
    for number in range(first, last):
        rng = random.Random(f"{subject.name} {seed} {number}")
        file = rng.choice(sorted(subject.files))
        data = subject.sealed(file, damaged(subject.files[file], rng, subject.is_text(file)))
        print(json.dumps([number, None]), flush=True)
        print(json.dumps([number, *judged(subject, folder, file, data)]), flush=True)


def judged(subject: Subject, folder: Path, file: str, data: bytes) -> tuple[str, float, int, str]:
    """Return what came of a damaged file, the seconds and the bytes that it took, and what was wrong, or nothing."""
    if folder.is_dir():
        (folder / file).write_bytes(data)
    Path("/proc/self/clear_refs").write_text("5")
    before, start, wrong = _held("VmRSS"), time.process_time(), ""
    try:
        came = subject.ask(folder, file, data)
    except AugkitError as fault:
        came, told = "sentence", str(fault)
        if "\n" in told or not told.strip() or len(told) > 2000:
            wrong = f"the sentence {told!r:.300}"
    except Exception as fault:
        came, place = "fault", fault.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        line = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
        wrong = f"{type(fault).__name__} in {line}: {fault!s:.300}"
    seconds, peak = time.process_time() - start, _held("VmHWM") - before
    if peak > MOST_BYTES:
        wrong = wrong or f"{peak / 1e9:.1f} GB"
    if seconds > MOST_S:
        wrong = wrong or f"{seconds:.0f} s"
    if folder.is_dir():
        (folder / file).write_bytes(subject.files[file])
    return came, round(seconds, 3), peak, wrong


def _held(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])


# ---- in the process that lives on


def measure(count: int = COUNT, seed: int = 0, words: tuple[str, ...] = (), out: Path = OUT) -> dict[str, Any]:
    """Run it all, or what is left of it, and return what it came to."""
    known: dict[str, Any] = json.loads(out.read_text()) if out.is_file() else {}
    kinds: dict[str, Any] = known.get("kinds", {}) if known.get("seed", seed) == seed else {}
    found = {"question": (__doc__ or "").splitlines()[0], "seed": seed, "kinds": kinds}
    for name in subjects():
        if words and not any(word in name for word in words):
            continue
        told = kinds.setdefault(name, {"done": 0, "came": {}, "most_s": 0.0, "most_mb": 0, "faults": []})
        while told["done"] < count:
            _batch(name, seed, min(count, told["done"] + BATCH), told)
            out.write_text(json.dumps({**known, **found}, indent=1) + "\n")
        print(f"{name}: {_line(told)}", flush=True)
    return found


def _batch(name: str, seed: int, last: int, told: dict[str, Any]) -> None:
    """Have a process do some mutations, and count what it says; one that ends early has met one that ends it."""
    words = [sys.executable, "-m", "benchmarks.mutations", "--work", str(seed), str(told["done"]), str(last), name]
    environment = os.environ | {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    said = tempfile.TemporaryFile()  # noqa: SIM115 - libraries say much there, and a pipe would fill
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, cwd=ROOT, env=environment)
    assert process.stdout is not None
    came, rest, begun, is_quiet = Counter(told["came"]), b"", told["done"], False
    while True:
        if not select.select([process.stdout], [], [], QUIET_S)[0]:
            is_quiet = True
            break
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            break
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            number, what, *more = json.loads(line)
            begun = number
            if what is None:
                continue
            seconds, peak, wrong = more
            came[what] += 1
            told["done"] = number + 1
            told["most_s"] = max(told["most_s"], seconds)
            told["most_mb"] = max(told["most_mb"], round(peak / 1e6))
            if wrong:
                _note(told, number, wrong)
    if is_quiet:
        process.kill()
    code = process.wait()
    said.seek(max(0, said.seek(0, os.SEEK_END) - MOST_SAID))
    error = said.read().decode("utf-8", "replace")
    said.close()
    told["came"] = dict(sorted(came.items()))
    if told["done"] < last:
        end = "nothing for minutes" if is_quiet else signal.Signals(-code).name if code < 0 else f"exit code {code}"
        if begun == told["done"] - 1 or (code > 0 and not is_quiet):
            raise SystemExit(f"benchmarks.mutations: {name}: {end} before mutation {told['done']}\n{error[-2000:]}")
        _note(told, begun, f"{end} {' '.join(error.split())[:200]}")
        told["done"] = begun + 1


def _note(told: dict[str, Any], number: int, wrong: str) -> None:
    told["wrong"] = told.get("wrong", 0) + 1
    if len(told["faults"]) < KEPT:
        told["faults"].append([number, wrong])


def _line(told: dict[str, Any]) -> str:
    came = ", ".join(f"{count:,} {what}" for what, count in told["came"].items())
    return f"{told['done']:,}: {came}; {told['most_s']:.1f} s, {told['most_mb']:,} MB, {told.get('wrong', 0)} wrong"


def table(found: dict[str, Any]) -> str:
    """Return a line a kind."""
    return "\n".join(f"{name}: {_line(told)}" for name, told in found["kinds"].items())


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutations", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        seed, first, last, *names = given.work
        work(names, int(seed), int(first), int(last))
        return
    found = measure(given.count, given.seed, tuple(given.words), given.out)
    raise SystemExit(int(any(told.get("wrong") for told in found["kinds"].values())))


if __name__ == "__main__":
    main()
