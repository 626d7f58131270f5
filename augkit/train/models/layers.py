"""Layers that a model file may list: each infers the size of its output, and makes its module.

A side of n pixels under a window of f, moved by s, with p pixels of padding on both ends, gives
(n + 2p - f) / s + 1, rounded down. A kernel is as deep as its input (divided by its groups); there are as many channels
after it as it has filters.
"""

import math
from abc import ABC, abstractmethod
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass
from torch import nn

from augkit.core.validation import is_number
from augkit.errors import ArgumentError, closest
from augkit.train.models.modules import Dropping, GlobalMean, Kind, OrientedEdges, Pair, Pooling, ResidualBlock, ZeroPad

Shape = tuple[int, ...]  # height, width, channels; or how many numbers, once flat

CLASSES = "classes"  # as units: as many as the data set has
MOST = 65_536  # of anything: a slip of the finger must not fill the memory
MOST_PADDING = 4096
MOST_NUMBERS = 2**26  # of one picture between two layers: 256 MB
MOST_PRODUCTS = 2 * 10**11  # of one picture in one layer: some ten seconds of a processor's core
MOST_LAYERS = 1000


def told(shape: Shape) -> str:
    """Return a shape as text.

    >>> told((28, 28, 6))
    '28x28x6'
    """
    return "x".join(map(str, shape))


def _whole(value: object, least: int = 1, most: int = MOST) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ArgumentError(f"must be a whole number from {least} to {most}, got {value!r:.60}.")
    return value


def _pair(value: object, least: int = 1, most: int = MOST) -> Pair:
    """Return two whole numbers, given as one or two."""
    both = value if isinstance(value, list | tuple) else (value, value)
    if len(both) != 2:
        raise ArgumentError(f"must be one number or a list of two, got {value!r:.60}.")
    first, second = (_whole(part, least, most) for part in both)
    return first, second


def _kernel(value: object) -> Shape:
    if isinstance(value, list | tuple) and len(value) == 3:
        return tuple(map(_whole, value))
    return _pair(value)


def _units(value: object) -> object:
    return value if value == CLASSES else _whole(value)


def _kind(value: object) -> object:
    if value not in get_args(Kind):
        hint = closest(value, get_args(Kind)) if isinstance(value, str) else ""
        raise ArgumentError(f"must be {', '.join(get_args(Kind))}, got {value!r:.60}.{hint}")
    return value


def _chance(value: object) -> float:
    if not is_number(value) or not 0 <= value < 1:
        raise ArgumentError(f"must be a number from 0 to below 1, got {value!r:.60}.")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Sides = Annotated[Pair, BeforeValidator(_pair)]  # of a window, or steps: down, right
Rim = Annotated[Pair, BeforeValidator(lambda value: _pair(value, 0, MOST_PADDING))]  # above and below, left and right


@dataclass(frozen=True)
class Layer(ABC):
    """One layer of a model file. Subclasses are final; where one number serves for two, they may be given as one."""

    @abstractmethod
    def after(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of `shape`.

        Raises:
            ArgumentError: the layer cannot take it.
        """

    @abstractmethod
    def module(self, shape: Shape) -> nn.Module:
        """Return the layer for an input of `shape`, which it can take."""


def products(layer: Layer, before: Shape, after: Shape) -> int:
    """Return how many products, or comparisons, a layer makes of one picture."""
    if isinstance(layer, Conv):
        return math.prod(after) * layer.kernel[0] * layer.kernel[1] * (before[2] // layer.groups)
    if isinstance(layer, Pool):
        return math.prod(after) * math.prod(layer.size)
    if isinstance(layer, Residual):
        return math.prod(after) * (10 * before[2] + 9 * after[2])
    if isinstance(layer, Edges):
        return 9 * math.prod(after)
    return math.prod(before) * (math.prod(after) if isinstance(layer, Dense) else 1)


@dataclass(frozen=True)
class Conv(Layer):
    """Filters that are moved over the picture."""

    filters: Whole
    kernel: Annotated[Shape, BeforeValidator(_kernel)]  # height, width and, if it is said, channels
    stride: Sides = (1, 1)
    padding: Rim = (0, 0)
    groups: Whole = 1  # parts of the channels that see only filters of their own

    def __post_init__(self) -> None:
        if self.filters % self.groups:
            raise ArgumentError(f"must divide the {self.filters} filters, got {self.groups}.", "groups")

    def after(self, shape: Shape) -> Shape:
        channels = _picture(shape)[2]
        if channels % self.groups:
            rule = f"must divide the {channels} channels of the input {told(shape)}"
            raise ArgumentError(f"{rule}, got {self.groups}.", "groups")
        deep = channels // self.groups
        if self.kernel[2:] not in ((), (deep,)):
            rule = f"must have the {deep} channels of its input {told(shape)}"
            rule += f" in {self.groups} groups" if self.groups > 1 else ""
            raise ArgumentError(f"{rule}, got {told(self.kernel)}. Leave the third number out.", "kernel")
        return (*_slid(shape, self.kernel, self.stride, self.padding, "kernel"), self.filters)

    def module(self, shape: Shape) -> nn.Module:
        height, width, *_ = self.kernel
        return nn.Conv2d(shape[2], self.filters, (height, width), self.stride, self.padding, groups=self.groups)


@dataclass(frozen=True)
class Pool(Layer):
    """One number for each window of each channel: the largest, the smallest, the mean, or the root of squares (l2)."""

    size: Sides = (2, 2)
    kind: Annotated[Kind, BeforeValidator(_kind)] = "max"
    stride: Sides | None = None  # as `size` unless given

    def after(self, shape: Shape) -> Shape:
        return (*_slid(_picture(shape), self.size, self.stride or self.size, (0, 0), "size"), shape[2])

    def module(self, shape: Shape) -> nn.Module:
        return Pooling(self.kind, self.size, self.stride or self.size)


@dataclass(frozen=True)
class Edges(Layer):
    """The picture, and beside it its edges in some directions; nothing of it is learnt. See `OrientedEdges`."""

    directions: Whole = 8

    def after(self, shape: Shape) -> Shape:
        height, width, channels = _picture(shape)
        return (height, width, channels + self.directions)

    def module(self, shape: Shape) -> nn.Module:
        return OrientedEdges(self.directions)


@dataclass(frozen=True)
class Residual(Layer):
    """Two 3x3 convolutions with BatchNorm, and what came in added to what they give; see `ResidualBlock`."""

    filters: Whole
    stride: Whole = 1

    def after(self, shape: Shape) -> Shape:
        height, width, _ = _picture(shape)
        return (-(-height // self.stride), -(-width // self.stride), self.filters)

    def module(self, shape: Shape) -> nn.Module:
        return ResidualBlock(shape[2], self.filters, self.stride)


@dataclass(frozen=True)
class Pad(Layer):
    """Zeros around the picture."""

    size: Rim

    def after(self, shape: Shape) -> Shape:
        height, width, channels = _picture(shape)
        return (height + 2 * self.size[0], width + 2 * self.size[1], channels)

    def module(self, shape: Shape) -> nn.Module:
        down, right = self.size
        return ZeroPad(down, down, right, right)


@dataclass(frozen=True)
class Relu(Layer):
    """The greater of the number and 0."""

    def after(self, shape: Shape) -> Shape:
        return shape

    def module(self, shape: Shape) -> nn.Module:
        return nn.ReLU()


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Each channel with mean 0 and variance 1 over the batch, then a scale and a shift that are learned."""

    def after(self, shape: Shape) -> Shape:
        return shape

    def module(self, shape: Shape) -> nn.Module:
        return nn.BatchNorm2d(shape[2]) if len(shape) == 3 else nn.BatchNorm1d(shape[0])


@dataclass(frozen=True)
class Dropout(Layer):
    """Set each number to 0 with a chance, while training; the others grow to make up for it."""

    chance: Annotated[float, BeforeValidator(_chance)] = 0.5

    def after(self, shape: Shape) -> Shape:
        return shape

    def module(self, shape: Shape) -> nn.Module:
        return Dropping(self.chance)


@dataclass(frozen=True)
class AverageAll(Layer):
    """The mean of each channel: flat."""

    def after(self, shape: Shape) -> Shape:
        return _picture(shape)[2:]

    def module(self, shape: Shape) -> nn.Module:
        return GlobalMean()


@dataclass(frozen=True)
class Flatten(Layer):
    """All numbers in a row, channel by channel."""

    def after(self, shape: Shape) -> Shape:
        return (math.prod(_picture(shape)),)

    def module(self, shape: Shape) -> nn.Module:
        return nn.Flatten()


@dataclass(frozen=True)
class Dense(Layer):
    """Every output from every input; `units` of them, or as many as there are ``classes``."""

    units: Annotated[int | Literal["classes"], BeforeValidator(_units)]

    def after(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            rule = "must come after flatten or global_mean"
            raise ArgumentError(f"{rule}, got an input of {told(shape)}. Put '- flatten' before it.")
        return (int(self.units),)

    def module(self, shape: Shape) -> nn.Module:
        return nn.Linear(shape[0], int(self.units))


LAYERS: dict[str, type[Layer]] = {
    "conv": Conv,
    "pool": Pool,
    "edges": Edges,
    "residual": Residual,
    "pad": Pad,
    "relu": Relu,
    "batch_norm": BatchNorm,
    "dropout": Dropout,
    "global_mean": AverageAll,
    "flatten": Flatten,
    "dense": Dense,
}


def _picture(shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ArgumentError(f"must come before flatten, got an input of {told(shape)} numbers.")
    return shape


def _slid(shape: Shape, window: Shape, stride: Pair, padding: Pair, name: str) -> Pair:
    """Return height and width of what a window gives that is moved over a picture."""
    room = (shape[0] + 2 * padding[0], shape[1] + 2 * padding[1])
    if room[0] < window[0] or room[1] < window[1]:
        padded = f", {told(room)} with padding" if any(padding) else ""
        advice = "Use fewer or smaller layers before it, padding, or a larger input."
        raise ArgumentError(f"must fit into its input, got {told(window[:2])} on {told(shape)}{padded}. {advice}", name)
    return (room[0] - window[0]) // stride[0] + 1, (room[1] - window[1]) // stride[1] + 1
