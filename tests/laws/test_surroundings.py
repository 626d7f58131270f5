"""Copies that show what lies beyond the edges of a picture are told of where labels would be missed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit.core.sampling import Border
from augkit.expand import expand
from augkit.pipeline import Pipeline
from augkit.pipeline.surroundings import shows_surroundings, told_surroundings
from augkit.transforms.combinators import Maybe
from augkit.transforms.crops import RandomCrop, RandomResizedCrop
from augkit.transforms.geometry import Mirror, QuarterTurn, Rotate, Scale
from augkit.transforms.texture import Blur, Erase
from augkit.transforms.transform import Transform
from support.scenes import masked_scenes, scenes

SIZE = (60, 80)


@pytest.mark.parametrize(
    ("steps", "is_shown"),
    [
        ([], False),
        ([Mirror(), QuarterTurn()], False),
        ([RandomResizedCrop((32, 32))], False),
        ([RandomCrop((32, 32)), Blur(radius=2), Erase()], False),
        ([Rotate(degrees=(-20, 20), corners="inscribed")], False),
        ([Rotate(degrees=(-20, 20))], True),
        ([Maybe(0.5, Scale(factor=(0.5, 0.7))), Mirror()], True),
        ([RandomCrop((100, 100))], True),
    ],
)
def test_what_lies_outside_is_noticed_in_any_pipeline(steps: list[Transform], is_shown: bool) -> None:
    """By what is drawn, not by the names of steps: a rotation that is cut to its inside shows nothing else."""
    for channels in (1, 3, 4):
        assert shows_surroundings(Pipeline(steps, border="reflect"), SIZE, channels) == is_shown
    assert (told_surroundings(Pipeline(steps, border="wrap"), SIZE, 3) is not None) == is_shown
    assert told_surroundings(Pipeline(steps, border="constant"), SIZE, 3) is None
    assert told_surroundings(Pipeline(steps, border="replicate"), SIZE, 3) is None


def test_an_expansion_says_so_of_boxes_and_not_of_masks(tmp_path: Path) -> None:
    """A mask is reflected with its picture; of a box there is one."""
    boxes, masks = scenes(tmp_path / "boxes", 2), masked_scenes(tmp_path / "masks", 2)
    turned = [Rotate(degrees=(-20, 20))]
    cases: list[tuple[Path, Border, bool]]
    cases = [(boxes, "reflect", True), (boxes, "constant", False), (masks, "reflect", False)]
    for place, (data, border, is_told) in enumerate(cases):
        out = tmp_path / str(place)
        done = expand(data, out, Pipeline(turned, border=border), copies=1, workers=0)
        assert any("border: reflect" in note for note in done.notes) == is_told
