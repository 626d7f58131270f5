"""Make one output again from its line in the books."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from augkit.codec import decode, encode, read_bytes
from augkit.core.plan import Plan
from augkit.core.sample import Sample
from augkit.errors import ArgumentError, FileError, closest
from augkit.executors import run
from augkit.expand.layout import JobError, Layout, below, compact, sha256_of, versions

__all__ = ["Replay", "replay"]

MOST_SUGGESTED_FROM = 20_000  # ids: comparing a text with more of them takes seconds
_NEEDED: dict[str, type | tuple[type, ...]] = {  # of an output's line
    **dict.fromkeys(("id", "source", "source_sha256", "sha256", "executor", "encoding"), str),
    "class": (str, type(None)),
    "quality": int,
    "plan": dict,
    "versions": dict,
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
        id: the output's path below `out`, or as it lies.
        source: where the sources lie now; without it, where they lay.

    Raises:
        FileError: `out` is no expansion, or the source is not there.
        ArgumentError: no output is called so.
        JobError: the source is not the one that was expanded, or the books are damaged.
    """
    layout = Layout(Path(out))
    layout.read_job()
    entry, place = _entry(layout, _below_out(layout, id))
    plan = _plan(entry, place)
    root = Path(source) if source is not None else _hint(layout)
    data = _source_bytes(below(root, entry["source"]))
    if sha256_of(data) != entry["source_sha256"]:
        raise JobError(
            "must be the picture that was expanded, got another content. Pass --source if it lies elsewhere.",
            str(root / entry["source"]),
        )
    decoded = decode(data)
    sample = Sample(decoded.image, label=entry["class"], id=entry["source"], alpha=decoded.alpha)
    made = run(plan, sample, entry["executor"])
    encoded = encode(made.image, entry["encoding"], entry["quality"], made.alpha)
    now = versions()
    others = tuple((k, then, now.get(k, "none")) for k, then in entry["versions"].items() if now.get(k) != then)
    return Replay(entry["id"], encoded, sha256_of(encoded) == entry["sha256"], others)


def _below_out(layout: Layout, id: str) -> str:
    """Return an id as the books write it, also for a path that a shell completed."""
    path = Path(id)
    inside = path.exists() and layout.out.resolve() in path.resolve().parents
    return layout.id(layout.out / path.resolve().relative_to(layout.out.resolve())) if inside else path.as_posix()


def _entry(layout: Layout, id: str) -> tuple[dict[str, Any], str]:
    """Return an output's line, and where it stands."""
    start = compact({"id": id})[:-1].encode() + b","
    for place, line in _lines(layout):
        if line.startswith(start):
            return _parsed(line, place, _NEEDED), place
    if layout.rejected.exists():
        for place, line in _lines_of(layout.rejected):
            entry = _parsed(line, place, {"id": str, "reason": str})
            if entry["id"] == id:
                raise ArgumentError(f"must name an output that was written, got one rejected: {entry['reason']}", "id")
    ids = [_parsed(line, place, {"id": str})["id"] for place, line in islice(_lines(layout), MOST_SUGGESTED_FROM)]
    raise ArgumentError(f"must be the path of an output below {layout.out}, got {id!r}.{closest(id, ids)}", "id")


def _lines(layout: Layout) -> Iterator[tuple[str, bytes]]:
    """Yield where every line of the lineage stands, and the line."""
    for path in sorted(layout.lineages.glob("*.jsonl")):
        yield from _lines_of(path)


def _lines_of(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield f"{path}:{number}", line
    except OSError as fault:
        raise FileError(f"must be readable, got: {fault.strerror}. Check its permissions.", str(path)) from None


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


def _hint(layout: Layout) -> Path:
    try:
        return Path(layout.source.read_bytes().decode("utf-8", "surrogateescape").removesuffix("\n"))
    except OSError:
        raise FileError(
            "must say where the sources lay, but cannot be read. Pass --source.", str(layout.source)
        ) from None


def _source_bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileError as fault:
        advice = "If the sources lie elsewhere now, say where with --source."
        raise FileError(f"{fault.message} {advice}", fault.where) from None
