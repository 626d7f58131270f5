"""Small pictures and data sets for the corpus, as files to lay into a folder: the same bytes everywhere and always.

Pixels are raw words of Philox, which its paper fixes, and whole numbers. PNGs are written here, not compressed, so that
no encoder's version shows; what only an encoder can write lies beside this file in ``encoded/``.
"""

from __future__ import annotations

import json
import struct
import zlib
from io import BytesIO
from pathlib import Path
from tarfile import TarFile, TarInfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
SIZE = (24, 32)  # of pictures in data sets: (height, width)
Files = dict[str, bytes]


def pixels(seed: int, size: tuple[int, int] = SIZE, channels: int = 3, deep: bool = False) -> NDArray[Any]:
    """Return a picture (H, W) or (H, W, C), uint8 or uint16: slopes and a square that differ by `seed`, and noise."""
    height, width = size
    raw = np.random.Philox(key=seed).random_raw(height * width * channels)
    words: NDArray[np.uint64] = raw.reshape(height, width, channels)
    y, x, c = np.ogrid[:height, :width, :channels]
    slopes = (x * (3 + seed % 4) + y * (5 - seed % 3) + c * 50 + seed * 17) % 211
    square = 60 * ((x > width // 3) & (x < width // 3 + 9) & (y > 4 + seed % 5) & (y < height - 6))
    values = ((slopes + square) % 236).astype(np.uint64) + words % 20
    found: NDArray[Any] = (values * 257 + words % 257).astype(np.uint16) if deep else values.astype(np.uint8)
    return found[..., 0] if channels == 1 else found


def png(image: NDArray[Any]) -> bytes:
    """Return a PNG that is not compressed: grey, RGB or RGBA of 8 or 16 bits."""
    height, width = image.shape[:2]
    kind = {1: 0, 3: 2, 4: 6}[1 if image.ndim == 2 else image.shape[2]]
    rows = image.astype(image.dtype.newbyteorder(">")).reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8 * image.dtype.itemsize, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", _stored(raw)), (b"IEND", b""))
    )


def _stored(raw: bytes) -> bytes:
    """Return what zlib inflates to `raw`, in blocks that are stored as they are."""
    pieces = [raw[place : place + 65_535] for place in range(0, len(raw), 65_535)]
    blocks = [
        struct.pack("<BHH", piece is pieces[-1], len(piece), 65_535 - len(piece)) + piece for piece in pieces
    ]  # fmt: skip
    return b"\x78\x01" + b"".join(blocks) + struct.pack(">I", zlib.adler32(raw))


def picture(seed: int, **options: Any) -> bytes:
    """Return the file of a picture."""
    return png(pixels(seed, **options))


def kept(name: str) -> bytes:
    """Return a picture that another program encoded."""
    return (HERE / "encoded" / name).read_bytes()


def mask(seed: int, size: tuple[int, int] = SIZE, deep: bool = False) -> bytes:
    """Return the file of a mask: class numbers 0 to 3, or up to 900."""
    y, x = np.ogrid[: size[0], : size[1]]
    classes = (x // 7 + y // 6 + seed) % 4
    return png((classes * 300).astype(np.uint16) if deep else classes.astype(np.uint8))


def classes(*names: str, each: int = 3, first: int = 0, **options: Any) -> Files:
    """Return class folders."""
    return {
        f"src/{name}/{place:02d}.png": picture(first + 10 * number + place, **options)
        for number, name in enumerate(names)
        for place in range(each)
    }


def splits() -> Files:
    """Return class folders below train, val and test."""
    places = [(split, name) for split in ("train", "val", "test") for name in ("rose", "tulip")]
    return {
        f"src/{split}/{name}/{place}.png": picture(10 * number + place)
        for number, (split, name) in enumerate(places)
        for place in range(2)
    }


def kinds() -> Files:
    """Return a picture of every kind that is read, most of them encoded by others."""
    names = ("turned.jpg", "grey.jpg", "cmyk.jpg", "small.webp", "palette.gif", "small.bmp", "small.tif", "palette.png")
    return {f"src/{name}": kept(name) for name in names} | {
        "src/rgb.png": picture(1),
        "src/grey.png": picture(2, channels=1),
        "src/plain.ppm": b"P6 32 24 255\n" + pixels(3).tobytes(),
        "src/plain.pgm": b"P5 32 24 255\n" + pixels(4, channels=1).tobytes(),
    }


def deep() -> Files:
    """Return pictures of 16 bits, and with alpha."""
    return {
        "src/a/grey.png": picture(1, channels=1, deep=True),
        "src/a/rgb.png": picture(2, deep=True),
        "src/b/alpha.png": picture(3, channels=4, deep=True),
        "src/b/alpha8.png": picture(4, channels=4),
        "src/b/palette.png": kept("palette.png"),
    }


def broken() -> Files:
    """Return pictures, and files that are called so and are none."""
    good = picture(1)
    return classes("a", "b", each=2) | {
        "src/a/cut.png": good[:-100],
        "src/a/empty.png": b"",
        "src/b/text.jpg": b"no picture\n",
        "src/b/frames.gif": kept("frames.gif"),
        "src/b/cut.jpg": kept("turned.jpg")[:-40],
        "src/notes.bin": b"left out",
    }


def odd_names() -> Files:
    """Return class folders and files whose names have to be changed, or would meet."""
    names = ["a.b/x y.png", "a.b/x y.PNG", "con/nul.png", "Rose/1.png", "rose/1.png", "ünï 東京/é.png", "-rf/..a.png"]
    names += [f"long/{'n' * 200}.png", "deep/er/still/a.png", "top.png", "42/7.png"]
    return {f"src/{name}": picture(seed) for seed, name in enumerate(names)}


BOXES = [[2, 3, 12, 13], [10.5, 4, 30, 20.25], [14, 12, 20, 23]]
RINGS = [[[2, 3, 12, 3, 12, 13]], [[11, 4, 29, 5, 30, 20, 10.5, 20.25], [12, 6, 14, 6, 14, 9]], []]


def coco(*names: str, first: int = 1, keypoints: bool = False) -> bytes:
    """Return COCO's JSON: a box, an outline in two pieces, an object as run lengths, and a crowd, for each picture."""
    images, objects = [], []
    for n, name in enumerate(names, first):
        images.append({"id": n, "file_name": name, "height": SIZE[0], "width": SIZE[1]})
        runs = {"size": list(SIZE), "counts": [50 + n, 10, 14, 10, 14, 10, 14, 10, 636 - n]}
        entries: list[dict[str, Any]] = [
            {"category_id": 9, "bbox": [2, 3, 10, 10], "iscrowd": 0},
            {"category_id": 4, "bbox": [10.5, 4, 19.5, 16.25], "segmentation": RINGS[1], "area": 300.5},
            {"category_id": 9, "bbox": [2, 2, 4, 10], "segmentation": runs, "iscrowd": 1},
        ]
        if keypoints:
            points = [5, 6, 2, 25.5, 6, 2, 15, 12, 1, 0, 0, 0]
            entries.append({"category_id": 7, "bbox": [4, 5, 22, 12], "keypoints": points, "num_keypoints": 3})
        objects += [{"id": 10 * n + place, "image_id": n} | entry for place, entry in enumerate(entries)]
    kinds: list[dict[str, Any]] = [{"id": 9, "name": "cat"}, {"id": 4, "name": "dog"}]
    if keypoints:
        names_of = ["left eye", "right eye", "nose", "tail"]
        kinds.append({"id": 7, "name": "face", "keypoints": names_of, "skeleton": [[1, 3], [2, 3]]})
    return json.dumps({"images": images, "annotations": objects, "categories": kinds}).encode()


def coco_folder(keypoints: bool = False) -> Files:
    """Return a data set in COCO's form."""
    kind = "person_keypoints" if keypoints else "instances"
    return {
        f"src/annotations/{kind}_train2017.json": coco("a.png", "b/c.png", keypoints=keypoints),
        f"src/annotations/{kind}_val2017.json": coco("d.png", first=50, keypoints=keypoints),
        "src/train2017/a.png": picture(1),
        "src/train2017/b/c.png": picture(2),
        "src/val2017/d.png": picture(3),
    }


def yolo_folder() -> Files:
    """Return a data set in YOLO's form: boxes, an outline, and a picture without objects."""
    lines = [
        b"0 0.21875 0.3333 0.3125 0.4167\n",
        b"1 0.34 0.17 0.9 0.2 0.9375 0.85 0.33 0.84\n",
        b"1 0.5 0.75 0.2 0.4\n",
    ]
    return {
        "src/data.yaml": b"path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n",
        "src/images/train/a.png": picture(1),
        "src/images/train/turned.jpg": kept("turned.jpg"),
        "src/images/val/b.png": picture(2),
        "src/images/val/none.png": picture(3),
        "src/labels/train/a.txt": b"".join(lines),
        "src/labels/train/turned.txt": lines[0],
        "src/labels/val/b.txt": lines[2] + lines[0],
    }


def rows() -> list[dict[str, Any]]:
    """Return the rows of a manifest with all that one can say of a picture."""
    objects = {"boxes": BOXES, "box_labels": ["left", "right", "both"], "polygons": RINGS}
    points = [[[3, 4, 2], [11, 4, 2], [7, 12, 1]], [[12, 6, 2], [28.5, 7, 2], [0, 0, 0]], []]
    shapes = {"rotated_boxes": [[16, 12, 12, 6, 30], [25, 6, 8, 4.5, -80]], "rotated_box_labels": ["ship", "left"]}
    lines = {"polylines": [[[1, 1], [20, 9.5], [31, 22]], [4, 20, 16, 4]], "polyline_labels": ["lane", "edge"]}
    runs = {"box_masks": ["", "b1:>00000^c0", ""], "crowds": [False, True, False], "picture_size": list(SIZE)}
    return [
        {"image": "p/a.png", "label": "x", "split": "train", "group": "g1", **objects, "mask": "m/a.png"},
        {"image": "p/b.png", "label": "x", "split": "train", "group": "g2", **objects, "box_keypoints": points},
        {"image": "p/c.png", "label": "y", "split": "val", "id": "named", "group": 3, **shapes, **lines, "site": "n"},
        {"image": "p/d.png", "label": "y", "split": "train", **objects, **runs, "keypoints": [[5, 5], [20.5, 7, 0]]},
        {"image": "p/a.png", "label": "z", "split": "test", "id": "again", **shapes, **objects, "mask": "m/b.png"},
        {"image": "p/c.png", "label": "z", "split": "train", "id": "lines", **lines, "keypoints": [[1, 2], [30, 2]]},
    ]


def rows_of(*names: str, kept_rows: tuple[int, ...] = (0, 1, 2, 3, 4, 5)) -> list[dict[str, Any]]:
    """Return some fields of some rows."""
    known = {"image", "label", "split", "id", "group", *names}
    return [{name: value for name, value in rows()[n].items() if name in known} for n in kept_rows]


def manifest(table: list[dict[str, Any]] | None = None, csv: bool = False) -> Files:
    """Return a manifest, ``src/list.jsonl`` or ``src/list.csv``, with its pictures and masks."""
    table = rows() if table is None else table
    files = {f"src/p/{name}.png": picture(seed) for seed, name in enumerate("abcd")}
    files |= {"src/m/a.png": mask(0), "src/m/b.png": mask(1, deep=True)}
    if not csv:
        return files | {"src/list.jsonl": "".join(json.dumps(row) + "\n" for row in table).encode()}
    names = list(dict.fromkeys(name for row in table for name in row))
    cells = [[_cell(row.get(name)) for name in names] for row in table]
    return files | {"src/list.csv": "".join(",".join(line) + "\r\n" for line in [names, *cells]).encode()}


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",') else text


def tars() -> Files:
    """Return a data set in WebDataset's form, as others write it."""
    table = [json.dumps(row).encode() for row in rows_of("boxes", "box_labels", "polygons", "keypoints")]
    first = {"x/a.png": picture(1), "x/a.cls": b"3", "x/a.seg.png": mask(2), "b.jpg": kept("grey.jpg"), "b.cls": b"7\n"}
    second = {
        "./0.png": picture(2),
        "./0.json": table[3],
        "1.png": picture(3),
        "1.json": b'{"label": "u"}',
        "1.txt": b"-",
    }
    return {"src/train-0.tar": tar(first), "src/train-1.tar": tar(second), "src/val-0.tar": tar({"q.png": picture(4)})}


def tar(members: Files) -> bytes:
    """Return a tar of files without owners and times."""
    file = BytesIO()
    with TarFile(fileobj=file, mode="w") as archive:
        for name, data in members.items():
            info = TarInfo(name)
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
    return file.getvalue()
