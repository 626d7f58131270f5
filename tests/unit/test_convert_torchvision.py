"""Lists of torchvision v2 transforms in Python source become ours."""

import ast
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

import augkit as ak
from augkit.convert import convert, torchvision_rules
from augkit.convert.python_source import called
from augkit.core.plan import SpatialRun
from augkit.core.warp import push
from augkit.errors import FileError
from support.conversions import SIZE, assert_nothing_lost, done, loaded, source
from support.pictures import picture
from support.torchvision_models import torchvision


def assert_equal(steps: tuple[ak.Transform, ...], expected: tuple[ak.Transform, ...]) -> None:
    """Compare steps, numbers to nine digits."""
    digits = re.compile(r"[\d.]+e?-?\d*")
    one, other = (digits.sub(lambda number: f"{float(number[0]):.9g}", repr(part)) for part in (steps, expected))
    assert one == other


LISTS = {
    "v2.RandomHorizontalFlip()": ak.Maybe(0.5, ak.Mirror()),
    "v2.RandomVerticalFlip(p=1)": ak.Mirror("vertical"),
    "v2.RandomResizedCrop((60, 70), ratio=(3 / 4, 4 / 3))": ak.RandomResizedCrop((60, 70)),
    "v2.RandomCrop(32)": ak.RandomCrop((32, 32)),
    "v2.RandomCrop(32, padding=4)": ak.Sequence((ak.Pad(4, 4, 4, 4), ak.RandomCrop((32, 32)))),
    "v2.RandomCrop((300, 40), pad_if_needed=True, padding_mode='edge')": ak.RandomCrop((300, 40)),
    "v2.Pad((1, 2, 3, 4))": ak.Pad(1, 2, 3, 4),
    "v2.Pad([5, 6], padding_mode='symmetric')": ak.Pad(5, 6, 5, 6),
    "v2.CenterCrop([32, 40])": ak.CenterCrop((32, 40)),
    "v2.Resize((32, 40), antialias=True)": ak.Resize((32, 40)),
    "v2.Resize(64)": ak.ResizeSide(64),
    "v2.Resize((64,), v2.InterpolationMode.BILINEAR)": ak.ResizeSide(64),
    "v2.RandomShortestSize([64, 96], antialias=True)": ak.OneOf((ak.ResizeSide(64), ak.ResizeSide(96))),
    "v2.RandomRotation(15, v2.InterpolationMode.BILINEAR)": ak.Rotate((-15.0, 15.0)),
    "v2.RandomRotation((5, 9), expand=True)": ak.Rotate((5.0, 9.0), "expand"),
    "v2.RandomAffine(10, scale=(0.8, 1.2))": ak.Sequence((ak.Scale((0.8, 1.2)), ak.Rotate((-10.0, 10.0)))),
    "v2.RandomAffine((5, 9))": ak.Rotate((-9.0, -5.0)),  # there, positive degrees turn clockwise
    "v2.RandomAffine(0, (0.1, 0.2))": ak.Translate((-0.1, 0.1), (-0.2, 0.2)),
    "v2.RandomAffine(0, shear=8)": ak.Shear((-8.0, 8.0)),
    "v2.RandomAffine(0, shear=(2, 8))": ak.Shear((-8.0, -2.0)),
    "v2.GaussianBlur(13, (0.1, 2.0))": ak.Blur("gaussian", (0.1, 2.0)),
    "v2.GaussianBlur((5, 9), sigma=0.5)": ak.Blur("gaussian", 0.5),
    "v2.GaussianNoise(sigma=0.2)": ak.Noise("gaussian", 0.2),
    "v2.JPEG((30, 90))": ak.Jpeg((30, 90)),
    "v2.RandomAutocontrast()": ak.Maybe(0.5, ak.AutoContrast()),
    "v2.RandomEqualize(p=1.0)": ak.Equalize(),
    "v2.RandomAdjustSharpness(0, p=1)": ak.Convolve(((1 / 13,) * 3, (1 / 13, 5 / 13, 1 / 13), (1 / 13,) * 3)),
    "v2.RandomErasing(0.25)": ak.Maybe(0.25, ak.Erase(area=(0.02, 0.33), ratio=(1 / 3.3, 1 / 0.3), fill=(0.0,))),
    "v2.RandAugment()": ak.RandAugment(2, 3.0),
    "v2.RandAugment(3, magnitude=5, num_magnitude_bins=11)": ak.RandAugment(3, 5.0),
    "v2.TrivialAugmentWide()": ak.TrivialAugment(),
    "v2.AutoAugment(v2.AutoAugmentPolicy.CIFAR10)": ak.AutoAugment("cifar"),
    "v2.RandomGrayscale()": ak.Maybe(0.1, ak.Grayscale()),
    "v2.Grayscale(num_output_channels=3)": ak.Grayscale(),
    "v2.ColorJitter(brightness=0.4)": ak.Brightness((0.6, 1.4)),
    "v2.ColorJitter(0.5, saturation=(0.5, 2))": ak.RandomOrder((ak.Brightness((0.5, 1.5)), ak.Saturation((0.5, 2.0)))),
    "v2.ColorJitter(0.5, 0.4, 0, 0.1)": ak.RandomOrder(
        (ak.Brightness((0.5, 1.5)), ak.Contrast((0.6, 1.4)), ak.Hue((-36.0, 36.0)))
    ),
    "v2.ColorJitter(hue=(-0.1, 0.2))": ak.Hue((-36.0, 72.0)),
    "v2.RandomPhotometricDistort(p=0.4, hue=(0.0, 0.0))": ak.Sequence(
        (
            ak.Maybe(0.4, ak.Brightness((0.875, 1.125))),
            ak.Maybe(0.4, ak.Contrast((0.5, 1.5))),
            ak.Maybe(0.4, ak.Saturation((0.5, 1.5))),
            ak.Maybe(0.4, ak.ChannelShuffle()),
        )
    ),
    "v2.RandomPerspective(0.5, p=1)": ak.Sequence((ak.Perspective((1 / 6, 1 / 6)), ak.Scale(0.75))),
    "v2.ElasticTransform(alpha=68.0, sigma=4.0)": ak.ElasticWarp(alpha=34.0, sigma=4.0),
    "v2.RandomResize(64, 96)": ak.ResizeSide((64, 95)),
    "v2.AugMix(severity=5)": ak.AugMix(5.0, 3, (1, 3), 1.0),
    "v2.GaussianBlur(5, (0.1, 2.0))": ak.Blur("gaussian", (0.0, 1.289743)),
    "v2.RandomInvert(0.2)": ak.Maybe(0.2, ak.Invert()),
    "v2.RandomPosterize(3, p=1.0)": ak.Posterize(3),
    "v2.RandomSolarize(102, p=1.0)": ak.Solarize(0.4),
    "v2.RandomChannelPermutation()": ak.ChannelShuffle(),
    "v2.RandomApply([v2.RandomInvert(1.0)], p=0.3)": ak.Maybe(0.3, ak.Invert()),
    "v2.RandomChoice([v2.RandomInvert(1.0), v2.Grayscale(3)], p=[1, 3])": ak.OneOf(
        (ak.Invert(), ak.Grayscale()), (1.0, 3.0)
    ),
    "transforms.RandomOrder([v2.RandomInvert(1.0), v2.Grayscale(3)])": ak.RandomOrder((ak.Invert(), ak.Grayscale())),
}


@pytest.mark.parametrize(("text", "step"), LISTS.items())
def test_lists_of_torchvision(text: str, step: ak.Transform, tmp_path: Path) -> None:
    found = convert(source(tmp_path, text, "v2.ToImage()", "v2.ToDtype(torch.float32, scale=True)"))
    assert_nothing_lost(found)
    assert_equal(loaded(found, tmp_path).steps, (step,))
    assert len([note for note in found.notes if "ToImage" in note or "ToDtype" in note]) == 2


def test_all_rules_of_torchvision_are_tried() -> None:
    tried = {called(ast.parse(text, mode="eval").body) for text in LISTS}  # type: ignore[arg-type]
    assert set(torchvision_rules.RULES) <= tried


SAME = {
    "v2.RandomRotation((25, 25), v2.InterpolationMode.BILINEAR)": 0.97,
    "v2.RandomAffine((25, 25), scale=(1.3, 1.3), interpolation=v2.InterpolationMode.BILINEAR)": 0.97,
    "v2.RandomAffine((9, 9), shear=(12, 12), interpolation=v2.InterpolationMode.BILINEAR)": 0.97,
    "v2.RandomAutocontrast(p=1.0)": 1.0,
    "v2.RandomEqualize(p=1.0)": 0.99,  # it steps by whole numbers
    "v2.RandomAdjustSharpness(1.7, p=1.0)": 0.97,  # it leaves the outermost pixels alone
    "v2.RandomAdjustSharpness(0.3, p=1.0)": 0.97,
    "v2.GaussianBlur(13, 1.7)": 0.98,  # it reflects about the outermost pixels' middles
    "v2.GaussianBlur(3, 1.7)": 0.98,  # cut off by its kernel, there and here
    "v2.GaussianBlur((5, 9), 2.5)": 0.97,
    "v2.Pad((3, 4, 5, 6), 90)": 1.0,
    "v2.Pad(7, padding_mode='symmetric')": 1.0,
    "v2.Resize(150)": 0.999,
    "v2.RandomPosterize(3, p=1.0)": 1.0,
    "v2.RandomSolarize(102, p=1.0)": 1.0,
    "v2.RandomInvert(1.0)": 1.0,
    "v2.Grayscale(num_output_channels=3)": 1.0,
    "v2.ColorJitter((1.2, 1.2))": 1.0,
    "v2.ColorJitter(saturation=(0.5, 0.5))": 0.99,
    "v2.CenterCrop((61, 71))": 1.0,
    "v2.Resize((150, 190))": 0.999,
}


@pytest.mark.parametrize(("text", "share"), SAME.items())
def test_torchvision_makes_the_same_picture(text: str, share: float, tmp_path: Path) -> None:
    v2 = import_module(f"{torchvision.__name__}.transforms.v2")
    image = picture(SIZE)
    theirs = eval(text, {"v2": v2})(torch.from_numpy(image.transpose(2, 0, 1).copy())).numpy().transpose(1, 2, 0)
    ours = done(loaded(convert(source(tmp_path, text)), tmp_path), image)
    assert ours.shape == theirs.shape
    assert (np.abs(ours.astype(int) - theirs) <= 2).mean() >= share


LEFT_OUT = [
    ("v2.RandomPerspective(0.7)", "corners may be moved by 0.2 of the side here"),
    ("v2.ElasticTransform((50.0, 20.0))", "another strength along each axis"),
    ("v2.RandomZoomOut()", "RandomZoomOut: no transform of ours means the same"),
    ("v2.Resize(256, max_size=300)", "max_size=300 has no equal"),
    ("v2.Pad(3, padding_mode='reflect')", "its border has no equal"),
    ("v2.RandomErasing(value='random')", "its noise is normal"),
    ("v2.RandomErasing(value=0.5)", "depends on the pixels' type"),
    ("v2.RandomAffine(0, shear=(0, 0, 1, 2))", "a shear along y after one along x"),
    ("v2.AutoAugment(v2.AutoAugmentPolicy.OTHER)", "its arguments cannot be read"),
    ("v2.TrivialAugmentWide(11)", "num_magnitude_bins=11 has no equal"),
    ("v2.RandomRotation(n)", "only values that are written out"),
    ("v2.RandomRotation(*args)", "its arguments cannot be read"),
    ("v2.RandomRotation(**options)", "its arguments cannot be read"),
    ("v2.RandomRotation('much')", "its arguments cannot be read"),
    ("v2.RandomCrop(0)", "whole pixels, at least 1"),
    ("v2.RandomApply([v2.RandomZoomOut()])", "is not all there"),
    ("flip", "only calls of transforms"),
    ("v2.Lambda(lambda x: x)", "no transform of ours"),
]


@pytest.mark.parametrize(("text", "says"), LEFT_OUT)
def test_what_torchvision_has_and_we_have_not_is_named(text: str, says: str, tmp_path: Path) -> None:
    found = convert(source(tmp_path, "v2.RandomHorizontalFlip()", text))
    assert any(says in line and line.startswith("line 5 ") for line in found.left_out), found.left_out
    assert loaded(found, tmp_path).steps == (ak.Maybe(0.5, ak.Mirror()),)


def test_source_is_read_and_never_run(tmp_path: Path) -> None:
    path = source(tmp_path, "v2.RandomRotation(open('made', 'w').write('x'))", "__import__('os').mkdir('made')")
    path.write_text(path.read_text() + "open('made too', 'w')\n")
    before = set(tmp_path.iterdir())
    found = convert(path)
    assert len(found.left_out) == 2
    assert set(tmp_path.iterdir()) == before


def test_erasing_after_normalisation_paints_with_what_its_value_then_is(tmp_path: Path) -> None:
    steps = ("v2.Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.1])", "v2.RandomErasing(1.0, value=0)")
    found = convert(source(tmp_path, *steps))
    assert loaded(found, tmp_path).steps[0].fill == (0.5, 0.4, 0.3)  # type: ignore[attr-defined]
    found = convert(source(tmp_path, "v2.Normalize(mean, std)", "v2.RandomErasing(1.0)"))
    assert "not written out" in found.left_out[0]


def test_a_rule_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    found = convert(source(tmp_path, "v2.RandomRotation((5, 2))"))
    assert found.left_out
    assert (found.notes, found.borders) == ([], None)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import albumentations as A", "A.Compose"),
        ("import albumentations.pytorch", "albumentations.Compose"),
        ("from albumentations import Compose", "Compose"),
    ],
)
def test_a_list_of_albumentations_is_not_read_as_torchvision_s(line: str, name: str, tmp_path: Path) -> None:
    """Its ColorJitter is done in half of the pictures, and shifts more than it is told."""
    path = tmp_path / "both.py"
    text = f"import torchvision.transforms.v2 as v2\n{line}\na = {name}([ColorJitter(brightness=0.2)])\n"
    path.write_text(f"{text}b = v2.Compose([v2.ColorJitter(brightness=0.2)])\n")
    found = convert(path)
    assert [line.split(":")[0] for line in found.kept] == ["line 3 ColorJitter"]
    assert convert(path, 4).steps == [ak.Brightness((0.8, 1.2))]


def test_the_first_list_is_the_first_in_the_file(tmp_path: Path) -> None:
    """However deep it stands."""
    (tmp_path / "two.py").write_text(
        "def build():\n    return v2.Compose([v2.RandomInvert(1.0)])\n\nlater = v2.Compose([v2.Grayscale(3)])\n"
    )
    found = convert(tmp_path / "two.py")
    assert found.steps == [ak.Invert()]
    assert found.notes == ["line 4: another Compose, which is not looked at; convert it by --line 4"]
    assert convert(tmp_path / "two.py", 4).steps == [ak.Grayscale()]
    with pytest.raises(FileError, match="must hold a Compose in line 3, got some in 2, 4"):
        convert(tmp_path / "two.py", 3)


def test_identity_is_no_work_of_a_loader(tmp_path: Path) -> None:
    assert convert(source(tmp_path, "v2.Identity()")).notes == ["line 4 Identity: does nothing"]


def test_perspectives_move_corners_as_far_and_as_often(tmp_path: Path) -> None:
    """Every corner inwards, by 0 to the distortion times half a side, uniform."""
    size, corners = (120, 160), np.array([[0, 0], [160, 0], [160, 120], [0, 120]], float)
    pipeline = loaded(convert(source(tmp_path, "v2.RandomPerspective(0.4, p=1.0)")), tmp_path)
    shifts = []
    for n in range(1500):
        (run,) = pipeline.draw(ak.Key(n, "a"), ak.Scene(size)).steps
        assert isinstance(run, SpatialRun)
        shifts.append(push(run.ops, corners) - corners)
    inwards = np.array(shifts) * [[1, 1], [-1, 1], [-1, -1], [1, -1]] / [160, 120]
    assert stats.kstest(inwards.ravel(), "uniform", (0.0, 0.2)).pvalue > 1e-4


NOTED = {
    "v2.Resize((9, 9), antialias=False)": "where it shrinks, single pixels are taken there",
    "v2.RandomEqualize()": "brightest level is left out of the count there",
    "v2.CenterCrop(300)": "beyond a smaller picture is black there",
    "v2.RandomCrop(300)": "a smaller picture is refused there",
    "v2.ColorJitter(contrast=0.4)": "about the picture's own mean grey there",
    "v2.ColorJitter(hue=0.1)": "here one as large in YIQ",
    "v2.GaussianBlur(3)": "cuts its Gaussians off",
    "v2.RandomErasing()": "drawn anew there, ten times",
    "v2.RandAugment()": "shears keep the picture's corner in place there",
    "v2.AutoAugment()": "Equalize: a channel's brightest level",
    "v2.AugMix()": "all_ops",
    "v2.RandomRotation(9)": "where it takes the nearest",
    "v2.ElasticTransform()": "fold there",
}


@pytest.mark.parametrize(("text", "says"), NOTED.items())
def test_what_is_left_of_a_difference_is_told(text: str, says: str, tmp_path: Path) -> None:
    found = convert(source(tmp_path, text))
    assert_nothing_lost(found)
    assert any(says in note for note in found.notes), found.notes


def test_a_pipeline_is_sampled_as_its_first_step_is(tmp_path: Path) -> None:
    bicubic = "interpolation=v2.InterpolationMode.BICUBIC"
    found = convert(source(tmp_path, f"v2.Resize((90, 90), {bicubic})", "v2.RandomResizedCrop(64)"))
    assert found.pipeline().policy.interpolation == "cubic"
    assert any("RandomResizedCrop: sampled linear there" in note for note in found.notes)
    found = convert(source(tmp_path, "v2.RandomResizedCrop(64)"))
    assert found.pipeline().policy.interpolation == "linear"
