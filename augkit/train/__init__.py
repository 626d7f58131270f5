"""Train a convolutional network on a data set, from scratch or on the weights of another."""

import os
import sys
from typing import TYPE_CHECKING

from augkit.callable_package import TRAINING, CallablePackage, found_later

if TYPE_CHECKING:
    from augkit.train.answers.predictions import predict as predict
    from augkit.train.exporters import export as export
    from augkit.train.loop.epochs import Epoch as Epoch
    from augkit.train.models.own_heads import own_head as own_head
    from augkit.train.models.own_models import own_model as own_model
    from augkit.train.results import Result as Result
    from augkit.train.several.ensembles import ensemble as ensemble
    from augkit.train.several.repeats import repeat as repeat
    from augkit.train.train_config import TrainConfig as TrainConfig
    from augkit.train.trainer import train as train

_HOMES = {
    "Result": "results",
    "TrainConfig": "train_config",
    "Epoch": "loop.epochs",
    "ensemble": "several.ensembles",
    "export": "exporters",
    "own_head": "models.own_heads",
    "own_model": "models.own_models",
    "predict": "answers.predictions",
    "repeat": "several.repeats",
    "train": "trainer",
}

__getattr__ = found_later(__name__, _HOMES, TRAINING, without=("TrainConfig",), why="train")
# Threads of torch that wait for each other leave the processor to others. By themselves they keep it, in loops: where
# the machine has other work, two of them took four times as long as one. OpenMP reads this when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.modules[__name__].__class__ = CallablePackage  # ak.train(...)
