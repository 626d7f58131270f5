"""Check an expansion against its books: every file is there, whole and unchanged, and nothing else is."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from augkit.errors import FileError
from augkit.expand.books import closed, read_marker
from augkit.expand.layout import JobError, Layout, below, sha256_of

__all__ = ["Report", "verify"]


@dataclass(frozen=True)
class Report:
    """What `verify` found; files are named by their path below OUT.

    Args:
        checked: outputs that are as the lineage says.
        missing: files that the books name and that are not there.
        changed: files that are not as they were written, with what is wrong.
        extra: files that the books do not name.
        unfinished: what an unfinished job lacks, or nothing.
    """

    checked: int
    missing: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]
    extra: tuple[str, ...]
    unfinished: str

    @property
    def is_sound(self) -> bool:
        """Whether all is as it was written, and finished."""
        return not (self.missing or self.changed or self.extra or self.unfinished)


@dataclass
class _Findings:
    checked: int = 0
    missing: list[str] = field(default_factory=list)
    changed: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


def verify(out: str | os.PathLike[str]) -> Report:
    """Compare every file below `out` with the books of the expansion.

    Args:
        out: what `expand` wrote.

    Raises:
        FileError: it is no expansion.
    """
    layout = Layout(Path(out))
    found = _Findings()
    try:
        shards = layout.read_job()["shards"]["count"]
    except JobError:
        found.changed[layout.id(layout.job)] = "is damaged"
        shards = _highest_shard(layout) + 1
    is_done = layout.done.exists()
    markers = [_check_shard(layout, shard, is_done, found) for shard in range(shards)]
    whole = [marker for marker in markers if marker is not None]
    if is_done and len(whole) == shards and not found.changed.keys() & {layout.id(layout.job)}:
        rejected, done = closed(layout, whole)
        _check_equal(layout, layout.rejected, rejected, found)
        _check_equal(layout, layout.done, done, found)
    found.known |= {layout.id(path) for path in (layout.job, layout.source, layout.rejected, layout.done)}
    unfinished = "" if is_done else f"the job ended after {len(whole)} of {shards} shards"
    extra = sorted(set(_files(layout.out)) - found.known)
    if not is_done:  # what a killed job had in hand belongs to no finished shard yet
        unfinished += f"; {len(extra)} files belong to none of them" if extra else ""
        extra = []
    return Report(found.checked, tuple(found.missing), tuple(found.changed.items()), tuple(extra), unfinished)


def _check_shard(layout: Layout, shard: int, is_done: bool, found: _Findings) -> dict[str, Any] | None:
    """Check a shard's books and outputs; return its marker if that is whole."""
    marker, lineage = layout.marker(shard), layout.lineage(shard)
    content = read_marker(layout, shard)
    found.known |= {layout.id(marker), layout.id(lineage)}
    if content is None:
        if marker.exists():
            found.changed[layout.id(marker)] = "is damaged"
        elif is_done:
            found.missing.append(layout.id(marker))
        else:
            found.known -= {layout.id(lineage)}
            return None
    try:
        data = lineage.read_bytes()
    except OSError:
        found.missing.append(layout.id(lineage))
        return content
    if content is not None and sha256_of(data) != content["lineage_sha256"]:
        found.changed[layout.id(lineage)] = "is not as it was written"
    for line in data.splitlines():
        try:
            entry = json.loads(line)
            _check_output(layout, entry["id"], entry["bytes"], entry["sha256"], found)
        except (ValueError, LookupError, TypeError, RecursionError, FileError):
            found.changed[layout.id(lineage)] = "holds a damaged line"
    return content


def _check_output(layout: Layout, id: str, size: int, sha256: str, found: _Findings) -> None:
    path = below(layout.out, id)
    found.known.add(id)
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            found.changed[id] = "is no regular file"
        elif status.st_size != size:
            found.changed[id] = f"has {status.st_size:,} bytes, must have {size:,}"
        elif sha256_of(path.read_bytes()) != sha256:
            found.changed[id] = "has other content than was written"
        else:
            found.checked += 1
    except FileNotFoundError:
        found.missing.append(id)
    except OSError as fault:
        found.changed[id] = f"cannot be read: {fault.strerror}"


def _check_equal(layout: Layout, path: Path, content: bytes, found: _Findings) -> None:
    try:
        if path.read_bytes() != content:
            found.changed[layout.id(path)] = "is not as the shards' markers say"
    except OSError:
        found.missing.append(layout.id(path))


def _highest_shard(layout: Layout) -> int:
    names = (path.stem for path in layout.shards.glob("*.json"))
    return max((int(name) for name in names if name.isdecimal()), default=-1)


def _files(root: Path) -> Iterator[str]:
    """Yield the path below `root` of everything in it that is no folder; links are not followed."""
    folders = [(os.fspath(root), "")]
    while folders:
        folder, prefix = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, f"{prefix}{entry.name}/"))
                else:
                    yield prefix + entry.name
