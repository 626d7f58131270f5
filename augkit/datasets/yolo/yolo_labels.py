"""Labels of a YOLO data set: all its label files, read, and what their lines are taken for."""

import posixpath
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np

from augkit.core.arrays import JsonObject, Points
from augkit.core.spatial import Size
from augkit.core.text_files import text_of
from augkit.datasets.data_set import FLAT, Annotations, Split
from augkit.datasets.inventory import Inventory
from augkit.datasets.yolo.yolo_layout import folders_of, label_of, label_path, mask_path, note_second_folder
from augkit.datasets.yolo.yolo_lines import CORNERS, Form, Row, instance_of, likely, pixels, rows_of
from augkit.datasets.yolo.yolo_loose import name_files, names_in
from augkit.datasets.yolo.yolo_settings import Settings
from augkit.errors import DecodeError, FileError, raise_outage
from augkit.images import upright_size
from augkit.targets.records import of_instances
from augkit.targets.rectangles import are_odd, rectangle_of
from augkit.targets.rotated_boxes import RotatedBoxes

TWICE = "a line that is there twice"
HEADER_BYTES = 65_536  # of most pictures this holds the header; of the others everything is read


class Labels:
    """The labels of pictures.

    Args:
        files: where pictures and labels lie.
        settings: of the data set.
        splits: of the pictures, by their paths.

    Attributes:
        faults: why a picture's labels cannot be believed, by its path.
        classes: the names of the classes.
        is_rotated: the labels are rotated boxes.
        masks: of classes, by the picture's path.

    Raises:
        FileError: no picture has a label file.
    """

    def __init__(self, files: Inventory, settings: Settings, splits: Mapping[str, Split | None]) -> None:
        self.files, self.settings, self.faults = files, settings, dict[str, str]()
        self._pictures = list(splits)
        labels = {path: label for path in splits if (label := label_of(files, path, settings.is_darknet)) is not None}
        masks = {path: mask_path(path, settings.masks) for path in splits} if settings.masks else {}
        self.masks = {path: mask for path, mask in masks.items() if mask in files.pictures and mask not in splits}
        if splits and not labels and not self.masks:
            raise self._unlabelled()
        if self.masks:
            without = {path: mask for path, mask in masks.items() if path not in self.masks}
            self.faults |= {path: f"{mask}: must be there, as other masks are." for path, mask in without.items()}
        self._labels = labels
        is_rotated, count = settings.task == "obb", None if settings.classes is None else len(settings.classes)
        form = Form(count, settings.points, is_rotated)
        self._rows = {path: rows for path, label in labels.items() if (rows := self._read(path, label, form))}
        found = {path: _size_at(files, path) for path in self._rows}
        self._sizes = {path: size for path, size in found.items() if size is not None}
        most = max((row.kind for rows in self._rows.values() for row in rows), default=-1)
        self.classes = settings.classes or tuple(str(number) for number in range(most + 1))
        self.is_rotated = is_rotated or self._are_rectangles()
        self._enclosed = 0

    def _unlabelled(self) -> FileError:
        first = min(self._pictures)
        wanted = label_path(first)
        what = f"must have a label file for one picture at least, got none: that of {first} would be {wanted}."
        near = next((path for path in self.files.sizes if path.lower() == wanted.lower()), None)
        stem = posixpath.basename(wanted)
        near = near or next((path for path in sorted(self.files.sizes) if posixpath.basename(path) == stem), None)
        advice = "Pass the folder of pictures alone where there are no labels."
        if near is not None:
            advice = f"There is {near}: rename its folder."
        return FileError(f"{what} {advice}", str(self.files.root))

    def _read(self, path: str, label: str, form: Form) -> list[Row]:
        """Return the lines of a picture's label file, each once; none, and a fault, where one is malformed."""
        self.files.use(label)
        data = self.files.root.read(label) if self.files.sizes[label] else b""
        try:
            rows = rows_of(text_of(data, label), label, form)
        except FileError as fault:
            raise_outage(fault)
            self.faults[path] = str(fault)
            return []
        once = list(dict.fromkeys(rows))
        self.files.left_out[TWICE] += len(rows) - len(once)
        return once

    def _are_rectangles(self) -> bool:
        """Return whether all lines are corners of rectangles, and tell how four corners are taken."""
        rows = [row for rows in self._rows.values() for row in rows]
        if self.settings.task or self.settings.points[0] or not rows or {len(row.values) for row in rows} != {CORNERS}:
            return False
        odd = sum(int(are_odd(self._corners(path)).sum()) for path in self._sizes)
        if odd:
            self.files.note(
                f"All outlines have 4 corners, {odd:,} of {len(rows):,} of them no right ones: they are outlines. "
                "If they are rotated boxes, write task: obb into data.yaml."
            )
            return False
        self.files.note(
            "All lines are the corners of rectangles: they are rotated boxes. "
            "If they are outlines, write task: segment into data.yaml."
        )
        return True

    def _corners(self, path: str) -> Points:
        """Return the corners (n, 4, 2) in pixels of the lines of a picture that have four."""
        size = self._sizes[path]
        flat = [pixels(row.values, size) for row in self._rows[path] if len(row.values) == CORNERS]
        return np.array(flat, np.float64).reshape(-1, 4, 2)

    # ---- a picture's

    @property
    def about(self) -> JsonObject:
        """The facts of masks: what their numbers mean, and the one that means nothing."""
        return {"mask_classes": list(self.classes), "mask_ignore": 255} if self.masks else {}

    def of(self, path: str) -> Annotations:
        """Return the labels of a picture; none of one that is no picture: that is for the one who decodes it to say."""
        if not self._labels:
            return Annotations({}, self.masks.get(path))
        return replace(self._objects(path), mask=self.masks.get(path))

    def _objects(self, path: str) -> Annotations:
        size, rows = self._sizes.get(path), self._rows.get(path, [])
        if self.is_rotated:
            return self._rotated(path, rows, size)
        if size is None:
            return Annotations(of_instances(()))
        made = [instance_of(self.classes[row.kind], row, self.settings.points, size) for row in rows]
        instances = tuple(instance for instance in made if instance is not None)
        self.files.left_out[FLAT] += len(made) - len(instances)
        return Annotations(of_instances(instances), size=size)

    def _rotated(self, path: str, rows: list[Row], size: Size | None) -> Annotations:
        found: list[tuple[float, ...]] = []
        names: list[str] = []
        for row in rows if size is not None else ():
            box, is_exact = rectangle_of(np.array(pixels(row.values, size or (1, 1))).reshape(-1, 2))
            self._enclosed += not is_exact
            if box is not None:
                found.append(box)
                names.append(self.classes[row.kind])
            self.files.left_out[FLAT] += box is None
        boxes = np.array(found, np.float64).reshape(-1, 5)
        return Annotations({RotatedBoxes.name: RotatedBoxes(boxes, names)}, size=size)

    # ---- the rest

    def judge_others(self) -> None:
        """Note what else lies where labels do, and tell what was made of these."""
        files = self.files
        if self._enclosed:
            files.note(
                f"{self._enclosed:,} rotated boxes have no right corners: each is the smallest around its points."
            )
        files.use(*(path for path in files.sizes if path.endswith(".cache") or self._is_picture_cache(path)))
        for path in name_files(files, self._labels.values()):
            if path not in files.used and names_in(files, path) != self.classes:
                advice = "It names other classes than the data set's settings."
                files.unread("file", path, f"{files.root}/{path}", advice)
        folders = folders_of((*self._labels.values(), *map(label_path, self._pictures)))
        for path in sorted(files.sizes):
            is_label = path.lower().endswith(".txt") and posixpath.dirname(path) in folders and path not in files.used
            if is_label and likely(files.head(path)):
                files.unread("file", path, f"{files.root}/{path}", "No picture of the data set has its name.")
        note_second_folder(
            files, self._pictures, sorted(files.pictures.keys() - {*self._pictures, *self.masks.values()})
        )

    def _is_picture_cache(self, path: str) -> bool:
        """Return whether a file is a picture's pixels, as Ultralytics keeps them beside it with ``cache=disk``."""
        if not path.endswith(".npy"):
            return False
        stem = path[: -len(".npy")]
        return any(posixpath.splitext(picture)[0] == stem for picture in self._pictures) and (
            b"|u1" in self.files.head(path, 128)
        )


def _size_at(files: Inventory, path: str) -> Size | None:
    """Return the (height, width) of a picture; None if it is none."""
    size = files.sizes[path]
    for count in sorted({min(size, HEADER_BYTES), size} - {0}):
        with suppress(DecodeError):
            return upright_size(files.root.read(path, 0, count))
    return None
