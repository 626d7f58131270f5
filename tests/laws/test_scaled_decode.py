"""`decode: scaled`: the same labels, nearly the same pixels, and those a function of the source and the plan alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import augkit as ak
from augkit.core.shrunk import SCALES, WHOLE, Shrunk, scale_of
from augkit.datasets import read
from augkit.errors import SampleError
from augkit.expand import replay, verify
from augkit.images import decode, encode, waiting
from augkit.loader import Augmented, Draw, Pictures
from support.encoded import exif, save
from support.folders import done, outputs, tree
from support.pictures import boxed_sample, picture, psnr

WAVES = picture((483, 645))


def _broad(points: Any) -> Any:
    """Return waves that are broad enough to be seen in an eighth of the picture."""
    x, y = points[..., 0], points[..., 1]
    return np.stack([0.5 + 0.4 * np.sin(x / 90 + k) * np.cos(y / 70 - k) for k in range(3)], axis=-1)


def _pipeline(decode: Any = "scaled", **more: Any) -> ak.Pipeline:
    """Return steps whose copies are decoded at every scale there is."""
    steps = [ak.Rotate(degrees=(-20, 20)), ak.RandomResizedCrop(size=(48, 40), scale=(0.01, 1.0)), ak.Mirror()]
    return ak.Pipeline([*steps, ak.Brightness(factor=(0.8, 1.2))], decode=decode, **more)


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scaled") / "src"
    (root / "a").mkdir(parents=True)
    shown = Image.fromarray(WAVES)
    files = {
        "upright.jpg": encode(WAVES, "jpeg"),
        "turned.jpg": save(shown, "JPEG", exif=exif(6)),
        "flipped.jpg": save(shown, "JPEG", exif=exif(2), progressive=True),
        "grey.jpg": save(shown.convert("L"), "JPEG"),
        "inks.jpg": save(shown.convert("CMYK"), "JPEG"),
        "small.jpg": encode(WAVES[:60, :50], "jpeg"),
        "whole.png": encode(WAVES, "png"),
    }
    for name, data in files.items():
        (root / "a" / name).write_bytes(data)
    return root


@pytest.mark.parametrize("mode", ["keep", "grey"])
def test_offline_on_the_fly_and_replayed_it_is_the_same_picture(src: Path, tmp_path: Path, mode: Any) -> None:
    pipeline, out = _pipeline(), tmp_path / "out"
    done(src, out, 6, pipeline=pipeline, encoding="png", mode=mode)
    lines = [json.loads(line) for path in (out / ".augkit/lineage").iterdir() for line in path.read_text().splitlines()]
    written = {(line["source"], line["copy"]): decode((out / line["id"]).read_bytes()).image for line in lines}
    pictures = Pictures(read(src))
    augmented = Augmented(pictures, pipeline, mode=mode)
    scales = set()
    for index, source in enumerate(read(src).sources):
        for copy in range(6):
            loaded, _ = augmented[Draw(0, index, copy)]
            np.testing.assert_array_equal(np.squeeze(loaded.numpy().transpose(1, 2, 0)), written[source.id, copy])
    for line in lines[::3]:
        assert replay(out, line["id"]).is_identical
        scales.add(scale_of(ak.Plan.from_json(json.dumps(line["plan"]))))
    assert scales == {1, *SCALES}
    assert verify(out).is_sound


def test_a_copy_owes_nothing_to_its_siblings(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "all", 5, pipeline=_pipeline(), encoding="png")
    done(src, tmp_path / "first", 1, pipeline=_pipeline(), encoding="png")
    done(src, tmp_path / "first", 5, pipeline=_pipeline(), encoding="png", extend=True)
    assert outputs(tmp_path / "first") == outputs(tmp_path / "all")


def test_it_is_a_part_of_the_job(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "scaled", 3, pipeline=_pipeline(), encoding="png")
    done(src, tmp_path / "full", 3, pipeline=_pipeline("full"), encoding="png")
    scaled, full = outputs(tmp_path / "scaled"), outputs(tmp_path / "full")
    same = {id.rpartition("-c")[0].rpartition("-")[0] for id in full if scaled[id] == full[id]}
    assert {"a/small", "a/whole"} <= same
    assert any(scaled[id] != full[id] for id in full if id.startswith("a/upright"))


def test_a_damaged_picture_costs_all_of_its_outputs(tmp_path: Path) -> None:
    root = tmp_path / "src"
    (root / "a").mkdir(parents=True)
    (root / "a/whole.jpg").write_bytes(encode(WAVES, "jpeg"))
    (root / "a/cut.jpg").write_bytes(encode(WAVES, "jpeg")[:9000])
    summary = done(root, tmp_path / "out", 4, pipeline=_pipeline(), originals="include")
    assert (summary.written, summary.rejected) == (5, 5)


def test_splits_are_compared_for_leaks(tmp_path: Path) -> None:
    root = tmp_path / "src"
    for split in ("train", "val"):
        (root / split / "a").mkdir(parents=True)
        (root / split / f"a/{split}.jpg").write_bytes(encode(WAVES, "jpeg", 80 if split == "val" else 95))
    done(root, tmp_path / "out", 1, pipeline=_pipeline())
    assert b'"near"' in tree(tmp_path / "out")[".augkit/leaks.jsonl"]


@pytest.mark.parametrize("orientation", [1, 3, 5, 8])
@pytest.mark.parametrize("executor", ["reference", "cpu", None])
@pytest.mark.parametrize("border", ["constant", "reflect"])
def test_what_is_shown_lies_where_it_lies_in_the_whole_picture(orientation: int, executor: Any, border: Any) -> None:
    data = save(Image.fromarray(picture((485, 643), of=_broad)), "JPEG", exif=exif(orientation), quality=97)
    whole, later = ak.Sample(decode(data).image), waiting(data, "keep")
    assert later is not None
    assert later.shape == whole.image.shape
    seen = set()
    for copy in range(8):
        plan = _pipeline(border=border, fill=90).draw(ak.Key(1, "a", copy), ak.Scene.of(whole))
        seen.add(scale := scale_of(plan))
        shown = ak.run(plan, whole, executor, shrunk=later.at(scale)).image
        expected = ak.run(plan, whole, executor).image
        inner = (slice(2, -2), slice(2, -2))
        difference = shown[inner].astype(float) - expected[inner]
        if border == "reflect":
            assert psnr(shown, expected, margin=2) > 40.0
        assert np.median(np.abs(difference)) <= 1.0
    assert len(seen) > 2


def test_labels_and_masks_are_those_of_the_whole_picture() -> None:
    data = encode(picture((480, 640)), "jpeg")
    sample = boxed_sample((480, 640), decode(data).image)
    later = waiting(data, "keep")
    assert later is not None
    pipeline = _pipeline(border="constant")
    for copy in range(8):
        plan = pipeline.draw(ak.Key(2, "a", copy), ak.Scene.of(sample))
        whole, scaled = ak.run(plan, sample), ak.run(plan, sample, shrunk=later.at(scale_of(plan)))
        assert scaled.targets.keys() == whole.targets.keys()
        for name, target in whole.targets.items():
            for keyword, value in vars(target).items():
                np.testing.assert_array_equal(vars(scaled.targets[name])[keyword], value)


def test_the_scale_is_no_more_than_the_plan_shrinks() -> None:
    scene = ak.Scene((800, 800))
    resize = ak.Resize(size=(150, 100))
    for factor, expected in ((1.0, 1), (1.9, 1), (2.0, 2), (3.99, 2), (4.0, 4), (7.9, 4), (8.0, 8), (40.0, 8)):
        plan = ak.Pipeline([ak.Scale(factor=1 / factor)], decode="scaled").draw(ak.Key(0, "a"), scene)
        assert scale_of(plan) == expected
    of = {
        "full": ak.Pipeline([resize]),
        "nearest": ak.Pipeline([resize], decode="scaled", interpolation="nearest"),
        "a blur before": ak.Pipeline([ak.Blur(radius=1.0), resize], decode="scaled"),
        "still": ak.Pipeline([], decode="scaled"),
        "a colour alone": ak.Pipeline([ak.Invert()], decode="scaled"),
    }
    assert {name: scale_of(one.draw(ak.Key(0, "a"), scene)) for name, one in of.items()} == dict.fromkeys(of, 1)
    assert scale_of(ak.Pipeline([resize, ak.Blur(radius=1.0)], decode="scaled").draw(ak.Key(0, "a"), scene)) == 4


def test_a_picture_that_is_too_small_for_its_plan_is_refused() -> None:
    data = encode(WAVES, "jpeg")
    sample, small = ak.Sample(decode(data).image), decode(data, scale=8)
    plan = ak.Pipeline([ak.Resize(size=(200, 200))], decode="scaled").draw(ak.Key(0, "a"), ak.Scene.of(sample))
    with pytest.raises(SampleError, match="at most 2 times smaller"):
        ak.run(plan, sample, shrunk=Shrunk(small.image, small.placement))
    assert WHOLE.scale == 1
