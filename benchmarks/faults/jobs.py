"""Jobs that are disturbed: small data sets of every format, what is made of them, and what that came to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.datasets import writers
from augkit.expand import expand
from augkit.expand.expand_config import ExpandConfig
from augkit.images import encode
from augkit.pipeline import Pipeline
from augkit.train.train_config import TrainConfig

COUNT, CLASSES = 12, 3
COPY = "class 0/000-12d0309a-c0.jpg"  # of those that are laid
HINTS = frozenset((".augkit/source.txt",))  # holds a place of this machine
# A run's files that are the same for every course of it; others hold times, or what was done twice.
MODEL = "model.safetensors"
OF_TRAINING = frozenset((MODEL, "predictions.csv", "pictures.jsonl", "rejected.jsonl"))
SMALL = """border: reflect
steps:
  - RandomCrop: {size: [16, 16]}
  - Brightness: {factor: [0.8, 1.2]}
"""
TUNED = """border: reflect
steps:
  - albumentations.HistogramMatching: {metadata: [REFERENCE]}
"""


@dataclass(frozen=True)
class Job:
    """A job in words of the command line, in which names in braces stand for places.

    Args:
        name: of it.
        steps: commands, one after the other; all of them are given again until the last one has ended well.
        before: commands that come first, undisturbed.
        places: that it has to do with, by the name in braces.
        own: files of the output that must be the same; none: all but hints.
        cost: seconds of an undisturbed run, roughly.
        is_apart: it needs an interpreter of its own.
        limit_s: seconds that an attempt may take, without outages.
        needs: packages.
        is_inside: it writes files into a folder that is there, if it writes any.
    """

    name: str
    steps: tuple[tuple[str, ...], ...]
    before: tuple[tuple[str, ...], ...] = ()
    places: tuple[str, ...] = ("source", "out")
    own: frozenset[str] = frozenset()
    cost: float = 0.3
    is_apart: bool = False
    limit_s: float = 60.0
    needs: tuple[str, ...] = field(default=())
    is_inside: bool = False

    @property
    def can_wait(self) -> bool:
        """Whether its command takes --wait."""
        command = self.steps[0][0] if self.steps else ""
        if command == "expand":
            return "wait" in ExpandConfig.model_fields
        return command == "train" and "wait" in TrainConfig.model_fields

    def words(self, step: Sequence[str], places: Mapping[str, str]) -> list[str]:
        """Return a command's words."""
        return [word.format(**places) for word in step]


def _expanding(name: str, source: str, *options: str, before: Sequence[tuple[str, ...]] = (), **more: Any) -> Job:
    words = ("expand", source, "{out}", "--pipeline", "{pipeline}", "--workers", "0", *options)
    options = more.pop("copies", ("--copies", "3"))
    return Job(name, ((*words, *options),), tuple(before), **more)


def jobs() -> tuple[Job, ...]:
    """Return all jobs of this machine's disk."""
    plain = ("expand", "{source}/folder", "{out}", "--pipeline", "{pipeline}", "--workers", "0")
    split = ("--split", "train=0.6,val=0.2,test=0.2", "--originals", "include", "--encoding", "auto")
    parts = tuple((*plain, "--copies", "3", "--shards", f"{number}/3") for number in range(3))
    train = ("train", "--model", "lenet", "--epochs", "2", "--input", "32x32x3", "--batch-size", "4")
    trained = ("train", "{source}/folder", "--out", "{out}", *train[1:])
    found = [
        _expanding("folder", "{source}/folder"),
        _expanding("folder, split, with originals", "{source}/folder", *split),
        _expanding("folder into tars", "{source}/folder", "--format", "webdataset"),
        _expanding("tar", "{source}/folder.tar"),
        _expanding("zip", "{source}/folder.zip", "--format", "parquet"),
        _expanding("two workers", "{source}/folder", "--workers", "2", cost=0.9),
        _expanding("two workers, short limit", "{source}/folder", "--workers", "2", "--timeout", "0.5", cost=0.9),
        _expanding("depth of all", "{source}/deep", "--range", "auto", "--depth", "8", "--encoding", "png"),
        _expanding(
            "groups of a file", "{source}/folder", "--split", "train=0.5,val=0.5", "--groups", "{labels}/groups.csv",
            places=("source", "out", "labels"),
        ),
        _expanding(
            "a reference picture", "{source}/folder", "--pipeline", "{reference}/matched.yaml",
            places=("source", "out", "reference"), cost=1.0, needs=("albumentations",),
        ),
        Job("parts", parts),
        Job("parts of two workers", tuple((*step, "--workers", "2") for step in parts[:1]) + parts[1:], cost=1.5),
        Job("more copies", ((*plain, "--copies", "5", "--extend"),), ((*plain, "--copies", "3"),)),
        Job("anew", ((*plain, "--copies", "2", "--fresh"),), ((*plain, "--copies", "3"),)),
        *(
            _expanding(f"{form}", f"{{source}}/{form}", *(() if form in writers() else ("--format", "folder")))
            for form in writers() if form != "folder"
        ),
        _expanding("ray", "{source}/folder", "--engine", "ray", "--workers", "2",
                   cost=9.0, is_apart=True, limit_s=180.0, needs=("ray",)),
        Job("train", (trained,), own=OF_TRAINING, cost=2.5, needs=("torch",)),
        Job("train, two workers", ((*trained, "--pipeline", "{pipeline}", "--workers", "2"),),
            own=OF_TRAINING, cost=5.0, limit_s=120.0, needs=("torch",)),
        *_looking(),
        Job("train of copies", (("train", "{source}/copies", *trained[2:]),), own=OF_TRAINING, cost=2.5,
            needs=("torch",)),
    ]  # fmt: skip
    return tuple(found)


def _looking() -> Iterator[Job]:
    """Yield the jobs of commands that write a file, or nothing."""
    source, copies = "{source}/folder", "{source}/copies"
    commands: dict[str, tuple[str, ...]] = {
        "show": ("show", source, "--pipeline", "{pipeline}", "-o", "{out}/sheet.png"),
        "show a page": ("show", "{source}/coco", "--pipeline", "{pipeline}", "-o", "{out}/page.html"),
        "split": ("split", source, "-o", "{out}/split.csv"),
        "fit-pca": ("fit-pca", source, "-o", "{out}/pca.yaml"),
        "verify": ("verify", copies),
        "explain": ("explain", "{pipeline}"),
        "estimate": ("expand", source, "{out}/none", "--pipeline", "{pipeline}", "--copies", "2", "--dry-run"),
        "replay": ("replay", copies, COPY, "-o", "{out}/copy.jpg", "--source", source),
    }
    for name, words in commands.items():
        yield Job(name, (words,), is_inside=True, cost=0.5)


def picture(seed: int, size: tuple[int, ...] = (24, 32, 3)) -> NDArray[np.uint8]:
    """Return noise."""
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def lay_sources(place: Path, count: int = COUNT, forms: Iterable[str] | None = None) -> None:
    """Lay data sets of some formats, of every one if none are named, below a folder; plain folders are always there."""
    for number in range(count):
        file = place / f"folder/class {number % CLASSES}/{number:03d}.{'png' if number % 2 else 'jpg'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(picture(number), "png" if number % 2 else "jpeg"))
        deep = place / f"deep/class {number % CLASSES}/{number:03d}.png"
        deep.parent.mkdir(parents=True, exist_ok=True)
        deep.write_bytes(encode(picture(number).astype(np.uint16) * 100, "png"))
    for kind in ("tar", "zip"):
        shutil.make_archive(str(place / "folder"), kind, place / "folder")
    _lay_labelled(place / "labelled", count)
    still = Pipeline([])
    expand(place / "folder", place / "copies", still, 2, workers=0)
    for form in writers() if forms is None else forms:
        if form == "folder":
            continue
        if form == "dota":
            _lay_corners(place / form, count)
        elif form == "segmentation":
            expand(place / "labelled/masks.jsonl", place / form, still, 1, workers=0, form=form)
        else:
            expand(place / "labelled/boxes.jsonl", place / form, still, 1, workers=0, form=form)
        for books in (place / form).rglob(".augkit"):
            shutil.rmtree(books)


def _lay_labelled(place: Path, count: int) -> None:
    place.mkdir(parents=True)
    boxes, masks = [], []
    for number in range(count):
        name = f"{number:03d}.png"
        (place / name).write_bytes(encode(picture(number), "png"))
        (place / f"mask-{name}").write_bytes(encode(np.eye(24, 32, number, dtype=np.uint8), "png"))
        boxes.append({"file_name": name, "boxes": [[2, 3, 9 + number, 12]], "box_labels": ["cat"]})
        masks.append({"file_name": name, "mask": f"mask-{name}"})
    for kind, rows in (("boxes", boxes), ("masks", masks)):
        (place / f"{kind}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _lay_corners(place: Path, count: int) -> None:
    for name in ("images", "labelTxt"):
        (place / name).mkdir(parents=True)
    for number in range(count):
        (place / f"images/{number:03d}.png").write_bytes(encode(picture(number), "png"))
        (place / f"labelTxt/{number:03d}.txt").write_text(f"2 3 {9 + number} 3 {9 + number} 12 2 12 cat 0\n")


def lay_others(places: Mapping[str, Path]) -> None:
    """Lay what jobs have beside their sources: pipelines, a reference picture, groups."""
    for name in ("labels", "reference"):
        places[name].mkdir(parents=True)
    places["pipeline"].write_text(SMALL)
    reference = places["reference"] / "reference.png"
    reference.write_bytes(encode(picture(99), "png"))
    (places["reference"] / "matched.yaml").write_text(TUNED.replace("REFERENCE", json.dumps(str(reference))))
    lines = [f"class {n % CLASSES}/{n:03d}.{'png' if n % 2 else 'jpg'},{n // 2}" for n in range(COUNT)]
    (places["labels"] / "groups.csv").write_text("\n".join(["id,group", *lines]) + "\n")


def tree(out: Path, own: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """Return what a job came to: its files by their paths."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file() or path.is_symlink()}
    wanted = (name for name in files if (name in own if own else name not in HINTS))
    found = {name: files[name].read_bytes() for name in sorted(wanted)}
    if MODEL in found:  # whose head names places of this machine
        data = found[MODEL]
        found[MODEL] = data[8 + int.from_bytes(data[:8], "little") :]
    return found


__all__ = ["Job", "jobs", "lay_others", "lay_sources", "tree"]
