"""Laws of policies: the papers' operations, magnitudes and probabilities, read off what is drawn; Pillow's meaning."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy import stats

import augkit as ak
from augkit.core.fuse import fuse
from augkit.core.ops import ColorMatrix, Curve, Homography
from augkit.core.plan import SpatialRun
from augkit.errors import ArgumentError
from augkit.transforms.policy_operations import learned_pairs
from support.pictures import noise, picture
from support.policy_draws import (
    CHANCE,
    SIZE,
    Reading,
    assert_frequencies,
    assert_numbers,
    draws,
    reading,
    readings,
    seen,
)
from support.table import drawn
from support.torchvision_models import timm, torchvision

POLICIES = [
    ak.TrivialAugment(), ak.RandAugment(3, (0, 15)), ak.AutoAugment("imagenet"), ak.AutoAugment("cifar"),
    ak.AutoAugment("svhn"), ak.AugMix(), ak.AugMix(10.0, 2, (1, 4), 0.3),
]  # fmt: skip


def both(end: float, steps: int) -> Any:
    """Return 2 * steps numbers, evenly from -end to end, without 0."""
    up = end * np.arange(1, steps + 1) / steps
    return np.concatenate([up, -up])


def test_trivial_augments_wide_space() -> None:
    factors = 0.01 + 1.99 * np.arange(31) / 30
    expected = {
        "AutoContrast": [0], "Equalize": [0], "Rotate": both(135, 30), "ShearX": both(0.99, 30),
        "ShearY": both(0.99, 30), "TranslateX": both(32 / SIZE[1], 30), "TranslateY": both(32 / SIZE[0], 30),
        "Solarize": 256 * np.arange(30) / 30, "Posterize": [2, 3, 4, 5, 6, 7], "Color": factors, "Contrast": factors,
        "Brightness": factors, "Sharpness": factors,
    }  # fmt: skip  # 256 and 8 bits change nothing, and are not drawn
    assert_numbers(seen(ak.TrivialAugment(), 14_000), expected)


def test_trivial_augment_draws_every_operation_and_strength_alike() -> None:
    found = Counter(name for several in readings(ak.TrivialAugment(), 8000) for name, _ in several or [("none", 0)])
    always = ("AutoContrast", "Equalize", "Color", "Contrast", "Brightness", "Sharpness")
    signed = ("Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY")
    shares = dict.fromkeys(always, 1.0) | dict.fromkeys(signed, 30 / 31) | {"Solarize": 30 / 31, "Posterize": 28 / 31}
    shares["none"] = 14 - sum(shares.values())
    assert_frequencies(found, {name: share / 14 for name, share in shares.items()})
    turns = [number for several in readings(ak.TrivialAugment(), 8000) for name, number in several if name == "Rotate"]
    assert_frequencies(Counter(np.sign(turns).tolist()), {1.0: 0.5, -1.0: 0.5})
    assert_frequencies(Counter(np.round(np.abs(turns) / 4.5).tolist()), {float(n): 1 / 30 for n in range(1, 31)})


@pytest.mark.parametrize(
    ("magnitude", "strength", "bits", "level", "factors"),
    [
        (3.0, 0.3, 7, 179.2, (0.73, 1.27)),
        (10.0, 1.0, 4, 0.0, (0.1, 1.9)),
        (20.0, 2.0, 1, 0.0, (0.0, 2.8)),
    ],
)
def test_rand_augments_operations(magnitude: float, strength: float, bits: int, level: float, factors: Any) -> None:
    signs = np.array([-1, 1]) * strength
    shift = signs * 150 / 331
    expected = {
        "AutoContrast": [0], "Equalize": [0], "Rotate": 30 * signs, "ShearX": 0.3 * signs, "ShearY": 0.3 * signs,
        "TranslateX": shift, "TranslateY": shift, "Solarize": [level], "Posterize": [bits], "Color": factors,
        "Contrast": factors, "Brightness": factors, "Sharpness": factors,
    }  # fmt: skip
    assert_numbers(seen(ak.RandAugment(2, magnitude), 800), expected)


def test_rand_augment_of_no_magnitude_leaves_all_but_histograms() -> None:
    names = seen(ak.RandAugment(2, 0.0), 600).keys()
    assert names <= {"AutoContrast", "Equalize", "Color", "Contrast", "Brightness"}
    for name, numbers in seen(ak.RandAugment(2, 0.0), 600).items():
        assert name in ("AutoContrast", "Equalize") or numbers == {1.0}


def test_rand_augment_draws_with_replacement() -> None:
    found = Counter(len(several) for several in readings(ak.RandAugment(3, 9.0), 6000))
    assert_frequencies(found, {n: float(stats.binom.pmf(n, 3, 13 / 14)) for n in range(4)})
    pairs = Counter(
        tuple(name for name, _ in several) for several in readings(ak.RandAugment(2, 9.0), 20_000) if len(several) == 2
    )
    names = {name for pair in pairs for name in pair}
    assert len(names) == 13
    assert_frequencies(pairs, dict.fromkeys(product(names, names), 1 / 169))


def test_a_range_of_magnitudes_is_drawn_from_for_each_operation() -> None:
    turns = [
        [abs(number) / 30 * 10 for name, number in several if name == "Rotate"]
        for several in readings(ak.RandAugment(2, (4.0, 8.0)), 6000)
    ]
    assert any(len(set(several)) == 2 for several in turns)
    found = [magnitude for several in turns for magnitude in several]
    assert stats.kstest(found, stats.uniform(4.0, 4.0).cdf).pvalue > CHANCE


NAMES = {"imagenet": "IMAGENET", "cifar": "CIFAR10", "svhn": "SVHN"}


def judged(policy: str) -> list[Any]:
    """Return torchvision's pairs of a policy; operations without a range have no magnitude there."""
    judge = torchvision.transforms
    return judge.AutoAugment(getattr(judge.AutoAugmentPolicy, NAMES[policy])).policies  # type: ignore[no-any-return]


@pytest.mark.parametrize("policy", NAMES)
def test_auto_augments_pairs(policy: str) -> None:
    ours = [
        tuple(
            (name, chance, None if name in ("AutoContrast", "Equalize", "Invert") else magnitude)
            for name, chance, magnitude in pair
        )
        for pair in learned_pairs(policy)
    ]
    assert ours == judged(policy)
    assert len(ours) == 25


def test_imagenets_magnitudes_where_they_mean_nothing() -> None:
    theirs = [
        tuple((op.name.removesuffix("Original"), op.prob, op.magnitude) for op in pair)
        for pair in timm.data.auto_augment.auto_augment_policy_original(None)  # type: ignore[no-untyped-call]
    ]
    assert list(learned_pairs("imagenet")) == theirs


def numbers_of(name: str, magnitude: int | None) -> list[Reading | None]:
    """Return torchvision's readings of an operation at a magnitude of 0 to 9, all as likely; None does nothing."""
    if magnitude is None:
        return [(name, 0.0)]
    range_of, is_signed = SPACE[name]
    number = float(range_of[magnitude])
    if name in ("TranslateX", "TranslateY"):
        number /= SIZE[1] if name == "TranslateX" else SIZE[0]
    start = 1.0 if name in ("Brightness", "Color", "Contrast", "Sharpness") else 0.0
    numbers = [start + number, start - number] if is_signed else [number]
    found: list[Reading | None] = [(name, round(part, 4)) for part in numbers]
    idle = [(name, 1.0), ("Posterize", 8.0)]
    return [None if part in idle and name in ("Sharpness", "Posterize") else part for part in found]


SPACE = torchvision.transforms.AutoAugment()._augmentation_space(10, SIZE)


@pytest.mark.parametrize("policy", NAMES)
def test_auto_augment_draws_what_torchvision_draws(policy: str) -> None:
    """Every pair of operations, with bits, levels, factors and signs, as often as there."""
    shares: dict[tuple[Reading, ...], float] = defaultdict(float)
    for pair in judged(policy):
        outcomes: list[list[tuple[Reading | None, float]]] = []
        for name, chance, magnitude in pair:
            numbers = numbers_of(name, magnitude)
            outcomes.append([(None, 1 - chance), *((number, chance / len(numbers)) for number in numbers)])
        for (first, one), (second, other) in product(*outcomes):
            shares[tuple(part for part in (first, second) if part)] += one * other / 25
    found = Counter(
        tuple((name, round(number, 4)) for name, number in several)
        for several in readings(ak.AutoAugment(policy), 12_000)  # type: ignore[arg-type]
    )
    assert_frequencies(found, {k: v for k, v in shares.items() if v})


def test_auto_augment_of_behaviour_1_keeps_the_papers_magnitudes() -> None:
    """The number itself grows with the magnitude, also where that is weaker: table 6 to the letter."""
    (first, *_), scene = learned_pairs("imagenet"), ak.Scene(SIZE, behaviour=1)
    assert first[0] == ("Posterize", 0.4, 8)
    found = {
        reading(op)
        for n in range(1500)
        for op in drawn(ak.AutoAugment("imagenet"), ak.Key(n, "policies"), scene)
        if reading(op)[0] in ("Posterize", "Solarize", "Color")
    }
    assert {bits for name, bits in found if name == "Posterize"} == {6.0, 7.0}  # magnitude 8 leaves all eight
    levels = sorted(round(level / 256 * 9) for name, level in found if name == "Solarize")
    assert levels == [3, 4, 5, 7, 8]
    assert min(factor for name, factor in found if name == "Color") == pytest.approx(0.1)


def test_ranges_are_torchvisions_where_the_papers_are() -> None:
    """TrivialAugment's factors are signed there, and solarizing ends at 255: those are told apart above."""
    judge = torchvision.transforms
    signed = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
    trivial, wide = seen(ak.TrivialAugment(), 14_000), judge.TrivialAugmentWide()._augmentation_space(31)
    assert trivial.keys() == wide.keys() - {"Identity"}
    for name in signed:
        unit = {"TranslateX": SIZE[1], "TranslateY": SIZE[0]}.get(name, 1)
        up = sorted(unit * number for number in trivial[name] if number > 0)
        np.testing.assert_allclose(up, wide[name][0][1:], atol=1e-3)
    assert trivial["Posterize"] | {8} == set(wide["Posterize"][0].tolist())
    space = judge.RandAugment()._augmentation_space(31, SIZE)
    for magnitude in (6, 15, 24):
        found = seen(ak.RandAugment(4, magnitude / 3), 400)
        assert found.keys() == space.keys() - {"Identity"}
        for name in signed:
            unit = {"TranslateX": SIZE[1], "TranslateY": SIZE[0]}.get(name, 1)
            assert math.isclose(unit * max(found[name]), float(space[name][0][magnitude]), rel_tol=1e-4)
        for name in ("Brightness", "Color", "Contrast", "Sharpness"):
            assert math.isclose(max(found[name]) - 1.0, float(space[name][0][magnitude]), rel_tol=1e-4)
        assert found["Posterize"] == {float(space["Posterize"][0][magnitude])}
        assert math.isclose(*found["Solarize"], float(space["Solarize"][0][magnitude]), abs_tol=1.0)  # type: ignore[call-arg]


PILLOW: dict[str, Callable[[Any, float], Any]] = {
    "AutoContrast": lambda image, _: ImageOps.autocontrast(image),
    "Brightness": lambda image, number: ImageEnhance.Brightness(image).enhance(number),
    "Color": lambda image, number: ImageEnhance.Color(image).enhance(number),
    "Invert": lambda image, _: ImageOps.invert(image),
    "Posterize": lambda image, number: ImageOps.posterize(image, round(number)),
    "Sharpness": lambda image, number: ImageEnhance.Sharpness(image).enhance(number),
    "Solarize": lambda image, number: ImageOps.solarize(image, round(number, 6)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", PILLOW)
def test_an_operation_is_pillows(name: str) -> None:
    image = picture(SIZE)
    pool = [ak.AutoAugment("imagenet"), ak.RandAugment(1, 6.0)]
    alone = [ops for step in pool for ops in draws(step, 400) if len(ops) == 1 and reading(ops[0])[0] == name]
    for ops in {reading(ops[0]): ops for ops in alone}.values():
        ours = ak.run(fuse(ops, SIZE), ak.Sample(image)).image
        theirs = np.asarray(PILLOW[name](Image.fromarray(image), reading(ops[0])[1]))
        levels = np.abs(ours.astype(int) - theirs)[1:-1, 1:-1]  # Pillow leaves the outermost pixels of a kernel alone
        assert (levels <= 2).mean() >= 0.999
    assert alone


@pytest.mark.parametrize("policy", POLICIES[:5], ids=repr)
def test_moves_of_a_policy_and_around_it_are_one_map(policy: ak.Transform) -> None:
    pipeline = ak.Pipeline([ak.RandomResizedCrop(96), policy, ak.Rotate()])  # type: ignore[arg-type]
    some = 0
    for n in range(60):
        key, scene = ak.Key(n, "one map"), ak.Scene(SIZE)
        ops = pipeline.ops(key, scene)
        inner = [op for label, several in ops.items() if label not in ("RandomResizedCrop", "Rotate") for op in several]
        if all(isinstance(op, Homography | ColorMatrix | Curve) for op in inner):
            some += 1
            assert sum(isinstance(step, SpatialRun) for step in pipeline.draw(key, scene).steps) == 1
    assert some >= 5


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_pictures_without_colours_are_never_refused(policy: ak.Transform, channels: int) -> None:
    image = np.ascontiguousarray(np.concatenate([noise((24, 30))] * 2, axis=2)[..., :channels])
    for n in range(120):
        out = ak.Pipeline([policy])(ak.Sample(image), ak.Key(n, "x"))
        assert out.image.shape == image.shape


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 400)], ids=str)
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    for policy in POLICIES:
        for n in range(40):
            assert ak.Pipeline([policy])(ak.Sample(noise(size)), ak.Key(n, "x")).image.shape[:2] == size


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: ak.RandAugment(0), r"RandAugment\.count: must be greater than or equal to 1, got 0"),
        (lambda: ak.RandAugment(2, 31.0), r"RandAugment\.magnitude: must lie within 0 and 30, got 31"),
        (lambda: ak.AutoAugment("mnist"), r"AutoAugment\.policy: must be 'imagenet', 'cifar' or 'svhn', got 'mnist'"),  # type: ignore[arg-type]
        (lambda: ak.AugMix(11.0), r"AugMix\.severity: must be less than or equal to 10, got 11"),
        (lambda: ak.AugMix(alpha=0.0), r"AugMix\.alpha: must be greater than or equal to 0\.1, got 0"),
        (lambda: ak.AugMix(depth=(3, 1)), r"AugMix\.depth: must have low <= high, got \(3, 1\)\. Swap the two"),
        (lambda: ak.TrivialAugmentWide(), r"Here that is TrivialAugment"),  # type: ignore[operator]
    ],
)
def test_what_a_policy_refuses(wrong: Any, told: str) -> None:
    with pytest.raises((ArgumentError, AttributeError), match=told):
        wrong()
