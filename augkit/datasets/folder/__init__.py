"""Class folders: a folder a class, or all pictures in one."""

from augkit.datasets.folder.reading import FolderReader, read_folder
from augkit.datasets.folder.writing import FolderWriter

__all__ = ["FolderReader", "FolderWriter", "read_folder"]
