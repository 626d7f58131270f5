"""Cases of augrs, Rust, which takes Albumentations' names: the same cases, for what is there."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import cv2
import numpy as np

from benchmarks.peers.given import Case, Given, Maker

__all__ = ["CASES", "PACKAGES"]

PACKAGES = ("augrs-py", "numpy")
SIDE = 224
R: Any = import_module("augrs")
REFLECT = {"border_mode": cv2.BORDER_REFLECT_101}


def steps(*made: Any) -> Maker:
    """Return a case: the picture through one composed pipeline."""

    def make(given: Sequence[Given]) -> Case:
        composed = R.Compose(list(made), seed=0)
        return lambda number, turn: composed(image=given[number].image)["image"]

    return make


def labelled(*made: Any, boxes: bool) -> Maker:
    """Return a case with boxes or a mask beside the picture."""

    def make(given: Sequence[Given]) -> Case:
        how = {"format": "pascal_voc", "label_fields": ["labels"], "min_visibility": 0.1}
        composed = R.Compose(list(made), seed=0, bbox_params=R.BboxParams(**how) if boxes else None)

        def case(number: int, turn: int) -> Any:
            one = given[number]
            if boxes:
                return composed(image=one.image, bboxes=one.boxes, labels=np.arange(len(one.boxes)))["image"]
            return composed(image=one.image, mask=one.mask)["image"]

        return case

    return make


def affine(**arguments: Any) -> Any:
    """Return an affine map that reflects beyond the edge."""
    return R.Affine(p=1.0, **REFLECT, **arguments)


def light(by: float) -> Any:
    """Return a change of brightness and contrast."""
    return R.RandomBrightnessContrast((-by, by), (-by, by), p=1.0)


FLIP = R.HorizontalFlip(p=0.5)
CROP = R.RandomResizedCrop(size=(SIDE, SIDE), scale=(0.5, 1.0))
TURN = affine(rotate=(-15, 15))
ONE = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
ELASTIC = R.ElasticTransform(alpha=290, sigma=16, noise_distribution="uniform", p=1.0, **REFLECT)
SHEARED = affine(rotate=(-15, 15), shear={"x": (-10, 10), "y": (0, 0)})
LARGE = R.RandomResizedCrop(size=(512, 512), scale=(0.5, 1.0))
DROPOUT = R.CoarseDropout((1, 1), (0.1, 0.5), (0.1, 0.5), p=1.0)
CASES: dict[str, Maker] = {
    "Mirror": steps(R.HorizontalFlip(p=1.0)),
    "Mirror, vertical": steps(R.VerticalFlip(p=1.0)),
    "QuarterTurn": steps(R.RandomRotate90(p=1.0)),
    "RandomCrop": steps(R.RandomCrop(SIDE, SIDE)),
    "CenterCrop": steps(R.CenterCrop(SIDE, SIDE)),
    "RandomResizedCrop": steps(R.RandomResizedCrop(size=(SIDE, SIDE))),
    "RandomResizedCrop, all antialias": steps(R.RandomResizedCrop(size=(SIDE, SIDE), interpolation="area")),
    "Resize": steps(R.Resize(SIDE, SIDE)),
    "Resize, all antialias": steps(R.Resize(SIDE, SIDE, interpolation="area")),
    "Resize, larger": steps(R.Resize(600, 800)),
    "ResizeSide": steps(R.SmallestMaxSize(256)),
    "PadTo": steps(R.PadIfNeeded(512, 512, **REFLECT)),
    "Rotate": steps(R.Rotate((30, 30), p=1.0, **REFLECT)),
    "Rotate, cubic": steps(R.Rotate((30, 30), interpolation=cv2.INTER_CUBIC, p=1.0, **REFLECT)),
    "Rotate, expand": steps(affine(rotate=(30, 30), fit_output=True)),
    "Rotate, inscribed": steps(R.Rotate((30, 30), crop_border=True, p=1.0, **REFLECT)),
    "Shear": steps(affine(shear={"x": (-10, 10), "y": (0, 0)})),
    "Scale": steps(affine(scale=(0.8, 1.25), keep_ratio=True)),
    "Translate": steps(affine(translate_percent=(-0.1, 0.1))),
    "Perspective": steps(R.Perspective((0.1, 0.1), p=1.0, **REFLECT)),
    "LocalWarp": steps(ELASTIC),
    "ElasticWarp": steps(R.ElasticTransform(alpha=34, sigma=4, p=1.0, **REFLECT)),
    "Brightness": steps(R.RandomBrightnessContrast((-0.2, 0.2), (0, 0), p=1.0)),
    "Contrast": steps(R.RandomBrightnessContrast((0, 0), (-0.2, 0.2), p=1.0)),
    "Gamma": steps(R.RandomGamma((70, 140), p=1.0)),
    "Saturation": steps(R.ColorJitter(**ONE | {"saturation": (0.7, 1.3)}, p=1.0)),
    "Hue": steps(R.HueSaturationValue((-5, 5), (0, 0), (0, 0), p=1.0)),
    "Brightness, Contrast, Saturation, Hue": steps(R.ColorJitter(hue=(-0.03, 0.03), p=1.0)),
    "Grayscale": steps(R.ToGray(p=1.0)),
    "Blur, gaussian": steps(R.GaussianBlur((0, 0), (1.5, 1.5), p=1.0)),
    "Blur, gaussian, wide": steps(R.GaussianBlur((0, 0), (5, 5), p=1.0)),
    "Noise": steps(R.GaussNoise((0.05, 0.05), p=1.0)),
    "Erase": steps(DROPOUT),
    "crop + flip": steps(R.RandomCrop(SIDE, SIDE), FLIP),
    "resized crop + flip": steps(CROP, FLIP),
    "resized crop + flip + rotation + light": steps(CROP, FLIP, TURN, light(0.1)),
    "the same + hue and saturation": steps(
        CROP, FLIP, TURN, R.ColorJitter((0.9, 1.1), (0.9, 1.1), (0.7, 1.3), (-0.03, 0.03), p=1.0)
    ),
    "six tactics but the colour": steps(CROP, FLIP, SHEARED, ELASTIC),
    "flip + shift, scale, rotation + light": steps(
        FLIP,
        R.ShiftScaleRotate((-0.0625, 0.0625), (-0.1, 0.1), (-45, 45), p=1.0, **REFLECT),
        light(0.2),
    ),
    "YOLO's defaults but the mosaic": labelled(
        R.Affine(translate_percent=(-0.1, 0.1), scale=(0.5, 1.5), keep_ratio=True, fill=114, p=1.0),
        R.HueSaturationValue((-3, 3), (-178, 178), (-102, 102), p=1.0),
        FLIP,
        boxes=True,
    ),
    "SimCLR: crop, jitter, grey, blur": steps(
        R.RandomResizedCrop(size=(SIDE, SIDE)),
        FLIP,
        R.ColorJitter((0.2, 1.8), (0.2, 1.8), (0.2, 1.8), (-0.2, 0.2), p=0.8),
        R.ToGray(p=0.2),
        R.GaussianBlur((0, 0), (0.1, 2.0), p=0.5),
    ),
    "resized crop + flip + erasing": steps(CROP, FLIP, DROPOUT),
    "detection: flip, scale, rotation, light, boxes": labelled(
        FLIP, R.Affine(scale=(0.8, 1.2), rotate=(-10, 10), keep_ratio=True, p=1.0), light(0.2), boxes=True
    ),
    "segmentation: crop, flip, rotation, light, mask": labelled(CROP, FLIP, TURN, light(0.1), boxes=False),
    "crop + flip + rotation + light, 512": steps(LARGE, FLIP, TURN, light(0.1)),
    "resized crop + flip, 512": steps(LARGE, FLIP),
}
