"""A page that tells what a comparison came to, and what that rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from augkit.train.comparison.outcomes import ALL
from augkit.train.comparison.turned import Turned
from augkit.train.comparison.verdicts import LEAST_PAIRED, LEAST_PICTURES, LEAST_SEEDS, LEVEL, SAME, Difference
from augkit.train.report.report_page import Cell, Flagged, Section, Span, page, table, text

MOST_ROWS = 200  # of a table; classes beyond are in the file


@dataclass(frozen=True)
class ArmFacts:
    """One way to train: what it is called, where its runs lie, and what each came to."""

    name: str
    mean: float
    std: float | None
    runs: Sequence[tuple[str, float]]  # folders, and the headline of each


@dataclass(frozen=True)
class ComparisonFacts:
    """The facts that a page about a comparison tells."""

    title: str
    option: str  # that differs between the ways
    figure: str  # the name of the headline
    is_fraction: bool
    arms: Sequence[ArmFacts]  # the others are compared with the first
    differences: Mapping[str, Sequence[Difference]]  # of each other one
    best: str  # the folder of the run to use
    has_splits: bool  # every seed or fold was judged by pictures of its own
    command: str  # that does it again
    turned: Mapping[str, Turned]  # pictures that each other way loses and wins
    galleries: Mapping[str, tuple[str, str]]  # some of these pictures, as HTML


def comparison_page(facts: ComparisonFacts) -> bytes:
    """Return the page of a comparison."""
    first = facts.arms[0].name
    sections = [Section("", _top(facts))]
    for arm in facts.arms[1:]:
        rows = facts.differences[arm.name]
        body = _table(rows, first, arm.name, facts.is_fraction) + _pictures(facts, arm.name)
        sections.append(Section(f"{arm.name} against {first}, class by class" * (len(rows) > 1), body))
    sections += [
        Section("What this rests on", _method(facts)),
        Section("Runs", _runs(facts)),
        Section("Configuration", f'<p>To compare again:</p><pre tabindex="0">{text(facts.command)}</pre>'),
    ]
    ways = ", ".join(arm.name for arm in facts.arms)
    return page(facts.title, f"{facts.option.replace('_', ' ')}: {ways}", sections)


def number(value: float, is_fraction: bool, is_signed: bool = False) -> str:
    """Return a figure as text, of fractions a hundred times as much, without a unit."""
    sign = "+" * (is_signed and value >= 0)
    return f"{sign}{100 * value:.1f}" if is_fraction else f"{sign}{value:.3g}"


def sentence(row: Difference, name: str, first: str, is_fraction: bool) -> str:
    """Return what is to be said of a way as a whole."""
    unit = " points" if is_fraction else ""
    gain = f"{number(row.gain, is_fraction, True)}{unit}"
    if row.low is not None and row.high is not None:
        ends = (number(end, is_fraction, True) for end in (row.low, row.high))
        gain += f" (95 %: {' to '.join(ends)})"
    chance = "" if row.adjusted is None else f", p = {row.adjusted:.2g}"
    return f"{name} against {first}: {row.verdict}. Gain {gain} on {row.pictures:,} pictures{chance}."


def _top(facts: ComparisonFacts) -> str:
    first = facts.arms[0].name
    wholes = [(arm.name, next(row for row in facts.differences[arm.name] if row.name == ALL)) for arm in facts.arms[1:]]
    told = "".join(f"<p><b>{text(sentence(row, name, first, facts.is_fraction))}</b></p>" for name, row in wholes)
    for name, rows in facts.differences.items():
        lost = [row.name for row in rows if row.name != ALL and row.adjusted is not None and row.verdict in LOST]
        if lost:
            told += f'<p class="flag">{text(f"{name} harms {len(lost):,} of the classes: {_some(lost)}.")}</p>'
    unit = " %" * facts.is_fraction
    table_rows: list[tuple[Cell, ...]] = [
        (
            arm.name,
            f"{number(arm.mean, facts.is_fraction)}{unit}",
            None if arm.std is None else number(arm.std, facts.is_fraction),
            len(arm.runs),
        )
        for arm in facts.arms
    ]
    heads = (facts.option.replace("_", " "), f"{facts.figure}, mean", "standard deviation over seeds", "seeds")
    best = f'<p class="soft">The run that did best on the pictures that choose: {text(facts.best)}</p>'
    return f"{told}{table(heads, table_rows)}{best}"


LOST = ("hurt", "worse")


def _some(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _table(rows: Sequence[Difference], first: str, other: str, is_fraction: bool) -> str:
    ordered = sorted(rows, key=lambda row: (row.name != ALL, _rank(row), row.chance or 1.0))[:MOST_ROWS]
    ends = [abs(end) for row in ordered for end in (row.low, row.high, row.gain) if end is not None]
    reach = max(ends, default=0.0) or 1.0
    body = [tuple(_cells(row, is_fraction, reach)) for row in ordered]
    unit = "points" if is_fraction else "gain"
    heads = ("", "verdict", unit, "95 % interval", "", first, other, "pictures", "p", "p, Holm")
    cut = f'<p class="soft">{len(rows) - MOST_ROWS:,} more stand in the files.</p>' if len(rows) > MOST_ROWS else ""
    return table(heads, body) + cut


def _pictures(facts: ComparisonFacts, other: str) -> str:
    """Return the pictures whose answers turned in half of the runs at least."""
    found, first, shown = facts.turned[other], facts.arms[0].name, facts.galleries[other]
    told = ((found.lost, other, first), (found.won, first, other))
    body = ""
    for (ids, wrong, right), pictures in zip(told, shown, strict=True):
        if ids:
            sentence = (
                f"{len(ids):,} picture{'s' * (len(ids) != 1)} that {right} gets right more often than {wrong}, by half"
                f" of the runs at least: {_some(ids)}."
            )
            below = f'<p class="soft">{text(f"Some of them, with what {wrong} said:")}</p>' * bool(pictures)
            body += f"<p>{text(sentence)}</p>{below}{pictures}"
    return body


def _rank(row: Difference) -> int:
    """Return where a row belongs: first what was lost, then what was gained, then what cannot be told."""
    return 3 if row.adjusted is None else 2 if row.verdict == SAME else 0 if row.gain < 0 else 1


def _cells(row: Difference, is_fraction: bool, reach: float) -> Iterator[Cell]:
    yield row.name
    yield Flagged(row.verdict) if row.adjusted is not None and row.verdict in LOST else row.verdict
    yield number(row.gain, is_fraction, True)
    if row.low is None or row.high is None:
        yield from (None, None)
    else:
        yield f"{number(row.low, is_fraction, True)} to {number(row.high, is_fraction, True)}"
        yield Span(row.low / reach, row.gain / reach, row.high / reach)
    yield number(row.before, is_fraction)
    yield number(row.after, is_fraction)
    yield row.pictures
    yield None if row.chance is None else f"{row.chance:.2g}"
    yield None if row.adjusted is None else f"{row.adjusted:.2g}"


def _method(facts: ComparisonFacts) -> str:
    paired = (
        "Every seed or fold was judged by pictures of its own: gains are judged by their spread over these, widened"
        " because what they learnt from overlaps (Nadeau and Bengio, 2003)."
        if facts.has_splits
        else "Runs are paired, picture by picture. Gains are judged over seeds and pictures at once (a mixed model with"
        " both at random; Dorfman, Berbaum and Metz, 1992; Hillis, 2007): they are to hold for other seeds, and for"
        f" other pictures of the kind. Below {LEAST_PAIRED} seeds the spread of runs is that of each way by itself,"
        " which tells more then (Satterthwaite, 1946)."
    )
    sentences = (
        paired,
        f"All verdicts of this page together hold a wrong one with {100 * LEVEL:.0f} % at most (Holm, 1979; half of it"
        " is kept for the wholes, half for the classes). Intervals are those of each row by itself.",
        f"No verdict is given from fewer than {LEAST_SEEDS} seeds or {LEAST_PICTURES} pictures of a class, nor where"
        " seeds changed nothing. Of one seed, p is McNemar's: whether these two networks differ, not what made them.",
        "No difference to be told is not the same as none: the interval says how large one may be.",
    )
    return "".join(f"<p>{text(told)}</p>" for told in sentences)


def _runs(facts: ComparisonFacts) -> str:
    unit = " %" * facts.is_fraction
    rows = [
        (out, arm.name, f"{number(value, facts.is_fraction)}{unit}") for arm in facts.arms for out, value in arm.runs
    ]
    return table(("folder, in which report.html tells more", facts.option.replace("_", " "), facts.figure), rows)
