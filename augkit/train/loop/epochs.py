"""Epochs as callbacks of a training see them."""

from collections.abc import Callable
from dataclasses import dataclass

from augkit.core.arrays import JsonObject
from augkit.train.models import Network


@dataclass(frozen=True)
class Epoch:
    """An epoch that has just ended."""

    number: int  # from 1
    of: int  # how many there may be
    is_frozen: bool  # all but the head
    is_best: bool  # so far, on the pictures that choose
    figures: JsonObject  # of it, as the log has them: loss, val_loss, val_score, rate
    network: Network  # with its weights, in evaluation mode; to be looked at


Callback = Callable[[Epoch], object]  # True ends the phase, as if patience had; anything else goes on
