"""Model card: what a network is for, how good it is and what it learnt from, in a page of Markdown beside it.

All in it are facts of the run. Its head is the YAML that hubs of models read.

Reference: Mitchell et al., "Model cards for model reporting", FAT* 2019.
"""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from augkit.core.arrays import JsonObject
from augkit.core.text_files import bytes_of
from augkit.storage.durable import replace_with
from augkit.train.models import Architecture
from augkit.train.models.ensemble_network import ENSEMBLE
from augkit.train.report.report_writing import ReportFacts
from augkit.train.tasks.headline import Headline
from augkit.train.train_errors import written

CARD = "model_card.md"
MOST_NAMED = 100  # names of outputs
MOST_ROWS = 30  # of a table of classes
HUB_TAGS = {"classes": "image-classification", "labels": "image-classification", "numbers": "image-regression"}
FIGURES = {"iou": "IoU", "ap50": "AP50", "recall": "found"}  # of a class, by which the weakest come first
SHOWN = {"detect": "object", "segment": "pixel"}  # of a class, that may be recognised; else a picture
SPECIAL = {ord(letter): f"\\{letter}" for letter in "\\`*_{}[]<>#|~&"}  # that Markdown acts on


def write_card(folder: Path, facts: ReportFacts) -> Path:
    """Write the card into the folder of a run; its path is returned.

    Raises:
        Unwritten: it cannot be written.
    """
    path = folder / CARD
    with written(path):
        replace_with(path, bytes_of(card(facts)))
    return path


def card(facts: ReportFacts) -> str:
    """Return the card of a network as Markdown; the same facts give the same text."""
    task, metrics = facts.artefact.task, facts.artefact.metrics
    front = {
        "library_name": "augkit",
        "tags": ["augkit", HUB_TAGS.get(task.kind, task.kind)],
        "metrics": [str(metrics["headline"]["name"]).lower()],
    }
    lines = [
        "---",
        *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items()),
        "---",
        "",
        f"# {plain(facts.title)}",
        "",
        *_purpose(facts),
        *_quality(facts, metrics),
        *_data(facts),
        *_training(facts),
        *_limits(facts, metrics),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def plain(text: object) -> str:
    r"""Return a text on one line of which Markdown does nothing.

    >>> print(plain("a|b *c*"))
    a\|b \*c\*
    """
    return " ".join(str(text).split()).translate(SPECIAL)


def _purpose(facts: ReportFacts) -> Iterator[str]:
    artefact = facts.artefact
    task, preprocessing = artefact.task, artefact.architecture.preprocessing
    named = ", ".join(map(plain, task.names[:MOST_NAMED]))
    more = f" and {task.outputs - MOST_NAMED:,} more" * (task.outputs > MOST_NAMED)
    does = {
        "classes": "Says which of these classes a picture shows",
        "labels": "Says which of these labels fit a picture",
        "numbers": "Tells these numbers of a picture",
        "detect": "Finds the objects of these classes in a picture, each with its box",
        "segment": "Says which of these classes each pixel of a picture shows",
    }
    parameters = sum(value.numel() for value in artefact.network.parameters())
    height, width, channels = preprocessing.input
    yield f"{does.get(task.kind, f'Gives {task.kind} of a picture')}: {named}{more}."
    yield ""
    yield (
        f"It is {_network(artefact.architecture)}, {parameters:,} parameters in all, and takes pictures of {height} x"
        f" {width} pixels and {channels} channel{'s' * (channels != 1)}; augkit brings them to that. Exported, it gives"
        f" {task.meaning}."
    )
    yield from ("", "```", "augkit predict THIS_FOLDER PICTURES", "augkit export THIS_FOLDER -o model.onnx", "```", "")


def _network(made: Architecture) -> str:
    """Return what a network is, as ``an ensemble of `resnet18` and 4 more heads``."""
    if made.name != ENSEMBLE:
        head = made.arguments.get("head")
        return f"`{made.name}`" + (f" with the head `{head}`" if head else "")
    members = Counter(_network(Architecture.read(member)) for member in made.arguments["members"])
    told = [f"{count} x {name}" if count > 1 else name for name, count in members.items()]
    heads = int(made.arguments["heads"])
    if heads:
        told.append(f"{heads} more head{'s' * (heads != 1)}")
    return f"an ensemble of {' and '.join(told)}"


def _quality(facts: ReportFacts, metrics: JsonObject) -> Iterator[str]:
    top = Headline(**metrics["headline"])
    count = facts.counts[2]
    yield from ("## How good it is", "")
    counted = f"{count:,} picture{'s' * (count != 1)}"
    yield facts.scope or f"Measured on {counted} ({facts.split}) that it did not learn from, and that chose nothing."
    yield ""
    interval = "-" if top.low is None or top.high is None else f"{top.told(top.low)} to {top.told(top.high)}"
    rows = [(top.name, top.told(top.value), f"{interval} ({top.method})")]
    for other in metrics.get("baselines", ()):
        told = Headline(**other["headline"])
        among = "-" if told.low is None or told.high is None else f"{told.told(told.low)} to {told.told(told.high)}"
        rows.append((f"{other['name']}, beside it", told.told(told.value), among))
    for name, key in (("Macro F1", "macro_f1"), ("Balanced accuracy", "balanced_accuracy")):
        if isinstance(metrics.get(key), float):
            rows.append((name, f"{100 * metrics[key]:.1f} %", "-"))
    if "calibration_error" in metrics:
        rows.append(("Calibration error (ECE)", f"{metrics['calibration_error']:.3f}", "-"))
    yield from _table(("figure", "value", "95 % interval"), rows)
    each = metrics.get("per_class") or ()
    if each:
        key = next(key for key in FIGURES if key in each[0])
        shown = sorted(each, key=lambda row: -1.0 if row[key] is None else row[key])[:MOST_ROWS]
        yield f"The weakest {len(shown)} of {len(each)}:" if len(shown) < len(each) else "The weakest first:"
        yield ""
        counted = str(each[0].get("counted", "pictures"))
        cells = [(row["name"], f"{row['support']:,}", _share(row[key]), _interval(row)) for row in shown]
        yield from _table(("name", counted, FIGURES[key], "95 % interval"), cells)


def _data(facts: ReportFacts) -> Iterator[str]:
    learnt, chose, reported = facts.counts
    chosen = "were looked at after every epoch" if facts.settings.get("keep") == "last" else "chose among its epochs"
    yield from ("## What it learnt from", "")
    yield facts.scope or (
        f"{learnt:,} pictures taught it, {chose:,} others ({facts.chosen_on}) {chosen}, and {reported:,}"
        f" others ({facts.split}) are reported on. The fingerprint of all of them is"
        f" `{facts.artefact.fingerprint[:16]}`."
    )
    yield ""
    for note in facts.notes:
        yield f"- {plain(note)}"
    if facts.notes:
        yield ""


def _training(facts: ReportFacts) -> Iterator[str]:
    settings, versions = facts.settings, facts.artefact.versions
    weights, pipeline = settings.get("weights"), settings.get("pipeline")
    begun = f"on weights of others ({plain(weights)})" if weights else "from scratch"
    augmented = f"augmented by `{plain(pipeline)}`" if pipeline and pipeline != "none" else "not augmented"
    kept = ""
    if facts.curves is not None:
        epochs = len(facts.curves.val_score)
        kept = f"; of {epochs} epoch{'s' * (epochs != 1)} number {facts.curves.chosen + 1} was kept"
    yield from ("## How it was trained", "")
    yield f"{begun[0].upper()}{begun[1:]}, its pictures {augmented}{kept}. The same again:"
    yield from ("", "```", shlex.join(facts.command), "```", "")
    yield f"With {', '.join(f'{name} {number}' for name, number in versions.items())}."
    yield ""


def _limits(facts: ReportFacts, metrics: JsonObject) -> Iterator[str]:
    kind, count = facts.artefact.task.kind, facts.counts[2]
    yield from ("## Limits", "")
    if kind == "classes":
        yield "- It gives one of its classes to every picture, also to one that shows none of them."
    yield "- It was judged by pictures of the same collection. Of other cameras, places and years nothing is measured."
    missed = [row["name"] for row in metrics.get("per_class") or () if row.get("recall") == 0.0]
    if missed:
        told = ", ".join(map(plain, missed[:MOST_ROWS]))
        yield f"- It recognised no {SHOWN.get(kind, 'picture')} of {told}{' and others' * (len(missed) > MOST_ROWS)}."
    if count < 100:
        yield f"- {count} picture{'s' * (count != 1)} tell little: the interval above is what is known."


def _interval(row: JsonObject) -> str:
    low, high = row.get("low"), row.get("high")
    return "-" if low is None or high is None else f"{_share(low)} to {_share(high)}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(plain(cell) for cell in row)} |"
    yield ""
