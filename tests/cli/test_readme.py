"""Everything in the README and in docs/ is run, in order: commands, Python, and the files that YAML blocks name."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from augkit.images import read
from augkit.pipeline.pipeline_file import bundled
from augkit.pipeline.pipeline_schema import schema
from augkit.train.exporters import EXPORTERS
from augkit.train.models import MODELS
from augkit.train.tasks import TASKS
from augkit.yaml_file import parse
from support import tiny_backbone
from support.commands import augkit

ROOT = Path(__file__).parent.parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+?)(?:#[^)]*)?\)")
# The README, then its pages in the order in which it names them first: a reader's, in one folder.
NAMES = ["README.md", *dict.fromkeys(re.findall(r"docs/\w+\.md", (ROOT / "README.md").read_text()))]
PAGES = {name: (ROOT / name).read_text() for name in [*NAMES, "CONTRIBUTING.md", "CHANGELOG.md"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a reader's folder")


def assert_runs(command: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {"NO_ALBUMENTATIONS_UPDATE": "1"}  # it would ask the network for a newer version
    done = subprocess.run(
        command, cwd=folder, env=os.environ | quiet | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def assert_command_runs(line: str, folder: Path) -> None:
    """Assert that a line of a console ends well: a plain one of augkit in this process, any other in a shell."""
    words = shlex.split(line)
    if words[0] == "augkit" and not set("$|><&;*") & set(line):
        augkit(*words[1:], cwd=folder)
    else:
        assert_runs(["bash", "-ec", line], folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_block_in_order(name: str, folder: Path) -> None:
    for language, text in FENCE.findall(PAGES[name]):
        if language == "console":
            for line in text.splitlines():
                assert line.startswith("$ "), f"a command begins with a prompt: {line}"
                assert_command_runs(line[2:], folder)
        elif language == "python":
            assert_runs([sys.executable, "-W", "error", "-c", text], folder)
        elif language == "yaml":
            title = re.fullmatch(r"# (\S+)", text.splitlines()[0])
            assert title is not None, text
            (folder / title[1]).write_text(text)
            data = parse(text, title[1]).data
            if "steps" in data:
                jsonschema.validate(data, schema())  # an editor underlines nothing of it
        else:
            assert re.findall(r"^make (\w+)", text, flags=re.MULTILINE), "a plain block holds the make commands"


@pytest.mark.slow
def test_the_pictures_are_what_the_blocks_draw(folder: Path) -> None:
    for name in ("six.png", "lines.png", "crop_then_rotate.png"):  # left by the blocks above
        kept, drawn = (read(place / name).image.astype(float) for place in (ROOT / "pipelines", folder))
        assert kept.shape == drawn.shape
        assert abs(kept - drawn).mean() < 0.5  # of a grey level: another processor rounds a few pixels otherwise


def test_the_make_commands_exist() -> None:
    targets = {
        target for text in PAGES.values() for target in re.findall(r"^make (\w[\w-]*)", text, flags=re.MULTILINE)
    }
    assert {"demo", "test"} <= targets
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_links_exists(name: str) -> None:
    links = LINK.findall(PAGES[name])
    assert all((ROOT / name).parent.joinpath(link).is_file() for link in links), links
    assert name != "README.md" or {"pipelines/six.png", "CHANGELOG.md", "CONTRIBUTING.md"} <= set(links)


def test_pages_name_what_the_registers_hold() -> None:
    models = set(MODELS) - {tiny_backbone.NAME}  # which other tests of this process may have registered
    held = {"README.md": bundled(), "docs/train.md": [*sorted(models), *TASKS, *(f".{suffix}" for suffix in EXPORTERS)]}
    for page, names in held.items():
        assert not [name for name in names if not re.search(rf"[`a-z]{re.escape(name)}`", PAGES[page])], page


def test_every_page_is_linked() -> None:
    assert {f"docs/{path.name}" for path in (ROOT / "docs").iterdir()} == set(NAMES[1:])


@pytest.mark.parametrize("name", PAGES)
def test_no_section_waits_for_its_text(name: str) -> None:
    prose = FENCE.sub("a block\n", PAGES[name])
    sections = re.split(r"^#+ .*$", prose, flags=re.MULTILINE)
    assert all(len(text.split()) > 1 for text in sections if text.strip())
