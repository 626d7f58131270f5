"""The page of a choice: the verdict, what was compared, strengths, classes, pictures, and the pipeline to take."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from augkit import yaml_file
from augkit.choose.candidates import NONE
from augkit.choose.choice_report import PIPELINE, ChoiceReport
from augkit.choose.pool import Pool
from augkit.choose.search import KNOWN_SHARE, Judged, best_strengths
from augkit.core.arrays import Image
from augkit.core.key import Key
from augkit.errors import AugkitError, raise_outage
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import described
from augkit.targets.sample import Sample
from augkit.train.report.mistakes import thumbnail
from augkit.train.report.report_page import Section, details, page, source, table, text
from augkit.train.trials.evidence import LEVEL, Gain

SHOWN, COPIES = 4, 5  # pictures, and copies of each
WIDTH, ROW, LEFT, RIGHT = 640, 26, 230, 20  # pixels of a chart: whole, a row, names, margin
NEAR = 100  # pixels, within which an end has no number: it would lie over that of 0


def page_of(report: ChoiceReport, pool: Pool, own: Mapping[str, tuple[str, Pipeline]]) -> bytes:
    """Return the page, with pictures of the pool; `own` are files and pipelines of classes by their names."""
    found = report.found
    sections = [
        Section("", _top(report)),
        Section("Finalists", _finalists(report)),
        Section("Pictures that had no say", _confirmed(report)),
        Section("Classes", _classes(report, own)),
        *_ablation(report),
        Section("Every step at every strength", _screened(report)),
        Section("Strengths and what is still known", _curves(report)),
        Section("Pictures", _pictures(report, pool)),
        Section("Pipeline", _yaml(PIPELINE, report.pipeline) + "".join(_yaml(*one) for one in own.values())),
        Section("Configuration", details(report.config.portable().model_dump(mode="json").items())),
    ]
    subtitle = f"{report.pictures:,} pictures of {len(pool.names):,} classes, {len(found.judged):,} augmentations"
    return page("Which augmentation helps", subtitle, sections)


def _top(report: ChoiceReport) -> str:
    first, *rest = report.told()
    lines = "".join(f"<p>{text(line)}</p>" for line in rest)
    notes = "".join(f'<p class="soft">{text(note)}</p>' for note in report.notes)
    minutes = f"{report.seconds / 60:.1f} minutes" if report.seconds >= 60 else f"{report.seconds:.1f} seconds"
    how = (
        f"Every picture was judged by what networks learnt of the other {report.folds - 1} of {report.folds} folds; the"
        f" finalists in {report.config.repeats} repeats, each with other folds and other copies. It took {minutes}."
    )
    return f'<p><b>{text(first)}</b></p>{lines}<p class="soft">{text(how)}</p>{notes}'


def _finalists(report: ChoiceReport) -> str:
    found = report.found
    rows = [
        (
            one.candidate.name,
            f"{one.loss:.4f}",
            f"{100 * one.right:.1f} %",
            f"{100 * one.points.mean:+.1f}",
            f"{100 * one.affinity:.1f} %",
            f"{one.diversity:.4f}",
        )
        for one in found.finalists
    ]
    heads = ("augmentation", "loss", "right", "points", "affinity", "diversity")
    told = (
        "Loss is the held-out log loss, at one temperature each. Affinity is the share of augmented pictures that"
        " networks which learnt without augmentation name right; diversity the loss that augmented pictures leave to"
        " networks that learnt from them (Gontijo-Lopes et al., 2020)."
    )
    chart = _forest([one for one in found.finalists if one.candidate.name != NONE])
    return f'{chart}{table(heads, rows)}<p class="soft">{text(told)}</p>'


def _confirmed(report: ChoiceReport) -> str:
    if not report.verdict.comparisons:
        return "<p>There is none of these classes.</p>"
    best = report.found.best.candidate.name
    rows = [
        (
            one.other,
            _interval(one.gain),
            f"{100 * one.points.mean:+.1f} ({100 * one.points.low:+.1f} to {100 * one.points.high:+.1f})"
            if math.isfinite(one.points.low)
            else f"{100 * one.points.mean:+.1f}",
            f"{one.p:.3f}",
        )
        for one in report.verdict.comparisons
    ]
    told = (
        f"{report.confirming:,} pictures of val had no say. {best} against each other finalist: what its loss is lower"
        f" by, and its points of right answers, with 95 % intervals over pictures and repeats. p of the comparisons"
        f" after the first are corrected for how many they are (Holm). Pictures of test were not looked at."
    )
    return f'{table(("against", "loss less by", "points", "p"), rows)}<p class="soft">{text(told)}</p>'


def _classes(report: ChoiceReport, own: Mapping[str, tuple[str, Pipeline]]) -> str:
    rows = [
        (
            row.name,
            row.pictures,
            f"{100 * row.before:.1f} %",
            f"{100 * row.after:.1f} %",
            _interval(row.gain),
            f"{100 * row.affinity:.0f} %",
            f"{row.diversity:.4f}",
            "harmed" if row.is_harmed else "helped" if row.is_helped else "",
        )
        for row in report.verdict.classes
    ]
    heads = ("class", "pictures", "without", "with", "loss less by", "affinity", "diversity", "")
    told = (
        f"{report.found.best.candidate.name} against no augmentation, the most harmed class first. A class is called"
        f" harmed or helped where p, corrected for the number of classes (Holm), is below {LEVEL:g}, of ten pictures at"
        " least in three repeats."
    )
    files = "".join(
        f"<p>{text(name)} may have a pipeline of its own, {text(file)}: <code>augkit train ... --pipeline {PIPELINE}"
        f" --pipeline-for {text(f'{name}={file}')}</code>, and so for augkit expand.</p>"
        for name, (file, _) in own.items()
    )
    return f'{table(heads, rows)}{files}<p class="soft">{text(told)}</p>'


def _ablation(report: ChoiceReport) -> Iterator[Section]:
    if not report.found.ablation:
        return
    rows = [(left.label, _interval(left.gain), f"{left.gain.p:.3f}") for left in report.found.ablation]
    told = (
        f"{report.found.best.candidate.name} with one step left out, and all that the other steps draw the same to the"
        " bit: so pairs of networks learnt from pictures that differ by that step alone. p is of one step each."
    )
    body = f'{table(("step", "loss less with it by", "p"), rows)}<p class="soft">{text(told)}</p>'
    yield Section("What each step brings", body)


def _screened(report: ChoiceReport) -> str:
    ordered = sorted(
        (one for one in report.found.screened if one.candidate.name != NONE), key=lambda one: -one.gain.mean
    )
    told = "What the held-out loss is lower by than without augmentation, in one repeat, with 95 % intervals."
    return f'{_forest(ordered)}<p class="soft">{told}</p>'


def _curves(report: ChoiceReport) -> str:
    plain = report.found.named(NONE)
    chosen = {one.candidate.name for one in best_strengths(report.found.screened)}
    rows = []
    for one in report.found.screened:
        if one.candidate.family is not None:
            kept = one.affinity / max(plain.right, 1e-9)
            mark = "taken" if one.candidate.name in chosen else "too strong" if kept < KNOWN_SHARE else ""
            rows.append((one.candidate.name, min(kept, 1.0), f"{one.loss:.4f}", mark))
    told = (
        "How much of what is known of pictures as they are is still known of moved ones, by networks that learnt from"
        f" pictures as they are. Below {100 * KNOWN_SHARE:.0f} % a strength is too much; of the others that one of a"
        " family counts whose held-out loss is smallest."
    )
    return f'{table(("step", "still known", "loss", ""), rows)}<p class="soft">{text(told)}</p>'


def _pictures(report: ChoiceReport, pool: Pool) -> str:
    pipeline = report.found.best.candidate.pipeline or Pipeline([])
    first_of = {number: at for at, number in reversed(list(enumerate(pool.classes)))}
    shown = "".join(_row(pool, pipeline, at, report.config.seed) for at in sorted(first_of.values())[:SHOWN])
    return f'<p class="soft">Pictures as they are, and copies by {text(report.found.best.candidate.name)}.</p>{shown}'


def _row(pool: Pool, pipeline: Pipeline, at: int, seed: int) -> str:
    item = pool.part.sources[at]
    try:
        decoded = pool.part.data.decoded(item)
        sample = Sample(decoded.image, alpha=decoded.alpha, id=item.id)
        copies = [pipeline(sample, Key(seed, item.id, copy)).image for copy in range(COPIES)]
        images = [_image(image) for image in (sample.image, *copies)]
    except AugkitError as fault:
        raise_outage(fault, item.id)
        images = [f'<figure><figcaption class="soft">cannot be read: {text(fault)}</figcaption></figure>']
    return f'<div class="grid">{"".join(images)}</div>'


def _image(image: Image) -> str:
    data, is_tiny = thumbnail(image)
    kind = ' class="tiny"' if is_tiny else ""
    address = source(data, "png" if is_tiny else "jpeg")
    return f'<figure><div class="frame"><img{kind} src="{address}" alt=""></div></figure>'


def _yaml(file: str, pipeline: Pipeline) -> str:
    return f'<h3>{text(file)}</h3><pre tabindex="0">{text(yaml_file.dumps(described(pipeline)))}</pre>'


def _forest(rows: Sequence[Judged]) -> str:
    """Return gains with their intervals as a picture of lines, drawn in the page itself."""
    ends = [end for one in rows for end in (one.gain.mean, one.gain.low, one.gain.high) if math.isfinite(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return LEFT + (value - low) / span * (WIDTH - LEFT - RIGHT)

    height = ROW * len(rows) + 24
    parts = [f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{height - 20}" stroke="var(--soft)"/>']
    for place, one in enumerate(rows):
        y = ROW * place + ROW / 2
        name = one.candidate.name if len(one.candidate.name) <= 34 else f"{one.candidate.name[:33]}…"
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" font-size="12" fill="var(--ink)">'
            f"<title>{escape(one.candidate.name)}</title>{escape(name)}</text>"
        )
        color = "var(--accent)" if one.gain.mean >= 0 else "var(--bad)"
        if math.isfinite(one.gain.low):
            ends_x = f'x1="{x(one.gain.low):.1f}" x2="{x(one.gain.high):.1f}"'
            parts.append(f'<line {ends_x} y1="{y}" y2="{y}" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<circle cx="{x(one.gain.mean):.1f}" cy="{y}" r="4" fill="{color}"/>')
    marks = [(x(0.0), "middle", "0")]
    marks += [(x(low), "start", f"worse by {-low:.3f}")] * (x(0.0) - x(low) > NEAR)
    marks += [(x(high), "end", f"better by {high:.3f}")] * (x(high) - x(0.0) > NEAR)
    parts += [
        f'<text x="{at:.1f}" y="{height - 6}" text-anchor="{anchor}" font-size="11" fill="var(--soft)">{told}</text>'
        for at, anchor, told in marks
    ]
    return (
        f'<div class="wide" tabindex="0"><svg viewBox="0 0 {WIDTH} {height}" width="100%" style="min-width: 460px;'
        f' max-width: 860px" role="img" aria-label="Gains with their intervals">{"".join(parts)}</svg></div>'
    )


def _interval(one: Gain) -> str:
    return f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})" if math.isfinite(one.low) else f"{one.mean:.3f}"
