"""The command line as a stranger meets it: quick, quiet, and one sentence where something is wrong."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import augkit as ak
from augkit.cli import COMMANDS
from augkit.errors import SampleError
from augkit.images import encode
from augkit.pipeline.pipeline_file import bundled
from augkit.pipeline.pipeline_schema import schema
from augkit.preview import contact_sheet
from augkit.transforms import TRANSFORMS
from support.commands import PLAIN, command

ROOT = Path(__file__).parent.parent.parent


def processed(*args: Any, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run augkit with these arguments in a process of its own, or Python code that sees them."""
    start = ["-c", code] if code else ["-m", "augkit"]
    words = [sys.executable, *start, *map(str, args)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | PLAIN)


def assert_sentence(done: subprocess.CompletedProcess[str], words: str) -> None:
    """Assert that a command ended with exit code 2 and one sentence on stderr that matches `words`."""
    assert done.returncode == 2, done.stderr
    assert not done.stdout
    assert re.fullmatch(r"augkit: [^\n]+\n", done.stderr), done.stderr
    assert re.search(words, done.stderr), done.stderr


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder of six pictures in two classes."""
    for number in range(6):
        path = tmp_path / "photos" / "ab"[number // 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(np.random.default_rng(number).integers(0, 256, (70, 90, 3), np.uint8), "png"))
    return tmp_path / "photos"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def pipeline_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    return path


@pytest.mark.slow
def test_help_is_quick() -> None:
    def seconds() -> (
        float
    ):  # of processor time: a busy machine takes longer by the clock, and says nothing about augkit
        before = os.times()
        assert "expand" in processed("--help").stdout
        after = os.times()
        return after.children_user - before.children_user + after.children_system - before.children_system

    assert min(seconds() for _ in range(5)) < 0.3


def test_every_command_has_help_and_it_loads_nothing_heavy() -> None:
    code = f"""
import sys
from augkit.cli import app
for command in {list(COMMANDS)!r}:
    try: app([command, "--help"])
    except SystemExit as end: assert not end.code
print(sorted({{"torch", "cv2", "numpy", "yaml", "PIL", "sklearn"}} & set(sys.modules)))
"""
    text = processed(code=code).stdout
    assert text.endswith("\n[]\n")
    assert text.count("Usage:") == len(COMMANDS)
    assert "To be written" not in text


@pytest.mark.slow
def test_no_base_command_imports_torch(photos: Path, tmp_path: Path) -> None:
    lines = [
        ["explain", "six"],
        ["list"],
        ["schema"],
        ["show", str(photos), "--pipeline", "digits", "-o", str(tmp_path / "sheet.png")],
        ["fit-pca", str(photos), "-o", str(tmp_path / "pca.yaml")],
        ["expand", str(photos), str(tmp_path / "out"), "--pipeline", "digits", "--copies", "1", "--workers", "0"],
        ["verify", str(tmp_path / "out")],
    ]
    code = f"""
import sys
from augkit.cli import app
for line in {lines!r}:
    try: app(line)
    except SystemExit as end: assert not end.code, line
print("torch" in sys.modules)
"""
    done = processed(code=code)
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_one_function_prints() -> None:
    """Names and messages may hold anything: what shows them is one function, which a test can hold to account."""
    calls = {
        path.name
        for path in (ROOT / "augkit/cli").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    }
    assert calls == {"output.py"}


def test_what_a_terminal_would_act_on_is_shown_as_an_escape(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a\x1b[2J\n.png").write_bytes(b"")
    done = command("show", tmp_path / "photos", "--pipeline", "digits", "-o", tmp_path / "sheet.png")
    assert_sentence(done, r"a\\x1b\[2J\\n\.png: is empty")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps:\n  - Mirror\n  - Rotat: {}\n", r"own.yaml:3 steps\[1\].*called 'Rotat'. Did you mean Rotate\?"),
        ("steps:\n  - HorizontalFlip\n", "own.yaml:2 .*Here that is Mirror"),
        ("steps:\n  - Rotate: {degree: 3}\n", "own.yaml:2 .*no argument 'degree'. Did you mean degrees"),
        ("steps:\n  - Rotate: {degrees: many}\n", "own.yaml:2 .*degrees: must be a number or a pair.*'many'"),
        ("steps:\n  - Rotate: {degrees: [15, -15]}\n", "own.yaml:2 .*low <= high"),
        ("- Mirror\n", "own.yaml:1: must be a mapping"),
        ("steps: [\n", "own.yaml:"),
    ],
)  # fmt: skip
def test_a_faulty_pipeline_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    assert_sentence(command("explain", pipeline_file(tmp_path, text)), words)


def test_show_refuses_a_faulty_pipeline_before_any_work(photos: Path, tmp_path: Path) -> None:
    path = pipeline_file(tmp_path, "steps:\n  - Rotate: {degrees: [15, -15]}\n")
    assert_sentence(
        command("show", photos, "--pipeline", path, "-o", tmp_path / "sheet.png"), "own.yaml:2 .*low <= high"
    )
    assert names(tmp_path) == {"photos", "own.yaml"}


def test_a_missing_pipeline_is_one_sentence(photos: Path, tmp_path: Path) -> None:
    assert_sentence(command("explain", "sixx"), "Did you mean six")
    line = ["show", photos, "--pipeline", "not/there.yaml", "-o", tmp_path / "sheet.png"]
    assert_sentence(command(*line), "not/there.yaml: must be a file that exists")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["show", "fit-pca"])
def test_a_bad_source_is_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = ["--pipeline", "six", "-o", tmp_path / "x.png"] if name == "show" else ["-o", tmp_path / "x.yaml"]
    assert_sentence(command(name, tmp_path / "empty", *line), "must hold pictures, got none")
    assert_sentence(command(name, tmp_path / "nowhere", *line), "must be readable, got: No such file")
    unlisted = f"""
import os, sys
listed, folder = os.scandir, {str(tmp_path / "empty")!r}
def scandir(path="."):  # as for anyone but root, whom the tests may run as
    if str(path) == folder: raise PermissionError(13, "Permission denied", path)
    return listed(path)
os.scandir = scandir
sys.argv = ["augkit", {name!r}, folder, *{list(map(str, line))!r}]
from augkit.cli import main
main()
"""
    assert_sentence(processed(code=unlisted), "empty: must be readable, got: Permission denied")
    assert names(tmp_path) == {"empty"}


def test_a_bad_output_is_refused_before_any_work(photos: Path, tmp_path: Path) -> None:
    for name, words in (
        ("sheet.jpg", "must end in .png or .html"),
        ("no/folder/sheet.png", "folder that exists"),
    ):
        assert_sentence(command("show", photos, "--pipeline", "six", "-o", tmp_path / name), words)
    (tmp_path / "folder.png").mkdir()
    assert_sentence(command("show", photos, "--pipeline", "six", "-o", tmp_path / "folder.png"), "must be a file")
    assert_sentence(command("fit-pca", photos, "-o", tmp_path / "pca.txt"), "must end in .yaml")
    assert_sentence(command("schema", "-o", tmp_path / "no" / "s.json"), "folder that exists")
    for option, value, most in (("--copies", 0, 50), ("--copies", 51, 50), ("--rows", 0, 100)):
        line = ["show", photos, "--pipeline", "six", "-o", tmp_path / "s.png", option, value]
        assert_sentence(command(*line), rf"{option}: must be a whole number from 1 to {most}, got {value}\.")


@pytest.mark.parametrize(
    ("words", "help"),
    [(["choose", "x"], "augkit choose"), (["train", "x", "--epochz", "3"], "augkit train"), (["nothing"], "augkit")],
)
def test_a_line_that_does_not_fit_names_the_help_of_its_command(words: list[str], help: str) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert done.stderr.endswith(f". See {help} --help.\n")


def test_boxes_of_the_wrong_shape_are_one_sentence() -> None:
    with pytest.raises(SampleError, match=r"^Sample.boxes: must have shape \(n, 4\).*got \(12, 5\)") as caught:
        ak.Sample(np.zeros((9, 9, 3), np.uint8), boxes=np.ones((12, 5)))
    assert "\n" not in str(caught.value)


def test_show_writes_the_sheet_of_the_api(photos: Path, tmp_path: Path) -> None:
    done = command(
        "show", photos, "--pipeline", "strong", "-o", tmp_path / "sheet.png", "--copies", 2, "--rows", 3, "--seed", 9
    )
    assert done.returncode == 0, done.stderr
    sources = [ak.Sample(ak.read(photos / name).image, id=name) for name in ("a/0.png", "a/2.png", "b/4.png")]
    wanted = contact_sheet(sources, ak.load("strong"), 2, 9, "strong")
    assert np.array_equal(cv2.imread(str(tmp_path / "sheet.png"))[..., ::-1], wanted)  # type: ignore[index]
    assert "3 x 2 copies" in done.stdout


def test_show_shows_what_expand_writes(photos: Path, tmp_path: Path) -> None:
    options = ["--pipeline", "six", "--seed", "3", "--copies", "2"]
    assert command("show", photos / "a", *options, "-o", tmp_path / "sheet.png").returncode == 0
    done = command("expand", photos / "a", tmp_path / "out", *options, "--encoding", "png", "--workers", "0")
    assert done.returncode == 0, done.stderr
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    written = sorted((tmp_path / "out").glob("*.png"))
    assert len(written) == 6
    for path in written:  # 224 x 224, as a cell of the sheet
        image = cv2.imread(str(path))
        left, top = cv2.minMaxLoc(cv2.matchTemplate(sheet, image, cv2.TM_SQDIFF))[2]  # type: ignore[arg-type]
        assert np.array_equal(sheet[top : top + 224, left : left + 224], image)  # type: ignore[arg-type, index]


def test_show_names_what_it_leaves_out_and_fills_its_row(photos: Path, tmp_path: Path) -> None:
    (photos / "a" / "0.png").write_bytes(b"")
    (photos / "b" / "4.png").write_bytes(encode(np.zeros((9, 9), np.uint8), "png"))  # grey: six refuses it
    done = command("show", photos, "--pipeline", "six", "-o", tmp_path / "sheet.png", "--rows", 4)
    assert done.returncode == 0
    assert "4 x 5 copies" in done.stdout
    assert re.search("left out: .*0.png: is empty", done.stderr)
    assert re.search("left out: .*4.png steps.5. PCAColorShift.*RGB", done.stderr)
    assert_sentence(
        command("show", photos / "a" / "0.png", "--pipeline", "six", "-o", tmp_path / "one.png"), "is empty"
    )
    assert command("show", photos / "a" / "1.png", "--pipeline", "six", "-o", tmp_path / "one.png").returncode == 0


def test_explain_tells_steps_and_passes() -> None:
    done = command("explain", "six")
    assert done.returncode == 0
    for words in ("1. RandomResizedCrop", "in half of the pictures", "degrees uniform from -15 to 15", "pass 2:"):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_explain_tells_why_nothing_can_be_drawn(tmp_path: Path) -> None:
    text = "steps:\n  - CenterCrop: {size: [60, 1]}\n  - Rotate: {degrees: 45, corners: inscribed}\n"
    done = command("explain", pipeline_file(tmp_path, text))
    assert done.returncode == 0
    assert "2. Rotate" in done.stdout
    assert re.search(r"none for an RGB picture .*must leave at least one pixel", " ".join(done.stdout.split()))


def test_list_names_everything_in_plain_columns() -> None:
    text = command("list").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    for name in [*bundled(), *TRANSFORMS]:
        assert re.search(rf"^  {name}  ", text, re.MULTILINE)
    starts = {
        line.index(word) for line in text.splitlines() for word in ("Flip the", "Multiply all", "Zoom") if word in line
    }
    assert len(starts) == 1  # one column in all tables


def test_schema_is_the_apis(tmp_path: Path) -> None:
    assert json.loads(command("schema").stdout) == json.loads(json.dumps(schema()))
    done = command("schema", "-o", tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == json.loads(command("schema").stdout)
    assert "$schema=s.json" in done.stderr
    assert "yaml-language-server" in command("schema", "--help").stdout
    assert names(tmp_path) == {"s.json"}


@pytest.mark.slow
def test_demo_works_twice_from_a_path_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my demo"
    for _ in range(2):
        done = command("demo", "my demo", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("all is as it was written") == 2
        assert "40 written" in done.stdout
        assert "500 written" in done.stdout
        (folder / "notes.txt").write_text("mine")
    made = {f"{kind}{end}" for kind in ("photos", "digits") for end in ("", "-expanded", ".png")}
    assert names(folder) == made | {"notes.txt", ".augkit-demo"}
    assert len(list((folder / "digits").glob("*/*.png"))) == 100
    by_hand = re.findall(r"^  \$ augkit (show .*)$", done.stdout, re.MULTILINE)
    assert "'my demo/photos'" in by_hand[0]


def test_demo_refuses_what_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert_sentence(command("demo", tmp_path), "must be new, empty or an earlier demo's")
    assert_sentence(command("demo", tmp_path / "thesis.txt"), "must be a folder, got a file")
    assert names(tmp_path) == {"thesis.txt"}
    code = "import sys\nsys.modules['sklearn'] = None\nfrom augkit.cli import main\nmain()"
    assert_sentence(processed("demo", tmp_path / "new", code=code), r'pip install "augkit\[data\]"')
    assert not (tmp_path / "new").exists()
