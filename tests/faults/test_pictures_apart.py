"""Pictures that kill or stop their decoder: in every command they cost themselves, and the command goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augkit.apart import calling
from augkit.apart.messages import Limits
from augkit.datasets import read
from augkit.datasets.level_range import range_of
from augkit.errors import DecodeError, OutOfMemory
from augkit.images import decode, pictures_apart
from augkit.images.pictures_apart import decode_apart
from support.artefacts import artefact, run_folder
from support.commands import augkit, command
from support.folders import done, outputs, picture, put
from support.trainings import fill, settings

DECODER = """
import os, signal, time
from PIL import ImageFile
from pathlib import Path
load = ImageFile.ImageFile.load

def loaded(self):
    if self.size == (19, 23):
        os.kill(os.getpid(), signal.SIGSEGV)
    if self.size == (19, 24):
        time.sleep(100)
    while self.size == (19, 25):
        pass
    if self.size == (19, 26):
        raise MemoryError
    if self.size == (19, 27):
        os.kill(os.getpid(), signal.SIGKILL)
    return load(self)

ImageFile.ImageFile.load = loaded
"""
CRASHES, SLEEPS, SPINS, STARVES, KILLED = (23, 19, 3), (24, 19, 3), (25, 19, 3), (26, 19, 3), (27, 19, 3)
CRASHED = "must be whole, but crashed the process that read it (SIGSEGV)"


@pytest.fixture(scope="module", autouse=True)
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Helpers whose decoder dies of some pictures; this process's does not."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(DECODER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
        state = calling._State()
        patch.setattr(calling, "_state", state)
        yield
        state.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for number in range(5):
        put(root / f"a/{number}.png", picture(number))
    put(root / "a/bad.png", picture(9, CRASHES))
    return root


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PICTURE", "TOGETHER"):
        monkeypatch.setattr(pictures_apart, name, Limits(cpu_s=1.0, bytes=None, still_s=1.0))


@pytest.mark.parametrize("name", ["fit-pca", "fit-style"])
def test_fits_leave_it_out(folder: Path, name: str) -> None:
    out = folder.parent / "fitted.yaml"
    ended = augkit(name, folder, "-o", out)
    assert f"left out: {folder}/a/bad.png: {CRASHED}" in ended.stderr
    (folder / "a/bad.png").unlink()
    again = folder.parent / "again.yaml"
    augkit(name, folder, "-o", again)
    assert out.read_bytes() == again.read_bytes()


def test_show_leaves_it_out(folder: Path) -> None:
    ended = augkit("show", folder, "--pipeline", "six", "-o", folder.parent / "a.png", "--rows", "6")
    assert f"left out: {folder}/a/bad.png: {CRASHED}" in ended.stderr
    assert (
        CRASHED
        in augkit("show", folder / "a/bad.png", "--pipeline", "six", "-o", folder.parent / "a.png", code=2).stderr
    )


@pytest.mark.parametrize("options", [[], ["--tta", "1", "--pipeline", "six"]])
def test_predict_has_no_answer_to_it(folder: Path, options: list[str]) -> None:
    run = run_folder(folder.parent / "run", artefact())
    ended = augkit("predict", run, folder, folder / "a/bad.png", "--json", *options, code=1)
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [CRASHED in row.get("error", "") for row in rows] == [False] * 5 + [True] * 2


def test_replay_is_a_sentence(folder: Path) -> None:
    out = folder.parent / "out"
    done(folder, out, copies=1)
    bad = next(id for id in outputs(out) if "bad" in id)
    assert CRASHED in augkit("replay", out, bad, "-o", folder.parent / "a.png", code=2).stderr
    sound = next(id for id in outputs(out) if "bad" not in id)
    assert "identical" in augkit("replay", out, sound, "-o", folder.parent / "a.png").stdout


def test_a_training_rejects_it(tmp_path: Path) -> None:
    from augkit.train.setup import prepare

    root = fill(tmp_path / "data")
    put(root / "lines/bad.png", picture(9, CRASHES))
    wanted = settings(root, tmp_path / "run", max_rejected=0.1)
    (left_out,) = prepare(wanted, lambda _: None, lambda *_: None).surveyed.rejected
    assert left_out[1] == "lines/bad.png"
    assert CRASHED in left_out[2]


def test_levels_are_those_of_the_others(tmp_path: Path) -> None:
    put(tmp_path / "a.png", np.full((9, 9, 3), 7, np.uint8))
    put(tmp_path / "b.png", np.full(CRASHES, 200, np.uint8))
    assert range_of(read(tmp_path)) == (7, 8)


def test_segments_are_rejected(tmp_path: Path) -> None:
    put(tmp_path / "images/a.png", picture(1, CRASHES))
    put(tmp_path / "panoptic/a.png", picture(1, CRASHES))
    entry = {"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 1, "category_id": 1}]}
    image = {"id": 1, "file_name": "a.png", "width": CRASHES[1], "height": CRASHES[0]}
    category = {"id": 1, "name": "cat", "isthing": 1}
    (tmp_path / "panoptic.json").write_text(
        json.dumps({"images": [image], "annotations": [entry], "categories": [category]})
    )
    (source,) = read(tmp_path).sources
    assert "segments: must be whole, but crashed the process" in source.fault


def test_masks_of_colours_are_passed_over(tmp_path: Path) -> None:
    """Their colours are looked for while the data set is read, in the process of the command."""
    colours = np.array([[0, 0, 0], [255, 0, 0]], np.uint8)
    for name, shape in (("a", (24, 32)), ("b", CRASHES[:2])):
        put(tmp_path / f"images/{name}.png", picture(1, (*shape, 3)))
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(colours[picture(2, shape) % 2]).save(tmp_path / f"masks/{name}.png")
    found = read(tmp_path)
    assert found.about["mask_colours"] == colours.tolist()


@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize(("shape", "said"), [(SPINS, "within 1 s of computing"), (SLEEPS, "did nothing for 1 s")])
def test_a_decoder_that_never_ends_costs_its_picture(folder: Path, shape: tuple[int, ...], said: str) -> None:
    put(folder / "a/bad.png", picture(9, shape))
    ended = augkit("fit-pca", folder, "-o", folder.parent / "a.yaml")
    assert f"left out: {folder}/a/bad.png: " in ended.stderr
    assert said in ended.stderr
    assert "5 pictures" in ended.stdout


@pytest.mark.parametrize("shape", [STARVES, KILLED])
def test_want_of_memory_is_no_fault_of_a_picture(folder: Path, shape: tuple[int, ...]) -> None:
    put(folder / "a/bad.png", picture(9, shape))
    ended = command("fit-pca", folder, "-o", folder.parent / "a.yaml")
    assert ended.returncode == 1
    assert "memory" in ended.stderr
    assert "bad.png" in ended.stderr
    run = run_folder(folder.parent / "run", artefact())
    if shape == STARVES:
        assert "memory" in augkit("predict", run, folder, code=1).stderr
    with pytest.raises(OutOfMemory):
        decode_apart((folder / "a/bad.png").read_bytes(), where="bad.png")


def test_pixels_are_those_of_this_process(folder: Path) -> None:
    data = (folder / "a/1.png").read_bytes()
    here, there = decode(data), decode_apart(data)
    assert np.array_equal(here.image, there.image)
    assert (here.alpha, here.profile, here.placement) == (there.alpha, there.profile, there.placement)
    with pytest.raises(DecodeError, match=r"^is empty"):
        decode_apart(b"")
