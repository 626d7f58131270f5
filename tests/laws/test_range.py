"""The laws of ranges: a picture of few values in a deep type is worked on as one that uses all of its type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import augkit as ak
from augkit.errors import ArgumentError, SampleError
from augkit.executors import reusing
from augkit.expand import replay, verify
from augkit.pipeline.pipeline_file import described
from augkit.preview.canvas import picture
from support.commands import augkit
from support.folders import done, lines

Pixels = NDArray[Any]
TWELVE = (0, 4095)
LOW, HIGH = 100, 3300  # 3200 levels apart
KEY = ak.Key(0, "x")
_random = np.random.default_rng(3)
GREY = _random.integers(0, 4096, (40, 50)).astype(np.uint16)
RGB = _random.integers(LOW, HIGH + 1, (40, 50, 3)).astype(np.uint16)
EXECUTORS = ("cpu", "reference")
STEPS = (
    *("Hue", "Saturation", "PCAColorShift", "Equalize", "AutoContrast", "Blur", "Noise", "Binarize", "Erase", "Rotate"),
    *("Resize", "Jpeg", "Downscale", "Pool"),
)


def made(
    image: Pixels, *steps: ak.Transform, levels: Any = TWELVE, executor: str = "reference", **options: Any
) -> Pixels:
    pipeline = ak.Pipeline(steps, range=levels, **options)
    out = pipeline(ak.Sample(image, alpha=image.shape[2:] == (4,)), KEY, executor).image
    assert out.dtype == image.dtype
    return out


def fractions(image: Pixels, levels: tuple[float, float] = TWELVE) -> Pixels:
    return (image.astype(np.float64) - levels[0]) / (levels[1] - levels[0])


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("step", "law"),
    [
        (ak.Contrast(factor=1.5), lambda v: (v - 0.5) * 1.5 + 0.5),
        (ak.Brightness(factor=0.7), lambda v: v * 0.7),
        (ak.Brightness(factor=1.4), lambda v: v * 1.4),
        (ak.Gamma(power=2.0), lambda v: v**2.0),
        (ak.Invert(), lambda v: 1.0 - v),
        (ak.Solarize(threshold=0.5), lambda v: np.where(v < 0.5, v, 1.0 - v)),
        (ak.Posterize(bits=3), lambda v: np.floor(v * 8 * 255 / 256 + 1e-9) * (256 / 255 / 8)),
    ],
    ids=lambda part: repr(part) if isinstance(part, ak.Transform) else "",
)  # fmt: skip
@pytest.mark.parametrize("levels", [TWELVE, (LOW, HIGH)])
def test_curves_are_functions_of_the_fraction_of_the_range(
    executor: str, step: ak.Transform, law: Any, levels: tuple[int, int]
) -> None:
    image = np.clip(GREY, *levels)
    wanted = np.clip(law(fractions(image, levels)), 0, 1) * (levels[1] - levels[0]) + levels[0]
    off = np.abs(made(image, step, levels=levels, executor=executor) - wanted)
    assert (off <= 1).mean() > 0.999  # a level beside a step may count as on it
    assert np.median(off) <= 0.5


@pytest.mark.parametrize("executor", EXECUTORS)
def test_contrast_pivots_at_the_middle_of_the_range(executor: str) -> None:
    middle = np.full((9, 9), 2048, np.uint16)
    for factor in (0.2, 0.8, 1.2, 3.0):
        assert np.abs(made(middle, ak.Contrast(factor=factor), executor=executor).astype(int) - 2048).max() <= 2
        assert made(middle, ak.Contrast(factor=factor), levels=None, executor=executor).mean() != 2048


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("levels", [TWELVE, (LOW, HIGH), (0, 65535), (0.5, 4000.5), (7, 8)])
def test_what_no_step_changes_comes_back_clamped_to_the_range(executor: str, levels: tuple[float, float]) -> None:
    wanted = np.rint(np.clip(GREY, *levels))
    np.testing.assert_array_equal(made(GREY, levels=levels, executor=executor), wanted)
    mirrored = made(GREY, ak.Mirror(), levels=levels, executor=executor)
    np.testing.assert_array_equal(mirrored, wanted[:, ::-1])


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    "name",
    sorted(
        n
        for n in dir(ak)
        if n
        in {
            "Hue",
            "Saturation",
            "PCAColorShift",
            "Equalize",
            "AutoContrast",
            "Blur",
            "Noise",
            "Binarize",
            "Erase",
            "Rotate",
            "Resize",
            "Jpeg",
            "Downscale",
            "Pool",
        }
    ),
)
def test_a_step_does_what_it_does_to_the_stretched_picture(executor: str, name: str) -> None:
    """The definition: stretch to all of the dtype, do the steps, bring back."""
    step = {"Resize": lambda: ak.Resize(size=(30, 20)), "Pool": lambda: ak.Pool(kind="max", size=2)}.get(
        name, getattr(ak, name)
    )()
    full = np.rint(fractions(RGB, (LOW, HIGH)) * 65535).astype(np.uint16)
    worked = made(full, step, levels=None, executor=executor)
    wanted = np.rint(worked / 65535 * (HIGH - LOW) + LOW)
    np.testing.assert_array_equal(made(RGB, step, levels=(LOW, HIGH), executor=executor), wanted)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_equalize_and_autocontrast_use_the_whole_range_and_no_more(executor: str) -> None:
    dull = (GREY // 4 + 1000).astype(np.uint16)
    for step in (ak.Equalize(), ak.AutoContrast()):
        out = made(dull, step, executor=executor)
        assert (out.min(), out.max()) == TWELVE


def test_noise_is_of_the_range() -> None:
    flat = np.full((200, 200), 2000, np.uint16)
    noisy = made(flat, ak.Noise(kind="gaussian", amount=0.05))
    assert noisy.std() == pytest.approx(0.05 * 4095, rel=0.05)


def test_the_fill_is_in_the_pictures_own_units() -> None:
    for executor in EXECUTORS:
        out = made(
            np.full((20, 20), 3000, np.uint16),
            ak.Translate(x=0.5, y=0.0),
            executor=executor,
            border="constant",
            fill=1234,
        )
        assert set(np.unique(out)) == {1234, 3000}
        out = made(
            np.full((20, 20), 3000, np.uint16), ak.Translate(x=0.5, y=0.0), levels=(LOW, HIGH), border="constant"
        )
        assert set(np.unique(out)) == {LOW, 3000}  # the default, 0, is black


def test_alpha_is_left_alone_and_other_pictures_too() -> None:
    image = np.dstack([RGB, np.full(RGB.shape[:2], 65535, np.uint16)])
    assert made(image, ak.Invert(), levels=(LOW, HIGH))[..., 3].min() == 65535
    depth = _random.integers(0, 65536, RGB.shape[:2]).astype(np.uint16)
    pipeline = ak.Pipeline([ak.Invert()], range=TWELVE)
    out = pipeline(ak.Sample(RGB, images={"depth": depth}, mask=depth), KEY)
    np.testing.assert_array_equal(out.images["depth"], depth)  # type: ignore[index]
    np.testing.assert_array_equal(out.mask, depth)


def test_eight_bits_and_reals_have_ranges_too() -> None:
    eight = _random.integers(16, 236, (30, 30)).astype(np.uint8)
    np.testing.assert_array_equal(made(eight, ak.Invert(), levels=(16, 235)), 251 - eight)
    reals = _random.random((30, 30)).astype(np.float32) / 2
    np.testing.assert_allclose(made(reals, ak.Invert(), levels=(0, 0.5)), 0.5 - reals, atol=1e-6)


def test_reuse_changes_nothing_and_the_picture_is_left_alone() -> None:
    sample, before = ak.Sample(RGB.repeat(8, 0).repeat(8, 1)), RGB.copy()
    pipeline = ak.Pipeline([ak.Rotate(degrees=(-20, 20)), ak.Resize(size=(20, 20)), ak.Contrast()], range=TWELVE)
    alone = [pipeline(sample, ak.Key(0, "x", copy)).image for copy in range(3)]
    with reusing(sample):
        for copy, image in enumerate(alone):
            np.testing.assert_array_equal(pipeline(sample, ak.Key(0, "x", copy)).image, image)
            np.testing.assert_array_equal(ak.Pipeline([])(sample, KEY).image, sample.image)
    np.testing.assert_array_equal(sample.image[::8, ::8], before)


def test_a_range_stands_in_the_plan_and_the_file_only_where_it_is_given(tmp_path: Path) -> None:
    scene = ak.Scene.of(ak.Sample(GREY))
    assert "range" not in ak.Pipeline([ak.Invert()]).draw(KEY, scene).to_json()
    pipeline = ak.Pipeline([ak.Invert()], range=TWELVE)
    plan = pipeline.draw(KEY, scene)
    assert json.loads(plan.to_json())["policy"]["range"] == [0, 4095]
    assert ak.Plan.from_json(plan.to_json()) == plan
    assert "range 0 to 4095" in plan.explain()
    ak.dump(pipeline, tmp_path / "a.yaml")
    assert ak.load(tmp_path / "a.yaml") == pipeline
    assert described(pipeline)["range"] == [0, 4095]
    assert eval(repr(pipeline), {"Pipeline": ak.Pipeline, "Invert": ak.Invert}) == pipeline
    assert "Black is 0 and white 4095." in " ".join(augkit("explain", tmp_path / "a.yaml").stdout.split())


@pytest.mark.parametrize("levels", [(1, 1), (2, 1), (-1, 5), (0,), (0, 1, 2), "auto", 4095, (0, np.inf), (0, True)])
def test_what_is_no_range_is_refused(levels: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^Pipeline\.range: must be"):
        ak.Pipeline([], range=levels)


def test_a_range_beyond_the_dtype_is_refused_by_name() -> None:
    with pytest.raises(SampleError, match=r"Pipeline\.range: must lie within 0 and 255 .* uint8, got 0 to 4095"):
        made(np.zeros((9, 9), np.uint8), ak.Invert())


def test_previews_show_the_range() -> None:
    white = ak.Sample(np.full((70, 70), 4095, np.uint16), id="x")
    assert np.asarray(picture(white, 70)).max() == 16
    assert np.asarray(picture(white, 70, TWELVE)).min() == 255
    with_range, without = (ak.show(white, ak.Pipeline([], range=levels), copies=1).sheet for levels in (TWELVE, None))
    assert (with_range == 255).mean() > (without == 255).mean() + 0.1


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """Twelve bits in sixteen, in two classes."""
    for number in range(4):
        path = tmp_path / "src" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        levels = np.random.default_rng(number).integers(40 + number, 4000 + number, (80, 90))
        cv2.imwrite(str(path), levels.astype(np.uint16))
    return tmp_path / "src"


@pytest.mark.parametrize("levels", ["0,4095", "auto"])
def test_expand_works_on_the_range(src: Path, levels: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("steps: [Contrast]\n")
    words = ("expand", src, tmp_path / "out", "--pipeline", tmp_path / "c.yaml", "--copies", 4, "--encoding", "png")
    ended = augkit(*words, "--range", levels, "--workers", 0)
    found = [40, 4002] if levels == "auto" else [0, 4095]
    assert ("Black is 40 and white 4002" in ended.stderr) == (levels == "auto")
    for entry in lines(tmp_path / "out"):
        image = cv2.imread(str(tmp_path / "out" / entry["id"]), cv2.IMREAD_UNCHANGED)
        assert image is not None
        assert image.dtype == np.uint16
        assert 1700 < image.mean() < 2400
        assert found[0] <= image.min() < image.max() <= found[1]
        assert entry["plan"]["policy"]["range"] == found
        assert replay(tmp_path / "out", entry["id"]).is_identical
    assert json.loads((tmp_path / "out/.augkit/job.json").read_text())["range"] == found
    assert verify(tmp_path / "out").is_sound


def test_auto_is_measured_once_and_the_same_for_any_workers(src: Path, tmp_path: Path, monkeypatch: Any) -> None:
    pipeline = ak.Pipeline([ak.Contrast(), ak.Noise()], range=(0, 100))  # which --range replaces
    done(src, tmp_path / "one", 2, pipeline=pipeline, encoding="png", range="auto")
    done(src, tmp_path / "two", 2, pipeline=pipeline, encoding="png", range="auto", workers=2)
    done(src, tmp_path / "given", 2, pipeline=pipeline, encoding="png", range=(40, 4002))
    first = [entry["sha256"] for entry in lines(tmp_path / "one")]
    assert first == [entry["sha256"] for entry in lines(tmp_path / "two")]
    assert first == [entry["sha256"] for entry in lines(tmp_path / "given")]
    monkeypatch.setattr("augkit.expand.work_plan.range_of", lambda data: pytest.fail("measured again"))
    assert done(src, tmp_path / "one", 2, pipeline=pipeline, encoding="png", range="auto").resumed == 8
    with pytest.raises(ArgumentError, match="range"):
        done(src, tmp_path / "one", 2, pipeline=pipeline, encoding="png", range="0,4095")


def test_auto_is_of_what_the_pictures_become(src: Path, tmp_path: Path) -> None:
    (src / "a/bad.png").write_bytes(b"bad")
    for path in src.rglob("[0-9].png"):
        grey = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert grey is not None
        cv2.imwrite(str(path), np.dstack([grey, grey // 2, grey // 2]))  # BGR
    done(
        src, tmp_path / "out", 1, pipeline=ak.Pipeline([]), encoding="png", range="auto", mode="grey", max_rejected=1.0
    )
    low, high = json.loads((tmp_path / "out/.augkit/job.json").read_text())["range"]
    assert low == pytest.approx(40 * (0.5 + 0.057), abs=1)
    assert high == pytest.approx(4002 * (0.5 + 0.057), abs=1)


def test_auto_of_two_depths_is_refused_by_their_names(src: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(src / "b/eight.png"), np.zeros((9, 9), np.uint8))
    with pytest.raises(ArgumentError, match=r"range: .* of one depth, got uint16 of 'a/0\.png' and uint8"):
        done(src, tmp_path / "out", 1, encoding="png", range="auto")


@pytest.mark.parametrize("text", ["1", "1,2,3", "a,b", "5,1", "-1,5", "1,,2", "", "1e9999,2", "٣,٤"])
def test_odd_ranges_on_the_command_line_are_answered(src: Path, text: str, tmp_path: Path) -> None:
    words = ("expand", src, tmp_path / "out", "--pipeline", "identity", "--copies", 1, f"--range={text}")
    assert "range: must be" in augkit(*words, code=2).stderr


def test_pictures_are_compared_between_splits_by_what_their_range_shows(src: Path, tmp_path: Path) -> None:
    """Of 16 bits, four patterns of 12 look black alike."""
    for number, path in enumerate(sorted(src.rglob("*.png"))):
        y, x = np.mgrid[:80, :90]
        cv2.imwrite(str(path), (1000 + 900 * np.sin((x * (number + 1) + y * (3 - number)) / 9)).astype(np.uint16))
    options: dict[str, Any] = {"pipeline": ak.Pipeline([]), "encoding": "png", "split": "train=0.5,test=0.5"}
    assert done(src, tmp_path / "out", 1, range="0,4095", **options).leaks == 0
    marker = (tmp_path / "out/.augkit/shards/00000.json").read_text()
    thumb = bytes.fromhex(json.loads(marker)["seen"][0][2][16:])
    assert max(thumb) > 60  # not of 65,535, of which 1900 is 7
