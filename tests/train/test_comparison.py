"""Verdicts of comparisons: what they rest on, how seldom they are wrong, and how often they see what is there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import sem, t as student_t

from augkit.errors import ArgumentError, FileError
from augkit.train import TrainConfig
from augkit.train.comparison.arms import arms_of
from augkit.train.comparison.holm import adjusted
from augkit.train.comparison.outcomes import ALL, Outcomes, jackknifed, of_pictures, read, write
from augkit.train.comparison.paired import apart, crossed, mcnemar, over_pictures, over_splits
from augkit.train.comparison.turned import turned
from augkit.train.comparison.verdicts import SAME, Difference, Repeated, differences
from support.artefacts import CLASSES, LABELS, NUMBERS, spoken

Rows = NDArray[Any]
NAMES = ("a", "b", "c", "d")


def run_of(right: Rows) -> Outcomes:
    """Return what came of a run whose pictures, of four classes in turn, were answered rightly or not."""
    ids, classes = [f"{place}.png" for place in range(len(right))], np.arange(len(right)) % len(NAMES)
    each = {name: (classes == place, right[classes == place]) for place, name in enumerate(NAMES)}
    return of_pictures(ids, {ALL: right, **each})


def arm(name: str, rows: Rows) -> Repeated:
    return Repeated(name, tuple(run_of(row) for row in rows), 0.2)


def told(before: Rows, *after: Rows) -> dict[str, list[Difference]]:
    return differences(arm("none", before), [arm(f"way {place}", rows) for place, rows in enumerate(after)])


def answered(generator: np.random.Generator, seeds: int, pictures: int, better: float = 0.0) -> Rows:
    """Return what networks answered rightly (s, n): pictures are hard or easy, seeds good or bad, the rest chance."""
    hard = np.random.default_rng(7).normal(1.0, 1.5, pictures)
    lucky = generator.normal(0.0, 0.15, (seeds, 1))
    return (hard + lucky + generator.normal(better, 1.0, (seeds, pictures)) > 0).astype(np.float64)


def verdicts(rows: dict[str, list[Difference]]) -> set[str]:
    return {row.verdict for some in rows.values() for row in some if row.adjusted is not None} - {SAME}


@pytest.mark.parametrize(("seeds", "pictures"), [(3, 80), (5, 160)])
def test_of_200_comparisons_of_the_same_with_the_same_one_in_twenty_is_wrong_at_most(seeds: int, pictures: int) -> None:
    """Two ways are compared with a third, all alike: ten rows in each comparison, of which not one may be told."""
    generator = np.random.default_rng(3)
    wrong = sum(bool(verdicts(told(*(answered(generator, seeds, pictures) for _ in range(3))))) for _ in range(200))
    assert wrong <= 10


@pytest.mark.parametrize("shared", [0.0, 0.9])
@pytest.mark.parametrize("uneven", [0.0, 1.0])
def test_runs_taken_apart_are_as_seldom_wrong_and_see_more_of_three_seeds(shared: float, uneven: float) -> None:
    """Whether a seed does the same to both ways or not, and whether each way finds other pictures hard."""
    generator, hard = np.random.default_rng(5), np.random.default_rng(7).normal(1.0, 1.5, 200)

    def drawn(gain: float) -> tuple[Rows, Rows]:
        seeds = math.sqrt(shared) * generator.normal(0.0, 0.15, (3, 1))
        own = [generator.normal(0.0, uneven, 200) for _ in range(2)]
        luck = [math.sqrt(1 - shared) * generator.normal(0.0, 0.15, (3, 1)) for _ in range(2)]
        chance = [generator.normal(better, 1.0, (3, 200)) for better in (0.0, gain)]
        before, after = (
            hard + seeds + one + two + three > 0 for one, two, three in zip(own, luck, chance, strict=True)
        )
        return before.astype(np.float64), after.astype(np.float64)

    assert sum(apart(*drawn(0.0)).chance <= 0.05 for _ in range(400)) <= 30  # of which 20 are expected at most
    pairs = [drawn(0.5) for _ in range(100)]
    seen = sum(apart(*pair).chance <= 0.0125 for pair in pairs)
    paired = sum(crossed(after - before).chance <= 0.0125 for before, after in pairs)
    assert seen >= paired or uneven


def test_a_real_gain_is_found_and_a_harmed_class_is_named() -> None:
    generator = np.random.default_rng(0)
    before, after = answered(generator, 5, 400), answered(generator, 5, 400, better=0.9)
    (rows,) = told(before, after).values()
    assert (rows[0].name, rows[0].verdict) == (ALL, "helped")
    assert rows[0].low is not None
    assert rows[0].low > 0
    after[:, 2::4] = 0
    rows = told(before, after)["way 0"]
    assert {row.name: row.verdict for row in rows}["c"] == "hurt"
    assert all(row.adjusted is not None and row.chance is not None and row.adjusted >= row.chance for row in rows)


def test_neither_few_seeds_nor_few_pictures_get_a_verdict() -> None:
    """However clear it looks: all wrong before, all right after."""
    for seeds, pictures, reason in ((1, 80, "1 seed"), (2, 80, "2 seeds"), (5, 8, "8 pictures")):
        generator = np.random.default_rng(1)
        after = np.ones((seeds, pictures))
        after[np.arange(seeds), generator.permutation(pictures)[:seeds]] = 0
        whole, *classes = told(np.zeros((seeds, pictures)), after)["way 0"]
        assert whole.verdict.startswith(f"no verdict: {reason}")
        assert all(row.verdict.startswith("no verdict") and row.adjusted is None for row in classes)
    ten = told(np.zeros((5, 40)), np.ones((5, 40)) - np.eye(5, 40))["way 0"]
    assert all(row.adjusted is not None for row in ten)


def test_no_variance_is_no_proof() -> None:
    """Five seeds that did the same are one; and where each gained as much as the others, pictures are still drawn."""
    generator = np.random.default_rng(2)
    one, other = answered(generator, 1, 100), answered(generator, 1, 100, better=0.4)
    same = told(np.repeat(one, 5, axis=0), np.repeat(other, 5, axis=0))["way 0"]
    assert all(row.verdict.startswith("no verdict: the seeds changed nothing") for row in same)
    before, after = np.zeros((3, 40)), np.zeros((3, 40))
    for seed in range(3):
        after[seed, seed] = 1
    whole = told(before, after)["way 0"][0]
    assert whole.gain == pytest.approx(1 / 40)
    assert whole.verdict == SAME
    nothing = told(before, before)["way 0"]
    assert all(row.gain == 0 and row.verdict.startswith("no verdict") for row in nothing)


def test_one_seed_is_told_by_mcnemars_test() -> None:
    """By hand: 12 pictures differ, 10 one way; twice the sum of the tail of a fair coin."""
    before, after = np.ones((1, 40)), np.ones((1, 40))
    before[0, :10], after[0, 10:12] = 0, 0
    whole = told(before, after)["way 0"][0]
    wanted = 2 * sum(math.comb(12, wins) for wins in (10, 11, 12)) / 2**12
    assert whole.chance == pytest.approx(wanted) == mcnemar((after - before)[0])
    assert f"of these two networks alone p = {wanted:.2g}" in whole.verdict
    assert mcnemar(np.zeros(5)) == 1.0


def test_the_order_of_pictures_and_seeds_means_nothing_and_swapping_the_ways_turns_the_sign() -> None:
    generator = np.random.default_rng(4)
    gains = answered(generator, 4, 60, 0.5) - answered(generator, 4, 60)
    found = crossed(gains)
    mixed = crossed(gains[generator.permutation(4)][:, generator.permutation(60)])
    assert (mixed.mean, mixed.error, mixed.freedom) == pytest.approx((found.mean, found.error, found.freedom))
    turned = crossed(-gains)
    assert (turned.mean, turned.chance) == pytest.approx((-found.mean, found.chance))


def test_where_seeds_differ_and_pictures_do_not_it_is_students_interval_of_the_seeds() -> None:
    by_seed = np.array([0.5, 0.6, 0.9])
    found = crossed(np.repeat(by_seed[:, None], 30, axis=1))
    assert found.error == pytest.approx(float(sem(by_seed)))
    assert found.freedom == pytest.approx(2.0)
    half = student_t.ppf(0.975, 2) * sem(by_seed)
    assert found.interval == pytest.approx((by_seed.mean() - half, by_seed.mean() + half))


def test_where_pictures_differ_and_seeds_do_not_it_is_students_interval_of_the_pictures() -> None:
    by_picture = np.random.default_rng(5).normal(0.1, 1.0, 50)
    found = crossed(np.repeat(by_picture[None], 3, axis=0))
    assert found.error == pytest.approx(float(sem(by_picture)))
    assert found.freedom == pytest.approx(49.0)
    assert over_pictures(by_picture).error == pytest.approx(float(sem(by_picture)))


def test_seeds_that_agree_by_chance_count_no_less_than_the_rest() -> None:
    """Three seeds with one and the same mean, each on other pictures: their mean square is 0, but not expected so."""
    gains = np.zeros((3, 30))
    for seed in range(3):
        gains[seed, 10 * seed : 10 * seed + 10] = 0.5
    assert gains.mean(axis=1).std() == 0
    rest = gains - gains.mean(axis=0) - gains.mean(axis=1)[:, None] + gains.mean()
    assert crossed(gains).error ** 2 == pytest.approx((rest**2).sum() / (2 * 29) / 90)


def test_splits_are_judged_by_their_spread_and_by_what_they_share() -> None:
    """Nadeau and Bengio's variance, by hand: of five folds, a quarter as much is tested as learnt."""
    gains = [np.full(20, value) for value in (0.1, 0.3, 0.2, 0.4, 0.0)]
    found = over_splits(gains, 0.25)
    assert found.error == pytest.approx(math.sqrt(0.025 * (1 / 5 + 1 / 4)))
    assert found.freedom == 4
    runs = [run_of(row) for row in answered(np.random.default_rng(6), 4, 80)]
    own = [Outcomes(tuple(f"{fold}/{unit}" for unit in run.units), run.figures) for fold, run in enumerate(runs)]
    rows = differences(Repeated("none", tuple(own), 1 / 3), [Repeated("same", tuple(own), 1 / 3)])["same"]
    assert rows[0].pictures == 320
    assert rows[0].verdict == SAME
    two = differences(Repeated("none", tuple(own[:2]), 1.0), [Repeated("same", tuple(own[:2]), 1.0)])["same"]
    assert all(row.verdict.startswith("no verdict: 2") for row in two)


def test_runs_are_compared_by_the_pictures_that_they_share() -> None:
    row = answered(np.random.default_rng(8), 1, 40)[0]
    fewer = run_of(row[:24])
    (rows,) = differences(Repeated("v1", (run_of(row),) * 3, 0.2), [Repeated("v2", (fewer,) * 3, 0.2)]).values()
    assert rows[0].pictures == 24
    assert rows[0].gain == 0.0


def test_errors_are_better_when_small_and_words_fit_what_is_compared() -> None:
    generator = np.random.default_rng(9)
    ids = [str(place) for place in range(50)]
    large, small = (
        [of_pictures(ids, {ALL: generator.normal(mean, 0.1, 50) ** 2}) for _ in range(4)] for mean in (3, 1)
    )
    first, other = Repeated("a", tuple(large), 0.2), Repeated("b", tuple(small), 0.2)
    words = ("better", "worse")
    assert differences(first, [other], True, words)["b"][0].verdict == "better"
    assert differences(first, [other], False, words)["b"][0].verdict == "worse"


def test_pictures_that_turned_are_named() -> None:
    """Those that most seeds lose first; what one seed of four loses is not among them."""
    before, after = np.ones((4, 6)), np.ones((4, 6))
    after[:, 1], after[:3, 2], after[:1, 3], before[:2, 4] = 0, 0, 0, 0
    found = turned(arm("none", before), arm("six", after))
    assert (list(found.lost), list(found.won)) == (["1.png", "2.png"], ["4.png"])
    back = turned(arm("six", after), arm("none", before))
    assert (list(back.lost), list(back.won)) == (["4.png"], ["1.png", "2.png"])
    errors = Repeated("a", (of_pictures(["1", "2"], {ALL: np.array([3.0, 0.5])}),), 0.2)
    assert not turned(errors, errors).lost


def test_holms_by_hand() -> None:
    """Of 0.01, 0.02 and 0.04 in turn three times, twice and once as much, and never less than those before."""
    assert adjusted([0.04, 0.01, 0.02], [1, 1, 1]) == pytest.approx([0.04, 0.03, 0.04])
    assert adjusted([0.02, 0.02, 0.02], [1, 0.5, 0.5]) == pytest.approx([0.04, 0.04, 0.04])
    assert adjusted([0.9, 0.8], [1, 1]) == [1.0, 1.0]
    assert adjusted([], []) == []


@pytest.mark.parametrize("task", [CLASSES, LABELS, NUMBERS])
def test_what_pictures_say_has_the_figure_as_its_mean_and_is_read_as_it_was_written(task: Any, tmp_path: Path) -> None:
    evaluation = spoken(task, 45, noise=2.0)
    found = task.outcomes(evaluation)
    assert found.figures[ALL].value == pytest.approx(task.headline(evaluation).value)
    assert set(found.figures) == {ALL, *task.names}
    for figure in found.figures.values():
        assert figure.values.mean() == pytest.approx(figure.value)
    write(tmp_path, found)
    again = read(tmp_path)
    assert (again.units, again.is_grouped) == (found.units, found.is_grouped)
    for name, figure in found.figures.items():
        assert again.figures[name].value == figure.value
        assert (again.figures[name].at == figure.at).all()
        assert (again.figures[name].values == figure.values).all()
    (tmp_path / "outcomes.json").write_text("{")
    with pytest.raises(FileError, match="outcomes of a finished run"):
        read(tmp_path)


def test_a_jackknife_of_a_mean_is_the_mean_of_every_group() -> None:
    values = np.arange(40.0)
    ids = [str(place) for place in range(40)]
    found = jackknifed(ids, (ALL,), lambda places: [float(values[places].mean())], (40,))
    groups = [[int(id) for id in unit.split()] for unit in found.units]
    assert sorted(place for group in groups for place in group) == list(range(40))
    assert found.figures[ALL].values == pytest.approx([np.mean(group) for group in groups])


@pytest.mark.parametrize(
    ("ways", "option", "names", "values"),
    [
        ("none,six", "pipeline", ["none", "six"], ["none", "six"]),
        ("pipes/own.yaml,six", "pipeline", ["own", "six"], ["pipes/own.yaml", "six"]),
        ("model=lenet,resnet18", "model", ["lenet", "resnet18"], ["lenet", "resnet18"]),
        ("rate=0.001,1e-2", "rate", ["0.001", "1e-2"], [0.001, 0.01]),
        ("weight-decay=0.1,0.01", "weight_decay", ["0.1", "0.01"], [0.1, 0.01]),
        ("robust=true,false", "robust", ["true", "false"], [True, False]),
        ("data=d,/elsewhere/e", "data", ["d", "e"], ["d", "/elsewhere/e"]),
    ],
)
def test_what_can_be_compared(ways: str, option: str, names: list[str], values: list[object]) -> None:
    found, arms = arms_of(TrainConfig(data="d", out="run"), ways.split(","))
    assert found == option
    assert [arm.name for arm in arms] == names
    assert [getattr(arm.config, option) for arm in arms] == values


@pytest.mark.parametrize(
    ("ways", "sentence"),
    [
        ("modle=a,b", "Did you mean model"), ("rate=fast,slow", "rate: must be a number"),
        ("model=a/net.yaml,b/net.yaml", "each once"), ("..,six", "a folder can be called after"),
        ("seed=1,2", "must be an option to compare"), ("data=e,f", "must name DATA among the data sets"),
        ("optimizer=adam,sgd", "Did you mean adamw"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_told(ways: str, sentence: str) -> None:
    with pytest.raises(ArgumentError, match=sentence):
        arms_of(TrainConfig(data="d", out="run"), ways.split(","))
