"""Verdicts: which pictures are copies of others, certainly or likely.

How alike pictures of a data set are that are no copies of each other is measured, by the pictures that fit to no other
one: where they nearly do, as digits, more is asked of a copy than where nothing comes near.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from augkit.core.arrays import Array
from augkit.datasets.looks import pixels_of
from augkit.train.copies.copy_candidates import Candidate, Candidates, candidates
from augkit.train.copies.registration import Match, registered

CERTAIN, LIKELY = 0.25, 0.3  # doubts, where pictures are not much alike
OF_NEAREST = 0.18, 0.25  # of the doubt of a pair that nearly fits in this data set; certain, likely
OF_OWN = 0.2, 0.25  # of the least doubt of the own pairs that are none
NEARLY, LEAST_MEASURED, UNKNOWN = 0.25, 10, 1.0  # quantile of pictures; fewer do not tell; what is meant then
NONE = 9.0  # doubt of a pair that does not fit at all
FINENESS, SHADES = 0.1, 0.03  # of a copy that was moved, and of one that was not, which differs by less than SAME
EVENNESS = 0.2  # of slopes in all directions: a bar is every other bar, moved; likewise
SAME, EXACT = 0.06, 0.005
CHANGES = ("mirrored", "turned", "cropped", "in other colours", "saved again")
STILL = 0.06  # that a map may differ from none
TURNED_DEGREES, CROPPED, RECOLOURED, CONTRASTED = 2.0, 0.02, 0.07, 0.13


class Shown(NamedTuple):
    """A picture: the hash of its bytes, its look, its label as JSON, and the id of its original."""

    sha256: str
    look: str
    label: str
    origin: str


class Copy(NamedTuple):
    """Two pictures of which one is a copy of the other, or both are of a third.

    Args:
        first, second: their places.
        is_certain: or likely.
        changes: in words.
    """

    first: int
    second: int
    is_certain: bool
    changes: tuple[str, ...]


@lru_cache(maxsize=4)
def copies(pictures: tuple[Shown, ...]) -> tuple[Copy, ...]:
    """Return the pairs of pictures that are copies of each other, but for those of one original and equal files.

    A copy that was moved counts as one only where its label is the same: an arrow to the left is none to the right.
    """
    firsts = list({one.sha256: place for place, one in reversed(list(enumerate(pictures)))}.values())[::-1]
    places = [place for place in firsts if pictures[place].look]
    if len(places) < 2:
        return ()
    pixels = [pixels_of(pictures[place].look) for place in places]
    looks, colours = (np.stack(ones) for ones in zip(*pixels, strict=True))
    labels, origins = (_numbered([getattr(pictures[place], name) for place in places]) for name in ("label", "origin"))
    found = candidates(looks, labels, origins)
    matches = registered(looks, colours, found.pairs)
    nearest = _nearest_doubt(found.pairs, matches, len(places))
    paired = zip(found.pairs, matches, strict=True)
    likely = [(pair, match) for pair, match in paired if match is not None and match.doubt <= LIKELY]
    own = _own_doubts(looks, colours, found, likely)
    judged = [(pair, match, _is_certain(pair, match, nearest, own, labels)) for pair, match in likely]
    return tuple(
        Copy(places[pair.first], places[pair.second], is_certain, _changes(pair, match, colours))
        for pair, match, is_certain in judged
        if is_certain is not None
    )


def _numbered(names: Sequence[str]) -> Array:
    return np.unique(names, return_inverse=True)[1]


def _own_doubts(
    looks: Array, colours: Array, found: Candidates, likely: Sequence[tuple[Candidate, Match]]
) -> Mapping[int, float]:
    """Return the least doubt of the pairs of pictures in question that are no copies."""
    asked = sorted({place for pair, _ in likely for place in (pair.first, pair.second)})
    pairs = [pair for place in asked for pair in found.others.get(place, [])]
    doubts = dict.fromkeys((pair.first for pair in pairs), NONE)
    for pair, match in zip(pairs, registered(looks, colours, pairs), strict=True):
        if match is not None:
            doubts[pair.first] = min(doubts[pair.first], match.doubt)
    return doubts


def _nearest_doubt(pairs: Sequence[Candidate], matches: Sequence[Match | None], count: int) -> float:
    """Return the doubt by which a picture of this data set fits to another one, of which it is no copy."""
    best = np.full(count, NONE)
    for pair, match in zip(pairs, matches, strict=True):
        if match is not None:
            for place in (pair.first, pair.second):
                best[place] = min(best[place], match.doubt)
    others = best[best > LIKELY]
    return float(np.quantile(others, NEARLY)) if len(others) >= LEAST_MEASURED else UNKNOWN


def _is_certain(pair: Candidate, match: Match, nearest: float, own: Mapping[int, float], labels: Array) -> bool | None:
    """Say whether a pair is a copy for certain, or likely, or None where it is none."""
    is_still = pair.symmetry == 0 and float(np.abs(match.moved - np.eye(3)).max()) <= STILL
    if not is_still and labels[pair.first] != labels[pair.second]:
        return None
    is_same = 1.0 - match.place <= SAME
    is_plain = (is_still and is_same) or match.doubt <= EXACT
    if match.fineness < FINENESS and not (is_plain and match.fineness >= SHADES):
        return None
    if match.evenness < EVENNESS and not is_same:
        return None
    alike = min(own.get(pair.first, NONE), own.get(pair.second, NONE))
    if match.doubt <= min(CERTAIN, OF_NEAREST[0] * nearest, OF_OWN[0] * alike):
        return True
    return False if match.doubt <= min(LIKELY, OF_NEAREST[1] * nearest, OF_OWN[1] * alike) else None


def _changes(pair: Candidate, match: Match, colours: Array) -> tuple[str, ...]:
    """Return what was done to one picture for the other to come out, in words."""
    rows = match.moved[:2, :2]
    turn = np.degrees(np.arctan2(rows[1, 0] - rows[0, 1], rows[0, 0] + rows[1, 1]))
    is_turned = pair.symmetry % 4 in (1, 3) or pair.symmetry == 2 or abs(turn) > TURNED_DEGREES
    told = (
        pair.symmetry > 3,
        is_turned,
        _outside(match.moved) > CROPPED or _outside(np.linalg.inv(match.moved)) > CROPPED,
        abs(np.log(match.gain)) > CONTRASTED or _is_recoloured(pair, colours),
    )
    return tuple(name for name, is_so in zip(CHANGES[:-1], told, strict=True) if is_so) or CHANGES[-1:]


def _outside(moved: Array) -> float:
    """Return how far the middles of the sides of a look lie beyond those of the other, at most, in halves of a side."""
    sides = np.array([[1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, -1.0, 1.0]])
    return float(np.abs(sides @ moved.T)[:, :2].max()) - 1.0


def _is_recoloured(pair: Candidate, colours: Array) -> bool:
    one, other = (np.asarray(colours[place], np.float32).mean(axis=(0, 1)) for place in (pair.first, pair.second))
    return bool(np.ptp((one - one.mean()) - (other - other.mean())) > 255 * RECOLOURED)
