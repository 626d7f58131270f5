"""Cases of AlbumentationsX, AGPL, which goes on where Albumentations ended: the same ones, under its names.

What has another meaning there is written anew or left out.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.peers import albumentations_cases as original
from benchmarks.peers.albumentations_cases import REFLECT, TACTICS, Named, named

__all__ = ["CASES", "PACKAGES"]

PACKAGES = ("albumentationsx", "albucore", "torch", "numpy", "opencv-python-headless")
RENAMED = {
    "alpha": "alpha_range",
    "amount": "amount_range",
    "beta_limit": "beta_range",
    "blur_limit": "blur_range",
    "brightness_limit": "brightness_range",
    "contrast_limit": "contrast_range",
    "distort_limit": "distort_range",
    "limit": "angle_range",
    "sigma_limit": "sigma_range",
}
RENAMED |= {name: f"{name}_range" for name in ("brightness", "contrast", "saturation", "hue")}
ELASTIC = named("ElasticTransform", displacement_range=(0.03, 0.03), control_grid_shape=(8, 8), **REFLECT)


def made(transform: Named) -> Any:
    """Return the transform under the names of its arguments here."""
    name, arguments = transform
    if name == "ElasticTransform" and "sigma" in arguments:
        raise ValueError("its ElasticTransform is a grid of pushes, not smoothed noise")
    renamed = {RENAMED.get(key, key): value for key, value in arguments.items()}
    if name == "RandomResizedCrop" and not renamed["args"]:
        renamed["args"] = (renamed.pop("size"),)
    return original.made((name, renamed))


steps = partial(original.composed, build=made)
CASES = original.table(made) | {
    "LocalWarp": steps(ELASTIC),
    "six tactics, elastic": steps(*TACTICS, ELASTIC, named("FancyPCA")),
}
del CASES["ElasticWarp"]
