"""Every transform of Albumentations that takes a picture, through the laws of a step: one table drives them all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import Plan
from augkit.errors import ArgumentError
from augkit.integrations.albumentations.registry import REFUSED, motion_of, names
from support.albumentations_table import (
    EXCEPTIONS,
    FIXED,
    ONLY_FLOAT,
    PARAMS,
    SIZE,
    WITHOUT_BOXES,
    made,
    sample_of,
    step_of,
)
from support.pictures import KEY, assert_same_sample, picture

pytestmark = pytest.mark.slow  # a hundred transforms, each through every law
NEED_BOXES = {"BBoxSafeRandomCrop", "RandomSizedBBoxSafeCrop"}
every = pytest.mark.parametrize("name", names())


@pytest.fixture(autouse=True)
def beside(pictures_beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures_beside)


def transforms_of_pictures() -> Iterator[str]:
    """Yield all that Albumentations exports and that says it takes a picture, its abstract bases aside."""
    import albumentations

    interface = albumentations.core.transforms_interface
    for name, cls in vars(albumentations).items():
        if isinstance(cls, type) and issubclass(cls, interface.BasicTransform):
            is_base = name in ("BasicTransform", "DualTransform", "ImageOnlyTransform", "Transform3D")
            is_3d = issubclass(cls, interface.Transform3D) or name == "ToTensor3D"
            if not is_base and not is_3d:
                yield name


def test_the_table_holds_every_transform_but_five_at_most() -> None:
    assert set(transforms_of_pictures()) == set(names()) | set(EXCEPTIONS)
    assert EXCEPTIONS == REFUSED
    assert len(EXCEPTIONS) <= 5
    assert set(PARAMS) | FIXED | ONLY_FLOAT | set(WITHOUT_BOXES) <= set(names())


@pytest.mark.parametrize(("name", "reason"), EXCEPTIONS.items())
def test_an_exception_is_refused_with_its_reason(name: str, reason: str) -> None:
    with pytest.raises(ArgumentError, match=f"got {name}: {reason}"):
        ak.Albumentations(name)


@every
def test_a_key_decides_what_comes_out(name: str) -> None:
    first = made(name, KEY)
    made(name, ak.Key(1, "b"))  # what is done between does not matter
    assert_same_sample(first, made(name, KEY))
    others = (made(name, ak.Key(n, "c")).image for n in range(8))
    differ = any(other.shape != first.image.shape or (other != first.image).any() for other in others)
    assert differ is (name not in FIXED)


@every
def test_a_plan_is_replayed_from_its_line(name: str) -> None:
    sample = sample_of(name)
    for n in range(3):
        plan = ak.Pipeline([step_of(name)]).draw(ak.Key(n, "a"), ak.Scene.of(sample))
        again = Plan.from_json(plan.to_json())
        assert again == plan
        done = ak.run(plan, sample)
        assert_same_sample(ak.run(again, sample), done)
        assert_same_sample(ak.run(again, sample, "reference"), done)
        assert done.image.shape == (*plan.size, 3)
        assert done.image.dtype == sample.image.dtype


@every
def test_yaml_and_back(name: str) -> None:
    step = step_of(name)
    pipeline = ak.Pipeline([step, ak.Maybe(0.25, replace(step, name="again"))])
    ak.dump(pipeline, "p.yaml")
    assert ak.load("p.yaml") == pipeline
    assert f"- albumentations.{name}" in Path("p.yaml").read_text()


@every
def test_labels_come_along(name: str) -> None:
    sample = sample_of(name)
    for n in range(3):
        done = made(name, ak.Key(n, "labels"))
        assert done.mask is not None
        assert sample.mask is not None
        assert done.mask.shape == done.image.shape[:2]
        assert done.mask.dtype == sample.mask.dtype
        if sample.boxes is not None:
            assert done.boxes is not None
            assert done.box_labels is not None
            assert len(done.boxes) == len(done.box_labels)
            assert set(done.box_labels) <= {"cat", "dog"}
            limits = np.tile(done.image.shape[1::-1], 2)
            assert ((done.boxes >= 0) & (done.boxes <= limits)).all()
        assert done.keypoints is not None
        assert sample.keypoints is not None
        assert done.keypoints.shape == sample.keypoints.shape


@every
def test_what_goes_in_is_left_alone(name: str) -> None:
    sample = sample_of(name)
    ak.Pipeline([step_of(name)])(sample, KEY)
    assert_same_sample(sample, sample_of(name))


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@every
def test_other_dtypes_come_back(name: str, dtype: str) -> None:
    sample = replace(sample_of(name), image=picture(SIZE, dtype))
    done = ak.Pipeline([step_of(name)])(sample, KEY)
    assert done.image.dtype == sample.image.dtype


@every
def test_plans_show_whether_theirs_mirror(name: str) -> None:
    """So that what a mirror exchanges is exchanged."""
    corner = np.array([[70.0, 50.0], [90.0, 52.0], [78.0, 66.0]])
    sample = replace(sample_of(name), boxes=None, box_labels=None, keypoints=corner, keypoint_visible=np.ones(3, bool))
    pipeline = ak.Pipeline([step_of(name)])
    known = name not in NEED_BOXES and motion_of(name) not in ("bend", "tear", "mix")  # which turn parts about
    for n in range(20 * known):
        plan = pipeline.draw(ak.Key(n, "a"), ak.Scene.of(sample))
        made = ak.run(plan, sample)
        if made.keypoint_visible is not None and made.keypoint_visible.all():
            assert plan.is_mirrored == _is_mirrored(made, corner)


def _is_mirrored(done: ak.Sample, before: Any) -> bool:
    """Tell whether three keypoints turn the other way round."""
    assert done.keypoints is not None
    turns = [np.linalg.det(points[1:] - points[0]) for points in (before, done.keypoints)]
    return bool(turns[0] * turns[1] < 0.0)
