"""No pixel is lost on the way into a network, none is sampled twice, and what is transparent shows the paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import augkit as ak
from augkit.core.plan import SpatialRun
from augkit.core.sampling import Interpolation
from augkit.errors import ArgumentError
from augkit.images import encode
from augkit.images.network_input import fitted, placement
from augkit.images.paper import laid, parse_paper
from augkit.loader import Draw
from augkit.targets.scene import Scene
from augkit.train import train
from augkit.train.answers.predictions import predict
from augkit.train.batches.framing import Framing, augmented
from augkit.train.models import architecture
from augkit.train.models.preprocessing import Fit, Preprocessing
from augkit.train.results import Result
from augkit.train.trainer import begin
from support import trainings
from support.artefacts import artefact
from support.folders import put
from support.trainings import CLASSES, drawn, prepared, settings

LITE = architecture("efficientnet_lite0", 2, (64, 64, 3)).preprocessing.as_asked("auto", (1.0, 1.0, 1.0))
KEY = ak.Key(0, "a")
HOW: tuple[Interpolation, ...] = ("linear", "cubic", "lanczos")


def shaded(height: int, width: int) -> NDArray[np.uint8]:
    """Return a smooth picture, every place of it another colour."""
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * y / height, 255 * x / width, 128 + 60 * np.sin((x + y) / 17)], axis=2).astype(np.uint8)


def levels(image: NDArray[Any], pipeline: ak.Pipeline, preprocessing: Preprocessing = LITE) -> NDArray[Any]:
    """Return what goes into the network, as (h, w, C)."""
    return augmented(ak.Sample(image), pipeline, KEY, preprocessing).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("fit", ["auto", "crop", "pad", "squeeze"])
def test_a_crop_of_the_networks_size_goes_in_as_it_is(fit: Any) -> None:
    pipeline = ak.Pipeline([ak.RandomResizedCrop(size=(64, 64)), ak.Rotate(degrees=(-20, 20)), ak.Saturation(0.5)])
    image = shaded(90, 120)
    expected = pipeline(ak.Sample(image), KEY).image
    assert np.array_equal(levels(image, pipeline, LITE.as_asked(fit, (0.0, 0.0, 0.0))), expected)


@pytest.mark.parametrize("size", [(224, 224), (50, 50), (48, 96)])
def test_a_crop_of_another_size_is_sampled_once_and_loses_no_more_than_its_aspect(size: tuple[int, int]) -> None:
    """All of it is seen along the shorter side, and it is the same window that a crop of the wanted size shows."""

    def cropped_to(size: tuple[int, int]) -> ak.Pipeline:
        return ak.Pipeline([ak.RandomResizedCrop(size=size, scale=(0.9, 0.9), ratio=(1.0, 1.0)), ak.Brightness(0.9)])

    pipeline = cropped_to(size)
    image = shaded(200, 200)
    plan, _ = Framing(LITE)(pipeline, KEY, Scene.of(ak.Sample(image)))
    assert sum(isinstance(step, SpatialRun) for step in plan.steps) == 1
    assert plan.size == (64, 64)
    whole = (64 * size[0] // min(size), 64 * size[1] // min(size))
    wanted = cropped_to(whole)(ak.Sample(image), KEY).image
    left = (whole[1] - 64) // 2
    apart = np.abs(levels(image, pipeline).astype(float) - wanted[:, left : left + 64])
    assert apart.mean() < 0.3
    assert apart.max() <= 3


def test_what_keeps_its_size_is_framed_as_in_evaluation() -> None:
    """To the bit where no point is moved, whatever the size; else up to the filter."""
    for size in ((90, 120), (64, 64), (40, 30)):
        image = shaded(*size)
        assert np.array_equal(levels(image, ak.Pipeline([])), LITE.prepare(image))
        mirrored = levels(image, ak.Pipeline([ak.Mirror()]))
        if size != LITE.size:
            assert np.array_equal(mirrored, LITE.prepare(np.ascontiguousarray(image[:, ::-1])))
    turned = levels(shaded(90, 120), ak.Pipeline([ak.Rotate(degrees=1e-3)])).astype(float)
    assert np.abs(turned - LITE.prepare(shaded(90, 120))).mean() < 0.5


def test_what_is_enlarged_is_as_sharp_as_in_evaluation() -> None:
    """Or a head would learn from blurred pictures; a pipeline that asks for more than linear sampling has its way."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    turn, whole = ak.Rotate(degrees=1e-3), replace(LITE, resize=None)
    seen = whole.prepare(noise).astype(float)
    apart = {how: np.abs(levels(noise, ak.Pipeline([turn], interpolation=how), whole) - seen).mean() for how in HOW}
    assert apart["linear"] == apart["cubic"] < 1
    assert apart["lanczos"] > 2
    old = ak.Pipeline([turn], behaviour=1)
    assert np.abs(levels(noise, old, whole) - seen).mean() > 2


def test_what_ends_in_a_barrier_and_what_picks_pixels_is_resized_by_the_networks_filter() -> None:
    image = shaded(90, 120)
    crop = ak.RandomResizedCrop(size=(100, 100))
    noisy = ak.Pipeline([crop, ak.Noise(amount=0.1)])
    picked = ak.Pipeline([crop], interpolation="nearest")
    for pipeline in (noisy, picked):
        made = pipeline(ak.Sample(image), KEY).image
        assert np.array_equal(levels(image, pipeline), LITE.without_margin().prepare(made))


@pytest.mark.parametrize("fit", ["crop", "pad", "squeeze"])
@pytest.mark.parametrize("size", [(30, 91), (91, 30), (64, 64), (7, 5)])
def test_a_picture_lies_where_its_placement_says(fit: Fit, size: tuple[int, int]) -> None:
    """Columns and rows are told by their colours; what is not the picture is paper, and a fit keeps what it says."""
    shape = LITE.fitting(fit).shape._replace(paper=(0.0, 0.0, 1.0))
    y, x = np.mgrid[: size[0], : size[1]]
    image = np.stack([255 * (y + 0.5) / size[0], 255 * (x + 0.5) / size[1], 0 * x], axis=2).astype(np.uint8)
    found, place = fitted(image, shape).astype(float), placement(size, shape)
    rows, columns = np.mgrid[:64, :64] + 0.5
    at_y, at_x = (rows - place.top) / place.scale_y, (columns - place.left) / place.scale_x
    inside = (at_y > 1) & (at_y < size[0] - 1) & (at_x > 1) & (at_x < size[1] - 1)
    outside = (at_y < 0) | (at_y > size[0]) | (at_x < 0) | (at_x > size[1])
    assert inside.any()
    assert np.abs(found[..., 0] - 255 * at_y / size[0])[inside].max() < 3 + 255 / size[0] * 0.75
    assert np.abs(found[..., 1] - 255 * at_x / size[1])[inside].max() < 3 + 255 / size[1] * 0.75
    assert (found[outside] == (0, 0, 255)).all()
    assert outside.any() == (fit == "pad" and size[0] != size[1])
    if fit != "squeeze":
        assert place.scale_x == pytest.approx(place.scale_y, rel=0.1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_transparent_shows_the_paper(dtype: str) -> None:
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    image = np.zeros((2, 3, 4), dtype)
    image[..., 0], image[:, 1, 3], image[:, 2, 3] = top, top, top / 2
    on = laid(image, parse_paper("#00ff00")).astype(float) / top
    assert on[0, 0] == pytest.approx((0, 1, 0))
    assert on[0, 1] == pytest.approx((1, 0, 0))
    assert on[0, 2] == pytest.approx((0.5, 0.5, 0), abs=0.01)


@pytest.mark.parametrize("text", ["", "wite", "#12", "#11223344", "hsl(0,1%,2%)", "rgb(1,2,3)", "1", "white "])
def test_paper_that_is_no_colour_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ArgumentError, match=r"^paper: must be a colour, such as white or #ffeedd, got "):
        settings(tmp_path, tmp_path / "run", paper=text)


def cut_out(number: int, side: int = 24) -> NDArray[np.uint8]:
    """Return a shape whose colour is below what is transparent too."""
    image = np.full((side, side, 4), (200, 40, 90 + number, 0), np.uint8)
    image[number % 7 : 16, 4 : 10 + number % 9, 3] = 255
    return image


@pytest.mark.parametrize("pipeline", [None, "digits"])
@pytest.mark.parametrize("paper", ["white", "#103050"])
def test_cut_outs_are_as_their_pictures_on_paper(tmp_path: Path, pipeline: str | None, paper: str) -> None:
    """For the trainer with and without a pipeline, and for an artefact asked for a file, an array, and its copies."""
    for name in CLASSES:
        for number in range(8):
            image = cut_out(8 * CLASSES.index(name) + number)
            path = tmp_path / "cut" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(image, "png", alpha=True))
            put(tmp_path / "laid" / name / f"{number}.png", laid(image, parse_paper(paper)))
    batches = []
    for data in ("cut", "laid"):
        ready = prepared(settings(tmp_path / data, tmp_path / "run", pipeline=pipeline, paper=paper))
        _, evaluators = begin(ready)
        draws = [[Draw(0, 0), Draw(0, 1)]]
        batches.append([next(evaluators[role].stream.batches(draws))[0].numpy() for role in ("train", "val")])
    assert all(np.array_equal(*pair) for pair in zip(*batches, strict=True))
    model = artefact()
    asked = model.architecture.preprocessing.as_asked("auto", parse_paper(paper))
    model = replace(model, architecture=replace(model.architecture, preprocessing=asked))
    copies: dict[str, Any] = {"tta": 2, "pipeline": ak.load(pipeline)} if pipeline else {}
    name = f"{CLASSES[0]}/3.png"
    said = [
        next(iter(predict(model, what, **copies))).answers
        for what in (tmp_path / "cut" / name, ak.Sample(cut_out(3), alpha=True, id="3.png"), tmp_path / "laid" / name)
    ]
    found = [answers.tolist() for answers in said if answers is not None]
    assert found == [found[0]] * 3


def old(out: Path) -> None:
    """Make a run's books as the first law wrote them."""
    books = json.loads((out / "settings.json").read_text())
    del books["deciding"]["train_law"]
    for name in ("paper", "is_once"):
        del books["deciding"]["model"]["preprocessing"][name]
    books["deciding"]["versions"]["augkit"] = "0.5.0"
    (out / "settings.json").write_text(json.dumps(books))


def test_a_run_of_another_law_is_refused_and_kept(tmp_path: Path) -> None:
    """One that is not finished wants the version that began it; a finished one stays, and can be asked."""
    wanted = settings(trainings.fill(tmp_path / "pictures", each=8), tmp_path / "run", epochs=1)
    done: Result = train(wanted)
    old(tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(ArgumentError, match=r"^out: .* augkit 0\.5\.0 finished\. It stays as it is, "):
        train(wanted)
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before
    assert next(iter(predict(done.out, drawn("spots", 1)))).answers is not None
    (tmp_path / "run/model.safetensors").unlink()
    with pytest.raises(ArgumentError, match=r"0\.5\.0 began, .* Finish it with augkit 0\.5\.0, pass --fresh"):
        train(wanted)
    train(wanted, fresh=True)
