"""Small networks and what they might have said, to test what comes after a training."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from augkit.images import encode
from augkit.train.files.artefact import MODEL_FILE, Artefact, save
from augkit.train.models import architecture
from augkit.train.tasks import Evaluation, Task
from augkit.train.tasks.classes_task import Classes
from augkit.train.tasks.labels_task import Labels
from augkit.train.tasks.numbers_task import Numbers

CLASSES = Classes(("ring", "square", "<script>alert(1)</script>"))
LABELS = Labels(("bright", "left", "wide"))
NUMBERS = Numbers(("x", "y"), (5.0, -2.0), (10.0, 0.5))


def spoken(task: Task, count: int = 40, seed: int = 0, noise: float = 1.0) -> Evaluation:
    """Return an evaluation of pictures that do not exist: right, but for the noise."""
    generator = np.random.default_rng(seed)
    outputs = generator.normal(0, noise, (count, task.outputs))
    targets: NDArray[Any]
    if task.kind == "classes":
        targets = np.arange(count) % task.outputs
        outputs[np.arange(count), targets] += 2
    elif task.kind == "labels":
        targets = (generator.random((count, task.outputs)) < 0.4).astype(np.float32)
        outputs += 4 * targets - 2
    else:
        targets = generator.normal(0, 1, (count, task.outputs))
        outputs = targets + 0.1 * outputs
    return Evaluation(tuple(f"{place}.png" for place in range(count)), outputs, targets, task)


def artefact(task: Task = CLASSES, size: int = 16, channels: int = 3, seed: int = 0, **more: Any) -> Artefact:
    """Return lenet with random weights."""
    found = architecture("lenet", task.outputs, (size, size, channels))
    network = found.build(seed).eval()
    return Artefact(network, found, task, **more)


def square(label: int, seed: int, size: int = 16) -> NDArray[np.uint8]:
    """Return a dark picture with a bright square on the side that the label says."""
    generator = np.random.default_rng(seed)
    image = generator.integers(0, 60, (size, size, 3), np.uint8)
    top, left = generator.integers(2, size // 2, 2)
    left = left // 2 + (size // 2 - 1) * label
    image[top : top + 5, left : left + 5] = 220
    return image


def taught(steps: int = 40) -> Artefact:
    """Return lenet after a few steps on squares that lie left or right."""
    made = artefact(Classes(("left", "right")))
    labels = torch.arange(32) % 2
    images = np.stack([square(int(label), seed) for seed, label in enumerate(labels)])
    batch = made.architecture.preprocessing.normalise(torch.from_numpy(images).permute(0, 3, 1, 2))
    optimizer = torch.optim.AdamW(made.network.parameters(), 4e-3)
    for _ in range(steps):
        loss = functional.cross_entropy(made.network(batch), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return made


def run_folder(folder: Path, made: Artefact) -> Path:
    """Write an artefact as a training does, and return the folder."""
    folder.mkdir(parents=True)
    save(folder / MODEL_FILE, made)
    return folder


def write_squares(folder: Path, count: int = 6) -> Path:
    """Write pictures, left/0.png and so on."""
    for seed in range(count):
        path = folder / ("left", "right")[seed % 2] / f"{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(square(seed % 2, 100 + seed), "png"))
    return folder
