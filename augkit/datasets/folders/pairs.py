"""Pairs of pictures and their masks, by the names of files and folders.

A folder's name may say what lies there (``images``, ``JPEGImages``; ``masks``, ``SegmentationClass``, ``trainannot``),
which split it is, or both. What is left of a path without these, and without an ending such as ``_mask``, is what a
picture and its mask have in common. Beside its picture a mask is known by such an ending alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from augkit.core.normal_form import nfc
from augkit.datasets.data_set import Split
from augkit.datasets.naming import SPLIT_NAMES, is_picture

Role = Literal["picture", "mask", ""]


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Names of folders, small and without what is no letter or digit.
IMAGE_FOLDERS = _words(
    "image images img imgs jpegimages pngimages imagespng imagesjpg imgpng rgb rgbs leftimg8bit inputimages rawimages",
    "originalimages imagefiles input inputs",
)
MASK_FOLDERS = _words(
    "mask masks maskpng maskspng annotation annotations annot annots anno annos label labels labelpng labelspng",
    "labelmask labelmasks labelmap labelmaps gt gts groundtruth groundtruths segmentation segmentations seg segs segm",
    "segmaps segmentationmap segmentationmaps segmentationmask segmentationmasks segmentationclass",
    "segmentationclassaug segmentationclassraw segmentationclasspng",
    "semantic semanticmasks semanticlabels gtfine gtcoarse labelids pedmasks",
    "trimap trimaps maskimages labelimages binarymasks classmasks",
)
_LAST_WORDS: dict[str, Role] = {  # of longer names; a class may be called with_mask, hardly with_masks
    **dict.fromkeys(("images", "imgs", "input", "inputs"), "picture"),
    **dict.fromkeys(("masks", "groundtruth", "annotations", "segmentations"), "mask"),
}
_PLAIN = _words("folder dir data dataset final all")  # say nothing in a folder's name
FARTHER = 10  # than any other ending: folders that differ
BY_STEM = 2 * FARTHER  # and the names of files alone are the same
_TOKENS = re.compile(r"[a-z]+|[0-9]+")
_GLUED = re.compile(r"(training|train|validation|valid|val|testing|test)(.+)")
_WORDS = "masks?|seg|segm|segmentation|labels?|gt|groundtruth|ground_truth|anno|annotation|annot|matte|labelmap"
_MASK_END = re.compile(rf"[_\-. ](?:gt(?:fine|coarse)_label(?:train)?ids|label(?:train)?ids|{_WORDS})$", re.IGNORECASE)
_MASK_START = re.compile(r"^(?:mask|seg|segmentation|label|gt|groundtruth|annotation)[_\-. ]", re.IGNORECASE)
_IN_FOLDER = re.compile(r"[_\-. ](?:[lp]|lab|manual[0-9]*|bw|m)$", re.IGNORECASE)  # endings in a folder of masks alone
_IMAGE_END = re.compile(r"[_\-. ](?:leftimg8bit|sat|image|img|rgb|photo|picture|input|original|raw)$", re.IGNORECASE)
_IMAGE_START = re.compile(r"^(?:image|img|picture|photo|sat|rgb)[_\-. ]", re.IGNORECASE)


class Place(NamedTuple):
    """A folder's path: what lies there, its split, and what else its names say."""

    role: Role
    split: Split | None
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A file's path, taken apart; its stems are those by which it may be known, its own first."""

    path: str
    place: Place
    stem: str


@dataclass
class Pairs:
    """Pictures and masks of a data set.

    Args:
        masks: by picture, the masks that are called after it, the likeliest first.
        pictures: all, with and without masks.
        without_picture: masks.
        others: pictures that lie in neither a folder of pictures nor of masks, where there are such.
        by_ending: masks are known by their own names, and lie beside their pictures.
        loose: pictures that no folder calls so, and whose mask lies elsewhere, known by the file's name alone.
    """

    masks: dict[str, list[str]] = field(default_factory=dict)
    pictures: dict[str, Place] = field(default_factory=dict)
    without_picture: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    by_ending: bool = False
    loose: set[str] = field(default_factory=set)


@lru_cache(maxsize=100_000)
def part_of(name: str) -> tuple[Role, Split | None, bool]:
    """Return what a folder's name says: what lies there, which split it is, and whether it says more than that.

    >>> part_of("train_masks"), part_of("valannot"), part_of("JPEGImages"), part_of("train2017")
    (('mask', 'train', False), ('mask', 'val', False), ('picture', None, False), ('', 'train', False))
    >>> part_of("images_2"), part_of("no_mask")
    (('', None, True), ('', None, True))
    """
    tokens = [token for token in _TOKENS.findall(name.lower()) if token not in _PLAIN]
    splits = [SPLIT_NAMES[token] for token in tokens if token in SPLIT_NAMES]
    rest = "".join(token for token in tokens if token not in SPLIT_NAMES)
    if not splits and (glued := _GLUED.fullmatch(rest)) and _role(glued[2]):
        splits, rest = [SPLIT_NAMES[glued[1]]], glued[2]
    if len(splits) > 1:
        return "", None, True
    split = splits[0] if splits else None
    role = _role(rest)
    if not role and tokens and (last := _LAST_WORDS.get(tokens[-1])):
        role = last
    is_more = not role and not (split and (not rest or rest.isdecimal()))
    return role, None if is_more else split, is_more


def _role(word: str) -> Role:
    return "picture" if word in IMAGE_FOLDERS else "mask" if word in MASK_FOLDERS else ""


@lru_cache(maxsize=100_000)
def place_of(folder: str) -> Place:
    """Return what a folder's path says; the last of several names decides.

    >>> place_of("images/train/aachen"), place_of("annotations/trimaps")
    (Place(role='picture', split='train', others=('aachen',)), Place(role='mask', split=None, others=()))
    """
    role: Role = ""
    split: Split | None = None
    others: list[str] = []
    for name in folder.split("/") if folder else ():
        found, named, is_more = part_of(name)
        role, split = found or role, named or split
        if is_more:
            others.append(nfc(name))
    return Place(role, split, tuple(others))


def has_masks(paths: Iterable[str]) -> bool:
    """Return whether any path may be that of a mask, at little cost."""
    return any(place_of(path.rpartition("/")[0]).role == "mask" or is_called_mask(_stem(path)) for path in paths)


def is_called_mask(stem: str) -> bool:
    """Return whether a file's stem begins or ends as that of a mask that lies beside its picture."""
    return _MASK_END.search(stem) is not None or _MASK_START.match(stem) is not None


def pair(paths: Iterable[str]) -> Pairs:
    """Return which masks belong to which pictures, in order of their paths."""
    named = [Named(path, place_of(path.rpartition("/")[0]), nfc(_stem(path))) for path in sorted(paths)]
    masks = [one for one in named if one.place.role == "mask"]
    rest = [one for one in named if one.place.role != "mask"]
    pairs = Pairs()
    if not masks:
        masks, rest = _beside(rest)
        pairs.by_ending = True
    is_kept_apart = any(one.place.role == "picture" for one in rest)
    pictures = [one for one in rest if one.place.role == "picture" or not is_kept_apart]
    pairs.others = [one.path for one in rest if is_kept_apart and one.place.role != "picture"]
    pairs.pictures = {one.path: one.place for one in pictures}
    index = _Index(pictures)
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for mask in masks:
        level, owners = index.owners(mask)
        if not owners:
            pairs.without_picture.append(mask.path)
        for owner in owners:
            found[owner].append((level, mask.path))
            if level >= BY_STEM and pairs.pictures[owner].role != "picture":
                pairs.loose.add(owner)
    pairs.masks = {
        picture: [path for _, path in sorted(found[picture])] for picture in pairs.pictures if found[picture]
    }
    return pairs


def _beside(named: list[Named]) -> tuple[list[Named], list[Named]]:
    """Return masks that lie beside their pictures and are called so, and the rest."""
    stems = {(one.place, one.stem) for one in named if not is_called_mask(one.stem)}
    stems |= {(place, _IMAGE_START.sub("", _IMAGE_END.sub("", stem))) for place, stem in stems}
    called = [one for one in named if is_called_mask(one.stem)]
    folders = {one.place for one in called if any((one.place, stem) in stems for stem in _mask_stems(one.stem)[1:])}
    masks = [one for one in called if one.place in folders]
    paths = {one.path for one in masks}
    return masks, [one for one in named if one.path not in paths]


class _Index:
    """Pictures by what they have in common with their masks: strictly, without their splits, by their stems alone."""

    def __init__(self, pictures: list[Named]) -> None:
        self.levels: list[dict[tuple[object, ...], list[Named]]] = [defaultdict(list) for _ in range(3)]
        for one in pictures:
            for stem in _image_stems(one.stem):
                for level, key in enumerate(_keys(one.place, stem)):
                    self.levels[level][key].append(one)

    def owners(self, mask: Named) -> tuple[int, list[str]]:
        """Return the pictures that a mask belongs to, and how far its name is from theirs."""
        stems = _mask_stems(mask.stem, is_in_folder=mask.place.role == "mask")
        for level, known in enumerate(self.levels):
            for distance, stem in enumerate(stems):
                found = known.get(_keys(mask.place, stem)[level], [])
                found = [
                    one
                    for one in found
                    if None in (mask.place.split, one.place.split) or level == 0 or one.place.split == mask.place.split
                ]
                if found and (level == 0 or len(found) == 1):
                    same = [one.path for one in found if one.path.rpartition("/")[2] == mask.path.rpartition("/")[2]]
                    return FARTHER * level + distance, same or [one.path for one in found]
        return 0, []


def _keys(place: Place, stem: str) -> tuple[tuple[object, ...], ...]:
    return (place.split, place.others, stem), (place.others, stem), (stem,)


def _image_stems(stem: str) -> list[str]:
    return list(dict.fromkeys((stem, _IMAGE_END.sub("", stem), _IMAGE_START.sub("", stem))))


def _mask_stems(stem: str, is_in_folder: bool = False) -> list[str]:
    """Return the stems that the picture of a mask may have: the mask's own, and without what calls it a mask."""
    plain = stem.rpartition(".")[0] if is_picture(stem) else stem  # of a.jpg.png
    found = [stem, plain, _MASK_END.sub("", plain), _MASK_START.sub("", plain)]
    if is_in_folder:
        found += [_IN_FOLDER.sub("", plain), *(_IMAGE_END.sub("", one) for one in found)]
    return list(dict.fromkeys(found))


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if dot else name


def by_ending(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return files by how their names end, from the last word of their stems on.

    >>> by_ending(["gt/a_1_color.png", "gt/a_2_color.png", "gt/b.png"])
    {'*_color.png': ['gt/a_1_color.png', 'gt/a_2_color.png'], 'gt/b.png': ['gt/b.png']}
    """
    found: dict[str, list[str]] = {}
    for path in paths:
        ending = re.search(r"[_\-.][A-Za-z]+\.[A-Za-z0-9]+$", path.rpartition("/")[2])
        found.setdefault(f"*{ending[0]}" if ending else path, []).append(path)
    return found
