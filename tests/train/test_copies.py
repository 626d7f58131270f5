"""Copies of pictures, mirrored, turned, cropped, recoloured, are found as such; pictures that are alike are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_digits

from augkit.core.arrays import Image
from augkit.core.key import Key
from augkit.datasets.looks import SIDE, look_of, pixels_of
from augkit.errors import FileError
from augkit.images import decode, encode
from augkit.pipeline import load
from augkit.targets.sample import Sample
from augkit.train.copies import copy_verdicts
from augkit.train.copies.copy_verdicts import Shown, copies
from augkit.train.copies.look_views import SYMMETRIES, View, frequencies, in_symmetry, mirrored_or_turned, symmetry_map
from augkit.train.parts.known_copies import FILE, keep_copies, known_copies
from augkit.train.parts.parts import ROLES
from augkit.train.setup import Setup, prepare
from support.folders import put
from support.trainings import settings

NAMES = ("astronaut", "camera", "cat", "coffee", "rocket", "coins", "moon", "clock", "page", "hubble_deep_field")


@cache
def pictures() -> Mapping[str, Image]:
    """Return pieces of scikit-image's photos, of 96 pixels and more: four of each."""
    found = dict[str, Image]()
    for name in NAMES:
        image = getattr(data, name)()
        for place in range(4):
            height, width = image.shape[0] // 2, image.shape[1] // 2
            piece = image[place // 2 * height :, place % 2 * width :][:height, :width]
            found[f"{name}-{place}"] = cv2.resize(piece, (112, 96), interpolation=cv2.INTER_AREA)
    return found


def _cropped(image: Image) -> Image:
    height, width = image.shape[:2]
    return image[height // 10 :, : width - width // 12]


def _turned(image: Image) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 8.0, 1.0)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101))


def _recoloured(image: Image) -> Image:
    gains = np.array([1.15, 0.95, 0.85]) if image.ndim == 3 else 0.8
    return np.clip(image * gains + 12.0, 0, 255).astype(np.uint8)


CHANGES: dict[str, tuple[str, Callable[[Image], Image]]] = {
    "saved at 60": ("saved again", lambda image: decode(encode(image, "jpeg", 60)).image),
    "half the size": (
        "saved again",
        lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    ),
    "mirrored": ("mirrored", lambda image: image[:, ::-1]),
    "upside down": ("mirrored", lambda image: image[::-1]),
    "a quarter turn": ("turned", np.rot90),
    "half a turn": ("turned", lambda image: image[::-1, ::-1]),
    "turned a little": ("turned", _turned),
    "cropped": ("cropped", _cropped),
    "in other colours": ("in other colours", _recoloured),
    "mirrored and cropped": ("mirrored", lambda image: _cropped(image[:, ::-1])),
}


def shown(images: Mapping[str, Image], label: str = "a") -> Iterator[Shown]:
    for name, image in images.items():
        yield Shown(name, look_of(np.ascontiguousarray(image)), label, name)


@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found_with_what_was_done_to_them_and_nothing_else_is(change: str) -> None:
    word, made = CHANGES[change]
    names = [*pictures()]
    again = {f"{name} again": made(pictures()[name]) for name in names[::3]}
    every = (*shown(pictures()), *shown(again))
    found = [one for one in copies(every) if one.is_certain]
    pairs = {frozenset((every[one.first].sha256, every[one.second].sha256)) for one in found}
    wanted = {frozenset((name, f"{name} again")) for name in names[::3]}
    assert pairs <= wanted
    assert len(pairs) >= 0.5 * len(wanted)  # what is lost is finer than a look, or lies where little is to be seen
    assert sum(word in one.changes for one in found) >= 0.75 * len(found)


def test_pictures_that_are_alike_are_no_copies() -> None:
    """Digits, faces, flat shades: nothing is certain, and next to nothing is likely."""
    digits = {f"digit {place}": (image * 15).astype(np.uint8) for place, image in enumerate(load_digits().images[:300])}
    faces = {f"face {place}": (face * 255).astype(np.uint8) for place, face in enumerate(data.lfw_subset()[:100])}
    ramp = np.linspace(0, 255, 40)
    shades = {f"shade {n}": np.outer(np.linspace(0.4, 1, 40), ramp * (n + 5) / 12).astype(np.uint8) for n in range(6)}
    shades |= {f"flat {n}": np.full((9, 9), 40 + n, np.uint8) for n in range(6)}
    for images in (digits, faces, shades):
        found = copies(tuple(shown(images)))
        assert not [one for one in found if one.is_certain]
        assert len(found) <= 0.01 * len(images)


def test_an_arrow_to_the_left_is_no_copy_of_one_to_the_right() -> None:
    names = [*pictures()][:20]
    left = tuple(shown({name: pictures()[name] for name in names}, "left"))
    right = tuple(shown({f"{name} again": pictures()[name][:, ::-1] for name in names}, "right"))
    assert not copies((*left, *right))
    assert len(copies((*left, *(one._replace(label="left") for one in right)))) == len(names)


def test_copies_of_one_original_and_equal_files_are_no_news() -> None:
    names = [*pictures()][:8]
    every = tuple(shown({name: pictures()[name] for name in names}))
    mirrored = tuple(shown({f"{name} again": pictures()[name][:, ::-1] for name in names}))
    assert not copies((*every, *(one._replace(origin=its.origin) for one, its in zip(mirrored, every, strict=True))))
    assert not copies((*every, *(one._replace(origin=f"{one.origin} too") for one in every)))


@pytest.mark.parametrize("symmetry", range(SYMMETRIES))
def test_views_in_a_symmetry_are_views_of_the_picture_in_it(symmetry: int) -> None:
    look = pixels_of(look_of(pictures()["cat-1"]))[0].astype(np.float32)
    turned = np.ascontiguousarray(mirrored_or_turned(look, symmetry))
    whole = View()
    found, wanted = in_symmetry(frequencies(look[None], whole), symmetry), frequencies(turned[None], whole)
    assert float(np.abs(found - wanted).max()) < 0.02
    x, y, _ = symmetry_map(symmetry) @ np.array([0.5, -0.25, 1.0]) * (SIDE / 2) + (SIDE - 1) / 2
    point = np.array([0.5, -0.25]) * (SIDE / 2) + (SIDE - 1) / 2
    here = cv2.getRectSubPix(look, (1, 1), (float(point[0]), float(point[1])))
    assert float(here.item()) == pytest.approx(cv2.getRectSubPix(turned, (1, 1), (float(x), float(y))).item(), abs=0.01)


def test_what_was_found_is_kept_beside_the_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And told of the same pictures alone; a file that is not as it was written says nothing."""
    names = [*pictures()][:9]
    some = {name: pictures()[name] for name in names}
    every = [*shown(some), *shown({f"{name} again": image[:, ::-1] for name, image in some.items()})]
    first = known_copies(tmp_path, every)
    assert len(first) == 9
    keep_copies(tmp_path, every)
    searched: list[int] = []

    def counted(given: tuple[Shown, ...]) -> Any:
        searched.append(len(given))
        return copies(given)

    monkeypatch.setattr("augkit.train.parts.known_copies.copies", counted)
    assert known_copies(tmp_path, every) == first
    assert not searched
    assert len(known_copies(tmp_path, every[:-1])) == 8
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes().replace(b"true", b"null", 1))
    assert known_copies(tmp_path, every) == first
    assert searched == [17, 18]


def _divided(root: Path) -> Path:
    """Lay pictures, half of them in train, and in test copies that `light` made of some, under names of their own."""
    pipeline = load("light")
    for place, (name, image) in enumerate(pictures().items()):
        kind = "fine" if place % 2 else "coarse"
        put(root / f"train/{kind}/{name}.png", image)
        if place % 6 < 2:
            made = pipeline(Sample(image=image), Key(0, name)).image
            put(root / f"test/{kind}/holiday {place}.png", cv2.resize(made, (112, 96), interpolation=cv2.INTER_AREA))
    return root


def made_ready(root: Path, **options: Any) -> tuple[Setup, list[str]]:
    told: list[str] = []
    return prepare(settings(root, root.parent / "run", **options), told.append, lambda *_: None), told


def test_augmented_copies_under_other_names_are_told_refused_or_left_out(tmp_path: Path) -> None:
    """How many, and which, and what was done to them, in every part they lie in."""
    root = _divided(tmp_path / "data")
    ready, told = made_ready(root)
    crossing = [found for found in ready.alike if found.kind == "near" and "test" in found.roles]
    assert len(crossing) >= 5  # of 14
    (sentence,) = [sentence for sentence in told if "look nearly the same" in sentence]
    assert sentence.startswith(f"{sum(len(found.twins) for found in ready.alike if found.kind == 'near')} pictures")
    assert "in other parts, so that figures may be too good" in sentence
    assert all({twin.id.split("/")[1] for twin in found.twins} in ({"fine"}, {"coarse"}) for found in crossing)
    with pytest.raises(FileError, match=r"must hold no picture in two parts, got .* that look nearly the same in"):
        made_ready(root, near_duplicates="refuse")
    ready, told = made_ready(root, near_duplicates="drop")
    left = {source.id for role in ROLES for source in ready.surveyed.parts[role].sources}
    for found in crossing:
        assert not {twin.id for twin in found.twins if twin.role != "test"} & left


def test_of_many_pictures_those_of_a_label_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Block by block; mirrored as wholes, all of them are."""
    monkeypatch.setattr("augkit.train.copies.copy_candidates.BLOCK", 20)
    names = [*pictures()]
    again = {f"{name} again": _cropped(pictures()[name][:, ::-1]) for name in names[::3]}
    copy_verdicts.copies.cache_clear()
    every = (*shown(pictures()), *shown(again))
    found = {frozenset((every[one.first].sha256, every[one.second].sha256)) for one in copies(every)}
    assert found <= {frozenset((name, f"{name} again")) for name in names[::3]}
    assert len(found) >= 0.4 * len(again)
