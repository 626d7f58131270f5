"""Open the books of an expansion: write the work down, or find it written down, or add to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from typing import Any, NoReturn

from augkit.datasets import Source
from augkit.errors import ArgumentError, FileError
from augkit.expand import layout
from augkit.expand.balancing import wanted_copies
from augkit.expand.finalize import is_complete
from augkit.expand.layout import DONE, HINT, JOB, JobError, compact, sealed
from augkit.expand.work_plan import Row, WorkPlan, parsed_row
from augkit.storage.store import Store

__all__ = ["open_books", "require_free", "rows_wanted", "start_afresh"]

ADVICE = "Run the same command as before, pass --fresh to start anew, or choose another OUT."


@dataclass(frozen=True)
class _Known:
    """What earlier parts of a plan give a source."""

    size: int
    split: str | None
    copies: int
    is_passed: bool


def open_books(store: Store, plan: WorkPlan, is_extension: bool) -> WorkPlan:
    """Write down what is to be done in OUT, or find it written down already.

    Args:
        store: OUT, locked.
        plan: without parts.
        is_extension: whether copies and sources that are not in the books are added to them.

    Returns:
        The plan with all its parts.

    Raises:
        ArgumentError: OUT holds another job; the message names what differs.
    """
    if not _is_begun(store):
        return _written(store, plan.with_part(rows_wanted(plan, {})))
    job = layout.read_job(store)
    classes = tuple(job["classes"])
    plan = replace(plan, classes=classes + tuple(name for name in plan.classes if name not in classes))
    known, parts = _read_parts(store, job, plan)
    found = plan
    for rows in parts:
        found = found.with_part(rows)
    wanted = found.described()
    if wanted == job:
        return found
    if is_extension:
        return _extended(store, plan, found, job, known)
    _refuse(_difference(job, wanted, known, plan), store)


def rows_wanted(plan: WorkPlan, known: Mapping[str, _Known]) -> Iterator[Row]:
    """Yield what every source is to get beside what it has."""
    job, sources = plan.job, plan.data.sources
    train = [place for place, split in enumerate(plan.splits) if split in (None, "train")]
    ids = [sources[place].id for place in train]
    existing = [known[id].copies if id in known else 0 for id in ids]
    labels = [sources[place].label for place in train]
    wanted = wanted_copies(labels, ids, job.copies, job.balance, job.originals, existing)
    for place, total, had in zip(train, wanted, existing, strict=True):
        is_passed = job.originals and sources[place].id not in known
        if total > had or is_passed:
            yield Row(place, had, total - had, is_passed)
    for place, split in enumerate(plan.splits):
        if split not in (None, "train") and sources[place].id not in known:
            yield Row(place, 0, 0, True)


def _read_parts(store: Store, job: Mapping[str, Any], plan: WorkPlan) -> tuple[dict[str, _Known], list[list[Row]]]:
    places = {source.id: place for place, source in enumerate(plan.data.sources)}
    known: dict[str, _Known] = {}
    parts: list[list[Row]] = []
    for part in range(len(job["parts"])):
        _require_whole(store, layout.plan(part), job["parts"][part]["plan"])
        rows = []
        for line in store.lines(layout.plan(part)):
            id, size, split, first, copies, is_passed = parsed_row(line)
            before = known.get(id)
            known[id] = _Known(size, split, first + copies, is_passed or (before is not None and before.is_passed))
            if id in places:
                rows.append(Row(places[id], first, copies, is_passed))
        parts.append(rows)
    return known, parts


def _require_whole(store: Store, id: str, facts: Sequence[Any]) -> None:
    """Refuse a file of the books that has not the size and the hash that it was written with."""
    digest, size = sha256(), 0
    try:
        for line in store.lines(id):
            digest.update(line)
            size += len(line)
    except FileNotFoundError:
        pass
    if list(facts) != [size, digest.hexdigest()]:
        advice = "Pass --fresh to start anew."
        raise JobError(f"must be as augkit expand wrote it, got a damaged file. {advice}", f"{store}/{id}")


def _extended(
    store: Store, plan: WorkPlan, found: WorkPlan, job: Mapping[str, Any], known: Mapping[str, _Known]
) -> WorkPlan:
    free = {"copies", "balance", "sources", "classes", "parts", "keypoints"}
    then = {name: value for name, value in job.items() if name not in free}
    now = {name: value for name, value in found.described().items() if name not in free}
    difference = _field_difference(then, now) or _lost(known, plan)
    if difference:
        _refuse(difference, store)
    if plan.job.copies < job["copies"]:
        _refuse(f"copies must be at least {job['copies']}, as before, got {plan.job.copies}", store)
    if not is_complete(store):
        raise JobError(
            "must be complete before it is extended. Run the command that began it once more, then --extend.",
            str(store),
        )
    rows = list(rows_wanted(plan, known))
    return _written(store, found.with_part(rows) if rows else found)


def _written(store: Store, plan: WorkPlan) -> WorkPlan:
    """Write down a plan; job.json comes last, and makes an older done.json void."""
    store.replace(HINT, [plan.data.root.lasting + b"\n"])
    part = len(plan.parts) - 1
    store.replace(layout.plan(part), _in_pieces(plan.lines(plan.parts[part])))
    store.replace(JOB, [sealed(plan.described())])
    return plan


def _in_pieces(lines: Iterator[bytes], size: int = 1000) -> Iterator[bytes]:
    while piece := b"".join(islice(lines, size)):
        yield piece


def _is_begun(store: Store) -> bool:
    try:
        return store.size(JOB) is not None
    except FileNotFoundError:
        return False


def require_free(store: Store) -> None:
    """Refuse an OUT that holds files and is no expansion, before anything is written there.

    Raises:
        FileError: it names one of them.
    """
    if _is_begun(store):
        return
    held = next((id for id in store.files() if not id.startswith(f"{layout.BOOKS}/")), None)
    if held is not None:
        what = f"must be a new or an empty folder, or an expansion, got a folder with files in it ({held})"
        raise FileError(f"{what}. Remove it or choose another.", str(store))


def _refuse(difference: str, store: Store) -> NoReturn:
    raise ArgumentError(f"must be what {store} was begun with: {difference}. {ADVICE}", "expand")


def _difference(then: Mapping[str, Any], now: Mapping[str, Any], known: Mapping[str, _Known], plan: WorkPlan) -> str:
    """Say in which field two jobs differ."""
    skipped = {"sources", "classes", "parts"}
    first = {name: value for name, value in then.items() if name not in skipped}
    second = {name: value for name, value in now.items() if name not in skipped}
    fresh = [source.id for source in plan.data.sources if source.id not in known]
    added = f"sources: {len(fresh):,} are new, the first is {fresh[0]!r}; --extend adds them" if fresh else ""
    labels = "sources: a picture's class, split, group or annotations are others now"
    difference = _field_difference(first, second)
    if difference.startswith("copies ") and now["copies"] > then["copies"]:
        difference += "; --extend adds copies"
    return difference or _lost(known, plan) or added or labels


def _field_difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    for name in chain(now, (name for name in then if name not in now)):
        before, after = then.get(name), now.get(name)
        if json.loads(compact(before)) != json.loads(compact(after)):
            if isinstance(before, dict) and isinstance(after, dict):
                inner = _field_difference(before, after)
                return f"{name}.{inner}"
            return f"{name} must be {compact(before)}, got {compact(after)}"
    return ""


def _lost(known: Mapping[str, _Known], plan: WorkPlan) -> str:
    now: dict[str, tuple[Source, str | None]] = {
        source.id: (source, split) for source, split in zip(plan.data.sources, plan.splits, strict=True)
    }
    for id, facts in known.items():
        if id not in now:
            return f"sources: {id!r} is gone"
        source, split = now[id]
        if source.size != facts.size:
            return f"sources: {id!r} must have {facts.size:,} bytes, got {source.size:,}"
        if split != facts.split:
            return f"sources: {id!r} must be in the split {facts.split}, got {split}"
    return ""


def start_afresh(store: Store) -> None:
    """Remove an expansion, if there is one: first what says that anything is complete, job.json at last."""
    if not _is_begun(store):
        return
    books = sorted(id for id in store.files(layout.BOOKS) if id != JOB)
    markers = [id for id in books if id == DONE or id.startswith(f"{layout.BOOKS}/shards/")]
    store.remove(sorted(markers, key=lambda id: id != DONE))
    store.remove(id for id in store.files() if not id.startswith(f"{layout.BOOKS}/"))
    store.remove(id for id in books if id not in markers)
    store.remove([JOB])
