"""Laws of networks: the notes' numbers, sizes that are the formula's and torch's, seeds, and complaints with sizes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings, strategies as st
from torch import nn

from augkit.errors import ArgumentError
from augkit.train.models import MODELS, Architecture, Network, architecture, table
from augkit.train.models.layers import LAYERS
from augkit.train.models.modules import Dropping
from support.model_files import written


def listed(*layers: Any, input: tuple[int, ...] = (32, 32, 3), outputs: int = 10) -> Architecture:
    """Return the architecture that lists `layers`."""
    half = [0.5] * input[2]
    preprocessing = {"size": input[:2], "channels": input[2], "mean": half, "std": half}
    described = {"name": "mine", "outputs": outputs, "preprocessing": preprocessing}
    return Architecture.read({**described, "arguments": {"layers": list(layers)}})


def gives(network: Network, input: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a network's features."""
    height, width, channels = input
    return tuple(network.eval().features(torch.zeros(1, channels, height, width)).shape[1:])


@pytest.mark.parametrize("chance", [0.2, 0.5, 0.97])
def test_dropping_is_dropout(chance: float) -> None:
    """As many fall as its chance says, wherever they lie; those that stay keep the mean; a seed gives the same."""
    layer, ones, found = Dropping(chance), torch.ones(501, 399, requires_grad=True), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(layer(ones))
    kept = found[0].detach()
    assert torch.equal(kept, found[1])
    assert not torch.equal(kept, found[2])
    assert kept.unique().tolist() == [0.0, pytest.approx(1.0 / (1.0 - chance), rel=1e-3)]
    spread = (chance * (1.0 - chance) / kept.numel()) ** 0.5
    falls = kept.flatten() == 0
    for some, count in ((falls, 1), *((falls[place::4], 4) for place in range(4))):
        assert abs(float(some.double().mean()) - chance) < 4.5 * spread * count**0.5
    assert abs(float((falls[1:] & falls[:-1]).double().mean()) - chance**2) < 6.0 * spread  # neighbours are apart
    (slope,) = torch.autograd.grad(found[0].sum(), ones)
    assert torch.equal(slope, kept)
    assert torch.equal(layer.eval()(ones), ones)
    assert torch.equal(Dropping(0.0)(ones), ones)


def test_the_notes_example() -> None:
    rows = table(architecture("lenet", 10))
    outputs = [row.output for row in rows if row.kind != "relu"]
    assert outputs == [(32, 32, 3), (28, 28, 6), (14, 14, 6), (10, 10, 8), (5, 5, 8), (200,), (60,), (10,)]
    assert sum(row.parameters for row in rows) == 14_334
    assert [row.kernel for row in rows if row.kind == "conv"] == [(5, 5, 3), (5, 5, 6)]
    network = architecture("lenet", 10).build()
    assert sum(parameter.numel() for parameter in network.parameters()) == 14_334
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_a_model_file_of_the_notes_network_is_lenet(tmp_path: Path) -> None:
    ours, theirs = architecture("lenet", 7), architecture(written(tmp_path), 7)
    assert table(ours) == table(theirs)
    theirs_weights = theirs.build(3).state_dict()
    assert all(torch.equal(value, theirs_weights[key]) for key, value in ours.build(3).state_dict().items())


def test_a_kernel_as_wide_as_the_notes_say() -> None:
    layers = [{"conv": {"filters": 1, "kernel": [6, 6, 3]}}, "flatten", {"dense": "classes"}]
    assert table(listed(*layers, input=(100, 50, 3)))[1].output == (95, 45, 1)


def test_grey_needs_a_third_of_the_first_kernels_weights() -> None:
    first = [architecture("lenet", 10, (32, 32, channels)).build().features.conv1.weight for channels in (3, 1)]  # type: ignore[attr-defined]
    assert first[0].numel() == 3 * first[1].numel()


sides = st.integers(1, 40)
pairs = st.one_of(st.integers(1, 6), st.lists(st.integers(1, 6), min_size=2, max_size=2))
paddings = st.one_of(st.integers(0, 4), st.lists(st.integers(0, 4), min_size=2, max_size=2))


def twice(value: Any) -> tuple[int, int]:
    first, second = value if isinstance(value, list) else (value, value)
    return first, second


@given(sides, sides, st.integers(1, 3), pairs, pairs, paddings, st.integers(1, 4))
@settings(max_examples=300)
def test_sizes_are_the_formulas_and_torchs(
    height: int, width: int, channels: int, kernel: Any, stride: Any, padding: Any, filters: int
) -> None:
    layer, shape = LAYERS["conv"](filters, kernel, stride, padding), (height, width, channels)  # type: ignore[call-arg]
    (kh, kw), (sh, sw), (ph, pw) = twice(kernel), twice(stride), twice(padding)
    expected = ((height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1)
    if min(height + 2 * ph - kh, width + 2 * pw - kw) < 0:
        with pytest.raises(ArgumentError, match=rf"{kh}x{kw} on {height}x{width}x{channels}"):
            layer.after(shape)
        return
    x = torch.zeros(1, channels, height, width)
    by_torch = nn.Conv2d(channels, filters, (kh, kw), (sh, sw), (ph, pw))(x)
    assert layer.after(shape) == (*expected, filters) == (*by_torch.shape[2:], filters)
    module = layer.module(shape)
    assert module(x).shape == by_torch.shape
    assert sum(parameter.numel() for parameter in module.parameters()) == (kh * kw * channels + 1) * filters


@given(sides, sides, pairs, st.none() | pairs, st.sampled_from(["max", "min", "mean", "l2"]), st.integers(0, 999))
@settings(max_examples=300)
def test_pools_are_torchs(height: int, width: int, size: Any, stride: Any, kind: str, seed: int) -> None:
    window, step = twice(size), twice(size if stride is None else stride)
    assume(window[0] <= height and window[1] <= width)
    layer = LAYERS["pool"](size, kind, stride)  # type: ignore[call-arg]
    x = torch.randn(2, 2, height, width, generator=torch.Generator().manual_seed(seed))
    windows = x.unfold(2, window[0], step[0]).unfold(3, window[1], step[1]).flatten(4)
    expected = {
        "max": nn.MaxPool2d(window, step)(x),
        "min": windows.amin(-1),
        "mean": nn.AvgPool2d(window, step)(x),
        "l2": nn.LPPool2d(2, window, step)(x),
    }[kind]
    torch.testing.assert_close(layer.module((height, width, 2))(x), expected, rtol=1e-5, atol=1e-5)
    assert layer.after((height, width, 2)) == (*expected.shape[2:], 2)


def test_pooling_windows_of_zeros_has_a_slope() -> None:
    pool = listed({"pool": {"kind": "l2"}}, "flatten", {"dense": "classes"}).build().features.pool1  # type: ignore[attr-defined]
    x = torch.zeros(1, 3, 32, 32, requires_grad=True)
    pool(x).sum().backward()
    assert torch.equal(x.grad, torch.zeros_like(x))  # type: ignore[arg-type]


def test_every_layer_may_be_listed() -> None:
    layers = [
        {"pad": [1, 2]},
        {"conv": {"filters": 6, "kernel": 3, "groups": 3}},
        "batch_norm",
        "relu",
        {"pool": {"kind": "mean", "size": 3, "stride": 2}},
        "global_mean",
        {"dense": 5},
        "batch_norm",
        {"dropout": 0.9},
        {"dense": "classes"},
    ]
    found = listed(*layers, outputs=4)
    outputs = [row.output for row in table(found)]
    assert outputs == [
        (32, 32, 3), (34, 36, 3), (32, 34, 6), (32, 34, 6), (32, 34, 6), (15, 16, 6), (6,), (5,), (5,), (5,), (4,)
    ]  # fmt: skip
    network = found.build().train()
    x = torch.randn(8, 3, 32, 32)
    assert torch.equal(network.features(x), network.features(x))  # the dropout before the head is in classify
    assert not torch.equal(network(x), network(x))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_keeps_the_protocol(name: str) -> None:
    found = architecture(name, 5)
    network = found.build(1)
    assert network.last_layer.out_features == 5
    own = network.state_dict()
    assert f"{network.head_name}.weight" in own
    assert all(torch.isfinite(value).all() for value in own.values())
    again, other = found.build(1).state_dict(), found.build(2).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in own.items())
    assert all(not torch.equal(own[key], other[key]) for key in own if own[key].ndim > 1)
    wider = architecture(name, 6).build(1).state_dict()  # the head plays no part in what the others draw
    assert all(torch.equal(value, wider[key]) for key, value in own.items() if not key.startswith(network.head_name))
    rows = table(found)
    assert sum(row.parameters for row in rows) == sum(parameter.numel() for parameter in network.parameters())
    assert rows[0].output == found.preprocessing.input
    assert rows[-1].output == (5,)
    assert gives(network, found.preprocessing.input) == (network.last_layer.in_features,)


@pytest.mark.parametrize("name", MODELS)
def test_building_leaves_torchs_generator_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    architecture(name, 5).build(1)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", MODELS)
def test_described_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    for found in (architecture(name, 3), architecture(name, 3, (96, 64, 3)), architecture(written(tmp_path), 3)):
        text = json.dumps(found.described())
        assert json.loads(text) == found.described()
        assert Architecture.read(json.loads(text)) == found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "resnet19", "arguments": {}}, "must be one of .* got 'resnet19'. Did you mean resnet18"),
        ({"outputs": "many"}, "architecture.outputs"),
        ({"outputs": 0}, "outputs: must be a whole number from 1"),
        ({"preprocessing": {}}, "architecture.preprocessing"),
        ({"preprocessing": {"size": [0, 9], "channels": 1, "mean": [0], "std": [1]}}, "got 0x9x1"),
        ({"preprocessing": {"size": [9, 9], "channels": 3, "mean": [0], "std": [1]}}, "must be 3 positive numbers"),
        ({"arguments": {"layers": ["relu"]}}, "must end with '- dense: classes'"),
    ],
)
def test_a_description_that_is_none_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Architecture.read(architecture("lenet", 3).described() | change)


@pytest.mark.slow
def test_a_broken_torchvision_is_not_touched(tmp_path: Path) -> None:
    for name in ("torchvision", "timm", "lightning", "torchmetrics"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from augkit.train import models
from augkit.train.files import weights
for name in models.MODELS:
    models.table(models.architecture(name, 4))
print(sorted({{"torchvision", "timm", "lightning", "torchmetrics"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
