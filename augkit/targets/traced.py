"""Traced targets: kinds that go through a plan by outlines of their own, in whose place they come out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import Size
from augkit.targets.outlines import Landing, Outlines
from augkit.targets.rows import Kept


class Traced(ABC):
    """A part of a `PointTarget` whose outlines all maps of a plan move, and no step on the way lays anew."""

    @abstractmethod
    def traced(self, beside: Mapping[str, Outlines], size: Size, options: SamplingOptions) -> Outlines:
        """Return the outlines of its rows.

        Args:
            beside: the outlines of kinds that follow it, by name.
            size: (height, width) of the picture.
            options: say what is the outline of a box that has none.
        """

    @abstractmethod
    def landed(self, whole: Outlines, left: Outlines, shown: Outlines, how: Landing) -> tuple[Self, Kept | None]:
        """Return it where its outlines came to lie, and which rows are left of it; None for all.

        Args:
            whole: as the maps brought them, nothing cut off.
            left: without what frames before the last one cut off.
            shown: without what the last one cut off, too.
            how: what is dropped, and which points are wanted.
        """
