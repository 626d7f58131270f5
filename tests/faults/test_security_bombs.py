"""Security, bombs: a few bytes that ask for far more than they are worth get it nowhere."""

from __future__ import annotations

import io
import json
import struct
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import augkit as ak
from augkit.datasets import read
from augkit.errors import AugkitError
from augkit.images import decode
from support.data_sets import JPEG, PNG, lay

resource = pytest.importorskip("resource", reason="Windows counts no memory in this way")

ZEROS = zlib.compress(bytes(300_000_000), 9)  # 0.3 MB
MOST_MB, MOST_S = 300, 5.0


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*more: bytes, pixels: bytes = zlib.compress(bytes(25 * 8))) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def frames(kind: str, count: int) -> bytes:
    file = io.BytesIO()
    first, *others = (Image.fromarray(np.full((400, 400), 90 * (n % 2), np.uint8)) for n in range(count))
    first.save(file, kind, save_all=True, append_images=others)
    return file.getvalue()


def with_segment(data: bytes, body: bytes) -> bytes:
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


TAGS = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 65_535) + b"\x01\x00\x04\x00\xff\xff\xff\xff\0\0\0\0" * 90


def assert_little(ask: Callable[[], object]) -> None:
    """Assert that what is asked for is refused, or given, within bounds of computing and memory."""
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with suppress(AugkitError):
        ask()
    assert time.process_time() - start < MOST_S
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / unit < MOST_MB


def test_texts_and_profiles_of_pictures_that_unpack() -> None:
    for data in (
        png(chunk(b"zTXt", b"k\0\0" + ZEROS)),
        png(chunk(b"iTXt", b"k\0\1\0\0\0" + ZEROS)),
        png(chunk(b"iCCP", b"k\0\0" + ZEROS)),
        png(pixels=ZEROS),
        with_segment(JPEG, TAGS),
    ):
        assert_little(lambda data=data: decode(data))  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_frames_of_pictures(kind: str) -> None:
    data = frames(kind, 60)
    assert_little(lambda: decode(data))


ROW: dict[str, Any] = {"image": "a.png", "label": "x"}
TABLES = {
    "levels": '{"image": "a.png", "label": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "digits": '{"image": "a.png", "label": ' + "9" * 1_000_000 + "}",
    "an exponent": '{"image": "a.png", "label": 1e999999}',
    "keys": '{"image": "a.png", ' + ", ".join(f'"k{n}": 1' for n in range(50_000)) + "}",
    "run lengths": json.dumps(
        ROW | {"picture_size": [24, 32], "boxes": [[0, 0, 9, 9]] * 99, "box_labels": ["a"] * 99}
        | {"box_masks": [{"size": [50_000, 50_000], "counts": [0, 2_500_000_000]}] * 99}
    ),
    "corners": json.dumps(ROW | {"boxes": [[-1e300, -1e300, 1e300, 1e300]], "box_labels": ["a"]}),
}  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
def test_tables_that_ask_for_much(kind: str, tmp_path: Path) -> None:
    src = lay(tmp_path, {"list.jsonl": TABLES[kind], "a.png": PNG}) / "list.jsonl"
    assert_little(lambda: read(src))


LAUGHS = "".join(f"{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(20))


@pytest.mark.parametrize(
    "text",
    [LAUGHS, f"steps:\n{'- ' * 50_000}x\n", "steps:\n" + "  - Mirror\n" * 20_000, "steps: [" * 1000,
     f"fill: {'9' * 90_000}\n", "steps:\n  - RandomCrop: {size: [2000000000, 2000000000]}\n",
     "steps:\n  - GaussianBlur: {sigma: 1e308}\n"],
)  # fmt: skip
def test_pipelines_that_ask_for_much(text: str, tmp_path: Path) -> None:
    file = lay(tmp_path, {"p.yaml": text}) / "p.yaml"
    sample = ak.Sample(np.zeros((9, 9, 3), np.uint8))
    assert_little(lambda: ak.load(file)(sample, ak.Key(0, "x")))
