"""The settings of a data set in YOLO's form."""

from __future__ import annotations

import re
from typing import Any

from augkit.datasets.data_set import Split
from augkit.datasets.naming import SPLIT_NAMES
from augkit.errors import FileError
from augkit.storage.root import Root
from augkit.yaml_file import Document

__all__ = ["Settings", "text_of", "with_quoted_keys"]

_NUMBER_KEY = re.compile(r"(?m)(^\s*|[{,]\s*)([0-9]+)(?=\s*:(\s|$))")  # where a key may begin


def text_of(root: Root, path: str) -> str:
    """Return the text of a file.

    Raises:
        FileError: it cannot be read, or is not UTF-8.
    """
    data = root.read(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = 1 + data.count(b"\n", 0, fault.start)
        what = f"must be UTF-8, got the byte 0x{data[fault.start]:02x}. Save the file as UTF-8."
        raise FileError(what, f"{root}/{path}:{line}") from None


def with_quoted_keys(text: str) -> str:
    """Return YAML whose keys that are numbers are text, as they must be here and are not where others write it.

    >>> with_quoted_keys("names: {0: cat, 1: dog 2}")
    'names: {"0": cat, "1": dog 2}'
    """
    return _NUMBER_KEY.sub(r'\1"\2"', text)


class Settings:
    """What ``data.yaml`` says.

    Attributes:
        name: of the file.
        classes: their names, in order.
        path: the folder that the others are said to lie in, checked no further.
        places: of each split, as they are written.
    """

    def __init__(self, document: Document) -> None:
        self.document, self.name = document, document.name
        data = document.data
        if not isinstance(data, dict) or "names" not in data:
            raise FileError("must name the classes, as names: [cat, dog].", document.where())
        if "kpt_shape" in data:
            what = "must be about boxes or outlines, got kpt_shape. Write keypoints as COCO or a manifest."
            raise FileError(what, document.where(("kpt_shape",)))
        self.classes = self._classes(data["names"])
        if data.get("nc", len(self.classes)) != len(self.classes):
            raise FileError(f"must be the number of names, {len(self.classes)}, got {data['nc']}.", self.where("nc"))
        self.places: dict[Split, list[str]] = {}
        for key, split in SPLIT_NAMES.items():
            if data.get(key):
                self.places.setdefault(split, []).extend(self._places(key))
        path = data.get("path") or ""
        if not isinstance(path, str):
            raise FileError(f"must be a folder, got {path!r}.", self.where("path"))
        self.path = path
        if not self.places:
            raise FileError("must say where pictures lie, as train: images/train.", document.where())

    def where(self, key: str) -> str:
        """Name the line of a key."""
        return self.document.where((key,))

    def _classes(self, names: Any) -> tuple[str, ...]:
        if isinstance(names, dict):
            if set(names) != {str(number) for number in range(len(names))}:
                raise FileError("must number the classes from 0 without a gap.", self.where("names"))
            names = [names[str(number)] for number in range(len(names))]
        if not (isinstance(names, list) and names and len(set(map(str, names))) == len(names)):
            raise FileError("must be a list of names, each one once.", self.where("names"))
        return tuple(map(str, names))

    def _places(self, key: str) -> list[str]:
        value = self.document.data[key]
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(place, str) for place in found):
            raise FileError(f"must be a folder, a text file or a list of them, got {value!r}.", self.where(key))
        return found
