"""Figures are drawn where a module of tests looks at them: that takes longer than all else of a small training."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from unittest import mock

import pytest
from PIL import Image as Pillow

from augkit.train.report import figures
from augkit.train.report.figures import Lights, Plot


@pytest.fixture(scope="module", autouse=True)
def quick_figures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put together every figure, but neither lay it out nor draw it, save in modules marked `figures`."""
    if request.node.get_closest_marker("figures"):
        yield
        return
    buffer = io.BytesIO()
    Pillow.new("RGB", (8, 8), "white").save(buffer, "png")
    blank = buffer.getvalue()

    def plotted(figure: object, panels: Sequence[object] = ()) -> Lights:
        plot = Plot(blank, (blank,) * len(panels) if len(panels) > 1 else ())
        return Lights(plot, plot)

    with mock.patch.object(figures, "_plotted", plotted):
        yield
