"""Pictures of kinds that the defaults were not made for: tiny photos, faces, strips, letters, noise, grey icons."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from augkit.images.network_input import opaque
from benchmarks import emoji
from benchmarks.sets import BEHIND, Labelled, mnist, stamps, themes

__all__ = ["faces", "fives", "grey_icons", "letters", "noisy", "one_bit", "strips", "tiny", "wide_cut_outs"]

TINY, FACE, TALL, WIDE = 32, 200, 64, 6  # pixels of a side; and how many times as wide as high
LETTERS = "αβγδεζηθκλμνξπρστφχψ"
FACES = tuple(
    f"{family}{style}.ttf"
    for family, styles in {
        "DejaVuSans": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "DejaVuSansMono": ("", "-Bold", "-Oblique", "-BoldOblique"),
        "DejaVuSerif": ("", "-Bold", "-Italic", "-BoldItalic"),
        "STIXGeneral": ("", "Bol", "Italic", "BolIta"),
    }.items()
    for style in styles
)
LETTER, DRAWN = 32, 60  # pixels of a side; pictures of a letter
INK, NOISE = 128, 40  # grey from which on there is ink, of one bit; standard deviation of noise, in grey levels


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


@cache
def letters() -> Labelled:
    """Return Greek letters in sixteen faces, turned by up to 15 degrees, blurred and noisy, grey, 32 x 32 pixels."""
    import matplotlib

    home, random = Path(matplotlib.get_data_path()) / "fonts" / "ttf", np.random.default_rng(0)
    images = []
    for letter in LETTERS:
        for _ in range(DRAWN):
            font = ImageFont.truetype(home / FACES[random.integers(len(FACES))], int(random.integers(16, 26)))
            sheet = Image.new("L", (LETTER, LETTER), int(random.integers(180, 256)))
            place = tuple((LETTER / 2 + random.uniform(-3, 3, 2)).tolist())
            ImageDraw.Draw(sheet).text(place, letter, int(random.integers(0, 80)), font, anchor="mm")
            paper = sheet.getpixel((0, 0))
            turned = sheet.rotate(random.uniform(-15, 15), Image.Resampling.BICUBIC, fillcolor=paper)
            soft = cv2.GaussianBlur(np.asarray(turned, np.float32), (0, 0), random.uniform(0.4, 1.2))
            noise = random.normal(0, random.uniform(2, 12), soft.shape)
            images.append(np.rint(soft + noise).clip(0, 255).astype(np.uint8))
    return Labelled(images, np.repeat(np.arange(len(LETTERS)), DRAWN))


@cache
def noisy() -> Labelled:
    """Return handwritten digits in black on white, with noise.

    Raises:
        Absent: MNIST is not there.
    """
    known, random = mnist(), np.random.default_rng(0)
    images = [255 - image + random.normal(0, NOISE, image.shape) for image in known.images]
    return Labelled([np.rint(image).clip(0, 255).astype(np.uint8) for image in images], known.labels)


@cache
def one_bit() -> Labelled:
    """Return handwritten digits whose pixels are black or white.

    Raises:
        Absent: MNIST is not there.
    """
    known = mnist()
    return Labelled([np.where(image < INK, 0, 255).astype(np.uint8) for image in known.images], known.labels)


def grey_icons(side: int) -> tuple[Labelled, tuple[str, ...]]:
    """Return a maker's emoji by theme, in grey on white paper, and the name of each; `side` is in pixels.

    Raises:
        Absent: the package is not there.
    """
    known, names = emoji.themes_of_emoji("twitter")
    images = []
    for image in known.images:
        small = cv2.resize(opaque(image, (BEHIND,) * 3), (side, side), interpolation=cv2.INTER_AREA)
        images.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8))
    return Labelled(images, known.labels), names
