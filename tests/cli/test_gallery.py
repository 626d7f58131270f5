"""``augkit list --pictures``: every transform is shown, and does something to the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import augkit as ak
from augkit.cli import app
from augkit.errors import AugkitError, MissingExtra, SampleError
from augkit.images import encode, read
from augkit.integrations.albumentations.registry import names
from augkit.preview import gallery
from augkit.preview.gallery import CELL_PX, COLUMNS, _visible, examples
from augkit.preview.numbers import numbers
from augkit.transforms import TRANSFORMS
from support.pictures import picture
from support.table import ROWS


def test_every_transform_is_shown() -> None:
    sample = ak.Sample(picture((90, 120)), id="a.jpg")
    found = examples(sample)
    assert found.keys() == TRANSFORMS.keys()
    for name, made in found.items():
        step = made()
        assert type(step) is TRANSFORMS[name]
        plans = {ak.Pipeline([step]).draw(ak.Key(0, str(n)), ak.Scene.of(sample)) for n in range(20)}
        assert any(not np.array_equal(ak.run(plan, sample).image, sample.image) for plan in plans), name


def test_the_same_picture_gives_the_same_gallery() -> None:
    sample = ak.Sample(picture((90, 120)), id="a.jpg")
    sheet = gallery(sample)
    assert np.array_equal(sheet, gallery(sample))
    assert not np.array_equal(sheet, gallery(sample, seed=1))
    assert sheet.shape[1] > COLUMNS * CELL_PX


def test_what_is_shown_differs_from_the_picture() -> None:
    """Though by chance a policy does nothing, and channels keep their order."""
    sample = ak.Sample(picture((90, 120)), id="a.jpg")
    for seed in range(4):
        for name in ("ChannelShuffle", "TrivialAugment", "PCAColorShift", "Noise"):
            plan = _visible(ak.Pipeline([TRANSFORMS[name]()]), name, sample, seed)
            assert (ak.run(plan, sample).image != sample.image).mean() > 0.3, name


@pytest.mark.parametrize("step", ROWS, ids=repr)
def test_only_what_changes_nothing_is_called_unchanged(step: ak.Transform) -> None:
    sample = ak.Sample(picture((90, 120)))
    for n in range(6):
        plan = ak.Pipeline([step]).draw(ak.Key(n, ""), ak.Scene.of(sample))
        if numbers(plan) == ["unchanged"]:
            assert np.array_equal(ak.run(plan, sample).image, sample.image)


def test_a_grey_picture_is_refused() -> None:
    with pytest.raises(SampleError, match="must have three channels or four"):
        gallery(ak.Sample(np.zeros((40, 40), np.uint8)))


def test_what_needs_a_package_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """And all others are drawn."""
    sample = ak.Sample(picture((60, 80)), id="a.jpg")
    whole = gallery(sample)

    def missing() -> None:
        raise MissingExtra("must be installed", "albumentations")

    monkeypatch.setattr("augkit.integrations.albumentations.registry.albumentations", missing)
    names.cache_clear()
    try:
        sheet = gallery(sample)
    finally:
        names.cache_clear()
    assert sheet.shape == whole.shape
    assert not np.array_equal(sheet, whole)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(picture((60, 80)), "png"))
    options = ["list", "--pictures", str(tmp_path / "all.png"), "--on", str(tmp_path / "a.png")]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    assert np.array_equal(read(tmp_path / "all.png").image, gallery(read(str(tmp_path / "a.png"))))


def test_one_transform_is_told_in_full() -> None:
    done = CliRunner().invoke(app, ["list", "Blur"])
    assert done.exit_code == 0, done.output
    for words in ("Blur: Blur the picture", "radius: range of the blur's radius", "Draws: radius", "Emits: a Filter"):
        assert words in done.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--on", "a.png"], "must go with --pictures"),
        (["--pictures", "all.jpg"], r"must end in \.png"),
        (["GaussianBlur"], "Here that is Blur"),
        (["six"], "six: must be a transform, got a pipeline. Run: augkit explain six"),
    ],
)
def test_slips_are_told(options: list[str], told: str) -> None:
    with pytest.raises(AugkitError, match=told):
        CliRunner().invoke(app, ["list", *options], catch_exceptions=False)
