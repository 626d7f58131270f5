"""Faults in a worker reach the user as the same sentence that a loader without workers gives."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

from augkit.errors import AugkitError, DecodeError, SampleError
from augkit.loader import Augmented, folder
from support.folders import put
from support.processes import WITH_TESTS, assert_gone, in_small_memory, needs_proc, needs_small_memory

METHODS = [method for method in ("fork", "spawn") if method in multiprocessing.get_all_start_methods()]
# The fault comes last: torch cannot end workers cleanly that are still starting.
PICTURES = [(np.full((40, 40, 3)[: 3 if number < 6 else 2], 10 * number, np.uint8), number) for number in range(7)]


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    for image, number in PICTURES:
        put(tmp_path / "grey" / "ab"[number > 3] / f"{number}.png", image)
    return tmp_path / "grey"


def said(loader: Any) -> tuple[type, str]:
    try:
        list(loader)
    except AugkitError as error:  # pytest.raises would keep its frames, and the workers until the collector runs
        found = type(error), str(error)
    assert "\n" not in found[1]
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_pipeline_that_does_not_suit_is_told_in_one_sentence(grey: Path, method: Any) -> None:
    kind, sentence = said(folder(grey, "six", 1, shuffle=False))
    assert said(folder(grey, "six", 1, shuffle=False, workers=2, start_method=method)) == (kind, sentence)
    assert kind is SampleError
    assert "b/6.png" in sentence


@pytest.mark.parametrize("method", METHODS)
def test_so_it_is_in_a_loader_of_ones_own(method: str) -> None:
    data = Augmented(PICTURES, "six")
    assert said(DataLoader(data, num_workers=2, multiprocessing_context=method)) == said(DataLoader(data))


def test_an_error_that_was_caused_by_another(grey: Path) -> None:
    (grey / "b/6.png").write_bytes(b"no picture")
    found = said(folder(grey, None, 1, shuffle=False, workers=1))
    assert found == said(folder(grey, None, 1, shuffle=False))
    assert found[0] is DecodeError


def test_what_an_error_says_is_left_alone_where_it_is_no_traceback() -> None:
    for text in ("Caught SampleError in the rain.", "Caught SampleError in a\naugkit.errors.FileError: b", "a\nb: c"):
        assert SampleError(text).message == text
    nested = (
        "Caught SampleError in DataLoader worker process 0.\nOriginal Traceback\n  x\naugkit.errors.SampleError: a: b\n"
    )
    assert str(SampleError(nested).at("steps[1]")) == "steps[1]: a: b"


SCRIPT = """
import sys
import numpy as np
from torch.utils.data import DataLoader
from augkit.loader import Augmented, EpochSampler, collate
from augkit.pipeline import Pipeline

if __name__ == "__main__":
    method, times = sys.argv[1:]
    pictures = [np.full((400, 400, 3), number, np.uint8) for number in range(12)]
    data = Augmented([(picture, number) for number, picture in enumerate(pictures)] * int(times), Pipeline([]))
    for many in (collate, None):
        loader = DataLoader(data, 4, num_workers=2, collate_fn=many, multiprocessing_context=method)
        for images, labels in loader:
            assert (images == labels[:, None, None, None]).all()
            print(*labels.tolist(), flush=True)
"""


def script(folder: Path, method: str, times: int) -> list[str]:
    (folder / "loading.py").write_text(SCRIPT)
    return [sys.executable, str(folder / "loading.py"), method, str(times)]


@needs_small_memory
def test_a_small_shared_memory_is_enough(tmp_path: Path) -> None:
    """Torch would wait for ever for what does not fit: a batch is 2 MB."""
    told = in_small_memory("1m", *script(tmp_path, "fork", 1))
    assert told.splitlines() == ["0 1 2 3", "4 5 6 7", "8 9 10 11"] * 2


@needs_proc
def test_a_killed_parent_leaves_nobody(tmp_path: Path) -> None:
    """Not what a server has forked either, whose parent in the system's eyes lives on."""
    words = script(tmp_path, "forkserver", 10_000)
    running = subprocess.Popen(words, env=WITH_TESTS, stdout=subprocess.PIPE, start_new_session=True)
    assert running.stdout is not None
    assert running.stdout.readline()
    running.kill()
    running.wait()
    running.stdout.close()
    assert_gone(running.pid)
