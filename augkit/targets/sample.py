"""Samples: pictures with everything that moves with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from augkit.core.arrays import Array, Image, Label, Labels, Mask, Points, Rows
from augkit.errors import closest
from augkit.targets.carried import targets_of
from augkit.targets.further_images import require_image
from augkit.targets.rows import Polygon, refuse
from augkit.targets.target import Target, owners


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Sample:
    """A picture and everything that moves with it.

    Each kind of label is a target of its own, in a file of `augkit.targets`, and the keywords below are how they are
    written and read here. Those of kinds that came later are taken too, and are None where they are not given.

    Args:
        image: RGB, (H, W) or (H, W, C) with any C; uint8, uint16, or float32 in [0, 1].
        mask: (H, W) or (H, W, M) class numbers, any integer dtype or bool.
        boxes: (n, 4) of left, top, right, bottom in pixels, left < right and top < bottom.
        box_labels: n labels of any kind.
        polygons: n entries, one a box where there are boxes: each an (m, 2) array of x, y, or a list of such arrays.
        keypoints: (k, 2) of x, y in pixels.
        keypoint_visible: (k,) bool, or COCO's 0, 1, 2; False or 0 is set where a point leaves the picture.
        label: any JSON value: a class, several, a number.
        id: the source's path relative to the data root.
        alpha: the last channel is alpha: moved, but not coloured.
        keypoint_counts: how many of the keypoints belong to each object, in order; None where all belong to one.
        polylines: open lines, each (m, 2) of x, y in pixels; moved by their points, dropped by their length.
        polyline_labels: one a line, of any kind.
        rotated_boxes: (n, 5) of middle x, middle y, width, height in pixels, degrees counter-clockwise as seen.
        rotated_box_labels: n labels of any kind.
        masks: more masks, by name.
        images: more pictures of the same size, by name, such as depth: moved and sampled as `image`, never coloured.
        more: keywords of further kinds.

    Raises:
        SampleError: something has the wrong shape, dtype or range; the sentence names it.
    """

    image: Image
    mask: Mask | None = None
    boxes: Rows | None = None
    box_labels: Labels | None = None
    polygons: Sequence[Polygon] | None = None
    keypoints: Points | None = None
    keypoint_visible: Array | None = None
    label: Label = None
    id: str = ""
    alpha: bool = False
    keypoint_counts: Sequence[int] | None = None
    polylines: Sequence[Points] | None = None
    polyline_labels: Labels | None = None
    rotated_boxes: Rows | None = None
    rotated_box_labels: Labels | None = None
    masks: Mapping[str, Mask] | None = None
    images: Mapping[str, Image] | None = None

    def __init__(
        self,
        image: Image,
        mask: Mask | None = None,
        boxes: ArrayLike | None = None,
        box_labels: Labels | None = None,
        polygons: Sequence[ArrayLike] | None = None,
        keypoints: ArrayLike | None = None,
        keypoint_visible: ArrayLike | None = None,
        label: Label = None,
        id: str = "",
        alpha: bool = False,
        keypoint_counts: Sequence[int] | None = None,
        polylines: Sequence[ArrayLike] | None = None,
        polyline_labels: Labels | None = None,
        rotated_boxes: ArrayLike | None = None,
        rotated_box_labels: Labels | None = None,
        masks: Mapping[str, Mask] | None = None,
        images: Mapping[str, Image] | None = None,
        **more: object,
    ) -> None:
        # What is not given is not kept: the class says None.
        if (
            mask is boxes is box_labels is polygons is keypoints is keypoint_visible is keypoint_counts is None
            and polylines is polyline_labels is rotated_boxes is rotated_box_labels is None
            and masks is images is None
            and not (more or alpha)
        ):  # a picture alone, as most are
            require_image("image", image)
            self.__dict__.update(image=image, label=label, id=id)
            return
        parts = {keyword: value for keyword, value in {**locals(), **more}.items() if value is not None}
        del parts["self"], parts["more"]
        self.__dict__.update(parts)
        height, width = require_image("image", image).shape[:2]
        if alpha and (image.ndim != 3 or image.shape[2] != 4):
            refuse("alpha", "must go with an image of 4 channels", image.shape)
        known = owners()
        if not more.keys() <= known.keys():
            odd = next(keyword for keyword in more if keyword not in known)
            near = closest(odd, [*known, "image", "label", "alpha"])
            raise TypeError(f"Sample got an unexpected keyword argument {odd!r}.{near}")
        given = {keyword: value for keyword, value in parts.items() if keyword in known}
        found: dict[str, Target] = {}
        for kind in dict.fromkeys([known[keyword] for keyword in given]):
            own = {keyword: given[keyword] for keyword in kind.keywords if keyword in given}
            target = kind.checked(own, (height, width))
            self.__dict__.update(dict.fromkeys(kind.keywords) if target is None else vars(target))
            found |= {} if target is None else {kind.name: target}
        for follower in found.values():
            owner = found.get(follower.follows, follower)
            if owner is not follower and len(owner) != len(follower):
                refuse(follower.name, f"must have one entry a box ({len(owner)})", len(follower))

    @property
    def targets(self) -> dict[str, Target]:
        """Its targets, by the names of their kinds."""
        return targets_of(self.__dict__)

    def changed(self, **parts: object) -> Sample:
        """Return a copy with other parts, unchecked: for what an executor made of parts that were checked."""
        made = object.__new__(Sample)
        own = made.__dict__
        own.update(self.__dict__)
        own.update(parts)
        return made

    def __getattr__(self, name: str) -> Any:  # of a kind that has no field here, and that it does not carry
        if name in owners():
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        given = [f"image={self.image.dtype}{list(self.image.shape)}"]
        for name in ("mask", "boxes", "polygons", "keypoints", "polylines", "rotated_boxes"):
            value = getattr(self, name)
            if value is not None:
                given.append(f"{name}={len(value)}" if isinstance(value, list) else f"{name}={list(value.shape)}")
        given += [f"{name}={sorted(getattr(self, name))}" for name in ("masks", "images") if getattr(self, name)]
        return f"<Sample {self.id!r} {' '.join(given)}>"
