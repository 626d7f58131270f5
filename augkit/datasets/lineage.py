"""Lineage of an expansion's outputs, as its bookkeeping holds it: the source that each one came from."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import DataSet, Source
from augkit.datasets.places import place_of
from augkit.errors import FileError
from augkit.storage.root import Root
from augkit.storage.sealed_json import sha256_of, unsealed
from augkit.storage.store import BOOKS
from augkit.storage.trust import Trust
from augkit.storage.web_files import is_url, require_public

LINEAGE = f"{BOOKS}/lineage"
HINT = f"{BOOKS}/source.txt"  # where the sources lay
DONE = f"{BOOKS}/done.json"
SHARDS = f"{BOOKS}/shards"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of an output.

    Args:
        source: as the data set had it that was expanded; its split is the one it was given.
        copy: which copy the output is, or None for the source itself, passed through untouched.
        sha256: of the source's file.
    """

    source: Source
    copy: int | None
    sha256: str


def read_lineage(root: Root) -> dict[str, Origin]:
    """Return where every output of an expansion came from, by its id; nothing for another data set.

    Raises:
        FileError: the expansion is not complete, or its books are damaged.
    """
    if not root.is_folder(LINEAGE):
        return {}
    if not root.is_file(DONE):
        advice = "Run the command that began it once more."
        raise FileError(f"must be complete, got an expansion without {DONE}. {advice}", str(root))
    found: dict[str, Origin] = {}
    for name in root.names(LINEAGE):
        path = f"{LINEAGE}/{name}"
        data = root.read(path)
        if not _is_as_written(root, path, name, data):
            what = "must be as augkit expand wrote it, got a changed file. See with augkit verify what else is."
            raise FileError(what, f"{root}/{path}")
        for number, line in enumerate(data.splitlines(), 1):
            try:
                entry = json.loads(line)
                found[entry["id"]] = Origin(_source(entry), entry["copy"], entry["source_sha256"])
            except (ValueError, LookupError, TypeError, RecursionError):
                advice = "See with augkit verify what else is."
                what = f"must be as augkit expand wrote it, got a damaged line. {advice}"
                raise FileError(what, f"{root}/{path}:{number}") from None
    return found


def _is_as_written(root: Root, path: str, name: str, data: bytes) -> bool:
    """Say whether a file of the lineage is what its shard's marker says, as far as there is a whole one."""
    marker = f"{SHARDS}/{name.removesuffix('.jsonl')}.json"
    value = unsealed(root.read(marker)) if root.is_file(marker) else None
    facts = None if value is None else value.get("files", {}).get(path)
    return facts is None or facts == [len(data), sha256_of(data)]


def originals(root: Root, lineage: Mapping[str, Origin]) -> DataSet:
    """Return the sources of an expansion, where they lay when it was made.

    Raises:
        FileError: they are not to be found.
    """
    try:
        there = hinted(root.read(HINT), str(root), root.trust)
        sources = {origin.source.id: origin.source for origin in lineage.values()}
        if not there.is_folder():
            raise FileError("must be a folder, got nothing of that name any more.", str(there))
    except FileError as fault:
        what = f"must be there to judge by pictures that are not augmented, got: {fault}".rstrip(".")
        advice = "Expand with --split, or with --originals include."
        raise FileError(f"{what}. {advice}", f"{root}: the originals") from None
    return DataSet("folder", there, tuple(sources[id] for id in sorted(sources)))


def hinted(hint: bytes, out: str, trust: Trust) -> Root:
    """Return the root that books name as where their sources lay.

    Books may be a stranger's: a store that they name is asked for nothing, unless they lie there, too, or URLs are
    allowed.

    Args:
        hint: the content of `HINT`.
        out: the expansion's path or URL.
        trust: in who made it.

    Raises:
        FileError: it is a URL that is not to be followed, or leads to this machine or its network.
    """
    where = os.fsdecode(hint.partition(b"\0")[0].removesuffix(b"\n"))  # files of the pipeline follow
    if "://" in where and not trust.urls and _store_of(where) != _store_of(out):
        what = f"must be a place of this machine, or where the expansion lies, got {where!r:.200}"
        raise FileError(f"{what}. Pass --allow-urls if you trust who made it.", f"{out}/{HINT}")
    if is_url(where) and _store_of(where) != _store_of(out):
        require_public(where)
    return Root.at(where, trust)


def _store_of(url: str) -> str:
    """Return the scheme and the bucket or host of a URL.

    >>> _store_of("s3://photos/raw/x"), _store_of("/home/photos")
    ('s3://photos', '')
    """
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}" if mark else ""


def _source(entry: JsonObject) -> Source:
    id, place = entry["source"], place_of(entry.get("place", entry["source"]))
    label, split, group = entry["class"], entry["split"], entry["group"]
    return Source(id, entry["source_bytes"], label, split, group, None if place == id else place)
