"""The gallery: one picture, and what every transform makes of it."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.datasets.picture_statistics import StyleSums
from augkit.errors import MissingExtra, SampleError
from augkit.executors import run
from augkit.pipeline import Pipeline
from augkit.preview.canvas import picture
from augkit.preview.lettering import font, wrapped
from augkit.preview.numbers import numbers
from augkit.preview.sheet import INK, PAPER, SOFT
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.transforms import TRANSFORMS
from augkit.transforms.colour import Brightness, Hue
from augkit.transforms.finding import FOREIGN
from augkit.transforms.style import Style
from augkit.transforms.transform import Transform, example

DRAWS, VISIBLE = 16, 3.0  # looked at for one that changes the shown picture by so many grey levels on average
COLUMNS, CELL_PX, MARGIN, GAP = 6, 208, 28, 16
NAME_PX, CAPTION_PX, NAME_LINE, CAPTION_LINE, CAPTION_LINES = 14, 11, 20, 14, 3


def examples(sample: Sample) -> dict[str, Callable[[], Transform]]:
    """Return what makes one of every registered transform: as by default, or as its docstring shows it.

    Where that would show nothing, or not all there is to see, it has arguments that suit the picture.

    Args:
        sample: what they are to be shown on: RGB.

    Returns:
        By name; one that needs a package which is not there raises MissingExtra.
    """
    height, width = sample.image.shape[:2]
    half = (height // 2 + 1, width // 2 + 1)
    style = _style(sample)
    given: dict[str, tuple[object, ...]] = {
        **dict.fromkeys(("CenterCrop", "RandomBoxCrop", "RandomCrop", "RandomResizedCrop"), (half,)),
        "ColorTransfer": (style,),
        "FourierStyle": (style, 0.02),
        "Pad": (width // 8, height // 8, width // 8, height // 8),
        "PadTo": ((height + height // 4, width),),
        "Resize": ((height // 8 + 1, width // 8 + 1),),
        "ResizeSide": (min(height, width) // 3 + 1,),
    }
    found: dict[str, Callable[[], Transform]] = {
        name: partial(cls, *given[name]) if name in given else partial(example, cls) for name, cls in TRANSFORMS.items()
    }
    if "Albumentations" in found:
        found["Albumentations"] = partial(FOREIGN["albumentations"].written, "RandomRain", {}, "", None)
    return found


def gallery(sample: Sample, seed: int = 0) -> NDArray[np.uint8]:
    """Draw what every transform makes of a picture, with the drawn numbers under each.

    It is shrunk to its cell first, so that what is done to single pixels is seen. Shown is the first draw that changes
    it visibly, or of 16 the one that does most: by chance nothing might be drawn.

    Args:
        sample: RGB or RGBA.
        seed: another one, other numbers.

    Returns:
        (H, W, 3) RGB.

    Raises:
        SampleError: the picture has no colours.
    """
    if sample.image.ndim != 3:
        raise SampleError("must have three channels or four to show colours on, got a grey picture.", sample.id)
    if max(sample.image.shape[:2]) > CELL_PX:
        sample = Sample(np.asarray(picture(sample, CELL_PX)), id=sample.id)
    cells = [("the picture", sample, [sample.id])]
    for name, made in examples(sample).items():
        try:
            plan = _visible(Pipeline([made()]), name, sample, seed)
            cells.append((name, run(plan, sample), numbers(plan)))
        except MissingExtra as fault:
            cells.append((name, sample, [fault.message]))
    return _sheet(cells)


def _visible(pipeline: Pipeline, name: str, sample: Sample, seed: int) -> Plan:
    before = np.asarray(picture(sample, CELL_PX), np.float64)
    plans, changes = [], []
    for copy in range(DRAWS):
        plans.append(pipeline.draw(Key(seed, name, copy), Scene.of(sample)))
        after = np.asarray(picture(run(plans[-1], sample), CELL_PX), np.float64)
        changes.append(np.abs(after - before).mean() if after.shape == before.shape else VISIBLE)
        if changes[-1] >= VISIBLE:
            break
    return plans[int(np.argmax(changes))]


def _style(sample: Sample) -> Style:
    """Return the look of the same picture at another time: darker, and of another hue."""
    pipeline = Pipeline([Brightness(0.6), Hue(150.0)])
    return StyleSums.of(pipeline(sample, Key(0, "style")).image).style()


def _sheet(cells: Sequence[tuple[str, Sample, Sequence[str]]]) -> NDArray[np.uint8]:
    rows = -(-len(cells) // COLUMNS)
    shown = [picture(sample, CELL_PX) for _, sample, _ in cells]
    heights = [max(image.height for image in shown[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(rows)]
    below = CAPTION_LINES * CAPTION_LINE + GAP
    size = (
        2 * MARGIN + COLUMNS * (CELL_PX + GAP) - GAP,
        2 * MARGIN + sum(heights) + rows * (NAME_LINE + below) - GAP,
    )
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, ((name, _, words), image) in enumerate(zip(cells, shown, strict=True)):
        row, column = divmod(place, COLUMNS)
        left = MARGIN + column * (CELL_PX + GAP)
        top = MARGIN + sum(heights[:row]) + row * (NAME_LINE + below)
        draw.text((left, top), name, fill=INK, font=font(NAME_PX))
        sheet.paste(image, (left, top + NAME_LINE))
        bottom = top + NAME_LINE + heights[row]
        for line, text in enumerate(wrapped(words, CELL_PX, font(CAPTION_PX))[:CAPTION_LINES]):
            draw.text((left, bottom + 2 + line * CAPTION_LINE), text, fill=SOFT, font=font(CAPTION_PX))
    return np.array(sheet)
