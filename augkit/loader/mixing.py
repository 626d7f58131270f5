"""Mixes of several samples, made above the plan: MixUp and CutMix, for classes. Their draws are keyed like all else."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import final

import numpy as np

from augkit.core.arrays import Floats, Image, Label
from augkit.core.key import Stream
from augkit.errors import ArgumentError, AugkitError, SampleError
from augkit.loader.augmented import Made, Samples
from augkit.loader.sampler import Draw, whole
from augkit.targets.sample import Sample


class Mixing(Samples):
    """Mix each sample with others of the same data set, and so of the same split.

    The others are drawn from the stream of the sample's own key, and come as they do in that epoch and copy: so a mix
    is a function of the seed, the id, the epoch and the copy, whichever worker makes it.

    Args:
        dataset: `Augmented`, or one that mixes its samples.
        partners: how many others a mix takes.
        chance: of a sample to be mixed, 0 to 1; else it comes as it is.
    """

    def __init__(self, dataset: Samples, partners: int, chance: float) -> None:
        name = type(self).__name__
        if not isinstance(dataset, Samples):
            advice = "Give Augmented(dataset, pipeline)."
            raise ArgumentError(f"must be Augmented, or mix it, got {type(dataset).__name__}. {advice}", name)
        if not isinstance(chance, int | float) or not 0.0 <= chance <= 1.0:
            raise ArgumentError(f"must lie within 0 and 1, got {chance!r:.60}.", f"{name}.chance")
        super().__init__(dataset.classes, dataset.passes)
        self.dataset, self.partners, self.chance = dataset, partners, chance
        inner, depth = dataset, 1
        while isinstance(inner, Mixing):
            inner, depth = inner.dataset, depth + (type(inner) is type(self))
        self.stream = name if depth == 1 else f"{name}#{depth}"

    def __repr__(self) -> str:
        return f"<{self.stream} of {self.dataset!r}>"

    def __len__(self) -> int:
        return len(self.dataset)

    @final
    def made(self, draw: Draw) -> Made:
        first = self.dataset.made(draw)
        stream = first.key.stream(self.stream)
        is_mixed = stream.random() < self.chance
        count = len(self.dataset)
        samples = [first.sample]
        if is_mixed:  # with any but itself, if there is another
            steps = [1 + stream.integers(count - 1) if count > 1 else 0 for _ in range(self.partners)]
            samples += [self.dataset.made(draw._replace(index=(draw.index + s) % count)).sample for s in steps]
        try:
            return Made(self.mix(samples, stream), first.key)
        except AugkitError as error:
            raise error.at(f"{self.stream} dataset[{draw.index}] {first.sample.id!r}") from error.__cause__

    @abstractmethod
    def mix(self, samples: Sequence[Sample], stream: Stream) -> Sample:
        """Return one sample made of several: the first keeps its id; one alone is not to be mixed.

        Raises:
            SampleError: they do not fit together.
        """


class ClassMixing(Mixing):
    """Mix each sample with one other, pictures and classes alike; labels come out as float32 vectors, a share a class.

    Args:
        dataset: `Augmented`, or one that mixes its samples; of classes alone.
        alpha: of the distribution Beta(alpha, alpha) of the share of the first, above 0.
        classes: how many there are; without it, as many as the data set names.
        chance: of a sample to be mixed, 0 to 1.

    Raises:
        ArgumentError: an argument is not what it must be.
    """

    def __init__(self, dataset: Samples, alpha: float = 1.0, classes: int | None = None, chance: float = 1.0) -> None:
        super().__init__(dataset, 1, chance)
        name = type(self).__name__
        if not isinstance(alpha, int | float) or isinstance(alpha, bool) or not 0.0 < alpha < math.inf:
            raise ArgumentError(f"must be a number above 0, got {alpha!r:.60}.", f"{name}.alpha")
        if classes is None and not dataset.classes:
            what = "must say how many classes there are: the data set names none, got None."
            raise ArgumentError(what, f"{name}.classes")
        self.alpha = float(alpha)
        self.count = len(dataset.classes) if classes is None else whole(classes, f"{name}.classes", 1)

    @final
    def mix(self, samples: Sequence[Sample], stream: Stream) -> Sample:
        first = samples[0]
        for sample in samples:
            if sample.targets:
                advice = "Mosaic mixes masks, boxes and keypoints."
                raise SampleError(f"must carry a class alone, got {sample!r}. {advice}", "sample")
            if sample.image.shape != first.image.shape or sample.image.dtype != first.image.dtype:
                got = f"{first.image.dtype} {first.image.shape} and {sample.image.dtype} {sample.image.shape}"
                raise SampleError(f"must have one shape and dtype, got {got}. Let the pipeline give one size.", "image")
        one, *others = (soft_label(sample.label, self.count) for sample in samples)
        if not others:
            return first.changed(label=one)
        image, share = self.mixed(first.image, samples[1].image, beta(stream, self.alpha), stream)
        return first.changed(image=image, label=(share * one + (1.0 - share) * others[0]).astype(np.float32))

    @abstractmethod
    def mixed(self, first: Image, other: Image, share: float, stream: Stream) -> tuple[Image, float]:
        """Return two pictures mixed, and the share that is of the first, of which `share` was drawn."""


class MixUp(ClassMixing):
    """Blend two pictures and their labels, lambda to 1 - lambda with lambda from Beta(alpha, alpha).

    The smaller alpha, the nearer a mix is to one of the two; 0.2 by default. The arguments are those of `ClassMixing`.

    Reference: Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR 2018.

    >>> from augkit.loader import Augmented
    >>> pictures = [(np.full((8, 8, 3), 100 * n, np.uint8), n) for n in range(2)]
    >>> image, label = MixUp(Augmented(pictures, "identity"), alpha=1.0, classes=2)[0]
    >>> round(float(label.sum()), 6), bool(abs(image[0, 0, 0] - 100 * label[1]) <= 0.5)
    (1.0, True)
    """

    def __init__(self, dataset: Samples, alpha: float = 0.2, classes: int | None = None, chance: float = 1.0) -> None:
        super().__init__(dataset, alpha, classes, chance)

    @final
    def mixed(self, first: Image, other: Image, share: float, stream: Stream) -> tuple[Image, float]:
        blended = share * first.astype(np.float64) + (1.0 - share) * other
        return (blended if first.dtype.kind == "f" else np.rint(blended)).astype(first.dtype), share


class CutMix(ClassMixing):
    """Lay a rectangle of one picture over another, at the same place; labels are mixed by area.

    The rectangle has the picture's aspect, its area is 1 - lambda with lambda from Beta(alpha, alpha), by default of
    all areas alike, and its centre is uniform over the picture, beyond whose edges it is cut. The arguments are those
    of `ClassMixing`.

    Reference: Yun et al., "CutMix: regularization strategy to train strong classifiers", ICCV 2019.

    >>> from augkit.loader import Augmented
    >>> pictures = [(np.full((8, 8, 3), n, np.uint8), n) for n in range(2)]
    >>> image, label = CutMix(Augmented(pictures, "identity"), alpha=1.0, classes=2)[0]
    >>> bool(image.float().mean() == label[1])
    True
    """

    @final
    def mixed(self, first: Image, other: Image, share: float, stream: Stream) -> tuple[Image, float]:
        side = math.sqrt(1.0 - share)
        rows, columns = (stretch(stream, side, length) for length in first.shape[:2])
        image = first.copy()
        image[rows, columns] = other[rows, columns]
        height, width = image.shape[:2]
        return image, 1.0 - (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)


def soft_label(label: Label, classes: int) -> Floats:
    """Return a label as shares of the classes: those of a class number are 0 but for one; a vector stays.

    Raises:
        SampleError: it is neither.
    """
    if isinstance(label, np.ndarray) and label.shape == (classes,) and label.dtype.kind == "f":
        return label.astype(np.float32)
    if isinstance(label, int | np.integer) and not isinstance(label, bool) and 0 <= label < classes:
        shares = np.zeros(classes, np.float32)
        shares[label] = 1.0
        return shares
    advice = "Encode labels first."
    raise SampleError(
        f"must be a class from 0 to {classes - 1}, or {classes} shares, got {label!r:.60}. {advice}", "label"
    )


def beta(stream: Stream, alpha: float) -> float:
    """Draw from Beta(alpha, alpha): the share of the first of two draws from Gamma(alpha) in their sum."""
    logs = [_log_gamma(stream, alpha) for _ in range(2)]
    return 1.0 / (1.0 + math.exp(min(logs[1] - logs[0], 700.0)))  # exp overflows above 709


def _log_gamma(stream: Stream, shape: float) -> float:
    """Draw the logarithm of a number from Gamma(shape, 1), which may be too small for a float.

    Reference: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000.
    """
    boost = 0.0
    if shape < 1.0:
        boost, shape = math.log1p(-stream.random()) / shape, shape + 1.0
    d = shape - 1.0 / 3.0
    while True:
        x = stream.normal()
        root = 1.0 + x / math.sqrt(9.0 * d)
        if root <= 0.0:
            continue
        v = 3.0 * math.log(root)
        if math.log1p(-stream.random()) < 0.5 * x * x + d - d * math.exp(v) + d * v:
            return math.log(d) + v + boost


def stretch(stream: Stream, side: float, length: int) -> slice:
    """Draw where a stretch of a length lies that is `side` of it long, cut at its ends."""
    half, centre = side * length / 2.0, stream.uniform(0.0, length)
    return slice(max(0, round(centre - half)), min(length, round(centre + half)))
