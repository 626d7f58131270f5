"""One picture as a network takes it: the same for learning and for using what was learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from augkit.train.models import Preprocessing

__all__ = ["prepared"]


def prepared(image: NDArray[Any], preprocessing: Preprocessing) -> Tensor:
    """Return a picture (C, h, w), uint8 or float32 in [0, 1], as `Preprocessing.normalise` takes it in batches.

    What is transparent counts as if it were not: alpha is left out.

    Args:
        image: (H, W) or (H, W, C), of two or four channels the last is alpha.
        preprocessing: of the network.

    Raises:
        SampleError: its channels cannot become the network's.
    """
    if image.ndim == 3 and image.shape[2] in (2, 4):
        image = image[:, :, :-1]
    found = torch.from_numpy(np.array(preprocessing.prepare(image).transpose(2, 0, 1)))
    return found.to(torch.float32) / 65535.0 if found.dtype == torch.uint16 else found
