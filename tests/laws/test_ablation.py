"""Laws of ablation: one step is removed, and every other one draws what it drew, bit by bit."""

from itertools import pairwise

import numpy as np
import pytest

from augkit.core.key import Key
from augkit.errors import ArgumentError
from augkit.pipeline import Pipeline, load
from augkit.pipeline.ablation import without
from augkit.pipeline.pipeline_file import bundled
from augkit.targets.sample import Sample
from augkit.targets.scene import Scene
from augkit.transforms import Transform
from augkit.transforms.combinators import Maybe, OneOf
from augkit.transforms.geometry import Mirror, Rotate, Shear
from augkit.transforms.transform import TRANSFORMS, example

SCENE = Scene.of(Sample(np.zeros((40, 60, 3), np.uint8)))
KEYS = [Key(seed, "a/b.png", copy) for seed in range(3) for copy in range(4)]
SAME_SIZE = ("Albumentations",)  # draws by the content, and is tried in its own tests


def _same(steps: list[Transform], removed: int) -> None:
    whole = Pipeline(steps)
    part = without(whole, whole.labels[removed])
    rest = [label for place, label in enumerate(whole.labels) if place != removed]
    assert list(part.labels) == rest
    for key in KEYS:
        before, after = whole.ops(key, SCENE), part.ops(key, SCENE)
        assert {label: before[label] for label in rest} == after


@pytest.mark.parametrize("name", sorted(set(TRANSFORMS) - set(SAME_SIZE)))
def test_no_other_step_draws_anything_else(name: str) -> None:
    step = example(TRANSFORMS[name])
    sizes = {Pipeline([step]).draw(key, SCENE).size for key in KEYS}
    around: list[Transform] = [Rotate(), Maybe(0.5, Mirror())]
    after: list[Transform] = [Shear(), Rotate((20, 30)), OneOf((Mirror(), Shear((1, 2))))]
    if sizes == {SCENE.size}:
        _same([*around, step, *after], 2)
        _same([step, *around, step, *after, Maybe(0.3, step)], 0)
    _same([*after, *around, step], 5)  # whatever its size, those before it stay


def test_the_second_of_two_keeps_its_stream_and_the_first_a_coin() -> None:
    steps: list[Transform] = [Rotate(), Maybe(0.5, Rotate()), Rotate(name="third"), Maybe(0.5, Rotate())]
    for removed in range(4):
        _same(steps, removed)
    twice = without(without(Pipeline(steps), "Rotate"), "third")
    assert twice.labels == ("Rotate#2", "Rotate#3")


@pytest.mark.parametrize("name", sorted(bundled()))
def test_removal_does_what_a_step_of_chance_0_does(name: str) -> None:
    whole = load(name)
    for place, label in enumerate(whole.labels):
        never = Pipeline(
            [Maybe(0.0, step) if other == place else step for other, step in enumerate(whole.steps)],
            **whole.policy.given(),
        )
        part = without(whole, label)
        assert part.policy == whole.policy
        for key in KEYS:
            assert part.draw(key, SCENE) == never.draw(key, SCENE)


def test_pairs_of_all_removals_meet() -> None:
    whole = load("six")
    for one, other in pairwise(whole.labels):
        assert without(without(whole, one), other) == without(without(whole, other), one)


def test_an_unknown_step_is_told() -> None:
    with pytest.raises(ArgumentError, match="Did you mean Rotate"):
        without(load("six"), "Rotat")
