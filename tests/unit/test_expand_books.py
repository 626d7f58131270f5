"""Verify names whatever is wrong with an expansion; replay makes any output again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from augkit.errors import ArgumentError, AugkitError, FileError
from augkit.expand import JobError, Report, replay, verify
from support.folders import done, fill, lines, outputs, picture, put, tree


@pytest.fixture(scope="module")
def expanded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("books")
    fill(root / "src")
    (root / "src/zero.jpg").write_bytes(b"")
    done(root / "src", root / "out")
    return root


@pytest.fixture
def out(expanded: Path, tmp_path: Path) -> Path:
    shutil.copytree(expanded / "out", tmp_path / "out")
    return tmp_path / "out"


def flip(path: Path, place: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def named(report: Report) -> list[str]:
    return [*report.missing, *(id for id, _ in report.changed), *report.extra]


def test_an_untouched_tree_is_sound(out: Path) -> None:
    assert verify(out) == Report(72, (), (), (), "")
    (out / ".augkit/source.txt").unlink()  # a hint, no more
    assert verify(out).is_sound


def test_one_flipped_bit_is_found_in_any_file(out: Path) -> None:
    for id in tree(out):
        size = (out / id).stat().st_size
        for place in {0, size // 2, size - 1} if size else ():
            before = (out / id).read_bytes()
            flip(out / id, place)
            report = verify(out)
            assert not report.is_sound
            assert id in named(report), (id, place)
            if not id.startswith(".augkit"):
                assert named(report) == [id]
            (out / id).write_bytes(before)
    assert verify(out).is_sound


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "changed"),
        (lambda path: path.write_bytes(b""), "changed"),
        (Path.unlink, "missing"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "changed"),
        (lambda path: (path.unlink(), path.mkdir()), "changed"),
        (lambda path: path.with_name("stranger.jpg").write_bytes(b"x"), "extra"),
    ],
)
def test_damage_is_named(out: Path, harm: Callable[[Path], object], kind: str) -> None:
    id = sorted(outputs(out))[5]
    harm(out / id)
    report = verify(out)
    wanted = "roses/stranger.jpg" if kind == "extra" else id
    assert named(report) == [wanted]
    assert wanted in str(getattr(report, kind))


def test_every_missing_file_is_named(out: Path) -> None:
    for id in tree(out):
        data = (out / id).read_bytes()
        (out / id).unlink()
        if id == ".augkit/job.json":
            with pytest.raises(FileError, match="augkit expand wrote"):
                verify(out)
        elif id == ".augkit/done.json":
            assert verify(out).unfinished
        else:
            assert id in verify(out).missing
        (out / id).write_bytes(data)


def test_an_unfinished_job_says_so(out: Path) -> None:
    (out / ".augkit/done.json").unlink()
    (out / ".augkit/shards/00003.json").unlink()
    report = verify(out)
    assert report.unfinished.startswith("the job ended after 12 of 13 shards; 7 files belong")
    assert not named(report)


def test_more_copies_of_what_is_complete_are_told_how(expanded: Path, out: Path) -> None:
    with pytest.raises(ArgumentError, match=r"copies must be \d+, got 99; --extend adds copies"):
        done(expanded / "src", out, copies=99)


def test_books_cannot_lead_out_of_the_folder(out: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"x")
    path = out / ".augkit/lineage/00000.jsonl"
    id = lines(out)[0]["id"]
    path.write_bytes(path.read_bytes().replace(json.dumps(id).encode(), b'"../secret.jpg"'))
    assert ".augkit/lineage/00000.jsonl" in named(verify(out))


def test_every_output_is_replayed_identically(expanded: Path) -> None:
    out = expanded / "out"
    for id, data in outputs(out).items():
        made = replay(out, id)
        assert made.is_identical
        assert made.data == data
        assert not made.other_versions


def test_replay_from_another_place(out: Path, expanded: Path, tmp_path: Path) -> None:
    id = lines(out)[0]["id"]
    shutil.copytree(expanded / "src", tmp_path / "moved")
    (out / ".augkit/source.txt").write_text("/nowhere\n")
    with pytest.raises(FileError, match=r"^/nowhere: must be a folder, got nothing.*--source\.$"):
        replay(out, id)
    assert replay(out, id, tmp_path / "moved").is_identical
    assert replay(out, str(out / id), tmp_path / "moved").id == id  # as a shell completes it
    put(tmp_path / "moved" / lines(out)[0]["source"], picture(1234))
    with pytest.raises(JobError, match="picture that was expanded"):
        replay(out, id, tmp_path / "moved")


def test_replay_names_the_version_that_differs(out: Path, expanded: Path) -> None:
    path = out / ".augkit/lineage/00000.jsonl"
    entry = lines(out)[0]
    data = path.read_text().replace('"numpy":"', '"numpy":"0.').replace(entry["sha256"], "0" * 64)
    path.write_text(data)
    made = replay(out, entry["id"], expanded / "src")
    assert not made.is_identical
    assert made.other_versions == (("numpy", "0." + entry["versions"]["numpy"], entry["versions"]["numpy"]),)


def test_an_unknown_id_gets_the_nearest(out: Path) -> None:
    id = lines(out)[0]["id"]
    with pytest.raises(ArgumentError, match=f"Did you mean {id}"):
        replay(out, id[:-5] + "x" + id[-5:])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no JSON": lambda line: line[:-9],
    "a list": lambda line: b"[1, 2]",
    "a word": lambda line: b'"id"',
    "far too deep": lambda line: b"[" * 100_000,
    "no UTF-8": lambda line: b'{"id":"\xff"}',
    "without a field": lambda line: line.replace(b'"sha256"', b'"sha257"'),
    "a number for a name": lambda line: re.sub(rb'"source":"[^"]*"', b'"source":3', line),
    "a word for the versions": lambda line: re.sub(rb'"versions":{[^}]*}', b'"versions":"new"', line),
    "another plan": lambda line: line.replace(b'"augkit_plan":2', b'"augkit_plan":"two"'),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_replay_names_a_damaged_line(out: Path, kind: str) -> None:
    path = out / ".augkit/lineage/00000.jsonl"
    first, *others = path.read_bytes().splitlines()
    id = json.loads(first)["id"]
    harmed = DAMAGE[kind](first)
    path.write_bytes(b"\n".join([harmed, *others, b""]))
    begins_alike = harmed.startswith(f'{{"id":"{id}",'.encode())
    for wanted in [id] * begins_alike + ["x"] * (kind not in MINOR):
        with pytest.raises(JobError, match=r"00000.jsonl:1: must be as augkit expand wrote it, got ") as caught:
            replay(out, wanted)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400


MINOR = ("without a field", "a number for a name", "a word for the versions", "another plan")  # leave the id readable


@pytest.mark.parametrize("harmed", [b"{", b"[]", b'{"id":3,"reason":"x"}', b'{"id":"x"}', b"\xff"])
def test_replay_names_a_damaged_line_of_the_rejected(out: Path, harmed: bytes) -> None:
    path = out / ".augkit/rejected.jsonl"
    path.write_bytes(harmed + b"\n" + path.read_bytes())
    with pytest.raises(JobError, match=r"rejected.jsonl:1: must be as augkit expand wrote it, got "):
        replay(out, "x")


@pytest.mark.parametrize("ask", [verify, lambda out: replay(out, "x")])
def test_what_is_no_expansion_is_refused(tmp_path: Path, ask: Callable[[Path], object]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(AugkitError) as caught:
            ask(folder)
        assert caught.value.exit_code == 2
