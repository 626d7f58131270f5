"""Optimisers of torch that do without its compiler, which torch's own import with the first one that is made.

That takes a second of a processor, and a head on features that are known is trained in less. The steps are torch's
own, to the bit.
"""

from collections.abc import Callable
from inspect import unwrap

import torch
from torch import optim
from torch.optim.optimizer import ParamsT, StateDict


class Uncompiled(optim.Optimizer):
    """Methods of an optimiser without what `torch._disable_dynamo` and `_use_grad_for_differentiable` put round them.

    They say to torch's compiler that it must leave an optimiser alone, for which they import it. Where a torch has
    nothing round a method, the method is as it was.
    """

    def add_param_group(self, param_group: dict[str, object]) -> None:
        unwrap(optim.Optimizer.add_param_group)(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        unwrap(optim.Optimizer.zero_grad)(self, set_to_none)

    def state_dict(self) -> StateDict:
        held: StateDict = unwrap(optim.Optimizer.state_dict)(self)
        return held

    def load_state_dict(self, state_dict: StateDict) -> None:
        unwrap(optim.Optimizer.load_state_dict)(self, state_dict)


class AdamW(Uncompiled, optim.AdamW):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    def __init__(self, params: ParamsT) -> None:
        optim.AdamW.__init__(self, params)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch overloads it
        """Do one step."""
        loss: float | None = unwrap(optim.AdamW.step)(self, closure)
        return loss


class SGD(Uncompiled, optim.SGD):
    """Stochastic gradient descent with Nesterov's momentum."""

    def __init__(self, params: ParamsT, momentum: float) -> None:
        optim.SGD.__init__(self, params, momentum=momentum, nesterov=True)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch overloads it
        """Do one step."""
        loss: float | None = unwrap(optim.SGD.step)(self, closure)
        return loss
