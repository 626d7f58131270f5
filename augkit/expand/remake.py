"""Make one output again from its line in the books."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from augkit.codec import decode, encode
from augkit.core.plan import Plan
from augkit.core.sample import Sample
from augkit.errors import ArgumentError, FileError, closest
from augkit.executors import run
from augkit.expand.layout import JobError, Layout, below, compact, sha256_of, versions

__all__ = ["Replay", "replay"]

MOST_SUGGESTED_FROM = 20_000  # ids: comparing a text with more of them takes seconds


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
        JobError: the source is not the one that was expanded, or the line is damaged.
    """
    layout = Layout(Path(out))
    layout.read_job()
    entry = _entry(layout, _below_out(layout, id))
    root = Path(source) if source is not None else _hint(layout)
    data = _source_bytes(below(root, entry["source"]))
    if sha256_of(data) != entry["source_sha256"]:
        raise JobError("must be the picture that was expanded, got another content.", str(root / entry["source"]))
    decoded = decode(data)
    sample = Sample(decoded.image, label=entry["class"], id=entry["source"], alpha=decoded.alpha)
    made = run(Plan.from_json(compact(entry["plan"])), sample, entry["executor"])
    encoded = encode(made.image, entry["encoding"], entry["quality"], made.alpha)
    now = versions()
    others = tuple((k, then, now.get(k, "none")) for k, then in entry["versions"].items() if now.get(k) != then)
    return Replay(entry["id"], encoded, sha256_of(encoded) == entry["sha256"], others)


def _below_out(layout: Layout, id: str) -> str:
    """Return an id as the books write it, also for a path that a shell completed."""
    path = Path(id)
    inside = path.exists() and layout.out.resolve() in path.resolve().parents
    return layout.id(layout.out / path.resolve().relative_to(layout.out.resolve())) if inside else path.as_posix()


def _entry(layout: Layout, id: str) -> dict[str, Any]:
    start = compact({"id": id})[:-1].encode() + b","
    for path, line in _lines(layout):
        if line.startswith(start):
            try:
                entry = json.loads(line)
            except ValueError as fault:
                raise JobError(f"must be as augkit expand wrote it, got a damaged line: {fault}.", str(path)) from None
            return dict(entry)
    reason = _rejection(layout, id)
    if reason:
        raise ArgumentError(f"names an output that was rejected: {reason}.", f"id {id!r}")
    ids = [json.loads(line)["id"] for _, line in islice(_lines(layout), MOST_SUGGESTED_FROM)]
    raise ArgumentError(f"must be the path of an output below {layout.out}, got {id!r}.{closest(id, ids)}", "id")


def _lines(layout: Layout) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(layout.lineage(0).parent.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                yield path, line


def _rejection(layout: Layout, id: str) -> str:
    if layout.rejected.exists():
        with layout.rejected.open("rb") as file:
            for entry in map(json.loads, file):
                if entry["id"] == id:
                    return str(entry["reason"])
    return ""


def _hint(layout: Layout) -> Path:
    try:
        return Path(layout.source.read_bytes().decode("utf-8", "surrogateescape").removesuffix("\n"))
    except OSError:
        raise FileError(
            "must say where the sources lay, but cannot be read. Pass --source.", str(layout.source)
        ) from None


def _source_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        advice = "If the sources lie elsewhere now, say where with --source."
        raise FileError(f"must be readable, got: {fault.strerror}. {advice}", str(path)) from None
