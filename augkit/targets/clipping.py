"""Clipping: what a frame shows of rings and lines, in as many pieces as it leaves of them."""

from collections.abc import Sequence

import numpy as np

from augkit import compiled
from augkit.core.arrays import Flags, Indices, Points, Reals
from augkit.core.spatial import Size

MOST_CORNERS = 20  # of what four cuts could leave of a ring of four, were it not convex


def pieces_inside(ring: Points, size: Size) -> list[Points]:
    """Return the pieces (n, 2) of a ring that lie within a frame, which may be none.

    Each edge of the frame cuts it: chains of points within, from where the ring comes in to where it goes out, are
    joined along the edge, each crossing with its neighbour there, so that what lies apart stays apart (the even-odd
    rule).
    """
    return pieces_within(ring, (0.0, 0.0, size[1], size[0]))


def pieces_within(ring: Points, box: Sequence[float]) -> list[Points]:
    """Return the pieces (n, 2) of a ring that lie within left, top, right, bottom: see `pieces_inside`."""
    pieces = [ring]
    for axis, sign, limit in _edges(*box):
        pieces = [part for piece in pieces for part in _cut(piece, axis, sign, limit)]
    return pieces


def _edges(left: float, top: float, right: float, bottom: float) -> tuple[tuple[int, float, float], ...]:
    """Return a frame's edges: the axis across each, on which side of it the frame lies, and where it lies."""
    return (0, 1.0, left), (0, -1.0, right), (1, 1.0, top), (1, -1.0, bottom)


def _cut(ring: Points, axis: int, sign: float, limit: float) -> list[Points]:
    depths = sign * (ring[:, axis] - limit)  # a limit may be infinite
    within = depths >= 0.0
    if within.all():
        return [ring]
    follows = np.roll(within, -1)
    enters, leaves = np.flatnonzero(~within & follows), np.flatnonzero(within & ~follows)
    if not len(enters):
        return []
    if leaves[0] < enters[0]:
        leaves = np.roll(leaves, -1)  # every chain ends where the ring next goes out
    ends = [_crossings(ring, depths, edges, axis, limit) for edges in (enters, leaves)]
    chains = []
    for place, (first, last) in enumerate(zip(enters.tolist(), leaves.tolist(), strict=True)):
        inner = ring[first + 1 : last + 1] if first < last else np.concatenate([ring[first + 1 :], ring[: last + 1]])
        chains.append(np.concatenate([ends[0][place : place + 1], inner, ends[1][place : place + 1]]))
    return chains if len(chains) == 1 else _linked(chains, 1 - axis)


def _crossings(ring: Points, depths: Reals, edges: Indices, axis: int, limit: float) -> Points:
    after = (edges + 1) % len(ring)
    shares = depths[edges] / (depths[edges] - depths[after])
    found: Points = ring[edges] + shares[:, None] * (ring[after] - ring[edges])
    found[:, axis] = limit
    return found


def _linked(chains: Sequence[Points], axis: int) -> list[Points]:
    """Return rings of chains whose ends lie on one line, along `axis`: each end is joined to its neighbour."""
    places = np.array([chain[end, axis] for chain in chains for end in (0, -1)])
    order = np.argsort(places, kind="stable").tolist()
    partners = {one: other for pair in zip(order[::2], order[1::2], strict=True) for one, other in (pair, pair[::-1])}
    rings, left = [], set(range(len(chains)))
    while left:
        start = min(left)
        parts, end = [], 2 * start
        while True:
            chain, is_last = divmod(end, 2)
            left.discard(chain)
            parts.append(chains[chain][::-1] if is_last else chains[chain])
            end = partners[2 * chain + (1 - is_last)]
            if end == 2 * start:
                break
        rings.append(np.concatenate(parts))
    return rings


def quads_inside(quads: Points, size: Size) -> tuple[Points, Indices] | None:
    """Return the parts of rings (n, 4, 2) within a frame as `convex_inside` does; None where one is not convex."""
    if compiled.library is None:
        return convex_inside(quads, size) if are_convex(quads).all() else None
    points, counts = np.empty((MOST_CORNERS * len(quads), 2)), np.empty(len(quads), np.int64)
    found = compiled.library.quads_inside(np.ascontiguousarray(quads), size[1], size[0], points, counts)
    return None if found is None else (points[:found], counts)


def convex_inside(rings: Points, size: Size) -> tuple[Points, Indices]:
    """Return the parts of convex rings (n, k, 2) within a frame, all points (m, 2), and how many of each ring (n,).

    Reference: Sutherland and Hodgman, "Reentrant polygon clipping", 1974; all rings at once.
    """
    counts = np.full(len(rings), rings.shape[1])
    for axis, sign, limit in _edges(0.0, 0.0, float(size[1]), float(size[0])):
        is_point = np.arange(rings.shape[1]) < counts[:, None]
        depths = np.where(is_point, sign * (rings[..., axis] - limit), -1.0)
        order = (np.arange(rings.shape[1]) - 1) % np.maximum(counts, 1)[:, None]
        before, depths_before = np.take_along_axis(rings, order[..., None], 1), np.take_along_axis(depths, order, 1)
        within, crosses = (depths >= 0.0) & is_point, ((depths >= 0.0) != (depths_before >= 0.0)) & is_point
        gaps = np.where(crosses, depths_before - depths, 1.0)
        met = before + (depths_before / gaps)[..., None] * (rings - before)
        met[..., axis] = limit
        slots = np.stack([met, rings], axis=2).reshape(len(rings), 2 * rings.shape[1], 2)
        taken = np.stack([crosses, within], axis=2).reshape(len(rings), 2 * rings.shape[1])
        counts = taken.sum(axis=1)
        front = np.argsort(~taken, axis=1, kind="stable")[:, : max(1, counts.max(initial=0))]
        rings = np.take_along_axis(slots, front[..., None], 1)
    return rings[np.arange(rings.shape[1]) < counts[:, None]], counts


def are_convex(rings: Points) -> Flags:
    """Return which of the rings (n, k, 2) are convex."""
    edges = np.roll(rings, -1, axis=1) - rings
    after = np.roll(edges, -1, axis=1)
    turns = edges[..., 0] * after[..., 1] - edges[..., 1] * after[..., 0]
    found: Flags = np.logical_or((turns >= 0.0).all(axis=1), (turns <= 0.0).all(axis=1))
    return found


def lines_inside(line: Points, size: Size) -> list[Points]:
    """Return the pieces (n, 2) of an open line within a frame (Liang and Barsky 1984), which may be none."""
    if len(line) < 2:
        return [line] if ((line >= 0.0) & (line <= (size[1], size[0]))).all() else []
    enters, leaves = _shares(line, size)
    starts, ways = line[:-1], np.diff(line, axis=0)
    pieces: list[list[Points]] = []
    is_open = False
    for start, way, first, last in zip(starts, ways, enters.tolist(), leaves.tolist(), strict=True):
        if first > last:
            is_open = False
            continue
        if not (is_open and first == 0.0):
            pieces.append([start + first * way])
        pieces[-1].append(start + last * way)
        is_open = last == 1.0
    return [np.array(piece) for piece in pieces]


def _shares(line: Points, size: Size) -> tuple[Reals, Reals]:
    """Return where along each piece of a line (n, 2) it comes into a frame, and where it leaves it, 0 to 1."""
    starts, ways = line[:-1], np.diff(line, axis=0)
    limits = np.array([size[1], size[0]], dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = -starts / ways, (limits - starts) / ways
    beside = (ways == 0.0) & ((starts < 0.0) | (starts > limits))
    enters = np.where(ways == 0.0, np.where(beside, np.inf, -np.inf), np.minimum(one, other)).max(axis=1)
    leaves = np.where(ways == 0.0, np.inf, np.maximum(one, other)).min(axis=1)
    return np.maximum(enters, 0.0), np.minimum(leaves, 1.0)


def area_inside(outline: Points, size: Size) -> float:
    """Return the area of an outline (n, 2) within a frame."""
    return sum(_area(piece) for piece in pieces_inside(outline, size))


def _area(ring: Points) -> float:
    x, y = (ring - ring[:1]).T  # from a point of its own: far from the origin, products lose what is small
    return float(abs((np.roll(x, 1) * y - x * np.roll(y, 1)).sum()) / 2.0)


def length_inside(line: Points, size: Size) -> float:
    """Return the length of a line (n, 2) within a frame."""
    enters, leaves = _shares(line, size)
    return float((np.maximum(0.0, leaves - enters) * np.hypot(*np.diff(line, axis=0).T)).sum())
