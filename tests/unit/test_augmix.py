"""Laws of AugMix: its weights are the paper's distributions, its chains the paper's operations, its labels stay."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy import stats

import augkit as ak
from augkit.core.ops import Blend
from support.pictures import assert_same_sample, full_sample
from support.policy_draws import CHANCE, SIZE, assert_frequencies, draws, reading


def blends(step: ak.Transform, count: int) -> list[Blend]:
    """Return what AugMix draws for many pictures."""
    return [op for ops in draws(step, count) for op in ops if isinstance(op, Blend)]


@pytest.mark.parametrize(("width", "alpha"), [(3, 1.0), (2, 0.3), (5, 4.0), (1, 1.0)])
def test_augmix_weighs_as_dirichlet_and_beta_do(width: int, alpha: float) -> None:
    weights = np.array([blend.weights for blend in blends(ak.AugMix(width=width, alpha=alpha), 1500)])
    assert weights.shape == (1500, width + 1)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-11)
    assert stats.kstest(weights[:, 0], stats.beta(alpha, alpha).cdf).pvalue > CHANCE
    if width > 1:
        mixed = weights[:, 0] < 1 - 1e-6
        shares = weights[mixed, 1:] / weights[mixed, 1:].sum(axis=1, keepdims=True)
        for chain in shares.T:  # a part of a Dirichlet is a Beta
            assert stats.kstest(chain, stats.beta(alpha, alpha * (width - 1)).cdf).pvalue > CHANCE


def test_augmix_draws_its_chains_as_the_paper_does() -> None:
    found: dict[str, set[float]] = defaultdict(set)
    lengths, names = Counter[int](), Counter[str]()
    for blend in blends(ak.AugMix(severity=10.0), 3000):
        assert blend.branches[0] == ()
        for chain in blend.branches[1:]:
            lengths[len(chain)] += 1
            for op in chain:
                name, number = reading(op)
                found[name].add(number)
                names[name] += 1
    assert_frequencies(lengths, dict.fromkeys((1, 2, 3), 1 / 3))
    ends = {"Rotate": 30.0, "ShearX": 0.3, "ShearY": 0.3, "TranslateX": 1 / 3, "TranslateY": 1 / 3}
    assert found.keys() == ends.keys() | {"AutoContrast", "Equalize", "Posterize", "Solarize"}
    for name, end in ends.items():
        shares = np.abs([*found[name]]) / end
        assert stats.kstest(shares, stats.uniform(0.01, 0.99).cdf).pvalue > CHANCE
    assert found["Posterize"] == {1, 2, 3, 4}
    assert stats.kstest(1 - np.array([*found["Solarize"]]) / 256, stats.uniform(0.01, 0.99).cdf).pvalue > CHANCE
    assert stats.chisquare([*names.values()]).pvalue > CHANCE


def test_augmix_posterizes_as_the_published_code() -> None:
    """It leaves 4 bits less the whole number below 0.4 times the magnitude, uniform from 0.1 to the severity."""
    found = Counter(
        number
        for blend in blends(ak.AugMix(severity=3.0), 6000)
        for chain in blend.branches[1:]
        for name, number in map(reading, chain)
        if name == "Posterize"
    )
    assert_frequencies(found, {4.0: 2.4 / 2.9, 3.0: 0.5 / 2.9})


@pytest.mark.parametrize("severity", [0.0, 1.0, 3.0])
def test_severity_is_the_largest_magnitude(severity: float) -> None:
    step = ak.AugMix(severity, width=1, depth=1)
    turns = [
        abs(number)
        for blend in blends(step, 2000)
        for name, number in map(reading, blend.branches[1])
        if name == "Rotate"
    ]
    if severity:
        assert 0.3 <= min(turns) < 0.5
        assert 0.95 * 3 * severity < max(turns) <= 3 * severity
    else:
        assert not turns  # a turn by nothing reads as none


def test_augmix_of_no_severity_is_nearly_the_identity() -> None:
    """Spread out and made even already, the picture is left alone by what has no magnitude too."""
    levels = np.arange(64 * 64) % 256
    even = np.stack([np.random.default_rng(n).permutation(levels) for n in range(3)], -1)
    sample = ak.Sample(even.reshape(64, 64, 3).astype(np.uint8))
    for n in range(60):
        out = ak.Pipeline([ak.AugMix(0.0)])(sample, ak.Key(n, "x"))
        assert np.abs(out.image.astype(int) - sample.image).max() <= 2


def test_augmix_keeps_labels_where_they_are() -> None:
    sample = full_sample(SIZE)
    for n in range(8):
        out = ak.Pipeline([ak.AugMix(10.0)])(sample, ak.Key(n, "x"))
        assert_same_sample(out.changed(image=sample.image), sample)
