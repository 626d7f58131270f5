"""Heads of Python's own, in the place of a network's last layer, or on the maps of a backbone: given to `ak.train`.

As of a network of a program's own, an artefact holds the name and the weights, and no code: whoever reads it gives the
same class again, with `own_head`.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from augkit.core.key import Key
from augkit.errors import ArgumentError
from augkit.train.heads import HEADS, Head
from augkit.train.models.modules import OwnHead
from augkit.train.models.network import Network
from augkit.train.models.own_models import PREFIX, name_of

BuildHead = Callable[[int, int], nn.Module]  # gives a head for so many features and so many outputs

HEADS_OWN: dict[str, BuildHead | type[Head]] = {}  # that were given in this process


def own_head(build: BuildHead | type[Head]) -> str:
    """Make a head known in this process, and return its name, for artefacts that name it.

    Args:
        build: a class or a function that takes how many features and outputs there are and gives an `nn.Module`, which
            makes outputs (B, outputs) of features (B, features); or, for tasks of places, a subclass of
            `augkit.train.heads.Head` that gives what the task's own head gives.

    Raises:
        ArgumentError: it is nothing that can be called, or has no name.
    """
    name = PREFIX + name_of(build, "head", "def head(features, outputs): ...")
    HEADS_OWN[name] = build
    return name


def on_maps(name: str) -> type[Head] | None:
    """Return the head on maps that a name is of, or None where it is one on the features of a whole picture.

    Raises:
        ArgumentError: there is no such head, or nobody gave it in this process.
    """
    if not name.startswith(PREFIX):
        return HEADS.find(name, "head")
    if name not in HEADS_OWN:
        advice = f"Give it again: augkit.train.own_head({name.removeprefix(PREFIX)})."
        raise ArgumentError(f"must be a head that this program has made known, got {name!r:.60}. {advice}", "head")
    build = HEADS_OWN[name]
    return build if isinstance(build, type) and issubclass(build, Head) else None


def put_head(network: Network, name: str, outputs: int, seed: int) -> Network:
    """Put a head of a program's own in the place of a network's last layer, its weights drawn by its own code.

    Raises:
        ArgumentError: it is no module, or does not give such outputs.
    """
    build, features = HEADS_OWN[name], network.last_layer.in_features
    with torch.random.fork_rng():
        torch.manual_seed(Key(seed, "head").stream("weights").integers(2**63))
        module = build(features, outputs)  # type: ignore[arg-type]  # it is none on maps
    if not isinstance(module, nn.Module):
        raise ArgumentError(f"must give an nn.Module, gave {type(module).__name__}.", name)
    _require_outputs(module, features, outputs, name)
    network.set_submodule(network.head_name, OwnHead(module, features, outputs))
    return network


@torch.no_grad()
def _require_outputs(module: nn.Module, features: int, outputs: int, name: str) -> None:
    rule = f"must make outputs (2, {outputs}) of features (2, {features})"
    was = module.training
    try:
        found: object = module.eval()(torch.zeros(2, features))
    except Exception as fault:
        raise ArgumentError(f"{rule}, got: {' '.join(str(fault).split())[:200].rstrip('.')}.", name) from fault
    finally:
        module.train(was)
    got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if got != (2, outputs):
        raise ArgumentError(f"{rule}, got {got}.", name)
