"""Names of classes: one reversible rule from a name to a folder, which trees, growth and training agree on."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given, strategies as st

from augkit.core.normal_form import folded, nfc
from augkit.datasets import read, writers
from augkit.datasets.booked_classes import folders_before_0_5
from augkit.datasets.class_folders import FOLDER_BYTES, class_of, folder_of, folders_of
from augkit.errors import ArgumentError
from augkit.expand import replay, verify
from support.books_of_old import forget
from support.data_sets import JPEG, PNG, lay
from support.folders import done, lines, outputs, tree

ODD = ["cat?", "dog's", "Cat", "cat", "CAT", "a/b", "50 %", "..", "con", "x. ", "\x1b[2J", "tab\there", "é", "东京"]
BYTES = st.binary(min_size=1, max_size=40).map(os.fsdecode)  # names as a system of files gives them
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | BYTES
FORBIDDEN = set('?*:<>|"\\/') | set(map(chr, [*range(32), *range(127, 160)]))


@given(NAMES.map(nfc))
@example("a" * 255)
@example("%" * 85)
@example("COM\u00b9.tar")
@example("_unlabeled")
@example(". ")
def test_a_name_is_what_its_folder_says_percent_decoded(name: str) -> None:
    folder = folder_of(name)
    assert unquote(folder, errors="surrogateescape") == class_of(folder) == name


@given(NAMES)
@example("a" * 300)
@example("%" * 90)
@example("é" * 200)
@example("")
def test_a_folder_is_one_to_every_file_system(name: str) -> None:
    folder = folder_of(name)
    assert 0 < len(folder.encode()) <= FOLDER_BYTES
    assert not FORBIDDEN & set(folder)
    assert folder[0] != "."
    assert folder[-1] not in ". "
    assert folder.partition(".")[0].rstrip(" ").lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


@given(st.lists(NAMES | st.sampled_from(ODD), max_size=12), st.lists(NAMES | st.sampled_from(ODD), max_size=12))
def test_folders_never_meet_and_never_change(first: list[str], more: list[str]) -> None:
    before = folders_of(first)
    after = folders_of(more, before)
    assert before.items() <= after.items()
    assert after.keys() == {*first, *more}
    assert len(set(map(folded, after.values()))) == len(after)
    for name, folder in after.items():
        assert class_of(folder) in {name, nfc(name)}


def test_what_every_file_system_takes_stays_as_it_is() -> None:
    for name in ("roses", "007", "dog's", "a.b", "Käfer 东京", "#1 & co; [x] {y} (z) ~!$^=+,@`", "-rf", "नमस्ते"):
        assert folder_of(name) == name


def classes(root: Path, names: Iterable[str], each: int = 1) -> Path:
    rows = [f"{n}.{i}.jpg\t{name}" for n, name in enumerate(names) for i in range(each)]
    pictures = {f"{n}.{i}.jpg": JPEG for n, _ in enumerate(names) for i in range(each)}
    return lay(root, {"list.tsv": "image\tlabel\n" + "\n".join(rows) + "\n", **pictures})


def folders(out: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in lines(out):
        found.setdefault(line["class"], set()).add(line["id"].rpartition("/")[0])
    return found


def test_a_tree_is_read_again_with_the_names_that_its_sources_have(tmp_path: Path) -> None:
    names = [name for name in ODD if "\t" not in name and name != "x. "]  # which a table would trim
    done(classes(tmp_path / "src", names), tmp_path / "out", copies=2, form="folder")
    assert {source.label for source in read(tmp_path / "out").sources} == set(names)
    for id in outputs(tmp_path / "out"):
        assert id.isprintable()
        assert replay(tmp_path / "out", id).is_identical
    assert verify(tmp_path / "out").is_sound
    done(tmp_path / "out", tmp_path / "again", copies=1)
    assert folders(tmp_path / "again").keys() == set(names)


@pytest.mark.parametrize("names", [["Cat"], ["cat"], ["cat?", "CAT"], ["b", "con"]])
def test_growth_moves_no_class(names: list[str], tmp_path: Path) -> None:
    src = lay(tmp_path / "src", {f"{folder}/{name}.jpg": JPEG for folder in names for name in "ab"})
    done(src, tmp_path / "out", copies=1)
    before = folders(tmp_path / "out")
    lay(src, {f"{folder}/new.png": PNG for folder in [*names, "Cat", "cat", "cat?", "con", "B"]})
    done(src, tmp_path / "out", copies=3, extend=True)
    after = folders(tmp_path / "out")
    assert {name: after[name] for name in names} == before
    assert all(len(its) == 1 for its in after.values())
    assert len({folder.casefold() for its in after.values() for folder in its}) == len(after)
    assert verify(tmp_path / "out").is_sound
    first = tree(tmp_path / "out")
    (tmp_path / "out/.augkit/done.json").unlink()
    assert done(src, tmp_path / "out", copies=3).written == 3 * len(read(src).sources)
    assert tree(tmp_path / "out") == first


def test_trees_of_old_go_on_with_the_folders_that_they_have(tmp_path: Path) -> None:
    src = lay(tmp_path / "src", {f"{folder}/a.jpg": JPEG for folder in ("Cat", "cat", "dog's", "x")})
    done(src, tmp_path / "out", copies=1)
    forget(tmp_path / "out")
    done(src, tmp_path / "out", copies=1)
    before = folders(tmp_path / "out")
    (note,) = (note for note in done(src, tmp_path / "out", copies=1).notes if "Not every file system" in note)
    assert before["Cat"] == {note.split("class 'Cat' is folder '")[1].split("'")[0]}
    assert before == {label: {folder} for label, folder in folders_before_0_5(["Cat", "cat", "dog's", "x"]).items()}
    assert before["dog's"] != {"dog's"}
    lay(src, {"CAT/a.jpg": PNG, "dog's/b.jpg": PNG, "new?/c.jpg": PNG})
    done(src, tmp_path / "out", copies=2, extend=True)
    assert folders(tmp_path / "out") == {**before, "CAT": {"CAT"}, "new?": {"new%3F"}}
    assert verify(tmp_path / "out").is_sound
    done(src, tmp_path / "out", copies=3, extend=True)
    assert folders(tmp_path / "out") == {**before, "CAT": {"CAT"}, "new?": {"new%3F"}}


def test_a_folder_of_another_normal_form_is_the_same_class_unless_both_are_there() -> None:
    composed, apart = "caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")
    assert folders_of([apart]) == {apart: composed}
    both = folders_of([apart, composed])
    assert both[composed] == composed
    assert {class_of(folder) for folder in both.values()} == {apart, composed}


MORE = [*ODD, "bad\udcff", "nl\nx", "50%20", 'a,b;"c"', "=1+1", "<b>&amp;", " lead", "trail ", "x\u2028y", "007", ""]
MORE += ["train", "labels", "masks", "images", "_unlabeled", "a: b #c", "-1", "true", "null", "\ufeffbom", "nul\0x"]
MORE += ["a+b&c;d#e"]
FORMS = [name for name, form in writers().items() if form.holds_labels or "boxes" in form.holds]


def boxed(root: Path, names: Iterable[str]) -> Path:
    """Lay pictures of which each has a class, and a box of that class, both with an odd name."""
    known = list(names)
    rows = [{"image": f"{n}.jpg", "label": name, "boxes": [[1, 2, 9, 9]], "box_labels": [name]}
            for n, name in enumerate(known)]  # fmt: skip
    return lay(root, {"list.jsonl": "\n".join(map(json.dumps, rows)), **{f"{n}.jpg": JPEG for n in range(len(known))}})


@pytest.mark.parametrize("form", FORMS)
def test_every_form_keeps_a_name_or_refuses_it(form: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pattern = writers()[form].unheld
    kept = [name for name in MORE if pattern is None or not pattern.search(name)]
    assert {"cat?", "Cat", "cat", "50%20", "images", "a+b&c;d#e", "dog's"} <= set(kept)
    done(boxed(tmp_path / "src", kept), tmp_path / "out", copies=1, form=form, originals="include")
    found = read(tmp_path / "out")
    assert {label for source in found.sources for label in source.object_labels} == set(kept)
    assert not [source.fault for source in found.sources if source.fault]
    if writers()[form].holds_labels:
        assert {source.label for source in found.sources} == set(kept)
    assert verify(tmp_path / "out").is_sound
    for name in set(MORE) - set(kept):
        with pytest.raises(ArgumentError, match="must have a place for the class"):
            done(boxed(tmp_path / str(MORE.index(name)), [name]), tmp_path / "no", copies=1, form=form)
        assert not (tmp_path / "no").exists()


def test_metadata_in_parquet_holds_names_that_are_not_utf_8(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = [{"image": "a.jpg", "label": "caf\udce9", "split": "train", "boxes": [[1, 2, 9, 9]], "box_labels": ["x"]}]
    rows += [{"image": "b.jpg", "label": "x", "split": "test"}]  # without boxes, so that JSON would not tell the types
    lay(tmp_path / "src", {"list.jsonl": "\n".join(map(json.dumps, rows)), "a.jpg": JPEG, "b.jpg": JPEG})
    done(tmp_path / "src", tmp_path / "out", copies=1, form="imagefolder")
    assert (tmp_path / "out/train/metadata.parquet").exists()
    assert len(read(tmp_path / "out").sources) == 2


def test_half_a_surrogate_pair_of_json_is_told_by_the_books(tmp_path: Path) -> None:
    rows = [{"image": "a.jpg", "label": "x\ud800"}, {"image": "b.jpg", "label": "x"}]
    lay(tmp_path / "src", {"list.jsonl": "\n".join(map(json.dumps, rows)), "a.jpg": JPEG, "b.jpg": JPEG})
    done(tmp_path / "src", tmp_path / "out", copies=1, form="folder")
    assert {source.label for source in read(tmp_path / "out").sources} == {"x\ud800", "x"}
