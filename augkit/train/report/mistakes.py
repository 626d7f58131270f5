"""The answers that are furthest from the truth, as pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from augkit.core.arrays import Image, Label
from augkit.core.tonal import RANGE
from augkit.errors import AugkitError, raise_outage
from augkit.images import encode
from augkit.train.report.report_page import source, text
from augkit.train.tasks import Evaluation

MOST, FEW = 24, 6  # mistakes, and right answers where there are none
SIDE_PX = 296  # of a picture: twice what the page shows, for fine screens
TINY_PX = 64  # pictures up to here stay as they are, and the page shows their pixels as squares


@dataclass(frozen=True)
class Mistake:
    """One answer that is not the truth, as texts, and how sure it was."""

    id: str
    truth: str
    said: str
    confidence: str


def worst(evaluation: Evaluation, temperature: float) -> tuple[list[Mistake], bool]:
    """Return the worst mistakes, the worst first, and whether they are any: else the answers that came nearest to it.

    Which are the worst is said by `Task.mistakes`.
    """
    badness, wrong = evaluation.task.mistakes(evaluation, temperature)
    is_any = bool(wrong.any())
    ordered = [int(place) for place in np.argsort(-badness, kind="stable") if wrong[place] or not is_any]
    task, found, truths = evaluation.task, evaluation.answers(temperature), evaluation.truths
    made = [
        Mistake(
            evaluation.ids[place],
            _words(task.true_label(truths[place])),
            _words(task.label(found[place])),
            task.confidence(found[place]),
        )
        for place in ordered[: MOST if is_any else FEW]
    ]
    return made, is_any


def gallery(mistakes: list[Mistake], picture: Callable[[str], Image]) -> str:
    """Return mistakes as HTML; a picture that cannot be read is told to be so."""
    return f'<div class="grid">\n{"".join(_shown(mistakes, picture))}</div>'


def thumbnail(image: Image) -> tuple[bytes, bool]:
    """Return a picture small enough for a page, as PNG if it is tiny and as JPEG if not, and whether it is.

    What is transparent becomes white.
    """
    levels = image if image.dtype == np.uint8 else np.rint(image * (255.0 / RANGE[image.dtype])).astype(np.uint8)
    if levels.ndim == 3 and levels.shape[2] == 4:
        weight = levels[..., 3:] / 255.0
        levels = np.rint(levels[..., :3] * weight + 255.0 * (1.0 - weight)).astype(np.uint8)
    if levels.ndim == 3 and levels.shape[2] != 3:
        levels = levels[..., 0]
    height, width = levels.shape[:2]
    if max(height, width) <= TINY_PX:
        return encode(levels, "png"), True
    zoom = min(1.0, SIDE_PX / max(height, width))
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    return encode(np.asarray(Pillow.fromarray(levels).resize(size, Pillow.Resampling.LANCZOS)), "jpeg", 85), False


def _shown(mistakes: list[Mistake], picture: Callable[[str], Image]) -> Iterator[str]:
    for mistake in mistakes:
        try:
            data, is_tiny = thumbnail(picture(mistake.id))
            kind = ' class="tiny"' if is_tiny else ""
            address = source(data, "png" if is_tiny else "jpeg")
            frame = f'<img{kind} src="{address}" alt="{text(mistake.id)}">'
        except AugkitError as fault:
            raise_outage(fault, mistake.id)
            frame = f'<span class="soft" title="{text(fault)}">cannot be read</span>'
        sure = f' <span class="soft">{text(mistake.confidence)}</span>' if mistake.confidence else ""
        yield (
            f'<figure><div class="frame">{frame}</div><figcaption>'
            f'said <b class="said">{text(mistake.said)}</b>{sure}<br>is <b>{text(mistake.truth)}</b>'
            f'<div class="soft name" title="{text(mistake.id)}">{text(mistake.id)}</div>'
            "</figcaption></figure>\n"
        )


def _words(label: Label) -> str:
    if isinstance(label, list):
        return ", ".join(part if isinstance(part, str) else f"{part:.4g}" for part in label) or "nothing"
    return label if isinstance(label, str) else f"{label:.4g}"
