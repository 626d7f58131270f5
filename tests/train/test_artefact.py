"""One file holds a trained network, whole or not at all; whatever else is given is refused in a sentence."""

import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from augkit.errors import FileError
from augkit.screen_text import printable
from augkit.storage import durable
from augkit.train.files.artefact import FORMAT, MODEL_FILE, Artefact, load, save, versions
from augkit.train.models import architecture
from augkit.train.tasks import Task
from augkit.train.tasks.classes_task import Classes
from augkit.train.train_errors import Unwritten
from support.artefacts import CLASSES, LABELS, NUMBERS, artefact, run_folder


def assert_same(made: Artefact, read: Artefact) -> None:
    assert (read.architecture, read.task, read.fingerprint) == (made.architecture, made.task, made.fingerprint)
    assert (read.settings, read.versions, read.metrics) == (made.settings, made.versions, made.metrics)
    assert read.temperature == made.temperature
    assert read.network.state_dict().keys() == made.network.state_dict().keys()
    for name, value in made.network.state_dict().items():
        assert torch.equal(read.network.state_dict()[name], value), name
        assert read.network.state_dict()[name].dtype == value.dtype


def assert_refused(path: Path, words: str) -> None:
    with pytest.raises(FileError, match=words) as caught:
        load(path)
    told = str(caught.value)
    assert told.startswith(printable(str(path)))
    assert "\n" not in told


def header(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header of a file, and what follows it."""
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def with_content(data: bytes, **changes: Any) -> bytes:
    """Return a file whose description differs, and whose header is sound."""
    parts, rest = header(data)
    content = json.loads(parts["__metadata__"]["augkit"]) | changes
    parts["__metadata__"]["augkit"] = json.dumps(content)
    text = json.dumps(parts).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + rest


@pytest.mark.parametrize("task", [CLASSES, LABELS, NUMBERS, Classes(("a", "caf\udce9"))])  # not UTF-8
def test_what_is_saved_is_loaded(task: Task, tmp_path: Path) -> None:
    made = artefact(
        task,
        settings={"seed": 3, "pipeline": None, "input": [16, 16, 3]},
        fingerprint="ab" * 32,
        versions=versions(),
        metrics={"accuracy": 0.1 + 0.2, "absent": []},
        temperature=1.7,
    )
    folder = run_folder(tmp_path / "run", made)
    for place in (folder, folder / MODEL_FILE, str(folder)):
        read = load(place)
        assert_same(made, read)
        assert not read.network.training
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(read.network(x), made.network(x))


@pytest.mark.parametrize("model", ["resnet18", "mobilenet_v2"])
def test_a_network_with_statistics_comes_back(model: str, tmp_path: Path) -> None:
    found = architecture(model, 3, (32, 32, 3))
    network = found.build(1)
    network(torch.rand(2, 3, 32, 32))  # moves the statistics
    made = Artefact(network.eval(), found, CLASSES)
    save(tmp_path / "m.safetensors", made)
    assert_same(made, load(tmp_path / "m.safetensors"))


def test_the_same_artefact_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / name, artefact(versions=versions()))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    save(tmp_path / "c", load(tmp_path / "a"))
    assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()


def test_any_damage_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save(path, artefact(temperature=1.25))
    whole = path.read_bytes()
    for length in (0, 7, 8, 500, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert_refused(path, "damaged")
    for place in (4, 30, 900, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        assert_refused(path, "damaged|another program's")
    path.write_bytes(whole + b"more")
    assert_refused(path, "damaged")
    path.write_bytes(with_content(whole))
    assert load(path).temperature == 1.25
    path.write_bytes(with_content(whole, temperature=1.0))
    assert_refused(path, "damaged: what it holds is not what was written")


def test_what_is_no_artefact_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 1000)
    assert_refused(path, "damaged or another file")
    path.write_bytes(safetensors.torch.save({"fc.weight": torch.zeros(2, 2)}))
    assert_refused(path, "another program's safetensors.*--weights")
    path.write_bytes(safetensors.torch.save({"fc.weight": torch.zeros(2, 2)}, {"augkit": "[]"}))
    assert_refused(path, "damaged")
    torch.save({"fc.weight": torch.zeros(2, 2)}, path)
    assert_refused(path, "damaged or another file")
    save(path, artefact())
    path.write_bytes(with_content(path.read_bytes(), format=FORMAT + 1))
    assert_refused(path, f"format {FORMAT} or older, got {FORMAT + 1}.*pip install -U")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    small, large = artefact(size=16), artefact(size=20)
    save(path, Artefact(small.network, large.architecture, CLASSES))
    assert_refused(path, "damaged: .*size mismatch")
    save(path, Artefact(small.network, small.architecture, Classes(("a", "b"))))
    assert_refused(path, "damaged: ")


def test_a_temperature_that_is_none_is_refused(tmp_path: Path) -> None:
    for temperature in (0.0, -1.0, math.nan, math.inf):
        save(tmp_path / "m", artefact(temperature=temperature))
        assert_refused(tmp_path / "m", "damaged: its temperature is")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(FileError, match=r"model\.safetensors: must be readable, got: No such file.*once it has ended"):
        load(tmp_path / "run")
    assert_refused(tmp_path / "nowhere", "must be readable, got: No such file")
    assert_refused(Path("a\0b"), "must be readable")
    os.mkfifo(tmp_path / "pipe")
    assert_refused(tmp_path / "pipe", "must be a file")


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / MODEL_FILE
    save(path, artefact(seed=0))
    before = path.read_bytes()

    def full(*args: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable.os, call, full)  # type: ignore[attr-defined]
    with pytest.raises(Unwritten, match=r"got: No space left on device\. Nothing is lost: make room"):
        save(path, artefact(seed=1))
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [MODEL_FILE]


def test_versions_name_what_decides() -> None:
    assert {"python", "augkit", "torch", "numpy", "safetensors"} <= versions().keys()
