"""Colours of figures, for paper and for the dark, and the change from one to the other of a figure that is laid out.

To lay a figure out takes longer than to draw it, and no colour changes where anything lies.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Colors:
    """Colours that figures are drawn with, all of them different."""

    paper: str
    ink: str
    soft: str
    rule: str
    first: str
    second: str
    empty: str  # a cell of the matrix without a picture

    @property
    def shades(self) -> Colormap:
        """The colours of shares, from 0 to 1."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list("shares", [self.empty, self.first])

    @property
    def settings(self) -> dict[str, str]:
        """The settings of matplotlib for figures of these colours."""
        whole = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), self.paper)
        quiet = dict.fromkeys(("axes.labelcolor", "xtick.color", "ytick.color"), self.soft)
        lines = dict.fromkeys(("axes.edgecolor", "grid.color"), self.rule)
        return {**whole, **quiet, **lines, "text.color": self.ink, "axes.titlecolor": self.ink}


LIGHT = Colors("#ffffff", "#1c2230", "#667085", "#d9dde5", "#2563eb", "#d9730d", "#f2f5fb")
DARK = Colors("#191d26", "#e8eaf0", "#99a2b3", "#3a4252", "#7aa8ff", "#f2a65a", "#222836")


def darken(figure: Figure) -> None:
    """Give all that is in a figure the colour for the dark in the place of the one for paper."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import Collection
    from matplotlib.colors import to_rgb, to_rgba
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    pairs = {to_rgb(light): to_rgb(dark) for light, dark in zip(astuple(LIGHT), astuple(DARK), strict=True)}
    colored: dict[type[Artist], tuple[str, ...]] = {
        Line2D: ("color", "markerfacecolor", "markeredgecolor"),
        Patch: ("facecolor", "edgecolor"),
        Collection: ("facecolor", "edgecolor"),
        Text: ("color",),
    }
    for artist in figure.findobj():
        if isinstance(artist, ScalarMappable) and artist.get_array() is not None:
            with artist.callbacks.blocked():  # by which a bar of colours would be laid out anew
                artist.set_cmap(DARK.shades)
            continue
        for name in next((names for kind, names in colored.items() if isinstance(artist, kind)), ()):
            color = getattr(artist, f"get_{name}")()
            several = color.tolist() if isinstance(color, np.ndarray) and color.ndim == 2 else [color]
            were = [to_rgba(one) for one in several]
            found = [(*pairs.get(was[:3], was[:3]), was[3]) for was in were]
            if found != were:
                getattr(artist, f"set_{name}")(found if len(found) > 1 else found[0])
