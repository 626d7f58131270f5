"""Ways in which files are damaged by chance and by harm: the same for the same seed."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable

Way = Callable[[bytes, random.Random], bytes]

MOST_WAYS = 3  # that one file is damaged in
_NUMBER, _WORD = re.compile(rb"-?[0-9][0-9.eE+-]*"), re.compile(rb"[A-Za-z_]\w*")
_ENDS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_VALUES = (
    *(b"", b"null", b"-1", b"0", b"1e999", b"-1e30", b"NaN", b"true", b'"x"', b"[]", b"{}", b"../x", b"/etc/passwd"),
    *(b"999999999999", b"2147483647", b"65536", b"1000000", b"1,5", b"'", b"<x>", b"&x;", b"[[[[", b"*x", b"&a [*a]"),
    *(b"\xff", b"\0", b"\xe2\x80\xae", b"\x1b[2J", b"\n\n", b"1_000", b"0x10", b"1e-320"),
)


def damaged(data: bytes, rng: random.Random, is_text: bool) -> bytes:
    """Return a file that is damaged in one to three ways."""
    ways = _TEXTUAL * 2 + _BINARY if is_text else _BINARY
    for _ in range(rng.choice((1, 1, 2, MOST_WAYS))):
        data = rng.choice(ways)(data, rng) if data else rng.randbytes(8)
    return data


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        changed[_near(len(data), rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _near(length: int, rng: random.Random) -> int:
    """Return a place in a file, as often as not in its head or its tail, where the counts and the sizes lie."""
    part = rng.choice(("all", "all", "head", "tail"))
    span = min(length, 160)
    return rng.randrange(length) if part == "all" else rng.randrange(span) - (span if part == "tail" else 0)


def _field(data: bytes, rng: random.Random) -> bytes:
    """Put an extreme number of one, two, four or eight bytes somewhere."""
    kind = rng.choice(("B", "<H", ">H", "<I", ">I", "<Q", ">Q"))
    width = struct.calcsize(kind)
    value = rng.choice(_ENDS) if rng.random() < 0.8 else rng.getrandbits(8 * width)
    place = _near(len(data), rng) % len(data)
    return data[:place] + struct.pack(kind, value % (1 << 8 * width)) + data[place + width :]


def _grown(data: bytes, rng: random.Random) -> bytes:
    """Multiply a number that is stored somewhere, as sizes are."""
    kind = rng.choice(("<H", ">H", "<I", ">I"))
    place, width = _near(len(data), rng) % len(data), struct.calcsize(kind)
    if place + width > len(data):
        return _field(data, rng)
    (value,) = struct.unpack_from(kind, data, place)
    value = (value * rng.choice((10, 100, 1000, 65_537)) + rng.randint(-1, 1)) % (1 << 8 * width)
    return data[:place] + struct.pack(kind, value) + data[place + width :]


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data))
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 64, 512)))


def _cut(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _inserted(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + rng.randbytes(rng.choice((1, 2, 4, 64))) + data[place:]


def _doubled(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 1000)) + data[end:]


def _shortened(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _filled(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + rng.choice((b"\0", b"\xff")) * (end - start) + data[end:]


def _half(data: bytes, rng: random.Random) -> bytes:
    """Fill the rest with zeros, as file systems do after a loss of power."""
    place = rng.randrange(len(data))
    return data[:place] + bytes(len(data) - place)


def _swapped(data: bytes, rng: random.Random) -> bytes:
    (a, b), (c, d) = sorted((_span(data, rng), _span(data, rng)))
    return data[:a] + data[c:d] + data[min(b, c) : c] + data[a : min(b, c)] + data[d:]


def _exchanged(data: bytes, rng: random.Random, pattern: re.Pattern[bytes]) -> bytes:
    found = list(pattern.finditer(data))
    if len(found) < 2:
        return _flipped(data, rng)
    one, other = sorted(rng.sample(found, 2), key=lambda match: match.start())
    return data[: one.start()] + other[0] + data[one.end() : other.start()] + one[0] + data[other.end() :]


def _numbers(data: bytes, rng: random.Random) -> bytes:
    return _exchanged(data, rng, _NUMBER)


def _words(data: bytes, rng: random.Random) -> bytes:
    return _exchanged(data, rng, _WORD)


def _replaced(data: bytes, rng: random.Random) -> bytes:
    """Put a value of another type, or an extreme one, where a word or a number stands."""
    found = list(rng.choice((_NUMBER, _WORD)).finditer(data))
    if not found:
        return _flipped(data, rng)
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(_VALUES) + data[match.end() :]


def _digits(data: bytes, rng: random.Random) -> bytes:
    """Make a number longer by some digits."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return _flipped(data, rng)
    match = rng.choice(found)
    return data[: match.end()] + b"0" * rng.choice((1, 3, 6, 9, 400)) + data[match.end() :]


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Drop, double, swap or multiply lines."""
    lines = data.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines[one] = lines[one] * rng.choice((10, 300))
    return b"".join(lines)


def _nested(data: bytes, rng: random.Random) -> bytes:
    opening = rng.choice((b"[", b"{", b'{"a":', b"- ", b"<a>", b"("))
    place = rng.randrange(len(data))
    return data[:place] + opening * rng.choice((20, 2000)) + data[place:]


_BINARY: tuple[Way, ...] = (
    *(_flipped, _flipped, _flipped, _field, _field, _field, _grown, _grown, _cut, _inserted, _doubled),
    *(_shortened, _filled, _half, _swapped),
)
_TEXTUAL: tuple[Way, ...] = (_numbers, _words, _replaced, _replaced, _digits, _lines, _lines, _nested)
