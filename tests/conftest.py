"""Settings of Hypothesis, the order of files, what the folder of a test says of it, and fixtures of several files."""

import os
from collections.abc import Iterator, Sequence
from contextlib import chdir
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import settings
from PIL import Image as Pillow

# The same examples every time, however slow the machine.
settings.register_profile("augkit", deadline=None, derandomize=True)
settings.load_profile("augkit")

TESTS = Path(__file__).parent
# What takes long begins, so that no worker ends alone.
ORDER = ("cli", "corpus", "faults", "train", "laws", "formats", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files that take long begin; mark what lies in tests/faults as such."""
    items.sort(key=lambda item: _place(item.path))
    for item in items:
        if item.path.is_relative_to(TESTS / "faults"):
            item.add_marker("faults")


def _place(path: Path) -> int:
    folder = path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""
    return ORDER.index(folder) if folder in ORDER else len(ORDER)


@pytest.fixture(scope="session", autouse=True)
def disk_without_power_loss() -> Iterator[None]:
    """Let no job in this process wait for the disk: what a sync is for, `support.faulty_disk` judges by a model."""
    from augkit.storage import durable

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(durable, "_syncfs", lambda: lambda _: 0)
        yield


@pytest.fixture(scope="module", autouse=True)
def quick_figures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put together every figure of small trainings, but neither lay it out nor draw it: that took two thirds of them.

    Modules of tests/train that are marked `figures`, and all other folders, have them drawn.
    """
    if request.path.parent != TESTS / "train" or request.node.get_closest_marker("figures"):
        yield
        return
    from augkit.train.report import figures

    buffer = BytesIO()
    Pillow.new("RGB", (8, 8), "white").save(buffer, "png")
    blank = buffer.getvalue()

    def plotted(figure: object, panels: Sequence[object] = ()) -> figures.Lights:
        plot = figures.Plot(blank, (blank,) * len(panels) if len(panels) > 1 else ())
        return figures.Lights(plot, plot)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "_plotted", plotted)
        yield


@pytest.fixture(scope="session")
def pictures_beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of what the table of Albumentations' transforms names, to be the current one."""
    from support.albumentations_table import lay_pictures_beside

    folder = tmp_path_factory.mktemp("beside")
    with chdir(folder):
        lay_pictures_beside()
    return folder


@pytest.fixture(scope="session")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of scenes and their masks."""
    from support.scenes import masked_scenes

    return masked_scenes(tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="session")
def segmented(masked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that learnt these masks."""
    from augkit.train import train
    from support.tiny_backbone import TINY
    from support.trainings import settings

    out = tmp_path_factory.mktemp("segmented") / "run"
    train(settings(masked, out, **TINY))
    return out
