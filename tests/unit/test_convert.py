"""Serialised pipelines of Albumentations become ours: what is translated means the same, and what is not is named."""

import json
from pathlib import Path
from typing import Any

import albumentations
import numpy as np
import pytest
from PIL import Image

import augkit as ak
from augkit.convert import albumentations_rules, convert
from augkit.errors import FileError
from augkit.integrations.albumentations.registry import names
from support.albumentations_table import PARAMS
from support.commands import command
from support.conversions import SIZE, assert_nothing_lost, done, loaded, source, written
from support.pictures import assert_close, picture

ROOT = Path(__file__).parent.parent.parent
# One fixed draw of every transform that becomes ours; None where what comes out is random whatever is given.
THEIRS: dict[str, list[dict[str, Any] | None]] = {
    "AdditiveNoise": [None],
    "Affine": [
        {"rotate": (25, 25)},
        {"scale": (1.3, 1.3)},
        {"translate_percent": {"x": (0.25, 0.25), "y": (0, 0)}},
        {"shear": {"x": (12, 12), "y": (0, 0)}},
        {"scale": (1.2, 1.2), "rotate": (9, 9), "shear": {"x": (0, 0), "y": (7, 7)}},
        {"scale": (0.8, 0.8), "rotate": (-20, -20), "translate_percent": {"x": (-0.25, -0.25), "y": (0, 0)}},
    ],
    "AutoContrast": [{"method": "pil"}],
    "Blur": [{"blur_limit": (5, 5)}],
    "CenterCrop": [{"height": 60, "width": 70}, {"height": 61, "width": 71}, {"height": 60, "width": 71}],
    "ChannelShuffle": [None],
    "ColorJitter": [
        {"brightness": (1.2, 1.2), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)},
        {"brightness": (1, 1), "contrast": (1, 1), "saturation": (0.5, 0.5), "hue": (0, 0)},
    ],
    "D4": [None],
    "ElasticTransform": [None],
    "Equalize": [{}],
    "GaussNoise": [None],
    "GaussianBlur": [{"sigma_limit": (1.7, 1.7)}],
    "HorizontalFlip": [{}],
    "ImageCompression": [{"quality_range": (40, 40)}],
    "InvertImg": [{}],
    "LongestMaxSize": [{"max_size": 201}],
    "MedianBlur": [{"blur_limit": (5, 5)}],
    "Pad": [{"padding": (3, 4, 5, 6)}, {"padding": (7, 2), "border_mode": 1}, {"padding": 5, "fill": 90}],
    "PadIfNeeded": [{"min_height": 150, "min_width": 100}, {"min_height": 130, "min_width": 201, "fill": 9}],
    "Posterize": [{"num_bits": (3, 3)}],
    "RandomBrightnessContrast": [
        {"brightness_limit": 0, "contrast_limit": (0.2, 0.2)},
        {"brightness_limit": (-0.3, -0.3), "contrast_limit": 0},
        {"brightness_limit": (0.1, 0.1), "contrast_limit": (-0.2, -0.2)},
    ],
    "RandomCrop": [{"height": 121, "width": 164}],
    "RandomGamma": [{"gamma_limit": (70, 70)}],
    "RandomResizedCrop": [None],
    "RandomRotate90": [None],
    "Resize": [{"height": 150, "width": 190}],
    "Rotate": [{"limit": (25, 25)}, {"limit": (-40, -40), "border_mode": 1}, {"limit": (9, 9), "fill": 90}],
    "ShiftScaleRotate": [
        {"shift_limit": 0, "scale_limit": 0, "rotate_limit": (25, 25)},
        {"shift_limit_x": (0.25, 0.25), "shift_limit_y": (0, 0), "scale_limit": (0.3, 0.3), "rotate_limit": (-9, -9)},
    ],
    "SaltAndPepper": [None],
    "SmallestMaxSize": [{"max_size": 160}],
    "Solarize": [{"threshold_range": (0.4, 0.4)}],
    "SquareSymmetry": [None],
    "TimeReverse": [{}],
    "ToGray": [{}],
    "Transpose": [{}],
    "VerticalFlip": [{}],
}
# What a call takes beside the picture is not saved.
BESIDE = {name for name, given in PARAMS.items() if "metadata" in given}
FIXED = [(name, given) for name, rows in THEIRS.items() for given in rows if given is not None]


def test_the_rows_are_all_that_is_translated() -> None:
    assert set(THEIRS) == set(albumentations_rules.RULES)


@pytest.mark.filterwarnings("ignore::UserWarning")  # theirs: advice to take another of their transforms
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
    if name == "ImageCompression":  # whose JPEG is of another picture
        expected = theirs(image=image[..., ::-1])["image"][..., ::-1]
    assert ours.shape == expected.shape
    # Where a map is oblique, they blend the picture's edge with what lies outside, and take 5 bits of a pixel's part.
    inner = (np.abs(ours.astype(int) - expected) <= 3).mean()
    assert inner >= 0.97
    if name not in (
        "Affine",
        "Blur",
        "Rotate",
        "ShiftScaleRotate",
        "GaussianBlur",
        "MedianBlur",
    ):  # which see another reflection at the edge
        assert_close(ours, expected, mean=0.6, most=2.0)


@pytest.mark.parametrize("name", ["LongestMaxSize", "Resize", "SmallestMaxSize"])
def test_what_shrinks_is_smoothed_first_and_that_is_told(name: str, tmp_path: Path) -> None:
    """The same size and place; between pixels as Pillow, which does not alias."""
    given = {"height": 60, "width": 70} if name == "Resize" else {"max_size": 55}
    theirs = getattr(albumentations, name)(**given, p=1.0)
    found = convert(written(tmp_path, [theirs]))
    assert_nothing_lost(found)
    assert found.notes == [
        f"{name}: where it shrinks, single pixels are taken there; here they are smoothed first (antialiased)"
    ]
    image = picture(SIZE)
    ours, expected = done(loaded(found, tmp_path), image), theirs(image=image)["image"]
    assert ours.shape == expected.shape
    height, width = ours.shape[:2]
    assert_close(ours, np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)), most=4.0)


RANDOM: dict[str, tuple[dict[str, Any], ak.Transform]] = {
    "AdditiveNoise": (
        {
            "noise_type": "gaussian",
            "spatial_mode": "per_pixel",
            "noise_params": {"mean_range": (0, 0), "std_range": (0.1, 0.2)},
        },
        ak.Noise("gaussian", (0.1, 0.2)),
    ),
    "ChannelShuffle": ({}, ak.ChannelShuffle()),
    "D4": ({}, ak.Sequence((ak.QuarterTurn(), ak.Maybe(0.5, ak.Mirror())))),
    "ElasticTransform": (
        {"alpha": 50, "sigma": 5, "noise_distribution": "uniform"},
        ak.ElasticWarp(alpha=50.0, sigma=5.0),
    ),
    "GaussNoise": ({"std_range": (0.1, 0.2)}, ak.Noise("gaussian", (0.1, 0.2))),
    "RandomResizedCrop": ({"size": (60, 70), "scale": (0.2, 0.9)}, ak.RandomResizedCrop((60, 70), (0.2, 0.9))),
    "RandomRotate90": ({}, ak.QuarterTurn()),
    "SaltAndPepper": (
        {"amount": (0.1, 0.2), "salt_vs_pepper": (0.5, 0.5)},
        ak.Noise("salt_and_pepper", (0.1, 0.2)),
    ),
    "SquareSymmetry": ({}, ak.Sequence((ak.QuarterTurn(), ak.Maybe(0.5, ak.Mirror())))),
}


@pytest.mark.parametrize("name", [name for name, rows in THEIRS.items() if rows == [None]])
def test_random_ones_are_translated(name: str, tmp_path: Path) -> None:
    given, expected = RANDOM[name]
    found = convert(written(tmp_path, [getattr(albumentations, name)(**given, p=1.0)]))
    assert_nothing_lost(found)
    assert loaded(found, tmp_path).steps == (expected,)


@pytest.mark.parametrize(("name", "channel"), [("GaussNoise", 0.2), ("SaltAndPepper", 0.15)])
def test_noise_is_as_strong(name: str, channel: float, tmp_path: Path) -> None:
    """On grey, far from both ends, where nothing is cut off."""
    grey = np.full((300, 300, 3), 128, np.uint8)
    given = {key: (channel, channel) if key != "salt_vs_pepper" else pair for key, pair in RANDOM[name][0].items()}
    theirs = getattr(albumentations, name)(**given, p=1.0)
    ours = done(loaded(convert(written(tmp_path, [theirs])), tmp_path), grey).astype(float)
    expected = theirs(image=grey)["image"].astype(float)
    assert ours.std() == pytest.approx(expected.std(), rel=0.03)
    assert ours.mean() == pytest.approx(expected.mean(), abs=1.0)


@pytest.mark.parametrize("name", ["D4", "RandomRotate90"])
def test_what_turns_makes_the_same_pictures(name: str, tmp_path: Path) -> None:
    image = picture(SIZE)
    theirs = getattr(albumentations, name)(p=1.0)
    pipeline = loaded(convert(written(tmp_path, [theirs])), tmp_path)
    made = {pipeline(ak.Sample(image), ak.Key(0, str(n))).image.tobytes() for n in range(120)}
    theirs.set_random_seed(0)
    assert made == {theirs(image=image)["image"].tobytes() for _ in range(120)}


def test_chances_groups_and_choices(tmp_path: Path) -> None:
    a = albumentations
    steps = [
        a.HorizontalFlip(p=0.5),
        a.Sequential([a.VerticalFlip(p=1.0), a.InvertImg(p=0.2)], p=0.4),
        a.OneOf([a.ToGray(p=0.5), a.RandomGamma(p=1.0), a.InvertImg(p=0.5)], p=0.3),
        a.Compose([a.Posterize(num_bits=(2, 4), p=1.0)]),
        a.SomeOf([a.InvertImg(p=0.2), a.ToGray(p=1.0)], n=1, p=0.6),
        a.RandomOrder([a.InvertImg(p=1.0), a.Transpose(p=0.5)], n=2, p=1.0),
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
            ak.Maybe(0.6, ak.SomeOf(1, (ak.Maybe(0.2, ak.Invert()), ak.Grayscale()))),
            ak.RandomOrder(
                (ak.Invert(), ak.Maybe(0.5, ak.Sequence((ak.Rotate(90.0, "expand"), ak.Mirror("vertical")))))
            ),
        ],
        min_visible=0.25,
    )


def test_what_has_no_equal_is_kept_as_it_is(tmp_path: Path) -> None:
    a = albumentations
    steps = [
        a.RandomRain(blur_value=5, p=0.3),
        a.Rotate(limit=10, p=1.0),
        a.Rotate(limit=20, border_mode=2, p=1.0),  # another border than the step before
        a.RandomBrightnessContrast(brightness_by_max=False, p=1.0),
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


@pytest.mark.filterwarnings("ignore::UserWarning")  # theirs: advice to take another of their transforms
@pytest.mark.parametrize("name", sorted(set(names()) - BESIDE))
def test_whatever_was_saved_becomes_ours_or_is_kept(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some are saved with arguments that only their base classes take, made of their own."""
    monkeypatch.chdir(tmp_path)
    found = convert(written(tmp_path, [getattr(albumentations, name)(**PARAMS.get(name, {}))]))
    assert not found.left_out
    assert len(loaded(found, tmp_path).steps) == (name != "NoOp")


def test_what_comes_nearest_is_named(tmp_path: Path) -> None:
    steps = [albumentations.MotionBlur(), albumentations.CLAHE()]
    assert [line.partition("; ")[2] for line in convert(written(tmp_path, steps)).kept] == [
        "nearest is Blur (kind: motion)",
        "",
    ]


def test_preparation_is_noted_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    a = albumentations
    choices = [
        a.SomeOf([a.InvertImg(), a.ToGray()], n=1, replace=True),
        a.RandomOrder([a.InvertImg(), a.ToGray()], n=1),
        a.OneOf([a.InvertImg(), a.Lambda(image=np.flipud, name="flip")]),
    ]
    steps = [a.HorizontalFlip(), *choices, a.Normalize(), a.ToTensorV2()]
    found = convert(written(tmp_path, steps))
    assert [line.split()[1] for line in found.notes] == ["Normalize:", "ToTensorV2:"]
    assert [line.split()[1] for line in found.left_out] == ["SomeOf:", "RandomOrder:", "Lambda:", "OneOf:"]
    assert loaded(found, tmp_path).steps == (ak.Maybe(0.5, ak.Mirror()),)


def test_the_command(tmp_path: Path) -> None:
    path = source(tmp_path, "v2.RandomHorizontalFlip()", "v2.Normalize(mean, std)")
    whole = command("convert", path, "-o", "ours.yaml", cwd=tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "")
    assert "note: line 5 Normalize" in whole.stderr
    assert ak.load(tmp_path / "ours.yaml").steps == (ak.Maybe(0.5, ak.Mirror()),)
    source(tmp_path, "v2.RandomHorizontalFlip()", "v2.RandomZoomOut()")
    part = command("convert", path, cwd=tmp_path)
    assert part.returncode == 1
    assert "LEFT OUT: line 5 RandomZoomOut" in part.stderr
    assert "Mirror" in part.stdout
    source(tmp_path, "v2.RandomRotation(5)", "v2.RandomRotation(9)")
    assert command("convert", path, cwd=tmp_path).stderr.count("add `interpolation: nearest`") == 1
    nothing = command("convert", "nowhere.json", cwd=tmp_path)
    assert nothing.returncode == 2
    assert "Traceback" not in nothing.stderr


WRONG = {
    "a.json": "{", "b.json": "[]", "c.json": '{"transform": {"p": 1}}', "d.py": "x = (", "e.py": "x = 1", "f.txt": "x",
    "g.json": '{"transform": {"__class_fullname__": "Compose", "transforms": 3}}',
    "h.json": '{"transform": {"__class_fullname__": "InvertImg", "p": 7}}',
    "i.yaml": "transform: 3", "j.py": "(" * 5000, "l.py": "x = " + "+".join("1" * 3000),
    "m.py": "A.Compose([" + "-" * 3000 + "1])", "n.py": "a" + ".b()" * 3000, "k.json": "[" * 100000,
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), WRONG.items())
def test_what_is_no_pipeline_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=name) as caught:
        convert(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_odd_arguments_of_a_serialised_pipeline_are_no_traceback(tmp_path: Path) -> None:
    for name in albumentations_rules.RULES:
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
