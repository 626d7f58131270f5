"""Pictures as the library takes them: each row in one piece, whatever lies between the rows."""

import numpy as np

from augkit.core.arrays import Image
from augkit.core.tonal import channels_of


def in_rows(image: Image) -> Image:
    """Return the picture (H, W) or (H, W, C), copied where its rows are not in one piece each."""
    pixel = image.itemsize * channels_of(image)
    whole = image.strides[1] == pixel and (image.ndim == 2 or image.strides[2] == image.itemsize)
    return image if whole else np.ascontiguousarray(image)
