"""Turn pixels into bytes: the same pixels give the same bytes, without metadata."""

from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from augkit.core.arrays import Image as Pixels
from augkit.errors import ArgumentError, SampleError, closest

ENCODINGS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
# dtypes, channels, longest side; png comes back exactly, (H, W, 1) as (H, W); webp's grey and all-opaque RGBA as RGB
_CAN_HOLD: dict[str, tuple[tuple[str, ...], tuple[int, ...], int]] = {
    "jpeg": (("uint8",), (1, 3), 65_500),
    "png": (("uint8", "uint16"), (1, 3, 4), 1_000_000),
    "webp": (("uint8",), (1, 3, 4), 16_383),
}


def encode(image: Pixels, encoding: str, quality: int = 90, alpha: bool = False) -> bytes:
    """Encode a picture without metadata; the same picture gives the same bytes.

    Args:
        image: (H, W) or (H, W, C), RGB order, uint8 or uint16.
        encoding: one of ENCODINGS, which gives the file extension.
        quality: 1 to 100, for jpeg and webp; png is lossless.
        alpha: whether the fourth channel is alpha; a fourth channel that is not cannot be stored.

    Raises:
        ArgumentError: the encoding is unknown or the quality out of range.
        SampleError: the encoding cannot hold this picture; the message names png if that can.
    """
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
    if encoding == "png":  # by OpenCV: Pillow has no 16-bit colour and is five times slower
        swap = cv2.COLOR_RGBA2BGRA if alpha else cv2.COLOR_RGB2BGR
        return cv2.imencode(".png", image if image.ndim == 2 else cv2.cvtColor(image, swap))[1].tobytes()
    file = BytesIO()
    Image.fromarray(image).save(file, "WEBP", quality=quality, exact=True)  # exact: colour stays where alpha is 0
    return file.getvalue()


def _check_fits(image: Pixels, encoding: str, alpha: bool) -> None:
    dtypes, counts, longest = _CAN_HOLD[encoding]
    dtype, channels = image.dtype.name, image.shape[2] if image.ndim == 3 else 1
    rules = (
        (image.ndim in (2, 3) and image.size > 0, f"have shape (H, W) or (H, W, C), got {image.shape}"),
        (dtype in dtypes, f"be {' or '.join(dtypes)} for {encoding}, got {dtype}"),
        (channels in counts, f"have {' or '.join(map(str, counts))} channels for {encoding}, got {channels}"),
        (alpha == (channels == 4), f"have 4 channels if and only if alpha is declared, got {channels}, {alpha}"),
        (max(image.shape, default=0) <= longest, f"have sides up to {longest:,} for {encoding}, got {image.shape}"),
    )
    png_can = encoding != "png" and dtype in _CAN_HOLD["png"][0] and channels in _CAN_HOLD["png"][1]
    for holds, rule in rules:
        if not holds:
            raise SampleError(f"must {rule}. {'Use png.' if png_can else 'Convert it first.'}", "image")
