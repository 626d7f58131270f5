"""Small data sets in every form, as files to lay into a folder."""

from __future__ import annotations

import io
import json
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from augkit.images import encode
from augkit.targets.records import Instance
from support.pictures import noise

JPEG = encode(noise((24, 32)), "jpeg")  # 24 high, 32 wide
PNG = encode(noise((24, 32), seed=1), "png")
MASK = encode(np.eye(24, 32, dtype=np.uint8), "png")


def lay(root: Path, files: dict[str, bytes | str | dict[str, Any]]) -> Path:
    for path, content in files.items():
        data = json.dumps(content) if isinstance(content, dict) else content
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def tar_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def parquet_of(rows: list[dict[str, Any]], metadata: dict[str, Any] | None = None, **options: Any) -> bytes:
    """Columns are the keys of the first row; `metadata` is what `datasets` adds, `options` are pyarrow's."""
    import pyarrow
    from pyarrow import parquet

    table, file = pyarrow.Table.from_pylist(rows), io.BytesIO()
    if metadata is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    parquet.write_table(table, file, **options)
    return file.getvalue()


def row_of(path: str, **more: Any) -> dict[str, Any]:
    return {"image": {"bytes": JPEG, "path": path}, **more}


def coco(*names: str, first: int = 1) -> dict[str, Any]:
    """Every picture has a cat at 2, 3, 5 x 7, and a dog whose polygon is a triangle."""
    images = [{"id": n, "file_name": name, "height": 24, "width": 32} for n, name in enumerate(names, first)]
    objects = []
    for n in range(first, first + len(names)):
        objects.append({"id": 2 * n, "image_id": n, "category_id": 9, "bbox": [2, 3, 5, 7], "iscrowd": 0})
        dog = {"bbox": [1, 1, 8, 4], "segmentation": [[1, 1, 9, 1, 9, 5]], "area": 16}
        objects.append({"id": 2 * n + 1, "image_id": n, "category_id": 4, **dog})
    kinds = [{"id": 9, "name": "cat"}, {"id": 4, "name": "dog"}]
    return {"images": images, "annotations": objects, "categories": kinds}


CAT, DOG = Instance("cat", (2, 3, 7, 10)), Instance("dog", (1, 1, 9, 5), ((1, 1, 9, 1, 9, 5),))
YAML = "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n"
LINES = f"0 {4.5 / 32} {6.5 / 24} {5 / 32} {7 / 24}\n1 {1 / 32} {1 / 24} {9 / 32} {1 / 24} {9 / 32} {5 / 24}\n"
ROW = {"boxes": [list(CAT.box), list(DOG.box)], "box_labels": ["cat", "dog"], "polygons": [[], [list(DOG.rings[0])]]}
CSV = 'image,boxes,box_labels,polygons\n{},"[[2,3,7,10],[1,1,9,5]]","[""cat"",""dog""]","[[],[1,1,9,1,9,5]]"\n'

# The same two objects in a picture of each of two splits, or of none, and what lies where.
FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "coco": (
        {"annotations/instances_train2017.json": coco("a.jpg"), "annotations/instances_val2017.json": coco("b.jpg"),
         "train2017/a.jpg": JPEG, "val2017/b.jpg": JPEG}, ""),
    "coco, images in images": (
        {"annotations/instances_train.json": coco("a.jpg"), "annotations/instances_val.json": coco("b.jpg"),
         "images/train/a.jpg": JPEG, "images/val/b.jpg": JPEG}, ""),
    "coco of roboflow": (
        {"train/_annotations.coco.json": coco("a.jpg"), "valid/_annotations.coco.json": coco("b.jpg"),
         "train/a.jpg": JPEG, "valid/b.jpg": JPEG}, ""),
    "coco, the file alone": ({"annotations/instances_train.json": coco("a.jpg"), "train/a.jpg": JPEG},
                             "annotations/instances_train.json"),
    "coco, beside it": ({"x.json": coco("p/a.jpg"), "p/a.jpg": JPEG}, "x.json"),
    "coco, in the folder above": ({"boxes/train.json": coco("a.jpg"), "images/train/a.jpg": JPEG}, "boxes/train.json"),
    "yolo": ({"data.yaml": YAML, "images/train/a.jpg": JPEG, "images/val/b.jpg": JPEG, "labels/train/a.txt": LINES,
              "labels/val/b.txt": LINES}, ""),
    "yolo of roboflow": (
        {"data.yaml": "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: [cat, dog]\n",
         "train/images/a.jpg": JPEG, "train/labels/a.txt": LINES, "valid/images/b.jpg": JPEG,
         "valid/labels/b.txt": LINES}, ""),
    "yolo by lists": (
        {"set.yaml": "path: /elsewhere\ntrain: train.txt\nnames: [cat, dog]\n", "train.txt": "./images/a.jpg\n\n",
         "images/a.jpg": JPEG, "labels/a.txt": LINES}, "set.yaml"),
    "csv": ({"list.csv": CSV.format("p/a.jpg"), "p/a.jpg": JPEG}, "list.csv"),
    "jsonl": ({"list.jsonl": json.dumps({"file_name": "a.jpg", "split": "train", **ROW}) + "\n", "a.jpg": JPEG},
              "list.jsonl"),
    "webdataset": ({"train-0.tar": tar_of({"x/a.jpg": JPEG, "x/a.json": json.dumps(ROW).encode()}),
                    "val-0.tar": tar_of({"b.json": json.dumps(ROW).encode(), "b.jpg": JPEG})}, ""),
    "webdataset, one tar": ({"train.tar": tar_of({"a.jpg": JPEG, "a.json": json.dumps(ROW).encode()})}, "train.tar"),
}  # fmt: skip
if find_spec("pyarrow") is not None:
    texts = {name: json.dumps(value) for name, value in ROW.items()}
    plain: dict[str, Any] = {"compression": "none", "use_dictionary": False}
    FORMS |= {
        "parquet": ({"data/train-0.parquet": parquet_of([row_of("x/a.jpg", **texts)], **plain),
                     "data/val-0.parquet": parquet_of([row_of("b.jpg", **texts)], **plain)}, ""),
        "parquet, compressed": ({"train/0.parquet": parquet_of([row_of("a.jpg", **texts)]),
                                 "validation/0.parquet": parquet_of([row_of("b.jpg", **texts)])}, ""),
        "parquet, one file": ({"train.parquet": parquet_of([row_of("a.jpg", **ROW)])}, "train.parquet"),
    }  # fmt: skip
