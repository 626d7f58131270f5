"""The jobs of the corpus: commands of the command line, and the files that they are run on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from corpus import pipelines, sources
from corpus.sources import Files

KEPT = ("class folders", "extend copies", "all in jsonl to webdataset", "jsonl to parquet", "rejected")  # as trees
FORMS = ("folder", "coco", "yolo", "webdataset", "parquet")


@dataclass(frozen=True)
class Job:
    """Commands to run in a folder of files, and the folders and files that they make, which are looked at."""

    files: Callable[[], Files]
    commands: tuple[str, ...]
    made: tuple[str, ...] = ("out",)


SMALL = b"steps:\n- RandomCrop: [16, 20]\n- Mirror: {chance: 0.5}\n- Rotate: [-20, 20]\n- Brightness: [0.7, 1.3]\n"
GENTLE = b"border: constant\nfill: 40\nmin_visible: 0.2\nsteps:\n- Rotate: [-20, 20]\n- Scale: [0.8, 1.2]\n- Gamma\n"
BENT = b"steps:\n- Mirror: {chance: 0.5}\n- LocalWarp: {strength: 0.05, cells: 3}\n- Brightness\n"
HANDS = (
    b"keypoint_pairs: [[0, 1]]\nmirrored_labels: {left: right}\nmin_visible: 0.0\n"
    b"steps:\n- Mirror: {chance: 0.6}\n- Rotate: [-8, 8]\n"
)
UPRIGHT = b"steps:\n- Rotate: [-3, 3]\n"
PLANS = {"small.yaml": SMALL, "gentle.yaml": GENTLE, "bent.yaml": BENT, "hands.yaml": HANDS, "upright.yaml": UPRIGHT}
GROUPS = b"id,group\r\n" + b"".join(f"a/{n:02d}.png,p{n // 3}\r\n".encode() for n in range(6))
LISTS = {
    "src/first.csv": b"image,label\np/b.png,x\np/d.png,y\n",
    "src/all.csv": b"image,label\np/a.png,x\np/b.png,x\np/c.png,z\np/d.png,y\n",
}
PNG = "--encoding png"


def _with(files: Callable[[], Files], more: Files | None = None) -> Callable[[], Files]:
    return lambda: PLANS | files() | (more or {})


def _expand(options: str, source: str = "src", out: str = "out", pipeline: str = "small.yaml") -> str:
    name = pipeline.replace(" ", "\0")  # split at blanks below
    return f"expand {source} {out} --pipeline {name} --workers 0 {options}"


def _one(
    files: Callable[[], Files], options: str, *more: str, pipeline: str = "small.yaml", source: str = "src"
) -> Job:
    """Return a job of one expansion, and what more is asked of it."""
    first = _expand(options, source, pipeline=pipeline)
    return Job(_with(files), (first, *(_expand(other, source, pipeline=pipeline) for other in more)))


def jobs() -> dict[str, Job]:
    """Return every job by its name."""
    classes = partial(sources.classes, "a", "b")
    uneven = lambda: sources.classes("a", each=6) | sources.classes("b", each=2, first=50)  # noqa: E731
    many = partial(sources.classes, "a", "b", each=4, size=(6, 7))
    found = {
        "class folders": _one(classes, "--copies 3 --quality 80"),
        "class folders, seed": _one(classes, "--copies 2 --seed -5"),
        "flat folder": _one(lambda: {f"src/{n}.png": sources.picture(n) for n in range(3)}, f"--copies 2 {PNG}"),
        "splits above": _one(sources.splits, "--copies 2"),
        "splits above, originals": _one(sources.splits, f"--copies 1 --originals include {PNG}"),
        "odd names": _one(sources.odd_names, f"--copies 1 --originals include {PNG}"),
        "kinds as png": _one(sources.kinds, f"--copies 2 {PNG}", pipeline="gentle.yaml"),
        "kinds as webp": _one(sources.kinds, "--copies 1 --encoding webp --quality 70", pipeline="gentle.yaml"),
        "kinds as jpeg": _one(sources.kinds, "--copies 1 --max-rejected 1", pipeline="gentle.yaml"),
        "16 bits and alpha": _one(sources.deep, f"--copies 2 {PNG}"),
        "16 bits and alpha as jpeg": _one(sources.deep, "--copies 1 --max-rejected 1 --originals include"),
        "alpha as webp": _one(sources.deep, "--copies 1 --max-rejected 1 --encoding webp"),
        "rejected": _one(sources.broken, f"--copies 2 --max-rejected 1 {PNG}"),
        "rejected, too many": _one(sources.broken, "--copies 1 --originals include"),
        "split": _one(uneven, "--copies 2 --split train=0.6,val=0.2,test=0.2 --split-seed 3"),
        "balance max": _one(uneven, "--copies 2 --balance max"),
        "balance number": _one(uneven, "--copies 1 --balance 14 --originals include"),
        "split, balance, originals": _one(
            uneven, f"--copies 2 --split train=0.7,val=0.3 --balance max --originals include {PNG}"
        ),
        "groups by pattern": _one(uneven, r"--copies 1 --split train=0.5,test=0.5 --groups ^([ab]/0[0-2])"),
        "groups by file": Job(
            _with(partial(sources.classes, "a", each=6), {"groups.csv": GROUPS}),
            (_expand("--copies 1 --split train=0.5,val=0.5 --groups groups.csv"),),
        ),
        "groups by column": _one(
            lambda: sources.manifest([row | {"split": None, "group": None, "who": n // 2} for n, row in _plain_rows()]),
            "--copies 1 --split train=0.5,val=0.5 --groups who",
            source="src/list.jsonl",
        ),
        "leaks": _one(
            lambda: sources.splits() | {"src/test/rose/same.png": sources.picture(0)}, "--copies 1 --strict-leaks"
        ),
        "pipelines for classes": _one(
            classes, f"--copies 2 --pipeline-for b=upright.yaml --pipeline-for a=bent.yaml {PNG}"
        ),
        "extend copies": _one(classes, "--copies 1", "--copies 3 --extend"),
        "extend sources": Job(
            _with(lambda: sources.manifest() | LISTS),
            (_expand("--copies 2", "src/first.csv"), _expand("--copies 2 --extend --format folder", "src/all.csv")),
        ),
        "shards": _one(many, f"--copies 4 --shards 1/2 {PNG}", f"--copies 4 --shards 0/2 {PNG}"),
        "shards, finished": _one(many, "--copies 3 --shards 0/3", "--copies 3 --finish", "--copies 3"),
        "fresh": _one(classes, "--copies 2", "--copies 1 --seed 4 --fresh"),
        "labels of other types": _one(
            lambda: sources.manifest(
                [{"image": "p/a.png", "label": ["x", 1]}, {"image": "p/b.png", "label": 2.5}, {"image": "p/c.png"}]
            ),
            f"--copies 2 --originals include {PNG}",
            source="src/list.jsonl",
        ),
        "fitted colours": Job(
            _with(classes, {"own.yaml": b"steps: [PCAColorShift: {std: 0.5, statistics: pca.yaml}, Mirror]\n"}),
            ("fit-pca src -o pca.yaml", _expand("--copies 1", pipeline="own.yaml")),
            ("pca.yaml", "out"),
        ),
        "fitted style": Job(
            _with(
                partial(sources.classes, "a", each=2, size=(64, 72)),
                {"own.yaml": b"steps: [ColorTransfer: {reference: s.yaml}, FourierStyle: {reference: s.yaml}]"},
            ),
            ("fit-style src -o s.yaml", _expand("--copies 1", pipeline="own.yaml")),
            ("s.yaml", "out"),
        ),
    }
    for name in pipelines.BUNDLED:
        channels = 1 if name == "digits" else 3
        plain = partial(sources.classes, "a", "b", each=2, channels=channels)
        found[f"bundled {name}"] = _one(plain, f"--copies 2 {'' if name == 'six' else PNG}", pipeline=name)
    for name in pipelines.pipelines():
        files = _with(partial(sources.classes, "a", each=2), {"p.yaml": pipelines.pipelines()[name].encode()})
        found[f"step {name}"] = Job(files, (_expand(f"--copies 1 --max-rejected 1 {PNG}", pipeline="p.yaml"),))
    return found | dict(_of_forms())


def _plain_rows() -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(sources.rows_of()))


def _of_forms() -> Iterator[tuple[str, Job]]:
    """Yield a job from every form of data set into every other that has a place for what it holds."""
    boxes = partial(sources.rows_of, "boxes", "box_labels", "polygons", "box_masks", "crowds", "picture_size")
    known: dict[str, tuple[Callable[[], Files], str]] = {
        "coco": (sources.coco_folder, "src"),
        "coco file": (sources.coco_folder, "src/annotations/instances_train2017.json"),
        "coco keypoints": (partial(sources.coco_folder, True), "src"),
        "yolo": (sources.yolo_folder, "src"),
        "csv": (lambda: sources.manifest(boxes(kept_rows=(0, 1, 3, 4)), csv=True), "src/list.csv"),
        "jsonl": (lambda: sources.manifest(boxes(kept_rows=(0, 1, 3, 4))), "src/list.jsonl"),
        "all in jsonl": (sources.manifest, "src/list.jsonl"),
        "all in csv": (partial(sources.manifest, csv=True), "src/list.csv"),
        "classes in csv": (lambda: sources.manifest(sources.rows_of(), csv=True), "src/list.csv"),
        "tars": (sources.tars, "src"),
        "folder": (sources.splits, "src"),
    }
    few = ("all in jsonl", "all in csv", "tars")  # masks, rotated boxes and lines have a place in two forms only
    for name, (files, source) in known.items():
        without = ("coco", "yolo") if name in ("classes in csv", "folder") else ("folder",)
        targets = ("webdataset", "parquet") if name in few else [form for form in FORMS if form not in without]
        for form in targets:
            pipeline = "hands.yaml" if "all" in name or "keypoints" in name else "bent.yaml"
            options = f"--copies 2 --originals include --format {form} {PNG}"
            yield f"{name} to {form}", _one(files, options, pipeline=pipeline, source=source)
    for form in ("webdataset", "parquet"):  # and what was written is read again
        first = _expand(f"--copies 1 --format {form} {PNG}", "src/list.jsonl", "middle", "hands.yaml")
        for other in ("webdataset", "parquet"):
            second = _expand(f"--copies 1 --format {other} {PNG}", "middle", "out", "gentle.yaml")
            yield f"{form} read into {other}", Job(_with(sources.manifest), (first, second))
        for other in ("coco", "yolo"):
            again = _expand(f"--copies 1 --format {form} {PNG}", "src", "middle", "bent.yaml")
            second = _expand(f"--copies 1 --format {other} --encoding webp", "middle", "out", "bent.yaml")
            yield f"{form} read into {other}", Job(_with(sources.coco_folder), (again, second))
    for form in ("coco", "yolo"):
        first = _expand(f"--copies 1 --format {form}", "src", "middle", "bent.yaml")
        second = _expand("--copies 1", "middle", "out", "upright.yaml")
        yield f"{form} read again", Job(_with(sources.coco_folder), (first, second))
