"""Export of a trained network for other programs, checked by numbers before there is a file.

The file takes pixels (B, h, w, C) uint8 as every decoder gives them, of the network's size: the normalisation is
within, where nobody can forget it. Its outputs are calibrated: logits divided by the temperature, whose softmax (of
classes) or sigmoid (of labels) are the probabilities of `augkit predict`; or numbers in the units of the labels. How a
picture is brought to the network's size, and the names of the outputs, are JSON in the file.

An exporter adds itself to `EXPORTERS` from a file of its own, which is called after the suffix of what it writes: the
exporter ``onnx`` of .onnx files lies in onnx_exporter.py.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from augkit.core.arrays import Array
from augkit.core.key import Key
from augkit.errors import ArgumentError, AugkitError, MissingExtra, Unreachable, raise_outage
from augkit.registers import Register
from augkit.storage.durable import replace_with
from augkit.train.files.artefact import Artefact, load
from augkit.train.tasks.dense import Dense

INPUT = "pixels"

Run = Callable[[NDArray[np.uint8]], Array]  # pixels (B, h, w, C) -> outputs (B, k)


class ExportError(AugkitError):
    """A network that cannot be exported, or whose export gives something else."""

    exit_code = 1


class Deployed(nn.Module):
    """A network from pixels (B, h, w, C), uint8, to calibrated logits, or to numbers in the units of the labels."""

    def __init__(self, artefact: Artefact) -> None:
        super().__init__()
        preprocessing = artefact.architecture.preprocessing
        factor, offset = artefact.task.scale(artefact.temperature)
        self.network = artefact.network
        self.size = preprocessing.size
        self.dense = artefact.task if isinstance(artefact.task, Dense) else None
        self.mean = nn.Buffer(torch.tensor(preprocessing.mean).view(-1, 1, 1))
        self.std = nn.Buffer(torch.tensor(preprocessing.std).view(-1, 1, 1))
        self.factor, self.offset = nn.Buffer(torch.tensor(factor)), nn.Buffer(torch.tensor(offset))

    def forward(self, pixels: Tensor) -> Tensor:
        levels = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        outputs: Tensor = self.network((levels - self.mean) / self.std)
        if self.dense is not None:
            return self.dense.deployed(outputs, self.size)
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


FORMAT = 1
BATCHES = (1, 2, 5)  # of random pictures, to compare by
TOLERANCE = 1e-4  # of the outputs; of the largest, where that is above 1


@dataclass(frozen=True)
class Exported:
    """The file that was written."""

    path: str
    size: int  # in bytes
    input: tuple[int, int, int]  # the pixels' height, width and channels
    output: str  # ``logits`` or ``values``
    difference: float  # the greatest, between what the file and the network give for random pictures
    pictures: int  # how many these were


def export(run: Artefact | str | os.PathLike[str], path: str | os.PathLike[str], form: str | None = None) -> Exported:
    """Write a trained network for other programs.

    Any number of pictures may go through it at once. It is run on random pictures first, an ONNX file by ONNX Runtime,
    and only written if it gives what the network gives.

    Args:
        run: an artefact, its file, or the folder of the run that wrote it.
        path: of the new file.
        form: a name of `EXPORTERS`; None tells by the suffix of `path`.

    Raises:
        ArgumentError: there is no such exporter.
        FileError: the network cannot be read, or the file not be written.
        ExportError: the exporter cannot hold the network, or what it made gives something else.
        MissingExtra: the exporter needs packages that are not installed.
    """
    target = Path(path)
    exporter = _exporter_for(target) if form is None else EXPORTERS.find(form, "format")
    for package in exporter.packages:
        if find_spec(package) is None:
            what = f"must be installed to write {exporter.form}. Run: pip install 'augkit[export]'"
            raise MissingExtra(what, package)
    artefact = run if isinstance(run, Artefact) else load(run)
    described = json.dumps(_described(artefact))
    deployed, example = Deployed(artefact).eval(), torch.from_numpy(_pictures(2, artefact))
    try:
        data, exported = exporter.write(deployed, example, artefact.task.output, described)
    except Exception as fault:  # which may be anything
        raise_outage(fault, "export")
        told = " ".join(str(fault).split())[:300].rstrip(".") or type(fault).__name__
        raise ExportError(f"must be a network that {exporter.form} can hold, got: {told}.", "export") from fault
    difference = _difference(artefact, exported)
    try:
        replace_with(target, data)
    except OSError as fault:
        raise Unreachable(f"must be a file that can be written, got: {fault.strerror}.", str(target)) from fault
    size = artefact.architecture.preprocessing.input
    return Exported(str(target), len(data), size, artefact.task.output, difference, sum(BATCHES))


def _exporter_for(path: Path) -> Exporter:
    form = path.suffix.removeprefix(".")
    if form not in EXPORTERS:
        raise ArgumentError(f"must end in .{' or .'.join(EXPORTERS)}, got {path.name!r}.", "output")
    return EXPORTERS[form]


def _difference(artefact: Artefact, exported: Run) -> float:
    """Return how far apart the network and what was made of it are, or refuse that."""
    greatest = 0.0
    for count in BATCHES:
        pixels = _pictures(count, artefact)
        wanted, found = _wanted(artefact, pixels), exported(pixels)
        if found.shape != wanted.shape:
            raise ExportError(f"must give {wanted.shape}, gave {found.shape}. Nothing was written.", "export")
        difference, allowed = float(np.abs(found - wanted).max()), TOLERANCE * max(1.0, float(np.abs(wanted).max()))
        if not difference <= allowed:  # NaN is never
            what = f"must say what the network says but for {allowed:.1e}, is {difference:.1e} off"
            raise ExportError(f"{what}. Nothing was written.", "export")
        greatest = max(greatest, difference)
    return greatest


def _wanted(artefact: Artefact, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the outputs of the network itself, the way `augkit predict` asks it."""
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    with torch.inference_mode():
        said = artefact.network(artefact.architecture.preprocessing.normalise(batch))
    if isinstance(artefact.task, Dense):
        return np.asarray(artefact.task.deployed(said, artefact.architecture.preprocessing.size).numpy(), np.float32)
    outputs = said.numpy()
    factor, offset = artefact.task.scale(artefact.temperature)
    return np.asarray(outputs * np.array(factor) + np.array(offset), np.float32)


def _pictures(count: int, artefact: Artefact) -> NDArray[np.uint8]:
    generator = np.random.default_rng(Key(0, "export", count).stream("pictures").integers(2**63))
    return generator.integers(0, 256, (count, *artefact.architecture.preprocessing.input), np.uint8)


def _described(artefact: Artefact) -> dict[str, object]:
    """Return all that a program needs to use the file, as plain data."""
    task = artefact.task
    return {
        "format": FORMAT,
        "model": artefact.architecture.name,
        "input": {"name": INPUT, "layout": "NHWC", "dtype": "uint8", "normalisation": "within"},
        "preprocessing": artefact.architecture.preprocessing.described(),
        "output": {"name": task.output, "meaning": task.meaning, "names": list(task.names)},
        "temperature": artefact.temperature,
        "fingerprint": artefact.fingerprint,
        "versions": dict(artefact.versions),
    }
