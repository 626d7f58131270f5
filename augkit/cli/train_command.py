"""``augkit train``."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

from typer import Option

from augkit.cli.importing import kept_for_good
from augkit.cli.options import configured
from augkit.cli.output import say
from augkit.cli.progress import progress_shown
from augkit.cli.stopping import resumable
from augkit.errors import ArgumentError

if TYPE_CHECKING:
    from augkit.train import Result, TrainConfig

PLACE = 80  # in the help
NEW_SPLITS = "--new-splits"


@configured("augkit.train.train_config:TrainConfig")
def command(
    config: TrainConfig,
    seeds: Annotated[int, Option(min=1, help="Seeds to repeat with; mean and spread are told.")] = 1,
    compare: Annotated[
        str | None,
        Option(metavar="none,P,...", help="Train with each pipeline on the same seeds; or NAME=A,B,... of an option."),
    ] = None,
    new_splits: Annotated[bool, Option(NEW_SPLITS, help="Give each seed a split of its own.")] = False,
    ensemble: Annotated[bool, Option("--ensemble", help="Fold the runs of --seeds into one artefact in RUN.")] = False,
    fresh: Annotated[bool, Option("--fresh", help="Remove another run that is in RUN.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a network on a data set.

    With --weights all but a new head is frozen, and the head learns from features that are
    computed once; --unfreeze then trains the rest too, at a smaller rate. Pictures are
    split by their originals: training, validation, which chooses the best epoch, and test,
    of which the result is told; the last two are never augmented. The same command goes on
    where a run was stopped, and ends with the same weights.
    """
    ways = None if compare is None else [way.strip() for way in compare.split(",")]
    if ensemble and config.folds:
        raise ArgumentError("must not go with --folds, whose networks are joined already. Leave it out.", "--ensemble")
    if ensemble and (seeds == 1 or ways is not None or new_splits):
        got = f"--seeds {seeds}" if seeds == 1 else "--new-splits" if new_splits else "--compare"
        what = f"must go with --seeds 2 at least, and without --compare and --new-splits, got {got}"
        raise ArgumentError(f"{what}. Its networks divide their pictures alike.", "--ensemble")
    if new_splits and seeds == 1:
        raise ArgumentError(
            "must go with --seeds 2 at least, got one seed, which has one split. Leave it out.", NEW_SPLITS
        )
    _require_there(config, ways)
    if new_splits:
        _require_undivided(config)
    if seeds == 1 and compare is None:
        result = _trained(config, fresh)
        say(*([json.dumps(asdict(result))] if as_json else _told(result)))
        return
    from augkit.cli.comparison_tables import tell_repeats
    from augkit.train import repeat

    if ensemble:
        _require_joinable(config)
    found = repeat(config, seeds, ways, lambda own: _announced(own, fresh), _checked, new_splits)
    again = ["--seeds", str(seeds), *(["--compare", compare] if compare else []), *["--new-splits"] * new_splits]
    words = ["augkit", "train", *config.portable().words(), *again]
    if not ensemble:
        tell_repeats(config, found, words, as_json)
        return
    folded = _folded(config, found[0].results)
    tell_repeats(config, found, [*words, "--ensemble"], as_json, folded)
    if not as_json:
        say(f"The {seeds} of them as one:", *_told(folded, is_joined=True))


def _require_there(config: TrainConfig, ways: Sequence[str] | None) -> None:
    """Answer the usual slips of the pen before torch is loaded, which takes seconds."""
    from augkit.datasets import read
    from augkit.pipeline import load
    from augkit.train.comparison.arms import arms_of

    arms = [config] if ways is None else [arm.config for arm in arms_of(config, ways)[1]]
    for name in [arm.pipeline for arm in arms]:
        if name not in (None, "none"):
            load(name)
    is_url = "://" in config.data
    if not is_url and not os.path.exists(config.data):  # noqa: PTH110 - Path.exists raises where it may not look
        read(config.data)


def _require_undivided(config: TrainConfig) -> None:
    """Refuse splits for each seed where the data set or a file has settled who is in which."""
    from augkit.train.parts.parts import divide
    from augkit.train.parts.separation import data_of

    if not config.folds and divide(data_of(config), config.split, config.groups, label=config.label).is_settled:
        what = "must go with a data set that is not divided, got splits of its own or of a file. Leave it out."
        raise ArgumentError(what, NEW_SPLITS)


def _checked(config: TrainConfig) -> list[str]:
    from augkit.train.setup import prepare

    with progress_shown() as show:
        return [source.id for source in prepare(config, lambda _: None, show).surveyed.parts.test.sources]


def _require_joinable(config: TrainConfig) -> None:
    """Check, before there are several networks, that they can be one."""
    from augkit.train.setup import prepare
    from augkit.train.several.joined_networks import require_joinable

    with progress_shown() as show:
        require_joinable(prepare(config, lambda _: None, show).task)


def _announced(config: TrainConfig, fresh: bool) -> Result:
    say(f"Seed {config.seed}, {config.out}:", is_error=True)
    result = _trained(config, fresh)
    say(_told(result)[0], is_error=True)
    return result


def _trained(config: TrainConfig, fresh: bool) -> Result:
    with kept_for_good():
        from augkit.train import train

    with resumable(config.out), progress_shown() as show:
        return train(config, fresh=fresh, tell=partial(say, is_error=True), progress=show)


def _folded(config: TrainConfig, runs: Sequence[Result]) -> Result:
    from augkit.train import ensemble

    with resumable(config.out), progress_shown() as show:
        return ensemble(config, runs, partial(say, is_error=True), show)


def _told(result: Result, is_joined: bool = False) -> list[str]:
    """Return what came of a training; of several networks that were joined no epoch was kept."""
    from augkit.train.rivals.baselines import told

    top, counts = result.metrics["headline"], result.pictures
    beside = filter(None, [told(result.metrics)])
    unit, form = (100.0, "{:.1f} %") if top["is_fraction"] else (1.0, "{:.3g}")
    value, interval = form.format(unit * top["value"]), ""
    if top["low"] is not None:
        interval = f" (95 %: {form.format(unit * top['low'])} to {form.format(unit * top['high'])})"
    if "folds" in result.metrics:
        judged = (
            f"pictures, each judged once by one of {len(result.metrics['folds'])} networks that did not learn from it"
        )
        scope = f"on {counts['test']:,} {judged}, in {result.seconds:.1f} s"
    else:
        used = f"{counts['train']:,} training, {counts['val']:,} validation"
        kept = "" if is_joined else f"; epoch {result.best_epoch} of {result.epochs} was kept"
        scope = f"on {counts['test']:,} test pictures ({used}){kept}, in {result.seconds:.1f} s"
    return [
        f"{top['name']} {value}{interval} {scope}.",
        *beside,
        f"All about it: {result.report}",
        f"To use it: {shlex.join(['augkit', 'predict', result.out])} PICTURES",
    ]
