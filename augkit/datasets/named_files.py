"""Files that a table names: found as it writes them, or by the end of their path where that is one file's alone."""

import posixpath
import unicodedata
from collections.abc import Collection
from itertools import islice

from augkit.cached_attribute import cached_attribute
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import is_picture
from augkit.datasets.path_ends import PathEnds
from augkit.errors import FileError
from augkit.storage.trust import inside


class NamedFiles:
    """Finds the files that cells name.

    A path counts from the table's folder, or from the root. Where nothing lies there, it may be the end of a file's
    path (``0.jpg`` for ``images/0.jpg``), or a file's path its end (``/home/me/set/images/0.jpg``, as tables from
    elsewhere have it). A picture may be named without its suffix. Names in another normal form, or in another case, are
    found, too.

    Args:
        inventory: of the data set.
        folder: that the table lies in.
    """

    def __init__(self, inventory: Inventory, folder: str) -> None:
        self.inventory, self.folder = inventory, folder
        self.known: Collection[str] = inventory.sizes

    def find(self, value: str, where: str) -> str | None:
        """Return the path of the file that is meant, or None if it is missing, or could be several.

        Raises:
            FileError: the value leads out of the data set's folder.
        """
        path = value
        for text in dict.fromkeys((value, value.replace("\\", "/"))):
            path = posixpath.normpath(text.removeprefix("file://"))
            for found in (posixpath.normpath(posixpath.join(self.folder, path)), path):
                if found in self.known:
                    return found
        by_end = None if path.startswith("..") else self._by_end(path)
        if by_end is None:
            try:
                inside(posixpath.normpath(posixpath.join(self.folder, path)))
            except FileError as fault:
                raise FileError(fault.message, where) from None
        return by_end

    def picture(self, value: object) -> str | None:
        """Return the path of the picture that a value names, or None if it names none."""
        if not isinstance(value, str) or not value or len(value) > 4096:
            return None
        try:
            found = self.find(value, "")
        except FileError:
            return None
        return found if found is not None and is_picture(found) else None

    def _by_end(self, path: str) -> str | None:
        parts = unicodedata.normalize("NFC", path).split("/")
        small = [part.casefold() for part in parts]
        for ends, wanted in zip(self._ends, (parts, parts, small, small), strict=True):
            fitting = list(islice(ends.ending(wanted), 2))
            if fitting:
                return fitting[0] if len(fitting) == 1 else None
            for count in range(len(wanted) - 1, 0, -1):
                if (found := ends.whole(wanted[-count:])) is not None:
                    return found
        return None

    @cached_attribute
    def _ends(self) -> tuple[PathEnds, ...]:
        """Files, and pictures without suffix, by their ends, as written and in small letters."""
        whole = [(unicodedata.normalize("NFC", path).split("/"), path) for path in self.known]
        bare = [([*parts[:-1], parts[-1].rpartition(".")[0]], path) for parts, path in whole if is_picture(path)]
        small = ([([part.casefold() for part in parts], path) for parts, path in some] for some in (whole, bare))
        return tuple(map(PathEnds, (whole, bare, *small)))
