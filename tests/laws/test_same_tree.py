"""One tree, whoever makes it: any number of workers, either way to start them, Ray, in one run or in three."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from augkit.expand import expand, verify
from support.folders import SMALL, fill, tree
from support.labelled import BENT, coco

WAYS: list[dict[str, Any]] = [
    {"workers": 0},
    *({"workers": workers, "start_method": method} for workers in (1, 2, 4) for method in ("spawn", "forkserver")),
    {"workers": 2, "engine": "ray"},
]
JOBS: dict[str, dict[str, Any]] = {
    "classes": {"pipeline": SMALL, "split": "train=0.7,val=0.3", "balance": "max", "originals": "include"},
    "objects": {"pipeline": BENT, "form": "coco", "encoding": "png"},
}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, bytes]]]:
    place = tmp_path_factory.mktemp("same")
    sources = {"classes": fill(place / "classes"), "objects": coco(place / "objects")}
    (sources["classes"] / "top.jpg").unlink()
    (sources["classes"] / "roses/bad.jpg").write_bytes(b"no")
    (sources["objects"] / "train/1.png").write_bytes(b"no")
    made = {}
    for name, options in JOBS.items():
        expand(sources[name], place / f"{name} out", copies=3, workers=0, **options)
        made[name] = sources[name], tree(place / f"{name} out")
    return made


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="the engine `ray` is not tested without Ray")
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=10**8)
    yield
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray warns of files and of itself
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(map(str, way.values())))
def test_it_is_the_same(
    way: dict[str, Any], parts: int, wanted: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if way.get("engine"):
        request.getfixturevalue("cluster")
    name = "classes" if parts == 1 else "objects"
    src, tree_wanted = wanted[name]
    for number in range(parts):
        shards = (number, parts) if parts > 1 else None
        summary = expand(src, tmp_path / "out", copies=3, shards=shards, **JOBS[name], **way)
    assert summary.is_complete
    assert tree(tmp_path / "out") == tree_wanted
    assert verify(tmp_path / "out").is_sound
