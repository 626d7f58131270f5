"""The pictures of a data set in any form, as a PyTorch data set of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from torch.utils.data import Dataset

from augkit.datasets import DataSet, Source
from augkit.datasets.samples import named_sample
from augkit.errors import ArgumentError
from augkit.loader.augmented import Made, Samples
from augkit.loader.sampler import Draw
from augkit.targets.sample import Sample


@final
class Pictures(Dataset[Sample]):
    """Read the pictures of a data set one by one, with labels, masks, boxes and keypoints; for `Augmented`.

    A picture that cannot be read is an error that names its file; none is ever left out. Objects whose masks are run
    lengths keep their boxes alone; where any object of a picture has a polygon, that of one without is empty.

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
        label: Callable[[Any], Any] | None = None,
        box_label: Callable[[str], Any] | None = None,
    ) -> None:
        if not isinstance(data, DataSet):
            what = f"must be a data set, got {type(data).__name__}. Give augkit.datasets.read(path)."
            raise ArgumentError(what, "Pictures.data")
        self.data, self.label, self.box_label = data, label, box_label
        self.sources = data.sources if sources is None else tuple(sources)
        self.classes = class_names(data)

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, index: int) -> Sample:
        """Return one picture with its labels; `Sample.id` is its source's.

        Raises:
            FileError: the picture cannot be read.
            DecodeError: it cannot be decoded.
            SampleError: its annotations do not fit it.
        """
        sample = named_sample(self.data, self.sources[index])
        if self.label is not None:
            sample = sample.changed(label=self.label(sample.label))
        if self.box_label is not None and sample.box_labels is not None:
            sample = sample.changed(box_labels=[self.box_label(label) for label in sample.box_labels])
        return sample


class Numbered(Samples):
    """Give samples with numbers for the names of their classes, which a mirror may exchange until then.

    Args:
        dataset: whose labels are names.
        classes: all names, in order.
    """

    def __init__(self, dataset: Samples, classes: tuple[str, ...]) -> None:
        self.dataset, self.classes, self.number = dataset, classes, ClassNumbers(classes)

    def __len__(self) -> int:
        return len(self.dataset)

    @final
    def made(self, draw: Draw) -> Made:
        sample, key = self.dataset.made(draw)
        names = sample.box_labels
        numbers = None if names is None else [self.number(name) for name in names]
        return Made(sample.changed(label=self.number(sample.label), box_labels=numbers), key)


def class_names(data: DataSet) -> tuple[str, ...]:
    """Return the names of all classes of pictures and boxes: those that the data set lists first, others sorted."""
    found = {name for source in data.sources for name in _names(source)}
    return (*data.classes, *sorted(found - set(data.classes)))


def _names(source: Source) -> Iterable[str]:
    labels = source.label if isinstance(source.label, list) else [source.label]
    yield from (label for label in labels if isinstance(label, str))
    yield from source.box_labels


@dataclass(frozen=True)
class ClassNumbers:
    """Turn a class into its number, and several classes into a float32 array of 0 and 1; what is no name stays.

    Args:
        names: of the classes, in order.

    >>> ClassNumbers(("rose", "tulip"))("tulip"), ClassNumbers(("rose", "tulip"))(["tulip"]).tolist()
    (1, [0.0, 1.0])
    """

    names: tuple[str, ...]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def __call__(self, label: Any) -> Any:
        """Return the number, or the array."""
        if isinstance(label, str):
            return self._number[label]
        if not isinstance(label, list) or not all(isinstance(name, str) for name in label):
            return label
        flags = np.zeros(len(self.names), np.float32)
        flags[[self._number[name] for name in label]] = 1.0
        return flags
