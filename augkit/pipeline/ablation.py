"""Removal of one step of a pipeline, with all that the others draw left bit-equal: counterfactual ablation.

A step draws from a stream of its own, which its label names. A label is the step's name, or its class; of a second
step of one class without a name it is counted: ``Rotate#2``. What would be counted otherwise after the removal is
therefore given its label as a name. So two pipelines that differ in one step make pairs of pictures that differ by
that step and by nothing else, and what a network learns from them is compared exactly paired.
"""

from dataclasses import replace

from augkit.errors import ArgumentError, closest
from augkit.pipeline.pipeline import Pipeline
from augkit.transforms import Transform
from augkit.transforms.combinators import Maybe
from augkit.transforms.transform import labels


def without(pipeline: Pipeline, label: str) -> Pipeline:
    """Return a pipeline without one of its steps; every other one draws the numbers that it drew.

    Operations are the same, too, but for those that depend on the size that the removed step made.

    Args:
        pipeline: with the step.
        label: of the step, one of `Pipeline.labels`.

    Raises:
        ArgumentError: there is no such step.

    >>> from augkit.transforms.geometry import Rotate
    >>> without(Pipeline([Rotate(5), Rotate(10)]), "Rotate")
    Pipeline([Rotate(name='Rotate#2', degrees=(10.0, 10.0))])
    """
    if label not in pipeline.labels:
        advice = closest(label, pipeline.labels) or f" There are {', '.join(pipeline.labels) or 'none'}."
        raise ArgumentError(f"must be the label of a step, got {label!r}.{advice}", "without")
    pairs = [pair for pair in zip(pipeline.labels, pipeline.steps, strict=True) if pair[0] != label]
    if labels(tuple(step for _, step in pairs)) == tuple(name for name, _ in pairs):
        steps = [step for _, step in pairs]
    else:
        steps = [step if step.carrier.called == name else _named(step, name) for name, step in pairs]
    return Pipeline(steps, **pipeline.policy.given())


def _named(step: Transform, name: str) -> Transform:
    """Return a step with another name: that of what a coin decides on, for its stream is the one of both."""
    if isinstance(step, Maybe) and step.name is None:
        return Maybe(step.chance, _named(step.step, name))
    return replace(step, name=name)
