"""Networks of Python's own: any `nn.Module` that ends in a dense layer, given to `ak.train` as a class or a function.

What a network is made of stays in its program: an artefact holds the name and the weights, and whoever reads it gives
the same class again, with `own_model`.
"""

import inspect
from collections.abc import Callable
from hashlib import sha256
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from augkit.core.key import Key
from augkit.errors import ArgumentError
from augkit.train.input_size import Size
from augkit.train.models.model import Model
from augkit.train.models.network import Network
from augkit.train.models.preprocessing import plain_input

Build = Callable[[int], nn.Module]  # gives a network of as many outputs

PREFIX = "python:"
USUAL = (64, 64, 3)  # the input of one whose configuration says none
TOLERANCE = 1e-5
OWN: dict[str, Model] = {}  # that were given in this process


@final
class Wrapped(Network):
    """A module of others in two parts: all before its last dense layer, and that.

    Args:
        module: gives (B, outputs) for pictures (B, C, H, W); it is taken apart.
        outputs: as many as its last dense layer has.
        name: of the module, in messages.

    Raises:
        ArgumentError: it has no such layer.
    """

    head_name: ClassVar[str] = "head"
    classifying: ClassVar[tuple[str, ...]] = ("head",)

    def __init__(self, module: nn.Module, outputs: int, name: str) -> None:
        super().__init__()
        dense = [(place, layer) for place, layer in module.named_modules() if isinstance(layer, nn.Linear) and place]
        fitting = [(place, layer) for place, layer in dense if layer.out_features == outputs]
        if not fitting:
            widths = ", ".join(str(layer.out_features) for _, layer in dense) or "none"
            what = f"must end in nn.Linear with {outputs} outputs, got dense layers of {widths}"
            raise ArgumentError(f"{what}. Take the number of outputs as the argument.", name)
        self.was_called, self.head = fitting[-1]
        module.set_submodule(self.was_called, nn.Identity())
        self.body = module

    def features(self, x: Tensor) -> Tensor:
        found: Tensor = self.body(x)
        return found

    def classify(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.head(features)
        return outputs


def own_model(build: Build, input: Size | None = None) -> str:
    """Make a network known in this process, and return its name, for `TrainConfig.model` and artefacts that name it.

    Args:
        build: a class or a function that takes the number of outputs and gives an `nn.Module`, which takes pictures
            (B, C, H, W) from -1 to 1 and ends in `nn.Linear`.
        input: height and width in pixels, and channels.

    Raises:
        ArgumentError: it is nothing that can be called, or has no name.
    """
    name = PREFIX + name_of(build, "model", "def net(outputs): ...")
    OWN[name] = Model(plain_input(input or USUAL), lambda outputs: wrapped(build, outputs, name))
    return name


def name_of(build: object, what: str, written: str) -> str:
    """Return the name of a class or a function.

    Raises:
        ArgumentError: it is neither, or has none; the message says `what` it is for and how it may be `written`.
    """
    called = getattr(build, "__qualname__", "").rpartition(".")[2]
    if not callable(build) or not called or "<" in called:
        raise ArgumentError(f"must be a class or a function with a name, got {build!r:.60}. Write {written}", what)
    return called


def wrapped(build: Build, outputs: int, name: str) -> Wrapped:
    """Return what a function builds, taken apart.

    Raises:
        ArgumentError: it is no module, or ends in no dense layer.
    """
    module = build(outputs)
    if not isinstance(module, nn.Module):
        raise ArgumentError(f"must give an nn.Module, gave {type(module).__name__}.", name)
    return Wrapped(module, outputs, name)


def drawn(model: Model, outputs: int, seed: int) -> Network:
    """Return a network whose own code draws its weights, from a seed; torch's generator stays as it was."""
    assert model.build is not None
    with torch.random.fork_rng():
        torch.manual_seed(Key(seed, "model").stream("weights").integers(2**63))
        return model.build(outputs)


@torch.no_grad()
def require_apart(network: Network, input: Size, name: str) -> None:
    """Check that a network that was taken apart is what it was: its last dense layer is the last thing in it.

    Raises:
        ArgumentError: something comes after the layer, or the network does not take such pictures.
    """
    if not isinstance(network, Wrapped):
        return
    network.eval()
    height, width, channels = input
    pictures = torch.linspace(-1.0, 1.0, 2 * channels * height * width).view(2, channels, height, width)
    try:
        found = network(pictures)
        network.body.set_submodule(network.was_called, network.head)
        wanted = network.body(pictures)
    except Exception as fault:
        told = " ".join(str(fault).split())[:200].rstrip(".")
        what = f"must take pictures of {height} x {width} x {channels}, got: {told}"
        advice = "Say another input: TrainConfig(input=(height, width, channels))."
        raise ArgumentError(f"{what}. {advice}", name) from fault
    finally:
        network.body.set_submodule(network.was_called, nn.Identity())
    is_tensor = isinstance(wanted, Tensor) and wanted.shape == found.shape
    if not is_tensor or not torch.allclose(found, wanted, atol=TOLERANCE):
        raise ArgumentError("must end in the dense layer that gives its outputs, got more after it.", name)
    network.train()


def told_code(thing: Callable[..., object]) -> str:
    """Return what a function or class of the user's is known by in a run's books: its name and a hash of its source."""
    name = getattr(thing, "__qualname__", type(thing).__name__)
    try:
        source = inspect.getsource(thing if hasattr(thing, "__qualname__") else type(thing))
    except (OSError, TypeError):  # typed into a prompt
        return name
    return f"{name} {sha256(source.encode()).hexdigest()[:16]}"
