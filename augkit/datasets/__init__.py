"""Data sets, in and out: what there is to read before a byte of it is read, and every form that is written."""

from augkit.datasets.data_set import SPLITS, Annotations, DataSet, Instance, Kind, Shape, Source, Split
from augkit.datasets.folder import read_folder
from augkit.datasets.form import Part, Record, Sink, Whole, Writer
from augkit.datasets.forms import READERS, WRITERS, is_data_set, read, writer
from augkit.datasets.naming import PICTURE_SUFFIXES
from augkit.datasets.places import Cell, Member, Place

__all__ = [
    "PICTURE_SUFFIXES",
    "READERS",
    "SPLITS",
    "WRITERS",
    "Annotations",
    "Cell",
    "DataSet",
    "Instance",
    "Kind",
    "Member",
    "Part",
    "Place",
    "Record",
    "Shape",
    "Sink",
    "Source",
    "Split",
    "Whole",
    "Writer",
    "is_data_set",
    "read",
    "read_folder",
    "writer",
]
