"""torchvision and timm, as judges of our own.

A torchvision that was built for another torch than the installed one cannot load its operators, and fails where it
gives them shapes. No model calls any of them, so they are declared, and nothing more.
"""

import torch

try:
    import torchvision
except RuntimeError:
    OPERATORS = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        OPERATORS.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    import torchvision

import timm  # it imports torchvision

__all__ = ["timm", "torchvision"]
