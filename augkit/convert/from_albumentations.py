"""From what ``albumentations.save`` wrote to ours: what has an equal becomes it, the rest is kept as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, joined, perhaps, ruled
from augkit.core.policy import Border
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Gamma, Grayscale
from augkit.transforms.combinators import OneOf
from augkit.transforms.combinators import Sequence as InOrder
from augkit.transforms.crops import CenterCrop, RandomCrop, RandomResizedCrop, Resize
from augkit.transforms.external import Albumentations
from augkit.transforms.geometry import Mirror, Rotate, Scale, Translate
from augkit.transforms.levels import ChannelShuffle, Invert, Posterize, Solarize

__all__ = ["RULES", "albumentations_steps"]

_CLASS = "__class_fullname__"
_BORDERS: dict[Any, Border] = {0: "constant", 1: "replicate", 2: "reflect", 3: "wrap"}  # OpenCV's numbers
_SAMPLED = {"interpolation": 1, "mask_interpolation": 0}  # linearly, masks from the nearest pixel
_ELSEWHERE = {
    "Normalize": "done by the model's own preprocessing",
    "ToTensorV2": "done by the loader",
    "NoOp": "does nothing",
}
_GROUPS = ("Compose", "Sequential")


def albumentations_steps(data: Any, name: str) -> Conversion:
    """Translate a serialised pipeline.

    Args:
        data: as it was read.
        name: of its file.

    Raises:
        FileError: it is no such pipeline.
    """
    top = data.get("transform") if isinstance(data, Mapping) else None
    if not isinstance(top, Mapping) or not isinstance(top.get(_CLASS), str):
        raise FileError("must hold what albumentations.save wrote, got something else.", name)
    found = Conversion(name)
    boxes = top.get("bbox_params")
    if isinstance(boxes, Mapping):
        found.min_visible = float(boxes.get("min_visibility") or 0.0)
        odd = [key for key in ("min_area", "min_width", "min_height", "max_accept_ratio") if boxes.get(key)]
        found.left_out += [f"bbox_params {key}: boxes are dropped by min_visible alone" for key in odd]
    found.steps += _steps(top, "transform", found, always=_short(top) in _GROUPS and top.get("p", 1.0) >= 1.0)
    return found


def _short(node: Mapping[str, Any]) -> str:
    return str(node.get(_CLASS)).rpartition(".")[2]


def _items(node: Mapping[str, Any], where: str, found: Conversion) -> list[Mapping[str, Any]]:
    items = node.get("transforms")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise FileError("must be a list of transforms, got something else.", f"{found.name}: {where}.transforms")
    return items


def _parts(items: Sequence[Mapping[str, Any]], where: str, found: Conversion) -> list[list[Transform]]:
    return [_steps(item, f"{where}.transforms[{n}]", found, False) for n, item in enumerate(items)]


def _steps(node: Mapping[str, Any], where: str, found: Conversion, always: bool) -> list[Transform]:
    """Return what one node becomes; what cannot be is named in `found`."""
    name, chance = _short(node), _chance(node, where, found)
    if name in _GROUPS:
        steps = [step for part in _parts(_items(node, where, found), where, found) for step in part]
        return steps if always or not steps or chance >= 1.0 else [perhaps(chance, InOrder(tuple(steps)))]
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        return []
    if name == "OneOf":
        return _one_of(node, where, found, chance)
    given = {key: value for key, value in node.items() if key not in (_CLASS, "p")}
    reason = "no transform of ours means the same"
    try:
        if name in RULES:
            return [perhaps(chance, step) for step in ruled(RULES[name], given, found)]
    except Differs as fault:
        reason = str(fault)
    try:
        kept = perhaps(chance, Albumentations(name, given))
    except AugkitError as fault:
        found.left_out.append(f"{where} {name}: {reason}; nor can it be kept: {fault}")
        return []
    found.kept.append(f"{where} {name}: {reason}")
    return [kept]


def _chance(node: Mapping[str, Any], where: str, found: Conversion) -> float:
    chance = node.get("p", 1.0)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0.0 <= chance <= 1.0:
        raise FileError(f"must lie within 0 and 1, got {chance!r}.", f"{found.name}: {where}.p")
    return float(chance)


def _one_of(node: Mapping[str, Any], where: str, found: Conversion, chance: float) -> list[Transform]:
    """Return a choice: there, the chances of what is chosen from are its weights, and what is chosen is done."""
    before = len(found.left_out) + len(found.notes)
    items = _items(node, where, found)
    parts = _parts([{**item, "p": 1.0} for item in items], where, found)
    if len(found.left_out) + len(found.notes) > before or not parts:
        found.left_out.append(f"{where} OneOf: a choice of what is not all there would be another")
        return []
    weights = tuple(_chance(item, f"{where}.transforms[{n}]", found) for n, item in enumerate(items))
    return [perhaps(chance, OneOf(tuple(map(joined, parts)), weights if len(set(weights)) > 1 else None))]


def _crop(cls: type[CenterCrop | RandomCrop]) -> Rule:
    def rule(a: Arguments, found: Conversion) -> Sequence[Transform]:
        a.only("border_mode", "fill", "fill_mask", "pad_position", pad_if_needed=False)
        return (cls((a.take("height"), a.take("width"))),)

    return rule


def _resize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(area_for_downscale=None, **_SAMPLED)
    return (Resize((a.take("height"), a.take("width"))),)


def _resized_crop(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(area_for_downscale=None, **_SAMPLED)
    return (RandomResizedCrop(a.take("size"), a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))),)


def _rotate(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(crop_border=False, rotate_method="largest_box", **_SAMPLED)
    _outside(a, found)
    return (Rotate(_around(a.take("limit"))),)


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return the one of rotation, zoom and shift that is asked for; several at once follow an order of its own."""
    a.only(fit_output=False, balanced_scale=False, rotate_method="largest_box", **_SAMPLED)
    a.only(shear={"x": [0.0, 0.0], "y": [0.0, 0.0]})
    if a.take("translate_px") not in (None, {"x": [0, 0], "y": [0, 0]}):
        raise Differs("a shift in pixels has no equal")
    turn, is_square, scale = a.take("rotate", (0.0, 0.0)), a.take("keep_ratio", False), a.take("scale", {})
    shift: dict[str, Any] = a.take("translate_percent") or {}
    x, y = (tuple(scale.get(axis, (1.0, 1.0))) for axis in "xy")
    steps: list[Transform] = [Rotate(turn)] if tuple(turn) != (0.0, 0.0) else []
    if (x, y) != ((1.0, 1.0), (1.0, 1.0)):
        if x != y or not (is_square or x[0] == x[1]):
            raise Differs("a zoom of each axis by itself has no equal")
        steps.append(Scale(x))
    if shift:
        steps.append(Translate(tuple(shift.get("x", (0.0, 0.0))), tuple(shift.get("y", (0.0, 0.0)))))
    if len(steps) != 1:
        raise Differs("several moves in one have no equal")
    _outside(a, found)
    return steps


def _outside(a: Arguments, found: Conversion) -> None:
    found.outside(_BORDERS.get(a.take("border_mode", 0)), a.take("fill", 0), a.take("fill_mask", 0) or 0)


def _gamma(a: Arguments, found: Conversion) -> Sequence[Transform]:
    low, high = a.take("gamma_limit", (80.0, 120.0))
    return (Gamma((low / 100.0, high / 100.0)),)


def _gain(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return what its contrast is, a factor about black; its brightness is a sum, which nothing here is."""
    a.only("brightness_by_max", brightness_limit=(0.0, 0.0), ensure_safe_range=False)
    low, high = _around(a.take("contrast_limit", (-0.2, 0.2)))
    return (Brightness((1.0 + low, 1.0 + high)),)


def _grey(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(method="weighted_average", num_output_channels=3)
    return (Grayscale(),)


def _posterize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    bits = a.take("num_bits", 4)
    return (Posterize(bits),)


def _solarize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return (Solarize(a.take("threshold_range", (0.5, 0.5))),)


def _around(limit: Any) -> tuple[float, float]:
    return tuple(limit) if isinstance(limit, tuple) else (-limit, limit)


RULES: dict[str, Rule] = {
    "Affine": _affine,
    "CenterCrop": _crop(CenterCrop),
    "ChannelShuffle": lambda a, found: (ChannelShuffle(),),
    "HorizontalFlip": lambda a, found: (Mirror(),),
    "InvertImg": lambda a, found: (Invert(),),
    "Posterize": _posterize,
    "RandomBrightnessContrast": _gain,
    "RandomCrop": _crop(RandomCrop),
    "RandomGamma": _gamma,
    "RandomResizedCrop": _resized_crop,
    "Resize": _resize,
    "Rotate": _rotate,
    "Solarize": _solarize,
    "ToGray": _grey,
    "VerticalFlip": lambda a, found: (Mirror("vertical"),),
}
