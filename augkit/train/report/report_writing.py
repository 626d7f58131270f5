"""Write a report, and its figures as files of their own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from augkit.storage.durable import replace_with
from augkit.train import figures
from augkit.train.calibration import BINS, loss_of, reliability
from augkit.train.metrics import Headline
from augkit.train.predictions import Row, csv_of, named
from augkit.train.report.mistakes import MOST, gallery, worst
from augkit.train.report.report_facts import ReportFacts
from augkit.train.report.report_page import Section, details, figure, page, shown, table, text
from augkit.train.train_errors import written

__all__ = ["write"]

PAGE, PREDICTIONS = "report.html", "predictions.csv"
CURVES, MATRIX, CALIBRATION, SCATTER = "learning_curves.png", "confusion_matrix.png", "calibration.png", "scatter.png"


def write(folder: Path, facts: ReportFacts) -> Path:
    """Write the report of a training, its figures, and what was said of each picture, into the folder of the run.

    Files: ``report.html``, ``learning_curves.png``, ``predictions.csv``; of classes ``confusion_matrix.png``, of
    classes and labels ``calibration.png``, of numbers ``scatter.png``.

    Returns:
        The page.

    Raises:
        Unwritten: a file cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    measured = dict(facts.artefact.metrics)
    drawn = dict(_drawn(facts, measured))
    sections = [
        Section("", _top(facts, measured)),
        Section("Learning curves", _curves(facts, *drawn[CURVES])),
        *_kind_sections(facts, measured, drawn),
        Section("Configuration", _configuration(facts)),
    ]
    model, target = facts.artefact.architecture.name, facts.artefact.target
    what = {"classes": "classes", "labels": "labels", "numbers": "numbers"}[target.kind]
    subtitle = f"{model} on {target.outputs:,} {what if target.outputs != 1 else what.rstrip('s')}"
    files = {name: light for name, (light, _) in drawn.items()}
    files[PREDICTIONS] = "".join(_predictions(facts)).encode("utf-8", "surrogateescape")
    files[PAGE] = page(facts.title, subtitle, sections)  # last: where it lies, all is there
    for name, data in files.items():
        with written(folder / name):
            replace_with(folder / name, data)
    return folder / PAGE


def _drawn(facts: ReportFacts, measured: dict[str, Any]) -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    """Yield figures by the name of their file, for paper and for the dark."""
    target, both = facts.artefact.target, (False, True)
    light, dark = (figures.learning_curves(facts.curves, is_dark) for is_dark in both)
    yield CURVES, (light, dark)
    if target.kind == "numbers":
        light, dark = (figures.scatter(facts.evaluation, is_dark) for is_dark in both)
        yield SCATTER, (light, dark)
        return
    before, after = reliability(facts.evaluation), reliability(facts.evaluation, facts.artefact.temperature)
    light, dark = (figures.reliability_diagram(before, after, is_dark) for is_dark in both)
    yield CALIBRATION, (light, dark)
    if target.kind == "classes":
        matrix = np.array(measured["confusion"])
        light, dark = (figures.confusion(matrix, target.names, is_dark) for is_dark in both)
        yield MATRIX, (light, dark)


def _top(facts: ReportFacts, measured: dict[str, Any]) -> str:
    top = Headline(**measured["headline"])
    learnt, chose, reported = facts.counts
    deeds = {
        "picked the epoch": facts.settings["keep"] == "best",
        "could end the training early": bool(facts.settings["patience"]),
        "set the temperature": measured["kind"] != "numbers",
    }
    *first, last = [deed for deed, is_done in deeds.items() if is_done] or ["were watched and decided nothing"]
    chosen = f"{', '.join(first)} and {last}" if first else last
    scope = (
        f"Measured on {reported:,} picture{'s' * (reported != 1)} ({facts.split}), not augmented, that the network did"
        f" not learn from and that chose nothing. {learnt:,} others taught it; {chose:,} others ({facts.chosen_on})"
        f" {chosen}."
    )
    told = "".join(f"<p>{text(note)}</p>" for note in (scope, *facts.notes))
    parameters = sum(value.numel() for value in facts.artefact.network.parameters())
    tiles = [
        *_further(measured),
        ("Model", facts.artefact.architecture.name),
        ("Parameters", f"{parameters:,}"),
        ("Training took", _duration(facts.seconds)),
    ]
    left = (
        f'<div><div>{text(top.name)}</div><div class="value">{text(_value(top, top.value))}</div>{_interval(top)}</div>'
    )
    return f'<div class="headline">{left}<div>{told}</div></div>{details(tiles, "tiles")}'


def _interval(top: Headline) -> str:
    if top.low is None or top.high is None:
        return '<div class="soft">one picture gives no interval</div>'
    low, high = _value(top, top.low), _value(top, top.high)
    told = f"95 % interval {low.removesuffix(' %')} to {high}"
    return f'<div>{text(told)}</div><div class="soft">{text(top.method)}</div>'


def _value(top: Headline, value: float) -> str:
    return f"{100 * value:.1f} %" if top.is_fraction else f"{value:.4g}"


def _further(measured: dict[str, Any]) -> list[tuple[str, str]]:
    def part(name: str) -> str:
        value = measured[name]
        return "undefined" if value is None else f"{100 * value:.1f} %"

    if measured["kind"] == "numbers":
        explained = "undefined" if measured["r2"] is None else f"{measured['r2']:.3f}"
        return [("Root mean squared error", f"{measured['rmse']:.4g}"), ("R²", explained)]
    error = ("Calibration error (ECE)", f"{measured['calibration_error']:.3f}")
    if measured["kind"] == "classes":
        return [("Macro F1", part("macro_f1")), error]
    return [("Micro F1", part("micro_f1")), ("Macro F1", part("macro_f1")), ("All labels right", part("exact")), error]


def _curves(facts: ReportFacts, light: bytes, dark: bytes) -> str:
    curves = facts.curves
    told = f"The weights of epoch {curves.chosen + 1} of {len(curves.val_score)} were kept."
    if curves.unfrozen is not None:
        told += f" Only the head learnt in the first {curves.unfrozen}; from then on all layers did."
    return f"{figure(light, dark, f'Loss and {curves.score_name} over the epochs. {told}')}\n<p>{text(told)}</p>"


def _kind_sections(
    facts: ReportFacts, measured: dict[str, Any], drawn: dict[str, tuple[bytes, bytes]]
) -> Iterator[Section]:
    target = facts.artefact.target
    if target.kind == "classes":
        limit = f" The {figures.MOST_CLASSES} classes with the most mistakes." * (target.outputs > figures.MOST_CLASSES)
        told = f"A row is a true class, its shade the part of that class's pictures.{limit}"
        body = f"{figure(*drawn[MATRIX], 'Which classes were taken for which.')}\n<p>{text(told)}</p>"
        yield Section("Confusion matrix", body)
        rows = [(r["name"], r["precision"], r["recall"], r["f1"], r["support"]) for r in measured["per_class"]]
        yield Section("Per class", table(("class", "precision", "recall", "F1", "pictures"), rows) + _dash(rows))
    elif target.kind == "labels":
        keys = ("name", "average_precision", "precision", "recall", "f1", "support")
        rows = [tuple(row[key] for key in keys) for row in measured["per_class"]]
        heads = ("label", "average precision", "precision", "recall", "F1", "pictures")
        yield Section("Per label", table(heads, rows) + _dash(rows))
    else:
        numbers = [
            [r["name"], *(f"{r[key]:.4g}" if r[key] is not None else None for key in ("mae", "rmse", "r2"))]
            for r in measured["per_value"]
        ]
        body = figure(*drawn[SCATTER], "Predicted over true numbers.")
        yield Section("Predicted and true", body)
        yield Section("Per number", table(("number", "mean absolute error", "root mean squared error", "R²"), numbers))
    yield Section("Worst mistakes", _mistakes(facts))
    if target.kind != "numbers":
        yield Section("Calibration", _calibration(facts, *drawn[CALIBRATION]))


def _dash(rows: Any) -> str:
    told = "A dash is a figure that these pictures cannot give: none is of the class, or it was never named."
    return f'<p class="soft">{told}</p>' if any(None in row for row in rows) else ""


def _mistakes(facts: ReportFacts) -> str:
    found, is_any = worst(facts.evaluation, facts.artefact.temperature)
    if is_any:
        told = {
            "classes": "Wrong answers, the surest first",
            "labels": "Pictures with a wrong label, those whose truth was held least likely first",
            "numbers": "The answers that are furthest off first",
        }[facts.artefact.target.kind] + f"; the first {MOST}" * (len(found) == MOST)
    else:
        told = "There is none among these pictures. These right answers were the least sure"
    return f'<p class="soft">{told}.</p>{gallery(found, facts.picture)}'


def _calibration(facts: ReportFacts, light: bytes, dark: bytes) -> str:
    evaluation, temperature = facts.evaluation, facts.artefact.temperature
    rows = [
        (name, f"{reliability(evaluation, value).error:.4f}", f"{loss_of(evaluation, value):.4f}", f"{value:.3f}")
        for name, value in (("before", 1.0), ("after", temperature))
    ]
    of = "the answer's confidence" if evaluation.target.kind == "classes" else "the probability of every label"
    told = (
        f"The expected calibration error (ECE) is the mean distance between {of} and how often it is right, in"
        f" {BINS} bins of equal width, weighted by their answers (Guo et al., 2017). The temperature was fitted to"
        f" other pictures ({facts.chosen_on})."
    )
    if temperature == 1.0:
        told += " It stayed at 1: they gave no reason to change it."
    words = "How often answers are right by how sure they are, before and after temperature scaling."
    heads = ("temperature scaling", "ECE", "log loss", "temperature")
    return f"{figure(light, dark, words)}\n{table(heads, rows)}\n<p>{text(told)}</p>"


def _configuration(facts: ReportFacts) -> str:
    artefact = facts.artefact
    pictures = artefact.architecture.preprocessing
    prepared = [
        ("input", shown([*pictures.size, pictures.channels])),
        ("resized to", f"{pictures.resize} (shorter side), then cropped" if pictures.resize else "the input's size"),
        ("interpolation", pictures.interpolation),
        ("mean", ", ".join(f"{value:g}" for value in pictures.mean)),
        ("std", ", ".join(f"{value:g}" for value in pictures.std)),
        ("temperature", f"{artefact.temperature:.4g}"),
    ]
    settings = [(name.replace("_", " "), shown(value)) for name, value in facts.settings.items()]
    return (
        f'<p>This repeats the run:</p><pre tabindex="0">{text(shlex.join(facts.command))}</pre>'
        f"<h3>Settings</h3>{details(settings)}"
        f"<h3>Preprocessing</h3>{details(prepared)}"
        f"<h3>Versions</h3>{details(artefact.versions.items())}"
        f"<h3>Fingerprint of the data</h3><code>{text(artefact.fingerprint or 'none')}</code>"
    )


def _predictions(facts: ReportFacts) -> Iterator[str]:
    evaluation, target = facts.evaluation, facts.artefact.target
    found = evaluation.answers(facts.artefact.temperature)
    rows = [Row(id, said) for id, said in zip(evaluation.ids, found, strict=True)]
    truths = [
        target.names[truth] if target.kind == "classes" else named(np.asarray(truth, np.float64), target)
        for truth in evaluation.truths
    ]
    return csv_of(rows, target, 1, truths)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
