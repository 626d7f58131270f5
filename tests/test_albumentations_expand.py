"""An expansion with steps of Albumentations: the same tree for any number of workers, and every output made again."""

import json
from pathlib import Path

from folders import fill, tree

import augkit as ak
from augkit.expand import expand, replay

PIPELINE = ak.Pipeline(
    [
        ak.Maybe(0.7, ak.Albumentations("RandomRain", {"blur_value": 3})),
        ak.Albumentations("RandomScale", {"scale_limit": [-0.3, 0.3]}),
        ak.OneOf((ak.Mirror(), ak.Albumentations("CoarseDropout"))),
    ]
)


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
