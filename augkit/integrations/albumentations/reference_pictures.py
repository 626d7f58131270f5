"""Pictures that a transform takes beside the one it changes: named by their paths, pinned by their content."""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

import numpy as np

from augkit.core.arrays import Dtype, Image, Json, JsonObject
from augkit.core.located_files import place_of_file
from augkit.core.tonal import RANGE, to_nearest
from augkit.errors import DecodeError, FileError, SampleError, is_absence, raise_outage
from augkit.images import decode, read_bytes
from augkit.integrations.albumentations.registry import METADATA
from augkit.storage.stamps import Stamp, stamp_of

_PLACES = ("image", "mask")  # keys whose texts are paths; so are the texts of a list
_FILES = ("font_path",)  # arguments that are paths
_PATH, _DIGEST = "path", "sha256"


def pinned(params: str) -> str:
    """Return the arguments with the hash of every picture and font that they name, so that a plan says all."""
    given = json.loads(params)
    if METADATA not in given and not any(name in given for name in _FILES):
        return params
    return json.dumps(_with_files(given, lambda path: {_PATH: path, _DIGEST: digest_of(path)}), sort_keys=True)


def identified(arguments: JsonObject) -> JsonObject:
    """Return arguments that name files by their last names and their content, wherever they lie."""
    return _with_files(arguments, lambda path: {_PATH: os.path.basename(path), _DIGEST: digest_of(path)})  # noqa: PTH119


def files_of(arguments: JsonObject) -> dict[str, str]:
    """Return the absolute paths of the files that arguments name, by their hashes."""
    found: dict[str, str] = {}

    def note(path: str) -> Json:
        found[digest_of(path)] = os.path.abspath(place_of_file(path))  # noqa: PTH100 - links stay
        return path

    _with_files(arguments, note)
    return found


def named(params: str) -> str:
    """Return a plan's arguments whose files are called by their last names: a hash finds them again."""
    if f'"{_DIGEST}"' not in params:
        return params
    return json.dumps(_renamed(json.loads(params)), sort_keys=True)


def _renamed(value: Json) -> Json:
    if isinstance(value, dict):
        if _is_pinned(value):
            return value | {_PATH: os.path.basename(value[_PATH])}  # noqa: PTH119 - a text, maybe of another system
        return {key: _renamed(item) for key, item in value.items()}
    return list(map(_renamed, value)) if isinstance(value, list) else value


def _is_pinned(value: Json) -> bool:
    return isinstance(value, dict) and set(value) == {_PATH, _DIGEST}


def font_places(arguments: JsonObject) -> JsonObject:
    """Return a plan's arguments with the places of its fonts, if they are the pinned ones."""
    fonts = {name: arguments[name] for name in _FILES if _is_pinned(arguments.get(name))}
    return arguments | {name: _placed(pin) for name, pin in fonts.items()}


def _placed(pin: Json) -> str:
    """Return where a pinned file lies.

    Raises:
        SampleError: it is another one.
    """
    path = pin[_PATH]
    if digest_of(path, pin[_DIGEST]) != pin[_DIGEST]:
        raise SampleError("must be the file that the plan was drawn with, got another content.", path)
    return place_of_file(path, pin[_DIGEST])


def _with_files(arguments: JsonObject, change: Callable[[str], Json]) -> JsonObject:
    """Return arguments of which the paths of pictures and fonts are changed."""
    found = {name: change(v) if name in _FILES and isinstance(v, str) else v for name, v in arguments.items()}
    return found | {METADATA: _changed(found[METADATA], change)} if METADATA in found else found


def seen_from(folder: str, arguments: JsonObject, origin: str) -> JsonObject:
    """Return arguments whose relative paths, of pictures and fonts, begin in one folder, and began in another."""

    def path_from(path: str) -> str:
        return path if os.path.isabs(path) else os.path.relpath(os.path.join(origin, path), folder)  # noqa: PTH117, PTH118

    return _with_files(arguments, path_from)


def loaded(metadata: Json, dtype: Dtype, key: str = "image") -> Json:
    """Return metadata with every picture, if it is the pinned one, as an array, of the dtype of what it goes with."""
    if isinstance(metadata, dict) and _is_pinned(metadata):
        path, digest = metadata[_PATH], metadata[_DIGEST]
        if digest_of(path, digest) != digest:
            raise SampleError("must be the picture that the plan was drawn with, got another content.", path)
        image = _image(path, place_of_file(path, digest), _stamp(path, digest))
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


def digest_of(path: str, digest: str = "") -> str:
    """Return the SHA-256 of what lies at a path, or where a file of a known hash lies now."""
    return _digest(path, place_of_file(path, digest), _stamp(path, digest))


def _stamp(path: str, digest: str = "") -> Stamp:
    try:
        return stamp_of(os.stat(place_of_file(path, digest)))  # noqa: PTH116 - a Path adds nothing
    except (OSError, ValueError) as fault:
        if not is_absence(fault):
            raise_outage(fault, path)
        advice = "Paths are relative to the pipeline's file, in Python to the current folder."
        raise FileError(f"must be a picture that exists, got none. {advice}", path) from fault


@lru_cache(maxsize=64)
def _digest(path: str, place: str, stamp: Stamp) -> str:
    return sha256(_content(path, place)).hexdigest()


@lru_cache(maxsize=16)
def _image(path: str, place: str, stamp: Stamp) -> Image:
    try:
        return np.asarray(decode(_content(path, place)).image)
    except DecodeError as fault:
        raise fault.at(path) from fault.__cause__


def _content(path: str, place: str) -> bytes:
    """Return a file's bytes; a message names it as the pipeline does."""
    try:
        return read_bytes(place)
    except FileError as fault:
        raise type(fault)(fault.message, path) from fault
