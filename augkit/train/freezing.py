"""Freezing: weights, and the statistics of BatchNorm, that stay as they are to the last bit."""

from __future__ import annotations

from torch import Tensor

from augkit.train.models import Network


def set_mode(network: Network, is_frozen: bool) -> None:
    """Make a network ready to train: all of it, or its head alone.

    What is frozen asks for no gradients, and is in evaluation mode: BatchNorm neither uses nor gathers a batch's
    statistics, and dropout drops nothing but right before the head. `train` and `eval` undo that, so this is called
    whenever training goes on.
    """
    network.train(not is_frozen)
    head = head_names(network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not is_frozen or name in head)
    for name in network.classifying:
        network.get_submodule(name).train()


def head_names(network: Network) -> frozenset[str]:
    """Return the names of the head's weights, which are trained while the rest is frozen."""
    return frozenset(f"{network.head_name}.{name}" for name, _ in network.last_layer.named_parameters())


def trained_state(network: Network, is_frozen: bool) -> dict[str, Tensor]:
    """Return what training may have changed, by its name in the state dict: all of it, or the head alone."""
    head = head_names(network)
    return {name: tensor for name, tensor in network.state_dict().items() if not is_frozen or name in head}
