"""Drawn numbers: what a pipeline drew for a copy, argument by argument, drawn again of its key.

Plans are a pure function of the pipeline, the key and the scene, so nothing needs to be logged. A step takes its
numbers off a stream that its label names; with an argument fixed to the number that was drawn for it, it makes the same
operations. So an argument's number is found among the first ones of the stream, and each one that is told is proven.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from pydantic.fields import FieldInfo

from augkit.core.key import Key, Stream
from augkit.core.ops import to_jsonable
from augkit.errors import ArgumentError, SampleError
from augkit.pipeline import Pipeline
from augkit.targets.scene import Scene
from augkit.transforms import Transform
from augkit.transforms.combinators import Maybe
from augkit.transforms.transform import LOG_UNIFORM

DONE = "done"  # the name of a coin's number: 1 where the step was done, 0 where not
PLACES = 8  # numbers of a stream among which that of an argument is looked for
TRIED = 12  # copies on which a place must hold
SHARE = 0.25  # of them at least: a step that tries again until something fits goes on in its stream


@dataclass(frozen=True)
class Number:
    """A number that a step draws.

    Args:
        label: of the step.
        argument: of the step, or `DONE`.
        low, high: its range; 0 and 1 of a coin.
        place: in the step's stream, from 0; -1 of a coin.
        is_log: whether its logarithm is drawn uniformly.
    """

    label: str
    argument: str
    low: float
    high: float
    place: int = -1
    is_log: bool = False

    @property
    def name(self) -> str:
        """The step's label and the argument, for people."""
        return self.label if self.argument == DONE else f"{self.label} {self.argument}"

    def value(self, stream: Stream) -> float:
        """Return the number that a stream, at its beginning, gives."""
        for _ in range(self.place):
            stream.random()
        if self.is_log:
            return math.exp(stream.uniform(math.log(self.low), math.log(self.high)))
        return stream.uniform(self.low, self.high)


def inner(step: Transform) -> Transform:
    """Return what coins decide on."""
    return inner(step.step) if isinstance(step, Maybe) else step


def with_inner(step: Transform, other: Transform) -> Transform:
    """Return a step with another one in the place of what its coins decide on."""
    return replace(step, step=with_inner(step.step, other)) if isinstance(step, Maybe) else other


def with_argument(step: Transform, argument: str, span: tuple[float, float]) -> Transform:
    """Return a step with another range of an argument.

    Raises:
        ArgumentError: its other arguments do not go with that.
    """
    given: dict[str, object] = {item.name: getattr(step, item.name) for item in fields(step)}
    made: Callable[..., Transform] = type(step)
    return made(**given | {argument: span})


def numbers_of(pipeline: Pipeline, keys: Sequence[Key], scenes: Sequence[Scene]) -> list[Number]:
    """Return the numbers that the steps of a pipeline draw, as far as they can be told apart.

    Not looked into are steps that choose among others; whether they help is told by leaving them out.

    Args:
        pipeline: as above.
        keys: of some copies, on which the places in the streams are found.
        scenes: of their pictures.
    """
    found = list[Number]()
    for index, (label, step) in enumerate(zip(pipeline.labels, pipeline.steps, strict=True)):
        if isinstance(step, Maybe):
            found.append(Number(label, DONE, 0.0, 1.0))
        before = [_scene_before(pipeline, index, key, scene) for key, scene in zip(keys, scenes, strict=True)]
        for argument, low, high, is_log in _ranges(inner(step)):
            tried = [Number(label, argument, low, high, place, is_log) for place in range(PLACES)]
            held = [one for one in tried if _holds(one, inner(step), keys, before)]
            found += held if len(held) == 1 else []
    return found


def drawn(pipeline: Pipeline, numbers: Sequence[Number], key: Key, scene: Scene) -> list[float]:
    """Return the numbers that were drawn for one copy; NaN where a step was not done, or its number cannot be proven.

    Raises:
        AugkitError: a step cannot be done to such a picture.
    """
    scene = replace(scene, behaviour=pipeline.policy.behaviour)
    known: dict[str, tuple[Transform, Scene, str]] = {}
    for label, step in zip(pipeline.labels, pipeline.steps, strict=True):
        ops, after = scene.advanced(step.draw(key.stream(label), scene))
        known[label] = step, scene, _text(ops)
        scene = after
    found = list[float]()
    for number in numbers:
        step, before, made = known[number.label]
        if number.argument == DONE:
            found.append(float(_fires(step, key.stream(number.label))))
            continue
        value = number.value(key.stream(number.label))
        is_done = not isinstance(step, Maybe) or _fires(step, key.stream(number.label))
        is_proven = is_done and _made(inner(step), number, value, key, before) == made
        found.append(value if is_proven else math.nan)
    return found


def _fires(step: Transform, stream: Stream) -> bool:
    """Say whether all coins of a step fall so that it is done: as `Maybe` throws them."""
    depth, is_done = 0, True
    coins = list[Maybe]()
    while isinstance(step, Maybe):
        coins.append(step)
        step = step.step
    for depth, coin in enumerate(reversed(coins)):
        is_done = is_done and stream.child(f"chance {depth}").random() < coin.chance
    return is_done


def _ranges(step: Transform) -> Iterator[tuple[str, float, float, bool]]:
    for item in fields(step):
        value = getattr(step, item.name)
        is_pair = isinstance(value, tuple) and len(value) == 2 and all(isinstance(end, float) for end in value)
        if is_pair and value[0] < value[1]:
            known: Mapping[str, FieldInfo] = type(step).__pydantic_fields__  # type: ignore[attr-defined]  # of pydantic
            yield item.name, value[0], value[1], LOG_UNIFORM in known[item.name].metadata


def _scene_before(pipeline: Pipeline, index: int, key: Key, scene: Scene) -> Scene:
    scene = replace(scene, behaviour=pipeline.policy.behaviour)
    for label, step in zip(pipeline.labels[:index], pipeline.steps[:index], strict=True):
        _, scene = scene.advanced(step.draw(key.stream(label), scene))
    return scene


def _holds(number: Number, step: Transform, keys: Sequence[Key], scenes: Sequence[Scene]) -> bool:
    """Say whether a place in the stream is that of an argument: the step fixed to its number does the same."""
    is_heard, proven = False, 0
    for key, scene in zip(keys, scenes, strict=True):
        made = _text(step.draw(key.stream(number.label), scene))
        value = number.value(key.stream(number.label))
        proven += _made(step, number, value, key, scene) == made
        other = number.low if abs(value - number.low) > abs(value - number.high) else number.high
        is_heard = is_heard or _made(step, number, other, key, scene) != made
    return is_heard and proven >= SHARE * len(keys)


def _made(step: Transform, number: Number, value: float, key: Key, scene: Scene) -> str:
    try:
        fixed = with_argument(step, number.argument, (value, value))
        return _text(fixed.draw(key.stream(number.label), scene))
    except (ArgumentError, SampleError):
        return ""


def _text(ops: object) -> str:
    return json.dumps(ops, default=to_jsonable)
