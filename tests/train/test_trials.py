"""Laws of trials: probes are at their optimum, views are the trainer's and kept, and evidence is not found in noise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from augkit.choose.held_out import Judge
from augkit.loader import Draw
from augkit.pipeline import load
from augkit.train.batches.stream import Prepared
from augkit.train.loop.running_mean import follow
from augkit.train.models import architecture
from augkit.train.trials.evidence import LEVEL, crossed_gain, gain, holm
from augkit.train.trials.network_learner import NetworkLearner
from augkit.train.trials.probe import ProbeLearner, directions
from augkit.train.trials.views import Views
from support.trainings import INPUT, fill, prepared, settings, weights_file

RANDOM = np.random.default_rng(0)


def test_a_probe_is_scikit_learns_logistic_regression() -> None:
    classes = np.arange(90) % 3
    rows = RANDOM.normal(size=(90, 5)) + np.eye(3, 5)[classes]
    strength = 0.02
    mine = ProbeLearner(4, strength).learnt([rows], classes, 0)
    theirs = LogisticRegression(C=1.0 / (strength * len(rows)), tol=1e-8, max_iter=1000).fit(rows, classes)
    said = np.exp(mine.log_chances(rows))
    assert np.allclose(said[:, :3], theirs.predict_proba(rows), atol=2e-3)
    assert said[:, 3].max() < 1e-6  # of which there is none


def test_directions_keep_what_varies() -> None:
    rows = RANDOM.normal(size=(40, 6)) * [9, 5, 3, 0.01, 0.01, 0.01] + 7
    found = directions(rows)
    small = found.of(rows)
    assert small.shape == (40, 3)
    assert np.allclose(small.mean(axis=0), 0.0, atol=1e-5)
    assert np.isclose((small**2).mean(), 1.0, atol=1e-5)
    apart, before = np.linalg.norm(small[0] - small[1]), np.linalg.norm(rows[0] - rows[1])
    assert np.isclose(
        apart / before, np.linalg.norm(small[2] - small[3]) / np.linalg.norm(rows[2] - rows[3]), rtol=1e-2
    )


def test_views_are_the_trainers_and_are_made_once(tmp_path: Path) -> None:
    data = fill(tmp_path / "data", each=8)
    setup = prepared(settings(data, tmp_path / "run", weights=weights_file(tmp_path / "w.pt", "lenet")))
    part, told = setup.surveyed.parts.train, list[int]()
    hashes = [setup.surveyed.facts["train"][source.id].sha256 for source in part.sources]
    network = setup.network.eval()
    folder = tmp_path / "kept"

    def views(seed: int = 0) -> Views:
        return Views(
            part,
            hashes,
            setup.architecture,
            setup.task,
            network,
            1,
            seed,
            folder,
            0.0,
            lambda done, *_: told.append(done),
        )

    digits = load("digits")
    first = views().view(digits, 1)
    made = Prepared(part, setup.architecture.preprocessing, setup.task, digits, 0)
    pictures = setup.architecture.preprocessing.normalise(made.joined([made.one(Draw(0, 3, 1))])[0])
    assert np.allclose(network.features(pictures).detach().numpy()[0], first[3], atol=1e-5)
    count = len(told)
    assert (views().view(digits, 1) == first).all()
    assert len(told) == count
    (file,) = folder.glob("*.npy")
    file.write_bytes(file.read_bytes()[:-70] + bytes(70))  # damage
    assert (views().view(digits, 1) == first).all()
    assert len(told) > count
    assert not (views(seed=1).view(digits, 1) == first).all()
    assert len(list(folder.glob("*.npy"))) == 2
    assert (views().view(None, 0) != first).any()


def test_a_small_network_learns_alike_from_alike() -> None:
    learner = NetworkLearner(architecture("lenet", 2, INPUT), steps=30)
    classes = np.arange(24) % 2
    pictures = RANDOM.integers(0, 100, (24, 3, 32, 32)).astype(np.uint8)
    pictures[classes == 1, 0] += 120
    first, again = (learner.learnt([pictures], classes, 3).log_chances(pictures) for _ in range(2))
    assert (first == again).all()
    assert (first.argmax(axis=1) == classes).mean() > 0.9
    assert np.allclose(np.exp(first).sum(axis=1), 1.0)


def test_a_running_mean_follows_quickly_at_first_and_then_by_its_decay() -> None:
    means = {"weight": torch.zeros(1), "count": torch.zeros(1, dtype=torch.long)}
    for step, weight in enumerate([4.0, 2.0, 8.0]):
        follow(means, {"weight": torch.tensor([weight]), "count": torch.tensor([step])}, 0.2, step)
    # What is left of a mean in one step is (1 + step) / (10 + step), and 0.2 at most: 1 / 10, 2 / 11, 0.2.
    assert means["weight"].item() == pytest.approx((0.9 * 4.0 * 2 / 11 + 2.0 * 9 / 11) * 0.2 + 8.0 * 0.8)
    assert means["count"].item() == 2


def test_a_small_network_gives_the_running_mean_that_a_training_keeps() -> None:
    """After one step the mean lies between the first weights and those that came of it, by what is left of it."""
    classes, made = np.arange(8) % 2, architecture("lenet", 2, INPUT)
    pictures = RANDOM.integers(0, 100, (8, 3, 32, 32)).astype(np.uint8)
    first = dict(made.build(5).named_parameters())
    ends, means = (
        dict(NetworkLearner(made, 1, batch=8, ema=ema).learnt([pictures], classes, 5).network.named_parameters())
        for ema in (0.0, 0.05)
    )
    for name, value in first.items():
        assert not torch.equal(ends[name], value)
        assert torch.allclose(means[name], 0.05 * value + 0.95 * ends[name], atol=1e-6)


def test_what_is_judged_side_by_side_is_the_same() -> None:
    layers = [
        {"conv": {"filters": 4, "kernel": 5, "stride": 4}},
        "relu",
        "flatten",
        {"dropout": 0.5},
        {"dense": "classes"},
    ]
    made = replace(architecture("lenet", 2, INPUT), arguments={"layers": layers})
    classes, folds = np.arange(24) % 2, np.array([np.arange(24) // 2 % 3, np.arange(24) // 2 % 3])
    pictures = RANDOM.integers(0, 255, (24, 3, 32, 32)).astype(np.uint8)
    learner = NetworkLearner(made, steps=4, batch=8, smoothing=0.1)
    one, two = (
        Judge(lambda pipeline, copy: pictures, learner, classes, folds, 1, 0, threads=threads).outcome(None, 2)
        for threads in (1, 3)
    )
    for name in ("loss", "right", "moved_right", "learnt_loss"):
        assert (getattr(one, name) == getattr(two, name)).all()


def test_a_probe_learns_from_all_views() -> None:
    classes = np.array([0, 1])
    plain, other = np.array([[0.0], [1.0]]), np.array([[0.0], [-9.0]])
    one, both = (ProbeLearner(2, 0.01).learnt(views, classes, 0) for views in ([plain], [plain, other]))
    assert one.log_chances(plain)[1].argmax() == 1
    assert both.log_chances(plain)[1].argmax() == 0


@pytest.mark.parametrize("noise_of_networks", [0.0, 0.2])
def test_noise_is_seldom_evidence(noise_of_networks: float) -> None:
    """Comparisons of a thing with itself: what is drawn by network and by picture moves the mean, and nothing else."""
    random, found = np.random.default_rng(1), {"crossed": 0, "folds": 0}
    for _ in range(400):
        of_network = noise_of_networks * random.normal(size=(5, 1))
        found["crossed"] += crossed_gain(random.normal(size=(5, 1)) * 0 + of_network + random.normal(size=60)).p < LEVEL
        folds = np.stack([random.permutation(60) % 4 for _ in range(3)])
        of_fold = noise_of_networks * random.normal(size=(3, 4))
        noise = np.take_along_axis(of_fold, folds, axis=1) + random.normal(size=60)
        found["folds"] += gain(noise, folds).p < LEVEL
    assert all(count <= 400 * 0.08 for count in found.values()), found


def test_what_is_there_is_found_and_what_has_no_spread_is_not() -> None:
    folds = np.stack([RANDOM.permutation(100) % 4 for _ in range(3)])
    real = gain(0.5 + RANDOM.normal(size=100) * np.ones((3, 1)), folds)
    assert real.p < 0.01
    assert 0.0 < real.low < 0.5 < real.high < 1.0
    for one in (gain(np.full((3, 100), 0.5), folds), crossed_gain(np.full((3, 100), 0.5))):
        assert one.mean == 0.5
        assert one.p == 1.0
        assert np.isnan(one.low)
    assert gain(np.zeros((3, 100)), folds).p == 1.0
    assert crossed_gain(RANDOM.normal(size=(1, 100)) + 9).p == 1.0  # one network says nothing of others


def test_holm_is_in_order_and_never_below_what_it_corrects() -> None:
    chances = list(RANDOM.random(20) ** 3)
    found = holm(chances)
    assert all(one >= raw for one, raw in zip(found, chances, strict=True))
    assert max(found) <= 1.0
    assert [found[at] for at in np.argsort(chances)] == sorted(found)
    assert holm([0.04]) == [0.04]
    assert holm([]) == []
