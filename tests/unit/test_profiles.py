"""The laws of colour profiles: sRGB costs nothing, others come out as they are meant, and damage is left aside."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from augkit.images import decode
from support.encoded import KINDS, save
from support.profiles import ADOBE, LINEAR_GREY, RAMP, SRGB, icc, s15

Pixels = NDArray[Any]


def srgb_of(linear: Pixels) -> Pixels:
    """Return sRGB's levels of linear light (IEC 61966-2-1)."""
    bright = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, bright) * 255


def adobe_to_srgb(levels: Pixels) -> Pixels:
    """Return the conversion in float64: both spaces have the white D65, so one 3 x 3 matrix does it."""
    to_xyz = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
    srgb_to_xyz = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
    linear = (levels / 255.0) ** (563 / 256) @ to_xyz.T @ np.linalg.inv(srgb_to_xyz).T
    return srgb_of(np.clip(linear, 0, 1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_a_wide_profile_is_brought_to_srgb(kind: str) -> None:
    of: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    options = of.get(kind, {})
    data = save(Image.fromarray(RAMP), kind, icc_profile=ADOBE, **options)
    found = decode(data)
    assert found.profile == "converted"
    stored = decode(data, profiles=False)
    assert stored.profile == ""
    assert np.abs(found.image - adobe_to_srgb(stored.image)).max() <= 1.5
    assert np.abs(found.image.astype(int) - stored.image).max() > 30


def test_alpha_is_no_colour() -> None:
    picture = np.dstack([RAMP, np.arange(52, dtype=np.uint8)[None]])
    found = decode(save(Image.fromarray(picture), "PNG", icc_profile=ADOBE))
    assert found.alpha
    np.testing.assert_array_equal(found.image[..., 3], picture[..., 3])
    np.testing.assert_array_equal(
        found.image[..., :3], decode(save(Image.fromarray(RAMP), "PNG", icc_profile=ADOBE)).image
    )


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_brought_to_srgb_and_stays_grey(mode: str) -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    picture = Image.fromarray(grey).convert(mode)
    found = decode(save(picture, "PNG", icc_profile=LINEAR_GREY))
    assert found.profile == "converted"
    shown = found.image if mode == "L" else found.image[..., 1]
    assert np.abs(shown - srgb_of(grey / 255.0)).max() <= 1
    assert found.alpha == (mode == "LA")


def test_inks_go_through_their_profile() -> None:
    """A profile that says what inks look like: made here of one that swaps nothing, so white stays white."""
    plain = decode(KINDS["jpeg, cmyk"][0])
    assert plain.profile == ""
    data = save(Image.new("CMYK", (9, 9), (0, 0, 0, 0)), "JPEG", icc_profile=ADOBE)  # an RGB profile does not fit inks
    assert decode(data).profile == "unfit"
    np.testing.assert_array_equal(decode(data).image, 255)


@pytest.mark.parametrize("profile", [SRGB, None])
def test_srgb_changes_nothing(profile: bytes | None) -> None:
    found = decode(save(Image.fromarray(RAMP), "PNG", icc_profile=profile))
    assert found.profile == ""
    np.testing.assert_array_equal(found.image, RAMP)


@pytest.mark.parametrize(
    "profile", [b"rubbish", ADOBE[:200], LINEAR_GREY, b"\0" * 500, ADOBE.replace(b"acsp", b"none")]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_profile_that_is_damaged_or_of_another_kind_is_left_aside(profile: bytes, kind: str) -> None:
    plain, data = save(Image.fromarray(RAMP), kind), save(Image.fromarray(RAMP), kind, icc_profile=profile)
    assert decode(data).profile == "unfit"
    np.testing.assert_array_equal(decode(data).image, decode(plain).image)


def test_a_profile_in_several_segments_of_a_jpeg_is_one() -> None:
    long = ADOBE + b"\0" * 100_000  # Pillow cuts it into pieces of 64 KB
    data = save(
        Image.fromarray(RAMP), "JPEG", icc_profile=long[:4].replace(long[:4], struct.pack(">I", len(long))) + long[4:]
    )
    short = save(Image.fromarray(RAMP), "JPEG", icc_profile=ADOBE)
    np.testing.assert_array_equal(decode(data).image, decode(short).image)


def test_sixteen_bits_are_kept_and_said() -> None:
    deep = RAMP[..., 0].astype(np.uint16) * 257
    file = io.BytesIO()
    Image.fromarray(deep).save(file, "PNG", icc_profile=LINEAR_GREY)
    found = decode(file.getvalue())
    assert found.profile == "deep"
    np.testing.assert_array_equal(found.image, deep)


def inks_profile() -> bytes:
    """Write a profile of inks by hand: a table of Lab at no ink and at all of each, so that the law is plain to see."""
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 4)
    lightness = np.round(255 * (1 - corners.mean(axis=1))).astype(np.uint8)  # four inks take all light, each a quarter
    table = np.stack([lightness, np.full(16, 128), np.full(16, 128)], axis=-1).astype(np.uint8)
    steps = bytes(range(256))
    matrix = s15(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + 4 * steps + table.tobytes() + 3 * steps
    return icc(b"CMYK", {b"A2B0": lut}, b"prtr", b"Lab ")


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_are_shown_as_their_profile_says(kind: str) -> None:
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))  # cyan alone: here a grey, since the profile says so
    plain, profiled = decode(save(inks, kind)), decode(save(inks, kind, icc_profile=inks_profile()))
    assert plain.profile == ""
    assert plain.image[8, 8].tolist() == [0, 255, 255]
    assert profiled.profile == "converted"
    lab = 100 * (1 - 0.25)  # of which L* 75 is Y 0.4828
    grey = srgb_of(np.array([((lab + 16) / 116) ** 3]))
    assert np.abs(profiled.image.astype(float) - grey).max() <= 3
    paper = decode(save(Image.new("CMYK", (16, 16)), kind, icc_profile=inks_profile()))
    assert paper.image.min() >= 254
