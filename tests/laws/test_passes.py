"""Passes over one data set, on the fly: each is another one, and repeats after torch.manual_seed."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import augkit as ak
from augkit.core.passes import Passes
from augkit.errors import ArgumentError
from augkit.loader import Augmented, Draw, EpochSampler, MixUp
from support.pictures import noise

PIPELINE = ak.Pipeline([ak.RandomCrop((16, 20)), ak.Rotate((-40, 40)), ak.Brightness((0.7, 1.3))])
PICTURES = [noise((24, 32), seed=number) for number in range(4)]
PAIRS = [(picture, number) for number, picture in enumerate(PICTURES)]


class Theirs(torch.utils.data.Dataset[Any]):
    """As torchvision's data sets are: pictures, and a transform; the first picture stands there twice."""

    def __init__(self, transform: Any) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return torch.from_numpy(self.transform(PICTURES[index % 4]))


def as_transform() -> Any:
    return Theirs(PIPELINE.as_transform(seed=0))


def augmented() -> Any:
    return Augmented(PAIRS, PIPELINE, seed=0)


def mixed() -> Any:
    return MixUp(Augmented(PAIRS, PIPELINE, seed=0), classes=4)


def passes(data: Any, count: int = 5, **options: Any) -> list[bytes]:
    """Return the pixels of some passes, all in one loader."""
    torch.manual_seed(0)
    loader = DataLoader(data, batch_size=None, **options)
    found = []
    for _ in range(count):
        items = [item if isinstance(item, torch.Tensor) else item[0] for item in loader]
        found.append(b"".join(item.numpy().tobytes() for item in items))
    return found


AUGMENT = PIPELINE.as_transform()


def met(number: int) -> bytes:
    return AUGMENT(PICTURES[number]).tobytes()


def workers(method: str, persistent: bool) -> dict[str, Any]:
    return {"num_workers": 2, "multiprocessing_context": method, "persistent_workers": persistent}


@pytest.mark.parametrize("make", [as_transform, augmented, mixed])
@pytest.mark.parametrize("options", [{}, workers("fork", False), workers("fork", True)], ids=str)
def test_five_passes_are_five_and_repeat_after_manual_seed(make: Callable[[], Any], options: Any) -> None:
    first = passes(make(), **options)
    assert len(set(first)) == 5
    assert passes(make(), **options) == first


@pytest.mark.slow  # spawned workers import torch, which takes seconds
@pytest.mark.parametrize("make", [as_transform, augmented])
@pytest.mark.parametrize("persistent", [False, True])
def test_so_they_are_in_workers_that_are_spawned(make: Callable[[], Any], persistent: bool) -> None:
    count = 5 if persistent else 3
    found = passes(make(), count, **workers("spawn", persistent))
    assert len(set(found)) == count
    # Which is as good as repeating them: forked workers have the same seeds, and repeat.
    assert passes(make(), count, **workers("fork", persistent)) == found


@pytest.mark.parametrize("make", [as_transform, augmented])
def test_another_seed_of_torch_is_another_run_with_workers(make: Callable[[], Any]) -> None:
    first = passes(make(), 1, num_workers=2)
    with patch.object(torch, "manual_seed", lambda _: torch.random.manual_seed(1)):
        assert passes(make(), 1, num_workers=2) != first


def test_two_workers_that_meet_equal_pictures_make_two_copies_of_them() -> None:
    loader = DataLoader(as_transform(), batch_size=None, num_workers=2)
    first, *_, last = [item.numpy().tobytes() for item in loader]  # of the workers 0 and 0
    assert first != last
    twice = DataLoader(Augmented([PAIRS[0]] * 2, PIPELINE, ids=["a", "b"]), batch_size=None, num_workers=2)
    assert len({image.numpy().tobytes() for image, _ in twice}) == 2


def test_what_the_parent_has_met_changes_nothing_in_a_worker() -> None:
    data, other = augmented(), as_transform()
    first = passes(data, 2, num_workers=1), passes(other, 2, num_workers=1)
    for _ in range(3):
        data[0], other[0]
    assert (passes(data, 2, num_workers=1), passes(other, 2, num_workers=1)) == first


def test_without_workers_a_pass_is_the_next_epoch() -> None:
    data, augment = augmented(), PIPELINE.as_transform(seed=0)
    strong = DataLoader(augmented(), None, sampler=EpochSampler(4, shuffle=False))
    told = PIPELINE.as_transform(seed=0)
    for epoch in range(3):
        assert [item[0].tolist() for item in (data[n] for n in range(4))] == [item[0].tolist() for item in strong]
        told.set_epoch(epoch)
        assert np.array_equal(augment(PICTURES[0]), told(PICTURES[0]))


@pytest.mark.parametrize("persistent", [False, True])
def test_an_epoch_that_is_set_is_the_same_for_any_number_of_workers(persistent: bool) -> None:
    data = augmented()
    loaders = [
        DataLoader(data, None),
        DataLoader(data, None, num_workers=1, persistent_workers=persistent),
        DataLoader(data, None, num_workers=2, persistent_workers=persistent),
    ]
    seen = []
    for epoch in (3, 0, 4):
        data.set_epoch(epoch)
        found = [[image.tolist() for image, _ in loader] for loader in loaders]
        assert found[0] == found[1] == found[2]
        assert found[0] == [data[Draw(epoch, n)][0].tolist() for n in range(4)]
        seen.append(str(found[0]))
    assert len(set(seen)) == 3


def test_a_mix_has_the_epoch_of_what_it_mixes() -> None:
    inner = Augmented(PAIRS, PIPELINE, seed=0)
    outer = MixUp(inner, classes=4)
    inner.set_epoch(2)
    assert torch.equal(outer[1][0], outer[1][0])
    assert torch.equal(outer[1][0], outer[Draw(2, 1)][0])
    outer.set_epoch(3)
    assert inner.passes.epoch == 3


def test_the_law_is_told() -> None:
    for made in (augmented(), PIPELINE.as_transform()):
        assert "another copy each time" in repr(made)
        made.set_epoch(4)
        assert "the copies of epoch 4" in repr(made)
    assert repr(mixed()).startswith("<MixUp of <Augmented 4 x Pipeline(")


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy, copy.copy])
def test_a_copy_counts_anew(copied: Any) -> None:
    augment = PIPELINE.as_transform()
    first, second = augment(PICTURES[0]), augment(PICTURES[0])
    other = copied(augment)
    assert np.array_equal(other(PICTURES[0]), first)
    assert np.array_equal(other(PICTURES[0]), second)
    assert other.epoch is None


def test_training_processes_of_other_ranks_make_other_copies() -> None:
    found = []
    for rank in ("0", "1", "2"):
        with patch.dict(os.environ, {"RANK": rank}):
            found += [PIPELINE.as_transform()(PICTURES[0]).tobytes(), passes(augmented(), 1, num_workers=1)[0]]
    assert len(set(found)) == 6
    assert PIPELINE.as_transform()(PICTURES[0]).tobytes() == found[0]


def test_processes_that_other_means_started_make_other_copies() -> None:
    made = []
    for _ in range(2):  # each pool begins with nothing met
        with multiprocessing.get_context("fork").Pool(1) as pool:
            made += pool.map(met, [0, 0])
    assert len(set(made)) == 4


def test_threads_and_indices_of_any_kind_count() -> None:
    data = augmented()
    drawn = [data[item][0].numpy().tobytes() for item in (1, np.int64(1), -3)]
    assert len(set(drawn)) == 3
    assert drawn == [data[Draw(epoch, 1)][0].numpy().tobytes() for epoch in range(3)]


@pytest.mark.parametrize("epoch", [-1, 0.0, True, "1", 2**63])
def test_an_epoch_that_is_none_is_told(epoch: Any) -> None:
    with pytest.raises(ArgumentError, match="set_epoch: must be a whole number from 0 on"):
        augmented().set_epoch(epoch)


def test_counts_of_what_was_met_take_little_memory() -> None:
    code = "import sys, tracemalloc; from augkit.core.passes import Passes; tracemalloc.start(); p = Passes()\n"
    code += "[p.epoch_of(hash(str(n))) for n in range(50_000)]\nprint(tracemalloc.get_traced_memory()[0] / 50_000)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(told) < 200.0  # bytes a picture


def test_hugging_face_set_transform(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    augment = PIPELINE.as_transform(seed=0)

    def transform(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {"image": [torch.from_numpy(augment(np.asarray(image, np.uint8))) for image in batch["image"]]}

    table = datasets.Dataset.from_dict({"image": [picture.tolist() for picture in PICTURES]})
    table.set_transform(transform)
    for options in ({}, {"num_workers": 2}, {"num_workers": 2, "persistent_workers": True}):
        torch.manual_seed(0)
        loader = DataLoader(table, batch_size=4, **options)  # type: ignore[arg-type]
        assert len({next(iter(loader))["image"].numpy().tobytes() for _ in range(3)}) == 3


def test_a_count_is_a_picture_s_own() -> None:
    counted = Passes()
    assert [counted.epoch_of(n) for n in (5, 6, 5, 5, 6)] == [0, 0, 1, 2, 1]
