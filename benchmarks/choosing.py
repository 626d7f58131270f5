"""Measure whether `augkit choose` picks what a whole training would, and whether its scores order pipelines alike.

Of each set a part is learnt from, a part confirms and the rest is tested. `choose` looks at the first two. Then twelve
pipelines and the pick are trained with whole, on the same pictures, with several seeds, and judged by those that were
tested: the accuracy and the log loss of each, the rank correlation (Spearman) of log losses with those that `choose`
told, and the pick against `none`, `light`, `six` and `TrivialAugment`, paired by seeds and pictures.

- digits: scikit-learn's, ten of each class to learn from; a network of 14,000 parameters from scratch.
- mnist: ten of each class likewise; 1,500 are tested.
- fashion: twenty of each class of Fashion-MNIST likewise; 1,500 are tested.
- stamps: photographed cut-outs in eight kinds, of which a third is tested; a head on frozen features at 128 pixels.

What is not on this machine is told, and left out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from augkit.choose.choose_config import ChooseConfig
from augkit.choose.choosing import choose
from augkit.pipeline import Pipeline, dump
from augkit.train import TrainConfig, train
from augkit.train.comparison.outcomes import ALL, read
from augkit.train.trials.evidence import crossed_gain
from benchmarks.sets import Absent, Parts, digits, fashion, lay, mnist, stamps

__all__ = ["measure", "table"]

SETS = "AUGKIT_CHOOSING"  # the environment variable that names some of the sets, with commas
STANDING = ("none", "light", "six", "TrivialAugment")
STEPS = (
    "mirror",
    "mirror upside down",
    "turn 20 degrees",
    "shift 0.12 of the side",
    "crop 0.25 of the area at least",
    "erase 0.4 of the area",
)
TWELVE = (*STANDING, "digits", "strong", *STEPS)
FROM_SCRATCH = {"model": "lenet", "epochs": 300, "ema": 0.99, "smoothing": 0.1, "keep": "last", "batch_size": 64}
FROZEN = {
    "model": "efficientnet_lite0",
    "weights": "pretrained",
    "input": (128, 128, 3),
    "epochs": 60,
    "batch_size": 32,
    "smoothing": 0.1,
    "keep": "last",
}


def _few(known: Any, each: int, tested: int) -> Parts:
    random = np.random.default_rng(0)
    places = random.permutation(len(known.labels))
    drawn = known.few(places, each + each // 2, random).reshape(-1, each + each // 2)
    rest = np.setdiff1d(places, drawn)
    return {
        "train": (known, drawn[:, :each].ravel()),
        "val": (known, drawn[:, each:].ravel()),
        "test": (known, np.sort(random.permutation(rest)[:tested])),
    }


def _stamps() -> Parts:
    known, random = stamps(), np.random.default_rng(0)
    parts: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for label in np.unique(known.labels):
        own = random.permutation(np.flatnonzero(known.labels == label))
        third, some = len(own) // 3, max(1, len(own) // 8)
        parts["test"] += own[:third].tolist()
        parts["val"] += own[third : third + some].tolist()
        parts["train"] += own[third + some :].tolist()
    return {split: (known, np.array(places)) for split, places in parts.items()}


QUICK = {"folds": 3}  # of a choice among networks from scratch
# Pictures, settings of trainings, options of the choice, seeds.
TRIALS: Mapping[str, tuple[Callable[[], Parts], Mapping[str, Any], Mapping[str, Any], int]] = {
    "digits": (lambda: _few(digits(), 10, 1500), FROM_SCRATCH, QUICK, 3),
    "mnist": (lambda: _few(mnist(), 10, 1500), FROM_SCRATCH, QUICK, 3),
    "fashion": (lambda: _few(fashion()[0], 20, 1500), FROM_SCRATCH, QUICK, 3),
    "stamps": (_stamps, FROZEN, {}, 3),
}


def measure(names: Sequence[str] | None = None, most_seeds: int = 3) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        names: of the sets; None takes all, or those that the environment says.
        most_seeds: of each training.
    """
    named = os.environ.get(SETS, ",".join(TRIALS)).split(",") if names is None else names
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name in named:
        parts, settings, options, seeds = TRIALS[name]
        try:
            found[name] = _run(parts(), settings, options, min(seeds, most_seeds))
        except Absent as fault:
            absent[name] = str(fault)
    return {"question": (__doc__ or "").splitlines()[0], "sets": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    for name, one in found["sets"].items():
        lines.append(f"{name}: picks {one['pick']!r} ({one['verdict']}) in {one['minutes']:.1f} minutes")
        lines.append(f"  rank correlation of log losses {one['rank_correlation']:.2f}, {len(one['trained'])} trained")
        for row in sorted(one["trained"], key=lambda row: -float(row["accuracy"])):
            told = "      " if row["told_loss"] is None else f"{row['told_loss']:6.3f}"
            lines.append(f"  {row['name']:44}{row['accuracy']:7.2f} %  loss {row['loss']:6.3f}  told {told}")
        for other, gain in one["pick_against"].items():
            lines.append(f"  the pick against {other:27}{gain['mean']:+7.2f} points ({gain['low']} to {gain['high']})")
    lines += [f"!!! {name}: NOT MEASURED, its pictures are not here. {why}" for name, why in found["absent"].items()]
    return "\n".join(lines)


def _run(parts: Parts, settings: Mapping[str, Any], options: Mapping[str, Any], seeds: int) -> dict[str, Any]:
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        lay(work / "data", parts)
        began, busy = time.perf_counter(), time.process_time()
        chosen_for = {key: value for key, value in settings.items() if key in ("model", "weights")} | dict(options)
        chosen = choose(ChooseConfig.of(data=work / "data", out=work / "choice", threads=1, **chosen_for))
        minutes, busy = (time.perf_counter() - began) / 60, (time.process_time() - busy) / 60
        print(*chosen.report.told(), f"{minutes:.1f} minutes", sep="\n", flush=True)
        told = {one.candidate.name: one for one in chosen.report.found.screened}
        pick = chosen.report.found.pick.candidate
        pipelines: dict[str, Pipeline | None] = {name: told[name].candidate.pipeline for name in TWELVE if name in told}
        pipelines.setdefault(pick.name, pick.pipeline)
        right: dict[str, Any] = {}
        rows = []
        for name, pipeline in pipelines.items():
            trained = [_trained(work, pipeline, settings, seed) for seed in range(seeds)]
            right[name] = np.stack([answers for answers, _ in trained])
            rows.append(
                {
                    "name": name,
                    "accuracy": round(100 * float(right[name].mean()), 2),
                    "loss": round(float(np.mean([loss for _, loss in trained])), 4),
                    "told_loss": round(told[name].loss, 4) if name in told else None,
                }
            )
            print(f"{name}: {rows[-1]['accuracy']:.2f} %, loss {rows[-1]['loss']:.3f}", flush=True)
        known = [row for row in rows if row["told_loss"] is not None]
        against = {}
        for other in (name for name in STANDING if name in right):
            one = crossed_gain(100 * (right[pick.name] - right[other]))
            known_ends = one.low == one.low
            low, high = (round(one.low, 2), round(one.high, 2)) if known_ends else (None, None)
            against[other] = {"mean": round(one.mean, 2), "low": low, "high": high}
        return {
            "pictures": {split: len(places) for split, (_, places) in parts.items()},
            "seeds": seeds,
            "options": dict(options),
            "minutes": round(minutes, 2),
            "processor_minutes": round(busy, 2),
            "pick": pick.name,
            "verdict": chosen.report.verdict.level,
            "rank_correlation": round(float(spearmanr(*([r[k] for r in known] for k in ("told_loss", "loss")))[0]), 3),
            "rank_correlation_of_accuracy": round(
                float(-spearmanr(*([row[key] for row in known] for key in ("told_loss", "accuracy")))[0]), 3
            ),
            "pick_against": against,
            "trained": rows,
        }
    finally:
        shutil.rmtree(work)


def _trained(work: Path, pipeline: Pipeline | None, settings: Mapping[str, Any], seed: int) -> tuple[Any, float]:
    """Return whether each tested picture was named right (n,), and the log loss."""
    file = work / "pipeline.yaml"
    dump(pipeline or Pipeline([]), file)
    out = work / "run"
    given = {"pipeline": str(file)} if pipeline is not None else {}
    config = TrainConfig.of(data=work / "data", out=out, seed=seed, threads=1, **settings, **given)
    result = train(config, fresh=True)
    outcomes = read(out)
    shutil.rmtree(out)
    return np.asarray(outcomes.figures[ALL].values), float(result.metrics["log_loss"])
