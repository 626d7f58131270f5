"""Laws of the loader: items depend on the seed and the epoch, and on nothing about workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits
from torch.utils.data import DataLoader

from augkit.datasets import read
from augkit.images import decode
from augkit.loader import Augmented, Draw, EpochSampler, Pictures, collate, folder
from support.folders import SMALL, done, fill, lines

SEED = 11
Epochs = list[dict[int, bytes]]  # an epoch's pixels by the item's index


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("loader") / "src")


@pytest.fixture(scope="module")
def augmented(source: Path) -> Augmented:
    data = read(source)
    numbers = {found.id: number for number, found in enumerate(data.sources)}
    pairs = [(sample.image, numbers[sample.id]) for sample in Pictures(data)]  # type: ignore[attr-defined]
    return Augmented(pairs, SMALL, SEED, list(numbers))


def loader_of(
    dataset: Augmented, workers: int, method: str | None, persistent: bool, **options: Any
) -> DataLoader[Any]:
    return DataLoader(
        dataset, 4, sampler=EpochSampler(len(dataset), seed=SEED), num_workers=workers, collate_fn=collate,
        multiprocessing_context=method, persistent_workers=persistent, generator=torch.Generator(), **options,
    )  # fmt: skip


def epochs_of(loader: DataLoader[Any], count: int = 2) -> Epochs:
    found: Epochs = []
    for _ in range(count):
        batches = [zip(labels.tolist(), images, strict=True) for images, labels in loader]
        items = [(label, image.numpy().tobytes()) for batch in batches for label, image in batch]
        assert len(dict(items)) == len(items)
        found.append(dict(items))
    return found


@pytest.fixture(scope="module")
def without_workers(augmented: Augmented) -> Epochs:
    return epochs_of(loader_of(augmented, 0, None, False))


def test_every_item_of_an_epoch_and_every_epoch_is_another(augmented: Augmented, without_workers: Epochs) -> None:
    pixels = [item for epoch in without_workers for item in epoch.values()]
    assert len(pixels) == 2 * len(augmented)
    assert len(set(pixels)) == len(pixels)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")  # more than there are processors
@pytest.mark.parametrize(
    ("workers", "method", "persistent"),
    [(workers, "fork", persistent) for workers in (1, 2, 4) for persistent in (False, True)]
    + [(1, "spawn", True), (2, "spawn", False)],  # each imports torch, two seconds: numbers are for the fork to vary
)
def test_workers_change_nothing(
    workers: int, method: str, persistent: bool, augmented: Augmented, without_workers: Epochs
) -> None:
    cv2.GaussianBlur(np.zeros((999, 999, 3), np.uint8), (0, 0), 5)  # starts OpenCV's threads, which a fork loses
    loader = loader_of(augmented, workers, method, persistent)
    if persistent or method == "fork":
        assert epochs_of(loader) == without_workers
    else:  # to begin an epoch is the same for workers that are new each time, and takes these seconds
        loader.sampler.set_epoch(1)  # type: ignore[attr-defined]
        assert epochs_of(loader, 1) == without_workers[1:]


def test_the_first_epoch_is_what_expand_writes(source: Path, tmp_path: Path) -> None:
    done(source, tmp_path / "out", 2, encoding="png", seed=SEED)
    data = read(source)
    augmented = Augmented(Pictures(data), SMALL, SEED)
    index = {found.id: number for number, found in enumerate(data.sources)}
    for entry in lines(tmp_path / "out"):
        image, _ = augmented[Draw(0, index[entry["source"]], entry["copy"])]
        written = decode((tmp_path / "out" / entry["id"]).read_bytes()).image
        assert np.array_equal(image.permute(1, 2, 0).numpy(), written)


def test_a_loader_left_in_the_middle_goes_on_there(augmented: Augmented, without_workers: Epochs) -> None:
    loader = loader_of(augmented, 2, "fork", True)
    next(iter(loader))  # and left
    sampler = loader.sampler
    assert isinstance(sampler, EpochSampler)
    sampler.set_epoch(1)
    sampler.start_at(8)
    rest = epochs_of(loader, 1)[0]
    assert len(rest) == len(augmented) - 8
    assert rest.items() <= without_workers[1].items()


def test_a_pass_is_an_epoch_whether_or_not_batches_are_made(augmented: Augmented, without_workers: Epochs) -> None:
    loader = DataLoader(augmented, None, sampler=EpochSampler(len(augmented), seed=SEED), num_workers=2)
    for epoch in without_workers:
        assert {label: image.numpy().tobytes() for image, label in loader} == epoch


def threads_of() -> set[int]:
    return {cv2.getNumThreads(), *(pool["num_threads"] for pool in threadpool_info())}


class Watched(torch.utils.data.Dataset[set[int]]):
    """Load an item, and tell how many threads the libraries take after."""

    def __init__(self, dataset: Augmented) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> set[int]:
        self.dataset[index]
        return threads_of()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_keep_to_one_thread_and_their_parent_does_not(method: str, augmented: Augmented) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        with threadpool_limits(3):
            blur = cv2.GaussianBlur(np.zeros((999, 999), np.float32), (0, 0), 5)
            assert (blur @ blur == 0).all()  # all threads have begun, which a fork loses
            loader = DataLoader(Watched(augmented), batch_size=None, num_workers=1, multiprocessing_context=method)
            assert list(loader) == [{1}]
            augmented[0]
            assert threads_of() == {3, 4}
    finally:
        cv2.setNumThreads(before)


def test_torch_s_global_generator_is_not_touched(source: Path) -> None:
    before = torch.get_rng_state()
    for workers in (0, 1):
        list(folder(source, SMALL, workers=workers))
    assert torch.equal(torch.get_rng_state(), before)


def test_without_torch_the_pip_command_is_told() -> None:
    code = "import sys; sys.modules['torch'] = None\ntry: import augkit.loader\nexcept ImportError as e: print(e)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'augkit[torch]'" in told
