"""Verification of an expansion against its books: every file is there, whole and unchanged, and nothing else is."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from augkit.core.arrays import JsonObject
from augkit.datasets.lineage import DONE, HINT, SHARDS
from augkit.errors import FileError, JobError, is_absence, raise_outage
from augkit.expand import layout
from augkit.expand.book_forms import of_form
from augkit.expand.layout import JOB
from augkit.storage.sealed_json import sealed, sha256_of, unsealed
from augkit.storage.store import Store
from augkit.storage.stores import store_at

_UNFIT = (ValueError, LookupError, TypeError, RecursionError)  # of a line that is no JSON, or says something else


@dataclass(frozen=True)
class Report:
    """Findings of `verify`; files are named by their path below OUT.

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


def verify(out: str | os.PathLike[str]) -> Report:
    """Compare every file below `out` with the books of the expansion.

    Args:
        out: what `expand` wrote.

    Raises:
        FileError: it is no expansion.
        Unreachable: files cannot be read now, which says nothing of them.
    """
    return _Audit(store_at(out)).report()


class _Audit:
    """The comparison of one expansion with its books, and what it has found so far."""

    def __init__(self, store: Store) -> None:
        self.store, self.checked = store, 0
        self.missing: list[str] = []
        self.changed: dict[str, str] = {}
        self.known = {JOB, HINT, DONE}

    def report(self) -> Report:
        try:
            parts = layout.read_job(self.store)["parts"]
        except JobError:
            self.changed[JOB] = "is damaged"
            parts = []
        count = sum(part["shards"] for part in parts) or self.highest_shard() + 1
        done = self.final_marker()
        has_ended = done is not None and (not done or JOB in self.changed or layout.read_done(self.store) is not None)
        digest, whole = sha256(), 0
        for shard in range(count):
            marker = self.shard(shard, has_ended)
            if marker is not None:
                digest.update(sealed(marker))
                whole += 1
        for place, part in enumerate(parts):
            self.check(layout.plan(place), part["plan"])
        if has_ended and done:
            for id, facts in done["files"].items():
                self.check(id, facts)
            if whole == count and done["markers_sha256"] != digest.hexdigest():
                self.changed[DONE] = "is not what the shards' markers come to"
        elif has_ended:
            self.changed[DONE] = "is damaged"
        else:  # an earlier part of the job may have been closed
            self.known |= {layout.REJECTED, layout.LEAKS}
        extra, unfinished = sorted(id for id in self.store.files() if id not in self.known), ""
        if not has_ended:  # what a killed job had in hand belongs to no finished shard yet
            unfinished = f"the job ended after {whole} of {count} shards"
            unfinished += f"; {len(extra)} files belong to none of them" if extra else ""
            extra = []
        changed = tuple(self.changed.items())
        return Report(self.checked, tuple(self.missing), changed, tuple(extra), unfinished)

    def final_marker(self) -> JsonObject | None:
        """Return what the final marker holds, nothing of a damaged one, and None where there is none."""
        try:
            return of_form(unsealed(self.store.read(DONE)), "done") or {}
        except FileNotFoundError:
            return None
        except OSError as fault:
            _raise_outage(fault, f"{self.store}/{DONE}")
            return {}

    def highest_shard(self) -> int:
        names = (id.removeprefix(f"{SHARDS}/").removesuffix(".json") for id in self.store.files(SHARDS))
        return max((int(name) for name in names if name.isdecimal()), default=-1)

    def shard(self, shard: int, has_ended: bool) -> JsonObject | None:
        """Check a shard's marker and all files it names; return it if it is whole."""
        id, lineage = layout.marker(shard), layout.lineage(shard)
        try:
            self.store.size(id)
            marker = layout.read_marker(self.store, shard)
        except OSError as fault:
            _raise_outage(fault, f"{self.store}/{id}")
            if has_ended:
                self.missing.append(id)
            return None
        self.known.add(id)
        if marker is None:
            self.changed[id] = "is damaged"
        files = self.files_in(lineage) if marker is None else marker["files"]
        for name, facts in files.items():
            if self.check(name, facts) and name != lineage:
                self.checked += 1
        self.check_lines(lineage, files)
        return marker

    def files_in(self, lineage: str) -> JsonObject:
        """Return what can be told of a shard's files without its marker."""
        files: JsonObject = {}
        try:
            for line in self.store.lines(lineage):
                entry = json.loads(line)
                files[entry["id"]] = [entry["bytes"], entry["sha256"]]
            files[lineage] = None
        except (OSError, *_UNFIT) as fault:
            _raise_outage(fault, f"{self.store}/{lineage}")
        return files

    def check_lines(self, lineage: str, files: Mapping[str, object]) -> None:
        """Check that a shard's files are those of its lineage: each line is whole, and says what the marker says."""
        try:
            lines = [] if self.store.size(lineage) is None else list(self.store.lines(lineage))
        except OSError as fault:  # which has been told
            _raise_outage(fault, f"{self.store}/{lineage}")
            return
        for line in lines:
            try:
                entry = json.loads(line)
                facts = files.get(entry["id"])
                agrees = facts is None or facts == [entry["bytes"], entry["sha256"]]
            except _UNFIT:
                agrees = False
            if not agrees:
                self.changed.setdefault(lineage, "holds a damaged line")

    def check(self, id: str, facts: list[object] | None) -> bool:
        """Check one file against its size and hash, if they are known; say whether it is as it was written."""
        self.known.add(id)
        try:
            size = self.store.size(id)
            if size is None:
                self.changed[id] = "is no regular file"
            elif facts is not None and size != facts[0]:
                self.changed[id] = f"has {size:,} bytes, must have {facts[0]:,}"
            elif facts is not None and sha256_of(self.store.read(id)) != facts[1]:
                self.changed[id] = "has other content than was written"
            else:
                return True
        except FileNotFoundError:
            self.missing.append(id)
        except (OSError, FileError) as fault:
            _raise_outage(fault, f"{self.store}/{id}")
            self.changed[id] = f"cannot be read: {getattr(fault, 'strerror', None) or fault}"
        return False


def _raise_outage(fault: Exception, where: str) -> None:
    """Raise what says nothing of the tree; another kind of thing of a file's name, or one that is kept shut, does."""
    if not is_absence(fault) and not isinstance(fault, IsADirectoryError | PermissionError):
        raise_outage(fault, where)
