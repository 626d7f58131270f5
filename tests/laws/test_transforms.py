"""The table of laws: what holds for every registered transform, and so for one that nobody has written yet."""

import dataclasses
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import pytest

import augkit as ak
from augkit.core import ops
from augkit.core.ops import Blend, ColorMatrix, Op, from_jsonable, to_jsonable
from augkit.core.plan import Plan
from augkit.errors import ArgumentError, AugkitError, SampleError
from augkit.transforms import TRANSFORMS, find
from augkit.transforms.transform import transform
from support.pictures import KEY, assert_close, assert_same_sample, channels_of, full_sample, moving, picture
from support.processes import WITH_TESTS
from support.table import ROWS, drawn, outcome

NAMES = dict(TRANSFORMS) | {"ColorStatistics": ak.ColorStatistics, "Style": ak.Style}
rows = pytest.mark.parametrize("step", ROWS, ids=repr)
classes = pytest.mark.parametrize("name", TRANSFORMS)
SIZE = (120, 160)
NAME = rf"({'|'.join(TRANSFORMS)})"


def test_every_transform_has_a_row() -> None:
    assert {type(step).__name__ for step in ROWS} == set(TRANSFORMS)


@classes
def test_a_public_name_and_a_docstring(name: str) -> None:
    assert getattr(ak, name) is find(name) is TRANSFORMS[name]
    assert name in dir(ak)
    assert (TRANSFORMS[name].__doc__ or "").partition("\n")[0].endswith(".")


def test_every_transform_tells_what_it_takes_draws_and_emits() -> None:
    for name, cls in TRANSFORMS.items():
        told = inspect.getdoc(cls) or ""
        taken = [item.name for item in dataclasses.fields(cls) if item.name != "name"]
        lacking = [word for word in ("Draws:", "Emits:", *[f">>> {name}("] * bool(taken)) if word not in told]
        lacking += [word for word in taken if not re.search(rf"^    (\w+, )*{word}(, \w+)*: ", told, re.MULTILINE)]
        assert not lacking, f"the docstring of {name} lacks {lacking}"


def test_a_field_hides_nothing_that_every_transform_has() -> None:
    """Or a step with a field `called` would draw from the stream that the field names."""
    body = {"__annotations__": {"called": str}, "called": "x", "draw": lambda self, stream, scene: ()}
    with pytest.raises(ArgumentError, match=r"^Hidden\.called: must be another name"):
        transform(type("Hidden", (ak.Transform,), body))
    assert "Hidden" not in TRANSFORMS


@rows
def test_frozen(step: ak.Transform) -> None:
    for item in dataclasses.fields(step):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(step, item.name, getattr(step, item.name))
    assert hash(step) == hash(eval(repr(step), dict(NAMES)))


@rows
def test_an_unknown_argument_is_refused_by_name(step: ak.Transform) -> None:
    given = {item.name: getattr(step, item.name) for item in dataclasses.fields(step)}
    for name in given:
        wrong = name + "x"
        with pytest.raises(ArgumentError, match=rf"has no argument '{wrong}'\. Did you mean {name}\?"):
            type(step)(**given, **{wrong: 1})  # type: ignore[arg-type]


@rows
def test_repr_is_valid_python(step: ak.Transform) -> None:
    assert eval(repr(step), dict(NAMES)) == step


@rows
def test_yaml_and_back(step: ak.Transform, tmp_path: Path) -> None:
    pipeline = ak.Pipeline([step, ak.Maybe(0.25, dataclasses.replace(step, name="second"))])
    ak.dump(pipeline, tmp_path / "p.yaml")
    assert ak.load(tmp_path / "p.yaml") == pipeline


@rows
def test_draws_are_a_function_of_key_and_scene(step: ak.Transform) -> None:
    scene = ak.Scene(SIZE)
    twin = eval(repr(step), dict(NAMES))
    for n in range(4):
        first = drawn(step, ak.Key(n, "a"), scene)
        drawn(step, ak.Key(n + 1, "b"), scene)  # what is drawn between does not matter
        assert first == drawn(step, ak.Key(n, "a"), scene) == drawn(twin, ak.Key(n, "a"), scene)


@pytest.fixture(scope="module")
def elsewhere() -> dict[str, list[str]]:
    """Return what another process makes of every row, the last one first, with hashes of its own."""
    code = (
        "import json; from support.table import ROWS, outcome;"
        "print(json.dumps({repr(step): outcome(step) for step in reversed(ROWS)}))"
    )
    environment = WITH_TESTS | {"PYTHONHASHSEED": "7"}
    worker = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert not worker.returncode, worker.stderr
    found: dict[str, list[str]] = json.loads(worker.stdout)
    return found


@pytest.mark.slow
@rows
def test_every_worker_makes_the_same(step: ak.Transform, elsewhere: dict[str, list[str]]) -> None:
    assert outcome(step) == elsewhere[repr(step)]


ARGUMENTS = [(cls, item.name) for cls in TRANSFORMS.values() for item in dataclasses.fields(cls) if item.name != "name"]
ANY_VALUES = (0, 1, 2, 5, 40, 0.02, 0.3, 0.9, 1.5, (1, 1), (3, 3), (0.2, 0.2), (2.0, 2.0), ak.Invert(), (ak.Invert(),))


def choices(node: Any) -> Iterator[Any]:
    """Yield the words that a part of a JSON Schema allows."""
    if isinstance(node, dict):
        yield from (node.get("const"), *node.get("enum", ()))
        node = list(node.values())
    for inner in node if isinstance(node, list) else ():
        yield from choices(inner)


def varied(step: ak.Transform, argument: str) -> Iterator[ak.Transform]:
    """Yield the step with other values of an argument: those of other rows, its words, and numbers that it takes."""
    words = choices(pydantic.TypeAdapter(type(step)).json_schema()["properties"][argument])
    for value in (*(getattr(row, argument) for row in ROWS if type(row) is type(step)), *words, *ANY_VALUES):
        try:
            yield dataclasses.replace(step, **{argument: value})
        except ArgumentError:  # nothing that it takes, or not beside its other arguments
            continue


@pytest.mark.parametrize(("cls", "argument"), ARGUMENTS, ids=[f"{cls.__name__}.{name}" for cls, name in ARGUMENTS])
def test_every_argument_changes_what_is_drawn(cls: type[ak.Transform], argument: str) -> None:
    scene = ak.Scene.of(full_sample(SIZE))

    def draws(step: ak.Transform) -> Any:
        try:
            return [drawn(step, ak.Key(n, "argument"), scene) for n in range(6)]
        except AugkitError:  # windows that do not fit, and such
            return None

    for step in (row for row in ROWS if type(row) is cls):
        before = draws(step)
        if any(after not in (None, before) for after in map(draws, varied(step, argument))):
            return
    pytest.fail(f"whatever {cls.__name__}.{argument} is, the same is drawn")


@rows
def test_ops_are_plain_and_survive_json(step: ak.Transform) -> None:
    for n in range(4):
        for op in drawn(step, ak.Key(n, "a")):
            again = from_jsonable(json.loads(json.dumps(to_jsonable(op), default=to_jsonable)))
            assert again == op
            assert hash(again) == hash(op)
            assert eval(repr(op), vars(ops)) == op


@rows
def test_plans_survive_json_with_the_same_pixels(step: ak.Transform) -> None:
    sample = full_sample(SIZE)
    for n in range(2):
        plan = ak.Pipeline([step]).draw(ak.Key(n, "a"), ak.Scene.of(sample))
        text = plan.to_json()
        again = Plan.from_json(text)
        assert again == plan
        assert "\n" not in text
        assert again.to_json() == text
        assert plan.explain().startswith("source: 160 x 120")
        assert_same_sample(ak.run(again, sample), ak.run(plan, sample))


@rows
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_cpu_agrees_with_the_reference(step: ak.Transform, dtype: str) -> None:
    sample = full_sample(SIZE, picture(SIZE, dtype))
    plan = ak.Pipeline([step]).draw(KEY, ak.Scene.of(sample))
    cpu, reference = ak.run(plan, sample), ak.run(plan, sample, "reference")
    for one, other in pictures_of(cpu, reference):
        assert_close(one, other)
    for one, other in masks_of(cpu, reference):
        assert (one == other).mean() >= 0.999
    pixels = dict.fromkeys(("image", "mask", "masks", "images"))
    assert_same_sample(cpu.changed(**pixels), reference.changed(**pixels))


def pictures_of(*samples: ak.Sample) -> Iterator[Any]:
    yield (sample.image for sample in samples)
    yield (sample.images["depth"] for sample in samples)  # type: ignore[index]


def masks_of(*samples: ak.Sample) -> Iterator[Any]:
    yield (sample.mask for sample in samples)
    yield (sample.masks["parts"] for sample in samples)  # type: ignore[index]


@rows
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_dtype_and_channels_stay(step: ak.Transform, dtype: str) -> None:
    for channels in (1, 2, 3, 4, 5):
        assert_stay(step, channels_of(channels, (60, 80), dtype), channels)


def assert_stay(step: ak.Transform, image: Any, channels: int) -> None:
    """Dtype and channels come out as they went in, or a step that needs RGB says so."""
    pipeline, scene = ak.Pipeline([step]), ak.Scene.of(ak.Sample(image))
    refusal = ""
    try:
        plan = pipeline.draw(KEY, scene)
    except SampleError as error:
        refusal = str(error)
    if refusal:
        assert needs_rgb(step)
        assert channels != 3
        assert re.search(rf"{NAME}.* RGB .*{channels} channel", refusal)
        return
    for executor in ("native", "cpu", "reference"):
        out = ak.run(plan, ak.Sample(image), executor).image
        assert out.dtype == image.dtype
        assert out.shape == (*plan.size, *image.shape[2:])
        again = ak.run(plan, ak.Sample(np.atleast_3d(image)), executor).image  # (H, W, 1) for (H, W)
        np.testing.assert_array_equal(np.atleast_3d(out), again)


def needs_rgb(step: ak.Transform) -> bool:
    """Tell whether what a step draws for an RGB picture mixes its channels; other pictures it may refuse."""
    return any(mixes(op) for op in drawn(step, KEY))


def mixes(op: Op) -> bool:
    if isinstance(op, Blend):
        return any(mixes(inner) for branch in op.branches for inner in branch)
    return isinstance(op, ColorMatrix) or (isinstance(op, ops.Coloured) and bool(op.rgb_for))


@rows
def test_alpha_is_moved_but_not_coloured(step: ak.Transform) -> None:
    rgba = channels_of(4, SIZE)
    for executor in ("native", "cpu", "reference"):
        sample = ak.Sample(rgba, alpha=True)
        plan = ak.Pipeline([step]).draw(KEY, ak.Scene.of(sample))
        out = ak.run(plan, sample, executor)
        moved = Plan(plan.source, moving(plan.steps, plan.source), plan.policy)
        np.testing.assert_array_equal(out.image[..., 3], ak.run(moved, sample, executor).image[..., 3])
        rgb = ak.run(plan, ak.Sample(np.ascontiguousarray(rgba[..., :3])), executor)
        assert_close(np.ascontiguousarray(out.image[..., :3]), rgb.image)
        assert out.alpha


@rows
def test_global_generators_are_left_alone(step: ak.Transform) -> None:
    import random

    np.random.seed(5)
    before: Any = (np.random.get_state()[1].tolist(), random.getstate())  # type: ignore[index]
    drawn(step, KEY)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # type: ignore[index]
