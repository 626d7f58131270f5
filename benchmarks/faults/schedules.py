"""Schedules of faults, drawn by a seed, and trials: a job under one, then the same commands undisturbed."""

from __future__ import annotations

import errno
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.file_calls import FULL, TROUBLE, FileCalls, Rule
from benchmarks.faults.forks import TIMED_OUT, Ended, Forks, apart
from benchmarks.faults.jobs import Job, tree

LONGEST_SENTENCE = 700  # letters of a message
RULES = (1, 1, 1, 2, 3)  # of an outage
COUNTS = (1, 1, 2, 5, 20, 100)  # calls that a rule meets
# What is not there, or not for this user, may be a mistake in what was named, as long as nothing was read of it.
GONE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class Outage:
    """Faults of one run, and how long it is told to wait.

    Args:
        rules: of calls.
        wait: seconds, for --wait; None: what it is without.
    """

    rules: tuple[Rule, ...]
    wait: float | None

    def __str__(self) -> str:
        return f"{'; '.join(map(str, self.rules))} (wait {self.wait})"

    @property
    def seconds(self) -> float:
        """How long the faults may hold a run up."""
        waits = (
            rule.value * (rule.calls or 1000) for rule in self.rules if rule.effect in ("slow", "block") and rule.calls
        )
        return sum(waits) + sum(rule.seconds for rule in self.rules)


Calls = Mapping[str, Mapping[str, int]]  # of an undisturbed run: how many, by place and kind


def drawn(random_: random.Random, calls: Calls) -> Outage:
    """Draw an outage of a job that makes certain calls."""
    places = [place for place, counts in calls.items() if counts]
    rules = tuple(_rule(random_, place, calls[place]) for place in random_.choices(places, k=random_.choice(RULES)))
    return Outage(rules, random_.choice((None, 0.0, 0.2, 2.0)))


def _rule(random_: random.Random, place: str, calls: Mapping[str, int]) -> Rule:
    """Draw a rule that strikes a job: of calls that it makes, from one of these on."""
    kinds = tuple(sorted(calls))
    if random_.random() < 0.75:
        kinds = tuple(random_.sample(kinds, min(len(kinds), random_.choice((1, 1, 2, 3)))))
    is_written = "write" in calls
    effect = random_.choices(("fail", "slow", "block", "short", "kill"), (14, 1, 1, 2, 1 + is_written))[0]
    if effect == "short":
        kinds = tuple(kind for kind in ("read", "write") if kind in calls) or kinds
    most = sum(calls[kind] for kind in kinds)
    after = random_.choice((0, random_.randrange(most), int(most ** random_.random()) - 1))
    is_timed = random_.random() < 0.5
    seconds, count = (random_.choice((0.02, 0.1, 0.3, 1.0, 3.0)), 0) if is_timed else (0.0, random_.choice(COUNTS))
    every = random_.choice((1, 1, 1, 2, 5))
    if effect == "fail":
        errors = TROUBLE + FULL * is_written
        return Rule((place,), kinds, effect, random_.choice(errors), after, seconds, count, every)
    if effect == "slow":
        return Rule((place,), kinds, effect, random_.choice((0.001, 0.01, 0.05)), after, 0.0, 40, every)
    if effect == "block":
        return Rule((place,), kinds, effect, 0.0, after, random_.choice((0.3, 1.0, 2.0)), 0)
    if effect == "short":
        return Rule((place,), kinds, effect, random_.choice((1, 7, 100)), after, 0.0, 300)
    return Rule((place,), kinds, effect, 0, after, 0.0, random_.choice((1, 1, 3)))


@dataclass(frozen=True)
class Bench:
    """Where trials are run: data, undisturbed results, and the process that forks.

    Args:
        places: of what jobs read, by name.
        whole: a folder of what every job came to undisturbed, by its name, and of what came before, named ``NAME-``.
        work: a folder for outputs.
        calls: the schedule.
        forks: the process, started with it.
        known: the calls of jobs that were done undisturbed.
    """

    places: Mapping[str, Path]
    whole: Path
    work: Path
    calls: FileCalls
    forks: Forks
    known: dict[str, Calls] = field(default_factory=dict)

    def prepare(self, job: Job) -> Calls:
        """Have a job done undisturbed, if that has not been; return the calls that it makes."""
        if job.name in self.known:
            return self.known[job.name]
        out = self.whole / job.name
        self.name(out)
        if job.is_inside:
            out.mkdir()
        for steps, place in ((job.before, self.whole / f"{job.name}-"), (job.steps, out)):
            self.calls.arm(())
            for step in steps:
                ended = self.run(job, step, out)
                if ended.code:
                    raise RuntimeError(f"{job.name}: must end well undisturbed, got {ended.code}: {ended.text}")
            if steps is job.before and steps:
                shutil.copytree(out, place)
        self.calls.disarm()
        self.known[job.name] = {place: self.calls.calls(place) for place in (*self.places, "out", "books")}
        return self.known[job.name]

    def name(self, out: Path) -> None:
        """Name the places of a job."""
        self.calls.name({**self.places, "out": out, "books": out / ".augkit"})

    def run(self, job: Job, step: Sequence[str], out: Path, more: Sequence[str] = (), limit_s: float = 0.0) -> Ended:
        """Run a command of a job."""
        words = [
            *job.words(step, {**{name: str(place) for name, place in self.places.items()}, "out": str(out)}),
            *more,
        ]
        limit_s = job.limit_s + limit_s
        if job.is_apart:
            return apart(words, self.calls.environment, self.work, limit_s)
        return self.forks.run(*words, cwd=self.work, timeout_s=limit_s)

    def trial(self, job: Job, outages: Sequence[Outage], name: str) -> tuple[list[str], tuple[int, ...]]:
        """Disturb a job, then do it undisturbed; return what was wrong, if anything was, and the calls struck."""
        out, wrong, struck = self.work / name, list[str](), list[int]()
        shutil.rmtree(out, ignore_errors=True)
        if job.is_inside:
            out.mkdir()
        if job.before:
            shutil.copytree(self.whole / f"{job.name}-", out)
        self.name(out)
        codes = [0]
        for outage in outages:
            wait = () if outage.wait is None or not job.can_wait else ("--wait", str(outage.wait))
            self.calls.arm(outage.rules)
            codes = []
            for step in job.steps:
                ended = self.run(job, step, out, wait, outage.seconds + 60.0)
                wrong += complaints(ended, outage)
                codes.append(ended.code)
            self.calls.disarm()
            struck += self.calls.struck
            if not any(codes):
                break
        if any(codes):
            for step in job.steps:
                ended = self.run(job, step, out)
                codes = [ended.code]
                if ended.code:
                    wrong.append(f"the same command ended with {ended.code} after the outage: {ended.text[-400:]}")
        if not wrong:
            wrong += unlike(tree(self.whole / job.name, job.own), tree(out, job.own))
        if not wrong:
            shutil.rmtree(out)
        return wrong, tuple(struck)


def complaints(ended: Ended, outage: Outage) -> list[str]:
    """Return what is wrong with how a command ended under an outage."""
    found = []
    killing = any(rule.effect == "kill" for rule in outage.rules)
    absent = any(rule.effect == "fail" and rule.value in GONE for rule in outage.rules)
    if ended.code not in (0, 1, *((2,) if absent else ()), *((-9,) if killing else ())):
        found.append(f"exit code {ended.code}: {ended.text[-1500:]}")
    if ended.code == TIMED_OUT:
        found.append(f"hung for {ended.seconds:.0f} s")
    if "Traceback" in ended.text or "Fatal Python error" in ended.text:
        found.append(f"a traceback: {ended.text[-1500:]}")
    last = ended.text.strip().rpartition("\n")[2]
    if ended.code in (1, 2) and not (last.startswith("augkit: ") and len(last) < LONGEST_SENTENCE):
        found.append(f"no sentence: {ended.text[-700:]}")
    if ended.left:
        found.append(f"{ended.left} processes lived on")
    return found


def unlike(whole: Mapping[str, bytes], found: Mapping[str, bytes]) -> list[str]:
    """Return how a tree differs from an undisturbed one."""
    wrong = []
    for what, names in (("missing", whole.keys() - found.keys()), ("more", found.keys() - whole.keys())):
        if names:
            wrong.append(f"{len(names)} files {what}, such as {min(names)}")
    others = [name for name in whole if name in found and found[name] != whole[name]]
    if others:
        rejected = found.get(".augkit/rejected.jsonl", b"")[:300].decode("utf-8", "replace")
        wrong.append(f"{len(others)} files differ, such as {others[0]}{f'; rejected: {rejected}' if rejected else ''}")
    return wrong
