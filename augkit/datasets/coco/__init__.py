"""COCO's form: JSON about pictures and their objects."""

from augkit.datasets.coco.reading import CocoReader
from augkit.datasets.coco.writing import CocoWriter

__all__ = ["CocoReader", "CocoWriter"]
