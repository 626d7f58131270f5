"""Layout of a YOLO data set: which pictures its settings name, and where the labels of each lie.

A place is a folder, with all below it, or a list of pictures, one a line. It is looked for below the data set's folder,
whatever machine the settings were written on: first as they say, then without the way there, ``/home/bob/set/`` or
``../``. What does not lie there is read where the settings say, if that is on this machine.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from augkit.core.text_files import text_of
from augkit.datasets.data_set import SPLITS, Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.yolo.yolo_settings import Settings
from augkit.errors import FileError, raise_outage
from augkit.storage.root import Folder

TWICE = "a picture that is in a list twice"
MOST_OF_LIST = 1 << 28  # bytes: some millions of names
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def label_path(path: str) -> str:
    """Return where a picture's label file lies, if it has one: the last ``/images/`` is ``/labels/`` there.

    >>> label_path("images/train/images/a.b.jpg")
    'images/train/labels/a.b.txt'
    >>> label_path("pictures/a.jpg")
    'pictures/a.txt'
    """
    folder, images, name = f"/{path}".rpartition("/images/")
    below = f"{folder}/labels/{name}" if images else f"/{path}"
    return posixpath.splitext(below)[0][1:] + ".txt"


def mask_path(path: str, folder: str) -> str:
    """Return where a picture's mask lies, if it has one: the last ``/images/`` is the folder of masks there.

    >>> mask_path("images/train/a.jpg", "masks")
    'masks/train/a.png'
    """
    above, images, name = f"/{path}".rpartition("/images/")
    below = f"{above}/{folder}/{name}" if images else f"/{path}"
    return posixpath.splitext(below)[0][1:] + ".png"


def label_paths(path: str, is_darknet: bool) -> list[str]:
    """Return where a picture's label file may lie, the likeliest place first.

    Args:
        path: of the picture.
        is_darknet: beside the picture, too, and where its ``JPEGImages`` would be ``labels``.
    """
    found = [label_path(path)]
    if is_darknet:
        voc = f"/{path}".replace("/JPEGImages/", "/labels/")[1:]
        found += [f"{posixpath.splitext(place)[0]}.txt" for place in (path, voc)]
    return list(dict.fromkeys(name for place in found for name in (place, f"{place[:-4]}.TXT")))


def label_of(files: Inventory, path: str, is_darknet: bool) -> str | None:
    """Return where a picture's label file lies; None if there is none."""
    return next((found for found in label_paths(path, is_darknet) if found in files.sizes), None)


class Layout:
    """The pictures of a data set.

    Args:
        inventory: of the place that is read.
        settings: of the data set.

    Attributes:
        files: the inventory of the folder that the pictures lie in.
        splits: of every picture that is there, by its path.
        missing: of every picture that a list names and that is not there, its split, and what is wrong.

    Raises:
        FileError: a place is not there, no picture of a list is, or one is in several splits.
    """

    def __init__(self, inventory: Inventory, settings: Settings) -> None:
        self.inventory, self.settings, self.files = inventory, settings, inventory
        self.splits: dict[str, Split] = {}
        self.missing: dict[str, tuple[Split, str]] = {}
        self._ways: list[str] = []  # to the data set on the machine where its lists were written
        odd = self._absent()
        if not odd:
            self._collect()
        if not self.splits and (odd or self.missing) and (above := self._elsewhere()) is not None:
            self.files, self.missing = inventory.at(above), {}
            try:
                self._collect()
            except FileError as complaint:
                raise complaint.at(settings.where) from complaint
            if self.splits:
                inventory.note(f"{settings.where} names pictures that lie elsewhere: they are read below {above}.")
        if odd and not self.splits and not self.missing:
            self.files = inventory
            self._collect_without(odd)
        elif not odd and settings.path and not any(map(self._is_there, self._written(""))):
            inventory.note(f"{settings.where}: path {settings.path} is another place; read is what lies beside it.")
        if settings.is_darknet:
            self._add_unlisted()
        if self.missing and not self.splits:
            _, fault = next(iter(self.missing.values()))
            where, _, what = fault.partition(": ")
            raise FileError(f"{what} None of {len(self.missing):,} pictures is below {self.files.root}.", where)

    def _named(self) -> Iterator[tuple[Split, str]]:
        for split, places in self.settings.places.items():
            yield from ((split, place) for place in places)

    def _absent(self) -> dict[Split, str]:
        """Return the splits of which a place is not there, and that place."""
        return {split: place for split, place in self._named() if self._below(place) is None}

    def _collect_without(self, absent: dict[Split, str]) -> None:
        """Collect what is there: a split may be absent, but the first may not.

        Raises:
            FileError: it is.
        """
        first = next(split for split in SPLITS if split in self.settings.places)
        for split, place in absent.items():
            if split == first:
                what = f"must be a folder or a list below the data set's folder, got {place!r}."
                raise FileError(f"{what} Mend it, or set path: . beside it.", self.settings.line(split))
            self.inventory.note(f"{self.settings.line(split)}: there is no {place}, so that nothing is in {split}.")
        self.settings = replace(
            self.settings, places={split: p for split, p in self.settings.places.items() if split not in absent}
        )
        self._collect()

    def _collect(self) -> None:
        for split in SPLITS:
            places, before = self.settings.places.get(split, ()), len(self.missing)
            found = {path: None for place in places for path in self._pictures(place, split)}
            if found:
                self._add(split, found)
            elif places and len(self.missing) == before:
                self.inventory.note(f"No picture lies in {split}, as {self.settings.where} has it.")

    def _add(self, split: Split, found: dict[str, None]) -> None:
        twice = [path for path in found if path in self.splits]
        if len(twice) == len(found):
            others = " and ".join(sorted({self.splits[path] for path in twice}))
            self.inventory.note(f"{self.settings.line(split)}: its pictures are those of {others}, and stay there.")
        elif twice:
            other = self.splits[twice[0]]
            what = f"must be in one split, got {twice[0]!r} in {other} and {split}. Take it out of one."
            raise FileError(what, self.settings.where)
        self.splits.update(dict.fromkeys(found.keys() - self.splits.keys(), split))

    def _add_unlisted(self) -> None:
        """Add pictures with labels that no list names, where all others of their folder are in one split."""
        homes: dict[str, set[Split]] = {}
        for path, split in self.splits.items():
            homes.setdefault(posixpath.dirname(path), set()).add(split)
        found: dict[str, Split] = {}
        for path in self.files.pictures.keys() - self.splits.keys():
            if len(home := homes.get(posixpath.dirname(path), ())) == 1 and label_of(self.files, path, True):
                found[path] = next(iter(home))
        if found:
            into = " and ".join(sorted(set(found.values())))
            self.inventory.note(
                f"YOLO: pictures with labels that are in no list ({len(found):,}) are in {into}, as their folder is."
            )
            self.splits |= found

    # ---- places

    def _below(self, place: str) -> str | None:
        """Return where a folder or list lies below the root; None if it is not there."""
        return next((path for path in self._tries(place) if self._is_there(path)), None)

    def _tries(self, place: str) -> Iterator[str]:
        folder = self.settings.folder if self.files is self.inventory else ""
        yield from self._written(place)
        bare = re.sub(r"^(\.\./)+", "", f"{place}/")
        yield from (posixpath.join(folder, place), posixpath.join(folder, bare), bare)
        whole = posixpath.join(self.settings.path, place)
        if whole.startswith("/") or _DRIVE.match(whole) or self.settings.is_darknet:
            parts = posixpath.normpath(whole.replace("\\", "/")).split("/")
            for start in range(1, len(parts)):
                yield posixpath.join(folder, *parts[start:])
                yield posixpath.join(*parts[start:])

    def _written(self, place: str) -> Iterator[str]:
        """Yield where a place lies below the root by what is written, if it does."""
        settings, root = self.settings, self.files.root
        whole = posixpath.join(settings.path, place)
        if not isinstance(root, Folder):
            yield posixpath.join(settings.folder, whole)
            return
        here = Path(os.fsdecode(self.inventory.root.lasting)) / settings.folder
        for way in (here / whole, Path(whole).absolute()):
            with suppress(ValueError):  # another drive
                yield Path(os.path.relpath(os.path.normpath(way), os.fsdecode(root.lasting))).as_posix()

    def _is_there(self, path: str) -> bool:
        short = posixpath.normpath(path)
        if short.startswith(("/", "../")) or short == ".." or "\0" in short:
            return False
        files = self.files
        return short == "." or short in files.folders or short in files.sizes or files.root.is_folder(short)

    def _elsewhere(self) -> Folder | None:
        """Return the folder that holds all that the settings name, if they name what is on this machine."""
        settings, root = self.settings, self.inventory.root
        if not isinstance(root, Folder):
            return None
        here = Path(os.fsdecode(root.lasting)) / settings.folder
        for base in (here / settings.path, Path(settings.path).absolute()):
            named = [Path(os.path.normpath(base / place)) for _, place in self._named()]
            if all(map(_exists, named)):
                above = Path(os.path.commonpath([path for place in named for path in _reach(place)]))
                # What holds everything is no data set: it holds these settings as well, or a path says so.
                if len(above.parts) > 1:
                    return Folder(above, root.trust)
        return None

    # ---- pictures

    def _pictures(self, place: str, split: Split) -> Iterator[str]:
        path = posixpath.normpath(self._below(place) or ".")
        if path in self.files.pictures:
            yield path
        elif path in self.files.sizes:
            yield from self._listed(path, split)
        else:
            start = "" if path == "." else f"{path}/"
            yield from (name for name in self.files.pictures if name.startswith(start))

    def _listed(self, path: str, split: Split) -> Iterator[str]:
        """Yield the pictures of a list that are there, and note the others; those that begin with ./ lie beside it."""
        where, seen = f"{self.files.root}/{path}", set[str]()
        if isinstance(self.files.root, Folder) and isinstance(self.inventory.root, Folder):
            at = self.files.root.path / path
            self.inventory.use(Path(os.path.relpath(at, self.inventory.root.path)).as_posix())
        for number, line in enumerate(text_of(self.files.read(path), where).splitlines(), 1):
            if not (name := line.strip()):
                continue
            if "\\" in name and ("/" not in name or _DRIVE.match(name)):
                name = name.replace("\\", "/")
            found = self._entry(name, posixpath.dirname(path))
            if found is None:
                fault = f"{path}:{number}: must name a picture that is there, got {name!r:.200}."
                self.missing.setdefault(self._id(name), (split, fault))
            elif found in seen:
                self.files.left_out[TWICE] += 1
            else:
                seen.add(found)
                yield found

    def _entry(self, name: str, folder: str) -> str | None:
        """Return where a picture of a list lies."""
        settings, pictures = self.settings, self.files.pictures
        bases = (folder,) if name.startswith("./") else (settings.path, settings.folder, folder, "")
        for found in self._joined(bases, name):
            if found in pictures:
                return found
        for way in self._ways:
            if name.startswith(way):
                for found in self._joined((settings.folder, folder, ""), name[len(way) :]):
                    if found in pictures:
                        return found
        parts = name.split("/")
        for start in range(1, len(parts) - 1):  # a name alone might be that of any picture
            rest = "/".join(parts[start:])
            for found in self._joined((settings.folder, folder, ""), rest):
                if found in pictures:
                    self._ways.append(name[: -len(rest)])
                    return found
        return None

    @staticmethod
    def _joined(bases: Iterable[str], name: str) -> list[str]:
        return [posixpath.normpath(posixpath.join(base, name)) for base in bases]

    def _id(self, name: str) -> str:
        """Return what a picture that is missing is called."""
        way = next((way for way in self._ways if name.startswith(way)), "")
        return re.sub(r"^(\.{0,2}/)+", "", posixpath.normpath(name[len(way) :].replace("\0", " "))) or "?"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as fault:  # it may not be looked at, or holds a NUL
        if not isinstance(fault, PermissionError):
            raise_outage(fault, str(path))
        return False


def _bounded(place: Path) -> bytes:
    with place.open("rb") as file:
        data = file.read(MOST_OF_LIST + 1) or b""
    if len(data) > MOST_OF_LIST:
        raise FileError(f"must be a list of at most {MOST_OF_LIST:,} bytes, got more.", str(place))
    return data


def _reach(place: Path) -> Iterator[Path]:
    """Yield folders that a place of this machine needs: its own, those of a list's pictures, and of their labels."""
    folders = {place}
    if place.is_file():
        lines = _bounded(place).decode("utf-8", "replace").splitlines()
        folders = {place.parent, *(Path(line.strip()).parent for line in lines if line.startswith("/"))}
    for folder in filter(_exists, folders):
        yield folder
        yield Path("/", label_path(f"{folder.as_posix()}/x".lstrip("/"))).parent


def folders_of(paths: Iterable[str]) -> set[str]:
    """Return the folders that files lie right in."""
    return {posixpath.dirname(path) for path in paths}


def note_second_folder(files: Inventory, sources: Sequence[str], others: Iterable[str]) -> None:
    """Note pictures that stand to those of the data set as masks do: of the same names, in a folder beside theirs.

    Args:
        files: where all of them lie.
        sources: paths of the data set's pictures.
        others: paths of the other pictures.
    """
    known = {_short(path, "images") for path in sources}
    for path in others:
        for folder in set(posixpath.dirname(path).split("/")) - {"images"}:
            if _short(path, folder) in known:
                advice = "It has the name of a picture, as masks have."
                files.unread("file", path, f"{files.root}/{path}", advice)
                break


def _short(path: str, folder: str) -> str:
    """Return a path without its suffix and the last folder of that name."""
    above, found, below = f"/{path}".rpartition(f"/{folder}/")
    return posixpath.splitext(f"{above}/{below}" if found else f"/{path}")[0]
