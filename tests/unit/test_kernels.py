"""Named kernels are what their names say: scipy's, where scipy has them."""

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import augkit as ak
from augkit.core.ops.sliding import KERNELS
from support.pictures import KEY, noise

JUDGES: dict[str, Any] = {
    "sobel_x": lambda image: ndimage.sobel(image, axis=1),
    "sobel_y": lambda image: ndimage.sobel(image, axis=0),
    "laplacian": ndimage.laplace,
    "sharpen": lambda image: image - ndimage.laplace(image),
    "box": lambda image: ndimage.uniform_filter(image, 3),
    "gaussian": lambda image: ndimage.correlate(image, np.outer([1, 2, 1], [1, 2, 1]) / 16),
}


def convolved(name: Any, image: Any) -> Any:
    return ak.Pipeline([ak.Convolve(name)])(ak.Sample(image), KEY, "reference").image


def test_every_name_is_judged() -> None:
    lines = {"vertical_line", "horizontal_line"}  # the notes', in test_filters.py
    assert {*JUDGES, *lines, "emboss"} == set(KERNELS)


@pytest.mark.parametrize("name", JUDGES)
def test_named_kernels_are_scipys(name: Any) -> None:
    image = noise((20, 31), 1, "float32")
    right = np.clip(JUDGES[name](image.astype(np.float64)), 0, 1)
    np.testing.assert_allclose(convolved(name, image), right, atol=1e-6)


def test_emboss_is_the_picture_and_its_slope_to_the_lower_right() -> None:
    x, y = np.meshgrid(np.arange(30.0), np.arange(20.0))
    plane = (0.2 + 0.001 * x + 0.002 * y).astype(np.float32)
    kernel = np.array(KERNELS["emboss"])
    rise = 0.001 * (kernel * [-1, 0, 1]).sum() + 0.002 * (kernel * [[-1], [0], [1]]).sum()
    assert rise > 0
    out = convolved("emboss", plane)
    np.testing.assert_allclose(out[1:-1, 1:-1], plane[1:-1, 1:-1] + rise, atol=1e-6)
