"""Matrix products whose last bits do not depend on how many threads the BLAS below NumPy may use."""

import numpy as np

from augkit.core.arrays import Array

# OpenBLAS shares a product among threads above 2**18 multiplications (9 * 2**10 where a matrix meets a vector), and
# rounds differently at the seams. Parts of less than twice this size are left to one thread.
MULTIPLICATIONS = 2**17
MULTIPLICATIONS_BY_A_VECTOR = 2**12
ROWS = 8  # a part has a multiple of so many: what is left over takes BLAS as long as a whole block


def matmul(left: Array, right: Array, out: Array | None = None) -> Array:
    """Return (m, k) times (k, n), of one dtype, in parts that one thread does; written to `out` (m, n) if given."""
    (height, inner), width = left.shape, right.shape[1]
    made = np.empty((height, width), left.dtype) if out is None else out
    size = MULTIPLICATIONS_BY_A_VECTOR if 1 in (height, width) else MULTIPLICATIONS
    if height * inner * width <= size:
        return np.matmul(left, right, out=made)
    most = max(1, size // (ROWS * inner))
    for start in range(0, width, most):
        columns, target = right[:, start : start + most], made[:, start : start + most]
        rows = min(height, size // (columns.shape[1] * inner) // ROWS * ROWS or ROWS)
        first = rows + height % rows  # no part is a single row, which would meet the columns as a vector
        np.matmul(left[:first], columns, out=target[:first])
        if first < height:  # NumPy does a stack of equal parts in one call
            stack = left[first:].reshape(-1, rows, inner)
            np.matmul(stack, columns, out=target[first:].reshape(-1, rows, columns.shape[1]))
    return made
