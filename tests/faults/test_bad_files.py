"""A folder of everything that goes wrong with files: each costs itself, with the reason that the table gives."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augkit.datasets import read
from augkit.errors import FileError
from augkit.expand import Summary, verify
from augkit.pipeline import Pipeline
from augkit.transforms.geometry import Mirror
from support.encoded import GREY, KINDS, PICTURE, REFUSED, exif, save
from support.folders import done, lines, picture

ANY = Pipeline([Mirror()])  # takes pictures of every kind
MUTATIONS = 2000


def webp_of(width: int, height: int) -> bytes:
    """Return a lossless WebP whose header claims a size."""
    data = save(PICTURE, "WEBP", lossless=True)
    place = data.index(b"VP8L") + 9  # behind the name, the length and the signature: two sizes less one, 14 bits each
    return data[:place] + struct.pack("<I", width - 1 | height - 1 << 14) + data[place + 4 :]


def tag(number: int, value: int) -> bytes:
    return struct.pack("<HHII", number, 4, 1, value)


# The others, of PNG, BMP and JPEG, are among REFUSED.
BOMBS = {
    "gif": save(GREY, "GIF").replace(struct.pack("<HH", *GREY.size), b"\xff" * 4),
    "webp": webp_of(16_383, 16_383),
    "tiff": save(PICTURE, "TIFF")
    .replace(tag(256, PICTURE.width), tag(256, 60_000))
    .replace(tag(257, PICTURE.height), tag(257, 60_000)),
    "ppm": b"P6 60000 60000 255\n" + bytes(99),
}


def rejected(out: Path) -> dict[str, str]:
    entries = map(json.loads, (out / ".augkit/rejected.jsonl").read_text().splitlines())
    return {entry["source"]: entry["reason"] for entry in entries}


def assert_adds_up(summary: Summary, out: Path) -> None:
    found = rejected(out)
    assert summary.planned == summary.written + summary.rejected == summary.sources
    assert summary.rejected == len(found)
    assert {entry["source"] for entry in lines(out)}.isdisjoint(found)
    assert sum(count for _, count in summary.reasons) == summary.rejected
    for reason in found.values():
        assert reason.isprintable()
        assert reason.endswith((".", ".)"))
        assert str(out.parent) not in reason
    assert verify(out).is_sound


def test_every_file_has_the_outcome_of_the_table(tmp_path: Path) -> None:
    src, wanted = tmp_path / "src", dict[str, str]()
    src.mkdir()

    def put(name: str, data: bytes, reason: str) -> None:
        (src / name).write_bytes(data)
        wanted[name] = reason

    for number, (data, _) in enumerate(KINDS.values()):
        put(f"kind-{number}.jpg", data, "")  # whatever its name says
    for number, (data, reason) in enumerate(REFUSED.values()):
        put(f"refused-{number}.png", data, reason)
    for name, data in BOMBS.items():
        put(f"bomb.{name}", data, "must have at most 175,000,000 pixels")
    for orientation in range(1, 9):
        put(f"turned-{orientation}.jpg", save(PICTURE, "JPEG", exif=exif(orientation)), "")
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP"):
        whole = save(Image.fromarray(picture(3, (60, 80, 3))), kind)
        for eighth in range(8):
            put(f"cut-{kind}-{eighth}.png", whole[: len(whole) * eighth // 8], "is empty" if not eighth else "is ")
    summary = done(src, tmp_path / "out", pipeline=ANY, copies=1, encoding="png", max_rejected=1.0)
    assert_adds_up(summary, tmp_path / "out")
    found = rejected(tmp_path / "out")
    assert found.keys() == {name for name, reason in wanted.items() if reason}
    for name, reason in found.items():
        assert wanted[name] in reason, name
    sizes = {entry["source"]: entry["record"]["size"] for entry in lines(tmp_path / "out")}
    assert [sizes[f"turned-{orientation}.jpg"] for orientation in range(1, 9)] == [[24, 40]] * 4 + [[40, 24]] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither these names nor these files")
def test_odd_names_and_odd_files(tmp_path: Path) -> None:
    src = tmp_path / "src"
    (src / "-rf").mkdir(parents=True)
    names = [
        b"a\nb.png",
        b"-rf/--help.png",
        b"..png",
        b"...png",
        b"x" * 251 + b".png",
        b"caf\xe9.png",
        b" .png",
        b"a..b.png",
    ]
    kept = [name for name in names if not name.startswith(b".")]
    for name in names:
        (Path(os.fsdecode(os.fsencode(src) + b"/" + name))).write_bytes(save(GREY, "PNG"))
    (src / "loop.png").symlink_to("loop.png")
    (src / "gone.png").symlink_to("nowhere.png")
    (src / "up").symlink_to("..", target_is_directory=True)
    (src / "linked.png").symlink_to("a..b.png")
    os.mkfifo(src / "pipe.png")
    summary = done(src, tmp_path / "out", pipeline=ANY, copies=1, encoding="png")
    assert_adds_up(summary, tmp_path / "out")
    assert summary.written == len(kept) + 1
    assert dict(summary.left_out) == {
        "hidden": len(names) - len(kept),
        "a broken link": 2,
        "a link to a folder": 1,
        "no regular file": 1,
    }


def test_a_file_that_changes_into_a_pipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(save(GREY, "PNG"))
    data = read(tmp_path)
    (tmp_path / "a.png").unlink()
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(FileError):
        data.read("a.png")


def mutated(seed: int) -> bytes:
    """Return a picture file with bits flipped, runs overwritten, pieces taken out, doubled or cut off."""
    rng = np.random.default_rng(seed)
    data = bytearray(list(KINDS.values())[seed % len(KINDS)][0])
    for _ in range(rng.integers(1, 6)):
        place, length = int(rng.integers(len(data))), int(rng.integers(1, 24))
        match int(rng.integers(6)):
            case 0:
                data[place] ^= 1 << int(rng.integers(8))
            case 1:
                data[place : place + length] = rng.bytes(length)
            case 2:
                data[place : place + length] = b"\xff" * length  # lengths as long as they get
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = data[place : place + length]
            case _:
                del data[max(1, place) :]
        data = data or bytearray(b"\0")
    return bytes(data)


def test_two_thousand_mutations(tmp_path: Path) -> None:
    for seed in range(MUTATIONS):
        path = tmp_path / "src" / f"c{seed % 5}" / f"{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mutated(seed))
    command = [sys.executable, "-m", "augkit", "expand", str(tmp_path / "src"), str(tmp_path / "out")]
    command += ["--pipeline", "identity", "--copies", "1", "--encoding", "png", "--workers", "1", "--max-rejected", "1"]
    ended = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr  # libtiff talks there by itself
    told: dict[str, Any] = json.loads(ended.stdout)
    assert told["planned"] == told["written"] + told["rejected"] == MUTATIONS
    assert MUTATIONS / 10 < told["rejected"] < MUTATIONS
    assert sum(reason["outputs"] for reason in told["reasons"]) == told["rejected"]
    assert not any("crashed" in reason["reason"] or "longer" in reason["reason"] for reason in told["reasons"])
    assert all(reason["reason"].isprintable() for reason in told["reasons"])
    assert verify(tmp_path / "out").is_sound
