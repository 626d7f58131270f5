"""Expand 100,000 tiny pictures under an hour of kills and outages, and see that the tree is that of an undisturbed run.

As a command: ``python -m benchmarks.soak``; see ``--help``. The same command is given again whenever it has ended or
was ended, until the job is done; then the job begins anew, until the time is over. Processes are killed, stopped for a
while and told to end, and calls of the file system fail. What every process of the job holds is measured once a second.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import IO, Any

import numpy as np

from augkit.images import encode
from benchmarks.faults.file_calls import FULL, TROUBLE, FileCalls, Rule, file_calls
from benchmarks.faults.forks import ROOT, in_group
from benchmarks.faults.jobs import HINTS, SMALL, picture

__all__ = ["measure", "table"]

LOOK_S, QUIET_S = 1.0, 14.0  # between looks, and between disturbances on the whole
MOST_WRONG = 20  # then it ends
TOLD_S = 60.0
DISTURBANCES = {
    "outage": 8,
    "slow disk": 1,
    "kill a worker": 5,
    "kill the parent": 2,
    "kill all": 2,
    "stop a worker": 1,
    "terminate": 1,
    "terminate all": 1,
    "interrupt": 1,
}
ENDS = (0, 1, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)
DISTINCT = 500  # pictures; the others are copies of them under other names
OLD_S = 60.0  # from when on a process is no longer new
MB = 1 << 20


class Held:
    """What processes held, in megabytes, by what they are and how old they were."""

    def __init__(self) -> None:
        self.seen: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self._born: dict[int, float] = {}

    def look(self, leader: int) -> None:
        """Measure the processes of a job."""
        now = time.monotonic()
        for process in in_group(leader):
            with suppress(OSError, ValueError, IndexError):
                pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
                born = self._born.setdefault(process, now)
                role = "parent" if process == leader else "workers"
                self.seen[role].append((now - born, pages * resource.getpagesize() / MB))

    def told(self) -> dict[str, dict[str, float]]:
        """Return the most that was held, and the medians of processes that were new and of those that were old."""
        found = {}
        for role, looks in sorted(self.seen.items()):
            grown = [mb for age, mb in looks if mb > 40]  # others have just begun, or are Python's tracker of resources
            new = [mb for age, mb in looks if 10 < age <= OLD_S and mb > 40]
            old = [mb for age, mb in looks if age > OLD_S and mb > 40]
            found[role] = {
                "looks": len(grown),
                "most": round(max(grown, default=0), 1),
                "median_new": round(median(new), 1) if new else 0.0,
                "median_old": round(median(old), 1) if old else 0.0,
                "oldest_s": round(max((age for age, _ in looks), default=0), 0),
            }
        return found


class Soak:
    """A job that is disturbed, and what came of it.

    Args:
        work: a folder for everything.
        calls: the schedule of faults.
        draw: of disturbances.
        words: of the command, without OUT.
        quiet_s: seconds between disturbances, on the whole.
    """

    def __init__(self, work: Path, calls: FileCalls, draw: random.Random, words: Sequence[str], quiet_s: float) -> None:
        self.work, self.calls, self.draw, self.words, self.quiet_s = work, calls, draw, words, quiet_s
        self.ends, self.disturbed, self.held = Counter[str](), Counter[str](), Held()
        self.wrong: list[str] = []
        self.runs = self.struck = 0
        self.tell: Callable[[], None] = lambda: None
        self._told_at = time.monotonic()

    def undisturbed(self, out: Path) -> float:
        """Do the job; return the seconds it takes."""
        began = time.monotonic()
        with self._told().open("w+") as told:
            code = self._started(out, told).wait()
            if code:
                raise RuntimeError(f"the job must end well undisturbed, got {code}: {self._last(told)}")
        return time.monotonic() - began

    def disturbed_until_done(self, out: Path, limit: float, fresh: bool) -> bool:
        """Do the job under disturbances; leave them off after `limit`; say whether it was done before that."""
        more = ["--fresh"] if fresh else []
        while True:
            is_over = time.monotonic() > limit
            with self._told().open("w+") as told:
                running = self._started(out, told, more)
                code = running.wait() if is_over else self._disturbed(running, limit)
                self.calls.disarm()
                self._judge(running.pid, code, told)
            self.runs += 1
            if (out / ".augkit/job.json").exists():
                more = []
            if code == 0 and not more:
                return not is_over
            if (is_over and code) or len(self.wrong) >= MOST_WRONG:
                self.wrong.append(f"the command ended with {code} after all disturbances")
                return False

    def _disturbed(self, running: subprocess.Popen[str], limit: float) -> int:
        following = time.monotonic() + self.draw.uniform(0.2, 1.8) * self.quiet_s
        while running.poll() is None:
            time.sleep(LOOK_S)
            self.held.look(running.pid)
            if time.monotonic() > self._told_at + TOLD_S:
                self._told_at = time.monotonic()
                self.tell()
            if min(following, limit) < time.monotonic():
                if time.monotonic() > limit:
                    self.calls.disarm()
                    return running.wait()
                self._disturb(running.pid)
                following = time.monotonic() + self.draw.uniform(0.2, 1.8) * self.quiet_s
        return running.returncode

    def _disturb(self, leader: int) -> None:
        what = self.draw.choices(list(DISTURBANCES), list(DISTURBANCES.values()))[0]
        self.disturbed[what] += 1
        if what in ("outage", "slow disk"):
            self.struck += sum(self.calls.struck)
            self.calls.arm(
                [self._rule() if what == "outage" else Rule(("source", "out"), ("open",), "slow", 0.05, calls=200)]
            )
            return
        workers = [process for process in in_group(leader) if process != leader]
        with suppress(ProcessLookupError, IndexError):
            if what == "kill a worker":
                os.kill(self.draw.choice(workers), signal.SIGKILL)
            elif what == "stop a worker":
                stopped = self.draw.choice(workers)
                os.kill(stopped, signal.SIGSTOP)
                time.sleep(self.draw.uniform(0.5, 8.0))
                os.kill(stopped, signal.SIGCONT)
            elif what in ("kill all", "terminate all"):
                os.killpg(leader, signal.SIGKILL if what == "kill all" else signal.SIGTERM)
            else:
                number = {"kill the parent": signal.SIGKILL, "terminate": signal.SIGTERM, "interrupt": signal.SIGINT}
                os.kill(leader, number[what])

    def _rule(self) -> Rule:
        place = self.draw.choice(("source", "source", "out", "books"))
        kinds = self.draw.choice((("open",), ("read",), ("open", "read", "stat", "list")))
        if place != "source":
            kinds = self.draw.choice(
                (("open",), ("write",), ("sync",), ("rename",), ("open", "write", "mkdir", "stat"))
            )
        code = self.draw.choice(tuple(set(TROUBLE) - {errno.ENOENT}) if place == "source" else TROUBLE + FULL)
        return Rule((place,), kinds, "fail", code, seconds=self.draw.choice((0.1, 0.5, 2.0, 5.0)))

    def _judge(self, leader: int, code: int, told: IO[str]) -> None:
        limit = time.monotonic() + 20.0  # workers end by themselves when their parent was killed
        while (left := in_group(leader)) and time.monotonic() < limit:
            time.sleep(0.05)
        if left:
            self.wrong.append(f"{len(left)} processes lived on after {code}")
            os.killpg(leader, signal.SIGKILL)
        text = self._last(told)
        self.ends[str(code)] += 1
        if code not in ENDS or "Traceback" in text:
            self.wrong.append(f"{code}: {text[-1500:]}")
        elif code == 1 and not text.strip().rpartition("\n")[2].startswith("augkit: "):
            self.wrong.append(f"no sentence: {text[-500:]}")

    def _started(self, out: Path, told: IO[str], more: Sequence[str] = ()) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "augkit", "expand", *self.words[:1], str(out), *self.words[1:], *more]
        threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        return subprocess.Popen(
            words,
            env={**os.environ, **threads, "PYTHONPATH": str(ROOT), **self.calls.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            start_new_session=True,
            preexec_fn=_hear_interrupts,
            text=True,
        )

    def _told(self) -> Path:
        return self.work / "stderr.txt"

    def _last(self, told: IO[str]) -> str:
        told.seek(0)
        return told.read()[-3000:]


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell runs in the background ignores them


def lay(place: Path, count: int) -> None:
    """Lay tiny pictures of ten classes, all files of their own."""
    made = [encode(np.ascontiguousarray(picture(number, (12, 14, 3))), "png") for number in range(min(count, DISTINCT))]
    for number in range(count):
        folder = place / f"class {number % 10}"
        if number < 10:
            folder.mkdir(parents=True)
        (folder / f"{number:06d}.png").write_bytes(made[number % len(made)])


def digests(out: Path) -> dict[str, str]:
    """Return the hash of every file of a tree but of hints."""
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in _files(out) if name not in HINTS}


def _files(out: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(out.rglob("*")):
        if path.is_file():
            yield path.relative_to(out).as_posix(), path


def measure(
    sources: int = 100_000,
    copies: int = 10,
    minutes: float = 60.0,
    seed: int = 0,
    quiet_s: float = QUIET_S,
    work: Path | None = None,
    tell: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Run it all and return what it came to.

    Args:
        sources, copies: of the job.
        minutes: in which it is disturbed.
        seed: of the disturbances.
        quiet_s: seconds between them.
        work: a folder in which the sources and the undisturbed tree are kept for the next time.
        tell: is told once a minute what it came to so far.
    """
    place, began = work or Path(tempfile.mkdtemp(prefix="augkit-soak-")), time.monotonic()
    place.mkdir(exist_ok=True)
    source, whole, out = place / "src", place / "whole", place / "out"
    taken = place / "undisturbed.txt"  # in seconds
    if not source.exists():
        lay(source, sources)
        (place / "small.yaml").write_text(SMALL.replace("16, 16", "8, 8"))
    options = ["--pipeline", str(place / "small.yaml"), "--copies", str(copies), "--format", "webdataset"]
    with file_calls(place) as calls:
        soak = Soak(place, calls, random.Random(seed), [str(source), *options, "--workers", "2"], quiet_s)
        if not taken.exists():
            taken.write_text(f"{soak.undisturbed(whole):.0f}")
        alone_s = float(taken.read_text())
        wanted = digests(whole)
        calls.name({"source": source, "out": out, "books": out / ".augkit"})
        started = time.monotonic()
        limit, jobs, differing = started + 60 * minutes, 0, list[str]()

        def found() -> dict[str, Any]:
            return {
                "question": (__doc__ or "").splitlines()[0],
                "sources": sources,
                "copies": copies,
                "seed": seed,
                "undisturbed_minutes": round(alone_s / 60, 1),
                "minutes": round((time.monotonic() - started) / 60, 1),
                "jobs": jobs,
                "runs": soak.runs,
                "ends": dict(sorted(soak.ends.items())),
                "disturbed": dict(sorted(soak.disturbed.items())),
                "calls_struck": soak.struck + sum(calls.struck),
                "files": len(wanted),
                "files_that_differ": differing,
                "wrong": soak.wrong,
                "megabytes": soak.held.told(),
            }

        soak.tell = lambda: tell(found())
        while time.monotonic() < limit and len(soak.wrong) < MOST_WRONG:
            soak.disturbed_until_done(out, limit, fresh=jobs > 0)
            made, jobs = digests(out), jobs + 1
            differing += sorted(name for name in wanted.keys() | made.keys() if wanted.get(name) != made.get(name))[:5]
            told = {"jobs": jobs, "runs": soak.runs, "differing": differing, "wrong": soak.wrong[:5]}
            print(f"{(time.monotonic() - began) / 60:.1f} min {told}", flush=True)
    if work is None and not (soak.wrong or differing):
        shutil.rmtree(place)
    return found()


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    lines.append(f"{found['sources']:,} x {found['copies']}, {found['jobs']} times in {found['minutes']:.0f} minutes")
    lines.append(f"{found['runs']:6,} runs, ended with {found['ends']}")
    lines += [f"{count:6,} {what}" for what, count in found["disturbed"].items()]
    lines.append(
        f"{len(found['files_that_differ']):6,} of {found['files']:,} files differ; {len(found['wrong'])} wrong"
    )
    for role, held in found["megabytes"].items():
        lines.append(
            f"{held['most']:6.0f} MB at most, {held['median_new']:.0f} new, {held['median_old']:.0f} old: {role}"
        )
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Run it, print and write figures; return 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=(__doc__ or "").splitlines()[0])
    for name, usual in (("sources", 100_000), ("copies", 10), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--quiet", type=float, default=QUIET_S, help="seconds between disturbances")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/soak.json")
    parser.add_argument("--work", type=Path, help="a folder in which sources and the undisturbed tree are kept")
    given = parser.parse_args(words)

    def tell(found: dict[str, Any]) -> None:
        given.out.write_text(json.dumps(found, indent=1) + "\n")

    options = (given.sources, given.copies, given.minutes, given.seed, given.quiet, given.work, tell)
    found = measure(*options)
    tell(found)
    print(table(found))
    return 1 if found["wrong"] or found["files_that_differ"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
