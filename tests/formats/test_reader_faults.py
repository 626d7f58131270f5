"""Malformed data sets: one sentence each, that names the file, and the line or the entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from augkit.datasets import read
from augkit.errors import AugkitError, FileError
from augkit.storage.root import Folder, Url
from support.data_sets import JPEG, PNG, YAML, coco, lay, tar_of


def coco_with(**changes: Any) -> str:
    """Return the JSON of one picture whose first object, or first picture or category by `in_`, is changed."""
    data = coco("a.jpg")
    data[changes.pop("in_", "annotations")][0] |= changes
    return json.dumps(data)


def manifest_with(**fields: Any) -> str:
    return "\n" + json.dumps({"image": "a.jpg", **fields})


COCO = [
    ("{", r"x\.json:1: must be valid JSON"),
    ('{"images":\n[}', r"x\.json:2: must be valid JSON"),
    (b'{\n"\xff": 1}', r"x\.json:2: must be UTF-8, got the byte 0xff"),
    ("[" * 100_000, r"x\.json:1: must be JSON of few levels"),
    ('{"images": [NaN]}', r"x\.json:1: must hold numbers that can be held, got NaN"),
    ('{"images": [' + "9" * 5000 + "]}", r"x\.json:1: must hold numbers that can be held"),
    ("[]", r"x\.json: must be COCO's JSON"),
    ('{"images": 3}', r"x\.json\.images: must be of type list, got int"),
    ('{"images": [3]}', r"images\[0\]: must be an object, got 3"),
    (coco_with(in_="images", file_name=3), r"images\[0\]\.file_name: must be the name of a file, got 3"),
    (coco_with(in_="images", file_name="../b.jpg"), r"must have its pictures beside it, got none of 1"),
    (coco_with(in_="images", file_name="/etc/b.jpg"), r"must have its pictures beside it, got none of 1"),
    (coco_with(in_="categories", id=4), r"categories\[1\]: must have an id of its own, got 4 again"),
    (coco_with(in_="categories", id=None), r"categories\[0\]\.id: must be an id"),
    (coco_with(in_="categories", name=None), r"categories\[0\]\.name: must be of type str, got NoneType"),
    (coco_with(in_="categories", keypoints=["a"], skeleton=[[1, 2]]), r"skeleton: must join points 1 to 1"),
    (coco_with(image_id=[1]), r"annotations\[0\]: must be an object with the id of a picture as image_id"),
]
SETTINGS = [
    ("train: images/train\n", r"data\.yaml:1: must name the classes"),
    ("names: [cat, dog]\nnc: 3\ntrain: images/train\n", r"data\.yaml:2 nc: must be the number of names, 2, got 3"),
    ("names: {0: cat, 2: dog}\ntrain: images/train\n", r"data\.yaml:1 names: must number the classes from 0"),
    ("names: [cat, cat]\ntrain: images/train\n", r"data\.yaml:1 names: must be a list of names, each one once"),
    ("names: [cat]\n", r"data\.yaml:1: must say where pictures lie"),
    ("names: [cat]\ntrain: 3\n", r"data\.yaml:2 train: must be a folder, a text file"),
    ("names: [cat]\ntrain: images/nowhere\n", r"data\.yaml:2 train: must be a folder or a list below"),
    ("names: [cat]\ntrain: /etc\n", r"data\.yaml:2 train: must be a folder or a list below|got a link that leads out"),
    (
        "names: [cat]\ntrain: ../../etc\n",
        r"data\.yaml:2 train: must be a folder or a list below|got a link that leads out",
    ),
    ("names: [cat]\npath: [a]\ntrain: images/train\n", r"data\.yaml:2 path: must be a folder, got"),
    ("names: [cat]\nkpt_shape: [17]\ntrain: images/train\n", r"data\.yaml:2 kpt_shape: must be how many keypoints"),
    ("names: [cat]\ntrain: images\nval: [images/train, .]\n", r"data\.yaml: must be in one split, got 'images/train/a"),
    ("names: [cat]\ntrain: gone.txt\n", r"gone\.txt:1: must name a picture that is there, got 'x/a\.jpg'"),
    ("names: [cat]\ntrain: images/train\n", r"must have a label file for one picture at least.* labels/train/a\.txt"),
    ("a: &x [1]\nnames: *x\n", r"data\.yaml:1: must not use anchors"),
]
ROWS = [
    ("\n[1]", r"x\.jsonl:2: must be an object"),
    ('\n\n{"image": }', r"x\.jsonl:3: must be valid JSON"),
    ('{"imag": "gone.jpg"}', r"x\.jsonl:1: must have a column image, got imag\. Did you mean image\?"),
    (manifest_with(image="../a.jpg"), r"x\.jsonl:2 image: must be a path below"),
    (manifest_with(image="/etc/gone.jpg"), r"x\.jsonl:2 image: must be a path below"),
    (manifest_with(image=3), r"x\.jsonl:2 image: must be the path of a file, got 3"),
    (manifest_with(mask="../a.jpg"), r"x\.jsonl:2 mask: must be a path below"),
    (manifest_with(split="trian"), r"x\.jsonl:2 split: must be train, val or test, got 'trian'\. Did you mean train\?"),
    (manifest_with(boxes=[[1, 2, 3]], label="x"), r"x\.jsonl:2 boxes\[0\]: must be 4 numbers"),
    (manifest_with(boxes=3, label="x"), r"x\.jsonl:2 boxes: must be a list"),
    (manifest_with(boxes=[[1, 2, 3, 4]]), r"x\.jsonl:2 box_labels: must be a list of names, one each, got None"),
    (manifest_with(boxes=[[1, 2, 3, 4]], box_labels=[]), r"x\.jsonl:2 box_labels: must be one each, 1, got 0"),
    (manifest_with(boxes=[], polygons=[[]]), r"x\.jsonl:2 polygons: must be one each, 0, got 1"),
    (manifest_with(keypoints=[[1]]), r"x\.jsonl:2 keypoints\[0\]: must be \[x, y\] or"),
    (manifest_with() + manifest_with(), r"x\.jsonl:3: must have an id of its own, got 'a.jpg' again"),
    (
        manifest_with(split="val") + manifest_with(id="b"),
        r"must put every picture in a split, or none, got 'b' in none",
    ),
    (manifest_with(image="gone.jpg"), r"must have its pictures beside it, got none of 1"),
    ("", r"must hold pictures, got none"),
]
CELLS = [
    ("image,x\na.jpg\n", r"x\.csv:2: must have 2 cells, got 1"),
    ("imag,x\ngone.jpg,3\n", r"x\.csv:1: must have a column image, got imag, x\. Did you mean image\?"),
    ("", r"x\.csv:1: must have a column image, got none"),
    ("image,x,x\n", r"x\.csv:1: must name every column once"),
    ('image,label\na.jpg,"r"x\n', r"x\.csv:2: must be valid CSV"),
    ('image,label\na.jpg,"r\n', r"x\.csv:2: must be valid CSV"),
    ("image,boxes\na.jpg,[1\n", r"x\.csv:2 boxes: must be valid JSON"),
    (b"image\n\xff.jpg\n", r"x\.csv:2: must be UTF-8"),
    ("image,label\na.jpg," + "x" * 140_000 + "\n", r"x\.csv:2: must be valid CSV.*put long outlines into .jsonl"),
]
TARS = [
    (b"no tar at all" * 100, r"x\.tar: must be a whole tar, got a fault"),
    (tar_of({"a.jpg": JPEG, "b.jpg": PNG})[:1500], r"x\.tar: must be a whole tar"),
    (tar_of({"a.jpg": JPEG})[:600], r"x\.tar: must be a whole tar"),
    (tar_of({"a.jpg": JPEG, "a.png": PNG}), r"x\.tar a: must have one picture and one mask, got jpg, png"),
    (tar_of({"a.jpg": JPEG, "a.json": b"{"}), r"x\.tar a\.json:1: must be valid JSON"),
    (tar_of({"a.jpg": JPEG, "a.json": b'{"boxes": 3, "label": "x"}'}), r"x\.tar a\.json boxes: must be a list"),
    (tar_of({"a.jpg": JPEG, "a.cls": b"\xff"}), r"x\.tar a\.cls:1: must be UTF-8"),
    (tar_of({"a.txt": b"x"}), r"x\.tar a: must have a picture, got a\.txt"),
]
PICTURES = {"a.jpg": JPEG, "images/train/a.jpg": JPEG, "gone.txt": "x/a.jpg\n"}
TABLE = [
    *(("x.json", {"x.json": content}, words) for content, words in COCO),
    *(("", {"data.yaml": content}, words) for content, words in SETTINGS),
    *(("x.jsonl", {"x.jsonl": content}, words) for content, words in ROWS),
    *(("x.csv", {"x.csv": content}, words) for content, words in CELLS),
    *(("x.tar", {"x.tar": content}, words) for content, words in TARS),
    ("x.tar.gz", {"x.tar.gz": b""}, r"x\.tar\.gz: must be an uncompressed tar"),
    ("set", {"set/0.tar.gz": b""}, r"0\.tar\.gz: must be an uncompressed tar"),
    ("set", {"set/train/x/a.jpg": JPEG, "set/b.jpg": JPEG}, r"set: must lie in a split, as others do in 'train'"),
    ("set", {"set/a.bin": ""}, r"set: must hold pictures, got 1 x no picture by its name"),
    ("set", {"set/a.txt": "0 0"}, r"set/a.txt: must be read as labels, but 'a.txt' is not understood"),
    ("nowhere", {}, r"nowhere: must be readable, got: No such file or directory"),
    ("nowhere.csv", {}, r"nowhere.csv: must be readable, got: No such file or directory"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "files", "words"), TABLE, ids=[words for _, _, words in TABLE])
def test_a_fault_is_one_sentence(where: str, files: dict[str, Any], words: str, tmp_path: Path) -> None:
    lay(tmp_path, {**PICTURES, **files})  # type: ignore[dict-item]
    with pytest.raises(FileError, match=words) as caught:
        read(tmp_path / where)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_is_a_sentence_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    files = {
        "x.json": json.dumps(coco("a.jpg")).encode(),
        "data.yaml": YAML.encode(),
        "x.jsonl": manifest_with(boxes=[[1, 2, 3, 4]], box_labels=["x"], polygons=[[1, 2, 3, 4, 5, 6]]).encode(),
        "x.csv": b'image,label,boxes\na.jpg,"a,b","[[1,2,3,4]]"\n',
        "x.tar": tar_of({"a.jpg": b"x", "a.json": b'{"label": 3}', "a.cls": b"2"}),
    }
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, min(len(content), 2000) - 1))] = data.draw(st.integers(0, 255))
    root = tmp_path_factory.mktemp("damaged")
    lay(root, {"a.jpg": JPEG, "images/train/a.jpg": JPEG, "images/val/b.jpg": JPEG, name: bytes(content)})
    told = ""
    try:
        told = f"{len(read(root / name).sources)} pictures"
    except AugkitError as fault:
        told = str(fault)
    assert told
    assert "\n" not in told


def test_a_root_is_not_left(tmp_path: Path) -> None:
    lay(tmp_path, {"set/a.jpg": JPEG, "b.jpg": JPEG})
    root = Folder(tmp_path / "set")
    for path in ("../b.jpg", str(tmp_path / "b.jpg"), "x/../../b.jpg", "a\0.jpg"):
        for ask in (root.read, root.open, root.names, root.is_file, root.is_folder):
            with pytest.raises(FileError, match="must be a path below"):
                ask(path)


def test_a_url_that_leads_nowhere_is_a_sentence() -> None:
    pytest.importorskip("fsspec", reason="the extra `remote` is not installed")
    with pytest.raises(FileError, match="must be a folder with files, got none"):
        read("memory://nowhere")
    with pytest.raises(AugkitError, match="must be a URL that fsspec reaches"):
        read("nonsense://x")
    with pytest.raises(FileError, match="must be readable, got: no such file"):
        Url("memory://nowhere").read("a.jpg")
