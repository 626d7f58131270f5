"""Work for worker processes that needs no pictures; they unpickle it, so it lives in a module that they can import."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
from threadpoolctl import threadpool_info


class Telling:
    """Work that tells of a worker's process, how many threads its libraries would take, and its blocked signals."""

    def expand(self, shard: FakeShard, hand: Any) -> tuple[int, list[int], set[Any]]:
        blocked = set(signal.pthread_sigmask(signal.SIG_BLOCK, []))
        pools = [pool["num_threads"] for pool in threadpool_info()]
        assert pools, "NumPy comes with a BLAS that has threads"
        return os.getpid(), [cv2.getNumThreads(), *pools], blocked

    def attempt(self, tasks: Any, hand: Any) -> None:
        raise AssertionError


@dataclass(frozen=True)
class FakeShard:
    index: int
    tasks: tuple[str, ...]
    quarantined: tuple[tuple[int, str], ...] = ()


class FakeWork:
    """Does tasks that are words; some kill who does them."""

    state = 0

    def expand(self, shard: FakeShard, hand: Any) -> tuple[int, list[str]]:
        held, made = dict(shard.quarantined), []
        for position, task in enumerate(shard.tasks):
            hand.at(position)
            if position in held:
                made.append(held[position])
                continue
            hand.tick()
            self.do(task)
            made.append(task)
        hand.publishing()
        return shard.index, made

    def attempt(self, tasks: Sequence[str], hand: Any) -> None:
        self.expand(FakeShard(0, tuple(tasks)), hand)

    def do(self, task: str) -> None:
        match task:
            case "segfault":
                ctypes.string_at(0)
            case "abort":
                os.abort()
            case "exit":
                os._exit(3)
            case "hang":
                ctypes.PyDLL(None).sleep(600)  # holds the interpreter's lock, as a decoder in C may
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "poison":
                FakeWork.state = 1
            case "poisoned":
                if FakeWork.state:
                    os.abort()
            case "full":
                raise OSError(28, "No space left on device")
            case "slow":
                time.sleep(0.02)


def shards(count: int, *, size: int = 4, task: str = "ok") -> list[FakeShard]:
    return [FakeShard(index, (task,) * size) for index in range(count)]


@dataclass(frozen=True)
class Late:
    """Work that takes until its parent has been killed to arrive at a worker."""

    parent: int

    def __setstate__(self, state: dict[str, int]) -> None:
        vars(self).update(state)
        while os.getppid() == self.parent:
            time.sleep(0.01)

    def expand(self, shard: FakeShard, hand: Any) -> object:
        raise AssertionError

    def attempt(self, tasks: Any, hand: Any) -> None:
        raise AssertionError
