"""Mosaics: four samples in one, with everything that they carry."""

import math
from collections.abc import Sequence
from typing import final

import numpy as np

from augkit.core.arrays import Array, Floats, Points
from augkit.core.fuse import fuse
from augkit.core.key import Stream
from augkit.core.ops import Homography
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size, translation
from augkit.core.tonal import channels_of
from augkit.core.validation import is_size
from augkit.errors import ArgumentError, SampleError
from augkit.executors import run
from augkit.loader.augmented import Samples
from augkit.loader.mixing import Mixing, soft_label
from augkit.loader.sampler import whole
from augkit.targets.sample import Sample
from augkit.targets.target import PixelTarget, PointTarget, Target

MARGIN = 0.25  # of each side, that the common corner keeps away from the edges


class Mosaic(Mixing):
    """Lay four pictures around a common corner, each with its own corner there, and cut them to one size.

    The corner is uniform over the middle half of each side, at whole pixels, so no picture is resampled. Boxes,
    polygons, masks and keypoints come along, and boxes are dropped where too little of them is left. What a picture is
    too small for shows the fill. With `classes` labels come out as float32 vectors, each picture's class by its share
    of the area; without, as None.

    Args:
        dataset: `Augmented`, or one that mixes its samples.
        size: (height, width) of what comes out, each at least 4.
        fill: where there is no picture, in its own units: one number, or one a channel.
        mask_fill: likewise in masks.
        min_visible: boxes are dropped when less than this fraction of their area is left, 0 to 1.
        classes: how many classes there are; None where the pictures have none.
        chance: of a sample to be mixed, 0 to 1; else it comes as it is, of its own size.

    Raises:
        ArgumentError: an argument is not what it must be.

    Reference: Bochkovskiy, Wang and Liao, "YOLOv4: optimal speed and accuracy of object detection", 2020.

    >>> from augkit.loader import Augmented
    >>> samples = [Sample(np.zeros((24, 32, 3), np.uint8), boxes=[[2, 3, 30, 20]], box_labels=[n]) for n in range(4)]
    >>> item = Mosaic(Augmented(samples, "identity"), size=(40, 40))[0]
    >>> item["image"].shape, item["boxes"].shape[1]
    (torch.Size([3, 40, 40]), 4)
    """

    def __init__(
        self,
        dataset: Samples,
        size: Size,
        fill: float | Sequence[float] = 0,
        mask_fill: int = 0,
        min_visible: float = 0.1,
        classes: int | None = None,
        chance: float = 1.0,
    ) -> None:
        super().__init__(dataset, 3, chance)
        if not is_size(size) or min(size) < 4:
            raise ArgumentError(f"must be (height, width), each at least 4, got {size!r:.60}.", "Mosaic.size")
        fills = tuple(fill) if isinstance(fill, Sequence) else fill
        try:
            self.policy = SamplingOptions("constant", fills, mask_fill, min_visible=min_visible)
        except ArgumentError as error:
            raise ArgumentError(error.message, f"Mosaic.{error.where.rpartition('.')[2]}") from None
        self.size = (int(size[0]), int(size[1]))
        self.count = None if classes is None else whole(classes, "Mosaic.classes", 1)

    @final
    def mix(self, samples: Sequence[Sample], stream: Stream) -> Sample:
        first = samples[0]
        if len(samples) == 1:
            return first if self.count is None else first.changed(label=soft_label(first.label, self.count))
        for sample in samples:
            _require_alike(first, sample)
        y, x = (_between(stream, side) for side in self.size)
        parts = [self._part(sample, place, (y, x)) for place, sample in enumerate(samples)]
        offsets = [np.array(offset, np.float64) for offset in ((0, 0), (x, 0), (0, y), (x, y))]
        label = None if self.count is None else self._label(parts, self.count)
        made = first.changed(image=_tiled([part.image for part in parts]), label=label)
        for several in zip(*(part.targets.values() for part in parts), strict=True):
            made = made.changed(**vars(_joined(several, offsets)))
        return made

    def _part(self, sample: Sample, place: int, corner: Size) -> Sample:
        """Return the part of a sample that a quarter shows: 0 and 1 above the corner, 0 and 2 left of it."""
        (height, width), (y, x) = sample.image.shape[:2], corner
        is_above, is_left = place < 2, place % 2 == 0
        size = (y if is_above else self.size[0] - y, x if is_left else self.size[1] - x)
        shift = translation(x - width if is_left else 0, y - height if is_above else 0)
        return run(fuse([Homography(shift, size)], (height, width), self.policy), sample)

    def _label(self, parts: Sequence[Sample], classes: int) -> Floats:
        shares = [part.image[..., :1].size / np.prod(self.size) for part in parts]
        labels = [soft_label(part.label, classes) for part in parts]
        return np.average(labels, axis=0, weights=shares).astype(np.float32)


def _between(stream: Stream, side: int) -> int:
    """Draw a whole number from the middle half of a side, both ends included."""
    low, high = math.ceil(side * MARGIN), math.floor(side * (1.0 - MARGIN))
    return low + stream.integers(high - low + 1)


def _tiled(arrays: Sequence[Array]) -> Array:
    """Return four arrays as one: the first two above, the others below."""
    rows = [np.concatenate(arrays[:2], axis=1), np.concatenate(arrays[2:], axis=1)]
    return np.concatenate(rows, axis=0)


def _joined(parts: Sequence[Target], offsets: Sequence[Points]) -> Target:
    """Return what four parts carry of one kind, each moved by its part's offset (x, y)."""
    first = parts[0]
    if isinstance(first, PixelTarget):
        planes = [part.planes() for part in parts if isinstance(part, PixelTarget)]
        return first.with_planes({place: _tiled([plane[place] for plane in planes]) for place in planes[0]})
    points = [part for part in parts if isinstance(part, PointTarget)]
    shifted = [part.at([outline + by for outline in part.outlines()]) for part, by in zip(points, offsets, strict=True)]
    return type(shifted[0]).joined(shifted)


def _require_alike(first: Sample, sample: Sample) -> None:
    """Refuse samples that carry different things, or whose pixels differ in kind.

    Raises:
        SampleError: they do.
    """
    one, other = (_kinds(each) for each in (first, sample))
    if one != other:
        raise SampleError(f"must carry the same in a mosaic, got {one} and {other}.", "sample")


def _kinds(sample: Sample) -> str:
    """Return what a sample carries, in words."""
    told = [f"{sample.image.dtype} of {channels_of(sample.image)} channels"]
    for target in sample.targets.values():
        if isinstance(target, PixelTarget):
            for (keyword, name), array in sorted(target.planes().items(), key=lambda plane: plane[0]):
                told.append(f"{keyword}{f' {name!r}' * bool(name)} of {array.dtype}, {channels_of(array)}")
        elif isinstance(target, PointTarget):
            told += [target.name, *([target.labelled] if target.is_labelled else [])]
    return " ".join(told)
