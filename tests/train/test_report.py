"""The report: all that it must tell, in one page that asks nothing of anyone; its figures are the same every time."""

import csv
import errno
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import binomtest

from augkit.errors import FileError, MissingExtra
from augkit.storage import durable
from augkit.train.files.artefact import versions
from augkit.train.metrics import measure, reliability
from augkit.train.report.figure_colors import DARK, LIGHT
from augkit.train.report.figures import (
    Curves,
    Lights,
    confusion,
    learning_curves,
    precision_recall,
    reliability_diagram,
    scatter,
)
from augkit.train.report.mistakes import MOST, thumbnail, worst
from augkit.train.report.reliability import Reliability
from augkit.train.report.report_page import Drawn
from augkit.train.report.report_writing import ReportFacts, write
from augkit.train.tasks import Evaluation, Task
from augkit.train.tasks.classes_task import Classes
from augkit.train.train_errors import Unwritten
from support.artefacts import CLASSES, LABELS, NUMBERS, artefact, spoken, square
from support.html_page import Page

pytestmark = pytest.mark.figures
ROOT = Path(__file__).parent.parent.parent
CURVES = Curves([1.5, 0.9, 0.7, None], [1.6, 1.1, 1.0, 1.2], [0.3, 0.6, 0.7, 0.65], "Accuracy", 2, 1)


def picture(id: str) -> NDArray[Any]:
    """Return a picture; there is none called 1.png."""
    if id == "1.png":
        raise FileError("must be readable, got: No such file.", id)
    return square(0, len(id), 16)


def facts(task: Task, count: int = 40, **more: Any) -> ReportFacts:
    evaluation = more.get("evaluation") or spoken(task, count, noise=2.0)
    made = artefact(
        task,
        metrics=measure(evaluation, 1.5),
        fingerprint="ab12" * 16,
        versions=versions(),
        temperature=1.5,
    )
    given: dict[str, Any] = {
        "title": "runs/<first>",
        "artefact": made,
        "evaluation": evaluation,
        "split": "test",
        "chosen_on": "val",
        "counts": (1200, 77, count),
        "curves": CURVES,
        "settings": {
            "data": "my <data>",
            "seed": 3,
            "pipeline": None,
            "split": "train=0.8,val=0.2",
            "patience": 0,
            "keep": "best",
        },
        "command": ["augkit", "train", "my <data>", "--out", "runs/first"],
        "picture": picture,
        "seconds": 75.0,
        "notes": ["2 pictures & more were left out."],
    }
    return ReportFacts(**(given | more))


def written(folder: Path, task: Task) -> tuple[ReportFacts, Page]:
    told = facts(task)
    path = write(folder, told)
    return told, Page(path.read_text())


def assert_alone(page: Page) -> None:
    """Assert that a page asks nothing of anyone and runs nothing."""
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "iframe", "object", "embed", "form", "a"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "srcset"):
            assert (attributes.get(name) or "data:").startswith("data:")
        assert "url(" not in (attributes.get("style") or "")
    assert all(image["alt"] for image in page.under("img"))


@pytest.mark.slow
def test_the_report_of_classes_tells_everything(tmp_path: Path) -> None:
    told, page = written(tmp_path, CLASSES)
    assert_alone(page)
    top = told.evaluation.task.headline(told.evaluation)
    assert top.low is not None
    assert top.high is not None
    for words in (
        "runs/<first>",
        f"{100 * top.value:.1f} %",
        f"95 % interval {100 * top.low:.1f} to {100 * top.high:.1f} %",
        "Measured on 40 pictures (test), not augmented, that the network did not learn from and that chose nothing",
        "1,200 others taught it; 77 others (val)",
        "2 pictures & more were left out.",
        "The weights of epoch 3 of 4 were kept. Only the head learnt in the first 1",
        "augkit train 'my <data>' --out runs/first",
        f"{reliability(told.evaluation).error:.4f}",  # type: ignore[union-attr]
        f"{reliability(told.evaluation, 1.5).error:.4f}",  # type: ignore[union-attr]
        "train=0.8,val=0.2",
        "ab12" * 16,
        versions()["torch"],
        "1 min 15 s",
        *CLASSES.names,
    ):
        assert words in page.text, words
    for title in ("Learning curves", "Confusion matrix", "Per class", "Worst mistakes", "Calibration", "Configuration"):
        assert title in page.text
    assert "prefers-color-scheme: dark" in (tmp_path / "report.html").read_text()
    shown = [image for image in page.under("img") if image["alt"] in told.evaluation.ids]
    mistakes, _ = worst(told.evaluation, 1.5)
    assert len(shown) + ("1.png" in [mistake.id for mistake in mistakes]) == len(mistakes)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "report.html", "predictions.csv", "learning_curves.png", "confusion_matrix.png", "calibration.png"
    }  # fmt: skip
    rows = list(csv.reader((tmp_path / "predictions.csv").read_text().splitlines()))
    assert rows[0] == ["path", "truth", "label", "probability"]
    right = sum(row[1] == row[2] for row in rows[1:])
    assert right / 40 == pytest.approx(top.value)


@pytest.mark.slow
@pytest.mark.parametrize("task", [LABELS, NUMBERS])
def test_the_reports_of_labels_and_numbers(task: Task, tmp_path: Path) -> None:
    told, page = written(tmp_path, task)
    assert_alone(page)
    own = {"labels": ("Mean average precision", "Per label", "Calibration"), "numbers": ("Mean absolute error", "R²")}
    for words in (*own[task.kind], "Worst mistakes", "95 % interval", *task.names):
        assert words in page.text, words
    assert "Confusion matrix" not in page.text
    rows = list(csv.reader((tmp_path / "predictions.csv").read_text().splitlines()))
    assert len(rows) == 1 + len(told.evaluation.ids)
    assert all(len(row) == len(rows[0]) for row in rows)


CONFUSED = np.array([[0, 12, 0, 0], [3, 97, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
FOUR = Classes(("never", "often", "rare", "absent"))


def told_of(matrix: NDArray[Any]) -> dict[str, Page]:
    """Return the sections of a report, by title, of pictures with these counts of truths (rows) and answers."""
    pairs = np.repeat(np.argwhere(matrix >= 0), matrix.ravel(), axis=0)
    ids = tuple(map(str, range(len(pairs))))
    found = Evaluation(ids, 3.0 * np.eye(4)[pairs[:, 1]], pairs[:, 0], FOUR)
    return {section.title: Page(section.body) for section in FOUR.sections(found, measure(found))}


@pytest.mark.slow
def test_the_weakest_class_comes_first_and_what_is_never_recognised_is_flagged() -> None:
    """A class of 12 that is never said is told, by name and count, and one of two pictures gets no verdict."""
    section = told_of(CONFUSED)["Per class"]
    assert "One class was never recognised: never (0 of 12)." in section.text
    assert "One class has fewer than 10 pictures here, from which no verdict follows" in section.text
    at = [section.text.partition("F1 pictures")[2].index(f" {name} ") for name in ("never", "rare", "often", "absent")]
    assert at == sorted(at)
    low, high = binomtest(97, 100).proportion_ci(0.95, method="wilson")
    assert f"97.0 % {100 * low:.0f} to {100 * high:.0f} %" in section.text
    assert "2 (few)" in section.text
    assert [attributes["class"] for attributes in section.under("b")] == ["flag"]


@pytest.mark.slow
def test_pairs_that_are_taken_for_each_other_are_ranked() -> None:
    text = told_of(CONFUSED)["Taken for each other"].text
    assert "never often 12 12 100.0 % 76 to 100 % 3 often never 3 100 3.0 % 1 to 8 % 12 rare often 1 2" in text
    assert "no pattern" not in text
    assert (
        "no pattern is to be seen"
        in told_of(np.diag([5, 5, 5, 5]) + np.eye(4, k=1, dtype=int))["Taken for each other"].text
    )
    assert "Taken for each other" not in told_of(np.diag([5, 5, 5, 5]))


def test_a_report_of_one_right_picture(tmp_path: Path) -> None:
    one = Evaluation(("a.png",), np.array([[3.0, 0.0, 0.0]]), np.array([0]), CLASSES)
    write(
        tmp_path, facts(CLASSES, evaluation=one, counts=(2, 1, 1), curves=Curves([1.0], [None], [None], "Accuracy", 0))
    )
    text = Page((tmp_path / "report.html").read_text()).text
    assert "Measured on 1 picture (test)" in text
    assert "There is none among these pictures. These right answers were the least sure." in text
    assert "A dash is a figure that these pictures cannot give" in text
    assert "From 1 picture no verdict follows: look at the interval." in text


@pytest.mark.slow
def test_an_unwritable_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)  # type: ignore[attr-defined]
    with pytest.raises(Unwritten, match="got: No space left on device"):
        write(tmp_path, facts(NUMBERS))
    assert not list(tmp_path.iterdir())


def test_the_surest_mistakes_come_first() -> None:
    found = spoken(CLASSES, 300, noise=2.0)
    mistakes, is_any = worst(found, 1.0)
    assert is_any
    assert len(mistakes) == MOST
    assert all(mistake.truth != mistake.said for mistake in mistakes)
    sure = [float(mistake.confidence.rstrip(" %")) for mistake in mistakes]
    assert sure == sorted(sure, reverse=True)
    answers = found.answers()
    wrong = answers.argmax(axis=1) != found.truths
    assert sure[0] == pytest.approx(100 * answers[wrong].max(), abs=0.05)


def test_where_nothing_is_wrong_the_least_sure_come_first() -> None:
    outputs = np.array([[3.0, 0, 0], [0, 1.0, 0], [0, 0, 2.0]])
    answers, is_any = worst(Evaluation(("a", "b", "c"), outputs, np.arange(3), CLASSES), 1.0)
    assert not is_any
    assert [answer.id for answer in answers] == ["b", "c", "a"]
    assert all(answer.said == answer.truth for answer in answers)


def test_numbers_that_are_furthest_off_come_first() -> None:
    found = spoken(NUMBERS, 60)
    first = int(np.abs(found.outputs - found.encoded).max(axis=1).argmax())
    assert worst(found, 1.0)[0][0].id == found.ids[first]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(8, 8), (9, 7, 1), (8, 8, 3), (600, 200, 3), (100, 80, 4), (70, 70, 5), (400, 1)])
def test_any_picture_has_a_thumbnail(dtype: str, shape: tuple[int, ...]) -> None:
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    data, is_tiny = thumbnail(np.full(shape, top, dtype))
    with Image.open(io.BytesIO(data)) as found:
        assert np.asarray(found).min() >= 250
        assert max(found.size) <= 296
        assert is_tiny == (max(shape[:2]) <= 64)


def test_what_is_transparent_is_shown_white() -> None:
    image = np.zeros((10, 10, 4), np.uint8)
    image[5:, :, 3] = 255
    with Image.open(io.BytesIO(thumbnail(image)[0])) as found:
        shown = np.asarray(found)
    assert shown[:5].min() == 255
    assert shown[5:].max() == 0


def figures() -> list[Callable[[], Lights]]:
    names = ["$\\frac$", "花", "a\nb", *(f"class {place}" for place in range(57))]
    counts = np.random.default_rng(0).integers(0, 9, (60, 60))
    some = Reliability((0.3, 0.9), (0.2, 1.0), (3, 7), 0.5, ((0.0, 0.6), (0.7, 1.0)))
    found = spoken(NUMBERS, 5)
    return [
        lambda: learning_curves(CURVES),
        lambda: confusion(counts[:3, :3], names[:3]),
        lambda: confusion(counts, names),
        lambda: reliability_diagram(some, some),
        lambda: scatter(found.truths, found.answers(), NUMBERS.names),
        lambda: precision_recall(np.array([0.0, 1.0]), [np.array([1.0, 0.5])], ["花"]),
    ]


@pytest.mark.slow
def test_figures_are_the_same_every_time_and_change_nothing() -> None:
    import matplotlib as mpl

    mpl.rcParams["lines.linewidth"] = 7.0  # what a user may have set
    try:
        for draw in figures():
            lights = draw()
            assert lights == draw()
            for plot in (lights.light, lights.dark):
                assert not re.search(b"tIME|tEXt|iTXt", plot.whole + b"".join(plot.panels))
        assert mpl.rcParams["lines.linewidth"] == 7.0
    finally:
        mpl.rcdefaults()
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("which", [0, 1, 3, 4, 5])
def test_a_figure_for_the_dark_has_all_that_the_one_for_paper_has(which: int) -> None:
    """Where one is paper, the other is; no more than the colours differ, and none of paper is left."""
    lights = figures()[which]()
    light, dark = (np.asarray(Image.open(io.BytesIO(plot.whole))).astype(int) for plot in (lights.light, lights.dark))
    papers = [[int(colors.paper[at : at + 2], 16) for at in (1, 3, 5)] for colors in (LIGHT, DARK)]
    is_paper, is_dark = ((pixels == paper).all(2) for pixels, paper in zip((light, dark), papers, strict=True))
    assert (is_paper == is_dark).mean() > 0.999
    assert dark[is_dark].mean() < 60
    assert not (dark == papers[0]).all(2).any()


def test_panels_are_parts_of_the_whole_and_go_below_each_other() -> None:
    some = Reliability((0.3,), (0.2,), (3,), 0.5, ((0.0, 0.6),))
    plot = reliability_diagram(some, some).dark
    whole, left, right = (np.asarray(Image.open(io.BytesIO(data))) for data in (plot.whole, *plot.panels))
    assert left.shape[1] + right.shape[1] <= whole.shape[1] + 12
    for panel, first in ((left, 0), (right, whole.shape[1] - right.shape[1])):
        height, width = panel.shape[:2]
        tops = range(whole.shape[0] - height + 1)
        assert any(np.array_equal(whole[top : top + height, first : first + width], panel) for top in tops)
    page = Page(Drawn("a.png", Lights(plot, plot)).html("two panels"))
    styles = [image["style"] for image in page.under("img")]
    assert styles == [f"--least: {panel.shape[1] // 2}px" for panel in (left, right)]


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'augkit\[train\]'"):
        learning_curves(CURVES)
