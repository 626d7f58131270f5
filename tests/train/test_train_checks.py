"""A network, its weights and its pictures that do not go together are told before a step is trained."""

from __future__ import annotations

from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import cv2
import pytest
import torch

from augkit.errors import ArgumentError, FileError
from augkit.train.files import artefact
from support import trainings
from support.folders import put
from support.trainings import drawn, prepared, settings, weights_file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return trainings.fill(tmp_path / "pictures")


@pytest.mark.parametrize("size", [1, 2])
def test_a_step_with_one_picture_is_refused_where_batch_norm_learns(tmp_path: Path, size: int) -> None:
    pictures, out = trainings.fill(tmp_path / "pictures", each=7), tmp_path / "run"
    own = settings(pictures, out, model="resnet18", batch_size=size)
    count = len(prepared(own.replaced(model="lenet")).truths["train"])
    while size == 2 and count % 2 == 0:
        put(pictures / "spots" / f"more{count}.png", drawn("spots", count))
        count = len(prepared(own.replaced(model="lenet")).truths["train"])
    with pytest.raises(ArgumentError, match=f"batch_size: .* got {size} for {count} pictures .*-size 3 or more"):
        prepared(own)
    weights = weights_file(tmp_path / "w.pt", "resnet18")
    with pytest.raises(ArgumentError, match="batch_size: must leave no step"):
        prepared(own.replaced(weights=weights, epochs=0, unfreeze=1))
    frozen = own.replaced(weights=weights)
    for possible in (frozen, frozen.replaced(unfreeze=1), own.replaced(batch_size=3)):
        prepared(possible)


def test_weights_that_fit_in_part_are_no_frozen_backbone(pictures: Path, tmp_path: Path) -> None:
    """What the seed drew would stay as it is; where all is trained from the start they serve."""
    path = Path(weights_file(tmp_path / "w.pt", "resnet18"))
    whole = torch.load(path)
    torch.save({name: tensor for name, tensor in whole.items() if not name.startswith("layer4.1.")}, path)
    wanted = settings(pictures, tmp_path / "run", model="resnet18", weights=str(path))
    with pytest.raises(FileError, match=r"w\.pt: must hold all that .* lacks layer4\.1\.conv1\.weight.* more"):
        prepared(wanted)
    prepared(wanted.replaced(epochs=0, unfreeze=1))
    torch.save(whole | {"layer1.0.bn1.bias": torch.zeros(3)}, path)
    with pytest.raises(FileError, match=r"lacks layer1\.0\.bn1\.bias\. "):
        prepared(wanted)
    torch.save({name: tensor for name, tensor in whole.items() if not name.startswith("fc.")}, path)
    prepared(wanted)


def test_another_wheel_of_opencv_serves(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What decides names what it is, whichever package brought it."""

    def lacking(name: str) -> str:
        if "opencv" in name:
            raise PackageNotFoundError(name)
        return metadata.version(name)

    monkeypatch.setattr(artefact, "version", lacking)
    versions = prepared(settings(pictures, tmp_path / "run")).deciding["versions"]
    assert versions["opencv"] == artefact.versions()["opencv"] == cv2.__version__
    assert versions.items() < artefact.versions().items()
