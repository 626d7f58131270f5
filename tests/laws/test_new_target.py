"""A new kind of label is one file: samples, pipelines, batches, previews, manifests and formats know it unasked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # in a copy of the package, by processes of its own

ROOT = Path(__file__).parent.parent.parent
CIRCLES = '''"""Circles: a middle and a radius."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from augkit.core.arrays import Json, Labels, Points, Rows
from augkit.core.spatial import Size
from augkit.errors import SampleError
from augkit.targets.columns import numbers
from augkit.targets.rows import rows_of
from augkit.targets.rows import Kept
from augkit.targets.surfaces import Canvas
from augkit.targets.target import RowTarget, target

AROUND = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
RIM = np.stack([np.cos(AROUND), np.sin(AROUND)], axis=-1)


@target
class Circles(RowTarget):
    """Circles (n, 3) of middle x, middle y and radius; dropped when their middle leaves the picture."""

    kind = "circles"

    circles: Rows
    circle_labels: Labels | None = None

    @classmethod
    def valid(cls, values: object) -> Labels:
        circles = rows_of(values, 3, "Sample.circles", "middle x, middle y, radius")
        if not (circles[:, 2] > 0.0).all():
            raise SampleError("must have a radius above 0.", "Sample.circles")
        return circles

    @classmethod
    def read(cls, value: Json, where: str) -> tuple[float, ...]:
        return numbers(value, where, 3)

    @classmethod
    def of_numbers(cls, rows: Sequence[Sequence[float]]) -> Labels:
        return np.array(rows, np.float64).reshape(-1, 3)

    def outlines(self) -> list[Points]:
        return [self.circles[:, None, :2] + self.circles[:, None, 2:] * RIM]

    def at(self, outlines: list[Points]) -> Self:
        middles = outlines[0].mean(axis=1)
        radii = np.hypot(*np.moveaxis(outlines[0] - middles[:, None], -1, 0)).mean(axis=1)
        return self.changed(circles=np.column_stack([middles, radii]))

    def clipped(self, size: Size, min_visible: float) -> tuple[Self, Kept | None]:
        middles = self.circles[:, :2]
        kept = np.flatnonzero(((middles >= 0.0) & (middles <= size[::-1])).all(axis=1))
        return self.chosen(kept), kept

    def draw(self, canvas: Canvas, names: Sequence[str]) -> None:
        for rim in self.outlines()[0]:
            canvas.line(np.concatenate([rim, rim[:1]]))
'''
START = """
import json, subprocess, sys
from pathlib import Path
import numpy as np
import augkit as ak
from augkit.errors import SampleError

assert ak.__file__.startswith(str(Path.cwd()))
CIRCLES, LABELS = [[30.0, 20.0, 9.0], [60.0, 44.0, 5.0]], ["left", "right"]
BLANK = np.zeros((64, 96, 3), np.uint8)
SAMPLE = ak.Sample(BLANK, circles=CIRCLES, circle_labels=LABELS, boxes=[[1, 2, 3, 4]], id="a")
KEY = ak.Key(0, "a")


def expand(out, form):
    command = [sys.executable, "-m", "augkit", "expand", "set/all.jsonl", out, "--pipeline", "p.yaml", "--copies", "3"]
    return subprocess.run([*command, "--format", form], capture_output=True, text=True)
"""
USES = {
    "a sample takes it": """
assert SAMPLE.circles.shape == (2, 3) and SAMPLE.circle_labels == LABELS
assert list(SAMPLE.targets) == ["boxes", "circles"]
assert ak.Sample(BLANK).circles is None
for wrong in ({"circles": [[1, 2]]}, {"circles": [[1, 2, -1]]}, {"circles": CIRCLES, "circle_labels": [1]}):
    try:
        ak.Sample(BLANK, **wrong)
    except SampleError as error:
        assert str(error).startswith("Sample.circle"), error
    else:
        raise AssertionError(wrong)
try:
    ak.Sample(BLANK, circels=CIRCLES)
except TypeError as error:
    assert "Did you mean circles?" in str(error), error
""",
    "a pipeline moves it": """
drawn = np.zeros((64, 96), np.uint8)
y, x = np.mgrid[:64, :96] + 0.5
drawn[np.hypot(x - 30, y - 20) < 9] = 255
steps = [ak.Scale(0.8), ak.Rotate(20), ak.Mirror()]
pipeline = ak.Pipeline(steps, border="constant", mirrored_labels={"left": "right"})
for executor in ("native", "cpu", "reference"):
    out = pipeline(ak.Sample(drawn, circles=CIRCLES[:1], circle_labels=["left"]), KEY, executor)
    found = out.image.astype(float) / 255
    middle = [(found * axis).sum() / found.sum() for axis in (x, y)]
    np.testing.assert_allclose(out.circles[0], [*middle, np.sqrt(found.sum() / np.pi)], atol=0.1)
    assert out.circle_labels == ["right"]
assert pipeline(SAMPLE, KEY).circle_labels == ["right", "left"]
gone = ak.Pipeline([ak.CenterCrop((20, 20))])(SAMPLE, KEY)
assert len(gone.circles) == len(gone.circle_labels) == 0
""",
    "a loader batches it": """
from augkit.loader import Augmented, Draw, MixUp, Mosaic, collate
data = Augmented([SAMPLE] * 4, ak.Pipeline([ak.Mirror()]), ids=list("abcd"))
batch = collate([data[0], data[1]])
np.testing.assert_allclose(batch["circles"][1].numpy(), [[66, 20, 9], [36, 44, 5]])
assert batch["circle_labels"] == [LABELS, LABELS]
mosaic = Mosaic(data, (64, 96)).made(Draw(0, 0)).sample
assert len(mosaic.circles) == len(mosaic.circle_labels) > 0
try:
    MixUp(data, classes=2)[0]
except SampleError as error:
    assert "must carry a class alone" in str(error)
""",
    "a preview draws it": """
pipeline = ak.Pipeline([ak.Mirror()])
shown, plain = (ak.show(one, pipeline, copies=1).sheet for one in (SAMPLE, SAMPLE.changed(circles=None)))
assert shown.shape == plain.shape
changed = (shown != plain).any(axis=2)
assert 100 < changed.sum() < 2000, changed.sum()
""",
    "formats hold it or refuse it": """
import cv2
from augkit.datasets import read
from augkit.expand import replay, verify
root = Path("set")
root.mkdir()
for n in range(3):
    cv2.imwrite(str(root / f"{n}.png"), BLANK + 40 * n)
given = [{"circles": CIRCLES[: n + 1], "circle_labels": LABELS[: n + 1]} for n in range(3)]
rows = [{"image": f"{n}.png", "label": "a", **circles} for n, circles in enumerate(given)]
(root / "all.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
steps = "steps:\\n  - Mirror: {chance: 0.5}\\n  - Scale: {factor: [0.7, 0.9]}\\n"
Path("p.yaml").write_text("mirrored_labels: {left: right}\\n" + steps)
assert read(root / "all.jsonl").kinds == {"circles"}
for form in ("webdataset", "parquet"):
    assert expand(form, form).returncode == 0
    books = Path(form, ".augkit/lineage").iterdir()
    lines = [json.loads(line) for path in books for line in path.read_text().splitlines()]
    made = {}
    for line in lines:
        sample = ak.Sample(BLANK, **given[int(line["source"][0])])
        out = ak.load("p.yaml")(sample, ak.Key(0, line["source"], line["copy"]))
        circles = [circle["numbers"] for circle in line["record"]["circles"]]
        np.testing.assert_allclose(circles, out.circles, atol=1e-3)
        assert [circle["label"] for circle in line["record"]["circles"]] == out.circle_labels
        made[line["record"]["name"].rpartition("/")[2].partition(".")[0]] = circles
    found = read(form)
    assert found.kinds == {"circles"} and len(found.sources) == 9
    for source in found.sources:
        name = source.id.rpartition("/")[2].partition(".")[0]
        assert source.annotations.targets["circles"].circles.tolist() == made[name]
    assert verify(form).is_sound and replay(form, lines[0]["id"]).is_identical
refused = expand("refused", "coco")
assert refused.returncode == 2
assert "must have a place for circles, got coco. Use webdataset" in refused.stderr
assert "or pass --drop circles." in refused.stderr
""",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with one file more."""
    root = tmp_path_factory.mktemp("tree")
    for folder in ("augkit", "pipelines"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "augkit/targets/circles.py").write_text(CIRCLES)
    return root


@pytest.mark.parametrize("use", USES)
def test_a_new_kind_of_label_is_one_file(use: str, tree: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", START + USES[use]]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
