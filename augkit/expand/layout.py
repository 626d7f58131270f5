"""Paths below OUT, and what is read there by more than one module.

::

    OUT/...                           the outputs, as their form lays them out
    OUT/.augkit/job.json              all that decides their bytes, and how the work is cut
    OUT/.augkit/plan/00.jsonl         the work, a line a source: id, bytes, split, first copy, copies, passed through;
                                      another file for every --extend
    OUT/.augkit/source.txt            where the sources lay, for replay; the only file with a path of this machine
    OUT/.augkit/lineage/00000.jsonl   a line for every output of a shard
    OUT/.augkit/shards/00000.json     the shard's marker: it is complete; counts, rejects, files with sizes and hashes
    OUT/.augkit/rejected.jsonl        a line for every output that was not written, with the reason
    OUT/.augkit/leaks.jsonl           a line for pictures that are too alike and lie in different splits
    OUT/.augkit/done.json             the job's marker: it is complete; counts and hashes
    OUT/.augkit/tmp/                  what is not published yet

No file holds a time, a host or a worker's number, so that two runs compare equal byte by byte.
"""

from collections.abc import Iterable, Iterator
from itertools import tee

from augkit.core.arrays import JsonObject
from augkit.datasets.booked_classes import JOB as JOB
from augkit.datasets.lineage import DONE, LINEAGE, SHARDS
from augkit.errors import FileError, JobError, is_absence, raise_outage
from augkit.expand.book_forms import of_form
from augkit.storage.sealed_json import sha256_of, unsealed
from augkit.storage.store import BOOKS, Store

FORMAT = 2  # of the bookkeeping
PLANS = f"{BOOKS}/plan"
REJECTED = f"{BOOKS}/rejected.jsonl"
LEAKS = f"{BOOKS}/leaks.jsonl"
DAMAGED = "must be as augkit expand wrote it, got a damaged file."


def plan(part: int) -> str:
    """Return where the work of a part of the job is written down."""
    return f"{PLANS}/{part:02d}.jsonl"


def lineage(shard: int) -> str:
    """Return where the lines of a shard's outputs are."""
    return f"{LINEAGE}/{shard:05d}.jsonl"


def marker(shard: int) -> str:
    """Return the file that says that a shard is complete."""
    return f"{SHARDS}/{shard:05d}.json"


def read_job(store: Store) -> JsonObject:
    """Return what job.json holds.

    Raises:
        FileError: OUT is no expansion, or one of another format.
        JobError: job.json is damaged.
        Unreachable: it cannot be read now.
    """
    try:
        job = unsealed(store.read(JOB))
    except OSError as fault:
        if not is_absence(fault):
            raise_outage(fault, f"{store}/{JOB}")
        raise FileError(f"must be a folder that augkit expand wrote, got one without {JOB}.", str(store)) from None
    if job is None or (job.get("augkit_expansion") == FORMAT and of_form(job, "job") is None):
        raise JobError(DAMAGED, f"{store}/{JOB}")
    if job.get("augkit_expansion") != FORMAT:
        advice = "Read it with the version of augkit that wrote it."
        raise FileError(
            f"must be of format {FORMAT}, got {job.get('augkit_expansion')!r:.60}. {advice}", f"{store}/{JOB}"
        )
    return job


def read_marker(store: Store, shard: int) -> JsonObject | None:
    """Return a shard's marker, or None if it is missing, damaged, or another shard's."""
    try:
        content = store.read(marker(shard))
    except FileNotFoundError:
        return None
    return _of_shard(content, shard)


def _of_shard(content: bytes, shard: int) -> JsonObject | None:
    value = of_form(unsealed(content), "marker")
    is_its = value is not None and value["shard"] == shard and lineage(shard) in value["files"]
    return value if is_its else None


def read_markers(store: Store, shards: Iterable[int]) -> Iterator[tuple[int, JsonObject | None]]:
    """Yield shards with their markers, as `read_marker` returns them; a bucket is asked for several at once."""
    there = set(store.files(SHARDS))  # one question, where one for each would have no as its answer
    ahead, asked = tee(shards)
    contents = store.read_all(marker(shard) for shard in asked if marker(shard) in there)
    for shard in ahead:
        content = next(contents) if marker(shard) in there else None
        yield shard, None if content is None else _of_shard(content, shard)


def read_done(store: Store) -> JsonObject | None:
    """Return the final marker, if it is there and is that of the job as job.json has it."""
    try:
        done = of_form(unsealed(store.read(DONE)), "done")
    except FileNotFoundError:
        return None
    return done if done is not None and done.get("job_sha256") == sha256_of(store.read(JOB)) else None
