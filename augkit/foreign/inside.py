"""A pipeline of ours as a step of Albumentations."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from augkit.core.external import MAX_SEED
from augkit.core.key import Key
from augkit.core.sample import Sample
from augkit.errors import ArgumentError
from augkit.foreign.package import albumentations
from augkit.foreign.running import CENTRE

__all__ = ["as_step"]


def as_step(augment: Callable[[Sample, Key], Sample], p: float = 1.0) -> Any:
    """Return a transform of Albumentations that does what `augment` makes of a sample and a key.

    Image, mask, boxes and keypoints go through it together. The key's seed is drawn from the transform's own
    generator, so a seed given to ``A.Compose`` decides what is drawn.

    Args:
        augment: a `Pipeline`.
        p: probability, 0 to 1.

    Raises:
        MissingExtra: Albumentations is not installed.
        ArgumentError: p is no probability.
    """
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0.0 <= p <= 1.0:
        raise ArgumentError(f"must lie within 0 and 1, got {p!r}.", "as_albumentations.p")
    return _step_class()(augment, p)


@cache
def _step_class() -> Any:
    package = albumentations()
    kinds = package.core.type_definitions.Targets

    class AugkitPipeline(package.DualTransform):  # type: ignore[misc, name-defined]  # its package ships no types
        """Do a pipeline of augkit to the picture, its mask, boxes and keypoints."""

        _targets = (kinds.IMAGE, kinds.MASK, kinds.BBOXES, kinds.KEYPOINTS)

        def __init__(self, augment: Callable[[Sample, Key], Sample], p: float = 1.0) -> None:
            super().__init__(p=p)
            self.augment = augment

        @classmethod
        def is_serializable(cls) -> bool:
            return False

        @property
        def targets(self) -> dict[str, Callable[..., Any]]:
            return {
                "image": self.apply,
                "mask": self.apply_to_mask,
                "bboxes": self.apply_to_bboxes,
                "keypoints": self.apply_to_keypoints,
            }

        def add_targets(self, additional_targets: dict[str, str]) -> None:
            if additional_targets:
                rule = "must get image, mask, bboxes and keypoints alone"
                raise ArgumentError(f"{rule}, got {', '.join(additional_targets)} too.", "as_albumentations")

        def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
            key = Key(self.py_random.randrange(MAX_SEED), "")
            return {"made": self.augment(_sample(data), key)}

        def apply(self, img: Any, made: Sample, **params: Any) -> Any:
            return made.image

        def apply_to_mask(self, mask: Any, made: Sample, **params: Any) -> Any:
            return made.mask

        def apply_to_bboxes(self, bboxes: Any, made: Sample, **params: Any) -> Any:
            """Return (n, 4+) with the boxes that are left, in fractions of the sides, labels in the other columns."""
            kept = list(made.box_labels or ())
            height, width = made.image.shape[:2]
            moved = bboxes[kept].copy() if kept else bboxes[:0].copy()
            moved[:, :4] = np.asarray(made.boxes) / [width, height, width, height]
            return moved

        def apply_to_keypoints(self, keypoints: Any, made: Sample, **params: Any) -> Any:
            moved = keypoints.copy()
            moved[:, :2] = np.asarray(made.keypoints) - CENTRE
            return moved

        def to_dict_private(self) -> dict[str, Any]:
            raise NotImplementedError("A pipeline of augkit is written by augkit.dump, not by albumentations.")

        def __repr__(self) -> str:
            return f"{self.augment!r}.as_albumentations(p={self.p!r})"

    return AugkitPipeline


def _sample(data: dict[str, Any]) -> Sample:
    image, boxes, points = data["image"], data.get("bboxes"), data.get("keypoints")
    height, width = image.shape[:2]
    parts: dict[str, Any] = {}
    if boxes is not None:
        parts["boxes"] = np.asarray(boxes, np.float64)[:, :4] * [width, height, width, height]
        parts["box_labels"] = list(range(len(boxes)))
    if points is not None:
        parts["keypoints"] = np.asarray(points, np.float64)[:, :2] + CENTRE
    return Sample(image, mask=data.get("mask"), **parts)
