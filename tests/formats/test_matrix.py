"""Every format with every kind of label that it holds: read, expanded by ``light``, and read again.

The labels that come out are compared with what float64 arithmetic makes of those that went in: the points of each label
go through the plan of the lineage by the reference executor, and are clipped here. Then what a format holds is written
in every other that can hold it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.arrays import JsonObject, Points
from augkit.datasets import DataSet, Source, Writer, read, writers
from augkit.datasets.format import Reader
from augkit.datasets.samples import named_sample
from augkit.expand import expand
from augkit.images import encode
from augkit.targets.records import BOOKKEEPING
from support.pictures import noise

SIZES = [(90, 120), (100, 80), (64, 64)]
MIN_VISIBLE = 0.1
NEAR = 0.02  # pixels: what rounding to two or three digits, or to six of a fraction, may cost
# An object of each picture is well inside, one reaches to its edge, and one is thin.
BOXES = [[20.0, 15.0, 50.0, 45.5], [0.0, 30.25, 25.0, 60.0], [40.5, 50.0, 60.0, 54.0]]
RINGS = [
    [[20.0, 15.0], [50.0, 18.0], [44.0, 45.5], [25.0, 40.0]],
    [[0.0, 30.25], [25.0, 35.0], [10.0, 60.0]],
    [[40.5, 50.0], [60.0, 51.0], [60.0, 54.0], [41.0, 53.0]],
]
POINTS = [
    [[22, 17, 2], [40, 40, 2], [30, 30, 1]],
    [[2, 32, 2], [9, 55, 2], [20, 36, 2]],
    [[41, 51, 2], [50, 52, 2], [59, 53, 2]],
]
TURNED = [[35.0, 30.0, 30.0, 14.0, 25.0], [18.0, 48.0, 20.0, 9.0, -40.0]]
LINES = [[[10.0, 10.0], [30.0, 20.0], [52.0, 50.0]], [[5.0, 55.0], [45.0, 58.0]]]
NAMES = ["cat", "007", "cat"]
KINDS: dict[str, tuple[set[str], JsonObject]] = {
    "class": (set(), {}),
    "boxes": ({"boxes"}, {"boxes": BOXES, "box_labels": NAMES}),
    "polygons": ({"boxes", "polygons"}, {"boxes": BOXES, "box_labels": NAMES, "polygons": RINGS}),
    "keypoints": ({"boxes", "keypoints"}, {"boxes": BOXES, "box_labels": ["cat"] * 3, "box_keypoints": POINTS}),
    "masks": ({"masks"}, {"mask": "mask.png"}),
    "rotated boxes": ({"rotated boxes"}, {"rotated_boxes": TURNED, "rotated_box_labels": NAMES[:2]}),
    "polylines": ({"polylines"}, {"polylines": LINES, "polyline_labels": NAMES[:2]}),
    "attributes": (
        {"boxes", "attributes"},
        {"boxes": BOXES, "box_labels": NAMES, "box_attributes": [{"occluded": True}, {}, {"occluded": True}]},
    ),
}


def able(kind: str) -> list[str]:
    """Return the formats that are read and written and hold a kind of label."""
    wanted, _ = KINDS[kind]
    found = [writer for writer in writers().values() if isinstance(writer, Reader)]
    if kind == "class":
        return [writer.name for writer in found if not writer.is_for_objects]
    return [writer.name for writer in found if wanted <= writer.holds]


CASES = [(kind, name) for kind in KINDS for name in able(kind)]
PAIRS = [(kind, one, other) for kind in KINDS for one in able(kind) for other in able(kind) if one != other]


def mask_of(number: int) -> Any:
    height, width = SIZES[number]
    rows, columns = np.mgrid[:height, :width]
    return (1 + (rows // 20 + columns // 25 + number) % 3).astype(np.uint8)


@pytest.fixture(scope="session")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay a manifest of each kind beside three pictures of different sizes."""
    root = tmp_path_factory.mktemp("matrix")
    for number, size in enumerate(SIZES):
        (root / f"{number}.png").write_bytes(encode(noise(size, seed=number), "png"))
        (root / f"mask{number}.png").write_bytes(encode(mask_of(number), "png"))
    for kind, (_, columns) in KINDS.items():
        rows = []
        for number in range(len(SIZES)):
            row = {"image": f"{number}.png", **columns}
            row |= {"mask": f"mask{number}.png"} if kind == "masks" else {"label": "7e3"} if kind == "class" else {}
            rows.append(json.dumps(row) + "\n")
        (root / f"{kind}.jsonl").write_text("".join(rows))
    return root


@pytest.fixture(scope="session")
def held(manifests: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Return where each kind lies in each format, written from its manifest, without moving anything."""
    found = {}
    for kind, name in CASES:
        out = tmp_path_factory.mktemp("held") / "set"
        expand(manifests / f"{kind}.jsonl", out, "identity", 1, form=name, encoding="png", workers=0)
        found[kind, name] = out
    return found


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_what_is_written_says_what_was_read(kind: str, name: str, held: dict[tuple[str, str], Path]) -> None:
    data = read(held[kind, name])
    assert len(data.sources) == len(SIZES)
    assert data.kinds == KINDS[kind][0]
    for source, number in zip(by_size(data), (2, 1, 0), strict=True):
        assert_same(facts_of(data, source), given(kind, number), NEAR)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_what_is_expanded_moves_as_float64_says(
    kind: str, name: str, held: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    assert_moves(held[kind, name], tmp_path / "out", name, 2)


@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_a_format_becomes_another(
    kind: str, one: str, other: str, held: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    assert_moves(held[kind, one], tmp_path / "out", other, 1)


def assert_moves(src: Path, out: Path, form: str, copies: int) -> None:
    """Assert that the labels of an expansion's outputs are those of its sources, moved."""
    summary = expand(src, out, "light", copies, form=form, encoding="png", workers=0)
    assert (summary.written, summary.rejected) == (copies * len(SIZES), 0)
    before, after = read(src), read(out)
    sources = {source.id: source for source in before.sources}
    outputs = {source.id: source for source in after.sources}
    assert len(outputs) == copies * len(SIZES)
    for entry in entries(out):
        sample = named_sample(before, sources[entry["source"]])
        wanted = moved(ak.Plan.from_json(json.dumps(entry["plan"])), sample)
        assert_same(facts_of(after, outputs[entry["id"]]), wanted, 3 * NEAR)


def entries(out: Path) -> Iterator[JsonObject]:
    for file in sorted((out / ".augkit/lineage").iterdir()):
        yield from map(json.loads, file.read_text().splitlines())


def by_size(data: DataSet) -> list[Source]:
    return sorted(data.sources, key=lambda source: named_sample(data, source).image.size)


# ---- labels as plain facts: {what: [(name, numbers)]}, in order of what they are of


def given(kind: str, number: int) -> JsonObject:
    columns = KINDS[kind][1]
    found: JsonObject = {"label": "7e3" if kind == "class" else None}
    if "boxes" in columns:
        outlines = columns.get("polygons") or [corners(box) for box in columns["boxes"]]
        found["boxes"] = [(n, *around(np.array(o))) for n, o in zip(columns["box_labels"], outlines, strict=True)]
    if "polygons" in columns:
        found["areas"] = [area(np.array(ring)) for ring in columns["polygons"]]
    if "box_keypoints" in columns:
        found["keypoints"] = [tuple(point) for points in columns["box_keypoints"] for point in points]
    for column, names in (("rotated_boxes", "rotated_box_labels"), ("polylines", "polyline_labels")):
        if column in columns:
            found[column] = list(zip(columns[names], map(outline_of, columns[column]), strict=True))
    if "box_attributes" in columns:
        found["attributes"] = columns["box_attributes"]
    if kind == "masks":
        found["mask"] = mask_of(number)
    return found


def facts_of(data: DataSet, source: Source) -> JsonObject:
    """Return what a data set says of a picture."""
    sample = named_sample(data, source)
    found: JsonObject = {"label": source.label}
    if sample.boxes is not None and (len(sample.boxes) or "boxes" in data.kinds):
        found["boxes"] = [(str(n), *b) for n, b in zip(sample.box_labels or (), sample.boxes.tolist(), strict=True)]
    if "polygons" in data.kinds:
        found["areas"] = [sum(area(r) for r in rings(polygon)) for polygon in sample.polygons or ()]
    if sample.keypoints is not None:
        assert sample.keypoint_visible is not None
        seen = sample.keypoint_visible.tolist()
        found["keypoints"] = [(*p, int(v)) for p, v in zip(sample.keypoints.tolist(), seen, strict=True)]
    if sample.rotated_boxes is not None:
        turned = map(outline_of, sample.rotated_boxes.tolist())
        found["rotated_boxes"] = list(zip(map(str, sample.rotated_box_labels or ()), turned, strict=True))
    if sample.polylines is not None:
        found["polylines"] = list(zip(map(str, sample.polyline_labels or ()), sample.polylines, strict=True))
    if "attributes" in data.kinds:
        found["attributes"] = [said(each) for each in sample.box_attributes or ()]
    if sample.mask is not None:
        found["mask"] = sample.mask
    return found


def said(attributes: JsonObject | None) -> JsonObject:
    """Return facts without the numbers and addresses by which a format calls things."""
    return {name: value for name, value in (attributes or {}).items() if name not in BOOKKEEPING}


def moved(plan: ak.Plan, sample: ak.Sample) -> JsonObject:
    """Return what becomes of a sample's labels: their points by the reference executor, the rest by arithmetic here."""
    found: JsonObject = {"label": sample.label}

    def push(points: Any) -> Points:
        held = ak.Sample(sample.image, keypoints=np.asarray(points, np.float64).reshape(-1, 2))
        out: Points = ak.run(plan, held, "reference").keypoints  # type: ignore[assignment]
        return out

    height, width = ak.run(plan, ak.Sample(sample.image), "reference").image.shape[:2]
    kept: list[int] = []
    if sample.boxes is not None:
        found["boxes"], found["areas"], found["attributes"] = [], [], []
        polygons: list[Any] = [None] * len(sample.boxes) if sample.polygons is None else list(sample.polygons)
        for place, box in enumerate(sample.boxes):
            pieces = rings(polygons[place]) if polygons[place] is not None else []
            whole = [push(ring) for ring in pieces or [corners(box)]]
            left = [part for ring in whole if len(part := clip(ring, width, height))]
            shown = sum(map(area, left)) / sum(map(area, whole))
            assert abs(shown - MIN_VISIBLE) > 1e-4, "choose other boxes: this one lies on the edge"
            if shown >= MIN_VISIBLE:
                kept.append(place)
                found["boxes"].append((str((sample.box_labels or ())[place]), *around(np.concatenate(left))))
                found["areas"].append(sum(map(area, left)))
                found["attributes"].append(said((sample.box_attributes or [None] * len(sample.boxes))[place]))
    if sample.keypoints is not None and sample.keypoint_visible is not None:
        points = push(sample.keypoints)
        each = len(points) // (1 if sample.boxes is None else len(sample.boxes))
        found["keypoints"] = []
        for place in (place for box in kept for place in range(box * each, box * each + each)):
            x, y = points[place]
            inside = 0 <= x <= width and 0 <= y <= height
            found["keypoints"].append((x, y, int(sample.keypoint_visible[place]) if inside else 0))
    if sample.rotated_boxes is not None:
        found["rotated_boxes"] = []
        for name, row in zip(sample.rotated_box_labels or (), sample.rotated_boxes.tolist(), strict=True):
            outline = push(outline_of(row))
            if area(clip(outline, width, height)) >= MIN_VISIBLE * area(outline):
                found["rotated_boxes"].append((str(name), outline))
    if sample.polylines is not None:
        found["polylines"] = [
            (str(n), push(r)) for n, r in zip(sample.polyline_labels or (), sample.polylines, strict=True)
        ]
    if sample.mask is not None:
        found["mask"] = ak.run(plan, ak.Sample(sample.image, mask=sample.mask), "reference").mask
    return found


def assert_same(found: JsonObject, wanted: JsonObject, near: float) -> None:
    assert found["label"] == wanted["label"]
    for name, values in found.items():
        if name == "label":
            continue
        others = wanted[name]
        if name == "mask":
            assert (values == others).mean() > 0.999
        elif name == "attributes":
            assert values == others
        elif name == "areas":
            np.testing.assert_allclose(values, others, rtol=0.02, atol=near * 40)
        elif name == "keypoints":
            assert len(values) == len(others)
            for (x, y, seen), (u, v, should) in zip(values, others, strict=True):
                assert seen == should
                assert not seen or max(abs(x - u), abs(y - v)) <= near
        elif name == "boxes":
            assert [box[0] for box in values] == [box[0] for box in others]
            np.testing.assert_allclose([box[1:] for box in values], [box[1:] for box in others], atol=near)
        elif name == "rotated_boxes":
            assert [label for label, _ in values] == [label for label, _ in others]
            for (_, box), (_, truth) in zip(values, others, strict=True):  # the smallest that holds the moved one
                assert area(box) <= 1.01 * smallest(truth)
                assert area(clip_to(truth, box)) >= 0.99 * area(truth)
        else:
            assert [label for label, _ in values] == [label for label, _ in others]
            for (_, points), (_, truth) in zip(values, others, strict=True):
                assert np.abs(np.asarray(points)[:, None] - np.asarray(truth)).sum(-1).min(1).max() <= 4 * near


def rings(polygon: Any) -> list[Points]:
    return [np.asarray(ring, float).reshape(-1, 2) for ring in (polygon if isinstance(polygon, list) else [polygon])]


def corners(box: Any) -> Points:
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)


def outline_of(row: Any) -> Points:
    """Return the corners of a rotated box, or the points of a line."""
    if np.ndim(row) == 2:
        return np.asarray(row, float)
    x, y, width, height, degrees = row
    turn = np.radians(-degrees)  # counter-clockwise as seen, where y runs down
    unit = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(unit @ matrix.T + [x, y], np.float64)


def around(points: Points) -> tuple[float, ...]:
    return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def area(points: Points) -> float:
    x, y = points.T if len(points) else (np.zeros(1), np.zeros(1))
    return float(abs((x * np.roll(y, 1) - y * np.roll(x, 1)).sum()) / 2)


def smallest(points: Points) -> float:
    """Return the area of the smallest rectangle around a convex outline: one of its sides lies along an edge."""
    sides = np.roll(points, -1, axis=0) - points
    areas = []
    for x, y in sides / np.hypot(*sides.T)[:, None]:
        turned = points @ np.array([[x, -y], [y, x]])
        areas.append(float(np.prod(np.ptp(turned, axis=0))))
    return min(areas)


def clip_to(points: Points, box: Points) -> Points:
    """Return the part of an outline within a rectangle of any direction."""
    along = box[1] - box[0]
    width, height = np.hypot(*along), np.hypot(*(box[3] - box[0]))
    x, y = along / width
    across = (
        np.array([[x, -y], [y, x]])
        if along[0] * (box[3] - box[0])[1] > along[1] * (box[3] - box[0])[0]
        else np.array([[x, y], [y, -x]])
    )
    return clip((points - box[0]) @ across, float(width), float(height))


def clip(points: Points, width: float, height: float) -> Points:
    """Return a polygon cut to a frame, edge by edge (Sutherland and Hodgman 1974)."""
    for axis, limit, sign in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
        kept: list[Points] = []
        for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
            inside = sign * (start[axis] - limit), sign * (end[axis] - limit)
            if inside[0] >= 0:
                kept.append(start)
            if (inside[0] >= 0) != (inside[1] >= 0):
                kept.append(start + (end - start) * inside[0] / (inside[0] - inside[1]))
        points = np.array(kept).reshape(-1, 2)
    return points


def test_every_writer_that_is_read_is_in_the_matrix() -> None:
    names = {name for _, name in CASES}
    assert names == {
        writer.name for writer in writers().values() if isinstance(writer, Reader) and isinstance(writer, Writer)
    }
