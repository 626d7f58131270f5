"""Pipelines of Albumentations in Python source: they become what the saved ones become, and nothing is run."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import albumentations
import pytest
from albumentations.pytorch import ToTensorV2

import augkit as ak
from augkit.convert import Conversion, convert
from augkit.convert.albumentations_rules import RULES
from augkit.convert.albumentations_source import arguments
from augkit.errors import FileError
from augkit.integrations.albumentations.registry import REFUSED, built, names
from support.albumentations_table import PARAMS
from support.commands import command
from support.conversions import assert_nothing_lost, loaded, written

A = albumentations  # what the source's texts call it, where they are run to be saved
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # theirs: advice to take another of their transforms


def source(tmp_path: Path, *steps: str, before: str = "") -> Path:
    path = tmp_path / "theirs.py"
    lines = "".join(f"    {step},\n" for step in steps)
    path.write_text(f"import albumentations as A\nimport cv2\n{before}train = A.Compose([\n{lines}])\n")
    return path


def outcome(found: Conversion) -> tuple[Any, ...]:
    """Return all but the places that a conversion tells, and what is kept as the package itself writes it down."""
    kept = [line.partition(": ")[2] for line in found.kept]
    left_out = [line.partition(": ")[2] for line in found.left_out]
    steps = []
    for step in found.steps:
        chance, inner = (step.chance, step.step) if isinstance(step, ak.Maybe) else (1.0, step)
        is_kept = isinstance(inner, ak.Albumentations)
        steps.append((chance, built(inner.transform, inner.arguments).to_dict() if is_kept else repr(inner)))  # type: ignore[attr-defined]
    return steps, found.borders, found.interpolation, found.min_visible, kept, left_out


FORMS = [
    "A.HorizontalFlip()", "A.HorizontalFlip(1.0)", "A.VerticalFlip(p=1)", "A.Transpose(p=0.3)", "A.D4()",
    "A.RandomRotate90()", "A.Resize(150, 190)", "A.Resize(height=150, width=190, p=0.5)", "A.Resize(300, 300, 2)",
    "A.Resize(60, 60, interpolation=cv2.INTER_AREA)", "A.Resize(60, 60, area_for_downscale='image')",
    "A.RandomCrop(60, 70)", "A.CenterCrop(height=60, width=70)", "A.RandomResizedCrop((60, 70))",
    "A.RandomResizedCrop(size=[60, 70], scale=(0.5, 1), interpolation=cv2.INTER_CUBIC)", "A.LongestMaxSize(90)",
    "A.LongestMaxSize(max_size=[90, 100])", "A.SmallestMaxSize(max_size=(90, 100))", "A.Rotate()", "A.Rotate(30)",
    "A.Rotate(limit=(5, 9), border_mode=cv2.BORDER_REPLICATE)", "A.Rotate(limit=9, crop_border=True)",
    "A.Rotate(9, border_mode=cv2.BORDER_REFLECT_101)", "A.Rotate(9, fill=(1, 2, 3))", "A.Affine()",
    "A.Affine(rotate=15)", "A.Affine(scale=1.2)", "A.Affine((0.8, 1.2), keep_ratio=True)", "A.Affine(scale=(0.8, 1.2))",
    "A.Affine(shear=10)", "A.Affine(shear=(-5, 10))", "A.Affine(shear={'x': 5, 'y': (1, 2)})",
    "A.Affine(translate_px=3)",
    "A.Affine(translate_percent=0.1)", "A.Affine(translate_percent={'x': (-0.1, 0.2)}, rotate=(-5, 5))",
    "A.Affine(scale={'x': (1, 2), 'y': 1})", "A.ShiftScaleRotate()", "A.ShiftScaleRotate(0.1, 0.2, 30)",
    "A.ShiftScaleRotate(shift_limit_x=(0.1, 0.2), rotate_limit=0)", "A.ShiftScaleRotate(shift_limit=0, scale_limit=0)",
    "A.SafeRotate(20)", "A.Perspective(0.1)", "A.RandomGamma()", "A.RandomGamma((70, 140))", "A.RandomGamma(120)",
    "A.RandomBrightnessContrast()", "A.RandomBrightnessContrast(0.2, 0.2, False)", "A.RandomBrightnessContrast(0, 0.3)",
    "A.RandomBrightnessContrast(brightness_limit=0, contrast_limit=(0.1, 0.2), p=1)", "A.ColorJitter()",
    "A.ColorJitter(0.2, 0, 0, 0)", "A.ColorJitter(brightness=(0.5, 2), contrast=0, saturation=0.3, hue=0)",
    "A.HueSaturationValue(10)", "A.RGBShift(10, 10, 10)", "A.GaussianBlur()", "A.GaussianBlur(0, 2.0)",
    "A.GaussianBlur((3, 7))", "A.GaussianBlur(blur_limit=0, sigma_limit=(0.1, 1))", "A.MedianBlur(5)",
    "A.MedianBlur(blur_limit=(3, 9))", "A.Blur()", "A.Blur(blur_limit=(5, 5))", "A.MotionBlur(7)", "A.Posterize()",
    "A.Posterize(3)", "A.Posterize(num_bits=(3, 5))", "A.Solarize()", "A.Solarize((0.3, 0.6))", "A.Equalize()",
    "A.Equalize(mode='pil')", "A.AutoContrast(method='pil')", "A.AutoContrast()", "A.CLAHE()", "A.InvertImg(p=1)",
    "A.ToGray(p=0.1)", "A.ChannelShuffle()", "A.GaussNoise()", "A.GaussNoise(std_range=(0.1, 0.2))",
    "A.SaltAndPepper(salt_vs_pepper=(0.5, 0.5))", "A.ImageCompression(quality_range=(30, 60))", "A.Pad(3)",
    "A.Pad((3, 4))", "A.Pad(padding=(1, 2, 3, 4), border_mode=cv2.BORDER_REFLECT)", "A.PadIfNeeded(150, 200)",
    "A.PadIfNeeded(min_height=150, min_width=200, fill=9)", "A.PadIfNeeded(150, 200, position='top_left')",
    "A.ElasticTransform()", "A.ElasticTransform(34, 4, noise_distribution='uniform')", "A.TimeReverse()", "A.NoOp()",
    "A.AdditiveNoise('gaussian', 'per_pixel', {'mean_range': (0, 0), 'std_range': (0.1, 0.2)})",
    "A.AdditiveNoise('gaussian', 'per_pixel', dict(mean_range=(0, 0), std_range=(0.1, 0.2)))",
    "A.CoarseDropout(num_holes_range=(1, 3), fill=0)", "A.OneOf([A.HorizontalFlip(), A.VerticalFlip(p=0.2)], p=0.3)",
    "A.OneOf([A.InvertImg(p=1), A.NoOp(p=0.5), A.ToGray(p=0.5)])", "A.Sequential([A.InvertImg(), A.ToGray()], 0.4)",
    "A.SomeOf([A.InvertImg(), A.ToGray(), A.HorizontalFlip()], n=2)", "A.SomeOf([A.InvertImg(), A.ToGray()], 1, True)",
    "A.RandomOrder([A.InvertImg(p=1), A.ToGray(p=1)], n=2)", "A.OneOrOther(A.InvertImg(), A.ToGray(), p=0.2)",
    "A.OneOrOther(transforms=[A.InvertImg(), A.ToGray()])", "A.Compose([A.InvertImg(p=1)])",
    "A.Normalize(mean=(0.5,), std=(0.5,))",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_code_becomes_what_its_saved_pipeline_becomes(text: str, tmp_path: Path) -> None:
    import cv2

    saved = convert(written(tmp_path, [eval(text, {"A": A, "cv2": cv2})]))
    found = convert(source(tmp_path, text))
    assert outcome(found) == outcome(saved)
    loaded(found, tmp_path)


def test_the_table_of_arguments_is_the_packages() -> None:
    classes = dict(names()) | {name: getattr(albumentations, name, ToTensorV2) for name in REFUSED}
    assert set(arguments()) == set(classes)
    for name, cls in classes.items():
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        expected = {
            one.name: "required" if one.default is one.empty else None if callable(one.default) else one.default
            for one in parameters
        }
        assert json.loads(json.dumps(expected)) == arguments()[name]
        assert list(expected) == list(arguments()[name])


# What a call takes beside the picture stands in no constructor.
BESIDE = {name for name, given in PARAMS.items() if "metadata" in given}


@pytest.mark.parametrize("name", sorted(set(names()) - BESIDE))
def test_whatever_is_written_becomes_ours_or_is_kept(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ", ".join(f"{key}={value!r}" for key, value in PARAMS.get(name, {}).items())
    found = convert(source(tmp_path, f"A.{name}({given})"))
    assert not found.left_out
    assert len(loaded(found, tmp_path).steps) == (name != "NoOp")


def test_names_stand_for_what_they_are_given_once(tmp_path: Path) -> None:
    before = (
        "SIZE = 224\nclass CFG:\n    size: int = 64\n    scale = (0.5, 1.0)\n"
        "SCALES = dict(x=(0.9, 1.1), y=(0.9, 1.1))\n"
        "flips = [A.HorizontalFlip(p=0.5), A.VerticalFlip()]\nspin = A.Rotate(limit=10, p=1)\n"
        "twice = 1\ntwice = 2\n"
    )
    steps = (
        "A.Resize(int(SIZE * 1.25), SIZE // 2 + 8)",
        "A.RandomResizedCrop((CFG.size, CFG.size), scale=CFG.scale)",
        "A.Affine(scale=SCALES, keep_ratio=True, p=1.0)",
        "*flips",
        "spin",
        "A.OneOf(flips + [A.ToGray()])",
        "A.Posterize(max(2, 3), p=1 - 0.75)",
        "A.Resize(twice, twice)",
        "A.Resize(unknown, 3)",
    )
    found = convert(source(tmp_path, *steps, before=before))
    flips = (ak.Mirror(), ak.Mirror("vertical"))
    assert loaded(found, tmp_path).steps == (
        ak.Resize((280, 120)),
        ak.RandomResizedCrop((64, 64), (0.5, 1.0)),
        ak.Scale((0.9, 1.1)),
        *(ak.Maybe(0.5, step) for step in flips),
        ak.Rotate((-10.0, 10.0)),
        ak.Maybe(0.5, ak.OneOf((*flips, ak.Grayscale()))),
        ak.Maybe(0.25, ak.Posterize((3, 3))),
    )
    assert [line.partition(" Resize: ")[2] for line in found.left_out] == [
        f"{name} cannot be read: only values that are written out; say what it is by --set {name}=..."
        for name in ("twice", "unknown")
    ]


def test_names_stand_for_what_their_own_function_gives_them(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(
        "import albumentations as A\nsize = 30\nhalf = size // 2\n"
        "def train(half):\n    size = 60\n    steps = [A.Resize(size, 2 * size), A.RandomCrop(half, 9)]\n"
        "    return A.Compose(steps)\n"
        "def test():\n    steps = [A.Resize(size, half)]\n    return A.Compose(steps)\n"
        "def both(big):\n    if big:\n        side = 9\n    else:\n        side = 5\n"
        "    return A.Compose([A.Resize(side, side)])\n"
    )
    found = convert(path)
    assert found.steps == [ak.Resize((60, 120))]
    assert [line.partition(": ")[2][:20] for line in found.left_out] == ["half cannot be read:"]
    assert convert(path, 10).steps == [ak.Resize((30, 15))]
    assert not convert(path, 16).steps
    assert convert(path, 16, {"side": "7"}).steps == [ak.Resize((7, 7))]


def test_values_are_given_to_names_that_have_none(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(
        "import albumentations as A\n"
        "def get(size, opt):\n"
        "    return A.Compose([A.Resize(size, opt.width * 2), A.Rotate(limit=opt.limit, p=1)])\n"
    )
    assert len(convert(path).left_out) == 2
    given = {"size": "60", "opt.width": "35", "opt.limit": "(-5, 9)"}
    assert convert(path, values=given).steps == [ak.Resize((60, 70)), ak.Rotate((-5.0, 9.0))]
    options = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    done = command("convert", path, *options)
    assert (done.returncode, done.stderr.count("LEFT OUT")) == (0, 0)
    assert "size: [60, 70]" in done.stdout
    with pytest.raises(FileError, match=r"written out, got size='60 60'"):
        convert(path, values={"size": "60 60"})
    wrong = command("convert", path, "--set", "60")
    assert (wrong.returncode, "must be NAME=VALUE" in wrong.stderr) == (2, True)


RENAMED = {
    "A.RandomResizedCrop(60, 70, scale=(0.5, 1))": ak.RandomResizedCrop((60, 70), (0.5, 1.0)),
    "A.RandomResizedCrop(height=60, width=70)": ak.RandomResizedCrop((60, 70)),
    "A.ImageCompression(quality_lower=30, quality_upper=60, p=1)": ak.Jpeg((30, 60)),
    "A.GaussNoise(var_limit=(26.01, 104.04), p=1)": ak.Noise("gaussian", (0.02, 0.04)),
    "A.GaussNoise(var_limit=26.01, always_apply=True)": ak.Noise("gaussian", (0.0, 0.02)),
    "A.Solarize(threshold=102, p=1)": ak.Solarize(0.4),
    "A.Rotate(limit=9, border_mode=cv2.BORDER_CONSTANT, value=90, mask_value=7, p=1)": ak.Rotate((-9.0, 9.0)),
    "A.PadIfNeeded(50, 60, border_mode=0, value=[1, 2, 3])": ak.PadTo((50, 60)),
    "A.Affine(rotate=9, cval=3, p=1)": ak.Rotate(9.0),
}


@pytest.mark.parametrize(("text", "step"), RENAMED.items())
def test_arguments_of_older_versions_mean_what_they_meant(text: str, step: ak.Transform, tmp_path: Path) -> None:
    found = convert(source(tmp_path, text))
    assert_nothing_lost(found)
    ours = loaded(found, tmp_path).steps[0]
    assert type(ours) is type(step)
    for one, other in zip(vars(ours).values(), vars(step).values(), strict=True):
        assert one == pytest.approx(other)
    assert any("since 2.0" in note for note in found.notes) == ("always_apply" not in text or "var_limit" in text)


def test_holes_of_older_versions_are_kept_as_todays(tmp_path: Path) -> None:
    found = convert(source(tmp_path, "A.CoarseDropout(max_holes=8, max_height=0.2, min_height=0.1, fill_value=9, p=1)"))
    (step,) = loaded(found, tmp_path).steps
    assert isinstance(step, ak.Albumentations)
    assert step.arguments == {"num_holes_range": [8, 8], "hole_height_range": [0.1, 0.2], "fill": 9}


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("import albumentations as A", "A."),
        ("import albumentations", "albumentations."),
        ("from albumentations import *", ""),
        ("from albumentations import Compose, OneOf, RandomCrop\nimport torchvision.transforms as T", ""),
        ("from albumentations.core.composition import Compose\nfrom albumentations import OneOf, RandomCrop", ""),
        ("", "A."),
    ],
)
def test_however_the_package_is_named(head: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(f"{head}\ntrain = {name}Compose([{name}OneOf([{name}RandomCrop(height=9, width=8)], p=1)])\n")
    found = convert(path)
    assert_nothing_lost(found)
    assert loaded(found, tmp_path).steps == (ak.OneOf((ak.RandomCrop((9, 8)),)),)


def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    steps = (
        "A.HorizontalFlip(p=1)",
        "A.Rotat(5)",
        "A.Rotate(limits=(10, 50))",
        "A.Resize(size, size)",
        "flip if train else None",
        "A.Rotate(**options)",
        "A.Lambda(image=lambda x, **kwargs: x)",
        "A.OneOf([A.InvertImg(), A.Resize(size, 3)])",
        "A.Resize(height=3)",
    )
    found = convert(source(tmp_path, *steps))
    assert loaded(found, tmp_path).steps == (ak.Mirror(),)
    told = [line.split(": ", 1) for line in found.left_out]
    assert [where.split(" ")[1] for where, _ in told] == ["5", "6", "7", "8", "9", "10", "11", "11", "12"]
    assert "2.0.8 has no argument 'limits'. Did you mean limit?" in found.left_out[1]
    assert "only calls of transforms can be read" in found.left_out[3]


def test_boxes_and_several_pipelines(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(
        "import albumentations as A\n"
        "def get(train):\n"
        "    boxes = A.BboxParams('coco', label_fields=['labels'], min_visibility=0.25, min_area=9)\n"
        "    if train:\n"
        "        return A.Compose([A.InvertImg(p=1)], bbox_params=boxes, p=1)\n"
        "    return A.Compose([A.ToGray(p=1)], bbox_params=dict(format='coco', min_visibility=0.5))\n"
    )
    found = convert(path)
    assert found.pipeline() == ak.Pipeline([ak.Invert()], min_visible=0.25)
    assert found.left_out == ["bbox_params min_area: boxes are dropped by min_visible alone"]
    assert found.notes == ["line 6: another Compose, which is not looked at; convert it by --line 6"]
    assert convert(path, 6).pipeline() == ak.Pipeline([ak.Grayscale()], min_visible=0.5)


def test_source_is_read_and_never_run(tmp_path: Path) -> None:
    path = source(
        tmp_path,
        "A.Rotate(limit=open('made', 'w').write('x'))",
        "__import__('os').mkdir('made')",
        "A.Resize(2 ** 10 ** 10, 9 * 9999999999999999999999)",
        "A.Resize(loop, loop)",
        before="loop = loop + 1\nopen('made too', 'w')\n",
    )
    before = set(tmp_path.iterdir())
    found = convert(path)
    assert len(found.left_out) == 4
    assert set(tmp_path.iterdir()) == before


def test_what_is_dumped_states_its_behaviour(tmp_path: Path) -> None:
    assert convert(source(tmp_path, "A.InvertImg(p=1)")).yaml().startswith("behaviour: 2\n")


def test_the_docs_name_all_that_have_an_equal() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "albumentations.md").read_text()
    told = page.partition("These of Albumentations have an equal: ")[2].partition(", each for")[0]
    assert set(re.findall(r"`(\w+)`", told)) == set(RULES)
