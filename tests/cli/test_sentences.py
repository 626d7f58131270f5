"""Sentences of `augkit explain`: true of what is drawn and how, and of nothing that changes nothing."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

import augkit as ak
from augkit.core.ops import Erase
from augkit.pipeline.sentences import explain
from augkit.transforms import TRANSFORMS
from augkit.transforms.transform import CountsFor

SCENE = ak.Scene.of(ak.Sample(np.zeros((90, 120), np.uint8), boxes=[[20, 10, 60, 40]]))
OTHER: dict[str, Any] = {"degrees": (10.0, 20.0), "cells": (9.0, 9.0), "count": 5, "ratio": 7.0, "overlap": 0.95}


def told(step: ak.Transform) -> str:
    return " ".join(text for _, text in explain(ak.Pipeline([step])))


def kinds() -> Iterator[tuple[ak.Transform, str]]:
    """Yield a step of every kind with every argument that some kinds do not look at."""
    for cls in TRANSFORMS.values():
        given: dict[str, Any] = {"size": 50} if cls is ak.RandomBoxCrop else {}
        for argument, hint in get_type_hints(cls, include_extras=True).items():
            for fact in getattr(hint, "__metadata__", ()):
                if isinstance(fact, CountsFor):
                    for value in get_args(get_type_hints(cls)[fact.argument]):
                        yield cls(**given, **{fact.argument: value}), argument


@pytest.mark.parametrize(("step", "argument"), list(kinds()), ids=str)
def test_an_argument_is_told_where_it_changes_what_is_drawn(step: ak.Transform, argument: str) -> None:
    other = replace(step, **{argument: OTHER[argument]})
    plans, others = ({ak.Pipeline([one]).draw(ak.Key(n, ""), SCENE) for n in range(20)} for one in (step, other))
    assert (f"; {argument} " in told(step)) == (plans != others)


def test_an_aspect_is_drawn_by_its_logarithm() -> None:
    step = ak.Erase(area=0.05, ratio=(0.25, 4.0))
    drawn = [ak.Pipeline([step]).draw(ak.Key(n, ""), SCENE).steps[0] for n in range(600)]
    boxes = [op.rectangles[0] for op in drawn if isinstance(op, Erase)]
    wide = sum(math.log((right - left) / (bottom - top)) > 0.0 for left, top, right, bottom in boxes)
    assert abs(wide / len(boxes) - 0.5) < 0.08  # of uniform aspects, four in five would be wide
    assert "ratio log-uniform from 0.25 to 4" in told(step)


def test_a_step_of_another_package_is_told_as_it_is_written() -> None:
    rain = ak.Albumentations("RandomRain", {"blur_value": 5, "rain_type": "drizzle"})
    assert "1. albumentations.RandomRain: " in told(rain)
    assert ' blur_value 5; rain_type "drizzle" ' in told(rain) + " "
    assert "1. wet (albumentations.RandomRain): " in told(replace(rain, name="wet"))
