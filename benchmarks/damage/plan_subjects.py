"""Pipelines, plans and the books of expansions, as subjects of damage."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

import augkit as ak
from augkit.datasets import read
from augkit.datasets.split_file import read_split_file
from augkit.errors import AugkitError
from augkit.expand import expand, replay, verify
from augkit.pipeline.pipeline_file import bundled
from augkit.storage.sealed_json import sealed, unsealed
from benchmarks.damage.data_subjects import manifest
from benchmarks.damage.subjects import Subject, assert_told

GOLDEN = {number: Path(__file__).parents[2] / f"tests/laws/golden_plans_{number}.jsonl" for number in (1, 2)}
MOST_LETTERS = 20_000  # of a plan: longer ones are warps of many points, damaged in these
_KEY = ak.Key(3, "a/b.png", 1, 2)
_PICTURE = np.dstack([np.mgrid[:48, :64][0] * 5, np.mgrid[:48, :64][1] * 3, np.full((48, 64), 99)]).astype(np.uint8)
_SAMPLE = ak.Sample(_PICTURE, boxes=np.array([[5.0, 6.0, 30.0, 40.0]]), box_labels=["cat"], id="a/b.png")


def subjects() -> list[Subject]:
    """Return the subjects of this file."""
    found: list[Subject] = [PipelineSubject(), PlanSubject(1), PlanSubject(2), SplitSubject()]
    return [*found, BookSubject("expansion's books", False), BookSubject("expansion's books, sealed anew", True)]


class PipelineSubject(Subject):
    """The bundled pipelines, and one of many steps."""

    def __init__(self) -> None:
        super().__init__("pipeline yaml")

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        self.files = {f"{name}.yaml": path.read_bytes() for name, path in bundled().items()}
        for name, data in self.files.items():
            (folder / name).write_bytes(data)

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        pipeline = ak.load(str(folder / name))
        assert repr(pipeline)
        try:
            plan = pipeline.draw(_KEY, ak.Scene.of(_SAMPLE))
        except AugkitError as fault:
            assert_told(str(fault))
            return "not drawn"
        assert ak.Plan.from_json(plan.to_json()) == plan
        return _run(plan)


def _run(plan: ak.Plan) -> str:
    """Run a plan on a picture that fits it, if that is a small one."""
    assert plan.explain()
    height, width = plan.source
    if height * width > 1 << 20:
        return "read"
    image = np.resize(_PICTURE, (height, width, 3))
    sample = _SAMPLE if plan.source == (48, 64) else ak.Sample(image)
    try:
        made = ak.run(plan, sample)
    except AugkitError as fault:
        assert_told(str(fault))
        return "not run"
    assert made.image.shape[:2] == plan.size
    return "run"


class PlanSubject(Subject):
    """Plans of one behaviour as JSON, one of each transform and of each bundled pipeline."""

    def __init__(self, behaviour: int) -> None:
        super().__init__(f"plan of behaviour {behaviour}")
        self.behaviour = behaviour

    def is_text(self, name: str) -> bool:
        return True

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        for number, line in enumerate(GOLDEN[self.behaviour].read_text().splitlines()):
            _, text = json.loads(line)
            if len(text) < MOST_LETTERS:
                self.files[f"{number:03d}"] = text.encode()

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        text = data.decode("utf-8", "replace")
        plan = ak.Plan.from_json(text)
        assert ak.Plan.from_json(plan.to_json()) == plan
        return _run(plan)


class SplitSubject(Subject):
    """A split file, and a CSV of groups."""

    def __init__(self) -> None:
        super().__init__("split file")

    def lay(self, folder: Path) -> None:
        folder.mkdir()
        self.files = {"splits.csv": b'id,split,group\na.png,train,1\n"b,c.png",val,2\nd.png,test,\n'}

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        read_split_file(str(folder / name))
        return "read"


class BookSubject(Subject):
    """The books of an expansion: verify, replay, resume, and what reads its lineage."""

    def __init__(self, name: str, is_sealed: bool) -> None:
        super().__init__(name)
        self.is_sealed = is_sealed

    def lay(self, folder: Path) -> None:
        given = folder.with_name(f"{folder.name}-given")
        given.mkdir()
        rows = manifest(given, "polygons")
        (given / "list.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        expand(given / "list.jsonl", folder, "light", 2, workers=0)
        books = folder / ".augkit"
        names = [path.relative_to(folder).as_posix() for path in sorted(books.rglob("*")) if path.is_file()]
        self.files = {name: (folder / name).read_bytes() for name in names if not name.endswith("lock")}
        self.ids = [json.loads(line)["id"] for line in (books / "lineage/00000.jsonl").read_text().splitlines()]
        self.source = given / "list.jsonl"

    def sealed(self, name: str, data: bytes) -> bytes:
        if not self.is_sealed or not name.endswith(".json"):
            return data
        try:
            value = json.loads(data)
            value.pop("seal", None)
            made = sealed(value)
            return made if unsealed(made) is not None else data
        except Exception:  # no JSON of this form any more
            return data

    def ask(self, folder: Path, name: str, data: bytes) -> str:
        told = 0
        for ask in (
            lambda: verify(folder),
            lambda: [replay(folder, id) for id in self.ids[:2]],
            lambda: read(folder),
            lambda: expand(self.source, folder, "light", 2, workers=0),
        ):
            try:
                ask()
            except AugkitError as fault:
                assert_told(str(fault))
                told += 1
        self._restore(folder)
        return "refused by some" if told else "read by all"

    def _restore(self, folder: Path) -> None:
        """Bring the books back: to go on with the job may have mended or begun something."""
        books = folder / ".augkit"
        shutil.rmtree(books)
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
