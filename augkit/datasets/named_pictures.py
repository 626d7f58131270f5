"""Pictures that label files name, found among those that are there; and splits that folders say."""

import posixpath
from collections.abc import Iterable

from augkit.core.normal_form import folded, nfc
from augkit.datasets.data_set import Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import split_of_folder

# What folders of pictures are called beside folders of labels.
FOLDERS = ("JPEGImages", "images", "Images", "image", "imgs", "img", "data", "pictures")


class NamedPictures:
    """The pictures of an inventory, by path, name and stem.

    Args:
        inventory: of the data set.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in inventory.pictures:
            name = folded(path.rpartition("/")[2])
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(name.rpartition(".")[0], []).append(path)

    def at(self, *paths: str) -> str | None:
        """Return the first of some paths that is a picture's; backslashes and detours count as what they mean."""
        for path in paths:
            short = posixpath.normpath(path.replace("\\", "/")).lstrip("/") if path else ""
            found = self.inventory.find(short)
            if found is not None and found in self.inventory.pictures:
                return found
        return None

    def called(self, name: str, near: str = "") -> str | None:
        """Return the one picture of a file's name; of several, the one that lies in a folder or nearest above it."""
        return _nearest(self._by_name.get(folded(name), []), near)

    def of_stem(self, stem: str, near: str = "") -> str | None:
        """Return the one picture whose name is that but for its suffix; of several, as `called`."""
        return _nearest(self._by_stem.get(folded(stem), []), near)

    def of_label_file(self, path: str, named: str = "") -> str | None:
        """Return the picture that a label file is about.

        Looked at are its own name beside it and in the usual folders beside its own, then the name that it tells,
        there or from its folder on, and at last the one picture of either name anywhere.

        Args:
            path: of the label file, below the root.
            named: the picture's name or path, as the file tells it; may come from another machine.
        """
        folder, _, name = path.rpartition("/")
        stem = name.rpartition(".")[0]
        told = named.replace("\\", "/").strip()
        last = told.rpartition("/")[2]
        places = list(beside(folder))
        for place in places:
            found = [one for one in self._by_stem.get(folded(stem), []) if nfc(posixpath.dirname(one)) == nfc(place)]
            if len(found) == 1:
                return found[0]
            if len(found) > 1:  # a.jpg and a.png
                return next((one for one in found if folded(posixpath.basename(one)) == folded(last)), found[0])
        by_told = self.at(posixpath.join(folder, told), told, *(posixpath.join(place, last) for place in places))
        return by_told or (self.called(last, folder) if last else None) or self.of_stem(stem, folder)


def beside(folder: str) -> Iterable[str]:
    """Yield the folders where the pictures of a folder of labels may lie, itself first.

    >>> list(beside("VOC2012/Annotations"))[:3]
    ['VOC2012/Annotations', 'VOC2012/JPEGImages', 'VOC2012/images']
    """
    yield folder
    parts = folder.split("/") if folder else []
    for place in range(len(parts) - 1, -1, -1):
        for name in FOLDERS:
            yield "/".join([*parts[:place], name, *parts[place + 1 :]])
    for name in FOLDERS:
        yield posixpath.join(folder, name)
    if parts:
        yield "/".join(parts[:-1])


def _nearest(paths: list[str], near: str) -> str | None:
    """Return the only path, or the one that shares most folders with another; None where several share as many."""
    if len(paths) < 2:
        return paths[0] if paths else None
    shared = sorted((len(posixpath.commonprefix([path.split("/"), near.split("/")])), path) for path in paths)
    return shared[-1][1] if shared[-1][0] > shared[-2][0] else None


def refuse_twins(used: Iterable[str], inventory: Inventory) -> None:
    """Note pictures of other folders that are called as those that are used: masks, depths, or others that say more.

    Args:
        used: paths of pictures that are sources or masks.
        inventory: of the data set.
    """
    if not inventory.is_whole:
        return
    known = set(used)
    stems = {folded(path.rpartition("/")[2].rpartition(".")[0]): path for path in known}
    folders = {path.rpartition("/")[0] for path in known}
    for path in sorted(inventory.pictures.keys() - known - inventory.used):
        folder, _, name = path.rpartition("/")
        twin = stems.get(folded(name.rpartition(".")[0]))
        if twin is not None and folder not in folders:
            advice = f"It holds pictures that are called as others are: {name} as {twin}."
            inventory.unread("file", f"{folder}/*" if folder else path, f"{inventory.root}/{folder}", advice)


def splits_by_folders(paths: Iterable[str], inventory: Inventory) -> dict[str, Split | None]:
    """Return the split of each path, where every one lies in a folder called after one; else none, which is told.

    The outermost such folder counts.
    """
    found: dict[str, Split | None] = {}
    folders: dict[str, None] = {}
    for path in paths:
        named = [(part, split) for part in path.split("/")[:-1] if (split := split_of_folder(part))]
        found[path] = named[0][1] if named else None
        folders |= dict.fromkeys(part for part, _ in named[:1])
    odd = next((path for path, split in found.items() if split is None), None)
    if not folders:
        return found
    if odd is None:
        inventory.note(f"Splits are those of the folders {' and '.join(folders)}.")
        return found
    inventory.note(f"There are no splits: some pictures lie in {' and '.join(folders)}, but {odd!r} does not.")
    return dict.fromkeys(found)
