"""Transforms that hold transforms: perhaps, one of, some of, in any order, in order."""

from functools import partial
from typing import Annotated

import pydantic

from augkit.core.key import Stream
from augkit.core.ops import Blend, Op
from augkit.errors import ArgumentError
from augkit.targets.scene import Scene
from augkit.transforms.transform import Step, Transform, draw_in_turn, labels, pick_whole, transform


def _check_labels(steps: tuple[Transform, ...]) -> tuple[Transform, ...]:
    labels(steps)
    return steps


def _check(steps: tuple[Transform, ...]) -> tuple[Transform, ...]:
    if not steps:
        raise ArgumentError("must hold at least one step, got none.")
    return _check_labels(steps)


_Steps = Annotated[tuple[Step, ...], pydantic.AfterValidator(_check)]
_Branch = Annotated[tuple[Step, ...], pydantic.AfterValidator(_check_labels)]
_Chance = Annotated[float, pydantic.Field(strict=True, ge=0.0, le=1.0)]
_Weight = Annotated[float, pydantic.Field(strict=True, ge=0.0, allow_inf_nan=False)]
_Count = Annotated[int, pydantic.Field(strict=True, ge=0)]


def _draw_in_order(steps: tuple[Transform, ...], order: list[int], stream: Stream, scene: Scene) -> tuple[Op, ...]:
    """Draw steps, each from its own child of the stream, so that the order of drawing moves no draw."""
    names = labels(steps)
    return draw_in_turn(scene, [partial(steps[index].draw, stream.child(names[index])) for index in order])


@transform
class Maybe(Transform):
    """Do the step in a fraction of the pictures.

    In YAML this is ``chance`` beside the step. The coin is a child of the inner step's own stream: adding a chance to
    a step moves no draw, not even that step's.

    Args:
        chance: probability, 0 to 1.
        step: what is done.

    Draws: a uniform number below `chance`. Emits: what the step emits, or nothing.

    >>> from augkit.transforms.geometry import Mirror
    >>> Maybe(0.5, Mirror())
    Maybe(chance=0.5, step=Mirror())
    """

    chance: _Chance
    step: Step

    @property
    def carrier(self) -> Transform:
        return self if self.name else self.step.carrier

    @property
    def _depth(self) -> int:
        return self.step._depth + 1 if isinstance(self.step, Maybe) else 0

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        # A coin within a coin is another coin.
        fires = stream.child(f"chance {self._depth}").random() < self.chance
        return self.step.draw(stream, scene) if fires else ()


@transform
class OneOf(Transform):
    """Do one of the steps.

    Args:
        steps: at least one.
        weights: how often each is chosen, in proportion; evenly without.

    Draws: which. Emits: what that one emits.

    >>> from augkit.transforms.geometry import Mirror, Rotate
    >>> OneOf((Mirror(), Rotate((20, 30))), weights=(1, 2))
    OneOf(steps=(Mirror(), Rotate(degrees=(20.0, 30.0))), weights=(1.0, 2.0))
    """

    steps: _Steps
    weights: tuple[_Weight, ...] | None = None

    def __post_init__(self) -> None:
        weights = self.weights
        if weights is not None and (len(weights) != len(self.steps) or sum(weights) <= 0):
            raise ArgumentError(
                f"must be {len(self.steps)} weights with a positive sum, got {weights}.", "OneOf.weights"
            )

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        index = stream.child("choice").choice(range(len(self.steps)), self.weights)
        return _draw_in_order(self.steps, [index], stream, scene)


@transform
class SomeOf(Transform):
    """Do some of the steps, in the written order.

    Args:
        count: how many, 0 to all; a number, or a pair (low, high).
        steps: what to choose from.

    Draws: how many, uniform; which, every subset of that number alike. Emits: what those emit.

    >>> from augkit.transforms.geometry import Mirror, Rotate
    >>> SomeOf(1, (Mirror(), Rotate((20, 30))))
    SomeOf(count=1, steps=(Mirror(), Rotate(degrees=(20.0, 30.0))))
    """

    count: _Count | tuple[_Count, _Count]
    steps: _Steps

    def __post_init__(self) -> None:
        low, high = self.count if isinstance(self.count, tuple) else (self.count, self.count)
        if not low <= high <= len(self.steps):
            raise ArgumentError(
                f"must be within 0 and {len(self.steps)}, low <= high, got {self.count}.", "SomeOf.count"
            )

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        choice = stream.child("choice")
        count = pick_whole(choice, self.count)
        return _draw_in_order(self.steps, sorted(choice.permutation(len(self.steps))[:count]), stream, scene)


@transform
class RandomOrder(Transform):
    """Do all the steps, in a random order.

    Args:
        steps: at least one.

    Draws: the order, every one alike. Emits: what the steps emit.

    >>> from augkit.transforms.geometry import Mirror, Rotate
    >>> RandomOrder((Mirror(), Rotate((20, 30))))
    RandomOrder(steps=(Mirror(), Rotate(degrees=(20.0, 30.0))))
    """

    steps: _Steps

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return _draw_in_order(self.steps, stream.child("choice").permutation(len(self.steps)), stream, scene)


@transform
class Sequence(Transform):
    """Do all the steps in order: one step made of several, for a chance or a choice.

    Args:
        steps: at least one.

    Draws: nothing. Emits: what the steps emit.

    >>> from augkit.transforms.geometry import Mirror, Rotate
    >>> Sequence((Mirror(), Rotate((20, 30))))
    Sequence(steps=(Mirror(), Rotate(degrees=(20.0, 30.0))))
    """

    steps: _Steps

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return _draw_in_order(self.steps, list(range(len(self.steps))), stream, scene)


@transform
class Add(Transform):
    """Add up what two branches of steps make of the same picture; values beyond the top of the range become the top.

    Masks, boxes and keypoints follow the first branch, and both must come out at one size.

    Args:
        first, second: the steps of each branch; without any it is the picture as it is.

    Draws: nothing. Emits: a Blend of what the branches emit, a barrier.

    >>> from augkit.transforms.filters import Convolve
    >>> Add((Convolve("vertical_line"),), (Convolve("horizontal_line"),))
    Add(first=(Convolve(kernel='vertical_line'),), second=(Convolve(kernel='horizontal_line'),))
    """

    first: _Branch
    second: _Branch

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        branches = tuple(
            _draw_in_order(steps, list(range(len(steps))), stream.child(name), scene)
            for name, steps in (("first", self.first), ("second", self.second))
        )
        return (Blend(branches, (1.0, 1.0)),)
