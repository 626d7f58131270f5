"""Layers that a model file may list: each infers the size of its output, and makes its module.

A side of n pixels under a window of f, moved by s, with p pixels of padding on both ends, gives
(n + 2p - f) / s + 1, rounded down. A kernel is as deep as its input (divided by its groups); there are as many channels
after it as it has filters.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, get_args

from torch import nn

from augkit.core.constraints import is_number
from augkit.errors import ArgumentError, closest
from augkit.train.models.modules import GlobalMean, Kind, Pair, Pooling, ZeroPad

Shape = tuple[int, ...]  # height, width, channels; or how many numbers, once flat

CLASSES = "classes"  # as units: as many as the data set has
MOST = 65_536  # of anything: a slip of the finger must not fill the memory
MOST_PADDING = 4096
MOST_NUMBERS = 2**28  # of one picture between two layers


def told(shape: Shape) -> str:
    """Return a shape as text.

    >>> told((28, 28, 6))
    '28x28x6'
    """
    return "x".join(map(str, shape))


@dataclass(frozen=True)
class Layer(ABC):
    """One layer of a model file. Subclasses are final."""

    @abstractmethod
    def after(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of `shape`.

        Raises:
            ArgumentError: the layer cannot take it.
        """

    @abstractmethod
    def module(self, shape: Shape) -> nn.Module:
        """Return the layer for an input of `shape`, which it can take."""


@dataclass(frozen=True)
class Conv(Layer):
    """Filters that are moved over the picture.

    Args:
        filters: how many.
        kernel: one side of a square, or [height, width], or [height, width, channels].
        stride: pixels from one place to the next, one number or [down, right].
        padding: pixels of zeros around the input, one number or [above and below, left and right].
        groups: parts of the channels that see only filters of their own.
    """

    filters: int
    kernel: int | list[int]
    stride: int | list[int] = 1
    padding: int | list[int] = 0
    groups: int = 1

    def __post_init__(self) -> None:
        _whole("filters", self.filters)
        _whole("groups", self.groups)
        if isinstance(self.kernel, list) and len(self.kernel) == 3:
            for side in self.kernel:
                _whole("kernel", side)
        else:
            _pair("kernel", self.kernel)
        _pair("stride", self.stride)
        _padding("padding", self.padding)
        if self.filters % self.groups:
            raise ArgumentError(f"must divide the {self.filters} filters, got {self.groups}.", "groups")

    @property
    def sides(self) -> Pair:
        """Height and width of the kernel."""
        return _pair("kernel", self.kernel[:2] if isinstance(self.kernel, list) else self.kernel)

    def after(self, shape: Shape) -> Shape:
        channels = _picture(shape)[2]
        if channels % self.groups:
            rule = f"must divide the {channels} channels of the input {told(shape)}"
            raise ArgumentError(f"{rule}, got {self.groups}.", "groups")
        deep = channels // self.groups
        if isinstance(self.kernel, list) and self.kernel[2:] not in ([], [deep]):
            rule = f"must have the {deep} channels of its input {told(shape)}"
            rule += f" in {self.groups} groups" if self.groups > 1 else ""
            raise ArgumentError(f"{rule}, got {told(tuple(self.kernel))}. Leave the third number out.", "kernel")
        stride, padding = _pair("stride", self.stride), _padding("padding", self.padding)
        return (*_slid(shape, self.sides, stride, padding, "kernel"), self.filters)

    def module(self, shape: Shape) -> nn.Module:
        stride, padding = _pair("stride", self.stride), _padding("padding", self.padding)
        return nn.Conv2d(shape[2], self.filters, self.sides, stride, padding, groups=self.groups)


@dataclass(frozen=True)
class Pool(Layer):
    """One number for each window of each channel.

    Args:
        size: of the window: one side of a square, or [height, width].
        kind: the largest, the smallest, the mean, or the root of the sum of squares (l2).
        stride: as `size` unless given.
    """

    size: int | list[int] = 2
    kind: Kind = "max"
    stride: int | list[int] | None = None

    def __post_init__(self) -> None:
        _pair("size", self.size)
        if self.stride is not None:
            _pair("stride", self.stride)
        if self.kind not in get_args(Kind):
            hint = closest(self.kind, get_args(Kind)) if isinstance(self.kind, str) else ""
            raise ArgumentError(f"must be {', '.join(get_args(Kind))}, got {self.kind!r:.60}.{hint}", "kind")

    @property
    def _stride(self) -> Pair:
        return _pair("stride", self.size if self.stride is None else self.stride)

    def after(self, shape: Shape) -> Shape:
        return (*_slid(_picture(shape), _pair("size", self.size), self._stride, (0, 0), "size"), shape[2])

    def module(self, shape: Shape) -> nn.Module:
        return Pooling(self.kind, _pair("size", self.size), self._stride)


@dataclass(frozen=True)
class Pad(Layer):
    """Zeros around the picture: one number of pixels, or [above and below, left and right]."""

    size: int | list[int]

    def __post_init__(self) -> None:
        _padding("size", self.size)

    def after(self, shape: Shape) -> Shape:
        height, width, channels = _picture(shape)
        down, right = _padding("size", self.size)
        return (height + 2 * down, width + 2 * right, channels)

    def module(self, shape: Shape) -> nn.Module:
        down, right = _padding("size", self.size)
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

    chance: float = 0.5

    def __post_init__(self) -> None:
        if not is_number(self.chance) or not 0 <= self.chance < 1:
            raise ArgumentError(f"must be a number from 0 to below 1, got {self.chance!r:.60}.", "chance")

    def after(self, shape: Shape) -> Shape:
        return shape

    def module(self, shape: Shape) -> nn.Module:
        return nn.Dropout(self.chance)


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

    units: int | Literal["classes"]

    def __post_init__(self) -> None:
        if self.units != CLASSES:
            _whole("units", self.units)

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
    "pad": Pad,
    "relu": Relu,
    "batch_norm": BatchNorm,
    "dropout": Dropout,
    "global_mean": AverageAll,
    "flatten": Flatten,
    "dense": Dense,
}


def _whole(name: str, value: object, least: int = 1, most: int = MOST) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ArgumentError(f"must be a whole number from {least} to {most}, got {value!r:.60}.", name)
    return value


def _padding(name: str, value: object) -> Pair:
    return _pair(name, value, 0, MOST_PADDING)


def _pair(name: str, value: object, least: int = 1, most: int = MOST) -> Pair:
    """Return two whole numbers, given as one or two."""
    both = value if isinstance(value, list) else [value, value]
    if len(both) != 2:
        raise ArgumentError(f"must be one number or a list of two, got {value!r:.60}.", name)
    first, second = (_whole(name, part, least, most) for part in both)
    return first, second


def _picture(shape: Shape) -> Shape:
    if len(shape) != 3:
        raise ArgumentError(f"must come before flatten, got an input of {told(shape)} numbers.")
    return shape


def _slid(shape: Shape, window: Pair, stride: Pair, padding: Pair, name: str) -> Pair:
    """Return height and width of what a window gives that is moved over a picture."""
    room = (shape[0] + 2 * padding[0], shape[1] + 2 * padding[1])
    if room[0] < window[0] or room[1] < window[1]:
        padded = f", {told(room)} with padding" if any(padding) else ""
        advice = "Use fewer or smaller layers before it, padding, or a larger input."
        raise ArgumentError(f"must fit into its input, got {told(window)} on {told(shape)}{padded}. {advice}", name)
    return (room[0] - window[0]) // stride[0] + 1, (room[1] - window[1]) // stride[1] + 1
