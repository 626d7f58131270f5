"""Rules for the transforms of Albumentations that have an equal here, one a transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, equal, margins, resized_side
from augkit.core.arrays import Json, JsonObject
from augkit.core.sampling import Border
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Gamma, Grayscale
from augkit.transforms.combinators import Maybe
from augkit.transforms.crops import CenterCrop, PadTo, RandomCrop, RandomResizedCrop, Resize
from augkit.transforms.geometry import Mirror, QuarterTurn, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.texture import Blur, Jpeg, Noise

_BORDERS: dict[Json, Border] = {0: "constant", 1: "replicate", 2: "reflect", 3: "wrap"}  # OpenCV's numbers
_STILL = (0.0, 0.0)
_SAMPLED = {"interpolation": 1, "mask_interpolation": 0}  # linearly, masks from the nearest pixel


def _size(a: Arguments) -> tuple[Json, Json]:
    return a.take("height"), a.take("width")


def _crop(cls: type[CenterCrop | RandomCrop]) -> Rule:
    return equal(lambda a: cls(_size(a)), "border_mode", "fill", "fill_mask", "pad_position", pad_if_needed=False)


def _rotate(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(crop_border=False, rotate_method="largest_box", **_SAMPLED)
    _outside(a, found)
    return (Rotate(_around(a.take("limit"))),)


def _resized_side(side: Literal["shorter", "longer"]) -> Rule:
    return equal(
        lambda a: resized_side(a.take("max_size"), side), area_for_downscale=None, max_size_hw=None, **_SAMPLED
    )


def _pad(a: Arguments, found: Conversion) -> Sequence[Transform]:
    _outside(a, found)
    return (margins(a.take("padding", 0)),)


def _pad_to(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only("padding", position="center", pad_height_divisor=None, pad_width_divisor=None)
    _outside(a, found)
    return (PadTo((a.take("min_height"), a.take("min_width"))),)


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return zoom, turn, shear and shift, in its order, each about the picture's centre."""
    a.only(fit_output=False, balanced_scale=False, rotate_method="largest_box", **_SAMPLED)
    if a.take("translate_px") not in (None, {"x": [0, 0], "y": [0, 0]}):
        raise Differs("a shift in pixels has no equal")
    turn, is_square, scale = a.take("rotate", (0.0, 0.0)), a.take("keep_ratio", False), a.take("scale", {})
    shift: JsonObject = a.take("translate_percent") or {}
    sheared: JsonObject = a.take("shear") or {}
    x, y = (tuple(scale.get(axis, (1.0, 1.0))) for axis in "xy")
    if x != y or not (is_square or x[0] == x[1]):
        raise Differs("a zoom of each axis by itself has no equal")
    steps: list[Transform] = [Scale(x)] if x != (1.0, 1.0) else []
    if tuple(turn) != _STILL:
        steps.append(Rotate(turn))
    lean, sink = (tuple(sheared.get(axis, _STILL)) for axis in "xy")
    if (lean, sink) != (_STILL, _STILL):  # it shears to the other side
        steps.append(Shear((-lean[1], -lean[0]), (-sink[1], -sink[0])))
    if shift:
        steps.append(Translate(tuple(shift.get("x", _STILL)), tuple(shift.get("y", _STILL))))
    _outside(a, found)
    return steps


def _outside(a: Arguments, found: Conversion) -> None:
    found.outside(_BORDERS.get(a.take("border_mode", 0)), a.take("fill", 0), a.take("fill_mask", 0) or 0)


def _gamma(a: Arguments) -> Transform:
    low, high = a.take("gamma_limit", (80.0, 120.0))
    return Gamma((low / 100.0, high / 100.0))


def _gain(a: Arguments) -> Transform:
    """Return its contrast, a factor about black; its brightness is a sum, which nothing here is."""
    low, high = _around(a.take("contrast_limit", (-0.2, 0.2)))
    return Brightness((1.0 + low, 1.0 + high))


def _blur(a: Arguments, found: Conversion) -> Sequence[Transform]:
    if a.take("blur_limit", 0) not in (0, (0, 0)):
        raise Differs("a kernel that cuts the Gaussian off has no equal")
    found.reflected("GaussianBlur")
    return (Blur("gaussian", a.take("sigma_limit", (0.5, 3.0))),)


def _median(a: Arguments, found: Conversion) -> Sequence[Transform]:
    low, high = a.take("blur_limit", (3, 7))
    if low != high:
        raise Differs("sizes that are all alike have no equal")
    found.reflected("MedianBlur")
    return (Blur("median", float(low // 2)),)


def _jpeg(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(compression_type="jpeg")
    found.notes.append("ImageCompression: there red and blue are exchanged while the picture is a JPEG")
    return (Jpeg(a.take("quality_range", (99, 100))),)


def _symmetry(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return QuarterTurn(), Maybe(0.5, Mirror())


def _around(limit: Json) -> tuple[float, float]:
    return tuple(limit) if isinstance(limit, tuple) else (-limit, limit)


RULES: dict[str, Rule] = {
    "Affine": _affine,
    "AutoContrast": equal(lambda a: AutoContrast(), cutoff=0, ignore=None, method="pil"),
    "CenterCrop": _crop(CenterCrop),
    "ChannelShuffle": equal(lambda a: ChannelShuffle()),
    "D4": _symmetry,
    "Equalize": equal(lambda a: Equalize(), "mask_params", mode="cv", by_channels=True, mask=None),
    "GaussNoise": equal(
        lambda a: Noise("gaussian", a.take("std_range", (0.2, 0.44))),
        mean_range=_STILL,
        per_channel=True,
        noise_scale_factor=1,
    ),
    "GaussianBlur": _blur,
    "HorizontalFlip": equal(lambda a: Mirror()),
    "ImageCompression": _jpeg,
    "InvertImg": equal(lambda a: Invert()),
    "LongestMaxSize": _resized_side("longer"),
    "MedianBlur": _median,
    "Pad": _pad,
    "PadIfNeeded": _pad_to,
    "Posterize": equal(lambda a: Posterize(a.take("num_bits", 4))),
    "RandomBrightnessContrast": equal(_gain, "brightness_by_max", brightness_limit=(0.0, 0.0), ensure_safe_range=False),
    "RandomCrop": _crop(RandomCrop),
    "RandomGamma": equal(_gamma),
    "RandomResizedCrop": equal(
        lambda a: RandomResizedCrop(a.take("size"), a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))),
        area_for_downscale=None,
        **_SAMPLED,
    ),
    "RandomRotate90": equal(lambda a: QuarterTurn()),
    "Resize": equal(lambda a: Resize(_size(a)), area_for_downscale=None, **_SAMPLED),
    "Rotate": _rotate,
    "SaltAndPepper": equal(
        lambda a: Noise("salt_and_pepper", a.take("amount", (0.01, 0.06))), salt_vs_pepper=(0.5, 0.5)
    ),
    "SmallestMaxSize": _resized_side("shorter"),
    "Solarize": equal(lambda a: Solarize(a.take("threshold_range", (0.5, 0.5)))),
    "SquareSymmetry": _symmetry,
    "ToGray": equal(lambda a: Grayscale(), method="weighted_average", num_output_channels=3),
    "Transpose": lambda a, found: (Rotate(90.0, "expand"), Mirror("vertical")),
    "VerticalFlip": equal(lambda a: Mirror("vertical")),
}
