"""Pictures that lie in two splits are found: the same bytes, or the same picture saved again; others are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from augkit.datasets import read
from augkit.datasets.leakage import find_leaks, fingerprint
from augkit.images import decode, encode
from support.commands import command
from support.folders import SMALL, done, picture, put

NAMES = ("astronaut", "camera", "cat", "coffee", "rocket", "coins", "moon", "page", "clock", "brick", "grass", "gravel")


def pictures() -> dict[str, NDArray[Any]]:
    return {name: getattr(data, name)() for name in NAMES}


CHANGES: dict[str, Callable[[Any], Any]] = {
    "saved at 40": lambda image: decode(encode(image, "jpeg", 40)).image,
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "twice the size": lambda image: cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC),
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=1.1),
    "darker": lambda image: cv2.convertScaleAbs(image, alpha=0.9),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_that_was_saved_again_is_found(change: str) -> None:
    entries = []
    for name, image in pictures().items():
        entries.append((f"{name}.png", "train", name, fingerprint(image)))
        entries.append((f"{name}.jpg", "val", f"{name} again", fingerprint(CHANGES[change](image))))
    found = find_leaks(entries)
    assert {leak.pictures for leak in found} == {(("train", f"{n}.png"), ("val", f"{n}.jpg")) for n in NAMES}
    assert {leak.kind for leak in found} == {"near"}


def test_other_pictures_are_not() -> None:
    images = list(pictures().values())
    images += [(face * 255).astype(np.uint8) for face in data.lfw_subset()]  # 100 faces of 25 x 25, and 100 others
    from sklearn.datasets import load_digits

    images += list((load_digits().images[:200] * 15).astype(np.uint8))
    entries = [(str(n), ("train", "val")[n % 2], str(n), fingerprint(image)) for n, image in enumerate(images)]
    assert sum(leak.count for leak in find_leaks(entries)) <= 0.02 * len(images)


def test_the_same_file_is_told_once_and_within_a_split_never() -> None:
    mark = fingerprint(data.coffee())
    entries = [(f"{n}.png", "train" if n < 50 else "test", "one", mark) for n in range(100)]
    (leak,) = find_leaks(entries)
    assert (leak.kind, leak.count) == ("same", 100)
    assert {split for split, _ in leak.pictures} == {"train", "test"}
    assert len(leak.pictures) <= 20
    assert not find_leaks(entries[:50])
    assert not find_leaks([])


def test_flat_pictures_are_alike_to_none() -> None:
    entries = [
        (str(n), ("train", "val")[n % 2], str(n), fingerprint(np.full((9, 9), 40 + n, np.uint8))) for n in range(9)
    ]
    assert not find_leaks(entries)


def test_expand_lists_leaks_and_may_be_strict(tmp_path: Path) -> None:
    for split, number in (("train", 1), ("train", 2), ("val", 3)):
        put(tmp_path / f"src/{split}/a/{number}.png", picture(number, (64, 64, 3)))
    (tmp_path / "src/val/a/same.png").write_bytes((tmp_path / "src/train/a/1.png").read_bytes())
    assert done(tmp_path / "src", tmp_path / "out", pipeline=SMALL).leaks == 1
    (line,) = (tmp_path / "out/.augkit/leaks.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "kind": "same",
        "count": 2,
        "pictures": [["train", "train/a/1.png"], ["val", "val/a/same.png"]],
    }
    assert len(read(tmp_path / "src").sources) == 4
    for options, code in (([], 0), (["--strict-leaks"], 1)):
        out = tmp_path / f"out{code}"
        ended = command("expand", tmp_path / "src", out, "--pipeline", "light", "--copies", 1, "--workers", 0, *options)
        assert ended.returncode == code, ended.stderr
        assert "1 sets of like pictures lie in different splits" in ended.stderr
