"""An explanation from beginning to end: a run opened, copies judged, and what was found written down."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from augkit.core.arrays import Image, Reals
from augkit.core.text_files import bytes_of
from augkit.errors import FileError
from augkit.loader import Draw
from augkit.pipeline import Pipeline
from augkit.pipeline.ablation import without
from augkit.pipeline.pipeline_file import dump
from augkit.screen_text import printable
from augkit.storage.durable import replace_with
from augkit.train.run_folder import require_apart
from augkit.train.telling import Progress, Tell, silent
from augkit.train.train_errors import trouble_told, written
from augkit.train.trials.asked_copies import at_work
from augkit.train.trials.evidence import Gain, crossed_gain, holm
from augkit.why.doubted_labels import Doubts, doubted
from augkit.why.drawn_numbers import Number
from augkit.why.judged_copies import JudgedPictures, losses, pictures_of
from augkit.why.learnt_again import learning_gain
from augkit.why.learnt_run import LearntRun, opened
from augkit.why.narrowed import narrowed
from augkit.why.thresholds import Copies, Finding, binned, findings
from augkit.why.why_config import WhyConfig
from augkit.why.why_page import page_of
from augkit.why.why_report import JSON, PAGE, PIPELINE, Curve, Left, Told, WhyReport

BINS = 8  # of a curve
EXAMPLES = 3  # copies that are shown of a finding
PAIRS = 4  # copies of each picture that a step is left out of


@dataclass(frozen=True)
class Explained:
    """What came of an explanation.

    Args:
        out: its folder.
        pipeline: the file of the pipeline, narrowed where there is evidence.
        page: with the evidence.
        report: all that was found.
    """

    out: str
    pipeline: str
    page: str
    report: WhyReport


def why(config: WhyConfig, tell: Tell = silent, progress: Progress = silent) -> Explained:
    """Find out which drawn numbers of a run's augmentation raised the loss, and which labels of train may be wrong.

    Its network is asked for copies of pictures of val, of which nothing was learnt. Pictures of test are not looked at.

    Args:
        config: the options.
        tell: is given sentences that a user should read.
        progress: is told how many of what are done, of how many.

    Raises:
        AugkitError: the folder is no run that can be explained, or an option is not what it must be.
    """
    began, notes = time.perf_counter(), list[str]()

    def noted(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence)

    with trouble_told(config.run), ExitStack() as stack:
        run = opened(config.run, progress)
        out = Path(config.out) if config.out is not None else run.folder / "why"
        require_apart(run.setup.config.data, str(out), "out")
        stack.enter_context(at_work(run.setup.config.threads))
        parts = run.setup.surveyed.parts
        val = pictures_of(run, parts.val, config.pictures, progress)
        train = pictures_of(run, parts.train, config.pictures, progress)
        report = _found(run, config, val, train, progress)
        doubts = doubted(run, config, noted, progress) if not config.skip_doubts else None
        learning = None
        if doubts is not None:
            learning = learning_gain(run, doubts, report.pipeline) if report.changes else None
            doubts.bench.forget()
        report = replace(
            report,
            learning=learning,
            doubts=None if doubts is None else doubts.found,
            judged=0 if doubts is None else len(doubts.pool.classes),
            notes=tuple(notes),
            seconds=time.perf_counter() - began,
        )
        page = _written(out, report, config, _picture(run, val, doubts))
    return Explained(str(out), str(out / PIPELINE), str(page), report)


def _found(
    run: LearntRun, config: WhyConfig, val: JudgedPictures, train: JudgedPictures, progress: Progress
) -> WhyReport:
    numbers = val.numbers(run.pipeline)
    draws = [Draw(0, index, copy) for index in range(len(val.classes)) for copy in range(config.copies)]
    copies = val.copies(run.pipeline, numbers, draws, progress)
    seed = run.setup.config.seed
    found = findings(copies, config.shuffles, seed)
    own = [draw for index in range(len(train.classes)) for draw in run.draws(index, config.copies)]
    learnt = train.copies(run.pipeline, numbers, own, progress)
    pipeline, changes = narrowed(run.pipeline, numbers, found)
    curves = [Curve(number, tuple(binned(copies, place, BINS, seed))) for place, number in enumerate(numbers)]
    names = run.artefact.task.names
    return WhyReport(
        part="val",
        pictures=len(val.classes),
        copies=len(draws),
        right_plain=float((val.plain.argmax(axis=1) == val.classes).mean()),
        right_copies=float(copies.right.mean()),
        numbers=tuple(numbers),
        findings=tuple(_told(one, numbers, names, copies, draws, val) for one in found),
        learnt=tuple(_told(one, numbers, names, learnt, own, train) for one in findings(learnt, config.shuffles, seed)),
        curves=tuple(curve for curve in curves if curve.points),
        left=tuple(_left(run, val, config, progress)),
        pipeline=pipeline,
        changes=tuple(changes),
        gain=_gain_of(run, val, config, pipeline, progress) if changes else None,
        learning=None,
        doubts=None,
        judged=0,
        notes=(),
        seconds=0.0,
    )


def _told(
    one: Finding,
    numbers: Sequence[Number],
    names: Sequence[str],
    copies: Copies,
    draws: Sequence[Draw],
    pictures: JudgedPictures,
) -> Told:
    values = copies.values[:, one.number]
    beyond = values >= one.threshold if one.side == "above" else values <= one.threshold
    if one.of_class is not None:
        beyond = beyond & (copies.classes == one.of_class)
    worst = [int(at) for at in np.argsort(-copies.rise, kind="stable") if beyond[at]]
    shown = {draws[at].index: draws[at].copy for at in reversed(worst)}  # of each picture its worst copy
    ordered = list(dict.fromkeys(draws[at].index for at in worst))[:EXAMPLES]
    examples = tuple((pictures.asked.part.sources[index].id, shown[index]) for index in ordered)
    return Told(one, numbers[one.number], "" if one.of_class is None else names[one.of_class], examples)


def _differences(val: JudgedPictures, some: Pipeline, other: Pipeline, copies: range, progress: Progress) -> Reals:
    """Return what copies by one pipeline cost more than the same copies by another, (R, n)."""
    count = len(val.classes)
    draws = [Draw(0, index, copy) for copy in copies for index in range(count)]
    classes = np.tile(val.classes, len(copies))
    costs = [losses(val.asked.answers(pipeline, draws, progress), classes) for pipeline in (some, other)]
    found: Reals = (costs[0] - costs[1]).reshape(len(copies), count)
    return found


def _over_pictures(differences: Reals) -> Gain:
    """Return the mean difference with its interval over pictures, each of which counts once."""
    means = differences.mean(axis=0)
    return crossed_gain(np.stack([means, means]))


def _left(run: LearntRun, val: JudgedPictures, config: WhyConfig, progress: Progress) -> list[Left]:
    """Return what each step costs: the same copies with it and without."""
    pairs = range(min(config.copies, PAIRS))
    found = [
        (label, _over_pictures(_differences(val, run.pipeline, without(run.pipeline, label), pairs, progress)))
        for label in run.pipeline.labels
    ]
    sure = holm([rise.p for _, rise in found])
    return [Left(label, replace(rise, p=p)) for (label, rise), p in zip(found, sure, strict=True)]


def _gain_of(run: LearntRun, val: JudgedPictures, config: WhyConfig, pipeline: Pipeline, progress: Progress) -> Gain:
    """Return what copies cost less with another pipeline: copies with keys of their own, which had no say in it."""
    fresh = range(config.copies, config.copies + min(config.copies, PAIRS))
    return _over_pictures(_differences(val, run.pipeline, pipeline, fresh, progress))


def _picture(run: LearntRun, val: JudgedPictures, doubts: Doubts | None) -> Callable[[str, int | None], Image]:
    places = {source.id: place for place, source in enumerate(val.asked.part.sources)}
    learnt = {} if doubts is None else {source.id: source for source in doubts.pool.part.sources}

    def picture(id: str, copy: int | None) -> Image:
        if id in places:
            pipeline, number = (None, 0) if copy is None else (run.pipeline, copy)
            return val.asked.image(pipeline, Draw(0, places[id], number))
        if doubts is None or id not in learnt:
            raise FileError("must be a picture of the run, got none.", id)
        return doubts.pool.part.data.decoded(learnt[id]).image

    return picture


def _written(out: Path, report: WhyReport, config: WhyConfig, picture: Callable[[str, int | None], Image]) -> Path:
    """Write everything into the folder of an explanation, and return the path of the page, which comes last."""
    with written(out):
        out.mkdir(parents=True, exist_ok=True)
    dump(report.pipeline, out / PIPELINE)
    told = [change.sentence() for change in report.changes] or ["Nothing was narrowed."]
    with written(out / PIPELINE):
        head = "".join(f"# {printable(line)}\n" for line in told)
        replace_with(out / PIPELINE, bytes_of(head) + (out / PIPELINE).read_bytes())
    data = json.dumps(report.described(), indent=1) + "\n"
    for path, content in ((out / JSON, bytes_of(data)), (out / PAGE, page_of(report, config, picture))):
        with written(path):
            replace_with(path, content)
    return out / PAGE
