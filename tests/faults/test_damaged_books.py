"""Damaged books: every command that reads them says so in a sentence, or does what it would have done."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import Plan
from augkit.datasets import read
from augkit.datasets.lineage import read_lineage
from augkit.errors import ArgumentError, AugkitError, FileError, JobError
from augkit.expand import expand, replay, verify, work_plan
from augkit.storage.root import Root
from augkit.storage.sealed_json import sealed, unsealed
from support.folders import fill
from support.mutations import mutations

PIPELINE = ak.Pipeline([ak.LocalWarp(0.03, 8), ak.ElasticWarp(34, 4), ak.Erase(), ak.Brightness((0.7, 1.3))])
SEEDS = 10  # of each kind of book


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources, and an expansion of them with splits."""
    top = tmp_path_factory.mktemp("books")
    fill(top / "src", 6)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(work_plan, "FEWEST_SHARDS", 2)
        expand(top / "src", top / "out", PIPELINE, 2, workers=0, split="train=0.5,val=0.5")
    return top


def commands(top: Path, out: Path, ids: list[str]) -> dict[str, Callable[[], object]]:
    options: dict[str, Any] = {"workers": 0, "split": "train=0.5,val=0.5"}
    return {
        "verify": lambda: verify(out),
        "replay": lambda: [replay(out, id, top / "src") for id in ids],
        "replay where the sources lay": lambda: replay(out, ids[0]),
        "read": lambda: read(out),
        "expand": lambda: expand(top / "src", out, PIPELINE, 2, **options),
        "extend": lambda: expand(top / "src", out, PIPELINE, 3, extend=True, **options),
        "finish": lambda: expand(top / "src", out, PIPELINE, 2, finish=True, **options),
    }


BOOKS = (
    "job.json",
    "plan/00.jsonl",
    "lineage/00000.jsonl",
    "shards/00000.json",
    "done.json",
    "source.txt",
    "leaks.jsonl",
)


@pytest.mark.parametrize("book", BOOKS)
def test_every_command_on_every_damaged_book(
    book: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_plan, "FEWEST_SHARDS", 2)
    whole = (made / "out/.augkit" / book).read_bytes()
    lines = (made / "out/.augkit/lineage/00000.jsonl").read_text().splitlines()
    ids = [json.loads(line)["id"] for line in lines][:3]
    rng = random.Random(book)
    damages = [b"", bytes(len(whole)), whole[:-2], *(mutations(whole, SEEDS, BOOKS.index(book)) if whole else ())]
    for damaged in damages:
        out = tmp_path / "out"
        shutil.copytree(made / "out", out)
        (out / ".augkit" / book).write_bytes(damaged)
        known = commands(made, out, ids)
        for name in ("verify", "replay", "read", rng.choice([*known])):
            said = ""
            try:
                known[name]()
            except AugkitError as fault:
                said = str(fault)
            except Exception as fault:
                raise AssertionError(f"{name} of {damaged!r:.300}") from fault
            assert "\n" not in said, name
        shutil.rmtree(out)


def test_one_bit_of_a_written_warp_is_a_sentence(made: Path, tmp_path: Path) -> None:
    """Letters of base64 that are none, fewer of them, and floats that are no numbers."""
    shutil.copytree(made / "out", out := tmp_path / "out")
    book = out / ".augkit/lineage/00000.jsonl"
    first, *others = book.read_text().splitlines()
    entry = json.loads(first)
    text = entry["plan"]["steps"][0]["ops"][0]["field"]["base64"]
    floats = np.frombuffer(base64.b64decode(text), "<f4").copy()
    floats[3] = np.nan
    for other in (f"{text[:9]}\x1f{text[10:]}", f"{text[:9]}={text[10:]}", base64.b64encode(floats.tobytes()).decode()):
        book.write_text("\n".join([first.replace(json.dumps(text), json.dumps(other)), *others]) + "\n")
        with pytest.raises(JobError, match="must be as augkit expand wrote it, got an unfit place or plan"):
            replay(out, entry["id"], made / "src")
        plan = json.dumps(entry["plan"]).replace(json.dumps(text), json.dumps(other))
        with pytest.raises(ArgumentError, match="ControlPoints: must hold"):
            Plan.from_json(plan)


def test_a_changed_line_teaches_no_training(made: Path, tmp_path: Path) -> None:
    """Of lineage every bit is as it was written, or it is an error: a letter of a class would be another class."""
    shutil.copytree(made / "out", out := tmp_path / "out")
    root = Root.at(out)
    assert read_lineage(root)
    book = out / ".augkit/lineage/00000.jsonl"
    book.write_text(book.read_text().replace('"class":"roses"', '"class":"rozes"', 1))
    with pytest.raises(FileError, match=r"lineage/00000\.jsonl: must be as augkit expand wrote it, got a changed file"):
        read_lineage(root)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
@pytest.mark.parametrize("book", [".augkit/job.json", ".augkit/done.json", ".augkit/shards/00000.json"])
def test_a_pipe_in_the_place_of_a_book_is_not_waited_for(made: Path, tmp_path: Path, book: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(made / "out", out)
    (out / book).unlink()
    os.mkfifo(out / book)
    told = list[object]()

    def look() -> None:
        try:
            told.append(verify(str(out)))
        except AugkitError as fault:
            told.append(fault)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(10)
    assert told


def test_a_marker_that_tells_of_no_lineage_counts_for_none(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_plan, "FEWEST_SHARDS", 2)
    out, book = tmp_path / "out", ".augkit/shards/00000.json"
    shutil.copytree(made / "out", out)
    marker = unsealed((out / book).read_bytes())
    assert marker is not None
    del marker["files"][".augkit/lineage/00000.jsonl"]
    (out / book).write_bytes(sealed(marker))
    expand(made / "src", out, PIPELINE, 2, workers=0, split="train=0.5,val=0.5")
    assert (out / book).read_bytes() == (made / "out" / book).read_bytes()
