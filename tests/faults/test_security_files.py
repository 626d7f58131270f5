"""Security, files: what others can write is not believed, what is written is not opened wider than its owner wants."""

from __future__ import annotations

import io
import os
import shutil
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from safetensors.numpy import load_file

import augkit as ak
from augkit.errors import AugkitError
from augkit.preview import show
from support.commands import augkit
from support.data_sets import lay
from support.folders import done, fill, outputs, picture
from support.trainings import fill as fill_kinds, settings, weights_file

if sys.platform == "win32":
    pytest.skip("Windows has neither these rights nor these links", allow_module_level=True)

ROOT = Path(__file__).parent.parent.parent
TRAINING: dict[str, Any] = {"model": "lenet", "epochs": 1, "input": (32, 32, 3)}


UMASK = 0o027


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of what commands wrote for somebody whose files are nobody else's."""
    root = tmp_path_factory.mktemp("made")
    src, data, out = fill(root / "src", 6), fill_kinds(root / "data", 6), root / "out"
    (src / "roses/bad.jpg").write_bytes(b"x")
    before = os.umask(UMASK)
    try:
        for form in ("folder", "webdataset", "manifest"):
            done(src, out / form, 1, form=form, max_rejected=1.0, split="train=0.5,val=0.5")
        augkit("split", src, "-o", out / "s.csv")
        show(fill(root / "good", 2), "identity", out / "x.html", rows=1, copies=1)
        augkit("fit-pca", src, "-o", out / "pca.yaml")
        ak.train(settings(data, out / "run", **TRAINING))
        augkit("predict", out / "run", root / "good", "-o", out / "p.csv")
    finally:
        os.umask(before)
    return root


@pytest.mark.slow
def test_rights_of_what_is_written(made: Path) -> None:
    rights = {path: stat.S_IMODE(path.stat().st_mode) for path in [made / "out", *(made / "out").rglob("*")]}
    odd = {path: oct(mode) for path, mode in rights.items() if mode != (0o777 if path.is_dir() else 0o666) & ~UMASK}
    assert not odd
    assert len(rights) > 30


@pytest.mark.slow
def test_features_that_others_can_write(tmp_path: Path) -> None:
    data, cache = fill_kinds(tmp_path / "data", 6), tmp_path / "cache"
    weights = weights_file(tmp_path / "w.pt", "lenet")
    options: dict[str, Any] = TRAINING | {"weights": weights, "cache": str(cache)}
    told: list[str] = []

    def trained(name: str) -> dict[str, bytes]:
        ak.train(settings(data, tmp_path / name, **options), tell=told.append)
        return {name: bytes(values) for name, values in load_file(tmp_path / name / "model.safetensors").items()}

    wanted = trained("first")
    files = sorted(cache.glob("*.npy"))
    assert files
    for path in files:
        poison = np.load(path)
        np.save(path, poison[::-1] + 1)
        seal = path.with_suffix(".sha256")
        seal.write_text(sha256(path.read_bytes()).hexdigest())
        path.chmod(0o666)
    assert trained("second") == wanted
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o002 == 0 for path in files)


@pytest.mark.slow
def test_links_where_a_run_writes(tmp_path: Path) -> None:
    """Who may write into RUN must not choose what is overwritten or removed elsewhere."""
    data, run, mine = fill_kinds(tmp_path / "data", 6), tmp_path / "run", tmp_path / "mine"
    ak.train(settings(data, run, **TRAINING))
    for folder in ("checkpoints", "features"):
        shutil.rmtree(run / folder, ignore_errors=True)
        lay(mine / folder, {"0.npy": "mine", "last.pt": "mine"})
        (run / folder).symlink_to(mine / folder)
    ak.train(settings(data, run, **TRAINING), fresh=True)
    names = [path.relative_to(run) for path in run.rglob("*") if path.is_file()]
    names += [path.with_name(f"{path.name}.unfinished") for path in names]
    for number, name in enumerate(names):
        lay(mine, {str(number): "mine"})
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(mine / str(number))
    for fresh in (False, True):
        with suppress(AugkitError):
            ak.train(settings(data, run, **TRAINING), fresh=fresh)
    assert set(tree_of(mine).values()) == {b"mine"}


def tree_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_links_in_the_place_of_single_files(tmp_path: Path) -> None:
    src = fill(tmp_path / "src", 4)
    lay(tmp_path, {"mine": "mine"})
    for name, words in {
        "s.csv": ("split", src, "-o"), "p.yaml": ("fit-pca", src, "-o"),
        "x.png": ("show", src, "--pipeline", "identity", "-o"),
    }.items():  # fmt: skip
        (tmp_path / name).symlink_to(tmp_path / "mine")
        augkit(*words, tmp_path / name)
        assert (tmp_path / "mine").read_text() == "mine"
        assert not (tmp_path / name).is_symlink()


WATCHING = """
import os
import sys

def hook(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        address = args[0] if event.startswith("socket.get") else args[1]
        if event.startswith("socket.get") or not isinstance(address, (str, bytes)):  # a socket of this machine's files
            print("ASKED", event, address, file=sys.stderr, flush=True)
    common = os.environ["TMPDIR"]
    if event == "os.mkdir" and str(args[0]).startswith(common) and args[1] & 0o077:
        print("WIDE", args, file=sys.stderr)
    if event == "open" and str(args[0]).startswith(common) and isinstance(args[2], int):
        if args[2] & os.O_CREAT and not args[2] & os.O_EXCL and os.path.dirname(args[0]) == common:
            print("GUESSED", args, file=sys.stderr)

sys.addaudithook(hook)
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Path]]:
    """Run a command with a worker; return what was seen of both, and what they left among temporary files."""
    root = tmp_path_factory.mktemp("watched")
    (root / "tmp").mkdir()
    lay(root / "site", {"sitecustomize.py": WATCHING})
    step = "Albumentations: {transform: HorizontalFlip}" if find_spec("albumentations") else "Mirror"
    lay(root, {"p.yaml": f"steps:\n  - {step}\n"})
    env = {**os.environ, "TMPDIR": str(root / "tmp"), "PYTHONPATH": f"{root / 'site'}{os.pathsep}{ROOT}"}
    env.pop("NO_ALBUMENTATIONS_UPDATE", None)
    places = map(str, (fill(root / "src", 4), root / "out", "--pipeline", root / "p.yaml"))
    command = [sys.executable, "-m", "augkit", "expand", *places, "--copies", "1", "--workers", "1"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr, list((root / "tmp").iterdir())


@pytest.mark.slow
def test_temporary_files(watched: tuple[str, list[Path]]) -> None:
    """What lies in a folder for temporary files belongs to the user alone while it is there, and goes."""
    told, left = watched
    assert "WIDE" not in told
    assert "GUESSED" not in told
    assert not left


@pytest.mark.slow
def test_nobody_is_asked_unbidden(watched: tuple[str, list[Path]]) -> None:
    """No command speaks with anyone over a network where its data lie on this machine."""
    assert "ASKED" not in watched[0]


# They say where the sources lay, for replay, and what was typed, to type it again; the last one what was asked.
AS_TYPED = ("source.txt", "settings.json", "report.html", "p.csv")


@pytest.mark.slow
def test_no_file_tells_of_the_machine(made: Path) -> None:
    machine = [str(made), str(ROOT), str(Path.home()), *[socket.gethostname()] * (len(socket.gethostname()) > 5)]
    found = {
        f"{name}: {word}"
        for name, content in tree_of(made / "out").items()
        for word in machine
        if word.encode() in content and name.rpartition("/")[2] not in AS_TYPED
    }
    assert not found


def tagged(kind: str, image: Image.Image) -> bytes:
    """Return a picture with all that cameras and programs put into it."""
    exif = Image.Exif()
    exif[271], exif[315], exif[305] = "secret maker", "secret artist", "secret program"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 24.0)
    file, more = io.BytesIO(), dict[str, Any]()
    if kind == "PNG":
        more["pnginfo"] = PngImagePlugin.PngInfo()
        more["pnginfo"].add_text("Comment", "secret text")
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", "<x>secret xmp</x>")
    if kind == "JPEG":
        more["comment"], more["xmp"] = b"secret comment", b"<x>secret xmp</x>"
    image.save(file, kind, exif=exif, **more)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["jpeg", "png", "webp", "tiff"])
def test_metadata_of_pictures(encoding: str, tmp_path: Path) -> None:
    image = Image.fromarray(picture(3))
    files = {f"c/{kind}.jpg": tagged(kind, image) for kind in ("JPEG", "PNG", "WEBP", "TIFF")}
    assert all(b"secret" in content for content in files.values())
    summary = done(lay(tmp_path / "src", dict(files)), tmp_path / "out", 1, pipeline="identity", encoding=encoding)
    assert summary.written == 4
    for content in outputs(tmp_path / "out").values():
        assert b"secret" not in content
        with Image.open(io.BytesIO(content)) as made:
            assert not made.getexif().get_ifd(0x8825)
            assert not set(made.info) & {"exif", "xmp", "comment", "Comment", "XML:com.adobe.xmp", "icc_profile"}
