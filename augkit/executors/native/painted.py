"""Rectangles painted over by the native executor: only the noise that shows is drawn."""

import numpy as np

from augkit import compiled
from augkit.core.arrays import Image
from augkit.core.key import Stream
from augkit.core.ops import Erase
from augkit.executors.executor import Sampling, implements
from augkit.executors.kernels.degrade_kernels import erase


@implements(Erase, "native")
def painted(image: Image, op: Erase, how: Sampling) -> Image:
    """Return the picture with rectangles painted over."""
    library = compiled.library
    if library is None or not isinstance(op.fill, str):
        return erase(image, op, how)
    out = np.array(image, order="C")
    library.grain(out, Stream.from_name(op.fill).state, np.array(op.rectangles, np.int64).reshape(-1))
    return out
