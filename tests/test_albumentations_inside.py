"""A pipeline of ours as a step of Albumentations' Compose."""

import albumentations
import numpy as np
import pytest
from pictures import boxed_sample, noise, picture

import augkit as ak
from augkit.core.tonal import RANGE
from augkit.errors import ArgumentError

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
    np.testing.assert_allclose(done["bboxes"], ours.boxes, atol=1e-3)
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
    empty = dict(data(), bboxes=np.zeros((0, 4)), names=[], keypoints=np.zeros((0, 2)))
    done = compose(PIPELINE)(**empty)
    assert len(done["bboxes"]) == len(done["keypoints"]) == 0


@pytest.mark.parametrize("p", [-0.1, 2, True, "often"])
def test_a_chance_that_is_none(p: object) -> None:
    with pytest.raises(ArgumentError, match=r"as_albumentations\.p: must lie within 0 and 1"):
        PIPELINE.as_albumentations(p)  # type: ignore[arg-type]


def test_more_targets_are_refused() -> None:
    with pytest.raises(ArgumentError, match="must get image, mask, bboxes and keypoints alone, got second too"):
        albumentations.Compose([PIPELINE.as_albumentations()], additional_targets={"second": "image"})
