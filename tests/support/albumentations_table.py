"""The table of Albumentations' transforms: what each needs to be made, and what is said of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

import augkit as ak
from support.pictures import boxed_sample, full_sample, noise, picture

SIZE = (120, 160)
CROP = {"height": 60, "width": 70}
REFERENCES = ["reference 0.png", "reference 1.png"]  # relative to the current folder, filled by `lay_pictures_beside`

# What a transform needs to be made, or to do something visible at every draw; the others are done as they come.
PARAMS: dict[str, dict[str, Any]] = {
    "Affine": {"rotate": [-40, 40], "scale": [0.7, 1.2]},
    "AtLeastOneBBoxRandomCrop": CROP,
    "CenterCrop": CROP,
    "ConstrainedCoarseDropout": {"mask_indices": [3, 7]},
    "Crop": {"x_max": 70, "y_max": 60},
    "CropAndPad": {"percent": [-0.1, 0.2], "keep_size": False},
    "CropNonEmptyMaskIfExists": CROP,
    "FDA": {"metadata": REFERENCES},
    "FancyPCA": {"alpha": 5.0},
    "GridElasticDeform": {"num_grid_xy": [4, 4], "magnitude": 5},
    "HistogramMatching": {"metadata": REFERENCES},
    "LongestMaxSize": {"max_size": [64, 80]},
    "Mosaic": {"target_size": [100, 90], "metadata": [{"image": REFERENCES[0], "mask": "mask.png"}]},
    "OverlayElements": {"metadata": [{"image": "small.png"}]},
    "Pad": {"padding": [1, 2, 3, 4]},
    "PiecewiseAffine": {"nb_rows": 3, "nb_cols": 3},
    "PixelDistributionAdaptation": {"metadata": REFERENCES},
    "RandomCrop": CROP,
    "RandomCropNearBBox": {"metadata": [30, 30, 80, 90]},
    "RandomResizedCrop": {"size": [60, 70]},
    "RandomSizedBBoxSafeCrop": CROP,
    "RandomSizedCrop": {"min_max_height": [40, 80], "size": [60, 70]},
    "Resize": CROP,
    "SmallestMaxSize": {"max_size": 64},
    "TextImage": {"font_path": "font.ttf", "metadata": {"text": "a few words", "bbox": [0.1, 0.1, 0.9, 0.4]}},
    "XYMasking": {"num_masks_x": [1, 3], "num_masks_y": 2, "mask_x_length": [5, 20], "mask_y_length": 5, "fill": 255},
}
# These come out alike whatever the key is: what they do follows from their arguments and the picture.
FIXED = {
    *("AutoContrast", "CenterCrop", "Crop", "Downscale", "Equalize", "FromFloat", "HorizontalFlip", "InvertImg"),
    *("Morphological", "NoOp", "Pad", "PadIfNeeded", "Posterize", "Resize", "SmallestMaxSize", "Solarize"),
    *("TimeReverse", "ToFloat", "ToGray", "ToSepia", "Transpose", "VerticalFlip"),
}
ONLY_FLOAT = {"FromFloat"}  # takes no other dtype
TEARING = {"Mosaic", "RandomGridShuffle"}  # outlines do not go through them
WITHOUT_BOXES = {"Morphological": "its code for boxes asks OpenCV 5 for a third dimension, and is refused"}
# The only ones that take a picture and are no step: each with its reason.
EXCEPTIONS = {
    "Lambda": "it holds functions, which cannot be written down",
    "Normalize": "its values lie outside the picture's range, and normalisation belongs to the model",
    "ToRGB": "it changes the number of channels",
    "ToTensorV2": "a tensor is no picture: loaders make it",
}


def lay_pictures_beside() -> None:
    """Write what the table names into the current folder."""
    for n, path in enumerate(REFERENCES):
        Image.fromarray(noise(SIZE, seed=n) // (n + 2)).save(path)
    Image.fromarray(noise((20, 30), seed=9)).save("small.png")
    Image.fromarray(np.full(SIZE, 5, np.uint8)).save("mask.png")
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    Path("font.ttf").write_bytes(font.read_bytes())


def step_of(name: str) -> Any:
    return ak.Albumentations(name, PARAMS.get(name, {}))


def sample_of(name: str) -> ak.Sample:
    """Return a picture with all labels that the transform takes."""
    image = picture(SIZE, "float32" if name in ONLY_FLOAT else "uint8")
    whole = boxed_sample(SIZE, image) if name in TEARING else full_sample(SIZE, image)
    return replace(whole, boxes=None, box_labels=None, polygons=None) if name in WITHOUT_BOXES else whole


def made(name: str, key: ak.Key) -> ak.Sample:
    """Return what the transform makes of its picture."""
    return ak.Pipeline([step_of(name)])(sample_of(name), key)
