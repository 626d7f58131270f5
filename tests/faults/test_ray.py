"""Ray as the engine: the same tree, and a picture that kills its process costs itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from augkit.expand import Progress
from augkit.expand.engines.ray import AHEAD, run_tasks
from support.folders import done, fill, tree
from support.processes import TESTS
from support.workers import FakeShard, FakeWork, Telling

ray = pytest.importorskip("ray", reason="the engine `ray` is not tested without Ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray warns of files and of itself


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=10**8)
    yield
    ray.shutdown()


def test_the_tree_is_the_same_without_a_limit_of_time(tmp_path: Path, cluster: None) -> None:
    src = fill(tmp_path / "src")
    done(src, tmp_path / "here")
    done(src, tmp_path / "there", workers=2, engine="ray", timeout=float("inf"))
    assert tree(tmp_path / "there") == tree(tmp_path / "here")


def test_the_tree_is_the_same(tmp_path: Path, cluster: None) -> None:
    src = fill(tmp_path / "src")
    (src / "bad.jpg").write_bytes(b"no")
    here = done(src, tmp_path / "here")
    there = done(src, tmp_path / "there", workers=2, engine="ray")
    assert tree(tmp_path / "here") == tree(tmp_path / "there")
    assert here.reasons == there.reasons
    assert (here.planned, here.written, here.rejected) == (there.planned, there.written, there.rejected)


def test_an_outage_of_the_sources_rejects_nothing(tmp_path: Path, cluster: None) -> None:
    """Tasks wait for it, though it takes longer than a picture may; then the tree is the same."""
    src = fill(tmp_path / "src")
    done(src, tmp_path / "here")
    away = [Timer(1.5, (tmp_path / "away").rename, (src,))]

    def take_away(progress: Progress) -> None:
        if progress.written and away:
            src.rename(tmp_path / "away")
            away.pop().start()

    there = done(src, tmp_path / "there", workers=2, engine="ray", timeout=1.0, progress=take_away)
    assert not away
    assert there.rejected == 0
    assert tree(tmp_path / "there") == tree(tmp_path / "here")


def test_a_cluster_that_is_at_home_elsewhere(tmp_path: Path, cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "src")
    monkeypatch.chdir(tmp_path)  # the cluster's processes began somewhere else
    summary = done(Path("src"), Path("out"), workers=2, engine="ray")
    assert summary.written == summary.planned


def test_its_workers_compute_on_one_thread(cluster: None) -> None:
    for _, threads, _ in run_tasks(Telling(), [FakeShard(0, ()), FakeShard(1, ())], 2):
        assert set(threads) == {1}


def test_a_killer_costs_itself(cluster: None) -> None:
    work = [FakeShard(0, ("ok", "ok")), FakeShard(1, ("ok", "abort")), FakeShard(2, ("ok", "hang"))]
    results = dict(run_tasks(FakeWork(), work, 2, timeout_s=1.0))
    assert results[0] == ["ok", "ok"]
    assert results[1][0] == results[2][0] == "ok"
    assert results[1][1].startswith("crashed its process (SIGABRT)")
    assert results[2][1].startswith("took longer than 1 s")


def test_no_more_is_in_flight_than_keeps_all_busy(cluster: None) -> None:
    taken = 0

    def shards() -> Iterator[FakeShard]:
        nonlocal taken
        for taken in range(1, 31):
            yield FakeShard(taken, ("ok",))

    for given, _ in enumerate(run_tasks(FakeWork(), shards(), 2), 1):
        assert taken - given < AHEAD * 2
    assert given == taken == 30


def test_a_full_disk_ends_the_job(cluster: None) -> None:
    with pytest.raises(OSError, match="No space left"):
        list(run_tasks(FakeWork(), [FakeShard(0, ("full",))], 2))
