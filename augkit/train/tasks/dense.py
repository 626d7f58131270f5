"""Tasks whose truth moves with the picture, such as boxes and masks: a network says something of every place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import ClassVar, Self, final

from torch import Tensor

from augkit.core.arrays import Array, Image, Label
from augkit.core.spatial import Size
from augkit.datasets import DataSet, Source
from augkit.errors import SampleError
from augkit.images.network_input import Placement
from augkit.targets.sample import Sample
from augkit.train.models.preprocessing import Fit
from augkit.train.tasks.mask_facts import MaskFacts
from augkit.train.tasks.task import Task


class Dense(Task):
    """Say what a network with a head on maps means. Subclasses are final, and add themselves to `TASKS`.

    All that a network is taught and judged by lies in the frame of its input, to which an augmented picture is brought
    with all that moves with it. What is said to people lies in the picture's own frame.
    """

    moves: ClassVar[bool] = True
    has_one: ClassVar[bool] = False
    head: ClassVar[str]  # a name of `augkit.train.heads.HEADS`
    batch_size: ClassVar[int]  # pictures of a step, where nothing is asked
    passes: ClassVar[int]  # pictures of all steps, where nothing is asked
    is_uneven: ClassVar[bool]  # classes are weighted where nothing is asked: one may have most of what is learnt
    fit: ClassVar[Fit]  # how pictures come into the input, where nothing is asked
    others: ClassVar[tuple[str, ...]]  # kinds that it can be made of where it is asked for
    target_kind: ClassVar[str]  # of `augkit.datasets.data_set.KINDS`: what pictures carry that it is for

    @classmethod
    @abstractmethod
    def of_sources(cls, data: DataSet, sources: Sequence[Source], numbers: Collection[int]) -> Self:
        """Return the task that what some sources of a data set carry asks for.

        `numbers` are all that the masks of its pictures hold, if they have any.

        Raises:
            SampleError: there is nothing to learn.
        """

    @property
    @abstractmethod
    def outside(self) -> int:
        """The number that masks have beside a picture that is padded."""

    @abstractmethod
    def told(self, masks: Mapping[str, Sequence[MaskFacts | None]]) -> Iterator[str]:
        """Yield, in sentences, what is odd of the masks of each part's pictures: train, val and test."""

    @abstractmethod
    def target(self, sample: Sample, size: Size) -> Tensor:
        """Return what is to be learnt of a sample, whose frame is that of an input of a size (height, width)."""

    @abstractmethod
    def joined(self, targets: Sequence[Tensor]) -> Tensor:
        """Return targets of pictures as one tensor (B, ...); those of one picture may have been in a batch before."""

    @abstractmethod
    def kept(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return what an evaluation keeps of a batch: of its outputs (B, ...), and of its targets, to be joined again.

        What the first holds of a picture has one shape, and is small.
        """

    @abstractmethod
    def judged(
        self, output: Tensor, target: Tensor, fit: Placement, size: Size, original: Callable[[], Sample]
    ) -> tuple[Tensor, Tensor]:
        """Return what an evaluation keeps of one picture, in its own frame where the figures depend on it.

        Args:
            output: one row of the outputs.
            target: what was to be said, in the frame of the network's input.
            fit: where the picture lies in that.
            size: (height, width) of the picture.
            original: gives the picture as it lies in the data set, with all that moves with it.
        """

    @abstractmethod
    def always(self, answer: Array, targets: Array) -> Array:
        """Return what an evaluation keeps where an answer that looks at no picture, see `constant`, is given to all.

        Args:
            answer: the outputs of the constant answer.
            targets: what an evaluation keeps of all targets (n, ...).
        """

    @abstractmethod
    def mass(self, targets: Tensor, weights: Tensor | None) -> float:
        """Return how much targets (B, ...) weigh, of which the loss is the mean, with the weights of the classes."""

    @abstractmethod
    def placed(self, output: Tensor, fit: Placement, size: Size) -> Array:
        """Return the answer to a picture of a size (height, width) in its own frame, from one row of the outputs."""

    @abstractmethod
    def overlay(self, picture: Image, output: Tensor, target: Tensor) -> Image:
        """Return a picture (h, w, 3) uint8, as the network took it, with the truth and the answer drawn on it."""

    @abstractmethod
    def drawn(self, picture: Image, answers: Array) -> Image:
        """Return a picture (H, W, 3) uint8 with the answer to it, as `placed` gives it, drawn on it."""

    @abstractmethod
    def files(self, answers: Array) -> dict[str, bytes]:
        """Return what an answer, as `placed` gives it, is as files, by their suffixes."""

    @abstractmethod
    def heads(self) -> list[str]:
        """Return the heads of the columns that `cells` gives."""

    @abstractmethod
    def deployed(self, outputs: Tensor, size: Size) -> Tensor:
        """Return outputs (B, ...) as an exported network gives them, whose input has a size (height, width)."""

    @staticmethod
    @final
    def suits(labels: Sequence[Label]) -> bool:
        return False

    @classmethod
    @final
    def of(cls, labels: Sequence[Label], names: Sequence[str]) -> Self:
        raise SampleError(f"must carry {cls.target_kind} to be learnt, got labels alone.", "labels")

    @final
    def named(self, label: Label) -> list[str]:
        return []

    @final
    def encode(self, label: Label) -> Tensor:
        raise SampleError(f"must be {self.target_kind}, got a label.", "label")

    @final
    def scale(self, temperature: float) -> tuple[float, float]:
        return 1.0, 0.0
