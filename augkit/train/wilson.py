"""Wilson's interval of a share, such as the part of pictures that were answered right."""

import math
from statistics import NormalDist

LEVEL = 0.95  # of intervals
FEW = 10  # pictures of a class: with fewer, one of them moves its share by more than ten points


def wilson(right: int, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval that holds the true share with `level`, of `right` out of `count`, 1 or more.

    Reference: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.

    >>> tuple(round(end, 3) for end in wilson(0, 3))
    (0.0, 0.561)
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, shrunk = right / count, 1 + z * z / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = (middle - half) / shrunk, (middle + half) / shrunk
    return (0.0 if right == 0 else low), (1.0 if right == count else high)
