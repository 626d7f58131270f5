"""Numbers of masks: what their pixels mean, by what they hold and by the files that come with them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augkit.datasets import read
from augkit.datasets.folders.mask_classes import classes_of
from augkit.errors import AugkitError, DecodeError, FileError
from augkit.images import class_numbers, encode
from support.data_sets import lay
from support.masked import COLOURS, coloured, found, numbers, pairs, photo, png
from support.mutations import mutations

KINDS_OF_MASKS: dict[str, tuple[Callable[[NDArray[np.uint8]], bytes], Callable[[NDArray[np.uint8]], NDArray[Any]]]] = {
    "8 bits": (png, lambda m: m),
    "16 bits": (lambda m: png(m.astype(np.uint16) * 300), lambda m: m.astype(np.uint16) * 300),
    "1 bit": (lambda m: png((m > 0).astype(bool)), lambda m: (m > 0).astype(np.uint8)),
    "0 and 255": (lambda m: png((m > 0).astype(np.uint8) * 255), lambda m: (m > 0).astype(np.uint8) * 255),
    "0 and 255 in RGB": (
        lambda m: png((m > 0).astype(np.uint8) * 255, "RGB"),
        lambda m: (m > 0).astype(np.uint8) * 255,
    ),
    "grey with alpha": (lambda m: png(m, "LA"), lambda m: m),
    "255 is ignored": (lambda m: png(np.where(m == 2, 255, m).astype(np.uint8)), lambda m: np.where(m == 2, 255, m)),
    "a palette": (lambda m: png(m, palette=COLOURS), lambda m: m),
    "a palette of 255": (lambda m: png(m, palette=[*COLOURS, *((n, n, 9) for n in range(4, 256))]), lambda m: m),
    "colours": (lambda m: png(coloured(m)), lambda m: np.array([0, 3, 2, 1])[m]),
    "colours with alpha": (lambda m: png(coloured(m), "RGBA"), lambda m: np.array([0, 3, 2, 1])[m]),
    "bmp": (lambda m: png(m, kind="BMP"), lambda m: m),
    "gif": (lambda m: png(m, kind="GIF"), lambda m: m),
    "webp": (lambda m: webp(coloured(m)), lambda m: np.array([0, 3, 2, 1])[m]),
}
# Colours are numbered in order of red, green, blue: black, (0, 0, 192), (0, 128, 0), (128, 0, 0).


def webp(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "WEBP", lossless=True)
    return file.getvalue()


@pytest.mark.parametrize("name", KINDS_OF_MASKS)
def test_masks_of_every_kind_become_the_numbers_that_they_mean(name: str, tmp_path: Path) -> None:
    written, meant = KINDS_OF_MASKS[name]
    suffix = name if name in ("bmp", "gif", "webp") else "png"
    lay(tmp_path, pairs("images/{}.jpg", f"masks/{{}}.{suffix}", made=lambda n: written(numbers(n, 4))))
    for source, mask in found(read(tmp_path)).items():
        np.testing.assert_array_equal(mask, meant(numbers(int(source[7]), 4)))


def test_colours_that_no_file_explains_are_numbered_in_order_over_all_masks(tmp_path: Path) -> None:
    """Each mask by itself has other colours; the numbers are those of all together, and are told."""
    one, other = [(0, 0, 0), (200, 0, 0), (0, 0, 9)], [(0, 0, 0), (7, 7, 7), (0, 100, 0)]
    made = {0: png(coloured(numbers(0), one)), 1: png(coloured(numbers(1), other)), 2: png(coloured(numbers(2), one))}
    data = read(lay(tmp_path, pairs("images/{}.jpg", "masks/{}.png", made=made.__getitem__)))
    every = [(0, 0, 0), (0, 0, 9), (0, 100, 0), (7, 7, 7), (200, 0, 0)]
    assert data.about["mask_colours"] == [list(colour) for colour in every]
    assert data.about["mask_classes"] == ["#000000", "#000009", "#006400", "#070707", "#c80000"]
    for n, colours in ((0, one), (1, other), (2, one)):
        table = np.array([every.index(colour) for colour in colours])
        np.testing.assert_array_equal(found(data)[f"images/{n}.jpg"], table[numbers(n)])
    assert any("numbered as classes: 0 = (0, 0, 0), 1 = (0, 0, 9)" in note for note in data.notes)


def test_palettes_that_differ_are_read_by_their_colours(tmp_path: Path) -> None:
    """A program that saves each mask with a palette of its own numbers one colour otherwise in each."""
    orders = {0: [0, 1, 2], 1: [2, 0, 1], 2: [1, 2, 0]}

    def made(n: int) -> bytes:
        indices = np.argsort(orders[n]).astype(np.uint8)[numbers(n)]
        return png(indices, palette=[COLOURS[k] for k in orders[n]])

    data = read(lay(tmp_path, pairs("images/{}.jpg", "masks/{}.png", made=made)))
    for source, mask in found(data).items():
        np.testing.assert_array_equal(mask, np.array([0, 2, 1])[numbers(int(source[7]))])


def test_numbers_beside_colours_that_no_file_explains_are_refused(tmp_path: Path) -> None:
    made = {0: png(coloured(numbers(0))), 1: png(numbers(1)), 2: png(coloured(numbers(2)))}
    lay(tmp_path, pairs("images/{}.jpg", "masks/{}.png", made=made.__getitem__))
    with pytest.raises(FileError, match=re.escape("got numbers in masks/1.png and colours in masks/0.png")):
        read(tmp_path)
    lay(tmp_path, {"masks/1.png": png(numbers(1) * 0)})  # without any class: black, as a program that shrinks saves it
    np.testing.assert_array_equal(found(read(tmp_path))["images/1.jpg"], 0)


def test_palettes_beside_colours_are_read_by_their_colours(tmp_path: Path) -> None:
    made = {0: png(coloured(numbers(0) % 2)), 1: png(numbers(1, 4), palette=COLOURS), 2: png(coloured(numbers(2) % 2))}
    data = read(lay(tmp_path, pairs("images/{}.jpg", "masks/{}.png", made=made.__getitem__)))
    np.testing.assert_array_equal(found(data)["images/1.jpg"], np.array([0, 3, 2, 1])[numbers(1, 4)])


CLASS_FILES: dict[str, tuple[str, str]] = {
    "camvid": ("class_dict.csv", "name,r,g,b\nBus,128,0,0\nsky,0,0,0\nCar,0,128,0\n"),
    "without a heading": ("classes.csv", "Bus,128,0,0\nsky,0,0,0\nCar,0,128,0\n"),
    "semicolons and blanks": ("class_dict.csv", "name; r; g; b\nBus; 128; 0; 0\nsky; 0; 0; 0\nCar; 0; 128; 0\n"),
    "a mark before it": ("classes.csv", "\ufeffname,r,g,b\r\nBus,128,0,0\r\nsky,0,0,0\r\nCar,0,128,0\r\n"),
    "label_colors.txt": ("label_colors.txt", "128 0 0\t\tBus\n0 0 0\tsky\n0 128 0\tCar\n"),
    "cvat": ("labelmap.txt", "# label:color_rgb:parts:actions\nBus:128,0,0::\nsky:0,0,0::\nCar:0,128,0::\n"),
    "numbers": ("classes.csv", "id,name,red,green,blue\n1,sky,0,0,0\n2,Car,0,128,0\n0,Bus,128,0,0\n"),
    "hex": ("classes.json", '[{"name": "Bus", "color": "#800000"}, {"name": "sky", "color": "#000000"}, '
                            '{"name": "Car", "color": "#008000"}]'),
    "by name": ("label_colors.json", '{"Bus": [128, 0, 0], "sky": [0, 0, 0], "Car": [0, 128, 0]}'),
    "objects": ("classes.json", '{"classes": [{"id": 2, "name": "Car", "color": [0, 128, 0]}, {"id": 0, "title": "", '
                                '"name": "Bus", "color": [128, 0, 0]}, {"id": 1, "name": "sky", "color": [0, 0, 0]}]}'),
    "yaml": ("classes.yaml", "classes:\n  - {name: Bus, color: [128, 0, 0]}\n  - {name: sky, color: [0, 0, 0]}\n"
                             "  - {name: Car, color: [0, 128, 0]}\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", CLASS_FILES)
def test_a_file_of_colours_says_which_number_each_is(name: str, tmp_path: Path) -> None:
    file, text = CLASS_FILES[name]
    made = lambda n: png(coloured(numbers(n)))  # noqa: E731
    data = read(lay(tmp_path, {**pairs("images/{}.jpg", "masks/{}.png", made=made), file: text}))
    assert data.about["mask_classes"] == ["Bus", "sky", "Car"]
    assert data.about["mask_colours"] == [[128, 0, 0], [0, 0, 0], [0, 128, 0]]
    for source, mask in found(data).items():
        np.testing.assert_array_equal(mask, np.array([1, 0, 2])[numbers(int(source[7]))])
    assert data.notes == ()


NAME_FILES = {
    "codes.txt": "007\n1e3\nnull\n",
    "classes.txt": "007\n1e3\nnull\n",
    "train/_classes.csv": "Pixel Value, Class\n0, 007\n1, 1e3\n2, null\n",
    "objectInfo150.txt": "Idx\tRatio\tTrain\tVal\tStuff\tName\n"
    "0\t.1\t1\t1\t0\t007\n1\t.1\t1\t1\t0\t1e3\n2\t.1\t1\t1\t0\tnull\n",
    "labels.json": '{"0": "007", "1": "1e3", "2": "null"}',
    "label_map.json": '{"null": 2, "007": 0, "1e3": 1}',
    "class_names.json": '["007", "1e3", "null"]',
    "classes.yaml": "names:\n  0: '007'\n  1: '1e3'\n  2: 'null'\n",
    "label_names.txt": "0: 007\n1: 1e3\n2: null\n",
}  # fmt: skip


@pytest.mark.parametrize("name", NAME_FILES)
def test_names_of_classes_are_text_as_written(name: str, tmp_path: Path) -> None:
    data = read(lay(tmp_path, {**pairs("train/images/{}.jpg", "train/masks/{}.png"), name: NAME_FILES[name]}))
    assert data.about == {"mask_classes": ["007", "1e3", "null"]}
    for source, mask in found(data).items():
        np.testing.assert_array_equal(mask, numbers(int(source[13])))


def test_classes_that_are_greys_are_numbers_too(tmp_path: Path) -> None:
    files = pairs("images/{}.jpg", "masks/{}.png", made=lambda n: png(numbers(n, 2) * np.uint8(255)))
    data = read(lay(tmp_path, {**files, "class_dict.csv": "name,r,g,b\nroad,255,255,255\nother,0,0,0\n"}))
    for source, mask in found(data).items():
        np.testing.assert_array_equal(mask, 1 - numbers(int(source[7]), 2))


def test_black_and_white_that_loss_has_smeared_is_rounded_and_told(tmp_path: Path) -> None:
    """As of Kvasir-SEG: masks are JPEG, with 3 and 251 where they were 0 and 255."""

    def made(n: int) -> bytes:
        return as_jpeg(numbers(n, 2, (200, 280)) * np.uint8(255))

    files = pairs("images/{}.jpg", "masks/{}.jpg", made=made)
    files |= {f"images/{n}.jpg": as_jpeg(photo(numbers(n, 2, (200, 280)))) for n in range(3)}
    data = read(lay(tmp_path, files))
    assert data.form == "segmentation"
    for source, mask in found(data).items():
        np.testing.assert_array_equal(np.unique(np.asarray(mask)), [0, 255])
        assert np.mean(mask != numbers(int(source[7]), 2, (200, 280)) * 255) < 0.001
    assert data.notes == ("3 masks are JPEG, whose values are rounded to 0 and 255. Masks are best saved as PNG.",)


def test_numbers_and_colours_that_loss_has_smeared_are_refused() -> None:
    for smeared in (numbers(0), coloured(numbers(0)), numbers(0) * np.uint8(100)):
        with pytest.raises(DecodeError, match="must be saved without loss, got a JPEG"):
            class_numbers(as_jpeg(smeared))


def as_jpeg(image: NDArray[np.uint8]) -> bytes:
    return encode(image, "jpeg", 85)


# ---- what is wrong with the files that name classes


@pytest.mark.parametrize("name", [name for name, _ in CLASS_FILES.values()] + list(NAME_FILES))
def test_damaged_files_of_classes_give_a_sentence_or_classes(name: str) -> None:
    """200 of each of 20 files: never a traceback, and what is read can be written down."""
    texts = dict(CLASS_FILES.values()) | NAME_FILES
    faults: list[str] = []
    for damaged in mutations(texts[name].encode(), 200, seed=5):
        try:
            classes = classes_of(damaged, name)
        except AugkitError as fault:
            faults.append(str(fault))
            continue
        assert classes.names
        assert len(classes.names) == len(classes.colours)
        json.dumps(classes.about(), allow_nan=False)
    assert all(fault.startswith(name) for fault in faults)
    assert len(faults) < 200


@pytest.mark.parametrize("kind", ["grey", "palette", "colours"])
def test_damaged_masks_are_refused_or_mean_the_same(kind: str) -> None:
    """700 of each: a mask of other numbers would be a wrong label that nobody sees."""
    data = {"grey": png(numbers()), "palette": png(numbers(), palette=COLOURS), "colours": png(coloured(numbers()))}[
        kind
    ]
    refused = 0
    for damaged in mutations(data, 700, seed=1):
        try:
            mask = class_numbers(damaged, COLOURS if kind == "colours" else None)
        except DecodeError:
            refused += 1
        else:
            np.testing.assert_array_equal(mask, numbers())
    assert 500 < refused < 700


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "classes.csv",
            "name,r,g,b\nsky,0,0,256\n",
            "classes.csv:2: must have a colour of red, green and blue",
        ),
        ("classes.csv", "name,r,g,b\nsky,0,0\n", "classes.csv:2: must have 4 cells, got 3"),
        ("classes.csv", "name,r,g,b\nsky,0,0,0\nbus,0,0,0\n", "must give every class a colour of its own"),
        ("classes.csv", "id,name\n1,sky\n1,bus\n", "must name every number once, got 1 twice"),
        ("classes.csv", "id,name\nx,sky\n", "classes.csv:2: must have a whole number, got 'x'"),
        ("classes.csv", "id,name\n70000,sky\n", "must number classes up to 65,535"),
        ("classes.json", "{", "must be valid JSON"),
        ("classes.json", "[1, 2]", "must be a name, or an object with one"),
        ("classes.json", "3", "must be a list or an object of classes"),
        ("classes.txt", "\n", "must name the classes of masks, got none"),
    ],
)
def test_faults_of_files_of_classes_are_named(name: str, text: str, said: str) -> None:
    with pytest.raises(AugkitError, match=re.escape(said)):
        classes_of(text.encode(), name)
