"""Registration: the affine map, the gain and the offset by which one look comes nearest to another, for many pairs.

Gauss-Newton steps with the gradients of the look that is not moved (the inverse compositional algorithm of Baker and
Matthews, "Lucas-Kanade 20 years on", 2004), first on looks of half the side. What is beyond a look counts nowhere.
Looks that are copies are the same everywhere, and others that are alike differ somewhere: so the place where they
differ most decides, and the finest detail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from augkit.core.arrays import Array, Reals
from augkit.datasets.looks import SIDE
from augkit.train.copies.copy_candidates import Candidate
from augkit.train.copies.look_views import mirrored_or_turned

COARSE, FINE = 8, 10  # steps
LENGTHENED = 1.2  # steps, as less than the whole look is covered
ALIKE = 0.8  # correlation after the coarse ones; of what is less nothing comes
CLOSE = 0.9  # in the end
LEAST_SHARE = 0.4  # of a look that the other one covers
ZOOMS = 0.55, 1.8  # that a copy may have along any direction
STRETCH = 1.7  # of one direction against the other
TOGETHER = 256  # pairs
ZOOMED = 0.02  # what is sampled more coarsely than that is smoothed before
LEVELS = 2.0  # of standard deviation: of what has less nothing is told
GAINS = 0.6, 1.7  # of a copy's contrast
LEAST_DETAIL = 0.15  # correlation of the finest detail; what has less is no copy, whatever else
LEAST_COLOUR = 0.8  # of what the colours tell, that must be the same but for a gain and an offset of each


@dataclass(frozen=True)
class Match:
    """Two looks, one laid on the other.

    Args:
        place: where they differ most, 1 less the part of what is to be seen there that differs.
        detail: correlation of the finest detail.
        fineness: how much of what is to be seen is fine detail; 0.1 and more of pictures that are no mere shades.
        evenness: of slopes in all directions, 0 of a bar to 1.
        gain: of the second look's contrast, to be that of the first.
        moved: (3, 3) from the first look's frame, in its symmetry, to that of the second.
    """

    place: float
    detail: float
    fineness: float
    evenness: float
    gain: float
    moved: Reals

    @property
    def doubt(self) -> float:
        """How far it is from certain; 0 of the same picture."""
        return max(0.7 * (1.0 - self.place), 2.0 * (1.0 - self.detail))


def registered(looks: Array, colours: Array, pairs: Sequence[Candidate]) -> list[Match | None]:
    """Return how each pair of looks (n, S, S), with colours (n, K, K, 3), fits, or None; both are uint8."""
    found = list[Match | None]()
    for start in range(0, len(pairs), TOGETHER):
        some = pairs[start : start + TOGETHER]
        for pair, match in zip(some, _registered(looks, some), strict=True):
            found.append(match if match is not None and _has_colours(colours, pair, match) else None)
    return found


def _registered(looks: Array, pairs: Sequence[Candidate]) -> list[Match | None]:
    turned = [mirrored_or_turned(looks[pair.first], pair.symmetry) for pair in pairs]
    firsts: Array = np.stack(turned).astype(np.float32)
    seconds: Array = looks[[pair.second for pair in pairs]].astype(np.float32)
    maps = np.stack([pair.start for pair in pairs])
    coarse = _Registering(_halved(firsts), _halved(seconds))
    for _ in range(COARSE):
        maps, alike = coarse.stepped(maps)
    left = np.flatnonzero(alike >= ALIKE)
    found: list[Match | None] = [None] * len(pairs)
    if not len(left):
        return found
    maps, fine = maps[left], _Registering(_blurred(firsts[left], 0.6), _blurred(seconds[left], 0.6))
    for _ in range(FINE):
        maps, alike = fine.stepped(maps)
    for at, place in enumerate(left):
        zooms = np.linalg.svd(maps[at, :2, :2], compute_uv=False)
        is_sane = ZOOMS[0] <= zooms[1] and zooms[0] <= min(ZOOMS[1], STRETCH * zooms[1])
        if alike[at] >= CLOSE and is_sane:
            found[place] = _compared(np.ascontiguousarray(firsts[place]), seconds[place], maps[at])
    return found


class _Moved:
    """Looks (n, S, S), sampled as maps bring them."""

    def __init__(self, looks: Array) -> None:
        side = looks.shape[-1]
        self._tall = np.ascontiguousarray(looks.reshape(-1, side), np.float32)  # one above the other
        self._tops = (np.arange(len(looks), dtype=np.float32) * side)[:, None, None]
        self.middle = (side - 1) / 2
        along = ((np.arange(side) - self.middle) / self.middle).astype(np.float32)
        self.x, self.y = along[None, :], along[:, None]

    def sampled(self, maps: Reals) -> tuple[Array, Array]:
        """Return the looks as maps (n, 3, 3) bring them, and 1 where they cover the frame, else 0."""
        m = maps.astype(np.float32)[:, :, :, None, None]
        x = m[:, 0, 0] * self.x + m[:, 0, 1] * self.y + m[:, 0, 2]
        y = m[:, 1, 0] * self.x + m[:, 1, 1] * self.y + m[:, 1, 2]
        edge = 1.0 + 0.5 / self.middle
        covered = ((np.abs(x) <= edge) & (np.abs(y) <= edge)).astype(np.float32)
        x, y = (np.clip(at, -1.0, 1.0) * self.middle + self.middle for at in (x, y))
        width = x.shape[-1]
        flat = x.reshape(-1, width), (y + self._tops).reshape(-1, width)
        return cv2.remap(self._tall, *flat, cv2.INTER_LINEAR).reshape(x.shape), covered


class _Registering:
    """Looks (n, S, S) that lie still, others, and the steps that bring these to them."""

    def __init__(self, still: Array, moved: Array) -> None:
        self._moved = _Moved(moved)
        self._still = np.ascontiguousarray(still, np.float32)
        x, y = self._moved.x, self._moved.y
        across, down = np.gradient(self._still, axis=2), np.gradient(self._still, axis=1)
        parts = (across * x, across * y, across, down * x, down * y, down)
        self._slopes = np.stack(parts, axis=1).reshape(len(still), 6, -1)
        curvature = self._slopes @ self._slopes.transpose(0, 2, 1)
        damping = 1e-3 * np.trace(curvature, axis1=1, axis2=2) / 6 + 1e-3
        # Of the whole look, though less may be covered: the steps are shorter then, and need no solution of their own.
        self._inverse = np.linalg.inv(curvature + damping[:, None, None] * np.eye(6, dtype=np.float32))

    def stepped(self, maps: Reals) -> tuple[Reals, Array]:
        """Return maps (n, 3, 3) after a step, and the correlations (n,) before it."""
        moved, covered = self._moved.sampled(maps)
        shape = (len(maps), -1)
        weight, still, moved = covered.reshape(shape), self._still.reshape(shape), moved.reshape(shape)
        count = weight.sum(axis=1) + 1e-3
        still, moved = (
            (look - (np.einsum("ij,ij->i", look, weight) / count)[:, None]) * weight for look in (still, moved)
        )
        both, own, other = (np.einsum("ij,ij->i", a, b) for a, b in ((still, moved), (still, still), (moved, moved)))
        gain = np.maximum(both / (other + 1e-3), 0.05)
        slope = self._slopes @ (gain[:, None] * moved - still)[:, :, None]
        step = LENGTHENED * (self._inverse @ slope).reshape(-1, 2, 3) / self._moved.middle
        length = np.linalg.norm(step.reshape(shape), axis=1)
        change = np.tile(np.eye(3), (len(maps), 1, 1))
        change[:, :2] += step * np.minimum(1.0, 0.3 / np.maximum(length, 1e-6))[:, None, None]
        return maps @ np.linalg.inv(change), both / np.sqrt((own + 1e-3) * (other + 1e-3))


def _compared(first: Array, second: Array, moved: Array) -> Match | None:
    """Return how two looks fit by a map between their frames: that is compared which shows more, and so less of it."""
    if np.linalg.det(moved) < 1.0:
        turned = _compared(second, first, np.linalg.inv(moved))
        return None if turned is None else replace(turned, gain=1.0 / turned.gain, moved=moved)
    zoom = float(np.sqrt(np.linalg.det(moved)))
    if zoom > 1.0 + ZOOMED:
        second = _blur(second, 0.5 * float(np.sqrt(zoom**2 - 1.0)))
    there, inside = _Moved(second[None]).sampled(moved[None])
    covered = inside[0] > 0.0
    if covered.mean() < LEAST_SHARE:
        return None
    own, other = first[covered], there[0][covered]
    if min(own.std(), other.std()) < LEVELS:
        return None
    centred = other - other.mean()
    gain = float((own - own.mean()) @ centred / (centred @ centred))
    if not GAINS[0] <= gain <= GAINS[1]:
        return None
    details = [_blur(look, 0.5) - _blur(look, 1.0) for look in (first, there[0])]
    inner = cv2.erode(covered.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    one, two = (detail[inner] for detail in details)
    detail = float(one @ two / np.sqrt((one @ one) * (two @ two) + 1e-9))
    if detail < LEAST_DETAIL:
        return None
    weight = covered.astype(np.float32)
    shown = (first - own.mean()) * weight
    rest = shown - gain * (there[0] - other.mean()) * weight
    near = np.maximum(_blur(weight, 2.0), 0.2)
    local = _blur(shown * shown, 2.0) / near - (_blur(shown, 2.0) / near) ** 2
    differing = _blur(rest * rest, 2.0) / near / (local + 0.15 * own.var())
    fineness = min(float(part.std() / look.std()) for part, look in ((one, own), (two, other)))
    return Match(1.0 - float(differing[covered].max()), detail, fineness, _evenness(first), gain, moved)


def _has_colours(colours: Array, pair: Candidate, match: Match) -> bool:
    """Say whether the colours of two looks are the same, but for a gain and an offset of each."""
    turned = mirrored_or_turned(np.moveaxis(colours[pair.first], 2, 0), pair.symmetry).astype(np.float32)
    moved = np.moveaxis(colours[pair.second], 2, 0).astype(np.float32)
    there, inside = _Moved(moved).sampled(np.tile(match.moved, (3, 1, 1)))
    covered = inside[0] > 0.0
    own, other = (part[:, covered] - part[:, covered].mean(axis=1, keepdims=True) for part in (turned, there))
    both, mine, theirs = ((a * b).sum(axis=1) for a, b in ((own, other), (own, own), (other, other)))
    shared = np.maximum(both, 0.0) ** 2
    told = [(shared / (of + 1e-3)).sum() / (its.sum() + 1e-3) for of, its in ((theirs, mine), (mine, theirs))]
    return bool(min(told) >= LEAST_COLOUR)


def _evenness(look: Array) -> float:
    down, across = (slope.ravel() for slope in np.gradient(look))
    spread = np.linalg.eigvalsh(np.array([[across @ across, across @ down], [across @ down, down @ down]]))
    return float(spread[0] / max(float(spread[1]), 1e-9))


def _blur(look: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(look, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _blurred(looks: Array, sigma: float) -> Reals:
    return np.stack([_blur(np.ascontiguousarray(look), sigma) for look in looks])


def _halved(looks: Array) -> Reals:
    half = (SIDE // 2, SIDE // 2)
    return np.stack([cv2.resize(look, half, interpolation=cv2.INTER_AREA) for look in _blurred(looks, 1.2)])
