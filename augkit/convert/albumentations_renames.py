"""Arguments of older versions of Albumentations, which much code still gives, as 2.0.8 calls them.

Since 2.0 they are passed over there with a warning, so that code does something else than it says; here it does what it
says.
"""

import math
from collections.abc import Callable, Mapping

from augkit.core.arrays import Json, JsonObject

OLDER_ORDER = {"RandomResizedCrop": ("height", "width", "scale", "ratio")}  # where its second argument is a number
_FILLS = {"value": "fill", "mask_value": "fill_mask"}
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "Affine": {"cval": "fill", "cval_mask": "fill_mask", "mode": "border_mode"},
    "CoarseDropout": {"fill_value": "fill", "mask_fill_value": "fill_mask"},
    "CropAndPad": {"pad_mode": "border_mode", "pad_cval": "fill", "pad_cval_mask": "fill_mask"},
    "Perspective": {"pad_mode": "border_mode", "pad_val": "fill", "mask_pad_val": "fill_mask"},
    **dict.fromkeys(("ElasticTransform", "GridDistortion", "OpticalDistortion", "PadIfNeeded", "Rotate"), _FILLS),
    **dict.fromkeys(("SafeRotate", "ShiftScaleRotate"), _FILLS),
}


def _window(found: JsonObject) -> None:
    if {"height", "width"} <= found.keys():
        found["size"] = (found.pop("height"), found.pop("width"))


def _pair(low: str, high: str, to: str, default: tuple[float, float]) -> Callable[[JsonObject], None]:
    def joined(found: JsonObject) -> None:
        if low in found or high in found:
            found[to] = (found.pop(low, default[0]), found.pop(high, default[1]))

    return joined


def _holes(found: JsonObject) -> None:
    """Holes of a number and a size, at most; the least is the most where it is not given."""
    for most, least, to, default in (
        ("max_holes", "min_holes", "num_holes_range", 8),
        ("max_height", "min_height", "hole_height_range", 8),
        ("max_width", "min_width", "hole_width_range", 8),
    ):
        if most in found or least in found:
            high = found.pop(most, default)
            low = found.pop(least, None)
            found[to] = (high if low is None else low, high)


def _variance(found: JsonObject) -> None:
    """Variances in squares of grey levels, and their square roots as fractions of the range."""
    limit = found.pop("var_limit", None)
    if limit is not None:
        low, high = limit if isinstance(limit, tuple) else (0.0, limit)
        found["std_range"] = (math.sqrt(low) / 255.0, math.sqrt(high) / 255.0)
    if found.pop("mean", 0) != 0:
        found["mean_range"] = "given"  # no equal


def _level(found: JsonObject) -> None:
    level = found.pop("threshold", None)
    if level is not None:
        low, high = level if isinstance(level, tuple) else (level, level)
        found["threshold_range"] = tuple(value / 255.0 if value > 1 else float(value) for value in (low, high))


_REMADE: Mapping[str, Callable[[JsonObject], None]] = {
    "CoarseDropout": _holes,
    "Downscale": _pair("scale_min", "scale_max", "scale_range", (0.25, 0.25)),
    "GaussNoise": _variance,
    "ImageCompression": _pair("quality_lower", "quality_upper", "quality_range", (99, 100)),
    "RandomResizedCrop": _window,
    "Solarize": _level,
}


def renewed(name: str, found: dict[str, Json]) -> list[str]:
    """Bring a transform's arguments, in place, to what 2.0.8 calls them; return notes of those that were older."""
    before = dict(found)
    for old, new in _RENAMED.get(name, {}).items():
        if old in found:
            found.setdefault(new, found.pop(old))
    if name in _REMADE:
        _REMADE[name](found)
    gone = [key for key in before if key not in found]
    if not gone:
        return []
    come = [key for key in found if key not in before or found[key] != before[key]]
    return [f"{', '.join(gone)} is {', '.join(come)} since 2.0, where the older name is passed over"]
