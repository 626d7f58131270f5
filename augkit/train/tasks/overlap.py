"""Overlap of answered and true areas: what is measured of class numbers, pixel by pixel.

Every picture leaves its confusions, and nothing else of its pixels: how many of each class were said to be of which. So
it is known of each class how many are of it, were said to be, and both. A class's intersection over union (IoU) is of
the sums over all pictures, as Pascal VOC, Cityscapes and ADE20K measure it; what is ignored counts nowhere.

Reference: Everingham, Van Gool, Williams, Winn and Zisserman, "The Pascal visual object classes challenge", IJCV 2010.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Mask, Reals
from augkit.errors import SampleError

TRUE, SAID, BOTH = 0, 1, 2  # the places of the three counts


def confusion(truth: Mask, said: Mask, classes: int) -> NDArray[np.int64]:
    """Return how many pixels of each class (rows) were said to be of which (columns), (k, k).

    Args:
        truth: the places of classes (H, W), from 0; what is greater is ignored.
        said: so too, all from 0 to below `classes`.
        classes: how many there are.

    Raises:
        SampleError: the shapes do not fit.
    """
    if truth.shape != said.shape:
        raise SampleError(f"must have the truth's shape {truth.shape}, got {said.shape}.", "confusion.said")
    is_counted = truth < classes
    pairs = truth[is_counted].astype(np.int64) * classes + said[is_counted]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True, eq=False)
class Overlap:
    """What answers and truths have in common, of the confusions (n, k, k) of pictures.

    Raises:
        SampleError: they are no squares.
    """

    confusions: NDArray[np.integer]  # truths are rows

    def __post_init__(self) -> None:
        if self.confusions.ndim != 3 or self.confusions.shape[1] != self.confusions.shape[2]:
            raise SampleError(f"must have shape (n, k, k), got {self.confusions.shape}.", "Overlap.confusions")

    @cached_attribute
    def counts(self) -> NDArray[np.int64]:
        """Pixels of each picture and class that are true, said and both (n, k, 3)."""
        both = self.confusions.diagonal(axis1=1, axis2=2)
        return np.stack([self.confusions.sum(axis=2), self.confusions.sum(axis=1), both], axis=2).astype(np.int64)

    @property
    def ious(self) -> Reals:
        """The IoU of each class (k,), NaN of one that is neither true nor said anywhere."""
        return ious_of(self.counts.sum(axis=0))

    @property
    def mean_iou(self) -> float | None:
        """The mean over the classes that are true or said somewhere; None where no pixel counts."""
        return mean_of_known(self.ious)

    @property
    def right(self) -> float | None:
        """The part of pixels that are right; None where none counts."""
        true, _, both = self.counts.sum(axis=(0, 1))
        return float(both / true) if true else None

    def at(self, places: NDArray[np.int64]) -> float | None:
        """Return the mean IoU of some of the pictures, one as often as it is named."""
        return mean_of_known(ious_of(self.counts[places].sum(axis=0)))

    def each(self) -> Reals:
        """Return the mean IoU of each picture (n,) by itself, over the classes in it; 1 where no pixel counts."""
        ious = ious_of(self.counts)
        is_known = ~np.isnan(ious)
        found: Reals = np.where(is_known, ious, 0.0).sum(axis=1) / np.maximum(is_known.sum(axis=1), 1)
        return np.where(is_known.any(axis=1), found, 1.0)

    def confused(self) -> list[tuple[int, int, int]]:
        """Return which classes are taken for which: truth, answer and pixels, the most first."""
        total = self.confusions.sum(axis=0)
        wrong = total - np.diag(total.diagonal())
        order = np.argsort(-wrong, axis=None, kind="stable")
        pairs = [divmod(int(place), len(wrong)) for place in order]
        return [(truth, said, int(wrong[truth, said])) for truth, said in pairs if wrong[truth, said]]


def ious_of(counts: NDArray[np.int64]) -> Reals:
    """Return IoUs (..., k) of counts (..., k, 3), NaN where nothing is true or said."""
    both = counts[..., BOTH]
    union = counts[..., TRUE] + counts[..., SAID] - both
    found: Reals = np.divide(both, union, out=np.full(both.shape, np.nan), where=union > 0)
    return found


def mean_of_known(values: Reals) -> float | None:
    """Return the mean of what is no NaN, or None where all is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
