"""One job in several runs: the same tree as in one, whatever their order, and closed once."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from augkit.errors import ArgumentError
from augkit.expand import JobError, expansion, layout, verify
from augkit.storage.disk import Disk
from support.folders import done, fill, tree
from support.processes import TESTS


@pytest.fixture
def src(tmp_path: Path) -> Path:
    return fill(tmp_path / "src")


def test_three_runs_in_any_order_are_one(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "whole")
    for order in itertools.permutations(range(3)):
        out = tmp_path / "".join(map(str, order))
        parts = [done(src, out, shards=(number, 3)) for number in order]
        assert [part.is_complete for part in parts] == [False, False, True]
        assert sum(part.planned for part in parts) == 72
        assert tree(out) == tree(tmp_path / "whole")
        assert verify(out).is_sound
        assert done(src, out, finish=True).is_complete
        assert done(src, out).resumed == 72


def test_three_runs_at_once_are_one(src: Path, tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from support.folders import done
done({str(src)!r}, {str(tmp_path / "out")!r}, shards=(int(sys.argv[1]), 3))
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(number)]) for number in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    done(src, tmp_path / "whole")
    done(src, tmp_path / "out", finish=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks on Windows")
def test_who_closes_keeps_others_waiting(src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts that end at one moment both find all shards done: the second finds the books closed."""
    for number in range(3):
        done(src, tmp_path / "out", shards=(number, 3))
    done_file, closed = tmp_path / "out/.augkit/done.json", 0
    content = done_file.read_bytes()
    done_file.unlink()
    store, close = Disk(os.fspath(tmp_path / "out")), expansion.finalize  # type: ignore[attr-defined]

    def counted(*arguments: Any) -> None:
        nonlocal closed
        closed += 1
        close(*arguments)

    monkeypatch.setattr(expansion, "finalize", counted)
    with ThreadPoolExecutor() as pool:
        with store.closing(layout.PLANS):
            others = [pool.submit(done, src, tmp_path / "out", shards=(number, 3)) for number in range(2)]
            time.sleep(0.5)
            assert not done_file.exists()
        assert all(other.result(60).is_complete for other in others)
    assert closed == 1
    assert done_file.read_bytes() == content


def test_finishing_names_what_is_missing(src: Path, tmp_path: Path) -> None:
    done(src, tmp_path / "out", shards=(0, 2))
    with pytest.raises(JobError, match="must be complete in 12 shards, but shard 1 is not"):
        done(src, tmp_path / "out", finish=True)
    assert not (tmp_path / "out/.augkit/done.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks on Windows")
@pytest.mark.parametrize("shards", [None, (0, 2)])
def test_a_second_run_at_once_is_refused(src: Path, tmp_path: Path, shards: tuple[int, int] | None) -> None:
    store = Disk(os.fspath(tmp_path / "out"))
    with store.lock(is_shared=shards is not None), pytest.raises(JobError, match="one run at a time"):
        done(src, tmp_path / "out")
    with store.lock(is_shared=True):
        done(src, tmp_path / "out", shards=(0, 2))
    done(src, tmp_path / "out")
    assert verify(tmp_path / "out").is_sound


@pytest.mark.parametrize("shards", [(2, 2), (-1, 2), (0, 0)])
def test_parts_that_are_none(src: Path, tmp_path: Path, shards: tuple[int, int]) -> None:
    with pytest.raises(ArgumentError, match="must be i/n"):
        done(src, tmp_path / "out", shards=shards)


@pytest.mark.parametrize("two", [*itertools.combinations(("shards", "finish", "fresh", "extend"), 2)], ids=" and ".join)
def test_aims_that_gainsay_each_other_touch_nothing(src: Path, tmp_path: Path, two: tuple[str, str]) -> None:
    """Were --fresh --finish obeyed, a complete job would be removed, and then be said to lack its shards."""
    done(src, tmp_path / "out")
    before = tree(tmp_path / "out")
    with pytest.raises(ArgumentError, match=f"^{two[0]}: must not go with --{two[1]}"):
        done(src, tmp_path / "out", **{name: (0, 2) if name == "shards" else True for name in two})  # type: ignore[arg-type]
    assert tree(tmp_path / "out") == before
