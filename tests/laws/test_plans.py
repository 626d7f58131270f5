"""Laws of plans: JSON and back, the same plans on every machine, and plans written down that must never move."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # type: ignore[import-not-found]

import augkit as ak
from augkit.core.ops import Adapt, ColorMatrix, Curve, Noise
from augkit.core.plan import BlendRun, ColorRun, Plan
from augkit.core.sampling import Behaviour
from augkit.core.spatial import IDENTITY
from augkit.errors import ArgumentError
from support.golden_plans import BEHAVIOURS, SCENES, golden, plans
from support.pictures import assert_close, assert_same_sample, full_sample, picture
from support.processes import WITH_TESTS
from support.table import BUNDLED, STYLE

bundled = pytest.mark.parametrize("name", BUNDLED)
behaviours = pytest.mark.parametrize("behaviour", BEHAVIOURS)


@behaviours
def test_golden_plans(behaviour: Behaviour, here: list[dict[str, str]]) -> None:
    written, found = golden(behaviour), here[behaviour - 1]
    assert {f"{name} {size}" for name in BUNDLED for size in SCENES} <= written.keys()
    assert {subject: found.get(subject) for subject in written} == written


@behaviours
def test_golden_plans_still_run(behaviour: Behaviour) -> None:
    for text in list(golden(behaviour).values())[-4 * len(BUNDLED) :: 3]:
        plan = Plan.from_json(text)
        assert plan.to_json() == text
        assert ak.run(plan, full_sample(plan.source)).image.shape[:2] == plan.size


@bundled
@pytest.mark.parametrize("size", SCENES, ids=str)
def test_plans_survive_json_with_the_same_pixels(name: str, size: tuple[int, int]) -> None:
    sample = full_sample(size)
    for n in range(4):
        plan = ak.load(name).draw(ak.Key(n, "x", n), ak.Scene.of(sample))
        again = Plan.from_json(plan.to_json())
        assert again == plan
        assert hash(again) == hash(plan)
        assert_same_sample(ak.run(again, sample), ak.run(plan, sample))


@pytest.mark.slow
@bundled
@pytest.mark.parametrize("size", [(120, 160), (375, 500), (28, 28), (700, 900)], ids=str)
def test_cpu_agrees_with_the_reference(name: str, size: tuple[int, int]) -> None:
    sample = full_sample(size, picture(size))
    for n in range(2):
        plan = ak.load(name).draw(ak.Key(n, "y"), ak.Scene.of(sample))
        cpu, reference = ak.run(plan, sample), ak.run(plan, sample, "reference")
        assert_close(cpu.image, reference.image)
        assert (cpu.mask == reference.mask).mean() >= 0.999  # type: ignore[union-attr]
        np.testing.assert_array_equal(cpu.boxes, reference.boxes)
        assert cpu.box_labels == reference.box_labels


@pytest.fixture(scope="module")
def here() -> list[dict[str, str]]:
    """Return the plans that this process draws, of each behaviour."""
    return [plans(behaviour) for behaviour in BEHAVIOURS]


def drawn_elsewhere(changed: dict[str, str]) -> list[dict[str, str]]:
    """Return the plans that another process draws, in a changed environment."""
    code = "import json; from support.golden_plans import plans; print(json.dumps([*map(plans, (1, 2))]))"
    words = [sys.executable, "-W", "error", "-c", code]
    drawn = subprocess.run(words, env=WITH_TESTS | changed, capture_output=True, text=True)
    assert not drawn.returncode, drawn.stderr
    found: list[dict[str, str]] = json.loads(drawn.stdout)
    return found


def dispatched() -> str:
    """Return the processor features that this NumPy uses here and can do without."""
    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [{"OPENBLAS_CORETYPE": core} for core in ("Sandybridge", "Haswell")]
    + [{"NPY_DISABLE_CPU_FEATURES": dispatched(), "OPENBLAS_CORETYPE": "Nehalem"}],
    ids=str,
)
def test_other_processors_draw_the_same_plans(changed: dict[str, str], here: list[dict[str, str]]) -> None:
    assert drawn_elsewhere(changed) == here


@pytest.mark.slow
def test_hash_randomisation_changes_nothing(here: list[dict[str, str]]) -> None:
    assert drawn_elsewhere({"PYTHONHASHSEED": "1"}) == here  # every process above had a seed of its own, too


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all nodes of a JSON tree."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def tree_of(pipeline: ak.Pipeline) -> Any:
    return json.loads(pipeline.draw(ak.Key(3, "x"), ak.Scene((30, 41))).to_json())


TREES = [tree_of(ak.load(name)) for name in ("six", "strong", "digits")]
TREES.append(tree_of(ak.Pipeline([ak.ElasticWarp(), ak.ImagePCAColorShift(), ak.Gamma()])))
TREES.append(tree_of(ak.Pipeline([ak.Noise(), ak.Erase(), ak.Blur(), ak.Blur("motion", name="moved"), ak.Downscale()])))
TREES.append(
    tree_of(
        ak.Pipeline(
            [ak.Add((ak.Pool(), ak.Jpeg()), (ak.Convolve(((0.5, 0.5),) * 2, 2, 0), ak.Rotate())), ak.Equalize()]
        )
    )
)
TREES.append(tree_of(ak.Pipeline([ak.FourierStyle(STYLE, 0.1), ak.ColorTransfer(STYLE), ak.AutoContrast(0.1)])))
TREES.append(tree_of(ak.Pipeline([ak.Mirror()], keypoint_pairs=[[0, 1]], mirrored_labels={"left": "right", 6: 9})))  # type: ignore[arg-type]
odd = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([2**70, -(2**70)]), st.floats(), st.text(max_size=4),
    st.sampled_from([[], {}, [[]], {"op": "Homography"}, [1, 2], "A" * 8, "!" * 12]),
)  # fmt: skip


@given(st.sampled_from(TREES), st.data())
@settings(max_examples=400)
def test_a_malformed_plan_is_refused_in_a_sentence(tree: Any, data: st.DataObject) -> None:
    spoilt = json.loads(json.dumps(tree))
    *path, last = data.draw(st.sampled_from([place for place in places(tree) if place]))
    node = spoilt
    for part in path:
        node = node[part]
    what = data.draw(st.sampled_from(["change", "delete", "add"]))
    if what == "change":
        node[last] = data.draw(odd)
    elif what == "delete":
        del node[last]
    elif isinstance(node, dict):
        node[data.draw(st.text(max_size=3))] = data.draw(odd)
    if refusal := refused(json.dumps(spoilt)):
        assert "\n" not in refusal
    else:
        plan = Plan.from_json(json.dumps(spoilt))
        assert Plan.from_json(plan.to_json()) == plan


ABSURD = [
    *(ColorRun((Curve((pair,)),)) for pair in (("posterize", 1e5), ("gamma", -1.0), ("gain", 1e300))),
    ColorRun((ColorMatrix(IDENTITY, (1e300, 0.0, 0.0)),)), BlendRun(((), ()), (1e300, -1e300)),
    Noise("0" * 32 + ":x", "poisson", 1e-200), Adapt("pca_shift", (1e300, 0.0, 0.0)),
    Adapt("color_transfer", (1.0, 1e300, 0.0, 0.0, *(0.1,) * 9)),
]  # fmt: skip


@pytest.mark.parametrize("step", ABSURD, ids=repr)
def test_numbers_that_no_picture_survives_are_refused(step: Any) -> None:
    assert "must" in refused(Plan((9, 9), (step,)).to_json())


def refused(text: str) -> str:
    """Return the sentence that refuses a plan, or nothing."""
    try:
        Plan.from_json(text)
    except ArgumentError as error:
        return str(error)
    return ""


NO_PLANS = ["", "{", "[]", "null", "1", '"plan"', '{"augkit_plan": 2}', '{"augkit_plan": 1}', "{}", "NaN", "[" * 100000]


@pytest.mark.parametrize("text", NO_PLANS, ids=lambda text: text[:20])
def test_what_is_no_plan_is_refused(text: str) -> None:
    assert "Plan" in refused(text)
