"""The page of an explanation: what was found, with the copies that cost most, curves, steps, doubts and the YAML."""

import math
from collections.abc import Callable, Iterator, Sequence

from augkit import yaml_file
from augkit.core.arrays import Image
from augkit.errors import AugkitError, raise_outage
from augkit.pipeline.pipeline_file import described
from augkit.train.report.mistakes import thumbnail
from augkit.train.report.report_page import Section, details, page, source, table, text
from augkit.why.doubted_labels import Doubted
from augkit.why.why_config import WhyConfig
from augkit.why.why_report import PIPELINE, Curve, Told, WhyReport

WIDTH, HEIGHT, MARGIN = 320, 130, 26  # pixels of a curve
SHOWN_DOUBTS = 24

Picture = Callable[[str, int | None], Image]  # of val or train by its id: a copy, or as it is


def page_of(report: WhyReport, config: WhyConfig, picture: Picture) -> bytes:
    """Return the page; pictures that cannot be read are told to be so."""
    first, *rest = report.told()
    top = f"<p>{text(first)}</p>" + "".join(f"<p><b>{text(line)}</b></p>" for line in rest)
    notes = "".join(f'<p class="soft">{text(note)}</p>' for note in report.notes)
    sections = [
        Section("", top + notes),
        Section("Numbers that raised the loss", _findings(report.findings, picture)),
        Section("The same in what the run learnt from", _findings(report.learnt, None)),
        Section("Every number", _curves(report.curves)),
        *_steps(report),
        *_doubts(report, picture),
        Section("Pipeline", f'<p>{PIPELINE}</p><pre tabindex="0">{_yaml(report)}</pre>'),
        Section("Configuration", details(config.portable().model_dump(mode="json").items())),
    ]
    return page("What raised the loss", f"{config.portable().run}, in {report.seconds:.0f} seconds", sections)


def _yaml(report: WhyReport) -> str:
    return text(yaml_file.dumps(described(report.pipeline)))


def _findings(found: Sequence[Told], picture: Picture | None) -> str:
    told = (
        "Each number, side and class at the threshold where it is surest. p is the chance that shuffled numbers give"
        " anything as sure among all that was looked at (Westfall and Young); the interval is over pictures."
    )
    if not found:
        return f'<p>None, beyond chance.</p><p class="soft">{text(told)}</p>'
    heads = ("number", "class", "loss higher by", "right beyond", "right else", "copies", "p")
    rows = [
        (
            one.where,
            one.of_class or "all",
            f"{one.finding.rise:.2f} ({one.finding.low:.2f} to {one.finding.high:.2f})",
            one.finding.right_beyond,
            one.finding.right_within,
            one.finding.copies,
            f"{one.finding.p:.3f}",
        )
        for one in found
    ]
    shown = "" if picture is None else "".join(_examples(one, picture) for one in found)
    return f'{table(heads, rows)}<p class="soft">{text(told)}</p>{shown}'


def _examples(one: Told, picture: Picture) -> str:
    strips = "".join(
        f"{_image(lambda id=id: picture(id, None), f'{id}, as it is')}"  # type: ignore[misc]  # defaults of a lambda
        f"{_image(lambda id=id, copy=copy: picture(id, copy), f'{id}, copy {copy}')}"  # type: ignore[misc]  # likewise
        for id, copy in one.examples
    )
    whom = f", class {one.of_class}" if one.of_class else ""
    head = f"{one.where}{whom}: the copies that cost most, each beside its picture"
    return f'<h3>{text(head)}</h3><div class="grid">{strips}</div>' if strips else ""


def _image(read: Callable[[], Image], name: str) -> str:
    try:
        data, is_tiny = thumbnail(read())
    except AugkitError as fault:
        raise_outage(fault, name)
        return f'<figure><figcaption class="soft">cannot be read: {text(fault)}</figcaption></figure>'
    kind = ' class="tiny"' if is_tiny else ""
    shown = f'<img{kind} src="{source(data, "png" if is_tiny else "jpeg")}" alt="{text(name)}">'
    return f'<figure><div class="frame">{shown}</div><figcaption class="soft">{text(name)}</figcaption></figure>'


def _curves(curves: Sequence[Curve]) -> str:
    told = "How much a copy costs more than its picture as it is, along each drawn number, with 95 % intervals."
    drawn = "".join(f"<figure>{_curve(one)}<figcaption>{text(one.number.name)}</figcaption></figure>" for one in curves)
    if not drawn:
        return "<p>The pipeline draws no number that can be told apart.</p>"
    return f'<div class="grid" style="grid-template-columns: repeat(auto-fill, minmax(280px, 1fr))">{drawn}</div>' + (
        f'<p class="soft">{text(told)}</p>'
    )


def _curve(one: Curve) -> str:
    low = min(0.0, *(point[2] for point in one.points))
    high = max(0.0, *(point[3] for point in one.points))
    left, right = one.number.low, one.number.high

    def x(value: float) -> float:
        return MARGIN + (value - left) / (right - left) * (WIDTH - 2 * MARGIN)

    def y(value: float) -> float:
        return HEIGHT - MARGIN - (value - low) / ((high - low) or 1.0) * (HEIGHT - 1.5 * MARGIN)

    parts = [f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="var(--soft)"/>']
    for at, mean, less, more in one.points:
        color = "var(--bad)" if less > 0.0 else "var(--accent)"
        parts.append(
            f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{y(less):.1f}" y2="{y(more):.1f}" stroke="{color}"'
            f' stroke-width="2"/><circle cx="{x(at):.1f}" cy="{y(mean):.1f}" r="3.5" fill="{color}"/>'
        )
    ends = ((left, "start", MARGIN), (right, "end", WIDTH - MARGIN))
    parts += [
        f'<text x="{place}" y="{HEIGHT - 6}" text-anchor="{anchor}" font-size="11" fill="var(--soft)">{value:g}</text>'
        for value, anchor, place in ends
    ]
    parts.append(f'<text x="0" y="11" font-size="11" fill="var(--soft)">up to {high:.2f}</text>')
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" role="img"'
        f' aria-label="Rise of the loss along {text(one.number.name)}">{"".join(parts)}</svg>'
    )


def _steps(report: WhyReport) -> Iterator[Section]:
    if not report.left:
        return
    rows = [
        (
            one.label,
            f"{one.rise.mean:+.3f} ({one.rise.low:+.3f} to {one.rise.high:+.3f})"
            if math.isfinite(one.rise.low)
            else f"{one.rise.mean:+.3f}",
            f"{one.rise.p:.3f}",
        )
        for one in report.left
    ]
    told = (
        "What copies cost more with a step than the same copies without it, all that the other steps draw the same to"
        " the bit. The interval is over pictures; p is corrected for the number of steps (Holm). A step that costs"
        " something may still teach: augkit choose tells what is learnt with it and without."
    )
    yield Section("What each step costs", f'{table(("step", "loss", "p"), rows)}<p class="soft">{text(told)}</p>')


def _doubts(report: WhyReport, picture: Picture) -> Iterator[Section]:
    if report.doubts is None:
        return
    told = (
        f"Of {report.judged:,} labels of train. Networks that did not learn from the picture are surer of another"
        " class than they are of that class on average (Northcutt et al., 2021), asked for the picture and for copies"
        " of it; otherwise is the share of these views that are named otherwise. The most doubtful first."
    )
    heads = ("picture", "label", "rather", "of the label", "of the other", "otherwise")
    rows = [
        (
            one.doubt.id,
            one.doubt.label,
            one.doubt.rather,
            one.doubt.label_probability,
            one.doubt.rather_probability,
            one.otherwise,
        )
        for one in report.doubts
    ]
    shown = "".join(_doubt(one, picture) for one in report.doubts[:SHOWN_DOUBTS])
    body = f'<div class="grid">{shown}</div>{table(heads, rows)}' if rows else "<p>None is doubted.</p>"
    yield Section("Labels that may be wrong", f'{body}<p class="soft">{text(told)}</p>')


def _doubt(one: Doubted, picture: Picture) -> str:
    return _image(lambda: picture(one.doubt.id, None), f"{one.doubt.label}, rather {one.doubt.rather}: {one.doubt.id}")
