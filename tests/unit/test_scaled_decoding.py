"""JPEGs decoded smaller: what each pixel stands for, where it lies, and which pictures are decoded whole."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from augkit.core.shrunk import WHOLE
from augkit.core.spatial import apply
from augkit.errors import DecodeError
from augkit.images import decode, encode
from augkit.images.scaling import shape_of
from support.encoded import exif, save
from support.pictures import centres, stored

SIZES = ((96, 128), (97, 129), (101, 135), (100, 132), (103, 127))
SCALES = (2, 4, 8)


def _ramps(points: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Return red that grows with x, green with y, and blue 0.5: a map of any picture of it can be read off."""
    x, y = points[..., 0], points[..., 1]
    return np.stack([0.1 + 0.8 * x / width, 0.1 + 0.8 * y / height, np.full_like(x, 0.5)], axis=-1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", SIZES)
def test_a_pixel_shows_what_the_whole_picture_shows_where_it_lies(size: tuple[int, int], orientation: int) -> None:
    picture = stored(_ramps(centres(size), size[1], size[0]), "uint8")
    data = save(Image.fromarray(picture), "JPEG", exif=exif(orientation), quality=100, subsampling=0)
    whole = decode(data).image
    plane, *_ = np.linalg.lstsq(_with_one(centres(whole.shape[:2])), whole.reshape(-1, 3).astype(float), rcond=None)
    for scale in SCALES:
        small = decode(data, scale=scale)
        places = apply(small.placement.to_whole, centres(small.image.shape[:2]).reshape(-1, 2))
        # At the edges only what lies within counts; a pixel of the whole is one and a half levels or more.
        inside = ((places > 4) & (places < np.array(whole.shape[1::-1]) - 4)).all(axis=1)
        difference = small.image.reshape(-1, 3)[inside] - (_with_one(places) @ plane)[inside]
        assert inside.sum() > 40
        assert np.abs(difference.mean(axis=0)).max() < 0.4
        assert np.abs(difference).max() < 4.0


def _with_one(points: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = points.reshape(-1, 2)
    return np.column_stack([flat, np.ones(len(flat))])


@pytest.mark.parametrize("size", SIZES)
def test_a_pixel_of_an_eighth_is_the_mean_of_its_block(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(60, 196, size).astype(np.uint8)
    data = save(Image.fromarray(noise), "JPEG", quality=100)
    whole, small = decode(data).image.astype(float), decode(data, scale=8).image
    height, width = size[0] // 8, size[1] // 8
    means = whole[: height * 8, : width * 8].reshape(height, 8, width, 8).mean(axis=(1, 3))
    assert np.abs(small[:height, :width] - means).max() < 0.8  # one is rounded, the other the mean of what is


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_edges_lie_within_half_a_pixel(size: tuple[int, int], orientation: int) -> None:
    data = save(Image.fromarray(np.zeros((*size, 3), np.uint8)), "JPEG", exif=exif(orientation))
    whole = decode(data).image.shape
    for scale in SCALES:
        small = decode(data, scale=scale)
        corners = np.array([[0.0, 0.0], [small.image.shape[1], small.image.shape[0]]])
        found = apply(small.placement.to_whole, corners)
        assert np.abs(found - [[0.0, 0.0], [whole[1], whole[0]]]).max() <= scale / 2


def test_what_is_no_jpeg_or_too_small_comes_out_whole() -> None:
    picture = stored(_ramps(centres((63, 200)), 200, 63), "uint8")
    for data, scale in ((encode(picture, "png"), 2), (encode(picture, "jpeg"), 8), (encode(picture, "webp"), 4)):
        found, whole = decode(data, scale=scale), decode(data)
        assert found.placement == WHOLE
        np.testing.assert_array_equal(found.image, whole.image)
    assert decode(encode(picture, "jpeg"), scale=4).placement.scale == 4


def _jpeg(mode: str, **more: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(stored(_ramps(centres((96, 120)), 120, 96), "uint8")).convert(mode).save(file, "JPEG", **more)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["keep", "rgb", "grey"])
@pytest.mark.parametrize("stored_as", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_shape_is_told_without_decoding(mode: Any, stored_as: str, orientation: int) -> None:
    data = _jpeg(stored_as, exif=exif(orientation))
    assert shape_of(data, mode) == decode(data, mode).image.shape
    assert decode(data, mode, scale=4).image.shape[2:] == decode(data, mode).image.shape[2:]


def test_a_grey_picture_with_a_profile_is_decoded_whole() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = _jpeg("L", icc_profile=profile)
    assert shape_of(data, "keep") is None
    assert decode(data, scale=8).placement == WHOLE


def test_damage_is_seen_at_every_scale() -> None:
    data = _jpeg("RGB", quality=95)
    for scale in (1, *SCALES):
        with pytest.raises(DecodeError):
            decode(data[: len(data) // 2], scale=scale)


def test_many_scans_are_refused_at_every_scale() -> None:
    data = _jpeg("RGB", progressive=True)
    start = data.index(b"\xff\xda")
    end = data.index(b"\xff", start + 4)
    while data[end + 1] == 0:
        end = data.index(b"\xff", end + 2)
    many = data[:end] + data[start:end] * 600 + data[end:]
    for scale in (1, *SCALES):
        with pytest.raises(DecodeError, match="scans"):
            decode(many, scale=scale)
