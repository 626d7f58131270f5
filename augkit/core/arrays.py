"""Names for arrays, labels and JSON: what the types in signatures mean, said once.

The shape stands in the name's comment, and in the docstring of whatever takes or returns one.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # of any shape and dtype
Image: TypeAlias = NDArray[Any]  # (H, W) or (H, W, C); uint8, uint16 or float32 in a `Sample`, other dtypes on the way
Mask: TypeAlias = NDArray[Any]  # (H, W) or (H, W, M) of class numbers, any integer dtype or bool
Reals: TypeAlias = NDArray[np.float64]  # of any shape
Floats: TypeAlias = NDArray[np.float32]  # of any shape
Points: TypeAlias = NDArray[np.float64]  # (..., 2) of x, y in pixels
Rows: TypeAlias = NDArray[np.float64]  # (n, k): boxes (n, 4), rotated boxes (n, 5), eigenvectors ...
Flags: TypeAlias = NDArray[np.bool_]  # of any shape
Indices: TypeAlias = NDArray[np.intp]  # places in other arrays
Dtype: TypeAlias = np.dtype[Any]

Json: TypeAlias = Any  # what `json` reads and writes: None, bool, int, float, str, lists and dictionaries of these
JsonObject: TypeAlias = dict[str, Any]  # one JSON object
Label: TypeAlias = Any  # of a picture or a box: any JSON value, such as a class name, several, a number
Labels: TypeAlias = Sequence[Any] | NDArray[Any]  # one label a box, a line, ...
