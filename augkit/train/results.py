"""Results of a training: its best weights as one file with all that is needed to use them, and a report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np

from augkit.core.arrays import Image, JsonObject
from augkit.images.network_input import opaque
from augkit.storage.durable import replace_with
from augkit.storage.patience import Patience
from augkit.train.batches.stream import Stream
from augkit.train.comparison import outcomes
from augkit.train.files.artefact import MODEL_FILE, Artefact, save, versions
from augkit.train.loop.evaluator import Evaluator
from augkit.train.loop.training_loop import State
from augkit.train.metrics import fit_temperature, measure
from augkit.train.models import Architecture, Network
from augkit.train.parts.parts import Role
from augkit.train.report.doubt_gallery import doubts_html
from augkit.train.report.figures import Curves
from augkit.train.report.model_card import write_card
from augkit.train.report.report_writing import ReportFacts, write
from augkit.train.report.seen_pictures import seen, seen_html
from augkit.train.rivals.baselines import constant_answer
from augkit.train.rivals.linear_rival import Rival
from augkit.train.setup import Setup
from augkit.train.several import label_doubts
from augkit.train.tasks import Evaluation
from augkit.train.train_errors import written

KEPT = "judged.npz"  # of folds of dense tasks: what an evaluation keeps of each answer, and of the truth
ANSWERS = "answers.npy"  # to the pictures reported on, in the order of their ids: calibrated probabilities, or numbers


@dataclass(frozen=True)
class Result:
    """Result of a training.

    Args:
        out: its folder.
        report: the page that tells all of it.
        metrics: of the pictures that were reported on, as `augkit.train.metrics.measure` gives them.
        epochs: how many were trained.
        best_epoch: whose weights were kept, from 1.
        pictures: how many each part had: train, val and test.
        rejected: how many could not be read.
        seconds: that this took, without what was done before it was stopped, if it was.
        notes: what else a user must know.
        score: of the weights that were kept, by the pictures that choose; more is better.
    """

    out: str
    report: str
    metrics: JsonObject
    epochs: int
    best_epoch: int
    pictures: dict[Role, int]
    rejected: int
    seconds: float
    notes: tuple[str, ...]
    score: float


Ending = Callable[[Setup, Network, State, dict[Role, Evaluator], list[str], float, Rival | None], Result]


def artefact_of(
    setup: Setup, network: Network, architecture: Architecture, metrics: JsonObject, temperature: float
) -> Artefact:
    """Return a network with all that belongs to it, of the training that it came of."""
    config = setup.config.portable().model_dump(mode="json")
    return Artefact(network, architecture, setup.task, config, setup.deciding["data"], versions(), metrics, temperature)


def finish(
    setup: Setup,
    network: Network,
    state: State,
    evaluators: dict[Role, Evaluator],
    notes: list[str],
    seconds: float,
    words: Sequence[str] = (),
    rival: Rival | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Result:
    """Evaluate the best network by pictures that had no say in it, and write it down with all that belongs to it.

    `words` are further ones of the command that trains the same. The `rival` takes the network's place if it is better.
    `tell` is given what was found here that a user should read.
    """
    out, parts, task = Path(setup.config.out), setup.surveyed.parts, setup.task
    is_frozen = setup.schedule.is_frozen(state.best_epoch)  # its backbone is as it was, and known what it gives
    score: float = state.kept["val_score"]
    architecture = setup.architecture
    if rival is not None and rival.is_taken:
        network, score, is_frozen = rival.network, rival.score, rival.architecture is None
        architecture = rival.architecture or architecture
    choosing = evaluators["val"].evaluate(network, is_frozen)
    temperature = fit_temperature(choosing)
    evaluation = evaluators["test"].judged(network, is_frozen)
    constant = constant_answer(evaluation, evaluators["train"].view(0))
    beside = [] if rival is None else [rival.entry]
    metrics = measure(evaluation, temperature) | {"baselines": [*constant, *beside]}
    artefact = artefact_of(setup, network, architecture, metrics, temperature)
    _write_answers(setup, evaluation, temperature)
    save(out / MODEL_FILE, artefact)
    outcomes.write(out, task.outcomes(evaluation))
    counts = {role: len(truths) for role, truths in setup.truths.items()}
    picture = _pictures(setup)
    doubted = [] if setup.config.folds else label_doubts.of_evaluations([choosing, evaluation], temperature)
    if task.has_one and not setup.config.folds:  # of folds it is told over all
        label_doubts.write(out, doubted)
        if sentence := label_doubts.told(doubted, counts["val"] + counts["test"], out):
            notes.append(sentence)
            tell(sentence)
    facts = ReportFacts(
        title=out.absolute().name,
        artefact=artefact,
        evaluation=evaluation,
        split=parts.reported_split,
        chosen_on=parts.choosing_split,
        counts=(counts["train"], counts["val"], counts["test"]),
        curves=_curves(setup, state),
        settings=setup.portable,
        command=["augkit", "train", *setup.config.replaced(out=f"{out}-again").portable().words(), *words],
        picture=partial(evaluators["test"].overlay, network) if task.moves else picture,
        answers=evaluators["test"].answers(network, is_frozen),
        seconds=seconds,
        notes=notes,
        doubts=doubts_html(doubted, picture),
        seen=_seen(setup, state, evaluators["train"].stream),
    )
    write_card(out, facts)
    page = write(out, facts)
    return Result(
        out=str(out),
        report=str(page),
        metrics=artefact.metrics,
        epochs=len(state.rows),
        best_epoch=state.best_epoch + 1,
        pictures=counts,
        rejected=len(setup.surveyed.rejected),
        seconds=seconds,
        notes=tuple(notes),
        score=score,
    )


def _write_answers(setup: Setup, evaluation: Evaluation, temperature: float) -> None:
    """Write down what was answered, where runs that are told of together read it."""
    held = BytesIO()
    if not setup.task.moves:
        name = ANSWERS
        np.save(held, evaluation.answers(temperature), allow_pickle=False)
    elif setup.config.folds:
        name = KEPT
        np.savez(held, outputs=evaluation.outputs, encoded=evaluation.encoded)
    else:
        return
    path = Path(setup.config.out) / name
    with written(path):
        replace_with(path, held.getvalue())


def _pictures(setup: Setup) -> Callable[[str], Image]:
    """Return what reads a picture of val or test by its id, as the network's paper shows it."""
    parts, patience = setup.surveyed.parts, Patience(setup.config.wait)
    judged: tuple[Role, ...] = ("val", "test")
    places = {source.id: (parts[role].data, source) for role in judged for source in parts[role].sources}

    def picture(id: str) -> Image:
        data, source = places[id]
        found = patience.asked(lambda: data.decoded(source), lambda: None).image
        return opaque(found, setup.architecture.preprocessing.paper)

    return picture


def _seen(setup: Setup, state: State, stream: Stream) -> str:
    """Return what the network was given of some pictures, where they were augmented."""
    if setup.pipeline is None:
        return ""
    part, is_frozen = setup.surveyed.parts.train, bool(state.rows[0]["frozen"])
    labels = [label if isinstance(label, str) else "" for label in part.labels]
    sources, patience = {source.id: source for source in part.sources}, Patience(setup.config.wait)
    found = seen(stream, labels, setup.config.views if is_frozen else 0, len(state.rows))
    is_mixed = setup.config.mixup > 0 or setup.config.cutmix > 0

    def original(id: str) -> Image:
        return patience.asked(lambda: part.data.decoded(sources[id]), lambda: None).image

    return seen_html(found, original, is_mixed)


def _curves(setup: Setup, state: State) -> Curves:
    rows = state.rows
    epochs = [row["epoch"] - 1 for row in rows]  # of which a phase that ended early leaves some out
    unfrozen = next((place for place, row in enumerate(rows) if not row["frozen"]), None)
    losses, val_losses, scores = ([row[name] for row in rows] for name in ("loss", "val_loss", "val_score"))
    chosen = epochs.index(state.best_epoch)
    return Curves(losses, val_losses, scores, setup.task.score_name, chosen, unfrozen or None)
