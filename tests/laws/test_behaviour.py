"""Laws of behaviours: what is written down means for ever what it meant, and what is new says what it means."""

import json
from pathlib import Path

import numpy as np
import pytest

import augkit as ak
from augkit.core.plan import SpatialRun
from augkit.errors import ArgumentError
from augkit.pipeline.pipeline_file import described
from support.folders import done, fill, lines
from support.pictures import KEY, full_sample, picture

SHRINK = ak.Resize((50, 60))
SCENE = ak.Scene((300, 400))


def reduced(pipeline: ak.Pipeline) -> SpatialRun:
    (step,) = pipeline.draw(KEY, SCENE).steps
    assert isinstance(step, SpatialRun)
    return step


def test_a_dumped_file_states_its_behaviour(tmp_path: Path) -> None:
    for behaviour in (1, 2):
        pipeline = ak.Pipeline([SHRINK], border="wrap", behaviour=behaviour)
        ak.dump(pipeline, tmp_path / "p.yaml")
        assert (tmp_path / "p.yaml").read_text().startswith(f"behaviour: {behaviour}\n")
        assert ak.load(tmp_path / "p.yaml") == pipeline
        assert eval(repr(pipeline), {name: getattr(ak, name) for name in ak.__all__}) == pipeline


def test_a_file_that_states_none_means_the_newest(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("steps: [Mirror]\n")
    assert ak.load(tmp_path / "p.yaml").policy.behaviour == 2
    assert all(ak.load(name).policy.behaviour == 2 for name in ("six", "light", "digits"))


@pytest.mark.parametrize("wrong", ["3", "'2'", "2.0", "true", "null"])
def test_other_behaviours_are_refused(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"behaviour: {wrong}\nsteps: [Mirror]\n")
    with pytest.raises(ArgumentError, match=r"p\.yaml:1 behaviour: must be 1 or 2, got"):
        ak.load(tmp_path / "p.yaml")


@pytest.mark.parametrize("since", ["interpolation: cubic", "interpolation: lanczos", "decode: scaled"])
def test_what_came_with_2_is_refused_with_1(since: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"behaviour: 1\n{since}\nsteps: [Mirror]\n")
    with pytest.raises(ArgumentError, match="must be of behaviour 2"):
        ak.load(tmp_path / "p.yaml")


def test_books_say_nothing_of_behaviour_1() -> None:
    assert "behaviour" not in described(ak.Pipeline([SHRINK], behaviour=1))
    assert described(ak.Pipeline([SHRINK]))["behaviour"] == 2


def test_plans_are_of_the_format_of_their_behaviour() -> None:
    old, new = (ak.Pipeline([SHRINK], behaviour=behaviour).draw(KEY, SCENE).to_json() for behaviour in (1, 2))
    assert old.startswith('{"augkit_plan":1,')
    assert '"halvings":[2,2]' in old
    assert "reduction" not in old
    assert new.startswith('{"augkit_plan":2,')
    assert '"reduction":[6.0,6.666667]' in new
    assert "halvings" not in new
    assert [ak.Plan.from_json(text).policy.behaviour for text in (old, new)] == [1, 2]
    assert [ak.Plan.from_json(text).to_json() for text in (old, new)] == [old, new]


@pytest.mark.parametrize("format", ["3", "0", '"2"', "true", "null", "2.5"])
def test_plans_of_other_formats_are_refused(format: str) -> None:
    text = ak.Pipeline([SHRINK]).draw(KEY, SCENE).to_json().replace('"augkit_plan":2', f'"augkit_plan":{format}')
    with pytest.raises(ArgumentError, match="must be of format 1 or 2, got"):
        ak.Plan.from_json(text)


def test_reductions_go_on_evenly_from_1() -> None:
    zooms = np.linspace(0.55, 4.0, 36).tolist()
    factors = [reduced(ak.Pipeline([ak.Scale(1.0 / zoom)])).reduction for zoom in zooms]
    assert factors == [pytest.approx((max(1.0, zoom),) * 2, abs=1e-6) for zoom in zooms]


@pytest.mark.parametrize("degrees", [0.0, 10.0, 45.0, 90.0, 200.0])
def test_a_turn_reduces_by_no_more_than_the_zoom(degrees: float) -> None:
    assert reduced(ak.Pipeline([ak.Rotate(degrees), ak.Scale(0.4)])).reduction == pytest.approx((2.5, 2.5))
    if degrees:
        assert reduced(ak.Pipeline([ak.Rotate(degrees)])).reduction == (1.0, 1.0)


def test_each_axis_of_the_source_has_its_own() -> None:
    wide = ak.Resize((150, 50))
    assert reduced(ak.Pipeline([wide])).reduction == pytest.approx((2.0, 8.0))
    turned = reduced(ak.Pipeline([ak.Rotate(90.0, corners="expand"), ak.Resize((50, 150))])).reduction
    assert turned == pytest.approx((2.0, 8.0))


def test_a_perspective_is_measured_where_it_shrinks_most_and_least() -> None:
    for copy in range(20):
        plan = ak.Pipeline([ak.Perspective(0.2), ak.Scale(0.3)]).draw(ak.Key(0, "p", copy), SCENE)
        (run,) = plan.steps
        assert isinstance(run, SpatialRun)
        assert all(1.0 <= factor < 12.0 for factor in run.reduction)
        assert max(run.reduction) > 1.5


def test_the_executor_stands_in_the_job_and_in_every_line(tmp_path: Path) -> None:
    src = fill(tmp_path / "src")
    for name in ("native", "cpu", "reference"):
        done(src, tmp_path / name, executor=name)
        job = json.loads((tmp_path / name / ".augkit/job.json").read_text())
        assert job.get("executor", "cpu") == name
        assert {line["executor"] for line in lines(tmp_path / name)} == {name}
        summary = done(src, tmp_path / name)  # without a name: what it was begun with
        assert summary.resumed == summary.planned
    with pytest.raises(ArgumentError, match="executor must be"):
        done(src, tmp_path / "reference", executor="native")


def test_native_is_the_default_and_runs_no_old_plans(tmp_path: Path) -> None:
    sample = full_sample((40, 50), picture((40, 50)))
    old = ak.Pipeline([ak.Scale(0.4)], behaviour=1)
    plan = old.draw(KEY, ak.Scene.of(sample))
    np.testing.assert_array_equal(ak.run(plan, sample).image, ak.run(plan, sample, "cpu").image)
    with pytest.raises(ArgumentError, match="must be cpu or reference for"):
        ak.run(plan, sample, "native")
    new = ak.Pipeline([ak.Scale(0.4)]).draw(KEY, ak.Scene.of(sample))
    np.testing.assert_array_equal(ak.run(new, sample).image, ak.run(new, sample, "native").image)
    with pytest.raises(ArgumentError, match="executor: must be cpu or reference"):
        done(fill(tmp_path / "src"), tmp_path / "out", pipeline=old, executor="native")


def test_a_class_may_have_a_pipeline_of_another_behaviour(tmp_path: Path) -> None:
    """Each is run by the executor of its behaviour, now and when the job goes on."""
    src = fill(tmp_path / "src")
    own = {"tulips": ak.Pipeline([ak.Scale(0.4)], behaviour=1)}
    out = tmp_path / "out"
    summary = done(src, out, pipelines_for=own)
    assert summary.rejected == 0
    found = {
        (line["class"] == "tulips", line["executor"], line["plan"]["augkit_plan"]) for line in lines(tmp_path / "out")
    }
    assert found == {(True, "cpu", 1), (False, "native", 2)}
    assert done(src, out, pipelines_for=own).resumed == summary.planned
