"""Contact sheets and sentences: what is shown is what was drawn, whatever the picture's dtype."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray
from PIL import Image

import augkit as ak
from augkit.core.plan import Plan
from augkit.errors import ArgumentError, SampleError
from augkit.pipeline.pipeline_file import bundled
from augkit.preview import contact_sheet, defaults, explain
from augkit.preview.canvas import (
    CHECKS,
    COLORS,
    POINT_COLOR,
    PictureCanvas,
    fitted_size,
    kinds,
    marked,
    picture as fitted,
    visible,
)
from augkit.preview.lettering import font, wrapped
from augkit.preview.numbers import numbers
from augkit.preview.sheet import CELL_PX, SMALL_CELL_PX, Layout
from augkit.transforms import TRANSFORMS
from augkit.transforms.transform import summary
from support.pictures import full_sample, picture

SIDE = CELL_PX  # a picture of this size is shown pixel by pixel
SCENE = ak.Scene((120, 160))
IDENTITY = ak.Pipeline([])
RGB = picture((SIDE, SIDE))


def draw(*steps: ak.Transform, seed: int = 0, scene: ak.Scene = SCENE) -> Plan:
    return ak.Pipeline(steps).draw(ak.Key(seed, "a.png"), scene)


def lefts(copies: int) -> list[int]:
    """Return where the columns of a sheet begin."""
    layout = Layout(CELL_PX, copies, 0, (CELL_PX,), (1,))
    return [layout.place(0, column)[0] for column in range(copies + 1)]


def samples() -> list[ak.Sample]:
    return [ak.Sample(image, id=name) for image, name in ((RGB, "a.png"), (RGB[::-1].copy(), "b/c.png"))]


def found_at(sheet: NDArray[np.uint8], image: NDArray[Any], left: int) -> list[int]:
    """Return all tops at which the sheet shows exactly that image at `left`."""
    height, width = image.shape[:2]
    column = sheet[:, left : left + width]
    tops = np.flatnonzero((column[:, :8] == image[0, :8]).all(axis=(1, 2)))
    return [top for top in tops.tolist() if np.array_equal(column[top : top + height], image)]


def test_every_cell_shows_the_copy_that_its_key_draws() -> None:
    pipeline, sources = ak.load("six"), samples()
    sheet = contact_sheet(sources, pipeline, copies=3, seed=7)
    assert sheet.dtype == np.uint8
    rows = []
    for source in sources:
        shown = [source.image] + [pipeline(source, ak.Key(7, source.id, copy)).image for copy in range(3)]
        tops = [found_at(sheet, image, left) for image, left in zip(shown, lefts(3), strict=True)]
        assert [len(top) for top in tops] == [1] * 4
        assert len({top[0] for top in tops}) == 1  # a row is a row
        rows.append(tops[0][0])
    assert rows[1] - rows[0] >= CELL_PX


def test_layout_is_a_grid_inside_the_sheet() -> None:
    layout = Layout(CELL_PX, 4, 2, (224, 100, 7), (3, 1, 5))
    places = [[layout.place(row, column) for column in range(5)] for row in range(3)]
    for row, line in enumerate(places):
        assert {(top, bottom - top) for _, top, _, bottom in line} == {(line[0][1], layout.heights[row])}
        assert all(before[2] < after[0] for before, after in pairwise(line))
        assert line[-1][2] + line[0][0] == layout.width  # equal margins
    assert all(before[0][3] < after[0][1] for before, after in pairwise(places))
    assert layout.headings < places[0][0][1]
    assert places[-1][0][3] < layout.height


def test_the_same_arguments_give_the_same_sheet() -> None:
    def sheet(seed: int) -> NDArray[np.uint8]:
        return contact_sheet(samples(), ak.load("strong"), 2, seed, "strong")

    assert np.array_equal(sheet(0), sheet(0))
    assert sheet(0).shape[1] == sheet(1).shape[1]
    assert not np.array_equal(sheet(0)[:300], sheet(1)[:300])


WAYS = {
    "uint8": (RGB, RGB),
    "uint16": (RGB.astype(np.uint16) * 257, RGB),
    "float32": ((RGB / 255).astype(np.float32), RGB),
    "five channels": (np.dstack([RGB, RGB[..., :2]]), RGB),
    "grey": (RGB[..., 0], RGB[..., [0, 0, 0]]),
    "grey, one channel": (RGB[..., :1], RGB[..., [0, 0, 0]]),
    "two channels": (RGB[..., :2], RGB[..., [0, 0, 0]]),
    "grey uint16": (RGB[..., 0].astype(np.uint16) * 257, RGB[..., [0, 0, 0]]),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_dtype_and_channel_count_shows(way: str) -> None:
    image, wanted = WAYS[way]
    sheet = contact_sheet([ak.Sample(image, id="x")], IDENTITY, 1)
    for left in lefts(1):
        assert len(found_at(sheet, wanted, left)) == 1


def test_alpha_lies_on_a_checkerboard() -> None:
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    alpha[:, SIDE // 2 :] = 255
    shown = np.asarray(fitted(ak.Sample(np.dstack([RGB, alpha]), alpha=True), SIDE))
    assert set(np.unique(shown[:, : SIDE // 2]).tolist()) == set(CHECKS)
    assert np.array_equal(shown[:, SIDE // 2 :], RGB[:, SIDE // 2 :])


@pytest.mark.parametrize("side", [1, 8, 28, 63])
def test_tiny_pictures_are_enlarged_in_whole_steps(side: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (side, side), np.uint8)
    shown = np.asarray(fitted(ak.Sample(image), SMALL_CELL_PX))
    step = SMALL_CELL_PX // side
    assert np.array_equal(shown, np.repeat(np.repeat(visible(image), step, 0), step, 1))


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_pictures_fit_their_cell_with_their_aspect(height: int, width: int) -> None:
    fit = fitted_size((height, width), CELL_PX)
    assert 1 <= min(fit) <= max(fit) <= CELL_PX
    assert max(fit) == CELL_PX or max(height, width) < CELL_PX / 1.99
    zoom = max(fit) / max(height, width)
    assert min(fit) == 1 or abs(min(fit) - min(height, width) * zoom) <= 0.5001


def changed(sample: ak.Sample, plain: ak.Sample) -> NDArray[np.bool_]:
    """Return which pixels (SIDE, SIDE) the labels of a sample change."""
    cells = [marked(fitted(one, SIDE), one, kinds([one], ak.Pipeline([]).policy)) for one in (sample, plain)]
    difference: NDArray[np.bool_] = (np.asarray(cells[0]) != np.asarray(cells[1])).any(axis=2)
    return difference


def test_a_mask_tints_its_classes_and_nothing_else() -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[30:80, 40:90], mask[100:150, 40:90] = 1, 200
    assert np.array_equal(changed(ak.Sample(RGB, mask=mask), ak.Sample(RGB)), mask > 0)
    layers = np.dstack([mask == 1, mask == 200])
    assert np.array_equal(changed(ak.Sample(RGB, mask=layers), ak.Sample(RGB)), mask > 0)
    assert not changed(ak.Sample(RGB, mask=np.zeros((SIDE, SIDE), bool)), ak.Sample(RGB)).any()


def test_boxes_and_their_labels_are_drawn_where_they_lie() -> None:
    box = np.array([[40.0, 60.0, 160.0, 200.0]])
    lines = changed(ak.Sample(RGB, boxes=box), ak.Sample(RGB))
    assert lines[60:62, 40:160].all()
    assert lines[60:200, 158:160].all()
    assert not lines[64:196, 44:156].any()
    lines[58:203, 38:163] = False
    assert not lines.any()
    tag = changed(ak.Sample(RGB, boxes=box, box_labels=["cat"]), ak.Sample(RGB, boxes=box))
    assert tag[63:74, 43:60].mean() > 0.9
    assert not tag[78:].any()


def test_keypoints_and_polygons_are_drawn_and_hidden_points_are_not() -> None:
    points = np.array([[50.0, 70.0], [150.0, 120.0]])
    dots = changed(ak.Sample(RGB, keypoints=points, keypoint_visible=np.array([True, False])), ak.Sample(RGB))
    rows, columns = np.nonzero(dots)
    assert np.hypot(columns + 0.5 - 50, rows + 0.5 - 70).max() < 6
    assert dots[67:73, 47:53].all()
    ring = np.array([[30.0, 30.0], [190.0, 60.0], [60.0, 180.0]])
    line = changed(
        ak.Sample(RGB, boxes=[[20.0, 20, 200, 200]], polygons=[ring]), ak.Sample(RGB, boxes=[[20.0, 20, 200, 200]])
    )
    assert line[44:47, 109:112].any()  # the middle of an edge
    assert not line[85:90, 88:92].any()  # inside
    alone, empty = (ak.Sample(RGB, boxes=[[20.0, 20, 200, 200]], polygons=p) for p in (None, [ring[:0]]))
    assert not changed(alone, empty).any()


def test_labels_move_with_their_copies() -> None:
    pipeline = ak.Pipeline([ak.Mirror()])
    whole, plain = (
        contact_sheet([one], pipeline, 1)
        for one in (full_sample((SIDE, SIDE)), ak.Sample(picture((SIDE, SIDE)), id="a/b.png"))
    )
    difference = (whole != plain).any(axis=2)
    columns = np.array(lefts(1))[:, None] + np.arange(SIDE)
    original, copy = difference[:, columns[0]], difference[:, columns[1]]
    assert original.any()
    assert not np.delete(difference, columns.ravel(), axis=1).any()
    agreement = (original[:, ::-1] == copy).mean()  # all but the tags, which read from left to right
    assert agreement > 0.98


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], ["unchanged"]),
        ([ak.Mirror()], ["mirror"]),
        ([ak.Mirror("vertical")], ["mirror upside down"]),
        ([ak.Rotate(degrees=-7.5)], ["turn -7.5°"]),
        ([ak.Rotate(degrees=90)], ["turn +90.0°"]),
        ([ak.Scale(factor=1.25), ak.Translate(x=0.1, y=-0.05)], ["zoom 1.25", "shift +16 -6 px"]),
        ([ak.Resize(size=(60, 40))], ["zoom 0.25 x 0.50"]),
        ([ak.Mirror(), ak.Rotate(degrees=20), ak.Shear(x_degrees=8)], ["mirror", "turn +20.0°", "shear +8.0°"]),
        ([ak.Resize(size=(60, 40)), ak.Rotate(degrees=20)], ["zoom 0.25 x 0.50", "turn +20.0°"]),
        ([ak.Saturation(factor=0.5), ak.Hue(degrees=-12)], ["saturation 0.50", "hue -12.0°"]),
        ([ak.Hue(degrees=12)], ["hue +12.0°"]),
        ([ak.Grayscale()], ["grey"]),
        ([ak.Brightness(factor=1.2), ak.Gamma(power=0.8)], ["brightness 1.20", "gamma 0.80"]),
        ([ak.LocalWarp(strength=0)], ["unchanged"]),
    ],
)  # fmt: skip
def test_captions_tell_the_drawn_numbers(steps: list[ak.Transform], words: list[str]) -> None:
    assert numbers(draw(*steps)) == words


@given(st.floats(0.5, 2), st.floats(0.5, 2), st.floats(-40, 40), st.floats(-30, 30))
def test_a_matrix_is_taken_apart_as_it_was_made(zoom_x: float, zoom_y: float, degrees: float, shear: float) -> None:
    size = (round(1000 * zoom_y), round(1000 * zoom_x))
    steps = [ak.Resize(size=size), ak.Rotate(degrees=degrees), ak.Shear(x_degrees=shear)]
    told = " ".join(numbers(draw(*steps, scene=ak.Scene((1000, 1000)))))
    for name, value in (("turn", degrees), ("shear", shear)):
        if abs(value) >= 0.1:
            assert abs(float(told.partition(f"{name} ")[2].partition("°")[0]) - value) <= 0.06


def test_a_perspective_is_told_by_its_tilt() -> None:
    told = numbers(draw(ak.Perspective(strength=0.1)))
    assert any(word.startswith("tilt ") and word.endswith(" %") for word in told)


def test_a_warp_is_told_by_its_push() -> None:
    (word,) = numbers(draw(ak.LocalWarp(strength=0.02, cells=4)))
    rms, most = (float(part) for part in word.removeprefix("warp ").replace(" px, up to", "").split())
    assert 0.5 < rms < most < 120 * 0.02 * 4


def test_a_pixel_shift_is_told_in_grey_levels() -> None:
    statistics = ak.ColorStatistics((10 / 255, 0.0, 0.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    plan = draw(ak.PCAColorShift(std=1.0, statistics=statistics), seed=1)
    offset = plan.steps[0].ops[0].offset[0]  # type: ignore[union-attr]
    assert numbers(plan) == [f"RGB {255 * offset:+.1f} +0.0 +0.0"]
    assert numbers(draw(ak.ImagePCAColorShift()))[0].startswith("pca shift ")


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=500), min_size=1, max_size=90), max_size=5))
def test_captions_stay_inside_their_columns(words: list[str]) -> None:
    for line in wrapped(words, CELL_PX, font(12)):
        assert font(12).getlength(line) <= CELL_PX


def test_what_cannot_be_shown_is_refused_by_name() -> None:
    grey = ak.Sample(RGB[..., 0], id="grey/1.png")
    with pytest.raises(SampleError, match=r"^grey/1.png steps\[5\] PCAColorShift.*RGB"):
        contact_sheet([grey], ak.load("six"), 1)
    with pytest.raises(SampleError, match=r"^grey/1.png Pipeline.fill"):
        contact_sheet([grey], ak.Pipeline([ak.Pad(left=1)], border="constant", fill=(1, 2, 3)), 1)
    with pytest.raises(ArgumentError, match="samples"):
        contact_sheet([], IDENTITY, 1)
    with pytest.raises(ArgumentError, match="copies"):
        contact_sheet([grey], IDENTITY, 0)


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_pipeline_is_explained(name: str) -> None:
    pipeline = ak.load(name)
    *steps, (depth, sampling) = explain(pipeline)
    assert depth == 0
    assert sampling.startswith("Sampling: ")
    numbered = [text for depth, text in steps if depth == 0 and text[0].isdigit()]
    assert len(numbered) == len(pipeline.steps)
    for text, label in zip(numbered, pipeline.labels, strict=True):
        assert label in text


def test_sentences_say_ranges_chances_names_and_inner_steps() -> None:
    inner = ak.OneOf([ak.Gamma(power=2), ak.SomeOf((0, 1), [ak.Hue()])], weights=(2, 1))  # type: ignore[arg-type]
    pipeline = ak.Pipeline(
        [ak.Maybe(0.5, ak.Rotate(name="tilt")), ak.Maybe(0.1, inner), ak.RandomResizedCrop(size=(8, 9))],
        border="constant",
        fill=(1, 2, 3),
    )
    lines = explain(pipeline)
    text = "\n".join(line for _, line in lines)
    for words in (
        "1. tilt (Rotate): Turn the picture about its centre.",
        "in half of the pictures; degrees uniform from -15 to 15; corners keep",
        "in 10 % of the pictures; weights 2, 1",
        "power 2", "count 0 to 1", "size 8 high and 9 wide", "ratio log-uniform from 0.75 to 1.333",
        "the colour 1, 2, 3, in masks class 0",
    ):  # fmt: skip
        assert words in text
    assert (1, "2.1. Gamma: " + summary(ak.Gamma)) in lines
    assert (2, "2.2.1. Hue: " + summary(ak.Hue)) in lines


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_has_words(name: str) -> None:
    assert len(summary(TRANSFORMS[name])) > 10
    assert all(argument != "name" and default for argument, default in defaults(TRANSFORMS[name]))


def test_a_name_that_has_no_colour_of_its_own_is_drawn_in_one() -> None:
    """A kind of label may name what it draws without saying that its labels have colours."""
    drawn = []
    for name in (None, "left"):
        canvas = PictureCanvas(Image.new("RGB", (32, 32)), (32, 32), ["right"])
        canvas.line(np.array([[2.0, 2.0], [30.0, 30.0]]), name)
        drawn.append(canvas.finished())
    assert drawn[0].getcolors() is not None
    assert drawn[0].tobytes() == drawn[1].tobytes()


def test_keypoints_are_numbered_and_coloured_object_by_object() -> None:
    """The same number has the same colour in every object, and is written beside its point."""
    points = [[20, 20], [60, 20], [20, 60], [60, 60]]
    sample = ak.Sample(np.zeros((80, 80, 3), np.uint8), keypoints=points, keypoint_counts=[2, 2])
    shown = marked(Image.fromarray(sample.image), sample, ())
    colours = [shown.getpixel((x, y)) for x, y in points]
    assert colours == [COLORS[0], COLORS[1]] * 2
    beside = [np.asarray(shown)[y - 4 : y + 14, x + 4 : x + 14] for x, y in points]
    assert all(part.max() > 200 for part in beside)
    np.testing.assert_array_equal(beside[0], beside[2])
    assert (beside[0] != beside[1]).any()
    alone = ak.Sample(sample.image, keypoints=points[:1])
    assert marked(Image.fromarray(alone.image), alone, ()).getpixel((20, 20)) == POINT_COLOR
