"""Contact sheets: every row a picture and its copies, the drawn numbers under each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from augkit.pipeline import Pipeline
from augkit.preview.canvas import TINY_PX, fitted_size, kinds
from augkit.preview.cells import Cell, cells, facts_of
from augkit.preview.lettering import font, wrapped
from augkit.targets.sample import Sample

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
