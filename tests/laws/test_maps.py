"""The cpu's maps against the chain evaluated point by point, and the public doors that stand before them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import augkit as ak
from augkit.core.plan import SpatialRun
from augkit.core.products import MULTIPLICATIONS, matmul
from augkit.core.warp import pull
from augkit.errors import AugkitError
from augkit.executors.opencv.maps import Window, map_of
from augkit.executors.opencv.resample import touched
from support.pictures import assert_close, noise

KEY = ak.Key(0, "a")
AFTER_A_WARP = [
    ak.Rotate((20, 20)),
    ak.RandomResizedCrop((224, 224)),
    ak.Resize((100, 90)),
    ak.LocalWarp(),
    ak.Pad(right=40),
]


@pytest.mark.parametrize("after", [*AFTER_A_WARP, ak.Perspective((0.2, 0.2))], ids=repr)
@pytest.mark.parametrize("size", [(224, 224), (213, 320)])
def test_maps_are_true_to_a_fiftieth_of_a_pixel(after: ak.Transform, size: tuple[int, int]) -> None:
    for n in range(4):
        run = ak.Pipeline([ak.LocalWarp(), after]).draw(ak.Key(n, "a"), ak.Scene(size)).steps[0]
        assert isinstance(run, SpatialRun)
        window = Window(0, run.size[0], 0, run.size[1])
        x, y = map_of(run).evaluate(window, (1.0, 1.0, 0.0, 0.0))
        truth = pull(run.ops, window.centres())
        assert max(np.abs(x - truth[..., 0]).max(), np.abs(y - truth[..., 1]).max()) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("size", [(224, 224), (523, 701)])
@pytest.mark.parametrize("after", [ak.Resize((530, 640)), *AFTER_A_WARP], ids=repr)
def test_maps_are_the_same_to_the_bit_for_any_number_of_threads(after: ak.Transform, size: tuple[int, int]) -> None:
    steps = [[ak.LocalWarp(), after], [after, ak.LocalWarp()], [ak.ElasticWarp(300.0, 16.0), after]]
    for n, run in enumerate(ak.Pipeline(steps[n % 3]).draw(ak.Key(n, "a"), ak.Scene(size)).steps[0] for n in range(6)):
        assert isinstance(run, SpatialRun)
        window = Window(0, min(512, run.size[0]), 0, min(512, run.size[1]))
        found = []
        for threads in (1, 2, 4):
            map_of.cache_clear()
            with threadpool_limits(threads, user_api="blas"):
                found.append(np.stack(map_of(run).evaluate(window, (1.0, 1.0, 0.0, 0.0))).tobytes())
        assert len(set(found)) == 1, n


def test_products_are_products() -> None:
    random = np.random.default_rng(0)
    for height, inner, width in [(1, 7, 900), (900, 7, 1), (2, 9, 2), (448, 11, 224), (449, 300, 301), (9, 40_000, 9)]:
        left, right = random.random((height, inner)), random.random((inner, width))
        out = np.empty((height, width))
        assert matmul(left, right, out) is out
        np.testing.assert_allclose(out, np.einsum("mk,kn->mn", left, right), rtol=1e-12)
    assert MULTIPLICATIONS <= 2**17, "OpenBLAS gives what is twice as large to several threads"


@pytest.mark.parametrize("after", AFTER_A_WARP, ids=repr)
def test_a_step_after_a_warp_keeps_the_contract(after: ak.Transform) -> None:
    pipeline, sample = ak.Pipeline([ak.LocalWarp(), after]), ak.Sample(noise((160, 213)), mask=noise((160, 213), 1))
    fast, slow = pipeline(sample, KEY), pipeline(sample, KEY, "reference")
    assert_close(fast.image, slow.image)
    assert np.mean(fast.mask != slow.mask) < 0.01


def test_nothing_on_the_edge_is_lost_to_rounding() -> None:
    for height in range(5, 40):
        pipeline = ak.Pipeline([ak.Resize((height, 23)), ak.Mirror()], min_visible=1.0)
        sample = ak.Sample(noise((41, 60)), boxes=np.array([[0, 0, 60, 41]]), keypoints=np.array([[60, 41]]))
        out = pipeline(sample, KEY)
        assert out.boxes is not None
        assert len(out.boxes) == 1
        assert out.keypoint_visible is not None
        assert out.keypoint_visible.all()


WRONG_LABELS: list[dict[str, Any]] = [
    {"boxes": [[1, 2, 3, 4], [1, 2]]}, {"boxes": [["a"] * 4]}, {"boxes": "x"}, {"boxes": [[1, 2, 3, 10**400]]},
    {"boxes": [[1, 2, 3, 4]], "box_labels": 5}, {"keypoints": [[1, 2], [3]]}, {"polygons": 5}, {"polygons": ["x"]},
    {"keypoints": [[1, 2]], "keypoint_visible": [[1], [1, 2]]}, {"boxes": np.zeros((12, 5))},
]  # fmt: skip


@pytest.mark.parametrize("labels", WRONG_LABELS, ids=repr)
def test_wrong_labels_are_one_sentence(labels: dict[str, Any]) -> None:
    with pytest.raises(AugkitError, match=r"^Sample\.\w+: must .*, got "):
        ak.Sample(noise((9, 9)), **labels)


def test_a_picture_without_objects() -> None:
    out = ak.load("light")(ak.Sample(noise((30, 30)), boxes=[], box_labels=[], keypoints=[], keypoint_visible=[]), KEY)
    assert out.boxes is not None
    assert out.boxes.shape == (0, 4)


SAMPLE = ak.Sample(noise((9, 9)))
WRONG_OBJECTS: dict[str, Callable[[], object]] = {
    "steps": lambda: ak.Pipeline(None),  # type: ignore[arg-type]
    "one step": lambda: ak.Pipeline(ak.Mirror()),  # type: ignore[arg-type]
    "array": lambda: ak.load("light")(noise((9, 9)), KEY),  # type: ignore[arg-type]
    "key": lambda: ak.load("light")(SAMPLE, "x"),  # type: ignore[arg-type]
    "scene": lambda: ak.load("light").draw(KEY, SAMPLE),  # type: ignore[arg-type]
    "order": lambda: ak.run(SAMPLE, ak.load("light").draw(KEY, ak.Scene((9, 9)))),  # type: ignore[arg-type]
    "load": lambda: ak.load(None),  # type: ignore[arg-type]
    "huge": lambda: ak.Rotate(10**400),
    "plan": lambda: ak.Plan.from_json(None),  # type: ignore[arg-type]
    "name": lambda: ak.Mirror(name=""),
    "shear": lambda: ak.Shear((-60, 60), (-60, 60)),
}


@pytest.mark.parametrize("wrong", WRONG_OBJECTS)
def test_wrong_objects_are_one_sentence(wrong: str) -> None:
    with pytest.raises(AugkitError, match="got"):
        WRONG_OBJECTS[wrong]()


def test_points_beyond_a_horizon_and_far_away() -> None:
    steps = [ak.Perspective((0.2, 0.2)), ak.RandomCrop((187, 181)), ak.LocalWarp(cells=1), ak.LocalWarp(cells=3)]
    far = [ak.Translate((9.3, 9.3), 0.37), ak.Scale((0.02, 0.02))]
    for n in range(30):
        for chain in (steps, far):
            out = ak.Pipeline(chain)(ak.Sample(noise((54, 32))), ak.Key(n, "a"))
            assert out.image.shape[2] == 3


def test_nothing_that_comes_out_is_what_went_in() -> None:
    ring = np.array([[1.0, 1.0], [5.0, 1.0], [5.0, 5.0]])
    sample = ak.Sample(noise((9, 9)), boxes=[[1, 1, 5, 5]] * 2, polygons=[ring, [ring, ring]], keypoints=[[2, 2]])
    for pipeline in (ak.load("identity"), ak.Pipeline([ak.Brightness(1.1)]), ak.Pipeline([ak.Mirror()])):
        out = pipeline(sample, KEY)
        assert out.polygons is not None
        assert sample.polygons is not None
        given, made = ([polygon[0], *polygon[1]] for polygon in (sample.polygons, out.polygons))
        pairs = [(sample.boxes, out.boxes), (sample.keypoints, out.keypoints), *zip(given, made, strict=True)]
        assert not any(np.shares_memory(before, after) for before, after in pairs)


def test_only_what_sticks_out_is_folded_back() -> None:
    assert touched(-5.0, 90.0, 500, "reflect", 1) == (0, 91)
    assert touched(420.0, 530.0, 500, "reflect", 1) == (419, 500)
    assert touched(-5.0, 530.0, 500, "reflect", 1) == (0, 500)
    assert touched(-450.0, -400.0, 500, "reflect", 1) == (0, 451)
    assert touched(-5.0, 90.0, 500, "replicate", 1) == (0, 91)
    assert touched(-5.0, 90.0, 500, "wrap", 1) == (0, 500)
    assert touched(130.3, 200.5, 500, "reflect", 4) == (124, 208)
