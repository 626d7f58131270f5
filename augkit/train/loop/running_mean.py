"""The running mean of a network's weights, which is steadier than they are.

Reference: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal on Control and
Optimization 1992.
"""

from collections.abc import Mapping

import torch
from torch import Tensor


@torch.no_grad()
def follow(means: Mapping[str, Tensor], weights: Mapping[str, Tensor], decay: float, step: int) -> None:
    """Move means towards weights of the same names, in place, and quickly at the beginning.

    Args:
        means: of the weights; what is no number with a fraction, such as a count, is taken as it is.
        weights: as they are now.
        decay: what is left of the mean in one step, 0 to 1.
        step: how many were made before this one.
    """
    left = min(decay, (1 + step) / (10 + step))
    for name, now in weights.items():
        if now.is_floating_point():
            means[name].lerp_(now, 1.0 - left)
        else:
            means[name].copy_(now)
