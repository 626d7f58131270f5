"""Trainings by folds: every picture is judged once, by a network that did not learn from it, and one report tells all.

The interval of the figures is that of as many pictures. That the networks have learnt from much the same is left out of
it: there is no unbiased estimate of it (Bengio and Grandvalet, "No unbiased estimator of the variance of k-fold
cross-validation", JMLR 2004).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from scipy.special import logit

from augkit.core.arrays import Image, JsonObject, Label, Reals
from augkit.datasets import DataSet, Source
from augkit.datasets.splits import LAW
from augkit.errors import ArgumentError, FileError
from augkit.images.network_input import opaque
from augkit.storage.durable import replace_with
from augkit.storage.patience import Patience
from augkit.train.comparison import outcomes
from augkit.train.files.artefact import MODEL_FILE, Artefact, load, save
from augkit.train.metrics import measure
from augkit.train.parts.parts import divide, require_learnable
from augkit.train.parts.separation import data_of
from augkit.train.parts.survey import Known
from augkit.train.report.doubt_gallery import doubts_html
from augkit.train.report.model_card import write_card
from augkit.train.report.report_writing import ReportFacts, write
from augkit.train.results import ANSWERS, Result
from augkit.train.rivals.baselines import pooled
from augkit.train.run_folder import PICTURES
from augkit.train.setup import Setup, prepare
from augkit.train.several import label_doubts
from augkit.train.several.joined_networks import joined
from augkit.train.tasks import Evaluation, Task, task_for
from augkit.train.telling import Progress, Tell
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import readable, written

LEAST = 1e-12  # probability that a logarithm is taken of
KINDS = ("classes", "labels", "numbers")  # of tasks whose answers are rows of numbers
SUMMARY = "folds.json"
_JOINED = (
    "The network that is kept answers with the mean of these {} networks; the figures are those of its parts, as no"
    " picture is left that none of them learnt from."
)


@dataclass(frozen=True)
class _Fold:
    """What a training by one fold left in its folder."""

    result: Result
    artefact: Artefact
    ids: tuple[str, ...]  # of the pictures that it is reported on
    labels: tuple[Label, ...]
    answers: Reals  # to them (n, k): calibrated probabilities, or numbers

    @classmethod
    def read(cls, result: Result) -> _Fold:
        out = Path(result.out)
        with readable(out / PICTURES):
            lines = [json.loads(line) for line in (out / PICTURES).read_text("utf-8").splitlines()]
        with readable(out / ANSWERS):
            answers = np.load(BytesIO((out / ANSWERS).read_bytes()), allow_pickle=False)
        judged = [line for line in lines if line["role"] == "test"]
        if len(judged) != len(answers):
            raise FileError("must be as augkit train wrote it, got a damaged file. Pass --fresh.", str(out / ANSWERS))
        ids, labels = (tuple(line[name] for line in judged) for name in ("id", "label"))
        return cls(result, load(out), ids, labels, answers)


def trained_by_folds(
    config: TrainConfig, one: Callable[[TrainConfig, Known, Tell], Result], tell: Tell, progress: Progress
) -> Result:
    """Train a network for each fold, or go on with that, and tell what they are worth together.

    Args:
        config: with `folds`; each fold lies in a folder of its own below its `out`, which holds what is told of all.
        one: does one training, given what is known of the pictures and whom to tell.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.

    Returns:
        A result whose figures are of all pictures.

    Raises:
        AugkitError: something is wrong, and the sentence says what; nothing that was done before is lost.
    """
    began, out, known = time.perf_counter(), Path(config.out), Known()
    setup = prepare(config, lambda _: None, progress, known=known)
    if setup.task.kind not in KINDS:
        raise ArgumentError(f"must go with {', '.join(KINDS)}, got {setup.task.kind}. Leave it out.", "folds")
    data = data_of(config)
    pictures = _pictures(config, data, setup.task)
    if config.cache is True and config.may_freeze:
        config = config.replaced(cache=str(out / "features"))  # what is not augmented is the same in every fold
    folds, said = list[_Fold](), set[str]()

    def once(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            tell(sentence)

    for number in range(1, config.folds + 1):
        tell(f"Fold {number} of {config.folds}:")
        own = config.replaced(fold=number, out=str(out / f"fold-{number}"))
        folds.append(_Fold.read(one(own, known, once)))
    return _joined(config, setup, folds, pictures, once, time.perf_counter() - began)


def _pictures(config: TrainConfig, data: DataSet, task: Task) -> dict[str, tuple[DataSet, Source]]:
    """Return where every picture lies that is judged; a class that a fold could not learn is told before any is."""
    found: dict[str, tuple[DataSet, Source]] = {}
    for number in range(1, config.folds + 1):
        options = config.split, config.groups, config.split_seed, config.label
        parts = divide(data, *options, LAW, fold=(number, config.folds))
        known = task if task.has_one else task_for(parts.train.labels, task.kind)
        require_learnable(parts, replace(known, names=task.names) if task.has_one else known)
        found |= {source.id: (parts.test.data, source) for source in parts.test.sources}
    return found


def _outputs(task: Task, answers: Reals) -> Reals:
    """Return outputs (n, k) of which a task makes these answers, at a temperature of 1."""
    if task.kind == "numbers":
        known = task.described()  # its class must be registered after that of labels, and so not be imported here
        return np.asarray((answers - np.array(known["mean"])) / np.array(known["std"]), np.float64)
    if task.has_one:
        return np.asarray(np.log(np.clip(answers, LEAST, 1.0)), np.float64)
    return np.asarray(logit(np.clip(answers, LEAST, 1.0 - LEAST)), np.float64)


def _joined(
    config: TrainConfig,
    setup: Setup,
    folds: Sequence[_Fold],
    pictures: dict[str, tuple[DataSet, Source]],
    tell: Tell,
    seconds: float,
) -> Result:
    out, first = Path(config.out), folds[0]
    task = first.artefact.task
    rows = [
        (id, label, output)
        for fold in folds
        for id, label, output in zip(fold.ids, fold.labels, _outputs(task, fold.answers), strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    encoded = np.asarray(torch.stack([task.encode(label) for _, label, _ in rows]).numpy())
    evaluation = Evaluation(tuple(id for id, _, _ in rows), np.stack([row for _, _, row in rows]), encoded, task)
    counts = [len(fold.ids) for fold in folds]
    metrics = measure(evaluation) | {
        "baselines": pooled([fold.artefact.metrics.get("baselines", []) for fold in folds], counts),
        "folds": [_told_of(number, fold) for number, fold in enumerate(folds, start=1)],
    }
    doubted = label_doubts.of_evaluations([evaluation], 1.0)
    said = list(filter(None, [label_doubts.told(doubted, len(rows), out)]))
    for sentence in said:
        tell(sentence)
    notes = [*dict.fromkeys(note for fold in folds for note in fold.result.notes), *said, _JOINED.format(len(folds))]
    network, architecture = joined([fold.artefact for fold in folds])
    if task.has_one:
        label_doubts.write(out, doubted)
    made = replace(first.artefact, network=network, architecture=architecture, metrics=metrics, temperature=1.0)
    artefact = replace(made, settings=config.portable().model_dump(mode="json"), fingerprint=_fingerprint(folds))
    save(out / MODEL_FILE, artefact)
    patience = Patience(config.wait)

    def picture(id: str) -> Image:
        data, source = pictures[id]
        found = patience.asked(lambda: data.decoded(source), lambda: None).image
        return opaque(found, setup.architecture.preprocessing.paper)

    facts = ReportFacts(
        title=out.absolute().name,
        artefact=artefact,
        evaluation=evaluation,
        split="test",
        chosen_on="part of train",
        counts=(0, 0, len(rows)),
        curves=None,
        settings=setup.portable,
        command=["augkit", "train", *config.replaced(out=f"{out}-again").portable().words()],
        picture=picture,
        seconds=seconds,
        notes=notes,
        scope=_scope(metrics, len(rows)),
        doubts=doubts_html(doubted, picture),
    )
    write_card(out, facts)
    page = write(out, facts)
    outcomes.write(out, task.outcomes(evaluation))
    with written(out / SUMMARY):
        replace_with(out / SUMMARY, (json.dumps(metrics, indent=2) + "\n").encode())
    results = [fold.result for fold in folds]
    return Result(
        out=str(out),
        report=str(page),
        metrics=metrics,
        epochs=sum(result.epochs for result in results),
        best_epoch=first.result.best_epoch,
        pictures={"train": len(rows), "val": 0, "test": len(rows)},
        rejected=max(result.rejected for result in results),
        seconds=seconds,
        notes=tuple(notes),
        score=float(np.mean([result.score for result in results])),
    )


def _fingerprint(folds: Sequence[_Fold]) -> str:
    """Return the hash of what all networks were trained on."""
    return sha256("\n".join(fold.artefact.fingerprint for fold in folds).encode()).hexdigest()


def _told_of(number: int, fold: _Fold) -> JsonObject:
    headline = fold.artefact.metrics["headline"]
    return {"fold": number, "out": fold.result.out, "pictures": len(fold.ids), "value": headline["value"]}


def _scope(metrics: JsonObject, pictures: int) -> str:
    values = sorted(fold["value"] for fold in metrics["folds"])
    unit = 100.0 if metrics["headline"]["is_fraction"] else 1.0
    shown = " to ".join(f"{unit * value:.4g}" for value in (values[0], values[-1]))
    tail = " %" * bool(metrics["headline"]["is_fraction"])
    return (
        f"Each of {pictures:,} pictures was judged once, not augmented, by the one of {len(values)} networks that"
        f" neither learnt from it nor chose by it. Fold by fold: {shown}{tail}."
    )
