"""A pipeline of ours as a step of Albumentations' Compose."""

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import albumentations
import numpy as np
import pytest

import augkit as ak
from augkit.core.tonal import RANGE
from augkit.errors import ArgumentError, SampleError
from support.pictures import boxed_sample, noise, picture

SIZE = (120, 160)
PIPELINE = ak.Pipeline([ak.Rotate((-30, 30)), ak.RandomCrop((90, 100)), ak.Mirror(), ak.Brightness()])


def compose(pipeline: ak.Pipeline, seed: int | None = 7, p: float = 1.0) -> albumentations.Compose:
    return albumentations.Compose(
        [pipeline.as_albumentations(p)],
        bbox_params=albumentations.BboxParams("pascal_voc", label_fields=["names"]),
        keypoint_params=albumentations.KeypointParams("xy", remove_invisible=False),
        seed=seed,
        strict=True,
    )


def data() -> dict[str, object]:
    whole = boxed_sample(SIZE)
    return {
        "image": whole.image, "mask": whole.mask, "bboxes": whole.boxes, "names": ["cat", "dog"],
        "keypoints": whole.keypoints,
    }  # fmt: skip


def assert_equal(left: dict[str, object], right: dict[str, object]) -> None:
    for name in ("image", "mask", "bboxes", "keypoints", "names"):
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def test_the_seed_of_compose_decides() -> None:
    one, twin, other = compose(PIPELINE), compose(PIPELINE), compose(PIPELINE, seed=8)
    first, second = one(**data()), one(**data())
    assert_equal(first, twin(**data()))
    assert_equal(second, twin(**data()))
    assert (first["image"] != second["image"]).any()
    assert (first["image"] != other(**data())["image"]).any()


def test_all_targets_go_through_one_plan() -> None:
    """What comes out of Compose is what one of our plans makes of the whole sample."""
    done = compose(ak.Pipeline([ak.Mirror(), ak.CenterCrop((100, 90)), ak.Brightness(0.5)]))(**data())
    ours = ak.Pipeline([ak.Mirror(), ak.CenterCrop((100, 90)), ak.Brightness(0.5)])(boxed_sample(SIZE), ak.Key(0, ""))
    np.testing.assert_array_equal(done["image"], ours.image)
    np.testing.assert_array_equal(done["mask"], ours.mask)
    np.testing.assert_allclose(done["bboxes"], ours.boxes, atol=1e-3)  # type: ignore[arg-type]
    assert list(done["names"]) == list(ours.box_labels or [])
    assert ours.keypoints is not None
    # Its points lie at pixel indices, ours half a pixel further.
    shifted = dict(data(), keypoints=np.asarray(data()["keypoints"]) - 0.5)
    done = compose(ak.Pipeline([ak.Mirror()]))(**shifted)
    mirrored = ak.Pipeline([ak.Mirror()])(boxed_sample(SIZE), ak.Key(0, "")).keypoints
    assert mirrored is not None
    np.testing.assert_allclose(done["keypoints"], mirrored - 0.5, atol=1e-3)


def test_a_dropped_box_takes_its_label() -> None:
    done = compose(ak.Pipeline([ak.Translate(0.55, 0.0)], border="constant"))(**data())
    assert list(done["names"]) == ["cat"]
    assert len(done["bboxes"]) == 1


def test_it_stands_beside_steps_of_theirs() -> None:
    steps = [albumentations.HorizontalFlip(p=1.0), ak.Pipeline([ak.Mirror()]).as_albumentations()]
    image = picture(SIZE)
    np.testing.assert_array_equal(albumentations.Compose(steps, seed=0)(image=image)["image"], image)


@pytest.mark.parametrize("dtype", [dtype.name for dtype in RANGE])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_an_image_alone_of_any_kind(dtype: str, channels: int) -> None:
    image = noise(SIZE, channels, dtype)
    done = albumentations.Compose([ak.Pipeline([ak.Rotate()]).as_albumentations()], seed=1)(image=image)["image"]
    assert (done.dtype, done.shape) == (image.dtype, image.shape)


def test_a_chance() -> None:
    flip = albumentations.Compose([ak.Pipeline([ak.Mirror()]).as_albumentations(p=0.3)], seed=3)
    image = picture((8, 8))
    fired = sum(bool((flip(image=image)["image"] != image).any()) for _ in range(1000))
    assert abs(fired - 300) < 60  # four standard deviations


def test_nothing_labelled_is_nothing_to_move() -> None:
    nothing: tuple[Any, ...] = ([], np.zeros((0, 4)))
    for none in nothing:
        empty = dict(data(), bboxes=none, names=[], keypoints=none[:, :2] if isinstance(none, np.ndarray) else none)
        done = compose(PIPELINE)(**empty)
        assert len(done["bboxes"]) == len(done["keypoints"]) == 0
        theirs = albumentations.BboxParams("yolo", label_fields=["names"])
        step = albumentations.Compose([PIPELINE.as_albumentations()], bbox_params=theirs)
        assert len(step(image=picture(SIZE), bboxes=none, names=[])["bboxes"]) == 0


def test_masks_of_real_numbers_that_are_whole() -> None:
    mask = (noise(SIZE, 1) > 128).astype(np.float32)
    done = compose(ak.Pipeline([ak.Mirror()]))(**dict(data(), mask=mask))["mask"]
    assert done.dtype == np.float32
    np.testing.assert_array_equal(done, mask[:, ::-1])
    with pytest.raises(SampleError, match="must be an array of whole numbers or bool, got float32"):
        compose(ak.Pipeline([ak.Mirror()]))(**dict(data(), mask=mask / 2))


@pytest.mark.parametrize("p", [-0.1, 2, True, "often"])
def test_a_chance_that_is_none(p: object) -> None:
    with pytest.raises(ArgumentError, match=r"as_albumentations\.p: must lie within 0 and 1"):
        PIPELINE.as_albumentations(p)  # type: ignore[arg-type]


W, H = SIZE[::-1]
FORMS: dict[str, Callable[[Any], Any]] = {
    "pascal_voc": lambda box: box,
    "coco": lambda box: [box[0], box[1], box[2] - box[0], box[3] - box[1]],
    "albumentations": lambda box: np.divide(box, [W, H, W, H]),
    "yolo": lambda box: ak.boxes_as([box], "yolo", SIZE)[0],
}


@pytest.mark.parametrize("form", FORMS)
def test_boxes_of_every_format(form: str) -> None:
    step = ak.Pipeline([ak.Mirror()]).as_albumentations()
    compose = albumentations.Compose([step], bbox_params=albumentations.BboxParams(form, label_fields=["names"]))
    done = compose(image=noise(SIZE), bboxes=[FORMS[form]([30, 20, 70, 100])], names=["cat"])
    np.testing.assert_allclose(done["bboxes"], [FORMS[form]([90, 20, 130, 100])], atol=1e-4)


def test_further_targets_go_through_the_same_plan() -> None:
    """Lists of masks and pictures, and targets of further names: none stays behind."""
    image, mask = noise(SIZE), (noise(SIZE, 1) > 99).astype(np.uint8)
    compose = albumentations.Compose(
        [PIPELINE.as_albumentations()], seed=5,
        bbox_params=albumentations.BboxParams("pascal_voc"),
        keypoint_params=albumentations.KeypointParams("yx", remove_invisible=False),
        additional_targets={"left": "image", "parts": "mask", "faces": "bboxes", "eyes": "keypoints"},
    )  # fmt: skip
    boxes, points = [[10, 20, 60, 70, 5], [2, 2, 30, 30, 6]], [[4.0, 5.0], [60.0, 90.0]]
    done = compose(
        image=image, left=image, images=[image, image], mask=mask, masks=[mask, mask], parts=mask,
        bboxes=boxes, faces=boxes[::-1], keypoints=points, eyes=points[:1],
    )  # fmt: skip
    assert done["image"].shape[:2] == (90, 100)
    for other in (done["left"], *done["images"]):
        np.testing.assert_array_equal(other, done["image"])
    for other in (done["parts"], *done["masks"]):
        np.testing.assert_array_equal(other, done["mask"])
    np.testing.assert_array_equal(done["faces"], done["bboxes"][::-1])
    np.testing.assert_array_equal(done["eyes"], done["keypoints"][:1])
    assert len(done["keypoints"]) == 2


def test_what_no_plan_moves_is_refused() -> None:
    compose = albumentations.Compose([PIPELINE.as_albumentations()])
    with pytest.raises(SampleError, match="must get pictures, masks, boxes and points, got volume"):
        compose(volume=np.zeros((3, *SIZE, 3), np.uint8))


@pytest.mark.parametrize("step", [ak.Rotate(33), ak.Mirror(), ak.Shear(20, 10), ak.Scale(1.5)], ids=repr)
def test_angles_of_points_turn_with_them_and_scales_grow(step: ak.Transform) -> None:
    """A point's angle is where its neighbour lies, before and after."""
    compose = albumentations.Compose(
        [ak.Pipeline([step]).as_albumentations()],
        keypoint_params=albumentations.KeypointParams("xyas", remove_invisible=False),
    )
    done = compose(image=noise(SIZE), keypoints=[(70, 50, 30, 2.0), (78.66025, 55.0, 0, 1)])
    (x, y, angle, scale), other = done["keypoints"]
    expected = np.degrees(np.arctan2(other[1] - y, other[0] - x)) % 360
    assert abs((angle - expected + 180) % 360 - 180) < 0.01
    assert abs(scale - (3.0 if isinstance(step, ak.Scale) else 2.0)) < 0.1


def test_pairs_change_places_and_labels_are_refused() -> None:
    step = ak.Pipeline([ak.Mirror()], keypoint_pairs=[[0, 1]]).as_albumentations()
    points = albumentations.KeypointParams("xya", remove_invisible=False, label_fields=["parts"])
    compose = albumentations.Compose([step], keypoint_params=points)
    done = compose(image=noise((40, 40)), keypoints=[(10, 20, 0), (30, 20, 90), (20, 5, 90)], parts=["l", "r", "nose"])
    np.testing.assert_allclose(done["keypoints"], [(9, 20, 90), (29, 20, 180), (19, 5, 90)], atol=1e-3)
    assert list(done["parts"]) == ["l", "r", "nose"]
    with pytest.raises(ArgumentError, match=r"mirrored_labels: must be empty where Albumentations holds the labels"):
        ak.Pipeline([], mirrored_labels={"left": "right"}).as_albumentations()


def test_it_is_told_saved_and_read() -> None:
    step = PIPELINE.as_albumentations(p=0.5, name="ours")
    compose = albumentations.Compose([step, albumentations.HorizontalFlip(p=1.0)], seed=3)
    assert f"{PIPELINE!r}.as_albumentations(p=0.5, name='ours')" in repr(compose)
    saved = io.StringIO()
    albumentations.save(compose, saved)
    again = albumentations.load(io.StringIO(saved.getvalue()), nonserializable={"ours": copy.deepcopy(step)})
    again.set_random_seed(3)
    compose.set_random_seed(3)
    for _ in range(4):
        np.testing.assert_array_equal(again(image=picture(SIZE))["image"], compose(image=picture(SIZE))["image"])
    with pytest.raises(ValueError, match="non-serializable transform with name ours"):
        albumentations.load(io.StringIO(saved.getvalue()))


def test_a_replay_does_the_same_to_another_picture() -> None:
    recorder = albumentations.ReplayCompose([PIPELINE.as_albumentations(), PIPELINE.as_albumentations(0.5)])
    for seed in range(4):
        recorder.set_random_seed(seed)
        done = recorder(image=picture(SIZE))
        again = albumentations.ReplayCompose.replay(done["replay"], image=picture(SIZE))
        np.testing.assert_array_equal(again["image"], done["image"])
        other = albumentations.ReplayCompose.replay(done["replay"], image=noise(SIZE))
        assert other["image"].shape == done["image"].shape


def test_worker_processes_are_sent_it() -> None:
    one = compose(PIPELINE)
    one(**data())  # its generators have moved on
    other = pickle.loads(pickle.dumps(one))
    assert_equal(one(**data()), other(**data()))
    assert_equal(one(**data()), copy.deepcopy(other)(**data()))
