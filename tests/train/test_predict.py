"""Predictions: those of the network, in order, whatever the batch; bad files cost themselves and are told."""

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import augkit as ak
from augkit.cli import main
from augkit.errors import ArgumentError, FileError
from augkit.images import encode, read
from augkit.train.answers.predictions import Row, csv_of, json_of, predict
from augkit.train.files.artefact import MODEL_FILE, Artefact
from augkit.train.tasks import Task
from augkit.train.tasks.classes_task import Classes
from support.artefacts import LABELS, NUMBERS, artefact, run_folder, square, taught, write_squares


@pytest.fixture(scope="module")
def made() -> Artefact:
    found = taught()
    return Artefact(found.network, found.architecture, found.task, temperature=2.0)


def assert_like(left: list[Row], right: list[Row], tolerance: float = 1e-6) -> None:
    assert [row.path for row in left] == [row.path for row in right]
    for one, other in zip(left, right, strict=True):
        assert (one.answers is None) == (other.answers is None)
        if one.answers is not None and other.answers is not None:
            assert np.abs(one.answers - other.answers).max() <= tolerance


def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *args: Any, code: int = 0
) -> tuple[str, str]:
    """Run a command here, for torch takes its time to load, and return what it printed on stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["augkit", "predict", *map(str, args)])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capfd.readouterr()
    assert (end.value.code or 0) == code, err
    return out, err


def test_the_answer_is_the_networks(made: Artefact, tmp_path: Path) -> None:
    write_squares(tmp_path / "photos")
    rows = list(predict(made, [tmp_path / "photos"]))
    assert [Path(row.path).parent.name for row in rows] == ["left"] * 3 + ["right"] * 3
    for row in rows:
        image = torch.from_numpy(read(row.path).image.transpose(2, 0, 1).copy())[None]
        with torch.no_grad():
            logits = made.network(made.architecture.preprocessing.normalise(image)) / 2.0
        assert row.answers is not None
        assert row.answers == pytest.approx(torch.softmax(logits, 1)[0].double().numpy(), abs=1e-6)
        assert made.task.names[int(row.answers.argmax())] == Path(row.path).parent.name


def test_a_run_and_its_file_give_the_same(made: Artefact, tmp_path: Path) -> None:
    photos, folder = write_squares(tmp_path / "photos"), run_folder(tmp_path / "run", made)
    for place in (folder, folder / MODEL_FILE):
        assert_like(list(predict(made, [photos])), list(predict(place, [photos])), 0.0)


def test_one_picture_or_several_of_any_kind(made: Artefact, tmp_path: Path) -> None:
    path = write_squares(tmp_path / "photos", 1) / "left" / "0.png"
    sample = read(path)
    [wanted] = predict(made, [path])
    ways = [str(path), path, sample.image, Image.fromarray(sample.image), sample, [sample.image], (str(path), sample)]
    names = [[str(path)], [str(path)], ["images"], ["images"], ["0.png"], ["images[0]"], [str(path), "0.png"]]
    for images, named in zip(ways, names, strict=True):
        rows = list(predict(made, images))
        assert [row.path for row in rows] == named
        assert all(row.answers == pytest.approx(wanted.answers) for row in rows)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (None, "predict.images: must be an array, a PIL image or a tensor, got NoneType."),
        (["a.png", 3], "predict.images[1]: must be an array, a PIL image or a tensor, got int."),
        (b"a.png", "predict.images: must be an array, a PIL image or a tensor, got bytes."),
        (np.zeros((4, 4)), "predict.images: must be uint8, uint16, float32 in this machine's byte order, got float64."),
    ],
)
def test_what_is_no_picture_is_refused(images: object, says: str, made: Artefact) -> None:
    with pytest.raises(ArgumentError) as caught:
        predict(made, images)
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("tta", [0, 3])
def test_no_batch_size_changes_an_answer(tta: int, made: Artefact, tmp_path: Path) -> None:
    write_squares(tmp_path / "photos", 7)
    (tmp_path / "photos" / "left" / "2.png").write_bytes(b"no picture")
    pipeline = ak.load("digits") if tta else None
    wanted = list(predict(made, [tmp_path / "photos"], 1, tta, pipeline))
    for batch_size in (2, 3, 100):
        assert_like(wanted, list(predict(made, [tmp_path / "photos"], batch_size, tta, pipeline)))


def test_pictures_of_any_kind_are_taken(made: Artefact, tmp_path: Path) -> None:
    image = square(1, 5)
    grey, deep = image[..., 0], image.astype(np.uint16) * 257
    clear = np.dstack([image, np.zeros((16, 16), np.uint8)])
    for name, pixels in (("a", image), ("b", np.dstack([grey] * 3)), ("c", grey), ("d", deep)):
        (tmp_path / f"{name}.png").write_bytes(encode(pixels, "png"))
    (tmp_path / "e.png").write_bytes(encode(clear, "png", alpha=True))
    a, b, c, d, e = (row.answers for row in predict(made, [tmp_path / f"{name}.png" for name in "abcde"]))
    assert a is not None
    assert c is not None
    assert c == pytest.approx(b)  # grey as three channels
    assert d == pytest.approx(a)  # 16 bits
    assert e == pytest.approx(a)  # alpha is left out


def test_the_order_is_that_of_the_input(made: Artefact, tmp_path: Path) -> None:
    photos = write_squares(tmp_path / "photos")
    given = [photos / "right" / "1.png", photos / "left", tmp_path / "gone.png", photos / "right" / "1.png"]
    rows = list(predict(made, given, 2))
    names = ["right/1.png", "left/0.png", "left/2.png", "left/4.png", "gone.png", "right/1.png"]
    assert [row.path.removeprefix(f"{photos}/").removeprefix(f"{tmp_path}/") for row in rows] == names
    assert "No such file" in rows[4].reason
    assert not rows[5].reason


def test_a_manifest_names_pictures_too(made: Artefact, tmp_path: Path) -> None:
    write_squares(tmp_path)
    (tmp_path / "some.csv").write_text("path,label\nright/1.png,right\nleft/0.png,left\n")
    rows = list(predict(made, [tmp_path / "some.csv"]))
    assert [row.path for row in rows] == [f"{tmp_path}/left/0.png", f"{tmp_path}/right/1.png"]


def test_bad_pictures_cost_themselves(made: Artefact, tmp_path: Path) -> None:
    photos = write_squares(tmp_path / "photos", 2)
    (photos / "a.png").write_bytes(b"")
    (photos / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    rows = {Path(row.path).name: row for row in predict(made, [photos])}
    assert {name for name, row in rows.items() if row.answers is None} == {"a.png", "b.jpg"}
    assert "is empty" in rows["a.png"].reason
    assert rows["a.png"].reason.startswith(f"{photos}/a.png: ")


def test_copies_are_those_of_the_key(made: Artefact, tmp_path: Path) -> None:
    photos, pipeline = write_squares(tmp_path / "photos", 2), ak.load("digits")
    (row,) = predict(made, [photos / "left" / "0.png"], 32, 2, pipeline)
    sample = read(photos / "left" / "0.png")
    images = [sample.image, *(pipeline(sample, ak.Key(0, "0.png", copy)).image for copy in (1, 2))]
    preprocessing = made.architecture.preprocessing
    batch = torch.from_numpy(np.stack([preprocessing.prepare(image) for image in images]).transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        outputs = made.network(preprocessing.normalise(batch)).numpy()
    assert row.answers == pytest.approx(made.task.answers(outputs, 2.0).mean(axis=0), abs=1e-6)


def test_the_mean_over_no_change_changes_nothing(made: Artefact, tmp_path: Path) -> None:
    photos = write_squares(tmp_path / "photos")
    assert_like(list(predict(made, [photos])), list(predict(made, [photos], tta=3, pipeline="identity")))


def test_a_pipeline_that_refuses_is_told(made: Artefact, tmp_path: Path) -> None:
    (tmp_path / "grey.png").write_bytes(encode(np.zeros((16, 16), np.uint8), "png"))
    (row,) = predict(made, [tmp_path / "grey.png"], tta=1, pipeline=ak.load("six"))
    assert "grey.png steps[5] PCAColorShift" in row.reason


def test_what_does_not_fit_is_refused_before_any_work(made: Artefact, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="batch-size: must be 1 at least"):
        predict(made, [], 0)
    for tta, pipeline in ((2, None), (0, ak.load("light")), (-1, None)):
        with pytest.raises(ArgumentError, match="tta: must be 0, or 1 or more with a pipeline"):
            predict(made, [], 1, tta, pipeline)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="must hold pictures, got none"):
        predict(made, [tmp_path / "empty"])


def table(rows: list[Row], task: Task, top: int = 5) -> list[list[str]]:
    return list(csv.reader("".join(csv_of(rows, task, top)).splitlines()))


def test_tables_of_every_kind() -> None:
    three = Classes(("a", 'b, "c"', "d"))
    rows = [Row("x.png", np.array([0.2, 0.7, 0.1])), Row("y.png", None, "y.png: is empty.")]
    assert table(rows, three, 2) == [
        ["path", "label", "probability", "label2", "probability2", "error"],
        ["x.png", 'b, "c"', "0.7", "a", "0.2", ""],
        ["y.png", "", "", "", "", "y.png: is empty."],
    ]
    assert len(table(rows, three, 99)[0]) == 2 + 2 * 3
    assert json.loads(json_of(rows[0], three, 1)) == {
        "path": "x.png", "label": 'b, "c"', "probability": 0.7, "top": [{"label": 'b, "c"', "probability": 0.7}]
    }  # fmt: skip
    assert json.loads(json_of(rows[1], three, 1)) == {"path": "y.png", "error": "y.png: is empty."}
    labels = Row("x.png", np.array([0.5, 0.499, 0.9]))
    assert table([labels], LABELS)[1] == ["x.png", '["bright", "wide"]', "0.5", "0.499", "0.9", ""]
    assert json.loads(json_of(labels, LABELS, 5))["labels"] == ["bright", "wide"]
    numbers = Row("x.png", np.array([1.25, -3.0]))
    assert table([numbers], NUMBERS) == [["path", "x", "y", "error"], ["x.png", "1.25", "-3.0", ""]]
    assert json.loads(json_of(numbers, NUMBERS, 5))["values"] == {"x": 1.25, "y": -3.0}


def test_numbers_are_in_units(tmp_path: Path) -> None:
    made, photos = artefact(NUMBERS), write_squares(tmp_path / "photos", 1)
    (row,) = predict(made, [photos])
    image = torch.from_numpy(read(row.path).image.transpose(2, 0, 1).copy())[None]
    with torch.no_grad():
        outputs = made.network(made.architecture.preprocessing.normalise(image))[0].numpy()
    assert row.answers == pytest.approx(outputs * [10.0, 0.5] + [5.0, -2.0], abs=1e-5)


def test_the_command(
    made: Artefact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    photos = write_squares(tmp_path / "photos", 4)
    (run_folder(tmp_path / "my run", made) / MODEL_FILE).rename(tmp_path / "alone.safetensors")
    monkeypatch.chdir(tmp_path)  # the one file is enough
    rows = list(csv.DictReader(run(monkeypatch, capfd, "alone.safetensors", "photos")[0].splitlines()))
    names = ["left/0", "left/2", "right/1", "right/3"]
    assert [row["path"] for row in rows] == [f"photos/{name}.png" for name in names]
    assert [row["label"] for row in rows] == ["left", "left", "right", "right"]
    (photos / "left" / "0.png").write_bytes(b"")
    out, err = run(monkeypatch, capfd, "alone.safetensors", "photos", "-o", "said.csv", code=1)
    assert out == "said.csv: 4 pictures, 1 of them without an answer.\n"
    assert err.startswith("augkit: photos/left/0.png: is empty.")
    assert len((tmp_path / "said.csv").read_text().splitlines()) == 5
    more = ["--json", "--top", 1, "--tta", 2, "--pipeline", "digits"]
    out, _ = run(monkeypatch, capfd, "alone.safetensors", "photos/right", *more)
    assert [json.loads(line)["label"] for line in out.splitlines()] == ["right", "right"]


def test_a_name_that_is_not_utf_8_is_kept(
    made: Artefact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.png"
    Path(os.fsdecode(name)).write_bytes(encode(square(0, 1), "png"))
    run_folder(tmp_path / "run", made)
    monkeypatch.setattr(sys, "argv", ["augkit", "predict", str(tmp_path / "run"), os.fsdecode(name)])
    with pytest.raises(SystemExit):
        main()
    assert capfdbinary.readouterr().out.splitlines()[1].startswith(name)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["nowhere", "photos"], "nowhere: must be readable, got: No such file"),
        (["photos/left/0.png", "photos"], "damaged or another file"),
        (["m.safetensors", "photos", "--top", "0"], "--top"),
        (["m.safetensors", "photos", "-o", "x.txt"], "must end in .csv or .jsonl"),
        (["m.safetensors", "photos", "--json", "-o", "x.csv"], "must end in .jsonl"),
        (["m.safetensors", "photos", "--pipeline", "sixx", "--tta", "1"], "Did you mean six"),
        (["m.safetensors", "photos", "--tta", "1"], "tta: must be 0, or 1 or more with a pipeline"),
    ],
)
def test_a_mistake_is_one_sentence(
    line: list[str],
    words: str,
    made: Artefact,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_squares(tmp_path / "photos", 1)
    (run_folder(tmp_path / "run", made) / MODEL_FILE).rename(tmp_path / "m.safetensors")
    monkeypatch.chdir(tmp_path)
    out, err = run(monkeypatch, capfd, *line, code=2)
    assert not out
    assert err.startswith("augkit: ")
    assert words in err
    assert err.count("\n") == 1
