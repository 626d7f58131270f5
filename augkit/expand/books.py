"""The books of a whole expansion: opened before the first shard, closed after the last."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from augkit.expand.commit import make_folders, replace_with, sync_folders
from augkit.expand.job import WorkPlan
from augkit.expand.layout import JobError, Layout, compact, sealed, sha256_of, unsealed

__all__ = ["close_books", "closed", "open_books", "read_marker"]


def open_books(layout: Layout, plan: WorkPlan) -> None:
    """Make OUT and write down what is to be done there."""
    layout.out.mkdir(parents=True, exist_ok=True)
    make_folders([layout.temporary, layout.lineages, layout.shards], layout.out)
    # A path on Linux may hold any bytes.
    where = str(plan.folder.root.resolve()).encode("utf-8", "surrogateescape")
    replace_with(layout.source, where + b"\n", layout.temporary)
    replace_with(layout.job, sealed(plan.described()), layout.temporary)


def close_books(layout: Layout) -> None:
    """Write what the whole job comes to, from its shards' markers, and at last its own marker.

    Raises:
        JobError: a shard is not complete.
    """
    shards = layout.read_job()["shards"]["count"]
    markers = [read_marker(layout, shard) for shard in range(shards)]
    whole = [marker for marker in markers if marker is not None]
    if len(whole) < shards:
        raise JobError(f"must be complete in {shards} shards, got {len(whole)}.", str(layout.out))
    sync_folders([layout.shards])
    rejected, done = closed(layout, whole)
    replace_with(layout.rejected, rejected, layout.temporary)
    shutil.rmtree(layout.temporary)
    replace_with(layout.done, done)


def closed(layout: Layout, markers: list[dict[str, Any]]) -> tuple[bytes, bytes]:
    """Return what rejected.jsonl and done.json must hold, given the markers of all shards in order."""
    job = layout.job.read_bytes()
    rejected = [entry for marker in markers for entry in marker["rejected"]]
    sources, written = (sum(marker[name] for marker in markers) for name in ("sources", "written"))
    done = {
        "sources": sources,
        "planned": written + len(rejected),
        "written": written,
        "rejected": len(rejected),
        "copied": 0,
        "books_sha256": sha256_of(b"".join([job, *map(sealed, markers)])),
    }
    return "".join(compact(entry) + "\n" for entry in rejected).encode(), sealed(done)


def read_marker(layout: Layout, shard: int) -> dict[str, Any] | None:
    """Return a shard's marker, or None if it is missing or damaged."""
    path: Path = layout.marker(shard)
    try:
        return unsealed(path.read_bytes())
    except OSError:
        return None
