"""Keypoints that change places in a mirror, as a data set tells it: by YOLO's ``flip_idx``, or by their names."""

from typing import NamedTuple

from augkit.datasets.data_set import DataSet
from augkit.targets.keypoint_sides import Pair, pairs_of_flips, pairs_of_names
from augkit.targets.keypoints import Keypoints


class Mirrored(NamedTuple):
    """Pairs of keypoints, from 0, and the sentence that tells where they come from."""

    pairs: tuple[Pair, ...]
    told: str


def mirrored_keypoints(data: DataSet) -> Mirrored:
    """Return which keypoints change places in a mirror; none where nobody says it, or for each class else."""
    counts = _counts(data)
    flips, named = data.about.get("flip_idx"), {label: pairs_of_names(names) for label, names in data.keypoint_names}
    pairs: tuple[Pair, ...] = ()
    why, lengths = "", {len(names) for _, names in data.keypoint_names}
    if isinstance(flips, list) and counts <= {len(flips)}:
        pairs, why = pairs_of_flips(flips), "as flip_idx has it"
    elif len(set(named.values())) == 1 and counts <= lengths:
        pairs, why = next(iter(named.values())), "by their names"
    elif any(named.values()):
        told = "Keypoints of left and right are named, but not alike in all classes: none changes places in a mirror."
        return Mirrored((), told if counts else "")
    if not pairs or not counts or min(counts) <= max(map(max, pairs)):
        return Mirrored((), "")
    shown = ", ".join(f"{one} and {other}" for one, other in pairs)
    return Mirrored(
        pairs, f"Keypoints {shown} change places in a mirror, {why}; keypoint_pairs of a pipeline goes first."
    )


def _counts(data: DataSet) -> set[int]:
    """Return how many keypoints objects have, or pictures by themselves, without those that have none."""
    found: set[int] = set()
    for source in data.sources:
        target = source.annotations and source.annotations.targets.get(Keypoints.name)
        if isinstance(target, Keypoints):
            found.update(target.keypoint_counts or [len(target)])
    return found - {0}
