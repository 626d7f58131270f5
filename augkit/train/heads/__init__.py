"""Heads on the maps of a backbone: one class each in a file of its own, found by its name in `HEADS`."""

from augkit.train.heads.head import HEADS, Head, Levels

__all__ = ["HEADS", "Head", "Levels"]
