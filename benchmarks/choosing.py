"""Measure whether `augkit choose` picks what a whole training would, and whether its scores order pipelines alike.

Of each set a part is learnt from, a part confirms and the rest is tested. `choose` looks at the first two. Then twelve
pipelines and the pick are trained with whole, as `augkit train` does where no option is given but the pipeline, with
several seeds, and judged by those that were tested: the accuracy and the log loss of each, the rank correlation
(Spearman) of log losses with those that `choose` told, and the pick against `none`, `light`, `six` and
`TrivialAugment`, paired by seeds and pictures.

- digits: scikit-learn's, ten of each class to learn from; a small residual network from scratch. Grey pictures have
  no colours to shift, so that `six` is without that step here and in the next two.
- mnist: ten of each class likewise; 1,500 are tested.
- fashion: twenty of each class of Fashion-MNIST likewise; 1,500 are tested.
- stamps: cut-outs in twelve themes, of which half are tested; a head on frozen features.

What is not on this machine is told, and left out. `AUGKIT_CHOOSING` names some of the sets, with commas; trainings are
kept in the folder that `AUGKIT_CHOOSING_KEPT` names, if any, so that what was interrupted goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from augkit.choose.candidates import NONE, edge_of, steps, wholes
from augkit.choose.choose_config import ChooseConfig
from augkit.choose.choosing import choose
from augkit.pipeline import Pipeline, dump, load
from augkit.pipeline.ablation import without
from augkit.pipeline.pipeline_file import identified
from augkit.train import TrainConfig, train
from augkit.train.comparison.outcomes import ALL, read
from augkit.train.trials.evidence import crossed_gain
from benchmarks.sets import Absent, Parts, digits, fashion, lay, mnist, themes

__all__ = ["measure", "table"]

SETS, KEPT = "AUGKIT_CHOOSING", "AUGKIT_CHOOSING_KEPT"
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
    """A set: its parts, the height and width of the default network's input, and the seeds of each training.

    Args:
        parts: pictures by split.
        side: pixels of the default network's input.
        is_grey: whether they are.
        seeds: of those that the pick is compared with, and of the others.
    """

    parts: Callable[[], Parts]
    side: int
    is_grey: bool
    seeds: tuple[int, int] = (3, 2)

    @property
    def standing(self) -> tuple[str, ...]:
        """The names of the pipelines that the pick is compared with."""
        return NONE, "light", GREY_SIX if self.is_grey else "six", "TrivialAugment"


TRIALS: Mapping[str, Trial] = {
    "digits": Trial(lambda: _few(digits(), 10, 1500), 28, True),
    "mnist": Trial(lambda: _few(mnist(), 10, 1500), 28, True),
    "fashion": Trial(lambda: _few(fashion()[0], 20, 1500), 28, True),
    "stamps": Trial(_stamps, 224, False),
}


def measure(names: Sequence[str] | None = None) -> dict[str, Any]:
    """Run everything and return the figures as JSON can hold them.

    Args:
        names: of the sets; None takes all, or those that the environment says.
    """
    named = os.environ.get(SETS, ",".join(TRIALS)).split(",") if names is None else names
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for name in named:
        try:
            found[name] = _run(TRIALS[name])
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
        config = TrainConfig.of(data=self.work / "data", out=out, seed=seed, threads=1, pipeline=given)
        result = train(config, fresh=True)
        outcomes = read(out)
        shutil.rmtree(out)
        return np.asarray(outcomes.figures[ALL].values), float(result.metrics["log_loss"])


def _plan(trial: Trial, pick: str, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield every training, by the pipeline's name and the seed: at first one of each."""
    for seed in range(max(trial.seeds)):
        for name in names:
            if seed < trial.seeds[0 if name in trial.standing or name == pick else 1]:
                yield name, seed


def _run(trial: Trial) -> dict[str, Any]:
    parts = trial.parts()
    work = Path(tempfile.mkdtemp(prefix="augkit-bench-"))
    try:
        lay(work / "data", parts)
        began, busy = time.perf_counter(), time.process_time()
        chosen = choose(ChooseConfig.of(data=work / "data", out=work / "choice"))
        minutes, busy = (time.perf_counter() - began) / 60, (time.process_time() - busy) / 60
        print(*chosen.report.told(), f"{minutes:.1f} minutes", sep="\n", flush=True)
        told = {one.candidate.name: one for one in chosen.report.found.screened}
        pick = chosen.report.found.pick.candidate
        pipelines = twelve(trial, parts)
        twelve_names = list(pipelines)
        assert all(pipelines[name] == told[name].candidate.pipeline for name in twelve_names)
        pipelines.setdefault(pick.name, pick.pipeline)
        trainings = Trainings(work, Path(os.environ[KEPT]) if KEPT in os.environ else None)
        found: dict[str, list[tuple[Any, float]]] = {name: [] for name in pipelines}
        for name, seed in _plan(trial, pick.name, list(pipelines)):
            found[name].append(trainings.judged(pipelines[name], seed))
            print(f"{name} {seed}: {100 * found[name][-1][0].mean():.2f} %, {found[name][-1][1]:.3f}", flush=True)
        rows: list[dict[str, Any]] = [
            {
                "name": name,
                "seeds": len(each),
                "accuracy": round(100 * float(np.mean([right for right, _ in each])), 2),
                "loss": round(float(np.mean([loss for _, loss in each])), 4),
                "told_loss": round(told[name].loss, 4) if name in told else None,
                "told_accuracy": round(100 * told[name].right, 2) if name in told else None,
            }
            for name, each in found.items()
        ]
        known = [row for row in rows if row["name"] in twelve_names]
        right = {name: np.stack([answers for answers, _ in each]) for name, each in found.items()}
        losses = [[row[key] for row in known] for key in ("told_loss", "loss", "accuracy")]
        return {
            "pictures": {split: len(places) for split, (_, places) in parts.items()},
            "minutes": round(minutes, 2),
            "processor_minutes": round(busy, 2),
            "looked_with": chosen.report.notes,
            "pick": pick.name,
            "verdict": chosen.report.verdict.level,
            "rank_correlation": round(float(spearmanr(losses[0], losses[1])[0]), 3),
            "rank_correlation_of_accuracy": round(float(-spearmanr(losses[0], losses[2])[0]), 3),
            "is_met": bool(spearmanr(losses[0], losses[1])[0] >= WANTED),
            "pick_against": {other: _against(right[pick.name], right[other]) for other in trial.standing},
            "trained": rows,
        }
    finally:
        shutil.rmtree(work)


def _against(pick: Any, other: Any) -> dict[str, Any]:
    """Return the points that the pick is better by, with an interval over seeds and pictures."""
    one = crossed_gain(100.0 * (pick - other))
    low, high = (round(one.low, 2), round(one.high, 2)) if one.low == one.low else (None, None)
    return {"mean": round(one.mean, 2), "low": low, "high": high}
