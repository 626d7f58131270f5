"""Pictures that are looked at in a helper process: where a decoder crashes or never ends, that costs its picture.

Workers are expendable, and decode by themselves; see `augkit.apart`. So do `augkit.read`, and `expand` with 0 workers,
which are there for who wants one process. Every other one leaves decoding to a helper,
which gets a file's bytes and gives back what a function makes of them: the less, the faster.
"""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from augkit.apart import Limits, Silent, run_apart
from augkit.errors import AugkitError, DecodeError, FileError, OutOfMemory, SampleError, raise_outage
from augkit.images.decoding import Decoded, decode
from augkit.images.modes import Mode, checked_mode
from augkit.images.picture_files import read_bytes
from augkit.targets.sample import Sample

# Of memory a picture may take what there is: headers bound what is asked for, and want of it says nothing of a picture.
PICTURE = Limits(cpu_s=60.0, bytes=None, still_s=60.0)
TOGETHER = Limits(cpu_s=20.0, bytes=None, still_s=20.0)  # of several; those that take longer are looked at one by one
MOST_TOGETHER, BYTES_TOGETHER = 16, 2 << 20  # pictures that are sent at once
_SOUND = b64decode(  # one grey pixel, as PNG
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

P = ParamSpec("P")
T = TypeVar("T")


def apart(
    where: str, function: Callable[Concatenate[bytes, P], T], data: bytes, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Return what a function makes of a picture's file, in a helper process.

    Args:
        where: the file's name, for outages.
        function: one of an importable module.
        data: the file.
        args: of the function.
        kwargs: likewise.

    Raises:
        DecodeError: it crashes, or computes or waits for a minute: without a place, as decoders raise it.
        AugkitError: what the function raises.
        Unreachable, OutOfMemory: the picture is not at fault.
    """
    try:
        return run_apart(where, PICTURE, function, data, *args, **kwargs)
    except Silent:
        run_apart(where, PICTURE, decode, _SOUND)  # nothing answers where the machine is at fault
        what = f"must be decoded, but the decoder did nothing for {PICTURE.still_s:g} s. Make it anew, or leave it out."
        raise DecodeError(what) from None
    except FileError as fault:
        raise_outage(fault)
        raise DecodeError(fault.message) from None


def decode_apart(
    data: bytes, mode: Mode = "keep", profiles: bool = True, scale: int = 1, *, where: str = ""
) -> Decoded:
    """Return what `augkit.images.decode` returns, which decodes in a helper process.

    Raises:
        DecodeError, SampleError: as `decode` raises them; also where the decoder crashes or never ends.
        Unreachable, OutOfMemory: the picture is not at fault.
    """
    return apart(where or "a picture", decode, data, mode, profiles, scale)


def read_apart(path: str | os.PathLike[str], mode: Mode = "keep") -> Sample:
    """Return what `augkit.images.read` returns, decoded in a helper process.

    Raises:
        AugkitError: as `read` raises it.
    """
    data = read_bytes(path)
    try:
        decoded = decode_apart(data, checked_mode(mode), where=str(path))
    except (DecodeError, SampleError) as fault:
        raise fault.at(str(path)) from fault.__cause__
    return Sample(image=decoded.image, alpha=decoded.alpha, id=Path(path).name)


def each_apart(
    function: Callable[..., T], pictures: Iterable[tuple[str, bytes | AugkitError]], *args: object
) -> Iterator[T | AugkitError]:
    """Yield what a function makes of each of many pictures, or why it makes nothing of one; several are sent at once.

    Args:
        function: gets the file's bytes and `args`; one of an importable module.
        pictures: the name and the bytes of each, or why they cannot be read, which is yielded as it is.
        args: of the function.

    Raises:
        Unreachable, OutOfMemory: the pictures are not at fault.
    """
    held, size = list[tuple[str, bytes | AugkitError]](), 0
    for where, data in pictures:
        held.append((where, data))
        size += len(data) if isinstance(data, bytes) else 0
        if len(held) >= MOST_TOGETHER or size >= BYTES_TOGETHER:
            yield from _answers(function, held, args)
            held, size = [], 0
    yield from _answers(function, held, args)


def _answers(
    function: Callable[..., T], held: Sequence[tuple[str, bytes | AugkitError]], args: Sequence[object]
) -> Iterator[T | AugkitError]:
    sent = [(where, data) for where, data in held if isinstance(data, bytes)]
    answers = iter(_together(function, sent, args))
    for _, data in held:
        yield next(answers) if isinstance(data, bytes) else data


def _together(
    function: Callable[..., T], sent: Sequence[tuple[str, bytes]], args: Sequence[object]
) -> Sequence[T | AugkitError]:
    if len(sent) > 1:
        try:
            return run_apart(sent[0][0], TOGETHER, each, function, [data for _, data in sent], args)
        except (FileError, OutOfMemory):  # which of them is at fault is seen below
            pass
    found = list[T | AugkitError]()
    for where, data in sent:
        try:
            found.append(apart(where, function, data, *args))
        except AugkitError as fault:
            raise_outage(fault, where)
            found.append(fault)
    return found


def each(function: Callable[..., T], pictures: Sequence[bytes], args: Sequence[Any]) -> list[T | AugkitError]:
    """Return what a function makes of each of some pictures, or why it makes nothing of one.

    Raises:
        Unreachable, OutOfMemory: the pictures are not at fault.
    """
    found = list[T | AugkitError]()
    for data in pictures:
        try:
            found.append(function(data, *args))
        except AugkitError as fault:
            raise_outage(fault)
            found.append(fault)
    return found
