"""One data set in many formats, each laid out as its documentation describes it, without augkit's writers."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from xml.etree import ElementTree as Xml

import numpy as np

from augkit.images import encode
from support.pictures import noise

CLASSES = ("cat", "traffic light", "007")
SUBSETS = {"train": "Train", "val": "Validation", "default": "default"}  # of CVAT


class Thing(NamedTuple):
    """An object: its class, its box in whole pixels (left, top, right, bottom), and its outline where it has one."""

    label: str
    box: tuple[int, int, int, int]
    ring: tuple[tuple[int, int], ...] = ()


class Picture(NamedTuple):
    name: str
    size: tuple[int, int]
    things: tuple[Thing, ...]
    split: str


def drawn(seed: int, with_rings: bool) -> list[Picture]:
    """Return ten pictures of different sizes, one of the background, in two splits."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(10):
        height, width = (int(n) for n in rng.integers(40, 90, 2))
        things = []
        for _ in range(0 if number == 3 else int(rng.integers(1, 5))):
            left, top = int(rng.integers(0, width - 12)), int(rng.integers(0, height - 12))
            right, bottom = int(rng.integers(left + 6, width + 1)), int(rng.integers(top + 6, height + 1))
            middle = (left + right) // 2
            ring = ((left, bottom), (middle, top), (right, bottom - 2)) if with_rings else ()
            things.append(Thing(CLASSES[int(rng.integers(3))], (left, top, right, bottom), ring))
        found.append(Picture(f"p{number}", (height, width), tuple(things), "val" if number % 4 == 0 else "train"))
    return found


def pixels(picture: Picture) -> bytes:
    return encode(noise(picture.size, seed=int(picture.name[1:])), "png")


Files = dict[str, Any]


def coco(pictures: list[Picture]) -> Files:
    files: Files = {}
    kinds = [{"id": number, "name": name} for number, name in enumerate(CLASSES, 5)]
    for split in ("train", "val"):
        images, objects = list[Any](), list[Any]()
        for picture in pictures:
            if picture.split != split:
                continue
            height, width = picture.size
            files[f"{split}2017/{picture.name}.png"] = pixels(picture)
            images.append({"id": len(images), "file_name": f"{picture.name}.png", "height": height, "width": width})
            for thing in picture.things:
                left, top, right, bottom = thing.box
                entry = {
                    "id": len(objects) + 1,
                    "image_id": images[-1]["id"],
                    "category_id": 5 + CLASSES.index(thing.label),
                }
                entry |= {"bbox": [left, top, right - left, bottom - top], "iscrowd": 0, "area": 1}
                entry["segmentation"] = [[n for point in thing.ring for n in point]] if thing.ring else []
                objects.append(entry)
        content = {"images": images, "annotations": objects, "categories": kinds}
        files[f"annotations/instances_{split}2017.json"] = content
    return files


def yolo(pictures: list[Picture]) -> Files:
    names = "".join(f"  {number}: {json.dumps(name)}\n" for number, name in enumerate(CLASSES))
    files: Files = {"data.yaml": f"path: .\ntrain: images/train\nval: images/val\nnames:\n{names}"}
    for picture in pictures:
        height, width = picture.size
        lines = []
        for thing in picture.things:
            left, top, right, bottom = thing.box
            values = [
                (left + right) / 2 / width,
                (top + bottom) / 2 / height,
                (right - left) / width,
                (bottom - top) / height,
            ]
            values = [n for x, y in thing.ring for n in (x / width, y / height)] or values
            lines.append(" ".join([str(CLASSES.index(thing.label)), *(f"{value:.8f}" for value in values)]))
        files[f"images/{picture.split}/{picture.name}.png"] = pixels(picture)
        if lines:
            files[f"labels/{picture.split}/{picture.name}.txt"] = "\n".join(lines)
    return files


def voc(pictures: list[Picture], database: str = "The VOC2007 Database") -> Files:
    files: Files = {}
    first = 0 if database == "Unknown" else 1  # LabelImg's mark, whose edges count from 0
    for picture in pictures:
        root = Xml.Element("annotation")
        add(root, "folder", "VOC2007")
        add(root, "filename", f"{picture.name}.png")
        add(root, "path", f"/home/me/{picture.name}.png")
        add(add(root, "source"), "database", database)
        size = add(root, "size")
        for name, side in (("width", picture.size[1]), ("height", picture.size[0]), ("depth", 3)):
            add(size, name, side)
        add(root, "segmented", 0)
        for thing in picture.things:
            one = add(root, "object")
            for name, value in (("name", thing.label), ("pose", "Unspecified"), ("truncated", 0), ("difficult", 0)):
                add(one, name, value)
            left, top, right, bottom = thing.box
            box = add(one, "bndbox")
            for name, edge in (("xmin", left + first), ("ymin", top + first), ("xmax", right), ("ymax", bottom)):
                add(box, name, edge)
        files[f"Annotations/{picture.name}.xml"] = Xml.tostring(root)
        files[f"JPEGImages/{picture.name}.png"] = pixels(picture)
        path = f"ImageSets/Main/{picture.split}.txt"
        files[path] = files.get(path, "") + f"{picture.name}\n"
    return files


def add(parent: Xml.Element, tag: str, text: object = None) -> Xml.Element:
    made = Xml.SubElement(parent, tag)
    made.text = None if text is None else str(text)
    return made


def labelimg(pictures: list[Picture]) -> Files:
    made = voc(pictures, "Unknown")
    files: Files = {}
    for picture in pictures:
        files[f"{picture.split}/{picture.name}.png"] = made[f"JPEGImages/{picture.name}.png"]
        files[f"{picture.split}/{picture.name}.xml"] = made[f"Annotations/{picture.name}.xml"]
    return files


def labelme(pictures: list[Picture]) -> Files:
    files: Files = {}
    for picture in pictures:
        shapes = list[Any]()
        for thing in picture.things:
            left, top, right, bottom = thing.box
            points = [list(point) for point in thing.ring] or [[left, top], [right, bottom]]
            kind = "polygon" if thing.ring else "rectangle"
            shapes.append({"label": thing.label, "points": points, "group_id": None, "shape_type": kind, "flags": {}})
        content: dict[str, Any] = {
            "version": "5.4.1",
            "flags": {},
            "shapes": shapes,
            "imagePath": f"{picture.name}.png",
            "imageData": None,
        }
        content |= {"imageHeight": picture.size[0], "imageWidth": picture.size[1]}
        files[f"{picture.split}/{picture.name}.json"] = content
        files[f"{picture.split}/{picture.name}.png"] = pixels(picture)
    return files


def cvat(pictures: list[Picture]) -> Files:
    root = Xml.Element("annotations")
    add(root, "version", "1.1")
    labels = add(add(add(root, "meta"), "task"), "labels")
    for name in CLASSES:
        add(add(labels, "label"), "name", name)
    files: Files = {}
    for number, picture in enumerate(pictures):
        facts = {
            "id": number,
            "name": f"{picture.name}.png",
            "subset": SUBSETS[picture.split],
        }
        facts |= {"width": picture.size[1], "height": picture.size[0]}
        image = Xml.SubElement(root, "image", {name: str(value) for name, value in facts.items()})
        for thing in picture.things:
            common = {"label": thing.label, "occluded": "0", "source": "manual", "z_order": "0"}
            if thing.ring:
                points = ";".join(f"{x}.00,{y}.00" for x, y in thing.ring)
                Xml.SubElement(image, "polygon", {**common, "points": points})
            else:
                edges = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{edge}.00" for edge in thing.box), strict=True))
                Xml.SubElement(image, "box", {**common, **edges})
        files[f"images/{picture.name}.png"] = pixels(picture)
    return files | {"annotations.xml": Xml.tostring(root, encoding="utf-8", xml_declaration=True)}


def labelstudio(pictures: list[Picture]) -> Files:
    files: Files = {}
    tasks = []
    for number, picture in enumerate(pictures):
        height, width = picture.size
        results = []
        for place, thing in enumerate(picture.things):
            left, top, right, bottom = thing.box
            value: dict[str, Any] = {"x": 100 * left / width, "y": 100 * top / height, "rotation": 0}
            value |= {"width": 100 * (right - left) / width, "height": 100 * (bottom - top) / height}
            if thing.ring:
                value = {"points": [[100 * x / width, 100 * y / height] for x, y in thing.ring], "closed": True}
            kind = "polygonlabels" if thing.ring else "rectanglelabels"
            one = {"original_width": width, "original_height": height, "image_rotation": 0, "id": f"r{place}"}
            one |= {"type": kind, "from_name": "label", "to_name": "image", "value": value | {kind: [thing.label]}}
            results.append(one)
        image = f"/data/upload/1/{number:08x}-{picture.name}.png"
        annotation = {"id": number, "completed_by": 1, "was_cancelled": False, "result": results}
        tasks.append({"id": number, "data": {"image": image}, "annotations": [annotation], "predictions": []})
        files[f"{picture.split}/{picture.name}.png"] = pixels(picture)
    return files | {"export.json": json.dumps(tasks)}
