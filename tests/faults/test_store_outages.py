"""A store that fails for a while, and how many requests a shard takes of it, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from benchmarks.faults.jobs import lay_sources
from benchmarks.faults.store_proxy import TROUBLE, StoreRule
from benchmarks.faults.store_trials import StoreBench, store_bench

pytestmark = pytest.mark.skipif(
    find_spec("s3fs") is None or find_spec("moto") is None, reason="stores are not tested without s3fs and moto[server]"
)
SHARDS = 12  # of one picture each


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreBench]:
    work = tmp_path_factory.mktemp("store")
    lay_sources(work / "source", forms=())
    with store_bench(work, work / "source") as found:
        yield found


def test_a_shard_takes_three_requests_one_after_the_other(place: StoreBench) -> None:
    place.proxy.arm([StoreRule(effect="slow", value=0.03)])  # else those that are made together follow each other
    words = place.words("counted", "webdataset")
    assert place.forks.run(*words, cwd=place.work).code == 0
    of_shards = [made for made in place.proxy.requests if "/shards/" in made.path or "/src/" in made.path]
    assert len(of_shards) <= 3 * SHARDS + 4  # a picture, its marker, and that once more at the end; listings
    assert place.proxy.serial <= 3 * SHARDS + 36
    place.proxy.arm()


@pytest.mark.parametrize("number", [1, 12])
def test_a_status_ends_in_a_sentence_and_then_in_the_undisturbed_tree(place: StoreBench, number: int) -> None:
    form = ("folder", "webdataset")[number % 2]
    if not place.files.exists(f"bucket/whole-{form}"):
        place.prepare(form)
    rules = [StoreRule(("GET", "PUT"), "", "status", TROUBLE[number], after=12 + number, requests=40)]
    wrong, struck = place.trial(form, [rules], f"status-{number}", 0.0)
    assert struck
    assert not wrong, (TROUBLE[number], *wrong)
