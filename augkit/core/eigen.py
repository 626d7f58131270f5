"""Eigenvalues and eigenvectors of symmetric 3 x 3 matrices, to the same bits on every processor.

LAPACK's differ in their last bits from one processor to another; Jacobi's rotations, done here in Python's own numbers,
take square roots, sums, products and quotients in one order.

Reference: Golub and Van Loan, "Matrix computations", on the classical Jacobi method.
"""

import math

from augkit.core.spatial import IDENTITY, Matrix

SWEEPS = 32  # six or seven suffice
NEGLIGIBLE = 1e-40  # of the squares of what is beside the diagonal, as a share of all


def eigen_of_symmetric(matrix: Matrix) -> tuple[tuple[float, float, float], Matrix]:
    """Return eigenvalues, largest first, and eigenvectors of length 1, one a column, of a symmetric matrix.

    Of the two signs of an eigenvector the one whose largest component is positive is taken.

    >>> eigen_of_symmetric(((2.0, 1.0, 0.0), (1.0, 2.0, 0.0), (0.0, 0.0, 5.0)))[0]
    (5.0, 3.0, 1.0)
    """
    a, vectors = [list(row) for row in matrix], [list(row) for row in IDENTITY]
    everything = sum_of_squares = 0.0
    for row in a:
        for value in row:
            everything += value * value
    for _ in range(SWEEPS):
        sum_of_squares = a[0][1] * a[0][1] + a[0][2] * a[0][2] + a[1][2] * a[1][2]
        if sum_of_squares <= NEGLIGIBLE * everything:
            break
        for p, q in ((0, 1), (0, 2), (1, 2)):
            _rotate(a, vectors, p, q)
    order = sorted(range(3), key=lambda k: -a[k][k])
    columns = []
    for k in order:
        column = [vectors[row][k] for row in range(3)]
        largest = max(column, key=abs)
        columns.append([value if largest >= 0.0 else -value for value in column])
    first, second, third = columns
    values = (a[order[0]][order[0]], a[order[1]][order[1]], a[order[2]][order[2]])
    return values, tuple(zip(first, second, third, strict=True))  # type: ignore[return-value]  # three rows of three


def _rotate(a: list[list[float]], vectors: list[list[float]], p: int, q: int) -> None:
    """Turn the plane of two axes so that what is beside the diagonal there becomes 0."""
    if a[p][q] == 0.0:
        return
    theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q])
    tangent = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1.0))
    cosine = 1.0 / math.sqrt(tangent * tangent + 1.0)
    sine, change, r = tangent * cosine, tangent * a[p][q], 3 - p - q
    a[p][p] -= change
    a[q][q] += change
    a[p][q] = a[q][p] = 0.0
    with_p, with_q = a[r][p], a[r][q]
    a[r][p] = a[p][r] = cosine * with_p - sine * with_q
    a[r][q] = a[q][r] = sine * with_p + cosine * with_q
    for row in vectors:
        row[p], row[q] = cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]
