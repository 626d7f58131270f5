"""An expansion with steps of Albumentations: the same tree for any number of workers, and every output made again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.datasets import read
from augkit.expand import expand, replay
from augkit.targets.records import Instance
from support.folders import done, fill, tree
from support.labelled import coco

PIPELINE = ak.Pipeline(
    [
        ak.Maybe(0.7, ak.Albumentations("RandomRain", {"blur_value": 3})),
        ak.Albumentations("RandomScale", {"scale_limit": [-0.3, 0.3]}),
        ak.OneOf((ak.Mirror(), ak.Albumentations("CoarseDropout"))),
    ]
)


@pytest.mark.slow
def test_workers_change_nothing_and_every_line_replays(tmp_path: Path) -> None:
    source = fill(tmp_path / "src")
    for workers in (0, 2):
        expand(source, tmp_path / f"out {workers}", pipeline=PIPELINE, copies=2, workers=workers)
    made = tree(tmp_path / "out 0")
    assert made == tree(tmp_path / "out 2")
    assert "albumentations" in json.loads(made[".augkit/job.json"])["versions"]
    outputs = sorted(name for name in made if name.endswith(".jpg"))
    assert outputs
    for name in outputs[:6]:
        assert replay(tmp_path / "out 0", name, source).is_identical


def objects_of(path: Path) -> list[Instance]:
    annotations = [source.annotations for source in read(path).sources]
    return [instance for found in annotations if found is not None for instance in found.instances or ()]


def test_annotations_of_a_data_set_come_along(tmp_path: Path) -> None:
    """Boxes, outlines, run lengths, keypoints and names are what our own mirror makes of them."""
    source, made = coco(tmp_path / "in"), {}
    for name, step in (("ours", ak.Mirror()), ("theirs", ak.Albumentations("HorizontalFlip"))):
        pipeline = ak.Pipeline([step], mirrored_labels={"blob": "bolb"}, keypoint_pairs=[[0, 1]])
        done(source, tmp_path / name, pipeline=pipeline, encoding="png", form="coco")
        made[name] = objects_of(tmp_path / name)
    assert len(made["ours"]) == len(made["theirs"]) > 0
    for ours, theirs in zip(made["ours"], made["theirs"], strict=True):
        assert (ours.label, ours.rle, ours.is_crowd) == (theirs.label, theirs.rle, theirs.is_crowd)
        np.testing.assert_allclose(ours.box, theirs.box, atol=1e-3)
        np.testing.assert_allclose(ours.keypoints, theirs.keypoints, atol=1e-3)
        np.testing.assert_allclose(ours.rings, theirs.rings, atol=1e-3)


def test_long_edges_bend_with_their_picture(tmp_path: Path) -> None:
    step: Any = ak.Albumentations("ElasticTransform", {"alpha": 300, "sigma": 8})
    done(coco(tmp_path / "in"), tmp_path / "out", pipeline=ak.Pipeline([step]), form="coco")
    rings = [ring for instance in objects_of(tmp_path / "out") for ring in instance.rings]
    assert min(len(ring) // 2 for ring in rings) > 10  # of a ring of five points
