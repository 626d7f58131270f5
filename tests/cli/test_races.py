"""Races of the benchmarks: contenders in processes of their own do the same cases, and what they took is compared."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import chains, growth, label_quality, picture_quality, transforms_alone
from benchmarks.peers import albumentations_cases, augkit_cases, opencv_cases
from benchmarks.peers.contender import Contender, Failed, contenders
from benchmarks.peers.environments import HERE, PEERS
from benchmarks.peers.given import given_from, read_given, write_given
from benchmarks.photos import photos
from benchmarks.race import fastest, summary
from benchmarks.standings import standings

HERE_ALONE = [name for name, environment in PEERS.items() if environment == HERE]


def test_no_peer_has_a_case_that_augkit_lacks() -> None:
    for module in (albumentations_cases, opencv_cases):
        assert set(module.CASES) <= set(augkit_cases.CASES)
    assert len(augkit_cases.ALONE) >= 40
    assert len(augkit_cases.CHAINS) >= 12


def test_what_is_written_for_contenders_is_what_they_read(tmp_path: Path) -> None:
    given = given_from(photos(3, (30, 40)))
    write_given(tmp_path / "given.npz", given)
    for one, other in zip(given, read_given(tmp_path / "given.npz"), strict=True):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.boxes, other.boxes)
        assert np.array_equal(one.mask, other.mask)


@pytest.mark.slow
def test_contenders_make_pictures_of_the_same_size_and_tell_what_they_cannot() -> None:
    found = transforms_alone.measure(count=2, rounds=2, cases=["Mirror", "Resize", "Pad"], names=HERE_ALONE)
    assert json.loads(json.dumps(found)) == found
    for figures in found["cases"].values():
        assert figures["ms"].keys() == {"augkit", "opencv"}
        assert figures["shapes"]["augkit"] == figures["shapes"]["opencv"]
        assert all(ms > 0 for ms in figures["ms"].values())
    assert "Mirror" in transforms_alone.table(found)


@pytest.mark.slow
def test_chains_are_measured_cold_and_hot() -> None:
    found = chains.measure(count=2, rounds=1, cases=["crop + flip"], names=HERE_ALONE)
    assert {"cold", "hot"} <= found.keys()
    assert "crop + flip" in chains.table(found)


@pytest.mark.slow
def test_a_case_that_does_nothing_is_not_timed() -> None:
    with contenders({"black": given_from([np.zeros((40, 40, 3), np.uint8)])}, ["opencv"]) as (crew, absent):
        assert not absent
        with pytest.raises(Failed, match="Solarize changes nothing"):
            crew[0].asked(do="prepare", case="Solarize", given="black")
        assert crew[0].asked(do="prepare", case="Invert", given="black")["shape"] == [40, 40, 3]


@pytest.mark.slow
def test_a_peer_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "nobody", HERE)
    with contenders({}, ["nobody"]) as (crew, absent):
        assert not crew
        assert "ModuleNotFoundError" in absent["nobody"]
    with pytest.raises(Failed):
        Contender("nobody")


def test_ratios_are_of_the_same_round_and_the_fastest_library_is_named() -> None:
    def rounds(*cpu: float) -> list[dict[str, float]]:
        return [{"cpu": seconds, "wall": 2 * seconds} for seconds in cpu]

    figures = summary({"augkit": rounds(1, 2, 4), "slow": rounds(3, 6, 12), "opencv": rounds(0.5, 1, 2)})
    assert figures["ratio"] == {"slow": 3.0, "opencv": 0.5}
    assert figures["quartiles"]["slow"] == [3.0, 3.0]
    assert figures["ms"]["augkit"] == 2000.0
    assert figures["wall_ms"]["augkit"] == 4000.0
    assert fastest(figures) == "slow"
    assert fastest(figures, by_hand=True) == "opencv"
    stands = standings({"case": figures})
    assert stands["libraries"]["lost"] == {}
    assert stands["and OpenCV by hand"]["lost"] == {"case": ["opencv", 0.5]}


@pytest.mark.slow
def test_picture_and_label_quality_are_measured() -> None:
    found = picture_quality.measure(zooms=(1.95,), side=120)
    assert json.loads(json.dumps(found)) == found
    assert found["decibels"]["1.95"]["0"]["cubic"]["source"]["augkit"] > 30.0
    assert "1.95x" in picture_quality.table(found)
    labels = label_quality.measure(draws=1)
    assert labels["px"]["rotation"]["augkit"]["max"] < 0.1
    assert "six tactics" in label_quality.table(labels)


@pytest.mark.slow
def test_growth_is_measured_in_a_process_of_its_own() -> None:
    found = growth.measure((100, 200))
    assert json.loads(json.dumps(found)) == found
    assert found["sources"]["200"]["plan_s"] > 0
    assert "100" in growth.table(found)
