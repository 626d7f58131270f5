"""Candidates that take the pictures: of those that come with augkit, what cannot be done to these is left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from augkit.choose.candidates import Candidate
from augkit.choose.pool import Pool
from augkit.core.key import Key
from augkit.datasets.samples import named_sample
from augkit.errors import AugkitError, raise_outage
from augkit.pipeline import Pipeline
from augkit.pipeline.ablation import without
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.train.parts.survey import Facts
from augkit.train.telling import Tell

DRAWN = 64  # plans of each picture that is tried: a step that is done in a tenth of the pictures is in one of them


def suited(candidates: Sequence[Candidate], pool: Pool, facts: Mapping[str, Facts], tell: Tell) -> Iterator[Candidate]:
    """Yield the candidates that take the pictures, of which one of each number of channels is tried.

    Args:
        candidates: whole pipelines.
        pool: the pictures.
        facts: of its pictures, by their ids.
        tell: is given a sentence for each that competes without some of its steps, or not at all.

    Raises:
        AugkitError: one of the user's own does not take them.
    """
    sources = {facts[source.id].channels: source for source in reversed(pool.part.sources)}.values()
    tried = [(named_sample(pool.part.data, source), Key(0, source.id)) for source in sources]
    for candidate in candidates:
        fault = None if candidate.pipeline is None else _refusal(candidate.pipeline, pool.part.labels, tried)
        if candidate.pipeline is None or fault is None:
            yield candidate
            continue
        raise_outage(fault, candidate.name)
        if candidate.kind == "own":
            raise fault.at(candidate.name) from fault.__cause__
        left = _less(candidate, pool.part.labels, tried)
        tell(f"{candidate.name} does not compete{'' if left is None else f', but {left.name} does'}: {fault}")
        if left is not None:
            yield left


def _refusal(pipeline: Pipeline, labels: Sequence[object], tried: Sequence[tuple[Sample, Key]]) -> AugkitError | None:
    """Return why a pipeline does not take the pictures, or None if it does."""
    try:
        pipeline.require_classes_kept(labels, "Leave these labels out.")
        for sample, key in tried:
            for copy in range(DRAWN):
                pipeline.ops(replace(key, copy=copy), Scene.of(sample))
            pipeline(sample, key)
    except AugkitError as fault:
        return fault
    return None


def _less(candidate: Candidate, labels: Sequence[object], tried: Sequence[tuple[Sample, Key]]) -> Candidate | None:
    """Return a pipeline without the steps that do not take the pictures each; None where that is no way out."""
    whole = candidate.pipeline
    assert whole is not None
    policy = whole.policy.given()
    pairs = zip(whole.labels, whole.steps, strict=True)
    out = [label for label, step in pairs if _refusal(Pipeline([step], **policy), labels, tried) is not None]
    left = whole
    for label in out:
        left = without(left, label)
    if not out or not left.steps or _refusal(left, labels, tried) is not None:
        return None
    return replace(candidate, name=f"{candidate.name} without {' and '.join(out)}", pipeline=left)
