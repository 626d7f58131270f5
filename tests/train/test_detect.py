"""Detection: boxes are learnt, found again in pictures of any size, and judged as COCO judges them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from augkit.core.arrays import JsonObject
from augkit.errors import ArgumentError, FileError, SampleError
from augkit.images.network_input import InputShape, fitted, placement
from augkit.pipeline import load
from augkit.targets.sample import Sample
from augkit.train import Result, predict, train
from augkit.train.answers.answer_files import coco_of
from augkit.train.answers.predictions import Row, Wanted, find
from augkit.train.batches.framing import framed
from augkit.train.files.artefact import load as load_artefact
from augkit.train.heads.fcos_head import FcosHead
from augkit.train.setup import prepare
from augkit.train.tasks import read_task
from augkit.train.tasks.average_precision import THRESHOLDS, Matches, match, precisions
from augkit.train.tasks.box_loss import assigned, detection_loss, generalised_iou
from augkit.train.tasks.detect_task import Detect
from augkit.train.tasks.detections import detections, distinct
from augkit.train.trainer import reproducible
from support.commands import augkit
from support.folders import put
from support.scenes import scene, scenes
from support.tiny_backbone import TINY
from support.trainings import prepared, settings

pytestmark = pytest.mark.figures
TASK = Detect(("disc", "square"))


@pytest.mark.parametrize(
    "shape", [InputShape((40, 60), 3), InputShape((40, 40), 3, 50), InputShape((40, 60), 3, is_padded=True)]
)
@pytest.mark.parametrize("size", [(80, 60), (33, 90), (40, 60)])
def test_targets_lie_where_the_picture_does(shape: InputShape, size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    top, left = size[0] // 2 - 6, size[1] // 2 - 5
    image[top : top + 12, left : left + 10] = 255
    sample = Sample(image, boxes=[[left, top, left + 10, top + 12]], box_labels=["square"])
    target = TASK.target(framed(sample, shape), shape.size)
    rows, columns = np.nonzero(fitted(image, shape)[:, :, 0] > 127)
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    np.testing.assert_allclose(target[0, 1:5].numpy(), found, atol=1.0)
    assert target[0, 0] == 1


def test_a_task_is_read_as_it_was_written() -> None:
    assert read_task(json.loads(json.dumps(TASK.described()))) == TASK


def test_crowds_and_difficult_objects_are_ignored() -> None:
    sample = Sample(
        np.zeros((20, 20, 3), np.uint8),
        boxes=[[0, 0, 5, 5], [5, 5, 9, 9], [1, 1, 4, 9]],
        box_labels=["disc"] * 3,
        crowds=[True, False, False],
        box_attributes=[{}, {"difficult": 1}, {"difficult": 0}],
    )
    assert TASK.target(sample, (20, 20))[:, 5].tolist() == [1, 1, 0]


def test_average_precision_is_that_of_pycocotools() -> None:
    """On random scenes with crowds, ties, pictures without an object and answers to nothing."""
    coco, cocoeval = (pytest.importorskip(f"pycocotools.{name}") for name in ("coco", "cocoeval"))
    random = np.random.default_rng(0)
    truths, answers = list[Any](), list[Any]()
    found: list[list[Any]] = [[], []]
    for picture in range(25):
        boxes = random.integers(0, 30, (int(random.integers(0, 9)), 4)).astype(float)
        boxes[:, 2:] += boxes[:, :2] + 4
        kinds, crowds = random.integers(0, 2, len(boxes)), random.random(len(boxes)) < 0.2
        said = np.concatenate([boxes + random.normal(0, 1.5, boxes.shape), boxes[:2] + 20])
        said[:, 2:] = np.maximum(said[:, 2:], said[:, :2] + 1)
        said_kinds = np.concatenate([kinds, 1 - kinds[:2]])
        scores = random.integers(1, 9, len(said)) / 10
        for box, kind, crowd in zip(boxes, kinds, crowds, strict=True):
            side = box[2:] - box[:2]
            entry = {"image_id": picture, "category_id": int(kind), "bbox": [*box[:2], *side], "area": side.prod()}
            truths.append(entry | {"iscrowd": int(crowd), "id": len(truths) + 1})
        for box, kind, score in zip(said, said_kinds, scores, strict=True):
            entry = {"image_id": picture, "category_id": int(kind), "bbox": [*box[:2], *(box[2:] - box[:2])]}
            answers.append(entry | {"score": score})
        for kind in range(2):
            mine, own = said_kinds == kind, kinds == kind
            found[kind].append(match(said[mine], scores[mine], boxes[own], crowds[own]))
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco.COCO()
        known.dataset = {
            "images": [{"id": picture} for picture in range(25)],
            "categories": [{"id": 0}, {"id": 1}],
            "annotations": truths,
        }
        known.createIndex()
        judged = cocoeval.COCOeval(known, known.loadRes(answers), "bbox")
        judged.evaluate()
        judged.accumulate()
    for kind in range(2):
        mine = precisions(found[kind])
        assert mine is not None
        theirs = judged.eval["precision"][:, :, kind, 0, 2].mean(axis=1)
        np.testing.assert_allclose(mine, theirs, atol=1e-9)
        assert len(mine) == len(THRESHOLDS)


def _places(side: int = 64) -> torch.Tensor:
    rows = []
    for stride in (8, 16, 32):
        steps = (torch.arange(side // stride) + 0.5) * stride
        rows += [(float(x), float(y), float(stride)) for y in steps for x in steps]
    return torch.tensor(rows)


def test_every_box_is_some_place_s_to_find() -> None:
    """However small, large or off the grid it is; and in a box that is ignored no place is asked that finds nothing."""
    generator = torch.Generator().manual_seed(0)
    places = _places()
    for _ in range(50):
        corner = torch.rand(1, 2, generator=generator) * 50
        box = torch.cat([corner, corner + 1 + torch.rand(1, 2, generator=generator) * 12], 1)
        found = assigned(places, box, torch.zeros(0, 4))
        assert (found.boxes == 0).any()
        assert found.is_asked.all()
    inside = torch.tensor([[0.0, 0.0, 32.0, 32.0]])
    found = assigned(places, torch.zeros(0, 4), inside)
    assert ((places[:, :2] < 32).all(1) == ~found.is_asked).all()


def test_boxes_are_fine_whatever_the_precision_of_the_products() -> None:
    """Half precision has steps of 2 pixels where a picture has more than 256."""
    head = FcosHead(((8, 4), (16, 4), (32, 4)), 2)
    head.begin()
    maps = [torch.randn(1, 4, side, side, generator=torch.Generator().manual_seed(0)) for side in (48, 24, 12)]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        said = head(maps)[0]
    places = _places(384)
    assert torch.equal(said[:, 5:8], places)
    far = said[:, 2] - places[:, 0]
    assert (far % 0.125 != 0).float().mean() > 0.9
    assert (said[:, 0] < said[:, 2]).all()


def test_a_perfect_answer_costs_nothing_and_moves_nothing() -> None:
    target = TASK.joined([torch.tensor([[0.0, 8, 8, 24, 24, 0], [1, 30, 30, 60, 60, 0]]), torch.zeros(0, 6)])
    places = _places()
    outputs = torch.full((2, len(places), 10), -12.0)
    outputs[:, :, 5:8] = places
    outputs[:, :, :4] = torch.tensor([0.0, 0, 1, 1])
    found = assigned(places, target[0, :, 1:5], torch.zeros(0, 4)).boxes
    for place in (found >= 0).nonzero()[:, 0]:
        outputs[0, place, :4] = target[0, found[place], 1:5]
        outputs[0, place, 8 + int(target[0, found[place], 0])] = 12.0
        far = torch.cat(
            [places[place, :2] - target[0, found[place], 1:3], target[0, found[place], 3:5] - places[place, :2]]
        )
        near = (far[0::2].min() / far[0::2].max() * far[1::2].min() / far[1::2].max()).sqrt()
        outputs[0, place, 4] = torch.logit(near, 1e-4)
    quiet = detection_loss(outputs, target)
    outputs[0, :, 8:] = -12.0
    assert quiet < 0.5 < detection_loss(outputs, target)  # what is left of it is the centre-ness' own entropy


def test_the_loss_of_a_batch_is_the_mean_of_its_pictures() -> None:
    generator = torch.Generator().manual_seed(1)
    places = _places()
    outputs = torch.randn(3, len(places), 10, generator=generator)
    outputs[:, :, 5:8], outputs[:, :, 2:4] = places, outputs[:, :, :2] + 9
    rows = [torch.tensor([[1.0, 3, 3, 30, 40, 0]]), torch.zeros(0, 6), torch.tensor([[0.0, 9, 9, 20, 20, 1]])]
    whole = detection_loss(outputs, TASK.joined(rows))
    parts = [detection_loss(outputs[place : place + 1], TASK.joined([row])) for place, row in enumerate(rows)]
    torch.testing.assert_close(whole, torch.stack(parts).mean())


def test_generalised_iou_has_its_bounds() -> None:
    box = torch.tensor([[0.0, 0, 4, 4]])
    assert generalised_iou(box, box).item() == pytest.approx(1.0)
    assert generalised_iou(box, box + 100).item() < -0.9


def test_of_answers_that_say_the_same_the_surest_is_left() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 9], [20, 20, 30, 30]])
    assert distinct(boxes, torch.tensor([0, 0, 1, 0])).tolist() == [0, 2, 3]
    assert (detections(torch.full((5, 10), -9.0))[:, 0] == -1).all()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes(tmp_path_factory.mktemp("scenes"), 16)


def test_a_detector_is_trained_and_asked(data: Path, tmp_path: Path) -> None:
    """From data whose labels are boxes alone: the task is told by them."""
    wanted = settings(data, tmp_path / "run", **TINY | {"input": (96, 96, 3), "epochs": 4})
    result = train(wanted)
    assert result.metrics["kind"] == "detect"
    assert 0.0 <= result.metrics["ap"] <= result.metrics["ap50"] <= 1.0
    page = Path(result.report).read_text()
    assert "Average precision" in page
    assert "Precision and recall" in page
    assert Path(result.out, "precision_recall.png").is_file()
    row = next(iter(predict(result.out, data.parent / "000.png")))
    assert row.answers is not None
    assert row.answers.shape[1] == 6
    assert (row.answers[:, 1:5] <= 64).all()
    assert (row.answers[:, 1:3] < row.answers[:, 3:5]).all()
    assert_files_hold_what_is_said(data.parent, tmp_path, result.out)
    assert_figures_are_those_of_answers(data, result)
    (again,) = predict(result.out, data.parent / "000.png", tta=2, pipeline=load("digits"))
    assert again.answers is not None
    assert ((again.answers[:, 5] > 0) & (again.answers[:, 5] <= 1)).all()
    assert (again.answers[:, 1:5] <= 64).all()


def assert_figures_are_those_of_answers(data: Path, result: Result) -> None:
    """Of boxes as `predict` gives them, in the pictures' own pixels, whatever the network's input is."""
    reported = {name.partition(",")[0] for name in Path(result.out, "predictions.csv").read_text().splitlines()[1:]}
    task = load_artefact(result.out).task
    rows = [row for line in data.read_text().splitlines() if (row := json.loads(line))["image"] in reported]
    found: dict[str, list[Matches]] = {name: [] for name in task.names}
    for row, said in zip(rows, predict(result.out, [data.parent / row["image"] for row in rows]), strict=True):
        assert said.answers is not None
        for place, name in enumerate(task.names):
            mine = said.answers[said.answers[:, 0] == place]
            boxes = [box for box, label in zip(row["boxes"], row["box_labels"], strict=True) if label == name]
            own = np.array(boxes, np.float64).reshape(-1, 4)
            found[name].append(match(mine[:, 1:5], mine[:, 5], own, np.zeros(len(own), bool)))
    for told in result.metrics["per_class"]:
        known = precisions(found[told["name"]])
        assert told["ap"] == (None if known is None else pytest.approx(float(known.mean()), abs=1e-6))
        assert told["support"] == sum(one.truths for one in found[told["name"]])


def assert_files_hold_what_is_said(pictures: Path, folder: Path, run: str) -> None:
    """COCO's JSON is what pycocotools reads, and there is a picture with its boxes for every one that was asked of."""
    coco = pytest.importorskip("pycocotools.coco")
    named = [pictures / f"{place:03d}.png" for place in range(3)]
    augkit("predict", run, *named, "-o", folder / "found.json", "--overlays", folder / "shown")
    with contextlib.redirect_stdout(io.StringIO()):
        read = coco.COCO(folder / "found.json")
        known = read.loadRes(json.loads((folder / "found.json").read_text())["annotations"])
    assert sorted(read.imgs) == [1, 2, 3]
    rows = list(predict(run, named))
    assert [len(row.answers) for row in rows if row.answers is not None] == [
        len(known.getAnnIds(imgIds=number)) for number in sorted(read.imgs)
    ]
    assert len(list((folder / "shown").glob("*.jpg"))) == 3
    told = augkit("predict", run, named[0], "-o", folder / "found.tsv", code=2).stderr
    assert "must end in .csv or .jsonl or .json" in told


def test_it_is_judged_in_the_picture_s_own_pixels() -> None:
    """An answer is cut at the borders of the picture, beyond which no object is, wherever that lies in the input."""
    sample = Sample(np.zeros((20, 40, 3), np.uint8), boxes=[[0, 0, 20, 20]], box_labels=["square"])
    fit = placement((20, 40), InputShape((80, 80), 3, is_padded=True))
    output = torch.tensor([[-30.0, 0, 40, 60, 9, 40, 40, 8, -9, 9]])
    found, target = TASK.judged(output, torch.zeros(0, 6), fit, (20, 40), lambda: sample)
    np.testing.assert_allclose(found[0, :5], [1, 0, 0, 20, 20])
    np.testing.assert_allclose(target, [[1, 0, 0, 20, 20, 0]])


def test_coco_keeps_its_ids(tmp_path: Path) -> None:
    """Those of its classes come from what was learnt, those of pictures from what is asked about."""
    images, notes = list[JsonObject](), list[JsonObject]()
    for place in range(8):
        image, _, boxes, labels = scene(100 + place, most=5)
        put(tmp_path / f"coco/images/{place}.png", image)
        images.append({"id": 70 - place, "file_name": f"{place}.png", "width": 64, "height": 64})
        for (left, top, right, bottom), label in zip(boxes, labels, strict=True):
            box, number = [left, top, right - left, bottom - top], {"disc": 7, "square": 3}[label]
            notes.append({"id": len(notes) + 1, "image_id": 70 - place, "category_id": number, "bbox": box})
    categories = [{"id": 3, "name": "square"}, {"id": 7, "name": "disc"}]
    whole = {"images": images, "annotations": notes, "categories": categories}
    (tmp_path / "coco/annotations").mkdir()
    (tmp_path / "coco/annotations/instances.json").write_text(json.dumps(whole))
    wanted = settings(tmp_path / "coco", tmp_path / "run", **TINY)
    task = prepared(wanted).task
    assert isinstance(task, Detect)
    assert read_task(json.loads(json.dumps(task.described()))) == task
    numbers = dict(zip(task.names, task.numbers, strict=True))
    assert numbers == {"square": 3, "disc": 7}
    asked = find([tmp_path / "coco"])
    read = _as_coco(asked, task)
    wanted_ids = {entry["file_name"]: entry["id"] for entry in images}
    assert {Path(one["file_name"]).name: one["id"] for one in read["images"]} == wanted_ids
    assert [one["category_id"] for one in read["annotations"]] == [7] * 8
    assert [one["image_id"] for one in read["annotations"]] == [one["id"] for one in read["images"]]
    alone = find([tmp_path / "coco/images/0.png"])
    assert [one["category_id"] for one in _as_coco(alone, task)["annotations"]] == [7]
    ids = [one["id"] for one in _as_coco(alone + asked + asked, task)["images"]]
    assert len(set(ids)) == 17
    assert ids[1:9] == [70 - place for place in range(8)]


def _as_coco(asked: list[Wanted], task: Detect) -> JsonObject:
    """Return COCO's JSON where a disc was found in every picture."""
    answers = np.array([[task.names.index("disc"), 1, 2, 11, 22, 0.5]])
    found: JsonObject = json.loads(coco_of((Row(one.path, answers, size=(64, 64)) for one in asked), asked, task))
    return found


def test_what_no_detector_can_learn_from_is_refused(data: Path, tmp_path: Path) -> None:
    wanted = settings(data, tmp_path / "run", **TINY)
    with pytest.raises(ArgumentError, match=r"must be a model with maps at several strides: .*resnet18"):
        prepared(wanted.replaced(model="lenet"))
    with pytest.raises(ArgumentError, match="must go with classes or labels or segment, got detect"):
        prepared(wanted.replaced(smoothing=0.1))
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    plain = data.parent / "plain.jsonl"
    plain.write_text("".join(json.dumps({"image": row["image"], "label": "a"}) + "\n" for row in rows))
    with pytest.raises(FileError, match=r"must have labels of the kind boxes, got none beside their class.* another"):
        prepared(wanted.replaced(data=str(plain), task="detect"))


def test_pictures_without_an_object_alone_teach_nothing(data: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    bare = data.parent / "bare.jsonl"
    bare.write_text("".join(json.dumps(row | {"boxes": [], "box_labels": []}) + "\n" for row in rows))
    with pytest.raises(SampleError, match=r"pictures: must hold a box .* got none in \d+\. Add pictures"):
        prepared(settings(bare, tmp_path / "run", **TINY | {"task": "detect"}))


def test_a_class_that_no_training_picture_has_is_told_and_counts_as_missed(data: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    for row in rows:
        row["split"] = "test" if row is rows[0] else "val" if row is rows[1] else "train"
    rows[0]["box_labels"][0] = "rare"
    odd = data.parent / "odd.jsonl"
    odd.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told: list[str] = []
    result = train(settings(odd, tmp_path / "run", **TINY), tell=told.append)
    assert any("none in a training picture: 'rare' 1. They count as missed" in sentence for sentence in told)
    assert {row["name"]: row["ap50"] for row in result.metrics["per_class"]}["rare"] == 0.0
    for row in rows[2:]:
        row["boxes"] = row["box_labels"] = []
    odd.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(SampleError, match=r"objects: must be in training pictures too, got .* another --split-seed"):
        prepared(settings(odd, tmp_path / "other", **TINY))


def test_pictures_that_nobody_looked_through_teach_nothing(data: Path, tmp_path: Path) -> None:
    """Whereas one whose list of boxes is empty says that there is no object."""
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    for row in rows[:2]:
        del row["boxes"], row["box_labels"]
    some = data.parent / "some.jsonl"
    some.write_text("".join(json.dumps(row) + "\n" for row in rows))
    told: list[str] = []
    with reproducible():
        ready = prepare(settings(some, tmp_path / "run", **TINY, pipeline="light"), told.append, lambda *_: None)
    assert any("border: reflect" in sentence for sentence in told)  # what is mirrored beyond the edges has no box
    assert "2 of 16 pictures have no boxes, nor say that there is none: left out (000.png)." in told
    assert sum(map(len, ready.truths.values())) == 14
    assert any(row["boxes"] == [] for row in rows[2:])
