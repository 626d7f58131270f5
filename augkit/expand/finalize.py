"""Finalizing: what all shards come to, the files about the whole, and at last the final marker."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256

from augkit.core.arrays import Json, JsonObject
from augkit.datasets import SPLITS, Record, Whole
from augkit.datasets.leakage import find_leaks
from augkit.datasets.lineage import DONE, LINEAGE, SHARDS
from augkit.errors import JobError
from augkit.expand import layout
from augkit.expand.layout import JOB, LEAKS, REJECTED
from augkit.expand.work_plan import WorkPlan
from augkit.storage.sealed_json import compact, sealed, sha256_of
from augkit.storage.store import BOOKS, Store


def markers(store: Store, shards: int) -> Iterator[JsonObject]:
    """Yield the markers of all shards in order.

    Raises:
        JobError: a shard is not complete.
    """
    for shard, marker in layout.read_markers(store, range(shards)):
        if marker is None:
            advice = "Run the command again without --finish, or the other parts of --shards."
            raise JobError(f"must be complete in {shards} shards, but shard {shard} is not. {advice}", str(store))
        yield marker


def finalize(store: Store, plan: WorkPlan) -> None:
    """Write what the whole job comes to; the final marker comes last.

    Raises:
        JobError: a shard is not complete.
    """
    count = plan.shard_count
    digest, sums, splits = sha256(), Counter[str](), set()

    def rejected() -> Iterator[JsonObject]:
        for marker in markers(store, count):
            digest.update(sealed(marker))
            sums.update({name: marker[name] for name in ("sources", "written", "copied")})
            sums["rejected"] += len(marker["rejected"])
            if marker["written"]:
                splits.add(marker["split"])
            yield from marker["rejected"]

    files = {REJECTED: store.replace(REJECTED, _lines(rejected()))}
    leaks = 0
    if splits - {None}:
        seen = ((id, m["split"], sha, mark) for m in markers(store, count) for id, sha, mark in m["seen"])
        found = find_leaks(seen)
        leaks = len(found)
        files[LEAKS] = store.replace(LEAKS, _lines(leak.described() for leak in found))
    data = plan.data
    ordered = tuple(split for split in (None, *SPLITS) if split in splits)
    records = lambda: _records(store, count)  # noqa: E731  a name of its own would be no shorter
    whole = Whole(ordered, plan.classes, data.keypoint_names, data.skeletons, records, plan.kinds, data.about)
    for id, pieces in plan.job.writer.whole(whole):
        files[id] = store.replace(id, pieces)
    store.sweep()
    done = {
        "planned": sums["written"] + sums["rejected"],
        **{name: sums[name] for name in ("sources", "written", "copied", "rejected")},
        "leaks": leaks,
        "files": files,
        "job_sha256": sha256_of(store.read(JOB)),
        "markers_sha256": digest.hexdigest(),
    }
    store.settle((BOOKS, SHARDS, LINEAGE))
    store.replace(DONE, [sealed(done)])


def _lines(entries: Iterable[Json]) -> Iterator[bytes]:
    for entry in entries:
        yield (compact(entry) + "\n").encode()


def _records(store: Store, shards: int) -> Iterator[tuple[str, Record]]:
    for shard in range(shards):
        for line in store.lines(layout.lineage(shard)):
            entry = json.loads(line)
            yield entry["id"], Record.of_line(entry)
