"""Check an expansion against its books: every file is there, whole and unchanged, and nothing else is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from augkit.datasets.lineage import DONE, HINT
from augkit.errors import FileError, JobError
from augkit.expand import layout
from augkit.expand.layout import JOB, SHARDS
from augkit.storage.sealed_json import sealed, sha256_of, unsealed
from augkit.storage.store import Store, store_at


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
    store, found = store_at(out), _Findings()
    try:
        parts = layout.read_job(store)["parts"]
    except JobError:
        found.changed[JOB] = "is damaged"
        parts = []
    shards = sum(part["shards"] for part in parts) or _highest_shard(store) + 1
    done = _held(store, DONE)
    is_damaged = done is not None and unsealed(done) is None
    has_ended = is_damaged or layout.read_done(store) is not None or (JOB in found.changed and done is not None)
    found.known |= {JOB, HINT, DONE, *(layout.plan(part) for part in range(len(parts)))}
    digest, whole = sha256(), 0
    for shard in range(shards):
        marker = _check_shard(store, shard, has_ended, found)
        if marker is not None:
            digest.update(sealed(marker))
            whole += 1
    for part in range(len(parts)):
        _check(store, layout.plan(part), parts[part]["plan"], found)
    if has_ended:
        _check_done(store, digest.hexdigest() if whole == shards else None, found)
    unfinished = "" if has_ended else f"the job ended after {whole} of {shards} shards"
    if not has_ended:  # an earlier part of the job may have been closed
        found.known |= {layout.REJECTED, layout.LEAKS}
    extra = sorted(id for id in store.files() if id not in found.known)
    if not has_ended:  # what a killed job had in hand belongs to no finished shard yet
        unfinished += f"; {len(extra)} files belong to none of them" if extra else ""
        extra = []
    return Report(found.checked, tuple(found.missing), tuple(found.changed.items()), tuple(extra), unfinished)


def _check_shard(store: Store, shard: int, has_ended: bool, found: _Findings) -> dict[str, Any] | None:
    """Check a shard's marker and all files it names; return it if it is whole."""
    id = layout.marker(shard)
    try:
        marker = layout.marker_in(store.read(id), shard)
    except OSError:
        if has_ended:
            found.missing.append(id)
        return None
    found.known.add(id)
    if marker is None:
        found.changed[id] = "is damaged"
        marker = _names(store, shard)
    lineage = layout.lineage(shard)
    for name, facts in marker["files"].items():
        if _check(store, name, facts, found) and name != lineage:
            found.checked += 1
    if _is_there(store, lineage):
        _check_lines(store, lineage, marker, found)
    return None if id in found.changed else marker


def _check_lines(store: Store, lineage: str, marker: Mapping[str, Any], found: _Findings) -> None:
    """Check that the marker's files are those of the lineage: each line is whole, and says what the marker says."""
    try:
        lines = list(store.lines(lineage))
    except OSError:  # which has been told
        return
    for line in lines:
        try:
            entry = json.loads(line)
            facts = marker["files"].get(entry["id"])
            agrees = facts is None or facts == [entry["bytes"], entry["sha256"]]
        except (ValueError, LookupError, TypeError, RecursionError):
            agrees = False
        if not agrees:
            found.changed.setdefault(lineage, "holds a damaged line")


def _names(store: Store, shard: int) -> dict[str, Any]:
    """Return what can be told of a shard's files without its marker."""
    files: dict[str, Any] = {}
    lineage = layout.lineage(shard)
    try:
        for line in store.lines(lineage):
            entry = json.loads(line)
            files[entry["id"]] = [entry["bytes"], entry["sha256"]]
        files[lineage] = None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass
    return {"files": files}


def _check(store: Store, id: str, facts: Any, found: _Findings) -> bool:
    """Check one file against its size and hash, if they are known; say whether it is as it was written."""
    found.known.add(id)
    try:
        size = store.size(id)
        if size is None:
            found.changed[id] = "is no regular file"
        elif facts is not None and size != facts[0]:
            found.changed[id] = f"has {size:,} bytes, must have {facts[0]:,}"
        elif facts is not None and sha256_of(store.read(id)) != facts[1]:
            found.changed[id] = "has other content than was written"
        else:
            return True
    except FileNotFoundError:
        found.missing.append(id)
    except (OSError, FileError) as fault:
        found.changed[id] = f"cannot be read: {getattr(fault, 'strerror', None) or fault}"
    return False


def _check_done(store: Store, markers: str | None, found: _Findings) -> None:
    done = unsealed(_held(store, DONE) or b"")
    if done is None:
        found.changed[DONE] = "is damaged"
        return
    for id, facts in done["files"].items():
        _check(store, id, facts, found)
    if markers is not None and done["markers_sha256"] != markers:
        found.changed[DONE] = "is not what the shards' markers come to"


def _held(store: Store, id: str) -> bytes | None:
    """Return what a file holds, nothing of what is no file or cannot be read, and None where nothing is."""
    try:
        return store.read(id)
    except FileNotFoundError:
        return None
    except OSError:
        return b""


def _is_there(store: Store, id: str) -> bool:
    try:
        return store.size(id) is not None
    except OSError:
        return False


def _highest_shard(store: Store) -> int:
    names = (id.removeprefix(f"{SHARDS}/").removesuffix(".json") for id in store.files(SHARDS))
    return max((int(name) for name in names if name.isdecimal()), default=-1)
