"""Crowns of trees in four aerial photos, 951 boxes, that the package deepforest 2.1.0 ships (MIT): tiles with splits.

The wheel serves as data alone: nothing of it is imported. A photo's rows of tiles go to train, val and test from above
to below, so that no tile of one lies in another.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augkit.images import decode, encode
from benchmarks.sets import Absent

__all__ = ["WHEEL", "lay_crowns"]

WHEEL = "AUGKIT_DEEPFOREST"  # the environment variable that says where deepforest-2.1.0-py3-none-any.whl lies
PHOTOS = ("2019_YELL_2_528000_4978000_image_crop2", "2019_YELL_2_541000_4977000_image_crop", "OSBS_029", "SOAP_061")
TILE = 200  # pixels of a side, in which a crown has some 40
LEAST_SEEN = 0.4  # of a crown that a tile cuts
SPLITS = (("train", 0.6), ("val", 0.75), ("test", 1.0))  # rows of tiles up to this part of a photo
_BOX = re.compile(r"<(xmin|ymin|xmax|ymax)>([\d.]+)<")


def lay_crowns(folder: Path) -> Path:
    """Write tiles and a manifest of their boxes into a folder, and return the manifest.

    Raises:
        Absent: the wheel is not on this machine.
    """
    place = os.environ.get(WHEEL)
    if not place:
        how = "pip download --no-deps deepforest==2.1.0"
        raise Absent(f"needs photos: run {how}, and say with {WHEEL} where the wheel lies")
    rows = list[dict[str, object]]()
    with zipfile.ZipFile(place) as wheel:
        for photo in PHOTOS:
            image = decode(wheel.read(f"deepforest/data/{photo}.png")).image[:, :, :3]
            found = _BOX.findall(wheel.read(f"deepforest/data/{photo}.xml").decode())
            boxes = np.array([float(value) for _, value in found]).reshape(-1, 4)
            rows += _tiles(folder, photo, image, boxes)
    (folder / "crowns.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "crowns.jsonl"


def _tiles(folder: Path, photo: str, image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> list[dict[str, object]]:
    rows = list[dict[str, object]]()
    down, across = (max(1, round(side / TILE)) for side in image.shape[:2])
    for row in range(down):
        split = next(name for name, end in SPLITS if (row + 0.5) / down < end)
        for column in range(across):
            top, bottom = (image.shape[0] * at // down for at in (row, row + 1))
            left, right = (image.shape[1] * at // across for at in (column, column + 1))
            inner = boxes.clip((left, top, left, top), (right, bottom, right, bottom))
            sides, whole = inner[:, 2:] - inner[:, :2], (boxes[:, 2:] - boxes[:, :2]).prod(1)
            is_seen = sides.prod(1) >= LEAST_SEEN * whole
            name = f"{photo}-{row:02d}-{column:02d}.png"
            (folder / name).write_bytes(encode(np.ascontiguousarray(image[top:bottom, left:right]), "png"))
            kept = (inner[is_seen] - (left, top, left, top)).tolist()
            rows.append({"image": name, "split": split, "boxes": kept, "box_labels": ["tree"] * len(kept)})
    return rows
