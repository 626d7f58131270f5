"""Setup of what is particular to dense tasks: which one a data set asks for, and the model that suits it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import compress
from statistics import median

from augkit.datasets import DataSet
from augkit.datasets.samples import named_sample
from augkit.errors import FileError
from augkit.pipeline import Pipeline
from augkit.pipeline.box_growth import told_box_growth
from augkit.pipeline.surroundings import told_surroundings
from augkit.targets.boxes import Boxes
from augkit.train.files.weights import PRETRAINED
from augkit.train.parts.parts import ROLES
from augkit.train.parts.survey import Survey
from augkit.train.tasks import TASKS, Task
from augkit.train.tasks.dense import Dense
from augkit.train.train_config import TrainConfig

MODEL = "efficientnet_lite0"
LEAST_EPOCHS, MOST_EPOCHS = 5, 300
OBJECT = 48.0  # pixels of the input that half of the objects are to have at least
STEP, LEAST, MOST = 32, 96, 320  # pixels of a side: multiples of the coarsest stride, and what two cores can do


def dense_task(kind: str | None, data: DataSet) -> type[Dense] | None:
    """Return the dense task that was asked for, or that pictures ask for which have no label of their own.

    Raises:
        FileError: the pictures carry nothing that it learns.
    """
    known = [task for task in TASKS.values() if issubclass(task, Dense)]
    asked = next((task for task in known if task.kind == kind), None)
    if asked is not None and data.kinds.isdisjoint((asked.target_kind, *asked.others)):
        held = " and ".join(sorted(data.kinds)) or "none beside their class"
        what = f"must have labels of the kind {asked.target_kind}, got {held}"
        raise FileError(f"{what}. Name the data set that has them, or pass another --task.", str(data.root))
    if kind is not None or any(source.label is not None for source in data.sources):
        return asked
    return next((task for task in known if task.target_kind in data.kinds), None)


def looked_through(data: DataSet, task: type[Dense] | None, tell: Callable[[str], None]) -> DataSet:
    """Return a data set without the pictures in which nobody looked for objects: they would teach that there are none.

    One that was looked through says so by an empty list of boxes, a label file or an entry of its own.
    """
    if task is None or task.target_kind != Boxes.kind:
        return data
    is_known = [Boxes.kind in source.kinds or bool(source.fault) for source in data.sources]
    gone = is_known.count(False)
    if not gone:
        return data
    first = next(source.id for source, known in zip(data.sources, is_known, strict=True) if not known)
    have = "has" if gone == 1 else "have"
    tell(f"{gone:,} of {len(data.sources):,} pictures {have} no boxes, nor say that there is none: left out ({first}).")
    columns = {name: tuple(compress(texts, is_known)) for name, texts in data.columns.items()}
    return replace(data, sources=tuple(compress(data.sources, is_known)), columns=columns)


def told_masks(task: Task, surveyed: Survey) -> Iterator[str]:
    """Yield, in sentences, what is odd of the masks of pictures, if it is masks that are learnt."""
    if isinstance(task, Dense):
        yield from task.told({role: [one.mask for one in surveyed.facts[role].values()] for role in ROLES})


def told_boxes(task: Task, pipeline: Pipeline, surveyed: Survey) -> Iterator[str]:
    """Yield what is to be said of a pipeline that shows objects without boxes or loosens boxes, if those are learnt."""
    if isinstance(task, Dense) and task.target_kind == Boxes.kind:
        part, facts = surveyed.parts.train, next(iter(surveyed.facts["train"].values()))
        if told := told_surroundings(pipeline, facts.size, facts.channels):
            yield told
        holding = next(source for source in part.sources if source.box_labels)
        if told := told_box_growth(pipeline, named_sample(part.data, holding)):
            yield told


def with_dense_model(
    config: TrainConfig, task: type[Dense], surveyed: Survey, tell: Callable[[str], None]
) -> TrainConfig:
    """Return the settings with a model, and with an input that small objects can be seen in."""
    chosen = config
    if config.model == "auto":
        chosen = chosen.replaced(model=MODEL, weights=config.weights or PRETRAINED)
    if config.fit == "auto":
        chosen = chosen.replaced(fit=task.fit)
    if chosen.input is None:
        side = _side(surveyed, tell)
        chosen = chosen.replaced(input=(side, side, 3))
    if task.is_uneven and "class_weights" not in config.model_fields_set:
        chosen = chosen.replaced(class_weights="auto")
        tell("Classes of few pixels count more, by the root of their rarity: --class-weights none counts pixels alike.")
    if "batch_size" not in config.model_fields_set:
        chosen = chosen.replaced(batch_size=task.batch_size)
    if config.epochs is None:
        epochs = min(max(-(-task.passes // len(surveyed.parts.train.sources)), LEAST_EPOCHS), MOST_EPOCHS)
        chosen = chosen.replaced(epochs=epochs)
    return chosen


def _side(surveyed: Survey, tell: Callable[[str], None]) -> int:
    """Return the side of an input in which pictures, and objects in them, are large enough."""
    facts, sides = surveyed.asked, list[float]()
    carrying = {source.id: source for role in ROLES for source in surveyed.parts[role].sources}
    for source in (carrying[id] for id in sorted(facts)):
        boxes = source.annotations.targets.get(Boxes.name) if source.annotations is not None else None
        if isinstance(boxes, Boxes):
            whole = max(facts[source.id].size)
            sides += [math.sqrt(float(area)) / whole for area in (boxes.boxes[:, 2:] - boxes.boxes[:, :2]).prod(1)]
    wanted = max(float(surveyed.long_side), OBJECT / median(sides) if sides else 0.0)
    side = int(min(max(-(-wanted // STEP) * STEP, LEAST), MOST))
    objects = f", objects of {median(sides) * surveyed.long_side:.0f}" if sides else ""
    tell(f"Pictures of {surveyed.long_side} pixels{objects}: the network sees them in {side} x {side}.")
    return side
