"""A pipeline as a function of one picture: what comes out is of the kind that went in, whoever makes it."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

import augkit as ak
from augkit.errors import ArgumentError, SampleError
from augkit.images.interchange import ImageTransform
from support.pictures import channels_of, noise

PIPELINE = ak.Pipeline([ak.RandomCrop((16, 20)), ak.Rotate((-40, 40)), ak.Brightness((0.7, 1.3))])
RGB = noise((24, 32))


class Pictures(torch.utils.data.Dataset[Any]):
    """As torchvision's data sets are: pictures, and a transform."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return self.transform(noise((24, 32), seed=index))


def set_to(epoch: int, augment: ImageTransform) -> ImageTransform:
    augment.set_epoch(epoch)
    return augment


def assert_same_kind(before: Any, after: Any) -> None:
    assert type(after) is type(before)
    if isinstance(before, Image.Image):
        assert after.mode == before.mode
        assert after.size == (20, 16)
    else:
        assert after.dtype == before.dtype
        assert after.ndim == before.ndim


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_arrays_and_tensors_come_back_as_what_they_were(dtype: str, channels: int) -> None:
    augment = set_to(0, PIPELINE.as_transform(seed=1))
    array = channels_of(channels, (24, 32), dtype)
    deep = array.reshape(24, 32, channels)
    tensor = torch.from_numpy(deep).permute(2, 0, 1)
    made = augment(array)
    assert_same_kind(array, made)
    assert made.shape[:2] == (16, 20)
    for picture, back in ((tensor, augment(tensor)), (tensor.clone(), augment(tensor.contiguous()))):
        assert_same_kind(picture, back)
        assert np.array_equal(back.permute(1, 2, 0).numpy(), made.reshape(16, 20, channels))
    assert augment(deep).shape == (16, 20, channels)
    if channels == 1:
        assert np.array_equal(augment(torch.from_numpy(array)).numpy(), made)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_pil_images_come_back_in_their_mode(mode: str) -> None:
    array = noise((24, 32), 4 if mode == "RGBA" else 3 if mode == "RGB" else 1, "uint16" if mode == "I;16" else "uint8")
    picture = Image.fromarray(array)
    assert picture.mode == mode
    made = PIPELINE.as_transform()(picture)
    assert_same_kind(picture, made)
    if mode != "RGBA":  # whose alpha an array does not tell
        assert np.array_equal(np.asarray(made), PIPELINE.as_transform()(array))


def test_the_picture_that_goes_in_is_left_alone() -> None:
    for picture in (RGB.copy(), torch.from_numpy(RGB.copy()).permute(2, 0, 1)):
        before = copy.deepcopy(picture)
        ak.Pipeline([]).as_transform()(picture)[:] = 0
        assert (np.asarray(picture) == np.asarray(before)).all()


def test_what_is_drawn_depends_on_content_seed_and_the_epoch_that_is_set() -> None:
    augment = set_to(0, PIPELINE.as_transform(seed=3))
    first = augment(RGB)
    other = RGB.copy()
    other[5, 5, 1] ^= 1
    assert np.array_equal(augment(RGB), first)
    assert not np.array_equal(augment(other), first)
    assert not np.array_equal(set_to(0, PIPELINE.as_transform(seed=4))(RGB), first)
    augment.set_epoch(1)
    assert not np.array_equal(augment(RGB), first)
    augment.set_epoch(0)
    assert np.array_equal(augment(RGB), first)
    brighten = set_to(0, ak.Pipeline([ak.Brightness((0.5, 1.5))]).as_transform(seed=3))
    reshaped = RGB.reshape(32, 24, 3)  # the same bytes, and another picture
    assert not np.array_equal(brighten(reshaped).ravel(), brighten(RGB).ravel())


def test_a_tensor_with_a_gradient_is_augmented_without() -> None:
    picture = torch.rand(3, 24, 32, requires_grad=True)
    assert not PIPELINE.as_transform()(picture).requires_grad


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_epoch_reaches_workers_that_persist(method: str) -> None:
    alone, shared = PIPELINE.as_transform(seed=5), PIPELINE.as_transform(seed=5)
    loader = DataLoader(
        Pictures(shared), batch_size=None, num_workers=2, multiprocessing_context=method, persistent_workers=True
    )
    seen = []
    for epoch in (0, 1, 7):
        for augment in (alone, shared):
            augment.set_epoch(epoch)
        made = [np.asarray(picture) for picture in loader]
        assert all(np.array_equal(one, alone(noise((24, 32), seed=n))) for n, one in enumerate(made))
        seen += [one.tobytes() for one in made]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy, copy.copy])
def test_a_copy_has_an_epoch_of_its_own(copied: Any) -> None:
    augment = PIPELINE.as_transform(seed=6)
    augment.set_epoch(3)
    other = copied(augment)
    assert other.epoch == 3
    assert np.array_equal(other(RGB), augment(RGB))
    augment.set_epoch(4)
    assert other.epoch == 3


def test_torch_is_not_imported() -> None:
    code = "import sys, numpy, augkit as ak; ak.load('identity').as_transform()(numpy.zeros((4, 4), 'u1')); print('torch' in sys.modules)"  # noqa: E501
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ("a.jpg", "image: must be an array, a PIL image or a tensor, got str"),
        (Image.new("P", (4, 4)), "must be of the mode L, RGB, RGBA, I;16, got P"),
        (torch.zeros(1, 3, 4, 4), r"must be a tensor \(C, H, W\) or \(H, W\), got \(1, 3, 4, 4\)"),
        (torch.zeros(3, 4, 4, dtype=torch.int64), "must be uint8, uint16, float32"),
        (np.zeros((4, 4)), "must be uint8, uint16, float32"),
        (torch.full((3, 4, 4), 2.0), r"must lie in \[0, 1\]"),
        (np.zeros((0, 4), np.uint8), "without an empty side"),
    ],
)
def test_what_is_no_picture_is_told(picture: Any, words: str) -> None:
    with pytest.raises(SampleError, match=words):
        PIPELINE.as_transform()(picture)


@pytest.mark.parametrize("epoch", [-1, 0.0, True, "1", 2**63])
def test_an_epoch_that_is_none_is_told(epoch: Any) -> None:
    with pytest.raises(ArgumentError, match="set_epoch: must be a whole number from 0 on"):
        PIPELINE.as_transform().set_epoch(epoch)


def test_a_seed_that_is_none_is_told_at_once() -> None:
    with pytest.raises(ArgumentError, match="seed: must be a whole number"):
        PIPELINE.as_transform(seed=0.5)  # type: ignore[arg-type]
