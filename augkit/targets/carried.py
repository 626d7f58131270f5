"""Targets that a sample carries, of all kinds together: they move, are clipped, and are exchanged as one."""

from collections.abc import Mapping, Sequence

import numpy as np

from augkit.core.arrays import Points
from augkit.core.ops import Spatial
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.targets.rows import Kept
from augkit.targets.target import Given, PointTarget, Target, carriers

Carried = Mapping[str, PointTarget]  # by the names of their kinds


def targets_of(parts: Given) -> dict[str, Target]:
    """Return what checked keywords of a sample carry, by kind."""
    known, found = carriers(), dict[str, Target]()
    if known.keys().isdisjoint(parts):  # as of most pictures
        return found
    for keyword, value in parts.items():
        if keyword in known and value is not None:
            kind = known[keyword]
            found[kind.name] = kind.of(parts)
    return found


def points_of(targets: Mapping[str, Target]) -> dict[str, PointTarget]:
    """Return those that are coordinates."""
    if not targets:  # as of most pictures
        return {}
    return {name: target for name, target in targets.items() if isinstance(target, PointTarget)}


def moved(targets: Carried, ops: Sequence[Spatial]) -> Carried:
    """Return targets where the operations bring them, nothing clipped."""
    return {name: target.moved(ops) for name, target in targets.items()} if targets else targets


def clipped(targets: Carried, size: Size, min_visible: float) -> Carried:
    """Return what a frame of `size` still shows; what follows a kind is dropped with its rows."""
    shown = {name: target.clipped(size, min_visible) for name, target in targets.items()}
    left = {name: kept for name, (_, kept) in shown.items() if kept is not None}
    if not left:
        return {name: target for name, (target, _) in shown.items()} if shown else targets
    return {
        name: target.chosen(left[target.follows]) if target.follows in left else target
        for name, (target, _) in shown.items()
    }


def mirrored(targets: Carried, policy: SamplingOptions) -> Carried:
    """Return targets with what changes places in a mirror exchanged."""
    return {name: target.mirrored(policy) for name, target in targets.items()}


def chosen(targets: Carried, kept: Kept, owner: str = "boxes") -> dict[str, PointTarget]:
    """Return targets with some rows of one kind, and of those that follow it."""
    return {
        name: target.chosen(kept) if owner in (name, target.follows) else target for name, target in targets.items()
    }


def outlines(targets: Carried) -> Points:
    """Return all points (n, 2) that decide where targets lie."""
    found = [outline.reshape(-1, 2) for target in targets.values() for outline in target.outlines()]
    return np.concatenate(found) if found else np.zeros((0, 2))


def with_outlines(targets: Carried, points: Points) -> dict[str, PointTarget]:
    """Return targets with other points in place of all that `outlines` gives."""
    start, found = 0, {}
    for name, target in targets.items():
        taken = []
        for outline in target.outlines():
            end = start + outline.size // 2
            taken.append(points[start:end].reshape(outline.shape))
            start = end
        found[name] = target.at(taken)
    return found
