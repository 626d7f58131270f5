"""Tables as data sets: pictures that rows name, and what these say; see `table_rows` and `table_columns`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from augkit.core.arrays import Json
from augkit.datasets.data_set import Source, Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_files import NamedFiles
from augkit.datasets.naming import is_picture
from augkit.datasets.tables.table_columns import KNOWN, image_column, roles_of
from augkit.datasets.tables.table_files import Table, table_of
from augkit.datasets.tables.table_rows import Described, Rows, text_of_cell
from augkit.errors import FileError
from augkit.storage.web_files import is_url


class TableReader:
    """Reads tables of one data set.

    Args:
        inventory: of the data set; the tables are in use.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.columns: dict[str, dict[str, str]] = {}
        self.classes: tuple[str, ...] | None = None
        self._files: dict[str, NamedFiles] = {}

    def files(self, folder: str) -> NamedFiles:
        """Return what finds the files that a table in a folder names."""
        return self._files.setdefault(folder, NamedFiles(self.inventory, folder))

    def table(self, path: str, data: bytes | None = None) -> Table:
        """Return the table in a file, of which the content may be known.

        Raises:
            FileError: it is none.
        """
        files = self.files(path.rpartition("/")[0])
        where = f"{self.inventory.root}/{path}"

        def names_picture(cell: str) -> bool:
            return is_picture(cell) or _asks(files)(cell)

        return table_of(self.inventory.root.read(path) if data is None else data, path, where, names_picture, KNOWN)

    def rows(self, table: Table, image: str | None = None) -> Rows:
        """Return what reads a table's rows, given the column of pictures where it is known; see `roles_of`."""
        files = self.files(table.folder)
        where = f"{self.inventory.root}/{table.path}"
        return Rows(self.inventory, table, roles_of(table, self.inventory, _asks(files), where, image), files)

    def names_pictures(self, table: Table) -> bool:
        """Return whether a column of a table, or of its beginning, names pictures that are there."""
        files, where = self.files(table.folder), table.path
        try:
            found = image_column(table, [name for name in table.names if name], _asks(files), where)
        except FileError:
            return False
        return any(map(_asks(files), table.column(found)))

    def sources(self, table: Table, split: Split | None = None) -> list[Source]:
        """Return the pictures of a table.

        Args:
            table: as `table` returns it.
            split: of all of them, where the table does not say it itself.

        Raises:
            FileError: a picture cannot be told, or none of them is there.
        """
        if not table.rows and not table.names:
            if not table.is_typed:
                raise FileError("must have a column image, got none.", f"{self.inventory.root}/{table.path}:1")
            return []
        rows = self.rows(table)
        pictures = rows.pictures()
        if pictures and all(picture.path is None for picture in pictures):
            what = f"must have its pictures beside it, got none of {len(pictures):,}, such as {pictures[0].named!r}"
            advice = "Pass --allow-urls to read them from there." if is_url(pictures[0].named) else "Copy them there."
            raise FileError(f"{what}. {advice}", f"{self.inventory.root}/{table.path}")
        self.classes = rows.roles.hot or self.classes
        return self.made(rows, pictures, split)

    def made(self, rows: Rows, pictures: Sequence[Described], split: Split | None) -> list[Source]:
        """Return pictures as sources, and keep what is left of their rows.

        Raises:
            FileError: each of them has a fault.
        """
        sources = [rows.source(picture, split) for picture in pictures]
        if sources and all(source.fault for source in sources):
            place, _, reason = sources[0].fault.partition(": ")
            raise FileError(reason, f"{self.inventory.root}/{place}")
        for source, picture in zip(sources, pictures, strict=True):
            for column, value in picture.left.items():
                self.columns.setdefault(column, {})[source.id] = text_of_cell(value)
        return sources

    def left_columns(self, sources: Iterable[Source]) -> dict[str, tuple[str, ...]]:
        """Return what was left of the tables, one text a source in the order of their ids."""
        ids = sorted(source.id for source in sources)
        return {column: tuple(texts.get(id, "") for id in ids) for column, texts in sorted(self.columns.items())}


def _asks(files: NamedFiles) -> Callable[[Json], bool]:
    follows_urls = files.inventory.root.trust.urls
    return lambda cell: files.picture(cell) is not None or (follows_urls and is_url(cell))
