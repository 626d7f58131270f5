"""Do a transform of Albumentations to a picture and its labels, in its frame and back in ours.

It knows pictures of uint8 and float32: uint16 goes through as float32, which holds it exactly. Most of its transforms
have points at pixel indices, where ours lie in a frame whose first pixel's centre is (0.5, 0.5); its boxes are ours. It
has an own way to round.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from augkit.core.arrays import Image, JsonObject, Points
from augkit.core.ops import External
from augkit.core.ops.external import Place, Subject
from augkit.core.spatial import size_of
from augkit.core.tonal import RANGE, channels_of
from augkit.errors import AugkitError, SampleError, raise_outage
from augkit.integrations.albumentations import registry
from augkit.integrations.albumentations.points import looking_for, steadied
from augkit.integrations.albumentations.reference_pictures import font_places, in_range_of, loaded

MASK: Place = ("mask", "")
_MASKS = tuple(map(np.dtype, (np.uint8, np.uint16, np.int16)))  # what OpenCV moves as it is; float32 holds the rest
_THINNEST_PX = 1e-3  # of a box
_WHOLE = 2**24  # float32 holds every whole number up to here


def perform(op: External, subject: Subject, min_visible: float) -> Subject:
    """Return what the transform makes of a subject: see `Library`."""
    where, motion = f"albumentations.{op.name}", registry.motion_of(op.name)
    given = json.loads(op.params)
    transform = registry.built(op.name, font_places(given))
    image = _entered(subject.image)
    data: JsonObject = {"image": image}
    if registry.METADATA in given:
        data[registry.wanted_beside(transform)] = loaded(given[registry.METADATA], image.dtype)
    kinds, params = {"alpha": "mask"}, {}
    if motion != "none":
        steadied(transform, 0 if subject.keypoints is None else len(subject.keypoints))
        if op.boxes is not None:
            looking_for(transform, op.boxes, size_of(image))
        subject = subject if subject.boxes is None else _of_some_width(subject)
        moved = _known_to(transform, subject, motion == "stay")
        kinds |= {_name(place): "image" if place[0] == "images" else "mask" for place in moved.beside if place != MASK}
        data |= _targets(moved, registry.origin_of(op.name), where)
        params = _processors(moved, min_visible)
    try:
        # Its generators begin at the seed here: nothing was drawn before, and nothing global is read.
        compose = registry.albumentations().Compose([transform], seed=op.seed, additional_targets=kinds, **params)
        done = compose(**data)
    except AugkitError:
        raise
    except Exception as fault:  # any of its own, OpenCV's and NumPy's: what it cannot do, it says in many ways
        raise_outage(fault, where)
        told = " ".join(str(fault).split()).removesuffix(".") or type(fault).__name__
        raise SampleError(f"must be done to a picture that it takes, got: {told:.200}.", where) from None
    found = _back(subject, done, registry.origin_of(op.name), where)
    return _resized(subject, found) if op.name in registry.RESIZES else found


def _name(place: Place) -> str:
    return "mask" if place == MASK else " ".join(place)


def _entered(image: Image) -> Image:
    return in_range_of(image, np.dtype(np.float32) if image.dtype != np.uint8 else image.dtype)


def _of_some_width(subject: Subject) -> Subject:
    """Return the subject without boxes so thin that as fractions of the sides, in float32, they are none."""
    boxes = np.asarray(subject.boxes)
    shares = (boxes / np.tile(subject.image.shape[1::-1], 2)).astype(np.float32)
    fits = (shares[:, :2] < shares[:, 2:]) & (boxes[:, 2:] - boxes[:, :2] > _THINNEST_PX)
    kept = np.flatnonzero(fits.all(axis=1))
    return replace(subject, boxes=boxes[kept], kept=tuple(kept.tolist()))


def _known_to(transform: Any, subject: Subject, stays: bool) -> Subject:
    """Return the subject without what a transform leaves where it is, and as it is."""
    kinds = {target.name for target in transform._targets}
    points = "KEYPOINTS" in kinds
    return replace(
        subject,
        boxes=subject.boxes if "BBOXES" in kinds else None,
        keypoints=subject.keypoints if points else None,
        points=subject.points if points and not stays else None,
        beside={place: array for place, array in subject.beside.items() if not (stays and place[0] == "images")},
    )


def _targets(subject: Subject, origin: float, where: str) -> JsonObject:
    found: JsonObject = {}
    for place, array in subject.beside.items():
        told = f"{where}: Sample.{place[0]}" + f"[{place[1]!r}]" * (place != MASK)
        found[_name(place)] = _entered(array) if place[0] == "images" else _movable(array, told)
    if subject.alpha is not None:
        found["alpha"] = _movable(subject.alpha, where) if subject.alpha.dtype != np.float32 else subject.alpha.copy()
    if subject.boxes is not None:
        found |= {"bboxes": subject.boxes.copy(), "box": list(range(len(subject.boxes)))}
    points = _all_points(subject)
    if points is not None:
        found |= {"keypoints": points - origin, "point": list(range(len(points)))}
    return found


def _all_points(subject: Subject) -> Points | None:
    """Return keypoints and other points, (k + m, 2), or None where neither are wanted."""
    found = [points for points in (subject.keypoints, subject.points) if points is not None]
    return np.concatenate(found) if found else None


def _processors(subject: Subject, min_visible: float) -> JsonObject:
    package, found = registry.albumentations(), {}
    if subject.boxes is not None:
        found["bbox_params"] = package.BboxParams(
            "pascal_voc", label_fields=["box"], min_visibility=min_visible, clip=True
        )
    if subject.keypoints is not None or subject.points is not None:
        found["keypoint_params"] = package.KeypointParams("xy", label_fields=["point"], remove_invisible=False)
    return found


def _movable(mask: Image, where: str) -> Image:
    """Return a mask in a dtype that OpenCV moves without a change of any value."""
    if mask.dtype == bool:
        return mask.astype(np.uint8)
    if mask.dtype in _MASKS:
        return mask.copy()
    if mask.size and max(abs(int(mask.min())), abs(int(mask.max()))) > _WHOLE:
        raise SampleError(f"must hold whole numbers up to {_WHOLE}, got {mask.max()}.", where)
    return mask.astype(np.float32)


def _back(subject: Subject, done: JsonObject, origin: float, where: str) -> Subject:
    found = replace(subject, image=_returned(np.asarray(done["image"]), subject.image, where))
    beside = dict(subject.beside)
    for place, array in subject.beside.items():
        if _name(place) in done:
            now = np.asarray(done[_name(place)])
            beside[place] = _returned(now, array, where) if place[0] == "images" else _as_it_was(now, array)
    found = replace(found, beside=beside)
    if subject.alpha is not None and "alpha" in done:
        found = replace(found, alpha=_as_it_was(done["alpha"], subject.alpha))
    if subject.boxes is not None and "box" in done:
        kept = tuple(subject.kept[int(box)] for box in done["box"])
        # It keeps boxes as float32 fractions of the sides, which hold no finer pixel.
        boxes = np.round(np.asarray(done["bboxes"], np.float64).reshape(-1, 4), 4)
        found = replace(found, boxes=boxes, kept=kept)
    points = _all_points(subject)
    if points is not None:
        seen = np.ones(len(points), bool)
        if "point" in done:
            places = np.array([int(point) for point in done["point"]], np.int64)
            seen = np.isin(np.arange(len(points)), places)
            points[places] = np.asarray(done["keypoints"], np.float64).reshape(-1, 2) + origin
        count = 0 if subject.keypoints is None else len(subject.keypoints)
        found = replace(
            found,
            keypoints=None if subject.keypoints is None else points[:count],
            seen=None if subject.keypoints is None else seen[:count],
            points=None if subject.points is None else points[count:],
        )
    return found


def _resized(subject: Subject, found: Subject) -> Subject:
    """Return what was found with points where the whole picture's resizing brings them."""
    zoom = np.divide(found.image.shape[1::-1], subject.image.shape[1::-1])
    keypoints = None if subject.keypoints is None else subject.keypoints * zoom
    return replace(found, keypoints=keypoints, points=None if subject.points is None else subject.points * zoom)


def _returned(image: Image, before: Image, where: str) -> Image:
    """Return what came out with the dtype and the channels that went in; refuse other channels, and no fractions."""
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


def _as_it_was(mask: object, before: Image) -> Image:
    moved = np.asarray(mask)
    return np.ascontiguousarray(moved.reshape(*moved.shape[:2], *before.shape[2:])).astype(before.dtype)
