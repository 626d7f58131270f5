"""Contact sheets: every row a picture and its copies, what was done to it below each, and the cells of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.core.spatial import Size
from augkit.errors import ArgumentError, AugkitError
from augkit.executors import run
from augkit.executors.stretching import Levels
from augkit.pipeline import Pipeline
from augkit.preview.canvas import TINY_PX, fitted_size, kinds, marked, picture
from augkit.preview.lettering import font, wrapped
from augkit.preview.numbers import numbers
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

CELL_PX, SMALL_CELL_PX = 224, 144  # the side of a picture's place; the small one where all pictures are tiny
MARGIN, GAP, ROW_GAP, ORIGINAL_GAP = 28, 16, 22, 32
TITLE_PX, SUBTITLE_PX, HEADING_PX, CAPTION_PX = 24, 13, 13, 12
CAPTION_LINE, SUBTITLE_LINE, HEADING_HEIGHT, CAPTION_SPACE, CAPTION_TOP = 16, 18, 26, 8, 6
PAPER, PLACE, INK, SOFT, RULE = "white", (243, 244, 246), (17, 24, 39), (96, 103, 115), (222, 225, 230)


@dataclass(frozen=True)
class Layout:
    """Places of everything on a sheet, in pixels.

    Args:
        cell: the width of a column.
        copies: how many copies of each picture.
        header_lines: lines of text below the title.
        heights: of every row's pictures.
        caption_lines: lines of text below every row's pictures.
    """

    cell: int
    copies: int
    header_lines: int
    heights: tuple[int, ...]
    caption_lines: tuple[int, ...]

    @property
    def width(self) -> int:
        return _width(self.cell, self.copies)

    @property
    def height(self) -> int:
        return self._top(len(self.heights)) - ROW_GAP + MARGIN

    @property
    def headings(self) -> int:
        """The upper edge of the columns' headings."""
        return MARGIN + TITLE_PX + 12 + self.header_lines * SUBTITLE_LINE + 14

    def place(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) of a picture's place; column 0 is the original, column c + 1 is copy c."""
        left = MARGIN + column * (self.cell + GAP) + (ORIGINAL_GAP - GAP if column else 0)
        top = self._top(row)
        return left, top, left + self.cell, top + self.heights[row]

    def _top(self, row: int) -> int:
        pictures, lines = sum(self.heights[:row]), sum(self.caption_lines[:row])
        return self.headings + HEADING_HEIGHT + pictures + lines * CAPTION_LINE + row * (CAPTION_SPACE + ROW_GAP)


def contact_sheet(
    samples: Sequence[Sample], pipeline: Pipeline, copies: int, seed: int = 0, title: str = "augkit"
) -> NDArray[np.uint8]:
    """Draw a sheet of pictures and their copies: those that expanding them with that seed makes.

    Boxes, polygons, masks and keypoints are drawn where a sample has them. The same arguments give the same pixels on
    one version of Pillow.

    Args:
        samples: at least one, one a row.
        pipeline: makes the copies.
        copies: how many of each, at least 1.
        seed: the user's seed.
        title: the header's first line.

    Returns:
        (H, W, 3) RGB.

    Raises:
        ArgumentError: there is nothing to show.
        AugkitError: a copy cannot be made; the sentence names the sample.
    """
    table = cells(samples, pipeline, copies, seed)
    is_tiny = max(side for row in table for cell in row for side in cell.size) < TINY_PX
    side = SMALL_CELL_PX if is_tiny else CELL_PX
    captions = [[wrapped(cell.words, side, font(CAPTION_PX)) for cell in row] for row in table]
    facts = facts_of(samples, copies, seed)
    steps = " > ".join(pipeline.labels) or "no steps"
    text_width = _width(side, copies) - 2 * MARGIN
    header = [line for text in (facts, [steps]) for line in wrapped(text, text_width, font(SUBTITLE_PX))]
    heights = tuple(max(fitted_size(cell.size, side)[0] for cell in row) for row in table)
    layout = Layout(side, copies, len(header), heights, tuple(max(map(len, row)) for row in captions))
    sheet = Image.new("RGB", (layout.width, layout.height), PAPER)
    _draw_header(ImageDraw.Draw(sheet), layout, wrapped([title], text_width, font(TITLE_PX))[:1], header)
    _draw_cells(sheet, layout, table, captions, kinds(samples, pipeline.policy))
    return np.array(sheet)


def _draw_cells(
    sheet: Image.Image,
    layout: Layout,
    table: Sequence[Sequence[Cell]],
    captions: Sequence[Sequence[Sequence[str]]],
    known: Sequence[str],
) -> None:
    draw = ImageDraw.Draw(sheet)
    for index, row in enumerate(table):
        for column, cell in enumerate(row):
            left, top, right, bottom = layout.place(index, column)
            draw.rectangle((left, top, right - 1, bottom - 1), fill=PLACE)
            shown = cell.shown(layout.cell, known)
            sheet.paste(shown, ((left + right - shown.width) // 2, (top + bottom - shown.height) // 2))
            for line, text in enumerate(captions[index][column]):
                draw.text((left, bottom + CAPTION_TOP + line * CAPTION_LINE), text, fill=SOFT, font=font(CAPTION_PX))


def _width(cell: int, copies: int) -> int:
    return 2 * MARGIN + (copies + 1) * cell + ORIGINAL_GAP + (copies - 1) * GAP


def _draw_header(draw: ImageDraw.ImageDraw, layout: Layout, title: Sequence[str], lines: Sequence[str]) -> None:
    for text in title:
        draw.text((MARGIN, MARGIN - 6), text, fill=INK, font=font(TITLE_PX))
    for index, line in enumerate(lines):
        y = MARGIN + TITLE_PX + 6 + index * SUBTITLE_LINE
        draw.text((MARGIN, y), line, fill=SOFT, font=font(SUBTITLE_PX))
    y = layout.headings - 8
    draw.line((MARGIN, y, layout.width - MARGIN - 1, y), fill=RULE)
    for column in range(layout.copies + 1):
        text = f"copy {column - 1}" if column else "original"
        draw.text((layout.place(0, column)[0], layout.headings), text, fill=INK, font=font(HEADING_PX))


@dataclass(frozen=True)
class Cell:
    """A source with the plan of its copy, or without one: the original. Copies are made when they are drawn.

    Args:
        source: the picture.
        plan: of its copy, or None.
        levels: what is shown as black and white, where that is not all of the dtype's range.
    """

    source: Sample
    plan: Plan | None = None
    levels: Levels | None = None

    @property
    def size(self) -> Size:
        height, width = self.source.image.shape[:2]
        return self.plan.size if self.plan else (height, width)

    @property
    def words(self) -> list[str]:
        return numbers(self.plan) if self.plan else _facts(self.source)

    def shown(self, side: int, known: Sequence[str]) -> Image.Image:
        """Return its picture with its labels drawn in, fitted into a square.

        Args:
            side: of the square, in pixels.
            known: all kinds of labels, as `canvas.kinds` gives them.
        """
        sample = self.sample
        return marked(picture(sample, side, self.levels), sample, known)

    @property
    def sample(self) -> Sample:
        try:
            return run(self.plan, self.source) if self.plan else self.source
        except AugkitError as error:
            raise error.at(self.source.id) from error.__cause__


def cells(samples: Sequence[Sample], pipeline: Pipeline, copies: int, seed: int) -> list[list[Cell]]:
    """Return a row for every sample: itself, then its copies.

    Raises:
        ArgumentError: there is nothing to show.
        AugkitError: a copy cannot be drawn; the sentence names the sample.
    """
    if not samples:
        raise ArgumentError("must hold at least one sample, got none.", "samples")
    if copies < 1:
        raise ArgumentError(f"must be at least 1, got {copies}.", "copies")
    return [_row(sample, pipeline, copies, seed) for sample in samples]


def facts_of(samples: Sequence[Sample], copies: int, seed: int) -> list[str]:
    """Return what is shown, in words."""
    pictures = f"{len(samples)} picture" + "s" * (len(samples) != 1)
    return [pictures, f"{copies} cop" + ("ies" if copies != 1 else "y") + " of each", f"seed {seed}"]


def _row(sample: Sample, pipeline: Pipeline, copies: int, seed: int) -> list[Cell]:
    """Return the sample's cell and those of its copies."""
    scene = Scene.of(sample)
    try:
        plans = [pipeline.draw(Key(seed, sample.id, copy), scene) for copy in range(copies)]
    except AugkitError as error:
        raise error.at(sample.id) from error.__cause__
    levels = pipeline.policy.range
    return [Cell(sample, None, levels), *(Cell(sample, plan, levels) for plan in plans)]


def _facts(sample: Sample) -> list[str]:
    height, width = sample.image.shape[:2]
    channels = 1 if sample.image.ndim == 2 else sample.image.shape[2]
    colors = {1: "grey", 3: "RGB"}.get(channels, "RGBA" if sample.alpha else f"{channels} channels")
    return [sample.id or "(no name)", f"{width} x {height}", f"{colors} {sample.image.dtype}"]
