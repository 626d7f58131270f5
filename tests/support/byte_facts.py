"""Hashes of plans, pixels and labels of many pipelines, to be compared between processors, builds and paths.

``python -m support.byte_facts [EXECUTOR]`` prints them as JSON, three a subject: of the plans, of all arrays of
pixels, of all coordinates and the rest; and of the trees that `expand` makes. ``small`` behind it takes small pictures.
The pictures are made of whole numbers, so that they are the same everywhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import augkit as ak
from augkit import compiled
from augkit.core.sampling import Interpolation
from augkit.expand import expand
from augkit.images import encode
from support.folders import tree
from support.pictures import full_sample
from support.table import BUNDLED, ROWS

SIZES = [(120, 160), (375, 500), (28, 28), (301, 97)]
SMALL_SIZES = [(43, 61), (28, 28)]
CHAINS = 24
DTYPES = {"uint16": 257, "float32": 1}
INTERPOLATIONS: tuple[Interpolation, ...] = ("cubic", "lanczos", "nearest")
Parts = tuple[list[bytes], list[bytes], list[bytes]]


def photo(size: tuple[int, int], channels: int = 3, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture with edges, slopes and grain: (H, W, channels), or (H, W) of one."""
    y, x, c = np.ogrid[: size[0], : size[1], :channels]
    grain = (x * 2654435761 + y * 40503 + c * 97 + seed * 7919) % 65521 * 48271 % 65521 % 23
    slopes = (x * (3 + c) + y * (2 + seed)) // 4 % 256
    edges = ((x - 3 * c) // 31 + y // 23) % 2 * 90
    found: NDArray[np.uint8] = ((slopes + edges + grain) % 256).astype(np.uint8)
    return found if channels > 1 else found[..., 0]


def subjects(sizes: list[tuple[int, int]]) -> Iterator[tuple[str, ak.Pipeline, ak.Sample]]:
    """Yield what is tried: each transform, the bundled pipelines, chains; deep, grey and transparent pictures."""
    plain = [step for step in ROWS if "lbumentations" not in type(step).__module__]
    size = sizes[0]
    sample = full_sample(size, photo(size))
    for number, step in enumerate(plain):
        yield f"{number} {step!r:.60}", ak.Pipeline([step]), sample
    for name in BUNDLED:
        for other in sizes:
            yield f"{name} {other}", ak.load(name), full_sample(other, photo(other))
    state = 1
    for number in range(CHAINS):
        steps = []
        for _ in range(4):
            state = state * 48271 % 2147483647
            steps.append(plain[state % len(plain)])
        policy: dict[str, Any] = {"border": ("reflect", "constant", "wrap", "replicate")[number % 4]}
        policy["interpolation"] = (*INTERPOLATIONS, "linear")[number % 3]
        yield f"chain {number}", ak.Pipeline([ak.Maybe(1.0, step) for step in steps], **policy), sample
    for way in INTERPOLATIONS:
        for number, step in enumerate((ak.Rotate(), ak.Scale((0.2, 0.6)), ak.LocalWarp(), ak.Perspective(0.2))):
            yield f"{way} {number}", ak.Pipeline([step, ak.Brightness()], interpolation=way), sample
    for number, step in enumerate(plain):
        for dtype, unit in DTYPES.items():
            deep = (photo(size) * np.float32(1 / 255)) if dtype == "float32" else photo(size) * np.uint16(unit)
            yield f"{number} {dtype}", ak.Pipeline([step]), replace(sample, image=deep)
    for name in ("light", "digits", "lines"):
        yield f"{name} grey", ak.load(name), full_sample(size, photo(size, 1))
        yield f"{name} of five bands", ak.load("lines"), full_sample(size, photo(size, 5))
    for name in ("light", "six", "strong"):
        yield f"{name} alpha", ak.load(name), replace(full_sample(size, photo(size, 4)), alpha=True)


def facts(executor: str | None = None, sizes: list[tuple[int, int]] | None = None) -> dict[str, list[str]]:
    """Return the hashes: of plans, pixels, labels; of the trees one."""
    found = {}
    for name, pipeline, sample in subjects(sizes or SIZES):
        parts: Parts = ([], [], [])
        for n in range(1 if sizes else 2):
            try:
                plan = pipeline.draw(ak.Key(n, "byte/facts.png", n), ak.Scene.of(sample))
                parts[0].append(plan.to_json().encode())
                out = ak.run(plan, sample, executor)
            except ak.AugkitError as refusal:
                parts[2].append(str(refusal).encode())
                continue
            for field in fields(out):
                _add(getattr(out, field.name), parts)
        found[name] = [_hash(part) for part in parts]
    for name, encoding in (("six", "jpeg"), ("strong", "png"), ("light", "webp")):
        found[f"tree of {name}"] = [_tree(name, encoding, executor, (sizes or SIZES)[0])]
    return found


def _tree(pipeline: str, encoding: str, executor: str | None, size: tuple[int, int]) -> str:
    with TemporaryDirectory() as folder:
        (sources := Path(folder) / "in" / "a").mkdir(parents=True)
        for number in range(2):
            lying = (size[1], size[0]) if number else size
            (sources / f"{number}.png").write_bytes(encode(photo(lying, seed=number), "png"))
        expand(
            sources.parent, Path(folder) / "out", pipeline=pipeline, copies=2, encoding=encoding, executor=executor,
            workers=0,
        )  # fmt: skip
        return _hash(
            [part for name, data in sorted(tree(Path(folder) / "out").items()) for part in (name.encode(), data)]
        )


def _hash(parts: list[bytes]) -> str:
    return sha256(b"\n".join(parts)).hexdigest()[:16]


def _add(value: Any, parts: Parts) -> None:
    if isinstance(value, np.ndarray):
        is_pixels = value.dtype != np.float64
        parts[1 if is_pixels else 2].append(value.tobytes())
    elif isinstance(value, dict):
        for name in sorted(value):
            _add(value[name], parts)
    elif isinstance(value, list | tuple):
        for one in value:
            _add(one, parts)
    else:
        parts[2].append(repr(value).encode())


if __name__ == "__main__":
    hashes = facts(next(iter(sys.argv[1:]), None), SMALL_SIZES if "small" in sys.argv[2:] else None)
    json.dump({"path": compiled.path, "package": compiled.__file__, "facts": hashes}, sys.stdout)
