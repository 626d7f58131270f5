"""Pascal VOC: what its files mean, and that what is written means the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from augkit.datasets import DataSet, read
from augkit.errors import FileError
from augkit.expand import expand
from augkit.images import decode_mask, encode
from augkit.targets import run_lengths
from augkit.targets.records import Instance
from support.data_sets import JPEG, lay
from support.voc_files import BOX, CAT, FACTS, PART, SIZE, box, xml

AT = (2.0, 3.0, 7.0, 10.0)  # of that box


def voc(*parts: str, **more: Any) -> dict[str, Any]:
    return {"JPEGImages/a.jpg": JPEG, "Annotations/a.xml": xml(*parts), **more}


def only(data: DataSet) -> tuple[Instance, ...]:
    (source,) = data.sources
    assert source.fault == ""
    assert source.annotations is not None
    return source.annotations.instances or ()


def test_pixels_count_from_one_and_both_ends_belong_to_a_box(tmp_path: Path) -> None:
    whole = f"<object><name>dog</name>{box(1, 1, 32, 24)}</object>"
    data = read(lay(tmp_path, voc(SIZE, CAT, whole)))
    assert data.form == "voc"
    assert data.classes == ("cat", "dog")
    assert [one.box for one in only(data)] == [AT, (0.0, 0.0, 32.0, 24.0)]
    assert data.sources[0].annotations.size == (24, 32)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "source",
    [
        "<path>C:\\x\\a.jpg</path><source><database>Unknown</database></source>",  # LabelImg
        "<source><database>Unknown</database><annotation>Unknown</annotation><image>Unknown</image></source>",
    ],
)
def test_programs_that_write_edges_are_known_by_their_marks(source: str, tmp_path: Path) -> None:
    data = read(lay(tmp_path, voc(source, SIZE, CAT)))
    assert only(data)[0].box == (3.0, 4.0, 7.0, 10.0)
    assert "counts edges from 0" in data.notes[0]


def test_an_edge_before_the_first_pixel_shows_that_edges_count_from_zero(tmp_path: Path) -> None:
    other = xml(SIZE, f"<object><name>dog</name>{box(0, 2, 5, 24)}</object>")
    files = {"JPEGImages/b.jpg": JPEG, "Annotations/b.xml": other}
    official = "<source><database>The VOC2007 Database</database></source>"
    more = {"JPEGImages/c.jpg": JPEG, "Annotations/c.xml": xml(official, SIZE, CAT)}
    data = read(lay(tmp_path, voc(SIZE, CAT) | files | more))
    found = {source.id: source.annotations.instances[0].box for source in data.sources}  # type: ignore[union-attr,index]
    assert found == {
        "JPEGImages/a.jpg": (3, 4, 7, 10),
        "JPEGImages/b.jpg": (0, 2, 5, 24),
        "JPEGImages/c.jpg": AT,
    }
    assert "since that of JPEGImages/b.jpg has an edge before the first pixel" in data.notes[0]


ODD: dict[str, tuple[str, list[Instance]]] = {
    "no objects: the background": (SIZE, []),
    "a size of 0": (f"<size><width>0</width><height>0</height><depth>0</depth></size>{CAT}", [Instance("cat", AT)]),
    "no size": (CAT, [Instance("cat", AT)]),
    "a class with blanks and others": (
        f"<object><name>traffic light &amp; sign é</name>{BOX}</object>", [Instance("traffic light & sign é", AT)]),
    "parts of pixels": (
        f"<object><name>cat</name>{box(3.25, 4.5, 7.75, 10.125)}</object>",
        [Instance("cat", (2.25, 3.5, 7.75, 10.125))]),
    "facts": (
        f"<object><name>cat</name>{FACTS}{BOX}</object>",
        [Instance("cat", AT, attributes={"pose": "Left", "truncated": 1, "difficult": 1, "occluded": 1})]),
    "facts that say nothing": (
        f"<object><name>cat</name><pose>Unspecified</pose><truncated>0</truncated><difficult></difficult>"
        f"<occluded/>{BOX}</object>", [Instance("cat", AT)]),
    "edges in another order": (
        "<object><bndbox><ymax>10</ymax><xmax>7</xmax><ymin>4</ymin><xmin>3</xmin></bndbox><name>cat</name></object>",
        [Instance("cat", AT)]),
    "a part": (
        f"<object><name>man</name>{BOX}{PART}</object>",
        [Instance("man", AT, attributes={"part_number": 1}),
         Instance("head", (3.0, 4.0, 6.0, 7.0), attributes={"part_of": 1})]),
    "actions": (
        f"<object><name>man</name>{BOX}<actions><jumping>1</jumping><other>0</other></actions></object>",
        [Instance("man", AT, attributes={"actions": {"jumping": 1, "other": 0}})]),
    "a point": (
        f"<object><name>man</name>{BOX}<point><x>4</x><y>6</y></point></object>",
        [Instance("man", AT, (), (3.5, 5.5, 2.0))]),
    "Roboflow's polygon": (
        f"<object><name>cat</name>{BOX}<polygon><x1>2</x1><y1>3</y1><x2>7</x2><y2>3</y2><x3>7</x3><y3>10</y3>"
        "</polygon></object>", [Instance("cat", AT, ((2, 3, 7, 3, 7, 10),))]),
    "CVAT's attributes": (
        f"<object><name>cat</name>{BOX}<attributes><attribute><name>colour</name><value>red</value></attribute>"
        "<attribute><name>score</name><value>0.5</value></attribute></attributes></object>",
        [Instance("cat", AT, attributes={"colour": "red", "score": 0.5})]),
    "a box of one pixel": (f"<object><name>cat</name>{box(5, 5, 5, 5)}</object>", [Instance("cat", (4, 4, 5, 5))]),
    "comments and instructions": (f"<!-- by hand --><?x y?>{CAT}", [Instance("cat", AT)]),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_but_legal(name: str, tmp_path: Path) -> None:
    content, expected = ODD[name]
    assert list(only(read(lay(tmp_path, voc(content))))) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?>\n' + xml(f"<object><name>Hündin</name>{BOX}</object>")
    lay(tmp_path, voc())
    (tmp_path / "Annotations/a.xml").write_bytes(text.encode(encoding))
    assert only(read(tmp_path))[0].label == "Hündin"


LAYOUTS: dict[str, tuple[dict[str, str], str]] = {
    "LabelImg, beside": ({"x/a.xml": xml(CAT)}, "x/a.jpg"),
    "LabelImg, two folders": ({"annotations/a.xml": xml(CAT)}, "images/a.jpg"),
    "two folders in one": ({"train/annotations/a.xml": xml(CAT)}, "train/images/a.jpg"),
    "splits below": ({"annotations/train/a.xml": xml(CAT)}, "images/train/a.jpg"),
    "labels": ({"labels/a.xml": xml(CAT)}, "images/a.jpg"),
    "VOCdevkit": ({"VOCdevkit/VOC2012/Annotations/a.xml": xml(CAT)}, "VOCdevkit/VOC2012/JPEGImages/a.jpg"),
    "renamed together": ({"Annotations/b.xml": xml(CAT)}, "JPEGImages/b.jpg"),
    "called by the XML": ({"Annotations/0001.xml": xml(CAT)}, "JPEGImages/a.jpg"),
    "another suffix": ({"Annotations/a.xml": xml(CAT)}, "JPEGImages/a.JPEG"),
    "a folder of any name": ({"Annotations/a.xml": xml(CAT)}, "photos/2024/a.jpg"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str, tmp_path: Path) -> None:
    files, picture = LAYOUTS[name]
    data = read(lay(tmp_path, {**files, picture: JPEG}))
    assert [source.id for source in data.sources] == [picture]
    assert [one.label for one in only(data)] == ["cat"]


def test_splits_are_lists(tmp_path: Path) -> None:
    names = "abcd"
    files: dict[str, Any] = {f"JPEGImages/{name}.jpg": JPEG for name in names}
    files |= {f"Annotations/{name}.xml": xml(SIZE, CAT) for name in names}
    files |= {"ImageSets/Main/train.txt": "a\n", "ImageSets/Main/val.txt": "b\r\n", "ImageSets/Main/test.txt": "c"}
    files |= {"ImageSets/Main/trainval.txt": "a\nb\nd\n", "ImageSets/Main/cat_train.txt": "a  1\n"}
    files |= {"ImageSets/Layout/train.txt": "a 1\n"}
    data = read(lay(tmp_path, files))
    assert [source.split for source in data.sources] == ["train", "val", "test", "train"]
    assert [source.label for source in data.sources] == [None] * 4
    (tmp_path / "ImageSets/Main/trainval.txt").unlink()
    with pytest.raises(FileError, match=r"must put every picture into a split, got 'JPEGImages/d.jpg' in none"):
        read(tmp_path)


def test_one_list_alone_is_no_split(tmp_path: Path) -> None:
    assert read(lay(tmp_path, voc(CAT) | {"ImageSets/Main/trainval.txt": "a\n"})).sources[0].split is None


def test_names_in_lists_may_hold_blanks_and_numbers(tmp_path: Path) -> None:
    files: dict[str, Any] = {f"JPEGImages/{name}.jpg": JPEG for name in ("my cat", "img 1", "b")}
    files |= {f"Annotations/{name}.xml": xml(CAT) for name in ("my cat", "img 1", "b")}
    data = read(lay(tmp_path, files | {"ImageSets/Main/train.txt": "my cat\nimg 1\nb 1\n"}))
    assert [source.split for source in data.sources] == ["train"] * 3
    assert dict(data.left_out) == {}


def test_one_file_alone(tmp_path: Path) -> None:
    lay(tmp_path, {"a.jpg": JPEG, "a.xml": xml(CAT), "b.txt": "other"})
    assert only(read(tmp_path / "a.xml"))[0].box == AT


def test_a_split_is_a_folder_as_roboflow_writes_it(tmp_path: Path) -> None:
    files: dict[str, Any] = {f"{split}/a.{suffix}": content for split in ("train", "valid", "test")
             for suffix, content in (("jpg", JPEG), ("xml", xml(CAT)))}  # fmt: skip
    data = read(lay(tmp_path, files))
    assert [(source.id, source.split) for source in data.sources] == [
        ("test/a.jpg", "test"),
        ("train/a.jpg", "train"),
        ("valid/a.jpg", "val"),
    ]


def test_lists_of_classes_are_the_classes_of_pictures(tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "JPEGImages/a.jpg": JPEG,
        "JPEGImages/b.jpg": JPEG,
        "ImageSets/Main/cat_train.txt": "a  1\nb -1\n",
    }
    files |= {"ImageSets/Main/dog_train.txt": "a -1\nb  0\n", "ImageSets/Main/train.txt": "a\nb\n"}
    data = read(lay(tmp_path, files))
    assert [source.label for source in data.sources] == ["cat", "dog"]


def test_lists_of_actions_are_of_objects_and_counted(tmp_path: Path) -> None:
    files = voc(CAT.replace("<bndbox>", "<actions><jumping>1</jumping></actions><bndbox>"))
    data = read(lay(tmp_path, files | {"ImageSets/Action/jumping_train.txt": "a  1  1\n"}))
    assert only(data)[0].attributes == {"actions": {"jumping": 1}}
    assert data.sources[0].label is None
    assert dict(data.left_out) == {"a line of ImageSets/Action, as actions are read from XML": 1}


FAULTS = {
    "no box": "<object><name>cat</name></object>",
    "no name": f"<object>{BOX}</object>",
    "two boxes": f"<object><name>cat</name>{BOX}{box(4, 5, 6, 7)}</object>",
    "two names": f"<object><name>cat</name><name>dog</name>{BOX}</object>",
    "two points": f"<object><name>cat</name>{BOX}{2 * '<point><x>5</x><y>6</y></point>'}</object>",
    "two boxes of a part": f"<object><name>cat</name>{BOX}<part><name>head</name>{2 * BOX}</part></object>",
    "an edge twice": f"<object><name>cat</name>{box(1, 2, 3, 4).replace('</xmin>', '</xmin><xmin>2</xmin>')}</object>",
    "no edge": "<object><name>cat</name><bndbox><xmin>1</xmin></bndbox></object>",
    "no number": f"<object><name>cat</name>{box(1, 2, 3, 4).replace('>4<', '>four<')}</object>",
    "not finite": f"<object><name>cat</name>{box(1, 2, 3, 4).replace('>4<', '>inf<')}</object>",
    "no flag": f"<object><name>cat</name><difficult>perhaps</difficult>{BOX}</object>",
    "not closed": "<object>",
    "an entity": '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>',
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_its_picture_alone(name: str, tmp_path: Path) -> None:
    text = FAULTS[name] if name == "an entity" else xml(FAULTS[name])
    lay(tmp_path, voc() | {"Annotations/a.xml": text, "JPEGImages/b.jpg": JPEG, "Annotations/b.xml": xml(CAT)})
    bad, good = read(tmp_path).sources
    assert "Annotations/a.xml:1" in bad.fault
    assert good.fault == ""


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"Annotations/z.xml": xml(CAT).replace("a.jpg", "z.jpg")}, "Annotations/z.xml"),
        ({"Annotations/a.txt": "0 1 1 1 1"}, "Annotations/a.txt"),
        ({"Annotations/a.xml": xml("<keypoints>1</keypoints>")}, "'keypoints'"),
        ({"Annotations/a.xml": xml(CAT.replace("<bndbox>", "<depth_map>3</depth_map><bndbox>"))}, "'object.depth_map'"),
        ({"SegmentationClass/z.png": encode(np.zeros((24, 32), np.uint8), "png")}, "SegmentationClass/z.png"),
        ({"more/a.xml": xml(CAT)}, "has an XML file already"),
        ({"x.xml": "<html/>"}, "x.xml"),
        ({"trimaps/a.png": JPEG}, r"'trimaps/\*'.*a.png as JPEGImages/a.jpg"),
    ],
)  # fmt: skip
def test_nothing_is_passed_over(files: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=told):
        read(lay(tmp_path, voc(CAT) | files))


def palette(mask: Any) -> bytes:
    import io

    picture = Image.fromarray(mask)
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [7] * 753)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_masks_of_classes_and_of_objects(tmp_path: Path) -> None:
    kinds, objects = np.zeros((24, 32), np.uint8), np.zeros((24, 32), np.uint8)
    kinds[3:10, 2:7], objects[3:10, 2:7] = 8, 1
    kinds[12:20, 12:20], objects[12:20, 12:20] = 12, 2
    kinds[12:20, 12], objects[12:20, 12] = 255, 255
    dog = f"<object><name>dog</name>{box(13, 13, 20, 20)}</object>"
    masks = {"SegmentationClass/a.png": palette(kinds), "SegmentationObject/a.png": palette(objects)}
    src = lay(tmp_path / "src", voc(SIZE, CAT, dog) | masks)
    data = read(src)
    assert data.kinds == {"boxes", "polygons", "masks"}
    assert [one.rle for one in only(data)] == [run_lengths.encode(objects == 1), run_lengths.encode(objects == 2)]
    expand(src, tmp_path / "out", "identity", 1, workers=0, encoding="png")
    again = read(tmp_path / "out")
    assert only(again) == only(data)
    (mask,) = (tmp_path / "out/SegmentationClass").iterdir()
    assert np.array_equal(decode_mask(mask.read_bytes()), kinds)
    (mask,) = (tmp_path / "out/SegmentationObject").iterdir()
    assert np.array_equal(decode_mask(mask.read_bytes()), objects)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    content = "".join(
        text for name, (text, _) in ODD.items() if text != SIZE and "size" not in name and "point" not in name
    )
    src = lay(tmp_path / "src", voc(SIZE, content) | {"ImageSets/Main/val.txt": "a\n"})
    expand(src, tmp_path / "out", "identity", 1, workers=0, originals="include")
    first, again = read(src), read(tmp_path / "out")
    assert again.form == "voc"
    assert {source.split for source in again.sources} == {"val"}
    for source in again.sources:
        assert source.annotations is not None
        assert source.annotations.instances == only(first)


def test_an_outsider_reads_the_same(tmp_path: Path) -> None:
    """By xml.etree and the rule of VOC's development kit."""
    from xml.etree import ElementTree

    src = lay(tmp_path / "src", voc(SIZE, CAT))
    expand(src, tmp_path / "out", "identity", 1, workers=0)
    (path,) = (tmp_path / "out/Annotations").iterdir()
    root = ElementTree.parse(path).getroot()
    numbers = [root.findtext(f"object/bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax")]
    assert numbers == ["3", "4", "7", "10"]
    assert root.findtext("filename") == next((tmp_path / "out/JPEGImages").iterdir()).name
    assert (tmp_path / "out/ImageSets/Main/trainval.txt").read_text() == f"{path.stem}\n"
    assert json.loads((tmp_path / "out/.augkit/job.json").read_text())
