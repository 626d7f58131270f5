"""A page of HTML that needs nothing beside it, runs no script, and is dark where its reader is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

__all__ = ["Section", "details", "figure", "page", "shown", "source", "table", "text"]

# Colours of paper are those of the figures, which cannot ask the page for theirs.
STYLE = """
:root { color-scheme: light dark; --back: #f4f6fa; --paper: #ffffff; --ink: #1c2230; --soft: #667085; --rule: #e2e6ee;
  --accent: #2563eb; --bad: #c2410c; --bar: #dbe6fd; }
@media (prefers-color-scheme: dark) { :root { --back: #10131a; --paper: #191d26; --ink: #e8eaf0; --soft: #99a2b3;
  --rule: #2b313d; --accent: #7aa8ff; --bad: #f2a65a; --bar: #263a63; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 32px 20px 64px; }
header p, .soft { color: var(--soft); }
h1 { font-size: 26px; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 10px; }
p { margin: 6px 0; }
section { background: var(--paper); border: 1px solid var(--rule); border-radius: 12px; padding: 20px 22px;
  margin-top: 18px; }
.headline { display: flex; flex-wrap: wrap; gap: 12px 40px; align-items: center; }
.headline > div:last-child { flex: 1 1 320px; }
.value { font-size: 52px; font-weight: 700; line-height: 1.1; letter-spacing: -0.02em; color: var(--accent);
  white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px 20px; margin: 18px 0 0;
  padding-top: 16px; border-top: 1px solid var(--rule); }
.tiles dt, dl.plain dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; font-weight: 600; font-size: 17px; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
.wide:focus-visible, pre:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
figure { margin: 0; }
.plot { overflow-x: auto; }
.plot img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 110px; }
thead th { color: var(--soft); font-weight: 500; font-size: 13px; }
tbody th { font-weight: 500; }
tbody tr:last-child > * { border-bottom: 0; }
.bar { background: linear-gradient(var(--bar), var(--bar)) left center / var(--part) 70% no-repeat; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); gap: 14px; margin-top: 14px; }
.grid figure { border: 1px solid var(--rule); border-radius: 10px; overflow: hidden; background: var(--back); }
.grid .frame { height: 148px; display: flex; align-items: center; justify-content: center; }
.grid img { max-width: 100%; max-height: 100%; }
.grid img.tiny { width: 100%; height: 100%; object-fit: contain; image-rendering: pixelated; }
figcaption { padding: 8px 10px 10px; background: var(--paper); font-size: 13px; line-height: 1.45;
  overflow-wrap: anywhere; height: 100%; }
figcaption b { font-weight: 600; }
figcaption .name { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-size: 12px; }
figcaption .said { color: var(--bad); }
dl.plain { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 44%), 1fr)); gap: 10px 22px;
  margin: 0; }
dl.plain dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--back); border: 1px solid var(--rule); border-radius: 8px; padding: 12px 14px; margin: 8px 0 0;
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
h3 { font-size: 14px; margin: 20px 0 8px; }
@media (max-width: 560px) { main { padding: 18px 10px 40px; } section { padding: 16px 14px; border-radius: 10px; }
  .plot.broad img { max-width: none; width: 640px; } .value { font-size: 42px; } th, td { padding: 6px; }
  .grid { grid-template-columns: repeat(2, 1fr); } }
@media print { body { background: none; } section { break-inside: avoid; } }
"""

BROAD_PX = 1100  # figures from this width on would be too small on a telephone, and scroll there

# No page that the file is opened beside, and no address in it, is ever asked for anything.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Section:
    """A part of the page: its title as text, and its body as HTML."""

    title: str
    body: str


def page(title: str, subtitle: str, sections: Iterable[Section]) -> bytes:
    """Return a page; `title` and `subtitle` are text."""
    parts = "\n".join(
        f"<section>\n{f'<h2>{text(part.title)}</h2>' if part.title else ''}\n{part.body}\n</section>"
        for part in sections
    )
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-SamplingOptions" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>"
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


def figure(light: bytes, dark: bytes, alternative: str) -> str:
    """Return a figure in both lights, and what it shows in words."""
    height, width = int.from_bytes(light[20:24], "big"), int.from_bytes(light[16:20], "big")  # of PNG's header
    broad = " broad" * (width > BROAD_PX)
    return (
        f'<figure class="plot{broad}" tabindex="0"><picture>'
        f'<source srcset="{source(dark)}" media="(prefers-color-scheme: dark)">'
        f'<img src="{source(light)}" width="{width * 3 // 4}" height="{height * 3 // 4}" alt="{text(alternative)}">'
        "</picture></figure>"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    """Return a table: texts and counts as they are, fractions with a bar behind them, what is undefined as a dash."""
    top = "".join(f'<th scope="col">{text(head)}</th>' for head in heads)
    body = "\n".join(f'<tr><th scope="row">{text(first)}</th>{"".join(map(_cell, rest))}</tr>' for first, *rest in rows)
    whole = f"<table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<div class="wide" tabindex="0">{whole}</div>'


def details(entries: Iterable[tuple[str, object]], kind: Literal["tiles", "plain"] = "plain") -> str:
    """Return names and values as a list."""
    parts = "\n".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in entries)
    return f'<dl class="{kind}">\n{parts}\n</dl>'


def _cell(value: str | float | None) -> str:
    if isinstance(value, float):
        return f'<td class="bar" style="--part: {100 * min(max(value, 0.0), 1.0):.1f}%">{100 * value:.1f} %</td>'
    return f"<td>{'–' if value is None else text(f'{value:,}' if isinstance(value, int) else value)}</td>"
