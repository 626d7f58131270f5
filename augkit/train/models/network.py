"""Networks: features, and a head that classifies them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from augkit.core.key import Key
from augkit.train.models.modules import OwnHead


class Network(nn.Module, ABC):
    """A network in two parts: ``forward(x)`` is ``classify(features(x))``.

    `features` turns pictures (B, C, H, W) into (B, F) numbers, without dropout; it is a method or a module, as the
    names of the weights ask for. `classify` turns those into (B, outputs), through dropout where the model has it.
    """

    head_name: ClassVar[str]  # the dotted name of the last layer, as in the state dict
    classifying: ClassVar[tuple[str, ...]]  # the names of the modules that `classify` uses, and `features` does not
    features: Callable[[Tensor], Tensor]

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """Return the outputs (B, outputs) for features (B, F)."""

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.features(x))

    @property
    def last_layer(self) -> nn.Linear | OwnHead:
        """The head of a network that says one thing of a picture."""
        layer = self.head_module
        assert isinstance(layer, nn.Linear | OwnHead)
        return layer

    @property
    def head_module(self) -> nn.Module:
        """What is replaced for other classes: the last layer, or several."""
        return self.get_submodule(self.head_name)


class Backbone(Network, ABC):
    """A network whose maps of features at several strides can be had, for heads that say something of every place."""

    strides: ClassVar[tuple[int, ...]] = (4, 8, 16, 32)  # of the maps that `pyramid` gives
    beyond: tuple[str, ...]  # names of the modules that come after the maps, which a pyramid has no use for

    @abstractmethod
    def pyramid(self, x: Tensor) -> list[Tensor]:
        """Return maps (B, C, H / stride, W / stride), rounded up, of pictures (B, 3, H, W), finest first."""


def initialise(network: Network, seed: int) -> None:
    """Draw all weights of a network from a seed, each layer from a generator of its own.

    Kernels and dense layers are drawn as a ReLU after them wants it, biases are 0; the head has none after it and
    starts with small outputs. Neither torch's global generator nor the order of the layers plays a part.

    Reference: He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.GroupNorm):
            module.reset_parameters()
        elif isinstance(module, nn.Conv2d | nn.Linear):
            generator = torch.Generator().manual_seed(Key(seed, name).stream("weights").integers(2**63))
            if name == network.head_name:
                bound = module.weight.shape[1] ** -0.5
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            else:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def roomy(network: Network) -> Network:
    """Give a network on the meta device room for numbers, whatever is in them, and return it.

    `to_empty` does the same, and imports sympy for it.
    """
    room = {name: torch.empty(tensor.shape, dtype=tensor.dtype) for name, tensor in network.state_dict().items()}
    network.load_state_dict(room, assign=True)
    return network


def set_mode(network: Network, is_frozen: bool, is_set: bool = False, was_frozen: bool = False) -> None:
    """Make a network ready to train: all of it, or its head alone.

    What is frozen asks for no gradients, and is in evaluation mode: BatchNorm neither uses nor gathers a batch's
    statistics, and dropout drops nothing but right before the head. `train` and `eval` undo that, so this is called
    whenever training goes on. Where all is trained that `was_frozen` before, BatchNorm before the head keeps using the
    statistics that it has: those of small batches of few pictures are others, which the head has never seen. `is_set`
    says that it was called so before, and nothing was evaluated since but what `classify` uses: to go through all
    modules takes as long as some steps of a head.
    """
    if not is_set:
        network.train(not is_frozen)
        if was_frozen:
            for module in network.modules():
                if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                    module.eval()
        head = head_names(network)
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(not is_frozen or name in head)
    for name in network.classifying:
        network.get_submodule(name).train()


def head_names(network: Network) -> frozenset[str]:
    """Return the names of all that the head holds, which is trained while the rest is frozen."""
    return frozenset(network.head_module.state_dict(prefix=f"{network.head_name}."))


def trained_state(network: Network, is_frozen: bool) -> dict[str, Tensor]:
    """Return what training may have changed, by its name in the state dict: all of it, or the head alone."""
    if not is_frozen:
        return network.state_dict()
    return network.head_module.state_dict(prefix=f"{network.head_name}.")
