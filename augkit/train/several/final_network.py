"""The network that is kept of folds, where it is to learn from all pictures: none is left to judge it by.

So all that is chosen by pictures elsewhere comes from the folds: how many epochs, by their median, whether logistic
regression joins the head or takes its place, by the most of them, and the temperatures, by their geometric mean. The
rate's curve ends with the last epoch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median_high

import torch

from augkit.core.arrays import JsonObject
from augkit.train.files.artefact import MODEL_FILE, save
from augkit.train.loop.evaluator import Evaluator
from augkit.train.loop.training_loop import State
from augkit.train.models import Network
from augkit.train.models.ensemble_network import ENSEMBLE, Ensemble
from augkit.train.parts.parts import Role
from augkit.train.results import Result, artefact_of
from augkit.train.rivals.linear_rival import Rival
from augkit.train.setup import Setup
from augkit.train.several.trained_folds import Fold
from augkit.train.train_config import ALL_FOLDS, TrainConfig
from augkit.train.train_errors import readable

WAYS = ("trained", "joined", "alone")  # of networks that are kept; of as many folds the first
FOLDER = "final"  # below that of the folds
_OF_THAWED: JsonObject = {"backbone_rate": 0.1, "layer_decay": 1.0, "cutmix": 0.0}  # options, as they are without


def final_config(setup: Setup, folds: Sequence[Fold] = ()) -> TrainConfig:
    """Return the settings of a training on all pictures, for as many epochs as the folds kept.

    Args:
        setup: of one of the folds: what was left open is what it was found to be for that.
        folds: those that were trained; before any is, a single epoch stands for what they will say.
    """
    epochs, unfrozen = (1, setup.config.unfreeze) if not folds else _epochs(setup, folds)
    given = {} if unfrozen or setup.config.weights is None else _OF_THAWED
    return setup.config.replaced(
        fold=ALL_FOLDS,
        out=str(Path(setup.config.out) / FOLDER),
        epochs=epochs,
        unfreeze=unfrozen,
        pictures=None,
        keep="last",
        patience=0,
        duplicates="ignore",  # all are learnt from
        near_duplicates="tell",
        **given,
    )


def ending(
    folds: Sequence[Fold], metrics: JsonObject
) -> Callable[[Setup, Network, State, dict[Role, Evaluator], list[str], float, Rival | None], Result]:
    """Return what a training on all pictures ends with: its network is written, with the figures of the folds."""

    def end(
        setup: Setup,
        network: Network,
        state: State,
        evaluators: dict[Role, Evaluator],
        notes: list[str],
        seconds: float,
        rival: Rival | None,
    ) -> Result:
        out, architecture = Path(setup.config.out), setup.architecture
        ways = [fold.way for fold in folds]
        way = max(WAYS, key=ways.count)
        if rival is not None and way != "trained":
            network, architecture = rival.ways.get(way, rival.network), rival.architecture or architecture
        known = [fold.artefact.network for fold in folds]
        if isinstance(network, Ensemble) and architecture.name == ENSEMBLE:
            heats = [torch.log(one.temperatures) for one in known if isinstance(one, Ensemble)]
            network.temperatures.copy_(torch.stack(heats).mean(0).exp())
        alike = [fold.artefact for fold in folds if fold.way == way]  # each way has temperatures of its own kind
        temperatures = torch.tensor([one.temperature for one in alike], dtype=torch.float64)
        temperature = float(temperatures.log().mean().exp())
        save(out / MODEL_FILE, artefact_of(setup, network, architecture, metrics, temperature))
        counts = dict.fromkeys(evaluators, 0) | {"train": len(setup.truths["train"])}
        return Result(
            out=str(out),
            report="",
            metrics=metrics,
            epochs=len(state.rows),
            best_epoch=state.best_epoch + 1,
            pictures=counts,
            rejected=len(setup.surveyed.rejected),
            seconds=seconds,
            notes=tuple(notes),
            score=0.0,
        )

    return end


def told(config: TrainConfig, pictures: int, folds: int) -> str:
    """Return a sentence about what the network is, and what its figures are."""
    total = (config.epochs or 0) + config.unfreeze
    return (
        f"The network that is kept learnt from all {pictures:,} pictures, for {total:,} epoch{'s' * (total != 1)}, as"
        f" the median of the {folds} folds is. The figures are those of the folds, whose networks learnt from fewer: no"
        " picture is left to judge it by."
    )


def _epochs(setup: Setup, folds: Sequence[Fold]) -> tuple[int, int]:
    """Return the medians of the epochs that the folds kept, frozen ones and those of all layers."""
    pairs = [_kept(Path(fold.result.out), fold.result.best_epoch) for fold in folds]
    if not setup.schedule.is_transfer:
        return median_high(sum(pair) for pair in pairs), 0
    return median_high(frozen for frozen, _ in pairs), median_high(thawed for _, thawed in pairs)


def _kept(folder: Path, best: int) -> tuple[int, int]:
    """Return how many epochs came up to the one that was kept: frozen ones, and those of all layers."""
    log = folder / "log.jsonl"
    with readable(log):
        rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    frozen = [bool(row["frozen"]) for row in rows if row["epoch"] <= best]
    return sum(frozen), len(frozen) - sum(frozen)
