"""A new option of `expand` is one field, and a new engine one file: all that tells of options is made of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from augkit.configuration import Configuration
from augkit.expand import ExpandConfig
from support.folders import done, fill, tree

pytestmark = pytest.mark.slow  # in a copy of the package, by processes of its own

ROOT = Path(__file__).parent.parent.parent
BEFORE = "    @property\n    def pipelines(self)"
FIELDS = """    tint: int = Field(0, ge=0, le=9, description="How much of a tint.")
    nice: Annotated[Literal["low", "high"], Option(decides=False)] = Field("low", description="Priority: {choices}.")

"""
ENGINE = '''"""The engine `twice`: every shard is done two times, in this process."""

from augkit.expand.engines import ENGINES
from augkit.expand.engines.processes import run_shards


def run(work, shards, workers, **how):
    for shard in shards:
        yield from list(run_shards(work, [shard, shard], 0, **how))[:1]


ENGINES.add("twice", run)
'''


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of augkit that has the options and the engine."""
    root = tmp_path_factory.mktemp("scratch")
    for folder in ("augkit", "pipelines"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = root / "augkit/expand/expand_config.py"
    text = config.read_text("utf-8")
    assert text.count(BEFORE) == 1
    config.write_text(text.replace(BEFORE, FIELDS + BEFORE), "utf-8")
    (root / "augkit/expand/engines/twice.py").write_text(ENGINE, "utf-8")
    fill(root / "src")
    return root


def expand(scratch: Path, out: Path | str, *options: object, code: int = 0) -> str:
    """Run the copy, and return what it says."""
    command = [sys.executable, "-m", "augkit", "expand", scratch / "src", out, "--pipeline", "light", "--copies", 2]
    ended = subprocess.run(
        [*map(str, command), "--workers", "0", *map(str, options)],
        capture_output=True,
        text=True,
        cwd=scratch,
        env=os.environ | {"PYTHONPATH": str(scratch), "COLUMNS": "100"},
        timeout=60,
    )
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr


def test_help_knows_them(scratch: Path) -> None:
    told = " ".join(expand(scratch, "out", "--help").split())
    assert "--tint <int> How much of a tint. [default: 0]" in told
    assert "--nice <str> Priority: low or high. [default: low]" in told
    assert "--engine <str> processes, ray or twice. [default: processes]" in told


def test_they_are_checked(scratch: Path, tmp_path: Path) -> None:
    wrong = {
        ("--tint", 11): "tint: must be a whole number from 0 to 9, got 11.",
        ("--nice", "hihg"): "nice: must be low or high, got 'hihg'. Did you mean high?",
        ("--engine", "twic"): "engine: must be one of processes, ray, twice, got 'twic'. Did you mean twice?",
    }
    for options, sentence in wrong.items():
        assert sentence in expand(scratch, tmp_path / "out", *options, code=2)
    assert not (tmp_path / "out").exists()


def test_what_decides_stands_in_the_books_and_is_compared(scratch: Path, tmp_path: Path) -> None:
    expand(scratch, tmp_path / "out", "--tint", 3, "--nice", "high")
    job = json.loads((tmp_path / "out/.augkit/job.json").read_text())
    assert job["tint"] == 3
    assert "nice" not in job
    assert "were done already" in expand(scratch, tmp_path / "out", "--tint", 3)
    assert "tint must be 3, got 4" in expand(scratch, tmp_path / "out", "--tint", 4, code=2)


def test_an_older_job_went_by_the_default(scratch: Path, tmp_path: Path) -> None:
    done(scratch / "src", tmp_path / "out", copies=2, pipeline="light")
    before = tree(tmp_path / "out")
    assert "tint must be 0, got 3" in expand(scratch, tmp_path / "out", "--tint", 3, code=2)
    assert "were done already" in expand(scratch, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    expand(scratch, tmp_path / "out", "--copies", 3, "--extend")
    assert json.loads((tmp_path / "out/.augkit/job.json").read_text())["tint"] == 0


def test_a_new_engine_gives_the_same_tree(scratch: Path, tmp_path: Path) -> None:
    for engine in ("processes", "twice"):
        expand(scratch, tmp_path / engine, "--engine", engine)
    assert tree(tmp_path / "twice") == tree(tmp_path / "processes")


def test_the_documentation_names_every_option() -> None:
    from augkit.expand import expand as function

    told = function.__doc__ or ""
    for entry in ExpandConfig.entries():
        assert f"{entry.field}: {entry.help}" in told


def test_words_say_the_same_again() -> None:
    config = ExpandConfig.of(source="src", out="out", pipeline="light", copies=2, seed=3, fresh=True)
    words = list(config.words())
    assert words[:2] == ["src", "out"]
    assert words[4:] == ["--seed", "3", "--copies", "2", "--fresh"]


def test_every_option_says_what_it_is() -> None:
    def kinds(kind: type[Configuration]) -> list[type[Configuration]]:
        return [kind, *(below for sub in kind.__subclasses__() for below in kinds(sub))]

    for kind in kinds(Configuration):
        for entry in kind.entries():
            assert entry.help.strip(), entry.field
