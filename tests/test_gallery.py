"""``augkit list --pictures``: every transform is shown, and does something to the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import picture
from typer.testing import CliRunner

import augkit as ak
from augkit.cli import app
from augkit.codec import encode, read
from augkit.errors import AugkitError, SampleError
from augkit.preview import gallery
from augkit.preview.gallery import CELL_PX, COLUMNS, examples
from augkit.transforms import REGISTRY


def test_every_transform_is_shown() -> None:
    sample = ak.Sample(picture((90, 120)), id="a.jpg")
    found = examples(sample)
    assert found.keys() == REGISTRY.keys()
    for name, step in found.items():
        assert type(step) is REGISTRY[name]
        plans = {ak.Pipeline([step]).draw(ak.Key(0, str(n)), ak.Scene.of(sample)) for n in range(20)}
        assert any(not np.array_equal(ak.run(plan, sample).image, sample.image) for plan in plans), name


def test_the_same_picture_gives_the_same_gallery() -> None:
    sample = ak.Sample(picture((90, 120)), id="a.jpg")
    sheet = gallery(sample)
    assert np.array_equal(sheet, gallery(sample))
    assert not np.array_equal(sheet, gallery(sample, seed=1))
    assert sheet.shape[1] > COLUMNS * CELL_PX


def test_a_grey_picture_is_refused() -> None:
    with pytest.raises(SampleError, match="must have three channels or four"):
        gallery(ak.Sample(np.zeros((40, 40), np.uint8)))


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(picture((60, 80)), "png"))
    options = ["list", "--pictures", str(tmp_path / "all.png"), "--on", str(tmp_path / "a.png")]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    assert np.array_equal(read(tmp_path / "all.png").image, gallery(read(str(tmp_path / "a.png"))))


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--on", "a.png"], "must go with --pictures"), (["--pictures", "all.jpg"], r"must end in \.png")],
)
def test_slips_are_told(options: list[str], told: str) -> None:
    with pytest.raises(AugkitError, match=told):
        CliRunner().invoke(app, ["list", *options], catch_exceptions=False)
