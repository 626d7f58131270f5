"""A network as a table: what each layer gives, from what, with how many parameters."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from augkit.train.models.architecture import Architecture
from augkit.train.models.layers import Shape
from augkit.train.models.modules import Dropping, GlobalMean, OrientedEdges, Pair, Pooling, SamePad, ZeroPad
from augkit.train.models.network import roomy


@dataclass(frozen=True)
class Row:
    """One layer of a network."""

    layer: str  # the name of its weights, without ``.weight``
    kind: str  # what it does, in the words of a model file where those have one
    output: Shape  # height, width and channels of what it gives, or how many numbers
    kernel: Shape | None = None  # height and width of its window, and channels where it has weights
    stride: Pair | None = None  # pixels down and to the right from one place to the next
    padding: Pair | str | None = None  # zeros above and below, left and right; "same" for TensorFlow's
    channels: Pair | None = None  # in and out, of a layer with weights between them
    parameters: int = 0  # how many numbers are learned


def table(architecture: Architecture) -> list[Row]:
    """Return the input and all layers of a network, in the order in which they run.

    What is added to the output of a residual block is no layer, and has no row.
    """
    rows = [Row("input", "input", architecture.preprocessing.input)]
    network = roomy(architecture.on_meta()).eval()
    for name, module in network.named_modules():
        if not any(module.children()) and not isinstance(module, nn.Sequential):
            module.register_forward_hook(partial(_note, rows, name))
    height, width, channels = architecture.preprocessing.input
    network(torch.zeros(0, channels, height, width))  # no pictures: shapes without work, and sooner than on meta
    return rows


def _note(rows: list[Row], name: str, module: nn.Module, inputs: object, output: Tensor) -> None:
    channels, *sides = output.shape[1:]
    rows.append(_row(name, module, (*sides, channels)))


def _row(name: str, module: nn.Module, output: Shape) -> Row:
    count = sum(parameter.numel() for parameter in module.parameters())
    match module:
        case nn.Conv2d():
            deep = module.in_channels // module.groups
            kind = "conv" if module.groups == 1 else f"conv, {module.groups} groups"
            kernel, channels = (*_pair(module.kernel_size), deep), (module.in_channels, module.out_channels)
            return Row(name, kind, output, kernel, _pair(module.stride), _pair(module.padding), channels, count)
        case nn.Linear():
            return Row(name, "dense", output, channels=(module.in_features, module.out_features), parameters=count)
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return Row(name, "batch_norm", output, parameters=count)
        case nn.MaxPool2d():
            sizes = _pair(module.kernel_size), _pair(module.stride), _pair(module.padding)
            return Row(name, "pool, max", output, *sizes)
        case Pooling():
            return Row(name, f"pool, {module.kind}", output, module.size, module.stride, (0, 0))
        case SamePad():
            return Row(name, "pad", output, padding="same")
        case ZeroPad():
            left, _, above, _ = module.sides
            return Row(name, "pad", output, padding=(above, left))
    return Row(name, _KINDS[type(module)], output, parameters=count)


_KINDS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.Flatten: "flatten",
    nn.Dropout: "dropout",
    Dropping: "dropout",
    GlobalMean: "global_mean",
    OrientedEdges: "edges",
}


def _pair(value: int | str | tuple[int, ...]) -> Pair:
    first, second = value if isinstance(value, tuple) else (value, value)
    return int(first), int(second)
