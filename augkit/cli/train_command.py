"""``augkit train``."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augkit.errors import ArgumentError

if TYPE_CHECKING:
    from augkit.train import Result, Settings

PLACE = 80  # in the help
Option = typer.Option


def command(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A data set, or what augkit expand made of one.")],
    out: Annotated[str, Option(metavar="RUN", help="A new or empty folder, or one of the same run.")],
    model: Annotated[str, Option(help="auto, a name (see augkit model), or a YAML file that lists layers.")] = "auto",
    weights: Annotated[
        str | None, Option(help="pretrained, or a file of weights: its head is replaced, the rest frozen.")
    ] = None,
    pipeline: Annotated[str | None, Option(help="Augment on the fly: a bundled pipeline's name, or a file.")] = None,
    epochs: Annotated[int | None, Option(help="Passes over the pictures.", show_default="by a number of steps")] = None,
    unfreeze: Annotated[int, Option(help="Further passes in which all is trained, not the head alone.")] = 0,
    batch_size: Annotated[int, Option(help="Pictures a step.")] = 64,
    rate: Annotated[
        float | None, Option(help="The highest learning rate.", show_default="adamw 4e-3, sgd 0.05")
    ] = None,
    backbone_rate: Annotated[float, Option(help="Of what was frozen, as a part of --rate.")] = 0.1,
    optimizer: Annotated[str, Option(help="adamw or sgd.")] = "adamw",
    weight_decay: Annotated[float, Option(help="Of kernels.")] = 0.01,
    schedule: Annotated[str, Option(help="cosine or onecycle.")] = "onecycle",
    warmup: Annotated[float, Option(help="Epochs in which the rate rises from 0.")] = 0.0,
    ema: Annotated[float, Option(help="Keep a running mean of the weights, as 0.99; 0 does not.")] = 0.0,
    smoothing: Annotated[float, Option(help="Of labels, as 0.1.")] = 0.0,
    class_weights: Annotated[str, Option(help="none, auto, NAME=WEIGHT,... or JSON.")] = "none",
    patience: Annotated[int, Option(help="Epochs without a better one that end a phase; 0 for all.")] = 0,
    keep: Annotated[str, Option(help="Whose weights: best, or last, where few pictures choose.")] = "best",
    clip: Annotated[float, Option(help="The greatest norm of the gradients; 0 for any.")] = 0.0,
    views: Annotated[int, Option(help="Augmented views of each picture, while frozen.")] = 5,
    robust: Annotated[bool, Option("--robust", help="Huber's loss for numbers, not the square.")] = False,
    task: Annotated[str | None, Option(help="classes, labels or numbers.", show_default="as the labels look")] = None,
    label: Annotated[str | None, Option(metavar="COLUMN", help="Of a manifest: what is to be learnt.")] = None,
    input: Annotated[str | None, Option(metavar="HxWxC", help="Of the network.", show_default="the model's")] = None,
    split: Annotated[
        str | None, Option(help="For a data set without splits.", show_default="train=0.7,val=0.15,test=0.15")
    ] = None,
    split_seed: Annotated[int, Option(help="Another one, another split.")] = 0,
    groups: Annotated[
        str | None, Option(help="What stays together in a split: a pattern over ids, a CSV file or a column.")
    ] = None,
    seed: Annotated[int, Option(help="Another one, another run.")] = 0,
    seeds: Annotated[int, Option(min=1, help="Repeat with so many, and tell mean and spread.")] = 1,
    compare: Annotated[
        str | None, Option(metavar="none,P,...", help="Train with each pipeline on the same seeds.")
    ] = None,
    cache: Annotated[
        str | None,
        Option(
            metavar="DIR", help="Where a frozen network's features are kept, for several runs.", show_default="in RUN"
        ),
    ] = None,
    no_cache: Annotated[
        bool, Option("--no-cache", help="Compute a frozen network's features again and again.")
    ] = False,
    workers: Annotated[int, Option(help="Processes that read pictures; worth it for large ones.")] = 0,
    device: Annotated[str, Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, Option(help="Of the processor.", show_default="1 for small pictures, else torch's")] = 0,
    max_rejected: Annotated[float, Option(help="The greatest fraction of pictures that may be unreadable.")] = 0.01,
    checkpoint_every: Annotated[int, Option(help="Steps between checkpoints, beside those after each epoch.")] = 500,
    tensorboard: Annotated[bool, Option("--tensorboard", help="Write its files too.")] = False,
    fresh: Annotated[bool, Option("--fresh", help="Remove another run that is in RUN.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train a network on a data set.

    With --weights all but a new head is frozen, and the head learns from features that are
    computed once; --unfreeze then trains the rest too, at a smaller rate. Pictures are
    divided by their originals: some are learnt from, some choose the best epoch, and the
    result is told of the others, which are never augmented. The same command goes on where
    a run was stopped, and ends with the same weights.
    """
    _require_there(data, pipeline, compare)
    from augkit.train import Settings
    from augkit.train.models import parse_input
    from augkit.train.train_config import parse_class_weights

    if cache is not None and no_cache:
        raise ArgumentError("must not go with --no-cache. Leave one out.", "cache")
    given: dict[str, Any] = dict(locals())
    known = {name: given[name] for name in Settings.__dataclass_fields__ if name in given}
    known |= {
        "class_weights": parse_class_weights(class_weights),
        "input": None if input is None else parse_input(input, "--input"),
        "cache": not no_cache if cache is None else cache,
    }
    settings = Settings(**known)
    if seeds == 1 and compare is None:
        result = _trained(settings, fresh)
        print(json.dumps(asdict(result)) if as_json else _told(result))
        return
    from augkit.cli.comparison_tables import tell_repeats
    from augkit.train import repeat

    pipelines = None if compare is None else compare.split(",")
    found = repeat(settings, seeds, pipelines, lambda s: _announced(s, fresh), _checked)
    tell_repeats(found, Path(out), as_json)


def _require_there(data: str, pipeline: str | None, compare: str | None) -> None:
    """Answer the usual slips of the pen before torch is loaded, which takes seconds."""
    from augkit.datasets import read
    from augkit.pipeline import load

    for name in [pipeline] if compare is None else compare.split(","):
        if name not in (None, "none"):
            load(name)
    if "://" not in data and not os.path.exists(data):  # noqa: PTH110 - Path.exists raises where it may not look
        read(data)


def _checked(settings: Settings) -> None:
    from augkit.cli.progress import progress_shown
    from augkit.train.setup import prepare

    with progress_shown() as show:
        prepare(settings, lambda _: None, show)


def _announced(settings: Settings, fresh: bool) -> Result:
    print(f"Seed {settings.seed}, pipeline {settings.pipeline or 'none'}:", file=sys.stderr)
    result = _trained(settings, fresh)
    print(_told(result).splitlines()[0], file=sys.stderr)
    return result


def _trained(settings: Settings, fresh: bool) -> Result:
    from augkit.cli.progress import progress_shown
    from augkit.cli.stopping import terminated_as_interrupted
    from augkit.train import train

    try:
        with terminated_as_interrupted(), progress_shown() as show:
            return train(settings, fresh=fresh, tell=_tell, progress=show)
    except KeyboardInterrupt:
        what = f"interrupted. The same command goes on from here; {settings.out} is unfinished."
        print(f"augkit: {what}", file=sys.stderr)
        raise typer.Exit(130) from None


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _told(result: Result) -> str:
    top, unit = result.metrics["headline"], 1.0
    form = "{:.3g}"
    if result.metrics["kind"] != "numbers":
        unit, form = 100.0, "{:.1f} %"
    value = form.format(unit * top["value"])
    interval = ""
    if top["low"] is not None:
        interval = f" (95 %: {form.format(unit * top['low'])} to {form.format(unit * top['high'])})"
    counts = result.pictures
    used = f"{counts['fit']:,} to learn from, {counts['choose']:,} to choose by"
    return (
        f"{top['name']} {value}{interval} on {counts['report']:,} pictures that had no say; {used};"
        f" epoch {result.best_epoch} of {result.epochs} was kept, in {result.seconds:.1f} s.\n"
        f"All about it: {result.report}\n"
        f"To use it: {shlex.join(['augkit', 'predict', result.out])} PICTURES"
    )
