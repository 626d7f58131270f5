"""DICOM files, by pydicom: one frame of grey or colour, as the modality's own values.

- Grey is slope x stored + intercept, whole numbers; a window is not applied, since it shows a part only. MONOCHROME1,
  where 0 is white, is turned about within the range of its bits.
- Where header and rescaling allow values below 0 (Hounsfield units do), 32,768 is added to all, so that uint16 holds
  what int16 does: whether it is added never depends on the pixels, so pictures of one device compare.
- Colour comes as RGB, from YBR and palettes too.

References: DICOM PS3.3, C.7.6.3 (image pixel) and C.11.1 (modality LUT); PS3.10 for files.
"""

from io import BytesIO
from typing import Any

import numpy as np

from augkit.core.arrays import Array
from augkit.errors import DecodeError
from augkit.images.extras import needed
from augkit.images.header import Header, hushed
from augkit.images.stored import Stored

SHIFT = 32_768  # makes uint16 of int16
_DEFLATED = b"1.2.840.10008.1.2.1.99"  # the transfer syntax that unpacks the whole file at once, whatever its size
_META_BYTES = 4096
_PLUGINS = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"


def dicom_header(data: bytes) -> Header:
    """Return the header of a DICOM file.

    Raises:
        DecodeError: it holds no picture, several frames or too many pixels, or pydicom is not installed.
    """
    return _header(_read(data, is_header=True))


def decode_dicom(data: bytes) -> Stored:
    """Decode a DICOM file.

    Raises:
        DecodeError: as `dicom_header`; or its values do not go into 16 bits, or pydicom cannot unpack it here.
    """
    _header(_read(data, is_header=True))
    known = _read(data, is_header=False)
    pixels = needed("pydicom.pixels", "dicom", "a DICOM picture")
    syntax = known.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not pixels.get_decoder(syntax).is_available:
        raise DecodeError(f"is compressed as {syntax.name}, which pydicom cannot unpack here. Run: {_PLUGINS}.")
    with hushed():
        stored: Array = pixels.pixel_array(known, raw=False)
        kind = str(known.PhotometricInterpretation)
        if kind == "PALETTE COLOR":
            stored = pixels.apply_color_lut(stored, known)
    if stored.ndim == 3:
        if stored.dtype not in (np.uint8, np.uint16) or stored.shape[2] != 3:
            raise DecodeError(f"must hold RGB of 8 or 16 bits, got {stored.dtype} {stored.shape}. Convert it first.")
        return Stored(np.ascontiguousarray(stored), None, None, "RGB")
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise DecodeError(f"must hold grey or RGB, got {kind}. Convert it first.")
    image, is_shifted = _values(stored, known, is_inverted=kind == "MONOCHROME1")
    return Stored(image, None, None, "L", shifted=is_shifted)


def _read(data: bytes, is_header: bool) -> Any:
    if _DEFLATED in data[:_META_BYTES]:
        raise DecodeError("is deflated as a whole, which is not read. Convert it first, with dcmconv +te.")
    pydicom = needed("pydicom", "dicom", "a DICOM picture")
    with hushed():
        return pydicom.dcmread(BytesIO(data), stop_before_pixels=is_header)


def _header(known: Any) -> Header:
    if "Rows" not in known or "Columns" not in known:
        kind = known.file_meta.get("MediaStorageSOPClassUID", "")
        raise DecodeError(f"holds no picture ({getattr(kind, 'name', '') or 'unknown'}). Take it out of the folder.")
    frames, samples = int(known.get("NumberOfFrames", None) or 1), int(known.get("SamplesPerPixel", 1))
    return Header("dicom", int(known.Rows), int(known.Columns), samples, frames)


def _values(stored: Array, known: Any, is_inverted: bool) -> tuple[Array, bool]:
    """Return a grey picture's values, and whether they were shifted."""
    if "ModalityLUTSequence" in known:
        raise DecodeError("tells its values by a table (Modality LUT), which is not applied. Convert it first.")
    slope, intercept = float(known.get("RescaleSlope", None) or 1), float(known.get("RescaleIntercept", None) or 0)
    if not (slope.is_integer() and intercept.is_integer()):
        told = f"slope {slope:g} and intercept {intercept:g}"
        raise DecodeError(f"must have whole numbers as values, got the rescaling of {told}. Convert it first.")
    bits, is_signed = int(known.BitsStored), int(known.get("PixelRepresentation", 0)) == 1
    least = -(1 << bits - 1) if is_signed else 0
    low, high = sorted(slope * end + intercept for end in (least, least + (1 << bits) - 1))
    values = stored.astype(np.int64)
    if not is_signed:
        values &= (1 << bits) - 1  # old files keep overlays in the bits above
    values = values * int(slope) + int(intercept)
    values = int(low + high) - values if is_inverted else values
    shift = SHIFT if low < 0 else 0
    if values.min() + shift < 0 or values.max() + shift > 65_535:
        raise DecodeError(
            f"must have values that 16 bits hold, got {values.min()} to {values.max()}. Convert it first."
        )
    is_small = int(known.BitsAllocated) <= 8 and shift == 0 and high <= 255
    return (values + shift).astype(np.uint8 if is_small else np.uint16), shift != 0
