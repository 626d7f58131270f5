"""Panoptic files of COCO: their PNG pictures of segments, as annotations with run lengths.

Reference: https://cocodataset.org/#format-data, 4. Panoptic Segmentation: the id of a segment is R + 256 G + 256^2 B.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from augkit.core.arrays import Image, Indices, Json, JsonObject
from augkit.datasets.inventory import Inventory
from augkit.datasets.picture_finder import PictureFinder
from augkit.errors import AugkitError, FileError, raise_outage
from augkit.images import decode
from augkit.images.pictures_apart import apart
from augkit.targets import run_lengths
from augkit.targets.columns import shown

MOST_IDS = 1 << 48  # of three channels of 16 bits


def is_panoptic(data: JsonObject) -> bool:
    """Return whether the annotations of a file are about pictures of segments."""
    entries = data.get("annotations")
    first = entries[0] if isinstance(entries, list) and entries else None
    return isinstance(first, dict) and "segments_info" in first


def instances_of(data: JsonObject, path: str, inventory: Inventory) -> JsonObject:
    """Return a panoptic file with one annotation a segment; what is wrong with one is told where it is read.

    Args:
        data: what the file holds.
        path: where it lies below the root; its pictures of segments lie in a folder called as it is, or anywhere.
        inventory: of the data set.

    Raises:
        FileError: an entry is no object.
    """
    finder = PictureFinder(inventory.sizes)
    found: list[JsonObject] = []
    for place, entry in enumerate(data["annotations"]):
        if not isinstance(entry, dict):
            raise FileError(f"must be an object, got {shown(entry)}.", f"{path} annotations[{place}]")
        found += _segments(entry, path.rpartition(".")[0], finder, inventory)
    return {**data, "annotations": found}


def _segments(entry: JsonObject, folder: str, finder: PictureFinder, inventory: Inventory) -> Iterator[JsonObject]:
    known = {key: value for key, value in entry.items() if key not in ("file_name", "segments_info")}
    segments, ids, fault = entry.get("segments_info"), None, ""
    try:
        png = finder.find(str(entry.get("file_name")), folder, lambda other: other.startswith(f"{folder}/"))
        inventory.use(png)
        ids = apart(png, _ids_in, inventory.root.read(png))
    except AugkitError as error:
        raise_outage(error)
        fault = f"segments: {error.message}"
    segments = segments if isinstance(segments, list) else [segments]
    counts = dict[int, str]()
    if ids is not None and ids.ndim == 2:
        wanted = (segment.get("id") for segment in segments if isinstance(segment, dict))
        counts = _counts(ids, {id for id in wanted if type(id) is int and 0 <= id < MOST_IDS})
    for segment in segments:
        facts = dict(segment) if isinstance(segment, dict) else {}
        id = facts.pop("id", None)
        outline: Json = fault or f"no segment {shown(segment)}"
        if ids is not None and ids.ndim == 2 and type(id) is int:
            outline = f"no pixel of {id}"
            if id in counts:
                outline = {"size": list(ids.shape), "counts": counts[id]}
        yield {**known, **facts, "segment_id": id, "segmentation": outline}


def _ids_in(data: bytes) -> Indices:
    return _ids(decode(data, profiles=False).image)


def _ids(pixels: Image) -> Indices:
    """Return the ids of segments, (H, W) where the picture may hold them: red + 256 green + 65536 blue."""
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        return pixels.astype(np.int64)
    found = pixels[..., 0].astype(np.int64)  # the three at once would take three times as much
    for channel in (1, 2):
        found += pixels[..., channel].astype(np.int64) << (8 * channel)
    return found


def _counts(ids: Indices, wanted: Iterable[int]) -> dict[int, str]:
    """Return the run lengths of those ids that are there: pixels are sorted once, not looked through for each."""
    flat = ids.ravel(order="F")
    order = np.argsort(flat, kind="stable")
    found, ends = dict[int, str](), flat[order]
    for id in wanted:
        start, stop = np.searchsorted(ends, [id, id + 1])
        if start < stop:
            found[id] = run_lengths.of_places(order[start:stop], flat.size)
    return found
