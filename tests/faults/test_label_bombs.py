"""Labels of a few letters that ask for much memory or time: refused in a sentence, or done in bounds."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.datasets import read
from augkit.errors import FileError, SampleError
from augkit.targets.brush_lengths import brush_of, brushed
from augkit.targets.joined_rings import joined_rings
from augkit.targets.mask_outlines import outlines_of_mask
from augkit.targets.run_lengths import MOST_LETTERS, checked, compressed, decode, encode
from support.peak_memory import peak_above

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
MEGABYTE = 1_000_000
SIZE = (900, 1200)
TURN = ak.Pipeline([ak.Rotate(10)])


def masked(runs: list[int], count: int) -> ak.Sample:
    """Return a picture with so many objects, each of the same mask."""
    boxes = np.tile([0.0, 0.0, SIZE[1], SIZE[0]], (count, 1))
    picture = np.zeros((*SIZE, 3), np.uint8)
    return ak.Sample(picture, boxes=boxes, box_labels=["x"] * count, box_masks=[compressed(runs)] * count)


ODD: tuple[Any, ...] = ("0" * (MOST_LETTERS + 1), "\ud800", "P" * 99, [1e300, 3], [-1, SIZE[0] * SIZE[1] + 1], [])
FULL, RAGGED = [0, SIZE[0] * SIZE[1]], [0, *[80] * (SIZE[0] * SIZE[1] // 80)]


@LINUX
@pytest.mark.parametrize(
    ("runs", "count", "told"),
    [
        (FULL, 600, "at most 100 times in all, got 600 times"),
        (RAGGED, 199, "at most 4,000,000 (points|letters) in all"),
    ],
    ids=["whole masks", "ragged masks"],
)
def test_six_hundred_masks_are_refused(runs: list[int], count: int, told: str) -> None:
    sample = masked(runs, count)

    def turned() -> Any:
        return TURN(sample, ak.Key(0, "a"))

    started = time.process_time()
    assert peak_above(turned, SampleError) < 600 * MEGABYTE
    assert time.process_time() - started < 10
    with pytest.raises(SampleError, match=told):
        turned()


def test_masks_that_cover_much_move_as_those_that_cover_little() -> None:
    """A mask is looked up pixel by pixel, or its places are sorted: both come to the same."""
    rng = np.random.default_rng(3)
    small, large = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    small[100:200, 300:400] = rng.random((100, 100)) < 0.5
    large[50:800, 60:1100] = rng.random((750, 1040)) < 0.99
    boxes = np.tile([0.0, 0.0, SIZE[1], SIZE[0]], (2, 1))
    sample = ak.Sample(
        np.zeros((*SIZE, 3), np.uint8),
        mask=np.dstack([small, large]),
        boxes=boxes,
        box_masks=[encode(small), encode(large)],
    )
    made = TURN(sample, ak.Key(0, "a"))
    assert made.box_masks is not None
    assert made.mask is not None
    assert made.box_labels is None
    for number, text in enumerate(made.box_masks):
        np.testing.assert_array_equal(decode(text, SIZE), made.mask[..., number])


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_run_lengths_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(FileError, match=r"^here: must (be run lengths|run over)"):
        checked(value, SIZE, "here")


def test_a_brush_of_large_numbers_is_a_mask_of_bits() -> None:
    mask = np.eye(300, 400, dtype=np.uint8)
    np.testing.assert_array_equal(brushed(brush_of(mask), (300, 400), "here"), mask.astype(bool))


def chess(side: int) -> Any:
    return np.add.outer(np.arange(side), np.arange(side)) % 2


@pytest.mark.parametrize("write", [brush_of, outlines_of_mask])
def test_a_mask_of_millions_of_pieces_is_not_written_as_lines(write: Any) -> None:
    started = time.process_time()
    with pytest.raises(SampleError, match=r"must be (written|outlined).*at most 1,000,000 (runs|sides)"):
        write(chess(1200))
    assert time.process_time() - started < 5


def test_thousands_of_pieces_are_joined_in_seconds_or_refused() -> None:
    corners = ((0, 0), (2, 0), (2, 2), (0, 2))
    squares = [[side for x, y in corners for side in (3.0 * (n % 50) + x, 3.0 * (n // 50) + y)] for n in range(1000)]
    started = time.process_time()
    ring = joined_rings(squares)
    assert time.process_time() - started < 10
    assert len(ring) == 2 * (4 * 1000 + 2 * 999)
    with pytest.raises(SampleError, match="at most 20,000 points in several pieces"):
        joined_rings(squares * 6)


@pytest.mark.parametrize("behaviour", [1, 2])
def test_a_plan_that_asks_for_a_giant_is_refused(behaviour: Any) -> None:
    plan = ak.Pipeline([ak.Resize((40, 50))], behaviour=behaviour).draw(ak.Key(0, "a"), ak.Scene((30, 40)))
    giant = ak.Plan.from_json(plan.to_json().replace("[40,50]", "[900000,800000]"))
    assert giant.size == (900_000, 800_000)
    with pytest.raises(SampleError, match=r"at most 175,000,000 pixels and .* got 900,000 x 800,000"):
        ak.run(giant, ak.Sample(np.zeros((30, 40, 3), np.uint8)))


@LINUX
def test_two_kilobytes_of_parquet_hold_no_million_rows(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    picture = pyarrow.array([b""] * 3_000_000, pyarrow.binary())
    table = pyarrow.table({"image": picture, "label": pyarrow.array(["a"] * 3_000_000)})
    parquet.write_table(table, tmp_path / "train.parquet", compression="zstd")
    assert (tmp_path / "train.parquet").stat().st_size < 20_000
    with pytest.raises(FileError, match=r"must be a whole Parquet file, got a fault: 3,000,000 rows in [0-9,]+ bytes"):
        read(tmp_path)
    assert peak_above(lambda: read(tmp_path), FileError) < 50 * MEGABYTE
