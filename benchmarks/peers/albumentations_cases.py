"""Cases of Albumentations 2.0.8, MIT, the last release of the package that 50 of 50 looked-at repositories use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.given import Case, Given, Maker

__all__ = ["CASES", "PACKAGES", "made"]

PACKAGES = ("albumentations", "albucore", "numpy", "opencv-python-headless")
SIDE = 224
Named = tuple[str, dict[str, Any]]
Depth = Callable[[NDArray[Any]], NDArray[Any]]

cv2.setNumThreads(1)


def named(name: str, *args: Any, **arguments: Any) -> Named:
    """Return a transform by name, to be made for the peer that is here."""
    return name, {"args": args, **arguments}


def made(transform: Named) -> Any:
    """Return the transform of a name, certain to be done unless it says otherwise."""
    A: Any = import_module("albumentations")
    name, arguments = transform
    return getattr(A, name)(*arguments["args"], **{"p": 1.0} | {k: v for k, v in arguments.items() if k != "args"})


def composed(*transforms: Named, depth: Depth = lambda image: image, build: Callable[[Named], Any] = made) -> Maker:
    """Return a case: the picture through one composed pipeline."""

    def make(given: Sequence[Given]) -> Case:
        A: Any = import_module("albumentations")
        pipeline = A.Compose([build(transform) for transform in transforms], seed=0)
        images = [depth(one.image) for one in given]
        return lambda number, turn: np.ascontiguousarray(pipeline(image=images[number])["image"])  # some give views

    return make


def referring(name: str, keyword: str, build: Callable[[Named], Any] = made, **arguments: Any) -> Maker:
    """Return a case of a transform that takes a reference picture at each call."""

    def make(given: Sequence[Given]) -> Case:
        A: Any = import_module("albumentations")
        pipeline = A.Compose([build((name, {"args": (), "metadata_key": keyword, **arguments}))], seed=0)
        reference = {keyword: [REFERENCE]}
        return lambda number, turn: pipeline(image=given[number].image, **reference)["image"]

    return make


def annotated(*transforms: Named, boxes: bool, build: Callable[[Named], Any] = made) -> Maker:
    """Return a case with boxes or a mask beside the picture."""

    def make(given: Sequence[Given]) -> Case:
        A: Any = import_module("albumentations")
        how = A.BboxParams("pascal_voc", label_fields=["labels"], min_visibility=0.1) if boxes else None
        pipeline = A.Compose([build(transform) for transform in transforms], seed=0, bbox_params=how)

        def case(number: int, turn: int) -> Any:
            one = given[number]
            if boxes:
                return pipeline(image=one.image, bboxes=one.boxes, labels=np.arange(len(one.boxes)))["image"]
            return pipeline(image=one.image, mask=one.mask)["image"]

        return case

    return make


def uint16(image: NDArray[Any]) -> NDArray[Any]:
    """Return the picture with 16 bits."""
    return image.astype(np.uint16) * 257


def float32(image: NDArray[Any]) -> NDArray[Any]:
    """Return the picture as numbers in [0, 1]."""
    return image.astype(np.float32) / np.float32(255)


REFLECT = {"border_mode": cv2.BORDER_REFLECT_101}
FLIP = named("HorizontalFlip", p=0.5)
CROP = named("RandomResizedCrop", size=(SIDE, SIDE), scale=(0.5, 1.0))
TURN = named("Affine", rotate=(-15, 15), **REFLECT)
LIGHT = named("RandomBrightnessContrast", brightness_limit=(-0.1, 0.1), contrast_limit=(-0.1, 0.1))
STRONGER = named("RandomBrightnessContrast", brightness_limit=(-0.2, 0.2), contrast_limit=(-0.2, 0.2))
STEP = {"num_steps": 8, "distort_limit": (-0.17, 0.17), **REFLECT}  # moves points as far as augkit's: six_tactics.py
ELASTIC = {"alpha": 290, "sigma": 16, "noise_distribution": "uniform", **REFLECT}
TACTICS = (
    CROP,
    FLIP,
    named("Rotate", limit=(-15, 15), **REFLECT),
    named("Affine", shear={"x": (-10, 10), "y": (0, 0)}, **REFLECT),
)
REFERENCE = np.random.default_rng(0).integers(0, 256, (375, 500, 3)).astype(np.uint8)


def table(build: Callable[[Named], Any] = made) -> dict[str, Maker]:
    """Return all cases, their transforms made by that function."""
    steps, labelled, styled = (partial(case, build=build) for case in (composed, annotated, referring))
    only = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
    dropout = {"scale": (0.02, 0.33), "ratio": (0.3, 3.3)}
    alone = {
        "Mirror": steps(named("HorizontalFlip")),
        "Mirror, vertical": steps(named("VerticalFlip")),
        "QuarterTurn": steps(named("RandomRotate90")),
        "RandomCrop": steps(named("RandomCrop", SIDE, SIDE)),
        "CenterCrop": steps(named("CenterCrop", SIDE, SIDE)),
        "RandomResizedCrop": steps(named("RandomResizedCrop", (SIDE, SIDE))),
        "RandomResizedCrop, all antialias": steps(named("RandomResizedCrop", (SIDE, SIDE), area_for_downscale="image")),
        "Resize": steps(named("Resize", SIDE, SIDE)),
        "Resize, all antialias": steps(named("Resize", SIDE, SIDE, area_for_downscale="image")),
        "Resize, larger": steps(named("Resize", 600, 800)),
        "ResizeSide": steps(named("SmallestMaxSize", max_size=256)),
        "Pad": steps(named("Pad", padding=16, **REFLECT)),
        "PadTo": steps(named("PadIfNeeded", 512, 512, **REFLECT)),
        "Rotate": steps(named("Rotate", limit=(30, 30), **REFLECT)),
        "Rotate, cubic": steps(named("Rotate", limit=(30, 30), interpolation=cv2.INTER_CUBIC, **REFLECT)),
        "Rotate, expand": steps(named("Affine", rotate=(30, 30), fit_output=True, keep_ratio=True, **REFLECT)),
        "Rotate, inscribed": steps(named("Rotate", limit=(30, 30), crop_border=True, **REFLECT)),
        "Shear": steps(named("Affine", shear={"x": (-10, 10), "y": (0, 0)}, **REFLECT)),
        "Scale": steps(named("Affine", scale=(0.8, 1.25), keep_ratio=True, **REFLECT)),
        "Translate": steps(named("Affine", translate_percent=(-0.1, 0.1), **REFLECT)),
        "Perspective": steps(named("Perspective", scale=(0.1, 0.1), **REFLECT)),
        "LocalWarp": steps(named("ElasticTransform", **ELASTIC)),
        "ElasticWarp": steps(named("ElasticTransform", alpha=34, sigma=4, **REFLECT)),
        "PCAColorShift": steps(named("FancyPCA")),
        "ImagePCAColorShift": steps(named("FancyPCA")),
        "Brightness": steps(named("RandomBrightnessContrast", (-0.2, 0.2), (0, 0))),
        "Contrast": steps(named("RandomBrightnessContrast", (0, 0), (-0.2, 0.2))),
        "Gamma": steps(named("RandomGamma", (70, 140))),
        "Saturation": steps(named("ColorJitter", **only | {"saturation": (0.7, 1.3)})),
        "Hue": steps(named("HueSaturationValue", (-5, 5), (0, 0), (0, 0))),
        "Brightness, Contrast, Saturation, Hue": steps(named("ColorJitter", hue=(-0.03, 0.03))),
        "Grayscale": steps(named("ToGray")),
        "Solarize": steps(named("Solarize")),
        "Posterize": steps(named("Posterize", num_bits=(4, 4))),
        "Invert": steps(named("InvertImg")),
        "ChannelShuffle": steps(named("ChannelShuffle")),
        "Equalize": steps(named("Equalize")),
        "AutoContrast": steps(named("AutoContrast")),
        "Blur, gaussian": steps(named("GaussianBlur", blur_limit=(0, 0), sigma_limit=(1.5, 1.5))),
        "Blur, gaussian, wide": steps(named("GaussianBlur", blur_limit=(0, 0), sigma_limit=(5, 5))),
        "Blur, motion": steps(named("MotionBlur", blur_limit=(9, 9))),
        "Blur, median": steps(named("MedianBlur", blur_limit=(3, 3))),
        "Sharpen": steps(named("Sharpen")),
        "Convolve, emboss": steps(named("Emboss")),
        "Pool, max": steps(named("Morphological", scale=(3, 3), operation="dilation")),
        "Noise": steps(named("GaussNoise", std_range=(0.05, 0.05), per_channel=True)),
        "Noise, poisson": steps(named("ShotNoise", scale_range=(0.01, 0.01))),
        "Noise, salt and pepper": steps(named("SaltAndPepper", amount=(0.03, 0.03))),
        "Jpeg": steps(named("ImageCompression", quality_range=(60, 60))),
        "Downscale": steps(named("Downscale", (0.5, 0.5))),
        "Erase": steps(named("Erasing", **dropout)),
        "Erase, noise": steps(named("Erasing", fill="random", **dropout)),
        "Erase, grid": steps(named("GridDropout", ratio=0.5)),
        "ColorTransfer": styled("PixelDistributionAdaptation", "styles"),
        "FourierStyle": styled("FDA", "styles", beta_limit=(0.01, 0.05)),
        "Rotate, 16 bits": steps(named("Rotate", limit=(30, 30), **REFLECT), depth=uint16),
        "Brightness, 16 bits": steps(named("RandomBrightnessContrast", (-0.2, 0.2), (0, 0)), depth=uint16),
        "RandomResizedCrop, float": steps(named("RandomResizedCrop", (SIDE, SIDE)), depth=float32),
        "Rotate, float": steps(named("Rotate", limit=(30, 30), **REFLECT), depth=float32),
        "Brightness, float": steps(named("RandomBrightnessContrast", (-0.2, 0.2), (0, 0)), depth=float32),
    }
    jitter = {"brightness": (0.9, 1.1), "contrast": (0.9, 1.1), "saturation": (0.7, 1.3), "hue": (-0.03, 0.03)}
    strong = {"brightness": (0.2, 1.8), "contrast": (0.2, 1.8), "saturation": (0.2, 1.8), "hue": (-0.2, 0.2)}
    blurred = named("GaussianBlur", blur_limit=(0, 0), sigma_limit=(1.5, 1.5))
    large = named("RandomResizedCrop", size=(512, 512), scale=(0.5, 1.0))
    shifted = {"translate_percent": (-0.0625, 0.0625), "scale": (0.9, 1.1), "rotate": (-45, 45), "keep_ratio": True}
    seen = {"scale": (0.8, 1.2), "rotate": (-10, 10), "keep_ratio": True}
    return alone | {
        "crop + flip": steps(named("RandomCrop", SIDE, SIDE), FLIP),
        "resized crop + flip": steps(CROP, FLIP),
        "resized crop + flip + rotation + light": steps(CROP, FLIP, TURN, LIGHT),
        "the same + hue and saturation": steps(CROP, FLIP, TURN, named("ColorJitter", **jitter)),
        "six tactics but the colour": steps(*TACTICS, named("GridDistortion", **STEP)),
        "six tactics, elastic": steps(*TACTICS, named("ElasticTransform", **ELASTIC), named("FancyPCA")),
        "six tactics, grid distortion": steps(*TACTICS, named("GridDistortion", **STEP), named("FancyPCA")),
        "blur + noise + JPEG": steps(
            blurred,
            named("GaussNoise", std_range=(0.03, 0.03), per_channel=True),
            named("ImageCompression", quality_range=(60, 60)),
        ),
        "flip + shift, scale, rotation + light": steps(FLIP, named("Affine", **shifted, **REFLECT), STRONGER),
        "YOLO's defaults but the mosaic": labelled(
            named("Affine", translate_percent=(-0.1, 0.1), scale=(0.5, 1.5), keep_ratio=True, fill=114),
            named("HueSaturationValue", (-3, 3), (-178, 178), (-102, 102)),
            FLIP,
            boxes=True,
        ),
        "SimCLR: crop, jitter, grey, blur": steps(
            named("RandomResizedCrop", (SIDE, SIDE)),
            FLIP,
            named("ColorJitter", p=0.8, **strong),
            named("ToGray", p=0.2),
            named("GaussianBlur", blur_limit=(0, 0), sigma_limit=(0.1, 2.0), p=0.5),
        ),
        "resized crop + flip + erasing": steps(CROP, FLIP, named("Erasing", **dropout)),
        "detection: flip, scale, rotation, light, boxes": labelled(FLIP, named("Affine", **seen), STRONGER, boxes=True),
        "segmentation: crop, flip, rotation, light, mask": labelled(CROP, FLIP, TURN, LIGHT, boxes=False),
        "crop + flip + rotation + light, 512": steps(large, FLIP, TURN, LIGHT),
        "resized crop + flip, 512": steps(large, FLIP),
    }


CASES = table()
