"""Four samples into one: Mosaic, for boxes, masks, polygons and keypoints too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from augkit.core.channels import channels_of
from augkit.core.facts import is_size
from augkit.core.fuse import fuse
from augkit.core.key import Stream
from augkit.core.ops import Homography
from augkit.core.policy import Policy
from augkit.core.spatial import Size, translation
from augkit.errors import ArgumentError, SampleError
from augkit.executors import run
from augkit.loader.augmented import Samples
from augkit.loader.mixing import Mixing, soft_label
from augkit.loader.sampler import whole
from augkit.targets.coordinates import Polygon
from augkit.targets.sample import Sample

__all__ = ["Mosaic"]

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
            self.policy = Policy("constant", fills, mask_fill, min_visible=min_visible)
        except ArgumentError as error:
            raise ArgumentError(error.message, f"Mosaic.{error.where}") from None
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
        offsets = ((0, 0), (x, 0), (0, y), (x, y))
        mask = None if first.mask is None else _tiled([part.mask for part in parts])
        named: dict[str, Any] = {"masks": None, "images": None}
        for kind in named:
            if getattr(first, kind) is not None:
                named[kind] = {
                    name: _tiled([getattr(part, kind)[name] for part in parts]) for name in getattr(first, kind)
                }
        label = None if self.count is None else self._label(parts, self.count)
        return first.changed(
            image=_tiled([part.image for part in parts]), mask=mask, label=label, **named, **_labels(parts, offsets)
        )

    def _part(self, sample: Sample, place: int, corner: Size) -> Sample:
        """Return the part of a sample that a quarter shows: 0 and 1 above the corner, 0 and 2 left of it."""
        (height, width), (y, x) = sample.image.shape[:2], corner
        is_above, is_left = place < 2, place % 2 == 0
        size = (y if is_above else self.size[0] - y, x if is_left else self.size[1] - x)
        shift = translation(x - width if is_left else 0, y - height if is_above else 0)
        return run(fuse([Homography(shift, size)], (height, width), self.policy), sample)

    def _label(self, parts: Sequence[Sample], classes: int) -> NDArray[np.float32]:
        shares = [part.image[..., :1].size / np.prod(self.size) for part in parts]
        labels = [soft_label(part.label, classes) for part in parts]
        return np.average(labels, axis=0, weights=shares).astype(np.float32)


def _between(stream: Stream, side: int) -> int:
    """Draw a whole number from the middle half of a side, both ends included."""
    low, high = math.ceil(side * MARGIN), math.floor(side * (1.0 - MARGIN))
    return low + stream.integers(high - low + 1)


def _tiled(arrays: Sequence[Any]) -> NDArray[Any]:
    """Return four arrays as one: the first two above, the others below."""
    rows = [np.concatenate(arrays[:2], axis=1), np.concatenate(arrays[2:], axis=1)]
    return np.concatenate(rows, axis=0)


def _labels(parts: Sequence[Any], offsets: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Return all labels that have no pixels, each moved by its part's offset (x, y)."""
    first, shifts = parts[0], [np.array(offset, np.float64) for offset in offsets]
    moved: dict[str, Any] = {}
    if first.boxes is not None:
        moved["boxes"] = np.concatenate([part.boxes + np.tile(s, 2) for part, s in zip(parts, shifts, strict=True)])
    if first.box_labels is not None:
        moved["box_labels"] = [label for part in parts for label in part.box_labels or ()]
    if first.polygons is not None:
        pairs = zip(parts, shifts, strict=True)
        moved["polygons"] = [_shifted(polygon, shift) for part, shift in pairs for polygon in part.polygons or ()]
    if first.keypoints is not None:
        moved["keypoints"] = np.concatenate([part.keypoints + s for part, s in zip(parts, shifts, strict=True)])
        moved["keypoint_visible"] = np.concatenate([part.keypoint_visible for part in parts])
        counts = (part.keypoint_counts or [len(part.keypoints)] for part in parts)
        moved["keypoint_counts"] = [count for several in counts for count in several]
    if first.polylines is not None:
        pairs = zip(parts, shifts, strict=True)
        moved["polylines"] = [line + shift for part, shift in pairs for line in part.polylines or ()]
    if first.rotated_boxes is not None:
        pairs = zip(parts, shifts, strict=True)
        moved["rotated_boxes"] = np.concatenate([part.rotated_boxes + np.pad(shift, (0, 3)) for part, shift in pairs])
    for name in ("polyline_labels", "rotated_box_labels"):
        if getattr(first, name) is not None:
            moved[name] = [label for part in parts for label in getattr(part, name)]
    return moved


def _shifted(polygon: Polygon, shift: NDArray[np.float64]) -> Polygon:
    return [ring + shift for ring in polygon] if isinstance(polygon, list) else polygon + shift


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
    image = f"{sample.image.dtype} of {channels_of(sample.image)} channels"
    mask = "" if sample.mask is None else f" mask of {sample.mask.dtype}, {channels_of(sample.mask)}"
    names = (
        *("boxes", "box_labels", "polygons", "keypoints"),
        *("polylines", "polyline_labels", "rotated_boxes", "rotated_box_labels"),
    )
    for kind in ("masks", "images"):
        for name, array in sorted((getattr(sample, kind) or {}).items()):
            mask += f" {kind} {name!r} of {array.dtype}, {channels_of(array)}"
    return image + mask + "".join(f" {name}" for name in names if getattr(sample, name) is not None)
