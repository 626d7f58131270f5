"""Pictures as other packages hold them: NumPy arrays, PIL images and CHW tensors, to a sample's array and back.

Torch is never imported here: who gives a tensor has done so.
"""

import sys
from collections.abc import Callable
from copy import copy
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from augkit.core.arrays import Image as Pixels
from augkit.core.key import Key
from augkit.core.passes import Passes
from augkit.core.tonal import channels_of
from augkit.errors import AugkitError, SampleError
from augkit.targets.sample import Sample

DIGITS_COUNTED = 16  # of a content's hash, by which it is known to have been met
_MODES = {"L": "uint8", "RGB": "uint8", "RGBA": "uint8", "I;16": "uint16"}  # of Pillow, those that Sample has too


Picture = TypeVar("Picture")


class Opened(NamedTuple):
    """A picture of any kind as an array, and the way back for an array that was made of it.

    Args:
        image: (H, W) or (H, W, C).
        alpha: the last channel is alpha, as far as the picture tells.
        closed: gives an array (H, W[, C]) the kind of the picture.
    """

    image: Pixels
    alpha: bool
    closed: Callable[[Pixels], Any]


def opened(picture: object) -> Opened:
    """Return a picture as an array; it is not copied where it need not be.

    Args:
        picture: an array (H, W) or (H, W, C), a PIL image of the mode L, RGB, RGBA or I;16, or a tensor (C, H, W) or
            (H, W) on any device; uint8, uint16, or float32 in [0, 1].

    Raises:
        SampleError: it is something else.

    >>> opened(Image.new("RGB", (32, 24))).image.shape
    (24, 32, 3)
    """
    if isinstance(picture, np.ndarray):
        return Opened(picture, False, lambda made: made)
    if isinstance(picture, Image.Image):
        if picture.mode not in _MODES:
            what = f"must be of the mode {', '.join(_MODES)}, got {picture.mode}."
            raise SampleError(f"{what} Call image.convert('RGB') first.", "image")
        image = np.asarray(picture).astype(_MODES[picture.mode], copy=False)  # I;16B has another byte order
        return Opened(image, picture.mode == "RGBA", Image.fromarray)
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(picture, torch.Tensor):
        what = f"must be an array, a PIL image or a tensor, got {type(picture).__name__}."
        raise SampleError(f"{what} Give the picture itself.", "image")
    if picture.ndim not in (2, 3):
        raise SampleError(f"must be a tensor (C, H, W) or (H, W), got {tuple(picture.shape)}.", "image")
    to_last, to_first = ((1, 2, 0), (2, 0, 1)) if picture.ndim == 3 else ((0, 1), (0, 1))
    return Opened(
        np.ascontiguousarray(picture.detach().cpu().numpy().transpose(to_last)),
        False,
        lambda made: picture.new_tensor(np.ascontiguousarray(made.transpose(to_first))),
    )


class ImageTransform:
    """Augment one picture after the other, for data sets that take ``transform=``; made by `Pipeline.as_transform`.

    Each time a picture is met, another copy of it comes out: what is drawn is a function of the seed, the picture's
    content, how often this process has met it and, in a worker of a DataLoader, the worker's seed. So each pass is
    another one, whether workers persist or not, and after ``torch.manual_seed`` a run with as many workers repeats.

    Once `set_epoch` was called, a stronger law holds: what is drawn is a function of the seed, the content and that
    epoch alone, so that it does not matter which worker gets the picture, in which order, and how many there are; two
    equal pictures come out equal. Call it before each pass; it reaches workers that persist. `repr` tells which law
    holds, and `augkit.core.passes` more of both.

    Args:
        augment: makes a sample of a sample and a key, as a `Pipeline` does.
        seed: any whole number.
    """

    def __init__(self, augment: Callable[[Sample, Key], Sample], seed: int = 0) -> None:
        self.augment, self.seed, self.passes = augment, seed, Passes()
        Key(seed, "")  # refuses a seed that is none

    def __repr__(self) -> str:
        law = "another copy each time a picture is met" if self.epoch is None else f"the copies of epoch {self.epoch}"
        return f"<{self.augment!r}.as_transform(seed={self.seed!r}): {law}>"

    @property
    def epoch(self) -> int | None:
        """The pass over the data that is drawn for, or None where `set_epoch` was not called."""
        return self.passes.epoch

    def set_epoch(self, epoch: int) -> None:
        """Draw for this pass over the data from now on, in worker processes too.

        Raises:
            ArgumentError: it is no whole number from 0 on.
        """
        self.passes.set_epoch(epoch)

    def __call__(self, picture: Picture) -> Picture:
        """Return a picture of the same kind: array, PIL image or tensor, its mode, dtype and device.

        Args:
            picture: as `opened` takes it.

        Raises:
            SampleError: it is something else, or the pipeline cannot be done to it.
        """
        image, alpha, closed = opened(picture)
        digest = _digest(image)
        epoch = self.passes.epoch_of(int(digest[:DIGITS_COUNTED], 16))
        try:
            made = self.augment(Sample(image, alpha=alpha), Key(self.seed, digest, epoch=epoch))
        except AugkitError as error:
            raise error.at("as_transform") from error.__cause__
        found: Picture = closed(made.image)
        return found

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"passes": copy(self.passes)}  # of `copy.copy` too


def _digest(image: Pixels) -> str:
    """Return the hash of a picture's content; a channel alone is the same with and without an axis of its own."""
    hashed = blake2b(digest_size=16, person=b"augkit picture")
    hashed.update(f"{image.shape[:2]} {channels_of(image)} {image.dtype}".encode())
    hashed.update(np.ascontiguousarray(image).data)
    return hashed.hexdigest()
