"""A page of HTML that needs nothing beside it, runs no script, and is dark where its reader is."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Literal

from augkit.train.report.figures import Lights

MOST_CHARACTERS = 24  # of a cell that is kept on one line

STYLE = files(__package__).joinpath("report.css").read_text("utf-8").partition("\n")[2]

# No page that the file is opened beside, and no address in it, is ever asked for anything.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Drawn:
    """A figure, as PNG for paper and for the dark; `file` is the name of the one for paper.

    Its panels stand side by side, and on a telephone one below the other. A letter has half of its size there at
    least: what is broader then scrolls.
    """

    file: str
    lights: Lights

    def html(self, alternative: str) -> str:
        """Return the figure in both lights, and what it shows in words."""
        lights, darks = (plot.panels or (plot.whole,) for plot in (self.lights.light, self.lights.dark))
        shown = "".join(_picture(*pair, alternative) for pair in zip(lights, darks, strict=True))
        return f'<figure class="plot" tabindex="0">{shown}</figure>'


def _picture(light: bytes, dark: bytes, alternative: str) -> str:
    height, width = (int.from_bytes(light[at : at + 4], "big") for at in (20, 16))  # of PNG's header
    return (
        f'<picture><source srcset="{source(dark)}" media="(prefers-color-scheme: dark)">'
        f'<img src="{source(light)}" width="{width * 3 // 4}" height="{height * 3 // 4}"'
        f' style="--least: {width // 2}px" alt="{text(alternative)}"></picture>'
    )


@dataclass(frozen=True)
class Section:
    """A part of the page: its title as text, its body as HTML, and the figure in it that is a file of its own too."""

    title: str
    body: str
    figure: Drawn | None = None


@dataclass(frozen=True)
class Flagged:
    """A cell of a table that a reader must not overlook."""

    text: str


@dataclass(frozen=True)
class Span:
    """A cell that draws an interval and a point within it, all from -1 to 1, beside a line at 0."""

    low: float
    at: float
    high: float


Cell = str | float | Flagged | Span | None


def page(title: str, subtitle: str, sections: Iterable[Section]) -> bytes:
    """Return a page; `title` and `subtitle` are text."""
    parts = "\n".join(
        f"<section>\n{f'<h2>{text(part.title)}</h2>' if part.title else ''}\n{part.body}\n</section>"
        for part in sections
    )
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>\n{STYLE}</style>"
    )
    top = f"<header>\n<h1>{text(title)}</h1>\n<p>{text(subtitle)}</p>\n</header>"
    body = f"<body>\n<main>\n{top}\n{parts}\n</main>\n</body>"
    whole = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n{body}\n</html>\n'
    return whole.encode("utf-8", "backslashreplace")  # a name that is not UTF-8 holds surrogates


def text(value: object) -> str:
    """Return a value as text that HTML shows as it is."""
    return escape(str(value))


def shown(value: object) -> str:
    """Return a setting as text for people."""
    if value is None or value == "" or value == () or value == []:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {shown(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return (
            " x ".join(map(str, value)) if all(isinstance(part, int) for part in value) else ", ".join(map(str, value))
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


def source(data: bytes, kind: Literal["png", "jpeg"] = "png") -> str:
    """Return a picture's bytes as an address that holds them."""
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table: texts and counts as they are, fractions with a bar behind them, what is undefined as a dash.

    On a telephone every row is a list of its own, in which each cell has its head beside it.
    """
    top = "".join(f'<th scope="col">{text(head)}</th>' for head in heads)
    named = [f' data-head="{text(head)}"' for head in heads[1:]]
    body = "\n".join(
        f'<tr><th scope="row">{_shown(first)}</th>{"".join(map(_cell, rest, named))}</tr>' for first, *rest in rows
    )
    whole = f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="wide" tabindex="0">{whole}</div>'


def percent(value: float | None) -> str:
    """Return a fraction as text."""
    return "undefined" if value is None else f"{100 * value:.1f} %"


def dash_note(rows: Iterable[Sequence[object]]) -> str:
    """Return what a dash in a table means, if there is one."""
    told = "A dash is a figure that these pictures cannot give: none is of the class, or it was never named."
    return f'<p class="soft">{told}</p>' if any(None in row for row in rows) else ""


def details(entries: Iterable[tuple[str, object]], kind: Literal["tiles", "plain"] = "plain") -> str:
    """Return names and values as a list."""
    parts = "\n".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in entries)
    return f'<dl class="{kind}">\n{parts}\n</dl>'


def _cell(value: Cell, named: str) -> str:
    if isinstance(value, Span):
        places = {"low": value.low, "at": value.at, "high": value.high}
        style = "; ".join(f"--{name}: {50 + 48 * min(max(place, -1.0), 1.0):.1f}%" for name, place in places.items())
        return f'<td class="span" style="{style}"><i></i><b></b></td>'
    if isinstance(value, float):
        return f'<td{named} class="bar" style="--part: {100 * min(max(value, 0.0), 1.0):.1f}%">{_shown(value)}</td>'
    words = ' class="words"' if isinstance(value, str) and len(value) > MOST_CHARACTERS else ""
    return f"<td{named}{words}>{_shown(value)}</td>"


def _shown(value: Cell) -> str:
    """Return what a cell holds, as HTML."""
    if isinstance(value, Flagged):
        return f'<b class="flag">{text(value.text)}</b>'
    if isinstance(value, float):
        return f"{100 * value:.1f} %"
    return "–" if value is None else text(f"{value:,}" if isinstance(value, int) else value)
