"""Files of every kind, damaged as `make mutations` does it ten thousand times: refused in a sentence or read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mutations import subjects

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

ROOT = Path(__file__).parents[2]
# Of data sets those of which the suite does not damage thousands elsewhere.
FEW = ("cvat: keypoints", "segmentation: masks", "parquet: polygons", "imagefolder: attributes", "manifest: csv")
OTHERS = [name for name in subjects() if name.startswith(("picture", "contain")) or ":" not in name]


def test_damage_is_told_or_harmless() -> None:
    words = [sys.executable, "-m", "benchmarks.mutations", "--work", "16", "0", "3", *OTHERS, *FEW]
    done = subprocess.run(words, capture_output=True, cwd=ROOT, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = [(came, wrong) for _, came, *more in lines if came is not None for wrong in [more[2]]]
    assert len(found) == 3 * len([*OTHERS, *FEW])
    assert not [wrong for _, wrong in found if wrong]
    assert {"read", "sentence"} <= {came for came, _ in found}
