"""The table of laws' rows: example instances of every registered transform.

A transform is in the table as soon as it is registered, as by default or, where an argument must be given, as its
docstring shows it; here stand further arguments.
"""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np

import augkit as ak
from augkit.core.ops import Op
from augkit.transforms import TRANSFORMS
from augkit.transforms.transform import example
from support.pictures import full_sample

STATISTICS = ak.ColorStatistics((0.2, 0.05, 0.01), ((1.0, 0.0, 0.0), (0.0, 0.6, -0.8), (0.0, 0.8, 0.6)))
AMPLITUDES = np.outer(1 / (1 + np.abs(np.arange(-2, 3))), 1 / (1 + np.arange(3))) * 0.3
STYLE = ak.Style(
    (0.6, 0.5, 0.3),
    ((0.04, 0.02, 0.01), (0.02, 0.05, 0.0), (0.01, 0.0, 0.03)),
    b64encode(np.stack([AMPLITUDES] * 3).astype("<f4").tobytes()).decode(),
)
BRIGHT = ak.Style((0.9, 0.8, 0.7), STYLE.covariance, b64encode(np.full(18, 0.1, "<f4").tobytes()).decode())

SIZE = (120, 160)
MORE: dict[str, list[dict[str, Any]]] = {
    "Add": [
        {"first": (ak.Convolve("vertical_line"),), "second": (ak.Convolve("horizontal_line"),)},
        {"first": (), "second": (ak.Rotate((-40, 40)), ak.Brightness(0.3))},
        {"first": (ak.Rotate(20), ak.Brightness(0.5)), "second": (ak.Maybe(0.5, ak.Mirror()), ak.Brightness(0.5))},
        {"first": (ak.Pool("mean"), ak.Saturation(0.5)), "second": (ak.Convolve(((-0.5, 0.5), (-0.5, 0.5)), 2, 0),)},
    ],
    "Albumentations": [
        {"transform": "InvertImg"},
        {"transform": "GaussNoise", "params": {"std_range": (0.1, 0.2)}, "name": "grain"},
    ],
    "AugMix": [{"severity": 10.0, "width": 2, "depth": 2, "alpha": 0.5}],
    "AutoAugment": [{"policy": "cifar"}, {"policy": "svhn"}],
    "AutoContrast": [{"cutoff": (0.01, 0.2)}],
    "Binarize": [{"threshold": "otsu"}, {"threshold": (0.3, 0.7)}],
    "Blur": [
        {"radius": 3.0},
        {"radius": 0.0},
        {"kind": "motion", "radius": (2.0, 5.0)},
        {"kind": "motion", "radius": 4.0, "degrees": 90.0},
        {"kind": "median", "radius": (1.0, 3.0)},
    ],
    "Brightness": [{"factor": 1.1}, {"factor": (0.0, 2.5)}],
    "Lift": [{"amount": 0.3}, {"amount": (-1.0, 1.0)}],
    "CenterCrop": [{"size": (64, 80)}, {"size": 50}, {"size": (200, 100)}],
    "ColorTransfer": [
        {"reference": STYLE, "strength": 1.0},
        {"reference": ak.Style(STYLE.mean, STYLE.covariance)},
        {"reference": STYLE, "strength": 0.0},
        {"reference": BRIGHT},
    ],
    "Convolve": [
        {"kernel": "vertical_line"},
        {"kernel": "emboss", "stride": 2, "padding": 0},
        {"kernel": "gaussian", "stride": (2, 3)},
        {"kernel": ((0.25, 0.25), (0.25, 0.25)), "padding": (1, 0)},
        {"kernel": ((1.0,),)},
        {"kernel": ((0.5, -1.0, 2.0, -1.0, 0.5),) * 2, "stride": 2, "padding": 3},
    ],
    "Contrast": [{"factor": 0.0}, {"factor": (0.2, 3.0)}],
    "Downscale": [{"factor": 0.1}, {"factor": 1.0}],
    "ElasticWarp": [{"alpha": 300.0, "sigma": 16.0}, {"alpha": (50.0, 200.0), "sigma": (8.0, 12.0)}],
    "Erase": [
        {"count": 3, "fill": "noise"},
        {"kind": "cutout", "area": 0.2, "fill": 0.5, "mask_fill": 0},
        {"kind": "grid", "area": (0.2, 0.5), "cells": 4.0},
        {"area": 0.0},
    ],
    "FourierStyle": [
        {"reference": STYLE},
        {"reference": STYLE, "beta": 0.0},
        {"reference": STYLE, "beta": 0.2},
        {"reference": BRIGHT, "beta": 0.2},
    ],
    "Gamma": [{"power": 2.2}, {"power": (0.3, 3.0)}],
    "Hue": [{"degrees": 120.0}],
    "ImagePCAColorShift": [{"std": 1.0}],
    "Jpeg": [{"quality": 1}, {"quality": (95, 100)}],
    "LocalWarp": [{"strength": 0.0}, {"strength": (0.02, 0.2), "cells": 4}, {"strength": 0.05, "cells": 1}],
    "Maybe": [{"chance": 0.5, "step": ak.Rotate()}, {"chance": 1.0, "step": ak.Maybe(0.5, ak.Hue())}],
    "Mirror": [{"axis": "vertical"}, {"axis": "horizontal", "name": "flip"}],
    "Noise": [
        {"amount": 0.0},
        {"kind": "salt_and_pepper", "amount": 0.1},
        {"kind": "poisson", "amount": (0.05, 0.3)},
        {"amount": 0.3},
    ],
    "OneOf": [
        {"steps": (ak.Mirror(), ak.Shear())},
        {"steps": (ak.Gamma(), ak.Rotate(degrees=(-40, 40)), ak.LocalWarp()), "weights": (1.0, 2.5, 0.0)},
    ],
    "PCAColorShift": [{"std": 0.5, "statistics": STATISTICS}],
    "Pad": [{"left": 7, "top": 3, "right": 0, "bottom": 11}],
    "PadTo": [{"size": (150, 140)}, {"size": 161}],
    "Perspective": [{"strength": 0.2}],
    "Pool": [
        {"kind": "mean", "size": 3, "stride": 2, "padding": 1},
        {"kind": "min", "size": (2, 3), "stride": 1},
        {"kind": "l2", "size": 2, "stride": 2},
        {"kind": "max", "size": 3, "stride": 1, "padding": 1},
    ],
    "Posterize": [{"bits": 1}, {"bits": (2, 4)}],
    "RandAugment": [{"magnitude": (0.0, 15.0)}, {"count": 1, "magnitude": 30.0}],
    "RandomBoxCrop": [
        {"size": (96, 80)},
        {"size": 64, "keep": "all", "scale": (0.3, 0.6)},
        {"size": (70, 50), "keep": "overlap", "overlap": 0.3},
    ],
    "RandomCrop": [{"size": (64, 80)}, {"size": 32}, {"size": (200, 100)}],
    "RandomOrder": [{"steps": (ak.Rotate(), ak.Shear(), ak.Scale())}],
    "RandomResizedCrop": [{"size": (96, 96)}, {"size": (70, 50), "scale": (0.5, 1.0), "ratio": (0.5, 2.0)}],
    "Resize": [{"size": (64, 64)}, {"size": (30, 40)}, {"size": (150, 171)}],
    "ResizeSide": [{"length": 64}, {"length": (80, 150), "side": "longer"}],
    "Rotate": [
        {"degrees": 90.0},
        {"degrees": (-180.0, 180.0)},
        {"degrees": (20.0, 30.0), "corners": "expand"},
        {"degrees": (20.0, 30.0), "corners": "inscribed"},
        {"degrees": (-30.0, 30.0), "corners": "inscribed_aspect"},
    ],
    "Saturation": [{"factor": 0.0}, {"factor": 2.0}],
    "Scale": [{"factor": 0.4}, {"factor": (1.5, 2.0)}],
    "Sequence": [{"steps": (ak.Rotate(), ak.Brightness(), ak.Rotate(name="again"))}],
    "Sharpen": [{"amount": 0.0}, {"amount": 3.0, "radius": 2.0}],
    "Shear": [{"x_degrees": (-30.0, 30.0), "y_degrees": 10.0}],
    "SomeOf": [
        {"count": 2, "steps": (ak.Rotate(), ak.Hue(), ak.Shear())},
        {"count": (0, 2), "steps": (ak.Scale(), ak.Gamma())},
    ],
    "Solarize": [{"threshold": 0.0}, {"threshold": (0.2, 0.8)}],
    "Translate": [{"x": 0.25, "y": (-0.3, 0.3)}],
}


def rows() -> Iterator[ak.Transform]:
    """Yield example instances of every registered transform."""
    for name, cls in TRANSFORMS.items():
        yield example(cls)
        for arguments in MORE.get(name, []):
            yield cls(**arguments)


def drawn(step: ak.Transform, key: ak.Key, scene: ak.Scene | None = None) -> tuple[Op, ...]:
    """Return what a transform draws."""
    return step.draw(key.stream(ak.Pipeline([step]).labels[0]), scene or ak.Scene(SIZE))


def outcome(step: ak.Transform) -> list[str]:
    """Return the plans that a transform draws for some keys, each with a hash of the picture that it makes."""
    sample, found = full_sample(SIZE), []
    for n in range(2):
        plan = ak.Pipeline([step]).draw(ak.Key(n, "outcome"), ak.Scene.of(sample))
        found += [plan.to_json(), sha256(ak.run(plan, sample).image.tobytes()).hexdigest()]
    return found


ROWS = list(rows())
BUNDLED = ("digits", "identity", "light", "lines", "six", "small", "strong")
