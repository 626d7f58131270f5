"""YOLO: ``data.yaml``, pictures in ``images/``, and their objects in ``labels/``, a text file each.

The rules are those of Ultralytics: the label file of ``images/train/a.jpg`` is ``labels/train/a.txt`` (the last
``/images/`` of the path counts), a line is ``class x y width height`` in fractions of the picture's sides, x and y
being the middle, or ``class x y x y ...`` for an outline, and a picture without a file or lines shows no object.

Fractions become pixels here, so the header of every picture with objects is read: one small read a picture, as for its
label file.

Written are pictures in ``images/<split>/[class/]name``, boxes in ``labels/<split>/[class/]name.txt``, and
``data.yaml``. Where there are no splits all is train, and data.yaml names no val: a trainer has to be given one.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from augkit import yaml_file
from augkit.core.arrays import Json, JsonObject
from augkit.core.spatial import Size
from augkit.core.text_files import text_of
from augkit.datasets.data_set import FLAT, Annotations, DataSet, Source, Split
from augkit.datasets.format import FORMATS, FileWriter, Reader
from augkit.datasets.inventory import Inventory
from augkit.datasets.naming import SPLIT_NAMES, is_picture
from augkit.datasets.writing import Part, Record, Whole
from augkit.errors import DecodeError, FileError
from augkit.images import upright_size
from augkit.storage.root import Root
from augkit.targets.box_forms import described, edges
from augkit.targets.polygons import around, box_of
from augkit.targets.records import Instance, of_instances
from augkit.yaml_file import Document

NAMES = ("data.yaml", "data.yml", "dataset.yaml")
MISSING = "a picture that is missing"
SLACK = 0.01  # beyond the picture's edges: what rounding leaves there
HEADER_BYTES = 65_536  # of most pictures this holds the header; of the others everything is read
_NUMBER_KEY = re.compile(r"(?m)(^\s*|[{,]\s*)([0-9]+)(?=\s*:(\s|$))")  # where a key may begin


class YoloFormat(Reader, FileWriter):
    """Read boxes and outlines; write boxes."""

    name = "yolo"
    summary = "YOLO: its folder, or `data.yaml`"
    rank = 20
    suffixes = (".yaml", ".yml")
    reads = frozenset(("boxes", "polygons"))
    holds = frozenset(("boxes",))

    def recognises(self, inventory: Inventory) -> bool:
        if inventory.file is not None:
            return inventory.file.lower().endswith(self.suffixes)
        return any(name in inventory.sizes for name in NAMES)

    def read(self, inventory: Inventory) -> DataSet:
        root = inventory.root
        name = inventory.file or next(name for name in NAMES if name in inventory.sizes)
        inventory.use(name)
        where = f"{root}/{name}"
        document = yaml_file.parse(with_quoted_keys(text_of(root.read(name), where)), where)
        left_out, sizes = inventory.left_out, inventory.sizes
        settings = _Settings(document)
        pictures = _listed(root, settings, sizes, left_out)
        inventory.use(*(label_path(path) for path in pictures))
        sources = [
            Source(path, sizes[path], split=split, annotations=_annotations(root, path, sizes, settings, left_out))
            for path, split in pictures.items()
        ]
        return DataSet.of(self.name, root, sources, left_out, settings.classes)

    def folder(self, split: Split | None) -> str:
        return f"images/{split or 'train'}/"

    def beside(self, part: Part, record: Record, mask: bytes | None) -> Iterable[tuple[str, bytes]]:
        lines = "".join(_line(instance, part, record) for instance in record.instances)
        yield f"labels/{part.split or 'train'}/{record.name.rpartition('.')[0]}.txt", lines.encode()

    def whole(self, whole: Whole) -> Iterable[tuple[str, Iterable[bytes]]]:
        splits: dict[str, str] = {split or "train": f"images/{split or 'train'}" for split in whole.splits}
        facts: JsonObject = {"path": ".", **splits, "nc": len(whole.classes), "names": list(whole.classes)}
        yield "data.yaml", [yaml_file.dumps(facts).encode()]


def _line(instance: Instance, part: Part, record: Record) -> str:
    """Return a box as class, centre and size, in fractions of the picture."""
    values = described("yolo", instance.box, record.size)
    return f"{part.numbers[instance.label]} {' '.join(f'{value:.6f}' for value in values)}\n"


# ---- data.yaml


def with_quoted_keys(text: str) -> str:
    """Return YAML whose keys that are numbers are text, as they must be here and are not where others write it.

    >>> with_quoted_keys("names: {0: cat, 1: dog 2}")
    'names: {"0": cat, "1": dog 2}'
    """
    return _NUMBER_KEY.sub(r'\1"\2"', text)


class _Settings:
    """The content of ``data.yaml``, checked: classes in order, the places of each split, and the path before them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        data = document.data
        if not isinstance(data, dict) or "names" not in data:
            raise FileError("must name the classes, as names: [cat, dog].", document.where())
        if "kpt_shape" in data:
            what = "must be about boxes or outlines, got kpt_shape. Write keypoints as COCO or a manifest."
            raise FileError(what, document.where(("kpt_shape",)))
        self.classes = self._classes(data["names"])
        if data.get("nc", len(self.classes)) != len(self.classes):
            raise FileError(f"must be the number of names, {len(self.classes)}, got {data['nc']}.", self.where("nc"))
        self.places: dict[Split, list[str]] = {}
        for key, split in SPLIT_NAMES.items():
            if data.get(key):
                self.places.setdefault(split, []).extend(self._places(key, data[key]))
        self.path = data.get("path") or ""
        if not isinstance(self.path, str):
            raise FileError(f"must be a folder, got {self.path!r}.", self.where("path"))
        if not self.places:
            raise FileError("must say where pictures lie, as train: images/train.", document.where())

    def where(self, key: str) -> str:
        """Name the line of a key."""
        return self.document.where((key,))

    def _classes(self, names: Json) -> tuple[str, ...]:
        if isinstance(names, dict):
            if set(names) != {str(number) for number in range(len(names))}:
                raise FileError("must number the classes from 0 without a gap.", self.where("names"))
            names = [names[str(number)] for number in range(len(names))]
        if not (isinstance(names, list) and names and len(set(map(str, names))) == len(names)):
            raise FileError("must be a list of names, each one once.", self.where("names"))
        return tuple(map(str, names))

    def _places(self, key: str, value: Json) -> list[str]:
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(place, str) for place in found):
            raise FileError(f"must be a folder, a text file or a list of them, got {value!r}.", self.where(key))
        return found


# ---- the pictures that it names


def _listed(root: Root, settings: _Settings, sizes: dict[str, int], left_out: Counter[str]) -> dict[str, Split]:
    """Return the split of every picture that the settings name."""
    found: dict[str, Split] = {}
    for split, places in settings.places.items():
        for place in places:
            path = _path(root, settings, place, split)
            below = (name for name in sizes if name.startswith(path and f"{path}/") and is_picture(name))
            pictures = _lines(root, path, settings, sizes, left_out) if path.endswith(".txt") else below
            for picture in pictures:
                if found.setdefault(picture, split) != split:
                    what = f"must be in one split, got {picture!r} in {found[picture]} and {split}. Take it out of one."
                    raise FileError(what, settings.document.name)
    return found


def _path(root: Root, settings: _Settings, place: str, split: Split) -> str:
    """Return where a folder or list lies below the root.

    A ``path`` from another machine is passed over, as is the ``../`` that some tools write before folders beside the
    file, if what is meant lies below the root.
    """
    for path in (posixpath.join(settings.path, place), place, re.sub(r"^(\.\./)+", "", place)):
        short = posixpath.normpath(path)
        if not (short.startswith(("/", "../")) or short == "..") and (root.is_folder(short) or root.is_file(short)):
            return "" if short == "." else short
    what = f"must be a folder or a list below the data set's folder, got {place!r}. Mend it, or set path: . beside it."
    raise FileError(what, settings.where(split))


def _lines(root: Root, path: str, settings: _Settings, sizes: dict[str, int], left_out: Counter[str]) -> Iterator[str]:
    """Yield the pictures of a list, one a line; those that begin with ./ lie beside it."""
    folder = posixpath.dirname(path)
    for number, line in enumerate(text_of(root.read(path), f"{root}/{path}").splitlines(), 1):
        if not (name := line.strip()):
            continue
        places = (folder,) if name.startswith("./") else (settings.path, "", folder)
        paths = [posixpath.normpath(posixpath.join(place, name)) for place in places]
        if all(found.startswith(("/", "../")) for found in paths):
            raise FileError(f"must be a path below the data set's folder, got {name!r}.", f"{root}/{path}:{number}")
        picture = next((found for found in paths if found in sizes), None)
        if picture is None:
            left_out[MISSING] += 1
        else:
            yield picture


# ---- their objects


def label_path(path: str) -> str:
    """Return where a picture's label file lies, if it has one.

    >>> label_path("images/train/images/a.b.jpg")
    'images/train/labels/a.b.txt'
    >>> label_path("pictures/a.jpg")
    'pictures/a.txt'
    """
    folder, images, name = f"/{path}".rpartition("/images/")
    below = f"{folder}/labels/{name}" if images else f"/{path}"
    return posixpath.splitext(below)[0][1:] + ".txt"


def _annotations(
    root: Root, path: str, sizes: dict[str, int], settings: _Settings, left_out: Counter[str]
) -> Annotations:
    labels, classes = label_path(path), settings.classes
    where = f"{root}/{labels}"
    lines = text_of(root.read(labels), where).splitlines() if sizes.get(labels) else []
    objects = [_object(line, len(classes), f"{where}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    size = _size_at(root, path, sizes[path]) if objects else None
    if size is None:  # there is no object, or no picture: that is for the one who decodes it to say
        return Annotations(of_instances(()))
    made = [_instance(classes[kind], values, size) for kind, values in objects]
    instances = tuple(instance for instance in made if instance is not None)
    left_out[FLAT] += len(made) - len(instances)
    return Annotations(of_instances(instances), size=size)


def _object(line: str, class_count: int, where: str) -> tuple[int, tuple[float, ...]]:
    """Return the class and the four or more fractions of a line."""
    first, *others = line.split()
    try:
        kind, values = float(first), tuple(map(float, others))
    except ValueError:
        raise FileError(f"must hold numbers only, got {line[:60]!r}.", where) from None
    if not (kind.is_integer() and 0 <= kind < class_count):
        raise FileError(f"must begin with a class from 0 to {class_count - 1}, got {first[:20]}.", where)
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise FileError(f"must be a class and 4 numbers, or 3 or more pairs, got {len(values)}.", where)
    if not all(-SLACK <= value <= 1 + SLACK for value in values):  # NaN too
        raise FileError(f"must be in fractions of the picture's sides, 0 to 1, got {line[:60]!r}.", where)
    return int(kind), values


def _instance(label: str, values: tuple[float, ...], size: Size) -> Instance | None:
    height, width = size
    rings: tuple[tuple[float, ...], ...] = ()
    if len(values) > 4:
        rings = (tuple(value * (height if place % 2 else width) for place, value in enumerate(values)),)
        box = around(rings)
    else:
        x, y, w, h = values
        box = box_of(*edges("yolo", (x, y, w, h), size))
    return None if box is None else Instance(label, box, rings)


def _size_at(root: Root, path: str, size: int) -> Size | None:
    """Return the (height, width) of the picture at `path`, of `size` bytes; None if it is no picture."""
    for count in sorted({min(size, HEADER_BYTES), size} - {0}):
        with suppress(DecodeError):
            return upright_size(root.read(path, 0, count))
    return None


FORMATS.add("yolo", YoloFormat())
