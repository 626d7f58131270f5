"""Labels that are nested in whatever way: a sentence that names their place, or the labels."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

import augkit as ak
from augkit.core.arrays import Json
from augkit.datasets import read
from augkit.errors import AugkitError
from augkit.images import encode
from support.folders import picture, put

COLUMNS = ("polygons", "polylines", "keypoints", "boxes", "rotated_boxes", "segmentation", "box_labels", "bbox")
LEAVES = (1.0, 2.5, -3.0, 0.0, 7.0, 10.0, 1e9, float("nan"), None)


def nested(rng: random.Random, depth: int, leaves: tuple[Json, ...] = LEAVES) -> Json:
    if depth == 0:
        return rng.choice(leaves)
    if rng.random() < 0.05:
        return None
    return [nested(rng, depth - 1, leaves) for _ in range(rng.choice((0, 1, 2, 2, 2, 3, 4, 6)))]


@pytest.mark.parametrize(
    "polygons", ["[[[1, 2], [3, 4], 5]]", "[[[[1, 2], [3, 4]], null]]", "[[[[1, 2]], 3]]", "[[[], [1]]]"]
)
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_ragged_polygons_are_told_by_their_place(polygons: str, suffix: str, tmp_path: Path) -> None:
    put(tmp_path / "a.png", picture(1))
    put(tmp_path / "b.png", picture(2))
    path = tmp_path / f"m{suffix}"
    if suffix == ".jsonl":
        row = {"image": "a.png", "polygons": json.loads(polygons)}
        path.write_text(f'{json.dumps(row)}\n{{"image": "b.png"}}\n')
    elif suffix == ".csv":
        path.write_text(f'image,polygons\na.png,"{polygons}"\nb.png,\n')
    else:
        images = [{"bytes": encode(picture(n), "png"), "path": f"{n}.png"} for n in range(2)]
        parquet.write_table(pa.table({"image": images, "polygons": [polygons, None]}), path)
    first, second = read(path).sources
    assert "polygons" in first.fault
    assert not second.fault


def test_lists_of_any_depth_are_labels_or_a_sentence(tmp_path: Path) -> None:
    """Also such as Parquet alone can hold: lists with nothing where a list should be."""
    rng = random.Random(6)
    images = [{"bytes": encode(picture(n), "png"), "path": f"{n}.png"} for n in range(2)]
    put(tmp_path / "a.png", picture(1))
    for _ in range(120):
        depths = {name: rng.randint(1, 4) for name in rng.sample(COLUMNS, rng.choice((1, 2)))}
        columns: dict[str, list[Json]] = {
            name: [nested(rng, depth) for _ in range(2)] for name, depth in depths.items()
        }
        row = {name: values[0] for name, values in columns.items()}
        manifest = tmp_path / "m.jsonl"
        manifest.write_text(json.dumps({"image": "a.png", **row}))
        parquet.write_table(pa.table({"image": images, **columns}), tmp_path / "m.parquet")
        for path in (manifest, tmp_path / "m.parquet"):
            try:
                said = str(read(path).root)
            except AugkitError as fault:
                said = str(fault)
            assert said.startswith(str(tmp_path))


def test_a_sample_takes_labels_or_says_why(tmp_path: Path) -> None:
    rng = random.Random(5)
    kinds = ("polygons", "polylines", "keypoints", "boxes", "rotated_boxes", "mask", "box_labels", "label")
    leaves = (*LEAVES, "a", True, 1e308, {"x": 1})
    for _ in range(300):
        given = {name: nested(rng, rng.randint(1, 4), leaves) for name in rng.sample(kinds, rng.choice((1, 2)))}
        try:
            ak.Sample(picture(1), **given)
        except AugkitError:
            continue
