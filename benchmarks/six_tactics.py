"""Measure the six tactics, from a 500 x 375 photo to 224 x 224, beside Albumentations and the JPEG codec.

Crop and resize, mirror, rotate, shear, warp locally, shift along the colours' principal components. All contenders get
the same decoded photos, in rounds, one after the other on one thread. Albumentations has no B-spline warp, so what it
has is measured thrice, each scaled until points move as far as ours:

- `GridDistortion` moves whole rows and columns. The fastest, and so the peer that the headline names.
- `ElasticTransform` with our spline's smoothness is the nearest in kind: every point moves its own way.
- `GridElasticDeform` is a grid of pushes, as ours.

Its `FancyPCA` scales each picture's own deviations from the mean; ours adds the data set's constant vector.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

import augkit as ak
from augkit.core.fuse import fuse
from augkit.core.plan import ColorRun, Plan, SpatialRun
from benchmarks.photos import photos

__all__ = ["measure", "one_thread", "table"]

Image = NDArray[Any]
Contender = Callable[[Image, int, int], object]  # of a photo, its number and the round
Times = dict[str, list[list[float]]]  # milliseconds of every call, round by round

SIDE = 224
QUALITY = 90
OURS, STEPS = "augkit", "augkit, a plan for each step"
HEADLINE = "Albumentations, GridDistortion"
LOCAL = "Albumentations, ElasticTransform"
SLOW = "Albumentations, GridElasticDeform"
JOINED = "Albumentations, GridDistortion, rotate and shear joined by hand"
DECODE, ENCODE = "JPEG: decode the photo", "JPEG: encode the result"


def measure(count: int = 48, rounds: int = 5) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them."""
    with one_thread():
        several = photos(count)
        hot = several[:1] * count
        warps = _warps()
        contenders = _contenders(several)
        _assert_fair(contenders, several[0])
        without_slowest = {name: contender for name, contender in contenders.items() if name != SLOW}
        return {
            "question": __doc__.splitlines()[0],
            "photos": {"count": count, "shape": list(several[0].shape), "rounds": rounds},
            "headline": HEADLINE,
            "warps_px": {name: _displacement(warp) for name, warp in warps.items()},
            "distinct": _summary(_interleaved(contenders, several, rounds)),
            "hot": _summary(_interleaved(without_slowest, hot, rounds)),
            "parts": _summary(_interleaved(_parts(several), several, rounds)),
        }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    count = found["photos"]["count"]
    lines = [found["question"], f"{'':64}{f'{count} photos':>31}{'one hot photo':>31}"]
    head = f"{'ms':>7}{'x augkit (rounds)':>24}"
    lines.append(f"{'':64}{head}{head}")
    for name, figures in found["distinct"].items():
        lines.append(f"{name:64}{_cells(figures)}{_cells(found['hot'].get(name))}")
    lines.append("where augkit's time goes:")
    lines += [f"  {name:62}{_cells(figures)}" for name, figures in found["parts"].items()]
    lines.append("how far the warps move points, px (standard deviation; share that is local):")
    lines += [f"  {name:62}{moved['std']:7.2f}{moved['local']:7.2f}" for name, moved in found["warps_px"].items()]
    return "\n".join(lines)


def _cells(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return f"{'-':>7}{'-':>24}"
    low, high = figures["spread"]
    spread = f"({low:.2f} - {high:.2f})"
    return f"{figures['ms']:7.3f}{figures['ratio']:8.2f}{spread:>16}"


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV compute on one thread inside."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _contenders(several: Sequence[Image]) -> dict[str, Contender]:
    pipeline = ak.load("six")
    single = [ak.Pipeline([step]) for step in pipeline.steps]
    files = [simplejpeg.encode_jpeg(photo, QUALITY, "RGB", "420") for photo in several]
    results = [pipeline(ak.Sample(photo), ak.Key(0, str(n))).image for n, photo in enumerate(several)]

    def one_by_one(photo: Image, n: int, turn: int) -> Image:
        sample, key = ak.Sample(photo), ak.Key(0, str(n), turn)
        for step in single:
            sample = step(sample, key)
        return sample.image

    return {
        OURS: lambda photo, n, turn: pipeline(ak.Sample(photo), ak.Key(0, str(n), turn)).image,
        HEADLINE: _albumentations(HEADLINE),
        LOCAL: _albumentations(LOCAL),
        SLOW: _albumentations(SLOW),
        JOINED: _albumentations(HEADLINE, joined=True),
        STEPS: one_by_one,
        DECODE: lambda photo, n, turn: simplejpeg.decode_jpeg(files[n], "RGB"),
        ENCODE: lambda photo, n, turn: simplejpeg.encode_jpeg(results[n], QUALITY, "RGB", "420"),
    }


def _peer() -> Any:
    return import_module("albumentations")  # an extra, and one that looks for newer versions when it is imported


def _albumentations(warp: str, joined: bool = False) -> Contender:
    """Return the six tactics as Albumentations writes them; bilinear and reflected as ours."""
    A = _peer()
    sure = {"border_mode": cv2.BORDER_REFLECT, "interpolation": cv2.INTER_LINEAR, "p": 1}
    shear = {"x": (-10, 10), "y": (0, 0)}
    turned = [A.Rotate(limit=(-15, 15), **sure), A.Affine(shear=shear, **sure)]
    composed = A.Compose(
        [
            A.RandomResizedCrop(size=(SIDE, SIDE), scale=(0.5, 1), ratio=(3 / 4, 4 / 3), p=1),
            A.HorizontalFlip(p=0.5),
            *([A.Affine(rotate=(-15, 15), shear=shear, **sure)] if joined else turned),
            _albumentations_warp(warp),
            A.FancyPCA(alpha=0.1, p=1),
        ],
        seed=0,
    )
    return lambda photo, n, turn: composed(image=photo)["image"]


def _albumentations_warp(name: str) -> Any:
    """Return a local warp whose displacements have the standard deviation of `LocalWarp(strength=0.03, cells=8)`."""
    A = _peer()
    sure = {"border_mode": cv2.BORDER_REFLECT, "interpolation": cv2.INTER_LINEAR, "p": 1}
    return {
        HEADLINE: lambda: A.GridDistortion(num_steps=8, distort_limit=0.17, **sure),
        # A uniform cubic B-spline smooths like a Gaussian of spacing / sqrt(3) = 16 px. Uniform noise is the faster.
        LOCAL: lambda: A.ElasticTransform(alpha=290, sigma=16, noise_distribution="uniform", **sure),
        SLOW: lambda: A.GridElasticDeform(num_grid_xy=(8, 8), magnitude=6, p=1),
    }[name]()


def _warps() -> dict[str, Contender]:
    A = _peer()
    ours = ak.Pipeline([step for step in ak.load("six").steps if type(step).__name__ == "LocalWarp"])
    found: dict[str, Contender] = {OURS: lambda photo, n, turn: ours(ak.Sample(photo), ak.Key(0, str(n))).image}
    for name in (HEADLINE, LOCAL, SLOW):
        composed = A.Compose([_albumentations_warp(name)], seed=0)
        found[name] = partial(_warped_by, composed)
    return found


def _displacement(warp: Contender, draws: int = 24, margin: int = 32) -> dict[str, float]:
    """Measure how far a warp moves points, by warping a picture of the coordinates.

    Returns:
        The displacement's standard deviation in pixels, and the share of its variance along x that x alone does not
        explain: 0 where whole columns move.
    """
    centres = np.arange(0.5, SIDE) / SIDE
    picture = np.stack([*np.meshgrid(centres, centres), np.zeros((SIDE, SIDE))], -1).astype(np.float32)
    moved = np.array([warp(picture, draw, 0) - picture for draw in range(draws)])  # type: ignore[operator]
    inner = moved[:, margin:-margin, margin:-margin, :2] * SIDE
    along_x = inner[..., 0]
    within_columns = (along_x - along_x.mean(axis=1, keepdims=True)).var()
    return {"std": round(float(inner.std()), 2), "local": round(float(within_columns / along_x.var()), 2)}


def _assert_fair(contenders: dict[str, Contender], photo: Image) -> None:
    for name, contender in contenders.items():
        made = contender(photo, 0, 0)
        if name not in (DECODE, ENCODE):
            shape, dtype = getattr(made, "shape", None), getattr(made, "dtype", None)
            assert (shape, dtype) == ((SIDE, SIDE, 3), np.uint8), f"{name} makes {shape} of {dtype}"


def _interleaved(contenders: dict[str, Contender], several: Sequence[Image], rounds: int) -> Times:
    """Time every call by the processor, contenders taking turns with all photos; round 0 warms up and is not told."""
    times: Times = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            calls = []
            for n, photo in enumerate(several):
                started = time.process_time()
                contender(photo, n, turn)
                calls.append((time.process_time() - started) * 1e3)
            if turn:
                times[name].append(calls)
    return times


def _summary(times: Times) -> dict[str, dict[str, Any]]:
    """Return the median over the rounds of a round's median call (and of its mean), and ratios to augkit."""
    medians = {name: [statistics.median(calls) for calls in rounds] for name, rounds in times.items()}
    found = {}
    for name, theirs in medians.items():
        ratios = [a / b for a, b in zip(theirs, medians[OURS], strict=True)]
        found[name] = {
            "ms": round(statistics.median(theirs), 4),
            "mean_ms": round(statistics.median(map(statistics.fmean, times[name])), 4),
            "ratio": round(statistics.median(theirs) / statistics.median(medians[OURS]), 3),
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],  # of the ratios within a round
        }
    return found


def _parts(several: Sequence[Image]) -> dict[str, Contender]:
    """Return what augkit does, verb by verb. Each run of a part walks the plan and makes a sample of its own."""
    pipeline = ak.load("six")
    samples = [ak.Sample(photo) for photo in several]
    keys = [ak.Key(0, str(n)) for n in range(len(several))]
    scenes = [ak.Scene.of(sample) for sample in samples]
    drawn = [pipeline.ops(key, scene) for key, scene in zip(keys, scenes, strict=True)]
    plans = [pipeline.draw(key, scene) for key, scene in zip(keys, scenes, strict=True)]
    moves = [_only(plan, SpatialRun) for plan in plans]
    moved = [ak.run(move, sample) for move, sample in zip(moves, samples, strict=True)]
    colours = [replace(_only(plan, ColorRun), source=plan.size) for plan in plans]
    return {
        "draw": lambda photo, n, turn: pipeline.ops(ak.Key(0, str(n), turn), scenes[n]),
        "fuse": lambda photo, n, turn: fuse(chain.from_iterable(drawn[n].values()), scenes[n].size, pipeline.policy),
        "run: spatial": lambda photo, n, turn: ak.run(moves[n], samples[n]),
        "run: colour": lambda photo, n, turn: ak.run(colours[n], moved[n]),
        OURS: lambda photo, n, turn: pipeline(ak.Sample(photo), ak.Key(0, str(n), turn)),
    }


def _warped_by(composed: Any, photo: NDArray[np.uint8], n: int, turn: int) -> NDArray[np.uint8]:
    warped: NDArray[np.uint8] = composed(image=photo)["image"]
    return warped


def _only(plan: Plan, kind: type[Any]) -> Plan:
    return replace(plan, steps=tuple(step for step in plan.steps if isinstance(step, kind)))
