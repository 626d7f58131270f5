"""Every option of a training, checked, and as plain data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from augkit.errors import ArgumentError, closest
from augkit.train.schedule import CURVES, KEPT, OPTIMIZERS, Curve, Keep, Optimizer
from augkit.train.tasks import KINDS, ClassWeights, TargetKind

__all__ = ["RUNNING", "Settings", "parse_class_weights"]

# What changes nothing in the weights that come out, or is said in other words; all else makes another run of it.
RUNNING = ("data", "out", "cache", "workers", "device", "max_rejected", "tensorboard", "checkpoint_every")


@dataclass(frozen=True)
class Settings:
    """Say what is to be trained on what, and how.

    Args:
        data: a data set, or an expansion of one.
        out: the run's folder, new, or of the same run.
        model: a model's name, a YAML file that lists layers, or ``auto``: lenet from scratch for pictures of up to 64
            pixels, else efficientnet_lite0, pretrained.
        weights: ``pretrained``, a file, or None to begin from random ones.
        pipeline: what pictures that are learnt from are augmented with: a bundled name or a file, or None.
        epochs: of the first phase: with `weights` of the head alone, else of all; None takes as many as fill a budget
            of steps.
        unfreeze: further epochs, in which all is trained; only with `weights`.
        batch_size: pictures a step, at most.
        rate: the highest learning rate, of the head; None takes the optimiser's usual one.
        backbone_rate: what all before the head learns at once it is unfrozen, as a part of `rate`.
        optimizer: ``adamw`` or ``sgd``.
        weight_decay: of kernels.
        schedule: ``cosine`` or ``onecycle``.
        warmup: epochs in which the rate rises from 0.
        ema: how slowly a running mean of the weights follows, 0.9 to 0.9999, which is then what is judged and kept; 0
            keeps the weights themselves.
        smoothing: the part of the truth that is spread evenly over all classes, 0 up to 1.
        class_weights: ``none``, ``auto``, or how much a class counts by name.
        patience: epochs without a better one after which a phase ends; 0 never ends one early.
        keep: whose weights are kept: those of the ``best`` epoch by the pictures that choose, or of the ``last``, which
            is better where these are so few that chance tells the epochs apart.
        clip: the greatest norm of all gradients together; 0 for any.
        views: how many augmented views of every picture a frozen network's features are computed of.
        robust: numbers that are far off count linearly, not squared.
        task: classes, labels or numbers; None tells by the labels.
        label: the column of a manifest that holds what is to be learnt.
        input: height, width and channels of the network's input; None takes the model's own, or the pictures' for
            small ones.
        split: fractions for train, val and test, as text, for a data set without splits.
        split_seed: another one, another split.
        groups: what stays together in a split: a pattern over ids, a CSV file or a column.
        seed: another one, another run.
        cache: where the features of a frozen network are kept: True does it in the run's folder, another folder may
            serve several runs, one after the other or at once; False keeps none.
        workers: processes that read pictures; 0 reads them in this one.
        device: ``cpu``, ``cuda``, or ``auto``.
        threads: of the processor, for torch; 0 takes one for inputs of up to 64 pixels, else what torch takes.
        max_rejected: the greatest fraction of pictures that may be unreadable.
        tensorboard: whether TensorBoard's files are written too.
        checkpoint_every: steps between checkpoints within an epoch; there is one after each anyway. 0 for no others.

    Raises:
        ArgumentError: an option is not what it must be.
    """

    data: str
    out: str
    model: str = "auto"
    weights: str | None = None
    pipeline: str | None = None
    epochs: int | None = None
    unfreeze: int = 0
    batch_size: int = 64
    rate: float | None = None
    backbone_rate: float = 0.1
    optimizer: Optimizer = "adamw"
    weight_decay: float = 0.01
    schedule: Curve = "onecycle"
    warmup: float = 0.0
    ema: float = 0.0
    smoothing: float = 0.0
    class_weights: ClassWeights = "none"
    patience: int = 0
    keep: Keep = "best"
    clip: float = 0.0
    views: int = 5
    robust: bool = False
    task: TargetKind | None = None
    label: str | None = None
    input: tuple[int, int, int] | None = None
    split: str | None = None
    split_seed: int = 0
    groups: str | None = None
    seed: int = 0
    cache: bool | str = True
    workers: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 0
    max_rejected: float = 0.01
    tensorboard: bool = False
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        for name, (test, rule) in _RULES.items():
            value = getattr(self, name)
            if not test(value):
                raise ArgumentError(f"must be {rule}, got {value!r:.60}.", name.replace("_", "-"))
        for name, options in _OPTIONS.items():
            value = getattr(self, name)
            if value not in options:
                names = [option for option in options if option is not None]
                near = closest(str(value), names)
                raise ArgumentError(f"must be one of {', '.join(names)}, got {value!r:.60}.{near}", name)
        given = {item.name for item in fields(self) if getattr(self, item.name) != item.default}
        if not self.may_freeze:
            for name in _OF_FROZEN:
                if name in given:
                    where = "no-cache" if getattr(self, name) is False else name.replace("_", "-")
                    raise ArgumentError("must go with --weights: without, nothing is frozen. Leave it out.", where)
        if self.weights is not None and "backbone_rate" in given and not self.unfreeze:
            raise ArgumentError("must go with --unfreeze: without, all but the head rests.", "backbone-rate")
        if not (self.epochs is None or self.epochs + self.unfreeze):
            raise ArgumentError("must be 1 at least, or --unfreeze be, got 0.", "epochs")

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Settings:
        """Return the settings that `described` described.

        Raises:
            ArgumentError: they are none.
        """
        known = {item.name for item in fields(cls)}
        for name in data:
            if name not in known:
                raise ArgumentError(f"has no {name!r}.{closest(name, known)}", "settings")
        try:
            return cls(**{**data, "input": None if data.get("input") is None else tuple(data["input"])})
        except TypeError as fault:
            raise ArgumentError(f"must be those of a training, got: {fault}.", "settings") from None

    def described(self) -> dict[str, Any]:
        """Return plain data that JSON holds and `read` reads."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    def command(self) -> list[str]:
        """Return the words of a command that says the same."""
        words = ["augkit", "train", self.data, "--out", self.out]
        for item in fields(self):
            value, option = getattr(self, item.name), "--" + item.name.replace("_", "-")
            if item.name in ("data", "out") or value == item.default:
                continue
            if isinstance(value, bool):
                words.append(option if value else "--no-cache")
            elif isinstance(value, Mapping):
                words += [option, _text_of(value)]
            else:
                words += [option, "x".join(map(str, value)) if isinstance(value, tuple) else str(value)]
        return words

    @property
    def may_freeze(self) -> bool:
        """Whether a part of the network may be frozen: ``auto`` comes with weights if the pictures are large."""
        return self.weights is not None or self.model == "auto"

    @property
    def highest_rate(self) -> float:
        """The highest learning rate."""
        if self.rate is not None:
            return self.rate
        return {"adamw": 4e-3, "sgd": 0.05}[self.optimizer]


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
        raise ArgumentError(f"must be none, auto or NAME=WEIGHT,..., got {text!r:.60}. {advice}", "class-weights")
    return found


def _text_of(weights: Mapping[str, float]) -> str:
    """Return what `parse_class_weights` reads as these weights."""
    if any("," in name or name.startswith("{") for name in weights):
        return json.dumps(dict(weights))
    return ",".join(f"{name}={weight!r}" for name, weight in weights.items())


def _is_whole(least: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= least


def _is_between(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and low <= value <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_weights(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and name and _is_number(part) and part > 0 for name, part in value.items())
    return value in ("none", "auto")


_NEVER_NEGATIVE = (_is_between(0.0, math.inf), "a number, 0 or more")
_COUNT = (_is_whole(0), "a whole number, 0 or more")
_POSITIVE = (_is_whole(1), "a whole number, 1 or more")
_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "epochs": (lambda value: value is None or _is_whole(0)(value), "a whole number, 0 or more"),
    **dict.fromkeys(("unfreeze", "patience", "workers", "threads", "checkpoint_every"), _COUNT),
    **dict.fromkeys(("batch_size", "views"), _POSITIVE),
    **dict.fromkeys(("seed", "split_seed"), (lambda value: type(value) is int, "a whole number")),
    **dict.fromkeys(("weight_decay", "warmup", "clip"), _NEVER_NEGATIVE),
    "cache": (lambda v: isinstance(v, bool) or (isinstance(v, str) and v != ""), "true, false or a folder"),
    "rate": (lambda v: v is None or (_is_between(0.0, 1e3)(v) and v > 0), "a number above 0"),
    "backbone_rate": (lambda v: _is_between(0.0, 1e3)(v) and v > 0, "a number above 0"),
    "ema": (_is_between(0.0, 0.99999), "from 0 up to 0.99999"),
    "smoothing": (_is_between(0.0, 0.99), "from 0 up to 0.99"),
    "max_rejected": (_is_between(0.0, 1.0), "a fraction"),
    **dict.fromkeys(("robust", "tensorboard"), (lambda value: isinstance(value, bool), "true or false")),
    "class_weights": (_are_weights, "none, auto or weights above 0 by name"),
}
_OF_FROZEN = ("unfreeze", "backbone_rate", "views", "cache")
_OPTIONS: dict[str, tuple[Any, ...]] = {
    "optimizer": OPTIMIZERS,
    "schedule": CURVES,
    "keep": KEPT,
    "task": (None, *KINDS),
    "device": ("auto", "cpu", "cuda"),
}
