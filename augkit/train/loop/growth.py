"""Growth of a run that was complete: further epochs, which are a phase of their own.

The rate's curve went to its end with the epochs that there were, so that more of them cannot lie on it: they begin a
curve of their own, from the weights of the last epoch, and the best epoch of all is kept. So the weights are not those
of a run that had as many epochs from the beginning.

Reference: of curves that begin again, Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts",
ICLR 2017.
"""

from augkit.configuration import difference
from augkit.core.arrays import JsonObject

GROWN = "grown"  # in the books: the numbers of epochs with which the run was complete before
LENGTHS = ("epochs", "unfreeze")
BUDGETS = ("pictures", "minutes")


def grown_of(deciding: JsonObject) -> tuple[int, ...]:
    """Return after which epochs a run was complete before."""
    return tuple(deciding.get(GROWN, ()))


def without_lengths(deciding: JsonObject) -> JsonObject:
    """Return what decides a run, but for how long it is."""
    return {name: value for name, value in deciding.items() if name not in (*LENGTHS, GROWN)}


def grows(then: JsonObject, now: JsonObject) -> bool:
    """Say whether settings are those of a run that is complete, but for more epochs of its last phase.

    >>> grows({"epochs": 3, "unfreeze": 0}, {"epochs": 5, "unfreeze": 0})
    True
    >>> grows({"epochs": 3, "unfreeze": 2}, {"epochs": 5, "unfreeze": 2})
    False
    """
    if difference(without_lengths(then), without_lengths(now)) or any(now.get(name) is not None for name in BUDGETS):
        return False
    before, after = ([int(side.get(name) or 0) for name in LENGTHS] for side in (then, now))
    longer_head = before[1] == after[1] == 0 and after[0] > before[0]
    return longer_head or (before[0] == after[0] and after[1] > before[1])
