"""JPEG without its codes: the bytes of OpenCV's libjpeg, on every path, at every size and quality."""

import cv2
import numpy as np
import pytest

from augkit.core.arrays import Image
from augkit.core.ops import Jpeg
from augkit.executors import EXECUTORS
from augkit.executors.executor import Sampling
from support.native_paths import PATHS, on_path
from support.pictures import picture

HOW = Sampling("linear", "reflect", ())
SIZES = ((1, 1), (5, 3), (5, 4), (5, 5), (7, 16), (9, 17), (16, 15), (33, 31), (16, 64), (8, 130), (50, 61), (129, 200))


def native(image: Image, quality: int) -> Image:
    return EXECUTORS.find("native", "executor").barrier(image, Jpeg(quality), HOW)


def coded(image: Image, quality: int) -> Image:
    """Return a picture of 8 bits written and read by OpenCV."""
    turned = image if image.ndim == 2 else np.ascontiguousarray(image[..., ::-1])
    _, data = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert read is not None
    return read if image.ndim == 2 else read[..., ::-1]


def pictures(size: tuple[int, int]) -> dict[str, Image]:
    source = np.random.default_rng(size[0])
    photo = picture((max(size[0], 32), max(size[1], 32)))[: size[0], : size[1]]
    return {
        "photo": photo,
        "noise": source.integers(0, 256, (*size, 3)).astype(np.uint8),
        "black and white": ((source.random((*size, 3)) < 0.5) * 255).astype(np.uint8),
        "grey": photo[..., 1],
        "grey noise": source.integers(0, 256, size).astype(np.uint8),
    }


@pytest.mark.parametrize("quality", [1, 7, 30, 49, 50, 75, 92, 100])
def test_it_is_what_the_codec_keeps(quality: int) -> None:
    for size in SIZES:
        for name, image in pictures(size).items():
            assert np.array_equal(native(image, quality), coded(image, quality)), (size, name)


@pytest.mark.parametrize("size", SIZES)
def test_every_path_gives_the_bytes_of_the_twin(size: tuple[int, int]) -> None:
    for quality in (1, 20, 60, 97):
        for name, image in pictures(size).items():
            with on_path("numpy"):
                twin = native(image[::-1], quality)
            for path in PATHS:
                with on_path(path):
                    assert np.array_equal(native(image[::-1], quality), twin), (path, name, quality)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_other_dtypes_and_channels_are_what_the_reference_makes_of_them(dtype: str, channels: int) -> None:
    top = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}[dtype]
    image = (np.random.default_rng(channels).random((21, 34, channels)) * top).astype(dtype)
    found = native(image, 55)
    assert (found.shape, found.dtype) == (image.shape, image.dtype)
    assert np.array_equal(found, EXECUTORS.find("reference", "executor").barrier(image, Jpeg(55), HOW))
