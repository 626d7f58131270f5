"""Folders of pictures: one folder a class, or all pictures in one flat folder, with or without splits above.

A picture's id is its path below the root, with posix separators; its class is the first folder of that path, however
deep it lies, and None for a picture that lies in the root itself. Where every picture lies in a folder named like a
split, and one of these is ``train``, the class is the first folder below it.

Links to files count as files. Links to folders are not followed, so no loop is walked; hidden files and folders, files
of other kinds and broken links are left out and counted.
"""

from collections.abc import Iterable, Iterator

from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError


class FolderFormat(Reader, FileWriter):
    """Read a folder of some millions of pictures; write a file a picture: ``[split/][class/]name``."""

    name = "folder"
    summary = "class folders, or a flat folder, with `train`, `val`, `test` above them or not"
    rank = 1000

    def recognises(self, inventory: Inventory) -> bool:
        return inventory.is_whole and inventory.root.is_folder()

    def read(self, inventory: Inventory) -> DataSet:
        root, found = inventory.root, inventory.pictures
        tops = {path.partition("/")[0] if "/" in path else "" for path in found}
        is_split = "train" in tops and tops - {""} <= SPLIT_NAMES.keys()
        if is_split and "" in tops:
            odd = min(path for path in found if "/" not in path)
            raise FileError(f"must lie in a split, as others do, got {odd!r} beside train. Move it.", str(root))
        return DataSet.of(self.name, root, _sources(found.items(), is_split), inventory.left_out)

    def folder(self, split: Split | None) -> str:
        return f"{split}/" if split else ""

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        return ()


def _sources(found: Iterable[tuple[str, int]], is_split: bool) -> Iterator[Source]:
    kept: dict[str, str] = {}  # one string a class, not one a picture
    for path, size in found:
        top, slash, rest = path.partition("/")
        label, below, _ = rest.partition("/") if is_split else (top, slash, rest)
        name = kept.setdefault(label, label) if below else None
        yield Source(path, size, name, SPLIT_NAMES[top] if is_split else None)


FORMATS.add("folder", FolderFormat())
