"""Laws of the forms that boxes are written in: there and back, and what each form says by its own words."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import augkit as ak
from augkit.errors import ArgumentError, SampleError
from augkit.targets.box_forms import BOX_FORMS
from support.pictures import noise

sides = st.integers(1, 5000)
places = st.floats(-1e4, 1e4)
forms = st.sampled_from(BOX_FORMS)
some_boxes = st.lists(st.tuples(places, places, places, places), max_size=5)


@given(some_boxes, forms, sides, sides)
def test_there_and_back(values: list[Any], form: Any, height: int, width: int) -> None:
    boxes = np.array(values).reshape(-1, 4)
    told = ak.boxes_as(boxes, form, (height, width))
    assert told.shape == boxes.shape
    np.testing.assert_allclose(ak.boxes(told, form, (height, width)), boxes, rtol=1e-12, atol=1e-9)


@given(some_boxes, forms, sides, sides)
def test_back_and_there(values: list[Any], form: Any, height: int, width: int) -> None:
    told = np.array(values).reshape(-1, 4)
    boxes = ak.boxes(told, form, (height, width))
    assert boxes.dtype == np.float64
    scale = 1.0 if form in ("pixel", "coco") else 1.0 / min(height, width)
    np.testing.assert_allclose(
        ak.boxes_as(boxes, form, (height, width)), told, rtol=1e-9, atol=1e-9 * max(1.0, scale * max(height, width))
    )


@given(sides, sides)
def test_the_whole_picture_in_every_form(height: int, width: int) -> None:
    whole = {
        "pixel": [0, 0, width, height], "normalised": [0, 0, 1, 1],
        "coco": [0, 0, width, height], "yolo": [0.5, 0.5, 1, 1],
    }  # fmt: skip
    for form in BOX_FORMS:
        np.testing.assert_allclose(ak.boxes([whole[form]], form, (height, width)), [[0, 0, width, height]])  # type: ignore[arg-type]
        np.testing.assert_allclose(ak.boxes_as([[0, 0, width, height]], form, (height, width)), [whole[form]])  # type: ignore[arg-type]


@given(places, places, st.floats(1, 500), st.floats(1, 500))
def test_what_the_numbers_of_a_form_say(x: float, y: float, w: float, h: float) -> None:
    left, top, right, bottom = ak.boxes([[x, y, w, h]], "coco")[0]
    assert (left, top) == (x, y)
    np.testing.assert_allclose([right - left, bottom - top], [w, h], rtol=1e-9)
    left, top, right, bottom = ak.boxes([[x / 320, y / 240, w / 320, h / 240]], "yolo", (240, 320))[0]
    np.testing.assert_allclose([(left + right) / 2, (top + bottom) / 2], [x, y], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose([right - left, bottom - top], [w, h], rtol=1e-6)


def test_a_sample_takes_what_comes_out() -> None:
    boxes = ak.boxes([[0.5, 0.5, 0.2, 0.4], [0.1, 0.2, 0.1, 0.1]], "yolo", (100, 200))
    out = ak.Pipeline([ak.Mirror()])(ak.Sample(noise((100, 200)), boxes=boxes), ak.Key(0, "x"))
    assert out.boxes is not None
    told = ak.boxes_as(out.boxes, "yolo", (100, 200))
    np.testing.assert_allclose(told, [[0.5, 0.5, 0.2, 0.4], [0.9, 0.2, 0.1, 0.1]])


@pytest.mark.parametrize("call", [ak.boxes, ak.boxes_as], ids=["boxes", "boxes_as"])
def test_refusals_say_what_to_give(call: Any) -> None:
    name = call.__name__
    with pytest.raises(
        ArgumentError, match=rf"^{name}\.form: must be pixel or .* or yolo, got 'yola'\. Did you mean yolo"
    ):
        call([], "yola")
    with pytest.raises(ArgumentError, match=r"got None\. Give image\.shape\[:2\]\."):
        call([[0, 0, 1, 1]], "yolo")
    for size in ((0, 3), (3, 4, 5), 7, (3.5, 4)):
        with pytest.raises(ArgumentError, match=rf"^{name}\.size: must be the picture's"):
            call([[0, 0, 1, 1]], "normalised", size)
    for values in ([[1, 2, 3]], [1, 2, 3, 4], "boxes", [[0, 0, 1, float("nan")]]):
        with pytest.raises(SampleError, match=rf"^{name}\.\w+: must (have shape \(n, 4\) as \w+|be finite)"):
            call(values, "coco")
