"""Cases of augkit: every transform alone that a peer has as well, and chains that people use."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import augkit as ak
from benchmarks.peers.given import Case, Given, Maker

__all__ = ["ALONE", "CASES", "CHAINS", "PACKAGES"]

PACKAGES = ("augkit", "numpy", "opencv-python-headless", "simplejpeg", "Pillow")
SIDE = 224
SQUARE = (SIDE, SIDE)
Step = ak.Transform
Prepared = Callable[[NDArray[Any]], NDArray[Any]]

cv2.setNumThreads(1)


def steps(*made: Step, depth: Prepared = lambda image: image, **options: Any) -> Maker:
    """Return a case: a sample of the picture through one pipeline, drawn anew at every call."""

    def make(given: Sequence[Given]) -> Case:
        pipeline = ak.Pipeline(list(made), **({"border": "reflect"} | options))
        images = [depth(one.image) for one in given]

        def case(number: int, turn: int) -> NDArray[Any]:
            made = pipeline(ak.Sample(images[number]), ak.Key(0, str(number), turn)).image
            return np.ascontiguousarray(made)  # as of the peers, some of which give views

        return case

    return make


def labelled(*made: Step, boxes: bool = False, mask: bool = False, **options: Any) -> Maker:
    """Return a case with boxes or a mask beside the picture."""

    def make(given: Sequence[Given]) -> Case:
        pipeline = ak.Pipeline(list(made), **options)

        def case(number: int, turn: int) -> NDArray[Any]:
            one = given[number]
            sample = ak.Sample(
                one.image,
                mask=one.mask if mask else None,
                boxes=one.boxes if boxes else None,
                box_labels=list(range(len(one.boxes))) if boxes else None,
            )
            return pipeline(sample, ak.Key(0, str(number), turn)).image

        return case

    return make


def uint16(image: NDArray[Any]) -> NDArray[Any]:
    """Return the picture with 16 bits."""
    return image.astype(np.uint16) * 257


def float32(image: NDArray[Any]) -> NDArray[Any]:
    """Return the picture as numbers in [0, 1]."""
    return image.astype(np.float32) / np.float32(255)


def _amplitudes(reach: int = 24) -> str:
    return b64encode(np.ones((3, 2 * reach + 1, reach + 1), "<f4").tobytes()).decode()


STYLE = ak.Style((0.6, 0.5, 0.3), ((0.04, 0.01, 0), (0.01, 0.04, 0), (0, 0, 0.04)), _amplitudes())
CROP = ak.RandomResizedCrop(size=SQUARE, scale=(0.5, 1.0))
FLIP = ak.Maybe(0.5, ak.Mirror())
ALONE: dict[str, Maker] = {
    "Mirror": steps(ak.Mirror()),
    "Mirror, vertical": steps(ak.Mirror("vertical")),
    "QuarterTurn": steps(ak.QuarterTurn()),
    "RandomCrop": steps(ak.RandomCrop(SQUARE)),
    "CenterCrop": steps(ak.CenterCrop(SQUARE)),
    "RandomResizedCrop": steps(ak.RandomResizedCrop(SQUARE)),
    "RandomResizedCrop, all antialias": steps(ak.RandomResizedCrop(SQUARE)),
    "Resize": steps(ak.Resize(SQUARE)),
    "Resize, all antialias": steps(ak.Resize(SQUARE)),
    "Resize, larger": steps(ak.Resize((600, 800))),
    "ResizeSide": steps(ak.ResizeSide(256)),
    "Pad": steps(ak.Pad(16, 16, 16, 16)),
    "PadTo": steps(ak.PadTo((512, 512))),
    "Rotate": steps(ak.Rotate(30)),
    "Rotate, cubic": steps(ak.Rotate(30), interpolation="cubic"),
    "Rotate, expand": steps(ak.Rotate(30, corners="expand")),
    "Rotate, inscribed": steps(ak.Rotate(30, corners="inscribed")),
    "Shear": steps(ak.Shear((-10, 10))),
    "Scale": steps(ak.Scale((0.8, 1.25))),
    "Translate": steps(ak.Translate()),
    "Perspective": steps(ak.Perspective(0.1)),
    "LocalWarp": steps(ak.LocalWarp()),
    "ElasticWarp": steps(ak.ElasticWarp()),
    "PCAColorShift": steps(ak.PCAColorShift()),
    "ImagePCAColorShift": steps(ak.ImagePCAColorShift()),
    "Brightness": steps(ak.Brightness((0.8, 1.2))),
    "Contrast": steps(ak.Contrast((0.8, 1.2))),
    "Gamma": steps(ak.Gamma((0.7, 1.4))),
    "Saturation": steps(ak.Saturation((0.7, 1.3))),
    "Hue": steps(ak.Hue((-10, 10))),
    "Brightness, Contrast, Saturation, Hue": steps(ak.Brightness(), ak.Contrast(), ak.Saturation(), ak.Hue()),
    "Grayscale": steps(ak.Grayscale()),
    "Solarize": steps(ak.Solarize(0.5)),
    "Posterize": steps(ak.Posterize(4)),
    "Invert": steps(ak.Invert()),
    "ChannelShuffle": steps(ak.ChannelShuffle()),
    "Equalize": steps(ak.Equalize()),
    "AutoContrast": steps(ak.AutoContrast()),
    "Binarize": steps(ak.Binarize()),
    "Blur, gaussian": steps(ak.Blur(radius=1.5)),
    "Blur, gaussian, wide": steps(ak.Blur(radius=5.0)),
    "Blur, motion": steps(ak.Blur("motion", 4.0)),
    "Blur, median": steps(ak.Blur("median", 1.0)),
    "Sharpen": steps(ak.Sharpen()),
    "Convolve, emboss": steps(ak.Convolve("emboss")),
    "Pool, max": steps(ak.Pool("max", size=3, stride=1, padding=1)),
    "Noise": steps(ak.Noise(amount=0.05)),
    "Noise, poisson": steps(ak.Noise("poisson", amount=0.1)),
    "Noise, salt and pepper": steps(ak.Noise("salt_and_pepper", amount=0.03)),
    "Jpeg": steps(ak.Jpeg(60)),
    "Downscale": steps(ak.Downscale(0.5)),
    "Erase": steps(ak.Erase()),
    "Erase, noise": steps(ak.Erase(fill="noise")),
    "Erase, grid": steps(ak.Erase("grid", area=0.25)),
    "ColorTransfer": steps(ak.ColorTransfer(STYLE)),
    "FourierStyle": steps(ak.FourierStyle(STYLE)),
    "TrivialAugment": steps(ak.TrivialAugment()),
    "RandAugment": steps(ak.RandAugment()),
    "AutoAugment": steps(ak.AutoAugment()),
    "AugMix": steps(ak.AugMix()),
    "Rotate, 16 bits": steps(ak.Rotate(30), depth=uint16),
    "Brightness, 16 bits": steps(ak.Brightness((0.8, 1.2)), depth=uint16),
    "RandomResizedCrop, float": steps(ak.RandomResizedCrop(SQUARE), depth=float32),
    "Rotate, float": steps(ak.Rotate(30), depth=float32),
    "Brightness, float": steps(ak.Brightness((0.8, 1.2)), depth=float32),
}


def light(size: tuple[int, int] = SQUARE) -> tuple[Step, ...]:
    """Return a resized crop, a flip, a rotation and changes of light, to (height, width) in pixels."""
    crop = ak.RandomResizedCrop(size=size, scale=(0.5, 1.0))
    return crop, FLIP, ak.Rotate((-15, 15)), ak.Brightness((0.9, 1.1)), ak.Contrast((0.9, 1.1))


HUES = (ak.Saturation((0.7, 1.3)), ak.Hue((-10, 10)))
CHAINS: dict[str, Maker] = {
    "crop + flip": steps(ak.RandomCrop(size=SQUARE), FLIP),
    "resized crop + flip": steps(CROP, FLIP),
    "resized crop + flip + rotation + light": steps(*light()),
    "the same + hue and saturation": steps(*light(), *HUES),
    "six tactics but the colour": steps(
        CROP, FLIP, ak.Rotate((-15, 15)), ak.Shear((-10, 10)), ak.LocalWarp(strength=0.03, cells=8)
    ),
    "six tactics, elastic": steps(*ak.load("six").steps),
    "six tactics, grid distortion": steps(*ak.load("six").steps),
    "blur + noise + JPEG": steps(ak.Blur(radius=1.5), ak.Noise(amount=0.03), ak.Jpeg(quality=60)),
    "flip + shift, scale, rotation + light": steps(
        FLIP,
        ak.Translate((-0.0625, 0.0625), (-0.0625, 0.0625)),
        ak.Scale((0.9, 1.1)),
        ak.Rotate((-45, 45)),
        ak.Brightness((0.8, 1.2)),
        ak.Contrast((0.8, 1.2)),
    ),
    "YOLO's defaults but the mosaic": labelled(
        ak.Translate((-0.1, 0.1), (-0.1, 0.1)),
        ak.Scale((0.5, 1.5)),
        ak.Hue((-5.4, 5.4)),
        ak.Saturation((0.3, 1.7)),
        ak.Brightness((0.6, 1.4)),
        FLIP,
        boxes=True,
        border="constant",
        fill=114,
    ),
    "SimCLR: crop, jitter, grey, blur": steps(
        ak.RandomResizedCrop(SQUARE),
        FLIP,
        ak.Maybe(
            0.8,
            ak.Sequence(
                (ak.Brightness((0.2, 1.8)), ak.Contrast((0.2, 1.8)), ak.Saturation((0.2, 1.8)), ak.Hue((-72, 72)))
            ),
        ),
        ak.Maybe(0.2, ak.Grayscale()),
        ak.Maybe(0.5, ak.Blur(radius=(0.1, 2.0))),
    ),
    "resized crop + flip + RandAugment": steps(CROP, FLIP, ak.RandAugment()),
    "resized crop + flip + TrivialAugment": steps(CROP, FLIP, ak.TrivialAugment()),
    "resized crop + flip + erasing": steps(CROP, FLIP, ak.Erase()),
    "detection: flip, scale, rotation, light, boxes": labelled(
        FLIP,
        ak.Scale((0.8, 1.2)),
        ak.Rotate((-10, 10)),
        ak.Brightness((0.8, 1.2)),
        ak.Contrast((0.8, 1.2)),
        boxes=True,
        border="constant",
    ),
    "segmentation: crop, flip, rotation, light, mask": labelled(*light(), mask=True, border="reflect"),
    "crop + flip + rotation + light, 512": steps(*light((512, 512))),
    "resized crop + flip, 512": steps(ak.RandomResizedCrop(size=(512, 512), scale=(0.5, 1.0)), FLIP),
}
CASES = ALONE | CHAINS
