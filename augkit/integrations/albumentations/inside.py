"""A pipeline of ours as a step of Albumentations: its calls as samples of ours, and what became of them as its answers.

Its boxes are fractions of the sides; its points lie at pixel indices, their angles are directions in axes of which y
points down. Labels and whatever else a sample has no place for stand in further columns, and stay.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from augkit.core.arrays import Array, JsonObject, Mask
from augkit.core.key import Key
from augkit.core.ops.external import MAX_SEED
from augkit.errors import ArgumentError, SampleError
from augkit.integrations.albumentations.registry import albumentations
from augkit.targets.sample import Sample

Augment = Callable[[Sample, Key], Sample]
Data = JsonObject  # arrays, and whatever else a call holds, by name

_MOVED = ("image", "images", "mask", "masks", "bboxes", "keypoints")
_SOLID = ("volume", "volumes", "mask3d", "masks3d")
KINDS = (*_MOVED, *_SOLID)
_ANGLE, _SCALE = 3, 4  # columns of points, after x, y, z
_CENTRE = 0.5  # pixels from a pixel's index, where its points lie, to its centre, where ours do
_NEAR_PX = 0.1  # how a point's surroundings turn and grow is seen at two points this far from it
_REPLAYED = "augkit.Replayed"


def as_step(augment: Augment, p: float = 1.0, name: str = "augkit") -> Any:
    """Return a transform of Albumentations that does what `augment` makes of a sample and a key.

    All pictures, masks, boxes and keypoints of a call go through it together. The key's seed is drawn from the
    transform's own generator, so a seed given to ``A.Compose`` decides what is drawn.

    Args:
        augment: a `Pipeline`.
        p: probability, 0 to 1.
        name: what ``A.load`` calls it where it is to be given again.

    Raises:
        MissingExtra: Albumentations is not installed.
        ArgumentError: p is no probability, or the name no text.
    """
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0.0 <= p <= 1.0:
        raise ArgumentError(f"must lie within 0 and 1, got {p!r}.", "as_albumentations.p")
    if not isinstance(name, str) or not name:
        raise ArgumentError(f"must be a text, got {name!r:.60}.", "as_albumentations.name")
    return _step_class()(augment, p, name)


@cache
def _step_class() -> Any:
    package = albumentations()

    class AugkitPipeline(package.DualTransform):  # type: ignore[misc, name-defined]  # its package ships no types
        """Do a pipeline of augkit to pictures, masks, boxes and keypoints."""

        _targets = package.core.type_definitions.ALL_TARGETS

        def __init__(self, augment: Augment, p: float = 1.0, name: str = "augkit") -> None:
            super().__init__(p=p)
            self.augment, self.name = augment, name

        @classmethod
        def get_class_fullname(cls) -> str:
            return "augkit.Pipeline"

        @classmethod
        def is_serializable(cls) -> bool:
            return False

        @property
        def targets(self) -> JsonObject:
            return dict.fromkeys(KINDS, self.apply)  # what is done to each, `apply_with_params` decides

        def get_params(self) -> JsonObject:
            return {"seed": self.py_random.randrange(MAX_SEED)}

        def apply_with_params(self, params: JsonObject, *args: object, **data: object) -> JsonObject:
            """Do everything at once, for one plan moves all that belongs to a picture."""
            points = self.get_processor("keypoints")
            form = "" if points is None else points.params.format
            return answered(self.augment, Key(params["seed"], ""), data, self._additional_targets, form)

        def to_dict_private(self) -> JsonObject:
            """Return what ``A.save`` writes: a name, under which ``A.load`` wants the step among `nonserializable`."""
            return {"__class_fullname__": self.get_class_fullname(), "__name__": self.name, "p": self.p}

        def get_dict_with_id(self) -> JsonObject:
            """Return what ``ReplayCompose`` keeps: the step itself, which does to other pictures what it did."""
            return {"__class_fullname__": _REPLAYED, "augment": self.augment, "p": self.p, "id": id(self)}

        def __reduce__(self) -> tuple[object, ...]:  # worker processes are sent it, and this class has no address
            return as_step, (self.augment, self.p, self.name), vars(self)

        def __repr__(self) -> str:
            return f"{self.augment!r}.as_albumentations(p={self.p!r}, name={self.name!r})"

    class Replayed(AugkitPipeline):
        """The same, as ``ReplayCompose`` finds it."""

        @classmethod
        def get_class_fullname(cls) -> str:
            return _REPLAYED

        @classmethod
        def is_serializable(cls) -> bool:
            return True

    return AugkitPipeline


def answered(augment: Augment, key: Key, data: Data, further: Mapping[str, str], form: str) -> Data:
    """Return the data of a call after `augment`, everything in it moved by one plan.

    Args:
        augment: a `Pipeline`.
        key: what it draws with.
        data: of the call: pictures, masks, boxes, points, and whatever is handed on as it is.
        further: the kinds of further names in it.
        form: of its points: with ``a`` they have an angle that turns, with ``s`` a scale that grows.
    """
    names: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name, value in data.items():
        kind = further.get(name, name)
        if kind in names and value is not None:
            names[kind].append(name)
    solid = [name for kind in _SOLID for name in names[kind]]
    pictures = _each(data, names["image"], names["images"])
    if solid or not pictures:
        got = ", ".join(solid) or "no picture"
        raise SampleError(f"must get pictures, masks, boxes and points, got {got}.", "as_albumentations")
    masks = _each(data, names["mask"], names["masks"])
    boxes, points = ({name: _rows(data[name]) for name in names[kind]} for kind in ("bboxes", "keypoints"))
    labels = _labels(boxes, points, form, next(iter(pictures.values())).shape)
    (first, image), *others = pictures.items()
    wholes = {name: _whole(mask) for name, mask in masks.items()}
    made = augment(Sample(image, masks=wholes or None, **labels), key)
    moved = {name: mask.astype(masks[name].dtype) for name, mask in (made.masks or {}).items()} | {first: made.image}
    moved |= {name: augment(Sample(other, **labels), key).image for name, other in others}
    done = dict(data)
    for name in (*names["image"], *names["mask"]):
        done[name] = moved[name]
    for name in (*names["images"], *names["masks"]):
        if len(data[name]):
            done[name] = np.stack([moved[_numbered(name, n)] for n in range(len(data[name]))])
    return done | _boxes_back(boxes, made) | _points_back(points, form, made)


def _each(data: Data, single: Iterable[str], several: Iterable[str]) -> dict[str, Array]:
    """Return arrays by name, those of a list under a name each."""
    found = {name: data[name] for name in single}
    return found | {_numbered(name, n): array for name in several for n, array in enumerate(data[name])}


def _rows(values: object) -> Array:
    """Return boxes or points as rows; where there are none, an empty list does not say how long a row is."""
    array = np.asarray(values)
    return array.reshape(0, _SCALE + 1) if array.size == 0 and array.ndim < 2 else array


def _whole(mask: Mask) -> Mask:
    """Return a mask as whole numbers, if they are."""
    if mask.dtype.kind != "f" or not (np.isfinite(mask) & (mask == np.rint(mask)) & (np.abs(mask) < 2**31)).all():
        return mask
    return mask.astype(np.int32)


def _numbered(name: str, number: int) -> str:
    return f"{name}[{number}]"


def _labels(boxes: Data, points: Data, form: str, shape: Sequence[int]) -> Data:
    """Return all boxes and points as parts of a sample: a box's label is its place among them, points are in groups."""
    found: Data = {}
    if boxes:
        rows = np.concatenate([array[:, :4] for array in boxes.values()]).astype(np.float64)
        found |= {"boxes": rows * [shape[1], shape[0], shape[1], shape[0]], "box_labels": list(range(len(rows)))}
    if points:
        groups = [array[:, :2].astype(np.float64) + _CENTRE for array in points.values()]
        if "a" in form or "s" in form:
            ways = [np.stack([np.cos(array[:, _ANGLE]), np.sin(array[:, _ANGLE])], 1) for array in points.values()]
            ahead = [group + _NEAR_PX * way for group, way in zip(groups, ways, strict=True)]
            beside = [group + _NEAR_PX * way[:, ::-1] * [-1, 1] for group, way in zip(groups, ways, strict=True)]
            groups += ahead + beside
        found |= {"keypoints": np.concatenate(groups), "keypoint_counts": list(map(len, groups))}
    return found


def _boxes_back(boxes: Data, made: Sample) -> Data:
    """Return the rows (n, 4+) of the boxes that are left, by name."""
    found, start = {}, 0
    places = np.asarray(made.box_labels if made.box_labels is not None else (), np.int64)
    for name, array in boxes.items():
        mine = (places >= start) & (places < start + len(array))
        rows = array[places[mine] - start]  # a copy
        rows[:, :4] = np.asarray(made.boxes)[mine] / np.tile(made.image.shape[1::-1], 2)
        found[name] = rows
        start += len(array)
    return found


def _points_back(points: Data, form: str, made: Sample) -> Data:
    """Return the rows (n, 2+) of all points, by name."""
    found = {}
    ends = np.cumsum(made.keypoint_counts or [0])
    groups = np.split(np.asarray(made.keypoints), ends[:-1]) if points else []
    for number, (name, array) in enumerate(points.items()):
        place, *near = groups[number :: len(points)]
        rows = array.copy()
        rows[:, :2] = place - _CENTRE
        if near:
            ahead, beside = (other - place for other in near)
            angles = np.arctan2(ahead[:, 1], ahead[:, 0]) % (2.0 * np.pi)
            rows[:, _ANGLE] = np.where(angles.astype(rows.dtype) < 2.0 * np.pi, angles, 0.0)  # which it asks for
            areas = np.abs(ahead[:, 0] * beside[:, 1] - ahead[:, 1] * beside[:, 0])
            rows[:, _SCALE] *= np.sqrt(areas) / _NEAR_PX
        found[name] = rows
    return found
