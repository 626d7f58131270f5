"""Segmentation: the class of every pixel is learnt, judged, told in the picture's own pixels, and gone on with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from augkit.datasets.samples import named_sample
from augkit.errors import ArgumentError, FileError, SampleError
from augkit.images import decode
from augkit.images.network_input import InputShape, Placement, placement
from augkit.pipeline import Pipeline
from augkit.targets.sample import Sample
from augkit.train import predict, train
from augkit.train.batches.framing import framed
from augkit.train.files.artefact import load
from augkit.train.heads.segment_head import SegmentHead
from augkit.train.setup import prepare
from augkit.train.tasks import Evaluation, read_task
from augkit.train.tasks.mask_numbers import IGNORED
from augkit.train.tasks.overlap import Overlap, confusion
from augkit.train.tasks.pixel_frames import classes_at
from augkit.train.tasks.pixel_loss import enlarged
from augkit.train.tasks.segment_task import Segment
from augkit.transforms.geometry import Mirror
from support.folders import put
from support.scenes import CLASSES, masked_scenes, scene
from support.tiny_backbone import TINY
from support.trainings import prepared, settings

pytestmark = pytest.mark.figures
TASK = Segment(("background", *CLASSES), (0, 1, 2), (255,))


def test_a_network_of_pixels_is_trained_and_asked(segmented: Path, masked: Path) -> None:
    """From pictures that carry masks alone: the task is told by them, and so are its classes."""
    metrics = load(segmented).metrics
    assert metrics["kind"] == "segment"
    assert [row["name"] for row in metrics["per_class"]] == ["background", *CLASSES]
    assert 0.0 <= metrics["mean_iou"] <= metrics["pixel_accuracy"] <= 1.0
    page = (segmented / "report.html").read_text()
    assert "Mean IoU" in page
    assert "Worst" in page
    assert page.count("data:image") > 2
    style, body = page.split("</style>", 1)
    assert 'class="swatch"' in body
    used = {name for names in re.findall(r'class="([^"]+)"', body) for name in names.split()}
    assert {name for name in used if f".{name}" not in style} == set()  # or a legend would have no colours
    image = np.tile(scene(99)[0], (2, 1, 1))[:101]
    (row,) = predict(segmented, image)
    assert row.answers is not None
    assert row.answers.shape == (101, 64)
    assert set(np.unique(row.answers)) <= {0, 1, 2}
    told = (segmented / "predictions.csv").read_text().splitlines()
    assert told[0] == "path,truth,share of background,share of disc,share of square"
    assert all(sum(map(float, line.split(",")[-3:])) == pytest.approx(1.0, abs=1e-4) for line in told[1:])


def test_an_artefact_says_what_the_network_said(segmented: Path, masked: Path) -> None:
    artefact = load(segmented)
    assert isinstance(artefact.task, Segment)
    assert artefact.task == read_task(json.loads(json.dumps(TASK.described())))
    one, again = (next(iter(predict(segmented, masked / "images" / "003.png", batch_size=size))) for size in (1, 7))
    assert one.answers is not None
    assert again.answers is not None
    assert np.array_equal(one.answers, again.answers)


@pytest.mark.parametrize("shape", [InputShape((40, 60), 3), InputShape((40, 40), 3, 50)])
@pytest.mark.parametrize("size", [(80, 60), (33, 90), (40, 60)])
def test_a_mask_goes_into_the_input_and_back(shape: InputShape, size: tuple[int, int]) -> None:
    mask = np.zeros(size, np.uint8)
    mask[size[0] // 4 : size[0] * 3 // 4, size[1] // 3 : size[1] * 2 // 3] = 2
    fit = placement(size, shape)
    target = TASK.target(framed(Sample(np.zeros((*size, 3), np.uint8), mask=mask), shape), shape.size)
    assert target.shape == shape.size
    flags = torch.nn.functional.one_hot(target.long().clamp(max=2), 3).permute(2, 0, 1).float()
    scores = torch.nn.functional.avg_pool2d(flags, 4)  # as the head gives them
    back = TASK.placed(scores, fit, size)
    x, y = np.meshgrid(np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5)
    is_in = _within(x * fit.scale_x + fit.left, shape.size[1]) & _within(y * fit.scale_y + fit.top, shape.size[0])
    near = max(1.5 / fit.scale_x, 1.5 / fit.scale_y)  # pixels of the picture to those of the input at a corner
    edges = 2 * (size[0] // 2 + size[1] // 3) * near
    assert (back != mask)[is_in].sum() <= edges


def _within(values: NDArray[np.float64], end: int) -> NDArray[np.bool_]:
    return (values > 0.0) & (values < end)


def test_beside_a_padded_picture_nothing_counts() -> None:
    sample = Sample(np.zeros((20, 40, 3), np.uint8), mask=np.full((20, 40), 2, np.uint8))
    target = TASK.target(framed(sample, InputShape((40, 40), 3, is_padded=True), TASK.outside), (40, 40))
    assert (target[10:30] == 2).all()
    assert (target[:10] == IGNORED).all()
    assert (target[30:] == IGNORED).all()


def test_answers_come_back_to_the_pixels_that_they_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = torch.ones(2, 20, 30)
    scores[1] = 0.0
    scores[1, 5:15, 12:24] = 2.0
    found = classes_at(scores, Placement(0.5, 0.5, 0.0, 0.0), (40, 60))
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert [rows[0], rows[-1] + 1, columns[0], columns[-1] + 1] == pytest.approx([10, 30, 24, 48], abs=1)
    monkeypatch.setattr("augkit.train.tasks.pixel_frames.MOST_NUMBERS", 2 * 60 * 7)
    assert np.array_equal(classes_at(scores, Placement(0.5, 0.5, 0.0, 0.0), (40, 60)), found)


def test_a_picture_without_a_mask_teaches_nothing() -> None:
    target = TASK.target(Sample(np.zeros((20, 20, 3), np.uint8)), (20, 20))
    assert (target == IGNORED).all()
    outputs = torch.randn(2, 3, 5, 5, requires_grad=True)
    loss = TASK.loss()(outputs, target[None].repeat(2, 1, 1))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0.0
    assert outputs.grad is not None
    assert not outputs.grad.any()
    kept, told = TASK.kept(outputs.detach()[:1], target[None])
    evaluation = Evaluation(("a",), kept.numpy(), told.numpy(), TASK)
    assert TASK.measure(evaluation)["mean_iou"] is None


def test_rare_classes_count_more_by_the_root_of_their_rarity() -> None:
    truths = torch.zeros(2, 10, 10, dtype=torch.uint8)
    truths[0, :2], truths[1, 0] = 1, IGNORED
    weights = TASK.balanced(truths)
    assert float(weights[0]) ** 2 * 170 == pytest.approx(float(weights[1]) ** 2 * 20)
    assert weights[2] == 1.0


def test_the_head_says_the_same_of_a_picture_whatever_else_is_in_its_batch() -> None:
    torch.manual_seed(0)
    head = SegmentHead(((4, 8), (8, 16), (16, 24)), 5).eval()
    maps = [torch.randn(3, 8, 9, 10), torch.randn(3, 16, 5, 5), torch.randn(3, 24, 3, 3)]
    found = head(maps)
    assert found.shape == (3, 5, 9, 10)
    assert torch.allclose(head([part[1:2] for part in maps])[0], found[1], atol=1e-5)


def test_masks_that_are_none_of_their_picture_are_left_out_and_told(tmp_path: Path) -> None:
    root = masked_scenes(tmp_path / "data", 12)
    put(root / "masks" / "004.png", np.zeros((5, 5), np.uint8))
    wanted = settings(root, tmp_path / "run", **TINY, max_rejected=0.2)
    told = list[str]()
    setup = prepare(wanted, told.append, lambda *_: None)
    assert any("004.png mask: must have its picture's shape (64, 64), got (5, 5)" in sentence for sentence in told)
    assert sum(len(setup.truths[role]) for role in setup.truths) == 11
    with pytest.raises(FileError, match="must be readable"):
        prepared(wanted.replaced(max_rejected=0.0))


def test_a_changed_mask_is_another_data_set(tmp_path: Path) -> None:
    root = masked_scenes(tmp_path / "data", 12)
    wanted = settings(root, tmp_path / "run", **TINY)
    before = prepared(wanted).deciding["data"]
    mask = np.zeros((64, 64), np.uint8)
    mask[:20], mask[20:30] = 1, 2
    put(root / "masks" / "004.png", mask)
    assert prepared(wanted).deciding["data"] != before


def test_what_cannot_be_segmented_is_refused(masked: Path, tmp_path: Path) -> None:
    wanted = settings(masked, tmp_path / "run", **TINY)
    with pytest.raises(ArgumentError, match="must be a model with maps at several strides"):
        prepared(wanted.replaced(model="lenet"))
    with pytest.raises(ArgumentError, match="must go with numbers, got segment"):
        prepared(wanted.replaced(robust=True))
    with pytest.raises(ArgumentError, match="must name a class"):
        prepared(wanted.replaced(class_weights={"cat": 2.0}))
    root = masked_scenes(tmp_path / "flat", 6)
    for path in (root / "masks").iterdir():
        put(path, np.zeros((64, 64), np.uint8))
    with pytest.raises((SampleError, FileError)):
        prepared(settings(root, tmp_path / "run", **TINY, task="segment"))


def test_augmented_copies_are_asked_too(segmented: Path) -> None:
    """A copy that is the picture itself changes nothing, and a mirror's answer is brought back."""
    image, artefact = scene(98)[0], load(segmented)
    head = artefact.network.head_module
    assert isinstance(head, SegmentHead)
    torch.nn.init.normal_(head.last.weight, std=9.0, generator=torch.Generator().manual_seed(1))  # of all classes
    (plain,), (same,), (mirrored,) = (
        list(predict(artefact, image, tta=tta, pipeline=pipeline))
        for tta, pipeline in ((0, None), (2, Pipeline([])), (1, Pipeline([Mirror()])))
    )
    assert plain.answers is not None
    assert same.answers is not None
    assert mirrored.answers is not None
    assert len(np.unique(plain.answers)) > 1
    assert (plain.answers == same.answers).mean() > 0.999
    pictures = np.stack([image, image[:, ::-1]]).transpose(0, 3, 1, 2)
    with torch.inference_mode():
        said = artefact.network(artefact.architecture.preprocessing.normalise(torch.from_numpy(pictures.copy())))
    both = said.softmax(1)
    mean = (both[0] + both[1].flip(2)) / 2
    wanted = TASK.placed(mean.clamp(min=1e-37).log(), Placement(1.0, 1.0, 0.0, 0.0), (64, 64))
    assert (mirrored.answers == wanted).mean() > 0.98


def test_objects_with_outlines_teach_the_class_of_every_pixel(tmp_path: Path) -> None:
    """As masks of them do, to the pixel, where it is asked for: without, they are boxes to be found."""
    rows = []
    for place in range(12):
        image, _, boxes, labels = scene(place)
        put(tmp_path / "data" / f"{place:03d}.png", image)
        rings = [[[left, top, right, top, right, bottom, left, bottom]] for left, top, right, bottom in boxes]
        rows.append({"image": f"{place:03d}.png", "boxes": boxes, "box_labels": labels, "polygons": rings})
    listed = tmp_path / "data" / "list.jsonl"
    listed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert prepared(settings(listed, tmp_path / "run", **TINY)).task.kind == "detect"
    ready = prepared(settings(listed, tmp_path / "run", **TINY, task="segment"))
    assert ready.task.names == ("background", *CLASSES)
    assert isinstance(ready.task, Segment)
    part = ready.surveyed.parts.train
    for source in part.sources:
        sample = named_sample(part.data, source)
        wanted = np.zeros((64, 64), np.uint8)
        for box, name in zip(sample.boxes if sample.boxes is not None else [], sample.box_labels or [], strict=True):
            left, top, right, bottom = (round(float(side)) for side in box)
            wanted[top:bottom, left:right] = 1 + CLASSES.index(str(name))
        assert np.array_equal(ready.task.target(sample, (64, 64)).numpy(), wanted)
    assert read_task(json.loads(json.dumps(ready.task.described()))) == ready.task


def test_predicted_are_the_classes_that_the_network_gives_each_pixel(segmented: Path) -> None:
    """As they are judged: what the network says, made as large as its input."""
    artefact = load(segmented)
    head = artefact.network.head_module
    assert isinstance(head, SegmentHead)
    torch.nn.init.normal_(head.last.weight, std=9.0, generator=torch.Generator().manual_seed(1))  # of all classes
    image = scene(96)[0]
    with torch.inference_mode():
        pixels = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
        said = artefact.network(artefact.architecture.preprocessing.normalise(pixels))
    wanted = enlarged(said, (64, 64)).argmax(1)[0].numpy()
    assert len(np.unique(wanted)) > 1
    (row,) = predict(artefact, image)
    assert row.answers is not None
    assert (row.answers == wanted).mean() > 0.999


def test_figures_are_of_the_pictures_own_pixels(tmp_path: Path) -> None:
    """They are those of the masks that `predict` writes, beside those of the data set, whatever the network's input."""
    root = masked_scenes(tmp_path / "data", 12, 96)
    for place in (2, 5, 7):  # of another size and aspect than the others
        for kind in ("images", "masks"):
            path = root / kind / f"{place:03d}.png"
            put(path, np.repeat(decode(path.read_bytes()).image, 2, axis=1)[:70])
    result = train(settings(root, tmp_path / "run", **TINY, pipeline="digits"))
    judged = [row["id"] for row in map(json.loads, (tmp_path / "run" / "pictures.jsonl").read_text().splitlines())
              if row["role"] == "test"]  # fmt: skip
    total = np.zeros((3, 3), np.int64)
    for row, name in zip(predict(tmp_path / "run", [root / id for id in judged]), judged, strict=True):
        assert row.answers is not None
        mask = decode((root / name.replace("images", "masks")).read_bytes()).image
        total += confusion(TASK.meant.places(mask), row.answers, 3)
    assert result.metrics["pixels"] == total.sum()
    assert result.metrics["pixel_accuracy"] == pytest.approx(total.trace() / total.sum())
    wanted = Overlap(total[None]).mean_iou
    assert result.metrics["mean_iou"] == result.metrics["headline"]["value"] == pytest.approx(wanted)
    beside = result.metrics["baselines"][0]
    assert beside["name"] == "background everywhere"
    share = total[0].sum() / total.sum()
    assert beside["headline"]["value"] == pytest.approx(share / int((total.sum(1) > 0).sum()))


def test_gradients_of_pieces_are_those_of_the_whole_batch() -> None:
    """Whatever the pieces hold: pixels that count weigh as they do in one batch, and pieces of nothing weigh none."""
    torch.manual_seed(0)
    outputs, truths = torch.randn(4, 3, 5, 5), torch.randint(0, 3, (4, 5, 5), dtype=torch.uint8)
    truths[0], truths[1, :4] = IGNORED, IGNORED
    for weights in (None, torch.tensor([0.5, 1.0, 3.0])):
        loss = TASK.loss(weights)
        parts = [(float(loss(outputs[at], truths[at])), TASK.mass(truths[at], weights)) for at in ([0], [1], [2, 3])]
        assert parts[0] == (0.0, 0.0)
        mean = sum(value * mass for value, mass in parts) / sum(mass for _, mass in parts)
        assert mean == pytest.approx(float(loss(outputs, truths)), rel=1e-5)


@pytest.mark.parametrize("stride", [1, 4, 8])
def test_a_head_may_answer_at_any_stride(stride: int) -> None:
    """What it says comes back to the pixels that it is of, as for a head of one's own on coarser maps."""
    mask = np.zeros((96, 64), np.uint8)
    mask[32:64, 16:48] = 1
    fit = placement((96, 64), InputShape((64, 64), 3, is_padded=True))
    target = framed(Sample(np.zeros((96, 64, 3), np.uint8), mask=mask), InputShape((64, 64), 3, is_padded=True)).mask
    flags = torch.nn.functional.one_hot(torch.from_numpy(np.asarray(target)).long(), 3).permute(2, 0, 1).float()
    scores = torch.nn.functional.avg_pool2d(flags, stride)
    assert (TASK.placed(scores, fit, (96, 64)) != mask).mean() < 0.012 * stride
