"""Boxes drawn on a picture: the truth, and what was said."""

from collections.abc import Sequence

import cv2
import numpy as np

from augkit.core.arrays import Array, Image

TRUTH, SAID, IGNORED = (255, 255, 255), (255, 140, 0), (150, 150, 150)  # RGB
DARK = (20, 20, 20)  # around it, so that it shows on any picture


def with_boxes(picture: Image, names: Sequence[str], truths: Array, said: Array) -> Image:
    """Return a picture (h, w, 3) uint8 with boxes: white ones are true, grey ones ignored, orange ones were said.

    Args:
        picture: what they lie on.
        names: of the classes.
        truths: (m, 6) of class, left, top, right, bottom, and whether it is ignored; class -1 is none.
        said: (n, 6) of class, left, top, right, bottom, score.
    """
    drawn = np.ascontiguousarray(picture).copy()
    for row in truths:
        if row[0] >= 0:
            _box(drawn, row[1:5], IGNORED if row[5] else TRUTH)
    for row in said:
        if row[0] >= 0:
            _box(drawn, row[1:5], SAID)
            _tag(
                drawn, row[1:3], f"{names[int(row[0])]} {100 * row[5]:.0f}" if len(names) > 1 else f"{100 * row[5]:.0f}"
            )
    return drawn


def _box(picture: Image, box: Array, color: tuple[int, int, int]) -> None:
    left, top, right, bottom = (round(float(side)) for side in box)
    cv2.rectangle(picture, (left, top), (right, bottom), DARK, 3)
    cv2.rectangle(picture, (left, top), (right, bottom), color, 1)


def _tag(picture: Image, corner: Array, words: str) -> None:
    at = (round(float(corner[0])) + 2, max(round(float(corner[1])) - 3, 9))
    text = words.encode("ascii", "replace").decode()
    for color, thickness in ((DARK, 3), (SAID, 1)):
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.35, color, thickness, cv2.LINE_AA)
