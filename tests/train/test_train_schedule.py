"""The rate of a step and what is frozen are functions of their numbers; epochs are cut into even batches."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from hypothesis import given, strategies as st

from augkit.train.batches.stream import draws_of, in_order, steps_of
from augkit.train.loop.schedule import Schedule, optimizer_for, set_rates
from augkit.train.models import architecture
from augkit.train.models.network import head_names
from augkit.train.train_config import Curve, Optimizer
from support.trainings import INPUT

CURVES, OPTIMIZERS = get_args(Curve), get_args(Optimizer)
COUNTS = st.integers(1, 12)


@given(COUNTS, st.integers(0, 12), COUNTS, st.sampled_from(CURVES), st.floats(0, 3), st.booleans())
def test_rates_lie_between_nothing_and_the_highest(
    epochs: int, unfrozen: int, steps: int, curve: Curve, warmup: float, is_transfer: bool
) -> None:
    schedule = Schedule(epochs, unfrozen, steps, warmup, curve, is_transfer)
    rates = [schedule.rate(epoch, step) for epoch in range(schedule.total) for step in range(steps)]
    assert all(0.0 < rate <= 1.0 for rate in rates)
    assert [schedule.is_frozen(epoch) for epoch in range(schedule.total)] == [
        is_transfer and epoch < epochs for epoch in range(schedule.total)
    ]
    alone = Schedule(unfrozen, 0, steps, warmup, curve)  # the second phase is as if it were the only one
    assert rates[epochs * steps :] == [alone.rate(epoch, step) for epoch in range(unfrozen) for step in range(steps)]


def test_a_cosine_falls_and_one_cycle_rises_first() -> None:
    cosine, cycle = (Schedule(10, 0, 10, curve=curve) for curve in ("cosine", "onecycle"))
    falling = [cosine.rate(epoch, step) for epoch in range(10) for step in range(10)]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == 1.0
    assert falling[50] == pytest.approx(0.5)
    rates = [cycle.rate(epoch, step) for epoch in range(10) for step in range(10)]
    assert rates.index(max(rates)) == 30
    assert rates[:31] == sorted(rates[:31])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert rates[0] == pytest.approx(1 / 25)


def test_warming_up_is_linear() -> None:
    schedule = Schedule(10, 0, 10, warmup=1.0)
    rates = [schedule.rate(0, step) for step in range(10)]
    assert rates == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert schedule.rate(1, 0) == 1.0


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_weight_is_in_one_group(kind: Optimizer) -> None:
    """Kernels decay, and biases and BatchNorm's weights do not; all but the head learns at a part of the rate."""
    network = architecture("resnet18", 4, INPUT).build()
    optimizer = optimizer_for(network, kind, rate=0.1, backbone_rate=0.25, weight_decay=0.02)
    head = head_names(network)
    names = {id(weight): name for name, weight in network.named_parameters()}
    seen = []
    for group in optimizer.param_groups:
        for weight in group["params"]:
            name = names[id(weight)]
            seen.append(name)
            assert group["lr"] == (0.1 if name in head else 0.1 * 0.25)
            assert group["weight_decay"] == (0.02 if weight.ndim > 1 else 0.0)
    assert sorted(seen) == sorted(names.values())
    set_rates(optimizer, 0.5)
    assert {group["lr"] for group in optimizer.param_groups} == {0.05, 0.0125}


@given(st.integers(1, 300), st.integers(1, 70), st.integers(0, 5), st.integers(0, 5))
def test_an_epoch_is_every_picture_once_in_even_batches(length: int, size: int, seed: int, epoch: int) -> None:
    batches = draws_of(length, size, seed, epoch)
    assert batches == draws_of(length, size, seed, epoch)
    assert len(batches) == steps_of(length, size) == math.ceil(length / size)
    counts = [len(batch) for batch in batches]
    assert max(counts) - min(counts) <= 1
    assert max(counts) <= size
    assert sorted(draw.index for batch in batches for draw in batch) == list(range(length))
    assert {draw.epoch for batch in batches for draw in batch} == {epoch}


@given(st.integers(1, 300), st.integers(0, 5))
def test_fixed_batches_are_in_order(length: int, copy: int) -> None:
    draws = [draw for batch in in_order(length, copy) for draw in batch]
    assert [draw.index for draw in draws] == list(range(length))
    assert {(draw.epoch, draw.copy) for draw in draws} == {(0, copy)}


def test_training_leaves_torch_as_it_was() -> None:
    from augkit.train.trainer import reproducible

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with reproducible():
        assert torch.are_deterministic_algorithms_enabled()
        torch.set_num_threads(1)
        torch.manual_seed(3)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
