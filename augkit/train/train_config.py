"""Options of a training: what is to be trained on what, and how."""

import json
import os
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from augkit.configuration import FROM_PATH, Configuration, Option, Place, PlaceOrNone, Takes, Texts, converted
from augkit.errors import ArgumentError
from augkit.registers import names_of_files
from augkit.train.input_size import Size, parse_input

Optimizer = Literal["adamw", "sgd"]
Curve = Literal["cosine", "onecycle"]
Keep = Literal["best", "last"]  # epoch, whose weights are kept
Duplicates = Literal["group", "refuse", "drop", "ignore"]  # what becomes of pictures of the same bytes
NearDuplicates = Literal["tell", "group", "refuse", "drop"]  # and of those that look nearly the same
Precision = Literal["auto", "float32", "bfloat16"]
ALL_FOLDS = 0  # as the fold of a network that learns from all pictures
MOST_THREADS = 1024  # of torch; more is a slip, and what torch cannot count
NO_PIPELINE = "none"  # its name, where none is wanted
Weight = Annotated[float, Field(gt=0.0)]
ClassWeights = Literal["none", "auto"] | Mapping[str, float]


def parse_class_weights(text: str) -> ClassWeights:
    """Return what ``none``, ``auto`` or ``cat=2,dog=0.5`` says, or ``{"big, cat": 2}``.

    >>> parse_class_weights("cat=2,dog=0.5")
    {'cat': 2.0, 'dog': 0.5}
    """
    if text == "none" or text == "auto":
        return "auto" if text == "auto" else "none"
    is_json = text.startswith("{")
    try:
        pairs = json.loads(text).items() if is_json else (item.rpartition("=")[::2] for item in text.split(","))
        found = {name: float(weight) for name, weight in pairs}
    except (TypeError, ValueError):
        found = {}
    if not found or "" in found:
        advice = 'A name with a comma goes as JSON: {"NAME": WEIGHT}.'
        raise ArgumentError(f"must be none, auto or NAME=WEIGHT,..., got {text!r:.60}. {advice}", "class_weights")
    return found


def _weights(given: object) -> object:
    return parse_class_weights(given) if isinstance(given, str) else given


def _weights_text(weights: ClassWeights) -> str:
    """Return what `parse_class_weights` reads as these weights."""
    if isinstance(weights, str):
        return weights
    if any("," in name or name.startswith("{") for name in weights):
        return json.dumps(dict(weights))
    return ",".join(f"{name}={weight!r}" for name, weight in weights.items())


def _by_class(given: object) -> object:
    """Return pipelines by class, sorted, of a mapping or of texts such as ``roses=strong``."""
    if not isinstance(given, Mapping | list | tuple | None):
        raise TypeError("pipelines_for")
    pairs = given.items() if isinstance(given, Mapping) else (text.partition("=")[::2] for text in given or ())
    found = {str(label): os.fspath(file) for label, file in pairs}  # the last of a class
    for label, file in found.items():
        if not (label and file):
            raise ArgumentError(f"must be CLASS=FILE, got {label or file!r}.", "--pipeline-for")
    return dict(sorted(found.items()))


def _tasks() -> list[str]:
    return names_of_files("augkit.train.tasks", "_task")


def _size(given: object) -> object:
    if isinstance(given, str):
        return parse_input(given, "--input")
    return tuple(given) if isinstance(given, list) else given


def _colour(text: str) -> str:
    from augkit.images.paper import parse_paper  # OpenCV comes with it, which no help needs

    parse_paper(text)
    return text


class TrainConfig(Configuration):
    """All that says what is trained on what, and how."""

    model_config = ConfigDict(allow_inf_nan=False)

    data: Annotated[Place, Option(argument="DATA", decides=False)] = Field(
        description="A data set, or what augkit expand made of one."
    )
    out: Annotated[Place, Option(metavar="RUN", decides=False)] = Field(
        description="A new or empty folder, or one of the same run."
    )
    model: Place = Field(
        default="auto",
        validate_default=True,
        description="auto, a name (see augkit model), or a YAML file that lists layers.",
    )
    weights: PlaceOrNone = Field(
        default=None,
        validate_default=True,
        description="pretrained, or a file of weights: its head is replaced, the rest frozen.",
    )
    pipeline: Annotated[PlaceOrNone, Option(shown_default="none, or as --model auto says")] = Field(
        default=None,
        validate_default=True,
        description="Augment on the fly: a bundled pipeline's name, a file, or none.",
    )
    pipelines_for: Annotated[
        Takes[Mapping[str, str | PathLike[str]] | Sequence[str], dict[str, str]],
        FROM_PATH,
        converted(_by_class),
        Option(
            name="pipeline-for",
            metavar="CLASS=FILE",
            is_many=True,
            is_later=True,
            rule="pipelines by class, or a list of CLASS=FILE",
        ),
    ] = Field(default={}, validate_default=True, description="Another pipeline for a class; may be repeated.")
    epochs: Annotated[int | None, Option(shown_default="by a number of steps")] = Field(
        default=None, ge=0, description="Passes over the pictures."
    )
    pictures: Annotated[int | None, Option(is_later=True, shown_default="by --epochs")] = Field(
        default=None, ge=1, description="Pictures to learn from in all, again and again, in the place of --epochs."
    )
    minutes: Annotated[float | None, Option(is_later=True, shown_default="any")] = Field(
        default=None, gt=0.0, le=1e6, description="Minutes to learn for at most: the rate's curve ends within them."
    )
    unfreeze: int = Field(default=0, ge=0, description="Further passes in which all is trained, not the head alone.")
    batch_size: int = Field(default=64, ge=1, description="Pictures that go through the network together.")
    accumulate: Annotated[int, Option(is_later=True)] = Field(
        default=1, ge=1, description="Batches a step: their gradients are added up."
    )
    balance: Annotated[bool, Option(is_later=True)] = Field(
        default=False, description="Draw all classes alike, whatever their pictures."
    )
    mixup: Annotated[float, Option(is_later=True)] = Field(
        default=0.0, ge=0.0, le=100.0, description="MixUp with shares from Beta(A, A), such as 0.2; 0 for none."
    )
    cutmix: Annotated[float, Option(is_later=True)] = Field(
        default=0.0, ge=0.0, le=100.0, description="CutMix likewise, such as 1; with MixUp, either by chance."
    )
    rate: Annotated[float | None, Option(shown_default="adamw 4e-3, sgd 0.05")] = Field(
        default=None, gt=0.0, le=1e3, description="The highest learning rate."
    )
    backbone_rate: float = Field(
        default=0.1, gt=0.0, le=1e3, description="Rate of what was frozen, as a part of --rate."
    )
    layer_decay: Annotated[float, Option(is_later=True)] = Field(
        default=1.0, gt=0.0, le=1.0, description="Rate of each earlier block, as a part of the next one's."
    )
    optimizer: Optimizer = Field(default="adamw", description="{choices}.")
    weight_decay: float = Field(default=0.01, ge=0.0, description="Weight decay of kernels.")
    schedule: Curve = Field(default="onecycle", description="{choices}.")
    warmup: float = Field(default=0.0, ge=0.0, description="Epochs in which the rate rises from 0.")
    ema: float = Field(
        default=0.0, ge=0.0, le=0.99999, description="Decay of a running mean of the weights, such as 0.99; 0 for none."
    )
    smoothing: float = Field(default=0.0, ge=0.0, le=0.99, description="Label smoothing, such as 0.1.")
    class_weights: Annotated[
        Takes[str | Mapping[str, float], Literal["none", "auto"] | dict[str, Weight]],
        converted(_weights),
        Option(text=_weights_text, rule="none, auto or weights above 0 by name"),
    ] = Field(default="none", validate_default=True, description="none, auto, NAME=WEIGHT,... or JSON.")
    patience: Annotated[int | None, Option(shown_default="a third of a phase, 10 at least")] = Field(
        default=None, ge=0, description="Epochs without a better one that end a phase; 0 for none."
    )
    keep: Keep = Field(default="best", description="Weights to keep: best on validation, or last.")
    clip: float = Field(default=0.0, ge=0.0, description="The greatest norm of the gradients; 0 for any.")
    views: int = Field(default=5, ge=1, description="Augmented views of each picture, while frozen.")
    robust: bool = Field(default=False, description="Huber's loss for numbers, not the square.")
    task: Annotated[str | None, Option(decides=False, choices=_tasks, shown_default="as the labels look")] = Field(
        default=None, description="{choices}."
    )
    label: Annotated[str | None, Option(metavar="COLUMN", decides=False)] = Field(
        default=None, description="Column of a manifest that is to be learnt."
    )
    input: Annotated[
        Takes[Size | str | None, Size | None],
        converted(_size),
        Option(
            metavar="HxWxC",
            decides=False,
            shown_default="the model's",
            text=lambda size: "x".join(map(str, size)),
            rule="height, width and channels",
        ),
    ] = Field(default=None, validate_default=True, description="Input of the network.")
    fit: Annotated[Literal["auto", "crop", "pad", "squeeze"], Option(shown_default="as the model's own")] = Field(
        default="auto", description="How pictures of another aspect come into the input: {choices}."
    )
    paper: Annotated[str, AfterValidator(_colour)] = Field(
        default="white",
        validate_default=True,
        description="Colour below what is transparent: a name, or #ffeedd.",
    )
    split: Annotated[PlaceOrNone, Option(decides=False, shown_default="train=0.7,val=0.15,test=0.15")] = Field(
        default=None,
        validate_default=True,
        description="For a data set without splits: fractions, or a CSV file of augkit split.",
    )
    split_seed: Annotated[int, Option(decides=False)] = Field(default=0, description="Seed of the split.")
    folds: Annotated[int, Option(decides=False)] = Field(
        default=0,
        ge=0,
        description="Train so many networks, each judged by other pictures, so that all are judged.",
    )
    fold: Annotated[int | None, Option(decides=False, shown_default="all")] = Field(
        default=None, ge=ALL_FOLDS, description="Train this one of --folds alone, from 1, as on another machine."
    )
    final: Annotated[Literal["ensemble", "retrain"], Option(decides=False)] = Field(
        default="ensemble",
        description="The network that --folds keeps: ensemble, the mean of theirs, or retrain, one of all pictures.",
    )
    ignore: Annotated[Texts, Option(metavar="PATTERN", is_many=True, decides=False, rule="patterns, such as *.xml")] = (
        Field(
            default=(),
            validate_default=True,
            description="Files, columns or keys of DATA that may be left; repeatable.",
        )
    )
    allow_urls: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Read pictures that tables name by http and https URLs, never of this network."
    )
    allow_links: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Follow links that lead out of DATA."
    )
    groups: Annotated[PlaceOrNone, Option(decides=False)] = Field(
        default=None,
        validate_default=True,
        description="What stays together in a split: a pattern over ids, a CSV file or a column.",
    )
    duplicates: Annotated[Duplicates, Option(decides=False)] = Field(
        default="group",
        description="Pictures of the same bytes in several parts: group keeps them in one, where no splits of the data"
        " set's own hold them apart; refuse; drop, from what is learnt from; or ignore.",
    )
    near_duplicates: Annotated[NearDuplicates, Option(decides=False)] = Field(
        default="tell",
        description="Pictures that look nearly the same in several parts, as copies do that were mirrored, turned,"
        " cropped or recoloured: tell, group in one, refuse, or drop likewise.",
    )
    seed: int = Field(default=0, description="Seed of the run.")
    cache: Annotated[
        Takes[str | PathLike[str] | bool, bool | Annotated[str, Field(min_length=1)]],
        FROM_PATH,
        Option(
            metavar="DIR",
            decides=False,
            shown_default="in RUN",
            refused_help="Compute a frozen network's features again and again.",
            rule="true, false or a folder",
        ),
    ] = Field(
        default=True, validate_default=True, description="Where a frozen network's features are kept, for several runs."
    )
    workers: Annotated[int, Option(decides=False)] = Field(
        default=0, ge=0, description="Processes that read pictures; worth it for large ones."
    )
    memory: Annotated[int, Option(decides=False)] = Field(
        default=512, ge=0, le=2**20, description="Megabytes of decoded pictures that are kept to be augmented again."
    )
    device: Annotated[Literal["auto", "cpu", "cuda"], Option(decides=False)] = Field(
        default="auto", description="{choices}."
    )
    threads: Annotated[int, Option(shown_default="1 for small pictures, else torch's")] = Field(
        default=0, ge=0, le=MOST_THREADS, description="CPU threads."
    )
    precision: Annotated[Precision, Option(is_later=True)] = Field(
        default="auto", description="{choices}; auto is float32 on a processor."
    )
    max_rejected: Annotated[float, Option(decides=False)] = Field(
        default=0.01, ge=0.0, le=1.0, description="The greatest fraction of pictures that may be unreadable."
    )
    wait: Annotated[float, Option(decides=False, rule="a number of seconds from 0 on")] = Field(
        default=60.0, ge=0.0, description="Seconds to wait for a picture that cannot be read; 0 for none."
    )
    tensorboard: Annotated[bool, Option(decides=False)] = Field(
        default=False, description="Also write TensorBoard files."
    )
    checkpoint_every: Annotated[int, Option(decides=False)] = Field(
        default=0, ge=0, description="Steps between checkpoints, beside those by time."
    )
    checkpoint_seconds: Annotated[float, Option(decides=False)] = Field(
        default=30.0, ge=0.0, description="Seconds between checkpoints; there is one at the end, too."
    )

    @model_validator(mode="after")
    def _require_sense(self) -> Self:
        """Refuse options that mean nothing beside the others."""
        self._require_folds()
        given = {entry.field for entry in self.entries() if getattr(self, entry.field) != entry.default}
        of_frozen = ("unfreeze", "backbone_rate", "layer_decay", "views", "cache")
        vain = next((name for name in of_frozen if name in given), None)
        if vain is not None and not self.may_freeze:
            raise ArgumentError("must go with --weights: without, nothing is frozen. Leave it out.", vain)
        of_thawed = next((name for name in ("backbone_rate", "layer_decay") if name in given), None)
        if self.weights is not None and of_thawed is not None and not self.unfreeze:
            raise ArgumentError("must go with --unfreeze: without, all but the head rests.", of_thawed)
        if self.balance and self.class_weights != "none":
            advice = "Either makes classes count alike; both would do it twice. Leave one out."
            raise ArgumentError(f"must not go with --class-weights. {advice}", "balance")
        if self.cutmix and self.weights is not None and not self.unfreeze:
            advice = "Features have no area to cut. Take --mixup, or --unfreeze too."
            raise ArgumentError(f"must go with --unfreeze, got {self.cutmix:g} without. {advice}", "cutmix")
        if not (self.epochs is None or self.epochs + self.unfreeze):
            raise ArgumentError("must be 1 at least, or --unfreeze be, got 0.", "epochs")
        return self

    def _require_folds(self) -> None:
        """Refuse folds that there cannot be."""
        if self.folds == 1:
            raise ArgumentError("must be 2 at least, or 0 for none, got 1.", "folds")
        if self.folds and self.split is not None:
            raise ArgumentError("must not go with --split: folds divide the pictures. Leave one out.", "folds")
        if self.final != "ensemble" and not self.folds:
            raise ArgumentError(f"must go with --folds, got {self.final} without. Leave it out.", "final")
        if self.fold is not None and self.fold > self.folds:
            of = f"--folds {self.folds}" if self.folds else "no --folds"
            raise ArgumentError(f"must be one of --folds, counted from 1, got {self.fold} of {of}.", "fold")

    @property
    def part(self) -> tuple[int, int] | None:
        """The fold that is reported on, or `ALL_FOLDS`, and of how many, or None without folds."""
        return (1 if self.fold is None else self.fold, self.folds) if self.folds else None

    @property
    def may_freeze(self) -> bool:
        """Whether a part of the network may be frozen: ``auto`` comes with weights if the pictures are large."""
        return self.weights is not None or self.model == "auto"

    @property
    def step_size(self) -> int:
        """Pictures a step."""
        return self.batch_size * self.accumulate

    @property
    def highest_rate(self) -> float:
        """The highest learning rate."""
        return self.rate or {"adamw": 4e-3, "sgd": 0.05}[self.optimizer]
