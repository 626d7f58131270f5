"""The laws of encoding and of reading files: round trips, equal bytes every time, and refusals that say what to do."""

from __future__ import annotations

import io
import os
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray
from PIL import Image

from augkit.errors import ArgumentError, AugkitError, DecodeError, FileError, SampleError, Unreachable
from augkit.images import ENCODINGS, MAX_FILE_BYTES, Header, decode, encode, header, probe, read
from augkit.screen_text import printable

_y, _x = np.mgrid[0:60, 0:90]
PHOTO = np.dstack([_x * 2, _y * 4, (_x + _y)]).astype(np.uint8)
ALPHA = np.dstack([PHOTO, (255 - _x).astype(np.uint8)])


@st.composite
def pictures(draw: st.DrawFn) -> NDArray[Any]:
    channels = draw(st.sampled_from([(), (1,), (3,), (4,)]))
    shape = (draw(st.integers(1, 33)), draw(st.integers(1, 33)), *channels)
    dtype: Any = draw(st.sampled_from([np.uint8, np.uint16]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    picture = random.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    return picture[::-1, ::-1] if draw(st.booleans()) else picture  # a view that is not contiguous


@settings(max_examples=200, deadline=None)
@given(pictures())
def test_png_brings_back_every_picture_exactly(picture: NDArray[Any]) -> None:
    alpha = picture.shape[2:] == (4,)
    decoded = decode(encode(picture, "png", alpha=alpha))
    assert (decoded.image.dtype, decoded.alpha) == (picture.dtype, alpha)
    np.testing.assert_array_equal(decoded.image, picture[..., 0] if picture.shape[2:] == (1,) else picture)


@settings(max_examples=60, deadline=None)
@given(pictures().filter(lambda picture: picture.dtype == np.uint8 and picture.shape[2:] != (4,)))
def test_jpeg_and_webp_take_any_size_of_grey_and_rgb(picture: NDArray[Any]) -> None:
    size = picture.shape[:2]
    is_grey = picture.shape[2:] != (3,)
    assert decode(encode(picture, "jpeg")).image.shape == (size if is_grey else (*size, 3))
    assert decode(encode(picture, "webp")).image.shape == (*size, 3)  # WebP has no grey


@pytest.mark.parametrize("encoding", ["jpeg", "webp"])
@pytest.mark.parametrize("picture", [PHOTO, PHOTO[..., 0]], ids=["rgb", "grey"])
def test_a_lossy_round_trip_is_close_and_closer_at_a_higher_quality(encoding: str, picture: NDArray[Any]) -> None:
    def error(quality: int) -> float:
        back = decode(encode(picture, encoding, quality)).image
        return float(np.abs(back - (picture[..., None] if back.ndim > picture.ndim else picture).astype(float)).mean())

    assert error(95) < 2
    assert error(95) <= error(20)
    assert len(encode(picture, encoding, 95)) > len(encode(picture, encoding, 20))


def test_webp_keeps_alpha_exactly_and_drops_one_that_is_all_opaque() -> None:
    decoded = decode(encode(ALPHA, "webp", alpha=True))
    assert decoded.alpha
    np.testing.assert_array_equal(decoded.image[..., 3], ALPHA[..., 3])
    opaque = decode(encode(np.dstack([PHOTO, np.full_like(PHOTO[..., 0], 255)]), "webp", alpha=True))
    assert opaque.image.shape == PHOTO.shape
    assert not opaque.alpha


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_picture_gives_the_same_bytes_without_metadata(encoding: str) -> None:
    data = encode(PHOTO, encoding)
    assert data == encode(PHOTO.copy(), encoding) == encode(np.asfortranarray(PHOTO), encoding)
    assert probe(data).format == encoding
    with Image.open(io.BytesIO(data)) as picture:
        tags, told = set(picture.getexif()), set(picture.info) - {"compression", "resolution", "dpi"}  # Pillow's own
    assert tags == ({256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 339} if encoding == "tiff" else set())
    assert told <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background", "timestamp", "duration"}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_pixel_limit_holds_by_the_header_alone(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(PHOTO, encoding)
    monkeypatch.setattr(header, "MAX_PIXELS", 5400)
    assert probe(data) == Header(encoding, 60, 90, 3, 1)
    monkeypatch.setattr(header, "MAX_PIXELS", 5399)
    for ask in (probe, decode):
        with pytest.raises(DecodeError, match=r"at most 5,399 pixels, got 60 x 90\."):
            ask(data)


FLOATS = PHOTO.astype(np.float32) / 255
UNFIT: dict[str, tuple[NDArray[Any], str, bool, str]] = {
    "jpeg, alpha": (ALPHA, "jpeg", True, "must have 1 or 3 channels for jpeg, got 4.*Use png"),
    "jpeg, 16 bits": (PHOTO.astype(np.uint16), "jpeg", False, "must be uint8 for jpeg, got uint16.*Use png"),
    "webp, 16 bits": (PHOTO.astype(np.uint16), "webp", False, "must be uint8 for webp, got uint16.*Use png"),
    "webp, wide": (np.zeros((1, 16_384), np.uint8), "webp", False, "must have sides up to 16,383.*Use png"),
    "jpeg, float": (FLOATS, "jpeg", False, "must be uint8 for jpeg, got float32. Convert it"),
    "png, float": (FLOATS, "png", False, "must be uint8 or uint16 for png, got float32"),
    "png, bool": (PHOTO > 3, "png", False, "got bool"),
    "png, 2 channels": (PHOTO[..., :2], "png", False, "must have 1 or 3 or 4 channels for png, got 2"),
    "png, 5 channels": (np.dstack([ALPHA, PHOTO[..., 0]]), "png", False, "got 5"),
    "png, infrared": (ALPHA, "png", False, "4 channels if and only if alpha is declared"),
    "png, alpha of 3": (PHOTO, "png", True, "4 channels if and only if alpha is declared"),
    "png, nothing": (PHOTO[:0], "png", False, r"must have shape .* got \(0, 90, 3\)"),
    "png, a row": (PHOTO[0, :, 0], "png", False, "must have shape"),
    "png, a number": (np.ones((), np.uint8), "png", False, "must have shape"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_picture_that_does_not_fit_is_refused_and_told_what_would(case: str) -> None:
    picture, encoding, alpha, message = UNFIT[case]
    with pytest.raises(SampleError, match=message):
        encode(picture, encoding, alpha=alpha)


@pytest.mark.parametrize(("encoding", "quality"), [("jpg", 90), ("", 90), ("jpeg", 0), ("webp", 101), ("png", 9.5)])
def test_unknown_encodings_and_qualities_are_refused(encoding: str, quality: int) -> None:
    with pytest.raises(ArgumentError, match=f"^{'encoding' if quality == 90 else 'quality'}: must be "):
        encode(PHOTO, encoding, quality)


def test_an_encoding_that_is_almost_right_gets_the_nearest() -> None:
    with pytest.raises(
        ArgumentError, match=r"^encoding: must be jpeg or png or webp or tiff, got 'jpg'\. Did you mean jpeg\?$"
    ):
        encode(PHOTO, "jpg")


@pytest.mark.parametrize("data", [b"", b"text", encode(PHOTO, "png")[:200]])
def test_every_refusal_ends_with_advice(data: bytes) -> None:
    with pytest.raises(DecodeError, match=r"^is [^\n]*\. (Copy|Save) [^\n]*\.$"):
        decode(data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_read_names_the_sample_after_its_file_and_goes_by_content(encoding: str, tmp_path: Path) -> None:
    data = encode(PHOTO, encoding)
    for extension in (*ENCODINGS.values(), ".txt", ""):
        path = tmp_path / f"röse{extension}"
        path.write_bytes(data)
        sample = read(path)
        assert (sample.id, sample.alpha) == (path.name, False)
        np.testing.assert_array_equal(sample.image, decode(data).image)
        np.testing.assert_array_equal(read(str(path)).image, sample.image)


def test_read_declares_alpha(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(ALPHA, "png", alpha=True))
    assert read(tmp_path / "a.png").alpha


def test_read_says_where_and_why_it_failed(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "torn.png").write_bytes(encode(PHOTO, "png")[:200])
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # sparse: it takes no room
    os.mkfifo(tmp_path / "pipe.png")
    expected: dict[str, tuple[type[AugkitError], str]] = {
        "empty.png": (DecodeError, "is empty"),
        "torn.png": (DecodeError, "is truncated or damaged"),
        "huge.png": (FileError, r"regular file of at most 2,147,483,648 bytes, got 2,147,483,649 bytes\. "),
        "pipe.png": (FileError, "regular file.*got a folder, a pipe or a device"),
        ".": (FileError, "regular file"),
        "missing.png": (FileError, "No such file"),
        "nul\0.png": (FileError, "null byte"),
    }
    for name, (kind, message) in expected.items():
        path = os.path.join(tmp_path, name)  # noqa: PTH118 - pathlib would drop the dot
        with pytest.raises(kind, match=message) as fault:
            read(path)
        assert str(fault.value).startswith(f"{printable(path)}: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_read_says_that_a_file_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "secret.png").touch(mode=0)
    with pytest.raises(FileError, match="Permission denied"):
        read(tmp_path / "secret.png")


def test_threads_may_decode_at_once_and_leave_the_warning_filters_alone() -> None:
    files = [encode(PHOTO, encoding) for encoding in ENCODINGS] * 30
    before = list(warnings.filters)
    found: list[tuple[int, ...]] = []
    threads = [
        threading.Thread(target=lambda: found.extend(decode(data).image.shape for data in files)) for _ in "four"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [PHOTO.shape] * len(files) * len(threads)
    assert list(warnings.filters) == before


def test_a_read_that_answers_nothing_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(encode(PHOTO, "png"))
    monkeypatch.setattr(Path, "read_bytes", lambda _: None)  # so Python tells EAGAIN
    with pytest.raises(Unreachable, match="Resource temporarily unavailable"):
        read(tmp_path / "a.png")
