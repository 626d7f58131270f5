"""Folders of pictures: one folder a class, or all pictures in one flat folder, with or without splits.

A picture's id is its path below the root, with posix separators; its class is the first folder of that path, however
deep it lies, as it is written (``007``, ``null``) but for what is percent-encoded, as `class_folders` tells it,
and None for a picture that lies in the root itself. Two kinds of folders are no classes: one called ``images`` or alike
that all pictures lie in, and splits (``train``, ``Test``, ``valid``, ``val2017``): where every picture lies in one, at
the top or just below the classes. What was taken so is told; where some pictures lie in splits and others in none, all
are classes, which is told, too.

A folder that holds masks, depth and such of another folder's pictures is no class, but an error: see
`augkit.datasets.folders.second_folders`.

Links to files count as files. Links to folders are not followed, so no loop is walked; hidden files and folders, files
of other kinds and broken links are left out and counted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from augkit.datasets.booked_classes import booked_classes
from augkit.datasets.class_folders import UNLABELED, class_of
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.folders.mask_content import look_at
from augkit.datasets.folders.pairs import is_called_mask, pair, part_of, place_of
from augkit.datasets.folders.second_folders import second_folders
from augkit.datasets.format import ANY_FOLDER, FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import split_of_folder
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError

MOST_LISTED, MOST_LOOKED_AT = 4, 50
Parts = tuple[str, ...]  # the names of the folders of a path


class FolderFormat(Reader, FileWriter):
    """Read a folder of some millions of pictures; write a file a picture: ``[split/][class/]name``."""

    name = "folder"
    summary = "class folders, or a flat folder, with `train`, `val`, `test` above them or not"
    rank = ANY_FOLDER

    def recognises(self, inventory: Inventory) -> bool:
        return inventory.is_whole and inventory.root.is_folder()

    def read(self, inventory: Inventory) -> DataSet:
        root, found = inventory.root, inventory.pictures
        folders = {path.rpartition("/")[0] for path in found}
        layout = _Layout.of(inventory, {folder: _parts(folder) for folder in folders})
        _refuse_second(inventory, layout)
        return DataSet.of(self.name, root, _sources(found.items(), layout), inventory.left_out)

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()


@dataclass(frozen=True)
class _Layout:
    """Classes and splits by folder."""

    labels: dict[str, str | None]
    splits: dict[str, Split | None]

    @classmethod
    def of(cls, inventory: Inventory, folders: dict[str, Parts]) -> "_Layout":
        """Return what the folders that hold pictures mean, and tell of what is not plain.

        Raises:
            FileError: some are splits and others are not.
        """
        left = _without_containers(inventory, folders)
        level = _level_of_splits(inventory, left)
        splits: dict[str, Split | None] = dict.fromkeys(folders)
        if level is not None:
            splits = {folder: split_of_folder(parts[level]) for folder, parts in left.items()}
            names = sorted({parts[level] for parts in left.values()})
            there = [split for split in ("train", "val", "test") if split in splits.values()]
            lack = "" if "train" in there else " None is train, so that nothing is augmented."
            inventory.note(f"Splits are those of the folders {_listed(names)}: {', '.join(there)}.{lack}")
            wrapped = level == 1 and len({parts[0] for parts in left.values()}) == 1
            is_wrapper = wrapped and all(len(parts) > level + 1 for parts in left.values())
            left = {f: parts[2:] if is_wrapper else (*parts[:level], *parts[level + 1 :]) for f, parts in left.items()}
        deep = next((folder for folder, parts in sorted(left.items()) if len(parts) > 1), None)
        if deep is not None:
            note = f"The class of a picture is the first folder: of those in {deep} it is {left[deep][0]}."
            if len({parts[:1] for parts in left.values()}) == 1:
                note += " It is the only one; if the folders below it are the classes, name it as SRC."
            inventory.note(note)
        labels = {folder: parts[0] if parts else None for folder, parts in left.items()}
        if UNLABELED in labels.values():
            inventory.note(f"Pictures in {UNLABELED} have no class, as FiftyOne has it.")
        booked = booked_classes(inventory.root, {label for label in labels.values() if label is not None})
        return cls({folder: _class_of(label, booked) for folder, label in labels.items()}, splits)


def _class_of(top: str | None, booked: Mapping[str, str]) -> str | None:
    return None if top is None or top == UNLABELED else booked.get(top, class_of(top))


def _parts(folder: str) -> Parts:
    return tuple(folder.split("/")) if folder else ()


def _without_containers(inventory: Inventory, folders: dict[str, Parts]) -> dict[str, Parts]:
    """Return the folders without the first of each that is called images, where every picture lies in such a one."""
    places = {folder: _first_container(parts) for folder, parts in folders.items()}
    if not folders or None in places.values():
        return folders
    names = sorted({parts[places[folder] or 0] for folder, parts in folders.items()})
    inventory.note(f"{_listed(names)}: holds all pictures, and is no class.")
    return {
        folder: tuple(part for at, part in enumerate(parts) if at != places[folder])
        for folder, parts in folders.items()
    }


def _first_container(parts: Parts) -> int | None:
    """Return which of a path's folders holds pictures by its name, and is no split."""
    return next((at for at, name in enumerate(parts) if part_of(name)[:2] == ("picture", None)), None)


def _level_of_splits(inventory: Inventory, folders: dict[str, Parts]) -> int | None:
    """Return at which level every folder is in a split; None if there are none."""
    for level in (0, 1):
        found = {folder: parts[level] if len(parts) > level else "" for folder, parts in folders.items()}
        named = {folder: name for folder, name in found.items() if split_of_folder(name)}
        if not named:
            continue
        if len(named) == len(found):
            return level
        odd = min(folder for folder in found if folder not in named)
        first = min(named.values())
        if level == 0 and not odd and not any(found[folder] for folder in found if folder not in named):
            what = f"must lie in a split, as others do in {first!r}, got pictures beside it. Move them into one"
            raise FileError(f"{what}, or {first} into a folder of its own.", str(inventory.root))
        names = _listed(sorted(set(named.values())))
        taken = "all folders are taken for classes" if level == 0 else "they are part of a class"
        note = f"There are no splits: {names} {'is' if len(set(named.values())) == 1 else 'are'} called so"
        note += f", but pictures lie in {odd or 'the root'}, too: {taken}."
        if len({split_of_folder(name) for name in named.values()}) > 1 and odd:
            pattern = odd.partition("/")[0] if level == 0 else odd
            note += f" If that is not meant, move these, or pass --ignore '{pattern}/*'."
        inventory.note(note)
    return None


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more


def _refuse_second(inventory: Inventory, layout: _Layout) -> None:
    """Tell of folders that hold masks, depth and such of another folder's pictures as unread."""
    _refuse_masks_beside(inventory)
    masks = sorted({folder for folder in layout.labels if _is_below_masks(folder)})
    if masks and any(place_of(folder).role == "picture" for folder in layout.labels):
        advice = "It lies beside pictures, but holds no masks of their names, or none without loss: save these as PNG."
        for folder in masks[:MOST_LISTED]:
            inventory.unread("file", f"{folder}/*", str(inventory.root), advice)
        return
    tops: dict[str, dict[str, str]] = {}
    places: dict[str, tuple[str, str] | None] = {folder: _top_and_rest(folder) for folder in layout.labels}
    for path in inventory.pictures:
        folder, _, name = path.rpartition("/")
        if (place := places[folder]) is not None:
            tops.setdefault(place[0], {})[f"{place[1]}{name.rpartition('.')[0] or name}"] = path
    if len(tops) <= 1:
        return
    for folder, owner, is_sure in second_folders(tops, inventory.root.read):
        if not is_sure:
            inventory.note(f"{folder} and {owner} hold pictures of the same names: they are taken for classes.")
            continue
        advice = f"Its pictures are called as those of {owner}: masks must lie in masks/ beside images/."
        first = next(iter(tops[folder].values()))
        above = first[: first.index(f"{folder}/")]
        inventory.unread("file", f"{above}{folder}/*", str(inventory.root), advice)


def _top_and_rest(folder: str) -> tuple[str, str] | None:
    """Return the first name of a folder's path that is no split, and the rest of the path; None of the root."""
    parts = _parts(folder)
    at = next((at for at, part in enumerate(parts) if split_of_folder(part) is None), None)
    return None if at is None else (parts[at], "".join(f"{part}/" for part in (*parts[:at], *parts[at + 1 :])))


def _refuse_masks_beside(inventory: Inventory) -> None:
    """Tell of the few pictures that are called as masks of others beside them, and look as such, as unread."""
    if not any(is_called_mask(path.rpartition("/")[2].rpartition(".")[0]) for path in inventory.pictures):
        return
    for picture, (mask, *_) in list(pair(inventory.pictures).masks.items())[:MOST_LOOKED_AT]:
        looks = [look_at(inventory.root.read(path)) for path in (mask, picture)]
        if looks[0] and looks[1] and looks[0].size == looks[1].size and looks[0].is_mask and looks[1].is_photo:
            inventory.unread("file", mask, f"{inventory.root}/{mask}", f"It looks like a mask of {picture}.")


def _is_below_masks(folder: str) -> bool:
    return place_of(folder).role == "mask"


def _sources(found: Iterable[tuple[str, int]], layout: _Layout) -> Iterator[Source]:
    for path, size in found:
        folder = path.rpartition("/")[0]
        yield Source(path, size, layout.labels[folder], layout.splits[folder])


FORMATS.add("folder", FolderFormat())
