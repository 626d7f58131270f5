"""Tables: CSV and JSONL as their many programs write them, with the right labels, or a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augkit.datasets import DataSet, read
from augkit.errors import AugkitError, FileError
from augkit.expand import replay, verify
from augkit.targets.records import record
from support.data_sets import JPEG, MASK, PNG, lay
from support.folders import done, lines
from support.mutations import mutations

PICTURES: dict[str, Any] = {"a.jpg": JPEG, "b.png": PNG}  # 24 high, 32 wide
BOX = (2.0, 3.0, 7.0, 10.0)


def table(tmp_path: Path, text: str | bytes, name: str = "t.csv", **options: Any) -> DataSet:
    lay(tmp_path, {**PICTURES, name: text})
    return read(tmp_path / name, **options)


def labels(data: DataSet) -> dict[str, Any]:
    return {source.id: source.label for source in data.sources}


def boxes(data: DataSet) -> dict[str, list[tuple[str, Any]]]:
    found = {}
    for source in data.sources:
        assert source.annotations is not None, source
        found[source.id] = [(one.label, one.box) for one in source.annotations.instances or ()]
    return found


CLASSES: dict[str, str | bytes] = {
    "plain": "image,label\na.jpg,cat\nb.png,dog\n",
    "blanks": " image , label \n a.jpg , cat \n b.png , dog \n",
    "a mark": b"\xef\xbb\xbfimage,label\na.jpg,cat\nb.png,dog\n",
    "utf-16": "image,label\na.jpg,cat\nb.png,dog\n".encode("utf-16"),
    "utf-16, big": b"\xfe\xff" + "image,label\na.jpg,cat\nb.png,dog\n".encode("utf-16-be"),
    "semicolons": "image;label\na.jpg;cat\nb.png;dog\n",
    "tabs": "image\tlabel\na.jpg\tcat\nb.png\tdog\n",
    "bars": "image|label\na.jpg|cat\nb.png|dog\n",
    "excel": "sep=;\r\nimage;label\r\na.jpg;cat\r\nb.png;dog\r\n",
    "old macs": "image,label\ra.jpg,cat\rb.png,dog\r",
    "quotes": '"image","label"\n"a.jpg","cat"\n"b.png", "dog"\n',
    "a comma at the end": "image,label,\na.jpg,cat,\nb.png,dog,\n",
    "empty lines": "\nimage,label\n\na.jpg,cat\n,\nb.png,dog\n\n",
    "comments": "# made by hand\n# twice\nimage,label\na.jpg,cat\nb.png,dog\n",
    "names behind a mark": "#image,label\na.jpg,cat\nb.png,dog\n",
    "other names": "File Name,Category\na.jpg,cat\nb.png,dog\n",
    "capitals": "FILENAME,CLASS\na.jpg,cat\nb.png,dog\n",
    "by content": "specimen,label\na.jpg,cat\nb.png,dog\n",
    "the other way round": "class,path\ncat,a.jpg\ndog,b.png\n",
    "no names": "a.jpg,cat\nb.png,dog\n",
    "no names, the other way round": "cat,a.jpg\ndog,b.png\n",
    "pandas' index": ",image,label\n0,a.jpg,cat\n1,b.png,dog\n",
    "pandas' index, written twice": "Unnamed: 0,image,label\n0,a.jpg,cat\n1,b.png,dog\n",
    "stems": "id,label\na,cat\nb,dog\n",
    "paths of elsewhere": "path,label\n/home/me/set/a.jpg,cat\nC:\\set\\b.png,dog\n",
    "detours": "image,label\n./a.jpg,cat\nx/../b.png,dog\n",
}


@pytest.mark.parametrize("name", list(CLASSES))
def test_a_class_a_picture_in_any_spelling(name: str, tmp_path: Path) -> None:
    data = table(tmp_path, CLASSES[name])
    assert labels(data) == {"a.jpg": "cat", "b.png": "dog"}
    assert data.classes == ("cat", "dog")
    assert not any(source.fault for source in data.sources)
    assert labels(read(tmp_path)) == {"a.jpg": "cat", "b.png": "dog"}  # the folder, by its one table


LISTS: dict[str, tuple[str, str]] = {
    "a list of objects": ("t.json", '[{"image": "a.jpg", "label": "cat"},\n {"image": "b.png", "label": "dog"}]'),
    "paths and classes": ("labels.txt", "a.jpg cat\nb.png dog\n"),
    "with tabs": ("labels.txt", "a.jpg\tcat\nb.png\tdog\n"),
    "in another case": ("t.csv", "image,label\nA.JPG,cat\nB.png,dog\n"),
    "attributes of -1 and 1": ("t.csv", "image_id,cat,dog\na.jpg,1,-1\nb.png,-1,1\n"),
    "true and false": ("t.csv", "image_id,cat,dog\na.jpg,True,False\nb.png,False,True\n"),
    "another suffix": ("t.tsv", "image\tlabel\na.jpg\tcat\nb.png\tdog\n"),
    "lines of JSON": ("t.ndjson", '{"image": "a.jpg", "label": "cat"}\n{"image": "b.png", "label": "dog"}'),
}


@pytest.mark.parametrize("name", list(LISTS))
def test_other_files_that_are_tables(name: str, tmp_path: Path) -> None:
    path, text = LISTS[name]
    assert labels(table(tmp_path, text, path)) == {"a.jpg": "cat", "b.png": "dog"}
    assert labels(read(tmp_path)) == {"a.jpg": "cat", "b.png": "dog"}


def test_texts_that_are_no_tables(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {"cat/a.jpg": JPEG, "dog/b.png": PNG, "train.txt": "cat/a.jpg\n", "a.txt": "a cat\n", "0.txt": "0 1 2\n"},
    )
    with pytest.raises(FileError, match=r"'0\.txt', 'a\.txt', 'train\.txt' are not understood"):
        read(tmp_path)
    assert read(tmp_path, ignore="*.txt").classes == ("cat", "dog")


def test_folders_are_classes_where_a_table_says_none(tmp_path: Path) -> None:
    lay(tmp_path, {"cat/a.jpg": JPEG, "dog/b.png": PNG, "t.csv": "image,split\ncat/a.jpg,train\ndog/b.png,val\n"})
    data = read(tmp_path)
    assert labels(data) == {"cat/a.jpg": "cat", "dog/b.png": "dog"}
    assert "Classes are the folders that pictures lie in: t.csv has none." in data.notes


def test_retinanet_orders_classes_in_a_file_of_their_own(tmp_path: Path) -> None:
    lay(tmp_path, {**PICTURES, "annotations.csv": "a.jpg,2,3,7,10,cat\n", "classes.csv": "dog,0\ncat,1\n"})
    assert read(tmp_path).classes == ("dog", "cat")


BOXES: dict[str, str] = {
    "w and h beside the picture's": "image,x,y,w,h,label,width,height\n"
    "a.jpg,2,3,5,7,cat,32,24\na.jpg,1,1,8,4,dog,32,24\nb.png,1,1,8,4,dog,32,24\n",
    "tensorflow": "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    "a.jpg,32,24,cat,2,3,7,10\na.jpg,32,24,dog,1,1,9,5\nb.png,32,24,dog,1,1,9,5\n",
    "retinanet": "/data/a.jpg,2,3,7,10,cat\n/data/a.jpg,1,1,9,5,dog\n/data/b.png,1,1,9,5,dog\n",
    "open images": "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded\n"
    f"a,x,cat,1,{2 / 32},{7 / 32},{3 / 24},{10 / 24},0\na,x,dog,1,{1 / 32},{9 / 32},{1 / 24},{5 / 24},0\n"
    f"b,x,dog,1,{1 / 32},{9 / 32},{1 / 24},{5 / 24},1\n",
    "gtsrb": "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n"
    "a.jpg;32;24;2;3;7;10;cat\na.jpg;32;24;1;1;9;5;dog\nb.png;32;24;1;1;9;5;dog\n",
    "makesense": "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\n"
    "cat,2,3,5,7,a.jpg,32,24\ndog,1,1,8,4,a.jpg,32,24\ndog,1,1,8,4,b.png,32,24\n",
    "x, y, width, height": "image,label,x,y,width,height\na.jpg,cat,2,3,5,7\na.jpg,dog,1,1,8,4\nb.png,dog,1,1,8,4\n",
    "middles": "image,label,x_center,y_center,width,height\n"
    f"a.jpg,cat,{4.5 / 32},{6.5 / 24},{5 / 32},{7 / 24}\na.jpg,dog,{5 / 32},{3 / 24},{8 / 32},{4 / 24}\n"
    f"b.png,dog,{5 / 32},{3 / 24},{8 / 32},{4 / 24}\n",
    "wheat": 'image_id,width,height,bbox,source,class\na,32,24,"[2, 3, 5, 7]",u,cat\na,32,24,"[1.0, 1, 8, 4]",u,dog\n'
    'b,32,24,"[1, 1, 8, 4]",u,dog\n',
    "via": "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    'a.jpg,99,"{}",2,0,"{""name"":""rect"",""x"":2,""y"":3,""width"":5,""height"":7}","{""class"":""cat""}"\n'
    'a.jpg,99,"{}",2,1,"{""name"":""rect"",""x"":1,""y"":1,""width"":8,""height"":4}","{""class"":""dog""}"\n'
    'b.png,99,"{}",1,0,"{""name"":""rect"",""x"":1,""y"":1,""width"":8,""height"":4}","{""class"":""dog""}"\n',
}


@pytest.mark.parametrize("name", list(BOXES))
def test_a_row_a_box_in_any_spelling(name: str, tmp_path: Path) -> None:
    data = table(tmp_path, BOXES[name])
    expected: dict[str, Any] = {"a.jpg": [("cat", BOX), ("dog", (1, 1, 9, 5))], "b.png": [("dog", (1, 1, 9, 5))]}
    found = boxes(data)
    assert {id: [label for label, _ in some] for id, some in found.items()} == {
        "a.jpg": ["cat", "dog"],
        "b.png": ["dog"],
    }
    for id, some in found.items():
        np.testing.assert_allclose([box for _, box in some], [box for _, box in expected[id]], atol=1e-9)
    assert data.kinds <= {"boxes", "attributes"}


def test_facts_of_open_images_are_kept_and_fractions_told(tmp_path: Path) -> None:
    data = table(tmp_path, BOXES["open images"])
    facts = [one.attributes for source in data.sources for one in source.annotations.instances]  # type: ignore[union-attr]
    first = {"Source": "x", "Confidence": 1, "occluded": 0}
    assert facts == [first, first, {**first, "occluded": 1}]
    assert data.notes == ("Boxes of t.csv are read as fractions of the pictures' sides.",)


def test_retinanet_has_pictures_of_the_background(tmp_path: Path) -> None:
    data = table(tmp_path, "a.jpg,2,3,7,10,cat\nb.png,,,,,\n")
    assert boxes(data) == {"a.jpg": [("cat", BOX)], "b.png": []}


def quoted(value: object) -> str:
    """JSON as a cell of CSV."""
    return '"' + json.dumps(value).replace('"', '""') + '"'


def test_via_shapes(tmp_path: Path) -> None:
    shapes = [
        {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [1, 1, 5]},
        {"name": "circle", "cx": 10, "cy": 12, "r": 5},
        {"name": "ellipse", "cx": 10, "cy": 12, "rx": 5, "ry": 2, "theta": 0},
        {"name": "polyline", "all_points_x": [1, 9], "all_points_y": [2, 3]},
        {"name": "point", "cx": 4, "cy": 5},
    ]
    who = quoted({"type": "t", "who": "me"})
    rows = [f"a.jpg,{quoted(shape)},{who}" for shape in shapes]
    heading = "filename,region_shape_attributes,region_attributes\n"
    data = table(tmp_path, heading + "\n".join(rows) + '\nb.png,"{}","{}"\n')
    first, second = (record(source.annotations.targets) for source in data.sources)  # type: ignore[union-attr]
    polygon, circle, ellipse = first["instances"]
    assert polygon["rings"] == ((1, 1, 9, 1, 9, 5),)
    assert polygon["attributes"] == {"who": "me"}
    np.testing.assert_allclose(circle["box"], (5, 7, 15, 17), atol=1e-9)
    np.testing.assert_allclose(ellipse["box"], (5, 10, 15, 14), atol=1e-9)
    assert [line["numbers"] for line in first["polylines"]] == [(1, 2, 9, 3)]
    assert first["keypoints"] == (4, 5, 2)
    assert second["instances"] == []


def test_texts_of_rows_are_those_of_their_boxes(tmp_path: Path) -> None:
    text = "image,x,y,w,h,caption\na.jpg,2,3,5,7,one\na.jpg,1,1,8,4,two\nb.png,,,,,none\n"
    first, second = table(tmp_path, text).sources
    assert [one.attributes for one in first.annotations.instances] == [{"caption": "one"}, {"caption": "two"}]  # type: ignore[union-attr]
    assert second.attributes == {"caption": "none"}


def test_a_picture_is_in_one_split(tmp_path: Path) -> None:
    text = "image,class,x1,y1,x2,y2,split\na.jpg,cat,2,3,7,10,train\na.jpg,cat,2,3,7,10,val\n"
    with pytest.raises(FileError, match=r"t\.csv:3 split: must be one for all rows of a picture, train, got val"):
        table(tmp_path, text)


def test_columns_of_zeros_and_ones_are_classes(tmp_path: Path) -> None:
    data = table(tmp_path, "filename, Cat, Dog\na.jpg, 1, 1\nb.png, 0, 0\n", "_classes.csv")
    assert labels(data) == {"a.jpg": ["Cat", "Dog"], "b.png": []}
    assert data.classes == ("Cat", "Dog")
    data = table(tmp_path, "image,MEL,NV\na.jpg,1.0,0.0\nb.png,0.0,1.0\n")
    assert labels(data) == {"a.jpg": "MEL", "b.png": "NV"}


@pytest.mark.parametrize("text", ["007", "1e3", "null", "NA", "None", "true", "1.0", "-0"])
def test_class_names_stay_as_written(text: str, tmp_path: Path) -> None:
    assert labels(table(tmp_path, f"image,label\na.jpg,{text}\n")) == {"a.jpg": text}
    data = table(tmp_path, f"image,class,x1,y1,x2,y2\na.jpg,{text},2,3,7,10\n")
    assert boxes(data) == {"a.jpg": [(text, BOX)]}


def test_masks_are_named_or_told_by_content(tmp_path: Path) -> None:
    lay(tmp_path, {"m/a.png": MASK})
    for text in ("image,mask,label\na.jpg,m/a.png,cat\n", "image,label\na.jpg,m/a.png\n"):
        (source,) = table(tmp_path, text).sources
        assert source.annotations is not None
        assert source.annotations.mask == "m/a.png"
    assert source.label is None


def test_captions_are_attributes_and_unknown_columns_are_refused(tmp_path: Path) -> None:
    text = "image,label,caption,site\na.jpg,cat,a cat sits,north\nb.png,dog,,south\n"
    with pytest.raises(FileError, match=r"t\.csv:1: must be read as labels, but 'site' is not understood"):
        table(tmp_path, text)
    data = table(tmp_path, text, ignore="site")
    assert [source.attributes for source in data.sources] == [{"caption": "a cat sits"}, None]
    assert data.ignored == (("site", 1),)
    assert table(tmp_path, text, columns="site").column("site") == {"a.jpg": "north", "b.png": "south"}


def test_one_of_several_classes_has_to_be_chosen(tmp_path: Path) -> None:
    text = "image,fine_label,coarse_label\na.jpg,siamese,cat\n"
    with pytest.raises(FileError, match=r"'coarse_label' is not understood\. One column is the class, now fine_label"):
        table(tmp_path, text)
    assert labels(table(tmp_path, text, ignore="fine_label")) == {"a.jpg": "cat"}
    assert labels(table(tmp_path, text, ignore="coarse_label")) == {"a.jpg": "siamese"}
    asked = table(tmp_path, text, ignore="coarse_label", columns="fine_label")
    assert asked.column("fine_label") == {"a.jpg": "siamese"}


X = "image,class,x1,y1,x2,y2\na.jpg,cat,2,3,7,10\nb.png,"
FAULTS = [
    ("image,label\na.jpg,cat\nb.png,dog,x\n", "b.png", "t.csv:3: must have 2 cells, got 3"),
    ("image,label\na.jpg,cat\nc.png,dog\n", "c.png", "t.csv:3: must be a picture that is there, got 'c.png'"),
    (X + "cat,2,x,7,10\n", "b.png", "t.csv:3 y1: must be a number, got 'x'"),
    (X + "cat,2,,7,10\n", "b.png", "t.csv:3 y1: must be a number, got None"),
    (X + "cat,7,3,2,10\n", "b.png", "t.csv:3: must be a box from left"),
    ("image;class;x1;y1;x2;y2\na.jpg;cat;2;3;7;10\nb.png;cat;2,5;3;7;10\n", "b.png", "Write decimals with a point"),
    (X + ",2,3,7,10\n", "b.png", "t.csv:3: must have a class for its box, got none"),
    (X + "cat,,,,\n", "b.png", "must have a box for 'cat', got none"),
    ("image;boxes;label\na.jpg;;cat\nb.png;[[1,2]];cat\n", "b.png", "t.csv:3 boxes[0]: must be 4 numbers"),
    ('image,bbox\na.jpg,"[2,3,5,7]"\nb.png,"[2,3,5]"\n', "b.png", "t.csv:3 bbox[0]: must be 4 numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "id", "words"), FAULTS, ids=[words for *_, words in FAULTS])
def test_a_bad_row_costs_its_picture_alone(text: str, id: str, words: str, tmp_path: Path) -> None:
    data = table(tmp_path, text)
    faults = {source.id: source.fault for source in data.sources}
    assert words in faults.pop(id)
    assert list(faults.values()) == [""]
    out = tmp_path.with_name(f"{tmp_path.name}-out")
    summary = done(tmp_path / "t.csv", out, max_rejected=0.5, copies=1)
    assert (summary.written, summary.rejected) == (1, 1)
    assert words.replace('"', "") in (out / ".augkit/rejected.jsonl").read_text()


TABLES = [
    ("image,label\na.jpg,cat\nb.png,dog\nimage,label\n", None),
    (
        "image,label\nx.jpg,cat\ny.png,dog\n",
        r"t\.csv: must have its pictures beside it, got none of 2, such as 'x\.jpg'",
    ),
    ("image,label\na.jpg,cat\na.jpg,dog\n", r"t\.csv:3: must have an id of its own, got 'a\.jpg' again"),
    ("image,label\na.jpg,cat\n,dog\n", r"t\.csv:3: must have a column image"),
    ("image, image\na.jpg,cat\n", r"t\.csv:1: must name every column once"),
    ("a.jpg,1,2,3\n", r"t\.csv:1: must begin with a line of names"),
    (b"\xff\xfei\0m", r"t\.csv:1: must (be UTF-16|have a column image)"),
    ("image,label\n../../etc/a.jpg,cat\n", r"t\.csv:2 image: must be a path below"),
]


@pytest.mark.parametrize(("text", "words"), [pair for pair in TABLES if pair[1]])
def test_a_table_that_is_none_is_a_sentence(text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=words):
        table(tmp_path, text)


def test_splits_may_be_tables_of_their_own(tmp_path: Path) -> None:
    """Roboflow's TensorFlow export."""
    heading = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    lay(tmp_path, {"train/_annotations.csv": heading + "a.jpg,32,24,cat,2,3,7,10\n", "train/a.jpg": JPEG})
    lay(tmp_path, {"valid/_annotations.csv": heading + "a.jpg,32,24,dog,1,1,9,5\n", "valid/a.jpg": JPEG})
    data = read(tmp_path)
    assert [(source.id, source.split) for source in data.sources] == [("train/a.jpg", "train"), ("valid/a.jpg", "val")]
    assert boxes(data) == {"train/a.jpg": [("cat", BOX)], "valid/a.jpg": [("dog", (1, 1, 9, 5))]}
    assert "Splits are" in data.notes[0]


def test_pictures_in_another_folder_are_found_by_the_end_of_their_path(tmp_path: Path) -> None:
    lay(tmp_path, {"images/x/a.jpg": JPEG, "images/y/a.jpg": PNG, "t.csv": "image,label\nx/a.jpg,cat\ny/a.jpg,dog\n"})
    assert labels(read(tmp_path)) == {"images/x/a.jpg": "cat", "images/y/a.jpg": "dog"}
    lay(tmp_path, {"t.csv": "image,label\na.jpg,cat\nx/a.jpg,dog\n"})
    first, second = read(tmp_path / "t.csv").sources
    assert first.fault == "t.csv:2: must be a picture that is there, got 'a.jpg'."  # it could be either
    assert (second.id, second.label) == ("images/x/a.jpg", "dog")


def test_masks_that_a_table_does_not_name_are_not_left_in_silence(tmp_path: Path) -> None:
    lay(tmp_path, {"images/a.jpg": JPEG, "labels2/a.png": MASK, "t.csv": "image,label\na.jpg,cat\n"})
    with pytest.raises(FileError, match=r"It has the name of images/a\.jpg"):
        read(tmp_path)


ROW: dict[str, Any] = {
    "image": "a.jpg", "label": {"any": ["thing", 1]}, "split": "train", "boxes": [[2, 3, 17, 20], [1, 1, 9, 5]],
    "box_labels": ["cat", "dog"], "polygons": [[2, 3, 17, 3, 17, 20], []], "box_attributes": [{"score": 0.5}, {}],
    "keypoints": [[5, 6], [7, 8, 1]], "rotated_boxes": [[12, 12, 9, 5, 30]], "rotated_box_labels": ["ship"],
    "polylines": [[[1, 2], [20, 20]]], "polyline_labels": ["road"], "attributes": {"weather": "rain"}, "mask": "m.png",
}  # fmt: skip


def test_everything_is_written_and_read_back(tmp_path: Path) -> None:
    rows = [ROW, {"image": "b.png", "label": 3, "split": "val"}]
    lay(tmp_path / "src", {**PICTURES, "m.png": MASK, "t.jsonl": "\n".join(map(json.dumps, rows))})
    summary = done(
        tmp_path / "src/t.jsonl", tmp_path / "out", form="manifest", pipeline="identity", encoding="png", copies=2
    )
    assert (summary.written, summary.copied) == (3, 1)
    for where in (tmp_path / "out", tmp_path / "out/manifest.jsonl"):
        data = read(where)
        assert data.form == "manifest"
        train, val = data.sources[:2], data.sources[2]
        first = read(tmp_path / "src/t.jsonl").sources[0]
        for source in train:
            assert (source.label, source.split, source.attributes) == (ROW["label"], "train", ROW["attributes"])
            assert source.annotations is not None
            assert first.annotations is not None
            assert record(source.annotations.targets) == record(first.annotations.targets)
            assert data.read(source.annotations.mask or "") is not None
        assert (val.label, val.split, val.annotations) == (3, "val", None)
    assert verify(tmp_path / "out").is_sound
    assert replay(tmp_path / "out", lines(tmp_path / "out")[0]["id"]).is_identical
    entry = json.loads((tmp_path / "out/manifest.jsonl").read_text().splitlines()[0])
    assert entry["boxes"] == [[2, 3, 17, 20], [1, 1, 9, 5]]


def told(data: DataSet) -> int:
    """How many labels a data set has, a faulty picture counting as all of them."""
    if any(source.fault for source in data.sources):
        return 10**6
    objects = [source.annotations.instances or () for source in data.sources if source.annotations is not None]
    return sum(source.label is not None for source in data.sources) + sum(map(len, objects))


MUTATED: dict[str, str] = {
    "t.csv": "image,label,split,caption\na.jpg,cat,train,it sits\nb.png,dog,val,\n",
    "u.csv": BOXES["tensorflow"],
    "v.csv": BOXES["via"],
    "w.jsonl": json.dumps({**ROW, "mask": None}) + "\n" + json.dumps({"image": "b.png", "label": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(MUTATED))
def test_damage_is_a_sentence_or_the_labels(name: str, tmp_path: Path) -> None:
    lay(tmp_path, PICTURES)
    data = MUTATED[name].encode()
    sentences: list[str] = []
    for damaged in mutations(data, 2000, seed=len(name)):
        (tmp_path / name).write_bytes(damaged)
        try:
            found = read(tmp_path / name)
        except AugkitError as fault:
            sentences.append(str(fault))
        else:
            assert told(found) or damaged.count(b"\n") < data.count(b"\n"), damaged
    assert 400 < len(sentences) < 2000
    assert not [text for text in sentences if "\n" in text or not text.startswith((str(tmp_path), "path"))]
