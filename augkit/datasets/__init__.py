"""Data sets, in and out: what there is to read before a byte of it is read, and every format that is written."""

from augkit.datasets.data_set import ATTRIBUTES, KINDS, SPLITS, Annotations, DataSet, Kind, Source, Split
from augkit.datasets.format import (
    FORMATS,
    FileWriter,
    Format,
    Packed,
    Preparing,
    Reader,
    Writer,
    format_table,
    is_data_set,
    read,
    readers,
    writer,
    writers,
)
from augkit.datasets.inventory import Inventory
from augkit.datasets.places import Cell, Member
from augkit.datasets.writing import Part, Record, Sink, Whole

__all__ = [
    "ATTRIBUTES",
    "FORMATS",
    "KINDS",
    "SPLITS",
    "Annotations",
    "Cell",
    "DataSet",
    "FileWriter",
    "Format",
    "Inventory",
    "Kind",
    "Member",
    "Packed",
    "Part",
    "Preparing",
    "Reader",
    "Record",
    "Sink",
    "Source",
    "Split",
    "Whole",
    "Writer",
    "format_table",
    "is_data_set",
    "read",
    "readers",
    "writer",
    "writers",
]
