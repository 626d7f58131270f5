"""A trained network as one file: the weights, and in the file's header all that is needed to use them.

The file is safetensors. Its header holds one text, ``augkit``: JSON with the architecture, the meaning of the outputs,
the temperature, the settings of the training, the hash of its data, versions and figures. Nothing of it is unpickled or
run; a hash over all of it shows damage.
"""

import json
import math
import os
import platform
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import cv2
import pydantic
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError, FileError, MissingExtra, is_absence, raise_outage, reason_of, require_answer
from augkit.storage.durable import replace_with
from augkit.train.models import Architecture, Network
from augkit.train.models.ensemble_network import ENSEMBLE
from augkit.train.tasks import Task, read_task
from augkit.train.train_errors import written

MODEL_FILE = "model.safetensors"  # in the folder of a run
FORMAT = 2  # the newest; what augkit 0.5 reads is written as it wrote it, in format 1
KEY = "augkit"  # the header's only one: safetensors writes several in any order
# Of these, the weights that come out of a training; augkit's own is told, but a run of another one goes on.
DECIDING = ("augkit", "numpy", "opencv", "pillow", "simplejpeg", "torch")
OTHERS = ("safetensors", "scikit-learn")


@dataclass(frozen=True)
class Artefact:
    """A trained network with all that is known of it."""

    network: Network  # in eval mode once it was loaded
    architecture: Architecture  # how it is built, and what becomes of pictures before they go in
    task: Task  # that it was trained for, which is what its outputs mean
    settings: Mapping[str, object] = field(default_factory=dict)  # of the training, as plain data
    fingerprint: str = ""  # the hash of what it was trained on
    versions: Mapping[str, str] = field(default_factory=dict)  # of the packages that trained it
    metrics: JsonObject = field(default_factory=dict)  # what was measured of it, as plain data
    temperature: float = 1.0  # above 0; what logits are divided by before they become probabilities


class _Header(pydantic.BaseModel):
    """The header of a file; the task is called target there."""

    format: int
    sha256: str = ""
    architecture: JsonObject
    target: JsonObject
    temperature: float
    settings: JsonObject
    fingerprint: str
    versions: dict[str, str]
    metrics: JsonObject

    def digest(self, tensors: Mapping[str, Tensor]) -> str:
        """Return a hash of all that a file means."""
        content = self.model_dump(exclude={"format", "sha256"})
        digest = sha256(json.dumps(content, sort_keys=True).encode())
        for name in sorted(tensors):
            value = tensors[name]
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of what a training's result depends on; those of `DECIDING` decide its weights."""
    found = {"opencv": cv2.__version__}  # whichever wheel it came in
    found |= {package: version(package) for package in (*DECIDING, *OTHERS) if package not in found}
    return {"python": platform.python_version()} | dict(sorted(found.items()))


def save(path: str | os.PathLike[str], artefact: Artefact) -> None:
    """Write an artefact; the same one gives the same bytes. Where that fails, what was there is still there.

    Raises:
        Unwritten: the file cannot be written.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in artefact.network.state_dict().items()}
    header = _Header(
        format=FORMAT if artefact.architecture.name == ENSEMBLE or "head" in artefact.architecture.arguments else 1,
        architecture=artefact.architecture.described(),
        target=artefact.task.described(),
        temperature=artefact.temperature,
        settings=dict(artefact.settings),
        fingerprint=artefact.fingerprint,
        versions=dict(artefact.versions),
        metrics=artefact.metrics,
    )
    header.sha256 = header.digest(tensors)
    data = safetensors.torch.save(tensors, {KEY: json.dumps(header.model_dump())})
    with written(Path(path)):
        replace_with(Path(path), data)


def load(path: str | os.PathLike[str]) -> Artefact:
    """Read an artefact.

    Args:
        path: its file, or the folder of the run that wrote it.

    Returns:
        The artefact, its network in eval mode on the processor.

    Raises:
        FileError: it is missing, damaged, another program's, or a newer augkit's.
    """
    file = _file(Path(path))
    try:
        data = require_answer(file.read_bytes())  # a map of the file would kill this process where its disk goes away
        tensors = safetensors.torch.load(data)
        text = _metadata(data).get(KEY)
    except (SafetensorError, ValueError) as fault:
        told = " ".join(str(fault).split()).rstrip(".")
        raise FileError(
            f"must be a whole model of augkit train, got a damaged or another file: {told}.", str(file)
        ) from None
    except (OSError, MemoryError) as fault:
        raise_outage(fault, str(file))
        raise
    if text is None:
        advice = "Weights of others go to augkit train --weights."
        raise FileError(f"must be a model of augkit train, got another program's safetensors. {advice}", str(file))
    try:
        content = json.loads(text)
        if content["format"] > FORMAT:
            what = f"must be of format {FORMAT} or older, got {content['format']}. Run: pip install -U augkit"
            raise FileError(what, str(file))
        header = _Header.model_validate(content)
        if header.sha256 != header.digest(tensors):
            raise _damaged(file, "what it holds is not what was written")
        return _artefact(header, tensors)
    except MissingExtra:
        raise
    except (ArgumentError, KeyError, RuntimeError, TypeError, ValueError) as fault:
        raise_outage(fault, str(file))
        if isinstance(fault, ArgumentError) and fault.where in ("model", "head"):  # that only its program has
            raise fault.at(str(file)) from None
        raise _damaged(file, " ".join(str(fault).split()).rstrip(".")) from None


def _metadata(data: bytes) -> dict[str, str]:
    """Return what a whole file of safetensors says beside its tensors."""
    size = int.from_bytes(data[:8], "little")
    found: dict[str, str] = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    return found


def _artefact(header: _Header, tensors: Mapping[str, Tensor]) -> Artefact:
    architecture, task = Architecture.read(header.architecture), read_task(header.target)
    network = architecture.on_meta()
    for name, value in network.state_dict().items():  # of other names and shapes torch itself complains
        if name in tensors and value.dtype != tensors[name].dtype:
            raise ValueError(f"{name} is of {tensors[name].dtype}, not of {value.dtype}".replace("torch.", ""))
    if architecture.outputs != task.outputs:
        raise ValueError(f"it has {architecture.outputs} outputs for {task.outputs} of its task")
    network.load_state_dict(tensors, assign=True)
    if not (header.temperature > 0.0 and math.isfinite(header.temperature)):
        raise ValueError(f"its temperature is {header.temperature}")
    network.eval()
    known = (header.settings, header.fingerprint, header.versions, header.metrics, header.temperature)
    return Artefact(network, architecture, task, *known)


def _file(path: Path) -> Path:
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            path = path / MODEL_FILE
        is_file = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the name
        if not is_absence(fault):
            raise_outage(fault, str(path))
        reason = reason_of(fault)
        advice = f"Give what augkit train wrote: its folder, once it has ended, or {MODEL_FILE} in it."
        raise FileError(f"must be readable, got: {reason}. {advice}", str(path)) from None
    if not is_file:
        raise FileError("must be a file, got a pipe or a device.", str(path))
    return path


def _damaged(file: Path, told: str) -> FileError:
    return FileError(f"is damaged: {told}. Copy it again from where it came, or train again.", str(file))
