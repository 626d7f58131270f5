"""Data sets in any form, as PyTorch data sets of samples and as ready DataLoaders."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, final

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from augkit.core.arrays import Array, Label
from augkit.datasets import SPLITS, DataSet, Source, read
from augkit.datasets.mirrored_keypoints import mirrored_keypoints
from augkit.datasets.samples import named_sample, waiting_sample
from augkit.errors import ArgumentError, closest
from augkit.images import Mode, Waiting, checked_mode
from augkit.loader.augmented import Augmented, Made, Samples
from augkit.loader.deferring import Deferring
from augkit.loader.items import collate
from augkit.loader.sampler import Draw, EpochSampler, whole
from augkit.loader.shared_tables import shareable
from augkit.pipeline import Pipeline, load
from augkit.targets.sample import Sample


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
    weights: Sequence[float] | Array | None = None,
    rank: int = 0,
    world: int = 1,
    mix: Callable[[Samples], Samples] | None = None,
    ignore: str | Sequence[str] = (),
    mode: Mode | None = None,
    depth: Literal["keep", 8] = "keep",
    start_method: Literal["fork", "spawn", "forkserver"] | None = None,
) -> DataLoader[Sample]:
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
        ignore: patterns of files, columns and keys that may be left, as `augkit.datasets.read` takes them.
        mode: ``rgb`` or ``grey`` brings every picture into it, alpha laid on white; None leaves what `data` says, or
            as it is.
        depth: 8 makes every picture uint8, deep ones of the pipeline's range if it has one.
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
    found = data if isinstance(data, DataSet) else read(data, ignore=ignore)
    found = found if mode is None else replace(found, mode=checked_mode(mode))
    sources = _in_split(found, split)
    given = Pipeline([]) if pipeline is None else pipeline
    given = given if isinstance(given, Pipeline) else load(given)
    if not given.policy.keypoint_pairs and (pairs := mirrored_keypoints(found).pairs):
        given = given.with_keypoint_pairs(pairs)
    augmented = Augmented(Pictures(found, sources), given, seed, depth=depth)
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


def _in_split(data: DataSet, split: str | None) -> tuple[Source, ...]:
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


@final
class Pictures(Dataset[Sample], Deferring):
    """Read the pictures of a data set one by one, with labels, masks, boxes and keypoints; for `Augmented`.

    A picture that cannot be read is an error that names its file; none is ever left out. Masks of objects are
    texts of run lengths, `box_masks`; where any object of a picture has a polygon, that of one without is empty.

    Its `sources` lie in one array, which worker processes share, however many pictures there are; its `data` says where
    their bytes are, and holds no sources. Drop what `augkit.datasets.read` gave when you have no more need of it.

    Args:
        data: what `augkit.datasets.read` gives.
        sources: those of its sources that are wanted, in order; None takes all.
        label: what becomes of a picture's label; a function that worker processes can be sent.
        box_label: likewise of the label of each box, which is the name of its class.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from augkit.images import encode
    >>> from augkit.datasets import read
    >>> with TemporaryDirectory() as root:
    ...     (Path(root) / "roses").mkdir()
    ...     _ = (Path(root) / "roses/1.png").write_bytes(encode(np.zeros((24, 32), np.uint8), "png"))
    ...     Pictures(read(root))[0]
    <Sample 'roses/1.png' image=uint8[24, 32]>
    """

    def __init__(
        self,
        data: DataSet,
        sources: Sequence[Source] | None = None,
        label: Callable[[Label], Label] | None = None,
        box_label: Callable[[str], Label] | None = None,
    ) -> None:
        if not isinstance(data, DataSet):
            what = f"must be a data set, got {type(data).__name__}. Give augkit.datasets.read(path)."
            raise ArgumentError(what, "Pictures.data")
        self.label, self.box_label = label, box_label
        self.sources = shareable(data.sources if sources is None else sources)
        self.classes = class_names(data)
        self.data = replace(data, sources=(), columns={})

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> Sample:
        """Return one picture with its labels; `Sample.id` is its source's.

        Raises:
            FileError: the picture cannot be read.
            DecodeError: it cannot be decoded.
            SampleError: its annotations do not fit it.
        """
        return self._labelled(named_sample(self.data, self.sources[index]))

    @final
    def waiting(self, index: int, mode: Mode = "keep") -> tuple[Sample, Waiting | None]:
        if mode not in ("keep", self.data.mode) and self.data.mode != "keep":  # what is grey becomes RGB
            return self[index], None
        data = replace(self.data, mode=mode) if self.data.mode == "keep" else self.data
        sample, picture = waiting_sample(data, self.sources[index])
        return self._labelled(sample), picture

    def _labelled(self, sample: Sample) -> Sample:
        if self.label is not None:
            sample = sample.changed(label=self.label(sample.label))
        if self.box_label is not None and sample.box_labels is not None:
            sample = sample.changed(box_labels=[self.box_label(label) for label in sample.box_labels])
        return sample


class Numbered(Samples):
    """Give samples with numbers for the names of their classes, which a mirror may exchange until then.

    A class becomes its number, and several become a float32 array of 0 and 1; what is no name stays.

    Args:
        dataset: whose labels are names.
        classes: all names, in order.
    """

    def __init__(self, dataset: Samples, classes: tuple[str, ...]) -> None:
        super().__init__(classes, dataset.passes)
        self.dataset = dataset
        self.numbers = {name: number for number, name in enumerate(classes)}

    def __repr__(self) -> str:
        return repr(self.dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    @final
    def made(self, draw: Draw) -> Made:
        sample, key = self.dataset.made(draw)
        names = sample.box_labels
        numbers = None if names is None else [self.numbers[name] for name in names]
        return Made(sample.changed(label=self._number(sample.label), box_labels=numbers), key)

    def _number(self, label: Label) -> Label:
        if isinstance(label, str):
            return self.numbers[label]
        if not isinstance(label, list) or not all(isinstance(name, str) for name in label):
            return label
        flags = np.zeros(len(self.classes), np.float32)
        flags[[self.numbers[name] for name in label]] = 1.0
        return flags


def class_names(data: DataSet) -> tuple[str, ...]:
    """Return the names of all classes of pictures and boxes: those that the data set lists first, others sorted."""
    found = {name for source in data.sources for name in source.box_labels}
    for source in data.sources:
        found.update(label for label in _several(source.label) if isinstance(label, str))
    return (*data.classes, *sorted(found - set(data.classes)))


def _several(label: Label) -> list[Label]:
    return label if isinstance(label, list) else [label]
