"""Masks as COCO's compressed run lengths; pycocotools knows the code."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit.core.spatial import Size
from augkit.errors import MissingExtra

__all__ = ["decode", "encode"]


def decode(rle: str, size: Size) -> NDArray[np.uint8]:
    """Return a mask (H, W) of 0 and 1.

    Raises:
        MissingExtra: pycocotools is not installed.
    """
    with warnings.catch_warnings():  # pycocotools 2.0.11 hands NumPy 2 arrays in the old way
        warnings.simplefilter("ignore", DeprecationWarning)
        mask: NDArray[np.uint8] = _pycocotools().decode({"size": list(size), "counts": rle.encode()})
    return mask


def encode(mask: NDArray[Any]) -> str:
    """Return the run lengths of a mask (H, W); what is not 0 belongs to it.

    Raises:
        MissingExtra: pycocotools is not installed.
    """
    counts: bytes = _pycocotools().encode(np.asfortranarray(mask != 0, np.uint8))["counts"]
    return counts.decode()


def _pycocotools() -> Any:
    try:
        from pycocotools import mask
    except ImportError:
        advice = "Run: pip install 'augkit[coco]'"
        raise MissingExtra(f"must be installed to read masks as run lengths. {advice}", "pycocotools") from None
    return mask
