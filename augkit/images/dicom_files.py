"""DICOM files, by pydicom: one frame of grey or colour, as the modality's own values.

- Grey is slope x stored + intercept, whole numbers; a window is not applied, since it shows a part only. MONOCHROME1,
  where 0 is white, is turned about within the range of its bits.
- Where header and rescaling allow values below 0 (Hounsfield units do), 32,768 is added to all, so that uint16 holds
  what int16 does: whether it is added never depends on the pixels, so pictures of one device compare.
- Colour comes as RGB, from YBR and palettes too.

References: DICOM PS3.3, C.7.6.3 (image pixel) and C.11.1 (modality LUT); PS3.10 for files.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np

from augkit.core.arrays import Array
from augkit.errors import DecodeError
from augkit.images.extras import needed
from augkit.images.header import Header, hushed, require_bytes
from augkit.images.stored import Stored

BAND_ROWS = 256  # that are held as wider numbers at a time
SHIFT = 32_768  # makes uint16 of int16
_DEFLATED = b"1.2.840.10008.1.2.1.99"  # the transfer syntax that unpacks the whole file at once, whatever its size
_YBR = ("YBR_FULL", "YBR_FULL_422")  # which come out alike, their samples as many as the pixels
_META_BYTES = 4096
_PLUGINS = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"


def dicom_header(data: bytes) -> Header:
    """Return the header of a DICOM file.

    Raises:
        DecodeError: it holds no picture, several frames or too many pixels, or pydicom is not installed.
    """
    return _header(_read(data, is_header=True), data)


def decode_dicom(data: bytes) -> Stored:
    """Decode a DICOM file.

    Raises:
        DecodeError: as `dicom_header`; or its values do not go into 16 bits, or pydicom cannot unpack it here.
    """
    _header(_read(data, is_header=True), data)
    known = _read(data, is_header=False)
    pixels = needed("pydicom.pixels", "dicom", "a DICOM picture")
    syntax = known.file_meta.TransferSyntaxUID
    decoder = pixels.get_decoder(syntax)
    if syntax.is_compressed and not decoder.is_available:
        raise DecodeError(f"is compressed as {syntax.name}, which pydicom cannot unpack here. Run: {_PLUGINS}.")
    with hushed():
        stored: Array
        stored, told = decoder.as_array(known, raw=True)
        kind = str(known.PhotometricInterpretation)
        if told["photometric_interpretation"] in _YBR:
            stored = _by_bands(stored, lambda band: pixels.convert_color_space(band, _YBR[0], "RGB"))
        if kind == "PALETTE COLOR":
            stored = _by_bands(stored, lambda band: pixels.apply_color_lut(band, known))
    if stored.ndim == 3:
        if stored.dtype not in (np.uint8, np.uint16) or stored.shape[2] != 3:
            raise DecodeError(f"must hold RGB of 8 or 16 bits, got {stored.dtype} {stored.shape}. Convert it first.")
        return Stored(np.ascontiguousarray(stored), None, None, "RGB")
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise DecodeError(f"must hold grey or RGB, got {kind}. Convert it first.")
    image, is_shifted = _values(stored, known, is_inverted=kind == "MONOCHROME1")
    return Stored(image, None, None, "L", shifted=is_shifted)


def _by_bands(stored: Array, change: Callable[[Array], Array]) -> Array:
    """Return what becomes of pixels, a band of rows at a time: pydicom makes real numbers of them."""
    first = change(stored[:BAND_ROWS])
    made: Array = np.empty((len(stored), *first.shape[1:]), first.dtype)
    made[:BAND_ROWS] = first
    for top in range(BAND_ROWS, len(stored), BAND_ROWS):
        made[top : top + BAND_ROWS] = change(stored[top : top + BAND_ROWS])
    return made


def _read(data: bytes, is_header: bool) -> Any:
    if _DEFLATED in data[:_META_BYTES]:
        raise DecodeError("is deflated as a whole, which is not read. Convert it first, with dcmconv +te.")
    pydicom = needed("pydicom", "dicom", "a DICOM picture")
    with hushed():
        return pydicom.dcmread(BytesIO(data), stop_before_pixels=is_header)


def _header(known: Any, data: bytes) -> Header:
    if "Rows" not in known or "Columns" not in known:
        kind = known.file_meta.get("MediaStorageSOPClassUID", "")
        raise DecodeError(f"holds no picture ({getattr(kind, 'name', '') or 'unknown'}). Take it out of the folder.")
    frames, samples = int(known.get("NumberOfFrames", None) or 1), int(known.get("SamplesPerPixel", 1))
    header = Header("dicom", int(known.Rows), int(known.Columns), samples, frames)
    bits, is_palette = known.get("BitsAllocated", 8), known.get("PhotometricInterpretation") == "PALETTE COLOR"
    if is_palette:
        samples, bits = 3, max(bits, known.get("RedPaletteColorLookupTableDescriptor", (0, 0, 16))[2])
    require_bytes((header.height, header.width), samples, -(-int(bits) // 8), len(data))
    return header


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
    shift = SHIFT if low < 0 else 0
    is_small = int(known.BitsAllocated) <= 8 and shift == 0 and high <= 255
    made = np.empty(stored.shape, np.uint8 if is_small else np.uint16)
    ends = list[int]()
    for top in range(0, len(stored), BAND_ROWS):  # whole numbers of 64 bits of all pixels would take much memory
        values = stored[top : top + BAND_ROWS].astype(np.int64)
        if not is_signed:
            values &= (1 << bits) - 1  # old files keep overlays in the bits above
        values = values * int(slope) + int(intercept)
        values = int(low + high) - values if is_inverted else values
        ends += int(values.min()), int(values.max())
        made[top : top + BAND_ROWS] = values + shift
    if min(ends) + shift < 0 or max(ends) + shift > 65_535:
        raise DecodeError(f"must have values that 16 bits hold, got {min(ends)} to {max(ends)}. Convert it first.")
    return made, shift != 0
