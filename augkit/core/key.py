"""Keys and streams: every random number is a pure function of (seed, sample, copy, epoch) and a label.

A `Key` names one picture to be made. ``key.stream(label)`` names one independent source of randomness inside it: the
counter-based generator Philox 4x64-10 with a 128-bit key hashed from the `Key` and a counter hashed from the label.
Nothing is shared between streams and nothing has a position that somebody else can move, so adding a picture, a step or
a worker changes no other draw.

Numbers are made from the raw 64-bit words by the formulas documented on `Stream`, because the distributions of
`numpy.random` may change between versions; the words themselves are fixed by the paper.

Reference: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from hashlib import blake2b
from numbers import Integral
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from augkit import compiled
from augkit.core.arrays import Json, Reals
from augkit.core.box_muller import normal_of
from augkit.core.frozen import frozen
from augkit.core.normal_form import nfc
from augkit.errors import ArgumentError

T = TypeVar("T")

_UNIT = 2.0**-53  # one step of a 53-bit uniform number
_SPARE_BITS = np.uint64(64 - 53)
_RUN = 8  # words: numbers drawn one by one take whole runs of them, and arrays begin behind


@frozen
class Key:
    """Name one picture to be made.

    Args:
        seed: the user's seed, any integer.
        sample: the source's id, its path relative to the data root with posix separators, in any of
            Unicode's normal forms.
        copy: which copy of the source, from 0.
        epoch: which pass over the data, from 0; offline expansion uses 0.

    >>> key = Key(seed=0, sample="roses/0113.jpg", copy=2)
    >>> key.stream("Rotate").uniform(-15, 15) == key.stream("Rotate").uniform(-15, 15)
    True
    """

    seed: int
    sample: str
    copy: int = 0
    epoch: int = 0
    _philox_key: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (type(self.seed) is type(self.copy) is type(self.epoch) is int and type(self.sample) is str):
            self._settle()
        # The text of three whole numbers and one quoted string is injective: no two keys share it.
        text = f"({self.seed}, {nfc(self.sample)!r}, {self.copy}, {self.epoch})"
        self.__dict__["_philox_key"] = _hashed(text, 16, b"augkit key")

    def _settle(self) -> None:
        """Make plain numbers and a plain text of NumPy's and other libraries', or refuse what is neither."""
        for name in ("seed", "copy", "epoch"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise ArgumentError(f"must be a whole number, got {value!r}.", f"Key.{name}")
            object.__setattr__(self, name, int(value))
        if not isinstance(self.sample, str):
            raise ArgumentError(f"must be a text, got {self.sample!r}.", "Key.sample")
        object.__setattr__(self, "sample", str(self.sample))

    def stream(self, label: str) -> Stream:
        """Return the stream that belongs to `label`; the same label always gives the same numbers."""
        return Stream(self._philox_key, label)


class Stream:
    """Draw numbers from one keyed Philox stream.

    With ``w`` the next 64-bit word: ``random`` is ``(w >> 11) * 2**-53``; ``uniform`` is
    ``low + (high - low) * random``; ``integers(n)`` is ``(w * n) >> 64`` (Lemire's multiply-shift without rejection:
    bias below n / 2**64); ``normal`` is Box and Muller's ``sqrt(-2 ln(1 - u1)) * cos(2 pi u2)`` of two successive
    uniforms.
    """

    def __init__(self, philox_key: bytes, label: str) -> None:
        self.philox_key = philox_key
        self.label = label
        self._words = philox_key + _counter(label)
        self._place = self._begun = 0  # of the next word, and of the first since the last array

    def __repr__(self) -> str:
        return f"Stream.from_name({self.name!r})"

    @property
    def name(self) -> str:
        """The stream's identity as text, for plans that draw when they run: 32 hex digits, a colon, the label."""
        first, second = self.philox_key[:8], self.philox_key[8:]
        return f"{first[::-1].hex()}{second[::-1].hex()}:{self.label}"

    @classmethod
    def from_name(cls, name: str) -> Stream:
        """Return the stream, at its beginning, whose `name` was written down."""
        digits, colon, label = name.partition(":")
        if not colon or len(digits) != 32 or set(digits) - set("0123456789abcdef"):
            raise ArgumentError(f"must be 32 hex digits, a colon and a label, got {name!r}.", "Stream.name")
        first, second = bytes.fromhex(digits[:16]), bytes.fromhex(digits[16:])
        return cls(first[::-1] + second[::-1], label)

    @property
    def state(self) -> bytes:
        """The stream, at its beginning, as ``philox.h`` reads it."""
        return self._words

    def words(self, start: int, count: int) -> NDArray[np.uint64]:
        """Return `count` words of 64 bits from word `start` on, a multiple of four; no other draw moves."""
        return _philox(self._words, start, count)

    def child(self, label: str) -> Stream:
        """Return an independent stream for what a combinator holds under `label`."""
        return Stream(self.philox_key, f"{self.label}/{label}")

    def random(self) -> float:
        """Draw from [0, 1)."""
        if compiled.library is None:
            return (self._word() >> 11) * _UNIT
        place = self._place
        self._place = place + 1
        return compiled.library.philox_unit(self._words, place)

    def uniform(self, low: float, high: float) -> float:
        """Draw from [low, high); `low` itself when both are equal."""
        return low + (high - low) * self.random()

    def normal(self, mean: float = 0.0, std: float = 1.0) -> float:
        """Draw from the normal distribution."""
        radius = math.sqrt(-2.0 * math.log1p(-self.random()))
        return mean + std * radius * math.cos(2.0 * math.pi * self.random())

    def gamma(self, shape: float) -> float:
        """Draw from the gamma distribution of scale 1; the shape is at least 0.1.

        Reference: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 2000.
        """
        if shape < 1.0:  # their note on small shapes; 1 - u is never 0
            return self.gamma(shape + 1.0) * float((1.0 - self.random()) ** (1.0 / shape))
        d = shape - 1.0 / 3.0
        while True:
            x = self.normal()
            v = (1.0 + x / math.sqrt(9.0 * d)) ** 3
            if v > 0.0 and math.log1p(-self.random()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return d * v

    def integers(self, n: int) -> int:
        """Draw a whole number from 0 to n - 1."""
        return (self._word() * n) >> 64

    def choice(self, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """Draw one of `options`, evenly or in proportion to `weights` (not negative, their sum positive)."""
        if weights is None:
            return options[self.integers(len(options))]
        rest = self.random() * math.fsum(weights)
        for option, weight in zip(options, weights, strict=True):
            rest -= weight
            if rest < 0:
                return option
        return next(o for o, w in zip(reversed(options), reversed(weights), strict=True) if w > 0)

    def permutation(self, n: int) -> list[int]:
        """Draw an order of 0 .. n - 1 (Fisher and Yates, from the last place down)."""
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            other = self.integers(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def uniforms(self, *shape: int) -> Reals:
        """Draw an array from [0, 1)."""
        values = np.empty(shape)
        # The next draw of any kind begins at the block of four after the array's end.
        start = self._begun + -(-(self._place - self._begun) // _RUN) * _RUN
        self._place = self._begun = start + -(-values.size // 4) * 4
        if compiled.library is not None:
            compiled.library.philox_units(self._words, start, values)
        else:
            values.reshape(-1)[:] = _units(self._words, start, values.size)
        return values

    def normals(self, *shape: int) -> Reals:
        """Draw an array from the standard normal distribution: cosines, then sines of Box and Muller's pairs."""
        count = math.prod(shape)
        pairs = self.uniforms(2, (count + 1) // 2)
        normal_of(pairs)
        return pairs.reshape(-1)[:count].reshape(shape)

    def _word(self) -> int:
        place = self._place
        self._place = place + 1
        if compiled.library is not None:
            return compiled.library.philox_word(self._words, place)
        return _run(self._words, place // _RUN)[place % _RUN]


class _Generator(threading.local):
    """One Philox generator a thread: setting its state costs a quarter of making a new one."""

    def __init__(self) -> None:
        self.philox = np.random.Philox(0)


_generator = _Generator()


def _hashed(text: str, size: int, purpose: bytes) -> bytes:
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=size, person=purpose).digest()


@lru_cache(maxsize=4096)
def _counter(label: str) -> bytes:
    """Return the upper three words of a label's counter; the lowest word counts the blocks of four."""
    return _hashed(label, 24, b"augkit label")


@lru_cache(maxsize=256)
def _run(stream: bytes, number: int) -> tuple[int, ...]:
    """Return a run of words."""
    words: list[int] = _philox(stream, number * _RUN, _RUN).tolist()
    return tuple(words)


def _units(stream: bytes, start: int, count: int) -> Reals:
    """Return numbers of [0, 1)."""
    words = _philox(stream, start, count)
    words >>= _SPARE_BITS
    values = words.astype(np.float64)
    values *= _UNIT
    return values


def _philox(stream: bytes, start: int, count: int) -> NDArray[np.uint64]:
    """Return `count` words of a stream from word `start` on, a multiple of four: the twin of ``philox.c``."""
    words = struct.unpack("<5Q", stream)
    state: Json = {  # tuples do as well as arrays, and are made faster
        "bit_generator": "Philox",
        "state": {"counter": (start // 4, *words[2:]), "key": words[:2]},
        "buffer": (0, 0, 0, 0),
        "buffer_pos": 4,  # nothing buffered: NumPy's generator counts up, then makes four words
        "has_uint32": 0,
        "uinteger": 0,
    }
    _generator.philox.state = state
    found: NDArray[np.uint64] = _generator.philox.random_raw(count)
    return found
