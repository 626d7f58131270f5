"""The transforms of Albumentations, each a step under its own name."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pydantic

from augkit.core.external import MAX_SEED, External, frozen_params
from augkit.core.key import Stream
from augkit.core.ops import Op
from augkit.integrations.albumentations import check_arguments, pinned, rehearsed
from augkit.targets.scene import Scene
from augkit.transforms.transform import Transform, transform

__all__ = ["PREFIX", "Albumentations"]

PACKAGES = ("albumentations", "albucore", "scipy")
PREFIX = "albumentations."  # of a transform's name where a step is written

Params = Annotated[Any, pydantic.AfterValidator(frozen_params)]


@transform
class Albumentations(Transform):
    """Do a transform of the package Albumentations.

    In YAML it is written ``albumentations.RandomRain: {...}``, with its arguments, and chance and name as for others.
    Masks, boxes, keypoints, polygons, lines, rotated boxes and named pictures go through it. It is done where it
    stands, on finished pixels, and knows no border rule of ours; what its border reflects has no labels.
    RandomGridShuffle and Mosaic tear the picture, and refuse polygons, lines and rotated boxes; Mosaic masks and
    pictures by name too.

    Args:
        transform: the name of one of its public classes, such as ``RandomRain``.
        params: its arguments by name, plain data, all but p; under ``metadata`` what its call takes beside the
            picture, pictures by their paths. Kept as the text of a JSON object.

    Draws: the seed that its random numbers begin at. Where it may move points by a homography or change the size, it is
    tried on a blank picture, so that later steps know where boxes lie and whether the picture is mirrored.
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
        return (rehearsed(External(self.transform, pinned(self.params), stream.integers(MAX_SEED)), scene),)
