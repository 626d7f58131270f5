"""Exporters: each turns a network into the bytes of a file, and runs them.

An exporter adds itself to `EXPORTERS` from a file of its own, which is called after the suffix of what it writes: the
exporter ``onnx`` of .onnx files lies in onnx_exporter.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from augkit.core.arrays import Array
from augkit.errors import AugkitError
from augkit.registers import Register
from augkit.train.artefact import Artefact

INPUT = "pixels"

Run = Callable[[NDArray[np.uint8]], Array]  # pixels (B, h, w, C) -> outputs (B, k)


class ExportError(AugkitError):
    """A network that cannot be exported, or whose export gives something else."""

    exit_code = 1


class Deployed(nn.Module):
    """A network from pixels (B, h, w, C), uint8, to calibrated logits, or to numbers in the units of the labels."""

    mean: Tensor
    std: Tensor
    factor: Tensor
    offset: Tensor

    def __init__(self, artefact: Artefact) -> None:
        super().__init__()
        preprocessing = artefact.architecture.preprocessing
        factor, offset = artefact.task.scale(artefact.temperature)
        parts = {
            "mean": torch.tensor(preprocessing.mean).view(-1, 1, 1),
            "std": torch.tensor(preprocessing.std).view(-1, 1, 1),
            "factor": torch.tensor(factor),
            "offset": torch.tensor(offset),
        }
        self.network = artefact.network
        for name, value in parts.items():
            self.register_buffer(name, value)

    def forward(self, pixels: Tensor) -> Tensor:
        levels = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        outputs: Tensor = self.network((levels - self.mean) / self.std)
        return outputs * self.factor + self.offset


@dataclass(frozen=True)
class Exporter:
    """One kind of file.

    Args:
        form: what it is called in messages.
        write: gives the file's bytes and runs them, from a network, pixels to try it with, the name of its output, and
            JSON that describes it all and is to be kept in the file; it may raise anything.
        packages: that it needs beside torch, from the extra ``export``.
    """

    form: str
    write: Callable[[Deployed, Tensor, str, str], tuple[bytes, Run]]
    packages: tuple[str, ...] = ()


EXPORTERS: Register[Exporter] = Register("exporter", "augkit.train.exporters")
