"""A trained network for other programs: ONNX or torch.export, checked by numbers before there is a file.

What is written takes pixels (B, h, w, C) uint8 as every decoder gives them, of the network's size: the normalisation is
within, where nobody can forget it. What it gives is calibrated: logits divided by the temperature, whose softmax (of
classes) or sigmoid (of labels) are the probabilities of `augkit predict`; or numbers in the units of the labels. How a
picture is brought to the network's size, and the names of the outputs, are JSON under ``augkit``: in the metadata of an
ONNX file, in the extra file ``augkit.json`` of a torch.export archive.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from augkit.core.key import Key
from augkit.errors import ArgumentError, AugkitError, FileError, MissingExtra
from augkit.storage.durable import replace_with
from augkit.train.artefact import Artefact, load

__all__ = ["SUFFIXES", "ExportError", "Exported", "export"]

SUFFIXES = (".onnx", ".pt2")
FORMAT = 1
INPUT = "pixels"
BATCHES = (1, 2, 5)  # of random pictures, to compare by
TOLERANCE = 1e-4  # of the outputs; of the largest, where that is above 1
ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")

Run = Callable[[NDArray[np.uint8]], NDArray[Any]]


class ExportError(AugkitError):
    """A network that cannot be exported, or that says something else once it is."""

    exit_code = 1


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        path: the file.
        size: in bytes.
        input: the pixels' height, width and channels.
        output: ``logits`` or ``values``.
        difference: the greatest, between what the file and the network say of random pictures.
        pictures: how many these were.
    """

    path: str
    size: int
    input: tuple[int, int, int]
    output: str
    difference: float
    pictures: int


def export(run: Artefact | str | os.PathLike[str], path: str | os.PathLike[str]) -> Exported:
    """Write a trained network for other programs.

    Any number of pictures may go through it at once. It is run on random pictures first, an ONNX file by ONNX Runtime,
    and only written if it says what the network says.

    Args:
        run: an artefact, its file, or the folder of the run that wrote it.
        path: ends in ``.onnx`` or ``.pt2``.

    Raises:
        ArgumentError: it ends in something else.
        FileError: the network cannot be read, or the file not be written.
        ExportError: torch cannot export the network, or what it exported says something else.
        MissingExtra: ONNX needs packages that are not installed.
    """
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise ArgumentError(f"must end in {' or '.join(SUFFIXES)}, got {target.name!r}.", "output")
    if target.suffix == ".onnx":
        for package in ONNX_PACKAGES:
            if find_spec(package) is None:
                raise MissingExtra("must be installed to write ONNX. Run: pip install 'augkit[export]'", package)
    artefact = run if isinstance(run, Artefact) else load(run)
    height, width, channels = artefact.architecture.preprocessing.input
    output = "values" if artefact.target.kind == "numbers" else "logits"
    described = json.dumps(_described(artefact, output))
    with _hushed(target.suffix):
        deployed = Deployed(artefact).eval()
        example = torch.from_numpy(_pictures(2, artefact))
        data, said = (_onnx if target.suffix == ".onnx" else _pt2)(deployed, example, output, described)
        difference = _difference(artefact, said)
    try:
        replace_with(target, data)
    except OSError as fault:
        raise FileError(f"must be a file that can be written, got: {fault.strerror}.", str(target)) from None
    return Exported(str(target), len(data), (height, width, channels), output, difference, sum(BATCHES))


class Deployed(nn.Module):
    """A network from pixels to what they mean."""

    mean: Tensor
    std: Tensor
    factor: Tensor
    offset: Tensor

    def __init__(self, artefact: Artefact) -> None:
        super().__init__()
        preprocessing, target = artefact.architecture.preprocessing, artefact.target
        numbers = target.kind == "numbers"
        parts = {
            "mean": torch.tensor(preprocessing.mean).view(-1, 1, 1),
            "std": torch.tensor(preprocessing.std).view(-1, 1, 1),
            "factor": torch.tensor(target.std if numbers else 1.0 / artefact.temperature),
            "offset": torch.tensor(target.mean if numbers else 0.0),
        }
        self.network = artefact.network
        for name, value in parts.items():
            self.register_buffer(name, value)

    def forward(self, pixels: Tensor) -> Tensor:
        levels = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        outputs: Tensor = self.network((levels - self.mean) / self.std)
        return outputs * self.factor + self.offset


def _onnx(deployed: Deployed, example: Tensor, output: str, described: str) -> tuple[bytes, Run]:
    import onnxruntime

    with _refused("ONNX"):
        program = torch.onnx.export(
            deployed,
            (example,),
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=[INPUT],
            output_names=[output],
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
        )
        assert program is not None
        model = program.model_proto
        entry = model.metadata_props.add()
        entry.key, entry.value = "augkit", described
        data: bytes = model.SerializeToString()
        session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return data, lambda pixels: np.asarray(session.run([output], {INPUT: pixels})[0])


def _pt2(deployed: Deployed, example: Tensor, output: str, described: str) -> tuple[bytes, Run]:
    buffer = io.BytesIO()
    with _refused("torch.export"):
        shapes = {INPUT: {0: torch.export.Dim("batch")}}
        program = torch.export.export(deployed, (example,), dynamic_shapes=shapes)
        torch.export.save(program, buffer, extra_files={"augkit.json": described})
        data = buffer.getvalue()
        loaded = torch.export.load(io.BytesIO(data)).module()
    return data, lambda pixels: np.asarray(loaded(torch.from_numpy(pixels)).detach().numpy())


def _difference(artefact: Artefact, said: Run) -> float:
    """Return how far apart the network and what was made of it are, or refuse that.

    Raises:
        ExportError: it is too far.
    """
    greatest = 0.0
    for count in BATCHES:
        pixels = _pictures(count, artefact)
        wanted, found = _wanted(artefact, pixels), said(pixels)
        if found.shape != wanted.shape:
            raise ExportError(f"must give {wanted.shape}, gave {found.shape}. Nothing was written.", "export")
        difference, allowed = float(np.abs(found - wanted).max()), TOLERANCE * max(1.0, float(np.abs(wanted).max()))
        if not difference <= allowed:  # NaN is never
            what = f"must say what the network says but for {allowed:.1e}, is {difference:.1e} off"
            raise ExportError(f"{what}. Nothing was written.", "export")
        greatest = max(greatest, difference)
    return greatest


def _wanted(artefact: Artefact, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the network itself says, the way `augkit predict` asks it."""
    batch = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    with torch.inference_mode():
        outputs = artefact.network(artefact.architecture.preprocessing.normalise(batch)).numpy()
    is_logits = artefact.target.kind != "numbers"
    return np.asarray(outputs / artefact.temperature if is_logits else artefact.target.in_units(outputs), np.float32)


def _pictures(count: int, artefact: Artefact) -> NDArray[np.uint8]:
    generator = np.random.default_rng(Key(0, "export", count).stream("pictures").integers(2**63))
    return generator.integers(0, 256, (count, *artefact.architecture.preprocessing.input), np.uint8)


def _described(artefact: Artefact, output: str) -> dict[str, Any]:
    """Return all that a program needs to use the file, as plain data."""
    meaning = {
        "classes": "logits over the temperature: their softmax is the probability of each class",
        "labels": "logits over the temperature: their sigmoid is the probability of each label",
        "numbers": "numbers in the units of the labels",
    }[artefact.target.kind]
    return {
        "format": FORMAT,
        "model": artefact.architecture.name,
        "input": {"name": INPUT, "layout": "NHWC", "dtype": "uint8", "normalisation": "within"},
        "preprocessing": asdict(artefact.architecture.preprocessing),
        "output": {"name": output, "meaning": meaning, "names": list(artefact.target.names)},
        "temperature": artefact.temperature,
        "fingerprint": artefact.fingerprint,
        "versions": dict(artefact.versions),
    }


@contextmanager
def _refused(form: str) -> Iterator[None]:
    """Turn whatever an exporter raises, which may be anything, into a sentence."""
    try:
        yield
    except Exception as fault:
        told = " ".join(str(fault).split())[:300].rstrip(".") or type(fault).__name__
        raise ExportError(f"must be a network that {form} can hold, got: {told}.", "export") from fault


@contextmanager
def _hushed(suffix: str) -> Iterator[None]:
    """Keep off the screen what torch's own exporter is warned of by torch."""
    with warnings.catch_warnings():
        if suffix == ".onnx":
            warnings.filterwarnings("ignore", r".*LeafSpec", FutureWarning)
        yield
