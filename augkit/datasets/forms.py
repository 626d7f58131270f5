"""Every form of data set that is read, and every one that is written."""

from __future__ import annotations

import os

from augkit.datasets.coco import CocoReader, CocoWriter
from augkit.datasets.data_set import DataSet
from augkit.datasets.folder import FolderReader, FolderWriter
from augkit.datasets.form import Reader, Writer
from augkit.datasets.manifest import ManifestReader
from augkit.datasets.parquet import ParquetReader, ParquetWriter
from augkit.datasets.webdataset import WebDatasetReader, WebDatasetWriter
from augkit.datasets.yolo import YoloReader, YoloWriter
from augkit.errors import ArgumentError, FileError, closest
from augkit.storage.root import Root

__all__ = ["READERS", "WRITERS", "is_data_set", "read", "writer"]

READERS: tuple[Reader, ...] = (
    *(ManifestReader(), CocoReader(), YoloReader()),
    *(WebDatasetReader(), ParquetReader(), FolderReader()),
)
WRITERS: dict[str, Writer] = {
    form.name: form for form in (FolderWriter(), WebDatasetWriter(), ParquetWriter(), CocoWriter(), YoloWriter())
}


def read(where: str | os.PathLike[str]) -> DataSet:
    """Read the data set that lies somewhere, in whichever form it is; no picture is opened.

    Args:
        where: a folder, a file (``.json``, ``.yaml``, ``.csv``, ``.jsonl``, ``.tar``, ``.parquet``) or the URL of one.

    Raises:
        FileError: it is missing or malformed, or holds no picture.
        MissingExtra: a URL needs fsspec, or Parquet pyarrow, which is not installed.
    """
    root = Root.at(where)
    if root.is_file() and not is_data_set(where):
        files = ".json, .yaml, .csv, .jsonl, .tar or .parquet"
        raise FileError(f"must be a folder of pictures, or a {files} that names them, got another file.", str(root))
    return next((reader for reader in READERS if reader.recognises(root)), READERS[-1]).read(root)


def is_data_set(where: str | os.PathLike[str]) -> bool:
    """Say whether there is a data set, not a single picture, nothing, or something else."""
    root = Root.at(where)
    return any(reader.recognises(root) for reader in READERS)


def writer(name: str) -> Writer:
    """Return what writes the form of that name.

    Raises:
        ArgumentError: there is none.
    """
    if name not in WRITERS:
        raise ArgumentError(f"must be one of {', '.join(WRITERS)}, got {name!r}.{closest(name, WRITERS)}", "format")
    return WRITERS[name]
