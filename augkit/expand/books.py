"""The books of an expansion as a run opens them: the work is written down, or found written down, or added to."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import NamedTuple, NoReturn

from augkit.addresses import shown_address
from augkit.configuration import difference
from augkit.core.arrays import JsonObject
from augkit.datasets import Split
from augkit.datasets.lineage import DONE, HINT, SHARDS
from augkit.datasets.splits import HASHED
from augkit.errors import ArgumentError, AugkitError, FileError, JobError, raise_outage
from augkit.executors import default_executor
from augkit.expand import layout
from augkit.expand.balancing import wanted_copies
from augkit.expand.expand_config import ExpandConfig
from augkit.expand.layout import DAMAGED, JOB
from augkit.expand.recheck import replaced_source
from augkit.expand.references import hint_of
from augkit.expand.work_plan import Row, WorkPlan
from augkit.storage.sealed_json import facts_of, sealed
from augkit.storage.store import BOOKS, Store
from augkit.storage.stores import store_at

ADVICE = "Run the same command as before, pass --fresh to start anew, or choose another OUT."
LINES_AT_ONCE = 1000  # that are written
OF_SOURCES = ("sources", "classes", "parts", "about", "ignored")  # entries of job.json


class _Known(NamedTuple):
    """Outputs that earlier parts of a plan give a source."""

    size: int
    split: Split | None
    copies: int


def open_books(store: Store, plan: WorkPlan, is_extension: bool) -> WorkPlan:
    """Write down what is to be done in OUT, or find it written down already; return the plan with all its parts.

    Args:
        store: OUT, locked.
        plan: without parts.
        is_extension: whether copies and sources that are not in the books are added to them.

    Raises:
        ArgumentError: OUT holds another job; the message names what differs.
    """
    if not _is_begun(store):
        return _written(store, plan.with_part(rows_wanted(plan, {})))
    job: JsonObject = ExpandConfig.with_defaults(layout.read_job(store))
    classes = tuple(job["classes"])
    plan = replace(plan, classes=classes + tuple(name for name in plan.classes if name not in classes))
    known, parts = _read_parts(store, job, plan)
    plan = plan.divided(job.get("split_law", HASHED), {id: facts.split for id, facts in known.items()})
    found = plan
    for rows, facts in zip(parts, job["parts"], strict=True):
        found = found.with_part(rows, facts.get("folders", {}))
    wanted = found.described()
    if _without(wanted, ("ignored",)) == _without(job, ("ignored",)):
        _require_same(store, found)
        return found
    if is_extension:
        return _extended(store, plan, found, job, known)
    unlike = difference(_without(job, OF_SOURCES), _without(wanted, OF_SOURCES))
    if unlike.startswith("copies ") and wanted["copies"] > job["copies"]:
        unlike += "; --extend adds copies"
    _refuse(unlike or _lost(known, plan) or _added(known, plan), store)


def as_begun(config: ExpandConfig) -> ExpandConfig:
    """Return a configuration that means what OUT was begun with, where nothing else is asked for.

    Books from before there was a behaviour, or another executor than cpu, do not name them.
    """
    store, job = store_at(config.out), None
    try:
        job = layout.read_job(store) if not config.fresh and _is_begun(store) else None
    except (AugkitError, OSError) as fault:  # which are told where the books are opened
        raise_outage(fault, str(store))  # but that they cannot be read: what they say decides what is asked for
    if job is None:
        return config
    now = config
    if job["pipeline"].get("behaviour", 1) == 1:
        own = {label: pipeline.with_behaviour(1) for label, pipeline in config.pipelines_for.items()}
        now = config.replaced(pipeline=config.pipeline.with_behaviour(1), pipelines_for=own)
    executor = job.get("executor", "cpu")
    is_named = config.executor is not None or executor == default_executor(now.pipeline.policy)
    return now if is_named else now.replaced(executor=executor)


def rows_wanted(plan: WorkPlan, known: Mapping[str, _Known]) -> Iterator[Row]:
    """Yield what every source is to get beside what it has."""
    config, sources = plan.job.config, plan.data.sources
    train = [place for place, split in enumerate(plan.splits) if split in (None, "train")]
    ids = [plan.ids[place] for place in train]
    existing = [known[id].copies if id in known else 0 for id in ids]
    labels = [sources[place].label for place in train]
    wanted = wanted_copies(labels, ids, config.copies, config.balance, plan.job.is_passing, existing)
    for place, total, had in zip(train, wanted, existing, strict=True):
        is_passed = plan.job.is_passing and plan.ids[place] not in known
        if total > had or is_passed:
            yield Row(place, had, total - had, is_passed)
    for place, split in enumerate(plan.splits):
        if split not in (None, "train") and plan.ids[place] not in known:
            yield Row(place, 0, 0, True)


def _read_parts(store: Store, job: JsonObject, plan: WorkPlan) -> tuple[dict[str, _Known], list[list[Row]]]:
    places = {id: place for place, id in enumerate(plan.ids)}
    known: dict[str, _Known] = {}
    parts: list[list[Row]] = []
    for part in range(len(job["parts"])):
        try:
            is_whole = job["parts"][part]["plan"] == list(facts_of(store.lines(layout.plan(part))))
        except FileNotFoundError:
            is_whole = False
        if not is_whole:
            raise JobError(f"{DAMAGED} Pass --fresh to start anew.", f"{store}/{layout.plan(part)}")
        rows = []
        for line in store.lines(layout.plan(part)):
            id, size, split, first, copies, is_passed = json.loads(line)
            known[id] = _Known(size, split, first + copies)
            if id in places:
                rows.append(Row(places[id], first, copies, is_passed))
        parts.append(rows)
    return known, parts


def _extended(store: Store, plan: WorkPlan, found: WorkPlan, job: JsonObject, known: Mapping[str, _Known]) -> WorkPlan:
    free = (*OF_SOURCES, "copies", "balance", "keypoints")
    unlike = difference(_without(job, free), _without(found.described(), free)) or _lost(known, plan)
    if unlike:
        _refuse(unlike, store)
    if plan.job.config.copies < job["copies"]:
        _refuse(f"copies must be at least {job['copies']}, as before, got {plan.job.config.copies}", store)
    if layout.read_done(store) is None:
        advice = "Run the command that began it once more, then --extend."
        raise JobError(f"must be complete before it is extended. {advice}", str(store))
    _require_same(store, found)
    rows = list(rows_wanted(plan, known))
    return _written(store, found.with_part(rows) if rows else found)


def _written(store: Store, plan: WorkPlan) -> WorkPlan:
    """Write down a plan; job.json comes last, and makes an older done.json void."""
    there = os.fsencode(shown_address(os.fsdecode(plan.data.root.lasting)))
    store.replace(HINT, [hint_of(there, plan.job.config.pipelines)])
    part = len(plan.parts) - 1
    lines = plan.lines(part)
    store.replace(layout.plan(part), iter(lambda: b"".join(islice(lines, LINES_AT_ONCE)), b""))
    store.replace(JOB, [sealed(plan.described())])
    return plan


def _is_begun(store: Store) -> bool:
    try:
        return store.size(JOB) is not None
    except (FileNotFoundError, NotADirectoryError):
        return False


def require_free(store: Store) -> None:
    """Refuse an OUT that holds files and is no expansion, before anything is written there.

    Raises:
        FileError: it names one of them.
    """
    if _is_begun(store):
        return
    held = next((id for id in store.files() if not id.startswith(f"{BOOKS}/")), None)
    if held is not None:
        what = f"must be a new or an empty folder, or an expansion, got a folder with files in it ({held})"
        raise FileError(f"{what}. Remove it or choose another.", str(store))


def _require_same(store: Store, plan: WorkPlan) -> None:
    """Refuse sources that hold something else than when they were expanded."""
    if unlike := replaced_source(store, plan):
        _refuse(unlike, store)


def _refuse(unlike: str, store: Store) -> NoReturn:
    raise ArgumentError(f"must be what {store} was begun with: {unlike}. {ADVICE}", "expand")


def _without(job: JsonObject, names: Iterable[str]) -> JsonObject:
    return {name: value for name, value in job.items() if name not in names}


def _added(known: Mapping[str, _Known], plan: WorkPlan) -> str:
    new = [id for id in plan.ids if id not in known]
    if new:
        return f"sources: {len(new):,} are new, the first is {new[0]!r} of {plan.data.root}; --extend adds them"
    return "sources: a picture's class, split, group or annotations are others now"


def _lost(known: Mapping[str, _Known], plan: WorkPlan) -> str:
    now = dict(zip(plan.ids, zip(plan.data.sources, plan.splits, strict=True), strict=True))
    for id, facts in known.items():
        if id not in now:
            return f"sources: {id!r} is gone from {plan.data.root}"
        source, split = now[id]
        if source.size != facts.size:
            return f"sources: {id!r} must have {facts.size:,} bytes, got {source.size:,}"
        if split != facts.split:
            return f"sources: {id!r} must be in the split {facts.split}, got {split}"
    return ""


def forget_rejections(store: Store, plan: WorkPlan, shards: tuple[int, int]) -> None:
    """Remove what says that shards with rejected outputs are complete, first of all that the job is.

    From then on it is an unfinished job: however it ends, the same command goes on.

    Args:
        store: OUT, held.
        plan: with all its parts.
        shards: (i, n), of which this run does every n-th from i on.
    """
    found = range(shards[0], plan.shard_count, shards[1])
    again = [shard for shard in found if (marker := layout.read_marker(store, shard)) and marker["rejected"]]
    if again:
        store.remove([DONE, *map(layout.marker, again)])


def start_afresh(store: Store) -> None:
    """Remove an expansion, if there is one: first what says that anything is complete, job.json at last."""
    if not _is_begun(store):
        return
    books = sorted(id for id in store.files(BOOKS) if id != JOB)
    markers = [id for id in books if id == DONE or id.startswith(f"{SHARDS}/")]
    store.remove(sorted(markers, key=lambda id: id != DONE))
    store.remove(id for id in store.files() if not id.startswith(f"{BOOKS}/"))
    store.remove(id for id in books if id not in markers)
    store.remove([JOB])
