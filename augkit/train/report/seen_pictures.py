"""Pictures that a network learnt from, as they went in: augmented, in its own size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Image
from augkit.errors import AugkitError, raise_outage
from augkit.loader import Draw
from augkit.train.batches.stream import Stream
from augkit.train.report.mistakes import thumbnail
from augkit.train.report.report_page import source, text

MOST, COPIES = 6, 4


@dataclass(frozen=True)
class Seen:
    """A picture that was learnt from, and what the network was given of it."""

    id: str
    label: str
    copies: tuple[Image, ...]  # of the network's size


def seen(stream: Stream, labels: Sequence[str], views: int, epochs: int) -> list[Seen]:
    """Return some pictures as the network saw them, spread evenly over the part, at most `MOST`.

    Args:
        stream: of the pictures that are learnt from, augmented.
        labels: of each, as text.
        views: how many of each were kept, where the network is frozen; 0 where each epoch drew anew.
        epochs: that were trained.
    """
    count = len(labels)
    places = sorted({count * place // MOST for place in range(MOST)})
    draws = [
        [Draw(0, place, view) if views else Draw(view, place) for view in range(min(COPIES, views or max(epochs, 1)))]
        for place in places
    ]
    batches = (batch[0] for batch in stream.batches(draws))
    return [
        Seen(stream.sources[place].id, labels[place], tuple(map(_image, pictures)))
        for place, pictures in zip(places, batches, strict=True)
    ]


def _image(picture: Tensor) -> Image:
    levels = picture if picture.dtype == torch.uint8 else (picture.float().clamp(0.0, 1.0) * 255).round().byte()
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())


def seen_html(found: Sequence[Seen], original: Callable[[str], Image], is_mixed: bool = False) -> str:
    """Return pictures as HTML: the original, then what went in; one that cannot be read is left out."""
    told = "The original, then copies of it as they went into the network, in its size"
    told += ", before they were mixed with others." if is_mixed else "."
    rows = "".join(_row(one, original) for one in found)
    return f'<p class="soft">{told}</p>\n{rows}'


def _row(one: Seen, original: Callable[[str], Image]) -> str:
    named = [(f"copy {place}", image) for place, image in enumerate(one.copies, start=1)]
    try:
        named.insert(0, ("original", original(one.id)))
    except AugkitError as fault:
        raise_outage(fault, one.id)
    shown = "".join(_picture(image, f"{one.id}, {name}") for name, image in named)
    label = f"{text(one.label)} " if one.label else ""
    return (
        f'<figure class="strip"><div>{shown}</div>'
        f'<figcaption>{label}<span class="soft">{text(one.id)}</span></figcaption></figure>\n'
    )


def _picture(image: Image, name: str) -> str:
    data, is_tiny = thumbnail(image)
    kind = ' class="tiny"' if is_tiny else ""
    return f'<img{kind} src="{source(data, "png" if is_tiny else "jpeg")}" alt="{text(name)}">'
