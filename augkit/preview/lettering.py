"""Lettering of sheets: a font, and lines of text that fit."""

import unicodedata
from collections.abc import Sequence
from functools import cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SEPARATOR = " · "


@cache
def font(size: int) -> Font:
    """Return the font that comes with Pillow; it has the letters of ASCII, the middle dot and the degree sign."""
    return ImageFont.load_default(size=size)


def drawable(text: str) -> str:
    """Return the text with what the font lacks replaced: accents dropped, any other letter a question mark.

    >>> drawable("Käfer 汉 12°")
    'Kafer ? 12°'
    """
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" or letter in "·°" else "?" for letter in plain)


def wrapped(items: Sequence[str], width: float, face: Font) -> list[str]:
    """Join items with dots into lines that fit; one that is too long by itself is broken at its spaces, or anywhere."""
    lines = [""]
    for item in items:
        joined = lines[-1] + SEPARATOR + drawable(item) if lines[-1] else drawable(item)
        if face.getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines += _broken(drawable(item), width, face)
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
