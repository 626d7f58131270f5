"""Heads: what is made of the maps of a backbone.

A head adds itself to `HEADS` from a file of its own, which is called after it: ``fcos`` lies in fcos_head.py.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import nn

from augkit.registers import Register

Levels = tuple[tuple[int, int], ...]  # stride in pixels and channels of each map, finest first


class Head(nn.Module, ABC):
    """Layers that take maps (B, C, H / stride, W / stride), finest first, and give one tensor (B, ...).

    It has no BatchNorm: what is learnt of a batch of few pictures must not depend on the others in it.

    Args:
        levels: of the maps.
        outputs: how many classes there are.
    """

    strides: ClassVar[tuple[int, ...]]  # of the maps that it takes, of those that `Backbone.strides` has

    @abstractmethod
    def __init__(self, levels: Levels, outputs: int) -> None:
        super().__init__()

    @abstractmethod
    def begin(self) -> None:
        """Set what is not drawn from the seed: all kernels are, as a ReLU wants it, and biases are 0."""


HEADS: Register[type[Head]] = Register("head", "augkit.train.heads")
