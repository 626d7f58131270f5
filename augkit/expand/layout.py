"""What lies where below OUT, and how bookkeeping is written down.

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

from __future__ import annotations

import json
import threading
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from augkit.datasets.lineage import BOOKS, DONE, HINT, LINEAGE
from augkit.errors import AugkitError, FileError

if TYPE_CHECKING:
    from augkit.storage.store import Store

__all__ = ["BOOKS", "DONE", "FORMAT", "HINT", "JOB", "LEAKS", "PLANS", "REJECTED", "TEMPORARY"]
__all__ += [
    "JobError",
    "compact",
    "lineage",
    "marker",
    "marker_in",
    "plan",
    "read_job",
    "sealed",
    "sha256_of",
    "unsealed",
    "versions",
]

FORMAT = 2  # of the bookkeeping
JOB = f"{BOOKS}/job.json"
PLANS = f"{BOOKS}/plan"
REJECTED = f"{BOOKS}/rejected.jsonl"
LEAKS = f"{BOOKS}/leaks.jsonl"
TEMPORARY = f"{BOOKS}/tmp"
SEAL = "seal"
_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class JobError(AugkitError):
    """A job that began and could not be finished."""

    exit_code = 1


def plan(part: int) -> str:
    """Return where the work of a part of the job is written down."""
    return f"{PLANS}/{part:02d}.jsonl"


def lineage(shard: int) -> str:
    """Return where the lines of a shard's outputs are."""
    return f"{LINEAGE}/{shard:05d}.jsonl"


def marker(shard: int) -> str:
    """Return the file that says that a shard is complete."""
    return f"{BOOKS}/shards/{shard:05d}.json"


def read_job(store: Store) -> dict[str, Any]:
    """Return what job.json holds.

    Raises:
        FileError: OUT is no expansion, or one of another format.
        JobError: job.json is damaged.
    """
    try:
        job = unsealed(store.read(JOB))
    except OSError:
        raise FileError(f"must be a folder that augkit expand wrote, got one without {JOB}.", str(store)) from None
    if job is None:
        raise JobError("must be as augkit expand wrote it, got a damaged file.", f"{store}/{JOB}")
    if job.get("augkit_expansion") != FORMAT:
        advice = "Read it with the version of augkit that wrote it."
        raise FileError(f"must be of format {FORMAT}, got {job.get('augkit_expansion')}. {advice}", f"{store}/{JOB}")
    return job


def compact(value: Any) -> str:
    """Return a value as one line of JSON."""
    return _COMPACT.encode(value)


def sealed(value: dict[str, Any]) -> bytes:
    """Return a value as a file of JSON, a line an entry, that shows any change of a bit."""
    return _in_lines(value | {SEAL: sha256_of(compact(value).encode())})


def unsealed(data: bytes) -> dict[str, Any] | None:
    """Return the value that `sealed` wrote, or None if a bit of it has changed."""
    try:
        value = json.loads(data)
        seal = value.pop(SEAL)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    is_whole = seal == sha256_of(compact(value).encode()) and _in_lines(value | {SEAL: seal}) == data
    return value if is_whole else None


def marker_in(data: bytes, shard: int) -> dict[str, Any] | None:
    """Return a shard's marker from what its file holds, or None if that is damaged, or another shard's."""
    value = unsealed(data)
    return value if value is not None and value.get("shard") == shard else None


def _in_lines(value: dict[str, Any]) -> bytes:
    entries = ",\n".join(f"  {compact(name)}: {compact(entry)}" for name, entry in value.items())
    return f"{{\n{entries}\n}}\n".encode()


class _Last(threading.local):
    data, digest = b"", sha256(b"").hexdigest()


_last = _Last()


def sha256_of(data: bytes) -> str:
    """Return the hash that `sha256sum` prints; asked again at once about the same object, as an output's is, it knows.

    An output's hash stands in its line and, where it is a file of its own, in its shard's marker.
    """
    if data is not _last.data:
        _last.data, _last.digest = data, sha256(data).hexdigest()
    return _last.digest


def versions(packages: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the versions of everything that decides an output's bytes, `packages` among it."""
    import cv2
    import numpy as np

    return {
        "augkit": version("augkit"),
        "numpy": np.__version__,
        "opencv": cv2.__version__,  # whichever wheel it came in
        "pillow": version("pillow"),
        "simplejpeg": version("simplejpeg"),
    } | {package: version(package) for package in packages}
