"""Measure whether `augkit choose` picks what a whole training would, and whether its scores order pipelines alike.

Of each set a part is learnt from, a part confirms and the rest is tested. `choose` looks at the first two. Pipelines
are trained with whole, as `augkit train` does where no option is given but the pipeline, and judged by those that were
tested. Two questions are asked, of which `AUGKIT_CHOOSING_ASKED=ranks,picks` names some:

- ranks: the rank correlation (Spearman) of the log losses that `choose` tells of twelve pipelines with those of whole
  trainings, the mean of several seeds. Beside it stands what chance leaves of a perfect score: the rank correlation
  between seeds, and with the mean of them;
- picks: the pick of a whole choice against `none`, `light`, `six` and `TrivialAugment`, in points of accuracy, paired
  by seeds and pictures.

- digits: scikit-learn's, ten of each class to learn from; a small residual network from scratch. Grey pictures have
  no colours to shift, so that `six` is without that step here and in the next two.
- mnist: ten of each class likewise; 1,500 are tested.
- fashion: twenty of each class of Fashion-MNIST likewise; 1,500 are tested.
- stamps: cut-outs in twelve themes, of which half are tested; a head on frozen features.

What is not on this machine is told, and left out. `AUGKIT_CHOOSING` names some of the sets, with commas; what was done
is kept in the folder that `AUGKIT_CHOOSING_KEPT` names, if any, so that what was interrupted goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from augkit.choose.candidates import NONE, edge_of, steps, wholes
from augkit.choose.choice_report import JSON, PIPELINE
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.choosing import choose
from augkit.choose.judging import KEPT as JUDGEMENTS, Judging
from augkit.core.arrays import Reals
from augkit.pipeline import Pipeline, dump, load
from augkit.pipeline.ablation import without
from augkit.pipeline.pipeline_file import identified
from augkit.train import TrainConfig, train
from augkit.train.comparison.outcomes import ALL, read
from augkit.train.telling import silent
from augkit.train.trials.evidence import crossed_gain
from benchmarks.sets import Absent, Parts, digits, fashion, lay, mnist, themes

__all__ = ["measure", "table"]

SETS, ASKED, KEPT = "AUGKIT_CHOOSING", "AUGKIT_CHOOSING_ASKED", "AUGKIT_CHOOSING_KEPT"
RANKS, PICKS = "ranks", "picks"
COLOURED = "PCAColorShift"  # the step of `six` that grey pictures do not take
GREY_SIX = f"six without {COLOURED}"
STEPS = (
    "mirror",
    "mirror upside down",
    "turn 20 degrees",
    "shift 0.12 of the side",
    "crop 0.25 of the area at least",
    "erase 0.4 of the area",
)
WANTED = 0.6  # rank correlation


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
    known, random = themes(), np.random.default_rng(0)
    parts: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for label in np.unique(known.labels):
        own = random.permutation(np.flatnonzero(known.labels == label))
        half, some = len(own) // 2, max(1, len(own) // 8)
        parts["test"] += own[:half].tolist()
        parts["val"] += own[half : half + some].tolist()
        parts["train"] += own[half + some :].tolist()
    return {split: (known, np.array(places)) for split, places in parts.items()}


@dataclass(frozen=True)
class Trial:
    """A set: its parts, the height and width of the default network's input, and the seeds of trainings.

    Args:
        parts: pictures by split.
        side: pixels of the default network's input.
        is_grey: whether they are.
        seeds: of the trainings that ranks are compared with.
        pick_seeds: of trainings with the pick, and with what it is compared with: more where pipelines differ little.
    """

    parts: Callable[[], Parts]
    side: int
    is_grey: bool
    seeds: int = 3
    pick_seeds: int = 3

    @property
    def standing(self) -> tuple[str, ...]:
        """The names of the pipelines that the pick is compared with."""
        return NONE, "light", GREY_SIX if self.is_grey else "six", "TrivialAugment"


TRIALS: Mapping[str, Trial] = {
    "digits": Trial(lambda: _few(digits(), 10, 1500), 28, True),
    "mnist": Trial(lambda: _few(mnist(), 10, 1500), 28, True),
    "fashion": Trial(lambda: _few(fashion()[0], 20, 1500), 28, True, pick_seeds=5),
    "stamps": Trial(_stamps, 224, False, pick_seeds=6),
}


def measure(names: Sequence[str] | None = None) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        names: of the sets; None takes all, or those that the environment says.
    """
    named = os.environ.get(SETS, ",".join(TRIALS)).split(",") if names is None else names
    asked = os.environ.get(ASKED, f"{RANKS},{PICKS}").split(",")
    found: dict[str, dict[str, Any]] = {RANKS: {}, PICKS: {}}
    absent: dict[str, str] = {}
    for question, answer in ((RANKS, _ranks), (PICKS, _picks)):
        for name in named if question in asked else ():
            with tempfile.TemporaryDirectory(prefix="augkit-bench-") as folder:
                try:
                    parts = TRIALS[name].parts()
                except Absent as fault:
                    absent[name] = str(fault)
                    continue
                lay(Path(folder) / "data", parts)
                kept = Path(os.environ[KEPT]) / name if KEPT in os.environ else None
                found[question][name] = answer(TRIALS[name], parts, Trainings(Path(folder), kept))
                print(_told(name, question, found[question][name]), flush=True)
    return {"question": (__doc__ or "").splitlines()[0], **found, "absent": absent}


def table(found: dict[str, Any]) -> str:
    """Return the figures as a small table."""
    lines = [found["question"]]
    lines += [_told(name, question, one) for question in (RANKS, PICKS) for name, one in found[question].items()]
    lines += [f"!!! {name}: NOT MEASURED, its pictures are not here. {why}" for name, why in found["absent"].items()]
    return "\n".join(lines)


def _told(name: str, question: str, one: Mapping[str, Any]) -> str:
    if question == RANKS:
        correlation, accuracies = one["rank_correlation"], one["rank_correlation_of_accuracy"]
        told = f"between seeds {one['between_seeds']:.2f}, of a perfect score {one['of_a_perfect_score']:.2f}"
        lines = [f"{name}: rank correlation of log losses {correlation:.2f}, of accuracy {accuracies:.2f}; {told}"]
        for row in sorted(one["pipelines"], key=lambda row: float(row["loss"])):
            accuracy = f"{row['accuracy']:7.2f} %  loss {row['loss']:6.3f}"
            lines.append(f"  {row['name']:36}{accuracy}  told {row['told_loss']:6.3f}")
        return "\n".join(lines)
    lines = [f"{name}: picks {one['pick']!r} ({one['verdict']}) in {one['minutes']:.1f} minutes"]
    lines += [f"  {row['name']:60}{row['accuracy']:7.2f} %  loss {row['loss']:6.3f}" for row in one["trained"]]
    for other, gain in one["pick_against"].items():
        lines.append(f"  the pick against {other:30}{gain['mean']:+7.2f} points ({gain['low']} to {gain['high']})")
    return "\n".join(lines)


def twelve(trial: Trial, parts: Parts) -> dict[str, Pipeline | None]:
    """Return the pipelines that are trained with, by their names, as `choose` makes them for these pictures."""
    known, places = parts["train"]
    images = [known.images[place] for place in places]
    size = (trial.side, trial.side)
    made = [*steps(edge_of(images), size, images[0].ndim == 2), *wholes(())]
    found = {NONE: None, GREY_SIX: without(load("six"), COLOURED)} | {one.name: one.pipeline for one in made}
    others = ("digits", "small") if trial.is_grey else ("digits", "strong")
    return {name: found[name] for name in (*trial.standing, *others, *STEPS)}


@dataclass(frozen=True)
class Trainings:
    """Train with pipelines on one set, each with several seeds.

    Args:
        work: a folder, with the pictures in `data`.
        kept: a folder for what came of trainings, or None to keep nothing.
    """

    work: Path
    kept: Path | None

    def place(self, name: str) -> str:
        """Return a folder for something else, which is kept likewise."""
        return str((self.kept or self.work) / name)

    def judged(self, pipeline: Pipeline | None, seed: int) -> tuple[Any, float]:
        """Return whether each tested picture was named right (n,), and the mean log loss."""
        path = None
        if self.kept is not None:
            text = json.dumps([None if pipeline is None else identified(pipeline), seed, self._hash()])
            path = self.kept / f"{sha256(text.encode()).hexdigest()[:24]}.json"
            if path.is_file():
                found = json.loads(path.read_text("utf-8"))
                return np.array(found["right"], float), float(found["loss"])
        right, loss = self._trained(pipeline, seed)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"right": right.astype(int).tolist(), "loss": loss}), "utf-8")
        return right, loss

    def _hash(self) -> str:
        files = sorted((self.work / "data").rglob("*.png"))
        whole = sha256()
        for file in files:
            whole.update(file.relative_to(self.work).as_posix().encode() + file.read_bytes())
        return whole.hexdigest()

    def _trained(self, pipeline: Pipeline | None, seed: int) -> tuple[Any, float]:
        file, out = self.work / "pipeline.yaml", self.work / "run"
        dump(pipeline or Pipeline([]), file)
        given = "none" if pipeline is None else str(file)
        config = TrainConfig.of(
            data=self.work / "data", out=out, seed=seed, threads=1, pipeline=given, cache=self.place("features")
        )
        result = train(config, fresh=True)
        outcomes = read(out)
        shutil.rmtree(out)
        return np.asarray(outcomes.figures[ALL].values), float(result.metrics["log_loss"])


def _ranks(trial: Trial, parts: Parts, trainings: Trainings) -> dict[str, Any]:
    """Return what twelve pipelines are told to be worth, and what they are."""
    config = ChooseConfig.of(data=trainings.work / "data", out=trainings.place("choice"))
    judging = Judging.of(config, silent, silent)
    pipelines = twelve(trial, parts)
    with judging.bench.at_work():
        judge = judging.screening(judging.judge())
        told = {name: judge.outcome(pipeline) for name, pipeline in pipelines.items()}
    trained = {
        name: [trainings.judged(pipeline, seed) for seed in range(trial.seeds)] for name, pipeline in pipelines.items()
    }
    rows: list[dict[str, Any]] = []
    for name, each in trained.items():
        accuracies, losses = [100 * float(right.mean()) for right, _ in each], [loss for _, loss in each]
        rows.append(
            {
                "name": name,
                "accuracy": round(float(np.mean(accuracies)), 2),
                "loss": round(float(np.mean(losses)), 4),
                "losses": [round(loss, 4) for loss in losses],
                "told_loss": round(float(told[name].loss.mean()), 4),
                "told_accuracy": round(100 * float(told[name].right.mean()), 2),
            }
        )
    told_losses, means, shares = ([row[key] for row in rows] for key in ("told_loss", "loss", "accuracy"))
    correlation = float(spearmanr(told_losses, means)[0])
    return {
        "pictures": {split: len(places) for split, (_, places) in parts.items()},
        "seeds": trial.seeds,
        "looked_with": judging.bench.sentence,
        "rank_correlation": round(correlation, 3),
        "rank_correlation_of_accuracy": round(float(-spearmanr(told_losses, shares)[0]), 3),
        **_chance_of(np.array([row["losses"] for row in rows]).T),
        "is_met": correlation >= WANTED,
        "pipelines": rows,
    }


def _chance_of(losses: Reals) -> dict[str, float]:
    """Return what chance leaves of the rank correlation with losses (R, p) of R seeds and p pipelines.

    Two seeds agree by so much; the mean of R of them with what it would be of very many by the square root of its
    reliability (Spearman and Brown), which a perfect score would have.
    """
    pairs = [float(spearmanr(losses[one], losses[other])[0]) for one, other in combinations(range(len(losses)), 2)]
    between = max(float(np.mean(pairs)), 0.0)
    reliability = len(losses) * between / (1.0 + (len(losses) - 1) * between)
    return {"between_seeds": round(between, 3), "of_a_perfect_score": round(reliability**0.5, 3)}


def _picks(trial: Trial, parts: Parts, trainings: Trainings) -> dict[str, Any]:
    """Return the pick of a whole choice, and what trainings with it reach beside others."""
    chosen = _chosen(trainings)
    known = twelve(trial, parts)
    pipelines = {name: known[name] for name in trial.standing}
    name = chosen["pick"]
    pipelines.setdefault(name, load(Path(trainings.place("choice")) / PIPELINE))
    found: dict[str, list[tuple[Any, float]]] = {name: [] for name in pipelines}
    for seed in range(trial.pick_seeds):
        for one, pipeline in pipelines.items():
            found[one].append(trainings.judged(pipeline, seed))
            print(f"  {one} {seed}: {100 * found[one][-1][0].mean():.2f} %", flush=True)
    right = {one: np.stack([answers for answers, _ in each]) for one, each in found.items()}
    against = {other: _against(right[name], right[other]) for other in trial.standing if other != name}
    means = {other: float(right[other].mean()) for other in trial.standing}
    best, worst = (against.get(extreme(means, key=lambda one: means[one])) for extreme in (max, min))
    return {
        "pictures": {split: len(places) for split, (_, places) in parts.items()},
        "seeds": trial.pick_seeds,
        "pick": name,
        "verdict": chosen["verdict"],
        "minutes": round(chosen["seconds"] / 60, 2),
        "processor_minutes": chosen.get("processor_minutes"),
        "went_on": chosen["went_on"],  # from an interrupted one: its minutes are too few
        "pick_against": against,
        "is_as_good_as_the_best": best is None or best["high"] >= 0.0,
        "is_better_than_the_worst": worst is not None and worst["low"] > 0.0,
        "trained": [
            {
                "name": one,
                "accuracy": round(100 * float(right[one].mean()), 2),
                "loss": round(float(np.mean([loss for _, loss in each])), 4),
            }
            for one, each in found.items()
        ],
    }


def _chosen(trainings: Trainings) -> dict[str, Any]:
    """Return the figures of a choice, which may have been made before."""
    out = Path(trainings.place("choice"))
    if not (out / JSON).is_file():
        went_on = (out / JUDGEMENTS).is_dir()
        busy = time.process_time()
        chosen = choose(
            ChooseConfig.of(data=trainings.work / "data", out=out), lambda told: print(f"  {told}", flush=True)
        )
        print(*chosen.report.told(), sep="\n", flush=True)
        spent = {"processor_minutes": round((time.process_time() - busy) / 60, 2), "went_on": went_on}
        (out / JSON).write_text(json.dumps(json.loads((out / JSON).read_text("utf-8")) | spent), "utf-8")
    found: dict[str, Any] = json.loads((out / JSON).read_text("utf-8"))
    return found


def _against(pick: Any, other: Any) -> dict[str, Any]:
    """Return the points that the pick is better by, with an interval over seeds and pictures."""
    one = crossed_gain(100.0 * (pick - other))
    low, high = (round(one.low, 2), round(one.high, 2)) if one.low == one.low else (None, None)
    return {"mean": round(one.mean, 2), "low": low, "high": high}
