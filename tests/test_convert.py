"""Serialised pipelines of Albumentations become ours: what is translated means the same, and what is not is named."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest
from conversions import SIZE, assert_nothing_lost, done, loaded, source, written
from pictures import assert_close, picture

import augkit as ak
from augkit.convert import convert, from_albumentations
from augkit.errors import FileError

ROOT = Path(__file__).parent.parent
# One fixed draw of every transform that becomes ours; None where what comes out is random whatever is given.
THEIRS: dict[str, list[dict[str, Any] | None]] = {
    "Affine": [{"rotate": (25, 25)}, {"scale": (1.3, 1.3)}, {"translate_percent": {"x": (0.25, 0.25), "y": (0, 0)}}],
    "CenterCrop": [{"height": 60, "width": 70}, {"height": 61, "width": 71}, {"height": 60, "width": 71}],
    "ChannelShuffle": [None],
    "HorizontalFlip": [{}],
    "InvertImg": [{}],
    "Posterize": [{"num_bits": (3, 3)}],
    "RandomBrightnessContrast": [{"brightness_limit": 0, "contrast_limit": (0.2, 0.2)}],
    "RandomCrop": [{"height": 121, "width": 164}],
    "RandomGamma": [{"gamma_limit": (70, 70)}],
    "RandomResizedCrop": [None],
    "Resize": [{"height": 150, "width": 190}],
    "Rotate": [{"limit": (25, 25)}, {"limit": (-40, -40), "border_mode": 1}, {"limit": (9, 9), "fill": 90}],
    "Solarize": [{"threshold_range": (0.4, 0.4)}],
    "ToGray": [{}],
    "VerticalFlip": [{}],
}
FIXED = [(name, given) for name, rows in THEIRS.items() for given in rows if given is not None]


def test_the_rows_are_all_that_is_translated() -> None:
    assert set(THEIRS) == set(from_albumentations.RULES)


@pytest.mark.parametrize("data_format", ["json", "yaml"])
@pytest.mark.parametrize(("name", "given"), FIXED, ids=repr)
def test_what_is_translated_makes_the_same_picture(
    name: str, given: dict[str, Any], data_format: str, tmp_path: Path
) -> None:
    theirs = getattr(albumentations, name)(**given, p=1.0)
    found = convert(written(tmp_path, [theirs], data_format))
    assert_nothing_lost(found)
    image = picture(SIZE)
    ours, expected = done(loaded(found, tmp_path), image), theirs(image=image)["image"]
    assert ours.shape == expected.shape
    # Where a map is oblique, they blend the picture's edge with what lies outside, and take 5 bits of a pixel's part.
    inner = (np.abs(ours.astype(int) - expected) <= 3).mean()
    assert inner >= 0.97
    if name not in ("Affine", "Rotate"):
        assert_close(ours, expected, mean=0.6, most=2.0)


@pytest.mark.parametrize("name", [name for name, rows in THEIRS.items() if rows == [None]])
def test_random_ones_are_translated(name: str, tmp_path: Path) -> None:
    given = {"size": (60, 70), "scale": (0.2, 0.9)} if name == "RandomResizedCrop" else {}
    found = convert(written(tmp_path, [getattr(albumentations, name)(**given, p=1.0)]))
    assert_nothing_lost(found)
    expected = {"RandomResizedCrop": ak.RandomResizedCrop((60, 70), (0.2, 0.9)), "ChannelShuffle": ak.ChannelShuffle()}
    assert loaded(found, tmp_path).steps == (expected[name],)


def test_chances_groups_and_choices(tmp_path: Path) -> None:
    a = albumentations
    steps = [
        a.HorizontalFlip(p=0.5),
        a.Sequential([a.VerticalFlip(p=1.0), a.InvertImg(p=0.2)], p=0.4),
        a.OneOf([a.ToGray(p=0.5), a.RandomGamma(p=1.0), a.InvertImg(p=0.5)], p=0.3),
        a.Compose([a.Posterize(num_bits=(2, 4), p=1.0)]),
    ]
    bbox = albumentations.BboxParams("coco", label_fields=[], min_visibility=0.25)
    found = convert(written(tmp_path, steps, bbox_params=bbox))
    assert_nothing_lost(found)
    assert loaded(found, tmp_path) == ak.Pipeline(
        [
            ak.Maybe(0.5, ak.Mirror()),
            ak.Maybe(0.4, ak.Sequence((ak.Mirror("vertical"), ak.Maybe(0.2, ak.Invert())))),
            ak.Maybe(0.3, ak.OneOf((ak.Grayscale(), ak.Gamma((0.8, 1.2)), ak.Invert()), (0.5, 1.0, 0.5))),
            ak.Posterize((2, 4)),
        ],
        min_visible=0.25,
    )


def test_what_has_no_equal_is_kept_as_it_is(tmp_path: Path) -> None:
    a = albumentations
    steps = [
        a.RandomRain(blur_value=5, p=0.3),
        a.Rotate(limit=10, p=1.0),
        a.Rotate(limit=20, border_mode=2, p=1.0),  # another border than the step before
        a.RandomBrightnessContrast(p=1.0),
    ]
    found = convert(written(tmp_path, steps))
    pipeline = loaded(found, tmp_path)
    rain = pipeline.steps[0]
    assert isinstance(rain, ak.Maybe)
    assert isinstance(rain.step, ak.Albumentations)
    assert rain.step.arguments["blur_value"] == 5
    assert [line.split()[1] for line in found.kept] == ["RandomRain:", "Rotate:", "RandomBrightnessContrast:"]
    assert not found.left_out
    assert pipeline.policy.border == "constant"
    assert done(pipeline, picture(SIZE)).shape == picture(SIZE).shape


def test_preparation_is_noted_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    a = albumentations
    steps = [a.HorizontalFlip(), a.SomeOf([a.InvertImg(), a.ToGray()], n=1), a.Normalize(), a.ToTensorV2()]
    found = convert(written(tmp_path, steps))
    assert [line.split()[1] for line in found.notes] == ["Normalize:", "ToTensorV2:"]
    assert len(found.left_out) == 1
    assert "SomeOf" in found.left_out[0]
    assert loaded(found, tmp_path).steps == (ak.Maybe(0.5, ak.Mirror()),)


def run(*arguments: object, cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "augkit", "convert", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_the_command(tmp_path: Path) -> None:
    path = source(tmp_path, "v2.RandomHorizontalFlip()", "v2.Normalize(mean, std)")
    whole = run(path, "-o", "ours.yaml", cwd=tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "")
    assert "note: line 5 Normalize" in whole.stderr
    assert ak.load(tmp_path / "ours.yaml").steps == (ak.Maybe(0.5, ak.Mirror()),)
    source(tmp_path, "v2.RandomHorizontalFlip()", "v2.GaussianBlur(3)")
    part = run(path, cwd=tmp_path)
    assert part.returncode == 1
    assert "LEFT OUT: line 5 GaussianBlur" in part.stderr
    assert "Mirror" in part.stdout
    nothing = run("nowhere.json", cwd=tmp_path)
    assert nothing.returncode == 2
    assert "Traceback" not in nothing.stderr


WRONG = {
    "a.json": "{", "b.json": "[]", "c.json": '{"transform": {"p": 1}}', "d.py": "x = (", "e.py": "x = 1", "f.txt": "x",
    "g.json": '{"transform": {"__class_fullname__": "Compose", "transforms": 3}}',
    "h.json": '{"transform": {"__class_fullname__": "InvertImg", "p": 7}}',
    "i.yaml": "transform: 3", "j.py": "(" * 5000, "k.json": "[" * 100000,
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), WRONG.items())
def test_what_is_no_pipeline_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=name) as caught:
        convert(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_odd_arguments_of_a_serialised_pipeline_are_no_traceback(tmp_path: Path) -> None:
    for name in from_albumentations.RULES:
        for value in ("x", 3, None, [1, "x"], {"x": "y"}, True, -5):
            keys = (
                "limit",
                "height",
                "scale",
                "rotate",
                "num_bits",
                "gamma_limit",
                "size",
                "fill",
                "translate_percent",
            )
            node = {"__class_fullname__": name, "p": 1.0} | dict.fromkeys(keys, value)
            whole = {"transform": {"__class_fullname__": "Compose", "p": 1.0, "transforms": [node]}}
            (tmp_path / "odd.json").write_text(json.dumps(whole))
            found = convert(tmp_path / "odd.json")
            assert len(found.left_out) + len(found.steps) == 1
