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
from pathlib import Path

import numpy as np

from augkit.core.arrays import Image, JsonObject
from augkit.datasets import DataSet, Source
from augkit.datasets.splits import LAW
from augkit.errors import ArgumentError
from augkit.images.network_input import opaque
from augkit.storage.durable import replace_with
from augkit.storage.patience import Patience
from augkit.train.comparison import outcomes
from augkit.train.dense_setup import looked_through
from augkit.train.files.artefact import MODEL_FILE, Artefact, load, save
from augkit.train.metrics import measure
from augkit.train.parts.parts import divide, require_learnable
from augkit.train.parts.separation import data_of
from augkit.train.parts.survey import Known
from augkit.train.report.doubt_gallery import doubts_html
from augkit.train.report.model_card import write_card
from augkit.train.report.report_writing import ReportFacts, write
from augkit.train.results import Ending, Result
from augkit.train.rivals.baselines import pooled
from augkit.train.setup import Setup, prepare
from augkit.train.several import label_doubts
from augkit.train.several.final_network import ending, final_config, told as retrained
from augkit.train.several.joined_networks import joined
from augkit.train.several.label_doubts import Doubt
from augkit.train.several.trained_folds import Fold, overlay, pooled_evaluation, pooled_predictions
from augkit.train.tasks import Evaluation, task_for
from augkit.train.tasks.dense import Dense
from augkit.train.telling import Progress, Tell
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import written

SUMMARY = "folds.json"
_JOINED = (
    "The network that is kept answers with the mean of these {} networks; the figures are those of its parts, as no"
    " picture is left that none of them learnt from."
)


def trained_by_folds(
    config: TrainConfig,
    one: Callable[[TrainConfig, Known, Tell, Ending | None], Result],
    tell: Tell,
    progress: Progress,
) -> Result:
    """Train a network for each fold, or go on with that, and tell what they are worth together.

    Args:
        config: with `folds`; each fold lies in a folder of its own below its `out`, which holds what is told of all.
        one: does one training, given what is known of the pictures, whom to tell, and what it ends with, if not as all.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.

    Returns:
        A result whose figures are of all pictures.

    Raises:
        AugkitError: something is wrong, and the sentence says what; nothing that was done before is lost.
    """
    began, out, known = time.perf_counter(), Path(config.out), Known()
    setup = prepare(config, lambda _: None, progress, known=known)
    is_retrained = config.final == "retrain"
    data = data_of(config)
    pictures = _pictures(config, data, setup)
    if config.cache is True and config.may_freeze:
        config = config.replaced(cache=str(out / "features"))  # what is not augmented is the same in every fold
    if is_retrained:
        prepare(final_config(setup), lambda _: None, progress, known=known)  # what is wrong with it is told now
    folds, said = list[Fold](), set[str]()

    def once(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            tell(sentence)

    for number in range(1, config.folds + 1):
        tell(f"Fold {number} of {config.folds}:")
        own = config.replaced(fold=number, out=str(out / f"fold-{number}"))
        folds.append(Fold.read(one(own, known, once, None)))
    judged = _Judged.of(folds, out)
    for sentence in judged.said:
        once(sentence)
    if is_retrained:
        wanted = final_config(setup, folds).replaced(cache=config.cache if setup.config.may_freeze else True)
        tell(f"One network from all {len(judged.evaluation.ids):,} pictures:")
        one(wanted, known, lambda _: None, ending(folds, judged.metrics))
        kept, note = load(wanted.out), retrained(wanted, len(judged.evaluation.ids), len(folds))
    else:
        network, architecture = joined([fold.artefact for fold in folds])
        first = replace(folds[0].artefact, fingerprint=_fingerprint(folds), metrics=judged.metrics)
        kept, note = replace(first, network=network, architecture=architecture, temperature=1.0), _JOINED
    note = note.format(len(folds))
    once(note)
    notes = [
        note,
        *dict.fromkeys(said for fold in folds for said in fold.result.notes),
        *judged.said,
    ]
    kept = replace(kept, settings=config.portable().model_dump(mode="json"))
    return _written(config, setup, folds, judged, kept, pictures, notes, time.perf_counter() - began)


def _pictures(config: TrainConfig, data: DataSet, setup: Setup) -> dict[str, tuple[DataSet, Source]]:
    """Return where every picture lies that is judged; a class that a fold could not learn is told before any is."""
    found: dict[str, tuple[DataSet, Source]] = {}
    task = setup.task
    data = looked_through(data, type(task) if isinstance(task, Dense) else None, lambda _: None)
    for number in range(1, config.folds + 1):
        options = config.split, config.groups, config.split_seed, config.label
        parts = divide(data, *options, LAW, is_dense=task.moves, fold=(number, config.folds))
        found |= {source.id: (parts.test.data, source) for source in parts.test.sources}
        if isinstance(task, Dense):
            learnt = task.of_sources(data, parts.train.sources, setup.surveyed.mask_numbers)
            lost = sorted({*learnt.names} ^ {*task.names})
            if lost:
                what = f"must leave each fold all classes to learn, got too few pictures of {lost[0]!r}"
                raise ArgumentError(f"{what}. Give more, take it out, or pass fewer folds.", "folds")
            continue
        known = task if task.has_one else task_for(parts.train.labels, task.kind)
        require_learnable(parts, replace(known, names=task.names) if task.has_one else known)
    return found


@dataclass(frozen=True)
class _Judged:
    """What is told of all pictures, each judged by one of the folds."""

    evaluation: Evaluation
    metrics: JsonObject
    doubted: Sequence[Doubt]
    said: Sequence[str]  # sentences about them

    @classmethod
    def of(cls, folds: Sequence[Fold], out: Path) -> _Judged:
        evaluation, counts = pooled_evaluation(folds), [len(fold.ids) for fold in folds]
        metrics = measure(evaluation) | {
            "baselines": pooled([fold.artefact.metrics.get("baselines", []) for fold in folds], counts),
            "folds": [_told_of(number, fold) for number, fold in enumerate(folds, start=1)],
        }
        doubted = label_doubts.of_evaluations([evaluation], 1.0)
        said = list(filter(None, [label_doubts.told(doubted, len(evaluation.ids), out)]))
        return cls(evaluation, metrics, doubted, said)


def _written(
    config: TrainConfig,
    setup: Setup,
    folds: Sequence[Fold],
    judged: _Judged,
    artefact: Artefact,
    pictures: dict[str, tuple[DataSet, Source]],
    notes: Sequence[str],
    seconds: float,
) -> Result:
    """Write the network that is kept, and what is told of all folds."""
    out, first, task, metrics = Path(config.out), folds[0], judged.evaluation.task, judged.metrics
    count = len(judged.evaluation.ids)
    if task.has_one:
        label_doubts.write(out, judged.doubted)
    save(out / MODEL_FILE, artefact)
    patience = Patience(config.wait)

    def picture(id: str) -> Image:
        data, source = pictures[id]
        if task.moves:
            return overlay(next(fold for fold in folds if id in fold.ids), data, source, config.wait)
        found = patience.asked(lambda: data.decoded(source), lambda: None).image
        return opaque(found, setup.architecture.preprocessing.paper)

    facts = ReportFacts(
        title=out.absolute().name,
        artefact=replace(artefact, temperature=1.0),  # with which the folds' answers are those that are told
        evaluation=judged.evaluation,
        split="test",
        chosen_on="part of train",
        counts=(0, 0, count),
        curves=None,
        settings=setup.portable,
        command=["augkit", "train", *config.replaced(out=f"{out}-again").portable().words()],
        picture=picture,
        seconds=seconds,
        notes=notes,
        scope=_scope(metrics, count),
        doubts=doubts_html(judged.doubted, picture),
        predictions=pooled_predictions(folds) if task.moves else "",
    )
    write_card(out, facts)
    page = write(out, facts)
    outcomes.write(out, task.outcomes(judged.evaluation))
    with written(out / SUMMARY):
        replace_with(out / SUMMARY, (json.dumps(metrics, indent=2) + "\n").encode())
    results = [fold.result for fold in folds]
    return Result(
        out=str(out),
        report=str(page),
        metrics=metrics,
        epochs=sum(result.epochs for result in results),
        best_epoch=first.result.best_epoch,
        pictures={"train": count, "val": 0, "test": count},
        rejected=max(result.rejected for result in results),
        seconds=seconds,
        notes=tuple(notes),
        score=float(np.mean([result.score for result in results])),
    )


def _fingerprint(folds: Sequence[Fold]) -> str:
    """Return the hash of what all networks were trained on."""
    return sha256("\n".join(fold.artefact.fingerprint for fold in folds).encode()).hexdigest()


def _told_of(number: int, fold: Fold) -> JsonObject:
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
