"""Laws of the named geometry: corners without border, the largest rectangles, directions, and crops at whole pixels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats
from scipy.optimize import linprog, minimize_scalar

import augkit as ak
from augkit.core.ops import Homography
from augkit.core.spatial import apply, bounding_size, cos_sin, inscribed_rectangle, inscribed_scale
from augkit.errors import SampleError
from support.pictures import KEY, noise

both = pytest.mark.parametrize("executor", ["cpu", "reference"])
SHAPES = [(40, 160), (60, 100), (81, 81), (100, 60), (160, 40), (37, 90), (1, 4), (7, 9)]


def drawn(step: ak.Transform, n: int = 0, size: tuple[int, int] = (60, 100)) -> Homography:
    (op,) = step.draw(ak.Key(n, "geometry").stream("g"), ak.Scene(size))
    assert isinstance(op, Homography)
    return op


def moved(step: ak.Transform, x: float, y: float, size: tuple[int, int] = (60, 100)) -> Any:
    return apply(drawn(step, 0, size).matrix, np.array([x, y]))


@both
@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("corners", ["inscribed", "inscribed_aspect"])
def test_inscribed_corners_show_no_border(executor: str, size: tuple[int, int], corners: Any) -> None:
    flat = ak.Sample(np.full((*size, 1), 200, np.uint8), mask=np.full(size, 5, np.uint8))
    for degrees in [*range(0, 91, 5 if executor == "cpu" else 15), 0.01, 1.3, 44.999, 45, 45.001, 89.99, -30, 135, 200]:
        pipeline = ak.Pipeline([ak.Rotate(degrees, corners)], border="constant", fill=0, mask_fill=1)
        if corners == "inscribed" and min(inscribed_rectangle(size, degrees)) < 1:
            with pytest.raises(SampleError, match="at least one pixel"):
                pipeline(flat, KEY, executor)
            continue
        out = pipeline(flat, KEY, executor)
        assert out.mask is not None
        assert (out.image == 200).all(), degrees
        assert (out.mask == 5).all(), degrees
        if corners == "inscribed_aspect":
            assert out.image.shape[:2] == size


def largest_area(size: tuple[float, float], degrees: float) -> float:
    """Return the area of the largest upright rectangle in the turned picture, by a search over its aspect."""
    (c, s), (height, width) = map(abs, cos_sin(degrees)), size

    def area(log_aspect: float) -> float:
        aspect = np.exp(log_aspect)  # width over height: the height is bounded by the turned picture's two sides
        h = min(width / (aspect * c + s), height / (aspect * s + c))
        return float(-aspect * h * h)

    coarse = np.linspace(-9, 9, 400)
    best = coarse[np.argmin([area(value) for value in coarse])]
    bounds = (best - 0.1, best + 0.1)
    return -float(minimize_scalar(area, bounds=bounds, method="bounded", options={"xatol": 1e-12}).fun)


@given(st.floats(0, 90), st.floats(0.25, 4))
@settings(max_examples=150)
def test_the_inscribed_rectangle_is_the_largest(degrees: float, aspect: float) -> None:
    size = (100.0, 100.0 * aspect)
    height, width = inscribed_rectangle(size, degrees)
    c, s = map(abs, cos_sin(degrees))
    assert width * c + height * s <= size[1] * (1 + 1e-9)
    assert width * s + height * c <= size[0] * (1 + 1e-9)
    assert height * width == pytest.approx(largest_area(size, degrees), rel=1e-6)


@given(st.floats(-360, 360), st.floats(0.25, 4))
def test_the_inscribed_zoom_is_the_largest(degrees: float, aspect: float) -> None:
    height, width = 100.0, 100.0 * aspect
    c, s = map(abs, cos_sin(degrees))
    best = linprog([-1], [[width * c + height * s], [width * s + height * c]], [width, height]).x[0]
    assert inscribed_scale((height, width), degrees) == pytest.approx(best, rel=1e-6)


@given(st.floats(-360, 360), st.integers(1, 200), st.integers(1, 200))
def test_expanding_holds_everything(degrees: float, height: int, width: int) -> None:
    op = drawn(ak.Rotate(degrees, "expand"), 0, (height, width))
    corners = apply(op.matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    assert (corners >= -1e-6).all()
    assert (corners <= np.array(op.size[::-1]) + 1e-6).all()
    np.testing.assert_allclose(np.ptp(corners, axis=0), bounding_size((height, width), degrees)[::-1], atol=1e-6)
    assert (np.array(op.size) - bounding_size((height, width), degrees) < 1).all()


def test_directions() -> None:
    right = np.array([80.0, 30.0])  # 30 px right of the middle of (60, 100)
    np.testing.assert_allclose(moved(ak.Rotate(90), *right), [50, 0], atol=1e-9)  # counter-clockwise: up
    np.testing.assert_allclose(moved(ak.Rotate(-90), *right), [50, 60], atol=1e-9)
    np.testing.assert_allclose(moved(ak.Shear(45, 0), 50, 40), [60, 40], atol=1e-9)  # lower parts go right
    np.testing.assert_allclose(moved(ak.Shear(0, 45), 60, 30), [60, 40], atol=1e-9)  # right parts go down
    np.testing.assert_allclose(moved(ak.Mirror(), 1, 2), [99, 2])
    np.testing.assert_allclose(moved(ak.Mirror("vertical"), 1, 2), [1, 58])
    np.testing.assert_allclose(moved(ak.Translate(0.1, -0.5), 1, 2), [11, -28])
    np.testing.assert_allclose(moved(ak.Scale(2), *right), [110, 30])
    np.testing.assert_allclose(moved(ak.Resize((30, 200)), 10, 10), [20, 5])
    np.testing.assert_allclose(moved(ak.Pad(3, 4, 5, 6), 0, 0), [3, 4])
    assert drawn(ak.Pad(3, 4, 5, 6)).size == (70, 108)
    image = noise((60, 100))
    np.testing.assert_array_equal(ak.Pipeline([ak.Rotate(90, "expand")])(ak.Sample(image), KEY).image, np.rot90(image))


def test_right_angles_are_exact() -> None:
    for quarters in range(-5, 6):
        matrix = drawn(ak.Rotate(90.0 * quarters, "expand")).matrix
        assert {abs(value) for row in matrix[:2] for value in row[:2]} == {0.0, 1.0}


def test_quarter_turns_are_all_alike_and_exact() -> None:
    image = noise((60, 100))
    turned = {np.rot90(image, quarters).tobytes(): 0 for quarters in range(4)}
    pipeline = ak.Pipeline([ak.QuarterTurn()])
    for n in range(400):
        turned[pipeline(ak.Sample(image), ak.Key(n, "a")).image.tobytes()] += 1
    assert stats.chisquare(list(turned.values())).pvalue > 1e-3


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 200))
def test_resizing_a_side_keeps_the_aspect(height: int, width: int, length: int) -> None:
    for side, measure in (("shorter", min), ("longer", max)):
        size = drawn(ak.ResizeSide(length, side), 0, (height, width)).size  # type: ignore[arg-type]
        assert measure(size) == length
        assert abs(size[0] * width - size[1] * height) <= max(height, width) / 2 or min(size) == 1


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 200), st.integers(1, 200))
def test_padding_to_a_size_adds_even_margins(height: int, width: int, rows: int, columns: int) -> None:
    op = drawn(ak.PadTo((rows, columns)), 0, (height, width))
    assert op.size == (max(height, rows), max(width, columns))
    for before, least, side in ((op.matrix[1][2], rows, height), (op.matrix[0][2], columns, width)):
        after = max(least, side) - side - before
        assert before >= 0
        assert after - before in (0, 1)


def test_crops_start_at_whole_pixels_and_anywhere_alike() -> None:
    for step, spare in ((ak.RandomCrop((50, 96)), (10, 4)), (ak.RandomCrop((70, 96)), (-10, 4))):
        shifts = np.array([[drawn(step, n).matrix[1][2], drawn(step, n).matrix[0][2]] for n in range(4000)])
        assert (shifts == np.rint(shifts)).all()
        for axis in (0, 1):
            counts = np.bincount(np.abs(shifts[:, axis]).astype(int), minlength=abs(spare[axis]) + 1)
            assert len(counts) == abs(spare[axis]) + 1
            assert stats.chisquare(counts).pvalue > 1e-3
            assert (np.sign(shifts[:, axis]) * spare[axis] <= 0).all()


def test_resized_crops_are_uniform_in_area_and_inside() -> None:
    areas, aspects = [], []
    for n in range(4000):
        op = drawn(ak.RandomResizedCrop((64, 64), (0.2, 0.8), (0.8, 1.25)), n, (1000, 1000))
        (left, top), (right, bottom) = apply_inverse(op, [[0, 0], [64, 64]])
        assert min(left, top) >= -1e-6
        assert max(right, bottom) <= 1000 + 1e-6
        assert abs(left - round(left)) + abs(top - round(top)) + abs(right - round(right)) < 1e-6
        areas.append((right - left) * (bottom - top) / 1e6)
        aspects.append(np.log((right - left) / (bottom - top)) / np.log(1.25))
    assert stats.kstest(areas, "uniform", (0.2, 0.6)).pvalue > 1e-3
    assert stats.kstest(aspects, "uniform", (-1, 2)).pvalue > 1e-3


@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 300), st.floats(0.01, 1), st.floats(0.1, 10))
def test_resized_crops_stay_inside_whatever_the_picture(
    n: int, height: int, width: int, area: float, aspect: float
) -> None:
    op = drawn(ak.RandomResizedCrop((8, 8), area, (aspect, aspect * 1.5)), n, (height, width))
    (left, top), (right, bottom) = apply_inverse(op, [[0, 0], [8, 8]])
    assert min(left, top) >= -1e-6
    assert right <= width + 1e-6
    assert bottom <= height + 1e-6
    assert right - left >= 1 - 1e-6
    assert bottom - top >= 1 - 1e-6


def apply_inverse(op: Homography, points: Any) -> Any:
    moved = np.concatenate([np.array(points, float), np.ones((len(points), 1))], axis=1) @ np.linalg.inv(op.matrix).T
    return moved[:, :2] / moved[:, 2:]


def test_perspective_moves_corners_no_farther_than_asked() -> None:
    corners = np.array([[0, 0], [100, 0], [100, 60], [0, 60]], float)
    shifts = np.array([apply(drawn(ak.Perspective(0.1), n).matrix, corners) - corners for n in range(300)]) / [100, 60]
    assert np.abs(shifts).max() <= 0.1 + 1e-9
    assert stats.kstest(shifts.ravel(), "uniform", (-0.1, 0.2)).pvalue > 1e-3
    assert np.linalg.det([drawn(ak.Perspective(0.2), n).matrix for n in range(300)]).min() > 0


def test_angles_are_uniform() -> None:
    angles = [
        np.degrees(np.arctan2(drawn(ak.Rotate((-15, 30)), n).matrix[0][1], drawn(ak.Rotate((-15, 30)), n).matrix[0][0]))
        for n in range(3000)
    ]
    assert stats.kstest(angles, "uniform", (-15, 45)).pvalue > 1e-3


def test_what_leaves_no_pixel_is_refused_with_step_and_sizes() -> None:
    with pytest.raises(
        SampleError, match=r"steps\[1\] Rotate: must leave at least one pixel, got size .* of \(60, 1\)"
    ):
        ak.Pipeline([ak.CenterCrop((60, 1)), ak.Rotate(45, "inscribed")]).draw(KEY, ak.Scene((60, 100)))
