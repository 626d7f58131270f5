"""YOLO: damage is a sentence, the fault of a picture, or the right labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from augkit.datasets import read
from augkit.errors import AugkitError
from support.data_sets import JPEG, PNG, lay
from support.mutations import mutations
from support.yolo_sets import LINE, NAMES, ONE, boxes_of

# ---- damage


def test_damaged_labels_are_faults_or_right(tmp_path: Path) -> None:
    text = "".join(f"{number % 2} 0.{number + 1} 0.{9 - number} 0.1 0.05\n" for number in range(8))
    damaged = list(mutations(text.encode(), 2000, 0))
    lay(tmp_path, {"data.yaml": NAMES})
    lay(tmp_path, {f"images/train/{number}.png": PNG for number in range(100)})
    outcomes = {"told": 0, "read": 0}
    for start in range(0, len(damaged), 100):  # a bad line costs its picture alone, so that many are read at once
        some = damaged[start : start + 100]
        lay(tmp_path, {f"labels/train/{number}.txt": content for number, content in enumerate(some)})
        for source in (data := read(tmp_path)).sources:
            number = Path(source.id).stem
            if source.fault:
                assert source.fault.startswith(f"labels/train/{number}.txt:")
                outcomes["told"] += 1
                continue
            lines_of = some[int(number)].decode("utf-8-sig").splitlines()
            rows = list(dict.fromkeys(tuple(map(float, line.split())) for line in lines_of if line.strip()))
            wanted = [(int(row[0]), box) for row in rows if (box := _box(row[1:])) is not None]
            assert [label for label, _ in boxes_of(source)] == [data.classes[kind] for kind, _ in wanted]
            assert np.allclose([box for _, box in boxes_of(source)], [box for _, box in wanted])
            outcomes["read"] += 1
    assert min(outcomes.values()) > 100


def _box(values: tuple[float, ...]) -> tuple[float, ...] | None:
    """Return the box of a line, of an outline the one around it; none where it has no area."""
    x, y, w, h = values[:4]
    box = (32 * (x - w / 2), 24 * (y - h / 2), 32 * (x + w / 2), 24 * (y + h / 2))
    if len(values) > 4:
        xs, ys = 32 * np.array(values[::2]), 24 * np.array(values[1::2])
        box = (xs.min(), ys.min(), xs.max(), ys.max())
    return box if box[0] < box[2] and box[1] < box[3] else None


def test_damaged_settings_are_faults_or_right(tmp_path: Path) -> None:
    text = f"path: .\n{NAMES}val: images/val\nnc: 2\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\n"
    files = {"labels/train/a.txt": "0 0.5 0.5 0.25 0.25 0.5 0.25 2 0.9 0.1 1\n", "images/val/b.jpg": JPEG}
    _assert_damage_is_told(tmp_path, "data.yaml", text, 1, files)


def test_damaged_lists_are_faults_or_right(tmp_path: Path) -> None:
    files = {"data.yaml": "train: train.txt\nnames: [cat, dog]\n"}
    _assert_damage_is_told(tmp_path, "train.txt", "./images/train/a.png\nimages/train/b.png\n", 1, files)


def _assert_damage_is_told(root: Path, name: str, text: str, count: int, more: dict[str, Any] | None = None) -> None:
    """Damage a file 1,000 times: a sentence, a fault or as many labels as its lines say; never anything else."""
    lay(root, {**ONE, "data.yaml": NAMES, **(more or {}), name: text})
    if name == "train.txt":
        lay(root, {"images/train/b.png": PNG, "labels/train/b.txt": LINE})
    whole = sum(len(boxes_of(source)) for source in read(root).sources)
    assert whole >= count
    outcomes = {"told": 0, "read": 0}
    for damaged in mutations(text.encode(), 1000, 0):
        (root / name).unlink()  # to write over a file waits for the disk
        (root / name).write_bytes(damaged)
        try:
            data = read(root)
        except AugkitError as fault:
            outcomes["told"] += "\n" not in str(fault)
            continue
        if any(source.fault for source in data.sources) or data.left_out or data.notes:
            outcomes["told"] += 1
            continue
        outcomes["read"] += 1
        found = sum(1 if source.kinds == {"rotated boxes"} else len(boxes_of(source)) for source in data.sources)
        assert found == whole
    assert min(outcomes.values()) > 0
