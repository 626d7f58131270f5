"""The laws of DICOM, HEIC, AVIF and TIFF of several bands, judged by the writers of their own packages."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    RLELossless,
)

import augkit as ak
from augkit.errors import DecodeError, SampleError
from augkit.images import decode, decode_mask, encode, encoding_for, header, kind_of, probe, suffix_of, upright_size
from support.encoded import DEEP, HEIGHT, NOISE, PICTURE, SMOOTH, WIDTH, save
from support.folders import done, lines

Pixels = NDArray[Any]
STORED = (DEEP[..., 0] >> 4).astype(np.uint16)  # 12 bits


def dicom(pixels: Pixels, *, syntax: Any = ExplicitVRLittleEndian, drop: tuple[str, ...] = (), **tags: Any) -> bytes:
    """Write a DICOM file by pydicom."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, UID("1.2.3")
    meta.TransferSyntaxUID = syntax
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID, made.SOPInstanceUID, made.PatientName = CTImageStorage, UID("1.2.3"), "Doe^Jane"
    bits = 8 * pixels.dtype.itemsize
    values: dict[str, Any] = {
        "Rows": HEIGHT, "Columns": WIDTH, "BitsAllocated": bits, "BitsStored": bits, "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }  # fmt: skip
    values |= (
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0} if pixels.ndim == 3 else {}
    )
    for name, value in (values | tags).items():
        setattr(made, name, value)
    made.HighBit = made.BitsStored - 1
    made.PixelData = pixels.tobytes()
    if syntax == RLELossless:
        made.compress(RLELossless, pixels)
    for name in drop:
        delattr(made, name)
    file = io.BytesIO()
    pydicom.dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


BYTE = NOISE[..., 0]
PLANES = np.moveaxis(SMOOTH, 2, 0).tobytes()
SIGNED = STORED.astype(np.int16) - 1024
DICOM: dict[str, tuple[bytes, Pixels, bool]] = {
    "12 bits": (dicom(STORED, BitsStored=12), STORED, False),
    "8 bits": (dicom(NOISE[..., 0]), NOISE[..., 0], False),
    "packed by RLE": (dicom(STORED, syntax=RLELossless, BitsStored=12), STORED, False),
    "slope and intercept": (dicom(STORED, BitsStored=12, RescaleSlope=2, RescaleIntercept=10), STORED * 2 + 10, False),
    "Hounsfield units": (
        dicom(STORED, BitsStored=12, RescaleSlope=1, RescaleIntercept=-1024),
        STORED + 32_768 - 1024,
        True,
    ),
    "signed": (dicom(SIGNED), (SIGNED.astype(int) + 32_768).astype(np.uint16), True),
    "inverted": (dicom(STORED, BitsStored=12, PhotometricInterpretation="MONOCHROME1"), 4095 - STORED, False),
    "inverted and rescaled": (
        dicom(STORED, BitsStored=12, PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=10),
        (4095 - STORED) * 2 + 10,
        False,
    ),
    "8 bits rescaled": (
        dicom(NOISE[..., 0], RescaleSlope=3, RescaleIntercept=0),
        NOISE[..., 0].astype(np.uint16) * 3,
        False,
    ),
    "a window, which is not applied": (dicom(STORED, BitsStored=12, WindowCenter=50, WindowWidth=100), STORED, False),
    "an overlay in the upper bits": (dicom(STORED | 0xF000, BitsStored=12), STORED, False),
    "rgb": (dicom(SMOOTH), SMOOTH, False),
    "rgb by planes": (
        dicom(SMOOTH, PlanarConfiguration=1, PixelData=b"").replace(
            SMOOTH.tobytes(), np.moveaxis(SMOOTH, 2, 0).tobytes()
        ),
        SMOOTH,
        False,
    ),
}
NO_DICOM: dict[str, tuple[bytes, str]] = {
    "several frames": (dicom(STORED, NumberOfFrames=3), "holds 3 frames, must hold one"),
    "a slope of parts": (
        dicom(STORED, RescaleSlope=0.5, RescaleIntercept=0),
        "must have whole numbers as values, got .* slope 0.5",
    ),
    "values beyond 16 bits": (
        dicom(STORED, RescaleSlope=1000, RescaleIntercept=0),
        "must have values that 16 bits hold",
    ),
    "no picture": (dicom(STORED, drop=("PixelData", "Rows")), r"holds no picture \(CT Image Storage\)"),
    "no pixels": (dicom(STORED, drop=("PixelData",)), "is truncated or damaged"),
    "cut": (dicom(STORED)[:-300], "is truncated or damaged"),
    "deflated": (dicom(STORED, syntax=DeflatedExplicitVRLittleEndian), "is deflated as a whole"),
    "larger than it may be": (dicom(STORED, Rows=60_000, Columns=60_000), "must have at most 175,000,000 pixels"),
    "unknown colours": (dicom(STORED, PhotometricInterpretation="ARGB"), "must hold|is truncated or damaged"),
}


@pytest.mark.parametrize("case", DICOM)
def test_dicom_holds_the_modalitys_values(case: str) -> None:
    data, expected, is_shifted = DICOM[case]
    found = decode(data)
    assert kind_of(data) == "dicom"
    assert found.image.dtype == (np.uint8 if case in ("8 bits", "rgb", "rgb by planes") else np.uint16)
    np.testing.assert_array_equal(found.image, expected)
    assert (found.profile == "shifted") == is_shifted
    assert (probe(data).height, probe(data).width, probe(data).format) == (HEIGHT, WIDTH, "dicom")
    assert upright_size(data) == (HEIGHT, WIDTH)


@pytest.mark.parametrize("case", NO_DICOM)
def test_dicom_that_is_no_picture_of_one_frame_is_refused_by_name(case: str) -> None:
    data, reason = NO_DICOM[case]
    with pytest.raises(DecodeError, match=reason):
        decode(data)


def test_dicom_that_nothing_here_unpacks_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    other = type("Decoder", (), {"is_available": False})
    monkeypatch.setattr("pydicom.pixels.get_decoder", lambda uid: other)
    packed = dicom(STORED, syntax=RLELossless, BitsStored=12)
    with pytest.raises(DecodeError, match=r"is compressed as RLE Lossless.*Run: pip install pylibjpeg"):
        decode(packed)


def heif(image: Pixels, **options: Any) -> bytes:
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(image)).save(file, quality=-1, chroma=444, matrix_coefficients=0, **options)
    return file.getvalue()


def test_heic_is_read_as_it_was_written() -> None:
    for image in (SMOOTH, NOISE):
        data = heif(image)
        found = decode(data)
        assert suffix_of(data) == ".heic"
        assert found.alpha == (image.shape[2] == 4)
        assert np.abs(found.image.astype(int) - image).max() <= 2
        assert (probe(data).height, probe(data).width, probe(data).format) == (HEIGHT, WIDTH, "heif")
        assert upright_size(data) == (HEIGHT, WIDTH)
    with pytest.raises(DecodeError, match="is truncated or damaged"):
        decode(heif(SMOOTH)[:-300])


def test_heic_of_several_pictures_is_refused_by_number() -> None:
    import pillow_heif

    burst = pillow_heif.from_pillow(PICTURE)
    burst.add_from_pillow(PICTURE)
    file = io.BytesIO()
    burst.save(file)
    with pytest.raises(DecodeError, match="holds 2 frames"):
        decode(file.getvalue())


def test_avif_is_read_by_pillow() -> None:
    data = save(PICTURE, "AVIF", quality=100, subsampling="4:4:4")
    assert suffix_of(data) == ".avif"
    assert np.abs(decode(data).image.astype(int) - SMOOTH).max() <= 3
    assert probe(data).format == "avif"
    transparent = decode(save(Image.fromarray(NOISE), "AVIF", quality=100))
    assert transparent.alpha
    with pytest.raises(DecodeError, match="holds 2 frames"):
        decode(save(PICTURE, "AVIF", save_all=True, append_images=[PICTURE.rotate(180)]))


def test_jpeg_2000_is_refused_by_its_name() -> None:
    for name, data in (("JPEG 2000", save(PICTURE, "JPEG2000")), ("JPEG XL", b"\xff\x0a" + bytes(90))):
        with pytest.raises(DecodeError, match=f"is {name}, which is not read here"):
            decode(data)


@pytest.mark.parametrize(
    ("package", "extra", "data"),
    [
        ("pydicom", "dicom", dicom(STORED)),
        ("pillow_heif", "heif", heif(SMOOTH)),
        ("tifffile", "tiff", encode(DEEP, "tiff")),
    ],
)
def test_a_kind_whose_package_is_missing_says_what_to_install(
    package: str, extra: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for ask in (decode, probe):
        with pytest.raises(DecodeError, match=rf"which needs {package}\. Run: pip install 'augkit\[{extra}\]'\."):
            ask(data)


def by_tifffile(image: Pixels, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, image, metadata=None, **{"photometric": "minisblack"} | options)
    return file.getvalue()


BANDS = np.dstack([DEEP, DEEP[..., ::-1]])
BYTES = (BANDS >> 8).astype(np.uint8)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("image", [BANDS, BYTES], ids=["16 bits", "8 bits"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "lzw"},
        {"compression": "deflate", "predictor": True},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"tile": (16, 16)},
    ],
    ids=str,
)
def test_all_bands_of_a_tiff_are_kept(count: int, image: Pixels, options: dict[str, Any]) -> None:
    bands = np.ascontiguousarray(image[..., :count])
    for planes in ({"planarconfig": "contig"}, {"planarconfig": "separate"}):
        stored = bands if planes["planarconfig"] == "contig" else np.ascontiguousarray(np.moveaxis(bands, 2, 0))
        data = by_tifffile(stored, **planes, **options)
        found = decode(data)
        assert found.image.dtype == image.dtype
        np.testing.assert_array_equal(found.image, bands)
        assert not found.alpha
        assert probe(data) == header.Header("tiff", HEIGHT, WIDTH, count, 1)


def test_a_fourth_band_that_is_no_alpha_is_kept_and_alpha_is_alpha() -> None:
    infrared = by_tifffile(NOISE, photometric="rgb", extrasamples=["unspecified"])
    assert not decode(infrared).alpha
    np.testing.assert_array_equal(decode(infrared).image, NOISE)
    alpha = by_tifffile(NOISE, photometric="rgb", extrasamples=["unassalpha"])
    assert decode(alpha).alpha
    np.testing.assert_array_equal(decode(alpha).image, NOISE)


def test_bands_come_out_upright() -> None:
    turned = by_tifffile(np.ascontiguousarray(BYTES[..., :5]), planarconfig="contig", extratags=[(274, 3, 1, 6, True)])
    np.testing.assert_array_equal(decode(turned).image, np.rot90(BYTES[..., :5], -1))


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (NOISE[..., 0].astype(np.int8), "signed pixels of 8 bits"),
        (NOISE[..., :3].astype(np.int16), "signed pixels of 16 bits"),
        (NOISE[..., 0].astype(np.int16), "signed pixels of 16 bits"),
        (NOISE.astype(np.float32), "float pixels of 32 bits"),
        (np.dstack([NOISE, NOISE]).astype(np.uint32), "32 bits"),
    ],
    ids=["int8", "int16 rgb", "int16", "float bands", "uint32 bands"],
)
def test_other_numbers_are_refused_and_never_wrapped(image: Pixels, kind: str) -> None:
    options = {"planarconfig": "contig"} if image.ndim == 3 else {}
    with pytest.raises(DecodeError, match=f"must hold 8 or 16 bits per channel, .*{kind}"):
        decode(by_tifffile(image, **options))


def test_several_pages_of_bands_are_refused_and_overviews_are_none() -> None:
    options: dict[str, Any] = {"photometric": "minisblack", "planarconfig": "contig", "metadata": None}
    file = io.BytesIO()
    bands = np.ascontiguousarray(BYTES[..., :5])
    with tifffile.TiffWriter(file) as writer:
        writer.write(bands, photometric="minisblack", planarconfig="contig", metadata=None)
        writer.write(
            bands[::2, ::2].copy(), photometric="minisblack", planarconfig="contig", metadata=None, subfiletype=1
        )
    np.testing.assert_array_equal(decode(file.getvalue()).image, bands)
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for _ in range(2):
            writer.write(bands, **options)
    with pytest.raises(DecodeError, match="holds 2 frames"):
        decode(file.getvalue())


@pytest.mark.parametrize("image", [BANDS, BYTES], ids=["16 bits", "8 bits"])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8])
def test_tiff_holds_any_bands_and_is_read_by_its_own_library(image: Pixels, count: int) -> None:
    bands = np.ascontiguousarray(image[..., :count])
    data = encode(bands, "tiff")
    assert data == encode(bands, "tiff")
    expected = bands[..., 0] if count == 1 else bands
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(data)), expected)
    np.testing.assert_array_equal(decode(data).image, expected)
    odd = bands[:5, :7]
    np.testing.assert_array_equal(decode(encode(odd, "tiff")).image, expected[:5, :7])


def test_tiff_keeps_alpha() -> None:
    data = encode(NOISE, "tiff", alpha=True)
    assert decode(data).alpha
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(data))), NOISE)


def test_auto_is_tiff_where_png_cannot_hold_it() -> None:
    assert encoding_for(SMOOTH) == "jpeg"
    assert encoding_for(NOISE, alpha=True) == encoding_for(DEEP[..., 0]) == "png"
    assert encoding_for(NOISE) == encoding_for(BYTES[..., :2]) == encoding_for(BANDS) == "tiff"
    with pytest.raises(SampleError, match=r"got 5\. Use tiff, or expand with --encoding auto"):
        encode(BYTES[..., :5], "png")


@pytest.mark.parametrize("kind", ["dicom", "heif", "avif", "tiff"])
def test_damaged_files_give_a_sentence_or_a_picture(kind: str) -> None:
    whole = {
        "dicom": dicom(STORED, BitsStored=12),
        "heif": heif(SMOOTH),
        "avif": save(PICTURE, "AVIF"),
        "tiff": by_tifffile(BYTES, planarconfig="contig", compression="lzw"),
    }[kind]
    random = np.random.default_rng(0)
    for _ in range(150):
        broken = bytearray(whole)
        reach = len(whole) if random.random() < 0.3 else min(len(whole), 600)
        for _ in range(random.integers(1, 4)):
            broken[random.integers(reach)] = random.integers(256)
        told = ""
        try:
            assert decode(bytes(broken)).image.dtype in (np.uint8, np.uint16)
        except DecodeError as fault:
            told = str(fault)
        assert "\n" not in told


def test_no_picture_of_a_folder_is_passed_over(tmp_path: Path) -> None:
    src = tmp_path / "src/a"
    src.mkdir(parents=True)
    files = {
        "0.dcm": dicom(STORED, BitsStored=12),
        "1.2.840.113619.2.55": dicom(STORED, BitsStored=12, RescaleIntercept=-1024),
        "IM000001": dicom(SMOOTH),
    }
    files |= {
        "2.heic": heif(SMOOTH),
        "3.avif": save(PICTURE, "AVIF"),
        "4.tif": by_tifffile(BYTES, planarconfig="contig"),
        "5.jp2": save(PICTURE, "JPEG2000"),
    }
    for name, data in files.items():
        (src / name).write_bytes(data)
    summary = done(src.parent, tmp_path / "out", 1, pipeline=ak.load("identity"), encoding="auto", max_rejected=1.0)
    assert summary.sources == 7
    assert [reason.partition(",")[0] for reason, _ in summary.reasons] == ["is JPEG 2000"]
    assert any(
        "1 picture may hold values below 0: 32,768 was added to all of its values." in note for note in summary.notes
    )
    made = {entry["source"]: tmp_path / "out" / entry["id"] for entry in lines(tmp_path / "out")}
    assert sorted(path.suffix for path in made.values()) == [".jpg", ".jpg", ".jpg", ".png", ".png", ".tif"]
    np.testing.assert_array_equal(decode(made["a/4.tif"].read_bytes()).image, BYTES)
    np.testing.assert_array_equal(decode(made["a/0.dcm"].read_bytes()).image, STORED)
    assert b"Doe" not in b"".join(path.read_bytes() for path in made.values())


def test_bands_are_augmented_by_all_but_steps_of_colour() -> None:
    pipeline = ak.Pipeline([ak.Rotate(), ak.Brightness(), ak.RandomCrop((16, 16))])
    out = pipeline(ak.Sample(decode(encode(BANDS, "tiff")).image), ak.Key(0, "x"))
    assert out.image.shape == (16, 16, BANDS.shape[2])


def test_bands_are_no_masks() -> None:
    with pytest.raises(DecodeError, match="got 5 channels"):
        decode_mask(encode(BYTES[..., :5], "tiff"))


@pytest.mark.parametrize("image", [SMOOTH, DEEP[..., :3], DEEP[..., 0]], ids=["rgb", "16-bit rgb", "16-bit grey"])
def test_overviews_of_a_common_tiff_are_no_frames(image: Pixels) -> None:
    file, image = io.BytesIO(), np.ascontiguousarray(image)
    kind = "rgb" if image.ndim == 3 else "minisblack"
    with tifffile.TiffWriter(file) as writer:
        writer.write(image, photometric=kind, metadata=None)
        for step in (2, 4):
            writer.write(np.ascontiguousarray(image[::step, ::step]), photometric=kind, metadata=None, subfiletype=1)
    np.testing.assert_array_equal(decode(file.getvalue()).image, image)
    assert probe(file.getvalue()).frames == 1
