"""Models that are small files and ask for much: refused before memory is taken, or asked picture by picture."""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from augkit.errors import ArgumentError, AugkitError, FileError
from augkit.train.answers.predictions import predict
from augkit.train.files.artefact import MODEL_FILE, load, save
from augkit.train.files.weights import load_weights
from augkit.train.loop.checkpoint import SEAL, Checkpoints
from augkit.train.models import architecture
from augkit.train.models.preprocessing import plain_input
from support.artefacts import artefact
from support.peak_memory import peak_above

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
MEGABYTE = 1_000_000


def forged(path: Path, tensors: dict[str, Tensor], change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a model with other tensors and another header than augkit does, and the hash that they have."""
    data = path.read_bytes()
    content = json.loads(json.loads(data[8 : 8 + struct.unpack_from("<Q", data)[0]])["__metadata__"]["augkit"])
    change(content)
    hashed = {key: value for key, value in content.items() if key not in ("format", "sha256")}
    digest = sha256(json.dumps(hashed, sort_keys=True).encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    content["sha256"] = digest.hexdigest()
    path.write_bytes(safetensors.torch.save(tensors, {"augkit": json.dumps(content)}))
    return path


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int32])
def test_a_model_of_other_numbers_is_told(dtype: torch.dtype, tmp_path: Path) -> None:
    made, path = artefact(), tmp_path / MODEL_FILE
    save(path, made)
    other = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in made.network.state_dict().items()
    }
    forged(path, other, lambda content: None)
    with pytest.raises(FileError, match=rf"is damaged: \S+ is of {str(dtype)[6:]}, not of float32\. Copy"):
        load(path)


def wide(content: dict[str, Any]) -> None:
    """Make a network of a few weights whose input is as large as may be."""
    content["architecture"]["preprocessing"] |= {"size": [2048, 2048], "resize": None}
    layers = ["relu", {"pad": 100}, "relu", "global_mean", {"dense": "classes"}]
    content["architecture"]["arguments"] = {"layers": layers}


@LINUX
def test_a_small_model_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / MODEL_FILE
    save(path, artefact())
    forged(path, {"head.weight": torch.zeros(3, 3), "head.bias": torch.zeros(3)}, wide)
    assert path.stat().st_size < 3000
    pictures = [np.full((40, 40, 3), 99, np.uint8)] * 6
    assert peak_above(lambda: list(predict(load(path), pictures)), AugkitError) < 1000 * MEGABYTE


def test_fewer_pictures_go_through_a_wide_network_together() -> None:
    wide_one, narrow = (artefact(size=size).architecture.widest for size in (1024, 16))
    assert wide_one == max(6 * 1020 * 1020, 3 * 1024 * 1024)
    assert narrow == 6 * 12 * 12


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (["relu"] * 2000 + ["flatten", {"dense": "classes"}], "at most 1,000 layers"),
        ([{"pad": 4096}, "flatten", {"dense": "classes"}], "at most 67108864 numbers"),
        (
            [{"conv": {"filters": 16, "kernel": 1000}}, "flatten", {"dense": "classes"}],
            "000,000 products",
        ),
        (["flatten", {"dense": 60_000}, {"dense": 60_000}, {"dense": "classes"}], "at most 250,000,000 parameters"),
    ],
    ids=["layers", "numbers", "products", "parameters"],
)
def test_layers_that_ask_for_too_much_are_refused(layers: list[Any], told: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(json.dumps({"input": "2048x2048x1", "layers": layers}))
    if "parameters" in told:
        (tmp_path / "net.yaml").write_text(json.dumps({"input": "16x16x1", "layers": layers}))
    with pytest.raises(ArgumentError, match=told):
        architecture(tmp_path / "net.yaml", 3)


def torch_bombs() -> dict[str, bytes]:
    """Return files of torch that hold little and ask for much: packed numbers, and one number repeated."""
    plain, repeated, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save({"head.weight": torch.zeros(50 * MEGABYTE)}, plain)
    torch.save({"head.weight": torch.zeros(1).expand(50_000, 50_000)}, repeated)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return {"packed": packed.getvalue(), "repeated": repeated.getvalue()}


@LINUX
@pytest.mark.parametrize("case", ["packed", "repeated"])
def test_weights_and_checkpoints_are_no_larger_than_their_files(case: str, tmp_path: Path) -> None:
    data = torch_bombs()[case]
    (tmp_path / "w.pt").write_bytes(data)
    network, known = artefact().network, artefact().architecture
    assert peak_above(lambda: load_weights(network, tmp_path / "w.pt", known), FileError) < 100 * MEGABYTE
    with pytest.raises(FileError, match=r"must be a whole file of weights.*Get it again"):
        load_weights(network, tmp_path / "w.pt", known)
    (tmp_path / "last.pt").write_bytes(data + SEAL + sha256(data).hexdigest().encode())
    told = list[str]()
    assert Checkpoints(tmp_path, told.append).load() is None
    assert "is damaged: the training begins again" in told[0]
    assert plain_input((4, 4, 3)).size == (4, 4)
