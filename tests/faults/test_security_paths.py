"""Security, paths and links: nothing that a data set, a book or a link names is read or written outside of its root."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import DataSet, read
from augkit.datasets.lineage import HINT
from augkit.errors import AugkitError, FileError
from augkit.expand import replay, verify
from augkit.images import encode
from augkit.preview import show
from augkit.storage.root import Folder, Root
from support.commands import augkit
from support.cvat_files import dump, image
from support.data_sets import JPEG, LINES, MASK, PNG, coco, lay
from support.folders import done, fill, lines, picture
from support.labelme_files import content
from support.studio_files import task
from support.voc_files import SIZE

if sys.platform == "win32":
    pytest.skip("links need rights on Windows", allow_module_level=True)

SECRET = encode(picture(99), "png")
Files = dict[str, Any]


def jsonl(name: str) -> Files:
    rows = [{"image": "in/a.png", "label": "x"}, {"image": name, "label": "y"}]
    return {"manifest.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}


def voc(name: str) -> Files:
    told = name.replace("\0", "?").replace("&", "&amp;")
    text = f"<annotation><filename>{told}</filename><path>{told}</path>{SIZE}</annotation>"
    return {"Annotations/b.xml": text, "JPEGImages/c.jpg": JPEG}


NAMING: dict[str, Callable[[str], Files]] = {
    "manifest": jsonl,
    "csv": lambda name: {"list.csv": f'image,label\nin/a.png,x\n"{name}",y\n'},
    "masks of a manifest": lambda name: {"manifest.jsonl": json.dumps({"image": "in/a.png", "mask": name}) + "\n"},
    "image folders": lambda name: {
        "metadata.jsonl": json.dumps({"file_name": "in/a.png"}) + "\n" + json.dumps({"file_name": name}) + "\n"
    },
    "coco": lambda name: {"x.json": coco("in/a.png", name)},
    "voc": voc,
    "cvat": lambda name: {"annotations.xml": dump(image(name="in/a.png"), image(name=name.replace("\0", "?"), id=1))},
    "labelme": lambda name: {"b.json": content(imagePath=name, imageData=None)},
    "label studio": lambda name: {"tasks.json": json.dumps([task(image="in/a.png"), task(image=name, id=2)])},
    "fiftyone": lambda name: {
        "metadata.json": {"name": "x"},
        "samples.json": {"samples": [{"filepath": "in/a.png"}, {"filepath": name}]},
    },
    "lists of yolo": lambda name: {"data.yaml": "train: l.txt\nnames: [a]\n", "l.txt": f"in/a.png\n{name}\n"},
    "a label file of yolo": lambda name: {"data.yaml": "train: l.txt\nnames: [a]\n", "l.txt": f"in/a.png\n./{name}\n"},
}
OUTSIDE = {
    "up": "../out/secret.png",
    "up and down": "in/../../out/secret.png",
    "up on Windows": "..\\out\\secret.png",
    "absolute": "{out}/secret.png",
    "a file's URL": "file://{out}/secret.png",
    "a file's URL of this host": "file://localhost{out}/secret.png",
    "a drive": "C:{out}/secret.png",
    "a share": "\\\\localhost{out}\\secret.png",
    "a NUL": "../out/secret.png\0.png",
    "quoted": "%2e%2e/out/secret.png",
    "a device": "/dev/stdin",
    "a home": "~/secret.png",
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Lay what must not be read: a picture, its mask and its labels."""
    lay(tmp_path / "out", {"secret.png": SECRET, "mask.png": MASK, "secret.txt": LINES, "labels/secret.txt": LINES})
    return tmp_path / "out"


def tree(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_nothing_is_read(data: DataSet) -> None:
    for source in data.sources:
        mask = None if source.annotations is None else source.annotations.mask
        for place in (source.place or source.id, mask):
            with suppress(AugkitError):
                assert place is None or data.read(place) != SECRET, source.id


@pytest.mark.parametrize("form", NAMING)
def test_a_path_out_of_the_root(form: str, outside: Path, tmp_path: Path) -> None:
    for kind, pattern in OUTSIDE.items():
        files = NAMING[form](pattern.replace("{out}", str(outside)))
        src = lay(tmp_path / kind, {"in/a.png": PNG, **files})
        for where in (src, *(src / name for name in files if "/" not in name)):
            with suppress(AugkitError):
                assert_nothing_is_read(read(where))


@pytest.mark.parametrize(
    "place", ["../out/secret.png", "{out}/secret.png", "a\0b", "in/../../out/secret.png", "up/secret.png"]
)
def test_a_place_of_a_book_out_of_the_root(place: str, outside: Path, tmp_path: Path) -> None:
    done(fill(tmp_path / "src", 2), tmp_path / "made")
    (tmp_path / "src/up").symlink_to(outside)
    book = tmp_path / "made/.augkit/lineage/00000.jsonl"
    first, *rest = lines(tmp_path / "made")
    first |= {"place": place.replace("{out}", str(outside))}
    book.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (first, *rest)))
    with pytest.raises(AugkitError, match="must "):
        replay(tmp_path / "made", first["id"])


def test_a_book_that_names_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done(fill(tmp_path / "src", 2), tmp_path / "made")
    (tmp_path / "made" / HINT).write_text("http://127.0.0.1:8080/latest/meta-data\n")
    monkeypatch.setattr(Root, "at", None)  # nothing is asked for
    id = lines(tmp_path / "made")[0]["id"]
    with pytest.raises(FileError, match=r"source\.txt: must be a place of this machine.*--allow-urls"):
        replay(tmp_path / "made", id)
    with pytest.raises(FileError, match="must lie in the public web"):
        replay(tmp_path / "made", id, allow_urls=True)


def test_settings_that_name_another_folder(outside: Path, tmp_path: Path) -> None:
    line = "0 0.5 0.5 0.2 0.2\n"
    src = lay(tmp_path / "src", {"data.yaml": "path: ../out\ntrain: images/train\nnames: [cat, dog]\n"})
    lay(outside, {"images/train/a.png": PNG, "labels/train/a.txt": line})
    assert f"read below {outside}" in read(src).notes[-1]  # Ultralytics' own rule: so it is told
    lay(tmp_path, {"link.txt": line, "link.png": SECRET})
    (outside / "labels/train/b.txt").symlink_to(tmp_path / "link.txt")
    (outside / "images/train/b.png").symlink_to(tmp_path / "link.png")
    with pytest.raises(FileError, match="a link that leads out of it"):
        read(src)


LINKED: dict[str, Files] = {
    "a picture": {"c/a.png": PNG, "c/b.png": ...},
    "a mask": {"images/a.png": PNG, "masks/a.png": ..., "images/b.png": PNG, "masks/b.png": MASK},
    "labels": {"images/a.png": PNG, "labels/a.txt": ..., "images/b.png": PNG, "labels/b.txt": LINES},
    "a manifest's picture": {"manifest.jsonl": '{"image": "b.png", "label": "x"}\n', "b.png": ...},
    "coco's json": {"x.json": ..., "a.png": PNG},
}


@pytest.mark.parametrize("kind", LINKED)
@pytest.mark.parametrize("how", ["absolute", "relative", "over a link"])
def test_a_link_out_of_the_root(kind: str, how: str, outside: Path, tmp_path: Path) -> None:
    lay(outside, {"x.json": coco("a.png")})
    src = lay(tmp_path / "src", {path: data for path, data in LINKED[kind].items() if data is not ...})
    for path in (path for path, data in LINKED[kind].items() if data is ...):
        target = outside / (
            "mask.png"
            if "masks" in path
            else "secret.png"
            if path.endswith(".png")
            else "x.json"
            if "json" in path
            else "secret.txt"
        )
        (src / path).parent.mkdir(parents=True, exist_ok=True)
        if how == "over a link":
            (src / ".hop").symlink_to(target)
            target = src / ".hop"
        (src / path).symlink_to(os.path.relpath(target, (src / path).parent) if how == "relative" else target)
    with pytest.raises(FileError, match=r"a link that leads out of it.*--allow-links"):
        read(src)
    assert read(src, allow_links=True).sources


def test_a_link_within_the_root_and_one_that_is_named(tmp_path: Path) -> None:
    src = fill(tmp_path / "src", 4)
    (src / "roses/again.jpg").symlink_to("../top.jpg")
    lay(tmp_path, {"list.jsonl": '{"image": "top.jpg"}\n'})
    (src / "list.jsonl").symlink_to(tmp_path / "list.jsonl")
    (tmp_path / "way").symlink_to(src)
    assert len(read(src / "list.jsonl").sources) == 1
    (src / "list.jsonl").unlink()
    data = read(tmp_path / "way")
    assert data.read("roses/again.jpg") == data.read("top.jpg")


def test_a_link_that_comes_later(outside: Path, tmp_path: Path) -> None:
    """What was a file when the data set was read is a link, or lies behind one, when the picture is read."""
    data = read(fill(tmp_path / "src", 4))
    (tmp_path / "src/top.jpg").unlink()
    (tmp_path / "src/top.jpg").symlink_to(outside / "secret.png")
    (tmp_path / "src/roses").rename(tmp_path / "moved")
    (tmp_path / "src/roses").symlink_to(tmp_path / "moved")
    for id in ("top.jpg", "roses/a.jpg"):
        with pytest.raises(FileError, match="a link that leads out of it"):
            data.read(id)
    with pytest.raises(FileError, match="a link that leads out of it"), Folder(tmp_path / "src").open("top.jpg"):
        pass


def test_every_command_refuses_a_link_and_takes_one_that_is_allowed(outside: Path, tmp_path: Path) -> None:
    src = fill(tmp_path / "src", 4)
    (src / "roses/l.png").symlink_to(outside / "secret.png")
    words: dict[str, tuple[object, ...]] = {
        "expand": (src, tmp_path / "made", "--pipeline", "identity", "--copies", 1, "--workers", 0),
        "split": (src,),
        "show": (src, "--pipeline", "identity", "-o", tmp_path / "s.png", "--rows", 5),
        "fit-pca": (src, "-o", tmp_path / "p.yaml"),
        "fit-style": (src, "-o", tmp_path / "s.yaml"),
    }
    for name, more in words.items():
        assert "a link that leads out of it" in augkit(name, *more, code=2).stderr
        augkit(name, *more, "--allow-links")
    id = next(line["id"] for line in lines(tmp_path / "made") if line["source"] == "roses/l.png")
    replayed = ("replay", tmp_path / "made", id, "-o", tmp_path / "again.png")
    assert "a link that leads out of it" in augkit(*replayed, code=2).stderr
    augkit(*replayed, "--allow-links")
    with pytest.raises(FileError, match="a link that leads out of it"):
        show(src, "identity")


@pytest.mark.parametrize(
    "label", ["../../up", "/etc", "..", ".", "C:\\x", "con", "a/../../../b", "~", ".augkit", "a\0b"]
)
@pytest.mark.parametrize("form", ["folder", "webdataset", "yolo", "imagefolder"])
def test_a_class_that_is_a_path(label: str, form: str, tmp_path: Path) -> None:
    row = {"image": "a.jpg", "label": label, "boxes": [[1, 1, 9, 9]], "box_labels": [label]}
    src = lay(tmp_path / "deep/er/src", {"list.jsonl": json.dumps(row) + "\n", "a.jpg": JPEG}) / "list.jsonl"
    out = tmp_path / "deep/er/out"
    with suppress(AugkitError):
        done(src, out, form=form, drop=("boxes",) if form in ("folder", "imagefolder") else ())
        assert verify(out).is_sound
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if not path.is_dir()}
    known = ("deep/er/src/", "deep/er/out/")
    assert all(path.startswith(known) for path in made), made


@pytest.mark.parametrize("folder", ["roses", ".augkit/lineage", ".augkit/shards"])
def test_a_folder_of_out_that_leads_elsewhere(folder: str, outside: Path, tmp_path: Path) -> None:
    """Who may write into OUT must not choose what is replaced or removed elsewhere."""
    src = fill(tmp_path / "src", 6)
    done(src, tmp_path / "made")
    before = tree(tmp_path / "made")
    (outside / "mine").mkdir()
    for path in (tmp_path / "made" / folder).rglob("*"):
        if path.is_file():
            (outside / "mine" / path.name).write_text("mine")
    shutil.rmtree(tmp_path / "made" / folder)
    (tmp_path / "made" / folder).symlink_to(outside / "mine")
    (tmp_path / "made/.augkit/done.json").unlink()
    for marker in (tmp_path / "made/.augkit/shards").glob("*"):
        marker.unlink() if folder == "roses" else None
    held = tree(outside / "mine")
    for options in ({}, {"copies": 4, "extend": True}, {"fresh": True}):
        with suppress(AugkitError):
            done(src, tmp_path / "made", **{"copies": 3, **options})
        assert tree(outside / "mine") == held
    if (tmp_path / "made" / folder).is_symlink():
        (tmp_path / "made" / folder).unlink()
        done(src, tmp_path / "made", fresh=True)
    assert tree(tmp_path / "made") == before


@pytest.mark.slow
def test_links_and_urls_of_trainings(outside: Path, tmp_path: Path) -> None:
    from support.trainings import fill as fill_kinds

    data = fill_kinds(tmp_path / "data", 6)
    (data / "spots/link.png").symlink_to(outside / "secret.png")
    learn = ("train", data, "--out", tmp_path / "run", "--model", "lenet", "--epochs", 1, "--input", "32x32x3")
    assert "a link that leads out of it" in augkit(*learn, code=2).stderr
    augkit(*learn, "--allow-links")
    ask = ("predict", tmp_path / "run", data)
    assert "a link that leads out of it" in augkit(*ask, code=2).stderr
    augkit(*ask, "--allow-links")
    rows = [{"image": f"{kind}/{number:03d}.png", "label": kind} for kind in ("lines", "plain") for number in range(6)]
    rows += [{"image": "http://127.0.0.1:8080/x.png", "label": "lines"}, {"image": "none.png", "label": "plain"}]
    (data / "list.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    more = ("--out", tmp_path / "again", *learn[4:], "--max-rejected", 0.5)
    told = augkit("train", data / "list.jsonl", *more, "--allow-urls").stderr
    assert "must lie in the public web" in told
    assert "must be a picture that is there, got 'none.png'" in told


@pytest.mark.parametrize("finished", [False, True])
def test_books_that_lie_elsewhere(finished: bool, outside: Path, tmp_path: Path) -> None:
    src, made = fill(tmp_path / "src", 3), tmp_path / "made"
    if finished:
        done(src, made)
        (made / ".augkit").rename(outside / "books")
    made.mkdir(exist_ok=True)
    lay(outside, {"books/tmp/mine": "x", "books/new-mine": "x", "books/mine": "x"})
    (made / ".augkit").symlink_to(outside / "books")
    before = tree(tmp_path)
    for options in ({}, {"copies": 4, "extend": True}, {"fresh": True}, {"finish": True}):
        with pytest.raises(AugkitError, match="link" if finished else "must be a new or an empty folder"):
            done(src, made, **{"copies": 3, **options})
    assert tree(tmp_path) == before
