"""Replay: one output is made again from its line in the books."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.located_files import files_located
from augkit.core.plan import Plan
from augkit.core.shrunk import WHOLE, Shrunk, scale_of, stand_in_of
from augkit.datasets import read
from augkit.datasets.lineage import HINT, LINEAGE, hinted
from augkit.datasets.places import Linked, Place, place_of, read_place
from augkit.errors import ArgumentError, FileError, JobError, closest, is_absence, raise_outage
from augkit.executors import run
from augkit.expand import layout
from augkit.expand.job import versions
from augkit.expand.references import hinted_files
from augkit.images import encode, in_bytes
from augkit.images.colour_profiles import littlecms_version
from augkit.images.pictures_apart import decode_apart
from augkit.storage.root import Archive, Folder, Root
from augkit.storage.sealed_json import compact, sha256_of
from augkit.storage.store import BOOKS, Store
from augkit.storage.stores import store_at
from augkit.storage.trust import Trust
from augkit.targets.sample import Sample

MOST_SUGGESTED_FROM = 20_000  # ids: comparing a text with more of them takes seconds
L = TypeVar("L", bound="_Line")


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


class _Line(BaseModel):
    """Fields of every line that names an output, be it written or rejected."""

    model_config = ConfigDict(strict=True)

    id: str


class _RejectedLine(_Line):
    reason: str


class _OutputLine(_Line):
    """Facts by which an output is made again; its place in the books is for messages."""

    source: str
    source_sha256: str
    place: Json = None
    sha256: str
    executor: str
    encoding: str
    quality: int
    mode: Literal["keep", "rgb", "grey"] = "keep"
    depth: int | None = None
    levels: list[float] | None = None
    profile: str = ""
    plan: JsonObject | None
    versions: dict[str, str]
    label: Label = Field(alias="class")


def replay(
    out: str | os.PathLike[str],
    id: str,
    source: str | os.PathLike[str] | None = None,
    *,
    allow_urls: bool = False,
    allow_links: bool = False,
) -> Replay:
    """Make an output again: its source, through its plan, encoded as it was.

    Args:
        out: what `expand` wrote.
        id: the output's path below `out`, or as it lies; in a tar or a Parquet file, that file's path and its own.
        source: where the sources lie now; without it, where they lay.
        allow_urls: the books may name URLs.
        allow_links: links may lead out of the sources' folder.

    Raises:
        FileError: `out` is no expansion, or the source is not there.
        ArgumentError: no output is called so.
        JobError: the source is not the one that was expanded, or the books are damaged.
    """
    store = store_at(out)
    if not isinstance(id, str | os.PathLike):
        raise ArgumentError(f"must be the path of an output below {store}, got {id!r:.60}.", "id")
    layout.read_job(store)
    line, where = _found(store, _below_out(Path(str(store)), id))
    try:
        place = place_of(line.source if line.place is None else line.place)
        plan = None if line.plan is None else Plan.from_json(compact(line.plan))
    except ArgumentError as fault:
        raise _damaged("an unfit place or plan", where) from fault
    if isinstance(place, Linked) and source is not None:  # the table has what the books may not tell
        data = read(source, pictures_only=True, allow_urls=allow_urls, allow_links=allow_links)
        known = (other.place or other.id for other in data.sources if other.id == line.source)
        root, place = data.root, next(known, place)
    else:
        root = _root(store, source, place, Trust(allow_links, allow_urls))
    try:
        made = read_place(root, place)
    except FileError as fault:
        advice = "If the sources lie elsewhere now, say where with --source."
        if not is_absence(fault):
            raise_outage(fault)
        raise FileError(f"{fault.message} {advice}", fault.where) from None
    if sha256_of(made) != line.source_sha256:
        what = "must be the picture that was expanded, got another content. Pass --source if it lies elsewhere."
        raise JobError(what, f"{root}/{line.source}")
    if plan is not None:
        has_profile = line.profile == "converted"  # which books before 0.3 know not of
        decoded = decode_apart(made, line.mode, has_profile, scale_of(plan), where=f"{root}/{line.source}")
        low, high = line.levels or (0.0, 0.0)
        image = in_bytes(decoded.image, decoded.alpha, (low, high) if high else None) if line.depth else decoded.image
        shrunk = None if decoded.placement == WHOLE else Shrunk(image, decoded.placement)
        shown = image if shrunk is None else stand_in_of((*plan.source, *image.shape[2:]))
        sample = Sample(shown, label=line.label, id=line.source, alpha=decoded.alpha)
        with files_located(known=_files(store)):
            copy = run(plan, sample, line.executor, shrunk=shrunk)
        made = encode(copy.image, line.encoding, line.quality, copy.alpha)
    now = versions() | {"littlecms": littlecms_version()}
    others = tuple((k, then, now[k]) for k, then in line.versions.items() if now.get(k, then) != then)
    return Replay(line.id, made, sha256_of(made) == line.sha256, others)


def _files(store: Store) -> dict[str, str]:
    """Return where files lay that plans name, as far as the books tell."""
    with suppress(OSError):
        return hinted_files(store.read(HINT))
    return {}


def _below_out(out: Path, id: str) -> str:
    """Return an id as the books write it, also for a path that a shell completed, if need be as far as its tar."""
    path, root = Path(os.path.realpath(id)), Path(os.path.realpath(out))
    # Path's own questions raise at a long name.
    lies = os.path.exists(path) or any(os.path.isfile(parent) for parent in path.parents)  # noqa: PTH110, PTH113
    return path.relative_to(root).as_posix() if lies and root in path.parents else Path(id).as_posix()


def _found(store: Store, id: str) -> tuple[_OutputLine, str]:
    """Return an output's line, and where it stands."""
    start = compact({"id": id})[:-1].encode() + b","
    lineage = sorted(store.files(LINEAGE))
    for where, text in _lines(store, lineage):
        if text.startswith(start):
            return _parsed(_OutputLine, text, where), where
    rejected = [held for held in store.files(BOOKS) if held == layout.REJECTED]
    for where, text in _lines(store, rejected):
        line = _parsed(_RejectedLine, text, where)
        if line.id == id:
            raise ArgumentError(f"must name an output that was written, got one rejected: {line.reason}", "id")
    ids = [_parsed(_Line, text, where).id for where, text in islice(_lines(store, lineage), MOST_SUGGESTED_FROM)]
    raise ArgumentError(f"must be the path of an output below {store}, got {id!r}.{closest(id, ids)}", "id")


def _lines(store: Store, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield where every line of some files of the books stands, and the line."""
    for id in ids:
        try:
            for number, line in enumerate(store.lines(id), start=1):
                yield f"{store}/{id}:{number}", line
        except OSError as fault:
            if not is_absence(fault):
                raise_outage(fault, f"{store}/{id}")
            what = f"must be readable, got: {fault.strerror}. Check its permissions."
            raise FileError(what, f"{store}/{id}") from None


def _parsed(kind: type[L], line: bytes, where: str) -> L:
    """Return what a line of the books says, or raise a JobError that names its place."""
    try:
        return kind.model_validate(json.loads(line))
    except ValidationError as fault:
        details = fault.errors(include_url=False)[0]
        name = details["loc"][0] if details["loc"] else "line"
        raise _damaged(f"{'no' if details['type'] == 'missing' else 'an unfit'} {name}", where) from None
    except (ValueError, RecursionError):
        raise _damaged("a damaged line", where) from None


def _damaged(what: str, place: str) -> JobError:
    return JobError(f"must be as augkit expand wrote it, got {what}. See with augkit verify what else is.", place)


def _root(store: Store, source: str | os.PathLike[str] | None, place: Place, trust: Trust) -> Root:
    if source is not None:
        root = Root.at(source, trust)
        if isinstance(root, Archive) and not root.is_file(place if isinstance(place, str) else place.path):
            return root.above()[0]  # it was a part of a data set, not all of it
        return root.above()[0] if isinstance(root, Folder) and root.is_file() else root
    try:
        return hinted(store.read(HINT), str(store), trust)
    except OSError:
        where = f"{store}/{HINT}"
        raise FileError("must say where the sources lay, but cannot be read. Pass --source.", where) from None
