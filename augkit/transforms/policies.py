"""Policies of the papers: which of many operations are done, and how strongly, is drawn anew for every picture.

The operations are this package's own, so several that move points are one map here too. Where they differ from the
papers' Pillow: shears keep the picture's centre in place, not its upper left corner; `Contrast` pivots at the middle of
the range, not at the picture's mean; `Sharpness` follows the border rule, where Pillow leaves the outermost pixels
alone; `Equalize` leaves a channel's darkest level out of the count, as OpenCV does, where Pillow leaves out the
brightest (up to 25 of 255 levels on a photo with much black); magnitudes are not cut down to whole numbers, but for
bits, which are rounded. What comes in from outside is the pipeline's border rule, not grey, and between pixels its
interpolation, not the nearest one. `Color` leaves pictures alone that are not RGB.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

import pydantic

from augkit.core.key import Stream
from augkit.core.ops import Blend, Op
from augkit.targets.scene import Scene
from augkit.transforms.policy_operations import (
    AUGMIX,
    AUGMIX_1,
    AUTO_AUGMENT,
    AUTO_AUGMENT_1,
    RAND_AUGMENT,
    TRIVIAL_WIDE,
    Space,
    Use,
    built,
    learned_pairs,
)
from augkit.transforms.transform import Interval, Range, Transform, draw_in_turn, ordered, pick, pick_whole, transform

_Count = Annotated[int, pydantic.Field(strict=True, ge=1, le=16)]
_Severity = Annotated[float, pydantic.Field(strict=True, ge=0.0, le=10.0)]
_Alpha = Annotated[float, pydantic.Field(strict=True, ge=0.1, le=100.0)]

_LEVELS = 10  # AutoAugment's magnitudes
_STRENGTHS = 31  # TrivialAugment's
_SCALE = 10.0  # where RandAugment's and AugMix's magnitudes reach the end of an operation's range
_LEAST_LEVEL = 0.1  # of AugMix


def _operation(space: Space, name: str, share: float, stream: Stream, scene: Scene) -> tuple[Op, ...]:
    """Draw one operation at a share of its magnitude's scale."""
    dial, number = space[name], 0.0
    if dial:
        number = dial.number(share)
        if dial.signed and stream.random() < 0.5:
            number = 2.0 * dial.start - number
        if dial.pixels:
            number /= scene.size[1] if name == "TranslateX" else scene.size[0]
    if name == "Color" and scene.channels != 3 + scene.alpha:
        return ()
    step = built(name, number)
    return step.draw(stream.child(name), scene) if step else ()


def _used(use: Use, own: Stream, scene: Scene) -> tuple[Op, ...]:
    """Draw one operation of AutoAugment's pairs."""
    name, chance, magnitude = use
    share = magnitude / (_LEVELS - 1)
    space = AUTO_AUGMENT_1 if scene.behaviour == 1 else AUTO_AUGMENT
    return _operation(space, name, share, own, scene) if own.random() < chance else ()


def _in_turn(
    stream: Stream, scene: Scene, draws: Sequence[Callable[[Stream, Scene], tuple[Op, ...]]]
) -> tuple[Op, ...]:
    """Draw operations one after the other, each from a stream of its own and for what those before it made."""
    return draw_in_turn(
        scene, [partial(one, stream.child(f"operation {place}")) for place, one in enumerate(draws, start=1)]
    )


@transform
class TrivialAugment(Transform):
    """Do one operation of fourteen, at one strength of thirty-one, all alike: nothing to be tuned.

    The wide space: shears to 0.99, translations to 32 pixels, turns to 135 degrees, factors from 0.01 to 2.

    Draws: the operation and its strength, uniform; its direction, where it has one. Emits: what that one emits.
    Reference: Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation", ICCV 2021,
    algorithm 1 and the wide space of its table.
    """

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        name = stream.choice(tuple(TRIVIAL_WIDE))
        share = stream.integers(_STRENGTHS) / (_STRENGTHS - 1)
        return _operation(TRIVIAL_WIDE, name, share, stream, scene)


@transform
class RandAugment(Transform):
    """Do a few operations of fourteen, all of one magnitude.

    A larger magnitude is always a stronger change, as the paper says: at 0 nothing happens (but for the operations
    that have none, `AutoContrast` and `Equalize`), at 10 an operation is at the end of its range, and beyond it goes on
    evenly. (The published code counts bits, levels and factors from their smallest number on, so that there 5 leaves
    contrasts as they are and 10 does not solarize.)

    Args:
        count: how many operations, 1 to 16; the paper's N.
        magnitude: range of the magnitude, 0 to 30; the paper's M is one number.

    Draws: the magnitude of each, uniform; each operation, all alike, one may come twice; its direction, where it has
    one. Emits: what those emit.
    Reference: Cubuk, Zoph, Shlens and Le, "RandAugment: practical automated data augmentation with a reduced search
    space", 2020, figure 2 and section 3.

    >>> RandAugment(count=2, magnitude=(5, 13))
    RandAugment(magnitude=(5.0, 13.0))
    """

    count: _Count = 2
    magnitude: Annotated[Range, Interval(0.0, 30.0)] = (9.0, 9.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        def one(own: Stream, scene: Scene) -> tuple[Op, ...]:
            name = own.choice(tuple(RAND_AUGMENT))
            return _operation(RAND_AUGMENT, name, pick(own, self.magnitude) / _SCALE, own, scene)

        return _in_turn(stream, scene, [one] * self.count)


@transform
class AutoAugment(Transform):
    """Do one pair of operations of the twenty-five that were learned for a data set.

    Each operation of a pair has its own probability and one of ten magnitudes, evenly spaced over its range, as
    torchvision has them: 9 is the strongest, whatever the operation. `Posterize` leaves 8 to 4 bits, `Solarize` turns
    over values from 255 down to 0 on, factors go from 1 to 0.1 or 1.9, and shears, translations and turns have both
    signs, too. (Read to the letter, the paper's table has the magnitude be the number itself, so that a larger one
    leaves more bits, and that of 0 the factor 0.1: `behaviour: 1` does that.)

    Args:
        policy: ``imagenet``, ``cifar`` or ``svhn``. CIFAR's was used with a mirror, a crop of the padded picture and
            `Cutout` around it; those are steps of their own.

    Draws: the pair, all alike; whether each of its operations is done; their directions. Emits: what those emit.
    Reference: Cubuk, Zoph, Mane, Vasudevan and Le, "AutoAugment: learning augmentation strategies from data", CVPR
    2019, tables 6 to 9 of its supplement.

    >>> AutoAugment("cifar")
    AutoAugment(policy='cifar')
    """

    policy: Literal["imagenet", "cifar", "svhn"] = "imagenet"

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return _in_turn(stream, scene, [partial(_used, use) for use in stream.choice(learned_pairs(self.policy))])


@transform
class AugMix(Transform):
    """Mix the picture with what several short chains of operations make of it; labels stay with the picture.

    Args:
        severity: the largest magnitude of an operation, 0 to 10.
        width: how many chains, 1 to 16; the paper's k.
        depth: how many operations a chain has, 1 to 16, or a pair (low, high).
        alpha: of the Dirichlet and the Beta distribution, 0.1 to 100.

    Draws: the chains' weights, Dirichlet; the share of all chains, Beta; for each chain how many operations, uniform,
    and for each of those which, all alike, its magnitude, uniform from 0.1 to the severity, and its direction. Emits:
    a Blend of the picture and the chains, a barrier.
    Reference: Hendrycks, Mu, Cubuk, Zoph, Gilmer and Lakshminarayanan, "AugMix: a simple data processing method to
    improve robustness and uncertainty", ICLR 2020, algorithm 1. The ranges, which it does not tell, are those of the
    published code: `Posterize` leaves 4 bits, fewer from a magnitude of 2.5 on, but one at least (behaviour 1 left
    AutoAugment's 8 to 4).

    >>> AugMix(severity=5, depth=2)
    AugMix(severity=5.0, depth=2)
    """

    severity: _Severity = 3.0
    width: _Count = 3
    depth: Annotated[_Count | tuple[_Count, _Count], pydantic.AfterValidator(ordered)] = (1, 3)
    alpha: _Alpha = 1.0

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        chains = tuple(self._chain(stream.child(f"chain {place + 1}"), scene) for place in range(self.width))
        mixing = stream.child("weights")
        gammas = [mixing.gamma(self.alpha) for _ in chains]
        here, there = mixing.gamma(self.alpha), mixing.gamma(self.alpha)
        share = here / (here + there) / math.fsum(gammas)
        weights = [round(gamma * share, 12) for gamma in gammas]
        return (Blend(((), *chains), (max(0.0, round(1.0 - math.fsum(weights), 12)), *weights)),)

    def _chain(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        def one(own: Stream, scene: Scene) -> tuple[Op, ...]:
            name = own.choice(tuple(AUGMIX))
            level = own.uniform(min(_LEAST_LEVEL, self.severity), self.severity)
            return _operation(AUGMIX_1 if scene.behaviour == 1 else AUGMIX, name, level / _SCALE, own, scene)

        return _in_turn(stream, scene, [one] * pick_whole(stream, self.depth))
