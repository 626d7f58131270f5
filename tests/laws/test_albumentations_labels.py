"""Labels through Albumentations' transforms: they lie where the picture shows what they label."""

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import Plan
from augkit.errors import ArgumentError, SampleError
from augkit.integrations.albumentations.registry import motion_of, names
from augkit.targets.rotated_boxes import corners_of
from support.albumentations_table import SIZE, sample_of, step_of
from support.pictures import KEY, assert_same, blobs, boxed_sample, middles, noise, picture, scattered

MOVING = [name for name in names() if motion_of(name) in ("map", "bend")]
FOLDING = {"ThinPlateSpline"}  # it turns parts of a picture over, where a point is seen twice or never
POINTS = scattered(SIZE, 24, seed=1)[:24]
RING = np.array([[30.0, 20.0], [90.0, 25.0], [85.0, 70.0], [60.0, 40.0], [35.0, 75.0]])
BOX = [70.0, 60.0, 50.0, 24.0, 25.0]


@pytest.fixture(autouse=True)
def beside(pictures_beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures_beside)


def blob_errors(step: ak.Transform, n: int) -> Any:
    """Return how far from its keypoint a blob comes out, in pixels, of four or more well inside where there are any."""
    whole = (blobs(SIZE, POINTS, 0.6) * 255).astype(np.uint8)
    errors: list[Any] = []
    for first in range(0, len(POINTS), 3):  # in three channels, one each
        if sum(map(len, errors)) >= 4:
            break
        image = np.ascontiguousarray(whole[..., first : first + 3])
        sample = ak.Sample(image, mask=np.full(SIZE, 3, np.uint8), boxes=[[30, 30, 80, 90]], keypoints=POINTS)
        out = ak.Pipeline([step])(sample, ak.Key(n, "blobs"))
        told = np.asarray(out.keypoints)[first : first + 3]
        found = middles(np.where(out.image < 40, 0, out.image))
        inside = ((told > 10) & (told < np.array(out.image.shape[1::-1]) - 10)).all(axis=1)
        errors.append(np.hypot(*(found - told)[inside].T))
    return np.concatenate(errors)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(MOVING) - FOLDING))
def test_keypoints_lie_on_their_blobs(name: str) -> None:
    errors = np.concatenate([blob_errors(step_of(name), n) for n in range(4)])
    assert len(errors) >= 8
    assert np.median(errors) <= 0.25
    assert np.quantile(errors, 0.9) <= 0.5


@pytest.mark.parametrize("scale", [-0.4, 0.7])
def test_resized_points_go_with_the_size_that_comes_out(scale: float) -> None:
    """121 x 0.6 is no whole number: what is rounded there is the picture, and points with it."""
    step = ak.Pipeline([ak.Albumentations("RandomScale", {"scale_limit": [scale, scale]})])
    out = step(ak.Sample(noise((121, 163)), keypoints=[[163.0, 121.0], [0, 0]]), KEY)  # type: ignore[arg-type]
    np.testing.assert_allclose(out.keypoints, [out.image.shape[1::-1], [0, 0]])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MOVING)
def test_every_outline_and_array_moves_as_keypoints_and_pictures_do(name: str) -> None:
    image = picture(SIZE)
    mask = np.full(SIZE, 3, np.int32)
    sample = ak.Sample(
        image, mask=mask, boxes=[[20, 15, 95, 80], [5, 5, 40, 60]], box_labels=["ring", "none"],
        polygons=[[RING, RING[:3]], []], keypoints=RING, polylines=[RING], rotated_boxes=[BOX],
        masks={"parts": mask}, images={"same": image, "depth": picture(SIZE, "float32")[..., 0].copy()},
    )  # fmt: skip
    for n in range(3):
        plan = ak.Pipeline([step_of(name)], min_visible=0.0).draw(ak.Key(n, "x"), ak.Scene.of(sample))
        out = ak.run(Plan.from_json(plan.to_json()), sample)
        assert len(out.polygons or ()) == len(out.box_labels or ()) == len(np.asarray(out.boxes))
        seen = np.asarray(out.keypoint_visible)
        points = np.asarray(out.keypoints)[seen]
        if "ring" in (out.box_labels or ()):
            first, second = (out.polygons or ())[list(out.box_labels or ()).index("ring")]
            np.testing.assert_allclose(first[seen], points, atol=1e-3)
            np.testing.assert_array_equal(second, first[:3])
        for line in out.polylines or ():
            np.testing.assert_allclose(line[seen], points, atol=1e-3)
        assert out.masks is not None
        assert out.images is not None
        np.testing.assert_array_equal(out.masks["parts"], out.mask)
        np.testing.assert_array_equal(out.images["same"], out.image)
        assert out.images["depth"].shape == plan.size
        assert (out.masks["parts"].dtype, out.images["depth"].dtype) == (np.int32, np.float32)  # type: ignore[comparison-overlap]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MOVING if motion_of(name) == "bend"])
def test_bent_boxes_hold_what_the_picture_shows_of_them(name: str) -> None:
    """Even where parts of a box are shown nowhere."""
    near = []
    for n in range(6):
        for left, top, right, bottom in ([40, 30, 80, 60], [96, 36, 144, 96]):
            mask = np.zeros(SIZE, np.uint8)
            mask[top:bottom, left:right] = 1
            sample = ak.Sample(noise(SIZE), mask=mask, boxes=[[left, top, right, bottom]])
            out = ak.Pipeline([step_of(name)], min_visible=0.0)(sample, ak.Key(n, "d"))
            rows, columns = np.nonzero(out.mask)  # type: ignore[arg-type]
            shown = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            near += (np.abs(np.asarray(out.boxes)[0] - shown) <= 1.5).tolist()
    assert np.mean(near) >= 0.9
    assert all(near) or name in FOLDING


def test_exact_ones_equal_ours() -> None:
    sample = ak.Sample(noise(SIZE), rotated_boxes=[BOX], polygons=[RING], polylines=[RING])
    for theirs, ours in (
        (ak.Albumentations("HorizontalFlip"), ak.Mirror()),
        (ak.Albumentations("Resize", {"height": 240, "width": 320}), ak.Resize((240, 320))),
        (ak.Albumentations("Rotate", {"limit": [30, 30]}), ak.Rotate(30)),
    ):
        left, right = (ak.Pipeline([step], border="constant")(sample, KEY) for step in (theirs, ours))
        corners = [corners_of(np.asarray(out.rotated_boxes)) for out in (left, right)]
        np.testing.assert_allclose(*corners, atol=0.01)  # type: ignore[call-overload]
        np.testing.assert_allclose(np.array(left.polygons), np.array(right.polygons), atol=0.01)
        np.testing.assert_allclose(np.array(left.polylines), np.array(right.polylines), atol=0.01)


@pytest.mark.parametrize("name", [name for name in names() if motion_of(name) == "stay"])
def test_what_hides_leaves_outlines_and_named_pictures_alone(name: str) -> None:
    sample = sample_of(name)
    out = ak.Pipeline([step_of(name)], min_visible=0.0)(sample, KEY)
    for kind in ("images", "rotated_boxes", "rotated_box_labels", "polylines", "polyline_labels"):
        assert_same(getattr(out, kind), getattr(sample, kind), kind)
    assert len(out.polygons or ()) == len(out.box_labels or ())
    known = dict(zip(sample.box_labels or (), sample.polygons or (), strict=True))
    for label, polygon in zip(out.box_labels or (), out.polygons or (), strict=True):
        assert_same(polygon, known[label], label)


def test_what_tears_refuses_outlines() -> None:
    for name, parts in (
        ("RandomGridShuffle", {"polygons": [RING]}),
        ("Mosaic", {"polylines": [RING]}),
        ("Mosaic", {"images": {"depth": noise(SIZE)}}),
    ):
        with pytest.raises(SampleError, match=f"albumentations.{name}: must get no .*, which it would tear"):
            ak.Pipeline([step_of(name)])(ak.Sample(noise(SIZE), **parts), KEY)
        empty = ak.Sample(noise(SIZE), boxes=[[5, 5, 30, 30]], polygons=[[]])
        assert ak.Pipeline([step_of(name)])(empty, KEY).polygons is not None


REFLECTING = ("Affine", "Pad", "PadIfNeeded", "Rotate", "SafeRotate", "ShiftScaleRotate")
SIZES = {"Affine": {"rotate": [30, 30]}, "Pad": {"padding": 30}, "PadIfNeeded": {"min_height": 200, "min_width": 250}}


@pytest.mark.parametrize("name", REFLECTING)
def test_what_a_border_reflects_is_no_object(name: str) -> None:
    sample = boxed_sample(SIZE)
    plain, reflected = (
        ak.Pipeline([ak.Albumentations(name, SIZES.get(name, {}) | {"border_mode": border})])(sample, KEY)  # type: ignore[operator]
        for border in (0, 4)
    )
    np.testing.assert_array_equal(plain.keypoints, reflected.keypoints)
    np.testing.assert_array_equal(plain.boxes, reflected.boxes)
    assert plain.box_labels == reflected.box_labels
    assert (plain.image != reflected.image).any()


def test_a_sliver_of_a_box_is_dropped_and_costs_no_picture() -> None:
    boxes = [[SIZE[1] - 1e-6, 0, SIZE[1], 50], [10, 10, 40, 40], [0, 20, 1e-7, 30]]
    for name in ("HorizontalFlip", "NoOp", "ShiftScaleRotate", "CoarseDropout"):
        sample = ak.Sample(noise(SIZE), boxes=boxes, box_labels=list("abc"), polygons=[RING, RING[1:], RING[2:]])  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = ak.Pipeline([ak.Albumentations(name)], min_visible=0.0)(sample, KEY)
        assert out.box_labels == ["b"]
        assert len((out.polygons or ())[0]) == len(RING) - 1


BY_MASK = "CropNonEmptyMaskIfExists"  # where it cuts is not known before the mask is there


@pytest.mark.parametrize("name", [name for name in MOVING if motion_of(name) == "map" and name != BY_MASK])
def test_a_scene_knows_where_points_went_and_a_plan_whether_it_mirrors(name: str) -> None:
    """What comes after it, a crop that looks for boxes or what changes places in a mirror, is told the truth."""
    triangle = np.array([[40.0, 30.0], [90.0, 40.0], [60.0, 80.0]])
    sample = replace(sample_of(name), keypoints=triangle, keypoint_visible=None, label="left")
    mirrors = set()
    for n in range(8):
        pipeline = ak.Pipeline([step_of(name)], mirrored_labels={"left": "right"}, keypoint_pairs=[[0, 1]])
        plan = pipeline.draw(ak.Key(n, "scene"), ak.Scene.of(sample))
        (ops,) = pipeline.ops(ak.Key(n, "scene"), ak.Scene.of(sample)).values()
        scene = ak.Scene.of(sample).after(ops)
        out = ak.run(Plan.from_json(plan.to_json()), sample)
        assert scene.size == out.image.shape[:2]
        a, b, c = np.asarray(out.keypoints)[[1, 0, 2]] if plan.is_mirrored else np.asarray(out.keypoints)
        np.testing.assert_allclose(scene.keypoints, [a, b, c], atol=0.02)  # type: ignore[arg-type]
        assert ((b - a)[0] * (c - a)[1] < (b - a)[1] * (c - a)[0]) == plan.is_mirrored == (out.label == "right")
        mirrors.add(plan.is_mirrored)
    known = {"HorizontalFlip": {True}, "VerticalFlip": {True}, "Transpose": {True}, "TimeReverse": {True}}
    assert mirrors == known.get(name, {True, False} if name in ("D4", "SquareSymmetry") else {False})


@pytest.mark.parametrize("name", ["AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "RandomSizedBBoxSafeCrop"])
def test_crops_that_look_for_boxes_cut_as_their_plan_says(name: str) -> None:
    """Whatever was clipped, dropped, bent or never there when the plan runs."""
    before: list[list[ak.Transform]] = [
        [],
        [ak.Translate(0.9, 0.0), ak.Blur(), ak.Translate(-0.9, 0.0)],
        [ak.Albumentations("ElasticTransform", {"alpha": 300, "sigma": 8})],
        [ak.Rotate(30), ak.Albumentations("NoOp")],
    ]
    some = ak.Sample(noise(SIZE), boxes=[[-95, 10, 5, 40], [60, 50, 100, 90]], box_labels=["hidden", "seen"])
    for steps in before:
        for sample in (some, ak.Sample(noise(SIZE), boxes=[]), ak.Sample(noise(SIZE))):
            for n in range(4):
                pipeline = ak.Pipeline([*steps, step_of(name)], border="constant")
                plan = pipeline.draw(ak.Key(n, "x"), ak.Scene.of(sample))
                assert ak.run(Plan.from_json(plan.to_json()), sample).image.shape[:2] == plan.size
    safe = ak.Pipeline([step_of(name)], min_visible=0.99)
    if name != "AtLeastOneBBoxRandomCrop":
        assert all(safe(some, ak.Key(n, "x")).box_labels == ["seen"] for n in range(10))


def test_a_crop_after_it_keeps_the_boxes() -> None:
    boxes = [[20, 15, 45, 40], [100, 70, 140, 100]]
    for name, params in (("HorizontalFlip", {}), ("Transpose", {}), ("RandomScale", {"scale_limit": [0.5, 0.5]})):
        step = ak.Albumentations(name, params)
        pipeline = ak.Pipeline([step, ak.RandomBoxCrop(64, "all", scale=0.01)], min_visible=0.99)  # type: ignore[arg-type]
        for n in range(10):
            out = pipeline(ak.Sample(noise(SIZE), boxes=boxes, box_labels=["a", "b"]), ak.Key(n, "x"))
            assert out.box_labels == ["a", "b"]


@pytest.mark.parametrize(
    ("field", "value"), [("boxes", 0), ("boxes", ""), ("boxes", [[1, 2, 3]]), ("matrix", 0), ("size", 0)]
)
def test_a_plan_of_wrong_facts_is_refused(field: str, value: Any) -> None:
    pipeline = ak.Pipeline([ak.Albumentations("BBoxSafeRandomCrop")])
    plan = json.loads(pipeline.draw(ak.Key(0, "a"), ak.Scene((60, 80))).to_json())
    plan["steps"][0]["op"][field] = value
    with pytest.raises(ArgumentError, match=rf"External\.{field}[\[\]0-9]*: must be"):
        Plan.from_json(json.dumps(plan))
