"""Masks as Label Studio's brush writes them: run lengths of bits, over RGBA pixels of which the last tells the mask.

The format is that of the JavaScript package ``@thi.ng/rle-pack``: 32 bits of how many values there are, 5 of how many
bits a value has, less one, four times 4 of how many bits a length has, less one; then runs: a bit that says whether
one value is repeated, 2 of which kind of length, the length less one, and the value, or as many values as that.
"""

from itertools import pairwise

import numpy as np

from augkit.core.arrays import Json, Mask
from augkit.core.spatial import Size
from augkit.errors import FileError, SampleError
from augkit.targets.whole_masks import require_held

_VALUE_BITS, _LENGTH_BITS = 8, (3, 4, 8, 16)  # written
_HEADER = 32 + 5 + 4 * 4
_CHANNELS = 4
MOST_RUNS = 1_000_000  # of a mask that is written


def brushed(value: Json, size: Size, where: str) -> Mask:
    """Return the mask (H, W) of bool that a brush left.

    Args:
        value: a list of bytes as numbers.
        size: (height, width) of the mask.
        where: for messages.

    Raises:
        FileError: it is something else, or of another size.
    """
    require_held(size, where)
    try:
        bits = np.unpackbits(np.frombuffer(bytes(value), np.uint8))
    except (TypeError, ValueError):
        raise FileError("must be a list of bytes as numbers.", where) from None
    text = bits.tobytes().translate(bytes.maketrans(b"\0\1", b"01"))
    total = size[0] * size[1] * _CHANNELS
    if len(text) < _HEADER or int(text[:32], 2) != total:
        raise FileError(f"must hold the {total:,} values of {size[0]} x {size[1]} pixels.", where)
    width = int(text[32:37], 2) + 1
    lengths = [int(text[place : place + 4], 2) + 1 for place in range(37, _HEADER, 4)]
    values, place, done = np.zeros(total, bool), _HEADER, 0
    while done < total:
        head = text[place : place + 3]
        length = lengths[int(head[1:] or b"0", 2)]
        start = place + 3 + length
        count = int(text[place + 3 : start] or b"0", 2) + 1
        several = 1 if head[:1] == b"1" else count
        place = start + several * width
        if place > len(text) or done + count > total:
            raise FileError("must hold whole runs, got a part of one.", where)
        values[done : done + count] = bits[start:place].reshape(several, width).any(axis=1)
        done += count
    mask: Mask = values.reshape(*size, _CHANNELS)[..., _CHANNELS - 1].copy()
    return mask


def brush_of(mask: Mask) -> list[int]:
    """Return what `brushed` reads a mask (H, W) from.

    >>> brushed(brush_of(np.eye(2)), (2, 2), "here").tolist()
    [[True, False], [False, True]]
    """
    flat = np.asarray(mask != 0).ravel()
    changes = int(np.count_nonzero(flat[1:] != flat[:-1]))
    if changes > MOST_RUNS:
        what = f"must be written in at most {MOST_RUNS:,} runs, got {changes:,}"
        raise SampleError(f"{what}. Write a format with masks, or take out what is ragged.", "mask")
    ends = [0, *(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
    parts = [f"{flat.size * _CHANNELS:032b}{_VALUE_BITS - 1:05b}", *(f"{bits - 1:04b}" for bits in _LENGTH_BITS)]
    most = 1 << _LENGTH_BITS[-1]
    for start, end in pairwise(ends):
        value, left = 255 * int(flat[start]), (end - start) * _CHANNELS
        while left:
            count = min(left, most)
            kind = next(kind for kind, bits in enumerate(_LENGTH_BITS) if count <= 1 << bits)
            parts.append(f"1{kind:02b}{count - 1:0{_LENGTH_BITS[kind]}b}{value:0{_VALUE_BITS}b}")
            left -= count
    text = "".join(parts)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))
