"""Contents of pictures that may be masks: whether they look like some, and what their numbers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Image as Pixels, JsonObject
from augkit.core.spatial import size_of
from augkit.datasets.folders.mask_classes import MaskClasses
from augkit.errors import DecodeError, FileError
from augkit.images import decode, palette_of
from augkit.images.mask_colours import Colour, black_and_white, colours_in, colours_of_palette, mode_of, png_palette
from augkit.images.mask_files import MOST_COLOURS
from augkit.images.pictures_apart import apart

LOOKED_AT = 8  # pictures, evenly spread over all, to see what a folder holds
MOST_VALUES = 64  # of a mask; a photo has more
HEAD_BYTES = 4096
MOST_PALETTE = 64  # colours of one that is written down
JPEG = b"\xff\xd8"
_BYTES = 4  # of a number that holds a colour
_GREY_MODES = ("L", "1", "LA", "I", "I;16", "I;16B", "")


@dataclass(frozen=True, slots=True)
class Look:
    """A picture's looks.

    Args:
        size: height and width.
        is_mask: it is without loss and of few values, as class numbers are, or of two that lost little.
        is_photo: it has many colours.
        is_one_channel: it is grey, or has a palette.
        is_index: its values are as low as class numbers, or 0 and 255.
        is_exact: it was saved without loss.
    """

    size: tuple[int, int]
    is_mask: bool
    is_photo: bool
    is_one_channel: bool
    is_index: bool
    is_exact: bool


def look_at(data: bytes) -> Look | None:
    """Return how a picture looks, or None of one that cannot be decoded."""
    try:
        image = decode(data, profiles=False).image
    except DecodeError:
        return None
    has_palette = palette_of(data) is not None
    flat = image.reshape(-1, 1) if image.ndim == 2 else image.reshape(-1, image.shape[2])
    colours = np.unique(flat, axis=0) if len(flat) < 1 << 16 else _sampled(flat)
    grey = bool((colours == colours[:, :1]).all())
    values = colours[:, 0]
    is_lossy = data.startswith(JPEG)
    is_two = is_lossy and _is_black_and_white(data)
    is_few = len(colours) <= MOST_VALUES
    is_index = grey and len(values) > 1 and bool(np.all((values < MOST_VALUES) | (values == 255)))
    return Look(
        size_of(image),
        is_two if is_lossy else is_few or (grey and image.dtype == np.uint16),
        not is_few or (is_lossy and not is_two),
        image.ndim == 2 or has_palette,
        is_index,
        not is_lossy,
    )


def _is_black_and_white(data: bytes) -> bool:
    try:
        return bool(black_and_white(data).any())
    except DecodeError:
        return False


def _sampled(flat: Pixels) -> Pixels:
    """Return the colours of a part of many pixels: enough of them to tell few from many."""
    part = np.ascontiguousarray(flat[:: max(1, len(flat) // (1 << 16))])
    if part.dtype != np.uint8 or part.shape[1] > _BYTES:
        return np.unique(part, axis=0)
    # As numbers they are sorted ten times as fast as rows; the first channel comes first in both orders.
    numbers = np.zeros((len(part), _BYTES), np.uint8)
    numbers[:, : part.shape[1]] = part
    colours = np.unique(numbers.view(">u4")[:, 0])
    return colours.astype(">u4").view(np.uint8).reshape(-1, _BYTES)[:, : part.shape[1]]


def spread(paths: Sequence[str], count: int = LOOKED_AT) -> list[str]:
    """Return some of many paths, evenly spread, the first and the last among them.

    >>> spread(["a", "b", "c", "d", "e"], 3)
    ['a', 'c', 'e']
    """
    if len(paths) <= count:
        return list(paths)
    return [paths[round(place * (len(paths) - 1) / (count - 1))] for place in range(count)]


def about_masks(
    paths: Iterable[str],
    head: Callable[[str, int], bytes],
    read: Callable[[str], bytes],
    classes: MaskClasses | None,
    note: Callable[[str], None],
    where: str,
) -> JsonObject:
    """Return what `DataSet.about` says of masks: the classes that a file gives, or the colours that they have.

    The beginning of each is looked at; where they hold colours that no file explains, all of those are decoded, and
    their colours numbered in order of red, green and blue, so that black is 0.

    Raises:
        FileError: they have more colours than classes may be, or some hold numbers and others colours.
    """
    coloured, greys, palettes, lossy = list[str](), list[str](), dict[str, list[Colour]](), 0
    for path in sorted(paths):
        start = head(path, HEAD_BYTES)
        if start.startswith(JPEG):  # black and white, or its picture is rejected
            lossy += 1
            continue
        whole = b"" if _is_png(start) else read(path)
        palette = png_palette(start) if _is_png(start) else colours_of_palette(whole)
        if palette is not None:
            palettes[path] = palette
        elif not _is_grey(start) if _is_png(start) else mode_of(whole) not in _GREY_MODES:
            coloured.append(path)
        else:
            greys.append(path)
    if lossy:
        note(f"{lossy:,} masks are JPEG, whose values are rounded to 0 and 255. Masks are best saved as PNG.")
    if classes is not None and classes.has_colours:
        return classes.about()
    longest = max(palettes.values(), key=len, default=[])
    if coloured or any(palette != longest[: len(palette)] for palette in palettes.values()):
        coloured += palettes  # an index means another thing in each
    found = _colours(coloured, read, where)
    if all(red == green == blue for red, green, blue in found) and not set(palettes) & set(coloured):
        about = classes.about() if classes is not None else {}
        if palettes and classes is None and not coloured and len(longest) <= MOST_PALETTE and _are_unlike(longest):
            about["mask_colours"] = [list(colour) for colour in longest]
        return about
    numbered = next((path for path in greys if not _colours([path], read, where) <= {(0, 0, 0)}), None)
    if numbered is not None:
        what = f"must all hold numbers, or all colours, got numbers in {numbered} and colours in {min(coloured)}"
        raise FileError(f"{what}. Say in classes.csv (name,r,g,b) which colour is which number.", where)
    colours = sorted(found)
    listed = ", ".join(f"{number} = {colour}" for number, colour in enumerate(colours[:8]))
    more = f", and {len(colours) - 8} more" if len(colours) > 8 else ""
    note(f"The masks' colours are numbered as classes: {listed}{more}. A classes.csv (name,r,g,b) says otherwise.")
    about = {"mask_colours": [list(colour) for colour in colours]}
    names = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in colours]
    if classes is not None and len(classes.names) == len(colours):
        return {"mask_classes": list(classes.names), **about}
    return {"mask_classes": names, **about}


def _colours(paths: Iterable[str], read: Callable[[str], bytes], where: str) -> set[Colour]:
    found: set[Colour] = set()
    for path in paths:
        try:
            found |= apart(f"{where}/{path}", colours_in, read(path))
        except DecodeError:
            continue  # its picture is rejected for it
        if len(found) > MOST_COLOURS:
            what = f"must have at most {MOST_COLOURS} colours, one a class, got more in {path} and those before it"
            advice = "Save masks without loss, as PNG, or list the colours in classes.csv (name,r,g,b)."
            raise FileError(f"{what}. {advice}", where)
    return found


def _are_unlike(colours: Sequence[Colour]) -> bool:
    return len(set(colours)) == len(colours)


def _is_png(start: bytes) -> bool:
    return start.startswith(b"\x89PNG\r\n\x1a\n")


def _is_grey(start: bytes) -> bool:
    """Return whether it is a PNG of one channel, with alpha or without."""
    return _is_png(start) and start[25:26] in (b"\x00", b"\x04")
