"""Pieces of a training that a program brings of its own: a network, a head, a loss, callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError
from augkit.train.features.features import weights_hash
from augkit.train.heads import Head
from augkit.train.loop.epochs import Callback
from augkit.train.models import Architecture, Network, architecture
from augkit.train.models.own_heads import BuildHead, on_maps, own_head
from augkit.train.models.own_models import Build, own_model, told_code
from augkit.train.tasks import Loss, Task
from augkit.train.train_config import TrainConfig


@dataclass(frozen=True)
class Own:
    """What a program brings, but for its network, which has a name."""

    head: str | None = None  # its name
    loss: Loss | None = None
    callbacks: Sequence[Callback] = ()
    books: JsonObject = field(default_factory=dict)  # what decides the weights of it, as books of a run hold it

    def deciding(self, network: Network) -> JsonObject:
        """Return what decides the weights of it, for a network as the training begins.

        Beside the code there is a hash of what it drew: of a number that code takes from around it, only this tells.
        """
        is_drawn = self.books.keys() & {"own_model", "own_head"}
        return self.books | ({"own_weights": weights_hash(network)} if is_drawn else {})


def with_own(
    config: TrainConfig,
    model: Build | None,
    head: BuildHead | type[Head] | None,
    loss: Loss | None,
    callbacks: Sequence[Callback],
) -> tuple[TrainConfig, Own]:
    """Return the settings with the name of a program's own network, and what else it brings.

    Raises:
        ArgumentError: it does not go with the settings.
    """
    books: JsonObject = {}
    if model is not None:
        if config.model != "auto":
            raise ArgumentError(f"must not go with a model of one's own, got {config.model!r}. Leave one out.", "model")
        config = config.replaced(model=own_model(model, config.input))
        books["own_model"] = told_code(model)
    if head is not None:
        books["own_head"] = told_code(head)
    if loss is not None:
        given = [name for name in ("smoothing", "class_weights", "robust") if name in config.model_fields_set]
        if given:
            raise ArgumentError("must not go with a loss of one's own, which it would change.", given[0])
        books["own_loss"] = told_code(loss)
    return config, Own(None if head is None else own_head(head), loss, tuple(callbacks), books)


def architecture_of(config: TrainConfig, task: Task, usual: str | None, own: str | None) -> Architecture:
    """Return the network of a training.

    Args:
        config: says the model and its input.
        task: says the width of the head.
        usual: the head that the task has on maps, a name of `HEADS`; None of one that is about whole pictures.
        own: the name of the program's own head, or None.

    Raises:
        ArgumentError: there is no such model, or the head does not say what the task asks.
    """
    if own is None:
        return architecture(config.model, task.outputs, config.input, usual)
    is_on_maps = on_maps(own) is not None
    if is_on_maps and usual is None:
        what = f"must be a class or function of (features, outputs) for {task.kind}, got one on maps"
        raise ArgumentError(f"{what}. Leave augkit.train.heads.Head out.", "head")
    if not is_on_maps and usual is not None:
        what = f"must be a subclass of augkit.train.heads.Head for {task.kind}, got one on features of whole pictures"
        raise ArgumentError(f"{what}. See docs/trainer.md.", "head")
    made = architecture(config.model, task.outputs, config.input, own)
    if usual is not None:
        theirs = architecture(config.model, task.outputs, config.input, usual)
        given, wanted = _shape(made), _shape(theirs)
        if given != wanted:
            raise ArgumentError(f"must give what {usual} gives, {wanted} for one picture, got {given}.", "head")
    return made


@torch.no_grad()
def _shape(made: Architecture) -> tuple[int, ...]:
    """Return the shape of the outputs for one picture."""
    height, width, channels = made.preprocessing.input
    return tuple(made.on_meta().eval()(torch.empty(1, channels, height, width, device="meta")).shape)
