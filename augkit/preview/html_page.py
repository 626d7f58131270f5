"""The contact sheet as a page of HTML that needs nothing beside it and runs no script."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

import numpy as np

from augkit.images import encode
from augkit.pipeline import Pipeline
from augkit.pipeline.sentences import explain
from augkit.preview.canvas import kinds
from augkit.preview.numbers import LEGEND
from augkit.preview.sheet import Cell, cells, facts_of
from augkit.targets.sample import Sample

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # as of a report
SIDE_PX = 448  # of a picture: two of the screen's pixels for one of the page's
STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2230; --soft: #667085; --rule: #e2e6ee; }
@media (prefers-color-scheme: dark) { :root { --paper: #191d26; --ink: #e8eaf0; --soft: #99a2b3; --rule: #2b313d; } }
body { margin: 28px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 24px; margin: 0; }
p, figcaption { color: var(--soft); }
pre { white-space: pre-wrap; border-bottom: 1px solid var(--rule); padding-bottom: 16px; font-size: 12px; }
.row { display: flex; gap: 16px; overflow-x: auto; padding-bottom: 16px; }
figure { margin: 0; flex: none; width: 224px; }
figure:first-child { margin-right: 16px; }
img { display: block; max-width: 100%; max-height: 224px; margin: 0 auto; }
figcaption { margin-top: 6px; font-size: 12px; overflow-wrap: anywhere; }
"""


def contact_page(
    samples: Sequence[Sample], pipeline: Pipeline, copies: int, seed: int = 0, title: str = "augkit"
) -> str:
    """Draw a page of pictures and their copies that expanding them with that seed makes: as `contact_sheet`.

    Returns:
        HTML: the pipeline in sentences, then a row for every sample, with what the whole chain did under each copy.

    Raises:
        ArgumentError, AugkitError: as `contact_sheet`.
    """
    known = kinds(samples, pipeline.policy)
    rows = [
        "".join(_figure(cell, place, known) for place, cell in enumerate(row))
        for row in cells(samples, pipeline, copies, seed)
    ]
    told = "\n".join("  " * depth + line for depth, line in explain(pipeline))
    shown = "".join(f'<div class="row" tabindex="0">\n{row}</div>\n' for row in rows)
    legend = "".join(f"<p>{escape(line)}</p>\n" for line in LEGEND)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
        f"<h1>{escape(title)}</h1>\n<p>{escape(', '.join(facts_of(samples, copies, seed)))}</p>\n"
        f"<pre>{escape(told)}</pre>\n{legend}{shown}</html>\n"
    )


def _figure(cell: Cell, place: int, known: Sequence[str]) -> str:
    name = f"copy {place - 1}" if place else "original"
    picture = b64encode(encode(np.array(cell.shown(SIDE_PX, known)), "png")).decode()
    words = "".join(f"<br>{escape(word)}" for word in cell.words)
    image = f'<img alt="{escape(name)} of {escape(cell.source.id)}" src="data:image/png;base64,{picture}">'
    return f"<figure>{image}<figcaption><b>{name}</b>{words}</figcaption></figure>\n"
