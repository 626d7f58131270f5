"""``augkit split``: what it counts, the file that it writes, and what expand and train make of that."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import read
from augkit.datasets.division import division_of
from augkit.datasets.split_file import Dealt, read_split_file, written
from augkit.errors import FileError
from support.commands import augkit
from support.folders import done, lines, picture, put

FEW: dict[str, Any] = {"encoding": "png", "copies": 1}


@pytest.fixture(scope="module")
def src(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("split") / "src"
    for label, count in (("lilies", 10), ("roses", 40)):
        for number in range(count):
            put(root / f"{label}/p{number // 2}-{number}.png", picture(number, (8, 8, 3)))
    return root


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_counts_every_class_and_writes_the_splits(src: Path, tmp_path: Path) -> None:
    told = augkit("split", src, "-o", tmp_path / "s.csv")
    assert told.stdout.splitlines()[:5] == [
        "class   train    val   test",
        "lilies      8      1      1",
        "roses      32      4      4",
        "all        40      5      5",
        "        80.0%  10.0%  10.0%",
    ]
    found = table(tmp_path / "s.csv")
    assert [row["id"] for row in found] == [source.id for source in read(src).sources]
    assert Counter((row["class"], row["split"]) for row in found) == {
        ("lilies", "train"): 8, ("lilies", "val"): 1, ("lilies", "test"): 1,
        ("roses", "train"): 32, ("roses", "val"): 4, ("roses", "test"): 4,
    }  # fmt: skip
    assert all(row["group"] == row["id"] for row in found)


def test_json_is_all_that_is_printed(src: Path, tmp_path: Path) -> None:
    told = augkit("split", src, "--split", "train=0.5,test=0.5", "--groups", r"(\w+/p\d+)-", "--json")
    found = json.loads(told.stdout)
    lilies = found["classes"].pop("lilies")
    assert sorted(lilies.values()) == [4, 6]  # five groups of two
    assert found == {
        "sources": 50, "groups": 25, "splits": {"train": 20 + lilies["train"], "test": 20 + lilies["test"]},
        "classes": {"roses": {"train": 20, "test": 20}}, "output": None,
    }  # fmt: skip


def test_groups_stay_whole_and_are_counted(src: Path, tmp_path: Path) -> None:
    told = augkit("split", src, "--groups", r"(\w+/p\d+)-", "-o", tmp_path / "s.csv")
    assert "50 pictures, in 25 groups that stay whole." in told.stdout
    by_group: dict[str, set[str]] = {}
    for row in table(tmp_path / "s.csv"):
        assert row["id"].startswith(f"{row['group']}-")
        by_group.setdefault(row["group"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in by_group.values())
    assert augkit("split", src, "--groups", tmp_path / "s.csv", "-o", tmp_path / "t.csv").returncode == 0
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
    assert augkit("split", src, "--split", tmp_path / "s.csv", "-o", tmp_path / "t.csv").returncode == 0
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
    augkit("split", src, "--split-seed", 1, "-o", tmp_path / "t.csv")
    assert (tmp_path / "s.csv").read_bytes() != (tmp_path / "t.csv").read_bytes()


def test_expand_takes_the_file_and_divides_alike_without(src: Path, tmp_path: Path) -> None:
    fractions = "train=0.6,val=0.2,test=0.2"
    pattern = r"(\w+/p\d+)-"
    augkit("split", src, "--split", fractions, "--groups", pattern, "-o", tmp_path / "s.csv")
    done(src, tmp_path / "by file", split=tmp_path / "s.csv", **FEW)
    done(src, tmp_path / "by fractions", split=fractions, groups=pattern, **FEW)
    wanted = {row["id"]: (row["split"], row["group"]) for row in table(tmp_path / "s.csv")}
    for out in ("by file", "by fractions"):
        assert {line["source"]: (line["split"], line["group"]) for line in lines(tmp_path / out)} == wanted
    done(src, tmp_path / "by file", split=str(tmp_path / "s.csv"), **FEW)  # is found complete
    assert "is the data set's own" in augkit("split", tmp_path / "by file").stdout.replace("are", "is")


def test_an_expansion_goes_on_with_a_file_that_says_more(src: Path, tmp_path: Path) -> None:
    rows = [Dealt(source.id, "train", source.label, source.id) for source in read(src).sources]
    few = tmp_path / "few.csv"
    few.write_bytes(written(rows))
    done(src, tmp_path / "out", split=few, **FEW)
    few.write_bytes(written([row._replace(split="test") if row.id.startswith("l") else row for row in rows]))
    with pytest.raises(Exception, match="must be in the split train, got test"):
        done(src, tmp_path / "out", split=few, **FEW)
    with pytest.raises(Exception, match=r"split must be|split\.train must be"):
        done(src, tmp_path / "out", split="train=0.9,test=0.1", **FEW)
    few.write_bytes(written([*rows, Dealt("further.png", "val", None, "x")]))
    done(src, tmp_path / "out", split=few, **FEW)


def test_splits_of_the_data_set_are_told(src: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        put(tmp_path / f"d/{split}/a/{split}.png", picture(1))
    put(tmp_path / "d/train/b/1.png", picture(2))
    told = augkit("split", tmp_path / "d")
    assert "The splits are the data set's own: 3 pictures." in told.stdout
    assert "No picture of b is in val." in told.stderr
    assert "Leave --split out" in augkit("split", tmp_path / "d", "--split", "train=0.5,val=0.5", code=2).stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--split", "train=0.5"], "must add up to 1"),
        (["--split", "nowhere.csv"], "must be a CSV file that can be read, got: No such file or directory."),
        (["--groups", "nothing like it"], "must match ids such as"),
        (["-o", "src/s.csv"], "must not lie in the folder of the sources"),
        (["-o", "nowhere/s.csv"], "must lie in a folder that exists"),
    ],
)
def test_what_is_wrong_is_told(words: list[str], told: str, src: Path) -> None:
    assert told in augkit("split", src, *words, code=2, cwd=src.parent).stderr
    assert not (src / "s.csv").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,group\na.png,1\n", "must have the columns id and split, got id, group"),
        ("id,split\na.png,tent\n", r"s\.csv:2 split: must be train, val or test, got 'tent'"),
        ("id,split\na.png,\n", r"s\.csv:2: must name a split for 'a\.png', got none"),
        (
            "id,split\na.png,train\na.png,test\n",
            r"s\.csv:3: must name every source in one split, got 'a\.png' in train",
        ),
        ("", "must have the columns id and split"),
    ],
)
def test_what_is_no_split_file_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(FileError, match=told):
        read_split_file(str(tmp_path / "s.csv"))


def test_a_source_that_a_file_does_not_name_is_told(src: Path, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("id,split\nlilies/p0-0.png,train\n")
    told = augkit("split", src, "--split", tmp_path / "s.csv", code=2).stderr
    assert "must give every id a split, got none for 'lilies/p0-1.png'. Did you mean lilies/p0-0.png?" in told


def test_a_group_across_splits_of_a_file_is_told(src: Path, tmp_path: Path) -> None:
    rows = [Dealt(s.id, "test" if n else "train", s.label, "g") for n, s in enumerate(read(src).sources)]
    (tmp_path / "s.csv").write_bytes(written(rows))
    assert (
        "group 'g': must keep a group in one split"
        in augkit("split", src, "--split", tmp_path / "s.csv", code=2).stderr
    )


def test_ids_of_any_kind_come_back(tmp_path: Path) -> None:
    ids = ["a,b.png", 'say "x".png', "new\nline.png", "cafe\u0301.png", os.fsdecode(b"\xff.png"), " blank.png"]
    file = tmp_path / "s.csv"
    file.write_bytes(written([Dealt(id, "val", ["x", 1], id) for id in ids]))
    found = read_split_file(str(file))
    assert set(found.splits) == {*ids[:3], "caf\u00e9.png", *ids[4:]}
    file.write_bytes(b"\xef\xbb\xbfID, Split ,more\r\na.png, VALID ,x\r\n")
    assert read_split_file(str(file)).splits == {"a.png": "val"}


def test_boxes_and_pictures_without_a_class_are_counted(tmp_path: Path) -> None:
    rows = [
        {"image": f"{n}.png", "boxes": [[1, 1, 5, 5]] * (n % 3), "box_labels": ["cat", "dog"][: n % 3]}
        for n in range(9)
    ]
    for row in rows:
        put(tmp_path / f"d/{row['image']}", picture(1))
    (tmp_path / "d/list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found: Any = division_of(read(tmp_path / "d/list.jsonl"), None, None, 0)
    assert {name: sum(count.values()) for name, count in found.counts.items()} == {"-": 3, "cat": 6, "dog": 3}
    assert set(found.described()["classes"]) == {"cat", "dog"}
