"""Writing of YOLO labels: the task that the kinds of labels are for, and the lines of a picture.

A task holds one form of line for all of a data set: boxes (detect), outlines (segment), boxes with keypoints (pose) or
the corners of rotated boxes (obb).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from augkit.core.arrays import Points
from augkit.core.spatial import Size
from augkit.datasets.data_set import DataSet, Kind, Split
from augkit.datasets.mirrored_keypoints import mirrored_keypoints
from augkit.datasets.writing import Part, Record
from augkit.errors import ArgumentError, listed
from augkit.targets import run_lengths
from augkit.targets.box_forms import described
from augkit.targets.boxes import Boxes
from augkit.targets.clipping import pieces_inside
from augkit.targets.joined_rings import joined_rings
from augkit.targets.keypoint_sides import flips_of_pairs
from augkit.targets.keypoints import Keypoints
from augkit.targets.mask_outlines import outlines_of_mask
from augkit.targets.records import Instance
from augkit.targets.rectangles import rectangles_around
from augkit.targets.rotated_boxes import RotatedBoxes, corners_of

HOLDS = frozenset(("boxes", "polygons", "keypoints", "rotated boxes"))
NO_VAL = (
    "YOLO: data.yaml names no val, and Ultralytics trains on none without it. Make one with --split train=0.8,val=0.2."
)
HIDDEN = -0.005  # of a keypoint of two numbers: less than 0 is not seen, less than -0.01 malformed
_TASKS: dict[frozenset[Kind], str] = {
    frozenset(): "detect",
    frozenset(("boxes",)): "detect",
    frozenset(("boxes", "polygons")): "segment",
    frozenset(("boxes", "keypoints")): "pose",
    frozenset(("rotated boxes",)): "obb",
}
_MOST = 1.01  # of the picture that the upright box of a rotated one may fill, and where its middle may lie


def task_of(kinds: Collection[Kind]) -> str:
    """Return the task that kinds of labels are for; an empty text if there is none for all of them.

    >>> task_of({"boxes", "keypoints"}), task_of({"boxes", "rotated boxes"})
    ('pose', '')
    """
    return _TASKS.get(frozenset(kinds) & HOLDS, "")


def prepared(data: DataSet, splits: Collection[Split | None]) -> DataSet:
    """Return a data set with what its lines need to know in `about`, and what the user is to know.

    Args:
        data: of kinds that YOLO holds.
        splits: that its pictures will be in.

    Raises:
        ArgumentError: no task holds all of its labels.
    """
    kinds = data.kinds & HOLDS
    if not task_of(kinds):
        drops = " or ".join(f"--drop {kind.replace(' ', '-')}" for kind in sorted(kinds - {"boxes"}))
        what = f"must have labels for one task of YOLO, got {listed(sorted(kinds), 'and')}. Pass {drops}."
        raise ArgumentError(what, "format")
    about, notes = dict(data.about), list(data.notes)
    if "keypoints" in kinds:
        about |= _shape(data)
    boxes = [
        target
        for source in data.sources
        if source.annotations is not None and isinstance(target := source.annotations.targets.get(Boxes.name), Boxes)
    ]
    if crowds := sum(map(bool, (crowd for target in boxes for crowd in target.crowds or ()))):
        notes.append(f"YOLO: objects that stand for many ({crowds:,}) are written as others are.")
    if "val" not in splits:
        notes.append(NO_VAL)
    return replace(data, about=about, notes=tuple(notes))


def _shape(data: DataSet) -> dict[str, list[int]]:
    """Return ``kpt_shape``, and ``flip_idx`` where it fits that.

    Raises:
        ArgumentError: objects have different numbers of keypoints.
    """
    counts: set[int] = set()
    for source in data.sources:
        target = source.annotations and source.annotations.targets.get(Keypoints.name)
        if isinstance(target, Keypoints):
            counts.update((target.keypoint_counts or ())[:-1])  # the last is of none, and refused before
    counts -= {0}
    if len(counts) > 1:
        found = listed(map(str, sorted(counts)), "and")
        what = f"must have as many keypoints in every object, got {found}. Use coco, or pass --drop keypoints."
        raise ArgumentError(what, "format")
    count, shape = next(iter(counts), 0), data.about.get("kpt_shape")
    dimensions: int = shape[1] if isinstance(shape, list) and shape[:1] == [count] else 3
    flips = data.about.get("flip_idx")
    shapes: dict[str, list[int]] = {"kpt_shape": [count, dimensions]}
    if isinstance(flips, list) and len(flips) == count:
        shapes["flip_idx"] = flips
    elif pairs := mirrored_keypoints(data).pairs:
        shapes["flip_idx"] = flips_of_pairs(pairs, count)
    return shapes


def lines_of(part: Part, record: Record) -> Iterator[str]:
    """Yield the lines of a picture's label file, in fractions of its sides."""
    task = task_of(part.kinds)
    if task == "obb":
        target = record.targets.get(RotatedBoxes.name)
        if isinstance(target, RotatedBoxes):
            for name, box in zip(target.names(), target.rotated_boxes, strict=True):
                yield _line(part.numbers[name], _fractions(_corners(box, record.size).ravel().tolist(), record.size))
        return
    for instance in record.instances:
        values: tuple[float, ...] = described("yolo", instance.box, record.size)
        if task == "segment":
            values = _fractions(_ring(instance, record.size), record.size)
        elif task == "pose":
            values = (*values, *_points(instance, part.about["kpt_shape"], record.size))
        yield _line(part.numbers[instance.label], values)


def _line(number: int, values: Sequence[float]) -> str:
    return f"{number} {' '.join(f'{value:.6f}' for value in values)}\n"


def _fractions(values: Sequence[float], size: Size) -> tuple[float, ...]:
    height, width = size
    return tuple(value / (height if place % 2 else width) for place, value in enumerate(values))


def _ring(instance: Instance, size: Size) -> Sequence[float]:
    """Return the outline of an object in one piece; of one that has none, the corners of its box."""
    left, top, right, bottom = instance.box
    rings = instance.rings or (outlines_of_mask(run_lengths.decode(instance.rle, size)) if instance.rle else ())
    return joined_rings(rings) if rings else (left, top, right, top, right, bottom, left, bottom)


def _points(instance: Instance, shape: Sequence[int], size: Size) -> Iterator[float]:
    """Yield the keypoints of an object; all are unlabelled of one that has none."""
    count, dimensions = shape
    flat = instance.keypoints or (0.0,) * (3 * count)
    for start in range(0, 3 * count, 3):
        x, y = _fractions(flat[start : start + 2], size)
        visible = flat[start + 2]
        if dimensions == 2:
            yield from (x, y) if visible else (HIDDEN, HIDDEN)
        else:
            yield from (x, y, visible) if visible else (0.0, 0.0, 0.0)


def _corners(box: Points, size: Size) -> Points:
    """Return the corners (4, 2) of a rotated box; of one that reaches too far out, those around what is inside."""
    corners: Points = corners_of(box[None])[0]
    if _is_legal(corners, size):
        return corners
    inside = np.concatenate([np.zeros((0, 2)), *pieces_inside(corners, size)])
    for tried in rectangles_around(inside, float(box[4])) if len(inside) else ():
        found: Points = corners_of(np.array([tried]))[0]
        if _is_legal(found, size):
            return found
    return np.clip(corners, 0.0, (size[1], size[0]))


def _is_legal(corners: Points, size: Size) -> bool:
    """Return whether Ultralytics takes corners: it looks at the upright box around them."""
    low, high = corners.min(axis=0) / (size[1], size[0]), corners.max(axis=0) / (size[1], size[0])
    middle = (low + high) / 2.0
    return bool((high - low <= _MOST).all() and (middle >= 1.0 - _MOST).all() and (middle <= _MOST).all())
