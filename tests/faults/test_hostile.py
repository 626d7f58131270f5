"""Input that means harm, and machines that are ill: a sentence, and nothing lost by it."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from augkit.datasets import Source
from augkit.datasets.splits import groups_of
from augkit.errors import ArgumentError, AugkitError, DecodeError, FileError
from augkit.expand import ExpandConfig, JobError, estimate, replay, verify
from augkit.expand.expand_config import MOST_COPIES
from augkit.images import decode
from support.data_sets import JPEG, coco, lay
from support.folders import done, fill, lines, tree

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these files nor these signals")
AUGKIT = (sys.executable, "-m", "augkit")
BOOKS = ("job.json", "done.json", "plan/00.jsonl", "shards/00001.json", "lineage/00001.jsonl", "rejected.jsonl")


@pytest.fixture(scope="module")
def expanded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    fill(root / "src")
    done(root / "src", root / "out", copies=2)
    return root


@pytest.fixture
def out(expanded: Path, tmp_path: Path) -> Path:
    shutil.copytree(expanded / "out", tmp_path / "out")
    return tmp_path / "out"


def assert_one_sentence(fault: AugkitError) -> None:
    assert "\n" not in str(fault)
    assert " must " in str(fault)
    assert str(fault).endswith((".", "?"))


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 19, "0", "-1", "1e3", ""])
def test_a_balance_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        ExpandConfig.of(source="src", out="out", pipeline="light", copies=1, balance=text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("options", [{"copies": MOST_COPIES + 1}, {"balance": MOST_COPIES * 30}])
def test_more_copies_than_can_be_kept_are_refused(expanded: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    shutil.copytree(expanded / "src/tulips", tmp_path / "src/tulips")
    with pytest.raises(ArgumentError, match=f"{MOST_COPIES:,}"):
        done(tmp_path / "src", tmp_path / "out", **options)


def test_a_sample_does_not_make_all_copies_of_a_picture(expanded: Path, tmp_path: Path) -> None:
    found = estimate(expanded / "src/roses", tmp_path / "out", "identity", MOST_COPIES, workers=0)
    assert found.planned == 3 * MOST_COPIES
    assert found.sampled < MOST_COPIES


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(" * 3000, "zzz", "x*", r"(\d*)", ""])
def test_a_pattern_that_groups_nothing_is_refused(pattern: str) -> None:
    sources = [Source(f"roses/p{number}.jpg", 1) for number in range(3)]
    with pytest.raises(ArgumentError) as caught:
        groups_of(sources, pattern, {})
    assert len(str(caught.value)) < 400


@POSIX
@pytest.mark.parametrize("name", ["a" * 300, "a" * 5000, "loop", "loop/x"])
def test_a_place_that_cannot_be_is_a_sentence(expanded: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    place = tmp_path / name
    asks: list[Callable[[], object]] = [
        lambda: done(expanded / "src", place),
        lambda: done(place, tmp_path / "out"),
        lambda: verify(place),
        lambda: replay(expanded / "out", str(place)),
        lambda: replay(expanded / "out", lines(expanded / "out")[0]["id"], place),
    ]
    for ask in asks:
        with pytest.raises(AugkitError) as caught:
            ask()
        assert_one_sentence(caught.value)


@POSIX
def test_an_output_below_a_device_is_refused_before_any_work(expanded: Path) -> None:
    for ask in (done, lambda source, out: estimate(source, out, "identity", 1, workers=0)):
        with pytest.raises(FileError, match="got a file"):
            ask(expanded / "src", Path("/dev/null/out"))


@POSIX
@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("harm", ["a folder", "a loop", "nothing", "zeros", "another's"])
def test_damaged_books_are_named_by_every_command(expanded: Path, out: Path, name: str, harm: str) -> None:
    path = out / ".augkit" / name
    other = path.with_name(path.name.replace("00001", "00002"))
    before = tree(out)
    if harm == "zeros":
        path.write_bytes(b"\0" * 9)
    elif harm == "another's" and other != path:
        shutil.copy(other, path)
    else:
        path.unlink()
    if harm == "a folder":
        path.mkdir()
    elif harm == "a loop":
        path.symlink_to(path.name)
    try:
        assert not verify(out).is_sound or harm == "another's"
    except AugkitError as fault:
        assert name == "job.json"
        assert_one_sentence(fault)
    asks: list[Callable[[], object]] = [
        lambda: replay(out, lines(expanded / "out")[0]["id"]),
        lambda: done(expanded / "src", out, copies=2),
        lambda: done(expanded / "src", out, copies=3, extend=True),
    ]
    for ask in asks:
        try:
            ask()
        except AugkitError as fault:
            assert_one_sentence(fault)
    if harm != "a folder" and name != "job.json":
        done(expanded / "src", out, copies=2, fresh=True)
        assert tree(out) == before


def test_a_marker_of_another_shard_counts_as_none(expanded: Path, out: Path) -> None:
    before = tree(out)
    (out / ".augkit/done.json").unlink()
    shutil.copy(out / ".augkit/shards/00001.json", out / ".augkit/shards/00002.json")
    summary = done(expanded / "src", out, copies=2)
    assert summary.planned == summary.written + summary.rejected
    assert tree(out) == before


def test_a_damaged_plan_is_named(expanded: Path, out: Path) -> None:
    path = out / ".augkit/plan/00.jsonl"
    path.write_bytes(path.read_bytes().replace(b",2,", b',"2",'))
    with pytest.raises(JobError, match=r"plan/00.jsonl: must be as augkit expand wrote it.*--fresh"):
        done(expanded / "src", out, copies=2)


@POSIX
def test_nothing_is_removed_behind_a_link(expanded: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    (out / ".augkit/tmp").symlink_to(tmp_path / "mine", target_is_directory=True)
    for options in ({}, {"fresh": True}):
        done(expanded / "src", out, copies=2, **options)
        assert (tmp_path / "mine/thesis.txt").exists()


@pytest.mark.parametrize(
    "change",
    [{"class": ...}, {"place": [1]}, {"place": ["a", -1, 2]}, {"place": ["roses/a.jpg", 0, 10**15]}, {"place": {}}],
)
def test_replay_names_a_line_that_cannot_be(expanded: Path, out: Path, change: dict[str, Any]) -> None:
    path = out / ".augkit/lineage/00000.jsonl"
    first, *others = map(json.loads, path.read_text().splitlines())
    entry = {name: value for name, value in (first | change).items() if value is not ...}
    text = (json.dumps(line, separators=(",", ":")) + "\n" for line in (entry, *others))
    path.write_text("".join(text))
    with pytest.raises(AugkitError) as caught:
        replay(out, first["id"])
    assert_one_sentence(caught.value)


def test_outlines_far_longer_than_a_picture_cost_the_picture(tmp_path: Path) -> None:
    content = coco("a.jpg", "b.jpg")
    content["annotations"][1]["segmentation"] = [[-1e9, -1e9, 1e9, -1e9, 1e9, 1e9]]
    src = lay(tmp_path / "src", {"x.json": content, "a.jpg": JPEG, "b.jpg": JPEG}) / "x.json"
    summary = done(src, tmp_path / "out", copies=1, pipeline="six", max_rejected=1.0)
    assert [count for reason, count in summary.reasons if reason.startswith("outlines: must need at most")] == [1]


@POSIX
@pytest.mark.parametrize("form", ["folder", "webdataset", "parquet"])
def test_a_class_whose_name_is_no_text(expanded: Path, tmp_path: Path, form: str) -> None:
    src = tmp_path / "src"
    shutil.copytree(expanded / "src/roses", src / os.fsdecode(b"caf\xe9"))
    shutil.copytree(expanded / "src/roses", src / "rose")
    pytest.importorskip("pyarrow") if form == "parquet" else None
    assert done(src, tmp_path / "out", form=form).written
    assert verify(tmp_path / "out").is_sound


def shell(command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    augkit = f"'{sys.executable}' -m augkit"
    ended = subprocess.run(
        ["sh", "-c", command.replace("augkit", augkit, 1)], capture_output=True, text=True, timeout=60, **more
    )
    assert "Traceback" not in ended.stderr
    return ended


@POSIX
def test_names_that_the_terminal_cannot_show(expanded: Path, tmp_path: Path) -> None:
    shutil.copytree(expanded / "src/roses", tmp_path / "src" / os.fsdecode(b"caf\xe9"))
    shutil.copytree(expanded / "src/roses", tmp_path / "src/тюльпан")
    done(tmp_path / "src", tmp_path / "out")
    (tmp_path / "out/тюльпан/x").write_text("x")
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    assert shell("augkit verify out", cwd=tmp_path, env=env).returncode == 1
    ended = shell("augkit expand src new --pipeline identity --copies 1 --workers 0 --dry-run", cwd=tmp_path, env=env)
    assert ended.returncode == 0
    for entry in (lines(tmp_path / "out")[0], lines(tmp_path / "out")[-1]):
        assert subprocess.run([*AUGKIT, "replay", "out", entry["id"], "-o", "x"], cwd=tmp_path, env=env).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is full")  # noqa: PTH110
@pytest.mark.parametrize(("streams", "code"), [(">/dev/full", 1), ("2>/dev/full", 0), (">&-", 0), ("2>&-", 0)])
def test_a_print_that_nobody_takes(expanded: Path, streams: str, code: int) -> None:
    ended = shell(f"augkit verify out {streams}", cwd=expanded)
    assert ended.returncode == code


@POSIX
def test_replay_replaces_no_device(expanded: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    id = lines(expanded / "out")[0]["id"]
    ended = shell(f"augkit replay out '{id}' -o '{tmp_path}/pipe'", cwd=expanded)
    assert ended.returncode == 2
    assert (tmp_path / "pipe").is_fifo()


@POSIX
def test_a_dry_run_that_is_terminated_leaves_nothing(expanded: Path, tmp_path: Path) -> None:
    shutil.copytree(expanded / "src", tmp_path / "src")
    command = ("expand", "src", "out", "--pipeline", "strong", "--copies", "5000", "--workers", "1", "--dry-run")
    process = subprocess.Popen([*AUGKIT, *command], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not any((folder / ".augkit/tmp").exists() for folder in tmp_path.glob(".augkit-dry-run-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert "Traceback" not in process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["src"]


@pytest.mark.parametrize("label", ["1e999", "[1e999]", '{"a":-1e999}'])
def test_a_label_that_no_book_can_hold_is_refused(tmp_path: Path, label: str) -> None:
    src = lay(tmp_path, {"list.jsonl": f'{{"image":"a.jpg","label":{label}}}\n', "a.jpg": JPEG}) / "list.jsonl"
    with pytest.raises(FileError) as caught:
        done(src, tmp_path / "out", form="webdataset")
    assert_one_sentence(caught.value)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize("kind", [(1, 0, 0), (16, 0, 0), (8, 2, 0), (4, 3, 0), (8, 6, 1), (2, 0, 1), (16, 4, 1)])
def test_a_png_whose_pixels_end_early_is_refused(kind: tuple[int, int, int]) -> None:
    width, height, (bits, color, interlace) = 9, 5, kind
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    passes = [(2, 1), (1, 1), (3, 1), (2, 2), (5, 1), (4, 3), (9, 2)] if interlace else [(width, height)]
    pixels = b"".join(bytes(1 + (columns * bits * channels + 7) // 8) * rows for columns, rows in passes)
    for held, is_whole in ((pixels, True), (pixels[:-1], False), (pixels[: len(pixels) // 2], False), (b"", False)):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlace))
        body = chunk(b"PLTE", bytes(6)) + chunk(b"IDAT", zlib.compress(held)) + chunk(b"IEND", b"")
        data = b"\x89PNG\r\n\x1a\n" + header + body
        if is_whole:
            assert decode(data).image.shape[:2] == (height, width)
        else:
            with pytest.raises(DecodeError, match="truncated or damaged"):
                decode(data)


def test_a_jpeg_of_thousands_of_scans_is_refused_at_once() -> None:
    file = io.BytesIO()
    Image.new("RGB", (800, 800)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    assert decode(data).image.shape == (800, 800, 3)
    with pytest.raises(DecodeError, match="scans"):
        decode(data[:last] + data[last:-2] * 3000 + data[-2:])
