"""Preprocessing: a picture of any size made into the input of a network."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array, JsonObject
from augkit.errors import ArgumentError
from augkit.images.network_input import InputShape, Placement, fitted, opaque, placement
from augkit.images.paper import Paper
from augkit.train.input_size import LARGEST, require_input

Fit = Literal["crop", "pad", "squeeze"]
SINCE_2 = ("paper", "is_padded", "is_once")  # what artefacts of the first train_law do not know


@dataclass(frozen=True)
class Preprocessing:
    """Say how pictures become the input of a network. It belongs to the model, and is kept with its weights.

    The last three are as networks of the first train_law have them, whose files do not say them.

    Args:
        resize: the shorter side, of which the centre is cropped; None squeezes the whole picture into `size`.
        interpolation: Pillow's filter, which widens when it shrinks a picture.
        paper: what is transparent is laid on; None leaves alpha out.
        is_padded: the whole picture goes into `size`, with its aspect, and paper beside it.
        is_once: what a pipeline made goes in as it is, without a margin that is cropped away: see `framing`.

    Raises:
        ArgumentError: a size, mean or std is impossible.
    """

    size: tuple[int, int]  # height and width of the input, in pixels
    channels: int  # of the input: 3 for RGB, 1 for grey
    mean: tuple[float, ...]  # what is taken from each channel, as a fraction of the dtype's range
    std: tuple[float, ...]  # what each channel is divided by after that
    resize: int | None = None
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    paper: Paper | None = None
    is_padded: bool = False
    is_once: bool = False

    def __post_init__(self) -> None:
        require_input(self.input, "input")
        if not len(self.mean) == len(self.std) == self.channels or not all(part > 0 for part in self.std):
            raise ArgumentError(f"must be {self.channels} positive numbers, as must mean, got {self.std}.", "std")
        if self.resize is not None and not max(self.size) <= self.resize <= 2 * LARGEST:
            raise ArgumentError(f"must be at least the sides of {self.size}, got {self.resize}.", "resize")
        if self.paper is not None and not all(0.0 <= part <= 1.0 for part in self.paper):
            raise ArgumentError(f"must be red, green and blue from 0 to 1, got {self.paper}.", "paper")

    @property
    def input(self) -> tuple[int, int, int]:
        """Height, width and channels of what the network takes."""
        return (*self.size, self.channels)

    @property
    def shape(self) -> InputShape:
        """What pictures are brought to."""
        return InputShape(self.size, self.channels, self.resize, self.interpolation, self.paper, self.is_padded)

    @property
    def fit(self) -> Fit:
        """How pictures of another aspect come into the input."""
        return "pad" if self.is_padded else "squeeze" if self.resize is None else "crop"

    def fitting(self, fit: Fit) -> "Preprocessing":
        """Return the same with another fit; who crops and never did takes the largest square that there is."""
        resize = self.resize or max(self.size) if fit == "crop" else None
        return replace(self, resize=resize, is_padded=fit == "pad")

    def as_asked(self, fit: Fit | Literal["auto"], paper: Paper) -> "Preprocessing":
        """Return the same as trainings have it that begin now, with a fit of their own, or the model's."""
        fitted = self if fit == "auto" else self.fitting(fit)
        return replace(fitted, paper=paper, is_once=True)

    def without_margin(self) -> "Preprocessing":
        """Return the same for what is cropped already: of the shorter side nothing more is cropped away."""
        return self if self.resize is None else replace(self, resize=max(self.size))

    def described(self) -> JsonObject:
        """Return plain data; of what came later, what is not as it was before."""
        plain = asdict(self)
        usual = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in plain.items() if name not in SINCE_2 or value != usual[name]}

    def prepare(self, image: Array) -> Array:
        """Return a picture in the size and with the channels that the network takes, in its own dtype.

        Args:
            image: (H, W) or (H, W, C), C one, three or the network's; uint8, uint16, or float32 in [0, 1].

        Raises:
            SampleError: the picture has channels that cannot become the network's.
        """
        return fitted(image, self.shape)

    def placement(self, size: tuple[int, int]) -> Placement:
        """Return where `prepare` puts a picture of a size (height, width)."""
        return placement(size, self.shape)

    def tensor(self, image: Array) -> Tensor:
        """Return a picture (C, h, w), uint8 or float32 in [0, 1], as `normalise` takes it in batches.

        Of two or four channels the last is alpha, and laid on paper.
        """
        return self.tensor_of(self.prepare(opaque(image, self.paper)))

    def tensor_of(self, prepared: Array) -> Tensor:
        """Return likewise what `prepare` made of a picture without alpha."""
        found = torch.from_numpy(np.array(prepared.transpose(2, 0, 1)))
        return found.to(torch.float32) / 65535.0 if found.dtype == torch.uint16 else found

    def normalise(self, batch: Tensor) -> Tensor:
        """Return prepared pictures (B, C, h, w), whole numbers or float32 in [0, 1], as the network's input."""
        values = batch.to(torch.float32, copy=True)  # of its own, changed in place: inputs may be large
        if not batch.is_floating_point():
            values /= torch.iinfo(batch.dtype).max
        mean = torch.tensor(self.mean, device=batch.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=batch.device).view(-1, 1, 1)
        values -= mean
        values /= std
        return values


def plain_input(input: tuple[int, int, int]) -> Preprocessing:
    """Return what suits a network without weights of others: values from -1 to 1."""
    half = (0.5,) * input[2]
    return Preprocessing(input[:2], input[2], half, half)
