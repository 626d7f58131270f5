"""Framing: what a pipeline makes of a picture comes out as the network takes it, sampled once in all.

A picture that a pipeline moved and that comes out in the network's size goes in as it is. Another is brought to that
size by the last sampling that the pipeline does anyway, where it does one after its last barrier, and by the network's
own filter in any case: a head that learnt from enlarged pictures that were sampled linearly would be shown sharper ones
in validation. Where the pipeline kept the picture's size, as much lies in the frame as when the network is evaluated;
where it did not, it has cropped, and nothing more than the aspect asks for is cropped away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from torch import Tensor

from augkit.core.fuse import fuse
from augkit.core.key import Key
from augkit.core.ops import Barrier, Blend, Homography, Moving, Op, Spatial
from augkit.core.plan import BlendRun, Plan, SpatialRun, Step
from augkit.core.sampling import Interpolation, SamplingOptions
from augkit.core.spatial import Size
from augkit.executors import run
from augkit.images.network_input import InputShape, fitted, opaque, placement
from augkit.loader.drawing import After, Drawn
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.train.models.preprocessing import Preprocessing

FILTERS: dict[str, Interpolation] = {"bilinear": "linear", "bicubic": "cubic"}


@dataclass(frozen=True)
class Framing:
    """Draw plans whose pictures come out as a network takes them, with all that moves with them.

    Args:
        preprocessing: of the network, one that `is_once`.
        outside: the number that masks have beside a picture that is padded.
    """

    preprocessing: Preprocessing
    outside: int = 0

    def __call__(self, pipeline: Pipeline, key: Key, scene: Scene) -> Drawn:
        """Return a plan, and what is left to be done to what it makes; see `augkit.loader.drawing`.

        Raises:
            AugkitError: a step cannot be done to such a picture.
        """
        ops = list(chain.from_iterable(pipeline.ops(key, scene).values()))
        plan = fuse(ops, scene.size, pipeline.policy)
        wanted = self.preprocessing.size
        is_moved = _moves(plan.steps, scene.size)
        if is_moved and plan.size == wanted:
            return Drawn(plan, self._after(self._as_it_is()))
        is_whole = plan.size == scene.size
        shape = (self.preprocessing if is_whole else self.preprocessing.without_margin()).shape
        if not (is_moved and _samples_last(ops, plan)):
            return Drawn(plan, self._after(shape))
        place = placement(plan.size, shape)
        size = _inner(plan.size, shape) if shape.is_padded else shape.size
        left, top = (0.0, 0.0) if shape.is_padded else (place.left, place.top)
        frame = Homography(((place.scale_x, 0.0, left), (0.0, place.scale_y, top), (0.0, 0.0, 1.0)), size)
        joined = fuse([*ops, frame], scene.size, self._sharp(pipeline.policy))
        return Drawn(joined, self._after(shape if shape.is_padded else self._as_it_is()))

    def _sharp(self, policy: SamplingOptions) -> SamplingOptions:
        """Return how to sample as the network's own filter does, where a pipeline asks for nothing that is better."""
        own = FILTERS[self.preprocessing.interpolation]
        if policy.interpolation != "linear" or policy.behaviour == 1:  # which knows no other
            return policy
        return replace(policy, interpolation=own)

    def _as_it_is(self) -> InputShape:
        return self.preprocessing.shape._replace(resize=None, is_padded=False)

    def _after(self, shape: InputShape) -> After:
        return partial(framed, shape=shape, outside=self.outside)


def laid_flat(sample: Sample, preprocessing: Preprocessing) -> Sample:
    """Return a sample without alpha, as its picture lies on the network's paper; the first law left that for later."""
    if not preprocessing.is_once:
        return sample
    flat = opaque(sample.image, preprocessing.paper)
    return sample if flat is sample.image else sample.changed(image=flat, alpha=False)


def augmented(sample: Sample, pipeline: Pipeline, key: Key, preprocessing: Preprocessing) -> Tensor:
    """Return an augmented copy of a picture (C, h, w), as the network was trained on it.

    Raises:
        AugkitError: a step cannot be done to it, or its channels cannot become the network's.
    """
    if not preprocessing.is_once:
        return preprocessing.tensor(pipeline(sample, key).image)
    flat = laid_flat(sample, preprocessing)
    plan, after = Framing(preprocessing)(pipeline, key, Scene.of(flat))
    return preprocessing.tensor_of(after(run(plan, flat)).image)


def framed(sample: Sample, shape: InputShape, outside: int = 0) -> Sample:
    """Return a sample in a network's frame, and all that moves with the picture; masks have `outside` beside it.

    Raises:
        SampleError: its channels cannot become the network's.
    """
    image, size = fitted(sample.image, shape), sample.image.shape[:2]
    is_placed = size == shape.size and (shape.resize is None or shape.is_padded)
    if not sample.targets or is_placed:
        return sample.changed(image=image)
    place = placement(size, shape)
    move = Homography(((place.scale_x, 0.0, place.left), (0.0, place.scale_y, place.top), (0.0, 0.0, 1.0)), shape.size)
    how = FILTERS[shape.interpolation]
    policy = SamplingOptions(border="constant", interpolation=how, min_visible=0.0, mask_fill=outside)
    return run(fuse([move], size, policy), sample).changed(image=image)


def _inner(size: Size, shape: InputShape) -> Size:
    """Return the size of a picture in the frame that it is padded to."""
    place = placement(size, shape)
    return round(size[0] * place.scale_y), round(size[1] * place.scale_x)


def _moves(steps: Iterable[Step], size: Size) -> bool:
    """Say whether any step moves a point."""
    return any(
        isinstance(step, SpatialRun)
        or (isinstance(step, BlendRun) and any(_moves(branch, size) for branch in step.branches))
        or (isinstance(step, Moving) and step.move(size) is not None)
        for step in steps
    )


def _samples_last(ops: Sequence[Op], plan: Plan) -> bool:
    """Say whether points are mixed after the last barrier: one more move then costs no sampling."""
    last = max((place for place, op in enumerate(ops) if isinstance(op, Barrier | Blend)), default=-1)
    run = next((step for step in reversed(plan.steps) if isinstance(step, SpatialRun)), None)
    is_after = any(isinstance(op, Spatial) for op in ops[last + 1 :])
    return is_after and run is not None and plan.policy.interpolation != "nearest" and not _is_exact(run)


def _is_exact(run: SpatialRun) -> bool:
    """Say whether a run only mirrors, turns by right angles and cuts at whole pixels."""
    return all(
        isinstance(op, Homography)
        and op.matrix[2] == (0.0, 0.0, 1.0)
        and all(value.is_integer() for row in op.matrix for value in row)
        and abs(op.matrix[0][0] * op.matrix[1][1] - op.matrix[0][1] * op.matrix[1][0]) == 1.0
        for op in run.ops
    )
