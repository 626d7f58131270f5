"""Readers of data sets: what there is to read, before a byte of it is read."""

from augkit.datasets.folder import PICTURE_SUFFIXES, PictureFolder, Source, read_folder

__all__ = ["PICTURE_SUFFIXES", "PictureFolder", "Source", "read_folder"]
