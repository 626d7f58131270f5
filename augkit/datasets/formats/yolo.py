"""YOLO: ``data.yaml``, pictures in ``images/``, and their objects in ``labels/``, a text file each.

The rules are those of Ultralytics: the label file of ``images/train/a.jpg`` is ``labels/train/a.txt`` (the last
``/images/`` of the path counts), and a picture without a file or lines shows no object. `augkit.datasets.yolo_lines`
says what a line is. Also read are darknet's ``obj.data``, as CVAT writes it, and label files without any settings.

Four corners are an outline or a rotated box, and lines look the same. ``task: obb`` or ``task: segment`` in data.yaml
says which; without it they are rotated boxes where all lines of the data set are the corners of rectangles.

Fractions become pixels here, so the header of every picture with objects is read: one small read a picture, as for its
label file.

Written are pictures in ``images/<split>/[class/]name``, objects in ``labels/<split>/[class/]name.txt``, and
``data.yaml`` for the task that the labels are for. It has no ``path``: so its own folder is meant, wherever it is read
from. Where there are no splits all is train, and data.yaml names no val: a trainer has to be given one.

Reference: https://docs.ultralytics.com/datasets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from augkit import yaml_file
from augkit.core.arrays import JsonObject
from augkit.datasets.data_set import DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.writing import Part, Record, Whole
from augkit.datasets.yolo_labels import Labels
from augkit.datasets.yolo_layout import Layout
from augkit.datasets.yolo_loose import is_loose, loose_settings
from augkit.datasets.yolo_settings import settings_file, settings_of
from augkit.targets.box_forms import described
from augkit.targets.records import Instance


class YoloFormat(Reader, FileWriter):
    """Read boxes, outlines, keypoints and rotated boxes; write them."""

    name = "yolo"
    summary = "YOLO: its folder, `data.yaml` or `obj.data`"
    rank = 20
    suffixes = (".yaml", ".yml", ".data")
    reads = frozenset(("boxes", "polygons", "keypoints", "rotated boxes"))
    holds = frozenset(("boxes",))

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
        return replace(data, about=settings.about, keypoint_names=settings.keypoint_names)

    def folder(self, split: Split | None) -> str:
        return f"images/{split or 'train'}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        lines = "".join(_line(instance, part, record) for instance in record.instances)
        yield f"labels/{part.split or 'train'}/{record.name.rpartition('.')[0]}.txt", lines.encode()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        splits: dict[str, str] = {split or "train": f"images/{split or 'train'}" for split in whole.splits}
        facts: JsonObject = {**splits, "nc": len(whole.classes), "names": list(whole.classes)}
        yield "data.yaml", [yaml_file.dumps(facts).encode()]


def _line(instance: Instance, part: Part, record: Record) -> str:
    """Return a box as class, centre and size, in fractions of the picture."""
    values = described("yolo", instance.box, record.size)
    return f"{part.numbers[instance.label]} {' '.join(f'{value:.6f}' for value in values)}\n"


FORMATS.add("yolo", YoloFormat())
