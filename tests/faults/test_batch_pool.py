"""Batches of a training come from processes that may be killed at any moment, and need no shared memory."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from augkit.loader import Draw
from augkit.train.batches.batch_pool import BatchPool
from augkit.train.train_errors import LostWorker
from support.makers import Maker
from support.processes import WITH_TESTS, assert_gone, in_small_memory, needs_proc, needs_small_memory

WANTED = [[Draw(0, 3 * number + place, 0) for place in range(3)] for number in range(8)]
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def indices(pool: BatchPool) -> list[list[int]]:
    return [pictures[:, 0, 0, 0].tolist() for (pictures,) in pool.batches("train", WANTED)]


ALL = [[draw.index for draw in draws] for draws in WANTED]


def test_batches_come_in_order_for_any_number_of_processes(tmp_path: Path) -> None:
    for size in (0, 1, 3):
        pool = BatchPool({"train": Maker(tmp_path)}, size)
        assert indices(pool) == indices(pool) == ALL  # the processes persist
        pool.close()
        assert not pool.workers


@needs_signals
@pytest.mark.parametrize("while_sending", [False, True])
def test_a_worker_that_is_killed_costs_no_picture(tmp_path: Path, while_sending: bool) -> None:
    """Also not while it sends a batch: 12 MB, of which the pipe holds a part while nobody reads."""
    pool, found = BatchPool({"train": Maker(tmp_path, 10, 2, 1000, while_sending)}, 2), []
    for (pictures,) in pool.batches("train", WANTED):
        time.sleep(0.1 * while_sending)
        assert (pictures == pictures[:, :, :1, :1]).all()
        found.append(pictures[:, 0, 0, 0].tolist())
    assert found == ALL
    assert len(list(tmp_path.glob("dead-*"))) == 2
    pool.close()


@needs_signals
def test_a_picture_that_always_kills_is_named(tmp_path: Path) -> None:
    pool = BatchPool({"train": Maker(tmp_path, 10, 100)}, 2)
    with pytest.raises(LostWorker, match=r"^picture 10: must be read .*SIGKILL.* run the same command again") as caught:
        indices(pool)
    assert caught.value.exit_code == 1
    assert not multiprocessing.active_children()


def test_who_wants_no_more_batches_may_ask_for_others(tmp_path: Path) -> None:
    pool = BatchPool({"train": Maker(tmp_path)}, 2)
    (first,) = next(some := pool.batches("train", WANTED))
    assert torch.equal(first[:, 0, 0, 0], torch.tensor(ALL[0], dtype=torch.int32))
    assert indices(pool) == ALL
    del some
    pool.close()


SCRIPT = """
import sys
from pathlib import Path
from augkit.loader import Draw
from augkit.loader.shared_tables import shareable
from augkit.train.batches.batch_pool import BatchPool
from support.makers import Maker

class Held(Maker):
    pass

if __name__ == "__main__":
    maker = Maker(Path(sys.argv[1]), side=500)
    maker.table = shareable(str(number) * 100 for number in range(9000))
    pool = BatchPool({"train": maker}, 2)
    wanted = [[Draw(0, 3 * n + i, 0) for i in range(3)] for n in range(int(sys.argv[2]))]
    for number, pictures in enumerate(pool.batches("train", wanted)):
        print(number, flush=True)
"""


def script(tmp_path: Path, count: int) -> list[str]:
    (tmp_path / "pool_script.py").write_text(SCRIPT)
    return [sys.executable, str(tmp_path / "pool_script.py"), str(tmp_path), str(count)]


@needs_proc
def test_a_killed_parent_leaves_nobody(tmp_path: Path) -> None:
    """Neither the workers nor the server that forked them, which each keep the other alive."""
    running = subprocess.Popen(script(tmp_path, 10**6), env=WITH_TESTS, stdout=subprocess.PIPE, start_new_session=True)
    assert running.stdout is not None
    assert running.stdout.readline() == b"0\n"
    running.kill()
    running.wait()
    running.stdout.close()
    assert_gone(running.pid)


@needs_small_memory
def test_a_small_shared_memory_is_enough(tmp_path: Path) -> None:
    """Containers have 64 MB of it; a batch here is 3 MB."""
    told = in_small_memory("64k", *script(tmp_path, 12))
    assert told.splitlines()[-12:] == [str(number) for number in range(12)]
