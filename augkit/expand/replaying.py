"""Make one output again from its line in the books."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from augkit.core.plan import Plan
from augkit.datasets.lineage import HINT, LINEAGE
from augkit.datasets.places import Place, place_of, read_place
from augkit.errors import ArgumentError, FileError, JobError, closest
from augkit.executors import run
from augkit.expand import layout
from augkit.expand.job import versions
from augkit.images import decode, encode
from augkit.storage.root import Folder, Root
from augkit.storage.sealed_json import compact, sha256_of
from augkit.storage.store import BOOKS, Store, store_at
from augkit.targets.sample import Sample

MOST_SUGGESTED_FROM = 20_000  # ids: comparing a text with more of them takes seconds
_NEEDED: dict[str, type | tuple[type, ...]] = {  # of an output's line
    **dict.fromkeys(("id", "source", "source_sha256", "sha256", "executor", "encoding"), str),
    "quality": int,
    "plan": (dict, type(None)),
    "versions": dict,
    "class": (str, int, float, list, dict, type(None)),
}
_ABSENT = object()


@dataclass(frozen=True)
class Replay:
    """An output that was made again.

    Args:
        id: its path below OUT.
        data: its bytes as they came out now.
        is_identical: whether they are those that the lineage names.
        other_versions: libraries that differ, as (name, version then, version now).
    """

    id: str
    data: bytes
    is_identical: bool
    other_versions: tuple[tuple[str, str, str], ...]


def replay(out: str | os.PathLike[str], id: str, source: str | os.PathLike[str] | None = None) -> Replay:
    """Make an output again: its source, through its plan, encoded as it was.

    Args:
        out: what `expand` wrote.
        id: the output's path below `out`, or as it lies; in a tar or a Parquet file, that file's path and its own.
        source: where the sources lie now; without it, where they lay.

    Raises:
        FileError: `out` is no expansion, or the source is not there.
        ArgumentError: no output is called so.
        JobError: the source is not the one that was expanded, or the books are damaged.
    """
    store = store_at(out)
    layout.read_job(store)
    entry, place = _entry(store, _below_out(Path(str(store)), id))
    root = _root(store, source)
    data = _source_bytes(root, _place(entry, place))
    if sha256_of(data) != entry["source_sha256"]:
        raise JobError(
            "must be the picture that was expanded, got another content. Pass --source if it lies elsewhere.",
            f"{root}/{entry['source']}",
        )
    made = data if entry["plan"] is None else _copied(entry, _plan(entry, place), data)
    now = versions()
    others = tuple((k, then, now[k]) for k, then in entry["versions"].items() if now.get(k, then) != then)
    return Replay(entry["id"], made, sha256_of(made) == entry["sha256"], others)


def _copied(entry: Mapping[str, Any], plan: Plan, data: bytes) -> bytes:
    decoded = decode(data)
    sample = Sample(decoded.image, label=entry["class"], id=entry["source"], alpha=decoded.alpha)
    made = run(plan, sample, entry["executor"])
    return encode(made.image, entry["encoding"], entry["quality"], made.alpha)


def _below_out(out: Path, id: str) -> str:
    """Return an id as the books write it, also for a path that a shell completed, if need be as far as its tar."""
    path, root = Path(os.path.realpath(id)), Path(os.path.realpath(out))
    # Path's own questions raise at a long name.
    lies = os.path.exists(path) or any(os.path.isfile(parent) for parent in path.parents)  # noqa: PTH110, PTH113
    return path.relative_to(root).as_posix() if lies and root in path.parents else Path(id).as_posix()


def _entry(store: Store, id: str) -> tuple[dict[str, Any], str]:
    """Return an output's line, and where it stands."""
    start = compact({"id": id})[:-1].encode() + b","
    for place, line in _lines(store):
        if line.startswith(start):
            return _parsed(line, place, _NEEDED), place
    if any(held == layout.REJECTED for held in store.files(BOOKS)):
        for place, line in _lines_of(store, layout.REJECTED):
            entry = _parsed(line, place, {"id": str, "reason": str})
            if entry["id"] == id:
                raise ArgumentError(f"must name an output that was written, got one rejected: {entry['reason']}", "id")
    ids = [_parsed(line, place, {"id": str})["id"] for place, line in islice(_lines(store), MOST_SUGGESTED_FROM)]
    raise ArgumentError(f"must be the path of an output below {store}, got {id!r}.{closest(id, ids)}", "id")


def _lines(store: Store) -> Iterator[tuple[str, bytes]]:
    """Yield where every line of the lineage stands, and the line."""
    for id in sorted(store.files(LINEAGE)):
        yield from _lines_of(store, id)


def _lines_of(store: Store, id: str) -> Iterator[tuple[str, bytes]]:
    try:
        for number, line in enumerate(store.lines(id), start=1):
            yield f"{store}/{id}:{number}", line
    except OSError as fault:
        raise FileError(f"must be readable, got: {fault.strerror}. Check its permissions.", f"{store}/{id}") from None


def _parsed(line: bytes, place: str, needed: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """Return a line of the books, whose fields in `needed` are there and of these types.

    Raises:
        JobError: the line is damaged; the message names the place.
    """
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        raise _damaged("a damaged line", place)
    for name, kind in needed.items():
        if not isinstance(entry.get(name, _ABSENT), kind):
            raise _damaged(f"{'an unfit' if name in entry else 'no'} {name}", place)
    return entry


def _plan(entry: dict[str, Any], place: str) -> Plan:
    try:
        return Plan.from_json(compact(entry["plan"]))
    except ArgumentError:
        raise _damaged("an unfit plan", place) from None


def _damaged(what: str, place: str) -> JobError:
    return JobError(f"must be as augkit expand wrote it, got {what}. See with augkit verify what else is.", place)


def _root(store: Store, source: str | os.PathLike[str] | None) -> Root:
    if source is not None:
        root = Root.at(source)
        return Root.at(Path(source).parent) if isinstance(root, Folder) and root.is_file() else root
    try:
        return Root.at(os.fsdecode(store.read(HINT).removesuffix(b"\n")))
    except OSError:
        where = f"{store}/{HINT}"
        raise FileError("must say where the sources lay, but cannot be read. Pass --source.", where) from None


def _place(entry: Mapping[str, Any], line: str) -> Place:
    try:
        return place_of(entry.get("place", entry["source"]))
    except ArgumentError:
        raise _damaged("an unfit place", line) from None


def _source_bytes(root: Root, place: Place) -> bytes:
    try:
        return read_place(root, place)
    except FileError as fault:
        advice = "If the sources lie elsewhere now, say where with --source."
        raise FileError(f"{fault.message} {advice}", fault.where) from None
