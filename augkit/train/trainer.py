"""Training, from its configuration to what it leaves in its folder."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from copy import deepcopy
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from augkit.core.spatial import Size
from augkit.datasets import Source
from augkit.datasets.splits import LAW
from augkit.errors import ArgumentError
from augkit.images.network_input import Placement
from augkit.loader import Draw
from augkit.train.batches.batch_mixing import BatchMixing
from augkit.train.batches.batch_pool import BatchPool
from augkit.train.batches.originals import told_memory
from augkit.train.batches.stream import Prepared, Stream, draws_of, pieces_of
from augkit.train.features.extraction import Extraction
from augkit.train.features.feature_packs import told_room
from augkit.train.features.features import Features, backbone_hash
from augkit.train.features.moved_truths import MovedTruths
from augkit.train.files.artefact import MODEL_FILE
from augkit.train.heads import Head
from augkit.train.loop.checkpoint import Checkpoints
from augkit.train.loop.epochs import Callback
from augkit.train.loop.evaluator import Evaluator
from augkit.train.loop.log import Log
from augkit.train.loop.precision import is_half
from augkit.train.loop.schedule import optimizer_for
from augkit.train.loop.training_loop import Pieces, State, Training, fit
from augkit.train.models.own_heads import BuildHead
from augkit.train.models.own_models import Build
from augkit.train.own_pieces import Own, with_own
from augkit.train.parts.duplicates import shown
from augkit.train.parts.known_copies import keep_copies
from augkit.train.parts.parts import ROLES, Role
from augkit.train.parts.sound_pictures import features_folder, keep_sound
from augkit.train.parts.survey import Known
from augkit.train.results import Ending, Result, finish
from augkit.train.rivals.edge_rival import edge_rival_of
from augkit.train.rivals.linear_rival import rival_of
from augkit.train.rivals.mean_head import with_mean
from augkit.train.run_folder import behaviour_of, law_of, locked, open_run, require_apart, require_same_law
from augkit.train.setup import Setup, prepare
from augkit.train.several.fold_trainings import trained_by_folds
from augkit.train.tasks import Loss, Task
from augkit.train.tasks.dense import Dense
from augkit.train.telling import Progress, Tell, silent
from augkit.train.train_config import ALL_FOLDS, TrainConfig
from augkit.train.train_errors import trouble_told

_ADVICE = "ak.train(ak.TrainConfig(data=..., out=...))"


def train(
    config: TrainConfig,
    *others: object,
    fresh: bool = False,
    tell: Tell = silent,
    progress: Progress = silent,
    model: Build | None = None,
    head: BuildHead | type[Head] | None = None,
    loss: Loss | None = None,
    callbacks: Sequence[Callback] = (),
) -> Result:
    """Train a network, or go on where the same training was stopped.

    On a processor the weights that come out are a function of the configuration and the pictures alone: whenever it was
    stopped, whatever the number of `workers`, with and without the `cache`.

    Args:
        config: what is to be done.
        others: refused.
        fresh: remove another run that is in the folder.
        tell: is given sentences that a user should read.
        progress: is told how much is done, of how much, and of what.
        model: a class or function of the program's own, see `augkit.train.own_model`.
        head: likewise, in the place of the last layer of any model, see `augkit.train.own_head`.
        loss: takes outputs (B, k) and encoded truths, classes as numbers (B,), and gives their mean; it is learnt by in
            the place of the task's own.
        callbacks: are shown every `Epoch` after its end; one that returns True ends the phase. On a resumed training
            they are shown the epochs that it still does.

    Raises:
        AugkitError: something is wrong, and the sentence says what; nothing that was done before is lost.
    """
    if others or not isinstance(config, TrainConfig):
        got = ", ".join(type(given).__name__ for given in (config, *others))
        raise ArgumentError(f"must get a TrainConfig, got {got}. Write {_ADVICE}.", "train")
    config, own = with_own(config, model, head, loss, callbacks)
    require_apart(config.data, config.out, "out")
    if isinstance(config.cache, str):
        require_apart(config.data, config.cache, "cache")
    if config.fold == ALL_FOLDS:
        raise ArgumentError(f"must be one of --folds, counted from 1, got {ALL_FOLDS}.", "fold")
    if config.folds and config.fold is None:

        def one(fold: TrainConfig, known: Known, told: Tell, end: Ending | None) -> Result:
            return _trained(fold, fresh, told, progress, own, known, end)

        with trouble_told(config.out):
            return trained_by_folds(config, one, tell, progress)
    return _trained(config, fresh, tell, progress, own)


def _trained(
    config: TrainConfig,
    fresh: bool,
    tell: Tell,
    progress: Progress,
    own: Own,
    known: Known | None = None,
    end: Ending | None = None,
) -> Result:
    """Do one training; `known` is what is known of its pictures, `end` what it ends with, if not with `finish`."""
    began, notes = time.perf_counter(), list[str]()

    def noted(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence)

    with trouble_told(config.out), reproducible():
        out = Path(config.out)
        if not fresh:
            require_same_law(out)
        begun = (LAW, None) if fresh else (law_of(out), behaviour_of(out))
        setup = prepare(config, noted, progress, *begun, known, own.head)
        setup.deciding.update(own.deciding(setup.network))
        with locked(Path(config.out)) as unlocked:
            if unlocked:
                noted(unlocked)
            grown = open_run(Path(config.out), setup, fresh)
            if grown:
                noted(grown)
            best = deepcopy(setup.network).eval()  # as it is at the beginning: a checkpoint holds what has changed
            training, evaluators = begin(setup, noted, progress)
            training.loss, training.callbacks = own.loss or training.loss, own.callbacks
            with closing(evaluators["train"].stream.pool):
                state = fit(training)
                if not training.trained and (Path(config.out) / MODEL_FILE).exists():  # which comes at the end
                    tell("The run was complete already; nothing was trained.")
                if config.minutes is not None:
                    noted(f"Learnt for {state.clock.spent / 60:.3g} minutes of {config.minutes:g}, {_steps(state)}.")
                rival = rival_of(setup, best, evaluators, state.kept["val_score"])
                best.load_state_dict(training.checkpoints.best_state(), strict=False)
                if rival is not None and setup.schedule.is_frozen(state.best_epoch):
                    rival = with_mean(setup, best, rival, evaluators)
                rival = rival or edge_rival_of(setup, best, evaluators)
                if rival is not None and rival.is_taken:
                    noted(rival.reason)
                kept = features_folder(config)
                room = kept and told_room(kept, sum(evaluator.features.written for evaluator in evaluators.values()))
                if room:
                    tell(room)
                seconds = time.perf_counter() - began
                if end is not None:
                    return end(setup, best, state, evaluators, notes, seconds, rival)
                return finish(setup, best, state, evaluators, notes, seconds, rival=rival, tell=tell)


def _steps(state: State) -> str:
    """Say how many epochs a training had, in words."""
    return f"{len(state.rows):,} epoch{'s' * (len(state.rows) != 1)}"


@contextmanager
def reproducible() -> Iterator[None]:
    """Make torch do the same every time, and leave it as it was."""
    was, had_threads = torch.get_deterministic_debug_mode(), torch.get_num_threads()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or a GPU's matrix products could not be
    # The same as use_deterministic_algorithms, which imports torch's compiler first: a second on two cores.
    torch.set_deterministic_debug_mode("warn" if torch.cuda.is_available() else "error")
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_deterministic_debug_mode(was)
        torch.set_num_threads(had_threads)


def begin(setup: Setup, tell: Tell = silent, progress: Progress = silent) -> tuple[Training, dict[Role, Evaluator]]:
    """Return a training that `fit` does, and what evaluates its networks by each part of the data."""
    config, network, device, out = setup.config, setup.network, setup.device, Path(setup.config.out)
    threads = config.threads or torch.get_num_threads()
    torch.set_num_threads(setup.deciding["threads"])
    preprocessing, schedule = setup.architecture.preprocessing, setup.schedule
    is_mixed = is_half(config.precision, device)
    views = config.views if setup.pipeline is not None else 1

    def prepared(pictures: Tensor) -> Tensor:
        return preprocessing.normalise(pictures.to(device))

    beginning = deepcopy(network) if schedule.is_transfer else network
    extraction = Extraction(beginning, prepared, threads, is_mixed)
    family = _family(setup, is_mixed)

    kept = features_folder(config)
    if kept is not None and schedule.is_transfer:
        keep_sound(kept, setup.surveyed.sound)
        keep_copies(kept, shown(setup.surveyed))
    evaluators: dict[Role, Evaluator] = {}
    parts, augmenting = setup.surveyed.parts, {"train": setup.pipeline}
    most_bytes = config.memory * 2**20 // max(1, config.workers)
    decoded = sum(facts.channels * facts.size[0] * facts.size[1] for facts in setup.surveyed.facts["train"].values())
    if setup.pipeline is not None and (few := told_memory(decoded, config.memory, config.workers)):
        tell(few)
    makers = {
        role: Prepared(
            parts[role],
            preprocessing,
            setup.task,
            augmenting.get(role),
            config.seed,
            config.wait,
            most_bytes,
            setup.own,
        )
        for role in ROLES
    }
    pool = BatchPool(makers, config.workers)
    for role in ROLES:
        truths = setup.truths[role].to(device)
        stream = Stream(parts[role], makers[role], pool, role)
        moved = _moved_truths(setup, role, stream, family, kept, progress)
        features = Features(extraction, stream, _deciding_features(setup, role), family, kept, progress, moved)
        evaluators[role] = Evaluator(setup.task, truths, stream, features, prepared, _fits(setup, role))
    learnt = evaluators["train"]

    chances = _chances(setup.truths["train"]) if config.balance else None

    def steps(epoch: int, first: int) -> list[list[list[Draw]]]:
        drawn = draws_of(len(learnt.truths), config.step_size, config.seed, epoch, chances)[first:]
        return [pieces_of(draws, config.accumulate) for draws in drawn]

    def of_pictures(epoch: int, first: int) -> Iterator[Pieces]:
        cut = steps(epoch, first)
        made = learnt.stream.batches([piece for pieces in cut for piece in pieces])
        for pieces in cut:
            some = islice(made, len(pieces))
            yield ((prepared(batch.pictures), learnt.truths_of(batch)) for batch in some)

    def of_features(epoch: int, first: int) -> Iterator[Pieces]:
        for pieces in steps(epoch, first):
            yield (_features(draws, epoch) for draws in pieces)

    def _features(draws: list[Draw], epoch: int) -> tuple[Tensor, Tensor]:
        """Return features and truths; what is drawn again in an epoch is another view, as it would be another copy."""
        places = [draw.index for draw in draws]
        rows = learnt.features.view(epoch % views).at(places)
        for copy in sorted({draw.copy % views for draw in draws} - {0}):
            again = [row for row, draw in enumerate(draws) if draw.copy % views == copy]
            rows[again] = learnt.features.view((epoch + copy) % views).at([places[row] for row in again])
        return rows.to(device), learnt.view(epoch % views)[torch.tensor(places, device=device)]

    is_auto = config.class_weights == "auto"
    if is_auto and schedule.is_transfer and config.epochs and setup.task.moves:
        learnt.features.view(0)  # with which the truths come along
    weights = setup.task.weights(config.class_weights, learnt.view(0) if is_auto else learnt.truths)
    factor = config.backbone_rate if schedule.is_transfer else 1.0
    training = Training(
        network=network,
        optimizer=optimizer_for(
            network, config.optimizer, config.highest_rate, factor, config.weight_decay, config.layer_decay
        ),
        schedule=schedule,
        loss=setup.task.loss(None if weights is None else weights.to(device), config.smoothing, config.robust),
        mass=_mass(setup.task, weights),
        mixing=BatchMixing(config.mixup, config.cutmix, config.seed),
        pictures=of_pictures,
        features=of_features,
        evaluator=evaluators["val"],
        checkpoints=Checkpoints(out / "checkpoints", tell),
        log=Log(out, config.tensorboard),
        progress=progress,
        config=config,
        told_score=setup.task.told_score,
        is_mixed=is_mixed,
    )
    return training, evaluators


def _chances(truths: Tensor) -> list[float]:
    """Return the chance of each picture (n,) to be drawn, up to a factor, for which all classes are drawn alike."""
    counts = torch.bincount(truths)
    return [1.0 / int(counts[truth]) for truth in truths.tolist()]


def _mass(task: Task, weights: Tensor | None) -> Callable[[Tensor], float]:
    """Return what says how much truths weigh, of which the loss is the mean: some classes may count more."""
    if isinstance(task, Dense):
        return lambda truths: task.mass(truths.cpu(), weights)
    if task.has_one and weights is not None:
        return lambda truths: float(weights[truths.cpu()].sum())
    return lambda truths: float(len(truths))


def _fits(setup: Setup, role: Role) -> tuple[tuple[Placement, Size], ...]:
    """Return where each picture lies in the network's input, and its size."""
    preprocessing, facts = setup.architecture.preprocessing, setup.surveyed.facts[role]
    sizes = (facts[source.id].size for source in setup.surveyed.parts[role].sources)
    return tuple((preprocessing.placement(size), size) for size in sizes)


def _family(setup: Setup, is_mixed: bool) -> dict[str, object]:
    """Return what decides the features of all pictures."""
    return {
        "backbone": backbone_hash(setup.network) if setup.schedule.is_transfer else "",
        "model": {name: value for name, value in setup.architecture.frozen.described().items() if name != "outputs"},
        "versions": setup.deciding["versions"],
        "device": setup.device.type,
        "is_mixed": is_mixed,
    }


def _deciding_features(setup: Setup, role: Role) -> list[str]:
    """Return what decides the features of each picture of a part, beside these."""
    facts, sources = setup.surveyed.facts[role], setup.surveyed.parts[role].sources
    if role != "train" or setup.pipeline is None:
        return [facts[source.id].sha256 for source in sources]
    drawn = {"pipeline": setup.deciding["pipeline"], "seed": setup.config.seed}
    made = [drawn | {"id": source.id, "label": source.label} for source in sources]
    for own in made:
        if str(own["label"]) in setup.own:
            own["pipeline"] = setup.deciding["pipelines_for"][str(own["label"])]
    for source, own in zip(sources, made, strict=True):
        own["sha256"] = facts[source.id].sha256
        own |= _targets(setup, role, source)  # which a step may look at
    return [json.dumps(own, sort_keys=True) for own in made]


def _targets(setup: Setup, role: Role, source: Source) -> dict[str, str]:
    """Return what decides what a picture carries."""
    mask = setup.surveyed.facts[role][source.id].mask
    carried = {} if source.annotations is None else {"targets": source.annotations.text}
    return carried if mask is None else {**carried, "mask": mask.sha256}


def _moved_truths(
    setup: Setup, role: Role, stream: Stream, family: dict[str, object], folder: Path | None, progress: Progress
) -> MovedTruths | None:
    """Return the truths of a part's views, where they move with the picture."""
    if not isinstance(setup.task, Dense):
        return None
    sources, about = setup.surveyed.parts[role].sources, setup.surveyed.parts[role].data.about
    folder = folder if setup.schedule.is_transfer else None
    carried = [json.dumps(_targets(setup, role, source), sort_keys=True) for source in sources]
    pictures = [f"{own} {more}" for own, more in zip(_deciding_features(setup, role), carried, strict=True)]
    return MovedTruths(setup.task, stream, pictures, {**family, "about": repr(about)}, folder, progress)
