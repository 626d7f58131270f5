"""Laws of randomness: nothing that is added, removed or put elsewhere moves another step's draws."""

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import augkit as ak
from augkit.core.ops import Op
from augkit.errors import ArgumentError
from support.pictures import full_sample

SIZE = (60, 80)
STEPS = (ak.Rotate(), ak.Shear(), ak.Brightness(), ak.LocalWarp(), ak.PCAColorShift())


def by_label(steps: tuple[ak.Transform, ...], key: ak.Key, size: tuple[int, int] = SIZE) -> dict[str, tuple[Op, ...]]:
    """Return the operations that every step of a pipeline draws, by its label; steps that keep the size."""
    return ak.Pipeline(steps).ops(key, ak.Scene(size))


def assert_unmoved(steps: tuple[ak.Transform, ...], base: tuple[ak.Transform, ...] = STEPS) -> None:
    """Every step that both pipelines hold draws the same in both."""
    for n in range(20):
        before, after = by_label(base, ak.Key(n, "a")), by_label(steps, ak.Key(n, "a"))
        for label in before.keys() & after.keys():
            assert before[label] == after[label] or () in (before[label], after[label]), label
        assert len(before.keys() & after.keys()) >= len(base) - 1


@pytest.mark.parametrize("place", range(len(STEPS) + 1))
@pytest.mark.parametrize(
    "new", [ak.Gamma(), ak.Rotate(name="more"), ak.Maybe(0.5, ak.Hue()), ak.OneOf((ak.Rotate(), ak.Shear()))], ids=repr
)
def test_inserting_a_step_moves_no_other(new: ak.Transform, place: int) -> None:
    assert_unmoved((*STEPS[:place], new, *STEPS[place:]))


def test_removing_a_step_moves_no_other() -> None:
    for place in range(len(STEPS)):
        assert_unmoved((*STEPS[:place], *STEPS[place + 1 :]))


def test_another_order_moves_no_draw() -> None:
    for order in itertools.islice(itertools.permutations(STEPS), 0, None, 7):
        assert_unmoved(order)


def test_a_chance_moves_no_draw_not_even_its_own() -> None:
    for place, step in enumerate(STEPS):
        assert_unmoved((*STEPS[:place], ak.Maybe(0.5, step), *STEPS[place + 1 :]))
        always = (*STEPS[:place], ak.Maybe(1.0, step), *STEPS[place + 1 :])
        scene = ak.Scene(SIZE)
        assert ak.Pipeline(always).draw(ak.Key(1, "a"), scene) == ak.Pipeline(STEPS).draw(ak.Key(1, "a"), scene)


def test_a_pipeline_draws_what_its_steps_draw() -> None:
    one = ak.Pipeline([ak.Rotate()]).draw(ak.Key(0, "a"), ak.Scene(SIZE))
    both = ak.Pipeline([ak.ImagePCAColorShift(), ak.Rotate()]).draw(ak.Key(0, "a"), ak.Scene(SIZE))
    assert one.steps[0] == both.steps[1]


def test_a_second_step_of_a_class_is_number_two() -> None:
    assert ak.Pipeline([ak.Rotate(), ak.Shear(), ak.Rotate()]).labels == ("Rotate", "Shear", "Rotate#2")
    assert ak.Pipeline([ak.Rotate(), ak.Rotate(name="x"), ak.Rotate()]).labels == ("Rotate", "x", "Rotate#2")
    assert ak.Pipeline([ak.Rotate(), ak.Maybe(0.5, ak.Rotate())]).labels == ("Rotate", "Rotate#2")
    draws = by_label((ak.Rotate(), ak.Rotate()), ak.Key(0, "a"))
    assert draws["Rotate"] != draws["Rotate#2"]


def test_two_labels_never_meet() -> None:
    with pytest.raises(ValueError, match="another name"):
        ak.Pipeline([ak.Rotate(name="Rotate"), ak.Rotate()])
    labels = ak.Pipeline([ak.Mirror(name="Rotate#2"), ak.Rotate(), ak.Hue()]).labels
    assert len(set(labels)) == 3
    with pytest.raises(ValueError, match="another name"):
        ak.Pipeline([ak.Mirror(name="Rotate#2"), ak.Rotate(), ak.Rotate()])
    with pytest.raises(ValueError, match="another name"):
        ak.Pipeline([ak.Maybe(0.5, ak.Mirror(name="x")), ak.Maybe(0.5, ak.Hue(name="x"))])


def test_other_pictures_copies_and_epochs_draw_otherwise() -> None:
    pipeline, scene = ak.load("six"), ak.Scene(SIZE)
    keys = [ak.Key(s, i, c, e) for s in range(3) for i in ("a", "b") for c in range(3) for e in range(3)]
    assert len({pipeline.draw(key, scene) for key in keys}) == len(keys)


def test_the_order_of_making_pictures_moves_nothing() -> None:
    pipeline, sample = ak.load("strong"), full_sample(SIZE)
    keys = [ak.Key(0, name) for name in "abcdef"]
    forward = {key: pipeline(sample, key).image for key in keys}
    for key in reversed(keys[1:]):  # one source less, the other way round
        np.testing.assert_array_equal(pipeline(sample, key).image, forward[key])


def test_combinators_keep_what_they_hold_apart() -> None:
    inner = (ak.Rotate(), ak.Brightness(), ak.Shear())
    scene, key = ak.Scene(SIZE), ak.Key(4, "a")
    for first in (ak.Sequence(inner), ak.RandomOrder(inner), ak.SomeOf(3, inner)):
        more: dict[str, Any] = {"count": 3} if isinstance(first, ak.SomeOf) else {}
        second = type(first)(**more, steps=(*inner[:1], ak.Hue(), *inner[1:]))
        drawn = set(first.draw(key.stream("x"), scene))
        assert len(drawn) == 3
        if not isinstance(first, ak.SomeOf):
            assert drawn < set(second.draw(key.stream("x"), scene))
    nested = ak.OneOf((ak.Maybe(0.5, ak.Sequence((ak.Rotate(), ak.OneOf((ak.Rotate(), ak.Shear()))))),))
    found = {nested.draw(ak.Key(n, "a").stream("OneOf"), scene) for n in range(60)}
    assert () in found
    assert len(found) > 20
    assert all(ops == () or (len(ops) == 2 and ops[0] != ops[1]) for ops in found)


def test_a_chance_in_a_chance_has_its_own_coin() -> None:
    twice = ak.Maybe(0.5, ak.Maybe(0.5, ak.Mirror()))
    fired = sum(bool(twice.draw(ak.Key(n, "a").stream("m"), ak.Scene(SIZE))) for n in range(8000))
    assert stats.binomtest(fired, 8000, 0.25).pvalue > 1e-3


def counted(step: ak.Transform, count: int = 6000) -> Counter[tuple[str, ...]]:
    """Return how often which steps were chosen, told by the first function of their curves or matrices."""
    found: Counter[tuple[str, ...]] = Counter()
    for n in range(count):
        ops = step.draw(ak.Key(n, "c").stream("s"), ak.Scene(SIZE))
        found[tuple(op.functions[0][0] for op in ops)] += 1  # type: ignore[union-attr]
    return found


CURVES = (ak.Brightness(1.1), ak.Contrast(1.1), ak.Gamma(1.1))


def assert_proportional(found: Counter[tuple[str, ...]], wanted: dict[tuple[str, ...], float]) -> None:
    assert set(found) == {name for name, share in wanted.items() if share}
    total = sum(wanted.values())
    expected = [sum(found.values()) * share / total for share in wanted.values() if share]
    assert stats.chisquare([found[name] for name, share in wanted.items() if share], expected).pvalue > 1e-3


def test_one_of_keeps_its_weights() -> None:
    assert_proportional(counted(ak.OneOf(CURVES)), {("gain",): 1, ("contrast",): 1, ("gamma",): 1})
    assert_proportional(counted(ak.OneOf(CURVES, (1.0, 0.0, 2.5))), {("gain",): 1, ("contrast",): 0, ("gamma",): 2.5})


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ak.OneOf(CURVES, (1.0, 2.0)), r"OneOf\.weights: must be 3 weights with a positive sum"),
        (lambda: ak.OneOf(CURVES, (0.0, 0.0, 0.0)), r"OneOf\.weights: must be 3 weights with a positive sum"),
        (lambda: ak.SomeOf(4, CURVES), r"SomeOf\.count: must be within 0 and 3"),
        (lambda: ak.SomeOf((2, 1), CURVES), r"SomeOf\.count: must be within 0 and 3, low <= high"),
    ],
)
def test_impossible_choices_are_refused(make: Callable[[], ak.Transform], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        make()


def test_some_of_takes_every_subset_alike_and_in_order() -> None:
    names = ("gain", "contrast", "gamma")
    assert_proportional(counted(ak.SomeOf(2, CURVES)), dict.fromkeys(itertools.combinations(names, 2), 1))
    counts = Counter[tuple[str, ...]]()
    for chosen, times in counted(ak.SomeOf((0, 3), CURVES)).items():
        counts[str(len(chosen)),] += times
    assert_proportional(counts, {(str(n),): 1 for n in range(4)})


def test_random_order_takes_every_order_alike() -> None:
    orders = itertools.permutations(("gain", "contrast", "gamma"))
    assert_proportional(counted(ak.RandomOrder(CURVES)), dict.fromkeys(orders, 1))
