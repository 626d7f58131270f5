"""Damage to annotation files, as it happens and as it is made: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_VALUES = (b"", b"null", b"-1", b"0", b"1e999", b"NaN", b"true", b'"x"', b"[]", b"{}", b"999999999999", b"1,5", b"../x")


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged copies of a text file: each is another one, some of them may still mean the same.

    Bytes are flipped, cut out and put in, the end is cut off, lines are dropped, doubled and swapped, numbers are
    swapped with others, words (keys, names) are renamed, and values are replaced by those of other types.
    """
    rng = random.Random(seed)
    ways: tuple[Callable[[bytes, random.Random], bytes], ...] = (
        *(_flipped, _flipped, _cut, _inserted, _shortened, _line_dropped, _line_doubled, _lines_swapped),
        *(_numbers_swapped, _number_replaced, _word_renamed, _value_replaced),
    )
    for _ in range(count):
        yield rng.choice(ways)(data, rng)


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + data[place + rng.randint(1, 20) :]


def _inserted(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.randbytes(rng.randint(1, 5)) + data[place:]


def _shortened(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _line_dropped(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return b"".join(lines)


def _line_doubled(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    return b"".join([*lines[:place], lines[place], *lines[place:]])


def _lines_swapped(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _spans(data: bytes, of: bytes) -> list[tuple[int, int]]:
    """Where runs of some bytes begin and end."""
    found: list[tuple[int, int]] = []
    begin = None
    for place, byte in enumerate(data + b"\0"):
        if byte in of and place < len(data):
            begin = place if begin is None else begin
        elif begin is not None:
            found.append((begin, place))
            begin = None
    return found


_DIGITS = b"0123456789.-"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"


def _numbers_swapped(data: bytes, rng: random.Random) -> bytes:
    spans = _spans(data, _DIGITS)
    if len(spans) < 2:
        return _flipped(data, rng)
    (a, b), (c, d) = sorted(rng.sample(spans, 2))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _number_replaced(data: bytes, rng: random.Random) -> bytes:
    spans = _spans(data, _DIGITS)
    if not spans:
        return _flipped(data, rng)
    begin, end = rng.choice(spans)
    return data[:begin] + rng.choice(_VALUES) + data[end:]


def _word_renamed(data: bytes, rng: random.Random) -> bytes:
    spans = _spans(data, _LETTERS)
    if not spans:
        return _flipped(data, rng)
    begin, end = rng.choice(spans)
    return data[:begin] + rng.choice((b"", b"x", data[begin:end] + b"s", data[begin:end].swapcase())) + data[end:]


def _value_replaced(data: bytes, rng: random.Random) -> bytes:
    spans = _spans(data, _LETTERS + _DIGITS)
    if not spans:
        return _flipped(data, rng)
    begin, end = rng.choice(spans)
    return data[:begin] + rng.choice(_VALUES) + data[end:]
