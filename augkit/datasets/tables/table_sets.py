"""Data sets of tables: which files are tables of pictures, and several that are splits or parts."""

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from io import StringIO

from augkit.core.text_files import text_of
from augkit.datasets.class_folders import class_of
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.folders.mask_places import about_masks_of
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import is_picture, split_of_folder, split_of_path
from augkit.datasets.places import Linked
from augkit.datasets.tables.table_files import Table
from augkit.datasets.tables.tables import TableReader
from augkit.errors import FileError

HEAD_BYTES = 1 << 16
MOST_FILES = 32  # that are looked into, of those that are tables rarely
SPLIT_TABLES = "Splits are those that the names of the tables say: {}."
FOLDERS = "Classes are the folders that pictures lie in: {} has none."
SPLIT_FOLDERS = "Splits are those of the folders that the pictures lie in: {}."


def tables_in(inventory: Inventory, suffixes: tuple[str, ...], names: Sequence[str] = ()) -> list[str]:
    """Return the tables of a data set that name pictures.

    Args:
        inventory: of it.
        suffixes: of the files that may be such.
        names: of the files; any, if there are none.
    """
    found: list[str] = []
    reader, paths = TableReader(inventory), [path for path in inventory.sizes if path.lower().endswith(suffixes)]
    if len(paths) > MOST_FILES:  # a text or a JSON beside each picture
        paths = [path for path in paths if not path.lower().endswith((".txt", ".json"))]
    for path in sorted(paths):
        if (not names or path.rpartition("/")[2].lower() in names) and is_table(reader, path):
            found.append(path)
    return found


def is_table(reader: TableReader, path: str) -> bool:
    """Return whether a file is a table that names pictures; of text without names, with a class each.

    Raises:
        FileError: it cannot be read.
    """
    inventory, lower = reader.inventory, path.lower()
    data = inventory.head(path, HEAD_BYTES)
    is_list = lower.endswith(".json")
    if is_list and not data.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"["):
        return False
    if is_list:
        data = inventory.root.read(path)
    elif inventory.sizes[path] > len(data):  # whole lines
        data = data[: data.rfind(b"\n") + 1]
    try:
        table = reader.table(path, data)
    except FileError:
        return False  # whoever reads the data set says so if it is in the way
    if lower.endswith(".txt") and not _are_pairs(table):
        return False  # a list of files, labels, or prose
    return bool(table.names) and reader.names_pictures(table)


def _are_pairs(table: Table) -> bool:
    """Return whether all lines of a text are pictures with something more."""
    whole = all(not row.fault and any(is_picture(str(cell)) for cell in row.cells.values()) for row in table.rows)
    return len(table.names) > 1 and whole


def read_tables(
    form: str, inventory: Inventory, paths: Sequence[str], load: Callable[[TableReader, str], Table] = TableReader.table
) -> DataSet:
    """Return the data set of one table, or of several that are splits or about different pictures.

    Args:
        form: the name of the format.
        inventory: of the data set.
        paths: of the tables.
        load: returns a table of its path.

    Raises:
        FileError: a table is malformed, or two are about one picture.
    """
    reader, root = TableReader(inventory), inventory.root
    inventory.use(*paths)
    splits = [split_of_path(path) for path in paths]
    is_split = len(paths) > 1 and None not in splits and len(set(splits)) == len(paths)
    if is_split:
        inventory.note(SPLIT_TABLES.format(", ".join(paths)))
    sources: dict[str, Source] = {}
    first: dict[str, str] = {}
    for path, split in zip(paths, splits, strict=True):
        for source in reader.sources(load(reader, path), split if is_split else None):
            if source.id in sources:
                what = f"must name every picture once, got {source.id!r} in {first[source.id]} and in {path}"
                raise FileError(f"{what}. Name the table that is meant.", str(root))
            sources[source.id], first[source.id] = source, path
    made = list(sources.values())
    classes = reader.classes or _class_list(inventory, paths, made)
    if inventory.is_whole:
        made = _split_by_folders(inventory, made)
        made = _classed_by_folders(inventory, made, paths[0])
        _judge_namesakes(inventory, made)
    about = about_masks_of(inventory, made)
    found = DataSet.of(form, root, made, inventory.left_out, classes)
    return replace(found, columns=reader.left_columns(made), about=about)


def _class_list(inventory: Inventory, paths: Sequence[str], sources: Sequence[Source]) -> tuple[str, ...] | None:
    """Return the classes in the order of RetinaNet's file of names and numbers, if there is one."""
    if not inventory.is_whole:
        return None
    needed = {label for source in sources for label in source.box_labels}
    needed |= {source.label for source in sources if isinstance(source.label, str)}
    for path in sorted(path for path in inventory.sizes if path.lower().endswith(".csv") and path not in paths):
        head = inventory.head(path, HEAD_BYTES)
        with suppress(FileError, csv.Error):
            text = text_of(head, path)
            rows = [[cell.strip() for cell in row] for row in csv.reader(StringIO(text)) if row]
            numbers = {row[1]: row[0] for row in rows if len(row) == 2}
            names = [numbers.get(str(number)) for number in range(len(rows))]
            found = tuple(name for name in names if name)
            if rows and len(found) == len(rows) and needed <= set(found):
                inventory.use(path)
                return found
    return None


def _classed_by_folders(inventory: Inventory, sources: list[Source], first: str) -> list[Source]:
    """Return sources with classes after folders, where nothing else says what the pictures show."""
    if any(source.label is not None or source.annotations is not None for source in sources):
        return sources
    labels = [_class_of_folder(source) for source in sources]
    if None in labels or len(set(labels)) < 2:
        return sources
    inventory.note(FOLDERS.format(first))
    return [replace(source, label=label) for source, label in zip(sources, labels, strict=True)]


def _class_of_folder(source: Source) -> str | None:
    """Return the innermost folder of a picture, if it is no split."""
    parts = (_path_of(source)).split("/")[:-1]
    return class_of(parts[-1]) if parts and split_of_folder(parts[-1]) is None else None


def _split_by_folders(inventory: Inventory, sources: list[Source]) -> list[Source]:
    """Return sources in the splits of their folders, where no table says any and every picture lies in one."""
    if any(source.split for source in sources):
        return sources
    found = [_split_of_folders(_path_of(source)) for source in sources]
    if None in found or len(set(found)) < 2:
        return sources
    inventory.note(SPLIT_FOLDERS.format(", ".join(sorted({str(split) for split in found}))))
    return [replace(source, split=split) for source, split in zip(sources, found, strict=True)]


def _split_of_folders(path: str) -> Split | None:
    named = {split for part in path.split("/")[:-1] if (split := split_of_folder(part))}
    return named.pop() if len(named) == 1 else None


def _judge_namesakes(inventory: Inventory, sources: Iterable[Source]) -> None:
    """Note pictures of no table that have the name of one that is in a table: masks, most likely."""
    known = {_path_of(source) for source in sources}
    stems = {_stem(path): path for path in known}
    for path in inventory.pictures.keys() - known - inventory.used:
        other, folder = stems.get(_stem(path)), path.rpartition("/")[0]
        if (
            other is not None
            and other.rpartition("/")[0] != folder
            and not any(map(split_of_folder, folder.split("/")))
        ):
            advice = f"It has the name of {other}. If it is its mask, name it in a column mask."
            inventory.unread("file", path, f"{inventory.root}/{path}", advice)


def _path_of(source: Source) -> str:
    """Return where a picture lies, by the names of folders."""
    place = source.place
    return source.id if place is None else place.path if isinstance(place, Linked) else str(place)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
