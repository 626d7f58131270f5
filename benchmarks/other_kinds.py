"""Pictures of kinds that the defaults were not made for: tiny photos, two classes of faces, strips, few, uneven."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from benchmarks.sets import BEHIND, Labelled, mnist, stamps, themes

__all__ = ["faces", "fives", "strips", "tiny", "wide_cut_outs"]

TINY, FACE, TALL, WIDE = 32, 200, 64, 6  # pixels of a side; and how many times as wide as high


@cache
def tiny() -> Labelled:
    """Return cut-outs on their paper by theme, in colour, 32 x 32 pixels.

    Raises:
        Absent: the Debian package is not installed.
    """
    known = themes()
    small = [cv2.resize(image, (TINY, TINY), interpolation=cv2.INTER_AREA) for image in known.images]
    return Labelled([np.asarray(image, np.uint8) for image in small], known.labels)


@cache
def faces() -> Labelled:
    """Return scikit-image's 100 faces and 100 pieces of photos without one, grey, 25 pixels enlarged to 200."""
    from skimage.data import lfw_subset

    rows = np.rint(np.asarray(lfw_subset()) * 255).clip(0, 255).astype(np.uint8)
    large = [cv2.resize(row, (FACE, FACE), interpolation=cv2.INTER_CUBIC) for row in rows]
    return Labelled([np.asarray(image, np.uint8) for image in large], np.repeat([0, 1], 100))


@cache
def strips() -> Labelled:
    """Return handwritten digits, each anywhere in a black strip of 28 x 168 pixels, grey.

    Raises:
        Absent: MNIST is not there.
    """
    known, random = mnist(), np.random.default_rng(0)
    images = []
    for image in known.images:
        strip = np.zeros((28, 28 * WIDE), np.uint8)
        left = int(random.integers(28 * (WIDE - 1) + 1))
        strip[:, left : left + 28] = image
        images.append(strip)
    return Labelled(images, known.labels)


@cache
def wide_cut_outs() -> Labelled:
    """Return cut-outs of eight kinds, each anywhere in a white strip of 64 x 384 pixels, in colour.

    Raises:
        Absent: the Debian package is not installed.
    """
    known, random = stamps(), np.random.default_rng(0)
    images = []
    for image in known.images:
        strip = np.full((TALL, TALL * WIDE, 3), BEHIND, np.uint8)
        left = int(random.integers(TALL * (WIDE - 1) + 1))
        strip[:, left : left + TALL] = cv2.resize(image, (TALL, TALL), interpolation=cv2.INTER_AREA)
        images.append(strip)
    return Labelled(images, known.labels)


@cache
def fives() -> Labelled:
    """Return handwritten threes and fives.

    Raises:
        Absent: MNIST is not there.
    """
    known = mnist()
    places = np.flatnonzero(np.isin(known.labels, (3, 5)))
    return Labelled([known.images[place] for place in places.tolist()], (known.labels[places] == 5).astype(np.int64))
