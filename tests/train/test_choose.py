"""A choice: what is planted is found, no picture of test is opened, and what is written can be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from augkit.choose.candidates import ALWAYS, Edge, edge_of
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.choosing import Chosen, choose
from augkit.choose.families import FAMILIES
from augkit.choose.held_out import folds_of
from augkit.errors import ArgumentError, AugkitError, FileError
from augkit.pipeline import Pipeline, load
from augkit.pipeline.pipeline_file import bundled
from support.folders import put
from support.trainings import fill, manifest, several, weights_file

QUICK = {"repeats": 3, "folds": 2, "copies": 1, "rounds": 2}


def _arrows(root: Path, each: int) -> Path:
    """Lay pictures whose class is which side is bright, and nothing else: a mirror exchanges the classes."""
    random = np.random.default_rng(0)
    for kind, columns in (("left", slice(0, 16)), ("right", slice(16, 32))):
        for split, count in (("train", each), ("val", each // 2), ("test", 4)):
            for place in range(count):
                image = random.integers(60, 120, (32, 32, 3))
                image[:, columns] += random.integers(30, 60)
                put(root / split / kind / f"{place:03d}.png", image.astype(np.uint8))
    return root


@pytest.fixture(scope="module")
def arrows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Chosen, list[str]]:
    root = tmp_path_factory.mktemp("choose")
    data, told = _arrows(root / "data", 16), list[str]()
    for path in (data / "test").rglob("*.png"):
        path.write_bytes(path.read_bytes())
    (root / "own.yaml").write_text("steps:\n  - Mirror\n")
    config = ChooseConfig.of(
        data=data,
        out=root / "choice",
        model="lenet",
        weights=weights_file(root / "w.pt", "lenet"),
        pipelines=str(root / "own.yaml"),
        **QUICK,
    )
    return root, choose(config, told.append), told


def test_a_mirror_is_seen_to_exchange_the_classes(arrows: tuple[Path, Chosen, list[str]]) -> None:
    found = arrows[1].report.found
    screened = {one.candidate.name: one for one in found.screened}
    assert screened["none"].right > 0.9
    always = screened[str(arrows[0] / "own.yaml")]
    assert always.affinity < 0.2  # every copy looks like the other class
    assert always.right < 0.2
    assert always.gain.mean < 0.0
    assert screened["mirror"].gain.mean < -0.1 < screened["brightness 0.15"].gain.mean
    assert screened["mirror"].diversity > 10 * screened["none"].diversity
    assert "mirror" not in found.pick.candidate.name.split(" + ")


def test_those_that_always_compete_do(arrows: tuple[Path, Chosen, list[str]]) -> None:
    root, chosen, _ = arrows
    names = {one.candidate.name for one in chosen.report.found.finalists}
    assert {*ALWAYS, str(root / "own.yaml")} <= names
    screened = {one.candidate.name for one in chosen.report.found.screened}
    assert set(bundled()) - {"identity", "lines"} <= screened
    assert sum(one.candidate.family is not None for one in chosen.report.found.screened) == sum(
        len(family.strengths) for family in FAMILIES
    )


def test_the_harm_of_a_class_is_told_and_has_a_way_out(arrows: tuple[Path, Chosen, list[str]]) -> None:
    rows = arrows[1].report.verdict.classes
    assert {row.name for row in rows} == {"left", "right"}
    assert all(row.pictures == 16 for row in rows)
    assert [row.gain.mean for row in rows] == sorted(row.gain.mean for row in rows)
    assert all((row.own is not None) == row.is_harmed for row in rows)


def test_what_is_written_can_be_used(arrows: tuple[Path, Chosen, list[str]]) -> None:
    root, chosen, told = arrows
    assert load(chosen.pipeline) == chosen.report.pipeline
    data = json.loads((root / "choice/choice.json").read_text())
    assert data["pick"] == chosen.report.found.pick.candidate.name
    assert data["notes"] == told
    assert len(data["confirmed"]) == len(data["finalists"]) - 1
    assert data["confirmed"][0]["against"] == "none"
    page = Path(chosen.page).read_text()
    assert "<script" not in page
    assert "prefers-color-scheme" in page
    for words in (chosen.report.headline(), "Holm", "taken", "left", "steps:"):
        assert words.replace("'", "&#x27;") in page


def test_a_second_choice_is_the_same_to_the_bit(arrows: tuple[Path, Chosen, list[str]]) -> None:
    root, chosen, _ = arrows
    kept = {path.name: path.read_bytes() for path in (root / "choice/judgements").iterdir()}
    some = [path for place, path in enumerate(sorted((root / "choice/judgements").iterdir())) if place % 3 == 0]
    for path in some:
        path.unlink()
    again = choose(chosen.report.config)
    now = {path.name: path.read_bytes() for path in (root / "choice/judgements").iterdir()}
    assert now == kept
    assert sum(name.endswith("outcome") for name in now) > 60
    one, other = (one.report.described() | {"seconds": 0} for one in (chosen, again))
    assert one == other


def test_pictures_of_test_have_no_say(arrows: tuple[Path, Chosen, list[str]]) -> None:
    root, chosen, _ = arrows
    for number, path in enumerate(sorted((root / "data/test").rglob("*.png"))):
        put(path, np.full((32, 32, 3), number, np.uint8))
    again = choose(chosen.report.config)
    one, other = (one.report.described() | {"seconds": 0} for one in (chosen, again))
    assert one == other


def test_edges_of_one_colour_are_filled_with_it() -> None:
    black, noisy = np.zeros((9, 9), np.uint8), np.random.default_rng(0).integers(0, 255, (9, 9)).astype(np.uint8)
    paper = np.full((9, 9, 3), (250, 248, 240), np.uint8)
    assert edge_of([black] * 20) == Edge(0.0)
    assert edge_of([paper] * 19 + [np.zeros((9, 9, 3), np.uint8)]) == Edge((250.0, 248.0, 240.0))
    assert edge_of([noisy] * 20) == edge_of([black, paper]) == Edge(None)
    assert edge_of([black] * 10 + [np.full((9, 9), 200, np.uint8)] * 10) == Edge(None)
    assert Edge(0.0).pipeline(size=(8, 8)) == Pipeline([], border="constant", fill=0.0)


def test_folds_spread_classes_and_keep_groups_whole() -> None:
    classes = [place % 3 for place in range(60)]
    groups = [f"{place % 3}/{place // 6}" for place in range(60)]
    found = folds_of(classes, groups, 5, 0)
    assert all(len({found[at] for at in range(60) if groups[at] == group}) == 1 for group in set(groups))
    for label in range(3):
        assert np.bincount(found[np.array(classes) == label], minlength=5).tolist() == [4] * 5
    fewer = folds_of(classes[:-6], groups[:-6], 5, 0)
    assert (fewer == found[:-6]).mean() > 0.4
    assert (folds_of(classes, groups, 5, 1) != found).any()


def test_what_does_not_take_grey_pictures_is_told_and_the_users_own_refused(tmp_path: Path) -> None:
    data, told, random = tmp_path / "data", list[str](), np.random.default_rng(0)
    for path in sorted(fill(data, 7).rglob("*.png")):
        put(path, random.integers(0, 255, (12, 12)).astype(np.uint8))
    quick: dict[str, object] = {**QUICK, "repeats": 1, "rounds": 0, "steps": 1, "model": "lenet"}
    chosen = choose(ChooseConfig.of(data=data, out=tmp_path / "out", **quick), told.append)
    names = {one.candidate.name for one in chosen.report.found.screened}
    assert {"light", "digits", "TrivialAugment", "six without PCAColorShift"} <= names
    assert not {"six", "strong", "hue 10 degrees"} & names
    assert any("six does not compete, but six without PCAColorShift does: " in one for one in told)
    assert chosen.report.verdict.level == "no evidence"  # one repeat says nothing of others
    (tmp_path / "own.yaml").write_text("steps:\n  - Maybe: {chance: 0.1, step: PCAColorShift}\n")
    own = {**quick, "pipelines": str(tmp_path / "own.yaml")}
    with pytest.raises(AugkitError, match=r"own\.yaml.*must get an RGB picture"):
        choose(ChooseConfig.of(data=data, out=tmp_path / "out", **own))


def test_numbers_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no pipeline is called"):
        choose(ChooseConfig(data=fill(tmp_path / "data", 4), out=tmp_path / "out", pipelines=["sxi"]))
    with pytest.raises(ArgumentError, match=r"must lie|must not"):
        choose(ChooseConfig(data=tmp_path / "data", out=tmp_path / "data"))
    assert not (tmp_path / "out").exists()


def test_what_has_no_classes_is_refused_by_what_it_has(tmp_path: Path) -> None:
    for name, labels in (("numbers", lambda kind, place: kind + place / 10), ("labels", several)):
        data = manifest(tmp_path / name, labels)
        with pytest.raises(ArgumentError, match=f"must be a data set of classes, got one of {name}.*--compare"):
            choose(ChooseConfig.of(data=data, out=tmp_path / "out"))
    detected = tmp_path / "boxes"
    for place in range(12):
        split = ("train", "val", "test")[place % 3]
        put(detected / f"images/{split}/{place}.png", np.full((40, 40, 3), 9 * place, np.uint8))
        (detected / "labels" / split).mkdir(parents=True, exist_ok=True)
        (detected / f"labels/{split}/{place}.txt").write_text(f"{place // 3 % 2} 0.5 0.5 0.4 0.4\n")
    parts = "\n".join(f"{split}: images/{split}" for split in ("train", "val", "test"))
    (detected / "data.yaml").write_text(f"{parts}\nnames: [cat, dog]\n")
    with pytest.raises(ArgumentError, match="must be a data set of classes, got one of boxes"):
        choose(ChooseConfig.of(data=detected, out=tmp_path / "out"))


def test_too_few_pictures_of_a_class_are_told_in_words(tmp_path: Path) -> None:
    told = list[str]()
    for number, (kind, count) in enumerate((("cat", 3), ("dog", 1), ("owl", 3))):
        for place in range(count + 2):
            path = tmp_path / "data" / ("val", "test", "train")[min(place, 2)] / kind / f"{place}.png"
            put(path, np.full((12, 12), 20 * place + number, np.uint8))
    quick: dict[str, object] = {**QUICK, "repeats": 1, "rounds": 0, "steps": 1, "model": "lenet"}
    chosen = choose(ChooseConfig.of(data=tmp_path / "data", out=tmp_path / "out", **quick), told.append)
    assert "1 class has one picture to learn from, and cannot be judged: dog." in told
    assert {row.name for row in chosen.report.verdict.classes} == {"cat", "owl"}
