"""Everything that is found out and checked before the first step of a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn

from augkit.core.key import Key
from augkit.datasets import read
from augkit.datasets.samples import named_sample
from augkit.errors import ArgumentError, AugkitError
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import described, load
from augkit.train.artefact import DECIDING, versions
from augkit.train.models import Architecture, Network, architecture
from augkit.train.parts import ROLES, Role, divide, empty_classes, require_learnable, told_few
from augkit.train.schedule import Schedule
from augkit.train.stream import least_of, steps_of
from augkit.train.survey import Survey, survey
from augkit.train.tasks import Target
from augkit.train.train_config import RUNNING, Settings
from augkit.train.weights import PRETRAINED, load_weights

__all__ = ["Preparation", "prepare"]

Tell = Callable[[str], None]
Progress = Callable[[int, int, str], None]

SMALL = 64  # pixels: the median of the shorter sides up to which `auto` takes the small network
LEAST = 28  # pixels: what the small network is fed at least
STEPS, LEAST_EPOCHS, MOST_EPOCHS = 2000, 3, 400  # where the number of epochs is left to us
# What these come to counts: the target, the architecture, the pictures' roles, the hash of the weights.
COME_TO_OTHERS = ("task", "label", "input", "split", "split_seed", "groups")


@dataclass(frozen=True)
class Preparation:
    """What is trained on what.

    Args:
        settings: with the model, the weights and the epochs that are meant, where they were left open.
        surveyed: the pictures.
        target: what is learnt.
        pipeline: what augments the pictures, or None.
        architecture: of the network.
        network: with the weights to begin with.
        truths: of each part's pictures, encoded.
        device: where it is trained.
        deciding: all that decides the weights that come out, as JSON holds it.
    """

    settings: Settings
    surveyed: Survey
    target: Target
    pipeline: Pipeline | None
    architecture: Architecture
    network: Network
    truths: dict[Role, Tensor]
    device: torch.device
    deciding: dict[str, Any]

    @property
    def effective(self) -> dict[str, Any]:
        """The settings as they are after all that was left open was found out, as plain data."""
        height, width, channels = (*self.architecture.preprocessing.size, self.architecture.preprocessing.channels)
        return self.settings.described() | {
            "rate": self.settings.highest_rate,
            "task": self.target.kind,
            "input": [height, width, channels],
            "split": self.surveyed.parts.split,
            "device": self.device.type,
            "threads": self.deciding["threads"],
        }

    @property
    def schedule(self) -> Schedule:
        """The rates, and what is frozen when."""
        assert self.settings.epochs is not None
        return Schedule(
            self.settings.epochs,
            self.settings.unfreeze,
            steps_of(len(self.truths["fit"]), self.settings.batch_size),
            self.settings.warmup,
            self.settings.schedule,
            self.settings.weights is not None,
        )


def prepare(settings: Settings, tell: Tell, progress: Progress) -> Preparation:
    """Read the data set and the weights, and check that they and the settings fit each other.

    Args:
        settings: as the user gave them.
        tell: is given sentences that a user should read.
        progress: is told how many pictures were read, of how many.

    Raises:
        AugkitError: something does not fit; the sentence says what.
    """
    device = _device(settings.device)
    pipeline = None if settings.pipeline is None else load(settings.pipeline)
    data = read(settings.data)
    for name in empty_classes(data):
        tell(f"class {name!r}: has no picture, and is left out.")
    parts = divide(data, settings.split, settings.groups, settings.split_seed, settings.label)
    if parts.are_copies and pipeline is not None:
        tell("The pictures are augmented copies, and are augmented once more.")
    surveyed = survey(parts, settings.max_rejected, progress)
    for _, _, reason in surveyed.rejected:
        tell(f"Left out: {reason}")
    if pipeline is not None:
        _require_suited(pipeline, surveyed)
    names = data.classes if settings.label is None else ()
    fit = surveyed.parts.fit
    target = Target.of(fit.labels, settings.task or ("classes" if fit.is_in_class_folders else None), names)
    _require_sense(settings, target)
    for sentence in require_learnable(surveyed.parts, target):
        tell(sentence)
    for sentence in told_few(len(surveyed.parts.choose.sources), target) if settings.keep == "best" else ():
        tell(sentence)
    truths = {role: torch.stack([target.encode(label) for label in surveyed.parts[role].labels]) for role in ROLES}
    target.weights(settings.class_weights, truths["fit"])  # refuses names that are none
    chosen = _with_model(settings, surveyed, tell)
    made = architecture(chosen.model, target.outputs, chosen.input)
    network, weights = made.build(chosen.seed), None
    if chosen.weights is not None:
        report = load_weights(network, chosen.weights, made)
        weights = report.sha256
        for sentence in report.sentences():
            tell(sentence)
        if chosen.epochs != 0:
            report.require_whole()
    chosen = _with_epochs(chosen, len(truths["fit"]))
    _require_batches(chosen, len(truths["fit"]), network)
    deciding = {name: value for name, value in chosen.described().items() if name not in (*RUNNING, *COME_TO_OTHERS)}
    deciding |= {
        "data": sha256("\n".join(surveyed.lines()).encode()).hexdigest(),
        "target": target.described(),
        "model": made.described(),
        "weights": weights,
        "pipeline": None if pipeline is None else described(pipeline),
        "epochs": chosen.epochs,
        "device": device.type,
        "threads": _threads(settings.threads, made),
        "versions": {name: number for name, number in versions().items() if name in DECIDING},
    }
    return Preparation(chosen, surveyed, target, pipeline, made, network.to(device), truths, device, deciding)


def _require_sense(settings: Settings, target: Target) -> None:
    """Check that no option is about another kind of target."""
    if settings.robust and target.kind != "numbers":
        raise ArgumentError(f"must go with numbers, got {target.kind}. Leave it out.", "robust")
    if settings.smoothing and target.kind == "numbers":
        raise ArgumentError("must go with classes or labels, got numbers. Leave it out.", "smoothing")


def _require_suited(pipeline: Pipeline, surveyed: Survey) -> None:
    """Check that a pipeline takes what is learnt from, one picture of each number of channels, and keeps its class."""
    part, facts = surveyed.parts.fit, surveyed.facts["fit"]
    pipeline.require_classes_kept(part.labels, "What is learnt is read beside the pictures; leave these labels out.")
    for source in {facts[source.id].channels: source for source in reversed(part.sources)}.values():
        try:
            pipeline(named_sample(part.data, source), Key(0, source.id))
        except AugkitError as fault:
            raise fault.at(f"{part.data.root}/{source.id}") from None


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ArgumentError("must be there to be used, got none that torch sees. Pass --device cpu.", "--device cuda")
    return torch.device(wanted)


def _threads(wanted: int, made: Architecture) -> int:
    """Return how many threads torch works with: how sums are split among them shows in the last bits of the result.

    One for small pictures: more threads would wait for each other most of the time.
    """
    return wanted or (1 if max(made.preprocessing.size) <= SMALL else torch.get_num_threads())


def _with_model(settings: Settings, surveyed: Survey, tell: Tell) -> Settings:
    """Return the settings with a model, and with an input for one that takes any."""
    side = surveyed.side
    chosen = settings
    if settings.model == "auto" and (side > SMALL or settings.weights is not None):
        chosen = replace(settings, model="efficientnet_lite0", weights=settings.weights or PRETRAINED)
        tell(f"Pictures of {side} pixels: efficientnet_lite0, pretrained and frozen but for its head.")
    elif settings.model == "auto":
        chosen = replace(settings, model="lenet", cache=True)  # nothing is frozen: no features, wherever they would lie
        tell(f"Pictures of {side} pixels: lenet, from scratch.")
    if chosen.model == "lenet" and chosen.input is None:
        fed = min(max(side, LEAST), SMALL)
        chosen = replace(chosen, input=(fed, fed, 1 if surveyed.is_grey else 3))
    return chosen


def _require_batches(settings: Settings, pictures: int, network: Network) -> None:
    """Check that no step has a single picture where BatchNorm is trained: its variance would be none."""
    is_trained = settings.weights is None or settings.unfreeze > 0
    normalises = any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in network.modules())
    if is_trained and normalises and least_of(pictures, settings.batch_size) < 2:
        got = f"got {settings.batch_size} for {pictures} pictures to learn from"
        what = f"must leave no step with one picture, of which BatchNorm can tell nothing, {got}"
        raise ArgumentError(f"{what}. Pass --batch-size 3 or more.", "batch-size")


def _with_epochs(settings: Settings, pictures: int) -> Settings:
    if settings.epochs is not None:
        return settings
    steps = steps_of(pictures, settings.batch_size)
    return replace(settings, epochs=min(max(-(-STEPS // steps), LEAST_EPOCHS), MOST_EPOCHS))
