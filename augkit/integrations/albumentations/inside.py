"""A pipeline of ours as a step of Albumentations."""

from __future__ import annotations

from functools import cache
from typing import Any

from augkit.core.arrays import JsonObject
from augkit.core.key import Key
from augkit.core.ops.external import MAX_SEED
from augkit.errors import ArgumentError
from augkit.integrations.albumentations.call import KINDS, Augment, answered
from augkit.integrations.albumentations.package import albumentations

_REPLAYED = "augkit.Replayed"


def as_step(augment: Augment, p: float = 1.0, name: str = "augkit") -> Any:
    """Return a transform of Albumentations that does what `augment` makes of a sample and a key.

    All pictures, masks, boxes and keypoints of a call go through it together. The key's seed is drawn from the
    transform's own generator, so a seed given to ``A.Compose`` decides what is drawn.

    Args:
        augment: a `Pipeline`.
        p: probability, 0 to 1.
        name: what ``A.load`` calls it where it is to be given again.

    Raises:
        MissingExtra: Albumentations is not installed.
        ArgumentError: p is no probability, or the name no text.
    """
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0.0 <= p <= 1.0:
        raise ArgumentError(f"must lie within 0 and 1, got {p!r}.", "as_albumentations.p")
    if not isinstance(name, str) or not name:
        raise ArgumentError(f"must be a text, got {name!r:.60}.", "as_albumentations.name")
    return _step_class()(augment, p, name)


@cache
def _step_class() -> Any:
    package = albumentations()

    class AugkitPipeline(package.DualTransform):  # type: ignore[misc, name-defined]  # its package ships no types
        """Do a pipeline of augkit to pictures, masks, boxes and keypoints."""

        _targets = package.core.type_definitions.ALL_TARGETS

        def __init__(self, augment: Augment, p: float = 1.0, name: str = "augkit") -> None:
            super().__init__(p=p)
            self.augment, self.name = augment, name

        @classmethod
        def get_class_fullname(cls) -> str:
            return "augkit.Pipeline"

        @classmethod
        def is_serializable(cls) -> bool:
            return False

        @property
        def targets(self) -> JsonObject:
            return dict.fromkeys(KINDS, self.apply)  # what is done to each, `apply_with_params` decides

        def get_params(self) -> JsonObject:
            return {"seed": self.py_random.randrange(MAX_SEED)}

        def apply_with_params(self, params: JsonObject, *args: object, **data: object) -> JsonObject:
            """Do everything at once, for one plan moves all that belongs to a picture."""
            points = self.get_processor("keypoints")
            form = "" if points is None else points.params.format
            return answered(self.augment, Key(params["seed"], ""), data, self._additional_targets, form)

        def to_dict_private(self) -> JsonObject:
            """Return what ``A.save`` writes: a name, under which ``A.load`` wants the step among `nonserializable`."""
            return {"__class_fullname__": self.get_class_fullname(), "__name__": self.name, "p": self.p}

        def get_dict_with_id(self) -> JsonObject:
            """Return what ``ReplayCompose`` keeps: the step itself, which does to other pictures what it did."""
            return {"__class_fullname__": _REPLAYED, "augment": self.augment, "p": self.p, "id": id(self)}

        def __reduce__(self) -> tuple[object, ...]:  # worker processes are sent it, and this class has no address
            return as_step, (self.augment, self.p, self.name), vars(self)

        def __repr__(self) -> str:
            return f"{self.augment!r}.as_albumentations(p={self.p!r}, name={self.name!r})"

    class Replayed(AugkitPipeline):
        """The same, as ``ReplayCompose`` finds it."""

        @classmethod
        def get_class_fullname(cls) -> str:
            return _REPLAYED

        @classmethod
        def is_serializable(cls) -> bool:
            return True

    return AugkitPipeline
