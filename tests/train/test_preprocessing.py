"""Laws of preprocessing: torchvision's pixels, any dtype alike, the wanted size and channels always."""

from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

import augkit as ak
from augkit.errors import SampleError
from augkit.train.models import MODELS, architecture
from augkit.train.models.preprocessing import Preprocessing
from support.torchvision_models import torchvision

RANGES = {"uint8": 255, "uint16": 65535, "float32": 1}
BOTH = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
HALF = (0.5, 0.5, 0.5)


def noise(height: int, width: int, channels: int, dtype: str = "uint8", seed: int = 0) -> NDArray[Any]:
    """Return noise of every value of the range, (H, W) where `channels` is 0."""
    shape = (height, width, channels) if channels else (height, width)
    values = np.random.default_rng(seed).random(shape) * RANGES[dtype]
    return (values if dtype == "float32" else np.rint(values)).astype(dtype)


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"])
@pytest.mark.parametrize("size", [(300, 400), (401, 263), (50, 70), (256, 256)])
def test_pixels_are_torchvisions(name: str, size: tuple[int, int]) -> None:
    preprocessing = architecture(name, 2).preprocessing
    image = noise(*size, 3)
    transforms = torchvision.transforms
    theirs = transforms.Compose(
        [
            transforms.Resize(preprocessing.resize, BOTH[preprocessing.interpolation]),
            transforms.CenterCrop(preprocessing.size),
            transforms.ToTensor(),
            transforms.Normalize(preprocessing.mean, preprocessing.std),
        ]
    )
    prepared = torch.from_numpy(preprocessing.prepare(image)).permute(2, 0, 1)[None]
    torch.testing.assert_close(preprocessing.normalise(prepared)[0], theirs(Image.fromarray(image)))


sides = st.integers(1, 60)


@given(
    sides, sides, st.sampled_from([0, 1, 3]), st.sampled_from([*RANGES]), st.sampled_from([1, 3]), st.integers(0, 99)
)
def test_any_picture_comes_out_as_the_network_takes_it(
    height: int, width: int, channels: int, dtype: str, wanted: int, seed: int
) -> None:
    image = noise(height, width, channels, dtype, seed)
    before = image.copy()
    for found in (architecture("lenet", 2, (32, 40, wanted)), architecture("efficientnet_lite0", 2, (32, 40, 3))):
        preprocessing = found.preprocessing
        prepared = preprocessing.prepare(image)
        assert (prepared.shape, prepared.dtype) == ((32, 40, preprocessing.channels), image.dtype)
        assert prepared.flags.c_contiguous
        assert 0 <= prepared.min() <= prepared.max() <= RANGES[dtype]
        values = preprocessing.normalise(torch.from_numpy(prepared).permute(2, 0, 1)[None])
        assert values.dtype == torch.float32
        assert values.min() >= (0 - max(preprocessing.mean)) / min(preprocessing.std) - 1e-6
    assert np.array_equal(image, before)


@pytest.mark.parametrize("name", ["lenet", "resnet18", "efficientnet_lite0"])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_every_dtype_means_the_same(name: str, channels: int) -> None:
    preprocessing = architecture(name, 2).preprocessing
    small = noise(61, 47, channels)
    versions = [small, small.astype("uint16") * 257, small.astype("float32") / 255]
    first, *others = (
        preprocessing.normalise(torch.from_numpy(preprocessing.prepare(image)).permute(2, 0, 1)[None])
        for image in versions
    )
    for other in others:
        step = 1 / 255 / min(preprocessing.std)  # uint8 rounds twice while it is resized
        assert (first - other).abs().max() <= 1.5 * step


def test_a_picture_of_the_size_is_left_alone() -> None:
    image = noise(32, 32, 3)
    assert np.array_equal(architecture("lenet", 2).preprocessing.prepare(image), image)


def test_grey_and_rgb_become_each_other() -> None:
    rgb, grey = (architecture("lenet", 2, (32, 32, channels)).preprocessing for channels in (3, 1))
    image = noise(32, 32, 1)
    assert np.array_equal(grey.prepare(rgb.prepare(image)), image)  # R = G = B is as grey as before
    coloured = noise(32, 32, 3)
    by_pillow = np.asarray(Image.fromarray(coloured).convert("L"), np.int16)
    assert np.abs(grey.prepare(coloured)[:, :, 0] - by_pillow).max() <= 1


def test_other_depths_are_refused_or_are_the_networks() -> None:
    with pytest.raises(SampleError, match="must have 1 or 3 channels, got 4"):
        architecture("lenet", 2).preprocessing.prepare(noise(9, 9, 4))
    four = architecture("lenet", 2, (32, 32, 4)).preprocessing
    assert four.prepare(noise(9, 9, 4)).shape == (32, 32, 4)
    with pytest.raises(SampleError, match="must have 4 channels, got 3"):
        four.prepare(noise(9, 9, 3))


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.preprocessing.resize])
def test_another_size_crops_as_much(name: str) -> None:
    own = architecture(name, 2).preprocessing
    half = architecture(name, 2, (own.size[0] // 2, own.size[1] // 2, 3)).preprocessing
    assert own.resize
    assert half.resize
    assert abs(half.resize / half.size[0] - own.resize / own.size[0]) < 0.01
    assert (half.mean, half.std, half.interpolation) == (own.mean, own.std, own.interpolation)


@pytest.mark.parametrize("size", [(224, 224), (300, 171), (64, 64), (600, 700)], ids=str)
@pytest.mark.parametrize(("ours", "theirs"), [("linear", "bilinear"), ("cubic", "bicubic")])
def test_pictures_are_evaluated_as_resize_makes_them(
    size: tuple[int, int], ours: Literal["linear", "cubic"], theirs: Literal["bilinear", "bicubic"]
) -> None:
    """Up to Pillow's rounding between its two passes, and to the edge, which repeats here and is left out there."""
    photo = load_sample_image("china.jpg")
    evaluated = Preprocessing(size, 3, HALF, HALF, None, theirs).prepare(photo).astype(float)
    made = ak.Pipeline([ak.Resize(size)], interpolation=ours)(ak.Sample(photo), ak.Key(0, "a")).image.astype(float)
    apart = np.abs(evaluated - made)[4:-4, 4:-4]
    assert apart.mean() <= 0.2
    assert (apart <= 2).mean() >= 0.999
    assert abs((made - evaluated).mean()) <= 0.02
