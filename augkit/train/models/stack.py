"""Networks that are a list of layers, as model files have them."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields as fields_of, replace
from typing import ClassVar, final

from pydantic import ValidationError
from torch import Tensor, nn

from augkit.core.arrays import Json
from augkit.errors import ArgumentError, closest
from augkit.train.models.layers import (
    CLASSES,
    LAYERS,
    MOST_LAYERS,
    MOST_NUMBERS,
    MOST_PRODUCTS,
    Dense,
    Dropout,
    Layer,
    Shape,
    products,
    told,
)
from augkit.train.models.network import Network

Place = Callable[[tuple[str | int, ...]], str]  # where a part of the list of layers stands, for messages


@dataclass(frozen=True)
class Planned:
    """A layer with the name of its weights and the shapes of its input and output."""

    name: str
    layer: Layer
    before: Shape
    after: Shape


def plan(layers: Json, input: Shape, outputs: int, place: Place) -> list[Planned]:
    """Read a list of layers, as a model file has it, and infer all shapes from that of the input.

    The last layer gets as many `outputs`, in place of ``classes``. A layer that is unknown, or impossible where it
    stands, is an ArgumentError that names it, its `place` and the sizes.
    """
    if not isinstance(layers, list) or not layers:
        raise ArgumentError(f"must be a list of layers, got {layers!r:.60}.", place(()))
    if len(layers) > MOST_LAYERS:
        raise ArgumentError(f"must be at most {MOST_LAYERS:,} layers, got {len(layers):,}.", place(()))
    planned: list[Planned] = []
    counts: Counter[str] = Counter()
    shape = input
    for index, item in enumerate(layers):
        kind, layer = _layer(item, index, place)
        is_head = isinstance(layer, Dense) and layer.units == CLASSES
        if is_head is not (index == len(layers) - 1):
            raise ArgumentError(f"must end with '- dense: {CLASSES}', and hold it once.", place((index,)))
        try:
            after = (replace(layer, units=outputs) if isinstance(layer, Dense) and is_head else layer).after(shape)
        except ArgumentError as error:
            raise _placed(error, place, index, kind) from None
        if math.prod(after) > MOST_NUMBERS:
            rule = f"must give at most {MOST_NUMBERS} numbers for a picture"
            advice = "Use a smaller input or fewer filters."
            raise ArgumentError(f"{rule}, got {told(after)}. {advice}", place((index, kind)))
        if products(layer, shape, after) > MOST_PRODUCTS:
            rule = f"must take at most {MOST_PRODUCTS:,} products of a picture"
            advice = "Use a smaller input, a smaller window or fewer filters."
            got = f"got {products(layer, shape, after):,}"
            raise ArgumentError(f"{rule}, {got}. {advice}", place((index, kind)))
        counts[kind] += 1
        name = "head" if is_head else f"{kind}{counts[kind]}"
        planned.append(Planned(name, layer, shape, after))
        shape = after
    return planned


def _layer(item: Json, index: int, place: Place) -> tuple[str, Layer]:
    node = {item: None} if isinstance(item, str) else item
    if not isinstance(node, dict) or len(node) != 1:
        rule = "must be one layer's name, with its arguments"
        raise ArgumentError(f"{rule}, got {item!r:.60}. Begin every layer with '- '.", place((index,)))
    ((kind, given),) = node.items()
    if kind not in LAYERS:
        hint = closest(str(kind), LAYERS) or f" There are {', '.join(LAYERS)}."
        raise ArgumentError(f"no layer is called {kind!r:.60}.{hint}", place((index,)))
    cls = LAYERS[kind]
    names = [item.name for item in fields_of(cls)]
    if given is not None and not isinstance(given, dict):
        if not names:
            raise ArgumentError(f"takes no arguments, got {given!r:.60}.", place((index, kind)))
        given = {names[0]: given}
    arguments = given or {}
    for key in arguments:
        if key not in names:
            raise ArgumentError(f"has no argument {key!r}.{closest(key, names)}", place((index, kind, key)))
    try:
        return kind, cls(**arguments)
    except ValidationError as error:
        missing = [str(fault["loc"][0]) for fault in error.errors() if fault["type"] == "missing"]
        if missing:
            raise ArgumentError(f"must be given its {' and '.join(missing)}.", place((index, kind))) from None
        fault = error.errors()[0]
        own = fault["ctx"]["error"]
        raise _placed(ArgumentError(own.message, own.where or str(fault["loc"][0])), place, index, kind) from None


def _placed(error: ArgumentError, place: Place, index: int, kind: str) -> ArgumentError:
    return ArgumentError(error.message, place((index, kind, error.where) if error.where else (index, kind)))


@final
class Stack(Network):
    """A network of listed layers; `features` is all but the head and the dropout right before it."""

    head_name: ClassVar[str] = "head"
    classifying: ClassVar[tuple[str, ...]] = ("dropout", "head")

    def __init__(self, planned: Sequence[Planned]) -> None:
        super().__init__()
        *body, head = planned
        dropout: list[Planned] = []
        while body and isinstance(body[-1].layer, Dropout):
            dropout.insert(0, body.pop())
        self.features = _in_order(body)
        self.dropout = _in_order(dropout)
        self.head = nn.Linear(head.before[0], head.after[0])

    def classify(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.head(self.dropout(features))
        return outputs


def _in_order(planned: Sequence[Planned]) -> nn.Sequential:
    modules = nn.Sequential()
    for item in planned:
        modules.add_module(item.name, item.layer.module(item.before))
    return modules
