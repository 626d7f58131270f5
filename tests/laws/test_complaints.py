"""Habits of users of other libraries: every complaint is true, and says what to write instead."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import augkit as ak
from augkit.errors import AugkitError
from augkit.transforms import TRANSFORMS
from augkit.transforms.finding import elsewhere

IMAGE = np.zeros((20, 30, 3), np.uint8)
# A step as it is written in a file, and what the sentence must say.
STEPS = {
    "Mirror: {p: 0.5}": "Mirror.p: has no argument 'p'. Write ak.Maybe(0.5, ak.Mirror()), in YAML chance: beside",
    "Maybe: {p: 0.5, step: Mirror}": "Maybe.p: has no argument 'p'. Here that is chance.",
    "Rotate: {limit: 30}": "Rotate.limit: has no argument 'limit'. It takes degrees, corners.",
    "RandomCrop: {height: 8, width: 8}": "RandomCrop.height: has no argument 'height'. It takes size.",
    "Equalize: {mode: cv}": "Equalize.mode: has no argument 'mode'. It takes none.",
    "Erase: {fill: 128}": "Erase.fill: must be 'noise', less than or equal to 1 or a list, got 128.",
    "Binarize: 128": "must be 'otsu' or lie within 0 and 1 as a fraction of the range of values, got 128.",
    "Binarize: ostu": "must be 'otsu' or a number or a pair (low, high), got 'ostu'. Did you mean otsu?",
    "Convolve: sobel": "'emboss' or a list, got 'sobel'. Did you mean sobel_",
    "Convolve: {kernel: box, padding: valid}": "must be 'same', a whole number or a list, got 'valid'.",
    "Jpeg: 0.9": "Jpeg.quality: must be a whole number or a list, got 0.9.",
    "Jpeg: [30.0, 90]": "Jpeg.quality[0]: must be a whole number, got 30.0.",
    "AutoAugment: ImageNet": "got 'ImageNet'. Did you mean imagenet?",
    "Translate: {x: 20}": "must lie within -10 and 10 as a fraction of the width, got 20.",
    "PCAColorShift: {statistics: cifar}": "must be 'imagenet' or a ColorStatistics, or a mapping of its values",
    "ColorTransfer: {reference: photos}": "got 'photos'. In a pipeline file it may be the name of a .yaml file",
    "Mixup: {alpha: 0.2}": "no transform is called 'Mixup'. Here that is augkit.loader.MixUp, around a data set.",
    "iaa.Fliplr: 0.5": "no transform is called 'iaa.Fliplr'. Here that is Mirror (axis: horizontal).",
    "A.RandomSunFlare": "no transform is called 'A.RandomSunFlare'. Write albumentations.RandomSunFlare.",
    "v2.RandomRotation: 15": "Here that is Rotate.",
    "Rotate(degrees=30)": "Write Rotate: and its arguments behind it.",
    "Rotate {degrees: 30}": "Write Rotate: and its arguments behind it.",
    "CLAHE": "Here that is albumentations.CLAHE.",
    "Wobble": "`augkit list` names all; those of Albumentations are written albumentations.NAME.",
    "albumentations.GaussNoise: {var_limit: 9}": "has no argument 'var_limit'. It takes std_range, mean_range,",
    "albumentations.FDA: {metadata: a.jpg}": "FDA.metadata: must be what its call takes as fda_metadata, got a text.",
    "albumentations.RandomRain: {blur_value: -5}": "got: blur_value must be greater than or equal to 1.",
}


@pytest.mark.parametrize(("step", "says"), STEPS.items(), ids=STEPS)
def test_steps_in_the_words_of_others(step: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"steps:\n  - {step}\n")
    with pytest.raises(AugkitError) as caught:
        ak.load(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:2 steps[0]")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("transforms:\n  - Mirror", "has no key 'transforms'. Its keys are steps, border, fill,"),
        ("border: constant\nfill: black\nsteps: []", "must be a number, or one a channel, got 'black'."),
    ],
)
def test_files_in_the_words_of_others(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(AugkitError) as caught:
        ak.load(tmp_path / "p.yaml")
    assert says in str(caught.value)


CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "two sizes": (lambda: ak.RandomCrop(8, 8), "takes 1 argument, got another: 8. It takes size."),  # type: ignore[call-arg,arg-type]
    "no list": (lambda: ak.OneOf(ak.Mirror(), ak.Rotate()), "OneOf.steps: must be a list, got Mirror()."),  # type: ignore[arg-type]
    "a class": (lambda: ak.OneOf([ak.Mirror]), "OneOf.steps[0]: must be a step, got <class"),  # type: ignore[arg-type]
    "a pipeline to run": (
        lambda: ak.run(ak.load("six"), ak.Sample(IMAGE)),  # type: ignore[arg-type]
        "got Pipeline and Sample. Give pipeline.draw(key, ak.Scene.of(sample)).",
    ),
    "a seed as key": (
        lambda: ak.load("six")(ak.Sample(IMAGE), 0),  # type: ignore[arg-type]
        "got Sample and int. Write pipeline(sample, ak.Key(seed=0, sample=sample.id)).",
    ),
    "Albumentations' boxes": (
        lambda: ak.boxes([[0, 0, 1, 1]], "pascal_voc", (9, 9)),  # type: ignore[arg-type]
        "got 'pascal_voc'. Here that is pixel.",
    ),
    "COCO's polygons": (
        lambda: ak.Sample(IMAGE, polygons=[[[1, 2, 3, 4, 5, 6]]]),
        "got (6,). Bring COCO's flat lists into shape: np.reshape(ring, (-1, 2)).",
    ),
    "one line": (lambda: ak.Sample(IMAGE, polylines=[[1, 2], [3, 4]]), "got (2,). Give a list of lines."),
}


@pytest.mark.parametrize(("call", "says"), CALLS.values(), ids=CALLS)
def test_calls_in_the_words_of_others(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(AugkitError) as caught:
        call()
    assert says in str(caught.value)


def test_no_name_of_others_is_one_of_ours() -> None:
    assert not set(elsewhere()) & set(TRANSFORMS)
