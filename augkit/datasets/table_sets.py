"""Data sets of tables: which files are tables of pictures, and several that are splits or parts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.mask_places import about_masks_of
from augkit.datasets.naming import split_of_folder, split_of_path
from augkit.datasets.table_files import Table
from augkit.datasets.tables import TableReader
from augkit.errors import FileError

HEAD_BYTES = 1 << 16
SPLIT_TABLES = "Splits are those that the names of the tables say: {}."
SPLIT_FOLDERS = "Splits are those of the folders that the pictures lie in: {}."


def tables_in(inventory: Inventory, suffixes: tuple[str, ...], names: Sequence[str] = ()) -> list[str]:
    """Return the tables of a data set that name pictures.

    Args:
        inventory: of it.
        suffixes: of the files that may be such.
        names: of the files; any, if there are none.
    """
    found: list[str] = []
    reader = TableReader(inventory)
    for path in sorted(path for path in inventory.sizes if path.lower().endswith(suffixes)):
        if names and path.rpartition("/")[2].lower() not in names:
            continue
        try:
            data = inventory.head(path, HEAD_BYTES)
            if inventory.sizes[path] > len(data):  # whole lines
                data = data[: data.rfind(b"\n") + 1]
            table = reader.table(path, data)
            if table.names and reader.names_pictures(table):
                found.append(path)
        except FileError:
            continue  # not a table; whoever reads the data set says so if it is in the way
    return found


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
    if inventory.is_whole:
        made = _split_by_folders(inventory, made)
        _judge_namesakes(inventory, made)
    about = about_masks_of(inventory, made)
    found = DataSet.of(form, root, made, inventory.left_out, reader.classes)
    return replace(found, columns=reader.left_columns(made), about=about)


def _split_by_folders(inventory: Inventory, sources: list[Source]) -> list[Source]:
    """Return sources in the splits of their folders, where no table says any and every picture lies in one."""
    if any(source.split for source in sources):
        return sources
    found = [_split_of_folders(source.id if source.place is None else str(source.place)) for source in sources]
    if None in found or len(set(found)) < 2:
        return sources
    inventory.note(SPLIT_FOLDERS.format(", ".join(sorted({str(split) for split in found}))))
    return [replace(source, split=split) for source, split in zip(sources, found, strict=True)]


def _split_of_folders(path: str) -> Split | None:
    named = {split for part in path.split("/")[:-1] if (split := split_of_folder(part))}
    return named.pop() if len(named) == 1 else None


def _judge_namesakes(inventory: Inventory, sources: Iterable[Source]) -> None:
    """Note pictures of no table that have the name of one that is in a table: masks, most likely."""
    known = {source.id if source.place is None else str(source.place) for source in sources}
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


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
