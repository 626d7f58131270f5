"""A report that is written into the folder of its run, with its figures as files of their own."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from augkit.core.arrays import Array, Image, Json, JsonObject
from augkit.core.text_files import bytes_of
from augkit.images.paper import shown_paper
from augkit.storage.durable import replace_with
from augkit.train.answers.predictions import Row, csv_of
from augkit.train.files.artefact import Artefact
from augkit.train.metrics import BINS, EACH, reliability
from augkit.train.report.figures import Curves, learning_curves, reliability_diagram
from augkit.train.report.mistakes import MOST, gallery, worst
from augkit.train.report.report_page import Drawn, Section, details, page, shown, table, text
from augkit.train.rivals import baselines
from augkit.train.tasks import Evaluation
from augkit.train.tasks.headline import Headline
from augkit.train.train_errors import written
from augkit.train.wilson import FEW

_ONE = {"classes": "class", "labels": "label", "numbers": "number"}
PAGE, PREDICTIONS = "report.html", "predictions.csv"


@dataclass(frozen=True)
class ReportFacts:
    """The facts that a report tells."""

    title: str  # of the page: the run's name
    artefact: Artefact  # its metrics are those that `measure` gives of `evaluation` with its temperature
    evaluation: Evaluation  # of the pictures that are reported on; its ids are what `picture` takes
    split: str  # what the data set calls those pictures: test, or val
    chosen_on: str  # what it calls those that picked the epoch and fitted the temperature
    counts: tuple[int, int, int]  # of pictures that taught the network, chose, and are reported on
    curves: Curves | None  # none of several trainings
    settings: Mapping[str, Json]  # as they are after what was left open was found out
    command: Sequence[str]  # the words of one that trains the same in another folder
    picture: Callable[[str], Image]  # gives one by its id, four channels with alpha; it may raise an AugkitError
    seconds: float  # that the training took
    answers: Iterator[Array] | None = None  # of dense tasks: to each picture, in its own frame
    predictions: str = ""  # the table of answers, where it was written before
    scope: str = ""  # what the figures are of, where it is not one network by other pictures
    notes: Sequence[str] = ()  # further sentences that a reader must know
    doubts: str = ""  # HTML of pictures whose labels may be wrong
    seen: str = ""  # HTML of what the network was given of some pictures, where they were augmented


def write(folder: Path, facts: ReportFacts) -> Path:
    """Write the report of a training, its figures, and the answer to each picture, into the folder of the run.

    Files: ``report.html``, ``learning_curves.png``, ``predictions.csv``; of classes ``confusion_matrix.png``, of
    classes and labels ``calibration.png``, of numbers ``scatter.png``. The path of the page is returned.
    """
    artefact = facts.artefact
    task, metrics = artefact.task, dict(artefact.metrics)
    sections = [
        Section("", _top(facts, metrics)),
        *([] if facts.curves is None else [_curves(facts.curves)]),
        *task.sections(facts.evaluation, metrics),
        Section("Worst mistakes", _mistakes(facts)),
        *([Section("Labels that may be wrong", facts.doubts)] if facts.doubts else []),
        *_calibration(facts),
        *([Section("What the network saw", facts.seen)] if facts.seen else []),
        Section("Configuration", _configuration(facts)),
    ]
    kind = "classes" if task.moves else task.kind
    subtitle = f"{artefact.architecture.name} on {task.outputs:,} {kind if task.outputs != 1 else _ONE.get(kind, kind)}"
    files = {
        section.figure.file: section.figure.lights.light.whole for section in sections if section.figure is not None
    }
    files[PREDICTIONS] = bytes_of(facts.predictions or "".join(_predictions(facts)))
    files[PAGE] = page(facts.title, subtitle, sections)  # last: where it lies, all is there
    for name, data in files.items():
        with written(folder / name):
            replace_with(folder / name, data)
    return folder / PAGE


def _top(facts: ReportFacts, metrics: JsonObject) -> str:
    top, is_calibrated = Headline(**metrics["headline"]), "calibration_error" in metrics
    learnt, chose, reported = facts.counts
    deeds = {
        "picked the epoch": facts.settings["keep"] == "best",
        "could end the training early": facts.settings["patience"] != 0,
        "set the temperature": is_calibrated,
    }
    *first, last = [deed for deed, is_done in deeds.items() if is_done] or ["were watched and decided nothing"]
    chosen = f"{', '.join(first)} and {last}" if first else last
    scope = facts.scope or (
        f"Measured on {reported:,} picture{'s' * (reported != 1)} ({facts.split}), not augmented, that the network did"
        f" not learn from and that chose nothing. {learnt:,} others taught it; {chose:,} others ({facts.chosen_on})"
        f" {chosen}."
    )
    few = [f"From {reported:,} picture{'s' * (reported != 1)} no verdict follows: look at the interval."]
    beside = filter(None, [baselines.told(metrics)])
    told = "".join(f"<p>{text(note)}</p>" for note in (scope, *beside, *few * (reported < FEW), *facts.notes))
    parameters = sum(value.numel() for value in facts.artefact.network.parameters())
    error = [("Calibration error (ECE)", f"{metrics['calibration_error']:.3f}")] if is_calibrated else []
    tiles = [
        *facts.evaluation.task.tiles(metrics),
        *error,
        ("Model", facts.artefact.architecture.name),
        ("Parameters", f"{parameters:,}"),
        ("Training took", _duration(facts.seconds)),
    ]
    left = f'<div><div>{text(top.name)}</div><div class="value">{text(top.told(top.value))}</div>{_interval(top)}</div>'
    return f'<div class="headline">{left}<div>{told}</div></div>{details(tiles, "tiles")}'


def _interval(top: Headline) -> str:
    if top.low is None or top.high is None:
        return '<div class="soft">one picture gives no interval</div>'
    low, high = top.told(top.low), top.told(top.high)
    told = f"95 % interval {low.removesuffix(' %')} to {high}"
    return f'<div>{text(told)}</div><div class="soft">{text(top.method)}</div>'


def _curves(curves: Curves) -> Section:
    figure = Drawn("learning_curves.png", learning_curves(curves))
    told = f"The weights of epoch {curves.chosen + 1} of {len(curves.val_score)} were kept."
    if curves.unfrozen is not None:
        told += f" Only the head learnt in the first {curves.unfrozen}; from then on all layers did."
    shown = figure.html(f"Loss and {curves.score_name} over the epochs. {told}")
    return Section("Learning curves", f"{shown}\n<p>{text(told)}</p>", figure)


def _mistakes(facts: ReportFacts) -> str:
    found, is_any = worst(facts.evaluation, facts.artefact.temperature)
    told = "There is none among these pictures. These right answers were the least sure"
    if is_any:
        told = facts.evaluation.task.mistakes_are + f"; the first {MOST}" * (len(found) == MOST)
    return f'<p class="soft">{told}.</p>{gallery(found, facts.picture)}'


def _calibration(facts: ReportFacts) -> Iterator[Section]:
    temperature = facts.artefact.temperature
    before, after = (reliability(facts.evaluation, value) for value in (1.0, temperature))
    if before is None or after is None:
        return
    figure = Drawn("calibration.png", reliability_diagram(before, after))
    rows = [
        (name, f"{found.error:.4f}", f"{found.log_loss:.4f}", f"{value:.3f}")
        for name, found, value in (("before", before, 1.0), ("after", after, temperature))
    ]
    bins, count = len(after.counts), sum(after.counts)
    told = (
        f"The expected calibration error (ECE) is the mean distance between {facts.evaluation.task.bets_are} and how"
        f" often it is right, here in {bins} bin{'s' * (bins != 1)} of about {round(count / bins):,} answers each"
        f" (Guo et al., 2017; bins by count after Nguyen and O'Connor, 2015). Lines are 95 % intervals (Wilson). The"
        f" temperature was fitted to other pictures ({facts.chosen_on})."
    )
    if bins < BINS:
        told += f" A bin has {EACH} answers at least; {BINS * EACH:,} would fill {BINS} bins, and tell more."
    if temperature == 1.0:
        told += " It stayed at 1: they gave no reason to change it."
    shown = figure.html("How often answers are right by how sure they are, before and after temperature scaling.")
    heads = ("temperature scaling", "ECE", "log loss", "temperature")
    yield Section("Calibration", f"{shown}\n{table(heads, rows)}\n<p>{text(told)}</p>", figure)


def _configuration(facts: ReportFacts) -> str:
    artefact = facts.artefact
    pictures = artefact.architecture.preprocessing
    prepared = [
        ("input", shown([*pictures.size, pictures.channels])),
        ("resized to", f"{pictures.resize} (shorter side), then cropped" if pictures.resize else "the input's size"),
        ("fit", pictures.fit),
        ("paper", "none: alpha is left out" if pictures.paper is None else shown_paper(pictures.paper)),
        ("interpolation", pictures.interpolation),
        ("mean", ", ".join(f"{value:g}" for value in pictures.mean)),
        ("std", ", ".join(f"{value:g}" for value in pictures.std)),
        ("temperature", f"{artefact.temperature:.4g}"),
    ]
    settings = [(name.replace("_", " "), shown(value)) for name, value in facts.settings.items()]
    return (
        f'<p>To train the same again, in another folder:</p><pre tabindex="0">{text(shlex.join(facts.command))}</pre>'
        f"<h3>Settings</h3>{details(settings)}"
        f"<h3>Preprocessing</h3>{details(prepared)}"
        f"<h3>Versions</h3>{details(artefact.versions.items())}"
        f"<h3>Fingerprint of the data</h3><code>{text(artefact.fingerprint or 'none')}</code>"
    )


def _predictions(facts: ReportFacts) -> Iterator[str]:
    evaluation, task = facts.evaluation, facts.evaluation.task
    found = evaluation.answers(facts.artefact.temperature) if facts.answers is None else facts.answers
    rows = [Row(id, answers) for id, answers in zip(evaluation.ids, found, strict=True)]
    return csv_of(rows, task, 1, [task.true_label(truth) for truth in evaluation.truths])


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
