"""Facts of a picture's mask: which numbers it holds, of how many pixels each, and the hash of its bytes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from augkit.core.spatial import Size
from augkit.datasets import DataSet, Source
from augkit.errors import DecodeError, SampleError
from augkit.images import class_numbers
from augkit.images.pictures_apart import apart
from augkit.train.tasks.mask_numbers import MaskNumbers

MOST_NAMED = 3


@dataclass(frozen=True)
class MaskFacts:
    """Facts of a mask."""

    sha256: str
    pixels: tuple[tuple[int, int], ...]  # of each number that it holds: the number, and how many


def facts_of_mask(data: DataSet, source: Source, content: bytes, size: Size) -> MaskFacts:
    """Return the facts of a picture's mask.

    Args:
        data: what it is of.
        source: its picture.
        content: its bytes.
        size: (height, width) of its picture.

    Raises:
        DecodeError: it cannot be decoded.
        SampleError: it has another size than its picture.
    """
    where = f"{data.root}/{source.id} mask"
    try:
        mask = apart(where, class_numbers, content, data.about.get("mask_colours"))
    except DecodeError as fault:
        raise fault.at(where) from fault.__cause__
    if mask.shape != size:
        raise SampleError(f"must have its picture's shape {size}, got {mask.shape}.", where)
    numbers, counts = np.unique(mask, return_counts=True)
    return MaskFacts(sha256(content).hexdigest(), tuple(zip(numbers.tolist(), counts.tolist(), strict=True)))


def numbers_in(facts: Iterable[MaskFacts | None]) -> set[int]:
    """Return all numbers that masks hold."""
    return {number for one in facts if one is not None for number, _ in one.pixels}


def told_classes(meant: MaskNumbers, facts: Mapping[str, Sequence[MaskFacts | None]]) -> Iterator[str]:
    """Yield, in sentences, what is odd of the classes in the masks of each part: train, val and test.

    Told are classes without a pixel in one of them, pictures without a mask, and numbers that count nowhere.
    """
    names = {"train": "training", "val": "validation", "test": "test"}
    strange = Counter[int]()
    for role, some in facts.items():
        known = [one for one in some if one is not None]
        held = numbers_in(known)
        strange.update(number for one in known for number, _ in one.pixels if number not in meant.numbers)
        absent = [name for name, number in zip(meant.names, meant.numbers, strict=True) if number not in held]
        if absent:
            more = f" and {len(absent) - MOST_NAMED:,} more" if len(absent) > MOST_NAMED else ""
            noun, verb = ("Class", "has") if len(absent) == 1 else ("Classes", "have")
            told = f"{noun} {', '.join(absent[:MOST_NAMED])}{more} {verb} no pixel in {names[role]}"
            yield f"{told}: it cannot be learnt." if role == "train" else f"{told}."
        missing = len(some) - len(known)
        if missing:
            noun = "picture of" if missing == 1 else "pictures of"
            verb = "has" if missing == 1 else "have"
            yield f"{missing:,} {noun} {names[role]} {verb} no mask: all pixels there are ignored."
    if strange:
        first = sorted(strange.items())[:MOST_NAMED]
        told = ", ".join(f"{number} (in {count:,} mask{'s' * (count != 1)})" for number, count in first)
        yield f"Ignored in masks: the number{'s' * (len(first) != 1)} {told}."
