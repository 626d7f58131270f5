"""A data set whose pictures come out augmented, each a function of its key."""

import gc
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, final

import cv2
import numpy as np
from threadpoolctl import threadpool_limits
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from augkit.apart import be_expendable
from augkit.apart.lifetime import watch_parent
from augkit.core.key import Key
from augkit.core.passes import Passes
from augkit.core.shrunk import scale_of
from augkit.errors import ArgumentError, AugkitError, SampleError
from augkit.executors import default_executor, run
from augkit.images import Mode, Waiting, checked_depth, checked_mode, in_bytes, in_mode
from augkit.loader.deferring import Deferring
from augkit.loader.drawing import Drawing, plainly
from augkit.loader.items import item_of, sample_from
from augkit.loader.sampler import Draw
from augkit.loader.shared_tables import shareable
from augkit.pipeline import Pipeline, load
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene


class Made(NamedTuple):
    """A sample that was made, and the key that it is a function of."""

    sample: Sample
    key: Key


class Samples(Dataset[Any], ABC):
    """A data set of samples, each a function of its draw and of nothing else: `Augmented`, or what mixes its samples.

    `EpochSampler` gives draws, which hold the epoch: items are then the same for any number of workers, however they
    were started. So they are for any other sampler, such as the ``shuffle=True`` of a DataLoader, where `set_epoch` is
    called before each pass.

    Without either, an index gives another copy each time that its item is met, so that each pass is another one: what
    is drawn is a function of the seed, the item, how often this process has met it and, in a worker of a DataLoader,
    the worker's seed. After ``torch.manual_seed`` a run with as many workers repeats. The first pass without workers is
    epoch 0, the next one epoch 1. `repr` tells which law holds for an index, and `augkit.core.passes` more of both.

    Args:
        classes: names of the classes, in order; none where they are not known.
        passes: those of the data set that is mixed, whose `set_epoch` is then that of both.
    """

    def __init__(self, classes: tuple[str, ...], passes: Passes | None = None) -> None:
        self.classes, self.passes = classes, passes or Passes()

    @property
    def law(self) -> str:
        """What an index gives, in words; a draw gives the copy of its own epoch."""
        epoch = self.passes.epoch
        return "another copy each time an index is met" if epoch is None else f"the copies of epoch {epoch}"

    @final
    def set_epoch(self, epoch: int) -> None:
        """Give the copies of this epoch for indices from now on, in worker processes too, also those that persist.

        Raises:
            ArgumentError: it is no whole number from 0 on.
        """
        self.passes.set_epoch(epoch)

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of items."""

    @abstractmethod
    def made(self, draw: Draw) -> Made:
        """Return the sample of a draw whose index is from 0 on.

        Raises:
            AugkitError: it cannot be made; the sentence names the item.
        """

    @final
    def __getitem__(self, item: int | Draw) -> Any:
        """Return (image, label), or a dict where the sample carries more: see `augkit.loader.items.item_of`.

        Args:
            item: a `Draw`; or an index, whose item comes out as copy 0 of the epoch that `set_epoch` said, or else of
                one that is another each time.

        Raises:
            AugkitError: the item cannot be made.
            IndexError: there is no such item.
        """
        if get_worker_info() is not None:
            _begin_working(os.getpid())
        index = item.index if isinstance(item, Draw) else self._index(item)
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"{type(self).__name__}: must get an index below {count}, got {index}.")
        index %= count
        draw = item._replace(index=index) if isinstance(item, Draw) else Draw(self.passes.epoch_of(index), index)
        return item_of(self.made(draw).sample)

    def _index(self, item: object) -> int:
        if not isinstance(item, int | np.integer) or isinstance(item, bool):
            raise ArgumentError(f"must get a whole number or a Draw, got {item!r:.60}.", type(self).__name__)
        return int(item)


class Augmented(Samples):
    """Give a data set's pictures augmented.

    Items are (tensor (C, H, W) of the picture's dtype, label), or a dict of tensors where a sample carries more. Those
    of epoch 0 are the pictures that `augkit expand` writes for the same seed, ids and copies. `Samples` tells when an
    item is the same again, and when another.

    In worker processes OpenCV and BLAS are kept to one thread. Samples of one data set must have ids of their own:
    pictures of one id are augmented alike.

    Args:
        dataset: of (image, label) or `Sample`; it has a length and takes an index. An image is an array (H, W[, C]), a
            PIL image or a tensor (C, H, W).
        pipeline: a pipeline, a bundled name or a YAML file.
        seed: any whole number.
        ids: what each item is known by; without them, by its sample's id, or else by its index.
        mode: ``rgb`` or ``grey`` brings every picture into it before it is augmented, alpha laid on white.
        depth: 8 makes every picture uint8, deep ones of the pipeline's range if it has one.
        drawing: how a plan is drawn, and what is done to what it makes; see `augkit.loader.drawing`.

    Raises:
        ArgumentError: an argument is not what it must be.
        FileError: there is no such pipeline.

    >>> pictures = [(np.zeros((24, 32, 3), np.uint8), label) for label in range(4)]
    >>> image, label = Augmented(pictures, "light")[2]
    >>> image.shape, image.dtype, label
    (torch.Size([3, 224, 224]), torch.uint8, 2)
    """

    def __init__(
        self,
        dataset: Any,
        pipeline: Pipeline | str | Path,
        seed: int = 0,
        ids: Sequence[str] | None = None,
        mode: Mode = "keep",
        depth: Literal["keep", 8] = "keep",
        drawing: Drawing = plainly,
    ) -> None:
        if isinstance(dataset, IterableDataset) or not isinstance(dataset, Sized):
            advice = "Give one with a length and an index, such as a list."
            raise ArgumentError(f"must be a map-style data set, got {type(dataset).__name__}. {advice}", "dataset")
        super().__init__(tuple(getattr(dataset, "classes", ())))
        self.dataset: Any = dataset
        self.seed, self.drawing = seed, drawing
        self.pipeline = pipeline if isinstance(pipeline, Pipeline) else load(pipeline)
        default_executor(self.pipeline.policy)  # tells what it must; workers do not
        self.mode = checked_mode(mode)
        self.levels = self.pipeline.policy.range
        self.is_in_bytes = checked_depth(depth)
        if self.is_in_bytes and self.levels is not None:
            self.pipeline = self.pipeline.with_range(None)
        self.ids = None if ids is None else shareable(_checked(ids, len(dataset)))
        Key(seed, "")  # refuses a seed that is none

    def __repr__(self) -> str:
        return f"<Augmented {len(self)} x {self.pipeline!r} seed={self.seed}: {self.law}>"

    def __len__(self) -> int:
        return len(self.dataset)

    @final
    def made(self, draw: Draw) -> Made:
        where = f"dataset[{draw.index}]"
        try:
            sample, picture = self._opened(draw.index)
            id = self.ids[draw.index] if self.ids is not None else sample.id or str(draw.index)
            where = f"{where} {id!r}"
            key = Key(self.seed, id, draw.copy, draw.epoch)
            plan, after = self.drawing(self.pipeline, key, Scene.of(sample))
            shrunk = None if picture is None else picture.at(scale_of(plan))
            return Made(after(run(plan, sample, fine=True, shrunk=shrunk)).changed(id=id), key)
        except AugkitError as error:
            raise error.at(where) from error.__cause__
        except IndexError as fault:  # which would end a plain iteration over this data set, as if it were all
            raise SampleError(f"must be there, got an IndexError: {fault}.", where) from fault
        except Exception as fault:  # of the data set's own
            fault.add_note(f"augkit: {where} could not be read.")
            raise

    def _opened(self, index: int) -> tuple[Sample, Waiting | None]:
        """Return an item as it is augmented, whose picture may wait until a plan says how large it is shown."""
        if self.pipeline.policy.decode == "scaled" and isinstance(self.dataset, Deferring):
            sample, picture = self.dataset.waiting(index, self.mode)
            if picture is not None:  # of 8 bits, and in the mode
                return sample, picture
        else:
            sample = sample_from(self.dataset[index])
        if self.mode != "keep":
            sample = sample.changed(image=in_mode(sample.image, sample.alpha, self.mode), alpha=False)
        if self.is_in_bytes:
            sample = sample.changed(image=in_bytes(sample.image, sample.alpha, self.levels))
        return sample, None


def _checked(ids: Sequence[str], length: int) -> tuple[str, ...]:
    found = tuple(ids)
    if len(found) != length:
        raise ArgumentError(f"must be one an item, {length}, got {len(found)}.", "ids")
    odd = next((id for id in found if not isinstance(id, str)), None)
    if odd is not None:
        raise ArgumentError(f"must be texts, got {odd!r:.60}. Give them as text.", "ids")
    if len(set(found)) < length:
        seen: set[str] = set()
        twice = next(id for id in found if id in seen or seen.add(id))  # type: ignore[func-returns-value]
        raise ArgumentError(f"must differ, got {twice!r} twice: both would be augmented alike.", "ids")
    return found


@cache
def _begin_working(process: int) -> None:
    """Keep OpenCV and BLAS to one thread in a worker process, and Python's collector off what its parent made.

    It ends when its parent has been killed.

    There are as many workers as the user wants threads. More threads wait for each other in busy loops: two workers on
    two processors would be slower than one. OpenCV is told 0, which leaves its threads alone: told 1 it waits for each
    to end, and those of a forked process's parent, which the child believes it has, never do.

    The collector writes to all that it looks at: it would make copies of what a forked process shares with its parent.

    Args:
        process: its id, for which this is done once.
    """
    watch_parent()  # torch looks for it in between batches alone, and not at all in what a server has forked
    be_expendable()
    gc.freeze()
    cv2.setNumThreads(0)
    threadpool_limits(1)
