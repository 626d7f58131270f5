"""Segmentation folders: pictures, and a mask of class numbers or colours for each.

There is no one standard; read is what `augkit.datasets.folders.pairs` pairs: ``images/`` beside ``masks/`` and all that
people call these, splits above or below them, or masks beside their pictures, ``a.jpg`` and ``a_mask.png``. References
are the data sets themselves: CamVid (``train``, ``trainannot``; ``class_dict.csv``), Cityscapes (``leftImg8bit``,
``gtFine``), ADE20K (``images/training``, ``annotations/training``), Pascal VOC's ``JPEGImages`` and
``SegmentationClass``, exports of Roboflow and CVAT. Names propose, content decides: masks must look like masks.

Class numbers are the values of a mask of one channel or the indices of its palette, kept as they are, 255 for what is
ignored among them. Colours become numbers by the file that lists them, or else in their order, black first.

Written are ``[split/]images/[class/]name``, ``[split/]masks/[class/]name.png`` of one channel, and ``classes.csv``
(number, name, r, g, b) where names or colours are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from augkit.datasets.data_set import Annotations, DataSet, Source, Split
from augkit.datasets.folders.mask_classes import MaskClasses, classes_of, described, is_called_classes
from augkit.datasets.folders.mask_content import about_masks, look_at, spread
from augkit.datasets.folders.pairs import Pairs, Place, by_ending, has_masks, pair
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError

MOST_LISTED = 3
SECOND = "It holds further pictures of the same names."


class SegmentationFormat(Reader, FileWriter):
    """Read folders of pictures and masks; write them with their masks as PNG of one channel."""

    name = "segmentation"
    summary = "segmentation folders: `images/` and `masks/`, or `a.jpg` and `a_mask.png`"
    rank = 70
    names_masks = True
    reads = holds = frozenset(("masks",))

    def recognises(self, inventory: Inventory) -> bool:
        if not inventory.is_whole or not has_masks(inventory.pictures):
            return False
        pairs = pair(inventory.pictures)
        return bool(pairs.masks) and _are_masks(inventory, pairs)

    def read(self, inventory: Inventory) -> DataSet:
        root, pairs = inventory.root, pair(inventory.pictures)
        chosen = {picture: masks[0] for picture, masks in pairs.masks.items()}
        for picture, masks in pairs.masks.items():
            for mask in masks[1:]:
                if mask not in chosen.values():
                    advice = f"{picture} has a mask already, {masks[0]}."
                    inventory.unread("file", mask, f"{root}/{mask}", advice)
        _refuse_others(inventory, pairs, set(chosen.values()))
        inventory.use(*chosen.values())
        classes = _classes(inventory)
        about = about_masks(set(chosen.values()), inventory.head, inventory.read, classes, inventory.note, str(root))
        splits = _splits(inventory, pairs)
        sources = list(_sources(inventory, pairs, chosen, splits))
        found = DataSet.of(self.name, root, sources, inventory.left_out)
        return replace(found, about=about)

    def folder(self, split: Split | None) -> str:
        return f"{split}/images/" if split else "images/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        if mask is not None:
            above = f"{part.split}/" if part.split else ""
            yield f"{above}masks/{record.name.rpartition('.')[0]}.png", mask

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        content = described(whole.about)
        if content is not None:
            yield "classes.csv", [content]


def _are_masks(inventory: Inventory, pairs: Pairs) -> bool:
    """Return whether what is called masks looks like masks, as far as some of them show, and is not an exception."""
    if pairs.by_ending and 2 * len(pairs.masks) < len({p for p in pairs.pictures if _is_beside(p, pairs)}):
        return False
    looks = {path: look_at(inventory.root.read(pairs.masks[path][0])) for path in spread(list(pairs.masks))}
    known = [(path, look) for path, look in looks.items() if look is not None]
    fitting = [
        look for path, look in known
        if look.is_mask or (look.is_exact and look.is_one_channel and path not in pairs.loose)
    ]  # fmt: skip
    soft = sum(not look.is_mask for look in fitting)
    if 2 * soft > len(known):
        first = pairs.masks[known[0][0]][0]
        inventory.note(f"Masks such as {first} have many values, more than classes have: they are kept as they are.")
    return 2 * len(fitting) >= len(known)


def _is_beside(picture: str, pairs: Pairs) -> bool:
    """Return whether a picture lies in a folder with some that have masks."""
    return pairs.pictures[picture] in {pairs.pictures[other] for other in pairs.masks}


def _refuse_others(inventory: Inventory, pairs: Pairs, used: set[str]) -> None:
    """Tell of masks without pictures, and of further pictures of the same names, as unread."""
    root, known = inventory.root, (*used, *pairs.pictures)
    for pattern, paths in sorted(by_ending(pairs.without_picture).items()):
        if len(paths) > 1 and not any(path.endswith(pattern[1:]) for path in known):
            inventory.unread("file", pattern, str(root), f"They are {len(paths):,} masks that have no picture.")
            continue
        for path in paths:
            inventory.unread("file", path, f"{root}/{path}", "It is a mask that has no picture.")
    stems, folders = {_stem(path) for path in pairs.pictures}, dict[str, list[str]]()
    for path in pairs.others:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    for folder, paths in sorted(folders.items()):
        if any(_stem(path) in stems for path in paths):
            inventory.unread("file", f"{folder}/*" if folder else paths[0], str(root), SECOND)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def _classes(inventory: Inventory) -> MaskClasses | None:
    """Return the classes that files give; files that are not understood stay unread."""
    found: MaskClasses | None = None
    first = ""
    for path in sorted(inventory.sizes, key=lambda path: (path.count("/"), path)):
        if path in inventory.pictures or not is_called_classes(path):
            continue
        classes = classes_of(inventory.read(path), f"{inventory.root}/{path}")
        if found is None or (classes != found and classes.names == found.names and not found.has_colours):
            found, first = classes, path  # names.txt, then colours
        elif classes != found and not (classes.names == found.names and not classes.has_colours):
            raise FileError(f"must name the same classes as {first}, got others.", f"{inventory.root}/{path}")
    return found


def _splits(inventory: Inventory, pairs: Pairs) -> dict[str, Split | None]:
    """Return the split of every picture, where all lie in one.

    Raises:
        FileError: several splits have pictures, and some picture lies in none.
    """
    splits = {path: place.split for path, place in pairs.pictures.items()}
    named = {split for split in splits.values() if split}
    odd = next((path for path, split in splits.items() if split is None), None)
    if named and odd is not None and len(named) > 1:
        what = f"must lie in a split as others do ({', '.join(sorted(named))}), got {odd!r} in none. Move it."
        raise FileError(what, str(inventory.root))
    if named and odd is not None:
        inventory.note(f"There are no splits: some pictures lie in {named.pop()}, but {odd!r} does not.")
        return dict.fromkeys(splits)
    if named:
        folders = sorted({path.rpartition("/")[0] for path in splits})
        inventory.note(f"Splits are those of the folders {_listed(folders)}.")
    return splits


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _sources(
    inventory: Inventory, pairs: Pairs, chosen: dict[str, str], splits: dict[str, Split | None]
) -> Iterator[Source]:
    labels = {_label(place) for place in pairs.pictures.values()}
    has_classes = len(labels) > 1  # one folder around all says nothing
    complete = {path.rpartition("/")[0] for path in chosen}
    bare: dict[str, int] = {}
    for path, place in pairs.pictures.items():
        mask, folder, fault = chosen.get(path), path.rpartition("/")[0], ""
        if mask is None and folder in complete:
            fault = f"{path}: must have a mask, as others beside it do, got none of its name."
        elif mask is None:
            bare[folder] = bare.get(folder, 0) + 1
        label = _label(place) if has_classes else None
        annotations = None if mask is None else Annotations({}, mask)
        yield Source(path, inventory.sizes[path], label, splits[path], annotations=annotations, fault=fault)
    if bare:
        count = sum(bare.values())
        inventory.note(f"{count:,} pictures have no mask, none in {_listed(sorted(bare))}: they are kept without one.")
    if has_classes:
        inventory.note(f"Classes are the folders {_listed(sorted(str(label) for label in labels - {None}))}.")


def _label(place: Place) -> str | None:
    """Return the class of a folder: the first of its names that says neither what lies there nor a split."""
    return place.others[0] if place.others else None


FORMATS.add("segmentation", SegmentationFormat())
