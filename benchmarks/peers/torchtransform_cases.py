"""Cases of torchtransform, which fuses a chain into one resampling of a batch: eight pictures of float32 a call.

Bringing pictures into that form and back is not timed. ElasticWarp and GridDistortion are as strong as ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from benchmarks.peers.given import Case, Given, Maker
from benchmarks.peers.kornia_cases import PICTURES, batches

__all__ = ["CASES", "PACKAGES", "PICTURES"]

PACKAGES = ("torchtransform", "torch", "numpy")
SIDE = 224
torch: Any = import_module("torch")
torch.set_num_threads(1)
T: Any = import_module("torchtransform")


def steps(*made: Any) -> Maker:
    """Return a case: a batch through one composed pipeline."""

    def make(given: Sequence[Given]) -> Case:
        composed = T.Compose(*made)
        pictures = batches(given)

        def case(number: int, turn: int) -> Any:
            with torch.no_grad():
                return composed(pictures[number // PICTURES]).contiguous()

        return case

    return make


FLIP = T.HorizontalFlip(0.5)
CROP = T.RandomResizedCrop(SIDE, scale=(0.5, 1.0))
TURN = T.Rotate((-15.0, 15.0))
WARP = T.ElasticWarp(6.0, spacing=28.0)
LIGHT = (T.Brightness((0.9, 1.1)), T.Contrast((0.9, 1.1)))
HUES = (T.Saturation((0.7, 1.3)), T.Hue((-0.028, 0.028)))
ALL = (T.Brightness((0.8, 1.2)), T.Contrast((0.8, 1.2)), T.Saturation((0.8, 1.2)), T.Hue((-0.028, 0.028)))
CASES: dict[str, Maker] = {
    "Mirror": steps(T.HorizontalFlip(1.0)),
    "Mirror, vertical": steps(T.VerticalFlip(1.0)),
    "RandomCrop": steps(T.RandomCrop(SIDE)),
    "CenterCrop": steps(T.CenterCrop(SIDE)),
    "RandomResizedCrop": steps(T.RandomResizedCrop(SIDE)),
    "Resize": steps(T.Resize((SIDE, SIDE))),
    "Resize, larger": steps(T.Resize((600, 800))),
    "Pad": steps(T.Pad(16)),
    "Rotate": steps(T.Rotate(30.0)),
    "Shear": steps(T.Shear((-0.176, 0.176))),
    "Scale": steps(T.Scale((0.8, 1.25))),
    "Translate": steps(T.Translate((-0.1, 0.1), (-0.1, 0.1), relative=True)),
    "Perspective": steps(T.Perspective(0.1)),
    "LocalWarp": steps(WARP),
    "ElasticWarp": steps(T.ElasticWarp(3.0, spacing=7.0)),
    "Brightness": steps(T.Brightness((0.8, 1.2))),
    "Contrast": steps(T.Contrast((0.8, 1.2))),
    "Gamma": steps(T.Gamma((0.7, 1.4))),
    "Saturation": steps(T.Saturation((0.7, 1.3))),
    "Hue": steps(T.Hue((-0.028, 0.028))),
    "Brightness, Contrast, Saturation, Hue": steps(*ALL),
    "Grayscale": steps(T.Grayscale()),
    "Solarize": steps(T.Solarize(0.5)),
    "Posterize": steps(T.Posterize(4)),
    "Invert": steps(T.Invert()),
    "ChannelShuffle": steps(T.ChannelShuffle()),
    "Equalize": steps(T.Equalize()),
    "AutoContrast": steps(T.AutoContrast()),
    "Blur, gaussian": steps(T.GaussianBlur(1.5)),
    "Blur, gaussian, wide": steps(T.GaussianBlur(5.0)),
    "Blur, motion": steps(T.MotionBlur(8.0)),
    "Sharpen": steps(T.Sharpen((0.3, 1.0), 1.0)),
    "Noise": steps(T.GaussianNoise(0.05)),
    "Noise, poisson": steps(T.PoissonNoise(100.0)),
    "Noise, salt and pepper": steps(T.SaltAndPepperNoise(0.03)),
    "Jpeg": steps(T.JpegCompression(60)),
    "Downscale": steps(T.Downscale(0.5)),
    "Erase": steps(T.Erasing(1, (0.1, 0.5))),
    "RandomResizedCrop, float": steps(T.RandomResizedCrop(SIDE)),
    "Rotate, float": steps(T.Rotate(30.0)),
    "Brightness, float": steps(T.Brightness((0.8, 1.2))),
    "crop + flip": steps(T.RandomCrop(SIDE), FLIP),
    "resized crop + flip": steps(CROP, FLIP),
    "resized crop + flip + rotation + light": steps(CROP, FLIP, TURN, *LIGHT),
    "the same + hue and saturation": steps(CROP, FLIP, TURN, *LIGHT, *HUES),
    "six tactics but the colour": steps(CROP, FLIP, TURN, T.Shear((-0.176, 0.176)), WARP),
    "blur + noise + JPEG": steps(T.GaussianBlur(1.5), T.GaussianNoise(0.03), T.JpegCompression(60)),
    "flip + shift, scale, rotation + light": steps(
        FLIP,
        T.Translate((-0.0625, 0.0625), (-0.0625, 0.0625), relative=True),
        T.Scale((0.9, 1.1)),
        T.Rotate((-45.0, 45.0)),
        T.Brightness((0.8, 1.2)),
        T.Contrast((0.8, 1.2)),
    ),
    "SimCLR: crop, jitter, grey, blur": steps(
        T.RandomResizedCrop(SIDE),
        FLIP,
        T.Maybe(
            T.Compose(T.Brightness((0.2, 1.8)), T.Contrast((0.2, 1.8)), T.Saturation((0.2, 1.8)), T.Hue((-0.2, 0.2))),
            0.8,
        ),
        T.Grayscale(0.2),
        T.Maybe(T.GaussianBlur((0.1, 2.0)), 0.5),
    ),
    "resized crop + flip + erasing": steps(CROP, FLIP, T.Erasing(1, (0.1, 0.5))),
    "crop + flip + rotation + light, 512": steps(T.RandomResizedCrop(512, scale=(0.5, 1.0)), FLIP, TURN, *LIGHT),
    "resized crop + flip, 512": steps(T.RandomResizedCrop(512, scale=(0.5, 1.0)), FLIP),
}
