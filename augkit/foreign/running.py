"""Do a transform of Albumentations to a picture and its labels, in its frame and back in ours.

It knows pictures of uint8 and float32: uint16 goes through as float32, which holds it exactly. Its points lie at pixel
indices, ours in a frame whose first pixel's centre is (0.5, 0.5); its boxes are ours. It has an own way to round.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.core.external import External
from augkit.core.sample import Scene, channels_of
from augkit.core.spatial import Size
from augkit.core.tonal import RANGE
from augkit.errors import AugkitError, SampleError
from augkit.foreign.package import albumentations
from augkit.foreign.pictures import in_range_of, loaded
from augkit.foreign.registry import METADATA, built, keeps_size, moves_points, wanted_beside

__all__ = ["CENTRE", "Subject", "perform", "rehearsed"]

Image = NDArray[Any]

CENTRE = 0.5  # pixels from a pixel's index, where its points lie, to its centre, where ours do
_MASKS = tuple(map(np.dtype, (np.uint8, np.uint16, np.int16)))  # what OpenCV moves as it is; float32 holds the rest
_WHOLE = 2**24  # float32 holds every whole number up to here


@dataclass(frozen=True)
class Subject:
    """A picture and what moves with it.

    Args:
        image: (H, W) or (H, W, C), without alpha.
        mask: as in `Sample`.
        alpha: (H, W), moved as a mask is.
        boxes: (n, 4) of left, top, right, bottom.
        keypoints: (k, 2).
        kept: which of the boxes at the beginning each box is.
        seen: which keypoints are still there; the others lie where they lay.
    """

    image: Image
    mask: Image | None = None
    alpha: Image | None = None
    boxes: NDArray[np.float64] | None = None
    keypoints: NDArray[np.float64] | None = None
    kept: tuple[int, ...] = ()
    seen: NDArray[np.bool_] | None = None


def perform(op: External, subject: Subject, min_visible: float) -> Subject:
    """Return what the transform makes; dtypes and channels are as they went in.

    Args:
        op: from a draw.
        subject: left alone.
        min_visible: boxes of which less is left are dropped, 0 to 1.

    Raises:
        MissingExtra: Albumentations is not installed.
        ArgumentError: it has no such transform or argument.
        SampleError: it cannot be done to such a picture, or a picture it takes is another than at the draw.
    """
    where = f"albumentations.{op.name}"
    given = json.loads(op.params)
    transform = built(op.name, given)
    image = _entered(subject.image)
    data: dict[str, Any] = {"image": image}
    if METADATA in given:
        data[wanted_beside(transform)] = loaded(given[METADATA], image.dtype)
    params: dict[str, Any] = {}
    if moves_points(op.name):
        moved = _known_to(transform, subject)
        data |= _targets(moved, where)
        params = _processors(moved, min_visible)
    package = albumentations()
    try:
        # Its generators begin at the seed here: nothing was drawn before, and nothing global is read.
        done = package.Compose([transform], seed=op.seed, additional_targets={"alpha": "mask"}, **params)(**data)
    except AugkitError:
        raise
    except Exception as fault:  # any of its own, OpenCV's and NumPy's: what it cannot do, it says in many ways
        told = " ".join(str(fault).split()).removesuffix(".") or type(fault).__name__
        raise SampleError(f"must be done to a picture that it takes, got: {told:.200}.", where) from None
    return _back(subject, done, where)


def rehearsed(op: External, scene: Scene) -> Size | None:
    """Return the size that comes out, found by a try on a blank picture with the same seed; None where it stays."""
    if keeps_size(op.name):
        return None
    dtype = np.dtype(scene.dtype)
    image = np.zeros((*scene.size, scene.channels - scene.alpha) if scene.channels > 1 else scene.size, dtype)
    boxes = scene.boxes
    if boxes is not None:
        boxes = np.clip(boxes, 0.0, [scene.size[1], scene.size[0]] * 2)
        boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
    done = perform(op, Subject(image, np.zeros(scene.size, np.uint8), boxes=boxes), 0.0)
    size = done.image.shape[0], done.image.shape[1]
    return None if size == scene.size else size


def _entered(image: Image) -> Image:
    return in_range_of(image, np.dtype(np.float32) if image.dtype != np.uint8 else image.dtype)


def _known_to(transform: Any, subject: Subject) -> Subject:
    """Return the subject without the boxes or keypoints that a transform leaves where they are."""
    kinds = {target.name for target in transform._targets}
    boxes = subject.boxes if "BBOXES" in kinds else None
    return replace(subject, boxes=boxes, keypoints=subject.keypoints if "KEYPOINTS" in kinds else None)


def _targets(subject: Subject, where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if subject.mask is not None:
        found["mask"] = _movable(subject.mask, where)
    if subject.alpha is not None:
        found["alpha"] = _movable(subject.alpha, where) if subject.alpha.dtype != np.float32 else subject.alpha.copy()
    if subject.boxes is not None:
        found |= {"bboxes": subject.boxes.copy(), "box": list(range(len(subject.boxes)))}
    if subject.keypoints is not None:
        found |= {"keypoints": subject.keypoints - CENTRE, "point": list(range(len(subject.keypoints)))}
    return found


def _processors(subject: Subject, min_visible: float) -> dict[str, Any]:
    package, found = albumentations(), {}
    if subject.boxes is not None:
        found["bbox_params"] = package.BboxParams(
            "pascal_voc", label_fields=["box"], min_visibility=min_visible, clip=True
        )
    if subject.keypoints is not None:
        found["keypoint_params"] = package.KeypointParams("xy", label_fields=["point"], remove_invisible=False)
    return found


def _movable(mask: Image, where: str) -> Image:
    """Return a mask in a dtype that OpenCV moves without a change of any value."""
    if mask.dtype == bool:
        return mask.astype(np.uint8)
    if mask.dtype in _MASKS:
        return mask.copy()
    if mask.size and max(abs(int(mask.min())), abs(int(mask.max()))) > _WHOLE:
        raise SampleError(f"must hold whole numbers up to {_WHOLE}, got {mask.max()}.", f"{where}: Sample.mask")
    return mask.astype(np.float32)


def _back(subject: Subject, done: dict[str, Any], where: str) -> Subject:
    image = _returned(np.asarray(done["image"]), subject.image, where)
    found = replace(subject, image=image)
    if subject.mask is not None and "mask" in done:
        found = replace(found, mask=_as_it_was(done["mask"], subject.mask))
    if subject.alpha is not None and "alpha" in done:
        found = replace(found, alpha=_as_it_was(done["alpha"], subject.alpha))
    if subject.boxes is not None:
        kept = tuple(map(int, done["box"])) if "box" in done else tuple(range(len(subject.boxes)))
        # It keeps boxes as float32 fractions of the sides, which hold no finer pixel.
        boxes = np.round(np.asarray(done.get("bboxes", subject.boxes), np.float64).reshape(-1, 4), 4)
        found = replace(found, boxes=boxes, kept=kept)
    if subject.keypoints is not None:
        points, seen = subject.keypoints.copy(), np.ones(len(subject.keypoints), bool)
        if "point" in done:
            where_now = dict(zip(map(int, done["point"]), np.asarray(done["keypoints"], np.float64), strict=True))
            seen = np.array([index in where_now for index in range(len(points))], bool)
            points = np.array([where_now.get(i, p - CENTRE) for i, p in enumerate(points)], np.float64).reshape(-1, 2)
            points = points + CENTRE
        found = replace(found, keypoints=points, seen=seen)
    return found


def _returned(image: Image, before: Image, where: str) -> Image:
    """Return what came out with the dtype and the channels that went in.

    Raises:
        SampleError: the channels are others, or a value is no fraction of a range.
    """
    if image.dtype not in RANGE and image.dtype.kind == "f":
        image = image.astype(np.float32)
    channels = channels_of(image) if image.ndim in (2, 3) else 0
    if image.dtype not in RANGE or channels != channels_of(before):
        rule = f"must give a picture of {channels_of(before)} channels"
        raise SampleError(f"{rule}, got {image.dtype} of shape {image.shape}. Leave the step out.", where)
    if image.dtype.kind == "f":
        low, high = (float(image.min()), float(image.max())) if image.size else (0.0, 0.0)
        if not np.isfinite(low + high) or (before.dtype == np.uint8 and (low < 0.0 or high > 1.0)):
            raise SampleError(f"must give fractions of the range, got {low:g} to {high:g}. Leave the step out.", where)
        image = np.clip(image, 0.0, 1.0)
    made = in_range_of(image, before.dtype)
    return np.ascontiguousarray(made.reshape(*image.shape[:2], *before.shape[2:]))


def _as_it_was(mask: Any, before: Image) -> Image:
    moved = np.asarray(mask)
    return np.ascontiguousarray(moved.reshape(*moved.shape[:2], *before.shape[2:])).astype(before.dtype)
