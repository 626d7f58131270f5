"""Transforms: what may happen to a picture, one family a file, each adding itself to `TRANSFORMS`."""

from augkit.transforms.finding import find
from augkit.transforms.transform import TRANSFORMS, Transform

__all__ = ["TRANSFORMS", "Transform", "find"]

TRANSFORMS.load()  # now, so that their order depends on nobody who imports one of them first
