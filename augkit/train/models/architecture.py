"""Which network: a model's name or file with the width of its head and the size of its input, as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pydantic
import torch

from augkit import yaml_file
from augkit.errors import ArgumentError, closest
from augkit.train.models.efficientnet import EfficientNetLite
from augkit.train.models.layers import MOST, Shape, told
from augkit.train.models.mobilenet import MobileNetV2
from augkit.train.models.network import Network, initialise
from augkit.train.models.preprocessing import LARGEST, Preprocessing
from augkit.train.models.resnet import ResNet
from augkit.train.models.stack import LENET, Place, Stack, plan

__all__ = ["MODELS", "Architecture", "architecture", "parse_input"]

YAML_SUFFIXES = (".yaml", ".yml")
MOST_PARAMETERS = 10**9  # 4 GB
DEFAULT_INPUT = (32, 32, 3)  # of a network without weights of others


@dataclass(frozen=True)
class Deep:
    """A network that others have trained: how it is built, and what they fed it."""

    build: Callable[[int], Network]
    preprocessing: Preprocessing


_TORCHVISION = Preprocessing((224, 224), 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 256)
_HALF = (0.5, 0.5, 0.5)


def _lite(width: float, depth: float, dropout: float, size: int) -> Deep:
    preprocessing = Preprocessing((size, size), 3, _HALF, _HALF, size + 32, "bicubic")
    return Deep(lambda outputs: EfficientNetLite(width, depth, dropout, outputs), preprocessing)


_DEEP = {
    "resnet18": Deep(lambda outputs: ResNet((2, 2, 2, 2), False, outputs), _TORCHVISION),
    "resnet50": Deep(lambda outputs: ResNet((3, 4, 6, 3), True, outputs), _TORCHVISION),
    "mobilenet_v2": Deep(MobileNetV2, _TORCHVISION),
    "efficientnet_lite0": _lite(1.0, 1.0, 0.2, 224),
    "efficientnet_lite1": _lite(1.0, 1.1, 0.2, 240),
    "efficientnet_lite2": _lite(1.1, 1.2, 0.3, 260),
}
MODELS = ("lenet", *_DEEP)


@dataclass(frozen=True)
class Architecture:
    """A network without its weights.

    Args:
        name: a name of `MODELS`, or that of the file that listed its layers.
        outputs: the width of its head.
        preprocessing: what becomes of pictures before they go in.
        arguments: ``layers`` for a network that is a list of them.
    """

    name: str
    outputs: int
    preprocessing: Preprocessing
    arguments: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, data: object) -> Architecture:
        """Return the architecture that `described` described.

        Raises:
            ArgumentError: it is not one, or cannot be built.
        """
        try:
            found = _ADAPTER.validate_python(data)
        except pydantic.ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(["architecture", *map(str, fault["loc"])])
            raise ArgumentError(f"{fault['msg']}, got {fault['input']!r:.60}.", where) from None
        _check_outputs(found.outputs)
        found.on_meta()
        return found

    def described(self) -> dict[str, Any]:
        """Return plain data that JSON holds and `read` reads."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    def build(self, seed: int = 0) -> Network:
        """Return the network, its weights drawn from `seed`, in training mode."""
        network = self.on_meta().to_empty(device="cpu")
        initialise(network, seed)
        return network

    def on_meta(self) -> Network:
        """Return the network without numbers: its shapes only, in no time."""
        with torch.device("meta"):
            if "layers" in self.arguments:
                place = _place(f"{self.name} layers")
                planned = plan(self.arguments["layers"], self.preprocessing.input, self.outputs, place)
                network: Network = Stack(planned)
            elif self.name in _DEEP:
                network = _DEEP[self.name].build(self.outputs)
            else:
                raise ArgumentError(f"must be a known model, got {self.name!r:.60}.", "architecture.name")
        count = sum(parameter.numel() for parameter in network.parameters())
        if count > MOST_PARAMETERS:
            rule = f"must have at most {MOST_PARAMETERS:,} parameters"
            raise ArgumentError(f"{rule}, got {count:,}. Use smaller layers or a smaller input.", self.name)
        return network


_ADAPTER = pydantic.TypeAdapter(Architecture)


def architecture(model: str | Path, outputs: int, input: Shape | None = None) -> Architecture:
    """Find a model.

    Args:
        model: a name of `MODELS`, or a YAML file that lists layers.
        outputs: the width of the head: how many classes, labels or numbers.
        input: height and width in pixels, and channels; None for the model's own.

    Raises:
        ArgumentError: there is no such model, or it cannot have that input.
        FileError: the file cannot be read.
    """
    _check_outputs(outputs)
    if input is not None:
        _check_input(input)
    if model in _DEEP:
        return Architecture(str(model), outputs, _fed(str(model), input))
    if model == "lenet":
        name, layers, own, place = "lenet", LENET, DEFAULT_INPUT, _place("lenet layers")
    else:
        path = Path(model)
        if path.suffix not in YAML_SUFFIXES and path.name == str(model):
            hint = closest(path.name, MODELS)
            advice = f"There are {', '.join(MODELS)}; or give a file."
            raise ArgumentError(f"no model is called {str(model)!r:.60}.{hint} {advice}")
        name, layers, own, place = _listed(path)
    height, width, channels = input or own
    half = (0.5,) * channels
    plan(layers, (height, width, channels), outputs, place)
    found = Architecture(name, outputs, Preprocessing((height, width), channels, half, half), {"layers": layers})
    found.on_meta()
    return found


def parse_input(text: str, where: str) -> tuple[int, int, int]:
    """Return height, width and channels.

    >>> parse_input("100x50x3", "--input")
    (100, 50, 3)
    """
    found = re.fullmatch(r"(\d{1,9})x(\d{1,9})x(\d{1,9})", text)
    if not found:
        raise ArgumentError(f"must be HEIGHTxWIDTHxCHANNELS, such as 32x32x3, got {text!r:.60}.", where)
    height, width, channels = map(int, found.groups())
    try:
        _check_input((height, width, channels))
    except ArgumentError as error:
        raise ArgumentError(error.message, where) from None
    return height, width, channels


def _check_outputs(outputs: Any) -> None:
    if type(outputs) is not int or not 1 <= outputs <= MOST:
        raise ArgumentError(f"must be a whole number from 1 to {MOST}, got {outputs!r:.60}.", "outputs")


def _check_input(input: Shape) -> None:
    whole = len(input) == 3 and all(type(part) is int for part in input)
    if not whole or not all(1 <= part <= LARGEST for part in input):
        rule = f"must be height, width and channels, each from 1 to {LARGEST}"
        raise ArgumentError(f"{rule}, got {told(input)}.", "input")


def _fed(model: str, input: Shape | None) -> Preprocessing:
    """Return what others fed a network, for the wanted size: as much of the picture is cropped away."""
    own = _DEEP[model].preprocessing
    if input is None or input == own.input:
        return own
    height, width, channels = input
    if channels != own.channels:
        advice = "Its preprocessing makes three channels of grey pictures."
        raise ArgumentError(f"must have {own.channels} channels for {model}, got {told(input)}. {advice}", "input")
    resize = None if own.resize is None else round(own.resize / own.size[0] * max(height, width))
    return Preprocessing((height, width), channels, own.mean, own.std, resize, own.interpolation)


def _listed(path: Path) -> tuple[str, Any, tuple[int, int, int], Place]:
    """Read a model file: its name, its layers, the input it says or the usual one, and where its parts stand."""
    document = yaml_file.read(path)
    data = document.data
    if not isinstance(data, dict):
        raise ArgumentError(f"must be a mapping with the key layers, got {data!r:.60}.", document.where())
    for key in data:
        if key not in ("layers", "input"):
            raise ArgumentError(f"has no key {key!r}.{closest(key, ('layers', 'input'))}", document.where((key,)))
    own = DEFAULT_INPUT
    if "input" in data:
        own = parse_input(str(data["input"]), document.where(("input",)))
    return path.stem, data.get("layers"), own, lambda part: document.where(("layers", *part))


def _place(name: str) -> Place:
    return lambda part: name + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in part)
