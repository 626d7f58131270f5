"""Cross-entropy of pixels, of which some count nowhere."""

import torch
from torch import Tensor
from torch.nn import functional

from augkit.train.tasks.mask_numbers import IGNORED


def pixel_loss(outputs: Tensor, places: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy of the pixels that count; 0 where none does.

    Args:
        outputs: logits (B, k, h, w), which are made as large as the truth, linear in between.
        places: of classes (B, H, W), whole numbers; `IGNORED` counts nowhere.
        weights: (k,), how much a pixel of a class counts.
        smoothing: this part of the truth is spread evenly over all classes.
    """
    truth = places.long()
    logits = enlarged(outputs, (truth.shape[1], truth.shape[2]))
    total = functional.cross_entropy(
        logits, truth, weights, reduction="sum", ignore_index=IGNORED, label_smoothing=smoothing
    )
    return total / mass_of(truth, weights).clamp(min=torch.finfo(torch.float32).tiny)


def mass_of(places: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return how much all pixels that count weigh; the arguments are those of `pixel_loss`."""
    is_counted = places != IGNORED
    if weights is None:
        return is_counted.sum().float()
    return torch.where(is_counted, weights[torch.where(is_counted, places.long(), 0)], 0.0).sum()


def enlarged(outputs: Tensor, size: tuple[int, int]) -> Tensor:
    """Return what is said of every pixel (B, k, H, W) of what is said (B, k, h, w), linear in between."""
    if outputs.shape[2:] == size:
        return outputs
    return functional.interpolate(outputs, size, mode="bilinear", align_corners=False)
