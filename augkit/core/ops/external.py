"""The operation that another library does: a transform of Albumentations by its name, with all that it is given.

A draw writes down name, arguments and seed, and runs nothing. What only the library can tell, the size that comes out
and how points move, is asked of it in `augkit.targets.scene.Scene.advanced`, the one place where a scene goes on to the
next step, and then stands in the operation and so in the plan. The answers come from the `Library` that a module of
``augkit.integrations`` adds to `LIBRARIES`, which imports that package by its name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

import pydantic

from augkit.core.arrays import Flags, Image, Json, Points, Rows
from augkit.core.ops.barrier import Moving
from augkit.core.ops.moving import Homography
from augkit.core.ops.operation import operation
from augkit.core.spatial import IDENTITY, Size
from augkit.core.validation import LATER, Number, Sides, Square
from augkit.errors import ArgumentError
from augkit.registers import Register

MAX_SEED = 2**53  # beyond it, other readers of JSON round whole numbers

# What becomes of a picture's points: ``none`` where only the picture changes, ``stay`` where masks and what is seen may
# change too, ``bend``, ``tear`` into pieces, ``mix`` with other pictures, or ``map``, by a homography.
Motion = Literal["none", "stay", "bend", "tear", "mix", "map"]
Place: TypeAlias = tuple[str, str]  # a field of `Sample`, and a name in it


def frozen_params(params: Json) -> str:
    """Return a dictionary of plain data, or its text, as a JSON object with sorted keys, which is hashable."""
    rule = "must be a dictionary of texts, numbers, lists and dictionaries"
    try:
        data = json.loads(params) if isinstance(params, str) else params
        text = json.dumps(data, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as fault:
        raise ArgumentError(f"{rule}, got {params!r:.60}: {fault}.") from None
    if not isinstance(data, dict) or not _has_text_keys(data):
        raise ArgumentError(f"{rule} with texts as keys, got {params!r:.60}.")
    return text


def _has_text_keys(value: Json) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_text_keys(item) for key, item in value.items())
    return all(map(_has_text_keys, value)) if isinstance(value, list | tuple) else True


def _params(params: str) -> str:
    frozen_params(params)
    return params


@operation
class External(Moving):
    """Do a transform of Albumentations, its random numbers begun at a seed.

    Args:
        name: of its class.
        params: its arguments, as the text of a JSON object with sorted keys.
        seed: 0 to below 2**53.
        size: (height, width) of what comes out; None keeps the size.
        matrix: 3 x 3, how it moves points, to 0.01 px, where that is one homography; None where it leaves them, bends
            the picture, or chooses by what it finds there.
        boxes: each left, top, right, bottom in pixels: those that it looks for, whatever the picture comes with.
    """

    name: Annotated[str, pydantic.Field(pattern=r"^[^\W\d]\w*\z")]
    params: Annotated[str, pydantic.AfterValidator(_params)]
    seed: Annotated[int, pydantic.Field(strict=True, ge=0, lt=MAX_SEED)]
    size: Sides | None = None
    matrix: Square | None = field(default=None, metadata=LATER)
    boxes: tuple[tuple[Number, Number, Number, Number], ...] | None = field(default=None, metadata=LATER)

    def move(self, size: Size) -> Homography | None:
        return Homography(self.matrix or IDENTITY, self.size or size) if self.size or self.matrix else None

    @property
    def bends(self) -> bool:
        return self.library.motion(self.name) == "bend"

    @property
    def library(self) -> Library:
        """The library that does it; plans of format 1 know one."""
        return LIBRARIES["albumentations"]

    def describe(self) -> str:
        return f"do albumentations.{self.name}, seed {self.seed}"

    def caption(self) -> str:
        return self.name


@dataclass(frozen=True)
class Subject:
    """A picture and what moves with it, on its way through another library.

    Args:
        image: (H, W) or (H, W, C), without alpha.
        beside: what lies on it pixel by pixel, by field and name: masks, and as ``images`` other pictures.
        alpha: (H, W), moved as a mask is.
        boxes: (n, 4) of left, top, right, bottom.
        keypoints: (k, 2).
        points: (m, 2), of outlines and lines; they may be hidden, but are never left out.
        kept: which of the boxes at the beginning each box is.
        seen: which keypoints are still there; the others lie where they lay.
    """

    image: Image
    beside: Mapping[Place, Image] = field(default_factory=dict)
    alpha: Image | None = None
    boxes: Rows | None = None
    keypoints: Points | None = None
    points: Points | None = None
    kept: tuple[int, ...] = ()
    seen: Flags | None = None


@dataclass(frozen=True)
class Library:
    """Another library whose transforms may be operations.

    Args:
        settled: returns the operation with what comes out of a picture, its size and how points move; one that has its
            answers as it is. It gets the operation as it was drawn, (height, width), the number of channels without
            alpha, the name of the dtype, and boxes (n, 4), as far as the picture shows them. SampleError, where it
            cannot be done to such a picture.
        motion: tells what becomes of the points of a picture that the transform of that name is done to.
        perform: returns what the transform makes of a subject, which is left alone; dtypes and channels stay. Boxes of
            which less than a fraction of 0 to 1 is left are dropped. MissingExtra, where the library is not installed,
            ArgumentError, where it has no such transform or argument, SampleError, where it cannot be done to such a
            picture, or a picture it takes is another than at the draw.
        named: returns a plan's arguments with last names of the files that they name, whose hashes they tell.
    """

    settled: Callable[[External, Size, int, str, Rows], External]
    motion: Callable[[str], Motion]
    perform: Callable[[External, Subject, float], Subject]
    named: Callable[[str], str]


LIBRARIES: Register[Library] = Register("library", "augkit.integrations")
