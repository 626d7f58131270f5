"""Pipelines of classes of their own, for what would harm one class and helps the others."""

from collections.abc import Iterable, Mapping

from augkit.core.sampling import Behaviour
from augkit.errors import ArgumentError, known
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import load
from augkit.train.train_config import NO_PIPELINE, TrainConfig

OPTION = "pipeline-for"


def class_pipelines(config: TrainConfig, behaviour: Behaviour | None) -> dict[str, Pipeline]:
    """Return the pipeline of each class that has one of its own; one without steps where that is ``none``.

    Raises:
        FileError: there is no such pipeline.
    """
    found: dict[str, Pipeline] = {}
    for label, file in config.pipelines_for.items():
        pipeline = Pipeline([]) if file == NO_PIPELINE else load(file)
        found[label] = pipeline if behaviour is None else pipeline.with_behaviour(behaviour)
    return found


def require_classes(pipelines: Mapping[str, Pipeline], labels: Iterable[object], others: Pipeline | None) -> None:
    """Check that there are the classes, and a pipeline for the others.

    Raises:
        ArgumentError: there is a class that no picture has which is learnt from, or no pipeline for the others.
    """
    learnt = sorted({str(label) for label in labels})
    for label in pipelines:
        if label not in learnt:
            raise ArgumentError(f"must name a class that is learnt, got {label!r}.{known(label, learnt)}", OPTION)
    if pipelines and others is None:
        advice = "--pipeline identity leaves the others as they are."
        raise ArgumentError(f"must go with --pipeline, got none for the other classes. {advice}", OPTION)
