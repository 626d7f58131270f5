"""Trainings of several seeds or folds folded into one artefact, which answers with the mean of theirs."""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from augkit.errors import ArgumentError
from augkit.storage.durable import make_root
from augkit.train.files.artefact import load
from augkit.train.loop.training_loop import State
from augkit.train.results import Result, finish
from augkit.train.run_folder import SETTINGS, behaviour_of, law_of
from augkit.train.setup import prepare
from augkit.train.several.joined_networks import joined
from augkit.train.telling import Progress, silent
from augkit.train.train_config import TrainConfig
from augkit.train.train_errors import readable, trouble_told, written
from augkit.train.trainer import begin, reproducible


def ensemble(
    config: TrainConfig,
    runs: Sequence[Result],
    tell: Callable[[str], None] = lambda _: None,
    progress: Progress = silent,
) -> Result:
    """Fold trainings that divided their pictures alike into one artefact, with a report of its own.

    The mean is calibrated by the pictures that chose, and judged by those that had no say, as each of them was.

    Args:
        config: of the trainings; the artefact is written to its folder.
        runs: what came of them.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.

    Raises:
        AugkitError: something is wrong, and the sentence says what.
    """
    began = time.perf_counter()
    with trouble_told(config.out), reproducible():
        artefacts = [load(run.out) for run in runs]
        network, architecture = joined(artefacts)
        first = Path(runs[0].out)
        setup = prepare(config, lambda _: None, progress, law_of(first), behaviour_of(first))
        fingerprints = {artefact.fingerprint for artefact in artefacts} | {setup.deciding["data"]}
        if len(fingerprints) > 1:
            raise ArgumentError("must be trained on the same pictures, divided alike, got others.", "ensemble")
        _require_own(Path(config.out))
        _, evaluators = begin(setup, tell, progress)
        note = f"The mean of the probabilities of {len(runs)} networks; the curves are those of the first."
        if setup.task.kind == "numbers":
            note = f"The mean of the answers of {len(runs)} networks; the curves are those of the first."
        with closing(evaluators["train"].stream.pool):
            folded = replace(setup, architecture=architecture)
            seconds = time.perf_counter() - began
            words = ["--seeds", str(len(runs)), "--ensemble"]
            found = finish(folded, network, _state(runs[0]), evaluators, [note], seconds, words, tell=tell)
            return replace(found, score=evaluators["val"](network, False).rank[0])


def _require_own(out: Path) -> None:
    """Make the folder of an ensemble, which is that of no training."""
    if (out / SETTINGS).exists():
        what = "must be a folder without a run of its own, got one that holds a training"
        raise ArgumentError(f"{what}. Give the ensemble another `out`.", str(out))
    with written(out):
        make_root(os.fspath(out.absolute()))


def _state(run: Result) -> State:
    """Return what is known of a training's epochs."""
    log = Path(run.out) / "log.jsonl"
    with readable(log):
        rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return State(epoch=run.epochs, rows=rows, best_epoch=run.best_epoch - 1)
