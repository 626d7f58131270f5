"""The benchmarks run, and compare like with like; what they measure is theirs to tell."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from augkit.datasets import read
from augkit.transforms.policy_operations import TRIVIAL_WIDE
from benchmarks import learning, loading, policies, six_tactics
from benchmarks.photos import photos
from benchmarks.sets import Absent, Parts, lay
from benchmarks.trials import EACH, TRIALS, Goal, Trial


def test_photos_are_distinct_and_the_same_every_time() -> None:
    several = photos(16)
    assert {(photo.shape, photo.dtype.name, photo.flags.c_contiguous) for photo in several} == {
        ((375, 500, 3), "uint8", True)
    }
    assert len({photo.tobytes() for photo in several}) == 16
    assert all(np.array_equal(one, other) for one, other in zip(several, photos(16), strict=True))


def test_six_tactics_runs_and_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for a newer version
    found = six_tactics.measure(count=2, rounds=1)
    assert json.loads(json.dumps(found)) == found
    stds = [moved["std"] for moved in found["warps_px"].values()]
    assert max(stds) < 1.25 * min(stds)
    assert all(figures["ms"] > 0 for figures in found["distinct"].values())
    assert six_tactics.HEADLINE in six_tactics.table(found)


def test_no_picture_of_the_few_has_two_roles_and_every_class_has_as_many() -> None:
    learnt = []
    for seed in range(3):
        parts = TRIALS["digits"].parts(seed)
        places = np.concatenate([places for _, places in parts.values()])
        known, few = parts["train"]
        assert np.array_equal(np.sort(places), np.arange(len(known.labels)))
        assert np.bincount(known.labels[few]).tolist() == [EACH] * 10
        learnt.append(frozenset(map(int, few)))
    assert len(set(learnt)) == 3


def test_what_is_laid_into_folders_is_what_is_read(tmp_path: Path) -> None:
    parts = few_digits(0)
    lay(tmp_path, parts)
    data = read(tmp_path)
    assert {source.split for source in data.sources} == set(parts)
    for source in data.sources:
        known, places = parts[str(source.split)]
        place = int(Path(source.id).stem)
        assert place in places
        assert source.label == str(known.labels[place])
        assert np.array_equal(data.decoded(source).image, known.images[place])


@pytest.mark.slow
def test_learning_gives_all_contenders_the_same_and_tells_what_is_absent(capsys: pytest.CaptureFixture[str]) -> None:
    def nowhere(seed: int) -> Parts:
        raise Absent("Run: make them")

    options = {"model": "lenet", "input": (32, 32, 1), "epochs": 2, "batch_size": 64}
    contenders = {"none": {}, "digits": {"pipeline": "digits"}}
    here = Trial(few_digits, options, contenders, [Goal(0.0, "none"), Goal(101.0, "digits", "none")])
    found = learning.measure(seeds=1, trials={"here": here, "gone": replace(here, parts=nowhere)})
    assert json.loads(json.dumps(found)) == found
    told = found["trials"]["here"]["contenders"]
    assert [told[name]["steps"] for name in contenders] == [4, 4]
    assert [goal["is_met"] for goal in found["trials"]["here"]["goals"]] == [True, False]
    assert all(words in learning.table(found) for words in ("gone: NOT MEASURED", "MISSED"))
    assert "gone: NOT MEASURED" in capsys.readouterr().out


def few_digits(seed: int) -> Parts:
    """Return the digits' parts with fewer pictures to choose by and to report on."""
    return {
        split: (known, places if split == "train" else places[:20])
        for split, (known, places) in TRIALS["digits"].parts(seed).items()
    }


@pytest.mark.slow
def test_loading_runs() -> None:
    with threadpool_limits(1):  # after which there are as many as before
        found = loading.measure(count=96, rounds=1)
    assert json.loads(json.dumps(found)) == found
    assert all(ms > 0 for ms in found["ms"].values())
    assert "two workers" in loading.table(found)


def test_policies_runs_and_knows_every_operation() -> None:
    found = policies.measure(count=2, rounds=2)
    assert json.loads(json.dumps(found)) == found
    assert found["ms"].keys() == TRIVIAL_WIDE.keys()
    assert all(ms > 0 for ms in found["ms"].values())
    assert "TrivialAugment" in policies.table(found)
