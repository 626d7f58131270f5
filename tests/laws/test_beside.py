"""Laws of masks and pictures by name: what lies beside a picture, pixel on pixel, goes where the picture goes."""

from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import Plan
from augkit.errors import SampleError
from augkit.loader import Augmented, Draw, MixUp, Mosaic, collate
from support.pictures import noise, picture
from support.subjects import SIZE, subjects

MASK = (noise(SIZE, 1) > 128).astype(np.uint8)
DEPTH = picture(SIZE, "float32")[..., 0].copy()
SAMPLE = ak.Sample(picture(SIZE), mask=MASK, masks={"parts": MASK.astype(np.int32) * 300}, images={"depth": DEPTH})


@subjects
def test_each_comes_out_as_it_would_alone(pipeline: ak.Pipeline) -> None:
    plan = ak.Pipeline(pipeline.steps, border="constant", mask_fill=1, fill=99).draw(
        ak.Key(3, "x"), ak.Scene.of(SAMPLE)
    )
    for executor in ("native", "cpu", "reference"):
        out = ak.run(plan, SAMPLE, executor)
        assert out.masks is not None
        assert out.images is not None
        alone = ak.run(plan, ak.Sample(SAMPLE.image, mask=SAMPLE.masks["parts"]), executor)  # type: ignore[index]
        np.testing.assert_array_equal(out.masks["parts"], alone.mask)
        assert out.masks["parts"].dtype == np.int32
        assert (out.images["depth"].shape, out.images["depth"].dtype) == (plan.size, DEPTH.dtype)
        np.testing.assert_array_equal(out.image, alone.image)


@pytest.mark.parametrize("border", ["reflect", "constant"])
def test_a_named_picture_moves_as_the_picture_does_and_keeps_its_colours(border: Any) -> None:
    steps = [ak.Rotate(20), ak.LocalWarp(0.03, 5), ak.RandomCrop((90, 100))]
    sample = ak.Sample(picture(SIZE), images={"same": picture(SIZE), "more": np.dstack([picture(SIZE)] * 2)})
    still = ak.Pipeline(steps, border=border)(sample, ak.Key(0, "x"))
    coloured = ak.Pipeline([*steps, ak.Brightness(0.5), ak.Blur(), ak.Noise()], border=border)(sample, ak.Key(0, "x"))
    assert still.images is not None
    assert coloured.images is not None
    np.testing.assert_array_equal(still.images["same"], still.image)
    np.testing.assert_array_equal(coloured.images["same"], still.images["same"])
    assert np.abs(coloured.images["more"][..., :3].astype(int) - still.image).max() <= 1
    assert (coloured.image != still.image).any()


@pytest.mark.parametrize("executor", ["native", "cpu", "reference"])
@pytest.mark.parametrize(
    "step",
    [ak.Pool("mean", 8), ak.Pool("max", 8), ak.Convolve(((1 / 64,) * 8,) * 8, 8, 0)],
    ids=lambda step: type(step).__name__,
)
def test_what_a_stride_shrinks_does_not_alias(executor: str, step: ak.Transform) -> None:
    """Alpha and named pictures are shrunk as any map shrinks them."""
    fine = noise((64, 80))
    sample = ak.Sample(np.dstack([noise((64, 80), seed=1), fine[..., 0]]), alpha=True, images={"more": fine})
    out = ak.Pipeline([step])(sample, ak.Key(0, "x"), executor)
    small = ak.Pipeline([ak.Resize((8, 10))])(ak.Sample(fine), ak.Key(0, "x"), executor).image.astype(float)
    np.testing.assert_allclose(out.image[..., 3], small[..., 0], atol=1)
    np.testing.assert_allclose(out.images["more"], small, atol=1)  # type: ignore[index]


def test_erasing_paints_every_mask_and_no_named_picture() -> None:
    out = ak.Pipeline([ak.Erase(mask_fill=7)])(SAMPLE, ak.Key(0, "x"))
    assert out.masks is not None
    assert out.images is not None
    assert ((out.masks["parts"] == 7) == (out.mask == 7)).all()
    assert (out.mask == 7).any()  # type: ignore[union-attr]
    np.testing.assert_array_equal(out.images["depth"], DEPTH)


def test_a_constant_border_of_a_named_picture_is_0() -> None:
    out = ak.Pipeline([ak.Translate(0.5, 0)], border="constant", fill=99)(SAMPLE, ak.Key(0, "x"))
    assert out.images is not None
    half = SIZE[1] // 2
    assert (out.images["depth"][:, :half] == 0).all()
    assert (out.image[:, :half] == 99).all()
    np.testing.assert_allclose(out.images["depth"][:, half:], DEPTH[:, :half], atol=1e-6)


def test_replay_and_the_input_left_alone() -> None:
    for pipeline in (ak.Pipeline([]), ak.Pipeline([ak.Brightness()]), ak.load("six")):
        plan = pipeline.draw(ak.Key(0, "x"), ak.Scene.of(SAMPLE))
        one, other = (ak.run(p, SAMPLE) for p in (plan, Plan.from_json(plan.to_json())))
        for kind, name in (("masks", "parts"), ("images", "depth")):
            np.testing.assert_array_equal(getattr(one, kind)[name], getattr(other, kind)[name])
            assert not np.shares_memory(getattr(one, kind)[name], getattr(SAMPLE, kind)[name])


def test_they_come_through_a_loader() -> None:
    made = Augmented([SAMPLE, SAMPLE], ak.Pipeline([ak.Resize((48, 64))]), ids=["a", "b"])
    batch = collate([made[0], made[1]])
    assert batch["masks"]["parts"].shape == (2, 48, 64)
    assert batch["images"]["depth"].shape == (2, 1, 48, 64)
    tiled = Mosaic(made, (40, 50)).made(Draw(0, 0)).sample
    assert tiled.masks is not None
    assert tiled.images is not None
    assert tiled.masks["parts"].shape == tiled.images["depth"].shape == (40, 50)
    np.testing.assert_array_equal(tiled.masks["parts"], np.asarray(tiled.mask, np.int32) * 300)
    with pytest.raises(SampleError, match="must carry a class alone"):
        MixUp(made, 0.2, classes=2, chance=1.0)[0]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"masks": {"a": MASK[1:]}}, r"masks\['a'\]: must have the image's shape"),
        ({"masks": {"a": DEPTH}}, r"masks\['a'\]: must be an array of whole numbers"),
        ({"masks": MASK}, "masks: must be arrays by name"),
        ({"images": {"a": DEPTH[:, 1:]}}, r"images\['a'\]: must have the image's shape"),
        ({"images": {"a": DEPTH * 5}}, r"images\['a'\]: must lie in \[0, 1\]"),
        ({"images": {3: DEPTH}}, "images: must be arrays by name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_lie_on_the_picture_is_refused(parts: Any, words: str) -> None:
    with pytest.raises(SampleError, match=f"^Sample.{words}"):
        ak.Sample(SAMPLE.image, **parts)
