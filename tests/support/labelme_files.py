"""Pieces of LabelMe's JSON."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from augkit.images import encode

SIZE = {"imageHeight": 24, "imageWidth": 32}
TRIANGLE = [[1, 1], [9, 1], [9, 5]]


def shape(label: str, points: list[Any], kind: str | None = "polygon", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def content(*shapes: Any, **more: Any) -> dict[str, Any]:
    about: dict[str, Any] = {
        "version": "5.4.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": "a.jpg",
        "imageData": None,
    }
    return about | SIZE | more


DISC = np.hypot(*np.mgrid[-3.5:4, -3.5:4]) < 4  # 8 x 8


DISC_PNG = base64.b64encode(encode(DISC.astype(np.uint8) * 255, "png")).decode()
