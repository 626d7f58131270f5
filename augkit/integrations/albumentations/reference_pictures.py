"""Pictures that a transform takes beside the one it changes: named by their paths, pinned by their content."""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

import numpy as np

from augkit.core.arrays import Dtype, Image, Json, JsonObject
from augkit.core.tonal import RANGE, to_nearest
from augkit.errors import DecodeError, FileError, SampleError
from augkit.images import decode, read_bytes
from augkit.integrations.albumentations.registry import METADATA

_PLACES = ("image", "mask")  # keys whose texts are paths; so are the texts of a list
_FILES = ("font_path",)  # arguments that are paths
_PATH, _DIGEST = "path", "sha256"


def pinned(params: str) -> str:
    """Return the arguments with the hash of every picture that their metadata names, so that a plan says all."""
    given = json.loads(params)
    if METADATA not in given:
        return params
    given[METADATA] = _changed(given[METADATA], lambda path: {_PATH: path, _DIGEST: _digest(path, *_stamp(path))})
    return json.dumps(given, sort_keys=True)


def seen_from(folder: str, arguments: JsonObject, origin: str) -> JsonObject:
    """Return arguments whose relative paths, of pictures and fonts, begin in one folder, and began in another."""

    def path_from(path: str) -> str:
        return path if os.path.isabs(path) else os.path.relpath(os.path.join(origin, path), folder)  # noqa: PTH117, PTH118

    found = {name: path_from(v) if name in _FILES and isinstance(v, str) else v for name, v in arguments.items()}
    return found | {METADATA: _changed(found[METADATA], path_from)} if METADATA in found else found


def loaded(metadata: Json, dtype: Dtype, key: str = "image") -> Json:
    """Return metadata with every picture, if it is the pinned one, as an array, of the dtype of what it goes with."""
    if isinstance(metadata, dict) and set(metadata) == {_PATH, _DIGEST}:
        path = metadata[_PATH]
        if _digest(path, *_stamp(path)) != metadata[_DIGEST]:
            raise SampleError("must be the picture that the plan was drawn with, got another content.", path)
        image = _image(path, *_stamp(path))
        return image.copy() if key == "mask" else in_range_of(image, dtype)
    if isinstance(metadata, dict):
        return {name: loaded(value, dtype, name) for name, value in metadata.items()}
    return [loaded(value, dtype, key) for value in metadata] if isinstance(metadata, list) else metadata


def in_range_of(image: Image, dtype: Dtype) -> Image:
    """Return the picture with another dtype, its values the same fractions of the range; always a copy."""
    if image.dtype == dtype:
        return image.copy()
    values = image.astype(np.float64) * (RANGE[dtype] / RANGE[image.dtype])
    return (to_nearest(values) if dtype.kind == "u" else values).astype(dtype)


def _changed(value: Json, pin: Callable[[str], Json], is_place: bool = False) -> Json:
    if isinstance(value, dict):
        return {key: _changed(item, pin, key in _PLACES) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, pin, True) for item in value]
    return pin(value) if is_place and isinstance(value, str) else value


def _stamp(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path adds nothing
    except (OSError, ValueError):
        advice = "Paths are relative to the pipeline's file, in Python to the current folder."
        raise FileError(f"must be a picture that exists, got none. {advice}", path) from None
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=64)
def _digest(path: str, size: int, changed: int) -> str:
    return sha256(read_bytes(path)).hexdigest()


@lru_cache(maxsize=16)
def _image(path: str, size: int, changed: int) -> Image:
    try:
        return np.asarray(decode(read_bytes(path)).image)
    except DecodeError as fault:
        raise fault.at(path) from fault.__cause__
