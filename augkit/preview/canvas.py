"""Samples as small pictures: of any dtype and channels, made visible, with all that they carry drawn over them."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Array, Mask, Points, Reals
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size, size_of
from augkit.executors.stretching import Levels, stretched
from augkit.preview.lettering import drawable, font
from augkit.targets.carried import points_of
from augkit.targets.sample import Sample
from augkit.targets.target import PixelTarget

Color = tuple[int, int, int]

# Told apart by most eyes on most photos: Okabe and Ito's, the brighter ones first.
COLORS: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
    (0, 114, 178),
)
TINT = 0.5  # share of a class's colour over the picture
SUPERSAMPLING = 4  # Pillow draws slanted lines without smoothing
LINE_PX = 2
POINT_PX, RING_PX = 3.0, 4.5  # radii of a keypoint and of the white behind it
POINT_COLOR = COLORS[4]
NUMBER_FONT_PX = 9  # of keypoints
TAG_FONT_PX, TAG_HEIGHT, TAG_MARGIN = 11, 14, 3
TINY_PX = 64  # pictures below are enlarged in whole steps, so that their pixels stay squares
LARGEST_ZOOM = 2.0  # of others, which would only blur
CHECKS, CHECK_PX = (255, 204), 8  # the two greys behind what is transparent


class PictureCanvas:
    """A fitted picture to draw on; points come over all lines, and names over all else.

    Args:
        shown: the picture, of any size.
        size: (height, width) of the picture that targets lie in.
        known: all labels of the sheet, so that one has one colour everywhere.
    """

    def __init__(self, shown: Image.Image, size: Size, known: Sequence[str] = ()) -> None:
        self.shown, self.known = shown, known
        self.scale = np.array([shown.width / size[1], shown.height / size[0]])
        self.dots: list[tuple[Points, int | None]] = []
        self.tags: list[tuple[Points, str]] = []

    @cached_attribute
    def _lines(self) -> Image.Image:
        return Image.new("RGBA", (self.shown.width * SUPERSAMPLING, self.shown.height * SUPERSAMPLING))

    def tint(self, classes: Mask) -> None:
        """Lay every class's colour over the picture; the layers of a deep mask are classes 1, 2, 3 ..."""
        if classes.ndim == 3:
            classes = ((classes != 0) * np.arange(1, classes.shape[2] + 1)).max(axis=2)
        numbers = classes.astype(np.int64)
        palette = np.array(COLORS, np.uint8)[(numbers - 1) % len(COLORS)]
        share = np.where(numbers != 0, round(255 * TINT), 0).astype(np.uint8)
        size, nearest = self.shown.size, Image.Resampling.NEAREST
        tint, weight = (Image.fromarray(layer).resize(size, nearest) for layer in (palette, share))
        self.shown = Image.composite(tint, self.shown, weight)

    def line(self, points: Points, name: str | None = None) -> None:
        corners = [(x, y) for x, y in (points * (self.scale * SUPERSAMPLING)).tolist()]
        if corners:  # an object that is a box alone has an outline without points
            draw = ImageDraw.Draw(self._lines)
            draw.line(corners, (*self._color(name), 255), LINE_PX * SUPERSAMPLING, joint="curve")

    def box(self, box: Reals, name: str | None = None) -> None:
        edges = (box * np.tile(self.scale * SUPERSAMPLING, 2)).tolist()
        draw = ImageDraw.Draw(self._lines)
        draw.rectangle(edges, outline=(*self._color(name), 255), width=LINE_PX * SUPERSAMPLING)

    def dot(self, point: Points, number: int | None = None) -> None:
        self.dots.append((point, number))

    def tag(self, corner: Points, name: str) -> None:
        self.tags.append((corner, name))

    def finished(self) -> Image.Image:
        """Return the picture with all that was drawn."""
        draw = ImageDraw.Draw(self._lines)
        for point, number in self.dots:
            inner = POINT_COLOR if number is None else COLORS[number % len(COLORS)]
            for radius, color in ((RING_PX, (255, 255, 255, 255)), (POINT_PX, (*inner, 255))):
                place, reach = point * (self.scale * SUPERSAMPLING), radius * SUPERSAMPLING
                draw.ellipse([*(place - reach).tolist(), *(place + reach).tolist()], fill=color)
        smooth = self._lines.resize(self.shown.size, Image.Resampling.BOX)
        shown = Image.alpha_composite(self.shown.convert("RGBA"), smooth).convert("RGB")
        for point, number in self.dots:
            if number is not None:
                self._number(ImageDraw.Draw(shown), point * self.scale, number)
        for corner, name in self.tags:
            self._write(ImageDraw.Draw(shown), corner * self.scale, drawable(name), self._color(name))
        return shown

    def _color(self, name: str | None) -> Color:
        is_coloured = name is not None and name in self.known  # a kind may name what it says has no colours
        return COLORS[self.known.index(name) % len(COLORS) if is_coloured else 0]

    def _number(self, draw: ImageDraw.ImageDraw, place: Reals, number: int) -> None:
        """Write a point's number at its lower right, or on its other side where that is beyond the picture."""
        text, letters = str(number), font(NUMBER_FONT_PX)
        width, reach = draw.textlength(text, letters), RING_PX
        x, y = float(place[0]) + reach, float(place[1]) + reach - NUMBER_FONT_PX / 2
        left = x if x + width <= self.shown.width else float(place[0]) - reach - width
        top = min(max(0.0, y), self.shown.height - NUMBER_FONT_PX)
        draw.text((left, top), text, fill="white", font=letters, stroke_width=1, stroke_fill="black")

    def _write(self, draw: ImageDraw.ImageDraw, corner: Points, text: str, color: Color) -> None:
        """Write a name with its upper left corner at a point, moved inside the picture."""
        width = draw.textlength(text, font(TAG_FONT_PX)) + 2 * TAG_MARGIN
        left = max(0.0, min(float(corner[0]), self.shown.width - width))
        top = max(0.0, min(float(corner[1]), self.shown.height - TAG_HEIGHT))
        draw.rectangle((left, top, left + width, top + TAG_HEIGHT), fill=color)
        draw.text((left + TAG_MARGIN, top), text, fill="black", font=font(TAG_FONT_PX))


def fitted_size(size: Size, cell: int) -> Size:
    """Return the size of a picture fitted into a square cell, its aspect kept."""
    height, width = size
    longer = max(height, width)
    zoom = cell // longer if longer < min(TINY_PX, cell) else min(cell / longer, LARGEST_ZOOM)
    return max(1, round(height * zoom)), max(1, round(width * zoom))


def picture(sample: Sample, cell: int, levels: Levels | None = None) -> Image.Image:
    """Return the sample's picture fitted into a square of `cell` pixels.

    Black and white are `levels`, if these are given. What is transparent shows a checkerboard, and the classes of the
    mask are tinted.

    Raises:
        SampleError: the levels reach beyond the picture's dtype.
    """
    if levels is not None:
        sample = sample.changed(image=stretched(sample.image, levels, sample.alpha))
    height, width = sample.image.shape[:2]
    fitted = fitted_size((height, width), cell)[::-1]
    smooth = Image.Resampling.NEAREST if max(height, width) < TINY_PX else Image.Resampling.LANCZOS
    shown = Image.fromarray(visible(sample.image)).resize(fitted, smooth)
    if sample.alpha:
        alpha = Image.fromarray(_bytes(sample.image[..., 3])).resize(fitted, smooth)
        shown = Image.composite(shown, _checkerboard(fitted), alpha)
    canvas = PictureCanvas(shown, (height, width))
    for target in sample.targets.values():
        if isinstance(target, PixelTarget):
            target.draw(canvas, ())
    return canvas.shown


def visible(image: Array) -> NDArray[np.uint8]:
    """Return an image of any dtype and channels as RGB (H, W, 3): the first three channels, or the first as grey."""
    levels = _bytes(image)
    if levels.ndim == 3 and levels.shape[2] >= 3:
        return np.ascontiguousarray(levels[..., :3])
    grey = levels if levels.ndim == 2 else levels[..., 0]
    return np.repeat(grey[..., None], 3, axis=2)


def _bytes(image: Array) -> NDArray[np.uint8]:
    if image.dtype == np.uint16:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype == np.float32:
        return np.rint(image * np.float32(255)).astype(np.uint8)
    return np.ascontiguousarray(image, np.uint8)


def _checkerboard(size: tuple[int, int]) -> Image.Image:
    y, x = np.ogrid[: size[1], : size[0]]
    light = (y // CHECK_PX + x // CHECK_PX) % 2 == 0
    return Image.fromarray(visible(np.where(light, *CHECKS).astype(np.uint8)))


def kinds(samples: Iterable[Sample], policy: SamplingOptions) -> list[str]:
    """Return all labels that have colours, and what they are called in a mirror, sorted: the place is the colour."""
    coloured = [target for sample in samples for target in points_of(sample.targets).values() if target.is_coloured]
    both = [target for one in coloured for target in (one, one.mirrored(policy))]
    return sorted({name for target in both for name in target.names()})


def marked(shown: Image.Image, sample: Sample, known: Sequence[str]) -> Image.Image:
    """Draw everything in a sample that is coordinates over its fitted picture.

    Args:
        shown: the sample's picture, of any size.
        sample: has the labels, in its own pixels.
        known: all labels of the sheet, as `kinds` gives them.
    """
    canvas = PictureCanvas(shown, size_of(sample.image), known)
    targets = points_of(sample.targets)
    for target in sorted(targets.values(), key=lambda one: not one.follows):  # what belongs to others lies below them
        owner = targets.get(target.follows, target)
        target.draw(canvas, owner.names())
    return canvas.finished()
