"""Second folders: those whose files are called as the pictures of another, and belong to these.

Class folders may well number their pictures alike (``cat/0.png``, ``dog/0.png``), and so may folders of depth, edges or
masks beside one of pictures. Names and content tell together:

1. A folder called ``images``, or another word for it, is no class: every folder beside it that shares half of its
   names or more belongs to it.
2. A folder called ``masks``, ``depth``, ``edges`` or alike that shares nearly all names with another belongs to it if
   what it holds agrees: pictures of the same sizes, which are grey, have a palette or few values where the others are
   photos in colour.
3. A folder of any name belongs to another if it shares nearly all names, two at least, the sizes are the same, and what
   it holds are few numbers, as in masks, where the other's are photos in colour: with three pairs or more, if each
   explains its own picture better than those of others, so that regions of one number are of one colour; with two, if
   they are as low as class numbers are.

All else are classes; where rule 3 fails by its last condition alone, that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit.datasets.folders.mask_content import Look, look_at, spread
from augkit.datasets.folders.pairs import part_of
from augkit.errors import DecodeError, FileError, raise_outage
from augkit.images import decode
from augkit.images.pictures_apart import apart

HALF, NEARLY_ALL = 0.5, 0.9  # of the names of the smaller folder
MOST_FOLDERS = 40  # that are compared by content: data sets of more have classes
FEWEST = 2  # pairs of folders of any name
FEWEST_COMPARED = 3  # pairs, to see whose picture is explained best
MOSTLY, BY_FAR = 0.75, 1.5
SIDE = 48  # pixels, to which pictures are shrunk for that
LEVELS = 8
_COMPANIONS = frozenset(
    word
    for line in (
        "depth depths depthmap depthmaps disparity disparities edges edgemap edgemaps contours boundaries normals",
        "surfacenormals instances instanceids instancemasks segmentationobject flows mattes panoptic heatmaps saliency",
        "saliencymaps semantics skeletons",
    )
    for word in line.split()
)


def second_folders(
    names: Mapping[str, Mapping[str, str]], read: Callable[[str], bytes]
) -> Iterator[tuple[str, str, bool]]:
    """Yield folders whose pictures belong to those of another, each with that other, and whether that is sure.

    Args:
        names: the paths of the pictures of every folder, by what is left of them without the folder and the suffix.
        read: returns what a file holds.
    """
    images = [folder for folder in names if _is_images(folder)]
    if images:
        for folder, paths in sorted(names.items()):
            owner = next((other for other in images if other != folder and _share(paths, names[other]) >= HALF), None)
            if owner is not None and (folder not in images or folder > owner):
                yield folder, owner, True
        return
    if len(names) > MOST_FOLDERS and not any(map(_is_companion, names)):
        return
    if len(names) == 2 and len({frozenset(paths) for paths in names.values()}) == 1:
        first, second = sorted(names)
        stems = [name.rpartition("/")[2] for name in names[first]]
        if len(stems) >= FEWEST and not any(map(str.isdecimal, stems)):  # as class folders number theirs
            yield second, first, False
    looks: dict[str, Look | None] = {}
    for folder, paths in sorted(names.items()):
        if not _is_companion(folder) and len(names) > MOST_FOLDERS:
            continue
        owners = [
            other
            for other, others in sorted(names.items())
            if other != folder and not _is_companion(other) and _share(paths, others) >= NEARLY_ALL
        ]
        if not owners or not (_is_companion(folder) or _may_be_masks(paths, looks, read)):
            continue
        for other in owners:
            is_sure = _belongs(folder, paths, names[other], looks, read)
            if is_sure is not None:
                yield folder, other, is_sure
                return


def _may_be_masks(paths: Mapping[str, str], looks: dict[str, Look | None], read: Callable[[str], bytes]) -> bool:
    """Return whether the first picture of a folder might be a mask."""
    look = _look(paths[min(paths)], looks, read)
    return look is None or (look.is_one_channel and look.is_mask)


def _is_images(folder: str) -> bool:
    role, split, _ = part_of(folder)
    return role == "picture" and split is None


def _is_companion(folder: str) -> bool:
    role, _, _ = part_of(folder)
    return role == "mask" or "".join(filter(str.isalpha, folder.lower())) in _COMPANIONS


def _share(paths: Mapping[str, str], others: Mapping[str, str]) -> float:
    """Return the share of the smaller folder's names that the other has, too."""
    small, large = sorted((paths, others), key=len)
    return len(small.keys() & large.keys()) / len(small)


def _belongs(
    folder: str,
    paths: Mapping[str, str],
    others: Mapping[str, str],
    looks: dict[str, Look | None],
    read: Callable[[str], bytes],
) -> bool | None:
    """Return whether a folder's pictures belong to another's, and None where nothing speaks for it."""
    common = spread(sorted(paths.keys() & others.keys()))
    pairs = [(paths[name], others[name]) for name in common]
    seen: list[Look] = []
    for one, other in pairs:
        first, second = _look(one, looks, read), _look(other, looks, read)
        if first is None or second is None:
            continue
        is_apart = first.is_one_channel or (_is_companion(folder) and first.is_mask)
        if first.size != second.size or not is_apart or second.is_one_channel or not second.is_photo:
            return None
        seen.append(first)
    if not seen:
        return None
    if _is_companion(folder):
        return True
    if len(seen) < FEWEST or not all(one.is_mask for one in seen):
        return None
    return _explains(pairs, read) if len(seen) >= FEWEST_COMPARED else all(one.is_index for one in seen)


def _look(path: str, looks: dict[str, Look | None], read: Callable[[str], bytes]) -> Look | None:
    if path not in looks:
        try:
            looks[path] = apart(path, look_at, read(path))
        except (DecodeError, FileError) as fault:
            raise_outage(fault)
            looks[path] = None
    return looks[path]


def _explains(pairs: Iterable[tuple[str, str]], read: Callable[[str], bytes]) -> bool:
    """Return whether most pictures of one folder explain their own of the other best, and better by far than others."""
    try:
        small = [(apart(one, _regions_in, read(one)), apart(other, _colours_in, read(other))) for one, other in pairs]
    except (DecodeError, FileError) as fault:
        raise_outage(fault)
        return False
    shares = np.array([[_explained(regions, colours) for _, colours in small] for regions, _ in small])
    best = np.mean(np.argmax(shares, axis=0) == np.arange(len(small)))
    own, all_others = np.trace(shares), (shares.sum() - np.trace(shares)) / (len(small) - 1)
    return bool(best >= MOSTLY or (best > HALF and own > BY_FAR * all_others))


def _regions_in(data: bytes) -> NDArray[np.int64]:
    return _regions(decode(data).image)


def _colours_in(data: bytes) -> NDArray[np.float32]:
    return _colours(decode(data).image)


def _regions(image: NDArray[np.generic]) -> NDArray[np.int64]:
    grey = image if image.ndim == 2 else image[..., :3].mean(axis=2)
    shrunk = cv2.resize(grey.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
    values, numbers = np.unique(shrunk, return_inverse=True)
    numbers = numbers.reshape(shrunk.shape)
    return numbers * LEVELS // len(values) if len(values) > LEVELS else numbers


def _colours(image: NDArray[np.generic]) -> NDArray[np.float32]:
    return cv2.resize(image[..., :3].astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)


def _explained(regions: NDArray[np.int64], colours: NDArray[np.float32]) -> float:
    """Return the share of the colours' variance that lies between regions and not within them."""
    flat, numbers = colours.reshape(-1, 3), regions.ravel()
    total = float(((flat - flat.mean(0)) ** 2).sum())
    within = sum(float(((part - part.mean(0)) ** 2).sum()) for part in (flat[numbers == n] for n in np.unique(numbers)))
    return 1.0 - within / total if total > 0 else 0.0
