"""Returning: what is said of views comes back to the places of the picture, whatever moved them."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import augkit as ak
from augkit.core.key import Key
from augkit.targets.sample import Sample
from augkit.train.answers.returning import grid_of, mean_of_views, viewed
from augkit.train.models.preprocessing import Preprocessing
from augkit.train.tasks.pixel_frames import classes_at

PICTURE, INPUT = (60, 90), (48, 64)
PIPELINES = {
    "mirror": ak.Pipeline([ak.Mirror()]),
    "turned": ak.Pipeline([ak.Rotate(degrees=(20, 30))]),
    "cropped": ak.Pipeline([ak.RandomResizedCrop(size=(40, 40), scale=(0.5, 0.6))]),
    "warped": ak.Pipeline([ak.ElasticWarp(), ak.Mirror()]),
    "of two eyes": ak.Pipeline([ak.Mirror()], keypoint_pairs=((0, 1),)),
}


def _scene() -> NDArray[np.uint8]:
    mask = np.zeros(PICTURE, np.uint8)
    mask[10:35, 15:50], mask[30:55, 40:80] = 1, 2
    return mask


@pytest.mark.parametrize("is_once", [True, False], ids=["framed", "resized"])
@pytest.mark.parametrize("name", PIPELINES)
def test_a_view_answers_for_the_places_that_it_shows(name: str, is_once: bool) -> None:
    pipeline = PIPELINES[name]
    mask = _scene()
    sample = Sample(np.repeat(mask[..., None] * 100, 3, axis=2), mask=mask)
    preprocessing = Preprocessing(INPUT, 3, (0.5,) * 3, (0.5,) * 3, is_once=is_once)
    plain_fit = preprocessing.placement(PICTURE)
    points = grid_of(INPUT, plain_fit, INPUT, PICTURE)
    view = viewed(pipeline, sample, Key(0, "a", 1), points, preprocessing)
    truth = np.rint(view.picture[0].numpy() / 100).astype(np.int64)  # what the view itself shows
    said = torch.nn.functional.one_hot(torch.from_numpy(truth).clamp(max=2), 3).permute(2, 0, 1).float()
    nothing = torch.full((3, *INPUT), 1.0 / 3)
    found = mean_of_views(nothing, [(said, view)], INPUT)
    is_seen = view.is_seen.reshape(INPUT)
    assert is_seen.mean() > 0.3
    assert torch.allclose(found[:, torch.from_numpy(~is_seen)], nothing[:, torch.from_numpy(~is_seen)])
    answers = classes_at(found, plain_fit, PICTURE)
    where = torch.stack([torch.from_numpy(~is_seen), torch.from_numpy(is_seen)]).float()
    seen_there = classes_at(where, plain_fit, PICTURE) == 1
    assert (answers == mask)[seen_there].mean() > 0.95
