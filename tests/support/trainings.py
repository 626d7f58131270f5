"""Small data sets and networks to train, and ways to stop a training and to look at what came of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from augkit.errors import ArgumentError
from augkit.train import TrainConfig
from augkit.train.loop.precision import is_half
from augkit.train.loop.training_loop import State, fit
from augkit.train.models import architecture
from augkit.train.run_folder import law_of, open_run
from augkit.train.setup import Setup, prepare
from augkit.train.trainer import begin, reproducible
from support.folders import put

CLASSES = ("lines", "plain", "spots")
INPUT = (32, 32, 3)


class Stopped(BaseException):
    """Nothing catches it: the training ends where it is raised."""


def drawn(kind: str, seed: int, side: int = 12) -> NDArray[np.uint8]:
    """Return a noisy picture of a class, which a small network learns to tell from the others."""
    random = np.random.default_rng([seed, CLASSES.index(kind)])
    image = random.integers(90, 130, (side, side, 3))
    if kind == "lines":
        image[random.integers(2) :: 2] += 80
    if kind == "spots":
        image[1 + random.integers(2) :: 3, 1::3] += 100
    return np.clip(image, 0, 255).astype(np.uint8)


def fill(root: Path, each: int = 12, splits: tuple[str, ...] = ("",), side: int = 12) -> Path:
    """Lay `each` PNG files of each class into a folder, for each split."""
    for number, split in enumerate(splits):
        for kind in CLASSES:
            for place in range(each):
                put(root / split / kind / f"{place:03d}.png", drawn(kind, 1000 * number + place, side))
    return root


def weights_file(path: Path, model: str, seed: int = 5, outputs: int = 7) -> str:
    """Write a file of weights for a model, with a head of another width."""
    torch.save(architecture(model, outputs, INPUT).build(seed).state_dict(), path)
    return str(path)


def settings(data: Path, out: Path, **options: Any) -> TrainConfig:
    """Return settings for a training that takes no time."""
    usual = {"model": "lenet", "epochs": 3, "batch_size": 8, "threads": 1, "input": INPUT}
    return TrainConfig(data=str(data), out=str(out), **{**usual, **options})


def prepared(wanted: TrainConfig, head: str | None = None) -> Setup:
    out = Path(wanted.out)
    begun = out if (out / "settings.json").exists() else out / "a new run"
    return prepare(wanted, lambda _: None, lambda *_: None, law_of(begun), head=head)


def replaced_wait(ready: Setup, wanted: TrainConfig) -> Setup:
    """Return what a training begins with, with options that decide nothing."""
    return replace(ready, config=ready.config.replaced(wait=wanted.wait))


def fitted(
    wanted: TrainConfig, stop_after: int | None = None, told: list[str] | None = None, head: str | None = None
) -> tuple[State, dict[str, Any]]:
    """Train without a report, up to the end or until some steps are done.

    Returns:
        Where it ended; and the network, its mean and the best weights.
    """
    steps = 0

    def count(done: int, total: int, note: str) -> None:
        nonlocal steps
        steps += "epoch" in note
        if steps == stop_after:
            raise Stopped

    with reproducible():
        ready = prepared(wanted, head)
        open_run(Path(wanted.out), ready, is_fresh=False)
        training, _ = begin(ready, (told if told is not None else []).append, count)
        state = fit(training)
        found = {"network": training.network.state_dict(), "average": training.average.state_dict()}
        return state, found | {"best": training.checkpoints.best_state()}


def has_bfloat16() -> bool:
    """Say whether this processor computes with numbers of half precision."""
    try:
        return is_half("bfloat16", torch.device("cpu"))
    except ArgumentError:
        return False


def assert_same_weights(left: dict[str, dict[str, Tensor]], right: dict[str, dict[str, Tensor]]) -> None:
    """They are equal to the last bit."""
    assert left.keys() == right.keys()
    for part in left:
        assert left[part].keys() == right[part].keys()
        for name, tensor in left[part].items():
            assert torch.equal(tensor, right[part][name]), (part, name)


def digits(root: Path, each: int = 10) -> Path:
    """Lay scikit-learn's digits into class folders, as `augkit demo` does."""
    from sklearn.datasets import load_digits

    found = load_digits()
    for name in range(10):
        for place, image in enumerate(found.images[found.target == name][:each]):
            put(root / str(name) / f"{name}-{place}.png", (image * (255 / 16)).astype(np.uint8))
    return root


def manifest(root: Path, label: Any, name: str = "list.jsonl", each: int = 10) -> Path:
    """Write a manifest of the usual pictures, whose labels are a function of their class and place."""
    fill(root, each=each)
    rows = [
        {"image": f"{kind}/{place:03d}.png", "label": label(CLASSES.index(kind), place)}
        for kind in CLASSES
        for place in range(each)
    ]
    if name.endswith(".csv"):
        texts = [json.dumps(row["label"]) if isinstance(row["label"], list) else row["label"] for row in rows]
        quoted = ['"' + str(text).replace('"', '""') + '"' for text in texts]
        lines = ["image,label"] + [f"{row['image']},{text}" for row, text in zip(rows, quoted, strict=True)]
    else:
        lines = [json.dumps(row) for row in rows]
    (root / name).write_text("\n".join(lines) + "\n")
    return root / name


def several(kind: int, place: int) -> list[str]:
    return [name for name, is_on in (("striped", kind == 0), ("marked", kind != 1)) if is_on]
