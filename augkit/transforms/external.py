"""The transforms of Albumentations, each a step under its own name."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import pydantic

from augkit.core.external import MAX_SEED, External, frozen_params
from augkit.core.key import Stream
from augkit.core.ops import Op
from augkit.core.sample import Scene
from augkit.foreign import check_arguments, pinned, rehearsed
from augkit.transforms.transform import Transform, transform

__all__ = ["PREFIX", "Albumentations"]

PACKAGES = ("albumentations", "albucore", "scipy")
PREFIX = "albumentations."  # of a transform's name where a step is written

Params = Annotated[Any, pydantic.AfterValidator(frozen_params)]


@transform
class Albumentations(Transform):
    """Do a transform of the package Albumentations.

    In YAML it is written ``albumentations.RandomRain: {...}``, with its arguments, and chance and name as for others.
    The mask, boxes and keypoints go through it as it moves them; where it may, polygons, polylines, rotated boxes, and
    masks and pictures by name are refused. It is done where it stands, on finished pixels, and knows no border rule of
    ours.

    Args:
        transform: the name of one of its public classes, such as ``RandomRain``.
        params: its arguments by name, plain data, all but p; under ``metadata`` what its call takes beside the
            picture, pictures by their paths. Kept as the text of a JSON object.

    Draws: the seed that its random numbers begin at. Where it may change the size, it is tried on a blank picture.
    Emits: an External, a barrier.

    >>> Albumentations("GaussNoise", {"std_range": [0.1, 0.2]})
    Albumentations(transform='GaussNoise', params='{"std_range": [0.1, 0.2]}')
    """

    transform: Annotated[str, pydantic.Field(strict=True)]
    params: Params = "{}"

    def __post_init__(self) -> None:
        check_arguments(self.transform, self.params)

    @property
    def called(self) -> str:
        return PREFIX + self.transform

    @property
    def packages(self) -> tuple[str, ...]:
        return PACKAGES

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as plain data."""
        found: dict[str, Any] = json.loads(self.params)
        return found

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        op = External(self.transform, pinned(self.params), stream.integers(MAX_SEED))
        return (replace(op, size=rehearsed(op, scene)),)
