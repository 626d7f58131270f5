"""Tables whose classes are called as pictures are: ``7`` beside ``7.png`` is a class, and no mask."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit.datasets import read
from support.data_sets import JPEG, MASK, PNG, lay

NUMBERED: dict[str, str] = {
    "names": "image,label\n0.png,1\n1.png,0\n2.png,1\n",
    "names without suffix": "image,label\n0,1\n1,0\n2,1\n",
    "folders": "image,label\nx/0.png,1\nx/1.png,0\nx/2.png,1\n",
    "another name": "label,specimen\n1,0.png\n0,1.png\n1,2.png\n",
    "no names": "0.png,1\n1.png,0\n2.png,1\n",
    "no names, the other way round": "1,0.png\n0,1.png\n1,2.png\n",
    "own names": "image,label\n0.png,0\n1.png,1\n2.png,2\n",
    "lines": '{"image": "0.png", "label": "1"}\n{"image": "1.png", "label": "0"}\n{"image": "2.png", "label": "1"}\n',
}


@pytest.mark.parametrize("text", NUMBERED.values(), ids=NUMBERED)
def test_a_class_that_is_called_as_a_picture_is_a_class(tmp_path: Path, text: str) -> None:
    folder = "x/" if "x/" in text else ""
    name = "t.jsonl" if text.startswith("{") else "t.csv"
    lay(tmp_path, {**dict.fromkeys((f"{folder}{number}.png" for number in range(3)), MASK), name: text})
    data = read(tmp_path / name)
    expected = ["0", "1", "2"] if "2.png,2" in text else ["1", "0", "1"]
    assert [source.label for source in data.sources] == expected
    assert not data.kinds
    assert sorted(data.classes) == sorted(set(expected))


def test_masks_may_be_named_without_suffix(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            "a.jpg": JPEG,
            "b.png": PNG,
            "m/a_m.png": MASK,
            "m/b_m.png": MASK,
            "t.csv": "image,label\na.jpg,a_m\nb.png,b_m\n",
        },
    )
    assert read(tmp_path / "t.csv").kinds == {"masks"}
