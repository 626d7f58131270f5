"""Tables in one array: what was put in comes out, here and in other processes, and the array is not copied there."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from augkit.datasets import Annotations, Cell, DataSet, Member, Source
from augkit.datasets.packed_table import PackedTable
from augkit.loader import Augmented, Pictures
from augkit.loader.shared_tables import shareable
from augkit.storage.archive_members import Entry, MemberTable
from augkit.storage.root import Folder
from augkit.targets.records import Instance, of_instances
from benchmarks import worker_memory

BOXES = of_instances(
    [Instance("cat", (1.0, 2.5, 30.0, 7.0)), Instance("dog", (0.1, 0.2, 3.0, 4.0), rings=((1.0,) * 6,))]
)
SOURCES = (
    Source("a.png", 1, "roses", "train", "g1"),
    Source("b\udcff.png", 2**40, ["x", 1, {"y": None}], place=Member("a.tar", 512, 9)),
    Source("c.png", 3, 1.5, annotations=Annotations(BOXES, Cell("p.parquet", "mask", 0, 3), (24, 32))),
    Source("d.png", 4, fault="labels.csv:7: is none", attributes={"night": True}),
)


def test_sources_come_out_as_they_were_put_in() -> None:
    table = PackedTable.of(SOURCES)
    assert list(table) == list(SOURCES)
    assert [table[place] for place in (-1, 0, 2)] == [SOURCES[-1], SOURCES[0], SOURCES[2]]
    assert table[1:3] == list(SOURCES[1:3])
    assert table[::-1] == list(SOURCES[::-1])
    found = table[2].annotations
    assert found is not None
    assert found.text == SOURCES[2].annotations.text  # type: ignore[union-attr]
    for place in (4, -5):
        with pytest.raises(IndexError):
            table[place]
    assert "4 in" in repr(table)


@given(st.lists(st.text(max_size=5), max_size=5), st.data())
def test_a_table_is_a_sequence(values: list[str], data: st.DataObject) -> None:
    table = PackedTable.of(values)
    assert list(table) == values
    assert len(table) == len(values)
    assert list(reversed(table)) == values[::-1]
    assert all(value in table for value in values)
    cut = data.draw(st.slices(len(values)))
    assert table[cut] == values[cut]


def test_access_takes_microseconds() -> None:
    table = PackedTable.of(Source(f"shelf/{number:07d}.png", number, f"c{number % 10}") for number in range(10_000))
    assert table.data.nbytes < 150 * 10_000
    took = []
    for _ in range(5):
        began = time.process_time()  # other jobs may run here
        assert sum(table[place].size for place in range(0, 10_000, 5)) > 0
        took.append((time.process_time() - began) / 2000)
    assert min(took) < 20e-6


def sent(table: Any, connection: Any) -> None:
    connection.send((list(table), table.data.nbytes))
    mapped = Path("/proc/self/maps").read_text("ascii") if Path("/proc/self/maps").exists() else "torch_"
    connection.send("torch_" in mapped)
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_table_is_sent_as_the_place_of_shared_memory(method: Any) -> None:
    table = shareable(["a", "bc"] * 100_000)
    context = multiprocessing.get_context(method)
    for _ in range(2):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=sent, args=(table, there))
        process.start()
        assert here.recv() == (["a", "bc"] * 100_000, table.data.nbytes)
        assert here.recv()
        process.join()
    assert list(table) == ["a", "bc"] * 100_000


def test_pictures_hold_no_object_a_source(tmp_path: Path) -> None:
    data = DataSet("folder", Folder(tmp_path), SOURCES[:2], columns={"who": ("x", "y")})
    pictures = Pictures(data)
    assert list(pictures.sources) == list(SOURCES[:2])
    assert (pictures.data.sources, dict(pictures.data.columns)) == ((), {})
    assert data.sources == SOURCES[:2]
    assert list(Pictures(data, SOURCES[1:2]).sources) == [SOURCES[1]]
    augmented = Augmented([0, 1], "identity", ids=["a", "b"])
    assert list(augmented.ids or ()) == ["a", "b"]


@pytest.mark.slow
def test_memory_of_a_worker_is_flat() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("Linux alone tells what memory is a process's own")
    found = worker_memory.measure(count=25_000, few=500, batches=100)
    assert max(found["kilobytes_a_picture"].values()) < worker_memory.GOAL, worker_memory.table(found)
    assert worker_memory.QUESTION in worker_memory.table(found)


@given(
    st.dictionaries(
        st.text(), st.tuples(*[st.integers(0, 2**60)] * 3, st.booleans(), st.none() | st.integers(0, 2**32 - 1))
    )
)
def test_members_of_an_archive_are_a_mapping(found: dict[str, tuple[int, int, int, bool, int | None]]) -> None:
    entries = {path: Entry(*facts) for path, facts in found.items()}
    members = MemberTable(entries)
    assert dict(members) == dict(members.pairs()) == entries
    assert len(members) == len(entries)
    assert all((path + "x" in members) == (path + "x" in entries) for path in entries)
