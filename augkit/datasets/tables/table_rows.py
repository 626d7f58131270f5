"""Rows of tables: what each says of its picture, whatever the columns are called; see `table_columns`.

What is wrong with a row costs its picture, as a fault.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.spatial import Size
from augkit.core.text_files import json_of
from augkit.datasets.data_set import Source, Split
from augkit.datasets.fields import FIELDS, annotations_of
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_files import NamedFiles
from augkit.datasets.naming import is_picture, split_named
from augkit.datasets.places import Linked, Place
from augkit.datasets.tables.table_columns import Roles, is_hot
from augkit.datasets.tables.table_files import Row, Table
from augkit.datasets.tables.table_regions import (
    OBJECT,
    REGION_LABELS,
    around_points,
    box_of_numbers,
    class_name,
    coco_box,
    fact_of,
    is_true,
    number_of,
    objects_of,
    plain_fact,
    region_of,
    size_at,
)
from augkit.errors import FileError, listed, raise_outage
from augkit.storage.web_files import is_url, without_rights

_OWNERS = (
    ("box_", ("boxes", "polygons")),
    ("crowds", ("boxes", "polygons")),
    ("rotated_box_", ("rotated_boxes",)),
    ("polyline_", ("polylines",)),
)
FRACTIONS = "Boxes of {} are read as fractions of the pictures' sides."
COCO_BOXES = "Boxes of {} are read as COCO's: left, top, width, height."
NO_CLASSES = f"Boxes of {{}} have no class: they are called {OBJECT}."


@dataclass
class Described:
    """What the rows of one picture say of it, so far.

    Args:
        path: where it lies, or None if it is missing.
        where: its first row, for messages.
        named: as the row names it.
        place, bytes: of a picture that is part of a file.
    """

    path: str | None
    where: str
    named: str
    place: Place | None = None
    bytes: int | None = None
    label: Label = None
    split: Split | None = None
    group: str | None = None
    id: str | None = None
    mask: Place | None = None
    size: Size | None = None
    fields: dict[str, Json] = field(default_factory=dict)
    attributes: JsonObject = field(default_factory=dict)
    left: JsonObject = field(default_factory=dict)
    fault: str = ""
    regions: dict[str, list[Json]] = field(default_factory=dict)  # one a row, by kind of field

    def blame(self, fault: FileError | str) -> None:
        self.fault = self.fault or str(fault)


class Rows:
    """The rows of one table.

    Args:
        inventory: of the data set.
        table: the table.
        roles: what its columns mean.
        files: finds the files that it names.
    """

    def __init__(self, inventory: Inventory, table: Table, roles: Roles, files: NamedFiles) -> None:
        self.inventory, self.table, self.roles, self.files = inventory, table, roles, files
        self.where = f"{inventory.root}/{table.path}"
        self.is_fraction = self._is_fraction()
        self.is_single = bool(roles.hot) and all(sum(map(is_hot, self._hot(row))) == 1 for row in table.rows)
        kinds = [roles.box_list, roles.objects]
        if any(kinds):
            self.inventory.note(COCO_BOXES.format(table.path))
        if roles.boxes is not None and roles.label is None:
            self.inventory.note(NO_CLASSES.format(table.path))

    def pictures(self) -> list[Described]:
        """Return what the table says, by picture, in the order of their first rows.

        Raises:
            FileError: a row names no picture, or one again that has a row of its own.
        """
        found: dict[str, Described] = {}
        for row in self.table.rows:
            here = f"{self.inventory.root}/{self.table.place(row.line)}"
            picture = self._picture(row, here)
            key = picture.id or picture.path or picture.named
            if key in found and not self.roles.is_row_a_box:
                raise FileError(f"must have an id of its own, got {key!r} again.", here)
            self.fill(found.setdefault(key, picture), row, here)
        return list(found.values())

    def _picture(self, row: Row, here: str) -> Described:
        name = row.cells.get(self.roles.image)
        if name is None:
            known = ", ".join(row.cells)[:80] or "none"
            raise FileError(f"must have a column {self.roles.image}, got {known}.", here)
        if not isinstance(name, str):
            raise FileError(f"must be the path of a file, got {name!r:.60}.", f"{here} {self.roles.image}")
        place = Linked(name) if self.inventory.root.trust.urls and is_url(name) else None
        path = self.files.find(name, f"{here} {self.roles.image}") if place is None else without_rights(name)
        if path is not None and place is None and not is_picture(path):
            path = None
        id = row.cells.get(self.roles.id) if self.roles.id else None
        if id is not None and (not isinstance(id, str | int) or "\0" in str(id)):
            raise FileError(f"must be text, got {id!r:.60}.", f"{here} id")
        named = without_rights(name) if is_url(name) else name
        return Described(path, self.table.place(row.line), named, place, id=None if id is None else str(id))

    def fill(self, picture: Described, row: Row, here: str) -> None:
        """Add what a row says to its picture; `here` is its place for messages of what is no fault of one picture.

        Raises:
            FileError: its split is none, or its mask no path.
        """
        roles, cells = self.roles, row.cells
        place = self.table.place(row.line)
        if row.fault:
            picture.blame(f"{place}: {row.fault}")
            return
        split = split_named(cells.get(roles.split), here) if roles.split else None
        if split and picture.split and split != picture.split:
            raise FileError(f"must be one for all rows of a picture, {picture.split}, got {split}.", f"{here} split")
        picture.split = picture.split or split
        if roles.group and roles.group in cells:
            picture.group = text_of_cell(cells[roles.group])
        if roles.mask and cells.get(roles.mask) is not None:
            self._mask(picture, cells[roles.mask], here, place)
        picture.left |= {name: cells[name] for name in roles.left if name in cells}
        picture.attributes |= {plain_fact(name): cells[name] for name in roles.facts if name in cells}
        try:
            if roles.is_row_a_box:
                self._region(picture, cells, place)
            else:
                picture.label = self._label(row)
            self._fields(picture, cells, place)
        except FileError as fault:
            raise_outage(fault)
            picture.blame(fault)

    def _mask(self, picture: Described, value: Json, here: str, place: str) -> None:
        if not isinstance(value, str):
            raise FileError(f"must be the path of a file, got {value!r:.60}.", f"{here} {self.roles.mask}")
        picture.mask = self.files.find(value, f"{here} {self.roles.mask}")
        if picture.mask is None:
            picture.blame(f"{place} {self.roles.mask}: must be a file that is there, got {value!r:.80}.")
        else:
            self.inventory.use(picture.mask)

    def _label(self, row: Row) -> Label:
        if self.roles.label_json and self.roles.label_json in row.cells:
            return self._json(row.cells[self.roles.label_json], f"{self.table.place(row.line)} {self.roles.label_json}")
        if not self.roles.hot:
            return row.cells.get(self.roles.label) if self.roles.label else None
        named = [name for name, cell in zip(self.roles.hot, self._hot(row), strict=True) if is_hot(cell)]
        return named[0] if self.is_single else named

    def _hot(self, row: Row) -> list[Json]:
        return [row.cells.get(name) for name in self.roles.hot]

    def _fields(self, picture: Described, cells: JsonObject, place: str) -> None:
        roles = self.roles
        for name, column in roles.fields.items():
            if column in cells:
                picture.fields[name] = self._json(cells[column], f"{place} {column}")
        if roles.attributes and roles.attributes in cells:
            value = self._json(cells[roles.attributes], f"{place} {roles.attributes}")
            if not isinstance(value, dict):
                raise FileError(f"must be an object, got {value!r:.60}.", f"{place} {roles.attributes}")
            picture.attributes |= value
        if roles.objects and roles.objects in cells:
            value = self._json(cells[roles.objects], f"{place} {roles.objects}")
            found, unknown = objects_of(value, f"{place} {roles.objects}")
            picture.fields |= found
            if set(found["box_labels"] or ()) == {OBJECT}:
                self.inventory.note(NO_CLASSES.format(self.table.path))
            for name in unknown:
                self.inventory.unread("key", f"{roles.objects}.{name}", f"{self.inventory.root}/{place}")
        if roles.sizes and all(name in cells for name in roles.sizes):
            height, width = (number_of(cells[name], f"{place} {name}") for name in roles.sizes)
            picture.size = int(height), int(width)

    def _region(self, picture: Described, cells: JsonObject, place: str) -> None:
        """Add the box, or the other shape, of a row that holds one."""
        roles = self.roles
        facts: JsonObject = {plain_fact(name): fact_of(cells[name]) for name in roles.box_facts if name in cells}
        picture.regions.setdefault("boxes", [])
        label: Json = cells.get(roles.label) if roles.label else None
        if roles.region is not None:
            picture.attributes |= facts
            self._via(picture, cells, place)
            return
        found: list[list[float]] = []
        if roles.boxes is not None:
            form, columns = roles.boxes
            present = [name for name in columns if name in cells]
            if present:
                values = [number_of(cells.get(name), f"{place} {name}") for name in columns]
                found.append(box_of_numbers(form, values, self._scale(picture, cells, place), place))
            elif label is not None:
                raise FileError(f"must have a box for {label!r:.60}, got none.", place)
        elif roles.box_list and roles.box_list in cells:
            value = self._json(cells[roles.box_list], f"{place} {roles.box_list}")
            lists = [value] if isinstance(value, list) and value and not isinstance(value[0], list) else value
            if not isinstance(lists, list):
                raise FileError(f"must be numbers, got {value!r:.60}.", f"{place} {roles.box_list}")
            found += [coco_box(one, f"{place} {roles.box_list}[{n}]") for n, one in enumerate(lists)]
        if not found:
            picture.attributes |= facts
        elif roles.label and label is None:
            raise FileError(f"must have a {roles.label} for its box, got none.", place)
        labels = label if isinstance(label, list) else [label] * len(found)
        if len(labels) != len(found):
            raise FileError(f"must have a class each, {len(found)}, got {len(labels)}.", place)
        for box, one in zip(found, labels, strict=True):
            self._add(picture, "boxes", list(box), class_name(one, (), f"{place} {roles.label}"), facts)
            picture.regions.setdefault("crowds", []).append(is_true(cells.get(roles.crowd)) if roles.crowd else False)

    def _via(self, picture: Described, cells: JsonObject, place: str) -> None:
        roles = self.roles
        facts, shape, more = (
            self._json(cells[name], f"{place} {name}") if name and name in cells else {}
            for name in (roles.region_facts, roles.region, roles.file_facts)
        )
        if not all(isinstance(part, dict) for part in (facts, shape, more)):
            raise FileError("must have attributes that are objects.", place)
        picture.attributes |= {name: value for name, value in more.items() if value != ""}
        if not shape:
            return
        names = {name.lower(): name for name in facts}
        first = next((names[name] for name in REGION_LABELS if name in names), None)
        if first is None and len(facts) == 1:
            first = next(iter(facts))
        label = None if first is None else facts.pop(first)
        if isinstance(label, dict):  # of checkboxes
            label = next((name for name, value in label.items() if value), None)
        kind, value = region_of(shape, f"{place} {roles.region}")
        if kind == "keypoints":
            picture.regions.setdefault(kind, []).append(value)
            return
        name = OBJECT if label in (None, "") else str(label)
        self._add(picture, kind, value, name, {name: value for name, value in facts.items() if value != ""})

    def _add(self, picture: Described, kind: str, value: Json, label: str, facts: JsonObject) -> None:
        regions = picture.regions
        if kind == "polylines":
            regions.setdefault("polylines", []).append(value)
            regions.setdefault("polyline_labels", []).append(label)
            regions.setdefault("polyline_attributes", []).append(facts)
            return
        ring = value if kind == "polygons" else []
        box = around_points(value) if kind == "polygons" else value
        for name, one in (("boxes", box), ("polygons", ring), ("box_labels", label), ("box_attributes", facts)):
            regions.setdefault(name, []).append(one)

    def _scale(self, picture: Described, cells: JsonObject, place: str) -> tuple[float, float]:
        if not self.is_fraction:
            return 1.0, 1.0
        if picture.size is None and self.roles.sizes and all(name in cells for name in self.roles.sizes):
            height, width = (number_of(cells[name], f"{place} {name}") for name in self.roles.sizes)
            picture.size = int(height), int(width)
        if picture.size is None and picture.path is not None:
            picture.size = size_at(self.inventory, picture.place or picture.path)
        if picture.size is None:
            raise FileError("must have a picture whose size is known, as its boxes are fractions of it.", place)
        return float(picture.size[1]), float(picture.size[0])

    def _is_fraction(self) -> bool:
        """Return whether all numbers of boxes are at most 1, and some is none of 0 and 1."""
        if self.roles.boxes is None:
            return False
        found: list[float] = []
        for name in self.roles.boxes[1]:
            for cell in self.table.column(name):
                with suppress(FileError):
                    found.append(number_of(cell, ""))
        is_fraction = bool(found) and max(found) <= 1.0 and any(value % 1.0 for value in found)
        if is_fraction:
            self.inventory.note(FRACTIONS.format(self.table.path))
        return is_fraction

    def _json(self, value: Json, where: str) -> Json:
        """Return what a cell holds: in CSV, JSON as text, also as Python writes lists."""
        if not isinstance(value, str):
            return value
        with suppress(FileError):
            return json_of(value.replace("'", '"'), where)
        try:
            return json_of(value, where)
        except FileError as fault:
            raise FileError(fault.message, where) from None

    def source(self, picture: Described, split: Split | None) -> Source:
        """Return a picture as a source, with what is wrong with it."""
        fields, annotations = dict(picture.fields), None
        for name, values in picture.regions.items():
            says = any(values) or name in ("boxes", "box_labels")
            if says and (name in FIELDS):
                fields[name] = values
        if picture.size is not None:
            fields.setdefault("picture_size", list(picture.size))
        is_said = picture.mask is not None or any(name != "picture_size" for name in fields)
        if picture.path is None:
            advice = " Pass --allow-urls to read it from there." if is_url(picture.named) else ""
            picture.blame(f"{picture.where}: must be a picture that is there, got {picture.named!r:.80}.{advice}")
        if is_said and not picture.fault:
            try:
                _require_owners(fields, picture.where)
                counts = self.inventory.left_out
                annotations = annotations_of(fields, picture.label, picture.mask, picture.where, counts)
            except FileError as fault:
                raise_outage(fault)
                picture.blame(fault)
        path, place = picture.path or picture.named, picture.place
        size = self.inventory.sizes.get(path, 0) if picture.bytes is None else picture.bytes
        if place is None and picture.id not in (None, path):
            place = path
        split, id = picture.split or split, picture.id or path
        attributes = picture.attributes or None
        return Source(id, size, picture.label, split, picture.group, place, annotations, picture.fault, attributes)


def _require_owners(fields: Mapping[str, Json], where: str) -> None:
    """Refuse a field that is about the entries of another one, which is missing."""
    for name, value in fields.items():
        owners = next((owners for start, owners in _OWNERS if name.startswith(start) and name not in owners), ())
        if value and owners and not any(fields.get(owner) is not None for owner in owners):
            raise FileError(f"must come with {listed(owners)}, got none.", f"{where} {name}")


def text_of_cell(value: Json) -> str:
    """Return a value as the text of a column."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
