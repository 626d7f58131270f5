"""Hashes of plans, pixels and labels of many pipelines, to be compared between processors, builds and paths.

``python -m support.byte_facts [EXECUTOR]`` prints them as JSON, three a subject: of the plans, of all arrays of
pixels, of all coordinates and the rest. The pictures are made of whole numbers, so that they are the same everywhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

import augkit as ak
from augkit import compiled
from support.pictures import full_sample
from support.table import BUNDLED, ROWS, SIZE

RGB_SIZES = [(120, 160), (375, 500), (28, 28), (301, 97)]
CHAINS = 24
DTYPES = {"uint16": 257, "float32": 1}


def photo(size: tuple[int, int], channels: int = 3, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture with edges, slopes and grain: (H, W, channels), or (H, W) of one."""
    y, x, c = np.ogrid[: size[0], : size[1], :channels]
    grain = (x * 2654435761 + y * 40503 + c * 97 + seed * 7919) % 65521 * 48271 % 65521 % 23
    slopes = (x * (3 + c) + y * (2 + seed)) // 4 % 256
    edges = ((x - 3 * c) // 31 + y // 23) % 2 * 90
    found: NDArray[np.uint8] = ((slopes + edges + grain) % 256).astype(np.uint8)
    return found if channels > 1 else found[..., 0]


def subjects() -> Iterator[tuple[str, ak.Pipeline, ak.Sample]]:
    """Yield what is tried: each transform, the bundled pipelines, chains; deep, grey and transparent pictures."""
    plain = [step for step in ROWS if "lbumentations" not in type(step).__module__]
    sample = full_sample(SIZE, photo(SIZE))
    for number, step in enumerate(plain):
        yield f"{number} {step!r:.60}", ak.Pipeline([step]), sample
    for name in BUNDLED:
        for size in RGB_SIZES:
            yield f"{name} {size}", ak.load(name), full_sample(size, photo(size))
    state = 1
    for number in range(CHAINS):
        steps = []
        for _ in range(4):
            state = state * 48271 % 2147483647
            steps.append(plain[state % len(plain)])
        chain = ak.Pipeline([ak.Maybe(1.0, step) for step in steps], border=("reflect", "constant", "wrap")[number % 3])
        yield f"chain {number}", chain, sample
    for number, step in enumerate(plain):
        for dtype, unit in DTYPES.items():
            deep = (photo(SIZE) * np.float32(1 / 255)) if dtype == "float32" else photo(SIZE) * np.uint16(unit)
            yield f"{number} {dtype}", ak.Pipeline([step]), replace(sample, image=deep)
    for name in ("light", "digits", "lines"):
        yield f"{name} grey", ak.load(name), full_sample(SIZE, photo(SIZE, 1))
    for name in ("light", "six", "strong"):
        yield f"{name} alpha", ak.load(name), replace(full_sample(SIZE, photo(SIZE, 4)), alpha=True)


def facts(executor: str | None = None, only: str = "") -> dict[str, list[str]]:
    """Return the hashes: of plans, pixels, labels."""
    found = {}
    for name, pipeline, sample in subjects():
        if only not in name:
            continue
        parts: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
        for n in range(2):
            try:
                plan = pipeline.draw(ak.Key(n, "byte/facts.png", n), ak.Scene.of(sample))
                parts[0].append(plan.to_json().encode())
                out = ak.run(plan, sample, executor)
            except ak.AugkitError as refusal:
                parts[2].append(str(refusal).encode())
                continue
            for field in fields(out):
                _add(getattr(out, field.name), parts)
        found[name] = [sha256(b"\n".join(part)).hexdigest()[:16] for part in parts]
    return found


def _add(value: Any, parts: tuple[list[bytes], list[bytes], list[bytes]]) -> None:
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
    json.dump({"path": compiled.path, "facts": facts(*sys.argv[1:])}, sys.stdout)
