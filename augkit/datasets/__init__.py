"""Data sets, in and out: what there is to read before a byte of it is read, and every format that is written."""

from augkit.datasets.data_set import KINDS, SPLITS, Annotations, DataSet, Kind, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Format, Part, Reader, Record, Sink, Whole, Writer
from augkit.datasets.known_formats import (
    file_suffixes,
    format_table,
    is_data_set,
    read,
    readers,
    writer,
    writers,
)
from augkit.datasets.naming import PICTURE_SUFFIXES
from augkit.datasets.places import Cell, Member, Place

__all__ = [
    "FORMATS",
    "KINDS",
    "PICTURE_SUFFIXES",
    "SPLITS",
    "Annotations",
    "Cell",
    "DataSet",
    "FileWriter",
    "Format",
    "Kind",
    "Member",
    "Part",
    "Place",
    "Reader",
    "Record",
    "Sink",
    "Source",
    "Split",
    "Whole",
    "Writer",
    "file_suffixes",
    "format_table",
    "is_data_set",
    "read",
    "readers",
    "writer",
    "writers",
]
