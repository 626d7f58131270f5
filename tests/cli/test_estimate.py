"""A dry run tells the plan exactly, and bytes from a sample of the real work; it leaves nothing behind."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from augkit.expand import Estimate, estimate
from augkit.pipeline import Pipeline
from augkit.transforms.transform import TRANSFORMS, Transform, transform
from support.commands import command
from support.folders import SMALL, done, picture, put


@pytest.fixture
def src(tmp_path: Path) -> Path:
    for number in range(150):
        side = 20 + 3 * (number % 29)
        put(tmp_path / f"src/{'a' if number < 100 else 'b'}/{number}.png", picture(number, (side, side + 9, 3)))
    return tmp_path / "src"


def total(out: Path) -> int:
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "options", [{}, {"split": "train=0.6,val=0.4", "originals": "include"}, {"form": "webdataset", "balance": "max"}]
)
def test_the_plan_is_exact_and_the_bytes_are_near(src: Path, tmp_path: Path, options: dict[str, str]) -> None:
    found = estimate(src, tmp_path / "out", SMALL, 3, workers=0, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["src"]
    summary = done(src, tmp_path / "out", **options)  # type: ignore[arg-type]
    assert (found.sources, found.planned, found.copied) == (summary.sources, summary.planned, summary.copied)
    assert sum(outputs for *_, outputs in found.classes) == summary.planned
    assert found.rejected == 0.0
    assert abs(found.bytes / total(tmp_path / "out") - 1) < 0.2


@transform
class Slow(Transform):
    """Take a known time, whatever else this machine has to do."""

    def draw(self, stream: Any, scene: Any) -> tuple[()]:
        time.sleep(0.08)  # so long that what the machine takes beside it is little
        return ()


TRANSFORMS.remove(Slow.__name__)  # other tests list what there is


@pytest.mark.slow
def test_the_time_is_near(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[Estimate.__module__], "SAMPLE_SECONDS", 1.0)
    found = estimate(src, tmp_path / "out", Pipeline([Slow()]), 2, workers=2)
    summary = done(src, tmp_path / "out", copies=2, pipeline=Pipeline([Slow()]), workers=2)
    assert found.sampled < 0.6 * summary.planned
    assert abs(found.seconds / summary.seconds - 1) < 0.2, (found.seconds, summary.seconds)


@pytest.mark.slow
def test_it_is_told_on_the_command_line(src: Path, tmp_path: Path) -> None:
    words = ("expand", src, tmp_path / "out", "--pipeline", "light", "--copies", 2, "--workers", 1, "--dry-run")
    told = command(*words).stdout
    assert "150 pictures, 300 outputs" in told
    facts = json.loads(command(*words, "--json").stdout)
    assert Estimate(**facts).planned == 300
    assert facts["classes"] == [[None, "a", 100, 200], [None, "b", 50, 100]]
    assert not (tmp_path / "out").exists()
