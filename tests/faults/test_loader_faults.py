"""Faults in a worker reach the user as the same sentence that a loader without workers gives."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader

from augkit.errors import AugkitError, DecodeError, SampleError
from augkit.loader import Augmented, folder
from support.folders import put

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
