"""Damage to the label files of drawing programs: a sentence or the labels, never a traceback, never less in silence."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from augkit.datasets import DataSet, read
from augkit.errors import AugkitError
from augkit.targets.brush_lengths import brush_of
from augkit.targets.records import record
from support.cvat_files import BOX, MAN, POLYGON, SKELETON, dump, image
from support.data_sets import JPEG, lay
from support.labelme_files import DISC_PNG, TRIANGLE, content, shape
from support.mutations import mutations
from support.studio_files import BOX as REGION, PIXELS, RING, result, task
from support.voc_files import CAT, FACTS, PART, SIZE

COUNT = 2000

VOC = "\n".join((
    "<annotation>", "<filename>a.jpg</filename>", "<source><database>x</database></source>", SIZE, CAT,
    "<object>", "<name>man</name>", FACTS, "<bndbox>", "<xmin>3</xmin>", "<ymin>4</ymin>", "<xmax>9</xmax>",
    "<ymax>12.5</ymax>", "</bndbox>", PART, "</object>", CAT.replace("cat", "traffic light"), "</annotation>", "",
))  # fmt: skip
CVAT = dump(
    image(f"\n{BOX}\n", f"{POLYGON}\n", f"{SKELETON}\n",
          '<box label="cat" xtl="1" ytl="2" xbr="9" ybr="8" rotation="30.5"/>\n',
          '<mask label="sun" rle="1, 4, 1" left="10" top="5" width="3" height="2"/>\n',
          '<polyline label="lane" points="1,2;3,4"/>\n', '<points label="eye" points="1,2"/>\n'),
    "\n", image(f"{BOX}\n", name="b.jpg", id=1), labels=MAN)  # fmt: skip
LABELME = json.dumps(
    content(shape("dog", TRIANGLE), shape("cat", [[2, 3], [7, 10]], "rectangle", group_id=1),
            shape("nose", [[4, 5]], "point", group_id=1), shape("sun", [[6, 4], [13, 11]], "mask", mask=DISC_PNG),
            shape("lane", [[1, 2], [3, 4]], "line"), shape("sun", [[9, 9], [12, 9]], "circle")),
    indent=1)  # fmt: skip
STUDIO = json.dumps(
    [task(REGION, result("polygonlabels", {"points": RING, "closed": True}, "dog", id="2"),
          result("keypointlabels", {"x": 10, "y": 20, "width": 1}, "eye", id="3"),
          result("brushlabels", {"format": "rle", "rle": brush_of(PIXELS)}, "sun", id="4"),
          result("rectanglelabels", {"x": 10, "y": 20, "width": 9, "height": 9, "rotation": 30}, "cat", id="5")),
     task(REGION, image="b.jpg")],
    indent=1)  # fmt: skip


def of_voc(text: bytes) -> int:
    root = Xml.fromstring(text)
    return len(root.findall("object")) + len(root.findall("object/part"))


def of_cvat(text: bytes) -> int:
    kinds = ("box", "polygon", "polyline", "points", "mask", "skeleton", "ellipse")
    return sum(len(one.findall(kind)) for one in Xml.fromstring(text).findall("image") for kind in kinds)


def of_labelme(text: bytes) -> int:
    return len(json.loads(text.decode("utf-8-sig")).get("shapes", []))


def of_studio(text: bytes) -> int:
    found = 0
    for one in json.loads(text.decode("utf-8-sig")):
        for annotation in one.get("annotations", []):
            if annotation.get("was_cancelled") or annotation.get("skipped"):
                continue  # counted as a task that nobody has annotated
            found += len({str(result.get("id", place)) for place, result in enumerate(annotation["result"])})
    return found


# The files, which of them is damaged, how many labels others find in it, and how many of these are part of another:
# of LabelMe a keypoint of its box.
FORMS: dict[str, tuple[dict[str, Any], str, Callable[[bytes], int], int]] = {
    "voc": ({"JPEGImages/a.jpg": JPEG, "Annotations/a.xml": VOC}, "Annotations/a.xml", of_voc, 0),
    "cvat": ({"images/a.jpg": JPEG, "images/b.jpg": JPEG, "annotations.xml": CVAT}, "annotations.xml", of_cvat, 0),
    "labelme": ({"a.jpg": JPEG, "a.json": LABELME}, "a.json", of_labelme, 1),
    "labelstudio": ({"a.jpg": JPEG, "b.jpg": JPEG, "tasks.json": STUDIO}, "tasks.json", of_studio, 0),
}


def labels_in(data: DataSet) -> int:
    """Return how many labels are read, were counted as left out, or cost their pictures."""
    found = sum(count for what, count in data.left_out if what.startswith("an object"))
    for source in data.sources:
        if source.annotations is None:
            continue
        facts = record(source.annotations.targets)
        found += sum(len(facts.get(kind, ())) for kind in ("instances", "rotated_boxes", "polylines"))
        found += len((source.attributes or {}).get("keypoints", ()))
        assert_sane(facts)
    return found


def assert_sane(facts: Any) -> None:
    """Assert that boxes have an area and all numbers are finite."""
    for one in facts.get("instances", ()):
        left, top, right, bottom = one["box"]
        assert left < right
        assert top < bottom
        assert all(map(math.isfinite, (*one["box"], *one["keypoints"], *(n for ring in one["rings"] for n in ring))))
    for kind in ("rotated_boxes", "polylines"):
        assert all(map(math.isfinite, (number for one in facts.get(kind, ()) for number in one["numbers"])))


@pytest.mark.parametrize("form", FORMS)
def test_damage_is_told_or_harmless(form: str, tmp_path: Path) -> None:
    files, name, count_of, joined = FORMS[form]
    lay(tmp_path, files)
    text = files[name].encode()
    whole = labels_in(read(tmp_path))
    same, sentences = 0, list[str]()
    for damaged in mutations(text, COUNT, seed=14):
        (tmp_path / name).write_bytes(damaged)
        try:
            data = read(tmp_path)
        except AugkitError as fault:
            sentences.append(str(fault))
            continue
        if any(source.fault for source in data.sources):
            sentences += [source.fault for source in data.sources if source.fault]
            continue
        found = labels_in(data)
        same += found == whole
        assert found >= count_of(damaged) - joined, damaged
    assert len(sentences) > COUNT // 4
    assert all(" must " in told and "\n" not in told for told in sentences)
    assert same > COUNT // 20
