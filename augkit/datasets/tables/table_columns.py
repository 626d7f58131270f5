"""Meanings of a table's columns: which names the picture, which its class, its boxes, its mask, and which are unknown.

Columns are known by their names in any spelling (``file_name``, ``FileName``, ``File name``), and by what they hold: a
column whose cells are pictures that are there names the picture, whatever it is called, and a column of labels whose
cells are such holds masks. Of several columns that could be the class one has to be chosen.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from augkit.core.arrays import Json
from augkit.datasets.fields import FIELDS
from augkit.datasets.inventory import Inventory, Kind
from augkit.datasets.naming import SPLIT_NAMES, is_picture as has_picture_suffix
from augkit.datasets.tables.table_files import Table, plain_name
from augkit.errors import FileError, closest

BoxForm = Literal["corners", "middle", "size"]

IMAGES = (
    *("image", "file", "filename", "path", "filepath", "imagepath", "imgpath", "imagefile", "imagefilename"),
    *("imagename", "imgname", "fname", "img", "picture", "photo", "imageid", "imgid", "idcode", "name"),
)
LABELS = (
    *("label", "class", "labels", "classes", "labelname", "classname", "category", "categories", "categoryname"),
    *("labelid", "classid", "categoryid", "target", "targets", "tag", "tags", "finelabel", "coarselabel", "y"),
)
SPLITS, GROUPS, IDS = ("split", "subset", "set", "partition", "usage"), ("group",), ("id",)
MASKS = ("mask", "maskpath", "maskfile", "maskfilename", "masks", "segmentation", "annotation", "seg")
ATTRIBUTES, LABEL_JSON = "attributes", "label_json"
SIZES = (("height", "width"), ("imageheight", "imagewidth"), ("imgheight", "imgwidth"), ("h", "w"), ("rows", "cols"))
_CORNERED: tuple[tuple[BoxForm, str, str], ...] = (
    *(("middle", x, y) for x, y in (("xcenter", "ycenter"), ("centerx", "centery"), ("cx", "cy"), ("xc", "yc"))),
    *(("size", x, y) for x, y in (("x", "y"), ("xmin", "ymin"), ("left", "top"), ("x1", "y1"))),
)
# The order of names is that of the numbers of their form.
BOXES: tuple[tuple[BoxForm, tuple[str, str, str, str]], ...] = (
    ("corners", ("xmin", "ymin", "xmax", "ymax")),
    ("corners", ("x1", "y1", "x2", "y2")),
    ("corners", ("x0", "y0", "x1", "y1")),
    ("corners", ("left", "top", "right", "bottom")),
    ("corners", ("minx", "miny", "maxx", "maxy")),
    ("corners", ("xtl", "ytl", "xbr", "ybr")),
    # Where there are w and h beside width and height, these are the picture's.
    *((form, (x, y, w, h)) for w, h in (("w", "h"), ("width", "height")) for form, x, y in _CORNERED),
)
BOX_PREFIXES = ("", "bbox", "box", "roi", "bndbox", "boundingbox", "rect")
BOX_LISTS = ("bbox", "boundingbox", "box", "bboxes")
REGION, REGION_FACTS, FILE_FACTS = "regionshapeattributes", "regionattributes", "fileattributes"
VIA_REST = ("filesize", "regioncount", "regionid")
# Facts that no crop and no turn makes untrue.
PICTURE_FACTS = (
    frozenset(
        ("text", "caption", "captions", "title", "description", "prompt", "url", "imageurl", "flickrurl", "cocourl")
    )
    | frozenset(("source", "license", "licence", "author", "credit", "date", "datecaptured", "comment", "notes"))
    | frozenset(  # of img2dataset
        ("key", "status", "errormessage", "sha256", "originalwidth", "originalheight", "exif")
    )
)
BOX_FACTS = frozenset(
    ("difficult", "truncated", "occluded", "pose", "score", "confidence", "conf", "istruncated", "isoccluded")
) | frozenset(("isinside", "isdepiction", "id", "annotationid", "source", "trackid", "comment", "notes", "description"))
CROWDS = ("iscrowd", "isgroupof", "crowd")
KNOWN = (
    frozenset(
        (*IMAGES, *LABELS, *SPLITS, *GROUPS, *IDS, *MASKS, ATTRIBUTES, *map(plain_name, FIELDS), *CROWDS, *BOX_LISTS)
    )
    | frozenset((REGION, REGION_FACTS, FILE_FACTS, *VIA_REST, "objects", *PICTURE_FACTS, *BOX_FACTS))
    | frozenset(prefix + name for prefix in BOX_PREFIXES for _, names in BOXES for name in names)
    | frozenset(name for pair in SIZES for name in pair)
)
NO_NAMES = "a column of row numbers"
_BITS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "-1": 0, "false": 0, "true": 1}
_LOOKED_AT = 200  # cells, to see whether they name pictures


@dataclass
class Roles:
    """What the columns of a table are for, each by its name; None or empty where there is none.

    Args:
        image: names the picture.
        label_json: holds labels as JSON, before those of the column of labels.
        boxes: four columns of numbers, of a row a box, and what these are.
        box_list: a column of four numbers, or of lists of such.
        region: a shape of VIA, with its facts in another column.
        hot: columns of 0 and 1, one a class.
        sizes: of the picture: height and width.
        fields: of `augkit.datasets.fields`.
        facts: of pictures; of boxes, in `box_facts`.
        left: those that are not understood.
    """

    image: str
    label: str | None = None
    label_json: str | None = None
    split: str | None = None
    group: str | None = None
    id: str | None = None
    mask: str | None = None
    attributes: str | None = None
    objects: str | None = None
    boxes: tuple[BoxForm, tuple[str, str, str, str]] | None = None
    box_list: str | None = None
    region: str | None = None
    region_facts: str | None = None
    file_facts: str | None = None
    hot: tuple[str, ...] = ()
    sizes: tuple[str, str] | None = None
    crowd: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    box_facts: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def is_row_a_box(self) -> bool:
        """Whether a picture may take several rows."""
        return self.boxes is not None or self.region is not None or self.box_list is not None


class _Names:
    """The names of columns that are still to be given a meaning, by their plain names."""

    def __init__(self, names: Iterable[str]) -> None:
        self.left: dict[str, str] = {}
        self.doubles: list[str] = []  # names that differ in spelling alone
        for name in names:
            if self.left.setdefault(plain_name(name), name) != name:
                self.doubles.append(name)

    def take(self, *options: str) -> str | None:
        """Take the first of some that is there."""
        found = next((option for option in options if option in self.left), None)
        return None if found is None else self.left.pop(found)

    def take_all(self, *options: str) -> list[str] | None:
        """Take some, if all of them are there."""
        return [self.left.pop(option) for option in options] if all(one in self.left for one in options) else None


def image_column(table: Table, names: Sequence[str], is_picture: Callable[[Json], bool], where: str) -> str:
    """Return the column that names the picture: the first by its name of those whose cells are pictures.

    Raises:
        FileError: there is none.
    """
    known = _Names(names)
    called = [known.left[name] for name in (*IMAGES, "id") if name in known.left]
    others = [name for name in names if name not in called]
    others.sort(key=lambda name: plain_name(name) in LABELS)  # a class 7 is not the picture 7.png
    for name in (*called, *others):
        cells = table.column(name)
        looked_at = cells[:: max(1, len(cells) // _LOOKED_AT)][:_LOOKED_AT]
        if any(map(is_picture, looked_at)):
            return name
    if called and plain_name(called[0]) != "id":
        return called[0]
    near = next((guess for name in names if (guess := closest(name, IMAGES[:5]))), "")
    raise FileError(f"must have a column image, got {', '.join(names)[:80] or 'none'}.{near}", where)


def roles_of(
    table: Table, inventory: Inventory, is_picture: Callable[[Json], bool], where: str, image: str | None = None
) -> Roles:
    """Return what the columns of a table mean; what is not understood is noted as unread.

    Args:
        table: not empty.
        inventory: of the data set.
        is_picture: says whether a cell names a picture that is there.
        where: the table's name, for messages.
        image: the column of pictures, where it is known.

    Raises:
        FileError: no column names a picture.
    """
    kind: Kind = "key" if table.is_typed else "column"
    numbered = [name for name in table.names if _is_row_number(table, name)]
    ignored = [name for name in table.names if name not in numbered and name and inventory.ignores(name, kind)]
    inventory.left_out[NO_NAMES] += len(numbered)
    usable = [name for name in table.names if name not in ignored and name not in numbered]
    said = {name for row in table.rows for name in row.cells}
    roles = Roles(image_column(table, usable, is_picture, f"{where}:1") if image is None else image)
    names = _Names(name for name in usable if name in said and (image is not None or name != roles.image))
    if image is None and plain_name(roles.image) in names.left:
        names.doubles.append(names.left.pop(plain_name(roles.image)))
    _take_fields(roles, names)
    _take_boxes(roles, names)
    _take_masks(roles, names, table, is_picture)
    roles.label_json = names.take(plain_name(LABEL_JSON))
    others = _take_labels(roles, names, table)
    splits = (names.take(one) for one in SPLITS if one == SPLITS[0] or _is_split(table, names, one))
    roles.split = next((name for name in splits if name is not None), None)
    roles.group, roles.attributes, roles.objects = names.take(*GROUPS), names.take(ATTRIBUTES), names.take("objects")
    if roles.is_row_a_box:
        roles.crowd = names.take(*CROWDS)
        roles.box_facts = _taken(names, BOX_FACTS | PICTURE_FACTS)  # a row is a box, and so are its texts
    else:
        roles.id = names.take(*IDS)
    facts = PICTURE_FACTS if image is None else PICTURE_FACTS.union(IDS)  # rows that are no files have other ids
    roles.facts = _taken(names, facts)
    roles.sizes = roles.sizes or _sizes(names)
    if roles.label is None and not roles.is_row_a_box and not others:
        roles.hot = _hot(table, list(names.left.values()))
    hot = frozenset(roles.hot)
    left = [name for name in (*others, *names.left.values(), *names.doubles) if name not in hot]
    for name in [name for name in left if name not in inventory.columns]:
        advice = ""
        if name in others:
            advice = f"One column is the class, now {roles.label}: ignore the others."
        elif name in names.doubles:
            advice = "Another column has its name but for the spelling."
        else:
            wanted = next((one for one in inventory.columns if one not in table.names and closest(one, [name])), None)
            advice = "" if wanted is None else f"{wanted!r} is no column. Did you mean {name}?"
        shown = name or f"column {table.names.index(name) + 1}"
        inventory.unread(kind, shown, where if table.is_typed else f"{where}:1", advice)
    roles.left = tuple(dict.fromkeys((*left, *ignored, *(name for name in table.names if name in inventory.columns))))
    return roles


def _take_fields(roles: Roles, names: _Names) -> None:
    for one in FIELDS:
        if (name := names.take(plain_name(one))) is not None:
            roles.fields[one] = name


def _take_boxes(roles: Roles, names: _Names) -> None:
    roles.region = names.take(REGION)
    if roles.region is not None:
        roles.region_facts, roles.file_facts = names.take(REGION_FACTS), names.take(FILE_FACTS)
        for one in VIA_REST:
            names.take(one)
        return
    if roles.fields.keys() & {"boxes", "polygons"}:
        return
    for form, ends in BOXES:
        for prefix in BOX_PREFIXES:
            found = names.take_all(*(prefix + end for end in ends))
            if found is not None:
                roles.boxes = form, (found[0], found[1], found[2], found[3])
                return
    roles.box_list = names.take(*BOX_LISTS)


def _take_masks(roles: Roles, names: _Names, table: Table, is_picture: Callable[[Json], bool]) -> None:
    """Take the column of masks: called so, or one of labels whose cells are pictures."""
    for one in (*MASKS, *LABELS):
        cells = table.column(names.left[one])[:_LOOKED_AT] if one in names.left else []
        if one.startswith(MASKS[0]) or _are_masks(list(filter(is_picture, cells)), cells, table, roles.image):
            roles.mask = names.take(one)
            if roles.mask is not None:
                return


def _are_masks(found: Sequence[Json], cells: Sequence[Json], table: Table, image: str) -> bool:
    """Say whether cells that name pictures mean them: a class 7 is no mask, though there is a picture 7.png.

    A path or a suffix says so. Names without are masks where every row has its own, and none has that of its picture.
    """
    if any(cell != _stem_of(cell) for cell in found):
        return True
    if not len(found) == len(cells) == len(set(map(str, found))) > 0:
        return False
    pictures = {_stem_of(cell) for cell in table.column(image)}
    return not any(cell in pictures for cell in found)


def _stem_of(cell: Json) -> str | None:
    """Return the name of a path, without its suffix where it is a picture's; None of what is none."""
    if not isinstance(cell, str):
        return None
    name = cell.replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[0] if has_picture_suffix(name) else name


def _take_labels(roles: Roles, names: _Names, table: Table) -> list[str]:
    """Take the column of the class; return others that could be it."""
    found = [names.left.pop(one) for one in LABELS if one in names.left]
    if not table.is_typed:  # a name says more than a number that stands for it
        found.sort(key=lambda name: all(map(_is_number, table.column(name))))
    roles.label, others = (found[0], found[1:]) if found else (None, [])
    return others


def _taken(names: _Names, known: frozenset[str]) -> tuple[str, ...]:
    return tuple(names.left.pop(one) for one in list(names.left) if one in known)


def _sizes(names: _Names) -> tuple[str, str] | None:
    for height, width in SIZES:
        if (found := names.take_all(height, width)) is not None:
            return found[0], found[1]
    return None


def _is_split(table: Table, names: _Names, one: str) -> bool:
    cells = table.column(names.left[one]) if one in names.left else []
    return bool(cells) and all(isinstance(cell, str) and cell.lower() in SPLIT_NAMES for cell in cells)


def _hot(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold 0 or 1 in every row, if there are several."""
    cells = {name: table.column(name) for name in names if name}
    found = [name for name, bits in cells.items() if len(bits) == len(table.rows) and set(map(_bit, bits)) <= {0, 1}]
    return tuple(found) if len(found) > 1 else ()


def _bit(cell: Json) -> int:
    """Return 0 or 1 of a cell that says so, -1 standing for 0, otherwise 2."""
    return _BITS.get(str(cell).lower(), 2)


def is_hot(cell: Json) -> bool:
    """Return whether a cell of 0 and 1 says 1."""
    return _bit(cell) == 1


def _is_row_number(table: Table, name: str) -> bool:
    """Return whether a column without a name counts the rows, as pandas writes it."""
    if table.is_typed or (name and not name.startswith("Unnamed:")):
        return False
    cells = table.column(name)
    return cells in ([str(n) for n in range(len(table.rows))], [str(n) for n in range(1, len(table.rows) + 1)])


def _is_number(cell: Json) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True
