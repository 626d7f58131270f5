"""Inventory of a data set's place: its files, what a reader has made of them, and what nobody has read.

The law: whatever looks like an annotation and is not read is an error that names it, unless ``--ignore`` says that it
may be left. A reader takes files out of the inventory, tells it of columns and keys that it does not understand, and
at the end the inventory says what is left.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, Self

from augkit.cached_attribute import cached_attribute
from augkit.core.normal_form import nfc
from augkit.datasets.naming import is_picture
from augkit.errors import DecodeError, FileError
from augkit.images import kind_of, upright_size
from augkit.images.file_kinds import HEAD_BYTES
from augkit.storage.remote_files import forget_listings
from augkit.storage.root import FILE_LINK, Archive, Root, Url
from augkit.storage.stamps import Stamp
from augkit.storage.stores import path_below

Kind = Literal["file", "column", "key"]

# Labels come in these; other files, such as programs and films, are counted as no pictures.
_SUFFIXES = (
    "txt json jsonl ndjson geojson csv tsv xml yaml yml parquet arrow feather npy npz mat pkl pickle h5 hdf5 tfrecord",
    "tfrecords record rec idx lst lmdb mdb db sqlite sqlite3 xls xlsx ods names data pbtxt proto toml ini bbox pts ann",
    "gt label labels mask cls tar tgz zip gz bz2 xz zst 7z",
)
LABEL_SUFFIXES = frozenset(f".{suffix}" for line in _SUFFIXES for suffix in line.split())
DOCUMENTS = ("readme", "license", "licence", "copying", "notice", "changelog", "citation", "authors", "attribution")
JUNK = frozenset(("thumbs.db", "desktop.ini", "dataset_infos.json", "requirements.txt"))
UNNAMED, NO_PICTURE, DOCUMENT = "a picture without an entry", "no picture by its name", "documentation"
# Kinds of pictures whose first bytes are long enough, and those of which the header must be whole.
_SURE, _BRIEF = ("jpeg", "png", "webp", "gif", "tiff", "avif", "heif", "dicom"), ("bmp", "pbm", "pgm", "ppm")
PROBED_BYTES = 65_536
MOST_LOOKED_AT = 20
MOST_NAMED = 3  # of several things that are not read


class Unread(NamedTuple):
    """A thing that looks like an annotation and was not read."""

    kind: Kind
    name: str
    where: str
    advice: str


class Inventory:
    """The files of a data set's place, and what is made of them.

    Args:
        place: a folder, or a file that is a data set by itself.
        ignore: patterns, as `fnmatch` has them, of files (their paths below the root, or their names), columns and
            keys that may be left; a key is also known by its path, such as ``annotations.score``.
        columns: of a table, that the caller reads by itself.
        out: the path or URL of a folder whose files are none of the data set's, where that is a file
            and the folder lies beside it.
    """

    def __init__(
        self, place: Root, ignore: Sequence[str] = (), columns: Iterable[str] = (), out: str | None = None
    ) -> None:
        self.file: str | None = None
        self.root, self.place = place, place
        lies = place.file if isinstance(place, Archive) else place
        if isinstance(lies, Url):
            forget_listings(lies.url)  # an earlier reading's may be others now
        if place.is_file():
            self.root, self.file = place.above()
        self.out = path_below(str(self.root), out) if out and self.file is not None else None
        self.patterns, self.columns = tuple(ignore), frozenset(columns)
        self.left_out: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self.links: Counter[str] = Counter()  # to files, below each root
        self.notes: dict[str, None] = {}
        self.used: set[str] = set()
        self.stamps: dict[str, Stamp] = {}
        self._unread: dict[tuple[Kind, str], Unread] = {}

    def stamp(self, path: str) -> None:
        """Remember a file that holds pictures beside something else as it is before it is read."""
        self.stamps[path] = self.root.stamp(path)

    @property
    def is_whole(self) -> bool:
        """Whether all that lies below the root is meant, and not one file and what it names."""
        return self.file is None

    @cached_attribute
    def sizes(self) -> dict[str, int]:
        """Every file below the root but those to be ignored: its size in bytes by its path, posix separators."""
        hidden: Counter[str] = Counter()
        found = {path: size for path, size in self.root.walk(hidden) if self._is_meant(path)}
        self.links[str(self.root)] = hidden.pop(FILE_LINK, 0)
        if self.is_whole:
            self.left_out += hidden
        return found

    def _is_meant(self, path: str) -> bool:
        if path == self.file:
            return True
        return not (self.out is not None and path.startswith(f"{self.out}/")) and not self._ignored(path)

    @cached_attribute
    def pictures(self) -> dict[str, int]:
        """Those files that are pictures by their names, or by their content where the name says nothing."""
        named = {path: size for path, size in self.sizes.items() if is_picture(path)}
        found = list(self._unnamed_pictures(sorted(self.sizes.keys() - named.keys()))) if self.is_whole else []
        if not found:
            return named
        files = f"{len(found):,} files are pictures" if len(found) > 1 else "One file is a picture"
        self.note(f"{files} by content, and not by name: {found[0]!r}{' first' * (len(found) > 1)}.")
        known = named.keys() | set(found)
        return {path: size for path, size in self.sizes.items() if path in known}

    def _unnamed_pictures(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield the files whose suffixes mean nothing here that begin as pictures do.

        Of a suffix whose first files are none, the others are not looked at: it may be that of a million films.
        """
        others, pictures = Counter[str](), set[str]()
        for path in paths:
            _, dot, suffix = path.rpartition("/")[2].lower().rpartition(".")
            kind = f"{dot}{suffix}" if dot else ""
            if kind in LABEL_SUFFIXES or not self.sizes[path]:
                continue
            if kind and kind not in pictures and others[kind] >= MOST_LOOKED_AT:
                continue
            if self._begins_as_picture(path):
                pictures.add(kind)
                yield path
            else:
                others[kind] += 1

    def _begins_as_picture(self, path: str) -> bool:
        with suppress(DecodeError):
            kind = kind_of(self.head(path, HEAD_BYTES))
            return kind in _SURE or (kind in _BRIEF and min(upright_size(self.head(path, PROBED_BYTES))) > 0)
        return False

    @cached_attribute
    def folders(self) -> dict[str, set[str]]:
        """The names of files and folders right in every folder that holds files, by its path; the root is ``""``."""
        found: dict[str, set[str]] = {"": set()}
        for path in self.sizes:
            while True:
                folder, _, name = path.rpartition("/")
                is_known = folder in found
                found.setdefault(folder, set()).add(name)
                if is_known or not folder:
                    break
                path = folder
        return found

    def find(self, path: str) -> str | None:
        """Return the path, as it is written, of the file that a text names in any normal form of Unicode, or None."""
        return path if path in self.sizes else None if path.isascii() else self._composed.get(nfc(path))

    @cached_attribute
    def _composed(self) -> dict[str, str]:
        return {nfc(path): path for path in sorted(self.sizes, reverse=True) if not path.isascii()}

    def names(self, folder: str = "") -> list[str]:
        """Return the names of files and folders right in a folder, sorted; none if there is no such folder."""
        return sorted(self.folders.get(folder, ()))

    def head(self, path: str, count: int = 4096) -> bytes:
        """Return the beginning of a file that is there.

        Raises:
            FileError: it cannot be read.
        """
        return self.root.read(path, 0, min(count, self.sizes[path]))

    def read(self, path: str) -> bytes:
        """Return what a file holds, which counts as read.

        Raises:
            FileError: it cannot be read.
        """
        self.use(path)
        return self.root.read(path)

    def use(self, *paths: str) -> None:
        """Note that files were read, or say nothing of their own."""
        self.used.update(paths)

    def ignores(self, name: str, kind: Kind = "key") -> bool:
        """Return whether a column or key, or a file that may be missing, is to be ignored; then it is counted."""
        return self._ignored(name, "/" if kind == "file" else ".")

    def at(self, root: Root) -> Self:
        """Return the inventory of another place that the data set's files name; both tell what they find as one."""
        found = type(self)(root, self.patterns, self.columns)
        found.left_out, found.ignored, found.notes, found.links = self.left_out, self.ignored, self.notes, self.links
        found._unread = self._unread
        return found

    def unread(self, kind: Kind, name: str, where: str, advice: str = "") -> None:
        """Note a thing that looks like an annotation and is not read; unless it is ignored, `checked` refuses it.

        Args:
            kind: of thing.
            name: its path below the root, or that of a key from the outermost on, ``annotations.score``.
            where: the file that holds a column or key, and the line if any.
            advice: what to do, if there is more than to ignore it.
        """
        if (kind, name) not in self._unread and not self.ignores(name, kind):
            self._unread[kind, name] = Unread(kind, name, where, advice)

    def note(self, sentence: str) -> None:
        """Note what the user is to be told."""
        self.notes[sentence] = None

    def require_all_read(self, pictures: Iterable[str]) -> None:
        """Refuse what was not read.

        Args:
            pictures: paths of the pictures that are sources, or parts of such.

        Raises:
            FileError: it names the first of what is left, says how many there are, and what to do.
        """
        if self.is_whole:
            self._judge_files(self.used.union(pictures))
        unused = [pattern for pattern in self.patterns if not self.ignored[pattern]]
        if unused:
            self.note(f"Nothing is called {' or '.join(unused)}, as --ignore has it.")
        if not self._unread:
            return
        found = list(self._unread.values())
        first = found[0]
        names = ", ".join(repr(one.name) for one in found[:MOST_NAMED])
        more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
        what = f"must be read as labels, but {names}{more} {'is' if len(found) == 1 else 'are'} not understood."
        kinds = " ".join(dict.fromkeys(one.advice for one in found[:MOST_NAMED] if one.advice))
        advice = f"{kinds} See augkit formats for what is read, or pass --ignore {_pattern(found)!r}.".strip()
        raise FileError(f"{what} {advice}", first.where)

    def _judge_files(self, known: set[str]) -> None:
        for path in sorted(self.sizes.keys() - known):
            name = path.rpartition("/")[2].lower()
            stem, dot, suffix = name.rpartition(".")
            if path in self.pictures:
                self.left_out[UNNAMED] += 1
            elif name in JUNK or (stem or suffix).startswith(DOCUMENTS):
                self.left_out[DOCUMENT] += 1
            elif f"{dot}{suffix}" in LABEL_SUFFIXES:
                self.unread("file", path, f"{self.root}/{path}", self._advice(path))
            else:
                self.left_out[NO_PICTURE] += 1

    def _advice(self, path: str) -> str:
        return "It has the name of a picture." if path.rpartition(".")[0] in self._picture_stems else ""

    @cached_attribute
    def _picture_stems(self) -> frozenset[str]:
        return frozenset(path.rpartition(".")[0] for path in self.pictures)

    def _ignored(self, name: str, separator: str = "/") -> bool:
        last = name.rpartition(separator)[2]
        for pattern in self.patterns:
            if fnmatchcase(name, pattern) or fnmatchcase(last, pattern):
                self.ignored[pattern] += 1
                return True
        return False


def _pattern(found: Sequence[Unread]) -> str:
    """Return the shortest pattern that names all that is left, or the name of the first."""
    # Of pictures, a suffix is that of others, too: of those that are read.
    suffixes = {one.name.rpartition(".")[2] for one in found if one.kind == "file"}
    if len(found) > 1 and len(suffixes) == 1 and all(one.kind == "file" and not is_picture(one.name) for one in found):
        return f"*.{suffixes.pop()}"
    return found[0].name
