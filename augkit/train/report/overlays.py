"""Overlays: the classes of a picture's pixels as colours on it, what is wrong of them, and the legend."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from augkit.core.arrays import Mask
from augkit.train.report.report_page import text

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Told apart by most eyes on most photos: Okabe and Ito's, the brighter ones first.
COLOURS: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)

SHARE = 0.55  # of a class's colour over the picture
WRONG, RIGHT_SHARE = (220, 38, 38), 0.25
STEP = 0.55  # what colours are multiplied by once all were used
EDGE = 255  # of what is ignored: white, hatched
HATCH_PX = 6


def colours_of(count: int, has_background: bool) -> list[Colour]:
    """Return a colour for each class, told apart by most eyes; after the last, the same ones darker."""
    made: list[Colour] = [(0, 0, 0)] if has_background else []
    place = 0
    while len(made) < count:
        dark = STEP ** (place // len(COLOURS))
        red, green, blue = COLOURS[place % len(COLOURS)]
        made.append((round(red * dark), round(green * dark), round(blue * dark)))
        place += 1
    return made


def tinted(picture: Picture, classes: Mask, colours: Sequence[Colour], background: int | None) -> Picture:
    """Return a picture (H, W, 3) with the colour of every pixel's class over it, but for the background's.

    Args:
        picture: uint8, (H, W), or (H, W, C) with one or three channels.
        classes: the place of each pixel's class (H, W); what is beyond the colours is hatched: it is ignored.
        colours: of the classes.
        background: the place of the class that has no colour, or None.
    """
    shown = _colours(picture).astype(np.float64)
    is_class = classes < len(colours)
    table = np.array(colours, np.float64)
    tint = table[np.where(is_class, classes, 0)]
    share = np.where(is_class, SHARE, 0.0)
    if background is not None:
        share[classes == background] = 0.0
    shown = shown * (1.0 - share[..., None]) + tint * share[..., None]
    shown[_hatched(classes.shape) & ~is_class] = EDGE
    made: Picture = np.rint(shown).astype(np.uint8)
    return made


def mistaken(picture: Picture, truth: Mask, said: Mask, classes: int) -> Picture:
    """Return a picture (H, W, 3) in faint grey, red where what is said is not the truth, and hatched where ignored.

    Args:
        picture: uint8, (H, W), or (H, W, C) with one or three channels.
        truth: the place of each pixel's class (H, W), from 0 to below `classes`; else it is ignored.
        said: likewise what was answered.
        classes: how many there are.
    """
    grey = _colours(picture).mean(axis=2, keepdims=True)
    shown = np.repeat(255.0 - (255.0 - grey) * (1.0 - RIGHT_SHARE) * 0.6, 3, axis=2)
    is_counted = truth < classes
    shown[is_counted & (truth != said)] = WRONG
    shown[_hatched(truth.shape) & ~is_counted] = EDGE
    made: Picture = np.rint(shown).astype(np.uint8)
    return made


def beside(pictures: Sequence[Picture]) -> Picture:
    """Return pictures (H, W, 3) of one height in a row, white in between."""
    gap = np.full((pictures[0].shape[0], max(2, pictures[0].shape[1] // 40), 3), 255, np.uint8)
    row = [part for picture in pictures for part in (gap, picture)][1:]
    return np.concatenate(row, axis=1)


def legend(names: Sequence[str], colours: Sequence[Colour], background: int | None) -> str:
    """Return the names of classes beside their colours, as HTML; the background, at its place, has none."""
    fills = [
        "none" if place == background else f"rgb({red}, {green}, {blue})"
        for place, (red, green, blue) in enumerate(colours)
    ]
    entries = (
        f'<span class="key"><span class="swatch" style="background: {fill}"></span>{text(name)}</span>'
        for name, fill in zip(names, fills, strict=True)
    )
    return f'<p class="legend">{" ".join(entries)}</p>'


def _colours(picture: Picture) -> Picture:
    deep = picture if picture.ndim == 3 else picture[..., None]
    return deep if deep.shape[2] == 3 else np.repeat(deep[..., :1], 3, axis=2)


def _hatched(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    found: NDArray[np.bool_] = (rows + columns) % HATCH_PX == 0
    return found
