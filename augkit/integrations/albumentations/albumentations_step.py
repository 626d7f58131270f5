"""The transforms of Albumentations, each a step under its own name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

from augkit.core.arrays import Json, JsonObject
from augkit.core.key import Stream
from augkit.core.ops import External, Op
from augkit.core.ops.external import MAX_SEED, frozen_params
from augkit.integrations.albumentations.inside import as_step
from augkit.integrations.albumentations.reference_pictures import seen_from
from augkit.integrations.albumentations.registry import check_arguments, without_derived
from augkit.targets.scene import Scene
from augkit.transforms.foreign import FOREIGN, ForeignStep
from augkit.transforms.transform import transform

LIBRARY = "albumentations"
PACKAGES = (LIBRARY, "albucore", "scipy")


@transform
class Albumentations(ForeignStep):
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
    tried on a blank picture when the scene goes on to the next step, so that later steps know where boxes lie and
    whether the picture is mirrored.
    Emits: an External, a barrier.

    >>> Albumentations("GaussNoise", {"std_range": [0.1, 0.2]})
    Albumentations(transform='GaussNoise', params='{"std_range": [0.1, 0.2]}')
    """

    transform: Annotated[str, pydantic.Field(strict=True)]
    params: Annotated[Json, pydantic.AfterValidator(frozen_params)] = "{}"

    def __post_init__(self) -> None:
        check_arguments(self.transform, self.params)

    @property
    def called(self) -> str:
        return f"{LIBRARY}.{self.transform}"

    @property
    def packages(self) -> tuple[str, ...]:
        return PACKAGES

    @property
    def arguments(self) -> JsonObject:
        found: JsonObject = json.loads(self.params)
        return found

    @classmethod
    def written(cls, transform: str, arguments: Mapping[str, Json], folder: str, name: str | None) -> Albumentations:
        return cls(transform, seen_from("", dict(arguments), folder), name=name)

    @classmethod
    def saved(cls, transform: str, arguments: Mapping[str, Json]) -> Albumentations:
        return cls(transform, without_derived(transform, arguments))

    @classmethod
    def seen_from(cls, folder: str, arguments: JsonObject) -> JsonObject:
        return seen_from(folder, arguments, "")

    @classmethod
    def host(cls, augment: Any, p: float, name: str) -> object:
        return as_step(augment, p, name)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (External(self.transform, self.params, stream.integers(MAX_SEED)),)


FOREIGN.add(LIBRARY, Albumentations)
