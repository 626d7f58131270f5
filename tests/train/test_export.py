"""Exports: they say what the network says, for any number of pictures, or there is no file."""

import errno
import importlib.util
import json
import logging
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from scipy.special import softmax

import augkit
from augkit.cli import main
from augkit.errors import ArgumentError, FileError, MissingExtra
from augkit.images import read
from augkit.storage import durable
from augkit.train.answers.predictions import predict
from augkit.train.exporters import EXPORTERS, ExportError, export, exporter as exporting
from augkit.train.exporters.exporter import TOLERANCE
from augkit.train.files.artefact import Artefact
from augkit.train.models import architecture
from augkit.train.tasks import Task
from augkit.train.tasks.classes_task import Classes
from support.artefacts import CLASSES, LABELS, NUMBERS, artefact, run_folder, write_squares
from support.replaced import replaced


def pixels(folder: Path) -> tuple[list[str], Any]:
    """Return the paths of pictures of the network's own size, and their pixels (B, h, w, C)."""
    paths = sorted(str(path) for path in write_squares(folder).rglob("*.png"))
    return paths, np.stack([read(path).image for path in paths])


def assert_described(content: dict[str, Any], made: Artefact) -> None:
    assert content["output"]["names"] == list(made.task.names)
    assert content["temperature"] == made.temperature
    assert content["preprocessing"]["size"] == list(made.architecture.preprocessing.size)
    assert content["input"] == {"name": "pixels", "layout": "NHWC", "dtype": "uint8", "normalisation": "within"}


def assert_no_folders(content: bytes) -> None:
    """Fail where a file that is passed on names where code lies on this machine."""
    for module in (torch, augkit, onnx):
        assert str(Path(str(module.__file__)).parent).encode() not in content


@pytest.mark.slow
def test_onnx_says_what_predict_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where torchvision is not installed, too, of which torch's exporter would tell by the operation."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torchvision" else find(name))
    for name in ("torch", "torch.onnx"):  # which keep what they log from others, `caplog` among them
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    made = artefact(CLASSES, temperature=1.7)
    told = export(run_folder(tmp_path / "run", made), tmp_path / "m.onnx")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert told.difference <= TOLERANCE
    assert (told.input, told.output, told.size) == ((16, 16, 3), "logits", (tmp_path / "m.onnx").stat().st_size)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx", "run"]  # no weights beside it
    onnx.checker.check_model(onnx.load(tmp_path / "m.onnx"))
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[1:] == [16, 16, 3]
    assert_described(json.loads(session.get_modelmeta().custom_metadata_map["augkit"]), made)
    paths, batch = pixels(tmp_path / "photos")
    said = softmax(session.run(None, {"pixels": batch})[0], axis=1)
    for row, probabilities in zip(predict(made, paths), said, strict=True):
        assert row.answers == pytest.approx(probabilities, abs=1e-5)
    assert session.run(None, {"pixels": batch[:1]})[0].shape == (1, 3)
    assert_no_folders((tmp_path / "m.onnx").read_bytes())


@pytest.mark.parametrize("task", [LABELS, NUMBERS])
def test_torch_export_says_what_predict_says(task: Task, tmp_path: Path) -> None:
    made = artefact(task, temperature=1.0 if task is NUMBERS else 0.6)
    told = export(made, tmp_path / "m.pt2")
    assert told.output == ("values" if task is NUMBERS else "logits")
    files = {"augkit.json": ""}
    module = torch.export.load(tmp_path / "m.pt2", extra_files=files).module()
    assert_described(json.loads(files["augkit.json"]), made)
    paths, batch = pixels(tmp_path / "photos")
    said = module(torch.from_numpy(batch)).detach()
    said = said if task is NUMBERS else said.sigmoid()
    for row, answers in zip(predict(made, paths), said.numpy(), strict=True):
        assert row.answers == pytest.approx(answers, abs=1e-5)
    with zipfile.ZipFile(tmp_path / "m.pt2") as packed:
        assert_no_folders(b"".join(map(packed.read, packed.namelist())))


@pytest.mark.slow
def test_a_deep_network_is_exported(tmp_path: Path) -> None:
    found = architecture("efficientnet_lite0", 2, (33, 40, 3))
    made = Artefact(found.build().eval(), found, Classes(("a", "b")))
    assert export(made, tmp_path / "m.pt2").input == (33, 40, 3)


@pytest.mark.parametrize("fault", [1.0, np.nan])
def test_what_says_something_else_is_not_written(fault: float, tmp_path: Path) -> None:
    own = EXPORTERS["pt2"]

    def wrong(*args: Any) -> Any:
        data, said = own.write(*args)
        return data, lambda pixels: said(pixels) + np.float32(fault)

    with (
        replaced(EXPORTERS, "pt2", replace(own, write=wrong)),
        pytest.raises(ExportError, match=r"must say what the network says.*Nothing was written"),
    ):
        export(artefact(), tmp_path / "m.pt2")
    assert not list(tmp_path.iterdir())


def test_what_torch_cannot_export_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("no such\noperator")

    monkeypatch.setattr(torch.export, "export", broken)
    with pytest.raises(ExportError, match=r"a network that torch\.export can hold, got: no such operator\.$"):
        export(artefact(), tmp_path / "m.pt2")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.pt2").write_bytes(b"mine")

    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)  # type: ignore[attr-defined]
    with pytest.raises(FileError, match="got: No space left on device"):
        export(artefact(), tmp_path / "m.pt2")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.pt2", b"mine")]


def test_what_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArgumentError, match=r"must end in \.onnx or \.pt2, got 'm\.pt'"):
        export(artefact(), tmp_path / "m.pt")
    monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == "onnxscript" else os)
    with pytest.raises(MissingExtra, match=r"onnxscript: must be installed.*pip install 'augkit\[export\]'"):
        export(artefact(), tmp_path / "m.onnx")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    run_folder(tmp_path / "run", artefact())
    monkeypatch.chdir(tmp_path)
    for line, code, words in (
        (["run", "-o", "m.pt2"], 0, "m.pt2: batch x 16 x 16 x 3 uint8 to logits"),
        (["run", "-o", "m.txt"], 2, "augkit: output: must end in .onnx or .pt2"),
        (["gone", "-o", "m.pt2"], 2, "augkit: gone: must be readable"),
        (["run", "-o", "no/m.pt2"], 2, "must lie in a folder that exists"),
    ):
        monkeypatch.setattr(sys, "argv", ["augkit", "export", *line])
        with pytest.raises(SystemExit) as end:
            main()
        assert (end.value.code or 0) == code
        out, err = capfd.readouterr()
        assert words in (err if code else out)
        assert (err.count("\n") if code else out.count("\n")) == (1 if code else 2)
