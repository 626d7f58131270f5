"""One data set in many formats, each written here as its documentation describes it: the samples are the same.

Nothing of augkit's writers is used. References are the documents of each format: COCO's page "Data format",
Ultralytics' "Object Detection Datasets", section 2 of VOC's devkit_doc, LabelMe's label_file.py, CVAT's "XML annotation
format", Label Studio's "Task format".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.datasets import Source, read
from augkit.datasets.samples import named_sample
from augkit.executors import run
from augkit.loader import folder
from support.data_sets import lay
from support.same_data import (
    CLASSES,
    Files,
    Picture,
    Thing,
    coco,
    cvat,
    drawn,
    labelimg,
    labelme,
    labelstudio,
    voc,
    yolo,
)

NEAR = 1e-4  # pixels: fractions are written with 8 digits

FORMS: dict[str, Callable[[list[Picture]], Files]] = {
    "coco": coco,
    "yolo": yolo,
    "voc": voc,
    "voc of LabelImg": labelimg,
    "labelme": labelme,
    "cvat": cvat,
    "labelstudio": labelstudio,
}
WITHOUT_RINGS = ("voc", "voc of LabelImg")


def things_of(source: Source) -> list[tuple[str, list[float], list[list[float]]]]:
    """Return class, box and rings of the objects, in order."""
    assert source.fault == ""
    assert source.annotations is not None
    instances = source.annotations.instances
    assert instances is not None
    return [(one.label, list(one.box), [list(ring) for ring in one.rings]) for one in instances]


def assert_near(found: Any, expected: Any) -> None:
    """Assert that nested lists are the same but for rounding."""
    if isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_near(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=NEAR)
    else:
        assert found == expected


def around(thing: Thing) -> list[float]:
    if not thing.ring:
        return [float(edge) for edge in thing.box]
    (xs, ys) = zip(*thing.ring, strict=True)
    return [float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("with_rings", [False, True], ids=["boxes", "polygons"])
@pytest.mark.parametrize("form", FORMS)
def test_every_format_says_what_was_meant(form: str, with_rings: bool, seed: int, tmp_path: Path) -> None:
    if with_rings and form in WITHOUT_RINGS:
        return
    pictures = drawn(seed, with_rings)
    data = read(lay(tmp_path, FORMS[form](pictures)))
    assert data.form == form.partition(" ")[0]
    found = {source.id.rpartition("/")[2]: source for source in data.sources}
    assert sorted(found) == sorted(f"{picture.name}.png" for picture in pictures)
    used = {thing.label for picture in pictures for thing in picture.things}
    assert used <= set(data.classes) <= set(CLASSES)
    for picture in pictures:
        source = found[f"{picture.name}.png"]
        assert source.split == picture.split
        rings = [[[float(n) for point in thing.ring for n in point]] if thing.ring else [] for thing in picture.things]
        wanted = [(t.label, around(t), ring) for t, ring in zip(picture.things, rings, strict=True)]
        assert_near(things_of(source), wanted)


def test_samples_are_the_same_and_move_the_same(tmp_path: Path) -> None:
    """Also after a turn and a crop, from one key."""
    pictures = drawn(7, with_rings=True)
    pipeline = ak.Pipeline([ak.Rotate(degrees=(10, 20)), ak.RandomCrop(size=(32, 32))], border="constant")
    first: dict[str, list[Any]] = {}
    for form, files in FORMS.items():
        if form in WITHOUT_RINGS:
            continue
        data = read(lay(tmp_path / form, files(pictures)))
        for source in data.sources:
            name = source.id.rpartition("/")[2]
            sample = named_sample(data, source)
            made = run(pipeline.draw(ak.Key(3, name), ak.Scene.of(sample)), sample)
            boxes = [] if made.boxes is None else made.boxes.tolist()
            polygons = [[np.asarray(ring).tolist() for ring in several] for several in made.polygons or ()]
            facts = [made.image.tolist(), list(made.box_labels or ()), boxes, polygons]
            assert_near(facts[1:], first.setdefault(name, facts)[1:])
            assert facts[0] == first[name][0]
    assert len(first) == len(pictures)


def test_a_loader_gives_the_same_items(tmp_path: Path) -> None:
    pictures = drawn(5, with_rings=False)
    first: list[Any] = []
    for form, files in FORMS.items():
        place = lay(tmp_path / form, files(pictures))
        data = read(place)
        order = sorted(range(len(data.sources)), key=lambda number: data.sources[number].id.rpartition("/")[2])
        items: Any = folder(place, ak.load("identity"), split="all").dataset
        found = [items[number] for number in order]
        facts = [[item["image"].tolist(), item["boxes"].tolist(), named(item, data.classes)] for item in found]
        first = first or facts
        assert_near(facts, first)


def named(item: Any, classes: tuple[str, ...]) -> list[str]:
    labels = item["box_labels"]
    return [label if isinstance(label, str) else classes[int(label)] for label in labels]
