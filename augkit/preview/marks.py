"""Boxes, polygons and keypoints drawn over a fitted picture, and the text that every sheet needs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from augkit.core.policy import Policy
from augkit.preview.picture import COLORS
from augkit.targets.outlines import corners_of
from augkit.targets.sample import Sample

__all__ = ["Font", "font", "kinds", "marked", "printable", "wrapped"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SUPERSAMPLING = 4  # Pillow draws slanted lines without smoothing
LINE_PX = 2
POINT_PX, RING_PX = 3.0, 4.5  # radii of a keypoint and of the white behind it
TAG_FONT_PX, TAG_HEIGHT, TAG_MARGIN = 11, 14, 3
POINT_COLOR = COLORS[4]
SEPARATOR = " · "


@cache
def font(size: int) -> Font:
    """Return the font that comes with Pillow; it has the letters of ASCII, the middle dot and the degree sign."""
    return ImageFont.load_default(size=size)


def printable(text: str) -> str:
    """Return the text with what the font lacks replaced: accents dropped, any other letter a question mark.

    >>> printable("Käfer 汉 12°")
    'Kafer ? 12°'
    """
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" or letter in "·°" else "?" for letter in plain)


def wrapped(items: Sequence[str], width: float, face: Font) -> list[str]:
    """Join items with dots into lines that fit; one that is too long by itself is broken at its spaces, or anywhere."""
    lines = [""]
    for item in items:
        joined = lines[-1] + SEPARATOR + printable(item) if lines[-1] else printable(item)
        if face.getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines += _broken(printable(item), width, face)
    return [line for line in lines if line]


def _broken(text: str, width: float, face: Font) -> list[str]:
    lines: list[str] = []
    while text:
        end = len(text)
        while end > 1 and face.getlength(text[:end]) > width:
            end -= 1
        space = text.rfind(" ", 0, end + 1)
        end = space if end < len(text) and space > 0 else end
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return lines


def kinds(samples: Iterable[Sample], policy: Policy) -> list[str]:
    """Return all box labels, and what they are called in a mirror, as text, sorted: a label's place is its colour."""
    labels = [label for sample in samples for label in _listed(sample.box_labels)]
    return sorted({str(name) for label in labels for name in (label, policy.in_mirror(label))})


def marked(shown: Image.Image, sample: Sample, known: Sequence[str]) -> Image.Image:
    """Draw the sample's outlines, lines, boxes with their labels, and visible keypoints over its fitted picture.

    Args:
        shown: the sample's picture, of any size.
        sample: has the labels, in its own pixels.
        known: all kinds of labels of the sheet, so that a kind has one colour everywhere.
    """
    height, width = sample.image.shape[:2]
    scale = np.array([shown.width / width, shown.height / height])
    names = [str(label) for label in _listed(sample.box_labels)]
    colors = [COLORS[known.index(name) % len(COLORS)] for name in names]
    lines = Image.new("RGBA", (shown.width * SUPERSAMPLING, shown.height * SUPERSAMPLING))
    _draw_lines(ImageDraw.Draw(lines), sample, scale * SUPERSAMPLING, colors)
    smooth = lines.resize(shown.size, Image.Resampling.BOX)
    shown = Image.alpha_composite(shown.convert("RGBA"), smooth).convert("RGB")
    for box, name, color in zip(_listed(sample.boxes), names, colors, strict=bool(names)):
        _draw_tag(shown, box[:2] * scale, printable(name), color)
    return shown


def _draw_lines(
    draw: ImageDraw.ImageDraw, sample: Sample, scale: NDArray[np.float64], colors: Sequence[tuple[int, ...]]
) -> None:
    thickness = LINE_PX * SUPERSAMPLING
    for index, polygon in enumerate(_listed(sample.polygons)):
        color = (*(colors[index] if colors else COLORS[0]), 255)
        for ring in polygon if isinstance(polygon, list) else [polygon]:
            corners = [(x, y) for x, y in (ring * scale).tolist()]
            if corners:  # an instance that is a box alone has an outline without points
                draw.line([*corners, *corners[:1]], color, thickness, joint="curve")
    for index, box in enumerate(_listed(sample.boxes)):
        color = (*(colors[index] if colors else COLORS[0]), 255)
        draw.rectangle((box * np.tile(scale, 2)).tolist(), outline=color, width=thickness)
    rotated = np.zeros((0, 5)) if sample.rotated_boxes is None else sample.rotated_boxes
    closed = [np.concatenate([corners, corners[:1]]) for corners in corners_of(rotated)]
    for line in [*closed, *_listed(sample.polylines)]:
        draw.line([(x, y) for x, y in (line * scale).tolist()], (*COLORS[0], 255), thickness, joint="curve")
    if sample.keypoints is not None and sample.keypoint_visible is not None:
        for point in sample.keypoints[sample.keypoint_visible.astype(bool)] * scale:
            for radius, color in ((RING_PX, (255, 255, 255, 255)), (POINT_PX, (*POINT_COLOR, 255))):
                reach = radius * SUPERSAMPLING
                draw.ellipse([*(point - reach).tolist(), *(point + reach).tolist()], fill=color)


def _draw_tag(shown: Image.Image, corner: NDArray[np.float64], text: str, color: tuple[int, int, int]) -> None:
    """Write a label into the upper left corner of its box, moved inside the picture."""
    draw = ImageDraw.Draw(shown)
    width = draw.textlength(text, font(TAG_FONT_PX)) + 2 * TAG_MARGIN
    left = max(0.0, min(float(corner[0]), shown.width - width))
    top = max(0.0, min(float(corner[1]), shown.height - TAG_HEIGHT))
    draw.rectangle((left, top, left + width, top + TAG_HEIGHT), fill=color)
    draw.text((left + TAG_MARGIN, top), text, fill="black", font=font(TAG_FONT_PX))


def _listed(values: Any) -> list[Any]:
    return [] if values is None else list(values)
