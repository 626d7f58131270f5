"""Setup of a training: everything that is found out and checked before its first step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.core.sampling import Behaviour
from augkit.datasets.samples import named_sample
from augkit.datasets.splits import HASHED, LAW
from augkit.errors import ArgumentError, AugkitError
from augkit.images.paper import parse_paper
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import identified, load
from augkit.train.batches.class_pipelines import class_pipelines, require_classes
from augkit.train.batches.stream import least_of, steps_of
from augkit.train.dense_setup import dense_task, looked_through, told_boxes, told_masks, with_dense_model
from augkit.train.files.artefact import DECIDING, versions
from augkit.train.files.weights import WeightsReport, load_weights
from augkit.train.loop.budget import steps_within
from augkit.train.loop.growth import grown_of
from augkit.train.loop.precision import is_half
from augkit.train.loop.schedule import Schedule, patience_of
from augkit.train.models import Architecture, Network
from augkit.train.models.network import head_names
from augkit.train.models.pyramid_network import PyramidNetwork
from augkit.train.own_pieces import architecture_of
from augkit.train.parts.duplicates import Alike
from augkit.train.parts.imbalance import told_imbalance
from augkit.train.parts.parts import ROLES, Part, Parts, Role, empty_classes, require_learnable, told_few
from augkit.train.parts.separation import data_of, separate
from augkit.train.parts.survey import Known, Survey
from augkit.train.recipe import SMALL, recommended
from augkit.train.tasks import TASKS, Task, task_for
from augkit.train.telling import Progress, Tell
from augkit.train.train_config import NO_PIPELINE, TrainConfig
from augkit.train.train_law import TRAIN_LAW

# Of an option that a task has not: another one, and how it is passed, that serves the same end where a task has it.
INSTEAD = {"balance": ("class_weights", "--class-weights auto")}


@dataclass(frozen=True)
class Setup:
    """All that a training begins with."""

    config: TrainConfig  # with the model, the weights and the epochs that are meant, where they were left open
    surveyed: Survey
    task: Task
    pipeline: Pipeline | None
    architecture: Architecture
    network: Network  # with the weights to begin with
    truths: dict[Role, Tensor]  # of each part's pictures, encoded
    device: torch.device
    deciding: JsonObject  # all that decides the weights that come out
    alike: Sequence[Alike] = ()  # pictures
    own: Mapping[str, Pipeline] = field(default_factory=dict)  # pipelines of classes, in the place of `pipeline`

    @property
    def effective(self) -> JsonObject:
        """The options as they are after all that was left open was found out, as plain data."""
        return self.config.model_dump(mode="json") | {
            "rate": self.config.highest_rate,
            "task": self.task.kind,
            "input": list(self.architecture.preprocessing.input),
            "split": self.surveyed.parts.split,
            "epochs": self.schedule.epochs,
            "unfreeze": self.schedule.unfrozen,
            "patience": patience_of(self.config.patience, self.config.keep, self.schedule.epochs),
            "device": self.device.type,
            "threads": self.deciding["threads"],
        }

    @property
    def portable(self) -> JsonObject:
        """The same as files hold it that are passed on."""
        return replace(self, config=self.config.portable()).effective

    @property
    def schedule(self) -> Schedule:
        """The rates, and what is frozen when."""
        config = self.config
        assert config.epochs is not None
        length = len(self.truths["train"])
        steps = steps_of(length, config.step_size)
        is_transfer = config.weights is not None
        given = (config.epochs, config.unfreeze)
        if config.pictures is None:
            return Schedule(*given, steps, config.warmup, config.schedule, is_transfer, grown_of(self.deciding))
        limits = steps_within(config.pictures, (length, steps), (given[0] * steps, given[1] * steps))
        epochs, unfrozen = (-(-limit // steps) for limit in limits)
        return Schedule(epochs, unfrozen, steps, config.warmup, config.schedule, is_transfer, limits=limits)


def prepare(
    config: TrainConfig,
    tell: Tell,
    progress: Progress,
    law: int = LAW,
    behaviour: Behaviour | None = None,
    known: Known | None = None,
    head: str | None = None,
) -> Setup:
    """Read the data set and the weights, and check that they and the options fit each other.

    `tell` is given sentences that a user should read, `progress` how many pictures were read, of how many. The law is
    the one of `augkit.datasets.splits` that the run was begun with, the behaviour that of its pipeline. What
    is `known` of pictures is not read again. A `head` is the name of a program's own, in the place of the model's.
    """
    device = _device(config.device)
    (
        _pipeline(config, behaviour),
        class_pipelines(config, behaviour),
    )  # a slip of the pen is told before the pictures are read
    data = data_of(config)
    for note in data.notes:
        tell(note)
    for name in empty_classes(data):
        tell(f"class {name!r}: has no picture, and is left out.")
    aim = dense_task(config.task, data)
    data = looked_through(data, aim, tell)
    surveyed, alike = separate(data, config, tell, progress, law, aim is not None, known)
    for _, _, reason in surveyed.rejected:
        tell(f"Left out: {reason}")
    parts = surveyed.parts
    carrying = [source for role in ROLES for source in parts[role].sources]
    task = _task(config, parts) if aim is None else aim.of_sources(data, carrying, surveyed.mask_numbers)
    _require_sense(config, task)
    uneven = told_imbalance(parts, task, config.balance or config.class_weights != "none")
    for sentence in (*require_learnable(parts, task), *told_masks(task, surveyed), *uneven):
        tell(sentence)
    truths = {role: _truths(task, parts[role]) for role in ROLES}
    if config.class_weights != "auto":
        task.weights(config.class_weights, truths["train"])  # refuses names that are none
    wanted = config if aim is None else with_dense_model(config, aim, surveyed, tell)
    classes = task.outputs if task.kind == "classes" else 0
    chosen = recommended(wanted, surveyed, classes, device.type != "cpu", tell)
    for sentence in told_few(len(parts.val.sources), task) if chosen.keep == "best" else ():
        tell(sentence)
    pipeline = _pipeline(chosen, behaviour)
    if pipeline is not None:
        if parts.are_copies:
            tell("The pictures are augmented copies, and are augmented once more.")
        _require_suited(pipeline, surveyed)
        for sentence in told_boxes(task, pipeline, surveyed):
            tell(sentence)
    own = class_pipelines(chosen, behaviour)
    require_classes(own, parts.train.labels, pipeline)
    for one in own.values():
        _require_suited(one, surveyed)
    made = architecture_of(chosen, task, None if aim is None else aim.head, head)
    made = replace(made, preprocessing=made.preprocessing.as_asked(chosen.fit, parse_paper(chosen.paper)))
    if made.preprocessing.channels not in (1, 3):
        channels = made.preprocessing.channels
        raise ArgumentError(f"must have 1 channel, for grey, or 3, as pictures are read, got {channels}.", "input")
    network, weights = made.build(chosen.seed), None
    if chosen.weights is not None:
        report = _loaded(network, chosen, made)
        weights = report.sha256
        for sentence in report.sentences():
            tell(sentence)
        if chosen.epochs != 0:
            report.require_whole()
    is_half(chosen.precision, device)  # refuses what the device has not
    _require_batches(chosen, len(truths["train"]), network)
    deciding = chosen.described() | {
        "data": surveyed.fingerprint,
        "target": task.described(),
        "model": made.described(),
        "weights": weights,
        "pipeline": None if pipeline is None else identified(pipeline),
        **({"pipelines_for": {label: identified(one) for label, one in own.items()}} if own else {}),
        "epochs": chosen.epochs,
        "device": device.type,
        "threads": 1 if _is_head_alone(chosen, task, device) else _threads(config.threads, made),
        "versions": {name: number for name, number in versions().items() if name in DECIDING},
        **({"split_law": law} if law != HASHED else {}),
        "train_law": TRAIN_LAW,
    }
    return Setup(chosen, surveyed, task, pipeline, made, network.to(device), truths, device, deciding, alike, own)


def _pipeline(config: TrainConfig, behaviour: Behaviour | None) -> Pipeline | None:
    if config.pipeline is None or config.pipeline == NO_PIPELINE:
        return None
    pipeline = load(config.pipeline)
    return pipeline if behaviour is None else pipeline.with_behaviour(behaviour)


def _task(config: TrainConfig, parts: Parts) -> Task:
    """Return the task that labels ask for."""
    kind = config.task or ("classes" if parts.train.is_in_class_folders else None)
    return task_for(parts.train.labels, kind, parts.classes if config.label is None else ())


def _truths(task: Task, part: Part) -> Tensor:
    """Return the encoded truths of pictures; nothing of each (n, 0) where they move with the picture."""
    if task.moves:
        return torch.zeros(len(part.sources), 0)
    return torch.stack([task.encode(label) for label in part.labels])


def _loaded(network: Network, config: TrainConfig, made: Architecture) -> WeightsReport:
    """Load the weights of others into a network, or into what is before a head that is not its own."""
    assert config.weights is not None
    if made.backbone is None:
        return load_weights(network, config.weights, made)
    body = made.backbone.build(config.seed)
    report = load_weights(body, config.weights, made.backbone)
    if isinstance(network, PyramidNetwork):
        network.take(body)
    else:
        rest = head_names(body)
        held = {name: value for name, value in body.state_dict().items() if name not in rest}
        network.load_state_dict(held, strict=False)
    return report


def _require_sense(config: TrainConfig, task: Task) -> None:
    """Check that no option is about other tasks only."""
    for name in sorted({option for other in TASKS.values() for option in other.options} - task.options):
        if getattr(config, name) != type(config).model_fields[name].default:
            kinds = " or ".join(sorted(other.kind for other in TASKS.values() if name in other.options))
            alike = INSTEAD.get(name, "")
            advice = f"Leave it out, or pass {alike[1]}." if alike and alike[0] in task.options else "Leave it out."
            raise ArgumentError(f"must go with {kinds}, got {task.kind}. {advice}", name)


def _require_suited(pipeline: Pipeline, surveyed: Survey) -> None:
    """Check that a pipeline takes what is learnt from, one picture of each number of channels, and keeps its class."""
    part, facts = surveyed.parts.train, surveyed.facts["train"]
    pipeline.require_classes_kept(part.labels, "What is learnt is read beside the pictures; leave these labels out.")
    for source in {facts[source.id].channels: source for source in reversed(part.sources)}.values():
        try:
            pipeline(named_sample(part.data, source), Key(0, source.id))
        except AugkitError as fault:
            raise fault.at(f"{part.data.root}/{source.id}") from fault.__cause__


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ArgumentError("must be there to be used, got none that torch sees. Pass --device cpu.", "--device cuda")
    return torch.device(wanted)


def _is_head_alone(config: TrainConfig, task: Task, device: torch.device) -> bool:
    """Say whether no more is trained than one layer on a processor: one thread does, and no number of them counts."""
    return config.weights is not None and not config.unfreeze and not task.moves and device.type == "cpu"


def _threads(wanted: int, made: Architecture) -> int:
    """Return how many threads torch works with: how sums are split among them shows in the last bits of the result.

    One for small pictures: more threads would wait for each other most of the time.
    """
    return wanted or (1 if max(made.preprocessing.size) <= SMALL else torch.get_num_threads())


def _require_batches(config: TrainConfig, pictures: int, network: Network) -> None:
    """Check that no step has a single picture where BatchNorm is trained: its variance would be none."""
    is_frozen = config.weights is not None and config.epochs != 0  # at first; then its statistics stay
    trained = network.head_module if is_frozen else network
    normalises = any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in trained.modules())
    if normalises and least_of(pictures, config.step_size) < 2 * config.accumulate:
        got = f"got {config.batch_size} for {pictures} pictures to learn from"
        what = f"must leave no step with one picture, of which BatchNorm can tell nothing, {got}"
        raise ArgumentError(f"{what}. Pass --batch-size 3 or more.", "batch_size")
