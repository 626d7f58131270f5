"""Pipelines of the corpus as users hold them, YAML; and samples with all that moves with a picture, to run plans on."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import augkit as ak
from corpus.sources import Files, pixels

BUNDLED = ("digits", "identity", "light", "lines", "six", "strong")
STYLE = (
    "{mean: [0.6, 0.5, 0.3], covariance: [[0.04, 0.02, 0.01], [0.02, 0.05, 0.0], [0.01, 0.0, 0.03]], amplitudes: "
    "AACAPgAAAD8AAMA+AAAAPwAAgD4AAAA+AAAAPwAAgD4AAMA+AACAPgAAwD4AAAA/AAAAPwAAgD4AAMA+AACAPgAAgD4AAAA/}"
)
COLOURS = "{eigenvalues: [0.2, 0.05, 0.01], eigenvectors: [[1.0, 0.0, 0.0], [0.0, 0.6, -0.8], [0.0, 0.8, 0.6]]}"

# A line a step: every transform with several arguments, so that each way through it is taken.
STEPS = f"""
Add: {{first: [{{Convolve: vertical_line}}], second: [{{Convolve: horizontal_line}}]}}
Add: {{first: [], second: [{{Rotate: [-40, 40]}}, {{Brightness: 0.3}}]}}
Add: {{first: [{{Rotate: 20}}, {{Brightness: 0.5}}], second: [{{Mirror: {{chance: 0.5}}}}, {{Brightness: 0.5}}]}}
Add: {{first: [{{Pool: mean}}], second: [{{Convolve: {{kernel: [[-0.5, 0.5], [-0.5, 0.5]], stride: 2, padding: 0}}}}]}}
Add: {{first: [{{Add: {{first: [Invert], second: [Mirror]}}}}], second: [Gamma, LocalWarp]}}
AugMix
AugMix: {{severity: 10.0, width: 2, depth: 2, alpha: 0.5}}
AutoAugment
AutoAugment: cifar
AutoAugment: svhn
AutoContrast
AutoContrast: {{cutoff: [0.01, 0.2]}}
Binarize
Binarize: otsu
Binarize: {{threshold: [0.3, 0.7]}}
Blur
Blur: {{radius: 3.0}}
Blur: {{radius: 0.0}}
Blur: {{kind: motion, radius: [2.0, 5.0]}}
Blur: {{kind: motion, radius: 4.0, degrees: 90.0}}
Blur: {{kind: median, radius: [1.0, 3.0]}}
Brightness
Brightness: [0.0, 2.5]
CenterCrop: [20, 30]
CenterCrop: [60, 40]
ChannelShuffle
ColorTransfer: {{reference: {STYLE}}}
ColorTransfer: {{reference: {STYLE}, strength: 1.0}}
Contrast
Contrast: {{factor: [0.2, 3.0]}}
Convolve: sobel_x
Convolve: laplacian
Convolve: sharpen
Convolve: box
Convolve: {{kernel: emboss, stride: 2, padding: 0}}
Convolve: {{kernel: gaussian, stride: [2, 3]}}
Convolve: {{kernel: [[0.25, 0.25], [0.25, 0.25]], padding: [1, 0]}}
Convolve: {{kernel: [[0.5, -1.0, 2.0, -1.0, 0.5], [0.5, -1.0, 2.0, -1.0, 0.5]], stride: 2, padding: 3}}
Downscale
Downscale: 0.1
ElasticWarp
ElasticWarp: {{alpha: 300.0, sigma: 16.0}}
ElasticWarp: {{alpha: [50.0, 200.0], sigma: [8.0, 12.0]}}
Equalize
Erase
Erase: {{count: 3, fill: noise}}
Erase: {{kind: cutout, area: 0.2, fill: 0.5, mask_fill: 0}}
Erase: {{kind: grid, area: [0.2, 0.5], cells: 4.0, fill: [0.1, 0.5, 0.9]}}
FourierStyle: {{reference: {STYLE}}}
FourierStyle: {{reference: {STYLE}, beta: 0.2}}
Gamma
Gamma: [0.3, 3.0]
Grayscale
Hue
Hue: 120.0
ImagePCAColorShift
ImagePCAColorShift: {{std: 1.0}}
Invert
Jpeg
Jpeg: 5
LocalWarp
LocalWarp: {{strength: [0.02, 0.2], cells: 4}}
LocalWarp: {{strength: 0.05, cells: 1}}
Maybe: {{chance: 0.6, step: {{Rotate: [20, 30]}}}}
Maybe: {{chance: 1.0, step: {{Hue: {{chance: 0.5}}}}}}
Mirror
Mirror: {{axis: vertical}}
Mirror: {{name: flip, chance: 0.7}}
Noise
Noise: {{kind: salt_and_pepper, amount: 0.1}}
Noise: {{kind: poisson, amount: [0.05, 0.3]}}
OneOf: {{steps: [Mirror, Shear]}}
OneOf: {{steps: [Gamma, {{Rotate: [-40, 40]}}, LocalWarp], weights: [1.0, 2.5, 0.5]}}
PCAColorShift
PCAColorShift: {{std: 0.5, statistics: {COLOURS}}}
Pad: {{left: 7, top: 3, right: 0, bottom: 11}}
PadTo: [60, 50]
PadTo: 61
Perspective
Perspective: 0.2
Pool
Pool: {{kind: mean, size: 3, stride: 2, padding: 1}}
Pool: {{kind: min, size: [2, 3], stride: 1}}
Pool: {{kind: l2, size: 2, stride: 2}}
Posterize
Posterize: 1
QuarterTurn
RandAugment
RandAugment: {{count: 3, magnitude: [0.0, 30.0]}}
RandomBoxCrop: [20, 16]
RandomBoxCrop: {{size: 16, keep: all, scale: [0.3, 0.9]}}
RandomBoxCrop: {{size: [18, 22], keep: overlap, overlap: 0.3}}
RandomCrop: [20, 16]
RandomCrop: [70, 50]
RandomOrder: [Rotate, Shear, Scale]
RandomResizedCrop: 16
RandomResizedCrop: {{size: [24, 30], scale: [0.5, 1.0], ratio: [0.5, 2.0]}}
Resize: [16, 20]
Resize: [61, 75]
ResizeSide: 24
ResizeSide: {{length: [30, 90], side: longer}}
Rotate
Rotate: 90.0
Rotate: [-180, 180]
Rotate: {{degrees: [20, 30], corners: expand}}
Rotate: {{degrees: [20, 30], corners: inscribed}}
Rotate: {{degrees: [-30, 30], corners: inscribed_aspect}}
Saturation
Saturation: 2.0
Scale
Scale: 0.3
Scale: [1.5, 2.0]
Sequence: {{steps: [Rotate, Brightness, {{Rotate: {{name: again}}}}]}}
Sharpen
Sharpen: {{amount: 3.0, radius: 2.0}}
Shear
Shear: {{x_degrees: [-30, 30], y_degrees: 10.0}}
Solarize
Solarize: [0.2, 0.8]
SomeOf: {{count: 2, steps: [Rotate, Hue, Shear]}}
SomeOf: {{count: [0, 2], steps: [Scale, Gamma]}}
Translate
Translate: {{x: 0.25, y: [-0.3, 0.3]}}
TrivialAugment
"""

# Another package does these; their sizes, matrices and boxes stand in the plan.
FOREIGN = """
albumentations.GaussNoise: {std_range: [0.1, 0.2]}
albumentations.HorizontalFlip
albumentations.Affine: {rotate: [-40, 40], scale: [0.7, 1.2]}
albumentations.RandomCrop: {height: 20, width: 30}
albumentations.Resize: {height: 30, width: 24}
albumentations.RandomSizedBBoxSafeCrop: {height: 24, width: 28}
albumentations.AtLeastOneBBoxRandomCrop: {height: 20, width: 24}
albumentations.ElasticTransform: {alpha: 20, sigma: 4}
albumentations.CoarseDropout: {name: holes, chance: 0.9}
albumentations.RandomGridShuffle
albumentations.InvertImg
"""

# Rules of sampling and of mirrors, and chains in which steps meet.
WHOLE = {
    "constant": (
        "border: constant\nfill: [10, 200, 90]\nmask_fill: 7\nmin_visible: 0.5\nsteps: [{Rotate: 35}, {Scale: 0.6}]"
    ),
    "replicate": "border: replicate\nmin_visible: 0.0\nsteps: [{Translate: {x: 0.4, y: -0.3}}, Perspective: 0.15]",
    "wrap": "border: wrap\ninterpolation: nearest\nsteps: [{Rotate: 12.5}, {LocalWarp: {strength: 0.06, cells: 3}}]",
    "hands": (
        "keypoint_pairs: [[0, 1]]\nmirrored_labels: {left: right, ship: plane}\n"
        "steps: [Mirror: {chance: 0.5}, Rotate: [-15, 15]]"
    ),
    "numbers": "mirrored_labels: [[6, 9], [left, right]]\nsteps: [{Mirror: {axis: vertical}}]",
    "chain": (
        "border: constant\nfill: 3\nsteps: [RandomCrop: [30, 36], Mirror, Rotate: 20, LocalWarp, ElasticWarp: "
        "{alpha: 80, sigma: 5}, Blur, Resize: [22, 25], Hue, Gamma, Noise, Rotate: 10, Jpeg: 60, Scale: 0.3]"
    ),
    "halvings": "steps: [Resize: [9, 6], Contrast]",
    "foreign hands": "keypoint_pairs: [[0, 1]]\nsteps: [albumentations.HorizontalFlip, {Rotate: 5}]",
}


def pipelines() -> dict[str, str]:
    """Return the YAML of every pipeline of the corpus that is not bundled, by name."""
    found: dict[str, str] = {}
    for line in (STEPS + FOREIGN).split("\n"):
        if line:
            step = line.partition(":")[0]
            name = next(name for n in count(1) if (name := f"{step} {n}") not in found)
            found[name] = f"steps:\n- {line}\n"
    return found | {name: f"{text}\n" for name, text in WHOLE.items()}


def is_foreign(name: str) -> bool:
    """Say whether another package does what a pipeline draws."""
    return name.startswith(("albumentations.", "foreign"))


def loaded(name: str, folder: Path) -> ak.Pipeline:
    """Return a pipeline of the corpus, or a bundled one."""
    if name in BUNDLED:
        return ak.load(name)
    path = folder / "pipeline.yaml"
    path.write_text(pipelines()[name], encoding="utf-8")
    return ak.load(path)


def samples(size: tuple[int, int] = (40, 52)) -> dict[str, ak.Sample]:
    """Return pictures of every kind; the first carries all that moves with a picture."""
    y, x = np.ogrid[: size[0], : size[1]]
    classes = ((x // 11 + y // 9) % 5).astype(np.uint8)
    boxes = np.array([[4.0, 5.0, 20.0, 22.0], [18.5, 8.0, 50.0, 33.25], [30.0, 25.0, 41.0, 38.0]])
    outline = np.array([[19.0, 9.0], [49.0, 10.0], [48.0, 30.0], [18.5, 33.25]])
    hole = np.array([[20.0, 28.0], [26.0, 28.0], [26.0, 33.0]])
    full = ak.Sample(
        pixels(1, size),
        mask=classes,
        boxes=boxes,
        box_labels=["left", "right", 6],
        polygons=[boxes[0][[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2), [outline, hole], outline * 0.6],
        keypoints=np.array([[6.0, 7.0], [17.5, 7.0], [12.0, 18.0], [24.0, 12.0], [44.5, 12.5], [0.5, 39.5]]),
        keypoint_visible=np.array([2, 2, 1, 2, 2, 0]),
        keypoint_counts=[3, 3],
        label={"class": 3},
        id="corpus/a.png",
        polylines=[np.array([[1.0, 1.0], [30.0, 20.5], [51.0, 38.0]]), np.array([[4.0, 30.0], [40.0, 6.0]])],
        polyline_labels=["lane", "edge"],
        rotated_boxes=np.array([[26.0, 20.0, 20.0, 10.0, 30.0], [46.0, 12.0, 14.0, 9.0, -80.0]]),
        rotated_box_labels=["ship", "plane"],
        masks={"parts": classes.astype(np.int32) * 300, "pair": np.dstack([classes, classes[::-1]])},
        images={"depth": (pixels(5, size, channels=1) / np.float32(255)).astype(np.float32)},
    )
    return {
        "full": full,
        "grey": ak.Sample(pixels(2, size, channels=1), id="grey"),
        "alpha": ak.Sample(pixels(3, size, channels=4), alpha=True, id="alpha"),
        "deep": ak.Sample(pixels(4, size, deep=True), id="deep"),
        "real": ak.Sample((pixels(6, size) / np.float32(255)).astype(np.float32), id="real"),
    }


PARTS = (
    *("image", "mask", "boxes", "box_labels", "polygons", "keypoints", "keypoint_visible", "keypoint_counts", "label"),
    *("id", "alpha", "polylines", "polyline_labels", "rotated_boxes", "rotated_box_labels", "masks", "images"),
)


def parts(sample: ak.Sample) -> dict[str, Any]:
    """Return all that a sample holds, by the names that users know."""
    return {name: getattr(sample, name) for name in PARTS}


def files() -> Files:
    """Return every pipeline as a file beside the sources of a job."""
    return {f"{name}.yaml": text.encode() for name, text in pipelines().items()}
