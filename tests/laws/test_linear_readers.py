"""Readers of data sets: what is four times as large takes about four times as long, and never its square."""

from __future__ import annotations

import gc
import gzip
import io
import json
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.core.text_files import json_of
from augkit.datasets import read
from augkit.datasets.class_folders import folder_of
from augkit.datasets.folders import mask_classes
from augkit.datasets.tables import table_files
from augkit.errors import AugkitError, closest
from augkit.images import encode
from augkit.yaml_file import parse
from support.data_sets import PNG, lay

Files = dict[str, bytes]
COUNT = 4000  # lines, or what is like them, in the smaller one
TIMES = 2
SLACK_S = 0.15  # of what takes no time at all
YOLO = b"names: [a]\ntrain: images\nval: images\n"
LINE = b"0 .5 .5 .2 .2\n"
OBJECT = b"<object><name>%s</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object>"
VOC = b"<annotation><filename>1.png</filename><size><width>4</width><height>4</height></size>%s</annotation>"
MADE: dict[str, Callable[[int], Files]] = {}


def made(function: Callable[[int], Files]) -> Callable[[int], Files]:
    MADE[function.__name__] = function
    return function


def many(line: bytes, count: int) -> bytes:
    return b"".join(line % number for number in range(count))


def voc(inside: bytes, **more: bytes) -> Files:
    return {"JPEGImages/1.png": PNG, "Annotations/1.xml": VOC % inside, **more}


def coco(images: list[Any], boxes: list[Any], classes: Iterable[str]) -> bytes:
    categories = [{"id": number, "name": name} for number, name in enumerate(classes)]
    return json.dumps({"images": images, "annotations": boxes, "categories": categories}).encode()


def tar(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def zipped(names: Iterable[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, PNG)
    return file.getvalue()


@made
def blank_lines_of_yolo(n: int) -> Files:
    return {"data.yaml": YOLO + b"\n" * n + b"nc: 1\n", "images/1.png": PNG, "labels/1.txt": LINE}


@made
def labels_of_yolo(n: int) -> Files:
    return {"data.yaml": YOLO, "images/1.png": PNG, "labels/1.txt": LINE * n}


@made
def a_list_of_yolo(n: int) -> Files:
    settings = {"data.yaml": b"names: [a]\ntrain: train.txt\nval: train.txt\n", "train.txt": many(b"./i/%d.png\n", n)}
    return settings | {"i/1.png": PNG, "i/1.txt": LINE}


@made
def comments_of_a_table(n: int) -> Files:
    return {"a.png": PNG, "t.csv": b"#\n" * n + b"image,label\na.png,x\n"}


@made
def columns_of_a_table(n: int) -> Files:
    return {"a.png": PNG, "t.csv": b"image,label" + many(b",c%d", n) + b"\na.png,x" + b",1" * n + b"\n"}


@made
def rows_of_missing_pictures(n: int) -> Files:
    return {"a.png": PNG, "t.csv": b"image,label\na.png,x\n" + many(b"b%d.png,x\n", n // 4)}


@made
def rows_of_pictures_of_one_name(n: int) -> Files:
    pictures = {f"d{number}/a.png": PNG for number in range(n // 20)}
    return pictures | {"t.csv": b"image,label\n" + many(b"/home/me/d%d/a.png,x\n", n // 20)}


@made
def json_keys(n: int) -> Files:
    return {"a.png": PNG, "t.jsonl": b'{"image":"a.png"' + many(b',"k%d":1', n) + b"}\n"}


@made
def boxes_of_coco(n: int) -> Files:
    boxes = [{"id": one, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1]} for one in range(n // 4)]
    return {"1.png": PNG, "a.json": coco([{"id": 1, "file_name": "1.png", "width": 4, "height": 4}], boxes, "a")}


@made
def classes_of_coco_of_two_names(n: int) -> Files:
    names = [f"c{number // 2}" for number in range(n)]
    return {"1.png": PNG, "a.json": coco([{"id": 1, "file_name": "1.png", "width": 4, "height": 4}], [], names)}


@made
def pictures_of_coco_of_one_name(n: int) -> Files:
    pictures = {f"d{number}/1.png": PNG for number in range(n // 20)}
    images = [{"id": one, "file_name": f"x/d{one}/1.png", "width": 4, "height": 4} for one in range(n // 20)]
    return pictures | {"a.json": coco(images, [], "a")}


@made
def objects_of_voc(n: int) -> Files:
    return voc(OBJECT % b"a" * (n // 4))


@made
def entities_of_voc(n: int) -> Files:
    return voc(OBJECT % (b"&amp;" * n))


@made
def a_list_of_voc(n: int) -> Files:
    return voc(OBJECT % b"a", **{"ImageSets/Main/train.txt": b"1\n" + many(b"x%d\n", n)})


@made
def points_of_cvat(n: int) -> Files:
    image = b'<image id="0" name="1.png" width="4" height="4"><polygon label="a" occluded="0" points="%s0,0"/></image>'
    return {"1.png": PNG, "a.xml": b"<annotations><version>1.1</version>%s</annotations>" % (image % (b"1,2;3,1;" * n))}


@made
def lines_of_dota(n: int) -> Files:
    return {"images/1.png": PNG, "labelTxt/1.txt": b"gsd:1\n" + b"0 0 1 0 1 1 0 1 a 0\n" * (n // 20)}


@made
def shapes_of_labelme(n: int) -> Files:
    shape = {"label": "a", "points": [[0, 0], [1, 1], [1, 0]], "shape_type": "polygon", "group_id": 1}
    facts = {"version": "5", "imagePath": "1.png", "imageData": None, "imageHeight": 4, "imageWidth": 4}
    return {"1.png": PNG, "1.json": json.dumps({**facts, "shapes": [shape] * (n // 4)}).encode()}


@made
def files_that_are_not_read(n: int) -> Files:
    names = [f"a/{number}" for number in range(n // 20)]
    return {f"{name}.png": PNG for name in names} | {f"{name}x.json": b"{}" for name in names}


@made
def classes_of_folders(n: int) -> Files:
    return {f"c{number}/{number}.png": PNG for number in range(n // 20)}


@made
def members_of_a_tar(n: int) -> Files:
    return {"src.tar": tar(*((f"{number}.png", PNG) for number in range(n // 4)))}


@made
def tars_of_samples(n: int) -> Files:
    return {f"{one}.tar": tar((f"{one}.png", PNG), (f"{one}.cls", b"0")) for one in range(n // 100)}


@made
def parts_of_a_gzip(n: int) -> Files:
    data = tar(("a/1.png", PNG))
    return {"src.tar.gz": gzip.compress(data[:600]) + gzip.compress(b"") * (3 * n) + gzip.compress(data[600:])}


@made
def folders_of_a_zip(n: int) -> Files:
    return {"src.zip": zipped(f"{'a/' * 90}{number}.png" for number in range(n // 20))}


def read_in(folder: Path, files: Files) -> None:
    lay(folder, dict(files))
    archive = next((folder / name for name in files if name.startswith("src.")), folder)
    with suppress(AugkitError):  # some are refused; what this is about is when
        read(archive)


def seconds(run: Callable[[], object]) -> float:
    """Return what a call takes of the processor, at least, without the rubbish of all that was tested before."""
    found = []
    for _ in range(TIMES):
        gc.collect()
        gc.disable()
        try:
            began = time.process_time()
            run()
            found.append(time.process_time() - began)
        finally:
            gc.enable()
    return min(found)


@pytest.mark.parametrize("files", MADE.values(), ids=MADE)
def test_a_data_set_four_times_as_large_takes_four_times_as_long(files: Callable[[int], Files], tmp_path: Path) -> None:
    small, large = files(COUNT), files(4 * COUNT)
    one = seconds(lambda: read_in(tmp_path / "small", small))
    assert seconds(lambda: read_in(tmp_path / "large", large)) < 8 * one + SLACK_S


def refused(run: Callable[[], object]) -> None:
    with pytest.raises(AugkitError):
        run()


TEXTS: dict[str, Callable[[int], object]] = {
    "blank lines of YAML": lambda n: parse("a: 1\n" + "\n" * n + "b: 2\n"),
    "blank lines of classes": lambda n: mask_classes._quoted("names:\n" + "\n" * n + "x"),
    "a table behind comments": lambda n: table_files._preamble("#\n" * (n // 10) + "x" * (50 * n), frozenset(), ""),
    "a class of commas": lambda n: list(mask_classes._of_lines("a" + "," * n + "b", "")),
    "a class of dots": lambda n: folder_of("." * n + "x"),
    "a key twice": lambda n: refused(
        lambda: json_of(json.dumps(dict.fromkeys(map(str, range(n))))[:-1] + ', "0": 1}', "")
    ),
    "names of a million letters": lambda n: closest("ab" * n, ["ba" * n]),
    "many names": lambda n: closest("nothing", map(str, range(n))),
}


@pytest.mark.parametrize("run", TEXTS.values(), ids=TEXTS)
def test_a_text_four_times_as_long_takes_four_times_as_long(run: Callable[[int], object]) -> None:
    one = seconds(lambda: run(4 * COUNT))
    assert seconds(lambda: run(16 * COUNT)) < 8 * one + SLACK_S


def test_many_segments_of_a_picture_are_not_looked_for_one_by_one(tmp_path: Path) -> None:
    pixels = np.zeros((1000, 1200, 3), np.uint8)
    pixels[:, 600:, 0] = 1

    def files(count: int) -> Files:
        segments = [{"id": number % 2, "category_id": 0, "iscrowd": 0} for number in range(count)]
        entry = {"image_id": 1, "file_name": "1.png", "segments_info": segments}
        image = {"id": 1, "file_name": "1.jpg", "width": 1200, "height": 1000}
        picture = encode(pixels, "jpeg")
        return {
            "i/1.jpg": picture,
            "panoptic/1.png": encode(pixels, "png"),
            "panoptic.json": coco([image], [entry], "a"),
        }

    one = seconds(lambda: read_in(tmp_path / "few", files(10)))
    assert seconds(lambda: read_in(tmp_path / "many", files(1000))) < 5 * one + SLACK_S
