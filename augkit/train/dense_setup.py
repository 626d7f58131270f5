"""Setup of what is particular to dense tasks: which one a data set asks for, and the model that suits it."""

from collections.abc import Callable

from augkit.datasets import DataSet
from augkit.errors import FileError
from augkit.train.survey import Survey
from augkit.train.tasks import TASKS
from augkit.train.tasks.dense import Dense
from augkit.train.train_config import TrainConfig
from augkit.train.weights import PRETRAINED

MODEL = "efficientnet_lite0"
STEP, LEAST, MOST = 32, 96, 320  # pixels of a side: multiples of the coarsest stride, and what two cores can do


def dense_task(kind: str | None, data: DataSet) -> type[Dense] | None:
    """Return the dense task that was asked for, or that pictures ask for which have no label of their own.

    Raises:
        FileError: the pictures carry nothing that it learns.
    """
    known = [task for task in TASKS.values() if issubclass(task, Dense)]
    asked = next((task for task in known if task.kind == kind), None)
    if asked is not None and asked.target_kind not in data.kinds:
        held = " and ".join(sorted(data.kinds)) or "none beside their class"
        raise FileError(f"must have labels of the kind {asked.target_kind}, got {held}.", str(data.root))
    if kind is not None or any(source.label is not None for source in data.sources):
        return asked
    return next((task for task in known if task.target_kind in data.kinds), None)


def with_dense_model(
    config: TrainConfig, task: type[Dense], surveyed: Survey, tell: Callable[[str], None]
) -> TrainConfig:
    """Return the settings with a model, and with an input that small objects can be seen in."""
    chosen = config
    if config.model == "auto":
        chosen = chosen.replaced(model=MODEL, weights=config.weights or PRETRAINED)
    if config.fit == "auto":
        chosen = chosen.replaced(fit=task.fit)
    if chosen.input is None:
        side = min(max(-(-surveyed.long_side // STEP) * STEP, LEAST), MOST)
        chosen = chosen.replaced(input=(side, side, 3))
        tell(f"Pictures of {surveyed.long_side} pixels: the network sees them in {side} x {side}.")
    return chosen
