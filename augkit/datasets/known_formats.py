"""All formats of data sets, from their register: those read and those written, and the texts that name them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from augkit.datasets.data_set import KINDS, DataSet, Kind
from augkit.datasets.format import FORMATS, Format, Reader, Writer
from augkit.errors import ArgumentError, FileError, closest, listed
from augkit.storage.root import Root


def readers() -> list[Reader]:
    """Return the formats that are read, by rank: the first that recognises a place reads it."""
    found = (format for format in FORMATS.values() if isinstance(format, Reader))
    return sorted(found, key=lambda reader: (reader.rank, reader.name))


def writers() -> dict[str, Writer]:
    """Return the formats that are written, by name: plain files first, those for objects alone last."""
    found = [format for format in FORMATS.values() if isinstance(format, Writer)]
    found.sort(key=lambda writer: (writer.is_for_objects, writer.is_packed, writer.rank, writer.name))
    return {writer.name: writer for writer in found}


def read(where: str | os.PathLike[str]) -> DataSet:
    """Read the data set that lies somewhere, in whichever format it is; no picture is opened.

    Args:
        where: a folder, a file (as `file_suffixes` lists them) or the URL of one.

    Raises:
        FileError: it is missing or malformed, or holds no picture.
        MissingExtra: a URL needs fsspec, or Parquet pyarrow, which is not installed.
    """
    root, known = Root.at(where), readers()
    found = next((reader for reader in known if reader.recognises(root)), None)
    if found is None and root.is_file():
        files = listed(file_suffixes())
        raise FileError(f"must be a folder of pictures, or a {files} that names them, got another file.", str(root))
    return (found or known[-1]).read(root)


def is_data_set(where: str | os.PathLike[str]) -> bool:
    """Return whether a data set lies there, and not a single picture, nothing, or something else."""
    root = Root.at(where)
    return any(reader.recognises(root) for reader in readers())


def writer(name: str) -> Writer:
    """Return the format of that name, which is written.

    Raises:
        ArgumentError: there is none.
    """
    known = writers()
    if name not in known:
        raise ArgumentError(f"must be one of {', '.join(known)}, got {name!r}.{closest(name, known)}", "format")
    return known[name]


def file_suffixes() -> list[str]:
    """Return the suffixes of files that are data sets by themselves."""
    return [suffix for reader in readers() for suffix in reader.suffixes]


def kinds_text(kinds: Iterable[Kind]) -> str:
    """Return the kinds of labels as tables list them.

    >>> kinds_text({"polygons", "boxes"}), kinds_text(KINDS), kinds_text(())
    ('boxes, polygons', 'all', 'nothing')
    """
    found = [kind for kind in KINDS if kind in set(kinds)]
    return "all" if len(found) == len(KINDS) else ", ".join(found) or "nothing"


def format_table() -> list[tuple[str, str, str, str]]:
    """Return the table of formats: name, labels read, labels written, and what lies there; a heading first."""
    rows = [("format", "read, beside the class", "written", "what it is")]
    written = writers()
    known: list[Format] = [*written.values(), *(reader for reader in readers() if reader.name not in written)]
    for format in known:
        read = kinds_text(format.reads) if isinstance(format, Reader) else "no"
        holds = kinds_text(format.holds) if isinstance(format, Writer) else "no"
        rows.append((format.name, read, holds, format.summary))
    return rows
