"""Pictures that lie in two splits: the same file twice, or the same picture saved again.

The mark of a picture is a perceptual hash (pHash; Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010) with its thumbnail: a hash alone takes every handwritten 1 for every other. OpenCV does the transform
in a few lines; imagehash would bring SciPy and PyWavelets to everyone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Array, Image, JsonObject
from augkit.core.tonal import RANGE

SIDE, KEPT = 32, 8  # pixels of the picture that is transformed; of its lowest frequencies
THUMB = 8  # pixels of the thumbnail's side
NEAR_BITS = 6  # of 63
NEAR = 0.1  # mean difference of two thumbnails whose brightness and contrast are made equal, in standard deviations
ROUNDED_LEVELS = 0.35  # what rounding adds to that, in levels
FLAT_LEVELS = 1.0  # a thumbnail whose levels deviate less shows nothing that could be told from others
BANDS = 7  # two hashes that differ in 6 bits agree in one of 7 parts
MOST_NAMED = 20  # ids in a line


@dataclass(frozen=True)
class Leak:
    """Pictures that are alike and lie in different splits.

    Args:
        kind: ``same`` bytes, or ``near``.
        pictures: (split, id) of each, in order; the first ones of many.
        count: how many there are.
    """

    kind: str
    pictures: tuple[tuple[str, str], ...]
    count: int

    def described(self) -> JsonObject:
        """Return it as a line of leaks.jsonl holds it."""
        return {"kind": self.kind, "count": self.count, "pictures": [list(picture) for picture in self.pictures]}


def fingerprint(image: Image) -> str:
    """Return the mark of a picture: 16 hex digits of hash, then its thumbnail, two digits a pixel.

    Args:
        image: (H, W) or (H, W, C), of any dtype that a sample has; colours count as their mean.
    """
    grey = (image if image.ndim == 2 else image[..., :3].mean(axis=2)).astype(np.float32)
    grey *= 255.0 / RANGE[image.dtype]
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small)[:KEPT, :KEPT].ravel()[1:]  # without the mean
    bits = (low > np.median(low)).astype(np.uint64)
    number = int((bits << np.arange(len(bits), dtype=np.uint64)).sum())
    thumb = np.clip(np.rint(cv2.resize(grey, (THUMB, THUMB), interpolation=cv2.INTER_AREA)), 0, 255).astype(np.uint8)
    return f"{number:016x}{thumb.tobytes().hex()}"


class Marks:
    """Files and fingerprints of pictures, in the order in which they are added."""

    def __init__(self) -> None:
        self.files: dict[str, list[int]] = defaultdict(list)  # places of pictures, by the SHA-256 of their files
        self._splits, self._hashes, self._thumbs = list[str](), list[int](), list[NDArray[np.uint8]]()

    def add(self, split: str, sha256: str, mark: str) -> None:
        """Add a picture: its split, the SHA-256 of its file, its fingerprint."""
        self.files[sha256].append(len(self._splits))
        self._splits.append(split)
        self._hashes.append(int(mark[:16], 16))
        self._thumbs.append(np.frombuffer(bytes.fromhex(mark[16:]), np.uint8))

    def near(self) -> list[list[int]]:
        """Return the places of pictures that look alike though their files differ, joined across splits, set by set.

        Of files that are the same the first one stands for all.
        """
        firsts = [places[0] for places in self.files.values()]
        if not firsts:
            return []
        hashes, thumbs = np.array(self._hashes, np.uint64), np.array(self._thumbs)
        return list(_joined(hashes, thumbs, np.array(self._splits), np.array(firsts)))


def find_leaks(entries: Iterable[tuple[str, str, str, str]]) -> list[Leak]:
    """Return the sets of pictures that are alike and lie in different splits; larger ones are told in short.

    Args:
        entries: (id, split, SHA-256 of the file, fingerprint) of each picture.
    """
    names, marks = list[tuple[str, str]](), Marks()
    for id, split, sha256, mark in entries:
        names.append((split, id))
        marks.add(split, sha256, mark)
    leaks = [_leak("same", s, names) for s in marks.files.values() if len({names[place][0] for place in s}) > 1]
    leaks += [_leak("near", places, names) for places in marks.near()]
    return sorted(leaks, key=lambda leak: leak.pictures)


def _leak(kind: str, places: list[int], names: list[tuple[str, str]]) -> Leak:
    pictures = sorted(names[place] for place in places)
    # Of many some of every split are named.
    some = [p for split in dict(pictures) for p in [q for q in pictures if q[0] == split][: MOST_NAMED // 2]]
    return Leak(kind, tuple(some), len(pictures))


def _joined(
    hashes: NDArray[np.uint64], thumbs: NDArray[np.uint8], splits: Array, places: NDArray[np.int64]
) -> Iterator[list[int]]:
    """Yield the places of pictures that are joined by likenesses across splits."""
    plain = thumbs.astype(np.float32)
    spread = plain.std(axis=1, keepdims=True)
    plain = (plain - plain.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-6)
    places = places[spread[places, 0] >= FLAT_LEVELS]
    sets: dict[int, list[int]] = {}  # the one that a place is in
    for first, second in _candidates(hashes, splits, places):
        difference = np.abs(plain[first] - plain[second]).mean(axis=1)
        is_near = difference <= NEAR + ROUNDED_LEVELS / np.minimum(spread[first], spread[second])[:, 0]
        for one, other in zip(first[is_near], second[is_near], strict=True):
            smaller, larger = sorted((sets.setdefault(place, [place]) for place in (int(one), int(other))), key=len)
            if smaller is not larger:
                larger += smaller
                sets |= dict.fromkeys(smaller, larger)
    yield from {id(joined): joined for joined in sets.values()}.values()


def _candidates(
    hashes: NDArray[np.uint64], splits: Array, places: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of places in different splits whose hashes differ in few bits, found band by band."""
    width = 63 // BANDS
    for band in range(BANDS):
        values = (hashes[places] >> np.uint64(band * width)) & np.uint64((1 << width) - 1)
        order = places[np.argsort(values, kind="stable")]
        starts = np.flatnonzero(np.diff(np.sort(values), prepend=values.max() + np.uint64(1) if len(values) else 0))
        for bucket in np.split(order, starts[1:]):
            for split in np.unique(splits[bucket]):
                inside, outside = bucket[splits[bucket] == split], bucket[splits[bucket] > split]
                for place in inside if len(outside) else ():
                    differing = np.bitwise_count(hashes[outside] ^ hashes[place])
                    near = outside[differing <= NEAR_BITS]
                    if len(near):
                        yield np.full(len(near), place), near
