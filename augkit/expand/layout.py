"""Where things lie below OUT, and how bookkeeping is written down.

::

    OUT/[class/]<name>            the outputs
    OUT/.augkit/job.json          all that decides their bytes, and how the work is cut
    OUT/.augkit/source.txt        where the sources lay: a hint for replay; the only file with a path of this machine
    OUT/.augkit/lineage/00000.jsonl   a line for every output of a shard
    OUT/.augkit/shards/00000.json     the shard's marker: it is complete; its counts, its rejects, its lineage's hash
    OUT/.augkit/rejected.jsonl    a line for every output that was not written, with the reason
    OUT/.augkit/done.json         the job's marker: it is complete; counts and hashes
    OUT/.augkit/tmp/              what is not published yet

No file holds a time, a host or a worker's number, so that two runs compare equal byte by byte.
"""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from augkit.errors import AugkitError, FileError

__all__ = ["BOOKS", "FORMAT", "JobError", "Layout", "below", "compact", "sealed", "sha256_of", "unsealed", "versions"]

FORMAT = 1  # of the bookkeeping
BOOKS = ".augkit"
SEAL = "seal"
_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class JobError(AugkitError):
    """A job that began and could not be finished."""

    exit_code = 1


class Layout:
    """The paths of one expansion."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.books = out / BOOKS
        self.job = self.books / "job.json"
        self.source = self.books / "source.txt"
        self.rejected = self.books / "rejected.jsonl"
        self.done = self.books / "done.json"
        self.shards = self.books / "shards"
        self.lineages = self.books / "lineage"
        self.temporary = self.books / "tmp"

    def lineage(self, shard: int) -> Path:
        """Return the lines of a shard's outputs."""
        return self.lineages / f"{shard:05d}.jsonl"

    def marker(self, shard: int) -> Path:
        """Return the file that says that a shard is complete."""
        return self.shards / f"{shard:05d}.json"

    def id(self, path: Path) -> str:
        """Return the posix path below OUT."""
        return path.relative_to(self.out).as_posix()

    def read_job(self) -> dict[str, Any]:
        """Return what job.json holds.

        Raises:
            FileError: OUT is no expansion, or one of another format.
            JobError: job.json is damaged.
        """
        try:
            job = unsealed(self.job.read_bytes())
        except OSError:
            rule = "must be a folder that augkit expand wrote"
            raise FileError(f"{rule}, got one without {BOOKS}/job.json.", str(self.out)) from None
        if job is None:
            raise JobError("must be as augkit expand wrote it, got a damaged file.", str(self.job))
        if job.get("augkit_expansion") != FORMAT:
            advice = "Read it with the version of augkit that wrote it."
            raise FileError(f"must be of format {FORMAT}, got {job.get('augkit_expansion')}. {advice}", str(self.job))
        return job


def below(root: Path, id: str) -> Path:
    """Return the path that an id names below `root`.

    Raises:
        FileError: the id leads out of it.
    """
    parts = PurePosixPath(id).parts
    if not parts or ".." in parts or PurePosixPath(id).is_absolute() or "\0" in id:
        raise FileError(f"must be a path below {root}, got {id!r}.", "id")
    return root.joinpath(*parts)


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


def _in_lines(value: dict[str, Any]) -> bytes:
    entries = ",\n".join(f"  {compact(name)}: {compact(entry)}" for name, entry in value.items())
    return f"{{\n{entries}\n}}\n".encode()


def sha256_of(data: bytes) -> str:
    """Return the hash that `sha256sum` prints."""
    return sha256(data).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of everything that decides an output's bytes."""
    import cv2
    import numpy as np

    return {
        "augkit": version("augkit"),
        "numpy": np.__version__,
        "opencv": cv2.__version__,  # whichever wheel it came in
        "pillow": version("pillow"),
        "simplejpeg": version("simplejpeg"),
    }
