"""Precision of a training: single throughout, or half where that is safe, which is faster where a processor has it."""

import torch

from augkit.errors import ArgumentError
from augkit.train.train_config import Precision


def is_half(wanted: Precision, device: torch.device) -> bool:
    """Say whether products are of bfloat16 numbers; weights, sums of gradients and losses stay single.

    ``auto`` takes it on a GPU that has it, never on a processor: there the last bits decide what a run is compared by.

    Raises:
        ArgumentError: it is asked for, and the device computes it no faster.
    """
    has_it = torch.cuda.is_bf16_supported() if device.type == "cuda" else _processor_has_it()
    if wanted == "bfloat16" and not has_it:
        advice = "Pass --precision float32."
        raise ArgumentError(f"must be one that the {device.type} has, got bfloat16. {advice}", "precision")
    return has_it and (wanted == "bfloat16" or (wanted == "auto" and device.type == "cuda"))


def _processor_has_it() -> bool:
    known = torch.cpu.get_capabilities()
    return any(known.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))
