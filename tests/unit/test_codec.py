"""The laws of decoding: what each kind of file becomes, which way is up, and that nothing damaged passes."""

from __future__ import annotations

import io
import struct
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from augkit.errors import DecodeError
from augkit.images import decode, probe
from support.encoded import DEEP, HEIGHT, KINDS, PICTURE, REFUSED, WIDTH, exif, png, save, tiff


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_becomes_what_the_table_says(kind: str) -> None:
    data, expect = KINDS[kind]
    decoded, expected = decode(data), expect(data)
    assert decoded.image.dtype == expected.dtype
    np.testing.assert_array_equal(decoded.image, expected)
    assert decoded.image.flags.c_contiguous
    assert decoded.image.flags.writeable
    assert decoded.alpha == (expected.shape[2:] == (4,))
    header = probe(data)
    assert (header.height, header.width, header.frames) == (HEIGHT, WIDTH, 1)
    assert header.format == {"mpo": "jpeg", "pgm": "ppm"}.get(kind.split(",")[0], kind.split(",")[0])


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_rightly_is_refused_with_its_reason_and_fast(kind: str) -> None:
    data, reason = REFUSED[kind]
    start = time.process_time()  # not the clock: another's work on this machine says nothing about ours
    with pytest.raises(DecodeError, match=reason) as fault:
        decode(data)
    assert time.process_time() - start < 1
    assert not any(ugly in str(fault.value) for ugly in ("\n", " at 0x"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_picture_comes_out_upright(kind: str, orientation: int) -> None:
    data = save(PICTURE, kind, exif=exif(orientation), **{"lossless": True} if kind == "WEBP" else {})
    expected = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    difference = np.abs(decode(data).image.astype(int) - expected)
    assert difference.max() == 0
    assert (probe(data).height, probe(data).width) == (HEIGHT, WIDTH)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bit_pictures_come_out_upright_too(orientation: int) -> None:
    oracle = {axis: ImageOps.exif_transpose(_tagged(DEEP[..., axis], orientation)) for axis in range(3)}
    expected = np.dstack([np.array(oracle[axis]) for axis in range(3)])
    chunk = (b"eXIf", exif(orientation).tobytes()[6:])
    np.testing.assert_array_equal(decode(png(DEEP[..., :3], 2, chunk)).image, expected)
    np.testing.assert_array_equal(decode(png(DEEP[..., 0], 0, chunk)).image, expected[..., 0])
    np.testing.assert_array_equal(decode(tiff(DEEP[..., :3], t274=orientation)).image, expected)


def _tagged(channel: NDArray[Any], orientation: int) -> Image.Image:
    picture = Image.fromarray(channel)
    picture.getexif()[274] = orientation
    return picture


@pytest.mark.parametrize(
    "block", [b"Exif\0\0", b"Exif\0\0rubbish", b"Exif\0\0MM\0*\xff\xff\xff\xff", exif(9).tobytes()]
)
def test_a_damaged_exif_block_counts_as_none(block: bytes) -> None:
    plain = save(PICTURE, "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    np.testing.assert_array_equal(decode(plain[:2] + segment + plain[2:]).image, decode(plain).image)


def test_exif_is_found_behind_other_segments_and_not_in_the_pixels() -> None:
    data = save(PICTURE, "JPEG", exif=exif(6))
    comment = b"\xff\xfe" + struct.pack(">H", 2002) + b"\xff\xda" * 1000
    assert decode(data[:2] + comment + data[2:]).image.shape == (WIDTH, HEIGHT, 3)
    assert decode(save(PICTURE, "JPEG", comment=b"Exif\0\0")).image.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_refused_or_complete(kind: str) -> None:
    data = KINDS[kind][0]
    full = decode(data).image
    cuts = {len(data) * eighth // 8 for eighth in range(1, 8)} | {len(data) - few for few in (1, 2, 4, 12, 13, 20, 40)}
    refused = 0
    for cut in cuts:
        try:
            np.testing.assert_array_equal(decode(data[:cut]).image, full)
        except DecodeError:
            refused += 1
    assert refused >= 3  # the others were complete: an MPO's second picture, bytes after the end


@pytest.mark.parametrize("seed", range(300))
def test_a_mutated_file_gives_a_picture_or_a_decode_error(seed: int) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(list(KINDS.values())[seed % len(KINDS)][0])
    for _ in range(random.integers(1, 9)):
        reach = len(data) if random.random() < 0.5 else min(len(data), 80)
        data[random.integers(reach)] = random.integers(256)
    try:
        image = decode(bytes(data)).image
    except DecodeError:
        return
    assert image.dtype in (np.uint8, np.uint16)
    assert image.shape[2:] in ((), (3,), (4,))
