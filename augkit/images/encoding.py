"""Turn pixels into bytes: the same pixels give the same bytes, without metadata."""

from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from augkit.core.arrays import Image as Pixels
from augkit.errors import ArgumentError, SampleError, closest
from augkit.images.tiff_writing import tiff_bytes

ENCODINGS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif"}
AUTO = "auto"  # the first of AUTO_ENCODINGS that can hold a picture
AUTO_ENCODINGS = ("jpeg", "png", "tiff")
# dtypes, channels, longest side; png comes back exactly, (H, W, 1) as (H, W); webp's grey and all-opaque RGBA as RGB
_CAN_HOLD: dict[str, tuple[tuple[str, ...], Sequence[int], int]] = {
    "jpeg": (("uint8",), (1, 3), 65_500),
    "png": (("uint8", "uint16"), (1, 3, 4), 1_000_000),
    "webp": (("uint8",), (1, 3, 4), 16_383),
    "tiff": (("uint8", "uint16"), range(1, 65_536), 1_000_000),  # any channels: RGB, alpha, bands of no colour
}


def encode(image: Pixels, encoding: str, quality: int = 90, alpha: bool = False) -> bytes:
    """Encode a picture without metadata; the same picture gives the same bytes.

    Args:
        image: (H, W) or (H, W, C), RGB order, uint8 or uint16.
        encoding: one of ENCODINGS, which gives the file extension; or ``auto``, see `encoding_for`.
        quality: 1 to 100, for jpeg and webp; png is lossless.
        alpha: whether the fourth channel is alpha; a fourth channel that is not cannot be stored.

    Raises:
        ArgumentError: the encoding is unknown or the quality out of range.
        SampleError: the encoding cannot hold this picture; the message names png if that can.
    """
    if encoding == AUTO:
        encoding = encoding_for(image, alpha)
    if encoding not in ENCODINGS:
        advice = closest(str(encoding), ENCODINGS)
        raise ArgumentError(f"must be {' or '.join(ENCODINGS)}, got {encoding!r}.{advice}", "encoding")
    if type(quality) is not int or not 1 <= quality <= 100:
        raise ArgumentError(f"must be a whole number from 1 to 100, got {quality!r}.", "quality")
    _check_fits(image, encoding, alpha)
    image = np.ascontiguousarray(image[..., 0] if image.shape[2:] == (1,) else image)
    if encoding == "jpeg":
        space, chroma = ("GRAY", "Gray") if image.ndim == 2 else ("RGB", "420")
        return bytes(simplejpeg.encode_jpeg(np.atleast_3d(image), quality, space, chroma))
    if encoding == "tiff":
        return tiff_bytes(image, alpha)
    if encoding == "png":  # by OpenCV: Pillow has no 16-bit colour and is five times slower
        swap = cv2.COLOR_RGBA2BGRA if alpha else cv2.COLOR_RGB2BGR
        return cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, swap))[1].tobytes()
    file = BytesIO()
    Image.fromarray(image).save(file, "WEBP", quality=quality, exact=True)  # exact: colour stays where alpha is 0
    return file.getvalue()


def encoding_for(image: Pixels, alpha: bool = False) -> str:
    """Return the encoding that ``auto`` stands for: JPEG where it can hold a picture, else PNG, else TIFF.

    Args:
        image: as `encode` takes it.
        alpha: whether the fourth channel is alpha.
    """
    return next((name for name in AUTO_ENCODINGS if not _misfit(image, name, alpha)), AUTO_ENCODINGS[-1])


def _check_fits(image: Pixels, encoding: str, alpha: bool) -> None:
    rule = _misfit(image, encoding, alpha)
    if rule:
        other = next((name for name in ("png", "tiff") if name != encoding and not _misfit(image, name, alpha)), "")
        advice = f"Use {other}, or expand with --encoding auto." if other else "Convert it first."
        raise SampleError(f"must {rule}. {advice}", "image")


def _told(counts: Sequence[int]) -> str:
    few = counts if len(counts) < 9 else (counts[0], f"up to {counts[-1]:,}")
    return " or ".join(map(str, few))


def _misfit(image: Pixels, encoding: str, alpha: bool) -> str:
    """Return the rule of an encoding that a picture breaks; nothing where it can hold it."""
    dtypes, counts, longest = _CAN_HOLD[encoding]
    channels = image.shape[2] if image.ndim == 3 else 1
    is_plain = image.ndim in (2, 3) and channels in (1, 3) and image.dtype == np.uint8 and not alpha
    if is_plain and image.size and max(image.shape) <= longest:
        return ""  # which all can hold
    dtype = image.dtype.name
    rules = (
        (image.ndim in (2, 3) and image.size > 0, f"have shape (H, W) or (H, W, C), got {image.shape}"),
        (dtype in dtypes, f"be {' or '.join(dtypes)} for {encoding}, got {dtype}"),
        (channels in counts, f"have {_told(counts)} channels for {encoding}, got {channels}"),
        (
            not alpha or channels in (2, 4) if encoding == "tiff" else alpha == (channels == 4),
            f"have 4 channels if and only if alpha is declared, got {channels}, {alpha}",
        ),
        (max(image.shape, default=0) <= longest, f"have sides up to {longest:,} for {encoding}, got {image.shape}"),
    )
    return next((rule for holds, rule in rules if not holds), "")
