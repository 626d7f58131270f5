"""Laws of pipelines as YAML: what is dumped loads equal, the schema agrees, complaints name the place."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import augkit as ak
from augkit import yaml_file
from augkit.errors import AugkitError, SampleError
from augkit.pipeline.pipeline_file import bundled
from augkit.pipeline.pipeline_schema import schema
from support.pictures import KEY
from support.table import BUNDLED, ROWS

SCHEMA = jsonschema.Draft202012Validator(schema())


def held(inner: Any) -> Any:
    return st.lists(inner, min_size=1, max_size=3, unique_by=lambda step: ak.Pipeline([step]).labels).map(tuple)


plain = st.integers(0, len(ROWS) - 1).map(lambda row: ROWS[row])  # Hypothesis would print all of a list
steps = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.builds(ak.Maybe, st.floats(0, 1), inner),
        st.builds(ak.Maybe, st.floats(0, 1), inner, name=st.text("abc #:'-\"\n", min_size=1, max_size=5)),
        st.builds(ak.Sequence, held(inner)),
        st.builds(lambda steps: ak.OneOf(steps, (2.0,) * len(steps)), held(inner)),
    ),
    max_leaves=5,
)  # fmt: skip
policies = st.fixed_dictionaries({}, optional={
    "border": st.sampled_from(["reflect", "constant", "replicate", "wrap"]), "mask_fill": st.integers(0, 255),
    "interpolation": st.sampled_from(["linear", "nearest"]), "min_visible": st.floats(0, 1),
    "fill": st.integers(0, 255) | st.floats(0, 255) | st.tuples(*[st.floats(0, 255)] * 3),
})  # fmt: skip


@given(st.lists(steps, max_size=4, unique_by=lambda step: ak.Pipeline([step]).labels), policies)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_load_of_dump_is_the_pipeline(tmp_path: Path, steps: list[ak.Transform], policy: dict[str, Any]) -> None:
    pipeline = ak.Pipeline(steps, **policy)
    path = tmp_path / "p.yaml"
    ak.dump(pipeline, path)
    again = ak.load(path)
    assert again == pipeline
    assert hash(again) == hash(pipeline)
    assert plan_or_refusal(again) == plan_or_refusal(pipeline)
    SCHEMA.validate(yaml_file.read(path).data)
    before = path.read_text()
    ak.dump(again, path)
    assert path.read_text() == before


def plan_or_refusal(pipeline: ak.Pipeline) -> Any:
    """Return what is drawn, or the sentence where windows one after another leave nothing of the picture."""
    try:
        return pipeline.draw(KEY, ak.Scene((90, 90)))
    except SampleError as error:
        return str(error)


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_pipelines(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a bare name is found from anywhere
    pipeline = ak.load(name)
    SCHEMA.validate(yaml_file.read(bundled()[name]).data)
    ak.dump(pipeline, "again.yaml")
    assert ak.load("again.yaml") == ak.load(Path("again.yaml")) == pipeline


def test_all_bundled_pipelines_are_tested() -> None:
    assert set(bundled()) >= set(BUNDLED)
    jsonschema.Draft202012Validator.check_schema(schema())
    json.dumps(schema(), allow_nan=False)


WRITTEN = {
    "Mirror": ak.Mirror(),
    "Mirror: vertical": ak.Mirror("vertical"),
    "Rotate: 15": ak.Rotate(15),
    "Rotate: [-5, 5]": ak.Rotate((-5, 5)),
    "Rotate: {degrees: 5, name: x}": ak.Rotate(5, name="x"),
    "{Rotate: 5, chance: 0.5, name: x}": ak.Maybe(0.5, ak.Rotate(5, name="x")),
    "Rotate: {chance: 0.5}": ak.Maybe(0.5, ak.Rotate()),
    "Resize: 32": ak.Resize((32, 32)),
    "OneOf: [Mirror, {Rotate: 5, chance: 0.5}]": ak.OneOf((ak.Mirror(), ak.Maybe(0.5, ak.Rotate(5)))),
    "SomeOf: {count: [0, 1], steps: [Mirror]}": ak.SomeOf((0, 1), (ak.Mirror(),)),
    "Maybe: {chance: 1, step: Mirror}": ak.Maybe(1.0, ak.Mirror()),
    "albumentations.InvertImg": ak.Albumentations("InvertImg"),
    "albumentations.Blur: {blur_limit: [3, 5], chance: 0.5, name: x}": ak.Maybe(
        0.5, ak.Albumentations("Blur", {"blur_limit": [3, 5]}, name="x")
    ),
}


@pytest.mark.parametrize(("text", "step"), WRITTEN.items())
def test_ways_to_write_a_step(text: str, step: ak.Transform, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"steps:\n  - {text}\n")
    assert ak.load(tmp_path / "p.yaml") == ak.Pipeline([step])
    SCHEMA.validate(yaml_file.read(tmp_path / "p.yaml").data)


# The file, the line it must name, what it must say, and whether the schema can know.
WRONG = [
    ("steps:\n  - Mirror\n  - Rotat: {degrees: 5}", 3, r"no transform is called 'Rotat'\. Did you mean Rotate\?", True),
    ("steps:\n  - HorizontalFlip", 2, "Here that is Mirror", True),
    ("steps:\n  - RandomRotation: {degrees: 5}", 2, "Here that is Rotate", True),
    ("steps:\n  - ElasticTransform", 2, "Here that is ElasticWarp", True),
    ("steps:\n  - FancyPCA", 2, "Here that is PCAColorShift", True),
    ("steps:\n  - Rotate:\n      degreess: 5", 3, r"has no argument 'degreess'\. Did you mean degrees\?", True),
    ("steps:\n  - Rotate:\n      corners: keep\n      degrees: [5, -5]", 4, r"low <= high, got \[5, -5\]", False),
    ("steps:\n  - Rotate: {degrees: big}", 2, "must be a number or a pair", True),
    ("steps:\n  - Rotate: {corners: round}", 2, "'keep', 'expand', 'inscribed'", True),
    ("steps:\n  - Resize: {size: [0, 5]}", 2, "whole pixels, at least 1", True),
    ("steps:\n  - Resize", 2, "must be given", True),
    ("steps:\n  - Mirror: {chance: 1.5}", 2, "less than or equal to 1", True),
    ("steps:\n  - Scale: {factor: 1000}", 2, "must lie within 0.01 and 100", True),
    ("steps:\n  - OneOf:\n      - Mirror\n      - Rotat", 4, "Did you mean Rotate", True),
    ("steps:\n  - OneOf: []", 2, "at least one step", False),
    ("steps:\n  - Mirror:\n  - {Mirror: , Rotate: }", 3, "must name one transform", True),
    ("steps:\n  - [Mirror]", 2, "must be a transform's name", True),
    ("steps:\n  - Grayscale: 5", 2, "takes no arguments", True),
    ("steps:\n  - {Rotate: {name: a}}\n  - {Shear: {name: a}}", 1, "must each have another name, got 'a' twice", False),
    ("border: mirror\nsteps: []", 1, "must be 'reflect', 'constant', 'replicate' or 'wrap', got 'mirror'", True),
    ("steps: []\nboarder: wrap", 2, r"has no key 'boarder'\. Did you mean border\?", True),
    ("steps: []\nmin_visible: 2", 2, "must lie within 0 and 1", True),
    ("steps: []\nfill: red", 2, "must be a number", True),
    ("steps: Mirror", 1, "must be a list of steps", True),
    ("border: wrap", 1, "must be a list of steps", True),
    ("- Mirror", 1, "must be a mapping with the key steps", True),
    ("just words", 1, "must be a mapping", True),
    (
        "steps:\n  - albumentations.RandomRian",
        2,
        r"no transform is called 'RandomRian'\. Did you mean RandomRain\?",
        False,
    ),
    ("steps:\n  - albumentations.Blur: {p: 0.5}", 2, "Write chance beside it", True),
    ("steps:\n  - albumentations.Blur: 5", 2, "must have its arguments by name, got 5", True),
    ("steps:\n  - {Mirror: {chance: 0.5}, chance: 0.3}", 2, "must be given once, got chance twice", False),
    ("steps:\n  - {chance: 0.5}", 2, "must name one transform", True),
    ("steps:\n  - PCAColorShift: {std: -1}", 2, "greater than or equal to 0", True),
]


@pytest.mark.parametrize(("text", "line", "says", "known"), WRONG, ids=[row[0][:60] for row in WRONG])
def test_complaints_name_file_line_and_remedy(text: str, line: int, says: str, known: bool, tmp_path: Path) -> None:
    path = tmp_path / "flowers.yaml"
    path.write_text(text + "\n")
    with pytest.raises(AugkitError, match=says) as caught:
        ak.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}"), message
    assert "\n" not in message
    assert message.count("flowers.yaml") == 1
    assert SCHEMA.is_valid(yaml_file.read(path).data) is not known


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sx", "Did you mean six"),
        ("nope.yaml", "must be a file that exists"),
        ("six.yaml", r"must be a file that exists, got none\. Did you mean six, which is bundled\?"),
        ("flowers", r"Did you mean flowers\.yml\? Bundled are"),
        ("no/such/file.yaml", "must be a file that exists"),
    ],
)
def test_a_pipeline_that_is_not_there(name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flowers.yml").write_text("steps: []")
    with pytest.raises(AugkitError, match=says):
        ak.load(name)


def test_statistics_may_lie_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "pca.yaml").write_text(
        "eigenvalues: [0.2, 0.1, 0.05]\neigenvectors: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]\n"
    )
    (tmp_path / "p.yaml").write_text("steps:\n  - PCAColorShift: {statistics: pca.yaml}\n")
    SCHEMA.validate(yaml_file.read(tmp_path / "p.yaml").data)
    SCHEMA.validate({"steps": [{"ColorTransfer": {"reference": "style.yaml"}}, {"FourierStyle": "style.yml"}]})
    assert not SCHEMA.is_valid({"steps": [{"ColorTransfer": {"reference": "photos"}}]})
    (step,) = ak.load(tmp_path / "p.yaml").steps
    assert isinstance(step, ak.PCAColorShift)
    assert step.statistics == ak.ColorStatistics((0.2, 0.1, 0.05), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
