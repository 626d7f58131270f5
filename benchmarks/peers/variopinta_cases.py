"""Cases of variopinta, Rust: pipelines compiled to one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from benchmarks.peers.given import Case, Given, Maker

__all__ = ["CASES", "PACKAGES"]

PACKAGES = ("variopinta", "numpy")
SIDE = 224
V: Any = import_module("variopinta")
REFLECT = {"border_mode": V.BorderMode.REFLECT101}


def steps(*made: Any) -> Maker:
    """Return a case: the picture through one compiled pipeline, keyed as augkit's are."""

    def make(given: Sequence[Given]) -> Case:
        compiled = V.Pipeline(list(made), seed=0).compile()
        return lambda number, turn: compiled(given[number].image, key=number * 100_000 + turn)

    return make


def masked(*made: Any) -> Maker:
    """Return a case with a mask beside the picture."""

    def make(given: Sequence[Given]) -> Case:
        image, mask = V.Image(name="image"), V.Mask(name="mask")
        compiled = V.Pipeline(list(made), seed=0, targets=[image, mask]).compile()

        def case(number: int, turn: int) -> Any:
            one = given[number]
            found = compiled(image=image.bind(one.image), mask=mask.bind(one.mask), key=number * 100_000 + turn)
            return found.image.array

        return case

    return make


def jitter(brightness: float, contrast: float, saturation: float, hue: float = 0.0, p: float = 1.0) -> Any:
    """Return a jitter of factors about 1 and hues about 0."""
    ranges = {
        f"{name}_range": (1 - by, 1 + by)
        for name, by in {"brightness": brightness, "contrast": contrast, "saturation": saturation}.items()
    }
    return V.ColorJitter(**ranges, hue_range=(-hue, hue), p=p)


def crop(side: int = SIDE, least: float = 0.5, **options: Any) -> Any:
    """Return a resized crop."""
    return V.RandomResizedCrop(side, side, area_range=(least, 1.0), **options)


def box(part: float) -> dict[str, Any]:
    """Return the sides of holes."""
    return {"num_holes_range": (1, 1), "hole_height_range": (0.1, part), "hole_width_range": (0.1, part)}


FLIP = V.HorizontalFlip(p=0.5)
TURN = V.Affine(degrees_range=(-15.0, 15.0), **REFLECT)
LIGHT = jitter(0.1, 0.1, 0.0)
NOISE = V.GaussianNoise(std_range=(0.05 * 255, 0.05 * 255))
DISTORT = V.GridDistortion(num_steps=8, distortion_range=(-0.17, 0.17))
affine: Callable[..., Any] = V.Affine
STILL = {"degrees_range": (0.0, 0.0), **REFLECT}
CASES: dict[str, Maker] = {
    "Mirror": steps(V.HorizontalFlip(p=1.0)),
    "Mirror, vertical": steps(V.VerticalFlip(p=1.0)),
    "RandomCrop": steps(V.RandomCrop(SIDE, SIDE)),
    "CenterCrop": steps(V.CenterCrop(SIDE, SIDE)),
    "RandomResizedCrop": steps(crop(least=0.08)),
    "RandomResizedCrop, all antialias": steps(crop(least=0.08, antialias=True)),
    "Resize": steps(V.Resize(SIDE, SIDE)),
    "Resize, all antialias": steps(V.Resize(SIDE, SIDE, antialias=True)),
    "Resize, larger": steps(V.Resize(600, 800)),
    "ResizeSide": steps(V.LongestMaxSize(341)),
    "PadTo": steps(V.PadIfNeeded(min_height=512, min_width=512, **REFLECT)),
    "Rotate": steps(V.RandomRotation((30.0, 30.0), **REFLECT)),
    "Shear": steps(affine(**STILL, shear_x_range=(-10.0, 10.0))),
    "Scale": steps(affine(**STILL, scale_range=(0.8, 1.25))),
    "Translate": steps(affine(**STILL, translate_max_fraction=(0.1, 0.1))),
    "Perspective": steps(V.Perspective(distortion_scale_range=(0.1, 0.1))),
    "LocalWarp": steps(DISTORT),
    "Brightness": steps(jitter(0.2, 0, 0)),
    "Contrast": steps(jitter(0, 0.2, 0)),
    "Saturation": steps(jitter(0, 0, 0.3)),
    "Hue": steps(jitter(0, 0, 0, 10 / 360)),
    "Brightness, Contrast, Saturation, Hue": steps(jitter(0.2, 0.2, 0.2, 0.03)),
    "Grayscale": steps(V.Grayscale()),
    "Solarize": steps(V.Solarize(128)),
    "Posterize": steps(V.Posterize(4)),
    "Invert": steps(V.Invert()),
    "Blur, gaussian": steps(V.GaussianBlur(kernel_size=9, sigma_range=(1.5, 1.5))),
    "Blur, gaussian, wide": steps(V.GaussianBlur(kernel_size=31, sigma_range=(5.0, 5.0))),
    "Sharpen": steps(V.Sharpen()),
    "Noise": steps(NOISE),
    "Erase": steps(V.CoarseDropout(**box(0.5), p=1.0)),
    "resized crop + flip": steps(crop(), FLIP),
    "crop + flip": steps(V.RandomCrop(SIDE, SIDE), FLIP),
    "resized crop + flip + rotation + light": steps(crop(), FLIP, TURN, LIGHT),
    "the same + hue and saturation": steps(crop(), FLIP, TURN, jitter(0.1, 0.1, 0.3, 0.03)),
    "six tactics but the colour": steps(
        crop(), FLIP, affine(degrees_range=(-15.0, 15.0), shear_x_range=(-10.0, 10.0), **REFLECT), DISTORT
    ),
    "flip + shift, scale, rotation + light": steps(
        FLIP,
        affine(degrees_range=(-45.0, 45.0), translate_max_fraction=(0.0625, 0.0625), scale_range=(0.9, 1.1), **REFLECT),
        jitter(0.2, 0.2, 0),
    ),
    "SimCLR: crop, jitter, grey, blur": steps(
        crop(least=0.08),
        FLIP,
        jitter(0.8, 0.8, 0.8, 0.2, p=0.8),
        V.Grayscale(p=0.2),
        V.GaussianBlur(kernel_size=9, sigma_range=(0.1, 2.0), p=0.5),
    ),
    "resized crop + flip + erasing": steps(crop(), FLIP, V.CoarseDropout(**box(0.5), p=1.0)),
    "segmentation: crop, flip, rotation, light, mask": masked(crop(), FLIP, TURN, LIGHT),
    "crop + flip + rotation + light, 512": steps(crop(512), FLIP, TURN, LIGHT),
    "resized crop + flip, 512": steps(crop(512), FLIP),
}
