"""Small data sets in YOLO's form, and what they show."""

from __future__ import annotations

from typing import Any

from augkit.datasets import DataSet, Source
from support.data_sets import PNG

LINE = "0 0.5 0.5 0.25 0.25\n"  # left 12, top 9, right 20, bottom 15
BOX = (12.0, 9.0, 20.0, 15.0)
ONE: dict[str, Any] = {"images/train/a.png": PNG, "labels/train/a.txt": LINE}
NAMES = "train: images/train\nnames: [cat, dog]\n"


def only(data: DataSet) -> Source:
    (source,) = data.sources
    return source


def boxes_of(source: Source) -> list[tuple[str, tuple[float, ...]]]:
    assert source.annotations is not None
    return [(one.label, tuple(round(edge, 9) for edge in one.box)) for one in source.annotations.instances or ()]
