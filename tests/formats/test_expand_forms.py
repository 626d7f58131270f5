"""From every form of data set into every other: the same objects, numbered alike, and every output made again."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import read, writers
from augkit.errors import ArgumentError
from augkit.expand import replay, verify
from augkit.expand.job import versions
from augkit.pipeline import Pipeline
from augkit.transforms.geometry import Mirror
from support.data_sets import FORMS, MASK, PNG, lay
from support.folders import done, lines, outputs, picture, put

MIRRORED = Pipeline([Mirror()])
WITH_BOXES = [name for name, form in writers().items() if form.holds >= {"boxes", "polygons"}]


def objects(data: Any) -> list[list[tuple[str, tuple[float, ...]]]]:
    """Return the objects of every picture, whatever the pictures are called."""
    every = [[(i.label, tuple(round(v) for v in i.box)) for i in s.annotations.instances] for s in data.sources]
    return sorted(every)


@pytest.mark.parametrize("form", WITH_BOXES)
@pytest.mark.parametrize("kind", FORMS)
def test_objects_come_through(kind: str, form: str, tmp_path: Path) -> None:
    files, where = FORMS[kind]
    src, out = lay(tmp_path / "src", files) / where, tmp_path / "out"
    done(src, out, pipeline=MIRRORED, copies=1, form=form, originals="include")
    assert verify(out).is_sound
    for entry in lines(out):
        assert replay(out, entry["id"]).is_identical
    before = objects(read(src))
    mirrored = [[(label, (32 - box[2], box[1], 32 - box[0], box[3])) for label, box in some] for some in before]
    made = [[(i["label"], tuple(round(v) for v in i["box"])) for i in e["record"]["instances"]] for e in lines(out)]
    expanded = sum(entry["copy"] is not None for entry in lines(out))  # all pictures hold the same objects
    assert sorted(made) == sorted(before + mirrored[:expanded])  # type: ignore[operator]
    if form != "parquet":
        assert objects(read(out)) == sorted(made)
        assert {label for objects in made for label, _ in objects} <= set(read(out).classes or ("cat", "dog"))


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_classes_of_objects_are_not_those_of_pictures(form: str, tmp_path: Path) -> None:
    rows = []
    for number in range(4):
        put(tmp_path / f"src/{number}.png", picture(number))
        facts = {"label": "indoors", "boxes": [[2, 3, 7, 10]], "box_labels": ["dog" if number else "cat"]}
        rows.append({"image": f"{number}.png"} | facts)
    (tmp_path / "src/all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done(tmp_path / "src/all.jsonl", tmp_path / "out", pipeline=MIRRORED, form=form)
    assert read(tmp_path / "out").classes == ("cat", "dog")


def test_a_pipeline_is_for_pictures_of_a_class_and_not_for_objects(tmp_path: Path) -> None:
    files, where = FORMS["coco"]
    src = lay(tmp_path / "src", files) / where
    with pytest.raises(ArgumentError, match=r"must name a class that pictures of .* have, got 'cat'"):
        done(src, tmp_path / "out", pipelines_for={"cat": MIRRORED})


@pytest.mark.parametrize("form", ["webdataset", "parquet"])
def test_pictures_with_masks_are_made_again(form: str, tmp_path: Path) -> None:
    row = {"image": "a.png", "mask": "m.png", "label": "x", "keypoints": [[3, 4]]}
    lay(tmp_path / "src", {"a.png": PNG, "m.png": MASK, "all.jsonl": json.dumps(row) + "\n"})
    out = tmp_path / "out"
    done(tmp_path / "src/all.jsonl", out, pipeline=MIRRORED, form=form, originals="include")
    assert len(lines(out)) == 4
    for entry in lines(out):
        assert replay(out, entry["id"]).is_identical
        assert replay(out, str(out / entry["id"])).id == entry["id"]  # as a shell completes it, and further by hand
    assert verify(out).is_sound


@pytest.mark.parametrize("form", WITH_BOXES)
def test_damage_is_named_in_every_form(form: str, tmp_path: Path) -> None:
    files, where = FORMS["yolo"]
    done(lay(tmp_path / "src", files) / where, tmp_path / "out", pipeline=MIRRORED, form=form)
    for id, data in outputs(tmp_path / "out").items():
        path = tmp_path / "out" / id
        flipped = bytes([*data[:-1], data[-1] ^ 1])
        for harmed in (flipped, data[:-1], None):
            path.unlink()
            if harmed is not None:
                path.write_bytes(harmed)
            report = verify(tmp_path / "out")
            assert [*report.missing, *(name for name, _ in report.changed), *report.extra] == [id]
        path.write_bytes(data)
        path.with_name("stranger").write_bytes(b"x")
        assert verify(tmp_path / "out").extra == (str(Path(id).with_name("stranger")),)
        path.with_name("stranger").unlink()
    assert verify(tmp_path / "out").is_sound


@pytest.mark.parametrize("kind", FORMS)
def test_sources_are_never_written_to(kind: str, tmp_path: Path) -> None:
    files, where = FORMS[kind]
    root = lay(tmp_path / "src", files)
    before = {path: (path.stat(follow_symlinks=False).st_mtime_ns, path.stat().st_ino) for path in root.rglob("*")}
    before[root] = (root.stat().st_mtime_ns, root.stat().st_ino)
    for change in ({}, {"copies": 2, "extend": True}, {"fresh": True}):
        done(root / where, tmp_path / "out", **({"pipeline": MIRRORED, "copies": 1, "form": "webdataset"} | change))  # type: ignore[arg-type]
    for path, facts in before.items():
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == facts
    assert {root, *root.rglob("*")} == before.keys()


def test_a_line_tells_all_that_is_known_of_an_output(tmp_path: Path) -> None:
    row = {"image": "a.png", "label": "x", "group": "g", "split": "train"}
    lay(tmp_path / "src", {"a.png": PNG, "all.jsonl": json.dumps(row) + "\n"})
    done(tmp_path / "src/all.jsonl", tmp_path / "out", pipeline=MIRRORED, copies=1, seed=3, encoding="png")
    (line,) = lines(tmp_path / "out")
    wanted = {"source": "a.png", "source_sha256": sha256(PNG).hexdigest(), "source_bytes": len(PNG), "group": "g"}
    wanted |= {"class": "x", "split": "train", "copy": 0, "encoding": "png", "executor": "native"}
    wanted |= {"key": {"seed": 3, "sample": "a.png", "copy": 0, "epoch": 0}}
    assert wanted.items() <= line.items()
    data = (tmp_path / "out" / line["id"]).read_bytes()
    assert (line["sha256"], line["bytes"]) == (sha256(data).hexdigest(), len(data))
    assert line["plan"]["augkit_plan"] == 2
    assert line["versions"] == versions()
