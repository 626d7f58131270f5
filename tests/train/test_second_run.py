"""A run whose features are known: it computes none, and imports nothing that it has no use for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn, optim

from augkit.train import train
from augkit.train.loop.log import Log
from augkit.train.loop.optimizers import SGD, AdamW
from augkit.train.models import architecture
from augkit.train.models.network import head_names, trained_state
from support import trainings
from support.trainings import settings

UNUSED = {"pandas", "sklearn", "sympy", "scipy.stats", "torch._dynamo", "torch._inductor", "matplotlib.pyplot"}
SECOND = """
import json, sys
from augkit.cli import main
from augkit.train.features.extraction import Extraction
import augkit.train.trainer

first = sorted(sys.modules)

def begun(self, pictures):
    raise AssertionError("features were computed")

Extraction.begun = begun
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(json.dumps([first, sorted(sys.modules)]))
"""


def test_it_computes_no_feature_and_imports_what_it_needs(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data")
    weights = trainings.weights_file(tmp_path / "w.pt", "lenet", outputs=3)
    wanted = settings(data, tmp_path / "first", weights=weights, cache=str(tmp_path / "cache"), epochs=3)
    train(wanted)
    words = ["train", *wanted.replaced(out=str(tmp_path / "second")).words()]
    shown = os.environ | {"OMP_DISPLAY_ENV": "TRUE"}
    done = subprocess.run([sys.executable, "-c", SECOND, *words], capture_output=True, text=True, check=True, env=shown)
    assert re.search(r"OMP_WAIT_POLICY\s*=\s*'PASSIVE'", done.stderr)  # so that threads leave the processor to others
    before, after = (set(names) for names in json.loads(done.stdout.splitlines()[-1]))
    assert "torch" in before
    assert not before & (UNUSED | {"matplotlib.figure"})
    assert "matplotlib.figure" in after
    assert not after & UNUSED
    models = [(tmp_path / name / "log.jsonl").read_bytes() for name in ("first", "second")]
    assert models[0] == models[1]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (AdamW, optim.AdamW),
        (lambda groups: SGD(groups, 0.9), lambda groups: optim.SGD(groups, momentum=0.9, nesterov=True)),
    ],
)
def test_steps_are_torchs_to_the_bit(
    ours: Callable[[list[dict[str, object]]], optim.Optimizer],
    theirs: Callable[[list[dict[str, object]]], optim.Optimizer],
) -> None:
    """With groups, weights at rest, and a state that goes through another optimiser in between."""
    found = []
    for makers in ([ours, ours], [theirs, theirs], [ours, theirs]):
        torch.manual_seed(0)
        layer, rest = nn.Linear(5, 3), nn.Parameter(torch.ones(2))
        groups = {"params": [layer.weight, rest], "weight_decay": 0.1, "lr": 0.01}
        state = None
        for make in makers:
            optimizer = make([dict(groups), {"params": [layer.bias], "weight_decay": 0.0, "lr": 0.1}])
            if state is not None:
                optimizer.load_state_dict(state)
            for _ in range(3):
                optimizer.zero_grad(set_to_none=True)
                (layer(torch.randn(4, 5)) ** 2).sum().backward()
                optimizer.step()
            state = optimizer.state_dict()
        assert rest.grad is None
        assert state is not None
        found.append(
            [layer.weight, layer.bias, *(value for kept in state["state"].values() for value in kept.values())]
        )
    for left, *others in zip(*found, strict=True):
        assert all(torch.equal(torch.as_tensor(left), torch.as_tensor(other)) for other in others)


def test_the_log_is_whole_at_the_end_however_fast_epochs_are(tmp_path: Path) -> None:
    log = Log(tmp_path, has_tensorboard=False)
    rows = [{"epoch": epoch, "loss": 1.0} for epoch in range(1, 50)]
    for count in range(1, len(rows) + 1):
        log.write(rows[:count], is_last=count == len(rows))
        kept = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert kept == rows[: len(kept)]
        assert kept
    assert kept == rows


@pytest.mark.parametrize("model", ["lenet", "resnet18"])
def test_of_a_frozen_network_the_head_is_kept(model: str) -> None:
    network = architecture(model, 3, (32, 32, 3)).build(1)
    head, whole = trained_state(network, True), trained_state(network, False)
    assert set(head) == head_names(network) < set(whole)
    assert all(torch.equal(tensor, whole[name]) for name, tensor in head.items())
