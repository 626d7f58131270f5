"""Predictions of a trained network, which needs nothing but its one file; a row a picture, also as CSV or JSON."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from augkit.addresses import shown_address
from augkit.core.arrays import Array, JsonObject, Label, Reals
from augkit.core.csv_cells import line_of
from augkit.core.key import Key
from augkit.core.spatial import Size, size_of
from augkit.datasets import DataSet, Source, is_data_set, read as read_data_set
from augkit.errors import ArgumentError, AugkitError, DecodeError, SampleError, is_absence, raise_outage
from augkit.images import read_bytes
from augkit.images.interchange import opened
from augkit.images.network_input import input_of
from augkit.images.pictures_apart import each_apart, read_apart
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import load as load_pipeline
from augkit.targets.sample import Sample
from augkit.train.answers.returning import asked_with_views
from augkit.train.answers.returning_boxes import boxes_with_views
from augkit.train.batches.framing import augmented
from augkit.train.files.artefact import Artefact, load
from augkit.train.models import Preprocessing
from augkit.train.tasks import Task
from augkit.train.tasks.dense import Dense
from augkit.train.tasks.detect_task import Detect
from augkit.train.tasks.segment_task import Segment
from augkit.train.train_errors import trouble_told


@dataclass(frozen=True, eq=False)
class Row:
    """The answer to one picture."""

    path: str
    answers: Array | None  # probabilities, or numbers in units (k), or `Dense.placed`; None where there is no answer
    reason: str = ""  # why there is none
    size: Size | None = None  # (height, width) of the picture, of dense tasks


def csv_of(rows: Iterable[Row], task: Task, top: int, truths: Sequence[Label] | None = None) -> Iterator[str]:
    """Yield the lines of a table, its head first; lists are JSON in their cell, as in a manifest.

    Where `truths` are known they are the second column, else a last one tells why there is no answer.
    """
    heads = task.heads() if isinstance(task, Dense) else list(task.cells(np.zeros(task.outputs), top))
    yield line_of(["path", *heads, "error"] if truths is None else ["path", "truth", *heads])
    for place, row in enumerate(rows):
        cells = [""] * len(heads) if row.answers is None else task.cells(row.answers, top).values()
        if truths is None:
            yield line_of([row.path, *cells, row.reason])
        else:
            truth = truths[place]
            yield line_of([row.path, truth if isinstance(truth, str) else json.dumps(truth), *cells])


def json_of(row: Row, task: Task, top: int) -> str:
    """Return a row as one line of JSON."""
    found = {"error": row.reason} if row.answers is None else task.json(row.answers, top)
    return json.dumps({"path": row.path, **found})


SEED = 0  # of the augmented copies
HELD_NUMBERS = 1 << 26  # of all pictures that go through a network together, where it is widest: 256 MB

Views = Callable[[Sample, Preprocessing], Iterator[Tensor]]
Again = Callable[[Tensor, Sample], Array]  # the answer to a picture and its copies, of the output for it


@dataclass(frozen=True)
class Wanted:
    """A picture to be looked at."""

    path: str  # what it is called in the answer
    read: Callable[[], Sample]  # its id relative to what was named; it raises an AugkitError where it cannot be read
    is_listed: bool = False  # by a folder or a data set: that it is not there is then no slip of the pen
    content: Callable[[], bytes] | None = None  # of its file, where it has one
    data: DataSet | None = None  # that it is of
    facts: JsonObject = field(default_factory=dict)  # of it, by the names that the data set gives them


def find(
    images: Iterable[str | os.PathLike[str]], *, allow_urls: bool = False, allow_links: bool = False
) -> list[Wanted]:
    """Return the pictures that files, folders and data sets hold, in the order in which they were named.

    Raises:
        FileError: a folder or a data set cannot be read, or holds no picture; a single file is only read later.
    """
    found: list[Wanted] = []
    for image in images:
        where = os.fspath(image)
        if is_data_set(where):
            data = read_data_set(where, pictures_only=True, allow_urls=allow_urls, allow_links=allow_links)
            found += [
                Wanted(
                    f"{data.root}/{source.id}",
                    partial(_sample, data, source),
                    True,
                    partial(data.believed, source),
                    data,
                    source.attributes or {},
                )
                for source in data.sources
            ]
        else:
            path = shown_address(where)
            found.append(Wanted(path, partial(read_apart, where), content=partial(read_bytes, where)))
    return found


def predict(
    run: Artefact | str | os.PathLike[str],
    images: object,
    batch_size: int = 32,
    tta: int = 0,
    pipeline: Pipeline | str | Path | None = None,
) -> Iterator[Row]:
    """Return a network's answers to pictures, one row each, in their order; batch by batch, as rows are taken.

    With `tta` the answer is the mean over the picture and augmented copies of it, copies 1 to `tta` of its id with
    seed 0: the same whenever it is asked.

    Args:
        run: an artefact, its file, or the folder of the run that wrote it.
        images: a file, a folder or a data set; an array (H, W[, C]), a PIL image or a `Sample`; what `find` found; or
            several of these.
        batch_size: pictures that go through the network together; it changes no answer.
        tta: augmented copies of each picture that are asked too.
        pipeline: makes them; a pipeline, a bundled name or a file.

    Returns:
        Rows with calibrated probabilities, or numbers; with the reason where a picture cannot be read or prepared.

    Raises:
        ArgumentError: an option does not fit, or what was given is no picture.
        FileError: the network or a folder cannot be read.
        Unreachable, OutOfMemory: a picture cannot be read now, or not with this much memory; when rows are taken.
    """
    if not isinstance(run, Artefact | str | os.PathLike):
        raise ArgumentError(f"must be the folder of a run, or its file, got {type(run).__name__}.", "predict.run")
    if batch_size < 1:
        raise ArgumentError(f"must be 1 at least, got {batch_size}.", "batch-size")
    if tta < 0 or (tta > 0) != (pipeline is not None):
        got = f"{tta} and {'no pipeline' if pipeline is None else 'a pipeline'}"
        raise ArgumentError(f"must be 0, or 1 or more with a pipeline, got {got}.", "tta")
    artefact = run if isinstance(run, Artefact) else load(run)
    augmenting = pipeline if isinstance(pipeline, Pipeline | None) else load_pipeline(pipeline)
    if isinstance(images, Iterable) and not isinstance(images, str | bytes | Mapping | np.ndarray | torch.Tensor):
        wanted = [one for place, image in enumerate(images) for one in _wanted(image, f"images[{place}]")]
    else:
        wanted = _wanted(images, "images")
    views = None if augmenting is None else partial(_views, pipeline=augmenting, copies=tta)
    again = None if augmenting is None else partial(_again, artefact=artefact, pipeline=augmenting, copies=tta)
    return _rows(artefact, wanted, batch_size, views, again)


def _wanted(image: object, name: str) -> list[Wanted]:
    """Return the pictures that one thing stands for; a picture without a path is called by its id, or `name`."""
    if isinstance(image, Wanted):
        return [image]
    if isinstance(image, str | os.PathLike):
        return find([image])
    try:
        if isinstance(image, Sample):
            sample = image
        else:
            picture = opened(image)
            sample = Sample(picture.image, alpha=picture.alpha)
    except SampleError as fault:
        raise ArgumentError(f"{fault.message} A file goes by its path.", f"predict.{name}") from None
    return [Wanted(sample.id or name, lambda: sample)]


def _rows(
    artefact: Artefact, wanted: Sequence[Wanted], batch_size: int, views: Views | None, again: Again | None
) -> Iterator[Row]:
    if isinstance(artefact.task, Dense):
        yield from _dense_rows(artefact, artefact.task, wanted, again)
        return
    place = iter(wanted)
    batch_size = max(1, min(batch_size, HELD_NUMBERS // artefact.architecture.widest))  # which changes no answer
    while some := list(islice(place, batch_size)):
        with trouble_told(some[0].path):
            read_or_not = list(
                _plain(some, artefact) if views is None else (_inputs(one, artefact, views) for one in some)
            )
            inputs = [found for found in read_or_not if isinstance(found, Tensor)]
            said = iter(_asked(artefact, inputs, batch_size))
        for one, found in zip(some, read_or_not, strict=True):
            yield Row(one.path, next(said)) if isinstance(found, Tensor) else Row(one.path, None, found)


def _dense_rows(artefact: Artefact, task: Dense, wanted: Sequence[Wanted], again: Again | None) -> Iterator[Row]:
    """Yield the answer of a dense task to each picture, in its own frame."""
    preprocessing = artefact.architecture.preprocessing
    for one in wanted:
        samples = list[Sample]()

        def seen(sample: Sample, preprocessing: Preprocessing, samples: list[Sample] = samples) -> Iterator[Tensor]:
            samples.append(sample)
            yield from _one_view(sample, preprocessing)

        with trouble_told(one.path):
            found = _inputs(one, artefact, seen)
            if not isinstance(found, Tensor):
                yield Row(one.path, None, found)
                continue
            try:
                with torch.inference_mode():
                    output = artefact.network(found)[0]
                    size = size_of(samples[0].image)
                    fit = preprocessing.placement(size)
                    answers = task.placed(output, fit, size) if again is None else again(output, samples[0])
            except AugkitError as fault:
                raise_outage(fault, one.path)
                yield Row(one.path, None, str(fault.at(one.path)))
                continue
        yield Row(one.path, answers, size=size)


def _plain(wanted: Sequence[Wanted], artefact: Artefact) -> Iterator[Tensor | str]:
    """Yield what `_inputs` returns of pictures without copies; those that have files are decoded together."""
    preprocessing = artefact.architecture.preprocessing
    files = [one for one in wanted if one.content is not None]
    made = each_apart(input_of, map(_content, files), "keep", preprocessing.shape)
    for one in wanted:
        if one.content is None:
            yield _inputs(one, artefact, _one_view)
            continue
        found = next(made)
        if isinstance(found, AugkitError):
            fault = found.at(one.path) if isinstance(found, DecodeError | SampleError) else found
            yield str(fault)
        else:
            yield preprocessing.normalise(preprocessing.tensor_of(found)[None])


def _content(wanted: Wanted) -> tuple[str, bytes | AugkitError]:
    assert wanted.content is not None
    try:
        return wanted.path, wanted.content()
    except AugkitError as fault:
        if wanted.is_listed or not is_absence(fault.__cause__ or fault):
            raise_outage(fault, wanted.path)
        return wanted.path, fault


def _inputs(wanted: Wanted, artefact: Artefact, views: Views) -> Tensor | str:
    """Return a picture and its copies as the network takes them (V, C, h, w), or why there are none."""
    preprocessing = artefact.architecture.preprocessing
    try:
        sample = wanted.read()
    except AugkitError as fault:
        if wanted.is_listed or not is_absence(fault.__cause__ or fault):
            raise_outage(fault, wanted.path)
        return str(fault)
    try:
        return _joined([preprocessing.normalise(view[None]) for view in views(sample, preprocessing)])
    except AugkitError as fault:
        raise_outage(fault, wanted.path)
        return str(fault.at(wanted.path))


def _asked(artefact: Artefact, inputs: Sequence[Tensor], batch_size: int) -> list[Reals]:
    """Return the mean answer over the views of each picture."""
    if not inputs:
        return []
    with torch.inference_mode():
        batches = torch.split(_joined(inputs), batch_size)
        outputs = torch.cat([artefact.network(batch) for batch in batches])
    said = artefact.task.answers(outputs.numpy(), artefact.temperature)
    count = len(inputs[0])
    return [said[first : first + count].mean(axis=0) for first in range(0, len(said), count)]


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _one_view(sample: Sample, preprocessing: Preprocessing) -> Iterator[Tensor]:
    yield preprocessing.tensor(sample.image)


def _views(sample: Sample, preprocessing: Preprocessing, pipeline: Pipeline, copies: int) -> Iterator[Tensor]:
    yield preprocessing.tensor(sample.image)
    for copy in range(1, copies + 1):
        yield augmented(sample, pipeline, Key(SEED, sample.id, copy), preprocessing)


def _again(output: Tensor, sample: Sample, *, artefact: Artefact, pipeline: Pipeline, copies: int) -> Array:
    """Return the answer of a dense task to a picture and its copies, in its own frame."""
    keys, task = [Key(SEED, sample.id, copy) for copy in range(1, copies + 1)], artefact.task
    if isinstance(task, Detect):
        return boxes_with_views(artefact, task, output, sample, pipeline, keys)
    assert isinstance(task, Segment)
    size = size_of(sample.image)
    mean = asked_with_views(artefact, output, sample, pipeline, keys)
    return task.placed(mean, artefact.architecture.preprocessing.placement(size), size)


def _sample(data: DataSet, source: Source) -> Sample:
    decoded = data.decoded(source)
    return Sample(decoded.image, alpha=decoded.alpha, id=source.id)
