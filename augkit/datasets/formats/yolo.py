"""YOLO: ``data.yaml``, pictures in ``images/``, and their objects in ``labels/``, a text file each.

The rules are those of Ultralytics: the label file of ``images/train/a.jpg`` is ``labels/train/a.txt`` (the last
``/images/`` of the path counts), and a picture without a file or lines shows no object.
`augkit.datasets.yolo.yolo_lines` says what a line is. Also read are darknet's ``obj.data``, as CVAT writes it, and
label files without any settings.

Four corners are an outline or a rotated box, and lines look the same. ``task: obb`` or ``task: segment`` in data.yaml
says which; without it they are rotated boxes where all lines of the data set are the corners of rectangles.

Fractions become pixels here, so the header of every picture with objects is read: one small read a picture, as for its
label file.

Written are pictures in ``images/<split>/[class/]name``, objects in ``labels/<split>/[class/]name.txt``, and
``data.yaml`` for the task that the labels are for. It has no ``path``: so its own folder is meant, wherever it is read
from. Where there are no splits all is train, and data.yaml names no val: a trainer has to be given one.

Reference: https://docs.ultralytics.com/datasets.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from textwrap import indent

from augkit import yaml_file
from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import ATTRIBUTES, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Preparing, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.writing import Part, Record, Whole
from augkit.datasets.yolo.yolo_labels import Labels
from augkit.datasets.yolo.yolo_layout import Layout, label_path
from augkit.datasets.yolo.yolo_loose import is_loose, loose_settings
from augkit.datasets.yolo.yolo_settings import KEPT, settings_file, settings_of
from augkit.datasets.yolo.yolo_writing import HOLDS, lines_of, prepared, task_of


class YoloFormat(Reader, FileWriter, Preparing):
    """Read boxes, outlines, keypoints and rotated boxes; write them."""

    name = "yolo"
    summary = "YOLO: its folder, `data.yaml` or `obj.data`"
    rank = 20
    suffixes = (".yaml", ".yml", ".data")
    reads = HOLDS | {"masks", ATTRIBUTES}  # of CVAT the numbers of tracks
    holds = HOLDS
    unheld = re.compile(r"[\0\ud800-\udfff]")  # of YAML

    def recognises(self, inventory: Inventory) -> bool:
        return settings_file(inventory) is not None or (inventory.is_whole and is_loose(inventory))

    def read(self, inventory: Inventory) -> DataSet:
        files, missing = inventory, dict[str, tuple[Split, str]]()
        splits: Mapping[str, Split | None]
        file = settings_file(inventory)
        if file is None:
            settings, splits = loose_settings(inventory)
        else:
            settings = settings_of(inventory, file)
            layout = Layout(inventory, settings)
            files, splits, missing = layout.files, layout.splits, layout.missing
        labels = Labels(files, settings, splits)
        sources = [
            Source(path, files.sizes[path], split=split, annotations=labels.of(path), fault=labels.faults.get(path, ""))
            for path, split in splits.items()
        ]
        sources += [Source(path, 0, split=split, fault=fault) for path, (split, fault) in missing.items()]
        labels.judge_others()
        data = DataSet.of(self.name, files.root, sources, files.left_out, labels.classes)
        return replace(data, about=settings.about | labels.about, keypoint_names=settings.keypoint_names)

    def prepared(self, data: DataSet, splits: Collection[Split | None]) -> DataSet:
        return prepared(data, splits)

    def folder(self, split: Split | None) -> str:
        return f"images/{split or 'train'}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        lines = "".join(lines_of(part, record)).encode()
        yield label_path(self.place(part, record.name)), lines

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        facts: JsonObject = {split or "train": f"images/{split or 'train'}" for split in whole.splits}
        facts |= {"nc": len(whole.classes), "names": list(whole.classes)}
        if (task := task_of(whole.kinds)) != "detect":
            facts["task"] = task  # four corners are an outline or a rotated box
        for key in ("kpt_shape", "flip_idx") if task == "pose" else ():
            facts |= {key: whole.about[key]} if key in whole.about else {}
        facts |= {key: whole.about[key] for key in KEPT if key in whole.about}
        text = yaml_file.dumps(facts)
        names = {label: points for label, points in whole.keypoint_names if label in whole.classes}
        if task == "pose" and names:
            text += "kpt_names:\n"
            for number, label in enumerate(whole.classes):
                if label in names:  # its keys are numbers
                    text += indent(yaml_file.dumps({"x": list(names[label])}).replace("x:", f"{number}:", 1), "  ")
        yield "data.yaml", [text.encode()]


FORMATS.add("yolo", YoloFormat())
