"""Models, checkpoints, weights and model files, as subjects of damage."""

from __future__ import annotations

import io
import json
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from augkit.errors import AugkitError
from augkit.train.answers.predictions import predict
from augkit.train.files.artefact import Artefact, load, save
from augkit.train.files.weights import load_weights
from augkit.train.loop.checkpoint import SEAL, Checkpoints
from augkit.train.models import architecture
from augkit.train.tasks.classes_task import Classes
from benchmarks.damage.subjects import Subject, assert_told

_LAYERS = """input: 16x16x3
layers:
  - conv: {filters: 4, kernel: 3, padding: 1}
  - batch_norm
  - relu
  - pool: 2
  - dropout: 0.2
  - flatten
  - dense: 8
  - dense: classes
"""
_PICTURE = np.full((20, 24, 3), 99, np.uint8)


def subjects() -> list[Subject]:
    """Return the subjects of this file."""
    models: list[Subject] = [ModelSubject("model", False), ModelSubject("model, hash made anew", True)]
    checkpoints = [CheckpointSubject("checkpoint", False), CheckpointSubject("checkpoint, sealed anew", True)]
    return [*models, *checkpoints, WeightSubject(), ModelFileSubject()]


def _made(folder: Path) -> Artefact:
    (folder / "net.yaml").write_text(_LAYERS)
    found = architecture(folder / "net.yaml", 2)
    return Artefact(found.build(0).eval(), found, Classes(("cat", "dog")), {"seed": 1}, "ab", {"torch": "2"}, {"a": 1})


class ModelSubject(Subject):
    """``model.safetensors`` of a small network."""

    def __init__(self, name: str, is_sealed: bool) -> None:
        super().__init__(name)
        self.is_sealed = is_sealed

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        save(folder / "model.safetensors", _made(folder))
        self.files = {"model.safetensors": (folder / "model.safetensors").read_bytes()}
        self.answer = self._asked(folder)

    def _asked(self, folder: Path) -> Any:
        rows = list(predict(load(folder / "model.safetensors"), _PICTURE))
        return rows[0].answers

    def sealed(self, name: str, data: bytes) -> bytes:
        """Make the hash anew, where there is still a header of this form; its text may have any length again."""
        if not self.is_sealed:
            return data
        try:
            end = 8 + struct.unpack_from("<Q", data)[0]
            header = json.loads(data[8:end])
            content = json.loads(header["__metadata__"]["augkit"])
            tensors = safetensors.torch.load(data)
            digest = sha256(json.dumps(
                {key: value for key, value in content.items() if key not in ("format", "sha256")}, sort_keys=True
            ).encode())  # fmt: skip
            for key in sorted(tensors):
                value = tensors[key]
                digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
                digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
            header["__metadata__"]["augkit"] = json.dumps(content | {"sha256": digest.hexdigest()})
            text = json.dumps(header).encode()
            return struct.pack("<Q", len(text)) + text + data[end:]
        except Exception:  # no file of this form any more
            return data

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        answer = self._asked(folder)
        if not self.is_sealed:
            assert np.array_equal(answer, self.answer), "a damaged model answers otherwise"
        return "read"


class CheckpointSubject(Subject):
    """``last.pt`` of a training, as `Checkpoints` reads it."""

    def __init__(self, name: str, is_sealed: bool) -> None:
        super().__init__(name)
        self.is_sealed = is_sealed

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        network = _made(folder).network.state_dict()
        content = {"network": network, "state": {"best_epoch": -1, "epoch": 3, "losses": [0.5, 0.25]}, "seed": 7}
        Checkpoints(folder, print).save(content)
        self.files = {"last.pt": (folder / "last.pt").read_bytes()}

    def sealed(self, name: str, data: bytes) -> bytes:
        payload = data[: -len(SEAL) - 64]
        return payload + SEAL + sha256(payload).hexdigest().encode() if self.is_sealed else data

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        told = list[str]()
        found = Checkpoints(folder, told.append).load()
        for sentence in told:
            assert_told(sentence)
        if found is None:
            assert told, "nothing said of a damaged checkpoint"
            return "begins again"
        if not self.is_sealed:
            sound = torch.load(io.BytesIO(self.files[name][: -len(SEAL) - 64]), weights_only=True)
            same = all(torch.equal(value, found["network"][key]) for key, value in sound["network"].items())
            same = same and found["state"] == sound["state"]
            assert same, "a damaged checkpoint is taken for another"
        return "read"


class WeightSubject(Subject):
    """Weights of others: by torch, by an old torch, and as safetensors."""

    def __init__(self) -> None:
        super().__init__("weights")

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        self.made = _made(folder)
        state, file, old = self.made.network.state_dict(), io.BytesIO(), io.BytesIO()
        torch.save({"state_dict": state, "epoch": 3}, file)
        torch.save(state, old, _use_new_zipfile_serialization=False)
        self.files = {"new.pt": file.getvalue(), "old.pt": old.getvalue()}
        self.files["some.safetensors"] = safetensors.torch.save(dict(state))

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        network = self.made.architecture.build(1)
        report = load_weights(network, folder / name, self.made.architecture)
        for sentence in report.sentences():
            assert_told(sentence)
        return "read"


class ModelFileSubject(Subject):
    """A model file of listed layers, built and asked."""

    def __init__(self) -> None:
        super().__init__("model file")

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        self.files = {"net.yaml": _LAYERS.encode()}

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        found = architecture(folder / name, 2)
        network = found.build(0).eval()
        answers = list(predict(Artefact(network, found, Classes(("cat", "dog"))), _PICTURE))
        try:
            assert answers[0].answers is None or answers[0].answers.shape == (2,)
        except AugkitError as fault:
            assert_told(str(fault))
        return "read"
