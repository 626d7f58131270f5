"""Finding of pictures by the names that label files give them, wherever they lie below a root."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from posixpath import join, normpath
from urllib.parse import unquote

from augkit.cached_attribute import cached_attribute
from augkit.core.normal_form import folded
from augkit.datasets.path_ends import PathEnds
from augkit.errors import FileError

MOST_ALIKE = 1000  # pictures in different folders that have one name
_NOT_PARTS = ("", ".", "..")


class PictureFinder:
    r"""The paths of pictures below a root, and a way from a name to one of them.

    Args:
        paths: of the pictures, posix separators.

    >>> finder = PictureFinder(["images/train/a.jpg", "images/val/a.jpg", "images/val/b.jpg"])
    >>> finder.find("b.jpg"), finder.find(r"C:\data\val\a.jpg")
    ('images/val/b.jpg', 'images/val/a.jpg')
    """

    def __init__(self, paths: Collection[str]) -> None:
        self.paths = paths

    def folder(self, names: Sequence[str], likely: Iterable[str]) -> str | None:
        """Return the first folder that holds all pictures of these names, or else the one that holds most of them.

        Args:
            names: of pictures, as paths from that folder.
            likely: where they may lie, the likeliest first.
        """
        best, most = None, 0
        for folder in likely:
            prefix = f"{folder}/" if folder else ""
            hits = sum(prefix + name in self.paths for name in names)
            if hits > most:
                best, most = folder, hits
            if hits == len(names):
                break
        return best

    def find(self, name: str, folder: str = "", may: Callable[[str], bool] = lambda path: True) -> str:
        """Return the path of a picture.

        Names may be paths from `folder`, from the root, or from anywhere: then the picture is the one whose path ends
        with most of the name. Separators may be those of Windows, letters composed or not and in either case, and
        quoted as in a URL.

        Args:
            name: of the picture.
            folder: where it most likely lies.
            may: says of a picture of that name, whose folder the name does not tell, whether it may be this one.

        Raises:
            FileError: there is none, or there are several.
        """
        if (path := join(folder, name) if folder else name) in self.paths:
            return path
        spelt = dict.fromkeys([name, name.replace("\\", "/"), unquote(name.replace("\\", "/"))])
        for one in spelt:
            for path in (join(folder, one), one):
                if (plain := normpath(path)) in self.paths:
                    return plain
        for one in spelt:
            alike, shared = self._alike(_parts(one))
            if len(alike) > MOST_ALIKE:
                raise FileError(f"must name one picture, got {name!r:.120}, as more than {MOST_ALIKE:,} are called.")
            if found := [path for path in alike if shared > 1 or may(path)]:
                if len(found) > 1:
                    raise FileError(f"must name one picture, got {found[0]!r} and {found[1]!r}.")
                return found[0]
        raise FileError(f"must name a picture that is there, got {name!r:.120}.")

    def _alike(self, parts: list[str]) -> tuple[list[str], int]:
        """Return the paths that end with most of a name's parts, and with how many of them.

        Where the next of these parts is a folder that is there, the picture is missing in it: another is another's.
        """
        most = self._ends.shared(parts)
        if not most or (most < len(parts) and parts[-most - 1] in self._folders):
            return [], 0
        return list(islice(self._ends.ending(parts[-most:]), MOST_ALIKE + 1)), most

    @cached_attribute
    def _ends(self) -> PathEnds:
        return PathEnds((_parts(path), path) for path in self.paths)

    @cached_attribute
    def _folders(self) -> set[str]:
        """The names of all folders that pictures lie in."""
        return {part for path in self.paths for part in _parts(path)[:-1]}


def _parts(name: str) -> list[str]:
    return [folded(part) for part in name.split("/") if part not in _NOT_PARTS]
