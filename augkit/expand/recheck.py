"""Rechecks of what earlier runs of a job left: the sources that they read, and the files that they wrote.

What was not touched since its shard was done is believed; of the rest, sizes and hashes are compared with the books.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain

from augkit.core.arrays import Json, JsonObject
from augkit.core.normal_form import nfc
from augkit.datasets import Source
from augkit.datasets.lineage import DONE
from augkit.datasets.places import Linked
from augkit.expand import layout
from augkit.expand.work_plan import Row, WorkPlan
from augkit.storage.remote_files import changes_below
from augkit.storage.root import Root, Url
from augkit.storage.sealed_json import compact, sha256_of
from augkit.storage.stamps import Stamp
from augkit.storage.store import Store

# A source may be replaced while its shard is at work, and a server's clock may go otherwise than ours.
DOUBTED_NS = 600 * 10**9
_READ = re.compile(
    rb'"source":("(?:[^"\\]|\\.)*"),"source_sha256":"([0-9a-f]{64})",'
    rb'"source_bytes":\d+,"group":"(?:[^"\\]|\\.)*","class":'
)


def replaced_source(store: Store, plan: WorkPlan) -> str:
    """Return what differs where a source is another than when it was expanded, or an empty text.

    What was not touched since is not read; of a job that is extended all classes are compared.

    Args:
        store: OUT.
        plan: with all parts that are in its books.

    Raises:
        FileError: a source cannot be read now.
    """
    changed, seen, config = _changes(plan.data.root), set[str](), plan.job.config
    shards, stamp = None if config.extend else config.shards, store.stamps()
    for shard, rows, marker, written_ns in _finished(store, plan, shards or (0, 1), stamp):
        since = written_ns - DOUBTED_NS
        sources = {plan.ids[row.source]: plan.data.sources[row.source] for row in rows}
        sources = {id: one for id, one in sources.items() if id not in seen}
        doubted = {id for id, one in sources.items() if _is_after(changed, one, since)}
        asked = sources.keys() if config.extend else doubted
        lineage = layout.lineage(shard)
        if not asked or not _is_as_written(store, lineage, marker["files"][lineage], stamp(lineage), written_ns):
            continue  # the shard of a damaged lineage is made anew
        for id, (sha256, label) in _told_of(store, shard, asked).items():
            source = sources[id]
            if label != compact(source.label):
                return f"sources: {id!r} must be of the class {label}, as when it was expanded, got {source.label!r}"
            if id in doubted and sha256_of(plan.data.read(source.place or source.id)) != sha256:
                return f"sources: {id!r} holds something else than when it was expanded, of the same size"
        seen |= sources.keys()
    return ""


def forget_changed(store: Store, plan: WorkPlan) -> tuple[str, ...]:
    """Remove the markers of shards whose files are gone or changed, and first what says that the job is complete.

    Args:
        store: OUT, held.
        plan: with all its parts.

    Returns:
        A sentence for the user, if there are such shards: they will be made anew.
    """
    stamp, again, odd = store.stamps(), list[str](), list[str]()
    for shard, _, marker, written_ns in _finished(store, plan, plan.job.config.shards or (0, 1), stamp):
        files = marker["files"].items()
        found = [id for id, facts in files if not _is_as_written(store, id, facts, stamp(id), written_ns)]
        if found:
            odd += found
            again.append(layout.marker(shard))
    if not again:
        return ()
    store.remove([DONE, *again])
    shards = "1 shard is" if len(again) == 1 else f"{len(again):,} shards are"
    more = f" and {len(odd) - 1:,} more" if len(odd) > 1 else ""
    return (
        f"{odd[0]}{more} of an earlier run {'is' if len(odd) == 1 else 'are'} gone or changed: {shards} made anew.",
    )


Finished = tuple[int, Sequence[Row], JsonObject, int]


def _finished(
    store: Store, plan: WorkPlan, shards: tuple[int, int], stamp: Callable[[str], Stamp | None]
) -> Iterator[Finished]:
    """Yield the shards that earlier runs did: number, rows, marker, and when that was written."""
    rows = list(chain.from_iterable(plan.parts))
    for shard, marker in layout.read_markers(store, range(shards[0], len(rows), shards[1])):
        if marker is not None:
            now = stamp(layout.marker(shard))
            yield shard, rows[shard], marker, 0 if now is None else now.written_ns


def _is_as_written(store: Store, id: str, facts: Sequence[object], now: Stamp | None, written_ns: int) -> bool:
    """Say whether a file is as its shard's marker says, which was written after it."""
    if now is None or now.size != facts[0]:
        return False
    return now.written_ns <= written_ns or sha256_of(store.read(id)) == facts[1]


def _changes(root: Root) -> Callable[[str], int]:
    """Return what tells when a file below a root was last changed, in nanoseconds; 0 where that is not known."""
    if isinstance(root, Url):
        below = changes_below(root.url)  # one listing, and no question for each of them
        return lambda path: below.get(path, 0)
    return lambda path: root.stamp(path).changed_ns


def _is_after(changed: Callable[[str], int], source: Source, since: int) -> bool:
    place = source.id if source.place is None else source.place
    if source.fault or isinstance(place, Linked):
        return False
    moment = changed(place if isinstance(place, str) else place.path)
    return moment == 0 or moment >= since


def _told_of(store: Store, shard: int, ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return the hashes and the classes, as JSON, of sources that a shard's lines tell.

    Those of which all was rejected have none.
    """
    found: dict[str, tuple[str, str]] = {}
    for line in store.lines(layout.lineage(shard)):
        if (match := _READ.search(line)) is None:
            continue
        raw = _value(match[1])
        id = raw if raw in ids else nfc(str(raw))
        if id in ids and id not in found:
            found[id] = match[2].decode(), compact(_value(line[match.end() :]))
    return found


def _value(json_text: bytes) -> Json:
    """Return what JSON at the beginning of a text says."""
    value: Json = json.JSONDecoder().raw_decode(json_text.decode())[0]
    return value
