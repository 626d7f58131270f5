"""Measure which copies are recognised by their looks, kind by kind, and which pictures are taken for copies of others.

To 300 pictures of a data set come copies of 30 of them, one kind at a time, made by augkit's own steps: of those it is
told how many are found for certain. Pairs among up to 1,000 pictures to which nothing was added are told by how many
there are and what was said of the first ones: digits hold no copies; icons and cut-outs do hold some, such as a stamp
and its mirror image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from augkit.core.key import Key
from augkit.datasets.looks import look_of
from augkit.images import decode, encode
from augkit.pipeline import Pipeline, load
from augkit.targets.sample import Sample
from augkit.train.copies.copy_verdicts import Copy, Shown, copies
from augkit.transforms.colour import Brightness, Contrast, Hue
from augkit.transforms.crops import RandomCrop
from augkit.transforms.geometry import Mirror, Rotate
from benchmarks.sets import Absent, Image, Labelled, digits, fashion, icons, mnist, stamps, themes

__all__ = ["measure", "table"]

PICTURES, COPIED, MOST = 300, 30, 1000
NAMED = 5  # pairs
SETS: dict[str, Callable[[], Labelled]] = {
    "digits": digits,
    "mnist": mnist,
    "fashion": lambda: fashion()[0],
    "stamps": stamps,
    "themes": themes,
    "icons": icons,
}


def measure() -> dict[str, Any]:
    """Return what was found in each data set that is there."""
    found = dict[str, Any]()
    for name, read in SETS.items():
        try:
            found[name] = _of_set(read())
        except Absent as absent:
            found[name] = {"absent": str(absent)}
    return {"pictures": PICTURES, "copied": COPIED, "sets": found}


def table(found: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = [f"copies found for certain, of {found['copied']} of each kind among {found['pictures']} pictures"]
    for name, row in found["sets"].items():
        if "absent" in row:
            lines.append(f"  {name}: {row['absent']}")
            continue
        shares = ", ".join(f"{kind} {share:.0%}" for kind, share in row["found"].items())
        lines.append(f"  {name}: {shares}")
        untold = row["nothing planted"]
        lines.append(
            f"    nothing planted, {untold['pictures']} pictures: {untold['certain']} pairs certain,"
            f" {untold['likely']} likely; {row['processor ms a picture']} ms of the processor a picture"
        )
    return "\n".join(lines)


def _of_set(known: Labelled) -> dict[str, Any]:
    order = np.random.default_rng(0).permutation(len(known.labels))
    images = {int(place): np.asarray(known.images[place]) for place in order[:MOST]}
    labels = {place: str(known.labels[place]) for place in images}
    shown = [_shown(f"{place}", image, labels[place]) for place, image in images.items()]
    began = time.process_time()
    untold = copies(tuple(shown))
    spent = time.process_time() - began
    some = [*images][: min(PICTURES, len(images))]
    copied = some[: min(COPIED, len(some) // 3)]
    return {
        "found": {
            kind: _found(shown[: len(some)], [_shown(f"{p} again", made(images[p], p), labels[p]) for p in copied])
            for kind, made in _kinds(min(images[some[0]].shape[:2])).items()
        },
        "nothing planted": {"pictures": len(shown), **_told(untold, shown)},
        "processor ms a picture": round(1000 * spent / len(shown), 2),
    }


def _kinds(side: int) -> dict[str, Callable[[Image, int], Image]]:
    """Return what is done to a picture, given its place, by the kind of copy."""

    def of(*steps: Any) -> Callable[[Image, int], Image]:
        pipeline = Pipeline(steps, border="reflect")
        return lambda image, place: pipeline(Sample(image=image), Key(0, str(place))).image

    def cropped(area: float) -> Callable[[Image, int], Image]:
        def made(image: Image, place: int) -> Image:
            size = tuple(max(4, round(length * area**0.5)) for length in image.shape[:2])
            return Pipeline([RandomCrop(size)])(Sample(image=image), Key(0, str(place))).image

        return made

    def piped(name: str) -> Callable[[Image, int], Image]:
        pipeline = load(name)
        return lambda image, place: pipeline(Sample(image=image), Key(0, str(place))).image

    kinds: dict[str, Callable[[Image, int], Image]] = {
        "saved as JPEG 60": lambda image, _: decode(encode(image, "jpeg", 60)).image,
        "half the size": lambda image, _: np.asarray(
            cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        ),
        "mirrored": of(Mirror()),
        "a quarter turn": lambda image, _: np.ascontiguousarray(np.rot90(image)),
        "cropped, 5 % less": cropped(0.95),
        "cropped, 25 % less": cropped(0.75),
        "turned by 5 degrees": of(Rotate(5.0)),
        "turned by 12 degrees": of(Rotate(12.0)),
        "brighter, more contrast": of(Brightness((1.1, 1.2)), Contrast((1.1, 1.2))),
        "mirrored, turned by 5 degrees": of(Mirror(), Rotate(5.0)),
    }
    if side >= 64:
        kinds["other hues"] = lambda image, place: of(Hue((10.0, 20.0)))(image, place)
        kinds |= {f"by {name}": piped(name) for name in ("light", "six")}
    else:
        kinds |= {f"by {name}": piped(name) for name in ("small", "digits")}
    return kinds


def _shown(name: str, image: Image, label: str) -> Shown:
    return Shown(name, look_of(image), label, name)


def _found(shown: Sequence[Shown], again: Sequence[Shown]) -> float:
    """Return the share of copies that are found to be those of their originals, for certain."""
    every = (*shown, *again)
    names = [one.sha256 for one in every]
    pairs = {frozenset((names[one.first], names[one.second])) for one in copies(every) if one.is_certain}
    right = sum(frozenset((one.sha256, one.sha256.removesuffix(" again"))) in pairs for one in again)
    return round(right / len(again), 3)


def _told(found: Sequence[Copy], shown: Sequence[Shown]) -> dict[str, Any]:
    certain = [one for one in found if one.is_certain]
    first = [
        f"{shown[one.first].sha256} and {shown[one.second].sha256}: {', '.join(one.changes)}" for one in certain[:NAMED]
    ]
    return {"certain": len(certain), "likely": len(found) - len(certain), "first": first}
