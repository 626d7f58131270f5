"""Pieces of a training that a program brings of its own: a network, a loss, callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError
from augkit.train.loop.epochs import Callback
from augkit.train.models.own_models import Build, own_model, told_code
from augkit.train.tasks import Loss
from augkit.train.train_config import TrainConfig


@dataclass(frozen=True)
class Own:
    """What a program brings, but for its network, which has a name."""

    loss: Loss | None = None
    callbacks: Sequence[Callback] = ()
    books: JsonObject = field(default_factory=dict)  # what decides the weights of it, as books of a run hold it


def with_own(
    config: TrainConfig, model: Build | None, loss: Loss | None, callbacks: Sequence[Callback]
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
    if loss is not None:
        given = [name for name in ("smoothing", "class_weights", "robust") if name in config.model_fields_set]
        if given:
            raise ArgumentError("must not go with a loss of one's own, which it would change.", given[0])
        books["own_loss"] = told_code(loss)
    return config, Own(loss, tuple(callbacks), books)
