"""Labels as named fields: the columns of a manifest, of Parquet, and of the JSON beside a picture in a tar.

boxes          [[left, top, right, bottom], ...] in pixels, the outer corner of the first pixel being 0, 0
box_labels     ["cat", ...], one a box; not needed where the picture's own class is theirs
polygons       one a box: [x, y, x, y, ...], [[x, y], ...], or a list of such where an object lies in pieces
box_keypoints  one a box: [[x, y, visibility], ...], or [] where it has none
box_masks      one a box: the object's mask as COCO's run lengths, or "" where it has none; they need picture_size
crowds         one a box: whether it stands for many
keypoints      [[x, y], ...] or [[x, y, visibility], ...], of the picture as a whole
rotated_boxes  [[middle x, middle y, width, height, degrees counter-clockwise], ...]; rotated_box_labels, one each
box_attributes facts that do not move, a JSON object a box; also rotated_box_attributes and polyline_attributes
polylines      open lines: [[x, y], ...] or [x, y, x, y, ...]; polyline_labels, one each
picture_size   [height, width] of the picture

Each kind of target reads and writes its own, in its file of `augkit.targets`.
"""

from collections import Counter
from collections.abc import Mapping

from augkit.core.arrays import Json, Label
from augkit.datasets.data_set import FLAT, Annotations
from augkit.datasets.places import Place
from augkit.targets.records import columns, of_fields

FIELDS = columns()


def annotations_of(
    fields: Mapping[str, Json], label: Label, mask: Place | None, where: str, left_out: Counter[str]
) -> Annotations | None:
    """Return the labels that fields hold, or None if there are none; a field that is None counts as missing.

    Args:
        fields: `FIELDS`, of those that there are; others are not looked at.
        label: of the picture.
        mask: where its mask lies.
        where: for messages.
        left_out: counts the objects without area.

    Raises:
        FileError: a field is malformed.
    """
    targets, size, flat = of_fields(fields, label, where)
    left_out[FLAT] += flat
    return Annotations(targets, mask, size) if targets or mask is not None else None
