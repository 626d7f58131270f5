"""A run that has ended, opened again: its network, its pictures, and the pipeline whose copies it learnt from."""

from dataclasses import dataclass
from pathlib import Path

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError, FileError
from augkit.loader import Draw
from augkit.pipeline import Pipeline
from augkit.pipeline.pipeline_file import identified
from augkit.train.files.artefact import MODEL_FILE, Artefact, load
from augkit.train.run_folder import SETTINGS, behaviour_of, books_of, law_of, require_same_law
from augkit.train.setup import Setup, prepare
from augkit.train.telling import Progress
from augkit.train.train_config import NO_PIPELINE, TrainConfig

KIND = "classes"  # of the task: of others there is no right and wrong answer to a copy, and no label to doubt
ADVICE = "Give the folder of a run of augkit train that has ended."


@dataclass(frozen=True, eq=False)
class LearntRun:
    """A run that has ended.

    Args:
        folder: of the run.
        artefact: what it learnt.
        setup: what it began with.
        pipeline: whose copies it learnt from.
        passes: how many copies of each picture it learnt from.
        is_frozen: whether these were fixed views of each picture, whatever the epoch.
    """

    folder: Path
    artefact: Artefact
    setup: Setup
    pipeline: Pipeline
    passes: int
    is_frozen: bool

    def draws(self, index: int, most: int) -> list[Draw]:
        """Return the keys of copies that the run learnt from, `most` of them, of the picture at a place in train."""
        some = range(min(most, self.passes))
        return [Draw(0, index, copy) if self.is_frozen else Draw(copy, index) for copy in some]


def opened(run: str, progress: Progress) -> LearntRun:
    """Return a run, its pictures found as they were.

    Raises:
        FileError: the folder is no run that has ended, or the pictures or the pipeline are others now.
        ArgumentError: its task is another, or nothing was augmented.
    """
    folder = Path(run)
    books = books_of(folder) if (folder / SETTINGS).exists() else None
    if books is None:
        first = folder / "fold-1"
        advice = f"Its networks are explained one by one: augkit why {first}" if first.is_dir() else ADVICE
        raise FileError(f"must hold a run ({SETTINGS}), got none. {advice}", str(folder))
    require_same_law(folder)
    artefact = load(folder / MODEL_FILE)
    if artefact.task.kind != KIND:
        raise ArgumentError(f"must be a run of {KIND}, got one of {artefact.task.kind}.", str(folder))
    settings, effective, deciding = books["settings"], books["effective"], books["deciding"]
    if effective.get("pipeline") in (None, NO_PIPELINE):
        advice = "There is nothing to explain; augkit choose finds out what helps."
        raise ArgumentError(f"must have learnt from augmented copies, got a run without a pipeline. {advice}", run)
    if effective.get("pipelines_for"):
        advice = "Of one whose classes have pipelines of their own (--pipeline-for) nothing is told yet."
        raise ArgumentError(f"must have learnt from copies that one pipeline made. {advice}", run)
    setup = prepare(_config(settings, effective, run), lambda _: None, progress, law_of(folder), behaviour_of(folder))
    if setup.surveyed.fingerprint != deciding.get("data"):
        what = f"must be the pictures that {folder} learnt from, got others, other labels or other parts"
        raise FileError(f"{what}. Train again, then ask again.", str(settings.get("data")))
    pipeline = setup.pipeline
    if pipeline is None or identified(pipeline) != deciding.get("pipeline"):
        what = f"must be the pipeline that {folder} learnt with, got one that was changed since"
        raise FileError(f"{what}. Train again, then ask again.", str(effective["pipeline"]))
    is_frozen = effective.get("weights") is not None
    passes = effective["views"] if is_frozen else max(effective["epochs"] + effective["unfreeze"], 1)
    return LearntRun(folder, artefact, setup, pipeline, int(passes), is_frozen)


def _config(settings: JsonObject, effective: JsonObject, run: str) -> TrainConfig:
    """Return the training as it came out, all that was left open settled."""
    known = {entry.field: settings[entry.key] for entry in TrainConfig.entries() if entry.key in settings}
    settled = {name: effective[name] for name in ("model", "weights", "pipeline", "epochs")}
    return TrainConfig.of(**known | settled | {"out": run, "device": "cpu"})
