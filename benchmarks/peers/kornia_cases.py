"""Cases of Kornia, which is made for batches on a device: eight pictures (8, 3, H, W) of float32 a call.

Bringing pictures into that form and back is not timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from benchmarks.peers.given import Case, Given, Maker

__all__ = ["CASES", "PACKAGES", "PICTURES", "batches"]

PACKAGES = ("kornia", "torch", "numpy")
PICTURES = 8
SIDE = 224
torch: Any = import_module("torch")
torch.set_num_threads(1)
K: Any = import_module("kornia.augmentation")


def batches(given: Sequence[Given]) -> list[Any]:
    """Return batches that begin with each of the pictures."""
    images = [torch.from_numpy(one.image).permute(2, 0, 1).to(torch.float32) / 255 for one in given]
    several = range(0, len(images), PICTURES)
    return [torch.stack([images[(start + n) % len(images)] for n in range(PICTURES)]) for start in several]


def steps(*made: Any) -> Maker:
    """Return a case: a batch through one composed pipeline."""

    def make(given: Sequence[Given]) -> Case:
        composed = K.AugmentationSequential(*made, data_keys=["input"])
        pictures = batches(given)

        def case(number: int, turn: int) -> Any:
            with torch.no_grad():
                return composed(pictures[number // PICTURES]).contiguous()

        return case

    return make


def affine(degrees: Any = 0.0, **arguments: Any) -> Any:
    """Return an affine map that reflects beyond the edge."""
    return K.RandomAffine(degrees, padding_mode="reflection", p=1.0, **arguments)


def elastic(alpha: float, sigma: float) -> Any:
    """Return an elastic warp; its displacements are fractions of the half side."""
    reach = 2 * int(3 * sigma) + 1
    strength = alpha / SIDE * 2
    return K.RandomElasticTransform((reach, reach), (sigma, sigma), (strength, strength), p=1.0)


SIZE = (SIDE, SIDE)
FLIP = K.RandomHorizontalFlip(p=0.5)
CROP = K.RandomResizedCrop(SIZE, scale=(0.5, 1.0))
TURN = affine((-15.0, 15.0))
JITTER = K.ColorJitter(0.1, 0.1, 0.3, 0.03)
CASES: dict[str, Maker] = {
    "Mirror": steps(K.RandomHorizontalFlip(p=1.0)),
    "Mirror, vertical": steps(K.RandomVerticalFlip(p=1.0)),
    "RandomCrop": steps(K.RandomCrop(SIZE)),
    "CenterCrop": steps(K.CenterCrop(SIZE)),
    "RandomResizedCrop": steps(K.RandomResizedCrop(SIZE)),
    "Resize": steps(K.Resize(SIZE)),
    "Rotate": steps(K.RandomRotation((30.0, 30.0), p=1.0)),
    "Shear": steps(affine(shear=(-10.0, 10.0))),
    "Scale": steps(affine(scale=(0.8, 1.25))),
    "Translate": steps(affine(translate=(0.1, 0.1))),
    "Perspective": steps(K.RandomPerspective(0.2, p=1.0)),
    "LocalWarp": steps(elastic(290, 16)),
    "ElasticWarp": steps(elastic(34, 4)),
    "Brightness": steps(K.RandomBrightness((0.8, 1.2))),
    "Contrast": steps(K.RandomContrast((0.8, 1.2))),
    "Gamma": steps(K.RandomGamma((0.7, 1.4))),
    "Saturation": steps(K.RandomSaturation((0.7, 1.3))),
    "Hue": steps(K.RandomHue((-0.028, 0.028))),
    "Brightness, Contrast, Saturation, Hue": steps(K.ColorJitter(0.2, 0.2, 0.2, 0.03)),
    "Grayscale": steps(K.RandomGrayscale(p=1.0)),
    "Solarize": steps(K.RandomSolarize(0.1, 0.0, p=1.0)),
    "Posterize": steps(K.RandomPosterize((4.0, 4.0), p=1.0)),
    "Invert": steps(K.RandomInvert(p=1.0)),
    "ChannelShuffle": steps(K.RandomChannelShuffle(p=1.0)),
    "Equalize": steps(K.RandomEqualize(p=1.0)),
    "AutoContrast": steps(K.RandomAutoContrast(p=1.0)),
    "Blur, gaussian": steps(K.RandomGaussianBlur((9, 9), (1.5, 1.5), p=1.0)),
    "Blur, gaussian, wide": steps(K.RandomGaussianBlur((31, 31), (5.0, 5.0), p=1.0)),
    "Blur, motion": steps(K.RandomMotionBlur(9, (-90.0, 90.0), 0.0, p=1.0)),
    "Blur, median": steps(K.RandomMedianBlur((3, 3), p=1.0)),
    "Sharpen": steps(K.RandomSharpness((0.3, 1.0), p=1.0)),
    "Noise": steps(K.RandomGaussianNoise(std=0.05, p=1.0)),
    "Noise, salt and pepper": steps(K.RandomSaltAndPepperNoise((0.03, 0.03), p=1.0)),
    "Jpeg": steps(K.RandomJPEG((60.0, 60.0))),
    "Erase": steps(K.RandomErasing(p=1.0)),
    "RandomResizedCrop, float": steps(K.RandomResizedCrop(SIZE)),
    "Rotate, float": steps(K.RandomRotation((30.0, 30.0), p=1.0)),
    "Brightness, float": steps(K.RandomBrightness((0.8, 1.2))),
    "crop + flip": steps(K.RandomCrop(SIZE), FLIP),
    "resized crop + flip": steps(CROP, FLIP),
    "resized crop + flip + rotation + light": steps(CROP, FLIP, TURN, K.ColorJitter(0.1, 0.1)),
    "the same + hue and saturation": steps(CROP, FLIP, TURN, JITTER),
    "six tactics but the colour": steps(CROP, FLIP, affine((-15.0, 15.0), shear=(-10.0, 10.0)), elastic(290, 16)),
    "resized crop + flip + erasing": steps(CROP, FLIP, K.RandomErasing(p=1.0)),
}
