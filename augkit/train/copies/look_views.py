"""Views of looks: pieces of small grey pictures, turned and mirrored, in few numbers that are cheap to compare.

A copy shows a piece of its original, perhaps mirrored or turned. So pieces of each picture, in all eight symmetries,
are compared with the other ones; a piece is described by the lowest frequencies of its discrete cosine transform, whose
signs and order are all that a symmetry changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from augkit.core.arrays import Array, Reals
from augkit.datasets.looks import SIDE

CELLS, KEPT = 8, 6  # of a side of a piece; frequencies along it
SYMMETRIES = 8  # number k: k % 4 quarter turns counter-clockwise, then mirrored where k > 3
_FREQUENCIES = [(u, v) for u, v in product(range(KEPT), repeat=2) if 0 < u + v <= KEPT]
_ROWS, _COLUMNS = (np.array(places) for places in zip(*_FREQUENCIES, strict=True))
_UPPER = _ROWS <= _COLUMNS


@dataclass(frozen=True)
class View:
    """A square piece of a look.

    Args:
        left, top, share: its corner and its side, in sides of the look.
        degrees: that the look is turned by before, counter-clockwise, about its middle.
    """

    left: float = 0.0
    top: float = 0.0
    share: float = 1.0
    degrees: float = 0.0

    def to_look(self) -> Reals:
        """Return the map (3, 3) from the piece's frame to that of the look, both from -1 to 1."""
        middle = 2.0 * np.array([self.left, self.top]) + self.share - 1.0
        piece = np.array([[self.share, 0.0, middle[0]], [0.0, self.share, middle[1]], [0.0, 0.0, 1.0]])
        turn = np.deg2rad(self.degrees)
        turned = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, 1.0]])
        made: Reals = turned @ piece
        return made


def _grid(share: float, places: Sequence[float]) -> list[View]:
    return [View(x * (1.0 - share), y * (1.0 - share), share) for y, x in product(places, repeat=2)]


# Of copies of one picture one may be a piece of the other; or both are, and share the middle.
ASKED = (
    View(),
    *_grid(0.88, (0.0, 1.0)),
    View(0.06, 0.06, 0.88),
    *_grid(0.76, (0.0, 0.5, 1.0)),
    *(View(0.06, 0.06, 0.88, degrees) for degrees in (-14.0, -7.0, 7.0, 14.0)),
)
HELD = (View(), View(0.1, 0.1, 0.8))


def mirrored_or_turned(looks: Array, symmetry: int) -> Array:
    """Return looks (..., S, S) in one of the eight symmetries of a square."""
    turned = np.rot90(looks, symmetry % 4, axes=(-2, -1))
    return turned[..., ::-1] if symmetry > 3 else turned


def symmetry_map(symmetry: int) -> Reals:
    """Return the map (3, 3) from the frame of a look to that of the same in a symmetry, both from -1 to 1."""
    quarter = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turned = np.linalg.matrix_power(quarter, symmetry % 4)
    found: Reals = np.diag([-1.0, 1.0, 1.0]) @ turned if symmetry > 3 else turned
    return found


def frequencies(looks: Array, view: View) -> Reals:
    """Return the lowest frequencies (n, K, K) of a view of looks (n, S, S)."""
    if view.degrees:
        matrix = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), view.degrees, 1.0)
        looks = np.stack(
            [cv2.warpAffine(look, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE) for look in looks]
        )
    rows, columns = (_transform(start, view.share) for start in (view.top, view.left))
    found: Reals = rows @ looks @ columns.T
    return found


def in_symmetry(found: Array, symmetry: int) -> Reals:
    """Return frequencies (n, K, K) of the same looks in a symmetry."""
    signs = (-1.0) ** np.arange(KEPT, dtype=np.float32)
    for _ in range(symmetry % 4):
        found = found.transpose(0, 2, 1) * signs[:, None]
    return found * signs if symmetry > 3 else found


def directions(found: Array) -> Reals:
    """Return frequencies (n, K, K) as vectors (n, d) of length 1, whose products tell how alike views are."""
    return _unit(found[:, _ROWS, _COLUMNS])


def invariants(found: Array) -> Reals:
    """Return what no symmetry changes of frequencies (n, K, K), as vectors (n, d) of length 1."""
    sizes = np.abs(found[:, _ROWS, _COLUMNS])
    swapped = np.abs(found[:, _COLUMNS, _ROWS])
    larger, smaller = np.maximum(sizes, swapped)[:, _UPPER], np.minimum(sizes, swapped)[:, _ROWS < _COLUMNS]
    return _unit(np.concatenate([larger, smaller], axis=1))


def _unit(vectors: Reals) -> Reals:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-3), np.float32)


def _transform(start: float, share: float) -> Reals:
    """Return the matrix (K, S) from pixels along a side to the lowest frequencies of a piece of it."""
    edges = SIDE * (start + share * np.arange(CELLS + 1) / CELLS)
    pixels = np.arange(SIDE)
    covered = np.clip(np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels), 0.0, None)
    covered /= covered.sum(axis=1, keepdims=True)
    waves = np.cos(np.pi * np.arange(KEPT)[:, None] * (np.arange(CELLS) + 0.5) / CELLS)
    return np.asarray(waves @ covered, np.float32)
