"""Scenes composed of photographed cut-outs on photos, whose truth is exact: the class of every pixel, and boxes.

Cut-outs are Tux Paint's stamps, backgrounds the photos that scikit-image and scikit-learn ship. No cut-out is in two
splits, and a split's backgrounds are a stripe of every photo of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.images import decode, encode
from benchmarks.sets import STAMPS, Absent

__all__ = ["CLASSES", "Scene", "lay_masks", "scenes"]

CLASSES = {  # folders of photos, not cartoons; the place of a class in masks is one more: 0 is the background
    "bird": ("animals/birds",),
    "fruit": ("food/fruit",),
    "flower": ("plants/flowers",),
    "mammal": ("animals/mammals", "animals/mammals/bovines"),
    "vegetable": ("food/vegetables",),
    "tool": ("household/tools",),
}
SPLITS = {"train": (0.0, 0.55), "val": (0.55, 0.7), "test": (0.7, 1.0)}  # which part of cut-outs and backgrounds
SIDE = 256  # pixels of a scene
MOST_OBJECTS = 4
LONGEST, SHORTEST = 0.6, 0.2  # of an object's longer side, as parts of the scene's
TURN = 25  # degrees at most, either way
LEAST_SEEN = 0.4  # of an object that others lie over, or it is taken out again
SOLID = 0.5  # alpha from which a pixel is the object's

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """A picture (H, W, 3), the class of every pixel (H, W), and of every object its class and box, in pixels."""

    image: Picture
    mask: Picture
    objects: tuple[tuple[int, tuple[int, int, int, int]], ...]  # class from 1; left, top, right, bottom


def scenes(split: str, count: int, seed: int) -> list[Scene]:
    """Return scenes of a split.

    Raises:
        Absent: the cut-outs are not on this machine.
    """
    first, end = SPLITS[split]
    stamps = [stamp for number in range(len(CLASSES)) for stamp in _share(_stamps()[number], first, end, seed)]
    random = np.random.default_rng([seed, list(SPLITS).index(split)])
    return [_scene(stamps, (first, end), random) for _ in range(count)]


def lay_masks(folder: Path, parts: dict[str, list[Scene]]) -> None:
    """Write scenes as folders of pictures and masks, one a split, and the names of the classes."""
    for split, made in parts.items():
        for kind in ("images", "masks"):
            (folder / split / kind).mkdir(parents=True)
        for place, scene in enumerate(made):
            (folder / split / "images" / f"{place:04d}.png").write_bytes(encode(scene.image, "png"))
            (folder / split / "masks" / f"{place:04d}.png").write_bytes(encode(scene.mask, "png"))
    lines = ["number,name,r,g,b", *(f"{number},{name},,," for number, name in enumerate(["background", *CLASSES]))]
    (folder / "classes.csv").write_text("\n".join(lines) + "\n", "utf-8")


@cache
def _stamps() -> list[list[tuple[int, Picture]]]:
    """Return the cut-outs (h, w, 4) of each class with its number, in the order of their files."""
    found = []
    for number, folders in enumerate(CLASSES.values(), 1):
        files = sorted(path for folder in folders for path in (STAMPS / folder).glob("*.png"))
        if not files:
            raise Absent(f"{STAMPS} has no pictures. Run: apt-get install tuxpaint-stamps-default")
        found.append([(number, decode(path.read_bytes()).image.astype(np.uint8)) for path in files])
    return found


def _share(stamps: Sequence[tuple[int, Picture]], first: float, end: float, seed: int) -> list[tuple[int, Picture]]:
    order = np.random.default_rng([seed, len(stamps), stamps[0][0]]).permutation(len(stamps))
    return [stamps[int(place)] for place in order[round(first * len(stamps)) : round(end * len(stamps))]]


@cache
def _photos() -> list[Picture]:
    from skimage import data
    from sklearn.datasets import load_sample_images

    made = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), data.brick(), data.grass(), data.gravel()]
    made += load_sample_images().images
    return [np.repeat(photo[..., None], 3, axis=2) if photo.ndim == 2 else photo for photo in made]


def _scene(stamps: Sequence[tuple[int, Picture]], stripe: tuple[float, float], random: np.random.Generator) -> Scene:
    image = _background(stripe, random)
    owners = np.zeros((SIDE, SIDE), np.int64)  # which object shows at each pixel, from 1
    whole: list[tuple[int, int]] = []  # class and pixels of each
    for _ in range(random.integers(1, MOST_OBJECTS + 1)):
        number, stamp = stamps[int(random.integers(len(stamps)))]
        cover, colours = _placed(stamp, random)
        is_solid = cover >= SOLID
        left = [np.count_nonzero((owners == place + 1) & ~is_solid) for place in range(len(whole))]
        if not is_solid.any() or any(now < LEAST_SEEN * size for now, (_, size) in zip(left, whole, strict=True)):
            continue
        image = np.rint(colours * cover[..., None] + image * (1.0 - cover[..., None])).astype(np.uint8)
        whole.append((number, int(is_solid.sum())))
        owners[is_solid] = len(whole)
    mask = np.array([0, *(number for number, _ in whole)], np.uint8)[owners]
    objects = [(number, _box(owners == place)) for place, (number, _) in enumerate(whole, 1)]
    return Scene(image, mask, tuple(objects))


def _background(stripe: tuple[float, float], random: np.random.Generator) -> Picture:
    photo = _photos()[int(random.integers(len(_photos())))]
    height, width = photo.shape[:2]
    low, high = round(stripe[0] * width), round(stripe[1] * width)
    side = min(height, high - low)
    side = round(side * random.uniform(0.5, 1.0))
    top, left = random.integers(height - side + 1), low + random.integers(high - low - side + 1)
    cut = photo[top : top + side, left : left + side]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _placed(stamp: Picture, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much of each pixel of the scene a turned, resized cut-out covers, and its colours."""
    height, width = stamp.shape[:2]
    zoom = random.uniform(SHORTEST, LONGEST) * SIDE / max(height, width)
    turn = math.radians(random.uniform(-TURN, TURN))
    while zoom < 0.5:  # by exact halves first: linear sampling would leave pixels out
        stamp = np.asarray(cv2.resize(stamp, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        zoom *= 2.0
    height, width = stamp.shape[:2]
    x, y = random.uniform(0.1, 0.9, 2) * SIDE
    cosine, sine = zoom * math.cos(turn), zoom * math.sin(turn)
    matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
    matrix[:, 2] = (x, y) - matrix[:, :2] @ (width / 2, height / 2)
    levels = stamp.astype(np.float64)
    alpha = levels[..., 3:] / 255.0
    both = np.concatenate([levels[..., :3] * alpha, alpha], axis=2)
    moved = np.asarray(cv2.warpAffine(both, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.float64)
    cover = moved[..., 3]
    colours = moved[..., :3] / np.maximum(cover, 1e-6)[..., None]
    return cover, colours


def _box(is_there: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(is_there.any(axis=1)), np.flatnonzero(is_there.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
