"""YOLO's form: a text file a picture."""

from augkit.datasets.yolo.reading import YoloReader
from augkit.datasets.yolo.writing import YoloWriter

__all__ = ["YoloReader", "YoloWriter"]
