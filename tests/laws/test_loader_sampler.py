"""The order of an epoch: a function of seed and epoch, shared out among ranks, in proportion to weights."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from augkit.errors import ArgumentError
from augkit.loader import Draw, EpochSampler

lengths, worlds, seeds = st.integers(1, 60), st.integers(1, 9), st.integers(-(2**70), 2**70)
weights = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(any)


def epoch_of(epoch: int, *arguments: Any, **named: Any) -> list[Draw]:
    sampler = EpochSampler(*arguments, **named)
    sampler.set_epoch(epoch)
    return list(sampler)


@given(length=lengths, seed=seeds, shuffle=st.booleans(), epoch=st.integers(0, 5))
def test_an_epoch_gives_everything_once(length: int, seed: int, shuffle: bool, epoch: int) -> None:
    drawn = epoch_of(epoch, length, shuffle, seed)
    assert sorted(drawn) == [Draw(epoch, index, 0) for index in range(length)]
    assert shuffle or drawn == sorted(drawn)
    assert drawn == epoch_of(epoch, length, shuffle, seed)


@given(length=lengths, world=worlds, seed=seeds, weighted=st.booleans())
def test_ranks_share_one_order_and_are_equally_long(length: int, world: int, seed: int, weighted: bool) -> None:
    more = {"weights": np.arange(1, length + 1)} if weighted else {}
    alone = epoch_of(2, length, True, seed, **more)
    ranks = [epoch_of(2, length, True, seed, rank, world, **more) for rank in range(world)]
    assert {len(rank) for rank in ranks} == {-(-length // world)} == {len(EpochSampler(length, world=world))}
    together = [draw for turn in zip(*ranks, strict=True) for draw in turn]
    assert together[:length] == alone
    assert len(set(together)) == len(together)  # what fills up the last turn is further copies
    assert {draw.index for draw in together} == {draw.index for draw in alone}


@given(weights=weights, seed=seeds, world=worlds)
def test_what_is_drawn_again_is_another_copy(weights: list[float], seed: int, world: int) -> None:
    ranks = [epoch_of(0, len(weights), True, seed, rank, world, weights) for rank in range(world)]
    drawn = [draw for rank in ranks for draw in rank]
    for index, count in Counter(draw.index for draw in drawn).items():
        assert sorted(draw.copy for draw in drawn if draw.index == index) == list(range(count))
        assert weights[index] > 0


def test_items_come_in_proportion_to_their_weights() -> None:
    shares = np.array([0.0, 1.0, 2.0, 5.0] * 250)
    sampler, counts = EpochSampler(len(shares), seed=3, weights=torch.from_numpy(shares)), np.zeros(4)  # type: ignore[arg-type]
    for _ in range(20):
        for draw in sampler:
            counts[draw.index % 4] += 1
    expected = 20_000 * np.array([0, 1, 2, 5]) / 8
    assert (abs(counts - expected) <= 5 * np.sqrt(expected)).all()


def test_weights_without_shuffling_come_in_order() -> None:
    drawn = [draw.index for draw in EpochSampler(50, shuffle=False, weights=[1] * 50)]
    assert drawn == sorted(drawn)
    assert len(set(drawn)) < 50


def test_every_pass_is_the_next_epoch_until_another_is_said() -> None:
    sampler = EpochSampler(20, seed=5)
    passes = [list(sampler) for _ in range(3)]
    assert [{draw.epoch for draw in drawn} for drawn in passes] == [{0}, {1}, {2}]
    orders = [[draw.index for draw in drawn] for drawn in passes]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    sampler.set_epoch(1)
    assert list(sampler) == passes[1]
    assert list(sampler) == passes[2]
    iter(sampler)  # and nothing asked for
    assert {draw.epoch for draw in sampler} == {3}
    next(iter(sampler))  # begun, and left
    assert {draw.epoch for draw in sampler} == {5}


@given(length=lengths, world=worlds, seed=seeds, share=st.floats(0, 1))
def test_an_epoch_goes_on_anywhere(length: int, world: int, seed: int, share: float) -> None:
    sampler = EpochSampler(length, seed=seed, rank=world - 1, world=world)
    whole = epoch_of(4, length, True, seed, world - 1, world)
    position = int(share * len(whole))
    sampler.start_at(position)
    sampler.set_epoch(4)
    assert list(sampler) == whole[position:]
    assert len(list(sampler)) == len(sampler) == len(whole)  # the next epoch is whole


def test_orders_of_seeds_and_epochs_are_unrelated() -> None:
    orders = {tuple(d.index for d in epoch_of(epoch, 12, True, seed)) for epoch in range(20) for seed in range(20)}
    assert len(orders) == 400
    first = Counter(epoch_of(epoch, 4, True, 1)[0].index for epoch in range(2000))
    assert all(abs(count - 500) < 100 for count in first.values())


def test_a_copy_of_a_sampler_goes_on_as_it_would() -> None:
    sampler = EpochSampler(9, seed=2, weights=range(9))
    list(sampler)
    sampler.start_at(3)
    copies = [pickle.loads(pickle.dumps(sampler)), copy.deepcopy(sampler)]
    wanted = list(sampler)
    assert all(list(each) == wanted for each in copies)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"length": 0}, "length: must be a whole number from 1 on, got 0"),
        ({"length": 2.0}, "length: must be a whole number"),
        ({"length": True}, "length: must be a whole number"),
        ({"length": 3, "world": 0}, "world: must be a whole number from 1 on"),
        ({"length": 3, "rank": 1}, "rank: must be a whole number from 0 to 0, got 1"),
        ({"length": 3, "rank": -1, "world": 2}, "rank: must be a whole number from 0 to 1"),
        ({"length": 3, "seed": 0.5}, "seed: must be a whole number"),
        ({"length": 3, "weights": [1, 2]}, r"weights: must be 3 numbers, one an item, got \(2,\)"),
        ({"length": 3, "weights": "abc"}, "weights: must be 3 numbers"),
        ({"length": 2, "weights": [1, -1]}, "weights: must be finite, not negative and not all 0"),
        ({"length": 2, "weights": [0, 0]}, "not all 0"),
        ({"length": 2, "weights": [1, float("nan")]}, "must be finite"),
    ],
)
def test_a_wrong_argument_is_told(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        EpochSampler(**arguments)


def test_a_wrong_place_to_go_on_is_told() -> None:
    with pytest.raises(ArgumentError, match="set_epoch: must be a whole number from 0 on, got -1"):
        EpochSampler(3).set_epoch(-1)
    with pytest.raises(ArgumentError, match="start_at: must be a whole number from 0 to 2, got 3"):
        EpochSampler(3, world=2).start_at(3)
