"""Measure labels in pixels: where keypoints say that dots are, and where the moved dots are found.

Small round dots on black are moved by each warp, and their centres of mass compared with the moved keypoints; beside
Albumentations, which has the same kinds of warps, where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import augkit as ak

__all__ = ["measure", "table"]

Points = NDArray[np.float64]
Moved = Callable[[NDArray[np.uint8], Points, int], tuple[NDArray[Any], Points]]
SIDE, SPACING, SIGMA = 240, 40, 2.0
WARPS: dict[str, tuple[ak.Transform, ...]] = {
    "rotation": (ak.Rotate((-30.0, 30.0)),),
    "perspective": (ak.Perspective(0.1),),
    "local warp": (ak.LocalWarp(),),
    "elastic warp": (ak.ElasticWarp(alpha=60.0, sigma=6.0),),
    "six tactics": tuple(step for step in ak.load("six").steps if type(step).__name__ != "PCAColorShift"),
}


def measure(draws: int = 20) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    found = {name: {"augkit": _errors(_ours(steps), draws)} for name, steps in WARPS.items()}
    for name, theirs in _theirs().items():
        found[name]["albumentations"] = _errors(theirs, draws)
    return {"question": (__doc__ or "").splitlines()[0], "draws": draws, "px": found}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{'':16}{'':16}{'median':>9}{'largest':>9}{'dots':>7}"]
    for name, several in found["px"].items():
        lines += [f"{name:16}{who:16}{of['median']:9.3f}{of['max']:9.3f}{of['dots']:7}" for who, of in several.items()]
    return "\n".join(lines)


def _dots() -> tuple[NDArray[np.uint8], Points]:
    places = np.arange(SPACING, SIDE, SPACING)
    points = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2).astype(np.float64)
    picture = np.zeros((SIDE, SIDE), np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    for across, down in points:
        shade = 250 * np.exp(-((x - across) ** 2 + (y - down) ** 2) / (2 * SIGMA**2))
        picture = np.maximum(picture, np.rint(shade).astype(np.uint8))
    return picture, points


def _errors(moved: Moved, draws: int) -> dict[str, float]:
    picture, points = _dots()
    errors: list[float] = []
    for draw in range(draws):
        shown, told = moved(picture, points, draw)
        errors += [error for point in told if (error := _error(shown, point)) is not None]
    return {
        "median": round(float(np.median(errors)), 4),
        "max": round(float(np.max(errors)), 4),
        "dots": len(errors),
    }


def _error(shown: NDArray[Any], point: Points) -> float | None:
    """Return how far a dot's centre of mass is from a point; None where the dot may be cut off."""
    reach = SPACING // 3
    if not all(reach < value < side - reach for value, side in zip(point, shown.shape[1::-1], strict=True)):
        return None
    left, top = (int(value) - reach for value in point)
    window = shown[top : top + 2 * reach + 1, left : left + 2 * reach + 1].astype(np.float64)
    if window.max() < 100.0:
        return None
    window = np.where(window > 20.0, window, 0.0)
    y, x = np.mgrid[: window.shape[0], : window.shape[1]] + 0.5
    mass = window.sum()
    return float(np.hypot((window * x).sum() / mass + left - point[0], (window * y).sum() / mass + top - point[1]))


def _ours(steps: tuple[ak.Transform, ...]) -> Moved:
    pipeline = ak.Pipeline(list(steps), border="constant")

    def moved(picture: NDArray[np.uint8], points: Points, draw: int) -> tuple[NDArray[Any], Points]:
        made = pipeline(ak.Sample(picture, keypoints=points), ak.Key(0, "dots", draw))
        assert made.keypoints is not None
        return made.image, np.asarray(made.keypoints)

    return moved


def _theirs() -> dict[str, Moved]:
    if find_spec("albumentations") is None:
        return {}
    A: Any = import_module("albumentations")
    sure = {"border_mode": cv2.BORDER_CONSTANT, "p": 1}
    warps = {
        "rotation": A.Rotate(limit=(-30, 30), **sure),
        "perspective": A.Perspective(scale=(0.05, 0.1), **sure),
        "local warp": A.ElasticTransform(alpha=290, sigma=16, **sure),
        "elastic warp": A.ElasticTransform(alpha=60, sigma=6, **sure),
    }
    how = A.KeypointParams("xy", remove_invisible=False)

    def moving(warp: Any) -> Moved:
        composed = A.Compose([warp], keypoint_params=how, seed=0)

        def moved(picture: NDArray[np.uint8], points: Points, draw: int) -> tuple[NDArray[Any], Points]:
            made = composed(image=picture, keypoints=points - 0.5)  # pixel centres are whole numbers there
            return made["image"], np.asarray(made["keypoints"], np.float64).reshape(-1, 2) + 0.5

        return moved

    return {name: moving(warp) for name, warp in warps.items()}
