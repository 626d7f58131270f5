"""Splits: no source and no group in two of them, and nobody moves for another's sake."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from augkit.datasets import DataSet, Source, Split
from augkit.datasets.splits import HASHED, STRATIFIED, assign, groups_of, parse_split, split_of
from augkit.errors import ArgumentError, FileError
from augkit.expand import layout, work_plan
from augkit.expand.books import open_books
from augkit.expand.work_plan import WorkPlan
from augkit.storage.disk import Disk
from augkit.storage.root import Folder
from augkit.storage.sealed_json import sealed, sha256_of
from support.folders import done, lines, picture, put
from support.work_plans import job_of

shares = st.tuples(st.integers(1, 8), st.integers(0, 4), st.integers(0, 4)).map(
    lambda parts: {name: part / sum(parts) for name, part in zip(("train", "val", "test"), parts, strict=True) if part}
)
ids = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 20), st.integers(0, 5)), min_size=1, max_size=60, unique=True
)


def sources_of(facts: list[tuple[str, int, int]]) -> list[Source]:
    return [Source(f"{label}/p{patient}-{shot}.png", 1, label) for label, patient, shot in sorted(facts)]


@settings(max_examples=200)
@given(ids, shares, st.integers(-5, 5), st.integers(0, 100))
def test_no_group_lies_in_two_splits_and_by_the_law_of_0_1_none_moves(
    facts: list[tuple[str, int, int]], fractions: dict[Split, float], seed: int, kept: int
) -> None:
    sources = sources_of(facts)
    groups = groups_of(sources, r"(p\d+)-", {})
    for law in (STRATIFIED, HASHED):
        splits = assign(sources, fractions, groups, seed, law)
        by_group: dict[str, set[object]] = {}
        for group, split in zip(groups, splits, strict=True):
            by_group.setdefault(group, set()).add(split)
        assert all(len(found) == 1 for found in by_group.values())
        assert set(splits) <= set(fractions)
    fewer = sources[: 1 + kept % len(sources)]
    assert assign(fewer, fractions, groups_of(fewer, r"(p\d+)-", {}), seed, HASHED) == splits[: len(fewer)]


@pytest.mark.parametrize("label", ["roses", "tulips"])
def test_by_the_law_of_0_1_every_class_keeps_the_fractions(label: str) -> None:
    fractions = parse_split("train=0.7,val=0.2,test=0.1")
    count = 20_000
    found = [split_of(f"{label}/{number}.jpg", fractions, 0) for number in range(count)]
    for name, fraction in fractions.items():
        error = math.sqrt(fraction * (1 - fraction) / count)
        assert abs(found.count(name) / count - fraction) < 4.5 * error


def test_another_seed_is_another_split() -> None:
    fractions = parse_split("train=0.5,val=0.5")
    first, second = ([split_of(str(n), fractions, seed) for n in range(200)] for seed in (0, 1))
    assert 60 < sum(a != b for a, b in zip(first, second, strict=True)) < 140


@pytest.mark.parametrize(
    "text",
    ["", "train", "train=1.5", "val=1", "train=0.5,val=0.4", "train=0.5,train=0.5", "train=0.5,valid=0.5"],
)
def test_what_is_no_split(text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse_split(text)
    assert caught.value.where == "split"


def test_groups(tmp_path: Path) -> None:
    sources = sources_of([("a", 1, 0), ("a", 1, 1), ("b", 2, 0)])
    assert groups_of(sources, None, {}) == [source.id for source in sources]
    assert groups_of(sources, "who", {"who": ("x", "y", "x")}) == ["x", "y", "x"]
    assert groups_of(sources, r"p1", {}) == ["p1", "p1", "b/p2-0.png"]
    assert groups_of(sources, r"(\w)/(p\d)", {}) == ["a/p1", "a/p1", "b/p2"]
    table = tmp_path / "groups.csv"
    table.write_text("id,group\n" + "".join(f"{source.id},g{place % 2}\n" for place, source in enumerate(sources)))
    assert groups_of(sources, str(table), {}) == ["g0", "g1", "g0"]
    table.write_text("id,group\n")
    with pytest.raises(FileError, match=r"got none for 'a/p1-0\.png'"):
        groups_of(sources, str(table), {})
    for wrong in ("(", "nothing like it"):
        with pytest.raises(ArgumentError) as caught:
            groups_of(sources, wrong, {})
        assert caught.value.where == "groups"


def test_a_data_sets_own_splits_are_kept() -> None:
    sources = [Source("train/a.png", 1, None, "train"), Source("val/b.png", 1, None, "val")]
    assert assign(sources, None, ["a", "b"], 0) == ["train", "val"]
    with pytest.raises(ArgumentError, match="Leave --split out"):
        assign(sources, {"train": 1.0}, ["a", "b"], 0)
    with pytest.raises(FileError, match=r"group 'g': must keep a group in one split, got train/a\.png in train and"):
        assign(sources, None, ["g", "g"], 0)


def test_only_train_is_expanded(tmp_path: Path) -> None:
    for number in range(30):
        put(tmp_path / f"src/{'ab'[number % 2]}/{number}.png", picture(number))
    before = {path.relative_to(tmp_path / "src").as_posix(): path.read_bytes() for path in tmp_path.rglob("*.png")}
    done(tmp_path / "src", tmp_path / "out", split="train=0.5,val=0.3,test=0.2", originals="include", encoding="png")
    found: dict[str, list[tuple[str, int | None]]] = {}
    for entry in lines(tmp_path / "out"):
        assert entry["id"].startswith(f"{entry['split']}/{entry['class']}/")
        found.setdefault(entry["source"], []).append((entry["split"], entry["copy"]))
        if entry["copy"] is None:
            assert (tmp_path / "out" / entry["id"]).read_bytes() == before[entry["source"]]
    assert found.keys() == before.keys()
    for made in found.values():
        ((split,),) = [{split for split, _ in made}]
        assert [copy for _, copy in made] == ([None, 0, 1, 2] if split == "train" else [None])
    assert len({split for made in found.values() for split, _ in made}) == 3


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(ids, shares, st.integers(0, 3), st.integers(1, 3), st.sampled_from(["none", "max"]), st.booleans(), st.data())
def test_a_plan_and_its_extension_keep_every_group_in_one_split(
    facts: list[tuple[str, int, int]],
    fractions: dict[Split, float],
    seed: int,
    copies: int,
    balance: str,
    is_passed: bool,
    data: st.DataObject,
) -> None:
    """What job and plan come to, and an extension by sources and copies: rows, not only what `assign` says."""
    every = sources_of(facts)
    first = data.draw(st.lists(st.sampled_from(every), min_size=1, unique_by=lambda source: source.id))
    found: dict[str, set[object]] = {}
    seen: set[str] = set()
    with TemporaryDirectory() as place:
        store = Disk(f"{place}/out")
        for sources, more in ((sorted(first, key=lambda source: source.id), 0), (every, 1)):
            groups = groups_of(sources, r"(p\d+)-", {})
            how = {"balance": balance, "split": fractions, "split_seed": seed}
            job = job_of(copies + more, originals="include" if is_passed else "omit", **how)
            splits = assign(sources, fractions, groups, seed)
            plan = WorkPlan(job, DataSet("folder", Folder(Path("/x")), tuple(sources)), splits, groups, ("a", "b", "c"))
            with store.lock(is_shared=False):
                plan = open_books(store, plan, bool(more))
                counts = dict.fromkeys(("planned", "sources", "written", "copied", "rejected", "leaks"), 0)
                done_now = {
                    **counts,
                    "files": {},
                    "markers_sha256": "",
                    "job_sha256": sha256_of(store.read(layout.JOB)),
                }
                store.replace(layout.DONE, [sealed(done_now)])  # type: ignore[attr-defined]
            for shard in plan.shards():
                for task in shard.tasks:
                    found.setdefault(task.group, set()).add(shard.split)
                    found.setdefault(task.source.id, set()).add(shard.split)
                    seen.add(task.source.id)
    assert seen == {source.id for source in every}
    assert all(len(splits) == 1 for splits in found.values())


@pytest.mark.parametrize("law", [HASHED, STRATIFIED])
def test_an_extension_leaves_what_is_published_where_it_is(
    law: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how: dict[str, Any] = {"split": "train=0.6,val=0.2,test=0.2", "encoding": "png"}
    before: dict[str, str] = {}
    for each in (5, 20, 40):
        for label in "ab":
            for number in range(each):
                put(tmp_path / f"src/{label}/{number}.png", picture(number, (8, 8, 3)))
        with monkeypatch.context() as patched:
            if not before:
                patched.setattr(work_plan, "LAW", law)
            done(tmp_path / "src", tmp_path / "out", 1, extend=bool(before), **how)
        done(tmp_path / "src", tmp_path / "out", 1, **how)  # and what is complete is found so
        after = {entry["source"]: entry["split"] for entry in lines(tmp_path / "out")}
        assert after | before == after
        before = after
        if law == STRATIFIED:
            counts = Counter((source[0], split) for source, split in after.items())
            for label in "ab":
                assert abs(counts[label, "train"] - 0.6 * each) <= 2
                assert abs(counts[label, "test"] - 0.2 * each) <= 2
    job = json.loads((tmp_path / "out/.augkit/job.json").read_text())
    assert job.get("split_law", HASHED) == law
    if law == HASHED:
        assert before == {id: split_of(id, parse_split(how["split"]), 0) for id in before}


def test_a_group_that_came_to_lie_across_what_is_published_is_told(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path / f"src/a/{number}.png", picture(number, (8, 8, 3)))
    done(tmp_path / "src", tmp_path / "out", 1, split="train=0.5,test=0.5")
    with pytest.raises(FileError, match=r"group '1': must keep a group in one split, got a/1\d?\.png in t"):
        done(tmp_path / "src", tmp_path / "out", 2, split="train=0.5,test=0.5", groups=r"a/(\d)", extend=True)


def test_a_class_that_a_split_lacks_is_named(tmp_path: Path) -> None:
    for id in ("train/a/1.png", "train/b/2.png", "val/a/3.png"):
        put(tmp_path / "src" / id, picture(1))
    assert done(tmp_path / "src", tmp_path / "out").absent == (("val", "b"),)
