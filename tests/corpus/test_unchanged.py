"""Nothing that a user holds has changed: trees, pipelines, plans, lineage and models of release 0.1.

`record.py` tells how the expected files were made. A failure names the case and the first file, line or part that
differs; to see what it was, run the case with the code of the release.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import augkit as ak
from augkit.datasets.splits import HASHED
from augkit.expand import work_plan
from corpus import cases, machine, networks, outcomes, pipelines
from corpus.sources import HERE

EXPECTED = json.loads((HERE / "expected-0.1.json").read_text(encoding="utf-8"))
RELEASE: str = EXPECTED["release"]
OF_RELEASE = {kind: dict(EXPECTED[kind]) for kind in ("trees", "plans")}
CHANGED = json.loads((HERE / "changed.json").read_text(encoding="utf-8"))  # on purpose: see change.py
for kind in OF_RELEASE:
    EXPECTED[kind] |= {name: change["outcome"] for name, change in CHANGED[kind].items()}
JOBS = cases.jobs()
PIPELINES = (*pipelines.pipelines(), *pipelines.BUNDLED)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
DIGITS = 1e-6  # of labels, where another processor computes the last digits
ROUNDED = 1e-9  # of labels: since 0.4 angles and sines are rounded, so that no processor's last digits show
CLOSE = 2e-5  # of predictions, which are written with six digits: another processor adds up in another order

CURVES = {"gain", "contrast", "gamma", "invert", "posterize", "solarize", "threshold"}
OPERATIONS = {
    *("Homography", "Warp", "ControlPoints", "ElasticField", "ColorMatrix", "Curve", "Filter", "Gaussian", "Motion"),
    *("Pool", "Noise", "Jpeg", "Downscale", "Erase", "Adapt", "Spectrum", "External", "blend", *CURVES),
    *("auto_contrast", "color_transfer", "equalize", "otsu", "pca_shift", "gaussian", "salt_and_pepper", "poisson"),
    *("max", "min", "mean", "median", "l2", "External.size", "External.matrix", "External.boxes"),
    *("keypoint_pairs", "mirrored_labels"),
}


def assert_unchanged(case: str, wanted: Any, found: Any, close: float = 0.0) -> None:
    """Fail with the case and the first place where JSON differs."""
    told = outcomes.difference(wanted, found, close)
    if told is not None:
        pytest.fail(f"{case}: {told:.1500}", pytrace=False)


def not_comparable(case: str) -> str:
    """Say why bytes are others here than in the corpus, whatever augkit does; nothing if they are not."""
    names = [*machine.BASE, *machine.MORE[:2] * ("albumentations" in case or "foreign" in case)]
    names += ["pyarrow"] * ("parquet" in case)
    names += ["pycocotools"] * any(word in case for word in ("coco", "json", "csv", "read into"))
    here, then = machine.libraries(), EXPECTED["libraries"]
    others = [f"{name} {then[name]}, here is {here[name]}" for name in names if here[name] != then[name]]
    if machine.arithmetic()["bytes"] != EXPECTED["arithmetic"]["bytes"]:
        others.append("another processor, which rounds otherwise")
    return f"the corpus was recorded with {' and '.join(others)}" if others else ""


def require_comparable(case: str) -> None:
    """Skip where bytes would be others, whatever augkit does."""
    if reason := not_comparable(case):
        pytest.skip(reason)


def require_foreign(name: str) -> None:
    """Skip a pipeline of Albumentations where that is another one, or computes otherwise: it decides plans too."""
    if pipelines.is_foreign(name):
        require_comparable(name)


def test_the_corpus_is_recorded_as_it_stands() -> None:
    assert list(JOBS) == list(EXPECTED["trees"]), "record the corpus again: see record.py"
    assert list(PIPELINES) == list(EXPECTED["plans"]), "record the corpus again: see record.py"


@pytest.mark.parametrize("kind", OF_RELEASE)
def test_what_is_said_to_have_changed_has(kind: str) -> None:
    for name, change in CHANGED[kind].items():
        assert change["why"], name
        assert change["outcome"] != OF_RELEASE[kind][name], f"{name} is as it was: take it out of changed.json"


def test_the_corpus_is_recorded_with_the_pinned_libraries() -> None:
    constraints = (HERE.parent.parent / "constraints.txt").read_text(encoding="utf-8").lower().splitlines()
    pinned = dict(line.split("==") for line in constraints if "==" in line)
    pinned["opencv"] = ".".join(pinned["opencv-python-headless"].split(".")[:3])
    for name, version in EXPECTED["libraries"].items():
        assert version == pinned[name], f"{name}: record the corpus again with the code of {RELEASE}, see record.py"


def test_every_transform_and_every_operation_is_in_the_corpus() -> None:
    known = {
        name for name in dir(ak) if isinstance(getattr(ak, name), type) and issubclass(getattr(ak, name), ak.Transform)
    }
    drawn = {step.partition(".")[0] for step in (name.rpartition(" ")[0] or name for name in PIPELINES)}
    later = {"Lift"}  # than 0.1
    assert known - {"Transform", "Albumentations", "Maybe"} - later <= drawn
    assert {"Maybe", "albumentations"} <= drawn
    assert {what for case in EXPECTED["plans"].values() for what in operations(json.loads(case["plan"]))} >= OPERATIONS


def operations(node: Any) -> Iterator[str]:
    """Yield the names of all that stands in a plan."""
    if isinstance(node, dict):
        yield from (str(node[key]) for key in ("op", "step", "name", "kind") if key in node)
        yield from (str(function[0]) for function in node.get("functions", ()))
        yield from (f"{node['op']}.{key}" for key, value in node.items() if "op" in node and value is not None)
        yield from node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from operations(inner)


@pytest.mark.parametrize("name", EXPECTED["trees"])
def test_a_tree_is_the_same(name: str, tmp_path: Path) -> None:
    require_comparable(name)
    assert_unchanged(name, EXPECTED["trees"][name], outcomes.outcome(JOBS[name], tmp_path, RELEASE))


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_file_draws_the_same_plan(name: str, tmp_path: Path) -> None:
    require_foreign(name)
    expected, file = EXPECTED["plans"][name], tmp_path / "dumped.yaml"
    file.write_text(expected["yaml"], encoding="utf-8")
    with outcomes.meant_as_before():
        held = ak.load(file)
        assert held == pipelines.loaded(name, tmp_path)
        plan = outcomes.drawn(name, tmp_path)
    ak.dump(held, file)
    stated, *lines = file.read_text(encoding="utf-8").split("\n")
    assert stated == "behaviour: 1"
    assert_unchanged(name, expected["yaml"].split("\n"), lines)
    assert_unchanged(name, json.loads(expected["plan"]), json.loads(plan.to_json()))
    assert plan.to_json() == expected["plan"], name


@pytest.mark.parametrize("name", PIPELINES)
def test_a_plan_does_the_same(name: str) -> None:
    require_foreign(name)
    expected = EXPECTED["plans"][name]
    plan = ak.Plan.from_json(expected["plan"])
    assert plan.to_json() == expected["plan"], name
    other = expected["reference"]  # what of it is not as on cpu
    full = other if isinstance(other, str) else expected["cpu"]["full"] | other
    ways = {
        "cpu": (expected["cpu"], outcomes.shown(plan)),
        "reference": ({"full": full}, outcomes.shown(plan, outcomes.REFERENCE, "full")),
    }
    if not_comparable(name):
        unlike: tuple[str, ...] = ("bool", "int32", "uint8", "uint16", "float32")
    else:
        unlike = () if machine.arithmetic() == EXPECTED["arithmetic"] else ("uint16", "float32")
    for executor, both in ways.items():
        wanted, found = (outcomes.without_pixels(value, unlike) for value in both)
        assert_unchanged(f"{name} on {executor}", wanted, found, DIGITS if unlike else ROUNDED)


def kept(name: str, folder: Path) -> Path:
    """Lay the sources of a job into a folder, and the tree that the release made of them."""
    outcomes.lay(JOBS[name].files(), folder)
    with tarfile.open(HERE / "jobs-0.1.tar.xz") as tar:
        members = [member for member in tar if member.name.startswith(f"{name}/")]
        for member in members:
            file = tar.extractfile(member)
            assert file is not None
            outcomes.lay({member.name.removeprefix(f"{name}/"): file.read()}, folder)
    return folder / "out"


def source_of(name: str) -> str:
    """Return where the sources of a job lie."""
    return JOBS[name].commands[0].split(" ")[1]


@pytest.mark.parametrize("name", cases.KEPT)
def test_an_old_tree_is_sound_and_every_output_can_be_made_again(name: str, tmp_path: Path) -> None:
    require_comparable(name)
    out, again = kept(name, tmp_path), tmp_path / "again"
    lines = [line for file in sorted(out.glob(".augkit/lineage/*")) for line in file.read_text("utf-8").splitlines()]
    assert len(lines) > 3
    assert outcomes.command(tmp_path, ["verify", "out"]) == 0
    for entry in map(json.loads, lines):
        code = outcomes.command(tmp_path, ["replay", "out", entry["id"], "-o", "again", "--source", source_of(name)])
        assert (code, sha256(again.read_bytes()).hexdigest()) == (0, entry["sha256"]), f"{name}: {entry['id']}"
    picture = next(path for path in out.rglob("*") if path.suffix in (".jpg", ".png", ".tar", ".parquet"))
    picture.write_bytes(picture.read_bytes()[:-1] + b"?")
    assert outcomes.command(tmp_path, ["verify", "out"]) == 1


@pytest.mark.parametrize("name", cases.KEPT)
def test_an_old_tree_is_continued(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require_comparable(name)
    kept(name, tmp_path)
    job = JOBS[name]
    more = " --ignore site" if "all in" in name else ""  # a column that is refused now
    with outcomes.recorded_as(RELEASE):
        codes = [outcomes.command(tmp_path, f"{line}{more}") for line in job.commands]
    assert "outputs were done already" in capsys.readouterr().err
    found = {"codes": codes, "files": outcomes.tree(tmp_path, job.made)}
    assert_unchanged(name, OF_RELEASE["trees"][name], found)  # what was written stays as it was written


@pytest.mark.parametrize("name", ["split", "split, balance, originals", "groups by pattern", "groups by file"])
def test_a_job_that_was_split_by_a_hash_of_0_1_goes_on_with_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its law the tree is the release's, byte for byte, and the same command goes on in it."""
    require_comparable(name)
    with monkeypatch.context() as patched:
        patched.setattr(work_plan, "LAW", HASHED)
        assert_unchanged(name, OF_RELEASE["trees"][name], outcomes.outcome(JOBS[name], tmp_path, RELEASE))
    capsys.readouterr()
    with outcomes.recorded_as(RELEASE):
        codes = [outcomes.command(tmp_path, line) for line in JOBS[name].commands]
    assert "outputs were done already" in capsys.readouterr().err
    assert_unchanged(name, OF_RELEASE["trees"][name], {"codes": codes, "files": outcomes.tree(tmp_path, ("out",))})


@pytest.mark.parametrize("question", networks.ASKED)
@pytest.mark.parametrize("name", networks.TRAINED)
def test_an_old_model_predicts_the_same(name: str, question: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    pytest.importorskip("torch")
    with outcomes.meant_as_before():
        wanted, found = EXPECTED["predictions"][f"{name}, {question}"], networks.said(name, question, tmp_path)
    shapes = [{**said, "lines": [NUMBER.sub("0", line) for line in said["lines"]]} for said in (wanted, found)]
    assert_unchanged(f"{name}, {question}", shapes[0], shapes[1])
    for old, new in zip(wanted["lines"], found["lines"], strict=True):
        numbers = [list(map(float, NUMBER.findall(line))) for line in (old, new)]
        assert numbers[1] == pytest.approx(numbers[0], rel=CLOSE, abs=CLOSE), f"{name}, {question}: {old!r} is {new!r}"
