"""Files of other libraries, and what becomes of them."""

from pathlib import Path
from typing import Any

import albumentations

import augkit as ak
from augkit.convert import Conversion

SIZE = (121, 164)


def written(tmp_path: Path, steps: list[Any], data_format: str = "json", **more: Any) -> Path:
    path = tmp_path / f"theirs.{data_format}"
    albumentations.save(albumentations.Compose(steps, **more), str(path), data_format=data_format)
    return path


def source(tmp_path: Path, *steps: str) -> Path:
    path = tmp_path / "transforms.py"
    lines = "".join(f"    {step},\n" for step in steps)
    path.write_text(f"from torchvision.transforms import v2\n\ntrain = v2.Compose([\n{lines}])\n")
    return path


def loaded(found: Conversion, tmp_path: Path) -> ak.Pipeline:
    """Return the pipeline of the text that is printed."""
    (tmp_path / "ours.yaml").write_text(found.yaml())
    pipeline = ak.load(tmp_path / "ours.yaml")
    assert pipeline == found.pipeline()
    return pipeline


def assert_nothing_lost(found: Conversion) -> None:
    assert (found.kept, found.left_out) == ([], [])


def done(pipeline: ak.Pipeline, image: Any) -> Any:
    return pipeline(ak.Sample(image), ak.Key(0, "a")).image
