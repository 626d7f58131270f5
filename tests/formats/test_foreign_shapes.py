"""Pascal VOC and CVAT as Datumaro reads them, the library beside CVAT: what augkit writes says the same there.

Datumaro wants a Pillow and a NumPy of its own, so that it is no dependency of the tests: install it beside, with
``pip install --no-deps datumaro`` and what it imports.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import read
from augkit.expand import expand
from support.data_sets import lay
from support.same_data import Files, coco, cvat, drawn

datumaro = pytest.importorskip("datumaro", reason="Datumaro is not installed: VOC and CVAT are not read by others")

Box = tuple[str, float, float, float, float]


def written(form: str, files: Files, root: Path) -> dict[str, list[Box]]:
    """Return the boxes of each picture of an output, as augkit reads them."""
    expand(lay(root / "src", files), root / "out", "identity", 1, form=form, workers=0, encoding="png")
    found: dict[str, list[Box]] = {}
    for source in read(root / "out").sources:
        assert source.annotations is not None
        stem = source.id.rpartition("/")[2].rpartition(".")[0]
        found[stem] = sorted((one.label, *one.box) for one in source.annotations.instances or ())
    return found


def theirs(root: Path, form: str, **options: Any) -> dict[str, list[Box]]:
    data = datumaro.Dataset.import_from(str(root / "out"), form, **options)
    names = next(kinds for kind, kinds in data.categories().items() if kind.name == "label")
    found: dict[str, list[Box]] = {}
    for item in data:
        boxes = [one for one in item.annotations if one.type.name == "bbox"]
        stem = item.id.rpartition("/")[2].removesuffix(".png")
        found[stem] = sorted((names[one.label].name, one.x, one.y, one.x + one.w, one.y + one.h) for one in boxes)
    return found


def test_voc(tmp_path: Path) -> None:
    mine = written("voc", coco(drawn(1, with_rings=False)), tmp_path)
    assert theirs(tmp_path, "voc", coordinate_mode="voc-one-based") == mine


@pytest.mark.parametrize("is_split", [True, False])
def test_cvat(is_split: bool, tmp_path: Path) -> None:
    pictures = drawn(1, with_rings=False)
    files = coco(pictures) if is_split else cvat([one._replace(split="default") for one in pictures])
    mine = written("cvat", files, tmp_path)
    assert theirs(tmp_path, "cvat") == mine
