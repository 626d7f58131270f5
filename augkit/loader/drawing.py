"""Drawing: how a data set's pipeline becomes a plan, where that is not the pipeline's own affair alone."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from augkit.core.key import Key
from augkit.core.plan import Plan
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene

After: TypeAlias = Callable[[Sample], Sample]


class Drawn(NamedTuple):
    """A plan, and what is done to the sample that it makes."""

    plan: Plan
    after: After


Drawing: TypeAlias = Callable[[Pipeline, Key, Scene], Drawn]


def plainly(pipeline: Pipeline, key: Key, scene: Scene) -> Drawn:
    """Draw a plan as the pipeline does, after which nothing is done.

    Raises:
        AugkitError: a step cannot be done to such a picture.
    """
    return Drawn(pipeline.draw(key, scene), _same)


def _same(sample: Sample) -> Sample:
    return sample
