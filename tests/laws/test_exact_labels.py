"""Labels are as exact as pictures: what is left of an outline, and nothing that is not there."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import augkit as ak
from augkit.core.ops import Homography
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import translation
from augkit.core.warp import elastic_warp, push
from augkit.expand import expand
from augkit.images import encode
from augkit.targets import run_lengths
from augkit.targets.boxes import Boxes
from augkit.targets.clipping import pieces_inside
from augkit.targets.journey import Journey
from augkit.targets.polygons import Polygons
from support.pictures import noise
from support.subjects import SIZE, borders, drawn, subjects

FRAME = (75, 100)
TURNS: dict[str, list[ak.Transform]] = {
    "turn": [ak.Rotate((-45, 45))],
    "crop and turn": [ak.RandomCrop((55, 75)), ak.Rotate((-45, 45))],
    "zoom and turn": [ak.RandomResizedCrop((45, 45), scale=(0.3, 1)), ak.Rotate((-45, 45))],
    "shear": [ak.Shear((-30, 30), (-20, 20)), ak.RandomCrop((40, 60))],
}
CORNERS = [[0, 1], [2, 1], [2, 3], [0, 3]]


def area(ring: list[tuple[float, float]]) -> float:
    """Return the area of a ring, by the shoelace formula."""
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def left_of(ring: list[tuple[float, float]], size: tuple[int, int]) -> list[tuple[float, float]]:
    """Return what a frame leaves of a convex ring, edge by edge: an oracle of its own."""
    for axis, sign, limit in ((0, 1, 0), (0, -1, size[1]), (1, 1, 0), (1, -1, size[0])):
        found = []
        for before, now in zip(ring[-1:] + ring[:-1], ring, strict=True):
            one, other = sign * (before[axis] - limit), sign * (now[axis] - limit)
            if (one >= 0) != (other >= 0):
                share = one / (one - other)
                found.append((before[0] + share * (now[0] - before[0]), before[1] + share * (now[1] - before[1])))
            if other >= 0:
                found.append(now)
        ring = found
    return ring


def some_boxes(generator: np.random.Generator, count: int = 5) -> Any:
    """Return boxes within the frame, of any size and shape."""
    middles, sides = generator.random((count, 2)) * FRAME[::-1], np.exp(generator.uniform(1.2, 4.2, (count, 2)))
    boxes = np.concatenate([middles - sides / 2, middles + sides / 2], axis=1).clip(0, np.tile(FRAME[::-1], 2))
    return boxes[((boxes[:, 2:] - boxes[:, :2]) > 2).all(axis=1)]


@pytest.mark.parametrize("name", TURNS)
def test_boxes_are_around_what_is_left_of_them(name: str) -> None:
    """Over 2,000 draws in all none shows less than `min_visible` of itself, and each is as tight as can be."""
    generator, kept = np.random.default_rng(1), 0
    pipeline = ak.Pipeline(TURNS[name], border="constant", min_visible=0.1)
    for copy in range(500):
        boxes = some_boxes(generator)
        sample = ak.Sample(
            np.zeros(FRAME, np.uint8), boxes=boxes, box_labels=list(range(len(boxes))),
            keypoints=boxes[:, CORNERS].reshape(-1, 2),
        )  # fmt: skip
        out = pipeline(sample, ak.Key(0, "a", copy))
        assert out.keypoints is not None
        assert out.boxes is not None
        rings = [[(x, y) for x, y in ring] for ring in out.keypoints.reshape(-1, 4, 2).tolist()]
        size = (out.image.shape[0], out.image.shape[1])
        parts = [left_of(ring, size) for ring in rings]
        shares = [area(part) / area(ring) if part else 0.0 for part, ring in zip(parts, rings, strict=True)]
        assert out.box_labels == [place for place, share in enumerate(shares) if share >= 0.1]
        for box, place in zip(out.boxes, out.box_labels or (), strict=True):
            around = np.concatenate([np.min(parts[place], axis=0), np.max(parts[place], axis=0)])
            np.testing.assert_allclose(box, around, atol=1e-6)
            kept += 1
    assert kept > 500


@pytest.mark.parametrize("known", [False, True], ids=["by the rule", "by their polygon"])
def test_boxes_of_ellipses_stay_tight(known: bool) -> None:
    generator, turns = np.random.default_rng(2), np.linspace(0, 2 * np.pi, 721)[:-1]
    around = 0.5 + 0.5 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    pipeline = ak.Pipeline([ak.Rotate((-45, 45)), ak.Shear((-20, 20))], border="constant", box_rule="corners")
    if not known:
        pipeline = ak.Pipeline(pipeline.steps, border="constant", box_rule="ellipse")
    seen = 0
    for copy in range(500):
        box = np.array([40, 30, 40, 30] + generator.uniform(3, 12, 4) * [-1, -1, 1, 1])
        ring = box[:2] + around * (box[2:] - box[:2])
        sample = ak.Sample(
            np.zeros(FRAME, np.uint8), boxes=[box], polygons=[ring[::15]] if known else None, keypoints=ring
        )
        out = pipeline(sample, ak.Key(0, "a", copy))
        assert out.keypoints is not None
        assert out.boxes is not None
        low, high = out.keypoints.min(axis=0), out.keypoints.max(axis=0)
        if (low >= 0).all() and (high <= FRAME[::-1]).all():
            assert 0.98 <= np.prod(out.boxes[0, 2:] - out.boxes[0, :2]) / np.prod(high - low) <= 1.02
            seen += 1
    assert seen > 400


def test_a_barrier_lays_no_hull_upon_a_hull() -> None:
    there_and_back = [ak.Rotate(30), ak.Blur(), ak.Rotate(-30)]
    box = [40.0, 30.0, 55.0, 42.0]
    sample = ak.Sample(noise(FRAME), boxes=[box], polylines=[[[40, 30], [50, 35]]], rotated_boxes=[[50, 35, 9, 5, 20]])
    out = ak.Pipeline(there_and_back, border="constant")(sample, ak.Key(0, "x"))
    np.testing.assert_allclose(out.boxes, [box], atol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(out.rotated_boxes, [[50, 35, 9, 5, 20]], atol=1e-6)  # type: ignore[arg-type]
    albumentations = [ak.Rotate(30), ak.Albumentations("HorizontalFlip"), ak.Rotate(30), ak.Mirror()]
    out = ak.Pipeline(albumentations, border="constant")(sample, ak.Key(0, "x"))
    np.testing.assert_allclose(out.boxes, [box], atol=1e-4)  # type: ignore[arg-type]


def test_what_a_barrier_cut_off_belongs_to_no_box() -> None:
    """A turn cuts the corner off, a filter shows what is left, and that alone moves on."""
    box, size = [0, 0, 40, 30], (100, 100)
    mask = np.zeros(size, np.uint8)
    mask[:30, :40] = 1
    for seed in range(20):
        steps = [ak.Rotate((-40, 40)), ak.Blur(), ak.Rotate((-40, 40)), ak.Translate((-0.1, 0.1), (-0.1, 0.1))]
        pipeline = ak.Pipeline(steps, border="constant", min_visible=0.0)
        sample = ak.Sample(noise(size), mask=mask, boxes=[box], polygons=[np.array(box)[CORNERS]])
        out = pipeline(sample, ak.Key(seed, "x"))
        rows, columns = np.nonzero(out.mask)  # type: ignore[arg-type]
        assert out.boxes is not None
        around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(out.boxes[0], around, atol=1.5)


def test_pieces_stay_apart() -> None:
    """Of a U whose base lies outside two arms are left, and no line joins them along the edge."""
    u = np.array([[10, -10], [40, -10], [40, 20], [30, 20], [30, -5], [20, -5], [20, 15], [10, 15]], float)
    pieces = sorted(pieces_inside(u, (50, 50)), key=lambda piece: piece[:, 0].min())
    spans = [[*piece.min(axis=0), *piece.max(axis=0)] for piece in pieces]
    assert spans == [[10, 0, 20, 15], [30, 0, 40, 20]]
    assert sum(area([(x, y) for x, y in piece.tolist()]) for piece in pieces) == 350


@given(st.integers(0, 10_000))
def test_pieces_have_the_area_of_what_is_left(seed: int) -> None:
    """Stars of any shape, against points strewn over the frame."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(3, 14))
    turns = np.sort(generator.uniform(0, 2 * np.pi, count))
    reach = generator.uniform(5, 60, count)
    star = generator.uniform(0, 60, 2) + np.stack([np.cos(turns) * reach, np.sin(turns) * reach], axis=1)
    size = (40, 60)
    points = generator.uniform(0, 1, (2000, 2)) * size[::-1]
    share = within(star, points).mean()
    pieces = pieces_inside(star, size)
    for piece in pieces:
        assert (piece >= 0).all()
        assert (piece <= size[::-1]).all()
    found = sum(area([(x, y) for x, y in piece.tolist()]) for piece in pieces) / np.prod(size)
    assert abs(found - share) < 0.06


def within(ring: Any, points: Any) -> Any:
    """Return which points lie within a ring, by counting the edges to their left."""
    inside = np.zeros(len(points), bool)
    for (x, y), (u, v) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        crosses = (y > points[:, 1]) != (v > points[:, 1])
        inside ^= crosses & (points[:, 0] > x + (points[:, 1] - y) / (v - y + (v == y)) * (u - x))
    return inside


def warps() -> dict[str, Any]:
    """Return maps that bend, of pictures of 1600 pixels."""
    size = (1600, 1600)
    local = ak.Pipeline([ak.LocalWarp(0.05, 8)]).draw(ak.Key(0, "x"), ak.Scene(size)).steps[0].ops  # type: ignore[union-attr]
    stream = ak.Key(1, "x").stream("e")
    turned = ak.Pipeline([ak.Rotate(20), ak.Scale(1.5), ak.LocalWarp(0.03, 12), ak.Rotate(10)])
    chain = turned.draw(ak.Key(0, "x"), ak.Scene(size)).steps[0].ops  # type: ignore[union-attr]
    return {
        "local": local,
        "chain": chain,
        "elastic 4": (elastic_warp(stream, 34.0, 4.0, size),),
        "elastic 16": (Homography(translation(9.0, 5.0), size), elastic_warp(stream, 350.0, 16.0, size)),
    }


@pytest.mark.parametrize("name", ["local", "chain", "elastic 4", "elastic 16"])
def test_outlines_follow_any_warp_to_half_a_pixel(name: str) -> None:
    size, room = (1600, 1600), (6400, 6400)
    ops = (*warps()[name], Homography(translation(2000.0, 2000.0), room))
    boxes = np.array([[100.0, 200.0, 1500.0, 1400.0], [700.0, 650.0, 820.0, 690.0]])
    rings = [box[CORNERS] for box in boxes]
    targets = {"boxes": Boxes(boxes), "polygons": Polygons(rings)}
    for carried in (targets, {"boxes": targets["boxes"]}):
        landed = Journey.begun(carried, SamplingOptions(min_visible=0.0), size).moved(ops, room)
        out = landed.landed(fine=True).targets
        for place, ring in enumerate(rings):
            steps = np.linspace(0, 1, 4001)[:-1, None]
            dense = np.concatenate(
                [one + steps * (two - one) for one, two in zip(ring, np.roll(ring, -1, 0), strict=True)]
            )
            true = push(ops, dense)
            around = np.concatenate([true.min(axis=0), true.max(axis=0)])
            assert np.abs(out["boxes"].values[place] - around).max() <= 0.5
            if "polygons" in out:
                assert away(true[:: 16 if place else 64], out["polygons"].values[place]).max() <= 0.5


def away(points: Any, ring: Any) -> Any:
    """Return how far points are from a ring."""
    ways = np.roll(ring, -1, axis=0) - ring
    found = np.full(len(points), np.inf)
    for start, way in zip(ring, ways, strict=True):
        share = ((points - start) @ way / max(way @ way, 1e-12)).clip(0, 1)
        found = np.minimum(found, np.hypot(*(points - start - share[:, None] * way).T))
    return found


def masks_of(generator: np.random.Generator, count: int = 4) -> list[Any]:
    """Return masks of any shape, which overlap."""
    found = []
    for _ in range(count):
        mask = np.zeros(SIZE, np.uint8)
        top, left = generator.integers(0, SIZE[0] - 40), generator.integers(0, SIZE[1] - 40)
        mask[top : top + 40, left : left + 40] = generator.random((40, 40)) > 0.3
        found.append(mask)
    return found


@subjects
@borders
def test_masks_of_objects_come_out_as_the_mask_of_a_picture_does(pipeline: ak.Pipeline, border: str) -> None:
    masks = masks_of(np.random.default_rng(3))
    plan = drawn(pipeline, 5, border=border, min_visible=0.0)
    boxes = [[0.0, 0.0, *map(float, SIZE[::-1])]] * len(masks)
    texts = [run_lengths.encode(mask) for mask in masks]
    for executor in ("native", "cpu", "reference"):
        sample = ak.Sample(
            noise(SIZE), boxes=boxes, box_labels=list(range(len(masks))), mask=np.dstack(masks), box_masks=texts
        )
        out = ak.run(plan, sample, executor)
        assert out.mask is not None
        for label, text in zip(out.box_labels or (), out.box_masks or (), strict=True):
            assert text == run_lengths.encode(out.mask[..., label])
        if border == "constant" and any(hasattr(step, "ops") and hasattr(step, "size") for step in plan.steps):
            assert out.box_labels == np.flatnonzero(out.mask.any(axis=(0, 1))).tolist()
            for label, box in zip(out.box_labels or (), out.boxes, strict=True):  # type: ignore[arg-type]
                rows, columns = np.nonzero(out.mask[..., label])
                assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_many_masks_take_no_time() -> None:
    generator, size = np.random.default_rng(0), (1500, 1500)
    texts, boxes = [], []
    for x, y in generator.integers(0, 1440, (400, 2)).tolist():
        counts = [x * 1500 + y, *([50, 1450] * 50)]
        texts.append(run_lengths.compressed([*counts[:-1], 1500 * 1500 - sum(counts[:-1])]))
        boxes.append([x, y, x + 50, y + 50])
    sample = ak.Sample(np.zeros(size, np.uint8), boxes=boxes, box_masks=texts)
    start = time.perf_counter()
    out = ak.Pipeline([ak.Rotate(15)], border="constant")(sample, ak.Key(0, "x"))
    assert time.perf_counter() - start < 6.0  # some 0.5 s where nothing else runs; 12 s, mask by mask
    assert out.boxes is not None
    shown = [sum(run_lengths.expanded(text)[1::2]) for text in out.box_masks or ()]
    assert np.median(shown) == pytest.approx(2500, rel=0.02)


def test_run_lengths_are_those_of_pycocotools() -> None:
    reference = pytest.importorskip("pycocotools.mask")
    generator = np.random.default_rng(0)
    for n in range(200):
        size = tuple(generator.integers(1, 40, 2).tolist())
        mask = (generator.random(size) < generator.choice([0.0, 0.05, 0.5, 0.95, 1.0])).astype(np.uint8)
        text = reference.encode(np.asfortranarray(mask))["counts"].decode()
        assert run_lengths.encode(mask) == text, n
        np.testing.assert_array_equal(run_lengths.decode(text, size), mask)
        covered = np.zeros(size, int)
        for ring in run_lengths.rectangles(text, size[0]):
            (left, top), (right, bottom) = ring.min(axis=0).astype(int), ring.max(axis=0).astype(int)
            covered[top:bottom, left:right] += 1
        np.testing.assert_array_equal(covered, mask)


def test_nothing_changes_where_nothing_moves() -> None:
    ring = np.array([[30.25, 20.0], [50.0, 20.0], [40.0, 44.125]])
    box = [29.0, 19.0, 52.0, 47.0]
    sample = ak.Sample(noise(FRAME), boxes=[box], polygons=[ring], rotated_boxes=[[50, 35, 9, 5, 20]])
    for steps in ([], [ak.Brightness(1.2)], [ak.Blur()], [ak.Blur(), ak.Brightness(0.9)]):
        out = ak.Pipeline(steps)(sample, ak.Key(0, "x"))
        assert out.boxes.tolist() == [box]  # type: ignore[union-attr]
        np.testing.assert_array_equal(out.polygons[0], ring)  # type: ignore[index]
        np.testing.assert_array_equal(out.rotated_boxes, sample.rotated_boxes)


def test_coco_has_no_object_without_an_outline(tmp_path: Path) -> None:
    """Ellipses under a crop and a turn: no empty outline, and boxes are those around the outlines."""
    source = tmp_path / "src"
    (source / "images").mkdir(parents=True)
    (source / "annotations").mkdir()
    turns = np.linspace(0, 2 * np.pi, 49)[:-1]
    objects: list[dict[str, Any]] = []
    for x, y, w, h in ((5, 5, 60, 20), (120, 10, 70, 14), (60, 60, 80, 40), (2, 120, 120, 25), (170, 60, 25, 80)):
        ring = np.stack([x + w / 2 * (1 + np.cos(turns)), y + h / 2 * (1 + np.sin(turns))], axis=1).ravel().round(2)
        objects.append({
            "id": len(objects) + 1, "image_id": 1, "category_id": 1, "bbox": [x, y, w, h], "area": w * h * 0.785,
            "iscrowd": 0, "segmentation": [ring.tolist()],
        })  # fmt: skip
    (source / "images" / "a.png").write_bytes(encode(noise((150, 200)), "png"))
    images = [{"id": 1, "file_name": "a.png", "height": 150, "width": 200}]
    whole = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "obj"}]}
    (source / "annotations" / "instances.json").write_text(json.dumps(whole))
    pipeline = ak.Pipeline([ak.RandomCrop((110, 150)), ak.Rotate((-45, 45))], border="constant")
    expand(source, tmp_path / "out", pipeline=pipeline, copies=400, workers=0, form="coco")
    (file,) = (tmp_path / "out" / "annotations").iterdir()
    found = json.loads(file.read_text())["annotations"]
    assert len(found) > 1000
    for one in found:
        assert one["segmentation"]
        points = np.concatenate([np.reshape(ring, (-1, 2)) for ring in one["segmentation"]])
        x, y, w, h = one["bbox"]
        np.testing.assert_allclose([x, y, x + w, y + h], [*points.min(axis=0), *points.max(axis=0)], atol=0.11)


@given(st.floats(-180, 180), st.floats(0.5, 2.0))
def test_rotated_boxes_under_uneven_scaling_hold_their_corners(own: float, zoom: float) -> None:
    size = (100, 200)
    sample = ak.Sample(noise(size), rotated_boxes=[[100, 50, 40, 16, own]], keypoints=[[100, 50]])
    out = ak.Pipeline([ak.Resize((100, round(200 * zoom)))])(sample, ak.Key(0, "x"))
    assert out.rotated_boxes is not None
    (x, y, w, h, angle), stretch = out.rotated_boxes[0], round(200 * zoom) / 200
    corners = np.array([[-20, -8], [20, -8], [20, 8], [-20, 8]])
    cosine, sine = np.cos(np.radians(own)), np.sin(np.radians(own))
    moved = (corners @ [[cosine, -sine], [sine, cosine]] + [100, 50]) * [stretch, 1]
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    inside = np.abs((moved - [x, y]) @ np.array([[cosine, sine], [-sine, cosine]]))
    assert (inside <= np.array([w, h]) / 2 + 1e-6).all()
    assert w * h >= 40 * 16 * stretch - 1e-6
