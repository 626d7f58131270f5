"""A ready DataLoader over a data set in any form."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from augkit.datasets import SPLITS, DataSet, read
from augkit.errors import ArgumentError, closest
from augkit.loader.augmented import Augmented, Samples
from augkit.loader.batches import collate
from augkit.loader.picture_data_set import Numbered, Pictures, class_names
from augkit.loader.sampler import EpochSampler, whole
from augkit.pipeline import Pipeline


def folder(
    data: str | os.PathLike[str] | DataSet,
    pipeline: Pipeline | str | Path | None = None,
    batch_size: int = 32,
    *,
    split: str | None = None,
    seed: int = 0,
    workers: int = 0,
    shuffle: bool = True,
    drop_last: bool = False,
    weights: Sequence[float] | NDArray[Any] | None = None,
    rank: int = 0,
    world: int = 1,
    mix: Callable[[Samples], Samples] | None = None,
    start_method: Literal["fork", "spawn", "forkserver"] | None = None,
) -> DataLoader[Any]:
    """Return a DataLoader over the pictures of a folder, of an expanded data set, or of one in any other form.

    Batches are (images (B, C, H, W) of the pictures' dtype, class numbers), or a dict where pictures carry more than a
    class: see `augkit.loader.collate`. ``loader.dataset.classes`` names the classes, and ``loader.sampler`` is an
    `EpochSampler`: each pass over the loader is the next epoch, and its `set_epoch` and `start_at` go back to any.
    Nothing is read from or written to torch's global generator.

    A picture that cannot be read ends the loading with an error that names its file; none is left out silently.

    Args:
        data: where it lies, or what `augkit.datasets.read` gave.
        pipeline: a pipeline, a bundled name or a YAML file; None gives the pictures as they are.
        batch_size: pictures a batch, at least 1.
        split: ``train``, ``val`` or ``test`` of a data set that has splits, or ``all`` of them together.
        seed: any whole number.
        workers: processes that load, 0 for none; they persist from epoch to epoch.
        shuffle: in an order of each epoch's own; else in order of ids.
        drop_last: leave out the last batch where it is not full.
        weights: one a picture, to draw them in proportion; or None.
        rank: which share of the pictures this process takes, from 0.
        world: how many shares there are.
        mix: makes of the augmented data set one that mixes it: ``lambda augmented: MixUp(augmented, 0.2)``.
        start_method: of the workers; None takes torch's own.

    Raises:
        FileError: there is no such data set or pipeline.
        ArgumentError: an argument is not what it must be, or the data set has splits and none is named.

    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from augkit.images import encode
    >>> with TemporaryDirectory() as root:
    ...     (Path(root) / "roses").mkdir()
    ...     _ = (Path(root) / "roses/1.png").write_bytes(encode(np.zeros((24, 32, 3), np.uint8), "png"))
    ...     images, labels = next(iter(folder(root, "light")))
    >>> images.shape, labels
    (torch.Size([1, 3, 224, 224]), tensor([0]))
    """
    found = data if isinstance(data, DataSet) else read(data)
    sources = _in_split(found, split)
    augmented = Augmented(Pictures(found, sources), Pipeline([]) if pipeline is None else pipeline, seed)
    names = class_names(found)
    in_mirror = map(augmented.pipeline.policy.in_mirror, names)
    dataset: Samples = Numbered(augmented, tuple(dict.fromkeys((*names, *in_mirror))))
    dataset = dataset if mix is None else mix(dataset)
    workers = whole(workers, "workers", 0)
    return DataLoader(
        dataset,
        batch_size=whole(batch_size, "batch_size", 1),
        sampler=EpochSampler(len(dataset), shuffle, seed, rank, world, weights),
        num_workers=workers,
        collate_fn=collate,
        drop_last=drop_last,
        multiprocessing_context=start_method if workers else None,
        persistent_workers=workers > 0,
        generator=torch.Generator(),  # its own, which DataLoader draws the workers' seeds from
    )


def _in_split(data: DataSet, split: str | None) -> Any:
    """Return the sources of a split.

    Raises:
        ArgumentError: the data set has splits and none is named, or not that one.
    """
    held = [name for name in SPLITS if any(source.split == name for source in data.sources)]
    if split == "all" or (split is None and not held):
        return data.sources
    if split in held:
        return tuple(source for source in data.sources if source.split == split)
    options = [*held, "all"]
    advice = closest(split, options) if isinstance(split, str) else " Pictures of val must not be trained on."
    what = f"must be {' or '.join(options)} of {data.root}, got {split!r:.60}."
    raise ArgumentError(f"{what}{advice}", "split")
