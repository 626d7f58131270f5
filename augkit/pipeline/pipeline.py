"""A pipeline: a distribution over pictures. Drawn with a key it gives a plan; the plan, run, gives one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from augkit.core.fuse import fuse
from augkit.core.key import Key
from augkit.core.ops import Op
from augkit.core.plan import Plan
from augkit.core.sampling import CURRENT, Behaviour, Border, BoxRule, Decode, Interpolation, SamplingOptions
from augkit.errors import ArgumentError, AugkitError
from augkit.executors import run
from augkit.images.interchange import ImageTransform
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.transforms import Transform
from augkit.transforms.finding import FOREIGN
from augkit.transforms.transform import labels


class Pipeline:
    """Hold transforms in order, and how pixels are sampled.

    Args:
        steps: transforms, done in this order.
        border, fill, mask_fill, interpolation, min_visible, decode, box_rule: see
            `augkit.core.sampling.SamplingOptions`.
        keypoint_pairs: points of an object, counted from 0, that change places where a copy comes out mirrored.
        mirrored_labels: labels that do, as {one: other} or pairs; a label of the picture or of a box.
        range: what black and white are, (low, high), where pictures use a part of their dtype's range.
        behaviour: what steps and plans mean: 2, or 1 as augkit before 0.4 did it.

    Raises:
        ArgumentError: an argument is not what it must be.
    """

    def __init__(
        self,
        steps: Iterable[Transform],
        *,
        border: Border = "reflect",
        fill: float | Sequence[float] = 0,
        mask_fill: int = 0,
        interpolation: Interpolation = "linear",
        min_visible: float = 0.1,
        decode: Decode = "full",
        keypoint_pairs: Iterable[Sequence[int]] = (),
        mirrored_labels: Mapping[Any, str | int] | Iterable[Sequence[str | int]] = (),
        range: Sequence[float] | None = None,
        box_rule: BoxRule = "corners",
        behaviour: Behaviour = CURRENT,
    ) -> None:
        if isinstance(steps, str | Transform) or not isinstance(steps, Iterable):
            advice = f"ak.load({steps!r:.60})" if isinstance(steps, str) else "ak.Pipeline([first, second])"
            raise ArgumentError(f"must be a list of transforms, got {steps!r:.80}. Write {advice}.", "Pipeline.steps")
        self.steps = tuple(steps)
        for index, step in enumerate(self.steps):
            if not isinstance(step, Transform):
                rule = f"must be a transform, got {step!r:.80}.{_made_instead(step)}"
                raise ArgumentError(rule, f"Pipeline.steps[{index}]")
        fills = tuple(fill) if isinstance(fill, Sequence) and not isinstance(fill, str) else fill
        try:
            points, names = _pairs(keypoint_pairs), _pairs(mirrored_labels)
            levels: Any = tuple(range) if isinstance(range, list) else range  # checked there
            how = border, fills, mask_fill, interpolation, min_visible, decode
            self.policy = SamplingOptions(*how, points, names, levels, box_rule, behaviour)
        except ArgumentError as error:
            raise ArgumentError(error.message, f"Pipeline.{error.where.partition('.')[2]}") from None
        try:
            self.labels = labels(self.steps)
        except ArgumentError as error:
            raise error.at("Pipeline.steps") from error.__cause__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pipeline) and (self.steps, self.policy) == (other.steps, other.policy)

    def __hash__(self) -> int:
        return hash((self.steps, self.policy))

    def __repr__(self) -> str:
        told = (f", {name}={value!r}" for name, value in self.policy.given().items())
        return f"Pipeline([{', '.join(map(repr, self.steps))}]{''.join(told)})"

    @property
    def packages(self) -> tuple[str, ...]:
        """Packages beside augkit's own whose versions decide what comes out."""
        return tuple(dict.fromkeys(chain.from_iterable(step.packages for step in self.steps)))

    def with_range(self, levels: tuple[float, float] | None) -> Pipeline:
        """Return the same pipeline for pictures of another range.

        Raises:
            ArgumentError: it is no range.
        """
        return Pipeline(self.steps, **self.policy.given() | {"range": levels})

    def with_behaviour(self, behaviour: Behaviour) -> Pipeline:
        """Return the same pipeline, its steps and plans meaning what they meant then."""
        return Pipeline(self.steps, **self.policy.given() | {"behaviour": behaviour})

    def with_keypoint_pairs(self, pairs: Iterable[Sequence[int]]) -> Pipeline:
        """Return the same pipeline with other points that change places in a mirror.

        Raises:
            ArgumentError: they are no pairs.
        """
        return Pipeline(self.steps, **self.policy.given() | {"keypoint_pairs": pairs})

    def draw(self, key: Key, scene: Scene) -> Plan:
        """Draw one plan: a pure function of the pipeline, the key and the scene.

        Raises:
            AugkitError: a step cannot be done to such a picture; the sentence names the step.
        """
        drawn = self.ops(key, scene)
        return fuse(chain.from_iterable(drawn.values()), scene.size, self.policy)

    def ops(self, key: Key, scene: Scene) -> dict[str, tuple[Op, ...]]:
        """Return what every step draws, by its label, in order and not fused yet.

        Raises:
            AugkitError: as `draw`.
        """
        if not isinstance(key, Key) or not isinstance(scene, Scene):
            got = f"{type(key).__name__} and {type(scene).__name__}"
            advice = "ak.Scene.of(sample)" if isinstance(key, Key) else "ak.Key(seed, sample.id)"
            raise ArgumentError(f"must get a Key and a Scene, got {got}. Give {advice}.", "Pipeline.draw")
        if scene.behaviour != self.policy.behaviour:
            scene = replace(scene, behaviour=self.policy.behaviour)
        drawn: dict[str, tuple[Op, ...]] = {}
        for index, (label, step) in enumerate(zip(self.labels, self.steps, strict=True)):
            try:
                drawn[label], scene = scene.advanced(step.draw(key.stream(label), scene))
            except AugkitError as error:
                named = error.where.startswith(label)
                raise error.at(f"steps[{index}]" if named else f"steps[{index}] {label}") from error.__cause__
        return drawn

    def require_classes_kept(self, labels: Iterable[Any], advice: str) -> None:
        """Refuse to exchange the pictures' own classes, where these are settled before a plan is drawn.

        Args:
            labels: of the pictures.
            advice: what to do instead.

        Raises:
            ArgumentError: a mirror would give a picture another class.
        """
        for label in labels if self.policy.mirrored_labels else ():
            if self.policy.in_mirror(label) != label:
                rule = f"must leave the pictures' own classes alone here, got {label!r:.60}. {advice}"
                raise ArgumentError(rule, "Pipeline.mirrored_labels")

    def __call__(
        self, sample: Sample | None = None, key: Key | None = None, executor: str | None = None, **others: object
    ) -> Sample:
        """Draw a plan for the sample and run it.

        Args:
            sample: must be given: a picture with its labels.
            key: must be given: the same key draws the same again.
            executor: as `augkit.run` takes it.
            others: refused.

        Raises:
            AugkitError: as `draw`, or a picture or a key is not what it must be.
        """
        if others or not isinstance(sample, Sample) or not isinstance(key, Key):
            got = f"{type(sample).__name__} and {'no key' if key is None else type(key).__name__}"
            got = f"an argument {next(iter(others))!r}" if others else got
            picture, name = (
                ("sample", "sample.id") if isinstance(sample, Sample) else ("ak.Sample(image)", '"its name"')
            )
            advice = f"Write pipeline({picture}, ak.Key(seed=0, sample={name}))"
            alone = "" if isinstance(sample, Sample) else ", or pipeline.as_transform(seed=0)(image) for pictures alone"
            raise ArgumentError(f"must get a Sample and a Key, got {got}. {advice}{alone}.", "Pipeline")
        return run(self.draw(key, Scene.of(sample)), sample, executor)

    def as_transform(self, seed: int = 0) -> ImageTransform:
        """Return the pipeline as a function of one picture, for data sets that take ``transform=``.

        Each time a picture is met another copy of it comes out, and a run after ``torch.manual_seed`` repeats with as
        many workers. Where ``set_epoch`` of what is returned is called before each pass, copies are the same for any
        number of workers. See `augkit.images.interchange.ImageTransform`; its `repr` tells which law holds.

        Args:
            seed: any whole number.

        >>> import numpy as np
        >>> from augkit.transforms.geometry import Mirror
        >>> augment = Pipeline([Mirror()]).as_transform(seed=0)
        >>> augment.set_epoch(1)
        >>> augment(np.zeros((24, 32, 3), np.uint8)).shape
        (24, 32, 3)
        """
        return ImageTransform(self, seed)

    def as_albumentations(self, p: float = 1.0, name: str = "augkit") -> Any:
        """Return the pipeline as a step of ``albumentations.Compose``, for pictures, masks, boxes and keypoints.

        What it draws comes from the seed of the Compose it stands in. Where it has keypoint pairs, Compose must keep
        all points: ``KeypointParams(remove_invisible=False)``. An angle of a point is that of a direction, y down.

        Args:
            p: in what fraction of the pictures it is done, 0 to 1.
            name: under which ``albumentations.load`` wants it: ``nonserializable={name: step}``.

        Raises:
            MissingExtra: Albumentations is not installed.
            ArgumentError: p or name is not what it must be, or the pipeline exchanges labels, which no step sees there.
        """
        if self.policy.mirrored_labels:
            rule = "must be empty where Albumentations holds the labels, got"
            advice = "Exchange them after it, or leave them out."
            raise ArgumentError(f"{rule} {self.policy.mirrored_labels!r:.60}. {advice}", "Pipeline.mirrored_labels")
        return FOREIGN["albumentations"].host(self, p, name)


def _made_instead(step: object) -> str:
    """Say how the step that something stands for is made."""
    if isinstance(step, type) and issubclass(step, Transform):
        return f" Write {step.__name__}(), with its arguments."
    if isinstance(step, str):
        return " Write it as a call, such as ak.Mirror(); names alone are for YAML."
    name, package = type(step).__name__, type(step).__module__.partition(".")[0]
    return f' Write ak.Albumentations("{name}", {{...}}).' * (package == "albumentations")


def _pairs(given: Any) -> Any:
    """Return pairs as tuples, each once whichever way round it is given again; what is none stays, to be refused."""
    items = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(items, list | tuple) or not all(isinstance(pair, list | tuple) for pair in items):
        return items
    found: list[tuple[Any, ...]] = []
    found += (pair for pair in map(tuple, items) if pair[::-1] not in found)
    return tuple(found)
