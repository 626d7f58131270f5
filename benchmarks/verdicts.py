"""Count how often a comparison of trainings tells what is not there, and how often it sees what is.

Ways to train are compared as `augkit train --compare` does it: the first with two others, over all and for ten classes,
which are 22 verdicts. One that tells a difference between ways that are alike is wrong, and so is the comparison.

- simulated: answers of networks that are lucky or not, to pictures that are hard or easy, a way being better at some
  pictures and worse at others, or not. Every comparison draws its pictures anew.
- networks: scikit-learn's perceptrons on its digits, with five of a class to learn from, ten, and ten with copies that
  augkit's pipeline `digits` made; they are trained once, and every comparison draws some of them, and of the pictures.

Beside it stands what `--compare` did before: Student's interval of the seeds' gains, for every row by itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t
from sklearn.neural_network import MLPClassifier

import augkit as ak
from augkit.train.comparison.outcomes import ALL, of_pictures
from augkit.train.comparison.verdicts import SAME, Repeated, differences
from augkit.train.wilson import wilson
from benchmarks.sets import digits

__all__ = ["measure", "table"]

Answers = NDArray[np.float64]  # (s, n), 1 where a network is right
Drawn = tuple[Sequence[Answers], NDArray[np.int64]]  # of each way, and the class of each picture
COMPARISONS, CLASSES = 200, 10
SEEDS, PICTURES = (3, 5, 10), (100, 300, 1000)
GAINS = (0.0, 0.3, 0.6)  # of the other ways, as a shift of what makes a picture hard: some 0, 5 and 9 points
NETWORKS = 40  # of each kind
Told = Callable[[Drawn], bool]


def measure() -> dict[str, Any]:
    """Compare again and again, and return the figures as JSON can hold them."""
    simulated = [
        {"seeds": seeds, "pictures": pictures, "uneven": uneven, **_counted(_simulated(seeds, pictures, uneven))}
        for seeds in SEEDS
        for pictures in PICTURES
        for uneven in (0.0, 1.0)
    ]
    answers, classes = _networks()
    networks = [
        {"seeds": seeds, "pictures": pictures, **_counted(_of_networks(answers, classes, seeds, pictures))}
        for seeds in SEEDS
        for pictures in PICTURES
    ]
    means = [float(some.mean()) for some in answers]
    question = (__doc__ or "").splitlines()[0]
    return {
        "question": question,
        "comparisons": COMPARISONS,
        "simulated": simulated,
        "networks": networks,
        "networks_mean": means,
    }


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"], f"{found['comparisons']} comparisons each; wrong verdicts of ways that are alike, in %"]
    for kind in ("simulated", "networks"):
        lines += [kind, "  seeds pictures uneven | wrong  before | gain, points: seen over all, before"]
        for row in found[kind]:
            wrong, before = (100 * row["alike"][name] for name in ("wrong", "before"))
            gains = "; ".join(
                f"{100 * one['gain']:+.1f}: {100 * one['seen']:.0f} %, {100 * one['before']:.0f} %"
                for one in row["gains"]
            )
            uneven = "yes" if row.get("uneven") else "no"
            lines.append(f"  {row['seeds']:5} {row['pictures']:8} {uneven:>6} | {wrong:5.1f}  {before:6.1f} | {gains}")
    return "\n".join(lines)


def _counted(draw: Callable[[np.random.Generator, float], Drawn]) -> dict[str, Any]:
    """Return how often verdicts are wrong where ways are alike, and how often a gain is seen, now and before."""
    generator = np.random.default_rng(0)
    alike = [draw(generator, 0.0) for _ in range(COMPARISONS)]
    wrong = sum(_tells(drawn, False) for drawn in alike)
    low, high = wilson(wrong, COMPARISONS)
    gains = []
    for gain in GAINS[1:]:
        some = [draw(generator, gain) for _ in range(COMPARISONS // 4)]
        gains.append(
            {
                "gain": fmean(float((ways[1] - ways[0]).mean()) for ways, _ in some),
                "seen": fmean(_tells(drawn, True) for drawn in some),
                "before": fmean(_told_before(drawn, True) for drawn in some),
            }
        )
    before = fmean(_told_before(drawn, False) for drawn in alike)
    return {
        "alike": {"wrong": wrong / COMPARISONS, "interval": [low, high], "before": before},
        "gains": gains,
    }


def _tells(drawn: Drawn, is_whole: bool) -> bool:
    """Say whether a comparison tells a difference: of the first other way over all, or of any row."""
    ways, classes = drawn
    ids = [str(place) for place in range(len(classes))]
    own = [(str(kind), classes == kind) for kind in range(CLASSES)]
    runs = [
        tuple(of_pictures(ids, {ALL: row, **{name: (flags, row[flags]) for name, flags in own}}) for row in answers)
        for answers in ways
    ]
    first, *others = (Repeated(str(place), some, 0.2) for place, some in enumerate(runs))
    rows = [row for some in differences(first, others).values() for row in some]
    rows = [row for row in rows if row.adjusted is not None and row.verdict != SAME]
    return any(row.name == ALL and row.gain > 0 for row in rows) if is_whole else bool(rows)


def _told_before(drawn: Drawn, is_whole: bool) -> bool:
    """Say the same of Student's interval over the seeds."""
    (first, *others), classes = drawn
    own = [classes == kind for kind in range(CLASSES)]
    some = [np.ones(len(classes), np.bool_), *(flags for flags in own if flags.any())]
    gains = np.array([[(other - first)[:, flags].mean(axis=1) for flags in some] for other in others])
    half = student_t.ppf(0.975, len(first) - 1) * gains.std(axis=-1, ddof=1) / np.sqrt(len(first))
    means = gains.mean(axis=-1)
    told = np.abs(means) > half
    return bool((told[:, 0] & (means[:, 0] > 0)).any()) if is_whole else bool(told.any())


def _simulated(seeds: int, pictures: int, uneven: float) -> Callable[[np.random.Generator, float], Drawn]:
    def draw(generator: np.random.Generator, gain: float) -> Drawn:
        hard = generator.normal(1.0, 1.5, pictures)
        ways = []
        for way in range(3):
            lucky, own = generator.normal(0.0, 0.15, (seeds, 1)), generator.normal(0.0, uneven, pictures)
            chance = generator.normal(0.0, 1.0, (seeds, pictures))
            ways.append((hard + own + lucky + chance + gain * (way > 0) > 0).astype(np.float64))
        return ways, np.arange(pictures) % CLASSES

    return draw


def _of_networks(
    answers: Sequence[Answers], classes: NDArray[np.int64], seeds: int, pictures: int
) -> Callable[[np.random.Generator, float], Drawn]:
    """Return what draws networks of one kind, or, where a gain is wanted, others that learnt from more."""

    def draw(generator: np.random.Generator, gain: float) -> Drawn:
        some = generator.permutation(len(classes))[:pictures]
        chosen = generator.permutation(NETWORKS)[: 3 * seeds].reshape(3, seeds)
        kinds = (answers[0], *[answers[GAINS.index(gain)]] * 2)
        ways = [kind[places][:, some] for kind, places in zip(kinds, chosen, strict=True)]
        return ways, classes[some]

    return draw


def _networks() -> tuple[list[Answers], NDArray[np.int64]]:
    """Return what networks answered rightly, a kind after the other, and the classes of the pictures."""
    whole = digits()
    images, labels = np.stack(whole.images), np.array([int(label) for label in whole.labels])
    order = np.random.default_rng(0).permutation(len(labels))
    learnt = np.concatenate([order[labels[order] == kind][:10] for kind in range(CLASSES)])
    tested = np.setdiff1d(np.arange(len(labels)), learnt)
    pipeline = ak.load("digits")
    copies = [
        pipeline(ak.Sample(images[place]), ak.Key(0, str(place), copy)).image for place in learnt for copy in range(10)
    ]
    half = np.concatenate([learnt[labels[learnt] == kind][:5] for kind in range(CLASSES)])
    more = np.concatenate([images[learnt], np.stack(copies)])
    found = []
    for pictures, names in (
        (images[half], labels[half]),
        (images[learnt], labels[learnt]),
        (more, np.concatenate([labels[learnt], labels[learnt].repeat(10)])),
    ):
        rows = [_right(pictures, names, images[tested], labels[tested], seed) for seed in range(NETWORKS)]
        found.append(np.array(rows, np.float64))
    return found, labels[tested]


def _right(
    pictures: NDArray[Any], names: NDArray[Any], tested: NDArray[Any], truths: NDArray[Any], seed: int
) -> NDArray[Any]:
    network = MLPClassifier((32,), max_iter=60, learning_rate_init=0.01, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which says that it could learn on
        network.fit(pictures.reshape(len(pictures), -1) / 255.0, names)
    found: NDArray[Any] = network.predict(tested.reshape(len(tested), -1) / 255.0) == truths
    return found
