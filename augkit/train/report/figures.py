"""Figures of a training as PNG pictures: the same numbers give the same bytes on one matplotlib.

A figure of several panels is drawn once, and cut into them too, so that a narrow screen can show one below the other.

Every function raises MissingExtra where matplotlib is not installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from augkit.core.arrays import Array, Reals
from augkit.errors import MissingExtra
from augkit.screen_text import printable
from augkit.train.report.figure_colors import LIGHT, darken
from augkit.train.report.reliability import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

MOST_CLASSES = 50  # of a confusion matrix that can be read
MOST_COUNTED = 25  # classes with a number in every cell
LONGEST_NAME = 22  # characters
DPI = 144
RIM = 6  # pixels of paper around what is drawn
WIDE = (8.6, 3.4)  # inches
STYLE = Path(__file__).with_name("figures.mplstyle")


@dataclass(frozen=True)
class Plot:
    """A figure as PNG: the whole, and each of its panels, if it has several."""

    whole: bytes
    panels: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Lights:
    """A figure for paper and the same for the dark."""

    light: Plot
    dark: Plot


@dataclass(frozen=True)
class Curves:
    """Course of a training, one number an epoch; None where nothing was measured."""

    train_loss: Sequence[float | None]  # of the pictures that were learnt from
    val_loss: Sequence[float | None]  # of those that chose
    val_score: Sequence[float | None]  # the figure that chose
    score_name: str  # what that is called
    chosen: int  # the epoch whose weights were kept, from 0
    unfrozen: int | None = None  # the first epoch in which all layers learnt, if only the head did before


def learning_curves(curves: Curves) -> Lights:
    """Draw the losses and the figure that chose, over the epochs, counted from 1; a point marks what was kept."""
    with _figure(WIDE) as figure:
        left, right = figure.subplots(1, 2)
        _plot(left, curves.train_loss, LIGHT.soft, "training")
        _plot(left, curves.val_loss, LIGHT.first, "validation")
        _plot(right, curves.val_score, LIGHT.first, "validation")
        for axes, values in ((left, curves.val_loss), (right, curves.val_score)):
            if curves.unfrozen is not None:
                axes.axvline(curves.unfrozen + 0.5, color=LIGHT.soft, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
                at, where = (curves.unfrozen + 0.5, 1.02), axes.get_xaxis_transform()
                axes.text(*at, "unfrozen", ha="center", va="bottom", color=LIGHT.soft, fontsize=8, transform=where)
            kept = values[curves.chosen] if 0 <= curves.chosen < len(values) else None
            if kept is not None:
                axes.plot([curves.chosen + 1], [kept], "o", color=LIGHT.second, markersize=6, zorder=4, label="kept")
            axes.set_xlabel("epoch")
            axes.set_xlim(0.5, max(len(curves.val_loss), len(curves.train_loss), 1) + 0.5)
            axes.xaxis.get_major_locator().set_params(integer=True)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(loc="best")
        left.set_title("Loss", loc="left", fontweight="bold", pad=14)
        right.set_title(
            curves.score_name[:1].upper() + curves.score_name[1:],
            loc="left",
            fontweight="bold",
            pad=14,
            parse_math=False,
        )
        return _plotted(figure, (left, right))


def confusion(matrix: Array, names: Sequence[str]) -> Lights:
    """Draw which classes were taken for which: truths are rows, and a row's shade is the part of its pictures.

    Of more than `MOST_CLASSES` those with the most mistakes are drawn. The matrix (k, k) holds counts.
    """
    mistakes = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
    places = np.sort(np.argsort(-mistakes, kind="stable")[:MOST_CLASSES])
    counts = matrix[np.ix_(places, places)]
    totals = matrix[places].sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    shown = [_short(names[place]) for place in places]
    side = max(3.6, 1.6 + min(0.42, 16 / len(places)) * len(places))
    with _figure((side + 0.6, side)) as figure:
        axes = figure.subplots()
        axes.grid(False)
        image = axes.imshow(shares, cmap=LIGHT.shades, vmin=0, vmax=1)
        ticks, size = np.arange(len(places)), 9 if len(places) <= MOST_COUNTED else 7
        axes.set_xticks(ticks, shown, rotation=0 if max(map(len, shown)) <= 2 else 90, parse_math=False, fontsize=size)
        axes.set_yticks(ticks, shown, parse_math=False, fontsize=size)
        axes.tick_params(length=0)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        axes.spines[:].set_visible(False)
        if len(places) <= MOST_COUNTED:
            _count(axes, counts, shares)
        bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03, ticks=[0, 0.5, 1])
        bar.ax.set_yticklabels(["0 %", "50 %", "100 %"], fontsize=8)
        bar.outline.set_visible(False)
        return _plotted(figure)


def reliability_diagram(before: Reliability, after: Reliability) -> Lights:
    """Draw how often answers are right by how sure they are, with intervals, without and with the temperature."""
    with _figure((WIDE[0], 3.6)) as figure:
        pair = figure.subplots(1, 2)
        for axes, title, found, color in (
            (pair[0], "Before", before, LIGHT.soft),
            (pair[1], "After temperature scaling", after, LIGHT.first),
        ):
            axes.plot([0, 1], [0, 1], color=LIGHT.soft, linewidth=1, linestyle=(0, (4, 3)))
            axes.vlines(found.confidence, *zip(*found.intervals, strict=True), color=color, linewidth=1.4, alpha=0.6)
            axes.plot(found.confidence, found.accuracy, "o", color=color, markersize=4.5)
            axes.set_title(f"{title}: ECE {found.error:.3f}", loc="left", fontweight="bold")
            axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
            axes.set_xlabel("confidence")
            axes.set_ylabel("right")
        return _plotted(figure, pair)


def scatter(truths: Reals, found: Reals, names: Sequence[str]) -> Lights:
    """Draw predicted over true numbers (n, k), one square for each; only the first nine."""
    names = names[:9]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    with _figure((0.6 + 3.2 * columns, 0.4 + 3.2 * rows)) as figure:
        squares = figure.subplots(rows, columns, squeeze=False).ravel()
        for place, axes in enumerate(squares):
            if place >= len(names):
                axes.set_visible(False)
                continue
            pair = np.stack([truths[:, place], found[:, place]])
            low, high = float(pair.min()), float(pair.max())
            margin = 0.05 * (high - low) or 1.0
            axes.plot([low, high], [low, high], color=LIGHT.soft, linewidth=1, linestyle=(0, (4, 3)))
            axes.plot(*pair, "o", color=LIGHT.first, markersize=3.5, alpha=0.6, markeredgewidth=0)
            axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin), aspect="equal")
            axes.set_title(_short(names[place]), loc="left", fontweight="bold", parse_math=False)
            axes.set_xlabel("true")
            axes.set_ylabel("predicted")
        return _plotted(figure, list(squares[: len(names)]))


def precision_recall(recalls: Reals, curves: Sequence[Reals], names: Sequence[str]) -> Lights:
    """Draw the precision (c, r) of each class over its recall (r,); only the first nine."""
    curves, names = curves[:9], names[:9]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    with _figure((0.6 + 2.8 * columns, 0.4 + 2.6 * rows)) as figure:
        squares = figure.subplots(rows, columns, squeeze=False).ravel()
        for place, axes in enumerate(squares):
            if place >= len(names):
                axes.set_visible(False)
                continue
            axes.fill_between(recalls, curves[place], color=LIGHT.first, alpha=0.15, linewidth=0)
            axes.plot(recalls, curves[place], color=LIGHT.first, linewidth=1.6)
            axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
            axes.set_title(_short(names[place]), loc="left", fontweight="bold", parse_math=False)
            axes.set_xlabel("recall")
            axes.set_ylabel("precision")
        return _plotted(figure, list(squares[: len(curves)]))


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[Figure]:
    """Give a figure that no global state of matplotlib knows of, whatever the user's settings are."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra(
            "must be installed to draw figures. Run: pip install 'augkit[train]'", "matplotlib"
        ) from None
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # of a name: it is drawn as a box
        mpl.rcdefaults()
        mpl.rcParams.update(mpl.rc_params_from_file(STYLE, use_default_template=False))
        mpl.rcParams.update(LIGHT.settings)  # type: ignore[arg-type]  # names as texts
        yield Figure(figsize=size, dpi=DPI, layout="constrained")


def _plot(axes: Axes, values: Sequence[float | None], color: str, label: str) -> None:
    known = [(place + 1, value) for place, value in enumerate(values) if value is not None and np.isfinite(value)]
    if known:
        marker = "o" if len(known) == 1 else ""
        axes.plot(*zip(*known, strict=True), color=color, linewidth=1.6, marker=marker, markersize=4, label=label)


def _count(axes: Axes, counts: Array, shares: Array) -> None:
    """Write every count that is not 0, so that it stands out from its cell."""
    for row, column in np.argwhere(counts):
        color = LIGHT.paper if shares[row, column] > 0.5 else LIGHT.ink
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=color, fontsize=8)


def _short(name: str) -> str:
    text = printable(" ".join(name.split()))
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _plotted(figure: Figure, panels: Sequence[Axes] = ()) -> Lights:
    """Return a figure, laid out and cut to what is drawn, and its panels likewise; one panel alone is the whole."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)

    def pixels() -> Array:
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's own
        found: Array = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
        return found

    light = pixels().copy()  # which lays it out
    figure.set_layout_engine("none")
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib's own
    boxes = [figure.get_tightbbox(renderer).transformed(figure.dpi_scale_trans)]
    boxes += [box for axes in panels if (box := axes.get_tightbbox(renderer)) is not None] if len(panels) > 1 else []
    darken(figure)
    (first, *lights), (second, *darks) = ([_png(levels, box) for box in boxes] for levels in (light, pixels()))
    return Lights(Plot(first, tuple(lights)), Plot(second, tuple(darks)))


def _png(pixels: Array, box: Bbox) -> bytes:
    """Return what lies in a box of the drawn pixels (H, W, 3), counted from the lower left corner, and a rim of it."""
    height, width = pixels.shape[:2]
    left, right = max(0, int(box.x0 - RIM)), min(width, int(box.x1 + RIM) + 1)
    top, bottom = max(0, int(height - box.y1 - RIM)), min(height, int(height - box.y0 + RIM) + 1)
    buffer = BytesIO()
    Pillow.fromarray(pixels[top:bottom, left:right]).save(buffer, "png", dpi=(DPI, DPI))
    return buffer.getvalue()
