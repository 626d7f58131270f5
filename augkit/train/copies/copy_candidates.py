"""Candidates: pairs of pictures of which one may show a piece of the other, found by few numbers of each.

All views of a picture are compared with the others' by what no symmetry changes; of the few that fit best, with each
symmetry. So a thousand pictures are compared with each other in half a second. Of more, those of a label are, a block
of them at a time in the order of their looks; and all with all as wholes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from augkit.core.arrays import Array, Indices, Reals
from augkit.train.copies.look_views import (
    ASKED,
    HELD,
    SYMMETRIES,
    View,
    directions,
    frequencies,
    in_symmetry,
    invariants,
    symmetry_map,
)

BLOCK = 1200  # pictures that are compared with each other in every way
WIDE_BLOCK = 4000  # as wholes
NEAREST, KEPT = 24, 3  # others that are compared by symmetries; pairs of each picture
RANKS = 24, 36, 48  # of those that look like a picture among the others and are hardly copies of it
LEAST = 0.6  # likeness of a pair
ROWS = 512  # pictures at a time


@dataclass(frozen=True)
class Candidate:
    """Two pictures of which one may show a piece of the other.

    Args:
        first, second: their places.
        symmetry: of the first one; see `look_views`.
        start: (3, 3) from the frame of the first one in that symmetry to that of the second, from -1 to 1.
    """

    first: int
    second: int
    symmetry: int
    start: Reals
    likeness: float


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be copies, and for each picture pairs with some that look like it and are hardly copies."""

    pairs: list[Candidate]
    others: dict[int, list[Candidate]]


def candidates(looks: Array, labels: Indices, origins: Indices) -> Candidates:
    """Return pairs of pictures that may be copies, each once.

    Args:
        looks: (n, S, S) small grey pictures, uint8.
        labels: (n,) numbers of their labels.
        origins: (n,) numbers of their originals; copies of one, which are known to be, are no pair.
    """
    found, others = dict[tuple[int, int], Candidate](), dict[int, list[Candidate]]()
    for places, asked, held in _blocks(looks, labels):
        for one, is_other in _in_block(looks[places].astype(np.float32), origins[places], asked, held):
            first, second = int(places[one.first]), int(places[one.second])
            mine = Candidate(first, second, one.symmetry, one.start, one.likeness)
            if is_other:
                others.setdefault(first, []).append(mine)
                continue
            pair = (min(first, second), max(first, second))
            if pair not in found or found[pair].likeness < one.likeness:
                found[pair] = mine
    return Candidates([found[pair] for pair in sorted(found)], others)


def _blocks(looks: Array, labels: Indices) -> Iterator[tuple[Indices, tuple[View, ...], tuple[View, ...]]]:
    """Yield pictures that are compared with each other, and the views that are."""
    if len(looks) <= BLOCK:
        yield np.arange(len(looks)), ASKED, HELD
        return
    order = _by_looks(looks)
    for label in np.unique(labels):
        for block in _overlapping(order[labels[order] == label], BLOCK):
            yield block, ASKED, HELD
    for block in _overlapping(order, WIDE_BLOCK):
        yield block, ASKED[:1], HELD[:1]


def _by_looks(looks: Array) -> Indices:
    """Return the places of looks, those beside each other that are alike."""
    blocks = (looks[start : start + WIDE_BLOCK].astype(np.float32) for start in range(0, len(looks), WIDE_BLOCK))
    known = np.concatenate([invariants(frequencies(block, View())) for block in blocks])
    _, _, axes = np.linalg.svd(known - known.mean(axis=0), full_matrices=False)
    order: Indices = np.argsort(known @ axes[0], kind="stable")
    return order


def _overlapping(places: Indices, size: int) -> Iterator[Indices]:
    """Yield all places, or blocks of which each shares half with the one before."""
    if len(places) <= size:
        yield places
        return
    for start in range(0, len(places) - size // 2, size // 2):
        yield places[start : start + size]


def _in_block(
    looks: Array, origins: Indices, asked: tuple[View, ...], held: tuple[View, ...]
) -> Iterator[tuple[Candidate, bool]]:
    count = len(looks)
    if count < 2:
        return
    mine, theirs = ([frequencies(looks, view) for view in views] for views in (asked, held))
    middle = invariants(theirs[0]).mean(axis=0)  # what all have in common tells nothing
    asking, holding = ([_centred(invariants(view), middle) for view in views] for views in (mine, theirs))
    turned = np.stack([directions(in_symmetry(view, k)) for view in mine for k in range(SYMMETRIES)], axis=1)
    plain = np.stack([directions(view) for view in theirs], axis=1)
    starts = _starts(asked, held)
    nearest = min(NEAREST, count - 1)
    ranks = [rank for rank in RANKS if rank < count]
    for start in range(0, count, ROWS):
        rows = np.arange(start, min(start + ROWS, count))
        likeness = np.full((len(rows), count), -2.0, np.float32)
        products = np.empty_like(likeness)
        for view in asking:
            for other in holding:
                np.matmul(view[rows], other.T, out=products)
                np.maximum(likeness, products, out=likeness)
        likeness[origins[rows][:, None] == origins] = -9.0
        order = np.argpartition(-likeness, [nearest - 1, *(rank - 1 for rank in ranks)], axis=1)
        for row, near in zip(rows, order, strict=True):
            tried = np.concatenate([near[:nearest], near[[rank - 1 for rank in ranks]]])
            fits = turned[row] @ plain[tried].reshape(-1, plain.shape[-1]).T
            fits = fits.reshape(len(asked), SYMMETRIES, len(tried), len(held))
            likely = np.where(origins[tried] == origins[row], -1.0, fits.max(axis=(0, 1, 3)))
            kept = np.argsort(-likely[:nearest], kind="stable")[:KEPT]
            for at in (*kept[likely[kept] >= LEAST], *(at for at in range(nearest, len(tried)) if likely[at] > -1.0)):
                view, symmetry, other = np.unravel_index(fits[:, :, at].argmax(), (len(asked), SYMMETRIES, len(held)))
                moved = starts[view, symmetry, other]
                yield Candidate(int(row), int(tried[at]), int(symmetry), moved, float(likely[at])), at >= nearest


@cache
def _starts(asked: tuple[View, ...], held: tuple[View, ...]) -> Reals:
    """Return the maps (V, 8, H, 3, 3) by which a view of one look, in a symmetry, lies on a view of another."""
    turns = [symmetry_map(k) for k in range(SYMMETRIES)]
    mine, theirs = ([view.to_look() for view in views] for views in (asked, held))
    return np.array(
        [
            [[other @ turn @ np.linalg.inv(view) @ np.linalg.inv(turn) for other in theirs] for turn in turns]
            for view in mine
        ]
    )


def _centred(vectors: Reals, middle: Reals) -> Reals:
    moved = vectors - middle
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6), np.float32)
