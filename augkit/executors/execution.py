"""Execution of plans: the walk over a plan's steps that all executors share, with everything that a sample carries.

An `Executor` does what is done to pixels; targets that are coordinates move themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from augkit import compiled
from augkit.core.arrays import Dtype, Image
from augkit.core.ops import Adapt, Barrier, ColorMatrix, Coloured, Erase, External, Moving
from augkit.core.ops.external import Subject
from augkit.core.plan import BlendRun, ColorRun, Plan, SpatialRun, Step, size_after
from augkit.core.sampling import SamplingOptions
from augkit.core.shrunk import WHOLE, Placement, Shrunk, on_shrunk, scale_of
from augkit.core.spatial import Size, size_of
from augkit.core.tonal import RANGE, channels_of, require_rgb
from augkit.errors import ArgumentError, SampleError
from augkit.executors.executor import EXECUTORS, Executor, Sampling
from augkit.executors.kernels.resizing import run_of
from augkit.executors.stretching import restored, stretched, stretched_fill
from augkit.targets.boxes import Boxes
from augkit.targets.carried import Carried, chosen, mirrored, points_of
from augkit.targets.journey import Journey
from augkit.targets.keypoints import Keypoints
from augkit.targets.run_lengths import numbered, require_few
from augkit.targets.sample import Sample
from augkit.targets.target import PixelTarget, Place

_MASK: Place = ("mask", "")
MOST_PIXELS, MOST_BYTES = 175_000_000, 2_100_000_000  # of what comes out: of RGB in float32 as many
_SAME_PX = 0.01  # of boxes that went through another library: it has them in float32
_NUMBERS: Place = ("box_masks", "")  # a plane that tells which pixel of the source each shows: see `run_lengths`
_OUTSIDE: Place = ("fill", "")  # a plane that tells which pixels show the fill, where colour steps must leave it alone
_OURS = (_NUMBERS, _OUTSIDE)

_rules = lru_cache(maxsize=256, typed=True)(Sampling)  # most pictures are sampled by the same ones


def default_executor(policy: SamplingOptions) -> str:
    """Return the name of the executor that runs plans of these options where none is named."""
    if compiled.missing and policy.behaviour > 1:
        compiled.tell_missing()
    return "cpu" if policy.behaviour == 1 else "native"


def run(
    plan: Plan, sample: Sample, executor: str | None = None, fine: bool = False, shrunk: Shrunk | None = None
) -> Sample:
    """Do what a plan says to a picture and everything that moves with it.

    The same plan may run on several pictures of one size.

    Args:
        plan: from ``pipeline.draw`` or `Plan.from_json`.
        sample: its picture has the plan's source size.
        executor: ``native`` (integers, the same bytes on every processor), ``cpu`` (OpenCV) or ``reference`` (float64
            NumPy); without one, what `default_executor` says.
        fine: polygons and lines come out with so many points that they follow a warp, as files are to hold them; else
            with those that they have.
        shrunk: what to show in place of the sample's picture, whose pixels are then not looked at: the same, decoded as
            much smaller as `augkit.core.shrunk.scale_of` allows.

    Returns:
        A new sample: dtype, number of channels, label and id as they went in.

    Raises:
        SampleError: the picture's size is not the plan's, or it lacks what a step needs.
        ArgumentError: there is no such executor.
    """
    if not isinstance(plan, Plan) or not isinstance(sample, Sample):
        got = f"{type(plan).__name__} and {type(sample).__name__}"
        advice = "ak.Sample(image=...)" if isinstance(plan, Plan) else "pipeline.draw(key, ak.Scene.of(sample))"
        raise SampleError(f"must get a Plan and a Sample, got {got}. Give {advice}.", "run")
    policy = plan.policy
    _require_held(plan.steps, plan.source, sample.image)
    pixels = EXECUTORS.find(default_executor(policy) if executor is None else executor, "executor")
    if policy.behaviour == 1 and pixels.name == "native":
        what = "must be cpu or reference for a plan of behaviour 1, got native. Leave it out."
        raise ArgumentError(what, "executor")
    if sample.image.shape[:2] != plan.source:
        raise SampleError(f"must have the plan's size {plan.source}, got {sample.image.shape[:2]}.", "Sample.image")
    targets = sample.targets
    labels: Carried = points_of(targets)
    if policy.keypoint_pairs:
        mirrored(labels, policy)  # what cannot be exchanged is told early, not by chance
    walk = _Walk(policy, pixels, sample)
    beside: dict[Place, Image] = {}
    arrays = [target for target in targets.values() if isinstance(target, PixelTarget)]
    for target in arrays:
        beside |= walk.planes_of(target)
    numbers = _masks_of(labels, plan.source) if labels else {}
    if numbers:
        beside |= numbers
        walk.of_beside[_NUMBERS] = _rules("nearest", policy.border, (0,) if policy.border == "constant" else ())
    if policy.behaviour > 1 and policy.border == "constant" and _colours_fill(plan.steps, pixels.show is None):
        beside[_OUTSIDE] = np.zeros(plan.source, np.uint8)
        walk.of_beside[_OUTSIDE] = _rules("nearest", policy.border, (1,))
    given, placement = shrunk or (sample.image, WHOLE)
    if shrunk and placement.scale > scale_of(plan):
        what = f"must be at most {scale_of(plan)} times smaller for its plan, got {placement.scale} times"
        raise SampleError(f"{what}. Decode it at the scale that scale_of gives.", "shrunk")
    levels = policy.range
    image = given if levels is None else stretched(given, levels, sample.alpha)
    journey = Journey.begun(labels, policy, plan.source)
    done = walk.through(plan.steps, _Picture(image, beside, plan.source, journey, placement))
    if levels is not None:
        done = done._replace(image=restored(done.image, levels, sample.alpha))
    labels = done.labels.landed(fine, onward=False).targets
    if numbers and done.beside[_NUMBERS] is not beside[_NUMBERS]:
        labels = _with_masks(labels, done.beside[_NUMBERS])
    label = sample.label
    if policy.exchanges and plan.is_mirrored:
        labels, label = mirrored(labels, policy), policy.in_mirror(label)
    # What comes out is the caller's to change, and must not be what went in.
    parts: dict[str, object] = {"image": _own(done.image, given), "label": label}
    for point_target in labels.values():
        parts |= vars(point_target)
    if arrays:
        planes = {place: _own(array, beside[place]) for place, array in done.beside.items() if place not in _OURS}
        for target in arrays:
            parts |= vars(target.with_planes(planes))
    return sample.changed(**parts)


def _require_held(steps: Sequence[Step], size: Size, image: Image) -> None:
    """Refuse a plan by which a picture becomes larger than any that is read, before memory is taken for it."""
    for step in steps:
        for branch in step.branches if isinstance(step, BlendRun) else ():
            _require_held(branch, size, image)
        size = size_after(step, size)
        if size[0] * size[1] > MOST_PIXELS or size[0] * size[1] * channels_of(image) * image.itemsize > MOST_BYTES:
            what = f"must come out with at most {MOST_PIXELS:,} pixels and {MOST_BYTES:,} bytes"
            raise SampleError(f"{what}, got {size[0]:,} x {size[1]:,}. Ask for a smaller size.", "plan")


class _Picture(NamedTuple):
    """A picture on its way through a plan, the arrays beside it by their place, and the coordinates in it by kind.

    Until it has moved its image may be a smaller one, in a place in the whole one's frame.
    """

    image: Image
    beside: Mapping[Place, Image]
    size: Size
    labels: Journey
    placement: Placement = WHOLE

    def showing(self, image: Image) -> "_Picture":
        """Return it with another image of its size."""
        return _Picture(image, self.beside, self.size, self.labels, self.placement)  # a third of the time of _replace


class _Walk:
    """State shared by all steps of a plan, and of the branches of its blends."""

    def __init__(self, policy: SamplingOptions, pixels: Executor, sample: Sample) -> None:
        self.policy, self.pixels, self.alpha = policy, pixels, sample.alpha
        fill = _fill("fill", policy, sample.image)
        self.of_image = _rules(policy.interpolation, policy.border, fill, policy.behaviour)
        self.of_beside: dict[Place, Sampling] = {}
        self.masks: set[Place] = set()

    def planes_of(self, target: PixelTarget) -> dict[Place, Image]:
        """Return the arrays of a target, for which there are rules from now on."""
        planes = target.planes()
        for place, array in planes.items():
            self.of_beside[place] = _sampling(target.is_picture, self.policy, array)
            if not target.is_picture:
                self.masks.add(place)
        return planes

    def through(self, steps: Sequence[Step], start: _Picture) -> _Picture:
        """Return the picture after all steps; the image it starts with is left alone."""
        now, is_shown = start, False
        for place, step in enumerate(steps):
            if is_shown:
                is_shown = False
            elif isinstance(step, SpatialRun):
                of_image, after = on_shrunk(step, now.placement), steps[place + 1] if place + 1 < len(steps) else None
                if self.pixels.show and isinstance(after, ColorRun) and _OUTSIDE not in now.beside:
                    self._require_colours(now, after)
                    image, is_shown = self.pixels.show(now.image, of_image, after, self.of_image, self.alpha), True
                else:
                    image = self.pixels.resample(now.image, of_image, self.of_image)
                now = self._moved(now, step, image)
            elif isinstance(step, ColorRun):
                self._require_colours(now, step)
                now = self._recoloured(now, self.pixels.recolor(now.image, step, self.alpha))
            else:
                now = self._blended(step, now) if isinstance(step, BlendRun) else self._barrier(step, now)
        return now

    def _require_colours(self, now: _Picture, run: ColorRun) -> None:
        for op in run.ops:
            if isinstance(op, ColorMatrix):
                require_rgb(channels_of(now.image), self.alpha, "ColorMatrix")

    def _recoloured(self, now: _Picture, image: Image) -> _Picture:
        """Return the picture in other colours, but where it shows the fill."""
        outside = now.beside.get(_OUTSIDE)
        if outside is not None and outside.any():
            where = outside.astype(bool)
            image[where] = now.image[where]
        return now.showing(image)

    def _moved(self, now: _Picture, run: SpatialRun, image: Image) -> _Picture:
        beside = now.beside and {
            key: self.pixels.resample(array, run, self.of_beside[key]) for key, array in now.beside.items()
        }
        return _Picture(image, beside, run.size, now.labels.moved(run.ops, run.size))

    def _blended(self, step: BlendRun, now: _Picture) -> _Picture:
        done = [self.through(branch, now) for branch in step.branches]
        size_after(step, now.size)  # all come out at one size
        image = self.pixels.blend([picture.image for picture in done], step.weights)
        if self.alpha:
            image[..., 3] = done[0].image[..., 3]
        return done[0].showing(image)

    def _barrier(self, op: Barrier, now: _Picture) -> _Picture:
        if isinstance(op, External):
            return self._external(op, now)
        if isinstance(op, Coloured) and op.rgb_for:
            require_rgb(channels_of(now.image), self.alpha, op.rgb_for)
        how = self.of_image
        colours = np.ascontiguousarray(now.image[..., :3]) if self.alpha else now.image
        image = self.pixels.barrier(colours, op, replace(how, fill=how.fill[:3]) if self.alpha else how)
        move = op.move(now.size) if isinstance(op, Moving) else None
        run = run_of(move, now.size, self.policy) if move else None
        if self.alpha:
            alpha = np.ascontiguousarray(now.image[..., 3])
            alpha = self.pixels.resample(alpha, run, replace(how, fill=how.fill[3:])) if run else alpha
            image = np.dstack([image, alpha])
        if isinstance(op, Erase) and op.mask_fill is not None:
            painted = {key: _painted(array, op) for key, array in now.beside.items() if key in self.masks}
            if _NUMBERS in now.beside:  # whatever the mask says there, no object does
                painted[_NUMBERS] = _painted(now.beside[_NUMBERS], replace(op, mask_fill=0))
            now = now._replace(beside={**now.beside, **painted})
        if isinstance(op, Adapt):
            return self._recoloured(now, image)
        return self._moved(now, run, image) if run else now.showing(image)

    def _external(self, op: External, now: _Picture) -> _Picture:
        where, motion = f"albumentations.{op.name}", op.library.motion(op.name)
        there = now.labels.landed() if motion != "none" else now.labels
        boxes, keypoints = there.targets.get(Boxes.name), there.targets.get(Keypoints.name)
        if motion == "mix":  # whatever it puts there, it is no longer the fill
            now = now._replace(beside={place: plane for place, plane in now.beside.items() if place != _OUTSIDE})
        named = motion == "mix" and any(place != _MASK for place in now.beside)
        others = [name for name in there.targets if name not in (Boxes.name, Keypoints.name)]
        if named or (motion in ("tear", "mix") and len(there.only(others).points(bends=False)[1])):
            what = "masks and images by name" if named else "polygons, polylines and rotated boxes"
            raise SampleError(f"must get no {what}, which it would tear, got some. Leave the step out.", where)
        colours, alpha = (now.image[..., :3], now.image[..., 3]) if self.alpha else (now.image, None)
        is_led = motion in ("map", "bend")  # it moves every point; else it moves boxes as it will
        points, upright = np.zeros((0, 2)), np.ones(0 if boxes is None else len(boxes), bool)
        if is_led:
            upright = there.are_upright() if boxes is not None else upright
            there, points = there.points(motion == "bend")
        subject = Subject(
            colours,
            now.beside,
            alpha,
            boxes.boxes if isinstance(boxes, Boxes) else None,
            keypoints.keypoints if isinstance(keypoints, Keypoints) else None,
            points if len(points) else None,
        )
        done = op.library.perform(op, subject, 0.0 if motion == "map" else self.policy.min_visible)
        size, declared = size_of(done.image), size_after(op, now.size)
        if size != declared:
            raise SampleError(f"must come out at the size that its plan declares, {declared}, got {size}.", where)
        if is_led:
            there = there.at(points if done.points is None else done.points, size)
        if isinstance(boxes, Boxes) and done.boxes is not None and motion != "none":
            there = _as_left(now.labels, there, boxes, done) if motion == "stay" else there.chosen(done.kept)
            if motion != "stay" and motion != "map":
                there = there.with_boxes(done.boxes, upright[list(done.kept)], size)
        elif motion == "stay":
            there = now.labels
        if done.seen is not None and done.keypoints is not None and isinstance(keypoints, Keypoints):
            there = there.replaced(keypoints.at([done.keypoints]).seen(done.seen))
        image = done.image if done.alpha is None else np.dstack([done.image, done.alpha])
        return _Picture(image, done.beside, size, replace(there, frame=size))


def _colours_fill(steps: Sequence[Step], also_behind: bool) -> bool:
    """Say whether a colour step comes after a move; one right behind it counts only if asked for."""
    has_moved, before = False, None
    for step in steps:
        if isinstance(step, BlendRun):
            if any(_colours_fill(branch, also_behind) for branch in step.branches):
                return True
        elif isinstance(step, ColorRun | Adapt):
            behind = isinstance(step, ColorRun) and isinstance(before, SpatialRun) and not also_behind
            if has_moved and not behind:
                return True
        has_moved = has_moved or isinstance(step, SpatialRun | Moving | BlendRun)
        before = step
    return False


def _as_left(before: Journey, there: Journey, boxes: Boxes, done: Subject) -> Journey:
    """Return the journey after something hid parts of boxes, or whole ones; as it was where it hid none."""
    if done.boxes is None:
        return before
    kept = np.asarray(done.kept, np.int64)
    same = np.abs(done.boxes - boxes.boxes[kept]) < _SAME_PX
    if len(kept) == len(boxes) and same.all():
        return before
    if not before.has_moved:
        return before.set_out_with(done.boxes, done.kept)
    hidden = np.where(same, np.array([-np.inf, -np.inf, np.inf, np.inf]), done.boxes)
    return there.chosen(done.kept).within(hidden)


def _masks_of(labels: Carried, size: Size) -> dict[Place, Image]:
    """Return the plane by which the masks of objects move, where there are any: see `run_lengths.numbered`."""
    boxes = labels.get(Boxes.name)
    if not isinstance(boxes, Boxes) or not any(boxes.box_masks or ()):
        return {}
    require_few(boxes.box_masks or (), size)
    return {_NUMBERS: numbered(size)}


def _with_masks(labels: Carried, plane: Image) -> Carried:
    """Return targets with the masks of boxes as a plane of their pixels shows them; where none is left, they go."""
    boxes = labels[Boxes.name]
    if not isinstance(boxes, Boxes):
        return labels
    shown, kept = boxes.with_masks(plane)
    return chosen({**labels, Boxes.name: shown}, kept)


def _sampling(is_picture: bool, policy: SamplingOptions, array: Image) -> Sampling:
    """Return how an array beside the picture is sampled; its fill is no colour, so other pictures are filled with 0."""
    if not is_picture:
        return _rules("nearest", policy.border, _fill("mask_fill", policy, array))
    return _rules(policy.interpolation, policy.border, (0,) * channels_of(array) if policy.border == "constant" else ())


def _painted(mask: Image, op: Erase) -> Image:
    low, high = _limits(mask.dtype)
    if op.mask_fill is None or not low <= op.mask_fill <= high:
        raise SampleError(f"must lie within {low} and {high} for {mask.dtype}, got {op.mask_fill}.", "Erase.mask_fill")
    painted = mask.copy()
    for left, upper, right, lower in op.rectangles:
        painted[max(0, upper) : max(0, lower), max(0, left) : max(0, right)] = op.mask_fill
    return painted


def _own(image: Image, kept: Image) -> Image:
    return image.copy() if image is kept else image


def _fill(name: Literal["fill", "mask_fill"], policy: SamplingOptions, array: Image) -> tuple[float, ...]:
    """Return the fill, one number a channel, checked against the array it goes into; nothing where none is needed."""
    if policy.border != "constant":
        return ()
    fill = getattr(policy, name)
    channels = channels_of(array)
    values = fill if isinstance(fill, tuple) else (fill,) * channels
    if len(values) != channels:
        raise SampleError(f"must be one number or {channels} (one a channel), got {fill}.", f"Pipeline.{name}")
    top = RANGE.get(array.dtype) if name == "fill" else None
    low, high = (0, top) if top is not None else _limits(array.dtype)
    if not all(low <= value <= high for value in values):
        raise SampleError(f"must lie within {low:g} and {high:g} for {array.dtype}, got {fill}.", f"Pipeline.{name}")
    if name == "fill" and policy.range is not None:
        values = tuple(stretched_fill(value, policy.range, array.dtype) for value in values)
    return values if array.dtype.kind == "f" else tuple(round(value) for value in values)


def _limits(dtype: Dtype) -> tuple[int, int]:
    if dtype.kind == "b":
        return 0, 1
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
