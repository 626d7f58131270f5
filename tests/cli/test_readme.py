"""Everything in the README is run: commands, Python, and the files that its YAML blocks name, in its order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from augkit.images import read
from augkit.pipeline.pipeline_schema import schema
from augkit.yaml_file import parse

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("a reader's folder")


def assert_runs(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {"NO_ALBUMENTATIONS_UPDATE": "1"}  # it would ask the network for a newer version
    done = subprocess.run(
        command, cwd=folder, env=os.environ | quiet | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_every_block_in_order(folder):
    for language, text in BLOCKS:
        if language == "console":
            for line in text.splitlines():
                assert line.startswith("$ "), f"a command begins with a prompt: {line}"
                assert_runs(["bash", "-ec", line[2:]], folder)
        elif language == "python":
            assert_runs([sys.executable, "-W", "error", "-c", text], folder)
        elif language == "yaml":
            name = re.fullmatch(r"# (\S+)", text.splitlines()[0])[1]
            (folder / name).write_text(text)
            data = parse(text, name).data
            if "steps" in data:
                jsonschema.validate(data, schema())  # an editor underlines nothing of it
        else:
            assert re.findall(r"^make (\w+)", text, flags=re.MULTILINE), "a plain block holds the make commands"


def test_the_pictures_are_what_the_blocks_draw(folder):
    for name in ("six.png", "lines.png", "crop_then_rotate.png"):  # left by the blocks above
        kept, drawn = (read(place / name).image.astype(float) for place in (ROOT / "pipelines", folder))
        assert kept.shape == drawn.shape
        assert abs(kept - drawn).mean() < 0.5  # of a grey level: another processor rounds a few pixels otherwise


def test_the_make_commands_exist():
    targets = set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
    assert {"demo", "test"} <= targets
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


def test_the_pictures_exist():
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert len(pictures) >= 2
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_no_section_waits_for_its_text():
    prose = re.sub(r"^```.*?^```$", "a block", README, flags=re.MULTILINE | re.DOTALL)
    sections = re.split(r"^#+ .*$", prose, flags=re.MULTILINE)
    assert all(len(text.split()) > 1 for text in sections if text.strip())
