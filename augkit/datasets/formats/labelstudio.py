"""Label Studio: one JSON file of tasks, as ``JSON`` or ``JSON_MIN``, and the pictures.

A task's picture is found by what its data says: a path after ``/data/local-files/?d=``, a name after
``/data/upload/1/`` with or without the eight digits that Label Studio puts before it, a URL, or a path; its last parts
are looked for among the files that are there.

    rectanglelabels   boxes; with ``rotation`` rotated ones
    polygonlabels     outlines           ellipselabels   outlines that lie within 0.05 px
    vectorlabels      lines              brushlabels     run lengths
    keypointlabels    keypoints; of an object where they lie below its region
    choices           the class of the picture, or several
    textarea, rating, number, taxonomy   attributes

Read is the annotation that is marked as the ground truth, or else the newest; skipped ones (``was_cancelled``) count
as none, and others are refused unless ignored, as ``annotations.others``. Tasks without annotations, predictions and
drafts are told. Splits are folders.

Written is ``images/[split/][class/]name``, ``tasks.json`` and ``label_config.xml``, for a project whose local storage
is OUT. Reference: https://labelstud.io/guide/task_format and https://labelstud.io/guide/export.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

from augkit.core.arrays import Json, JsonObject, Label
from augkit.core.text_files import json_of
from augkit.core.xml_files import xml_value
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.drawing.labelstudio_regions import ANSWERS, Answers, answers_in, results_of
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.named_pictures import NamedPictures, refuse_twins, splits_by_folders
from augkit.datasets.naming import is_picture
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import FileError, raise_outage
from augkit.targets.columns import shown
from augkit.targets.shapes import KEYPOINTS, are_for_objects, joined_names, shapes_of, targets_of

PICTURES, FILE, CONFIG = "images", "tasks.json", "label_config.xml"
LOCAL = "/data/local-files/?d="
LOOKED_AT, MOST_NAMED = 50, 3
UNANNOTATED = "a task that nobody has annotated"
_MARKS = "original_width annotation_id was_cancelled completed_by file_upload total_annotations to_name rectanglelabels"
_MARKS += " polygonlabels brushlabels keypointlabels ellipselabels"
_MARK = re.compile(rb'"(' + _MARKS.replace(" ", "|").encode() + rb')"\s*:')
_SPECIAL = re.compile(r"[%&+;#]")  # in the query of an address
_DIGITS = re.compile(r"^[0-9a-f]{8}-")
_TASK = {
    "id",
    "annotations",
    "completions",
    "file_upload",
    "drafts",
    "predictions",
    "data",
    "meta",
    "inner_id",
    "result",
}
_TASK |= {"created_at", "updated_at", "project", "updated_by", "comment_authors", "is_labeled", "overlap", "lead_time"}
_TASK |= {"total_annotations", "cancelled_annotations", "total_predictions", "comment_count", "state", "allow_skip"}
_TASK |= {"unresolved_comment_count", "last_comment_updated_at", "agreement", "precomputed_agreement", "annotators"}
_TASK |= {"storage_filename", "annotations_ids", "annotations_results", "avg_lead_time", "completed_at", "reviews"}
_MINIMAL = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}


class LabelStudioFormat(Reader, FileWriter):
    """Read and write regions: boxes, outlines, rotated boxes, lines, keypoints, masks of objects, and choices."""

    name = "labelstudio"
    summary = "Label Studio: its JSON or JSON_MIN export, and the pictures"
    rank = 7
    holds_labels = True
    reads = frozenset(("boxes", "polygons", "keypoints", "rotated boxes", "polylines", "attributes"))
    holds = reads
    unheld = re.compile(r"\A\Z")

    def recognises(self, inventory: Inventory) -> bool:
        return any(_is_labelstudio(inventory, path) for path in _files(inventory)[:LOOKED_AT])

    def read(self, inventory: Inventory) -> DataSet:
        named, root = NamedPictures(inventory), inventory.root
        entries: dict[str, _Entry] = {}
        for path in _files(inventory):
            if _is_labelstudio(inventory, path):
                _read_file(inventory, named, path, entries)
        if CONFIG in inventory.sizes and b"<View" in inventory.head(CONFIG):
            inventory.use(CONFIG)
        missing = [entry.id for entry in entries.values() if entry.size is None]
        if entries and len(missing) == len(entries):
            names = ", ".join(map(repr, missing[:MOST_NAMED]))
            what = f"must have its pictures below it, got none of {len(missing):,} ({names})."
            raise FileError(f"{what} Put the pictures that were imported beside the export.", str(root))
        known: dict[str, list[str]] = {}
        for entry in entries.values():
            for label, listed in entry.answers.names.items():
                known.setdefault(label, []).extend(name for name in listed if name not in known[label])
        names_of = joined_names((entry.answers.shapes for entry in entries.values()), known)
        splits = splits_by_folders(entries, inventory) if inventory.is_whole else {}
        is_said = any(entry.label is not None for entry in entries.values())
        for_objects = are_for_objects((entry.answers.shapes for entry in entries.values()), is_said)
        sources = [_source(inventory, entry, names_of, splits.get(entry.id), for_objects) for entry in entries.values()]
        found = {shape.label for entry in entries.values() for shape in entry.answers.shapes if shape.kind != "points"}
        found |= {source.label for source in sources if isinstance(source.label, str)} | names_of.keys()
        refuse_twins(entries, inventory)
        data = DataSet.of(self.name, root, sources, inventory.left_out, sorted(found))
        return replace(data, keypoint_names=tuple(names_of.items()))

    def folder(self, split: Split | None) -> str:
        return f"{PICTURES}/{split}/" if split else f"{PICTURES}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        return ()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        yield FILE, _content(whole)
        yield CONFIG, [_config(whole)]


# ---- read


@dataclass
class _Entry:
    """What is said of one picture."""

    id: str
    size: int | None  # in bytes; None where it is missing
    answers: Answers = field(default_factory=Answers)
    label: Label = None
    attributes: JsonObject = field(default_factory=dict)
    fault: str = ""


def _files(inventory: Inventory) -> list[str]:
    found = sorted(inventory.sizes) if inventory.file is None else [inventory.file]
    return [path for path in found if path.lower().endswith(".json")]


def _is_labelstudio(inventory: Inventory, path: str) -> bool:
    head = inventory.head(path)
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"[") and _MARK.search(head) is not None


def _read_file(inventory: Inventory, named: NamedPictures, path: str, entries: dict[str, _Entry]) -> None:
    where = f"{inventory.root}/{path}"
    tasks = json_of(inventory.read(path), where)
    if not isinstance(tasks, list):
        raise FileError(f"must be a list of tasks, got {shown(tasks)}.", where)
    others: dict[str, int] = {}
    for place, task in enumerate(tasks):
        here = f"{where} [{place}]"
        if not isinstance(task, dict):
            raise FileError(f"must be a task, got {shown(task)}.", here)
        is_minimal = "annotations" not in task and "completions" not in task and "data" not in task
        entry = _entry(inventory, named, _of_minimal(task) if is_minimal else task, here, others)
        if entry is None:
            continue
        if entry.id in entries:
            advice = f"{entry.id} has an annotation already: read is the first."
            inventory.unread("key", "annotations.others", here, advice)
            continue
        entries[entry.id] = entry
    for name, count in others.items():
        inventory.note(f"The {name} of {count:,} tasks are not read.")


def _of_minimal(row: JsonObject) -> JsonObject:
    """Return a row of JSON_MIN as a task: every other key is what its control says."""
    data: JsonObject = {}
    results: list[Json] = []
    for key, value in row.items():
        if key in _MINIMAL:
            continue
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            results += [_of_region(key, one, f"{key}-{place}") for place, one in enumerate(value)]
        elif isinstance(value, str) and _is_reference(value):
            data[key] = value
        elif isinstance(value, dict) and any(name in value for name in ANSWERS):
            kind = next(name for name in ANSWERS if name in value)
            results.append({"type": kind, "from_name": key, "value": value})
        elif isinstance(value, str) and value:
            results.append({"type": "choices", "from_name": key, "value": {"choices": [value]}})
        elif value not in (None, "", [], {}):
            data[key] = value
    return {"data": data, "id": row.get("id"), "annotations": [{"result": results}]}


def _of_region(name: str, value: JsonObject, id: str) -> JsonObject:
    sizes: JsonObject = {
        key: value[key] for key in ("original_width", "original_height", "image_rotation") if key in value
    }
    rest = {key: one for key, one in value.items() if key not in sizes}
    kind = next((key for key in rest if key.endswith("labels") and key != "labels"), "")
    kind = kind or next((key for key in ANSWERS if key in rest), "labels")
    return {"type": kind, "from_name": name, "id": id, "value": rest, **sizes}


def _is_reference(text: str) -> bool:
    return is_picture(_paths_of(text)[-1])


def _entry(
    inventory: Inventory, named: NamedPictures, task: JsonObject, where: str, others: dict[str, int]
) -> _Entry | None:
    data = task.get("data")
    if not isinstance(data, dict):
        raise FileError(f"must have data, got {shown(data)}.", where)
    reference = _reference(data, task)
    if reference is None:
        raise FileError("must name its picture in data, got none.", f"{where}.data")
    key, text = reference
    for name, value in data.items():
        if name != key and value not in (None, "", [], {}):
            inventory.unread("key", f"data.{name}", where)
    for name, value in task.items():
        if name not in _TASK and value not in (None, "", [], {}):
            inventory.unread("key", f"tasks.{name}", where)
    for name in ("predictions", "drafts"):
        if task.get(name):
            others[name] = others.get(name, 0) + 1
    chosen = _chosen(inventory, task, where)
    if chosen is None:
        inventory.left_out[UNANNOTATED] += 1
        picture = _found(named, text, task)
        inventory.use(*([picture] if picture else []))
        return None
    picture = _found(named, text, task)
    entry = _Entry(picture or _paths_of(text)[-1], inventory.sizes[picture] if picture else None)
    try:
        _read(inventory, chosen, task, entry, where)
    except FileError as wrong:
        raise_outage(wrong)
        entry.fault = str(wrong)
    if picture is None:
        entry.fault = f"{where}: must be there as a file, got none for {text!r:.80}."
    return entry


def _reference(data: JsonObject, task: JsonObject) -> tuple[str, str] | None:
    """Return the key of a task's data that names its picture, and what it says."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    named = [key for key in texts if key.lower() in ("image", "img", "picture", "photo", "url", "image_url")]
    pictures = [key for key, text in texts.items() if _is_reference(text)]
    key = next(iter([*(key for key in named if key in pictures), *pictures, *named]), None)
    return None if key is None else (key, texts[key])


def _paths_of(text: str) -> list[str]:
    """Return what a reference to a picture may mean below the root, the fullest path first.

    >>> _paths_of("/data/local-files/?d=a/b.jpg"), _paths_of("https://x.org/c/d%20e.jpg?v=1")
    (['a/b.jpg', 'b.jpg'], ['c/d e.jpg', 'd e.jpg'])
    """
    try:
        parts = urlsplit(text.replace("\\", "/"))
        asked = parse_qs(parts.query).get("d") or parse_qs(parts.query).get("fileuri")
        path = asked[0] if asked else unquote(parts.path)
    except ValueError:  # a URL that is none
        path = text
    names = [name for name in path.replace("\\", "/").split("/") if name not in ("", ".", "..")]
    return ["/".join(names[place:]) for place in range(len(names))] or [text]


def _found(named: NamedPictures, text: str, task: JsonObject) -> str | None:
    paths = _paths_of(text)
    upload = task.get("file_upload")
    names = list(dict.fromkeys([paths[-1], upload if isinstance(upload, str) and upload else paths[-1]]))
    names += [_DIGITS.sub("", name) for name in names if _DIGITS.match(name)]
    at = named.at(*(posixpath.join(folder, path) for path in paths for folder in ("", PICTURES)))
    return at or next((found for name in names if (found := named.called(name, posixpath.dirname(paths[0])))), None)


def _chosen(inventory: Inventory, task: JsonObject, where: str) -> JsonObject | None:
    """Return the annotation that counts, or None where nobody has annotated."""
    given = task.get("annotations", task.get("completions"))
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise FileError(f"must be a list of annotations, got {shown(given)}.", f"{where}.annotations")
    for one in given:
        for name in ("was_cancelled", "skipped", "ground_truth"):
            if one.get(name) not in (None, False, True):
                raise FileError(f"must be true or false, got {shown(one[name])}.", f"{where}.annotations.{name}")
    left = [one for one in given if not (one.get("was_cancelled") or one.get("skipped"))]
    if not left:
        return None
    left.sort(
        key=lambda one: (bool(one.get("ground_truth")), str(one.get("updated_at") or one.get("created_at") or ""))
    )
    if len(left) > 1:
        advice = "Several people annotated a task: read is the ground truth, or else the newest."
        inventory.unread("key", "annotations.others", where, advice)
    chosen: JsonObject = left[-1]
    return chosen


def _read(inventory: Inventory, chosen: JsonObject, task: JsonObject, entry: _Entry, where: str) -> None:
    results = chosen.get("result")
    if not isinstance(results, list):
        raise FileError(f"must be a list, got {shown(results)}.", f"{where}.annotations.result")
    unread = partial(inventory.unread, "key")
    entry.answers = answers_in(results, f"{where}.annotations", unread)
    choices = entry.answers.choices
    picked = [names[0] if len(names) == 1 else names for names in choices.values()]
    entry.label = picked[0] if len(picked) == 1 else dict(zip(choices, picked, strict=True)) or None
    meta = task.get("meta") or {}
    own = meta.get("augkit") if isinstance(meta, dict) else None
    if isinstance(own, dict):
        entry.label = own.get("label", entry.label)
        entry.attributes |= own["attributes"] if isinstance(own.get("attributes"), dict) else {}
    elif meta:
        entry.attributes["meta"] = meta
    entry.attributes |= entry.answers.others


def _source(
    inventory: Inventory, entry: _Entry, names: dict[str, tuple[str, ...]], split: Split | None, for_objects: bool
) -> Source:
    size = entry.size or 0
    if entry.fault:
        return Source(entry.id, size, None, split, fault=entry.fault)
    targets, own, flat = targets_of(entry.answers.shapes, names, for_objects)
    inventory.left_out[FLAT] += flat
    annotations = Annotations(targets, None, entry.answers.size)
    attributes = {**entry.attributes, **own} or None
    return Source(entry.id, size, entry.label, split, annotations=annotations, attributes=attributes)


# ---- written


def _content(whole: Whole) -> Iterator[bytes]:
    names = dict(whole.keypoint_names)
    yield b"["
    for number, (id, record) in enumerate(whole.records(), 1):
        text = json.dumps(_task(number, id, record, names), ensure_ascii=False, allow_nan=False)
        yield (b"\n" if number == 1 else b",\n") + text.encode("utf-8", "backslashreplace")
    yield b"\n]\n"


def _task(number: int, id: str, record: Record, names: dict[str, tuple[str, ...]]) -> JsonObject:
    shapes = list(shapes_of(record.targets, record.size, names, record.attributes))
    results = list(results_of(shapes, record.size, number))
    label, own = record.label, JsonObject()
    picked: Sequence[Json] = [label] if isinstance(label, str) else label if isinstance(label, list) else []
    if picked and all(isinstance(name, str) for name in picked) and (isinstance(label, str) or len(picked) > 1):
        choice = {"type": "choices", "from_name": "choice", "to_name": "image", "value": {"choices": list(picked)}}
        results.append({"id": f"t{number}c", **choice})
    elif label is not None:
        own["label"] = label
    attributes = {name: value for name, value in record.attributes.items() if name != KEYPOINTS}
    own |= {"attributes": attributes} if attributes else {}
    annotation = {"id": number, "was_cancelled": False, "ground_truth": False, "result": results}
    task: JsonObject = {
        "id": number,
        "data": {"image": LOCAL + _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", id)},
        "annotations": [annotation],
        "predictions": [],
    }
    return task | ({"meta": {"augkit": own}} if own else {})


def _config(whole: Whole) -> bytes:
    """Return the labelling interface that shows what was written."""
    labels = "".join(f"    <Label value={xml_value(name)}/>\n" for name in whole.classes)
    points = list(dict.fromkeys(name for _, names in whole.keypoint_names for name in names))
    named = "".join(f"    <Label value={xml_value(name)}/>\n" for name in points)
    lines = ['<View>\n  <Image name="image" value="$image"/>\n']
    for tag, name in (("Rectangle", "rectangle"), ("Polygon", "polygon"), ("Brush", "brush"), ("Vector", "vector")):
        lines.append(f'  <{tag}Labels name="{name}" toName="image">\n{labels}  </{tag}Labels>\n')
    lines.append(f'  <KeyPointLabels name="keypoint" toName="image">\n{named or labels}  </KeyPointLabels>\n')
    choices = labels.replace("<Label ", "<Choice ")
    lines.append(f'  <Choices name="choice" toName="image" choice="multiple">\n{choices}  </Choices>\n</View>\n')
    return "".join(lines).encode("utf-8", "replace")


FORMATS.add("labelstudio", LabelStudioFormat())
