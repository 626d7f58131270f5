"""Transforms of Albumentations as steps: frames, dtypes, labels, sizes, complaints, and the package's own door."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import Plan
from augkit.errors import AugkitError, SampleError
from support.albumentations_table import CROP, REFERENCES, SIZE, lay_pictures_beside, made, sample_of, step_of
from support.pictures import KEY, boxed_sample, noise, picture

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def pictures_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lay_pictures_beside()


# Ours and theirs of the same name move everything alike; boxes of theirs are float32.
ALIKE = [
    (ak.Albumentations("HorizontalFlip"), ak.Mirror()),
    (ak.Albumentations("VerticalFlip"), ak.Mirror("vertical")),
    (ak.Albumentations("CenterCrop", CROP), ak.CenterCrop((60, 70))),
    (ak.Albumentations("InvertImg"), ak.Invert()),
    (ak.Albumentations("ToFloat"), ak.Brightness(1.0)),
    (ak.Albumentations("NoOp"), ak.Brightness(1.0)),
]


@pytest.mark.parametrize(("theirs", "ours"), ALIKE, ids=lambda step: repr(step))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_frames_are_translated_exactly(theirs: ak.Transform, ours: ak.Transform, dtype: str) -> None:
    sample = boxed_sample(SIZE, picture(SIZE, dtype))
    left, right = (ak.Pipeline([step])(sample, KEY) for step in (theirs, ours))
    np.testing.assert_allclose(left.image.astype(float), right.image.astype(float), atol=1e-6)
    np.testing.assert_array_equal(left.mask, right.mask)
    np.testing.assert_allclose(left.boxes, right.boxes, atol=1e-3)  # type: ignore[arg-type]
    np.testing.assert_allclose(left.keypoints, right.keypoints, atol=1e-3)  # type: ignore[arg-type]
    np.testing.assert_array_equal(left.keypoint_visible, right.keypoint_visible)
    assert left.box_labels == right.box_labels


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int32", "int64"])
def test_masks_of_any_whole_numbers_move_without_a_new_value(dtype: str) -> None:
    values = noise(SIZE, 1, "uint8").astype(np.int64) % 100
    mask = (values > 50) if dtype == "bool" else values.astype(dtype)
    step = ak.Albumentations("Rotate", {"limit": [30, 30]})
    done = ak.Pipeline([step])(ak.Sample(picture(SIZE), mask=mask), KEY).mask
    assert done is not None
    assert done.dtype == mask.dtype
    assert set(np.unique(done)) <= set(np.unique(mask)) | {0}
    assert (done != mask).any()


def test_a_mask_of_larger_numbers_than_it_can_move_is_refused() -> None:
    mask = np.full(SIZE, 2**24 + 1, np.int64)
    with pytest.raises(SampleError, match=r"HorizontalFlip: Sample\.mask: must hold whole numbers up to 16777216"):
        ak.Pipeline([ak.Albumentations("HorizontalFlip")])(ak.Sample(picture(SIZE), mask=mask), KEY)
    moved = ak.Pipeline([ak.Albumentations("HorizontalFlip")])(ak.Sample(picture(SIZE), mask=mask - 1), KEY).mask
    np.testing.assert_array_equal(moved, mask - 1)


def test_alpha_moves_as_a_mask_does() -> None:
    image = np.dstack([picture(SIZE), np.tile(np.arange(160, dtype=np.uint8), (120, 1))])
    done = ak.Pipeline([ak.Albumentations("HorizontalFlip")])(ak.Sample(image, alpha=True), KEY)
    np.testing.assert_array_equal(done.image, image[:, ::-1])
    done = ak.Pipeline([ak.Albumentations("InvertImg")])(ak.Sample(image, alpha=True), KEY)
    np.testing.assert_array_equal(done.image[..., 3], image[..., 3])
    np.testing.assert_array_equal(done.image[..., :3], 255 - image[..., :3])


def test_dropped_boxes_take_their_labels_along() -> None:
    sample = boxed_sample(SIZE)
    crop = ak.Albumentations("Crop", {"x_max": 80, "y_max": 120})
    for labels in (["cat", "dog"], np.array([4, 9])):
        done = ak.Pipeline([crop])(replace(sample, box_labels=labels), KEY)
        assert done.boxes is not None
        assert done.box_labels is not None
        assert list(done.box_labels) == list(labels[:1])
        assert isinstance(done.box_labels, type(labels))
    assert done.keypoints is not None
    assert done.keypoint_visible is not None
    np.testing.assert_array_equal(done.keypoint_visible, done.keypoints[:, 0] <= 80)


def test_points_that_it_drops_turn_invisible_where_they_lay() -> None:
    name = "Mosaic"  # which cuts most of them away
    before, dropped = sample_of(name).keypoints, 0
    for n in range(12):
        done = made(name, ak.Key(n, "p"))
        assert done.keypoints is not None
        assert done.keypoint_visible is not None
        inside = (done.keypoints <= done.image.shape[1::-1]).all(axis=1)
        dropped += int((~done.keypoint_visible & inside & (done.keypoints == before).all(axis=1)).sum())
    assert dropped


def test_a_reference_that_changed_is_refused_at_replay() -> None:
    sample = sample_of("FDA")
    plan = ak.Pipeline([step_of("FDA")]).draw(KEY, ak.Scene.of(sample))
    for path in REFERENCES:
        Path(path).write_bytes(Path("small.png").read_bytes())
    with pytest.raises(SampleError, match="must be the picture that the plan was drawn with"):
        ak.run(plan, sample)


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of statistics are; whatever the current folder is, and there and back through another file."""
    text = """steps:
  - Maybe: {chance: 1.0, step: {albumentations.FDA: {metadata: ["../reference 0.png"]}}}
  - albumentations.Mosaic:
      metadata: [{image: ../reference 1.png, mask: %s}]
  - albumentations.TextImage: {font_path: ../font.ttf, metadata: {text: ../font.ttf, bbox: [0.1, 0.1, 0.9, 0.4]}}
""" % (tmp_path / "mask.png")
    places = []
    for folder in ("conf", "other/deep"):
        (tmp_path / folder).mkdir(parents=True)
    Path("conf/p.yaml").write_text(text)
    for current in (".", "other/deep"):
        monkeypatch.chdir(tmp_path / current)
        for file in (tmp_path / "conf/p.yaml", Path(os.path.relpath(tmp_path / "conf/p.yaml"))):
            pipeline = ak.load(file)
            pipeline(boxed_sample(SIZE), KEY)
            ak.dump(pipeline, tmp_path / "other/q.yaml")
            assert ak.load(tmp_path / "other/q.yaml") == pipeline
            places.append((tmp_path / "other/q.yaml").read_text())
    assert len(set(places)) == 1
    assert places[0].count("../reference 0.png") == places[0].count("../reference 1.png") == 1
    assert f"mask: {tmp_path / 'mask.png'}" in places[0]


def test_a_plan_declares_the_size_that_comes_out() -> None:
    sample = sample_of("RandomScale")
    plan = ak.Pipeline([step_of("RandomScale"), ak.Mirror()]).draw(KEY, ak.Scene.of(sample))
    wrong = json.loads(plan.to_json())
    assert wrong["steps"][0]["op"]["size"] == list(plan.size) != list(SIZE)
    wrong["steps"][0]["op"]["size"] = [10, 10]
    with pytest.raises(SampleError, match="must come out at the size that its plan declares"):
        ak.run(Plan.from_json(json.dumps(wrong)), sample)


def test_draws_are_their_own_step_s() -> None:
    """A step of another transform before it moves no draw, and labels are the transforms' names."""
    rain = ak.Albumentations("RandomRain")
    alone, after = ak.Pipeline([rain]), ak.Pipeline([ak.Albumentations("InvertImg"), ak.Mirror(), rain])
    assert after.labels == ("albumentations.InvertImg", "Mirror", "albumentations.RandomRain")
    scene = ak.Scene(SIZE)
    assert after.ops(KEY, scene)["albumentations.RandomRain"] == alone.ops(KEY, scene)["albumentations.RandomRain"]


WRONG = [
    ("RandomRainn", {}, r"no transform is called 'RandomRainn'\. Did you mean RandomRain\?"),
    ("Compose", {}, "no transform is called 'Compose'"),
    ("augmentations.pixel.transforms.RandomRain", {}, "no transform is called"),
    ("RandomRain", {"blurr_value": 3}, r"has no argument 'blurr_value'\. Did you mean blur_value\?"),
    ("RandomRain", {"p": 0.5}, "Write chance beside it"),
    ("RandomRain", {"blur_value": "much"}, "RandomRain: must get arguments that it takes, got: blur_value"),
    ("RandomRain", {"blur_value": float("nan")}, "must be a dictionary of texts, numbers"),
    ("RandomRain", {"blur_value": np.float32(3)}, "must be a dictionary of texts, numbers"),
    ("RandomRain", {"blur_value": {3: 4}}, "with texts as keys"),
    ("RandomRain", {"metadata": []}, "takes no metadata"),
    ("FDA", {}, "must get metadata: what its call takes as fda_metadata"),
    ("FDA", {"metadata": ["nowhere.png"]}, "must be a picture that exists"),
    ("RandomCrop", {}, "must get arguments that it takes, got: height Field required"),
]


@pytest.mark.parametrize(("name", "params", "says"), WRONG)
def test_complaints(name: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(AugkitError, match=says) as caught:
        ak.Pipeline([ak.Albumentations(name, params)]).draw(KEY, ak.Scene(SIZE))
    assert "\n" not in str(caught.value)


def test_a_reference_that_is_no_picture_is_named() -> None:
    with pytest.raises(AugkitError, match=r"^font\.ttf: is not a picture"):
        ak.Pipeline([ak.Albumentations("FDA", {"metadata": ["font.ttf"]})])(ak.Sample(noise(SIZE)), KEY)


def test_boxes_that_it_cannot_move_are_refused() -> None:
    sample = boxed_sample(SIZE)
    with pytest.raises(SampleError, match=r"albumentations\.Morphological: must be done to a picture that it takes"):
        ak.Pipeline([step_of("Morphological")])(sample, KEY)


def in_a_fresh_interpreter(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "NO_ALBUMENTATIONS_UPDATE"}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_importing_it_asks_no_network_and_leaves_the_environment_alone() -> None:
    code = """
import os, urllib.request
urllib.request.OpenerDirector.open = lambda *args, **options: print("asked the network")
import augkit as ak
ak.Albumentations("RandomRain")
print("NO_ALBUMENTATIONS_UPDATE" in os.environ)
"""
    assert in_a_fresh_interpreter(code) == "False"


def test_without_the_package_its_command_is_named() -> None:
    code = """
import sys
sys.modules["albumentations"] = None
import augkit as ak
ak.Pipeline([ak.Mirror()]).draw(ak.Key(0, "a"), ak.Scene((5, 5)))
for use in (lambda: ak.Albumentations("RandomRain"), lambda: ak.Pipeline([]).as_albumentations()):
    try:
        use()
    except ImportError as error:
        print(error)
"""
    assert in_a_fresh_interpreter(code).count("pip install 'augkit[albumentations]'") == 2


def test_the_books_name_the_versions_that_decide() -> None:
    rain = ak.Albumentations("RandomRain")
    assert "albumentations" in ak.Pipeline([ak.OneOf((ak.Mirror(), ak.Maybe(0.5, rain)))]).packages
    assert ak.Pipeline([ak.Mirror()]).packages == ()
