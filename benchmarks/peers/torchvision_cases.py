"""Cases of torchvision's v2 transforms, on uint8 tensors (C, H, W) that lie as decoded pictures do, one at a time.

The index's wheel is built for CUDA, and does not import beside a torch for processors: two operators of detection,
which no transform uses, are missing. They are declared here, empty, and all else is torchvision's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from benchmarks.peers.given import Case, Given, Maker

__all__ = ["CASES", "PACKAGES"]

PACKAGES = ("torchvision", "torch", "numpy")
SIDE = 224
torch: Any = import_module("torch")
torch.set_num_threads(1)
_DECLARED = torch.library.Library("torchvision", "FRAGMENT")
for _name in ("nms", "qnms"):
    _DECLARED.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
V: Any = import_module("torchvision.transforms.v2")
TV: Any = import_module("torchvision.tv_tensors")
BILINEAR = {"interpolation": V.InterpolationMode.BILINEAR}


def tensor(image: Any) -> Any:
    """Return a picture as a tensor (C, H, W)."""
    return torch.from_numpy(image).permute(2, 0, 1)


def dense(made: Any) -> Any:
    """Return a picture that lies in one piece, as pixels or as planes: some transforms give views."""
    return made if made.is_contiguous() or made.permute(1, 2, 0).is_contiguous() else made.contiguous()


def steps(*made: Any, scaled: bool = False) -> Maker:
    """Return a case: the tensor, of uint8 or of float32 in [0, 1], through one composed pipeline."""

    def make(given: Sequence[Given]) -> Case:
        composed = V.Compose(list(made))
        images = [tensor(one.image).to(torch.float32) / 255 if scaled else tensor(one.image) for one in given]
        return lambda number, turn: dense(composed(images[number]))

    return make


def labelled(*made: Any, boxes: bool) -> Maker:
    """Return a case with boxes or a mask beside the picture."""

    def make(given: Sequence[Given]) -> Case:
        composed = V.Compose(list(made))
        pairs = []
        for one in given:
            label = TV.Mask(torch.from_numpy(one.mask))
            if boxes:
                label = TV.BoundingBoxes(one.boxes, format="XYXY", canvas_size=one.image.shape[:2])
            pairs.append((TV.Image(tensor(one.image)), label))
        return lambda number, turn: composed(*pairs[number])[0]

    return make


def affine(degrees: Any = 0, **arguments: Any) -> Any:
    """Return an affine map, bilinear; beyond the edge it is black, as there is nothing else."""
    return V.RandomAffine(degrees, **BILINEAR, **arguments)


def jitter(*by: float) -> Any:
    """Return a jitter of brightness, contrast, saturation and hue."""
    return V.ColorJitter(*by)


FLIP = V.RandomHorizontalFlip(0.5)
CROP = V.RandomResizedCrop(SIDE, scale=(0.5, 1.0))
PLAIN = V.RandomResizedCrop(SIDE, scale=(0.5, 1.0), antialias=False)
TURN = affine((-15, 15))
ELASTIC = V.ElasticTransform(alpha=34.0, sigma=4.0)
WIDE = V.ElasticTransform(alpha=290.0, sigma=16.0)
LARGE = V.RandomResizedCrop(512, scale=(0.5, 1.0))
CASES: dict[str, Maker] = {
    "Mirror": steps(V.RandomHorizontalFlip(1.0)),
    "Mirror, vertical": steps(V.RandomVerticalFlip(1.0)),
    "RandomCrop": steps(V.RandomCrop(SIDE)),
    "CenterCrop": steps(V.CenterCrop(SIDE)),
    "RandomResizedCrop": steps(V.RandomResizedCrop(SIDE, antialias=False)),
    "RandomResizedCrop, all antialias": steps(V.RandomResizedCrop(SIDE)),
    "Resize": steps(V.Resize((SIDE, SIDE), antialias=False)),
    "Resize, all antialias": steps(V.Resize((SIDE, SIDE))),
    "Resize, larger": steps(V.Resize((600, 800))),
    "ResizeSide": steps(V.Resize(256)),
    "Pad": steps(V.Pad(16, padding_mode="reflect")),
    "Rotate": steps(V.RandomRotation((30, 30), **BILINEAR)),
    "Rotate, expand": steps(V.RandomRotation((30, 30), expand=True, **BILINEAR)),
    "Shear": steps(affine(shear=(-10, 10))),
    "Scale": steps(affine(scale=(0.8, 1.25))),
    "Translate": steps(affine(translate=(0.1, 0.1))),
    "Perspective": steps(V.RandomPerspective(0.2, 1.0)),
    "LocalWarp": steps(WIDE),
    "ElasticWarp": steps(ELASTIC),
    "Brightness": steps(jitter(0.2)),
    "Contrast": steps(jitter(0, 0.2)),
    "Saturation": steps(jitter(0, 0, 0.3)),
    "Hue": steps(jitter(0, 0, 0, 0.028)),
    "Brightness, Contrast, Saturation, Hue": steps(jitter(0.2, 0.2, 0.2, 0.03)),
    "Grayscale": steps(V.Grayscale(3)),
    "Solarize": steps(V.RandomSolarize(128, 1.0)),
    "Posterize": steps(V.RandomPosterize(4, 1.0)),
    "Invert": steps(V.RandomInvert(1.0)),
    "ChannelShuffle": steps(V.RandomChannelPermutation()),
    "Equalize": steps(V.RandomEqualize(1.0)),
    "AutoContrast": steps(V.RandomAutocontrast(1.0)),
    "Blur, gaussian": steps(V.GaussianBlur(9, (1.5, 1.5))),
    "Blur, gaussian, wide": steps(V.GaussianBlur(31, (5.0, 5.0))),
    "Sharpen": steps(V.RandomAdjustSharpness(1.65, 1.0)),
    "Noise": steps(V.GaussianNoise(sigma=0.05), scaled=True),
    "Erase": steps(V.RandomErasing(1.0)),
    "Erase, noise": steps(V.RandomErasing(1.0, value="random"), scaled=True),
    "TrivialAugment": steps(V.TrivialAugmentWide(**BILINEAR)),
    "RandAugment": steps(V.RandAugment(**BILINEAR)),
    "AutoAugment": steps(V.AutoAugment(**BILINEAR)),
    "AugMix": steps(V.AugMix()),
    "RandomResizedCrop, float": steps(V.RandomResizedCrop(SIDE), scaled=True),
    "Rotate, float": steps(V.RandomRotation((30, 30), **BILINEAR), scaled=True),
    "Brightness, float": steps(jitter(0.2), scaled=True),
    "crop + flip": steps(V.RandomCrop(SIDE), FLIP),
    "resized crop + flip": steps(CROP, FLIP),
    "resized crop + flip + rotation + light": steps(CROP, FLIP, TURN, jitter(0.1, 0.1)),
    "the same + hue and saturation": steps(CROP, FLIP, TURN, jitter(0.1, 0.1, 0.3, 0.03)),
    "six tactics but the colour": steps(CROP, FLIP, affine((-15, 15), shear=(-10, 10)), WIDE),
    "flip + shift, scale, rotation + light": steps(
        FLIP, affine((-45, 45), translate=(0.0625, 0.0625), scale=(0.9, 1.1)), jitter(0.2, 0.2)
    ),
    "YOLO's defaults but the mosaic": labelled(
        affine(translate=(0.1, 0.1), scale=(0.5, 1.5), fill=114), jitter(0.4, 0, 0.7, 0.015), FLIP, boxes=True
    ),
    "SimCLR: crop, jitter, grey, blur": steps(
        V.RandomResizedCrop(SIDE),
        FLIP,
        V.RandomApply([jitter(0.8, 0.8, 0.8, 0.2)], 0.8),
        V.RandomGrayscale(0.2),
        V.RandomApply([V.GaussianBlur(9, (0.1, 2.0))], 0.5),
    ),
    "resized crop + flip + RandAugment": steps(CROP, FLIP, V.RandAugment(**BILINEAR)),
    "resized crop + flip + TrivialAugment": steps(CROP, FLIP, V.TrivialAugmentWide(**BILINEAR)),
    "resized crop + flip + erasing": steps(CROP, FLIP, V.RandomErasing(1.0)),
    "detection: flip, scale, rotation, light, boxes": labelled(
        FLIP, affine((-10, 10), scale=(0.8, 1.2)), jitter(0.2, 0.2), V.ClampBoundingBoxes(), boxes=True
    ),
    "segmentation: crop, flip, rotation, light, mask": labelled(CROP, FLIP, TURN, jitter(0.1, 0.1), boxes=False),
    "crop + flip + rotation + light, 512": steps(LARGE, FLIP, TURN, jitter(0.1, 0.1)),
    "resized crop + flip, 512": steps(LARGE, FLIP),
}
