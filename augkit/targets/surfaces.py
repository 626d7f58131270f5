"""Surfaces that targets are drawn on."""

from typing import Protocol

from augkit.core.arrays import Mask, Points, Reals


class Canvas(Protocol):
    """A surface that targets are drawn on, in the picture's own pixels. A name gives a colour; without, it is one."""

    def tint(self, classes: Mask) -> None:
        """Lay a colour over every class of a mask but 0."""

    def line(self, points: Points, name: str | None = None) -> None:
        """Draw a line through points (n, 2)."""

    def box(self, box: Reals, name: str | None = None) -> None:
        """Draw a rectangle: left, top, right, bottom."""

    def dot(self, point: Points, number: int | None = None) -> None:
        """Draw a point (2,), over all lines; a number, which gives a colour, is written beside it."""

    def tag(self, corner: Points, name: str) -> None:
        """Write a name at a point (2,), over all else."""
