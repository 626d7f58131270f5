"""Pieces of Label Studio's JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

SIZE = {"original_width": 32, "original_height": 24, "image_rotation": 0}
PLACE = {"x": 100 * 2 / 32, "y": 100 * 3 / 24, "width": 100 * 5 / 32, "height": 100 * 7 / 24}
RING = [[100 * x / 32, 100 * y / 24] for x, y in ((1, 1), (9, 1), (9, 5))]


def result(kind: str, value: dict[str, Any], *labels: str, id: str = "r1", **more: Any) -> dict[str, Any]:
    value = value | ({kind: list(labels)} if labels else {})
    return {"id": id, "type": kind, "from_name": "label", "to_name": "image", "value": value, **SIZE, **more}


def task(*results: Any, image: str = "/data/upload/1/12345678-a.jpg", **more: Any) -> dict[str, Any]:
    one = {"id": 1, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "result": list(results)}
    return {"id": 7, "data": {"image": image}, "annotations": [one], "predictions": [], **more}


BOX = result("rectanglelabels", PLACE | {"rotation": 0}, "cat")


PIXELS = np.zeros((24, 32), np.uint8)
PIXELS[5:7, 10:13] = [[0, 1, 1], [1, 1, 0]]
